"""What `policy new` writes, what `prove` accepts of it, and where the printed commands lead."""

import json
import shlex
from dataclasses import fields, replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from profiles import sampled
from scenario_policies import outcome_of
from sekisho import policy
from sekisho.cli import Exit
from sekisho.cli.main import root
from sekisho.engine import AttachedPolicy, Policies
from sekisho.policy import Choices, Preset, SelfService
from sekisho.prover.scenarios import (
    ATTACKERS,
    PEOPLE,
    TRADE_OFFS,
    required_of,
    scenario_of,
)

RECOMMENDED = policy.choices_of(Preset.RECOMMENDED)
DECIDING = (
    *("user_paths", "password_change_without_mfa", "own_things_only", "enrolment_needs_session"),
    "passwords",
)
"""The choices by which a scenario ends otherwise; that no other is one is a test below."""


def _valid(choices: Choices) -> bool:
    return choices.passwords or not choices.password_change_without_mfa


ALL = [
    choices
    for values in product((True, False), repeat=len(DECIDING))
    if _valid(choices := replace(RECOMMENDED, **dict(zip(DECIDING, values, strict=True))))
]
"""Every policy of the five choices; AWS's presets differ in one more, which decides nothing."""
OTHERS: dict[str, Any] = {
    field.name: {"partition": "aws-cn", "mfa_age": 3600}.get(
        field.name, not getattr(RECOMMENDED, field.name)
    )
    for field in fields(Choices)
    if field.name not in DECIDING
}


def _options(choices: Choices) -> list[str]:
    """Return the options of `policy new` that differ from the preset's choices."""
    managed = [part.value for part in SelfService if getattr(choices, part.choice)]
    named = () if len(managed) == len(SelfService) else managed or ("none",)
    found = [text for part in named for text in ("--manage", part)]
    parts = {part.choice for part in SelfService}
    for field in fields(choices):
        value, name = getattr(choices, field.name), field.name.replace("_", "-")
        if field.name in parts or value == getattr(RECOMMENDED, field.name):
            continue
        if isinstance(value, bool):
            found.append(f"--{'' if value else 'no-'}{name}")
        else:
            found += [f"--{name}", str(value)]
    return found


def _named(choices: Choices) -> str:
    return " ".join(_options(choices)) or "recommended"


def _wrong(policies: Policies) -> set[str]:
    return {
        each.id
        for each in (*PEOPLE, *ATTACKERS)
        if each.beyond is None and outcome_of(each, policies) is not required_of(each.actor)
    }


@pytest.mark.parametrize(
    "choices",
    [*sampled(ALL, every=3, first=1), replace(RECOMMENDED, **{**OTHERS, "partition": "aws"})],
    ids=_named,
)
def test_what_it_says_it_gives_up_is_what_goes_wrong(choices: Choices) -> None:
    policies = Policies(identity=(AttachedPolicy("Force_MFA", policy.force_mfa(choices)),))
    said = policy.tradeoffs(choices)
    points = {name for each in said for name in each.points}
    # no scenario is about it; that it is refuted is seen where commands are followed
    assert ("enforcement" in points) is choices.via_aws_service
    assert points - {"enforcement"} == _wrong(policies)
    (accepted,) = (each for each in said if each.costs)
    assert len(accepted.points) == 1
    (trade_off,) = TRADE_OFFS
    assert accepted.points[0] in (trade_off.person, trade_off.attacker)


def test_what_prevents_it_is_an_option_that_does() -> None:
    for choices in ALL:
        for each in policy.tradeoffs(choices):
            names = [option.removeprefix("--").removeprefix("manage ") for option in each.options]
            values = {
                name.removeprefix("no-").replace("-", "_"): not name.startswith("no-")
                for name in names
            }
            changed = replace(choices, **values)
            left = {name for one in policy.tradeoffs(changed) for name in one.points}
            more = {"user-with-a-path"} if not choices.user_paths else set()
            assert not {*each.points} & left - more


def test_of_a_trade_off_one_half_goes_wrong_whatever_is_chosen() -> None:
    for each in TRADE_OFFS:
        for value in (True, False):
            choices = replace(RECOMMENDED, **{each.choice: value})
            enforcement = AttachedPolicy("Force_MFA", policy.force_mfa(choices))
            wrong = [
                name
                for name in (each.person, each.attacker)
                if outcome_of(scenario := scenario_of(name), Policies(identity=(enforcement,)))
                is not required_of(scenario.actor)
            ]
            assert len(wrong) == 1


def _run(capsys: pytest.CaptureFixture[str], command: str) -> tuple[Exit, str]:
    """Run a command as it is printed; return how it ends, and what it says to type next."""
    ended = root.main(shlex.split(command)[1:], standalone_mode=False)
    said = "".join(capsys.readouterr())
    return ended, said.rpartition("\nNext: ")[2].strip()


PROVED: dict[str, tuple[Exit, str]] = {}
"""How `prove` ends for a policy, by its text, and what is next: many commands lead to the same."""


def _follow(
    capsys: pytest.CaptureFixture[str], command: str, *, most: int = 12
) -> tuple[Exit, list[str]]:
    """Run a command, and whatever it says to type next; return how the last proof ends.

    Also what it was a proof of, and those before it, until all that is left is the account.
    """
    proved: list[str] = []
    ended = Exit.ERROR
    for _ in range(most):
        if command.startswith("sekisho audit --policy "):
            return ended, proved
        found, following = None, ""
        if command.startswith("sekisho prove policy "):
            text = Path(shlex.split(command)[3]).read_text(encoding="utf-8")
            proved.append(text)
            found = PROVED[text] = PROVED.get(text) or _run(capsys, command)
            ended, following = found
        else:
            wrote, following = _run(capsys, command)
            assert wrote is Exit.CLEAN, command
        command = following
    raise AssertionError(f"{proved} has no end")


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Give the terminal lines that hold every command, and work where nothing is."""
    monkeypatch.setenv("COLUMNS", "1000")
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.chdir(tmp_path)


WALKED = {
    **{_named(each): shlex.join(_options(each)) for each in sampled(ALL, every=3)},
    **{f"preset {each.value}": f"--preset {each.value}" for each in Preset},
    **{
        name: shlex.join(_options(replace(RECOMMENDED, **{name: value})))
        for name, value in OTHERS.items()
        if name != "console_sign_in_without_mfa"
    },
    "aws elsewhere": "--preset aws --partition aws-us-gov --mfa-age 3600 --deny-agents",
}


@pytest.mark.parametrize("options", WALKED.values(), ids=WALKED)
def test_the_printed_commands_lead_to_a_policy_that_is_accepted(
    capsys: pytest.CaptureFixture[str], options: str
) -> None:
    """From each policy, as it is printed, without a circle; and each changes one file at most."""
    command = f"sekisho policy new {options}".strip()
    ended, proved = _follow(capsys, command)
    assert ended is Exit.CLEAN
    assert len(set(proved)) == len(proved) <= 3
    # choices that no scenario asks for stay
    first, last = (policy.choices_in(policy.parse(text)) for text in (proved[0], proved[-1]))
    assert first is not None
    assert last is not None
    for name in {*OTHERS, "enrolment_needs_session"} - {"via_aws_service"}:
        assert getattr(first, name) == getattr(last, name)
    # what is accepted is accepted at once
    refused = [each for each in policy.tradeoffs(first) if not each.costs]
    assert (len(proved) == 1) is (not refused)


def test_whether_the_console_s_own_sign_in_is_all_that_passes_is_not_certified(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The search finds no other request, and a certificate knows no rule of the sign-in."""
    _run(capsys, "sekisho policy new --console-sign-in-without-mfa --out asked.json")
    assert _run(capsys, "sekisho prove policy asked.json")[0] is Exit.UNKNOWN
    asked = ["prove", "policy", "asked.json", "--only", "people"]
    assert root.main(asked, standalone_mode=False) is Exit.CLEAN


def test_the_default_is_accepted_by_default(capsys: pytest.CaptureFixture[str]) -> None:
    assert _follow(capsys, "sekisho policy new")[0] is Exit.CLEAN
    (file,) = Path().iterdir()
    root.main(["prove", "policy", str(file), "--lang", "en"], standalone_mode=False)
    told = capsys.readouterr().out
    assert "27 of 28 checks passed, 1 accepted." in told
    assert "Accepted:\n  gets in: key-without-device" in told
    assert "accepted, because this and key-user cannot both be right" in told
    strict = ["prove", "policy", str(file), "--strict", "--lang", "en"]
    assert root.main(strict, standalone_mode=False) is Exit.FINDINGS
    told = capsys.readouterr().out
    assert "this and key-user cannot both be right" in told
    assert "accepted" not in told
    root.main([*strict, "--format", "json"], standalone_mode=False)
    assert '"acceptedFor": "' not in capsys.readouterr().out


def _statement(document: dict[str, Any], sid: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in document["Statement"] if each["Sid"] == sid)
    return found


def _recommended() -> dict[str, Any]:
    return policy.force_mfa_json(RECOMMENDED)


def _exempting(action: str) -> dict[str, Any]:
    document = _recommended()
    _statement(document, "DenyAllExceptListedIfNoMFA")["NotAction"].append(action)
    return document


def _without(sid: str, action: str = "") -> dict[str, Any]:
    document = _recommended()
    found = _statement(document, sid)
    if action:
        found["Action"].remove(action)
    else:
        document["Statement"].remove(found)
    return document


WORSE = {
    **{
        f"exempts {action}": _exempting(action)
        for action in ("iam:ListAccessKeys", "iam:DeactivateMFADevice", "iam:CreateLoginProfile")
    },
    "no Deny about others": _without("DenyOthersIfNoMFA"),
    **{
        f"no Deny of {action} on others": _without("DenyOthersIfNoMFA", action)
        for action in ("iam:EnableMFADevice", "iam:GetUser", "iam:ResyncMFADevice")
    },
    "own devices cannot be enabled": _without("AllowManageOwnUserMFA", "iam:EnableMFADevice"),
    "devices cannot be listed": _without("AllowViewAccountInfo", "iam:ListVirtualMFADevices"),
}


@pytest.mark.parametrize("document", WORSE.values(), ids=WORSE)
def test_what_is_worse_than_the_preset_is_refuted(document: dict[str, Any]) -> None:
    Path("worse.json").write_text(json.dumps(document), encoding="utf-8")
    asked = ["prove", "policy", "worse.json", "--only", "people"]
    assert root.main(asked, standalone_mode=False) is Exit.FINDINGS


def test_why_it_is_not_accepted_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    Path("worse.json").write_text(json.dumps(_exempting("iam:ListAccessKeys")), encoding="utf-8")
    asked = ["prove", "policy", "worse.json", "--only", "people", "--lang", "en"]
    assert root.main(asked, standalone_mode=False) is Exit.FINDINGS
    assert "not accepted for the sake of key-user: `iam:ListAccessKeys`" in capsys.readouterr().out


def _in_other_words() -> dict[str, Any]:
    document = _recommended()
    for each in document["Statement"]:
        del each["Sid"]
    document["Statement"].reverse()
    document["Statement"][-1]["Action"].sort(reverse=True)
    return document


def _with_a_permission() -> dict[str, Any]:
    document = _recommended()
    document["Statement"].append({"Effect": "Allow", "Action": "s3:*", "Resource": "*"})
    return document


def _stricter() -> dict[str, Any]:
    document = _recommended()
    _statement(document, "DenyAllExceptListedIfNoMFA")["NotAction"].remove("iam:GetMFADevice")
    return document


AS_GOOD = {
    "in other words": _in_other_words(),
    "with a permission": _with_a_permission(),
    "stricter": _stricter(),
    "exempting what no policy denies": _exempting("sts:GetCallerIdentity"),
}


@pytest.mark.parametrize("document", AS_GOOD.values(), ids=AS_GOOD)
def test_what_is_as_good_as_the_preset_is_accepted_whoever_wrote_it(
    document: dict[str, Any],
) -> None:
    Path("own.json").write_text(json.dumps(document), encoding="utf-8")
    assert (
        root.main(["prove", "policy", "own.json", "--only", "people"], standalone_mode=False)
        is Exit.CLEAN
    )
