"""Whether each user of an account gets in, now or after a change, and the steps for it.

Also whether a user may use `aws login` in a session with MFA, by their own policies on the two
calls that it makes; with unread policies it is unknown. Source: AWS Sign-In User Guide, "Login
for AWS local development using console credentials"; docs/signin.md#sessions-of-aws-login.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from enum import StrEnum

from sekisho.account import (
    THE_ACCOUNT,
    Credentials,
    Gap,
    ResourceKind,
    Snapshot,
    User,
    gap_reasons,
    policies_of,
)
from sekisho.account import credentials_of as known_credentials
from sekisho.answer import Answer, AnswerEffect, answer_request
from sekisho.audit.enforcement import (
    EVERYTHING,
    enforcements_of,
    scps_unread_reason,
    trusting_statement,
)
from sekisho.audit.impact.kinds import usual_enforcement
from sekisho.audit.impact.sign_in import (
    TRYING,
    SignInResult,
    SignInScenarios,
    agreed,
    possible_credentials,
)
from sekisho.audit.impact.users import UserRow
from sekisho.catalogue import DEFAULT_PARTITION
from sekisho.engine import Assumptions, AttachedPolicy, Context, Policies, Request
from sekisho.engine.matching import TrackedAssumptions, action_matches
from sekisho.errors import FaultyAccount, quoted
from sekisho.lazy import dataclass
from sekisho.messages import Message, listed, verbatim
from sekisho.policy import NAME, Effect
from sekisho.prover import (
    CallerCredential,
    Counterexample,
    Enforced,
    counterexample_text,
    distinguishes_mfa,
)
from sekisho.prover.scenarios import ScenarioAnswer, ScenarioOutcome, step_text, steps_of
from sekisho.signin import (
    AUTHORIZE,
    CREATE_TOKEN,
    MFA_IN_CALL,
    Credential,
    CredentialKind,
    DeviceKind,
    Holder,
    HolderKind,
    LoginClient,
)
from sekisho.work import tracked

_Question = Callable[[User, Credentials, Policies], SignInResult]

UNREAD = Message("unknown: their credentials were not read ({what})")
UNLISTED = Message("unknown: not all users were read")

_NO_WORDS = verbatim("")
_UNKNOWN = Message("unknown: {reason}")
_NO_REPORT = Message("there is no credential report, and the password may have expired")


@dataclass(frozen=True, slots=True)
class SignInOutcome:
    """Whether a user gets a session with MFA, and if not, the step at which it fails.

    Attributes:
        without_mfa: to a session without, which is as good: see `or_without_mfa`.
        console: whether the password opens the console, with MFA or without; None: there is none.
    """

    verdict: ScenarioOutcome
    why: Message = _NO_WORDS
    without_mfa: bool = False
    console: ScenarioOutcome | None = ScenarioOutcome.UNKNOWN

    @property
    def gets_in(self) -> bool:
        """Whether it is proved that the user gets in."""
        return self.verdict is ScenarioOutcome.GETS_IN

    @property
    def locked_out(self) -> bool:
        """Whether it is proved that the user cannot get in."""
        return self.verdict is ScenarioOutcome.LOCKED_OUT

    @property
    def console_refused(self) -> bool:
        """Whether it is proved that the password does not open the console."""
        return self.console is ScenarioOutcome.LOCKED_OUT


class SignInOutcomes:
    """The sign-in outcomes of an account's users; each is computed when it is needed.

    Args:
        snapshot: the account.
        unread: the users whose credentials were not read; see `unread_credentials`.
    """

    def __init__(self, snapshot: Snapshot, unread: Mapping[str, tuple[str, ...]]) -> None:
        self._snapshot = snapshot
        self._unread = unread
        self._scenarios = SignInScenarios(snapshot)
        self._credentials: dict[str, Credentials] = {}

    def outcomes(self, users: Collection[User]) -> Mapping[str, SignInOutcome]:
        """Return the outcome of each user, by name; users without any credential are left out."""
        return {
            user.name: self._outcome(user)
            for user in tracked(users, TRYING)
            if user.name in self._unread or user.password or any(key.active for key in user.keys)
        }

    def _outcome(self, user: User) -> SignInOutcome:
        unread, credentials = self._unread.get(user.name), self._known_credentials(user)
        if unread:
            found = SignInOutcome(ScenarioOutcome.UNKNOWN, UNREAD.filled(what=", ".join(unread)))
        else:
            found = self._outcome_by_all(user, self._scenarios.gets_in, credentials)
        return replace(found, console=self.console(user).console)

    def console(self, user: User) -> SignInOutcome:
        """Return whether the password opens the console, and if not, the reason.

        No access key is needed, and devices that were not read are both present and absent in turn.
        """
        credentials = self._known_credentials(user)
        if credentials.password is None:
            return _unknown(gap_reasons(credentials.unread))
        if not credentials.password:
            return SignInOutcome(ScenarioOutcome.LOCKED_OUT, console=None)
        found = self._outcome_by_all(user, self._scenarios.opens_console, credentials)
        return replace(found, console=found.verdict)

    def enrols(self, user: User) -> ScenarioOutcome:
        """Return whether a user without a device can set one up after changing the password.

        A user without credentials may get any.
        """
        credentials = replace(self._known_credentials(user), must_change=False, expired=False)
        if not credentials.password and not credentials.active_keys and not credentials.others:
            credentials = replace(credentials, password=True, active_keys=1)
        return self._outcome_by_all(user, self._scenarios.enrols, credentials).verdict

    def _known_credentials(self, user: User) -> Credentials:
        """Return the credentials of a user, as far as they are known; computed once for each."""
        if user.name not in self._credentials:
            known = self._snapshot.user_named[user.name]
            self._credentials[user.name] = known_credentials(self._snapshot, known)
        return self._credentials[user.name]

    def _outcome_by_all(
        self, user: User, question: _Question, credentials: Credentials
    ) -> SignInOutcome:
        """Return the outcome for all credentials that the user may have; unknown if they differ."""
        try:
            policies = policies_of(self._snapshot, user.name)
        except FaultyAccount as error:
            return _unknown(error.reason)
        result = agreed(
            question(user, each, policies) for each in possible_credentials(credentials)
        )
        if result is None or result.why is None:
            gaps = (*credentials.unread, *self._scenarios.gaps_on_the_way(user))
            # without a failed call, the missing fact is one that only a report has
            return _unknown(gap_reasons(gaps) if gaps else _NO_REPORT)
        if result.verdict is ScenarioOutcome.UNKNOWN:
            return _unknown(result.why)
        return SignInOutcome(result.verdict, result.why)


def _unknown(reason: Message) -> SignInOutcome:
    return SignInOutcome(ScenarioOutcome.UNKNOWN, _UNKNOWN.filled(reason=reason))


def or_without_mfa(snapshot: Snapshot, user: User, outcome: SignInOutcome) -> SignInOutcome:
    """Return the outcome, with a session without MFA accepted if it is as good as one with MFA.

    It is as good if the user is not enforced, and if neither their policies nor a role that they
    may assume require MFA. A user with a password signs in by it: a key does not open the console.
    """
    if outcome.gets_in or outcome.console not in (ScenarioOutcome.GETS_IN, None):
        return outcome
    enforcement = enforcements_of(replace(snapshot, users=(user,)))[user.name]
    if enforcement.enforced in (Enforced.PROVED, Enforced.UNKNOWN):
        return outcome
    policies = policies_of(snapshot, user.name)
    if distinguishes_mfa(policies) or _is_asked_by_a_role(snapshot, user, policies):
        return outcome
    gap = next((each for each in snapshot.gaps if _hides_roles(each)), None)
    if gap is not None:
        return replace(
            outcome, verdict=ScenarioOutcome.UNKNOWN, why=_UNKNOWN.filled(reason=gap.why)
        )
    return replace(outcome, verdict=ScenarioOutcome.GETS_IN, why=_NO_WORDS, without_mfa=True)


def _is_asked_by_a_role(snapshot: Snapshot, user: User, policies: Policies) -> bool:
    """Return whether the trust policy of a role that the user may assume tests MFA.

    The roles that the user's policies allow are not compared; if the policies allow none, only a
    role that names the user counts.
    """
    (mfa,) = credentials_of(snapshot, user, mfa=True)
    identity = (EVERYTHING,) if any(map(_lets_assume, policies.identity)) else ()
    return any(
        distinguishes_mfa(Policies(identity=(AttachedPolicy("trust policy", role.trust),)))
        and trusting_statement(role, mfa, snapshot.taken_at, identity) is not None
        for role in snapshot.roles
    )


def _lets_assume(policy: AttachedPolicy) -> bool:
    return any(
        each.effect is Effect.ALLOW
        and action_matches(each.action, "sts:AssumeRole", TrackedAssumptions(Assumptions()))
        for each in policy.document.statements
    )


def _hides_roles(gap: Gap) -> bool:
    if gap.resource.kind is ResourceKind.TRUST_POLICY:
        return True
    return gap.operation == "GetAccountAuthorizationDetails" and gap.resource == THE_ACCOUNT


def ways_in(snapshot: Snapshot, row: UserRow) -> tuple[ScenarioAnswer, ...]:
    """Return the steps to a session with MFA, or to the point where they fail.

    MFA enforcement is the user's own where the user is enforced already, else Force_MFA as
    `policy new` writes it, as in `impacts_of`.

    Returns:
        One answer; several where it depends on what was not read. None if it is known that the user
        has neither a password nor an active key.

    Raises:
        FaultyAccount: if a policy of the user was not read.
        FaultyPolicy: if a document cannot be interpreted for certain.
    """
    credentials = row.credentials
    if credentials.password is False and credentials.active_keys == 0:
        return ()
    policies = policies_of(snapshot, row.user.name)
    if row.enforcement.enforced is not Enforced.PROVED:
        attached = AttachedPolicy(NAME, usual_enforcement(snapshot))
        policies = replace(policies, identity=(*policies.identity, attached))
    scenarios = SignInScenarios(snapshot)
    found: dict[object, ScenarioAnswer] = {}
    for each in possible_credentials(credentials):
        for answer in scenarios.ways_in(row.user, each, policies):
            steps = tuple(step_text(step) for step in steps_of(answer))
            found.setdefault((answer.outcome, steps), answer)
    return tuple(found.values())


_LOGIN_REGION = "us-east-1"

_REFUSES = Message("a policy denies {actions}")
_NO_ALLOW = Message("no policy allows {actions}")
_KEYS_MISSING = Message("it depends on {keys}")
_NOT_DECIDED = Message("the policies do not tell")
_OTHER_PARTITION = Message("AWS does not say whether it exists in the partition {partition}")


class MayLogin(StrEnum):
    """Whether a user may use `aws login` in a session with MFA."""

    ALLOWED = "allowed"
    DENIED = "denied"
    UNKNOWN = "unknown"


def may_login(snapshot: Snapshot, user: User) -> tuple[MayLogin, Message | None]:
    """Return whether a user may use `aws login`, with the reason if not, or if not known."""
    if snapshot.partition != DEFAULT_PARTITION:
        partition = _OTHER_PARTITION.filled(partition=quoted(snapshot.partition))
        return MayLogin.UNKNOWN, partition
    try:
        policies = policies_of(snapshot, user.name)
    except FaultyAccount as error:
        return MayLogin.UNKNOWN, error.reason
    answers = [_answer_of(snapshot, user, policies, action) for action in (AUTHORIZE, CREATE_TOKEN)]
    if denied := [each for each in answers if _denies(each)]:
        explicit = any(each.effect is AnswerEffect.EXPLICITLY_DENIED for each in denied)
        actions = listed(verbatim(f"`{each.request.action}`") for each in denied)
        form = _REFUSES if explicit else _NO_ALLOW
        return MayLogin.DENIED, form.filled(actions=actions)
    if unread := scps_unread_reason(snapshot):
        return MayLogin.UNKNOWN, unread
    if keys := sorted({key for each in answers for key in _undecided_by(each)}):
        return MayLogin.UNKNOWN, _KEYS_MISSING.filled(
            keys=listed(verbatim(quoted(k)) for k in keys)
        )
    if any(each.effect is not AnswerEffect.ALLOWED for each in answers):
        return MayLogin.UNKNOWN, _NOT_DECIDED
    return MayLogin.ALLOWED, None


def _answer_of(snapshot: Snapshot, user: User, policies: Policies, action: str) -> Answer:
    place = snapshot.partition, _LOGIN_REGION, snapshot.account
    request = Request(
        principal=user.arn,
        action=action,
        resource=LoginClient.SAME_DEVICE.resource(*place),
        context=Context(MFA_IN_CALL),
    )
    return answer_request(request, policies, snapshot.taken_at)


def _denies(answer: Answer) -> bool:
    """Return whether the answer is a denial, for all values of missing keys."""
    no = {
        AnswerEffect.IMPLICITLY_DENIED,
        AnswerEffect.EXPLICITLY_DENIED,
        AnswerEffect.REFUSED,
    }
    return answer.effect in no and answer.possible <= no


def _undecided_by(answer: Answer) -> Iterator[str]:
    """Yield the keys on which the unknown answer depends."""
    yield from (each.key for each in answer.missing if each.could_change)


_BY_KEY = (CallerCredential.KEY, CallerCredential.KEY_VIA_SERVICE)
_BY_SESSION = (CallerCredential.SESSION, CallerCredential.SESSION_VIA_SERVICE)
_NO_KEY = Message("{said} (the user has no active access key now; it applies to a new one)")
_NOTHING = Message(
    "{said} (the user has no password and no active access key now; it applies to new ones)"
)
_UNREAD = Message("{said} (whether the user has such a credential was not read)")


def counterexample_for_user(
    counterexample: Counterexample, credentials: Credentials | None, *, refused: bool = False
) -> Message:
    """Return the text of a counterexample for a user.

    If the user has no credential that can make the request, the text says so.

    Args:
        counterexample: a request that the policies allow.
        credentials: the credentials of its user; None if they do not matter.
        refused: whether the policies refuse it instead.
    """
    text = counterexample_text(counterexample, refused=refused)
    if credentials is None:
        return text
    key = None if credentials.active_keys is None else credentials.active_keys > 0
    if counterexample.credential in _BY_KEY:
        available, lacking = key, _NO_KEY
    elif counterexample.credential in _BY_SESSION:
        available, lacking = _any_of(credentials.password, key), _NOTHING
    else:
        return text
    if available:
        return text
    return (_UNREAD if available is None else lacking).filled(said=text)


def _any_of(one: bool | None, other: bool | None) -> bool | None:
    """Return whether one of two is true; None if that is not known."""
    if one or other:
        return True
    return None if one is None or other is None else False


def credentials_of(snapshot: Snapshot, user: User, *, mfa: bool) -> tuple[Credential, ...]:
    """Return the credentials that a user can have: one with MFA, and two kinds without.

    A long-term access key has no MFA key in the context, a console session without MFA has one that
    is false: MFA enforcement must work against both (docs/signin.md, "What a credential puts into
    the request context").
    """
    holder = Holder(
        HolderKind.USER, snapshot.partition, snapshot.account, user.name, user.path, user.id
    )
    at = snapshot.taken_at
    until = at + timedelta(hours=12)
    if mfa:
        return (Credential(CredentialKind.SESSION_TOKEN, holder, at, until, mfa_at=at),)
    return (
        Credential(CredentialKind.LONG_TERM_KEY, holder),
        Credential(CredentialKind.CONSOLE_SESSION, holder, at, until),
    )


def kind_of_credential(credential: Credential) -> CallerCredential:
    """Return the prover's name for a user's credential."""
    if credential.kind is CredentialKind.LONG_TERM_KEY:
        return CallerCredential.KEY
    return CallerCredential.SESSION if credential.mfa_at is None else CallerCredential.MFA_SESSION


def usable_credentials(snapshot: Snapshot, user: User, *, enters: bool) -> tuple[Credential, ...]:
    """Return the credentials that a user can use, by their password, keys and devices.

    A passkey gives no code for GetSessionToken, so a user with a passkey also needs a password (IAM
    user guide, "Passkeys and security keys").

    Args:
        snapshot: the account.
        user: one of its users.
        enters: whether the password opens the console.
    """
    key, console = credentials_of(snapshot, user, mfa=False)
    has_key = any(known.active for known in user.keys)
    gives_codes = any(device.kind is not DeviceKind.FIDO for device in user.devices)
    found = [key] if has_key else []
    if enters and not user.devices:
        found.append(console)
    if user.devices and (enters or (has_key and gives_codes)):
        found += credentials_of(snapshot, user, mfa=True)
    return tuple(found)
