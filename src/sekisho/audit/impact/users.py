"""One row for each user: person or machine, credentials, impact, powers; and the figures of all.

Neither a name nor a tag is evidence of a person: both record an intention. A password and a device
are a person's; a key in use without either is a machine's; everything else is unknown. The
exceptions file takes precedence.

Enabled, enforced and used are three figures that are often confused. Enabled: users with a device.
Enforced: users who are proved enforced. Used: users whose last sign-in is known to have been with
MFA. A snapshot only knows sign-ins at the console, where users with a device are asked for it;
whether an access key was used in a session with MFA is only known from CloudTrail.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from enum import StrEnum

from sekisho.account import (
    Credentials,
    Snapshot,
    Usage,
    User,
    UserUse,
    credentials_by_user,
    evidence_in,
    looks_like,
    traces_of,
)
from sekisho.audit.enforcement import UserEnforcement, enforcements_of
from sekisho.audit.exceptions import ExceptionKind, Exceptions, Exemption
from sekisho.audit.finding import Finding
from sekisho.audit.impact.administrators import Power, powers_of
from sekisho.audit.impact.kinds import UserImpact, impacts_of
from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.policy import Document
from sekisho.prover import Enforced


class Nature(StrEnum):
    """The nature of a user: a person, a machine, or unknown."""

    PERSON = "person"
    MACHINE = "machine"
    UNSURE = "unsure"


_BY_FILE = Message("listed in the exceptions file")
_BY_GOAL = Message("break-glass user of a goal")
_HAS_PASSWORD = Message("has a console password")
_NO_PASSWORD = Message("has no console password")
_HAS_DEVICE = Message("has an MFA device")
_NO_DEVICE = Message("has no MFA device")
_KEY_IN_USE = Message("has an access key in use")
_KEY_IDLE = Message("has an active access key, unused for 90 days")
_KEY_UNUSED = Message("has an active access key that was never used")
_KEY = Message("has an active access key; its use is not known")
_NO_KEY = Message("has no active access key")
_NEVER_IN = Message("has not signed in at the console")
_OTHERS = Message("has service-specific or other credentials")
_NOT_KNOWN = Message("not known: {what}")
_LOGGED = Message("in the logs: {what}")
_NOT_LOGGED = Message("in the logs: no call and no sign-in")


def nature_of(
    credentials: Credentials, exemption: Exemption | None, now: datetime
) -> tuple[Nature, tuple[Message, ...]]:
    """Return the nature of a user, with the reasons."""
    if exemption is not None and exemption.kind is not ExceptionKind.OTHER:
        machine = exemption.kind is ExceptionKind.MACHINE
        return (Nature.MACHINE if machine else Nature.PERSON, (_BY_FILE,))
    return _judged(credentials, now), tuple(_evidence(credentials, now))


def _with_logs(
    nature: Nature, because: tuple[Message, ...], use: UserUse
) -> tuple[Nature, tuple[Message, ...]]:
    """Return the nature of a user from their credentials and from logs, with the reasons.

    If the two contradict each other, the nature is unsure: a person may sign in with a device while
    a program uses the access key.
    """
    evidence = evidence_in(traces_of(use))
    looks = Nature(looks_like(evidence).value)
    texts = [_LOGGED.filled(what=each.text) for each in evidence]
    if not evidence and not use.calls:
        texts.append(_NOT_LOGGED)
    if looks is Nature.UNSURE or looks is nature:
        return nature, (*because, *texts)
    return looks if nature is Nature.UNSURE else Nature.UNSURE, (*because, *texts)


def _judged(credentials: Credentials, now: datetime) -> Nature:
    in_use = credentials.key_in_use(now)
    if credentials.enrolled:
        return Nature.PERSON
    if credentials.password:
        # an unused password of a user with a used key may be a leftover
        leftover = in_use and credentials.password_used is None
        return Nature.UNSURE if leftover else Nature.PERSON
    if credentials.password is False and credentials.enrolled is False and in_use:
        return Nature.MACHINE
    return Nature.UNSURE


def _evidence(credentials: Credentials, now: datetime) -> Iterator[Message]:
    if credentials.password is not None:
        yield _HAS_PASSWORD if credentials.password else _NO_PASSWORD
    if credentials.password and credentials.password_used is None:
        yield (
            _NEVER_IN
            if credentials.sign_ins_known
            else _NOT_KNOWN.filled(what="GetCredentialReport")
        )
    if credentials.enrolled is not None:
        yield _HAS_DEVICE if credentials.enrolled else _NO_DEVICE
    if credentials.active_keys is not None:
        unused = _KEY_UNUSED if credentials.key_used is None else _KEY_IDLE
        idle = unused if credentials.use_known else _KEY
        key = _KEY_IN_USE if credentials.key_in_use(now) else idle
        yield key if credentials.active_keys else _NO_KEY
    if credentials.others:
        yield _OTHERS
    yield from (_NOT_KNOWN.filled(what=gap.operation) for gap in credentials.unread)


@dataclass(frozen=True, slots=True)
class UserRow:
    """All results about one user.

    Attributes:
        nature, because: person or machine, and why.
        credentials: the credentials of the user.
        enforcement: whether the user is enforced.
        impact: the impact of MFA enforcement.
        power: the rights of the user over MFA enforcement.
        exemption: the user's exception, expired or not.
        exempt: whether there is one that has not expired.
        goal: the goal of which the user is a break-glass user; "" if there is none.
        use: the logged use of the user; None: there are no logs.
    """

    user: User
    nature: Nature
    because: tuple[Message, ...]
    credentials: Credentials
    enforcement: UserEnforcement
    impact: UserImpact
    power: Power
    exemption: Exemption | None = None
    exempt: bool = False
    goal: str = ""
    use: UserUse | None = None

    @property
    def left_out(self) -> bool:
        """Whether an exception or a goal leaves the user out of enforcement."""
        return self.exempt or bool(self.goal)

    @property
    def signed_in_with_mfa(self) -> bool:
        """Whether the last sign-in at the console is known to have been with MFA.

        It is if a current device existed already: a user with a device is asked for its code.
        """
        enabled = [each.enabled_at for each in self.credentials.devices if each.enabled_at]
        signed_in = self.credentials.password_used
        return signed_in is not None and bool(enabled) and signed_in >= min(enabled)

    def excused(self, finding: Finding) -> Finding:
        """Return a finding about the user; a note if the user is not to be enforced."""
        return finding.under(self.exemption if self.exempt else None, self.goal)


def rows_of(
    snapshot: Snapshot,
    exceptions: Exceptions,
    enforcement: Document | None = None,
    usage: Usage | None = None,
) -> tuple[UserRow, ...]:
    """Return one row for each user, in name order.

    Args:
        snapshot: the account.
        exceptions: the users who are not to be enforced.
        enforcement: as in `impacts_of`.
        usage: the logged use of the account's users; None: there are no logs.
    """
    credentials, enforcements = credentials_by_user(snapshot), enforcements_of(snapshot)
    impacts = impacts_of(snapshot, credentials, enforcements, exceptions, enforcement)
    powers = powers_of(snapshot)

    def row(user: User) -> UserRow:
        name, now = user.name, snapshot.taken_at
        found = exceptions.of(name)
        holds = found is not None and not found.expired(now)
        goal = exceptions.goals.get(name, "")
        nature, because = nature_of(credentials[name], found if holds else None, now)
        use = usage.user_use(user.arn) if usage is not None else None
        if goal and not holds:
            nature, because = Nature.PERSON, (_BY_GOAL,)
        elif use is not None and because != (_BY_FILE,):
            nature, because = _with_logs(nature, because, use)
        return UserRow(
            user=user,
            nature=nature,
            because=because,
            credentials=credentials[name],
            enforcement=enforcements[name],
            impact=impacts[name],
            power=powers[name],
            exemption=found,
            exempt=holds,
            goal=goal,
            use=use,
        )

    return tuple(row(user) for user in snapshot.users)


@dataclass(frozen=True, slots=True)
class Coverage:
    """The numbers of users, out of `users`, with some property.

    Attributes:
        enabled: have a device; of `enabled_unknown` it is not known.
        console: have a console password; `console_enabled` of them have a device.
        enforced: are proved enforced; of `enforced_unknown` it could not be found out.
        exempt: are not enforced, and are an exception that has not expired or a goal's break-glass
            user.
        phishing_resistant: have a passkey or security key; of `phishing_resistant_unknown` it is
            not known, `phishing_resistant_enforced` are proved enforced as well, and
            `phishing_resistant_only` have no other kind of device.
        used: signed in at the console last when they had a device.
        used_unknown: all others: who never signed in there, who works with access keys, and who has
            no device now, but may have had one then.
    """

    users: int
    enabled: int
    enabled_unknown: int
    console: int
    console_enabled: int
    enforced: int
    enforced_unknown: int
    exempt: int
    phishing_resistant: int
    phishing_resistant_unknown: int
    phishing_resistant_enforced: int
    phishing_resistant_only: int
    used: int
    used_unknown: int


def coverage_of(rows: Iterable[UserRow]) -> Coverage:
    """Return the numbers for these users."""
    found = list(rows)
    resistant = [row for row in found if row.credentials.phishing_resistant]
    used = [row.signed_in_with_mfa for row in found]
    return Coverage(
        users=len(found),
        enabled=sum(row.credentials.enrolled is True for row in found),
        enabled_unknown=sum(row.credentials.enrolled is None for row in found),
        console=sum(row.credentials.password is True for row in found),
        console_enabled=sum(
            bool(row.credentials.password and row.credentials.enrolled) for row in found
        ),
        enforced=sum(row.enforcement.enforced is Enforced.PROVED for row in found),
        enforced_unknown=sum(row.enforcement.enforced is Enforced.UNKNOWN for row in found),
        exempt=sum(
            row.left_out and row.enforcement.enforced is not Enforced.PROVED for row in found
        ),
        phishing_resistant=len(resistant),
        phishing_resistant_unknown=sum(row.credentials.phishing_resistant is None for row in found),
        phishing_resistant_enforced=sum(
            row.enforcement.enforced is Enforced.PROVED for row in resistant
        ),
        phishing_resistant_only=sum(row.credentials.only_phishing_resistant for row in resistant),
        used=sum(used),
        used_unknown=len(found) - sum(used),
    )
