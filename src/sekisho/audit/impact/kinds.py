"""The kinds of impact on users, and the impact of MFA enforcement on each user.

For an enforced user it is the impact of the current enforcement; for others, of the one that would
be attached: a Force_MFA policy in addition to everything that the user has. Plans express their
impact in the same kinds.
"""

from collections.abc import Mapping
from dataclasses import field, replace
from enum import StrEnum

from sekisho.account import Credentials, Snapshot, User, gap_reasons, policies_of
from sekisho.audit.enforcement import UserEnforcement
from sekisho.audit.exceptions import Exceptions
from sekisho.audit.impact.sign_in import (
    TRYING,
    SignInResult,
    SignInScenarios,
    possible_credentials,
)
from sekisho.engine import AttachedPolicy, Policies
from sekisho.errors import FaultyAccount
from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.policy import NAME, Document, Preset, choices_of, force_mfa
from sekisho.prover import CallingUser, Proved, prove_enforcement
from sekisho.prover.scenarios import ScenarioOutcome
from sekisho.signin import ConsoleAuthorization
from sekisho.work import tracked


class ImpactKind(StrEnum):
    """The impact of MFA enforcement, or of a plan, on a user; of several, the gravest is first."""

    UNKNOWN = "unknown"
    EXEMPT = "exempt"
    BREAK_GLASS = "break-glass"
    CUT_OFF = "cut-off"
    DEAD_LOCK = "dead-lock"
    LOCKED_OUT = "locked-out"
    KEY_ONLY = "key-only"
    KEYS_STOP = "keys-stop"
    KEYS_MAY_STOP = "keys-may-stop"
    NOT_ENFORCED = "not-enforced"
    ENFORCEMENT_UNKNOWN = "enforcement-unknown"
    NEW_PASSWORD = "changes-password-first"  # noqa: S105 - an impact, not a secret
    MUST_ENROL = "enrols-first"
    ENROLS_AGAIN = "enrols-again"
    HOLDS_NOTHING = "holds-nothing"
    SIGNS_IN_NOWHERE = "signs-in-nowhere"
    OTHER_POLICIES = "other-policies"
    UNCHANGED = "unchanged"
    LEFT_OUT = "left-out"
    ENROLMENT_OPEN = "enrolment-open"
    WAITS_FOR_DECISION = "waits-for-decision"
    WAITS_FOR_WAVE = "waits-for-wave"
    WAITS_FOR_PASSWORD = "waits-for-password"  # noqa: S105 - likewise
    WITHOUT_MFA = "gets-in-without-mfa"
    READY = "ready"


@dataclass(frozen=True, slots=True)
class UserImpact:
    """The impact on a user, the gravest kind first.

    Attributes:
        kinds: at least one.
        by_path: whether the same user without a path would get in.
        by_console_authorization: whether the user would get in if it were disabled; of
            whoever gets in by a key only, by the password as well.
        by_key_only: whether an access key is the only way in: the password opens no console.
        reason: why it is not known; None if it is.
        name_taken: the owner of the device with the user's own name, if only that blocks, and the
            fix; None if there is none.
        stopped: where the way ends; of several, one.
    """

    kinds: tuple[ImpactKind, ...]
    by_path: bool = False
    by_console_authorization: bool = False
    by_key_only: bool = False
    reason: Message | None = None
    name_taken: Message | None = None
    stopped: Message | None = field(default=None, compare=False)


def impacts_of(
    snapshot: Snapshot,
    credentials: Mapping[str, Credentials],
    enforcements: Mapping[str, UserEnforcement],
    exceptions: Exceptions,
    enforcement: Document | None = None,
) -> Mapping[str, UserImpact]:
    """Return the impact of MFA enforcement on each user, by user name.

    Args:
        snapshot: the account.
        credentials: from `credentials_by_user`.
        enforcements: from `enforcements_of`.
        exceptions: the users who are not to be enforced.
        enforcement: the policy for users who are not enforced; Force_MFA as `policy new`
            writes it if not given.
    """
    found = _Impacts(snapshot, exceptions, enforcement or usual_enforcement(snapshot))
    return {
        user.name: found.impact(user, credentials[user.name], enforcements[user.name])
        for user in tracked(snapshot.users, TRYING)
    }


def usual_enforcement(snapshot: Snapshot) -> Document:
    """Return the policy for users who are not enforced: Force_MFA as `policy new` writes it."""
    return force_mfa(replace(choices_of(Preset.RECOMMENDED), partition=snapshot.partition))


class _Impacts:
    """The results so far: equal scenarios are asked about once."""

    def __init__(self, snapshot: Snapshot, exceptions: Exceptions, enforcement: Document) -> None:
        self._snapshot = snapshot
        self._exceptions = exceptions
        self._enforcement = AttachedPolicy(NAME, enforcement)
        self._scenarios = SignInScenarios(snapshot)
        self._where_disabled = None
        if snapshot.console_authorization is ConsoleAuthorization.ENABLED:
            disabled = replace(snapshot, console_authorization=ConsoleAuthorization.DISABLED)
            self._where_disabled = SignInScenarios(disabled)
        self._enforces = self._is_enforcement()

    def impact(
        self, user: User, credentials: Credentials, enforcement: UserEnforcement
    ) -> UserImpact:
        """Return the impact on one user."""
        now = self._snapshot.taken_at
        exemption = self._exceptions.of(user.name)
        excepted = exemption is not None and not exemption.expired(now)
        if excepted or user.name in self._exceptions.goals:
            return UserImpact((ImpactKind.EXEMPT,))
        if enforcement.gap:
            return _unknown(enforcement.gap)
        try:
            own = policies_of(self._snapshot, user.name)
        except FaultyAccount as error:
            return _unknown(error.faults[0].message)
        enforced = enforcement.enforced_directly
        policies = own if enforced else replace(own, identity=(*own.identity, self._enforcement))
        way = self._by_sign_in(user, credentials, policies)
        kinds = {*way.kinds}
        keys = credentials.keys_work(now)
        if not enforced and keys is not False:
            kinds.add(ImpactKind.KEYS_STOP if keys else ImpactKind.KEYS_MAY_STOP)
            # a user who signs in nowhere and has working keys is affected all the same
            kinds.discard(ImpactKind.SIGNS_IN_NOWHERE)
        if not enforced and not self._enforces:
            kinds.add(ImpactKind.NOT_ENFORCED)
        return replace(way, kinds=tuple(each for each in ImpactKind if each in kinds))

    def _by_sign_in(self, user: User, credentials: Credentials, policies: Policies) -> UserImpact:
        """Return the impact by the result of signing in."""
        gaps = (*credentials.unread, *self._scenarios.gaps_on_the_way(user))
        unread = _unknown(gap_reasons(gaps) if gaps else None)
        if None in (credentials.password, credentials.enrolled, credentials.active_keys):
            return unread
        if not credentials.password and not credentials.active_keys:
            return UserImpact((ImpactKind.SIGNS_IN_NOWHERE,))
        found = {
            self._comes_to(user, each, policies) or unread
            for each in possible_credentials(credentials)
        }
        return found.pop() if len(found) == 1 else unread

    def _comes_to(
        self, user: User, credentials: Credentials, policies: Policies
    ) -> UserImpact | None:
        """Return the impact by one set of credentials; None if it depends on unread facts."""
        if self._dead_locks(user, credentials, policies):
            return UserImpact((ImpactKind.DEAD_LOCK,))
        match self._scenarios.gets_in(user, credentials, policies):
            case SignInResult(ScenarioOutcome.UNKNOWN, None):
                return None
            case SignInResult(ScenarioOutcome.UNKNOWN, reason):
                return UserImpact((ImpactKind.UNKNOWN,), reason=reason)
            case SignInResult(ScenarioOutcome.GETS_IN):
                kind = ImpactKind.READY if credentials.enrolled else ImpactKind.MUST_ENROL
                by_key_only = self._by_key_only(user, credentials, policies)
                at_console = replace(credentials, active_keys=0)
                return UserImpact(
                    (kind,),
                    by_console_authorization=by_key_only
                    and self._gets_in_where_disabled(user, at_console, policies),
                    by_key_only=by_key_only,
                )
            case SignInResult(_, why, name_taken):
                plain = self._scenarios.gets_in(
                    replace(user, path="/"), credentials, policies
                ).verdict
                by_path = user.path != "/" and plain is ScenarioOutcome.GETS_IN
                by_console = self._gets_in_where_disabled(user, credentials, policies)
                reason = why if name_taken else None
                return UserImpact(
                    (ImpactKind.LOCKED_OUT,), by_path, by_console, name_taken=reason, stopped=why
                )

    def _by_key_only(self, user: User, credentials: Credentials, policies: Policies) -> bool:
        """Return whether a user who gets in with a key does not get in at the console."""
        if not (credentials.password and credentials.active_keys):
            return False
        at_console = replace(credentials, active_keys=0)
        found = self._scenarios.gets_in(user, at_console, policies)
        return found.verdict is ScenarioOutcome.LOCKED_OUT

    def _gets_in_where_disabled(
        self, user: User, credentials: Credentials, policies: Policies
    ) -> bool:
        """Return whether only console authorization, which is enabled, blocks the user."""
        if self._where_disabled is None:
            return False
        found = self._where_disabled.gets_in(user, credentials, policies)
        return found.verdict is ScenarioOutcome.GETS_IN

    def _dead_locks(self, user: User, credentials: Credentials, policies: Policies) -> bool:
        """Return whether only the forced password change blocks the user at the console.

        A key may be another way in; the sign-in page stays shut.
        """
        if not (credentials.password and credentials.must_change) or credentials.enrolled:
            return False
        if credentials.expired and self._scenarios.hard_expiry == (True,):
            # only an administrator can change it, regardless of policies
            return False
        at_console = replace(credentials, active_keys=0)
        lasting = replace(at_console, must_change=False, expired=False)
        return (
            self._scenarios.gets_in(user, at_console, policies).verdict
            is ScenarioOutcome.LOCKED_OUT
            and self._scenarios.gets_in(user, lasting, policies).verdict is ScenarioOutcome.GETS_IN
        )

    def _is_enforcement(self) -> bool:
        """Return whether the policy to be attached enforces MFA at all."""
        named = CallingUser.of(
            f"arn:{self._snapshot.partition}:iam::{self._snapshot.account}:user/any"
        )
        policies = Policies(identity=(self._enforcement,))
        found = prove_enforcement(policies, named, self._snapshot.taken_at, later=True)
        return all(isinstance(each, Proved) for each in found.verdicts)


def _unknown(why: Message | None) -> UserImpact:
    """Return the unknown impact, with the reason if there is one."""
    return UserImpact((ImpactKind.UNKNOWN,), reason=why)
