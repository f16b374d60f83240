"""Whatever the policy, the commands that are printed as the next ones lead on, and to an end."""

import json
import shlex
import subprocess
import sys
from dataclasses import replace
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any

import pytest

from sekisho import policy
from sekisho.cli.exits import Exit
from sekisho.cli.main import root
from sekisho.policy import Choices, Preset, choices_of

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
        "audit",
    ),
    "lint has something to correct": (
        Exit.FINDINGS,
        _without("AllowViewAccountInfo"),
        "policy lint -v own.json",
    ),
    "lint has nothing to correct": (
        Exit.FINDINGS,
        _not_exempting("iam:ListMFADevices"),
        "prove own.json -v",
    ),
    "unknown": (
        Exit.UNKNOWN,
        policy.force_mfa_json(replace(RECOMMENDED, console_sign_in_without_mfa=True)),
        "prove own.json -v",
    ),
    "not enforced": (Exit.FINDINGS, _alone(), "audit"),
    "not enforced, though nothing is allowed without MFA": (
        Exit.NOT_YET,
        _alone(Condition=MFA),
        "audit",
    ),
}


@pytest.mark.parametrize("locale", NEXT)
@pytest.mark.parametrize("name", OWN)
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
    first = command = f"sekisho prove own.json{only}"
    codes: dict[str, Exit] = {}
    while command and command != "sekisho audit":
        assert command not in codes
        codes[command] = root.main(shlex.split(command)[1:], standalone_mode=False)
        command = "".join(capsys.readouterr()).partition(NEXT[locale])[2].strip()
    assert codes[first] is ended
    assert {*codes.values()} <= {Exit.CLEAN, ended}
    assert (command or [*codes][-1]) == f"sekisho {last}"


def test_a_proof_of_standard_input_cannot_be_repeated(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = json.dumps(OWN["unknown"][1])
    monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO(text.encode())))
    assert root.main(["prove", "-"], standalone_mode=False) is Exit.UNKNOWN
    assert "Next: " not in capsys.readouterr().out


@pytest.mark.parametrize("name", ["force-mfa.json", "my policy.json"])
def test_of_a_policy_that_the_shell_puts_into_a_file_the_proof_is_next(name: str) -> None:
    with Path(name).open("wb") as out:
        new = (sys.executable, "-m", "sekisho", "policy", "new")
        done = subprocess.run(new, stdout=out, stderr=subprocess.PIPE, text=True, check=True)  # noqa: S603 - our own command
    assert done.stderr.endswith(f"\nNext: sekisho prove {shlex.quote(name)}\n")
