"""One person's difficulty is that person's: the others' day is that of a day without it.

Each kind of fault is played on each day of a campaign. Where a fault is in a policy that several
need, who does not need it goes on, and whoever waits is a row with the reason.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import cache

import pytest

from campaign.on_paper import without_enrolment
from profiles import DEEP
from rollout.staging import ACCOUNT, ADMIN, ENFORCEMENT, enforcement, managed, user, with_user
from rollout.test_enrolment import (
    BEFORE,
    DAY,
    ENROLMENT,
    EXCEPTIONS,
    GOAL,
    LATER,
    OPEN,
    OTHER,
    people,
    staff,
)
from sekisho.account import Gap, Group, Password, ResourceKind, ResourceRef, Snapshot, user_ref
from sekisho.audit.exceptions import load_exceptions
from sekisho.campaign import Campaign, CampaignInputs, CampaignStage, campaign_of, due_today
from sekisho.documents import yaml_shape
from sekisho.messages import verbatim
from sekisho.notices.reminders import Told
from sekisho.policy import enrolment_policy, from_json, own_password_policy
from sekisho.rollout import AttachUserPolicy, CreatePolicyVersion, goal_of

PASSWORD = f"{ENROLMENT}_password"
UNREAD = f"arn:aws:iam::{ACCOUNT}:policy/Unread"
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/Boundary"
FILLERS = tuple(f"{OTHER}{number}" for number in range(10))
DAYS = {"opens": OPEN, "later": LATER, "the day": DAY}
Fault = Callable[[Snapshot], Snapshot]


def company(at: datetime, *present: str) -> Snapshot:
    """Return an account that has these of the goal's policies, as the goal wants them."""
    texts = {
        ENFORCEMENT: enforcement(),
        ENROLMENT: enrolment_policy(),
        PASSWORD: own_password_policy(),
        BOUNDARY: from_json(
            {
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}],
            }
        ),
        **dict.fromkeys(FILLERS, enrolment_policy()),
    }
    start = people(at, staff("mona", password=Password()), user("outsider", password=Password()))
    wanted = (*present, BOUNDARY, *FILLERS)
    policies = {**start.policies, **{arn: managed(arn, texts[arn]) for arn in wanted}}
    return replace(start, policies=policies)


def run(start: Snapshot, enforce: str = "on-enrolment") -> Campaign:
    shape = yaml_shape(GOAL.format(enforce=enforce), "goal.yaml")
    goal = goal_of(shape, "goal.yaml", start, load_exceptions(EXCEPTIONS))
    return campaign_of(goal, start, ADMIN, CampaignInputs(told=Told()))


def having(name: str, *arns: str) -> Fault:
    def changed(start: Snapshot) -> Snapshot:
        known = start.user_named[name]
        return with_user(start, replace(known, attached=(*known.attached, *arns)))

    return changed


def bounded(name: str, arn: str) -> Fault:
    return lambda start: with_user(start, replace(start.user_named[name], boundary=arn))


def unread(operation: str, about: ResourceRef) -> Fault:
    gap = Gap(operation, about, verbatim("not allowed"), "AccessDenied")
    return lambda start: replace(start, gaps=(*start.gaps, gap))


def edited(arn: str, *, versions: int = 1) -> Fault:
    def changed(start: Snapshot) -> Snapshot:
        known = start.policies[arn]
        names = {f"v{number}": known.document for number in range(1, versions + 1)}
        text = without_enrolment(enrolment_policy() if arn == PASSWORD else known.document)
        other = replace(known, document=text, versions=names)
        return replace(start, policies={**start.policies, arn: other})

    return changed


def all_of(*faults: Fault) -> Fault:
    def changed(start: Snapshot) -> Snapshot:
        for fault in faults:
            start = fault(start)
        return start

    return changed


def no_room_for_policies(start: Snapshot) -> Snapshot:
    policies = {arn: each for arn, each in start.policies.items() if arn != PASSWORD}
    return replace(start, policies=policies, summary={"PoliciesQuota": 99, "Policies": 99})


_MANAGED = ResourceRef(ResourceKind.MANAGED_POLICY, UNREAD)
_VERSION = ResourceRef(ResourceKind.POLICY_VERSION, "v1", UNREAD)
_INLINE = ResourceRef(ResourceKind.USER_POLICY, "own", "mona")
OF_ONE: Mapping[str, tuple[str, Fault]] = {
    "enrolment policy edited, held by one enforced otherwise": (
        "denied",
        all_of(edited(ENROLMENT), having("denied", ENROLMENT)),
    ),
    "enrolment policy edited, held by an exception": (
        "scanner",
        all_of(edited(ENROLMENT), having("scanner", ENROLMENT)),
    ),
    "enrolment policy edited, held by an enforced exception": (
        "scanner",
        all_of(edited(ENROLMENT), having("scanner", ENROLMENT, OTHER)),
    ),
    "enrolment policy edited, held by an outsider": (
        "outsider",
        all_of(edited(ENROLMENT), having("outsider", ENROLMENT)),
    ),
    "policy edited, held by one": (
        "mona",
        all_of(edited(ENFORCEMENT), having("mona", ENFORCEMENT)),
    ),
    "policy edited, held by a break-glass user": (
        "glass",
        all_of(edited(ENFORCEMENT), having("glass", ENFORCEMENT)),
    ),
    "policy edited, held by an exception": (
        "scanner",
        all_of(edited(ENFORCEMENT), having("scanner", ENFORCEMENT)),
    ),
    "policy edited, held by an outsider": (
        "outsider",
        all_of(edited(ENFORCEMENT), having("outsider", ENFORCEMENT)),
    ),
    "policy edited, the boundary of one": (
        "mona",
        all_of(edited(ENFORCEMENT), bounded("mona", ENFORCEMENT)),
    ),
    "no room for a policy": ("mona", having("mona", *FILLERS)),
    "boundary": ("mona", bounded("mona", BOUNDARY)),
    "inline policy not read": ("mona", unread("GetUserPolicy", _INLINE)),
    "managed policy not read": (
        "mona",
        all_of(having("mona", UNREAD), unread("GetPolicy", _MANAGED)),
    ),
    "version not read": (
        "mona",
        all_of(having("mona", UNREAD), unread("GetPolicyVersion", _VERSION)),
    ),
    "managed policy of an exception not read": (
        "scanner",
        all_of(having("scanner", UNREAD), unread("GetPolicy", _MANAGED)),
    ),
    "policy not in the snapshot": ("mona", having("mona", UNREAD)),
    "password policy edited, no room for a version": ("temporary", edited(PASSWORD, versions=5)),
    "no room for the password policy": ("temporary", no_room_for_policies),
    **{
        f"{operation} not read": ("mona", unread(operation, user_ref("mona")))
        for operation in (
            "ListMFADevices",
            "GetLoginProfile",
            "ListAccessKeys",
            "ListAttachedUserPolicies",
            "ListGroupsForUser",
        )
    },
}
OF_SEVERAL: Mapping[str, Fault] = {
    "enrolment policy edited, held by a break-glass user": all_of(
        edited(ENROLMENT), having("glass", ENROLMENT)
    ),
    "enrolment policy edited, held by an enforced outsider": all_of(
        edited(ENROLMENT), having("outsider", ENROLMENT, OTHER)
    ),
    "enrolment policy edited, no room for a version": edited(ENROLMENT, versions=5),
}
"""Nobody can be given what the enrolment policy no longer has."""


@cache
def usual(day: str) -> Campaign:
    """Return the day without any fault."""
    return run(company(DAYS[day], ENFORCEMENT, ENROLMENT, PASSWORD))


def day_of(kinds: Mapping[str, object]) -> list[tuple[str, str]]:
    """Return each kind with each day, or with one of them."""
    days = [*DAYS]
    every = [(kind, day) for kind in kinds for day in days]
    return every if DEEP else [(kind, days[at % 3]) for at, kind in enumerate(kinds)]


def of_others(found: Campaign, name: str) -> tuple[set[str], set[tuple[str, str]]]:
    """Return the changes and the notices that are about somebody else."""
    changes = (each for each in found.today.plan.changes if each.person not in ("", name))
    notices = (each for each in found.notices if each.person.user != name)
    return (
        {each.address for each in changes},
        {(each.person.user, each.step.value) for each in notices},
    )


@pytest.mark.parametrize(("kind", "day"), day_of(OF_ONE))
def test_one_persons_fault_is_theirs_alone(kind: str, day: str) -> None:
    name, fault = OF_ONE[kind]
    start = company(DAYS[day], ENFORCEMENT, ENROLMENT, PASSWORD)
    found = run(fault(start))
    assert found.today.plan.applicable, found.today.plan.open_problems
    assert of_others(found, name) == of_others(usual(day), name)


@pytest.mark.parametrize(("kind", "day"), day_of(OF_SEVERAL))
def test_whoever_does_not_need_a_faulty_policy_goes_on(kind: str, day: str) -> None:
    start = company(DAYS[day], ENFORCEMENT, ENROLMENT, PASSWORD)
    found, without = run(OF_SEVERAL[kind](start)), usual(day)
    assert found.today.plan.applicable, found.today.plan.open_problems
    assert not [each for each in found.today.plan.changes if isinstance(each, CreatePolicyVersion)]
    assert due_today(found)["enforce"] == due_today(without)["enforce"]
    waiting = {*due_today(without)["enrol"]}
    assert waiting
    ids = {each.id for each in found.today.withheld}
    assert ids
    for name in waiting:
        assert ids & {each.id for each in found.today.problems[name]}
    assert ids <= {each.id for each in found.notes}


@pytest.mark.parametrize("day", DAYS if DEEP else ["opens"])
@pytest.mark.parametrize(
    "present", [(), (ENFORCEMENT,), (ENFORCEMENT, ENROLMENT), (ENFORCEMENT, ENROLMENT, PASSWORD)]
)
@pytest.mark.parametrize("stricter", [False, True])
def test_what_is_there_already_changes_no_notice(
    day: str, present: tuple[str, ...], *, stricter: bool
) -> None:
    """On the day that enrolment opens, people are told in that run."""
    more = "afterEnrolment: {policy: {choices: {password-change-without-mfa: false}}}\n"
    shape = yaml_shape(
        GOAL.format(enforce="on-enrolment") + (more if stricter else ""), "goal.yaml"
    )

    def notices(*there: str) -> list[tuple[str, str, str]]:
        start = company(DAYS[day], *there)
        goal = goal_of(shape, "goal.yaml", start, load_exceptions(EXCEPTIONS))
        found = campaign_of(goal, start, ADMIN, CampaignInputs(told=Told()))
        return [(e.person.user, e.person.kind.value, e.step.value) for e in found.notices]

    assert notices(*present) == notices()
    assert {"plain", "temporary"} <= {name for name, _, _ in notices(*present)}


def in_group(start: Snapshot, name: str) -> Snapshot:
    arn = f"arn:aws:iam::{ACCOUNT}:group/Enforced"
    groups = (*start.groups, Group("Enforced", "/", arn, (ENFORCEMENT,)))
    known = start.user_named[name]
    joined = replace(known, groups=(*known.groups, "Enforced"))
    return with_user(replace(start, groups=groups), joined)


HELD: Mapping[str, Fault] = {
    "nothing": lambda start: start,
    "by a group": lambda start: in_group(start, "plain"),
    "directly": having("plain", ENFORCEMENT),
    "edited, by a group": lambda start: in_group(edited(ENFORCEMENT)(start), "plain"),
    "edited, directly": all_of(edited(ENFORCEMENT), having("plain", ENFORCEMENT)),
    "the enrolment policy": having("plain", ENROLMENT),
    "the enrolment policy, edited": all_of(edited(ENROLMENT), having("plain", ENROLMENT)),
    "another": having("plain", OTHER),
}


@pytest.mark.parametrize("held", HELD)
def test_before_people_can_enrol_nothing_changes(held: str) -> None:
    start = HELD[held](company(BEFORE, ENFORCEMENT, ENROLMENT, PASSWORD))
    assert run(start).today.plan.changes == ()


@pytest.mark.parametrize(("held", "day"), day_of(HELD))
def test_attached_is_not_enforced_and_enforced_is_not_attached_again(held: str, day: str) -> None:
    start = HELD[held](company(DAYS[day], ENFORCEMENT, ENROLMENT, PASSWORD))
    found = run(start, "on-date")
    stage = next(each.stage for each in found.people if each.user == "plain")
    enforced = held in ("by a group", "directly", "another") or held.startswith("edited")
    assert (stage is CampaignStage.ENFORCED) is enforced
    attached = [
        each
        for each in found.today.plan.changes
        if isinstance(each, AttachUserPolicy) and each.arn == ENFORCEMENT
    ]
    assert not (enforced and [each for each in attached if each.user == "plain"])
    changed = {each.user: each.impact.value for each in found.today.plan.people}
    assert "unchanged" not in {changed[each.user] for each in attached}


def test_a_policy_that_lets_everything_pass_enforces_nothing() -> None:
    """An Allow of everything, under the name of the policy."""
    everything = from_json(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
        }
    )
    start = having("plain", ENFORCEMENT)(company(LATER, ENROLMENT, PASSWORD))
    policies = {**start.policies, ENFORCEMENT: managed(ENFORCEMENT, everything)}
    start = replace(start, policies=policies)
    found = run(start)
    assert next(e.stage for e in found.people if e.user == "plain") is not CampaignStage.ENFORCED
    # they have no other right, so that nothing would work for them any more
    assert "works-with-mfa" in {each.id for each in found.today.problems["plain"]}
