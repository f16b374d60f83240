"""Whatever the policy or account, the commands that are printed next lead on, and to an end."""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from io import BytesIO, TextIOWrapper
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import pytest

from in_process import sekisho
from profiles import sampled
from sekisho import policy
from sekisho.account import Snapshot, credentials_by_user, open_account
from sekisho.cli import Exit
from sekisho.cli.main import root
from sekisho.policy import Choices, Preset, choices_of
from sekisho.rollout import Plan

NEXT = {"C": "\nNext: ", "ja_JP.UTF-8": "\n次のコマンド: "}
RECOMMENDED: Choices = choices_of(Preset.RECOMMENDED)
MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Give the terminal lines that hold every command, and work where nothing is."""
    monkeypatch.setenv("COLUMNS", "1000")
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.chdir(tmp_path)


def _recommended() -> dict[str, Any]:
    return policy.force_mfa_json(RECOMMENDED)


def _alone(**more: Any) -> dict[str, Any]:
    allow = {"Effect": "Allow", "Action": "s3:*", "Resource": "*", **more}
    return {"Version": "2012-10-17", "Statement": [allow]}


def _without(sid: str) -> dict[str, Any]:
    document = _recommended()
    document["Statement"] = [each for each in document["Statement"] if each["Sid"] != sid]
    return document


def _not_exempting(action: str) -> dict[str, Any]:
    document = _recommended()
    for each in document["Statement"]:
        if action in each.get("NotAction", ()):
            each["NotAction"].remove(action)
    return document


def _with(**statement: Any) -> dict[str, Any]:
    document = _recommended()
    document["Statement"].append(statement)
    return document


OWN: dict[str, tuple[Exit, dict[str, Any], str]] = {
    "as good as the preset": (
        Exit.CLEAN,
        _with(Effect="Allow", Action="s3:*", Resource="*"),
        "audit --policy own.json",
    ),
    "lint has something to correct": (
        Exit.FINDINGS,
        _without("AllowViewAccountInfo"),
        "policy lint -v own.json",
    ),
    "lint has nothing to correct": (
        Exit.FINDINGS,
        _not_exempting("iam:ListMFADevices"),
        "prove policy own.json -v",
    ),
    "unknown": (
        Exit.UNKNOWN,
        policy.force_mfa_json(replace(RECOMMENDED, console_sign_in_without_mfa=True)),
        "prove policy own.json -v",
    ),
    "not enforced": (Exit.FINDINGS, _alone(), "audit --policy force-mfa.json"),
    "not enforced, though nothing is allowed without MFA": (
        Exit.NOT_YET,
        _alone(Condition=MFA),
        "audit --policy force-mfa.json",
    ),
}


@pytest.mark.parametrize(
    ("locale", "name"),
    [*product(["C"], OWN), *sampled([*product(["ja_JP.UTF-8"], OWN)], every=2)],
)
def test_the_next_commands_of_an_own_policy_come_to_an_end(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    locale: str,
    name: str,
) -> None:
    """Each is run as it is printed; none is printed twice, which would be a circle."""
    ended, document, last = OWN[name]
    monkeypatch.setenv("LC_ALL", locale)
    Path("own.json").write_text(json.dumps(document), encoding="utf-8")
    # a policy that lacks self-service locks people out as well
    only = " --only enforcement" if ended is Exit.NOT_YET else ""
    first = f"sekisho prove policy own.json{only}"
    steps, command = _walk(capsys, first, NEXT[locale])
    assert steps[0].code is ended
    assert {each.code for each in steps} <= {Exit.CLEAN, ended}
    assert (command or steps[-1].command) == f"sekisho {last}"


@dataclass(frozen=True)
class Step:
    """A command that was run, and what came of it."""

    command: str
    code: Exit
    said: str


def _walk(
    capsys: pytest.CaptureFixture[str], first: str, marked: str = NEXT["C"]
) -> tuple[list[Step], str]:
    """Run a command and those that are printed as the next, as they are printed.

    None is an error, and none is printed twice. Return the steps, and the command that AWS itself
    is needed for; "" if there is none.
    """
    steps: list[Step] = []
    command = first
    while command and command.split()[1] not in ("audit", "apply", "status"):
        assert command not in [each.command for each in steps]
        code = root.main(shlex.split(command)[1:], standalone_mode=False)
        said = "".join(capsys.readouterr())
        steps.append(Step(command, code, said))
        command = said.partition(marked)[2].partition("\n")[0]
    return steps, command


ACCOUNTS = Path(__file__).parents[1] / "golden" / "inputs" / "accounts"
PLANS = (
    "plan --all-users --mfa --group Enforced",
    "plan --all-users --preset=aws --when at-once --out saved.json",
    "onboard newcomer --preset aws",
)
REFUSED = "This plan is refused"
PERSONS = ("plan --user {}", "reset {}", "offboard {}")


def _planned(snapshot: Snapshot, path: Path) -> Iterator[str]:
    """Yield commands that plan something in an account, for root or whoever administers it."""
    root_user = f"arn:{snapshot.partition}:iam::{snapshot.account}:root"
    admins = (u.arn for u in snapshot.users if any("Administrator" in arn for arn in u.attached))
    at = f"--snapshot {shlex.quote(str(path))} --caller {next(admins, root_user)}"
    persons = (each.format(user.name) for each in PERSONS for user in snapshot.users[:1])
    yield from (f"sekisho {words} {at}" for words in (*PLANS, *persons))


def _made(capsys: pytest.CaptureFixture[str], command: str) -> Plan:
    """Return the plan that a command makes."""
    words = shlex.split(command)[1:]
    root.main([*words, "--format", "json", "--out", "made.json", "--force"], standalone_mode=False)
    capsys.readouterr()
    return Plan.from_json(Path("made.json").read_text("utf-8"))


def _machines(snapshot: Snapshot) -> set[str]:
    credentials = credentials_by_user(snapshot).items()
    return {name for name, each in credentials if each.active_keys and each.password is False}


@pytest.mark.parametrize("path", sorted(ACCOUNTS.glob("*.json")), ids=lambda each: each.stem)
def test_what_comes_next_after_a_plan_can_be_done_and_lowers_nothing(
    capsys: pytest.CaptureFixture[str], path: Path
) -> None:
    """A plan that is made again may be applied: nothing speaks against it that was known before.

    What is proved of a plan is proved of the next, and only machines are left out.
    """
    snapshot = open_account(path)
    commands = [*_planned(snapshot, path)] if snapshot.users else []
    # the first of one account, the second of the next
    for first in sampled(commands, every=2, first=sorted(ACCOUNTS.glob("*.json")).index(path) % 2):
        for each in Path().glob("*.json"):
            each.unlink()
        steps, _ = _walk(capsys, first)
        if "Fix: " in steps[0].said and "--accept ID" in steps[0].said:
            assert steps[0].said.index("Fix: ") < steps[0].said.index("--accept ID")
        for before, after in pairwise(each for each in steps if " --caller " in each.command):
            assert REFUSED not in after.said, after.command
            if REFUSED not in before.said:
                continue
            proved, still = (
                {proof.id for proof in _made(capsys, each.command).proofs if proof.holds}
                for each in (before, after)
            )
            assert proved <= still, after.command
        left_out = re.findall(r"--except (\S+)", " ".join(each.command for each in steps))
        assert {*left_out} <= _machines(snapshot)


def test_a_proof_of_standard_input_cannot_be_repeated(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = json.dumps(OWN["unknown"][1])
    monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO(text.encode())))
    assert root.main(["prove", "policy", "-"], standalone_mode=False) is Exit.UNKNOWN
    assert "Next: " not in capsys.readouterr().out


@pytest.mark.parametrize("name", ["force-mfa.json", "my policy.json"])
def test_of_a_policy_that_the_shell_puts_into_a_file_the_proof_is_next(name: str) -> None:
    with Path(name).open("wb") as out:
        new = (sys.executable, "-m", "sekisho", "policy", "new")
        done = subprocess.run(new, stdout=out, stderr=subprocess.PIPE, text=True, check=True)  # noqa: S603 - our own command
    assert done.stderr.endswith(f"\nNext: sekisho prove policy {shlex.quote(name)}\n")


def test_a_plan_that_leaves_nobody_to_sign_in_without_mfa_is_not_to_be_applied_next() -> None:
    path = ACCOUNTS / "outside-the-group.json"
    snapshot = open_account(path)
    one, _ = (user.name for user in snapshot.users if user.password)
    admin = f"arn:aws:iam::{snapshot.account}:root"
    planned = ("plan", "--all-users", "--mfa", "--caller", admin, "--snapshot", str(path))
    unguarded, guarded = sekisho(*planned), sekisho(*planned, "--break-glass", one)
    assert "no-break-glass" in unguarded.stdout
    assert "Next:" not in unguarded.stdout
    assert "--break-glass" in guarded.stdout.partition("Next:")[2]
