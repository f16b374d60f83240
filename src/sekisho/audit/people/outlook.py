"""What happens to each user under MFA enforcement: the prover walks each user's way in.

MFA enforcement is the user's own where the user is enforced already; otherwise it is what would be
attached:
a Force_MFA policy beside everything that the user has.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from sekisho.account import Credentials, Snapshot, User, policies_of, reasons_of
from sekisho.audit.enforcement import Enforced, UserEnforcement
from sekisho.audit.exceptions import Exceptions
from sekisho.audit.people.walks import Walked, Walks, may_hold
from sekisho.engine import AttachedPolicy, Policies
from sekisho.errors import FaultyAccount
from sekisho.messages import Message, verbatim
from sekisho.policy import NAME, Document, Preset, choices_of, force_mfa
from sekisho.prover import CallingUser, Proved, prove_enforcement
from sekisho.prover.scenarios import ScenarioOutcome

__all__ = ["Fate", "Outlook", "outlooks_of"]


class Outlook(StrEnum):
    """What happens to a user under MFA enforcement, the gravest first."""

    UNKNOWN = "unknown"
    EXEMPT = "exempt until"
    DEAD_LOCK = "will dead-lock at first sign-in"
    LOCKED_OUT = "cannot get in"
    KEYS_STOP = "has working keys that will stop"
    KEYS_MAY_STOP = "not known whether working keys will stop"
    NOT_COVERED = "not covered"
    MUST_ENROL = "must enrol first"
    NO_WAY_IN = "has nothing to sign in with"
    READY = "ready"


@dataclass(frozen=True, slots=True)
class Fate:
    """What happens to a user, all of it, the gravest first.

    Attributes:
        outlooks: at least one.
        by_path: whether the same user without a path would get in.
        reason: why it is not known; None if it is.
        name_taken: who has the device of the user's own name that alone is in the way, and the
            fix; None if there is none.
        stopped: where the way ends; of several, one.
    """

    outlooks: tuple[Outlook, ...]
    by_path: bool = False
    reason: Message | None = None
    name_taken: Message | None = None
    stopped: Message | None = field(default=None, compare=False)


def outlooks_of(
    snapshot: Snapshot,
    credentials: Mapping[str, Credentials],
    enforcements: Mapping[str, UserEnforcement],
    exceptions: Exceptions,
    enforcement: Document | None = None,
) -> Mapping[str, Fate]:
    """Return what happens to each user under MFA enforcement, by user name.

    Args:
        snapshot: the account.
        credentials: from `credentials_by_user`.
        enforcements: from `gates_of`.
        exceptions: who is not to be enforced.
        enforcement: what would be attached to who is not enforced; Force_MFA as `policy
            new` writes it if
            not given.
    """
    usual = replace(choices_of(Preset.RECOMMENDED), partition=snapshot.partition)
    teller = _Teller(snapshot, exceptions, enforcement or force_mfa(usual))
    return {
        user.name: teller.fate(user, credentials[user.name], enforcements[user.name])
        for user in snapshot.users
    }


class _Teller:
    """What was found out so far: equal ways in are walked once."""

    def __init__(self, snapshot: Snapshot, exceptions: Exceptions, enforcement: Document) -> None:
        self._snapshot = snapshot
        self._exceptions = exceptions
        self._enforcement = AttachedPolicy(NAME, enforcement)
        self._walks = Walks(snapshot)
        self._shuts = self._is_enforcement()

    def fate(self, user: User, credentials: Credentials, enforcement: UserEnforcement) -> Fate:
        """Return what happens to one user."""
        now = self._snapshot.taken_at
        exemption = self._exceptions.of(user.name)
        if exemption is not None and not exemption.expired(now):
            return Fate((Outlook.EXEMPT,))
        if enforcement.gap:
            return _untold(verbatim(enforcement.gap))
        try:
            own = policies_of(self._snapshot, user.name)
        except FaultyAccount as error:
            return _untold(error.faults[0].message)
        enforced = enforcement.enforced is Enforced.PROVED
        policies = own if enforced else replace(own, identity=(*own.identity, self._enforcement))
        way = self._way_in(user, credentials, policies)
        outlooks = {*way.outlooks}
        keys = credentials.keys_work(now)
        if not enforced and keys is not False:
            outlooks.add(Outlook.KEYS_STOP if keys else Outlook.KEYS_MAY_STOP)
            # what signs in nowhere is not nothing
            outlooks.discard(Outlook.NO_WAY_IN)
        if not enforced and not self._shuts:
            outlooks.add(Outlook.NOT_COVERED)
        return replace(way, outlooks=tuple(each for each in Outlook if each in outlooks))

    def _way_in(self, user: User, credentials: Credentials, policies: Policies) -> Fate:
        """Return what comes of signing in."""
        gaps = (*credentials.unread, *self._walks.unread(user))
        unread = _untold(reasons_of(gaps) if gaps else None)
        if None in (credentials.password, credentials.enrolled, credentials.active_keys):
            return unread
        if not credentials.password and not credentials.active_keys:
            return Fate((Outlook.NO_WAY_IN,))
        found = {self._comes_to(user, each, policies) or unread for each in may_hold(credentials)}
        return found.pop() if len(found) == 1 else unread

    def _comes_to(self, user: User, credentials: Credentials, policies: Policies) -> Fate | None:
        """Return what comes of signing in; None if it hangs on what was not read."""
        if self._dead_locks(user, credentials, policies):
            return Fate((Outlook.DEAD_LOCK,))
        match self._walks.of(user, credentials, policies):
            case Walked(ScenarioOutcome.UNKNOWN, None):
                return None
            case Walked(ScenarioOutcome.UNKNOWN, reason):
                return Fate((Outlook.UNKNOWN,), reason=reason)
            case Walked(ScenarioOutcome.GETS_IN):
                return Fate((Outlook.READY if credentials.enrolled else Outlook.MUST_ENROL,))
            case Walked(_, why, name_taken):
                plain = self._walks.of(replace(user, path="/"), credentials, policies).verdict
                by_path = user.path != "/" and plain is ScenarioOutcome.GETS_IN
                taken = why if name_taken else None
                return Fate((Outlook.LOCKED_OUT,), by_path, name_taken=taken, stopped=why)

    def _dead_locks(self, user: User, credentials: Credentials, policies: Policies) -> bool:
        """Tell whether only the forced change of the password is in the way at the console.

        A key may be another way in; the sign-in page stays shut.
        """
        if not (credentials.password and credentials.must_change) or credentials.enrolled:
            return False
        if credentials.expired and self._walks.hard_expiry == (True,):
            # only an administrator can change it, whatever policies say
            return False
        at_console = replace(credentials, active_keys=0)
        lasting = replace(at_console, must_change=False, expired=False)
        return (
            self._walks.of(user, at_console, policies).verdict is ScenarioOutcome.LOCKED_OUT
            and self._walks.of(user, lasting, policies).verdict is ScenarioOutcome.GETS_IN
        )

    def _is_enforcement(self) -> bool:
        """Tell whether what would be attached is MFA enforcement at all."""
        named = CallingUser.of(
            f"arn:{self._snapshot.partition}:iam::{self._snapshot.account}:user/any"
        )
        policies = Policies(identity=(self._enforcement,))
        found = prove_enforcement(policies, named, self._snapshot.taken_at, later=True).direct
        return isinstance(found, Proved)


def _untold(why: Message | None) -> Fate:
    """Return that it is not known what happens to a user, and why if that is known."""
    return Fate((Outlook.UNKNOWN,), reason=why)
