"""Who administers is the audit's to tell: a plan and an audit have one meaning of it.

Replaces `audit.impact.administrators.EnforcementRemovalRights.of` itself, because no answer at a
face tells how often it is asked.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gaps import gap_at
from rollout.staging import (
    ACCOUNT,
    ADMIN,
    FULL,
    NOW,
    account,
    enforcement,
    managed,
    policy_goal,
    user,
    with_user,
)
from sekisho.account import (
    AccessKey,
    CredentialReport,
    CredentialRow,
    Group,
    Password,
    Snapshot,
)
from sekisho.audit.impact import powers_of
from sekisho.audit.impact.administrators import EnforcementRemovalRights
from sekisho.engine import AttachedPolicy
from sekisho.messages import Message
from sekisho.policy import Document, PolicyKind, from_json, to_json
from sekisho.prover import Unknown, Verdict
from sekisho.rollout import Goal, NewUser, Plan, PlanCaller, Proof, plan
from sekisho.rollout import SafetyVerdict as Told
from sekisho.signin import PasswordPolicy

ROOT = PlanCaller(ADMIN.arn.replace("user/admin", "root"))
KEY = AccessKey("AKIACHIEF", active=True)
USERS = f"arn:aws:iam::{ACCOUNT}:user/*"
DEPLOY = f"arn:aws:iam::{ACCOUNT}:role/Deploy"
MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}


def allow(action: str, on: str, condition: Any = None) -> dict[str, Any]:
    more = {"Condition": condition} if condition else {}
    return {"Effect": "Allow", "Action": action, "Resource": on, **more}


def document(*statements: dict[str, Any], kind: PolicyKind = PolicyKind.IDENTITY) -> Document:
    return from_json({"Version": "2012-10-17", "Statement": [*statements]}, kind=kind)


def with_chief(right: dict[str, Any], trusted: dict[str, Any]) -> Snapshot:
    """Return an account whose administrator has no device, beside a chief with a key.

    The role may do everything, and trusts the whole account.
    """
    start = account()
    for name in ("glass", "machine"):
        start = with_user(start, user(name))
    start = with_user(start, user("admin", attached=(FULL,), password=Password()))
    own = AttachedPolicy("rights", document(right))
    start = with_user(start, user("chief", inline=(own,), keys=(KEY,)))
    who = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
    }
    trust = document({**who, **trusted}, kind=PolicyKind.TRUST)
    roles = tuple(replace(each, trust=trust) for each in start.roles)
    developers = Group("Developers", "/", f"arn:aws:iam::{ACCOUNT}:group/Developers")
    return replace(start, roles=roles, groups=(developers,))


def remains(start: Snapshot) -> Proof:
    """Return what a plan says that enforces MFA the administrator, who has no device."""
    made = plan(Goal(policy_goal(), users=("admin",)), start, ROOT)
    return next(each for each in made.proofs if each.id == "administrator-remains")


CASES: dict[str, tuple[dict[str, Any], dict[str, Any], bool, bool]] = {
    "others-policies": (allow("iam:PutUserPolicy", USERS), {}, True, True),
    "own-policies": (
        *(allow("iam:PutUserPolicy", f"{USERS[:-1]}${{aws:username}}"), {}),
        *(True, True),
    ),
    "versions": (allow("iam:CreatePolicyVersion", "*"), {}, True, True),
    "role": (allow("sts:AssumeRole", DEPLOY), {}, True, True),
    "nothing": (allow("iam:ListUsers", "*"), {}, False, False),
    # a key carries no MFA, which the audit takes a user to have
    "with-mfa": (allow("iam:*", "*", MFA), {}, False, True),
    "role-with-mfa": (allow("sts:AssumeRole", DEPLOY), {"Condition": MFA}, False, True),
}


@pytest.mark.parametrize(("right", "trusted", "by_key", "by_mfa"), CASES.values(), ids=CASES)
def test_who_remains_is_an_administrator_to_the_audit_by_what_they_hold(
    right: dict[str, Any], trusted: dict[str, Any], by_key: bool, by_mfa: bool
) -> None:
    start = with_chief(right, trusted)
    assert powers_of(start)["chief"].administers is by_mfa
    found = remains(start)
    assert found.verdict is (Told.PROVED if by_key else Told.REFUTED)
    assert found.failed == (() if by_key else ("admin",))


def test_whose_policies_were_not_read_may_remain() -> None:
    start = with_chief(allow("iam:ListUsers", "*"), {})
    assert remains(start).verdict is Told.REFUTED
    hidden = f"arn:aws:iam::{ACCOUNT}:policy/Hidden"
    chief = replace(start.user_named["chief"], attached=(hidden,))
    unread = replace(
        with_user(start, chief), gaps=(gap_at("GetPolicy", f"managedPolicy {hidden}"),)
    )
    found = remains(unread)
    assert (found.verdict, found.failed) == (Told.UNKNOWN, ("chief",))
    assert "were not read" in found.shown[0].en


@pytest.mark.parametrize(
    ("hard", "days", "verdict"),
    [
        (True, 1, Told.PROVED),
        (True, -1, Told.REFUTED),
        (True, None, Told.UNKNOWN),
        (False, -1, Told.PROVED),
        (False, None, Told.PROVED),
    ],
)
def test_whose_password_has_expired_for_good_does_not_remain(
    hard: bool, days: int | None, verdict: Told
) -> None:
    start = with_chief(allow("iam:ListUsers", "*"), {})
    start = with_user(start, user("chief", attached=(FULL,), password=Password()))
    rules = PasswordPolicy(max_age=90, hard_expiry=hard, users_may_change=True)
    start = replace(start, password_policy=rules)
    if days is not None:
        good = CredentialRow("admin", "", password_next_rotation=NOW + timedelta(days=1))
        row = replace(good, user="chief", password_next_rotation=NOW + timedelta(days=days))
        report = CredentialReport(NOW, {"admin": good, "chief": row})
        start = replace(start, report=report)
    assert remains(start).verdict is verdict


def test_what_is_not_decided_is_no_administrator_who_remains(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    decided = EnforcementRemovalRights.of

    def of(self: EnforcementRemovalRights, user: Any, *asked: Any) -> Verdict:
        if user.name == "chief":
            return Unknown(Message.both("too many patterns", "パターンが多すぎます"))
        return decided(self, user, *asked)

    monkeypatch.setattr(EnforcementRemovalRights, "of", of)
    found = remains(with_chief(allow("iam:*", "*"), {}))
    assert found.verdict is Told.UNKNOWN
    assert found.failed == ("chief",)
    assert "too many patterns" in found.shown[0].en
    assert "パターンが多すぎます" in found.shown[0].ja


def test_who_becomes_an_administrator_gains() -> None:
    start = with_user(account(), user("console", password=Password()))
    shut = list(to_json(enforcement())["Statement"])

    def made(*more: dict[str, Any]) -> Plan:
        goal = policy_goal(document=document(*shut, *more))
        return plan(Goal(goal, users=("console",)), start, ADMIN)

    # which none of the requests that are sampled is
    rights = allow("iam:DeleteUserPolicy", USERS)
    gains = [each.names for each in made(rights).warnings if each.id == "gains"]
    assert gains == [("console",)]
    assert "gains" not in {each.id for each in made().warnings}


def test_what_only_the_plan_would_let_its_caller_do_stops_it() -> None:
    """The call is made before what denies it is taken away."""
    old = f"arn:aws:iam::{ACCOUNT}:policy/Old"
    deny = {"Effect": "Deny", "Action": "iam:CreateUser", "Resource": "*"}
    start = account()
    start = replace(start, policies={**start.policies, old: managed(old, document(deny))})
    admin = start.user_named["admin"]
    for attached, verdict in (((FULL,), Told.PROVED), ((FULL, old), Told.REFUTED)):
        goal = Goal(
            policy_goal(),
            users=("admin",),
            new_users=(NewUser("jiro"),),
            replaces=(old,) if old in attached else (),
            break_glass=("glass",),
        )
        made = plan(goal, with_user(start, replace(admin, attached=attached)), ADMIN)
        (found,) = [each for each in made.proofs if each.id == "caller-keeps-access"]
        assert found.verdict is verdict
        assert all(each == "iam:CreateUser" for each in found.failed)
