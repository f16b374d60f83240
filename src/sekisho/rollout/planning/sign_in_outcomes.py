"""Does each user of an account get in, in the words of a plan.

A user starts with what the snapshot says that they hold, and must be able to come to a session
with MFA: the audit walks there.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from sekisho.account import (
    THE_ACCOUNT,
    Credentials,
    Gap,
    ResourceKind,
    Snapshot,
    User,
    credentials_by_user,
    policies_of,
    reasons_of,
)
from sekisho.audit.enforcement import EVERYTHING, Enforced, enforcements_of, lets_in
from sekisho.audit.people import Walks, may_hold
from sekisho.audit.people.walks import Walked
from sekisho.engine import Assumptions, AttachedPolicy, Policies
from sekisho.engine.matching.actions import matches
from sekisho.engine.matching.scope import TrackedAssumptions
from sekisho.errors import FaultyAccount
from sekisho.messages import Message, verbatim
from sekisho.policy import Effect
from sekisho.prover.scenarios import ScenarioOutcome
from sekisho.prover.values.policies import tells_mfa_apart
from sekisho.rollout.credentials import UNREAD
from sekisho.rollout.plan import Verdict
from sekisho.rollout.planning.requests import credentials_of

_Walk = Callable[[User, Credentials, Policies], Walked]

_NO_WORDS = verbatim("")
_UNKNOWN = Message("cannot be told: {reason}")
_NO_REPORT = Message("there is no credential report, and the password may have expired")

_VERDICTS: Mapping[ScenarioOutcome, Verdict] = {
    ScenarioOutcome.GETS_IN: Verdict.PROVED,
    ScenarioOutcome.LOCKED_OUT: Verdict.REFUTED,
    ScenarioOutcome.UNKNOWN: Verdict.UNKNOWN,
}
"""A user gets in or is locked out; only an attacker is kept out."""


@dataclass(frozen=True, slots=True)
class SignInOutcome:
    """Whether a user comes to a session with MFA, and if not, where the way ends.

    Attributes:
        without_mfa: to a session without, which is as good: see `or_without_mfa`.
        console: whether the password opens the console, with MFA or without; `NOBODY` if there is
            none.
    """

    verdict: Verdict
    why: Message = _NO_WORDS
    without_mfa: bool = False
    console: Verdict = Verdict.UNKNOWN


class SignInOutcomes:
    """Whether the users of an account get in; each is walked once asked about.

    Args:
        snapshot: the account.
        unread: of whom it was not read what they hold, as `held.unread_held` tells.
    """

    def __init__(self, snapshot: Snapshot, unread: Mapping[str, tuple[str, ...]]) -> None:
        self._snapshot = snapshot
        self._unread = unread
        self._walks, self._credentials = Walks(snapshot), credentials_by_user(snapshot)

    def outcomes(self, users: Iterable[User]) -> Mapping[str, SignInOutcome]:
        """Return whether each of the users gets in, by name; who holds nothing is left out."""
        return {
            user.name: self._entry(user)
            for user in users
            if user.name in self._unread or user.password or any(key.active for key in user.keys)
        }

    def _entry(self, user: User) -> SignInOutcome:
        unread, credentials = self._unread.get(user.name), self._credentials[user.name]
        if unread:
            way = SignInOutcome(Verdict.UNKNOWN, UNREAD.filled(what=", ".join(unread)))
        else:
            way = self._told(user, self._walks.of, credentials)
        return replace(way, console=self.console(user).verdict)

    def console(self, user: User) -> SignInOutcome:
        """Return whether the password opens the console, with MFA or without.

        No access key is needed for it, and devices that were not read are taken every way.
        """
        credentials = self._credentials[user.name]
        if credentials.password is None:
            return SignInOutcome(
                Verdict.UNKNOWN, _UNKNOWN.filled(reason=reasons_of(credentials.unread))
            )
        if not credentials.password:
            return SignInOutcome(Verdict.NOBODY)
        return self._told(user, self._walks.opens, credentials)

    def enrols(self, user: User) -> Verdict:
        """Return whether somebody without a device can set one up, once the password is changed.

        Who holds nothing may get anything.
        """
        credentials = replace(self._credentials[user.name], must_change=False, expired=False)
        if not credentials.password and not credentials.active_keys and not credentials.others:
            credentials = replace(credentials, password=True, active_keys=1)
        return self._told(user, self._walks.enrols, credentials).verdict

    def _told(self, user: User, walk: _Walk, credentials: Credentials) -> SignInOutcome:
        """Walk by all that the user may hold; it must come out the same."""
        try:
            policies = policies_of(self._snapshot, user.name)
        except FaultyAccount as error:
            return SignInOutcome(Verdict.UNKNOWN, _UNKNOWN.filled(reason=error.reason))
        by_verdict = {
            found.verdict: found
            for each in may_hold(credentials)
            for found in [walk(user, each, policies)]
        }
        walked = by_verdict.popitem()[1]
        if by_verdict or walked.why is None:
            gaps = (*credentials.unread, *self._walks.unread(user))
            # no call need have failed: a snapshot may do without a report
            why = reasons_of(gaps) if gaps else _NO_REPORT
            return SignInOutcome(Verdict.UNKNOWN, _UNKNOWN.filled(reason=why))
        verdict = _VERDICTS[walked.verdict]
        unsure = verdict is Verdict.UNKNOWN
        return SignInOutcome(verdict, _UNKNOWN.filled(reason=walked.why) if unsure else walked.why)


def or_without_mfa(snapshot: Snapshot, user: User, entry: SignInOutcome) -> SignInOutcome:
    """Return the entry of somebody for whom a session without MFA counts if it is as good as one.

    It is where the user is not enforced, and neither a policy of theirs nor a role that may let
    them
    in asks for MFA. By the password, if there is one: a key is no way to the console.
    """
    opens = entry.console in (Verdict.PROVED, Verdict.NOBODY)
    if entry.verdict is Verdict.PROVED or not opens:
        return entry
    enforcement = enforcements_of(replace(snapshot, users=(user,)))[user.name]
    if enforcement.enforced in (Enforced.PROVED, Enforced.UNKNOWN):
        return entry
    policies = policies_of(snapshot, user.name)
    if tells_mfa_apart(policies) or _is_asked_by_a_role(snapshot, user, policies):
        return entry
    gap = next((each for each in snapshot.gaps if _hides_roles(each)), None)
    if gap is not None:
        return replace(entry, verdict=Verdict.UNKNOWN, why=_UNKNOWN.filled(reason=gap.why))
    return replace(entry, verdict=Verdict.PROVED, why=_NO_WORDS, without_mfa=True)


def _is_asked_by_a_role(snapshot: Snapshot, user: User, policies: Policies) -> bool:
    """Return whether the trust policy of a role that may let the user in asks for MFA.

    Which roles the user's policies allow is not looked at; with none that allows any, a role lets
    in whom it names itself.
    """
    (mfa,) = credentials_of(snapshot, user, mfa=True)
    identity = (EVERYTHING,) if any(map(_lets_assume, policies.identity)) else ()
    return any(
        tells_mfa_apart(Policies(identity=(AttachedPolicy("trust policy", role.trust),)))
        and lets_in(role, mfa, snapshot.taken_at, identity) is not None
        for role in snapshot.roles
    )


def _lets_assume(policy: AttachedPolicy) -> bool:
    return any(
        each.effect is Effect.ALLOW
        and matches(each.action, "sts:AssumeRole", TrackedAssumptions(Assumptions()))
        for each in policy.document.statements
    )


def _hides_roles(gap: Gap) -> bool:
    if gap.resource.kind is ResourceKind.TRUST_POLICY:
        return True
    return gap.operation == "GetAccountAuthorizationDetails" and gap.resource == THE_ACCOUNT
