"""Goals as people write them: who is meant, what waits, and every fault at its line."""

import dataclasses
import json
import zoneinfo
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cases import cases
from rollout.staging import (
    ADMIN,
    FULL,
    NOW,
    account,
    device,
    enforcement,
    managed,
    user,
    with_user,
)
from sekisho.account import AccessKey, Password, Snapshot
from sekisho.audit.exceptions import Exceptions, load_exceptions
from sekisho.audit.impact import ImpactKind
from sekisho.documents import yaml_shape
from sekisho.errors import FaultyInput
from sekisho.rollout import (
    DetachGroupPolicy,
    DetachUserPolicy,
    Goal,
    Plan,
    RemoveUserFromGroup,
    forecast,
    goal_of,
    plan,
    read_goal,
)


def people() -> Snapshot:
    """Return an account with somebody of each kind."""
    start = account()
    for each in (
        user("aoi", path="/dev/", password=Password(reset_required=True), tags={"team": "dev"}),
        user("ken", path="/dev/", password=Password(), devices=(device("ken"),)),
        user("robot", keys=(AccessKey("AKIAROBOT", active=True),), tags={"kind": "robot"}),
    ):
        start = with_user(start, each)
    return start


EXCEPTIONS = """\
schema: sekisho.exceptions/1
exceptions:
  - user: robot
    kind: machine
    why: cannot assume a role
    owner: ops
    approvedBy: tanaka
    expires: 2027-01-31
    ticket: SEC-1
"""


def read(text: str, start: Snapshot | None = None, *, exceptions: bool = False) -> Goal:
    given = load_exceptions(EXCEPTIONS) if exceptions else Exceptions()
    return goal_of(yaml_shape(text, "goal.yaml"), "goal.yaml", start or people(), given)


@pytest.mark.parametrize(
    "case",
    cases(
        "rollout/goals", ("goal",), ("due", "waiting", "faults", "columns", "fixes", "unmatched")
    ),
)
def test_the_corpus(case: dict[str, Any]) -> None:
    text = "\n".join(case["goal"])
    if "faults" in case:
        with pytest.raises(FaultyInput) as caught:
            read(text, exceptions=True)
        assert [[fault.line, fault.message.en] for fault in caught.value.faults] == case["faults"]
        columns, fixes = case.get("columns", []), case.get("fixes", [])
        assert [fault.column for fault in caught.value.faults][: len(columns)] == columns
        assert [fault.fix.en for fault in caught.value.faults[: len(fixes)] if fault.fix] == fixes
        return
    goal = read(text, exceptions=True)
    assert list(goal.group.members if goal.group else goal.users) == case["due"]
    assert list(goal.unmatched) == case.get("unmatched", [])
    assert {name: each.reason.value for name, each in goal.deferred.items()} == case["waiting"]


def test_time_zones_are_known_where_the_system_has_none() -> None:
    """Bare containers and Windows have no database of their own."""
    zoneinfo.reset_tzpath(to=())
    ZoneInfo.clear_cache()
    try:
        text = "timezone: Asia/Tokyo\nwho: [{user: hanako}]"
        assert read(text).timezone == "Asia/Tokyo"
    finally:
        zoneinfo.reset_tzpath()
        ZoneInfo.clear_cache()


def test_a_file_without_a_byte_is_no_goal(tmp_path: Path) -> None:
    path = tmp_path / "goal.yaml"
    path.write_bytes(b"")
    with pytest.raises(FaultyInput, match="0 bytes") as caught:
        read_goal(path)
    assert caught.value.source == str(path)
    for text in ("# nothing yet\n", "{}"):
        path.write_text(text, encoding="utf-8")
        assert not read_goal(path).raw


def test_a_key_that_no_goal_has_hides_no_other_fault(tmp_path: Path) -> None:
    path = tmp_path / "goal.yaml"
    path.write_text("waves:\n- {name: all, form: 2026-12-07}\ngruop: MFA\ntimezone: Asia/Tokio\n")
    with pytest.raises(FaultyInput) as refused:
        read_goal(path)
    assert [each.line for each in refused.value.faults] == [2, 2, 3, 4]


@pytest.mark.parametrize("text", ["who: {user: hanako}", "who: [{user: 5}]", "who: []", "waves: 7"])
def test_a_fault_is_said_once(text: str) -> None:
    with pytest.raises(FaultyInput) as refused:
        read(text)
    assert len(refused.value.faults) == 1


def test_a_policy_file_is_told_of_by_its_name_its_place_and_the_reason(tmp_path: Path) -> None:
    text = '{"Version": "2012-10-17",\n "Statement": [{"Effect": "Alow", "Resource": 1}]}'
    (tmp_path / "own.json").write_text(text, encoding="utf-8")
    for name, said in (
        ("own.json", "`own.json`: 2:27 Statement[0].Effect: `Alow` is not a valid Effect"),
        ("nowhere.json", "`nowhere.json` cannot be read: no such file or directory"),
    ):
        goal = f"policy:\n  file: {name}\nwho: [{{user: hanako}}]\n"
        source = str(tmp_path / "goal.yaml")
        with pytest.raises(FaultyInput) as caught:
            goal_of(yaml_shape(goal, source), source, people(), Exceptions())
        assert {fault.line for fault in caught.value.faults} == {2}
        assert said in [fault.message.en for fault in caught.value.faults]


STAGES = """\
group: Enforced
who: [{path: /dev/}]
afterEnrolment:
  group: Enrolled
  policy: {name: Strict, choices: {password_change_without_mfa: false}}
breakGlass: [glass]
"""


def made(text: str, start: Snapshot) -> Plan:
    return plan(read(text, start), start, ADMIN)


def test_who_has_enrolled_moves_on_and_who_has_lost_the_device_goes_back() -> None:
    start = people()
    first = made(STAGES, start)
    members = [c.address for c in first.changes if c.address.startswith("membership")]
    assert members == [
        "membership Enforced aoi",
        "membership Enforced hanako",
        "membership Enrolled ken",
    ]
    assert first.problem_ids == ()
    after = forecast(start, first.changes)
    assert made(STAGES, after).changes == ()

    hanako = next(u for u in after.users if u.name == "hanako")
    moved = made(STAGES, with_user(after, dataclasses.replace(hanako, devices=(device("hanako"),))))
    assert [change.address for change in moved.changes] == [
        "membership Enrolled hanako",
        "membership Enforced hanako",
    ], "the new MFA enforcement stands before the old one goes"
    assert isinstance(moved.changes[1], RemoveUserFromGroup)
    assert moved.problem_ids == ()

    ken = next(u for u in after.users if u.name == "ken")
    back = made(STAGES, with_user(after, dataclasses.replace(ken, devices=())))
    assert [c.address for c in back.changes] == [
        "membership Enforced ken",
        "membership Enrolled ken",
    ]


@pytest.mark.parametrize("name", ["Force_MFA", "Strict"])
def test_neither_stage_can_be_replaced_by_itself(name: str) -> None:
    arn = FULL.replace("Full", name)
    start = people()
    start = dataclasses.replace(
        start, policies={**start.policies, arn: managed(arn, enforcement())}
    )
    with pytest.raises(FaultyInput, match="replaced by itself") as caught:
        read(f"{STAGES}replaces: [{name}]\n", start)
    assert [fault.line for fault in caught.value.faults] == [7]


def test_stale_copies_go_once_everybody_is_enforced() -> None:
    old = FULL.replace("Full", "Old")
    start = people()
    start = dataclasses.replace(
        start,
        policies={**start.policies, old: managed(old, enforcement())},
        groups=tuple(
            dataclasses.replace(group, attached=(*group.attached, old)) for group in start.groups
        ),
    )
    start = with_user(start, user("ken", path="/dev/", attached=(old,), devices=(device("ken"),)))
    text = "replaces: [Old]\nwho: [{user: ken}]\n"
    some = made(text, start)
    assert DetachUserPolicy("ken", old) in some.changes
    assert "stale-stays" in [note.id for note in some.warnings]
    whole = made(text.replace("{user: ken}", "{user: ken}, {user: hanako}"), start)
    assert whole.changes[-1] == DetachGroupPolicy("Developers", old)


def test_a_wave_waits_for_its_day() -> None:
    text = "waves: [{name: next, from: 2026-11-25, who: [{user: hanako}]}]\n"
    waits = made(text, people())
    assert [(p.user, p.impact, p.wave) for p in waits.people] == [
        ("hanako", ImpactKind.WAITS_FOR_WAVE.value, "next")
    ]
    assert "2026-11-25" in waits.people[0].text.en
    later = dataclasses.replace(people(), taken_at=NOW + timedelta(days=1))
    assert "user-attachment hanako" in made(text, later).changes[-1].address


def test_what_is_in_no_wave_is_told() -> None:
    note = next(n for n in made("who: [{user: ken}]\n", people()).warnings if n.id == "not-covered")
    assert note.names == ("admin", "aoi", "hanako")


@pytest.mark.parametrize(
    ("goal", "warned"),
    [
        ("who: [{all: true}]\n", True),
        ("who: [{all: true}]\nbreakGlass: [admin]\n", False),
        ("who: [{user: ken}, {user: hanako}]\n", False),
        ("who: [{all: true}]\nexcept: [{user: aoi}]\n", False),
    ],
)
def test_nobody_left_to_sign_in_without_mfa_is_warned_of(goal: str, warned: bool) -> None:
    notes = [each.id for each in made(goal, people()).warnings]
    assert ("no-break-glass" in notes) == warned
    assert not warned or notes[0] == "no-break-glass"


def test_a_policy_file_is_found_beside_the_goal(tmp_path: Path) -> None:
    (tmp_path / "own.json").write_text(json.dumps({"Version": "2012-10-17", "Statement": []}))
    source = str(tmp_path / "goal.yaml")
    for file, message in (("own.json", "statements is empty"), ("nowhere.json", "cannot be read")):
        shape = yaml_shape(f"policy: {{file: {file}}}\nwho: [{{user: ken}}]\n", source)
        with pytest.raises(FaultyInput, match=message) as caught:
            goal_of(shape, source, people(), Exceptions())
        assert caught.value.faults[0].line == 1
