"""An account to roll out in: as a snapshot, and in the local AWS behind boto3 clients."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from administered import ACCOUNT, EVERYTHING, FULL, administered, iam_of
from checkpoint import Checkpoint
from sekisho.account import (
    AccessKey,
    AwsApi,
    Device,
    Group,
    ManagedPolicy,
    Password,
    Role,
    Snapshot,
    User,
)
from sekisho.errors import AwsRefused
from sekisho.localaws import LocalAws
from sekisho.policy import Document, PolicyKind, Preset, choices_of, force_mfa, from_json
from sekisho.rollout import (
    Goal,
    GroupGoal,
    Journal,
    NewUser,
    Plan,
    PlanCaller,
    PolicyGoal,
    TemporaryPassword,
    execute,
)
from sekisho.signin import DeviceKind

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
ADMIN = PlanCaller(f"arn:aws:iam::{ACCOUNT}:user/admin", mfa=True)
ENFORCEMENT = f"arn:aws:iam::{ACCOUNT}:policy/Force_MFA"
CHANGE = "arn:aws:iam::aws:policy/IAMUserChangePassword"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": ACCOUNT}}],
}


def enforcement(preset: Preset = Preset.RECOMMENDED) -> Document:
    """Return a policy that enforces MFA."""
    return force_mfa(choices_of(preset))


def user(name: str, **about: Any) -> User:
    """Return a user of the account, at `/` unless a path is given."""
    path = about.pop("path", "/")
    return User(
        name, path, f"arn:aws:iam::{ACCOUNT}:user{path}{name}", f"AIDA{name.upper()}", **about
    )


def device(owner: str) -> Device:
    """Return an enabled virtual device."""
    return Device(f"arn:aws:iam::{ACCOUNT}:mfa/{owner}", DeviceKind.VIRTUAL, owner, NOW)


def managed(arn: str, document: Mapping[str, Any] | Document, **about: Any) -> ManagedPolicy:
    """Return a customer managed policy in version v1."""
    read = document if isinstance(document, Document) else from_json(document)
    about = {"versions": ("v1",), **about}
    return ManagedPolicy(arn, arn.rsplit("/", 1)[-1], "/", "v1", read, **about)


def account() -> Snapshot:
    """Return the account that the tests of the planner start from."""
    return Snapshot(
        account=ACCOUNT,
        partition="aws",
        taken_at=NOW,
        users=(
            user("admin", attached=(FULL,), devices=(device("admin"),), password=Password()),
            user("glass", attached=(FULL,)),
            user("hanako", path="/dev/", groups=("Developers",), password=Password()),
            user("machine", attached=(FULL,), keys=(AccessKey("AKIAMACHINE", active=True),)),
        ),
        groups=(Group("Developers", "/", f"arn:aws:iam::{ACCOUNT}:group/Developers", (FULL,)),),
        roles=(
            Role(
                "Deploy",
                "/",
                f"arn:aws:iam::{ACCOUNT}:role/Deploy",
                from_json(TRUST, kind=PolicyKind.TRUST),
                (FULL,),
            ),
        ),
        policies={FULL: managed(FULL, EVERYTHING)},
    )


def with_user(snapshot: Snapshot, changed: User) -> Snapshot:
    """Return the snapshot with one user added or replaced."""
    others = [known for known in snapshot.users if known.name != changed.name]
    return replace(snapshot, users=tuple(sorted([*others, changed], key=lambda known: known.name)))


def policy_goal(**about: Any) -> PolicyGoal:
    """Return the goal's policy, with a description and two tags."""
    about = {"description": "MFA first.", "tags": {"team": "security", "cost": "0"}, **about}
    return PolicyGoal("Force_MFA", about.pop("document", enforcement()), **about)


MACHINE = Goal(policy_goal(), users=("machine",))
"""The smallest goal: MFA enforcement one user directly."""


def full_goal() -> Goal:
    """Return a goal that needs every kind of change a first roll-out has."""
    password = TemporaryPassword()
    return Goal(
        policy=policy_goal(),
        users=("machine", "admin"),
        group=GroupGoal("Enforced", ("hanako", "taro")),
        new_users=(
            NewUser("taro", "/dev/", {"desk": "4"}, password, groups=("Developers",)),
            NewUser("jiro"),
        ),
        break_glass=("glass",),
    )


def one_of_each() -> Goal:
    """Return a small goal that needs every kind of change that `full_goal` needs."""
    password = TemporaryPassword(allow_change=False)
    return Goal(
        policy=policy_goal(),
        group=GroupGoal("Enforced", ("hanako",)),
        new_users=(NewUser("taro", "/dev/", {"desk": "4"}, password),),
        break_glass=("glass",),
    )


def five_versions(snapshot: Snapshot) -> Snapshot:
    versions = tuple(f"v{number}" for number in range(1, 6))
    old = managed(ENFORCEMENT, enforcement(Preset.AWS), versions=versions)
    return replace(snapshot, policies={**snapshot.policies, ENFORCEMENT: old})


@contextmanager
def company() -> Iterator[LocalAws]:
    """Run the account that `account` describes."""
    with administered() as local:
        iam = iam_of(local)
        iam.create_group(GroupName="Developers")
        iam.attach_group_policy(GroupName="Developers", PolicyArn=FULL)
        iam.create_user(UserName="machine")
        iam.attach_user_policy(UserName="machine", PolicyArn=FULL)
        iam.create_access_key(UserName="machine")
        iam.create_user(UserName="hanako", Path="/dev/")
        iam.add_user_to_group(GroupName="Developers", UserName="hanako")
        yield local


@dataclass(frozen=True, slots=True)
class AppliedPlan:
    """A plan that was applied, so that many tests begin where it is in force.

    Attributes:
        plan: the plan.
        journal: what its journal says.
        after: the account once it was applied.
    """

    plan: Plan
    journal: bytes
    after: Checkpoint

    @classmethod
    def of(
        cls, plan: Plan, api: AwsApi, local: LocalAws, folder: Path, passwords: Callable[[str], str]
    ) -> "AppliedPlan":
        """Apply a plan, with its journal in a folder."""
        journal = Journal(folder / "journal")
        report = execute(plan, api, journal, passwords=passwords, now=lambda: NOW)
        assert report.complete, report
        return cls(plan, journal.path.read_bytes(), Checkpoint(local))

    def restore(self, journal: Path) -> None:
        """Let the plan be in force, with its journal in this file."""
        self.after.restore()
        journal.write_bytes(self.journal)


class Killed(BaseException):
    """The process dies: nothing that handles errors may catch it."""


READING = ("Get", "List")


class Killing:
    """An `AwsApi` that dies at the n-th changing call, before or after AWS has done it."""

    def __init__(self, api: AwsApi, at: int, *, after: bool) -> None:
        self._api = api
        self._left = at
        self._after = after

    def call(self, service: str, operation: str, /, **params: object) -> Mapping[str, Any]:
        if operation.startswith(READING):
            return self._api.call(service, operation, **params)
        self._left -= 1
        if self._left < 0 and not self._after:
            raise Killed
        answer = self._api.call(service, operation, **params)
        if self._left < 0:
            raise Killed
        return answer

    def pages(
        self, service: str, operation: str, key: str, /, **params: object
    ) -> Iterator[Mapping[str, Any]]:
        return self._api.pages(service, operation, key, **params)


class Refusing:
    """An `AwsApi` that refuses one operation, as AWS does or as a lost connection looks."""

    def __init__(self, api: AwsApi, operation: str, status: int = 403) -> None:
        self._api = api
        self._operation = operation
        self._status = status

    def call(self, service: str, operation: str, /, **params: object) -> Mapping[str, Any]:
        if operation == self._operation:
            code = "AccessDenied" if self._status else "ConnectionClosedError"
            raise AwsRefused(operation, code, "not authorized", self._status)
        return self._api.call(service, operation, **params)

    def pages(
        self, service: str, operation: str, key: str, /, **params: object
    ) -> Iterator[Mapping[str, Any]]:
        return self._api.pages(service, operation, key, **params)
