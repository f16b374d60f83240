"""Whose policies `sekisho prove` asks about: those of files, or of a user of an account."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import chain
from typing import Any, TypeVar

import click

from sekisho.account import (
    Credentials,
    Snapshot,
    credentials_by_user,
    open_account,
    policies_of,
    readings,
    user_of,
    users_may_change,
)
from sekisho.audit.enforcement import named_of
from sekisho.cli.options import pair
from sekisho.cli.policy_files import read_attached, refuse_stdin_twice
from sekisho.engine import AttachedPolicy, Level, Policies
from sekisho.errors import FaultyAccount, UsageError, quoted
from sekisho.messages import Message, listed, verbatim
from sekisho.policy import PolicyKind
from sekisho.policy.document import Effect
from sekisho.prover import Callers, CallingUser, anyone, stand_ins
from sekisho.prover.values.callers import several
from sekisho.prover.values.policies import EVERYTHING

__all__ = [
    "UNREAD",
    "Subject",
    "asked_about_all",
    "snapshot_of_options",
    "subject_of",
    "subject_options",
    "unread",
]

UNREAD = Message(
    "The service control policies are not known ({reason}): what they deny seems allowed here."
)
"""What must be said of an account whose organisation was not read."""

_MAY_NOT_CHANGE = Message(
    "The account's password policy is taken not to have AllowUsersToChangePassword; if it has, say "
    "so by --users-may-change-password."
)
_MAY_CHANGE_UNREAD = Message(
    "The account's password policy is not known: what depends on AllowUsersToChangePassword is "
    "unknown, and what works without MFA is listed as if it were on."
)
_BESIDE = Message(
    "`FullAWSAccess` is taken to be attached beside the service control policies of {levels}, "
    "which only deny and would allow nothing alone."
)
_FULL_ACCESS = AttachedPolicy("FullAWSAccess", EVERYTHING.document)
_SCP_CALLS = (
    *("DescribeOrganization", "ListRoots", "ListParents"),
    *("ListPoliciesForTarget", "DescribePolicy"),
)
_OPTIONS = (
    click.option("--boundary", metavar="FILE", multiple=True, help="A permissions boundary."),
    click.option("--session", metavar="FILE", multiple=True, help="A session policy."),
    click.option(
        "--scp",
        "scps",
        metavar="LEVEL=FILE",
        multiple=True,
        help="A service control policy, by the level that it is attached to, from the root down.",
    ),
    click.option(
        "--user-arn", metavar="ARN", help="The user; one that stands for any if not given."
    ),
    click.option(
        "--snapshot",
        metavar="FILE",
        multiple=True,
        help="An account instead of policies: a snapshot, an account file, or AWS's exports.",
    ),
    click.option("--user", metavar="NAME", help="With --snapshot: this user of the account."),
    click.option(
        "--all",
        "everybody",
        is_flag=True,
        help="With --snapshot: each user is asked about; so also if no --user is given.",
    ),
)
_OF_FILES = ("files", "boundary", "session", "scps", "user_arn")
_OPTION_NAMES = {"files": "POLICY", "scps": "--scp"}

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose policies are asked about.

    Attributes:
        source: the file that a report is about.
        named: whether the user was given; otherwise `whose` stand for any, and `user` is the first.
        now: the earliest time of a request.
        users_may_change: the account's `AllowUsersToChangePassword`; None if it is not known.
        of_account: whether it is a user of an account that was read.
        beside: that policies which were not given are taken to be attached, to be said.
        credentials: what the user holds, if that is known.
        unread: why the service control policies are not known; None if they are.
        whose: users that stand for any, if none was given.
        missing: why the user or their policies are not known; then no answer is. None if they are.
    """

    policies: Policies
    user: CallingUser
    source: str
    named: bool
    now: datetime
    users_may_change: bool | None
    of_account: bool = False
    beside: tuple[Message, ...] = ()
    credentials: Credentials | None = None
    unread: Message | None = None
    missing: Message | None = None
    whose: Callers = field(default_factory=Callers)

    @property
    def callers(self) -> Callers:
        """Who is asked about: the user, or those who stand for any."""
        return self.whose if self.whose.users else Callers((self.user,))

    def apart_by(self, *sets: Policies) -> "Subject":
        """Return the subject of a question in which other policies tell users apart, too."""
        if self.named:
            return self
        whose = stand_ins(self.policies, *sets)
        missing = several(anyone(self.policies, *sets))
        return replace(self, whose=whose, user=whose.users[0], missing=missing)

    def readings_of(self, user: CallingUser) -> tuple[Policies, ...]:
        """Return the policies with what the password policy allows; two if it is not known."""
        return readings(self.policies, user.arn, self.users_may_change)

    @property
    def assumed(self) -> tuple[Message, ...]:
        """What is taken for granted about the account and its organisation, to be said."""
        if self.users_may_change is None:
            return (*self.beside, _MAY_CHANGE_UNREAD)
        known = self.of_account or self.users_may_change
        return self.beside if known else (*self.beside, _MAY_NOT_CHANGE)


def subject_options(function: F) -> F:
    """Add the options."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def snapshot_of_options(given: dict[str, Any]) -> Snapshot | None:
    """Return the account that is asked about, or None where policies are given.

    Raises:
        UsageError: if the options contradict each other.
        FaultyAccount: if the files cannot be read.
    """
    if given["user"] and given["everybody"]:
        raise UsageError(Message("`--user` is one user, and `--all` is all of them"))
    if not given["snapshot"]:
        needing = [name for name in ("user", "everybody") if given[name]]
        if needing:
            option = "--user" if needing[0] == "user" else "--all"
            raise UsageError(Message("`{option}` needs `--snapshot`").filled(option=option))
        if not given["files"]:
            raise UsageError(Message("give policies, or an account with `--snapshot`"))
        return None
    others = [name for name in _OF_FILES if given[name]]
    if others:
        names = ", ".join(
            f"`{_OPTION_NAMES.get(name, '--' + name.replace('_', '-'))}`" for name in others
        )
        raise UsageError(
            Message("{names}: an account has its own policies; leave out `--snapshot`").filled(
                names=names
            )
        )
    return open_account(*given["snapshot"])


def asked_about_all(given: dict[str, Any]) -> bool:
    """Tell whether every user of an account is asked about."""
    return bool(given["snapshot"]) and not given["user"]


def subject_of(given: dict[str, Any], snapshot: Snapshot | None) -> Subject:
    """Return whose policies are asked about, out of files or of an account.

    Args:
        given: the options.
        snapshot: the account, if there is one.

    Raises:
        FaultyAccount: if the account has no such user.
        FaultyInput: if a file cannot be read.
        UsageError: if standard input is to be read twice.
    """
    if snapshot is not None:
        return _of_account(snapshot, given)
    arn = given["user_arn"]
    levels = (text.partition("=")[2] for text in given["scps"])
    files = (given[name] for name in ("files", "boundary", "session", "enrolled"))
    refuse_stdin_twice((*chain.from_iterable(files), *levels))
    scps, beside = _levels(given["scps"])
    policies = Policies(
        identity=read_attached(given["files"], PolicyKind.IDENTITY),
        boundaries=read_attached(given["boundary"], PolicyKind.BOUNDARY) or None,
        session=read_attached(given["session"], PolicyKind.SESSION) or None,
        scps=scps,
    )
    whose = Callers((CallingUser.of(arn),)) if arn else stand_ins(policies)
    return Subject(
        policies=policies,
        user=whose.users[0],
        whose=whose,
        missing=None if arn else several(anyone(policies)),
        source=given["files"][0],
        named=arn is not None,
        now=datetime.now(UTC),
        users_may_change=given["users_may_change"],
        beside=beside,
    )


def _of_account(snapshot: Snapshot, given: dict[str, Any]) -> Subject:
    user = user_of(snapshot, given["user"], given["snapshot"][0])
    policies, missing = Policies(), None
    try:
        policies = policies_of(snapshot, user.name)
    except FaultyAccount as error:
        # what is missing of a user's policies makes every answer unknown, and never a pass
        missing = error.reason
    return Subject(
        policies=policies,
        user=named_of(user),
        source=given["snapshot"][0],
        named=True,
        now=snapshot.taken_at,
        users_may_change=given["users_may_change"] or users_may_change(snapshot),
        of_account=True,
        credentials=credentials_by_user(snapshot).get(user.name),
        unread=unread(snapshot),
        missing=missing,
    )


def unread(snapshot: Snapshot) -> Message | None:
    """Return why the service control policies of a snapshot are not known; None if they are."""
    if snapshot.scps is not None:
        return None
    reasons = (gap.cause for gap in snapshot.gaps if gap.operation in _SCP_CALLS)
    return next(reasons, None)


def _levels(texts: tuple[str, ...]) -> tuple[tuple[Level, ...], tuple[Message, ...]]:
    """Return the levels in the order in which they are first named, and what is taken of them.

    AWS attaches `FullAWSAccess` to every level, and who has just the file of an SCP that denies has
    left it there: a level with nothing that allows would shut every MFA enforcement.
    """
    levels: dict[str, tuple[AttachedPolicy, ...]] = {}
    for text in texts:
        name, path = pair("--scp", "LEVEL=FILE", text)
        levels[name] = (*levels.get(name, ()), *read_attached((path,), PolicyKind.SCP))
    denying = [name for name, attached in levels.items() if not any(map(_allows, attached))]
    levels |= {name: (_FULL_ACCESS, *levels[name]) for name in denying}
    beside = (_BESIDE.filled(levels=listed(map(_same, denying))),) if denying else ()
    return tuple(Level(name, attached) for name, attached in levels.items()), beside


def _same(level: str) -> Message:
    return verbatim(quoted(level))


def _allows(attached: AttachedPolicy) -> bool:
    return any(each.effect is Effect.ALLOW for each in attached.document.statements)
