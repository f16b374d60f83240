"""What a plan says: the changes in order, what is so already, and what speaks against it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gaps import gap_at
from rollout.staging import (
    ACCOUNT,
    ADMIN,
    CHANGE,
    ENFORCEMENT,
    EVERYTHING,
    FULL,
    MACHINE,
    NOW,
    account,
    device,
    enforcement,
    five_versions,
    full_goal,
    managed,
    policy_goal,
    user,
    with_user,
)
from sekisho.account import AccessKey, Gap, Group, Password, Snapshot
from sekisho.documents.report import report_text
from sekisho.errors import FaultyInput, UsageError
from sekisho.messages import Language
from sekisho.policy import Preset, to_json
from sekisho.rollout import (
    AttachUserPolicy,
    CreateLoginProfile,
    CreatePolicyVersion,
    CreateUser,
    Goal,
    GroupGoal,
    NewUser,
    Plan,
    PlanCaller,
    PolicyGoal,
    SafetyVerdict,
    Stage,
    TagPolicy,
    TemporaryPassword,
    forecast,
    plan,
    plan_report,
)


def ids(notes: tuple[Any, ...]) -> list[str]:
    return [note.id for note in notes]


def failed(made: Plan) -> list[str]:
    return [proof.id for proof in made.proofs if not proof.holds]


def about(made: Plan, identity: str) -> tuple[str, ...]:
    return next((note.names for note in made.warnings if note.id == identity), ())


def test_the_order_is_safe() -> None:
    made = plan(full_goal(), account(), ADMIN)
    assert [change.address for change in made.changes] == [
        f"policy {ENFORCEMENT}",
        "group Enforced",
        f"group-attachment Enforced {ENFORCEMENT}",
        "user taro",
        f"user-attachment taro {ENFORCEMENT}",
        "membership Enforced taro",
        "membership Developers taro",
        f"user-attachment taro {CHANGE}",
        "login-profile taro",
        "user jiro",
        f"user-attachment jiro {ENFORCEMENT}",
        f"user-attachment machine {ENFORCEMENT}",
        "membership Enforced hanako",
        f"user-attachment admin {ENFORCEMENT}",
    ]
    assert made.applicable
    assert made.complete
    assert made.before == {change.address: change.before for change in made.changes}


def test_a_plan_on_its_own_outcome_is_empty() -> None:
    made = plan(full_goal(), account(), ADMIN)
    after = forecast(account(), made.changes)
    again = plan(full_goal(), after, ADMIN)
    assert again.changes == ()
    # the tags come with the policy at first; later each is looked at by itself
    tags = {f"policy-tag {ENFORCEMENT} {key}" for key in ("team", "cost")}
    expected = {change.address for change in made.changes} | tags
    expected = expected - {f"policy {ENFORCEMENT}"} | {f"policy-versions {ENFORCEMENT}"}
    assert set(again.unchanged_addresses) == expected
    assert again.warnings == ()
    assert again.applicable


def test_an_existing_policy_gets_a_version_and_tags() -> None:
    old = managed(
        ENFORCEMENT, enforcement(Preset.AWS), tags={"team": "it", "own": "1"}, versions=("v1", "v3")
    )
    start = replace(account(), policies={**account().policies, ENFORCEMENT: old})
    made = plan(Goal(policy_goal()), start, ADMIN)
    replaced = {
        "default": "v1",
        "document": to_json(enforcement(Preset.AWS)),
        "versions": ["v1", "v3"],
    }
    assert made.changes == (
        CreatePolicyVersion(ENFORCEMENT, to_json(enforcement()), replaced),
        TagPolicy(ENFORCEMENT, "team", "security", "it"),
        TagPolicy(ENFORCEMENT, "cost", "0", None),
    )
    assert ids(made.warnings) == ["description-stays"]


def test_a_user_without_a_password_gets_none() -> None:
    goal = Goal(policy_goal(), new_users=(NewUser("jiro", attach_policy=False),))
    kinds = [type(change) for change in plan(goal, account(), ADMIN).changes[1:]]
    assert kinds == [CreateUser]


def test_a_password_that_need_not_change_needs_no_permission() -> None:
    goal = Goal(policy_goal(), new_users=(NewUser("jiro", password=TemporaryPassword(False)),))
    changes = plan(goal, account(), ADMIN).changes
    assert AttachUserPolicy("jiro", CHANGE) not in changes
    assert CreateLoginProfile("jiro", reset_required=False) in changes


# What speaks against a plan


def without_device(snapshot: Snapshot) -> Snapshot:
    return with_user(snapshot, user("admin", attached=(FULL,), password=Password()))


def no_glass(snapshot: Snapshot) -> Snapshot:
    """Return the account in which `admin` alone can administer."""
    for name in ("glass", "machine"):
        snapshot = with_user(snapshot, user(name))
    developers = Group("Developers", "/", f"arn:aws:iam::{ACCOUNT}:group/Developers")
    return replace(snapshot, groups=(developers,))


@pytest.mark.parametrize(
    ("caller", "goal", "fails"),
    [
        (ADMIN, full_goal(), []),
        (PlanCaller(ADMIN.arn, mfa=False), full_goal(), ["caller-keeps-access"]),
        # who is not enforced needs no MFA
        (PlanCaller(ADMIN.arn, mfa=False), MACHINE, []),
        (PlanCaller(f"arn:aws:iam::{ACCOUNT}:user/dev/hanako", mfa=True), MACHINE, []),
        (PlanCaller(f"arn:aws:iam::{ACCOUNT}:root"), full_goal(), []),
        (PlanCaller(f"arn:aws:sts::{ACCOUNT}:assumed-role/Deploy/me"), full_goal(), []),
    ],
)
def test_the_caller_keeps_access(caller: PlanCaller, goal: Goal, fails: list[str]) -> None:
    made = plan(goal, account(), caller)
    assert failed(made) == fails
    assert made.applicable is (not fails)


def test_a_caller_who_may_not_roll_back_may_not_apply(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    apply_only = {
        "Version": "2012-10-17",
        "Statement": [
            *EVERYTHING["Statement"],
            {"Effect": "Deny", "Action": "iam:DetachUserPolicy", "Resource": "*"},
        ],
    }
    start = replace(account(), policies={FULL: managed(FULL, apply_only)})
    made = plan(MACHINE, start, ADMIN)
    (proof,) = [proof for proof in made.proofs if not proof.holds]
    machine = f"arn:aws:iam::{ACCOUNT}:user/machine"
    assert proof.failed == ("iam:DetachUserPolicy",)
    (shown,) = proof.shown
    assert (shown.en, shown.ja) == (
        f"Explicitly denied on `{machine}`",
        f"明示的な拒否 (`{machine}`)",
    )
    for lang, decision in ((Language.EN, shown.en), (Language.JA, shown.ja)):
        assert f"    iam:DetachUserPolicy: {decision}" in [
            *report_text(plan_report(made), lang).splitlines()
        ]


@pytest.mark.parametrize(
    ("arn", "reason"),
    [
        ("arn:aws:iam::999999999999:user/admin", "other-account"),
        (f"arn:aws-cn:iam::{ACCOUNT}:user/admin", "other-account"),
        ("admin", "other-account"),
        (f"arn:aws:iam::{ACCOUNT}:user/nobody", "caller-unknown"),
        (f"arn:aws:sts::{ACCOUNT}:assumed-role/Nobody/me", "caller-unknown"),
        (f"arn:aws:sts::{ACCOUNT}:federated-user/admin", "caller-unknown"),
    ],
)
def test_a_caller_who_cannot_be_judged_is_refused(arn: str, reason: str) -> None:
    made = plan(MACHINE, account(), PlanCaller(arn, mfa=True))
    assert reason in ids(made.reasons)
    assert not made.applicable
    verdicts = {proof.id: proof.verdict for proof in made.proofs}
    assert verdicts["caller-keeps-access"] is SafetyVerdict.UNKNOWN


def test_break_glass_is_not_enforced_through_a_group() -> None:
    start = with_user(account(), user("glass", attached=(FULL,), groups=("Developers",)))
    goal = Goal(policy_goal(), group=GroupGoal("Developers"), break_glass=("glass",))
    made = plan(goal, start, ADMIN)
    assert failed(made) == ["break-glass-untouched"]
    assert not made.applicable


def test_break_glass_is_not_touched_by_a_new_version() -> None:
    start = with_user(account(), user("glass", attached=(FULL, ENFORCEMENT)))
    enforced = managed(ENFORCEMENT, enforcement(Preset.AWS))
    start = replace(start, policies={**start.policies, ENFORCEMENT: enforced})
    made = plan(Goal(policy_goal(), break_glass=("glass",)), start, ADMIN)
    assert failed(made) == ["break-glass-untouched"]


def test_the_last_administrator_needs_a_device() -> None:
    goal = Goal(policy_goal(), users=("admin",))
    assert failed(plan(goal, no_glass(account()), ADMIN)) == []
    made = plan(goal, no_glass(without_device(account())), ADMIN)
    assert failed(made) == ["administrator-remains"]
    # somebody else who can administer is enough
    assert failed(plan(goal, without_device(account()), ADMIN)) == []


@pytest.mark.parametrize(
    ("gap", "applicable"),
    [
        (gap_at("GetAccountAuthorizationDetails"), False),
        (gap_at("GetPolicy", f"managedPolicy {FULL}"), False),
        (gap_at("ListMFADevices", "user machine"), False),
        (gap_at("GetLoginProfile", "user admin"), False),
        # nothing of this plan depends on these
        (gap_at("ListMFADevices", "user hanako"), True),
        (gap_at("GetAccessKeyLastUsed", "user hanako"), True),
        (gap_at("ListVirtualMFADevices"), True),
    ],
)
def test_a_gap_never_turns_into_a_pass(gap: Gap, applicable: bool) -> None:
    made = plan(MACHINE, replace(account(), gaps=(gap,)), ADMIN)
    assert not made.complete
    assert made.applicable is applicable
    assert ids(made.reasons) == ([] if applicable else ["gap"])


def test_a_key_in_use_that_stops_needs_somebodys_word() -> None:
    for used, gaps, against in (
        (NOW - timedelta(days=200), (), ()),
        (NOW - timedelta(days=2), (), ("keys-in-use",)),
        (None, (), ()),
        (None, (gap_at("GetAccessKeyLastUsed", "user machine"),), ("keys-in-use",)),
        (None, (gap_at("GetAccessKeyLastUsed", "", "not there"),), ("keys-in-use",)),
    ):
        key = AccessKey("AKIAX", active=True, last_used=used)
        start = with_user(account(), user("machine", attached=(FULL,), keys=(key,)))
        made = plan(MACHINE, replace(start, gaps=gaps), ADMIN)
        assert made.problem_ids == against
        if against:
            accepted = plan(MACHINE, start, ADMIN, {}) if not gaps else made
            assert not accepted.applicable
            word = {"keys-in-use:machine": "it is switched to a role tomorrow"}
            accepted = plan(MACHINE, replace(start, gaps=gaps), ADMIN, word)
            assert accepted.applicable
            assert Plan.from_json(accepted.to_json()).accepted == word


@pytest.mark.parametrize(
    ("name", "service", "mfa", "against"),
    [
        # the caller's own key got the session that asks
        ("admin", "sts", True, ()),
        ("admin", "s3", True, ("keys-in-use",)),
        # without MFA it is the key itself that asks
        ("admin", "sts", False, ("keys-in-use",)),
        # somebody else's may be of a script that assumes a role
        ("machine", "sts", True, ("keys-in-use",)),
    ],
)
def test_the_callers_key_that_got_the_session_is_not_in_use(
    name: str, service: str, mfa: bool, against: tuple[str, ...]
) -> None:
    key = AccessKey("AKIAX", active=True, last_used=NOW, last_service=service)
    there = account().user_named[name]
    start = with_user(account(), replace(there, keys=(key,), devices=(device(name),)))
    made = plan(Goal(policy_goal(), users=(name,)), start, replace(ADMIN, mfa=mfa))
    assert [each for each in made.problem_ids if each == "keys-in-use"] == [*against]
    warned = [note.names for note in made.warnings if note.id == "own-key-for-sts"]
    assert warned == ([] if against else [("admin",)])


@pytest.mark.parametrize(
    ("identity", "message"),
    [("nonsense", "is not a problem of a plan"), ("quota", "cannot be accepted")],
)
def test_what_cannot_be_accepted_is_refused(identity: str, message: str) -> None:
    start = crowded(account(), attached=10)
    with pytest.raises(UsageError, match=message):
        plan(MACHINE, start, ADMIN, {identity: "because"})


def account_as_it_is(snapshot: Snapshot) -> Snapshot:
    return snapshot


def crowded(snapshot: Snapshot, *, groups: int = 0, attached: int = 0) -> Snapshot:
    more = {f"{FULL}{number}": managed(FULL, EVERYTHING) for number in range(attached)}
    names = [f"G{number}" for number in range(groups)]
    found = tuple(Group(n, "/", f"arn:aws:iam::{ACCOUNT}:group/{n}") for n in names)
    full = user("machine", attached=tuple(more), groups=tuple(names))
    start = replace(
        snapshot, policies={**snapshot.policies, **more}, groups=(*snapshot.groups, *found)
    )
    return with_user(start, full)


def elsewhere(snapshot: Snapshot) -> Snapshot:
    arn = f"arn:aws:iam::{ACCOUNT}:policy/old/FORCE_MFA"
    return replace(snapshot, policies={**snapshot.policies, arn: managed(arn, EVERYTHING)})


@pytest.mark.parametrize(
    ("change", "goal", "reason"),
    [
        (lambda start: crowded(start, attached=9), MACHINE, None),
        (lambda start: crowded(start, attached=10), MACHINE, "quota"),
        (
            lambda start: crowded(start, groups=10),
            Goal(policy_goal(), group=GroupGoal("Enforced", ("machine",))),
            "quota",
        ),
        (five_versions, MACHINE, "quota"),
    ],
)
def test_what_aws_would_refuse_is_said_before(
    change: Callable[[Snapshot], Snapshot], goal: Goal, reason: str | None
) -> None:
    made = plan(goal, change(account()), ADMIN)
    assert ids(made.reasons) == ([reason] if reason else [])
    assert made.applicable is (reason is None)


@pytest.mark.parametrize(
    ("change", "goal", "where"),
    [
        (elsewhere, MACHINE, "policy.name"),
        (
            account_as_it_is,
            Goal(policy_goal(), group=GroupGoal("Developers", path="/x/")),
            "group.name",
        ),
        (
            account_as_it_is,
            Goal(policy_goal(), new_users=(NewUser("HANAKO", "/dev/"),)),
            "new_users[0].name",
        ),
    ],
)
def test_a_name_that_something_else_has_is_a_fault(
    change: Callable[[Snapshot], Snapshot], goal: Goal, where: str
) -> None:
    with pytest.raises(FaultyInput, match="is taken by") as caught:
        plan(goal, change(account()), ADMIN)
    assert [fault.path for fault in caught.value.faults] == [where]


# What people will feel


def test_warnings_name_people() -> None:
    made = plan(full_goal(), account(), ADMIN)
    assert about(made, "keys-stop") == ("machine",)
    assert about(made, "must-enrol") == ("hanako", "jiro", "machine", "taro")
    assert about(made, "dead-lock") == ()
    assert about(made, "cannot-enrol") == ()


def test_the_first_sign_in_dead_locks_under_aws_sample() -> None:
    new = NewUser("taro", "/dev/", password=TemporaryPassword(allow_change=True))
    goal = Goal(policy_goal(document=enforcement(Preset.AWS)), users=("hanako",), new_users=(new,))
    made = plan(goal, account(), ADMIN)
    # an Allow does not beat the MFA enforcement's explicit Deny
    assert about(made, "dead-lock") == ("taro",)
    # and `user/${aws:username}` does not match a user with a path, who has no other permission
    assert about(made, "cannot-enrol") == ("taro",)
    assert about(made, "must-enrol") == ("hanako",)
    assert made.problem_ids == ("everyone-gets-in",)
    (proof,) = [proof for proof in made.proofs if proof.id == "everyone-gets-in"]
    assert (proof.verdict, proof.failed) == (SafetyVerdict.REFUTED, ("taro",))
    assert "AccessDenied" in proof.shown[0].en
    fates = {person.user: person.impact for person in made.people}
    assert fates == {"hanako": "enrols-first", "taro": "locked-out"}


def test_a_key_that_is_off_does_not_stop() -> None:
    start = with_user(
        account(), user("machine", attached=(FULL,), keys=(AccessKey("AKIAX", active=False),))
    )
    assert about(plan(MACHINE, start, ADMIN), "keys-stop") == ()


def test_a_policy_that_does_not_enforce_mfa_is_a_problem() -> None:
    goal = Goal(policy_goal(document=managed(FULL, EVERYTHING).document), users=("machine",))
    made = plan(goal, account(), ADMIN)
    (proof,) = [proof for proof in made.proofs if proof.id == "enforcement"]
    assert (proof.verdict, proof.failed) == (SafetyVerdict.REFUTED, ("machine",))
    assert "is allowed" in proof.shown[0].en


def test_a_goal_that_is_reached_is_judged_all_the_same() -> None:
    everything = managed(ENFORCEMENT, EVERYTHING, tags={"team": "security", "cost": "0"})
    start = with_user(account(), user("machine", attached=(FULL, ENFORCEMENT)))
    start = replace(start, policies={**start.policies, ENFORCEMENT: everything})
    goal = Goal(policy_goal(document=everything.document), users=("machine",))
    made = plan(goal, start, ADMIN)
    assert made.changes == ()
    assert made.problem_ids == ("enforcement",)


@pytest.mark.parametrize("second", [False, True])
def test_the_enforcement_cannot_be_replaced_by_itself(second: bool) -> None:
    strict = PolicyGoal("Strict", enforcement())
    arn = ENFORCEMENT.replace("Force_MFA", "Strict") if second else ENFORCEMENT
    start = replace(account(), policies={**account().policies, arn: managed(arn, enforcement())})
    goal = Goal(policy_goal(), users=("machine",), enrolled=Stage(strict), replaces=(arn,))
    with pytest.raises(FaultyInput, match="replaced by itself") as caught:
        plan(goal, start, ADMIN)
    assert [fault.path for fault in caught.value.faults] == ["replaces"]


def test_a_device_makes_no_need_to_enrol() -> None:
    start = with_user(account(), user("machine", attached=(FULL,), devices=(device("machine"),)))
    assert about(plan(MACHINE, start, ADMIN), "must-enrol") == ()


@pytest.mark.parametrize(
    ("lang", "text", "said"),
    [
        (Language.EN, "MFA first.", "which cannot be changed later: MFA first."),
        (Language.JA, "MFA first.", "説明 (後から変更できません): MFA first."),
        (Language.EN, "", "without a description; none can be added later"),
        (Language.JA, "", "説明なし (後から追加できません)"),
    ],
)
def test_that_a_description_is_for_good_is_said(lang: Language, text: str, said: str) -> None:
    made = plan(Goal(policy_goal(description=text), users=("machine",)), account(), ADMIN)
    (line,) = [line for line in report_text(plan_report(made), lang).splitlines() if said in line]
    assert line.startswith("    ")
    there = replace(
        account(),
        policies={FULL: account().policies[FULL], ENFORCEMENT: managed(ENFORCEMENT, enforcement())},
    )
    again = plan(Goal(policy_goal(description=text), users=("machine",)), there, ADMIN)
    assert not [line for line in report_text(plan_report(again), lang).splitlines() if said in line]
