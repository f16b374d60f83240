"""What could not be read never counts as a no; who is touched is who is meant.

Reads `rollout.goal.model` and the lines of `cli.rollout.status`, because the states are made by
hand.
"""

from dataclasses import replace
from datetime import date

import pytest

from gaps import gap_at
from rollout.staging import (
    ADMIN,
    ENFORCEMENT,
    EVERYTHING,
    FULL,
    MACHINE,
    account,
    device,
    enforcement,
    managed,
    policy_goal,
    user,
    with_user,
)
from sekisho.account import OPTIONAL_READS, Password, Snapshot
from sekisho.audit.exceptions import Exceptions
from sekisho.cli.rollout.status import plan_status_lines, wave_status_lines
from sekisho.documents import yaml_shape
from sekisho.messages import Language
from sekisho.rollout import (
    DeferralReason,
    Goal,
    GroupGoal,
    Plan,
    PlanStatus,
    goal_of,
    plan,
    waves_of,
    waves_to_json,
)
from sekisho.rollout.goal.model import Deferral, Wave

DENIED = "AccessDenied: no"
DETAILS = "GetAccountAuthorizationDetails"


def lacking(*gaps: tuple[str, str]) -> Snapshot:
    """Return the account with somebody who has a device, and these gaps."""
    ken = user("ken", path="/dev/", password=Password(), devices=(device("ken"),))
    found = tuple(gap_at(what, who, DENIED) for what, who in gaps)
    return replace(with_user(account(), ken), gaps=found)


def read(text: str, start: Snapshot) -> Goal:
    return goal_of(yaml_shape(text, "goal.yaml"), "goal.yaml", start, Exceptions())


def reasons(made: Plan) -> list[tuple[str, tuple[str, ...]]]:
    return [(note.id, note.names) for note in made.reasons]


@pytest.mark.parametrize(
    ("selectors", "gap", "unread"),
    [
        ("{path: /dev/, with: [device]}", ("ListMFADevices", "user hanako"), ("hanako",)),
        ("{path: /dev/, without: [device]}", ("ListMFADevices", "user hanako"), ("hanako",)),
        ("{all: true, with: [key]}", ("ListAccessKeys", "user hanako"), ("hanako",)),
        ("{path: /dev/, with: [password, device]}", ("GetLoginProfile", "user hanako"), ()),
        ("{all: true, with: [password]}", ("GetLoginProfile", "user machine"), ("machine",)),
        ("{tag: team}, {all: true}", (DETAILS, "user hanako"), ()),
        (
            "{tag: team}, {user: ken}",
            (DETAILS, "user hanako"),
            ("hanako",),
        ),
        # what was read is known, and another path needs no answer
        ("{path: /dev/, with: [device]}", ("ListMFADevices", "user ken"), ()),
        ("{path: /dev/, with: [device]}", ("ListMFADevices", "user machine"), ()),
        ("{path: /dev/, with: [device]}", ("ListMFADevices", ""), ("hanako",)),
        ("{path: /dev/}", ("ListMFADevices", "user ken"), ()),
    ],
)
def test_who_may_be_meant_is_named(
    selectors: str, gap: tuple[str, str], unread: tuple[str, ...]
) -> None:
    start = lacking(gap)
    goal = read(f"who: [{selectors}]\nbreakGlass: [glass]\n", start)
    assert goal.unread == unread
    made = plan(goal, start, ADMIN)
    assert (("gap", unread) in reasons(made)) is bool(unread)
    assert not (unread and made.applicable)


def test_who_may_be_an_exception_of_a_wave_is_named() -> None:
    start = lacking(("ListAccessKeys", "user ken"), ("ListAccessKeys", "user machine"))
    goal = read("waves: [{who: [{path: /dev/}], except: [{all: true, with: [key]}]}]\n", start)
    assert goal.unread == ("ken",)


def test_who_may_have_a_password_is_not_covered() -> None:
    start = lacking(("GetLoginProfile", "user machine"))
    made = plan(read("waves: [{who: [{user: ken}]}]\n", start), start, ADMIN)
    (note,) = [note for note in made.warnings if note.id == "not-covered"]
    assert note.names == ("admin", "hanako", "machine")


def test_whom_the_goal_is_about_is_read_also_where_nothing_changes() -> None:
    start = with_user(account(), user("machine", attached=(FULL, ENFORCEMENT)))
    gaps = (gap_at("ListMFADevices", "user machine", DENIED),)
    tags = {"team": "security", "cost": "0"}
    policies = {**start.policies, ENFORCEMENT: managed(ENFORCEMENT, enforcement(), tags=tags)}
    made = plan(MACHINE, replace(start, policies=policies, gaps=gaps), ADMIN)
    assert made.changes == ()
    assert reasons(made) == [("gap", ("machine",))]


@pytest.mark.parametrize("what", sorted(OPTIONAL_READS))
def test_what_no_proof_waits_for_is_told(what: str) -> None:
    made = plan(MACHINE, lacking((what, "")), ADMIN)
    (note,) = [note for note in made.warnings if note.id == "unread"]
    assert note.names == (what,)
    assert note.text.en
    assert note.text.ja


def test_scps_that_were_not_read_are_told_once_with_the_proofs() -> None:
    start = lacking(
        ("ListRoots", ""), ("DescribePolicy", "serviceControlPolicy p-1"), ("GetAccountSummary", "")
    )
    notes = [note for note in plan(MACHINE, start, ADMIN).warnings if note.id == "unread"]
    assert [note.names for note in notes] == [
        ("ListRoots", "DescribePolicy p-1"),
        ("GetAccountSummary",),
    ]
    assert "caller-keeps-access" in notes[0].text.en


def attached(*names: str) -> Snapshot:
    """Return the account in which these have an old version of MFA enforcement."""
    start = account()
    for name in names:
        start = with_user(start, user(name, attached=(FULL, ENFORCEMENT)))
    return replace(
        start, policies={**start.policies, ENFORCEMENT: managed(ENFORCEMENT, EVERYTHING)}
    )


@pytest.mark.parametrize(
    ("goal", "start", "named"),
    [
        (Goal(policy_goal(), users=("machine",)), attached("machine", "other"), ("other",)),
        (Goal(policy_goal(), group=GroupGoal("Developers", ("ken",))), lacking(), ("hanako",)),
        (
            Goal(
                policy_goal(),
                users=("machine",),
                waves=(Wave("", ("machine", "other")),),
                deferred={"other": Deferral(DeferralReason.EXEMPT, date(2027, 1, 1))},
            ),
            attached("machine", "other"),
            ("other",),
        ),
        # a goal that names nobody is about whoever has the policy
        (Goal(policy_goal()), attached("machine", "other"), ()),
        (Goal(policy_goal(), group=GroupGoal("Developers")), lacking(), ()),
        (Goal(policy_goal(), users=("machine", "other")), attached("machine", "other"), ()),
    ],
    ids=["version", "group", "exempt", "policy-only", "group-only", "all-named"],
)
def test_who_is_touched_and_not_meant_is_named(
    goal: Goal, start: Snapshot, named: tuple[str, ...]
) -> None:
    made = plan(goal, start, ADMIN)
    assert reasons(made) == ([("not-meant", named)] if named else [])
    if named:
        assert plan(
            goal, start, ADMIN, {f"not-meant:{name}": "they were told, SEC-9" for name in named}
        ).applicable


def test_devices_that_were_not_read_leave_a_wave_unknown() -> None:
    start = lacking(("ListMFADevices", "user hanako"))
    (wave,) = waves_of(read("waves: [{who: [{path: /dev/}]}]\n", start), start)
    assert (wave.enrolled, wave.unknown) == (("ken",), ("hanako",))
    assert wave.devices_unknown == ("hanako",)
    assert waves_to_json((wave,), ())["waves"][0]["devicesUnknown"] == ["hanako"]  # type: ignore[index]  # what it holds is JSON
    for lang, counted in (
        (Language.EN, "1 with an MFA device (1 unknown), "),
        (Language.JA, "MFA デバイスあり 1 人 (1 人は不明)、"),
    ):
        assert counted in "\n".join(wave_status_lines((wave,), (), lang))
    everybody = lacking(("ListMFADevices", ""))
    (wave,) = waves_of(read("waves: [{who: [{path: /dev/}]}]\n", everybody), everybody)
    assert wave.unknown == ("hanako", "ken")
    assert (wave.enrolled, wave.devices_unknown) == (("ken",), ("hanako",))


def test_devices_that_were_not_read_are_not_counted_as_none() -> None:
    goal = replace(MACHINE, users=("hanako", "machine"))
    made = plan(goal, account(), ADMIN)
    standing = PlanStatus((), (), ("machine",), unread=(("hanako", DENIED),))
    lines = [*plan_status_lines(made, standing, Language.EN)]
    assert "People: 2 in all, 0 with an MFA device (1 unknown)" in lines
    assert "  Without an MFA device: machine" in lines


def test_whom_the_plan_leaves_out_is_not_counted_as_missing_a_device() -> None:
    start = lacking()
    made = plan(read("who: [{all: true}]\nexcept: [{user: machine}]\n", start), start, ADMIN)
    assert "machine" in {person.user for person in made.people_changed}
    standing = PlanStatus((), ("ken",), ("hanako", "machine"))
    lines = [*plan_status_lines(made, standing, Language.EN)]
    (counted,) = (line for line in lines if " in all, " in line)
    assert f"{len(made.people_changed) - 1} in all, 1 with an MFA device" in counted
    assert "  Without an MFA device: hanako" in lines


@pytest.mark.parametrize("lang", list(Language))
def test_who_may_be_in_a_wave_is_told(lang: Language) -> None:
    assert "hanako" in "\n".join(wave_status_lines((), ("hanako",), lang))
    assert waves_to_json((), ("hanako",))["unread"] == ["hanako"]
