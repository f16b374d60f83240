"""Taking a plan back leaves nobody without enforcement who came to it since.

Or was made and stays.

Reads the sentences of `rollout.applying.dependents`, because which of several reasons it was is the
law.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from administered import FULL
from checkpoint import Checkpoint
from rollout.staging import (
    CHANGE,
    ENFORCEMENT,
    EVERYTHING,
    NOW,
    TRUST,
    AppliedPlan,
    Refusing,
    enforcement,
    policy_goal,
)
from rollout.test_laws import made, password
from sekisho.account import AwsApi, collect
from sekisho.audit.enforcement import enforcements_of
from sekisho.localaws import LocalAws
from sekisho.policy import Preset, to_json
from sekisho.prover import Enforced
from sekisho.rollout import (
    BY_JOURNAL,
    Goal,
    GroupGoal,
    Journal,
    NewUser,
    Plan,
    RollbackChoices,
    RollbackReport,
    TemporaryPassword,
    affected_names,
    execute,
    roll_back,
)
from sekisho.rollout.applying.dependents import AFFECTED_UNREAD, ALSO_AFFECTS, STAYS_WITH

LEAVE = RollbackChoices(leave_unenforced=True)
ATTACHMENT = f"group-attachment Enforced {ENFORCEMENT}"
OLD = ENFORCEMENT.replace("Force_MFA", "Old")
OLD_ENFORCEMENT = f"group-attachment Enforced {OLD}"
VERSIONS = f"policy-versions {ENFORCEMENT}"
POLICY = f"policy {ENFORCEMENT}"
TARO = NewUser("taro", "/", {}, TemporaryPassword())
Colleague = Callable[[Any], object]


class Account:
    """The company's account, and plans in it, each with a journal of its own."""

    def __init__(self, api: AwsApi, iam: Any, folder: Path) -> None:
        self.api, self.iam = api, iam
        self._folder = folder

    def applied(self, goal: Goal) -> Plan:
        whole = made(self.api, goal)
        journal = self.journal(whole)
        assert execute(whole, self.api, journal, passwords=password, now=lambda: NOW).complete
        return whole

    def journal(self, whole: Plan) -> Journal:
        return Journal(self._folder / whole.digest)

    def back(
        self, whole: Plan, api: AwsApi | None = None, choices: RollbackChoices = BY_JOURNAL
    ) -> RollbackReport:
        journal = self.journal(whole)
        report = roll_back(whole, journal, api or self.api, now=lambda: NOW, choices=choices)
        assert report.complete, report
        return report

    def left(self, whole: Plan, choices: RollbackChoices = BY_JOURNAL) -> set[str]:
        return {each.address for each in self.back(whole, choices=choices).left}

    def enforced(self, name: str) -> Enforced:
        return enforcements_of(collect(self.api, now=NOW))[name].enforced


@pytest.fixture
def account(local: LocalAws, api: AwsApi, iam: Any, tmp_path: Path) -> Account:
    return Account(api, iam, tmp_path)


def reasons(report: RollbackReport) -> dict[str, object]:
    return {each.address: each.reason for each in report.left}


def test_whoever_another_plan_brought_into_the_group_stays_enforced(account: Account) -> None:
    first = account.applied(Goal(policy_goal(), group=GroupGoal("Enforced", ("hanako",))))
    taro = NewUser(
        "taro", "/", {}, TemporaryPassword(), attach_policy=False, groups=("Developers",)
    )
    later = Goal(policy_goal(), group=GroupGoal("Enforced", ("taro",)), new_users=(taro,))
    second = account.applied(later)
    report = account.back(first)
    assert set(reasons(report)) == {ATTACHMENT, "group Enforced", POLICY}
    assert reasons(report)[ATTACHMENT] == ALSO_AFFECTS.filled(what=affected_names(["user taro"]))
    assert report.undone == ("membership Enforced hanako",), "hers is the plan's own"
    assert account.enforced("taro") is Enforced.PROVED

    assert account.left(second) == set()
    assert account.left(first) == set(), "whom it guarded is gone"


def enforcement_open_before(account: Account) -> None:
    document = {"Effect": "Allow", "Action": "iam:GetUser", "Resource": "*"}
    text = json.dumps({"Version": "2012-10-17", "Statement": [document]})
    account.iam.create_policy(PolicyName="Force_MFA", PolicyDocument=text)


def test_a_version_that_enforcements_others_by_now_stays(account: Account) -> None:
    enforcement_open_before(account)
    first = account.applied(Goal(policy_goal(), users=("hanako",)))
    account.applied(Goal(policy_goal(), users=("machine",)))
    report = account.back(first)
    assert reasons(report) == {VERSIONS: ALSO_AFFECTS.filled(what=affected_names(["user machine"]))}
    assert account.enforced("machine") is Enforced.PROVED

    assert account.left(first, choices=LEAVE) == set()
    assert account.enforced("machine") is Enforced.REFUTED


def joins_a_group(iam: Any) -> None:
    iam.create_group(GroupName="Staff")
    iam.attach_group_policy(GroupName="Staff", PolicyArn=ENFORCEMENT)


def attaches_to_role(iam: Any) -> None:
    iam.create_role(RoleName="app-server", AssumeRolePolicyDocument=json.dumps(TRUST))
    iam.attach_role_policy(RoleName="app-server", PolicyArn=ENFORCEMENT)


@pytest.mark.parametrize(
    ("colleague", "who"),
    [
        (joins_a_group, "group Staff"),
        (attaches_to_role, "role app-server"),
        (lambda iam: iam.add_user_to_group(GroupName="Enforced", UserName="glass"), "user glass"),
    ],
    ids=["another-group", "a-role", "a-member"],
)
def test_a_version_stays_for_whatever_has_the_policy(
    account: Account, colleague: Colleague, who: str
) -> None:
    enforcement_open_before(account)
    account.iam.create_group(GroupName="Enforced")
    account.iam.attach_group_policy(GroupName="Enforced", PolicyArn=ENFORCEMENT)
    whole = account.applied(Goal(policy_goal(), group=GroupGoal("Enforced", ("hanako",))))
    colleague(account.iam)
    assert reasons(account.back(whole)) == {
        VERSIONS: ALSO_AFFECTS.filled(what=affected_names([who]))
    }


def test_whom_somebody_else_put_back_stays_enforced(account: Account) -> None:
    """The plan knows her, and took her out: that she is there again is not its doing."""
    enforcement_open_before(account)
    whole = account.applied(Goal(policy_goal(), group=GroupGoal("Enforced", ("hanako",))))
    stopped = Refusing(account.api, "DetachGroupPolicy")
    roll_back(whole, account.journal(whole), stopped, now=lambda: NOW)
    account.iam.add_user_to_group(GroupName="Enforced", UserName="hanako")
    again = "membership Enforced hanako"  # not as before the plan, by whomever
    assert account.left(whole) == {ATTACHMENT, "group Enforced", VERSIONS, again}
    account.iam.remove_user_from_group(GroupName="Enforced", UserName="hanako")
    assert account.left(whole) == set()


USES: dict[str, Colleague] = {
    "key": lambda iam: iam.create_access_key(UserName="taro"),
    "rights": lambda iam: iam.attach_user_policy(UserName="taro", PolicyArn=FULL),
    "group": lambda iam: iam.add_user_to_group(GroupName="Developers", UserName="taro"),
    "inline": lambda iam: iam.put_user_policy(
        UserName="taro", PolicyName="own", PolicyDocument=json.dumps(EVERYTHING)
    ),
    "git": lambda iam: iam.upload_ssh_public_key(UserName="taro", SSHPublicKeyBody="ssh-rsa AAAA"),
    "service": lambda iam: iam.create_service_specific_credential(
        UserName="taro", ServiceName="cassandra.amazonaws.com"
    ),
    "tag": lambda iam: iam.tag_user(UserName="taro", Tags=[{"Key": "desk", "Value": "4"}]),
}


@pytest.fixture(scope="module")
def with_taro(
    fresh: Checkpoint, api: AwsApi, tmp_path_factory: pytest.TempPathFactory
) -> AppliedPlan:
    local, folder = fresh.restore(), tmp_path_factory.mktemp("applied")
    whole = made(api, Goal(policy_goal(), new_users=(TARO,)))
    return AppliedPlan.of(whole, api, local, folder, password)


@pytest.mark.parametrize("use", USES)
def test_a_new_user_who_stays_keeps_the_enforcement(
    account: Account, with_taro: AppliedPlan, use: str
) -> None:
    whole = with_taro.plan
    with_taro.restore(account.journal(whole).path)
    USES[use](account.iam)
    report = account.back(whole)
    links = {f"user-attachment taro {arn}" for arn in (ENFORCEMENT, CHANGE)}
    profile = {"login-profile taro"} if use == "key" else set()
    assert set(reasons(report)) == {"user taro", *links, POLICY, *profile}
    assert {reasons(report)[each] for each in links} == {STAYS_WITH.filled(what="user taro")}

    assert account.left(whole, choices=LEAVE) == {"user taro", *profile}


def test_a_password_that_stays_keeps_the_enforcement_of_who_was_there_before(
    account: Account,
) -> None:
    account.iam.create_user(UserName="taro")
    whole = account.applied(Goal(policy_goal(), new_users=(TARO,)))
    account.iam.update_login_profile(
        UserName="taro", Password="Fuji-2026-my-own", PasswordResetRequired=False
    )
    enforcement = f"user-attachment taro {ENFORCEMENT}"
    assert reasons(account.back(whole))[enforcement] == STAYS_WITH.filled(what="login-profile taro")
    account.iam.delete_login_profile(UserName="taro")
    assert account.left(whole) == set()


class Unreadable(Refusing):
    """An `AwsApi` in which one listing may not be read."""

    def pages(self, service: str, operation: str, key: str, /, **params: object) -> Iterator[Any]:
        if operation == self._operation:
            self.call(service, operation, **params)
        return super().pages(service, operation, key, **params)


def test_where_it_may_not_be_read_who_relies_on_it_it_stays(account: Account) -> None:
    enforcement_open_before(account)
    whole = account.applied(Goal(policy_goal(), users=("hanako",)))
    report = account.back(whole, Unreadable(account.api, "ListEntitiesForPolicy"))
    assert reasons(report) == {VERSIONS: AFFECTED_UNREAD.filled(what="not authorized")}
    assert account.left(whole) == set()


@pytest.fixture
def replacing(account: Account) -> Goal:
    """A goal that replaces the old enforcement of a group, and joins two to it.

    One of them is new.
    """
    document = json.dumps(to_json(enforcement(Preset.AWS)))
    account.iam.create_policy(PolicyName="Old", PolicyDocument=document)
    account.iam.create_group(GroupName="Enforced")
    account.iam.attach_group_policy(GroupName="Enforced", PolicyArn=OLD)
    account.iam.add_user_to_group(GroupName="Enforced", UserName="hanako")
    group = GroupGoal("Enforced", ("hanako", "machine", "taro"))
    return Goal(policy_goal(), users=("hanako",), group=group, new_users=(TARO,), replaces=(OLD,))


def holds(account: Account) -> dict[str, tuple[str, ...]]:
    snapshot = collect(account.api, now=NOW)
    through = {each.name: each.attached for each in snapshot.groups}
    return {
        user.name: (*user.attached, *(arn for group in user.groups for arn in through[group]))
        for user in snapshot.users
    }


def test_an_old_enforcement_comes_back_before_those_leave_whom_the_plan_joined(
    account: Account, replacing: Goal
) -> None:
    before = holds(account)
    whole = account.applied(replacing)
    assert account.left(whole) == set()
    assert holds(account) == before


def stays(account: Account, whole: Plan, who: str) -> None:
    """The old enforcement stays off for `who`; its former members keep the new one.

    Nobody else does.
    """
    had = holds(account)
    left = {each.address: each.reason for each in account.back(whole).left}
    assert left[OLD_ENFORCEMENT] == ALSO_AFFECTS.filled(what=affected_names([f"user {who}"]))
    assert f"ユーザー {who} にも" in left[OLD_ENFORCEMENT].ja
    assert f"user-attachment hanako {ENFORCEMENT}" in left
    assert f"user-attachment machine {ENFORCEMENT}" not in left
    for name in {"hanako", who}:
        assert holds(account)[name] == had[name]


COMES: dict[str, tuple[str, Colleague, Colleague]] = {
    "joins": (
        "newby",
        lambda iam: iam.add_user_to_group(GroupName="Enforced", UserName="newby"),
        lambda iam: iam.remove_user_from_group(GroupName="Enforced", UserName="newby"),
    ),
    "made-and-used": (
        "taro",
        lambda iam: iam.tag_user(UserName="taro", Tags=[{"Key": "desk", "Value": "4"}]),
        lambda iam: iam.untag_user(UserName="taro", TagKeys=["desk"]),
    ),
}


@pytest.mark.parametrize("name", COMES)
def test_who_comes_into_a_group_gets_no_old_enforcement_that_nobody_judged(
    account: Account, replacing: Goal, name: str
) -> None:
    account.iam.create_user(UserName="newby")
    before = holds(account)
    who, come, go = COMES[name]
    whole = account.applied(replacing)
    come(account.iam)
    stays(account, whole, who)
    go(account.iam)
    assert account.left(whole) == set(), "no circle"
    assert holds(account) == before


def test_whom_a_colleague_joined_before_the_plan_did_is_no_member_of_its_own(
    account: Account, replacing: Goal
) -> None:
    before = holds(account)
    whole = made(account.api, replacing)
    account.iam.add_user_to_group(GroupName="Enforced", UserName="machine")
    journal = account.journal(whole)
    assert execute(whole, account.api, journal, passwords=password, now=lambda: NOW).complete
    stays(account, whole, "machine")
    account.iam.remove_user_from_group(GroupName="Enforced", UserName="machine")
    assert account.left(whole) <= {"membership Enforced machine"}
    assert holds(account) == before
