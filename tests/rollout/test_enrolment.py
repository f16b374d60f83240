"""Time to enrol before MFA is enforced: who gets which policy on which day."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from rollout.staging import (
    ACCOUNT,
    ADMIN,
    CHANGE,
    ENFORCEMENT,
    account,
    device,
    enforcement,
    managed,
    user,
    with_user,
)
from sekisho.account import AccessKey, Device, Password, Snapshot, User, policies_of
from sekisho.audit.exceptions import Exceptions, load_exceptions
from sekisho.audit.impact import ImpactKind, credentials_of
from sekisho.documents import yaml_shape
from sekisho.engine import AttachedPolicy, DecisionEffect, Policies
from sekisho.policy import enrolment_policy
from sekisho.prover import CallingUser, Side, policy_difference
from sekisho.rollout import (
    AttachUserPolicy,
    Change,
    CreatePolicyVersion,
    DetachUserPolicy,
    GoalInputs,
    Plan,
    SampleRequest,
    decide_request,
    forecast,
    goal_of,
    plan,
)
from sekisho.signin import DeviceKind

ENROLMENT = f"arn:aws:iam::{ACCOUNT}:policy/Force_MFA_enrol"
GOAL = """\
timezone: Asia/Tokyo
waves:
  - name: everybody
    enrolFrom: 2027-01-11
    enforce: {enforce}
    from: 2027-02-01
    who: [{{path: /staff/}}]
breakGlass: [glass]
"""
EXCEPTIONS = """\
schema: sekisho.exceptions/1
exceptions:
  - user: scanner
    kind: machine
    why: no role yet
    owner: ops
    approvedBy: tanaka
    expires: 2027-06-30
    ticket: A-1
"""
BEFORE = datetime(2027, 1, 10, 14, 59, tzinfo=UTC)
OPEN = datetime(2027, 1, 10, 15, 0, tzinfo=UTC)
"""Midnight of 2027-01-11 in Tokyo."""
LATER = datetime(2027, 1, 20, 3, 0, tzinfo=UTC)
DAY = datetime(2027, 1, 31, 15, 0, tzinfo=UTC)


def staff(name: str, **about: object) -> User:
    return user(name, path="/staff/", **about)


def enrolled(owner: str, at: datetime) -> tuple[Device, ...]:
    return (replace(device(owner), enabled_at=at),)


def people(at: datetime, *changed: User) -> Snapshot:
    """Return an account with somebody of each kind, as it was read at a time."""
    used = at - timedelta(days=1)
    start = replace(account(), taken_at=at)
    for each in (
        staff("plain", password=Password()),
        staff("temporary", password=Password(reset_required=True)),
        staff(
            "ready",
            password=Password(last_used=used),
            devices=enrolled("ready", used - timedelta(hours=1)),
        ),
        staff("passkey", password=Password(), devices=passkey("passkey")),
        staff(
            "keys", password=Password(), keys=(AccessKey("AKIAKEYS", active=True, last_used=used),)
        ),
        staff("scanner", keys=(AccessKey("AKIASCANNER", active=True, last_used=used),)),
        staff("denied", password=Password(), attached=(OTHER,)),
        *changed,
    ):
        start = with_user(start, each)
    return replace(start, policies={**start.policies, OTHER: managed(OTHER, enforcement())})


OTHER = f"arn:aws:iam::{ACCOUNT}:policy/Other_MFA"


def passkey(owner: str) -> tuple[Device, ...]:
    return (Device(f"arn:aws:iam::{ACCOUNT}:u2f/user/{owner}/k-A", DeviceKind.FIDO, owner, BEFORE),)


def planned(start: Snapshot, enforce: str = "on-date") -> Plan:
    text = GOAL.format(enforce=enforce)
    goal = goal_of(yaml_shape(text, "goal.yaml"), "goal.yaml", start, load_exceptions(EXCEPTIONS))
    return plan(goal, start, ADMIN, accepted={"keys-in-use:keys": "told"})


def attachments(changes: tuple[Change, ...]) -> Iterator[str]:
    """Yield what is attached to and detached from people, in order."""
    names = {
        ENFORCEMENT: "Force_MFA",
        ENROLMENT: "Force_MFA_enrol",
        CHANGE: "IAMUserChangePassword",
        f"{ENROLMENT}_password": "Force_MFA_enrol_password",
    }
    for each in changes:
        match each:
            case AttachUserPolicy(who, arn):
                yield f"{who} + {names[arn]}"
            case DetachUserPolicy(who, arn):
                yield f"{who} - {names[arn]}"


def test_nobody_gets_anything_before_the_first_day_in_the_goals_time_zone() -> None:
    made = planned(people(BEFORE))
    assert [*attachments(made.changes)] == []
    assert {each.impact for each in made.people if each.user == "plain"} == {
        ImpactKind.WAITS_FOR_WAVE
    }


def test_people_can_enrol_from_that_day_on_and_nothing_is_denied() -> None:
    made = planned(people(OPEN))
    assert made.applicable, made.open_problems
    assert [*attachments(made.changes)] == [
        "keys + Force_MFA_enrol",
        "plain + Force_MFA_enrol",
        "temporary + Force_MFA_enrol",
        "temporary + Force_MFA_enrol_password",
    ]
    assert {each.impact for each in made.people if each.user == "plain"} == {
        ImpactKind.ENROLMENT_OPEN
    }


@pytest.mark.parametrize(
    ("path", "by"), [("/", "IAMUserChangePassword"), ("/staff/", "Force_MFA_enrol_password")]
)
def test_a_temporary_password_can_be_changed_in_any_path(path: str, by: str) -> None:
    """AWS's own policy is about `user/NAME`, which nobody in a path is."""
    new = user("new", path=path, password=Password(reset_required=True))
    start = people(OPEN, new)
    text = GOAL.format(enforce="on-date").replace("{path: /staff/}", "{user: new}")
    goal = goal_of(yaml_shape(text, "goal.yaml"), "goal.yaml", start, Exceptions())
    made = plan(goal, start, ADMIN)
    assert f"new + {by}" in attachments(made.changes)
    known = {**start.policies, CHANGE: managed(CHANGE, MAY_CHANGE)}
    after = forecast(replace(start, policies=known), made.changes)
    _, console = credentials_of(after, after.user_named["new"], mfa=False)
    ask = SampleRequest("iam:ChangePassword", new.arn, {})
    decision = decide_request(after, console, policies_of(after, "new"), {}, ask)
    assert decision.effect is DecisionEffect.ALLOWED


def test_an_edited_enrolment_policy_is_put_right_and_blocks_nobody() -> None:
    """Who has it gets in as before: nothing is denied to them."""
    start = forecast(people(OPEN), planned(people(OPEN)).changes)
    edited = managed(ENROLMENT, {"Version": "2012-10-17", "Statement": [NOTHING_MUCH]})
    made = planned(replace(start, policies={**start.policies, ENROLMENT: edited}))
    assert made.applicable, made.open_problems
    assert [type(each) for each in made.changes] == [CreatePolicyVersion]


NOTHING_MUCH = {"Effect": "Allow", "Action": "iam:GetUser", "Resource": "*"}
MAY_CHANGE = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "iam:ChangePassword",
            "Resource": "arn:aws:iam::*:user/${aws:username}",
        }
    ],
}


@pytest.mark.parametrize(
    ("enforce", "at_once"),
    [("on-date", []), ("on-enrolment", ["ready + Force_MFA"])],
)
def test_who_works_with_mfa_already_is_enforced_at_once_if_the_goal_says_so(
    enforce: str, at_once: list[str]
) -> None:
    """`passkey` has not signed in since, and `keys` would lose a key that is in use."""
    key_in_use = staff(
        "both",
        password=Password(last_used=LATER),
        devices=enrolled("both", OPEN),
        keys=(AccessKey("AKIABOTH", active=True, last_used=LATER),),
    )
    start = people(LATER, key_in_use)
    start = forecast(start, planned(start).changes)
    made = planned(start, enforce)
    assert made.applicable, made.open_problems
    assert [*attachments(made.changes)] == [*at_once]


def test_a_decision_lets_keys_stop_before_the_day() -> None:
    key_in_use = staff(
        "both",
        password=Password(last_used=LATER),
        devices=enrolled("both", OPEN),
        keys=(AccessKey("AKIABOTH", active=True, last_used=LATER),),
    )
    text = GOAL.format(enforce="on-enrolment") + (
        "accept:\n- {id: keys-in-use, user: both, why: told}\n"
    )
    start = people(LATER, key_in_use)
    goal = goal_of(yaml_shape(text, "goal.yaml"), "goal.yaml", start, load_exceptions(EXCEPTIONS))
    assert set(goal.users) == {"both", "ready"}


def test_on_the_last_day_enforcement_comes_before_the_right_to_enrol_goes() -> None:
    start = people(OPEN)
    start = replace(forecast(start, planned(start).changes), taken_at=DAY)
    made = planned(start)
    assert made.applicable, made.open_problems
    assert [*attachments(made.changes)] == [
        "keys + Force_MFA",
        "keys - Force_MFA_enrol",
        "passkey + Force_MFA",
        "plain + Force_MFA",
        "plain - Force_MFA_enrol",
        "ready + Force_MFA",
        "temporary + Force_MFA",
        "temporary - Force_MFA_enrol",
    ]


def test_an_exception_takes_the_right_to_enrol_back() -> None:
    start = people(OPEN, staff("scanner", password=Password(), attached=(ENROLMENT,)))
    start = replace(
        start, policies={**start.policies, ENROLMENT: managed(ENROLMENT, enrolment_policy())}
    )
    assert "scanner - Force_MFA_enrol" in attachments(planned(start).changes)


ALLOWED = {
    "iam:CreateVirtualMFADevice": f"arn:aws:iam::{ACCOUNT}:mfa/any-name",
    "iam:ListVirtualMFADevices": "*",
    **dict.fromkeys(
        (
            "iam:GetUser",
            "iam:ListMFADevices",
            "iam:GetMFADevice",
            "iam:EnableMFADevice",
            "iam:ResyncMFADevice",
        ),
        f"arn:aws:iam::{ACCOUNT}:user/staff/plain",
    ),
}


def test_the_enrolment_policy_opens_what_enrolling_needs_and_nothing_else() -> None:
    policies = Policies(identity=(AttachedPolicy("enrolment", enrolment_policy()),))
    caller = CallingUser.of(f"arn:aws:iam::{ACCOUNT}:user/staff/plain")
    opened = policy_difference(Policies(), policies, caller, OPEN).only_in_new
    assert isinstance(opened, Side)
    assert {action for group in opened.items for action in group.actions} == {*ALLOWED}


@pytest.mark.parametrize(
    ("action", "resource", "allowed"),
    [
        *((action, resource, True) for action, resource in ALLOWED.items()),
        ("iam:EnableMFADevice", f"arn:aws:iam::{ACCOUNT}:user/staff/temporary", False),
        ("iam:ListMFADevices", f"arn:aws:iam::{ACCOUNT}:user/temporary", False),
        ("iam:DeactivateMFADevice", f"arn:aws:iam::{ACCOUNT}:user/staff/plain", False),
        ("iam:DeleteVirtualMFADevice", f"arn:aws:iam::{ACCOUNT}:mfa/plain", False),
        ("iam:CreateAccessKey", f"arn:aws:iam::{ACCOUNT}:user/staff/plain", False),
    ],
)
def test_people_enrol_their_own_device_only(action: str, resource: str, allowed: bool) -> None:
    start = people(OPEN)
    after = forecast(start, planned(start).changes)
    plain = after.user_named["plain"]
    _, console = credentials_of(after, plain, mfa=False)
    decision = decide_request(
        after, console, policies_of(after, "plain"), {}, SampleRequest(action, resource, {})
    )
    assert (decision.effect is DecisionEffect.ALLOWED) is allowed


def test_a_newcomer_has_the_grace_counted_from_the_first_login_profile() -> None:
    joined = datetime(2027, 1, 31, 20, 0, tzinfo=UTC)
    late = datetime(2027, 2, 2, 12, 0, tzinfo=UTC)
    text = GOAL.format(enforce="on-date").replace("  from:", "  grace: 7 days\n    from:")

    def days(start: Snapshot, **known: datetime) -> dict[str, object]:
        shape = yaml_shape(text, "goal.yaml")
        goal = goal_of(
            shape, "goal.yaml", start, load_exceptions(EXCEPTIONS), GoalInputs(joined=known)
        )
        return {user: waiting.until for user, waiting in goal.deferred.items() if user == "new"}

    start = people(late, staff("new", password=Password(created_at=joined)))
    # 2027-02-01 05:00 in Tokyo
    assert days(start) == {"new": date(2027, 2, 8)}
    again = people(late, staff("new", password=Password(created_at=late)))
    assert days(again, AIDANEW=joined) == {"new": date(2027, 2, 8)}
    assert days(again, AIDANEW=BEFORE) == {}
    # and it stays theirs once it has come: notices go by it
    came = replace(again, taken_at=datetime(2027, 2, 9, tzinfo=UTC))
    known = GoalInputs(joined={"AIDANEW": joined})
    goal = goal_of(
        yaml_shape(text, "goal.yaml"), "goal.yaml", came, load_exceptions(EXCEPTIONS), known
    )
    assert "new" in goal.enforced
    planned = {each.user: each.starts for each in plan(goal, came, ADMIN).people}
    assert planned["new"] == date(2027, 2, 8)
    assert planned["plain"] == date(2027, 2, 1)


def test_members_of_a_group_that_is_there_are_not_enforced_before_the_policy_is() -> None:
    """The goal names a group that people are in for something else."""
    start = people(OPEN, staff("member", password=Password(), groups=("Developers",)))
    text = GOAL.format(enforce="on-date") + "group: Developers\n"
    goal = goal_of(yaml_shape(text, "goal.yaml"), "goal.yaml", start, load_exceptions(EXCEPTIONS))
    assert goal.enforced == ()
    assert "member" in goal.enrolling
