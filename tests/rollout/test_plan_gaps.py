"""What could not be read of the people of a plan is no proof about them, nor are people missing."""

from dataclasses import replace
from datetime import timedelta

import pytest

from administered import ACCOUNT, FULL
from gaps import gap_at
from rollout.staging import ADMIN, MACHINE, account, policy_goal, user, with_user
from sekisho.account import AccessKey, CredentialReport, CredentialRow, Password, Snapshot
from sekisho.audit.exceptions import Exceptions
from sekisho.documents import yaml_shape
from sekisho.documents.report import report_text
from sekisho.errors import Code, PlanRefused
from sekisho.messages import Language
from sekisho.rollout import (
    Goal,
    GroupGoal,
    NewUser,
    Plan,
    PlanCaller,
    PlanningContext,
    Proof,
    SafetyVerdict,
    goal_of,
    offboard,
    plan,
    plan_report,
    planning_context,
    policy_arn,
    reset,
)
from sekisho.signin import PasswordPolicy

GAPS = ("GetLoginProfile", "ListAccessKeys", "ListMFADevices")
ROLE = PlanCaller(f"arn:aws:sts::{ACCOUNT}:assumed-role/Deploy/ops")
EVERYBODY = Goal(policy_goal(), users=("hanako", "machine"))


def unread(snapshot: Snapshot, *gaps: str, who: str = "") -> Snapshot:
    """Return the account without what these operations tell, as an export of AWS is."""
    users = (
        replace(
            each,
            password=None if "GetLoginProfile" in gaps else each.password,
            keys=() if "ListAccessKeys" in gaps else each.keys,
            devices=() if "ListMFADevices" in gaps else each.devices,
        )
        if who in ("", each.name)
        else each
        for each in snapshot.users
    )
    about = f"user {who}" if who else ""
    found = tuple(gap_at(what, about) for what in gaps)
    return replace(snapshot, users=tuple(users), gaps=found)


def proof(made: Plan, identity: str) -> Proof:
    (found,) = [each for each in made.proofs if each.id == identity]
    return found


def about(made: Plan, identity: str) -> tuple[str, ...]:
    return tuple(
        n for each in (*made.reasons, *made.warnings) if each.id == identity for n in each.names
    )


@pytest.mark.parametrize("gap", GAPS)
@pytest.mark.parametrize("who", ["", "hanako"])
def test_what_somebody_holds_and_was_not_read_is_unknown(gap: str, who: str) -> None:
    start = unread(account(), gap, who=who)
    made = plan(EVERYBODY, start, ADMIN, {f"gap:{who}" if who else "gap": "we know them"})
    found = proof(made, "everyone-gets-in")
    assert found.verdict is SafetyVerdict.UNKNOWN
    assert found.failed == (("hanako", "machine") if not who else ("hanako",))
    assert all(gap in why.en and gap in why.ja for why in found.shown)
    assert not made.applicable
    fates = {person.user: person for person in made.people}
    assert fates["hanako"].impact == "unknown"
    assert f"their credentials were not read ({gap})" in fates["hanako"].text.en
    if who:
        assert fates["machine"].impact == "enrols-first"


def test_a_password_policy_that_was_not_read_is_taken_both_ways() -> None:
    start, goal = account(), Goal(policy_goal(), users=("hanako",))
    row = CredentialRow("hanako", start.user_named["hanako"].arn, password_enabled=True)
    late = replace(row, password_next_rotation=start.taken_at - timedelta(days=1))
    unread = replace(
        start, password_policy=None, gaps=(gap_at("GetAccountPasswordPolicy", "", "AccessDenied"),)
    )

    def entry(snapshot: Snapshot, told: CredentialRow) -> Proof:
        report = CredentialReport(snapshot.taken_at, {"hanako": told})
        return proof(plan(goal, replace(snapshot, report=report), ADMIN), "everyone-gets-in")

    hard = replace(start, password_policy=PasswordPolicy(max_age=90, hard_expiry=True))
    assert entry(hard, late).verdict is SafetyVerdict.REFUTED
    found = entry(unread, late)
    assert found.verdict is SafetyVerdict.UNKNOWN
    assert all("GetAccountPasswordPolicy: AccessDenied" in why.en for why in found.shown)
    # whose password is still good gets in whatever it says
    assert entry(unread, row).verdict is SafetyVerdict.PROVED


def test_an_export_without_credentials_proves_nothing_about_them() -> None:
    made = plan(EVERYBODY, unread(account(), *GAPS), ROLE, {"gap": "ok"})
    unknown = {each.id for each in made.proofs if each.verdict is SafetyVerdict.UNKNOWN}
    assert unknown == {"everyone-gets-in", "administrator-remains"}
    assert about(made, "keys-in-use") == ("hanako", "machine")
    assert about(made, "must-enrol") == about(made, "cannot-enrol") == ()
    assert about(made, "keys-stop") == ()


def test_keys_that_were_not_read_may_be_in_use() -> None:
    made = plan(EVERYBODY, unread(account(), "ListAccessKeys", who="hanako"), ADMIN)
    # the machine's key was read, and was never used
    assert about(made, "keys-in-use") == ("hanako",)
    assert about(made, "keys-stop") == ("machine",)


def test_who_is_like_somebody_unread_is_told_apart() -> None:
    start = with_user(
        account(), user("kenji", path="/dev/", groups=("Developers",), password=Password())
    )
    goal = Goal(policy_goal(), users=("hanako", "kenji"))
    for who, other in (("hanako", "kenji"), ("kenji", "hanako")):
        made = plan(goal, unread(start, "ListMFADevices", who=who), ADMIN)
        assert about(made, "must-enrol") == (other,)
        assert proof(made, "everyone-gets-in").failed == (who,)


@pytest.mark.parametrize("gap", GAPS)
def test_who_is_reset_and_was_not_read_is_unknown(gap: str) -> None:
    at = PlanningContext(unread(account(), gap, who="hanako"), ADMIN, accepted={"gap:hanako": "ok"})
    made = reset(at, "hanako")
    assert proof(made, "everyone-gets-in").verdict is SafetyVerdict.UNKNOWN
    assert [person.impact for person in made.people] == ["unknown"]


def only(*names: str) -> Snapshot:
    start: Snapshot = account()
    return replace(start, users=tuple(u for u in start.users if u.name in names))


def test_where_nobody_could_administer_before_that_is_said() -> None:
    start = only("hanako", "glass")
    made = plan(Goal(policy_goal(), users=("hanako",)), start, ROLE)
    # hanako is in a group that may do everything, and gets in without MFA: she could
    assert proof(made, "administrator-remains").verdict is SafetyVerdict.REFUTED
    made = plan(Goal(policy_goal(), users=("glass",)), only("glass"), ROLE)
    found = proof(made, "administrator-remains")
    assert found.verdict is SafetyVerdict.NOBODY
    assert found.text.en.startswith("No user could administer users before")
    assert "もともと" in found.text.ja


def test_an_administrator_whose_credentials_were_not_read_is_unknown() -> None:
    start = only("glass", "admin")
    made = offboard(PlanningContext(unread(start, *GAPS, who="admin"), ROLE), "admin")
    found = proof(made, "administrator-remains")
    assert found.verdict is SafetyVerdict.UNKNOWN
    assert found.failed == ("admin",)
    # somebody who is known to administer is enough, whoever else was not read
    start = with_user(
        start,
        user(
            "chief", attached=start.users[0].attached, keys=(AccessKey("AKIACHIEF", active=True),)
        ),
    )
    made = offboard(PlanningContext(unread(start, *GAPS, who="admin"), ROLE), "admin")
    assert proof(made, "administrator-remains").verdict is SafetyVerdict.PROVED


def test_an_account_whose_users_were_not_all_read_may_have_an_administrator() -> None:
    gap = gap_at("GetAccountAuthorizationDetails")
    root = PlanCaller(f"arn:aws:iam::{ACCOUNT}:root")
    goal = Goal(policy_goal(), new_users=(NewUser("jiro"),))
    made = plan(goal, replace(account(), users=(), gaps=(gap,)), root, {"gap": "ok"})
    assert proof(made, "administrator-remains").verdict is SafetyVerdict.UNKNOWN


def test_where_no_break_glass_user_is_named_that_is_said() -> None:
    found = proof(plan(MACHINE, account(), ADMIN), "break-glass-untouched")
    assert found.verdict is SafetyVerdict.NOBODY
    assert found.text.en == "No break-glass user is named, so none is protected."
    named = replace(MACHINE, break_glass=("glass",))
    found = proof(plan(named, account(), ADMIN), "break-glass-untouched")
    assert found.verdict is SafetyVerdict.PROVED
    assert found.text.en.startswith("Break-glass users are unaffected")


def test_a_break_glass_user_whose_policies_were_not_read_is_untouched_if_nothing_changes() -> None:
    """Unknown it is where a policy changes or is made that they may have."""
    unread_policy = f"arn:aws:iam::{ACCOUNT}:policy/Unread"
    glass = user("glass", attached=(FULL, unread_policy))
    start = replace(
        with_user(account(), glass),
        gaps=(gap_at("GetPolicyVersion", f"policyVersion {unread_policy}"),),
    )
    goal = replace(MACHINE, break_glass=("glass",))
    made = plan(goal, start, ADMIN)
    assert proof(made, "break-glass-untouched").verdict is SafetyVerdict.PROVED
    held = replace(glass, attached=(*glass.attached, policy_arn(start, goal.policy)))
    found = proof(plan(goal, with_user(start, held), ADMIN), "break-glass-untouched")
    assert (found.verdict, found.failed) == (SafetyVerdict.UNKNOWN, ("glass",))
    assert found.shown[0].en.startswith("unknown: ")
    # a plan that gives their group something touches them, whatever else was not read
    start = with_user(start, replace(glass, groups=("Developers",)))
    group = GroupGoal("Developers", ("hanako",))
    touching = plan(Goal(policy_goal(), group=group, break_glass=("glass",)), start, ADMIN)
    assert proof(touching, "break-glass-untouched").verdict is SafetyVerdict.REFUTED


@pytest.mark.parametrize(
    ("lang", "label"), [(Language.EN, "concerns nobody"), (Language.JA, "対象なし")]
)
def test_a_check_about_nobody_is_not_called_proved(lang: Language, label: str) -> None:
    made = Plan.from_json(plan(MACHINE, account(), ADMIN).to_json())
    assert made.applicable
    (line,) = [
        each
        for each in report_text(plan_report(made), lang).splitlines()
        if "break-glass-untouched" in each
    ]
    assert line.split("  ")[1] == label


def test_where_the_users_were_not_read_that_is_what_is_wrong() -> None:
    gap = gap_at("GetAccountAuthorizationDetails", "", "AccessDenied: not authorized")
    start = replace(account(), users=(), groups=(), gaps=(gap,))
    shape = yaml_shape("who: [{all: true}, {user: hanako}]\nbreakGlass: [glass]\n", "goal.yaml")
    said = "`GetAccountAuthorizationDetails`: AccessDenied: not authorized"
    with pytest.raises(PlanRefused, match=said) as caught:
        goal_of(shape, "goal.yaml", start, Exceptions())
    assert caught.value.code is Code.PLAN_INCOMPLETE
    with pytest.raises(PlanRefused, match=said):
        planning_context(start, ADMIN, ("glass",), {})
