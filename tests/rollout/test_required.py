"""A goal that requires a passkey: who has none is named, and nobody is locked out for it.

Reads `cli.audit` and the lines of `cli.rollout.status` without a command: they are of a snapshot,
which `status` does not take.
"""

import json
from dataclasses import replace

import pytest

from gaps import gap_at
from rollout.staging import ACCOUNT, ADMIN, NOW, account, device, user, with_user
from sekisho.account import Device, Password, Snapshot
from sekisho.audit.exceptions import Exceptions
from sekisho.audit.report import audit_account
from sekisho.cli.audit import passkeys_of
from sekisho.cli.rollout.status import wave_status_lines
from sekisho.documents import yaml_shape
from sekisho.errors import FaultyInput
from sekisho.messages import Language
from sekisho.rollout import (
    AddUserToGroup,
    Goal,
    Plan,
    Requirement,
    goal_of,
    plan,
    waves_of,
    waves_to_json,
)
from sekisho.signin import DeviceKind

PASSKEY = Device(f"arn:aws:iam::{ACCOUNT}:u2f/user/key/k-A", DeviceKind.FIDO, "key", NOW)
TOKEN = Device("GAHT12345678", DeviceKind.HARDWARE, "token", NOW)
GOAL = """\
policy: {name: Force_MFA}
group: Enforced
waves:
  - name: all
    who: [{path: /dev/}]
    except: [{user: left}]
afterEnrolment: {policy: {name: Second}, group: Second}
breakGlass: [glass]
"""
REQUIRE = GOAL + "require: passkey\n"


def people() -> Snapshot:
    """Return an account with somebody of each kind of device."""
    start = account()
    for name, devices, groups in (
        ("app", (device("app"),), ()),
        ("before", (device("before"),), ("Second",)),
        ("both", (device("both"), PASSKEY), ()),
        ("key", (PASSKEY,), ()),
        ("left", (device("left"),), ()),
        ("token", (TOKEN,), ()),
        ("unread", (), ()),
    ):
        new = user(name, path="/dev/", password=Password(), devices=devices, groups=groups)
        start = with_user(start, new)
    gap = gap_at("ListMFADevices", "user unread", "AccessDenied")
    return replace(start, gaps=(*start.gaps, gap))


def goal(text: str, start: Snapshot) -> Goal:
    return goal_of(yaml_shape(text, "goal.yaml"), "goal.yaml", start, Exceptions())


def second_stage(made: Plan) -> set[str]:
    """Return who comes to the second stage."""
    joins = [each for each in made.changes if isinstance(each, AddUserToGroup)]
    return {each.user for each in joins if each.group == "Second"}


def test_only_a_passkey_leads_to_the_second_stage_and_nobody_is_taken_out_of_it() -> None:
    start = people()
    assert second_stage(plan(goal(GOAL, start), start, ADMIN)) == {"app", "both", "key", "token"}
    made = plan(goal(REQUIRE, start), start, ADMIN)
    assert second_stage(made) == {"both", "key"}
    # who is in the second stage already is not put back into the first, which denies less
    assert not [
        each for each in made.changes if "before" in each.address and "Second" in each.address
    ]


def test_it_is_a_warning_and_never_a_reason_against_the_plan() -> None:
    start = people()
    without, made = (plan(goal(text, start), start, ADMIN) for text in (GOAL, REQUIRE))
    assert made.problems == without.problems
    assert "passkey-required" not in made.problems
    notes = [note.names for note in made.warnings if note.id == "passkey-required"]
    assert notes == [("app", "before", "token"), ("hanako",), ("unread",)]
    assert "passkey-required" not in [note.id for note in without.warnings]


def test_the_plan_remembers_it() -> None:
    start = people()
    made = plan(goal(REQUIRE, start), start, ADMIN)
    assert json.loads(made.to_json())["require"] == "passkey"
    assert Plan.from_json(made.to_json()) == made
    # a plan without it is written as before
    assert "require" not in json.loads(plan(goal(GOAL, start), start, ADMIN).to_json())


def test_the_status_of_the_goal_names_who_has_another_kind_only() -> None:
    start = people()
    (wave,) = waves_of(goal(REQUIRE, start), start)
    assert wave.other_device_kind == ("app", "before", "token")
    assert wave.without_required == ("app", "before", "hanako", "token")
    assert waves_to_json((wave,), ())["waves"][0]["otherKind"] == ["app", "before", "token"]  # type: ignore[index] # JSON values
    lines = list(wave_status_lines((wave,), (), Language.EN, staged=True))
    assert lines[0].endswith("4 of them have no passkey or security key, which is required.")
    other = "  with another kind of device only, where a passkey is required: app, before, token"
    assert other in lines
    (any_kind,) = waves_of(goal(GOAL, start), start)
    assert (any_kind.other_device_kind, any_kind.without_required) == ((), ())


def test_the_audit_names_them_by_the_goal() -> None:
    start = people()
    shape = yaml_shape(REQUIRE, "goal.yaml")
    passkeys = passkeys_of({"goal.yaml": shape}, start, Exceptions())
    assert passkeys == {"app", "before", "both", "hanako", "key", "token", "unread"}
    report = audit_account(start, Exceptions(passkeys=passkeys), version="1")
    named = [each.subject for each in report.findings if each.id == "account.no-passkey"]
    assert named == ["app", "before", "token"]
    assert passkeys_of({"g": yaml_shape(GOAL, "g")}, start, Exceptions()) == frozenset()


def test_another_kind_cannot_be_required() -> None:
    start = people()
    with pytest.raises(FaultyInput) as caught:
        goal(GOAL + "require: sms\n", start)
    (fault,) = caught.value.faults
    assert (fault.line, fault.message.en) == (9, "must be one of `passkey`")
    with pytest.raises(FaultyInput):
        passkeys_of({"g": yaml_shape("require: sms\n", "g")}, start, Exceptions())


def test_what_meets_it() -> None:
    assert Requirement.PASSKEY.met_by(["GAHT12345678", PASSKEY.serial])
    assert not Requirement.PASSKEY.met_by(["GAHT12345678", f"arn:aws:iam::{ACCOUNT}:mfa/app"])
    assert not Requirement.PASSKEY.met_by([])
