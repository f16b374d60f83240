"""A lost phone: the new password lets its owner in, whatever the policies ask.

Reads `rollout.changes.policies.with_change_password`, because a snapshot made by hand lacks the
policy of AWS that the planner adds.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gaps import gap_at
from rollout.staging import ACCOUNT, ADMIN, CHANGE, NOW, account, policy_goal, user, with_user
from sekisho.account import (
    AccessKey,
    CredentialReport,
    CredentialRow,
    Password,
    Snapshot,
)
from sekisho.engine import AttachedPolicy
from sekisho.policy import PolicyKind, from_json
from sekisho.rollout import (
    Goal,
    NewUser,
    PlanningContext,
    ReplacePassword,
    SafetyVerdict,
    TemporaryPassword,
    plan,
    reset,
)
from sekisho.rollout.changes.policies import with_change_password
from sekisho.signin import PasswordPolicy

KEY = AccessKey("AKIAX", active=True)
ENROL = [
    *("iam:CreateVirtualMFADevice", "iam:EnableMFADevice"),
    *("iam:GetUser", "iam:ListMFADevices", "iam:ListVirtualMFADevices"),
]
NO_MFA = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
LISTS = {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}


def lost(*statements: dict[str, Any], **about: Any) -> Snapshot:
    """Return an account with an administrator, and with eva, who may do what the statements say."""
    own = from_json({"Version": "2012-10-17", "Statement": list(statements)})
    eva = {"inline": (AttachedPolicy("own", own),), "password": Password(), **about}
    return with_user(with_change_password(account()), user("eva", **eva))


@pytest.mark.parametrize(
    ("start", "forced", "impact", "holds"),
    [
        # nobody asks eva for MFA, and she may not change her own password
        (lost(LISTS), False, "gets-in-without-mfa", True),
        # a key does not make the sign-in page any wider
        (lost(LISTS, keys=(KEY,)), False, "gets-in-without-mfa", True),
        # she may change it, and may not enrol
        (lost(LISTS, attached=(CHANGE,)), True, "gets-in-without-mfa", True),
        (
            lost(LISTS, {"Effect": "Allow", "Action": ENROL, "Resource": "*"}),
            False,
            "enrols-again",
            True,
        ),
        # what she could do with MFA would be lost, and she may not enrol
        (
            lost(LISTS, {**LISTS, "Effect": "Deny", "Action": "s3:Get*", "Condition": NO_MFA}),
            False,
            "locked-out",
            False,
        ),
        # everything is denied, with MFA or without
        (lost({"Effect": "Deny", "Action": "*", "Resource": "*"}), False, "locked-out", False),
    ],
)
def test_a_reset_never_ends_at_the_page_for_a_new_password(
    start: Snapshot, forced: bool, impact: str, holds: bool
) -> None:
    made = reset(PlanningContext(start, ADMIN, (), {}), "eva")
    (password,) = [each for each in made.changes if isinstance(each, ReplacePassword)]
    assert password.reset_required is forced
    assert ("no-forced-change" in [note.id for note in made.warnings]) is not forced
    assert [person.impact for person in made.people] == [impact]
    assert ("everyone-gets-in" not in made.problem_ids) is holds, made.problem_ids
    if not holds:
        accepting = PlanningContext(start, ADMIN, (), {"everyone-gets-in:eva": "the phone is lost"})
        (again,) = [
            each for each in reset(accepting, "eva").changes if isinstance(each, ReplacePassword)
        ]
        assert not again.reset_required


def test_everybody_may_change_their_own_password_where_the_account_says_so() -> None:
    may = replace(lost(LISTS), password_policy=PasswordPolicy(users_may_change=True))
    made = reset(PlanningContext(may, ADMIN, (), {}), "eva")
    assert "no-forced-change" not in [note.id for note in made.warnings]
    # what is not known is not taken for a page that lets anybody pass
    gap = gap_at("GetAccountPasswordPolicy")
    made = reset(PlanningContext(replace(lost(LISTS), gaps=(gap,)), ADMIN, (), {}), "eva")
    assert "no-forced-change" in [note.id for note in made.warnings]


ASSUMES = {"Effect": "Allow", "Action": "sts:Assume*", "Resource": "*"}
EVA = f"arn:aws:iam::{ACCOUNT}:user/eva"
MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}


def trusting(start: Snapshot, who: str, condition: dict[str, Any]) -> Snapshot:
    """Return the account with a role that lets somebody in on a condition."""
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": who}}
    written = {"Version": "2012-10-17", "Statement": [{**statement, "Condition": condition}]}
    trust = from_json(written, kind=PolicyKind.TRUST)
    return replace(start, roles=tuple(replace(each, trust=trust) for each in start.roles))


@pytest.mark.parametrize(
    ("start", "holds"),
    [
        (trusting(lost(ASSUMES), ACCOUNT, MFA), False),
        (trusting(lost(ASSUMES), ACCOUNT, {"Null": {"aws:MultiFactorAuthAge": "false"}}), False),
        # a role lets in whom it names, whatever else the user may do
        (trusting(lost(LISTS), EVA, MFA), False),
        (trusting(lost(LISTS), ACCOUNT, MFA), True),
        (trusting(lost(ASSUMES), "210987654321", MFA), True),
        (trusting(lost(ASSUMES), ACCOUNT, {}), True),
    ],
)
def test_a_role_that_asks_for_mfa_is_lost_without(start: Snapshot, holds: bool) -> None:
    made = reset(PlanningContext(start, ADMIN, (), {}), "eva")
    assert ("everyone-gets-in" not in made.problem_ids) is holds


@pytest.mark.parametrize("who", ["", "trustPolicy Ops"])
def test_a_role_that_was_not_read_may_ask_for_mfa(who: str) -> None:
    gap = gap_at("GetAccountAuthorizationDetails", who)
    made = reset(PlanningContext(replace(lost(LISTS), gaps=(gap,)), ADMIN, (), {}), "eva")
    (proof,) = [each for each in made.proofs if each.id == "everyone-gets-in"]
    assert proof.verdict is SafetyVerdict.UNKNOWN
    assert "AccessDenied: no" in proof.shown[0].en


@pytest.mark.parametrize("unread", ["ListAccessKeys", "ListMFADevices"])
def test_the_change_is_forced_whatever_keys_and_devices_there_are(unread: str) -> None:
    start = lost(LISTS, {"Effect": "Allow", "Action": ENROL, "Resource": "*"}, attached=(CHANGE,))
    gap = gap_at(unread, "user eva")
    made = reset(PlanningContext(replace(start, gaps=(gap,)), ADMIN, (), {}), "eva")
    assert [note.id for note in made.warnings] == ["irreversible", "sessions-live-on"]
    assert made.problem_ids == ("gap", "everyone-gets-in"), "which may be the phone that is lost"
    # nor does it count that nobody asks her for MFA
    made = reset(PlanningContext(replace(lost(LISTS), gaps=(gap,)), ADMIN, (), {}), "eva")
    assert made.problem_ids == ("gap", "everyone-gets-in")


LATE = CredentialRow("eva", "", password_next_rotation=NOW - timedelta(days=1))
NO_REPORT = gap_at("GenerateCredentialReport")


@pytest.mark.parametrize(
    "told",
    [{"report": CredentialReport(NOW, {"eva": LATE})}, {"gaps": (NO_REPORT,)}, {}],
    ids=["expired", "unread", "none"],
)
def test_a_new_password_has_not_expired(told: dict[str, Any]) -> None:
    start = lost(LISTS, {"Effect": "Allow", "Action": ENROL, "Resource": "*"})
    hard = PasswordPolicy(max_age=90, hard_expiry=True, users_may_change=True)
    made = reset(
        PlanningContext(replace(start, password_policy=hard, **told), ADMIN, (), {}), "eva"
    )
    assert made.applicable, made.problem_ids
    assert [note.id for note in made.warnings] == ["irreversible", "sessions-live-on"]
    # nor has that of a new user
    goal = Goal(policy_goal(), new_users=(NewUser("taro", password=TemporaryPassword()),))
    made = plan(goal, replace(start, password_policy=hard, **told), ADMIN)
    assert made.applicable, made.problem_ids


def test_why_it_cannot_be_told_whether_a_password_has_expired_is_said() -> None:
    hard = PasswordPolicy(max_age=90, hard_expiry=True)
    start = replace(with_user(account(), user("eva", password=Password())), password_policy=hard)
    made = plan(Goal(policy_goal(), users=("eva",)), start, ADMIN)
    (eva,) = [person for person in made.people if person.user == "eva"]
    assert eva.impact == "unknown"
    assert "no credential report" in eva.text.en
    assert "認証情報レポートがなく" in eva.text.ja
    # one that was set of late has not
    young = user("eva", password=Password(created_at=NOW - timedelta(days=89)))
    assert plan(Goal(policy_goal(), users=("eva",)), with_user(start, young), ADMIN).applicable
