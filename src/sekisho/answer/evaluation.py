"""The answer of AWS to a request: the policies' decision, and everything else that AWS does.

`engine.decide` is plain: it adds nothing to what it is given. Here a request is asked about what
AWS asks about (`resource`), completed by what AWS adds (`completion`), put to the rules of the
services (`signin.service_rule`) and to the engine; and what was not given is named, with whether
it could change the answer (`engine.possible`).

How it is read: docs/semantics.md#12-what-aws-adds and the sections after it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import field, replace
from datetime import datetime

from sekisho.answer.completion import (
    AGE,
    ISSUED,
    MFA,
    ROLES,
    CompletedRequest,
    complete,
    is_service,
)
from sekisho.answer.keys import (
    ADDRESS,
    ENDPOINT,
    Presence,
    RequestKind,
    malformed_keys,
    presence_of,
)
from sekisho.answer.model import (
    ANSWER_TO_DECISION,
    Answer,
    AnswerEffect,
    AssumedOwner,
    MissingKey,
    UnexpectedKey,
)
from sekisho.answer.resource import (
    CheckedResource,
    ImpossibleRequest,
    ResourceNote,
    checked_resource,
)
from sekisho.catalogue import Action, global_key, load
from sekisho.engine import (
    Assumptions,
    AttachedPolicy,
    Context,
    ContextValue,
    Decision,
    DecisionEffect,
    Policies,
    Possibilities,
    Request,
    UnknownKey,
    caller_and_groups,
    decide,
    missing_resource_policy,
    possible,
    relevant_keys,
)
from sekisho.engine.matching import Caller, CallerKind, arns
from sekisho.lazy import dataclass
from sekisho.policy import PolicyKind, from_json
from sekisho.signin import (
    SIGN_IN_SESSION,
    AskPolicies,
    Credential,
    CredentialKind,
    Holder,
    HolderKind,
    PermittedWithoutPolicy,
    Refused,
    Ruling,
    SigninAssumptions,
    service_rule,
)

Decide = Callable[[Request, Policies, Assumptions], Decision]


@dataclass(frozen=True, slots=True)
class AnswerSettings:
    """The settings of an answer.

    Attributes:
        assumptions, signin: the points that AWS does not document.
        decide: a function that decides as the engine does.
    """

    assumptions: Assumptions = field(default_factory=Assumptions)
    signin: SigninAssumptions = field(default_factory=SigninAssumptions)
    decide: Decide = decide


_DEFAULTS = AnswerSettings()


def answer_part(
    request: Request, policies: Policies, now: datetime, settings: AnswerSettings = _DEFAULTS
) -> Answer:
    """Return the answer to `request` about its one resource alone.

    Args:
        request: its known parts. Keys that follow from it or have a usual value are added.
        policies: the policies that apply.
        now: the time of the request, with its zone.
        settings: the assumptions, and what decides.

    Raises:
        FaultyRequest: if the request is none that AWS could be asked, or a key that was given
            contradicts the principal.
        FaultyPolicy: if a document cannot be interpreted for certain.
    """
    caller, _ = caller_and_groups(request, policies)
    action = load().action(request.action)
    resource = checked_resource(action, request.resource, request.action)
    if isinstance(resource, ImpossibleRequest):
        impossible = AnswerEffect.IMPOSSIBLE
        strange = action is None
        return Answer(
            impossible, request, policies, None, impossible=resource, not_in_catalogue=strange
        )
    request, policies = _as_checked(resource, request, policies, caller)
    completed = complete(request, caller, now)
    ruling = service_ruling(completed.request, caller, now, settings)
    answering = Answerer(caller, action, completed, settings)
    answer = answering.under_ruling(ruling, policies)
    return replace(
        answer,
        note=resource.note,
        not_in_catalogue=action is None,
        unexpected=tuple(answering.unexpected_keys(request.context, policies)),
        malformed=tuple(malformed_keys(request.context)),
        assumed_owner=_assumed_owner(answer, request, policies, now, settings),
    )


_OTHER_ACCOUNTS = ("999999999999", "888888888888")


def _assumed_owner(
    answer: Answer, request: Request, policies: Policies, now: datetime, settings: AnswerSettings
) -> AssumedOwner | None:
    """Return the assumed owner of a bucket, if another owner would change the answer."""
    own = arns.account_of(request.principal)
    allowed = answer.effect in (AnswerEffect.ALLOWED, AnswerEffect.UNKNOWN)
    if own is None or request.resource_account is not None or not allowed:
        return None
    if not arns.is_bucket(request.resource):
        return None
    other = replace(request, resource_account=next(one for one in _OTHER_ACCOUNTS if one != own))
    otherwise = answer_part(other, policies, now, settings).effect
    return None if otherwise is answer.effect else AssumedOwner(own, otherwise)


def _as_checked(
    resource: CheckedResource, request: Request, policies: Policies, caller: Caller
) -> tuple[Request, Policies]:
    """Return request and policies as AWS checks them: without resource, no resource policy."""
    if resource.note is not ResourceNote.NO_TYPES:
        return request, policies
    request = replace(request, resource="*", resource_account=None)
    if not caller.outside:
        policies = replace(policies, resource=None, resource_kind=None, trust=None)
    return request, policies


_HOLDS: Mapping[CallerKind, tuple[CredentialKind, HolderKind]] = {
    CallerKind.ROOT: (CredentialKind.LONG_TERM_KEY, HolderKind.ROOT),
    CallerKind.USER: (CredentialKind.LONG_TERM_KEY, HolderKind.USER),
    CallerKind.ROLE: (CredentialKind.ROLE_SESSION, HolderKind.ROLE),
    CallerKind.ROLE_SESSION: (CredentialKind.ROLE_SESSION, HolderKind.ROLE),
    CallerKind.FEDERATED_USER: (CredentialKind.FEDERATED_SESSION, HolderKind.FEDERATED),
}
"""The credential of a principal if no session key was given."""

_SESSION_KEYS = tuple(key.lower() for key in (MFA, AGE, ISSUED))
_LOGIN = SIGN_IN_SESSION.lower()
_SERVICE_ROLE = "/aws-service-role/"


def service_ruling(
    request: Request, caller: Caller, now: datetime, settings: AnswerSettings
) -> Ruling:
    """Return the service's ruling; a user's session is assumed to be a console's, the widest."""
    if caller.kind not in _HOLDS:
        return AskPolicies()
    kind, holder = _HOLDS[caller.kind]
    context = request.context.folded
    mfa_at = None
    asked = (*_SESSION_KEYS, _LOGIN)
    if kind is CredentialKind.LONG_TERM_KEY and any(key in context for key in asked):
        login = _LOGIN in context
        kind = CredentialKind.LOGIN_SESSION if login else CredentialKind.CONSOLE_SESSION
        mfa_at = now if str(context.get(MFA.lower())).lower() == "true" else None
    linked = request.service_linked_role or _SERVICE_ROLE in str(context.get("aws:principalarn"))
    path = _SERVICE_ROLE if linked else "/"
    held = Holder(holder, caller.partition, caller.account or "", path=path)
    credential = Credential(kind, held, mfa_at=mfa_at)
    owner = request.resource_account
    return service_rule(credential, request.action, settings.signin, request.resource, owner)


@dataclass(frozen=True, slots=True)
class _PossibleCredential:
    """One of the credentials that may have signed the request, by the keys of a session."""

    known: Mapping[str, str]
    unknown_keys: Mapping[str, UnknownKey]


_THERE = UnknownKey(may_be_absent=False)
_SOME_VALUE = "some-value"
NOT_ALLOWED = Decision(DecisionEffect.IMPLICITLY_DENIED)


def _possible_credentials(
    caller: Caller, given: Mapping[str, object]
) -> tuple[_PossibleCredential, ...]:
    """Return every credential that fits the given keys, at least one.

    A user's long-term key has none of the keys, a session without MFA no age; a role's session has
    the key of MFA false or lacks it, and a session of `aws login` may lack it (docs/signin.md).
    Given keys that fit no credential are used as they are.
    """
    unknown = {key: UnknownKey() for key in _SESSION_KEYS if key not in given}
    if caller.kind in ROLES and MFA.lower() in unknown:
        unknown = {key: one for key, one in unknown.items() if key != MFA.lower()}
        unknown |= {ISSUED.lower(): _THERE} if ISSUED.lower() in unknown else {}
        return (_PossibleCredential({MFA: "false"}, unknown), _PossibleCredential({}, unknown))
    mfa = str(given.get(MFA.lower(), "")).lower()
    if caller.kind not in (CallerKind.USER, CallerKind.ROOT) or mfa not in ("", "true", "false"):
        return (_PossibleCredential({}, unknown),)
    age, issued = AGE.lower(), ISSUED.lower()
    later = {issued: _THERE} if issued in unknown else {}
    found = []
    if _LOGIN in given:
        if not mfa and age in unknown:
            found.append(_PossibleCredential({}, later))
    elif len(unknown) == len(_SESSION_KEYS):
        found.append(_PossibleCredential({}, {}))
    if mfa != "true" and age in unknown:
        found.append(_PossibleCredential({MFA: "false"}, later))
    if mfa != "false":
        found.append(
            _PossibleCredential({MFA: "true"}, {age: _THERE, **later} if age in unknown else later)
        )
    return tuple(found) or (_PossibleCredential({}, later),)


@dataclass(frozen=True, slots=True)
class Answerer:
    """One completed request that is being answered."""

    caller: Caller
    action: Action | None
    completed: CompletedRequest
    settings: AnswerSettings

    @property
    def request(self) -> Request:
        """The request, completed."""
        return self.completed.request

    def under_ruling(self, ruling: Ruling, policies: Policies) -> Answer:
        """Return the answer under the service's ruling."""
        match ruling:
            case PermittedWithoutPolicy(rule):
                effect, decision = AnswerEffect.ALLOWED, self._decide(policies)
                return Answer(
                    effect, self.request, policies, decision, rule, possible=frozenset({effect})
                )
            case Refused(reason=rule):
                effect, decision = AnswerEffect.REFUSED, self._decide(policies)
                return Answer(
                    effect, self.request, policies, decision, rule, possible=frozenset({effect})
                )
            case AskPolicies(not_of_resource=rule):
                if rule is not None:
                    policies = replace(policies, resource=None, resource_kind=None)
                return self._by_policies(ruling, policies)

    def _decide(self, policies: Policies, more: Mapping[str, str] | None = None) -> Decision:
        context = self.request.context.with_(more or {})
        request = replace(self.request, context=context) if more else self.request
        return self.settings.decide(request, policies, self.settings.assumptions)

    def _by_policies(self, ruling: AskPolicies, policies: Policies) -> Answer:
        decision = self._decide(policies)
        # whether the resource has a policy of its own that must allow, and was not given
        lacks = missing_resource_policy(self.request, policies, NOT_ALLOWED)
        applied = policies if lacks is None else with_permissive_policy(policies, lacks)
        asked = relevant_keys(self.request, applied, self.settings.assumptions)
        unknown = self.unknown_keys(asked, policies)
        basis = decision if lacks is None else self._decide(applied)
        found = self.possibilities(applied, unknown, basis)
        meanings = answers_by_decision(ruling, lacks, known=self.action is not None)
        possible_answers = frozenset(meanings[one] for one in found.effects)
        effect = meanings[basis.effect]
        if (
            self._depends_on_certain_key(unknown, found)
            and AnswerEffect.ALLOWED in possible_answers
        ):
            effect = AnswerEffect.UNKNOWN
        elif basis.effect not in found.effects:
            # no request lacks a key that AWS always sends
            always = [key for key, one in unknown.items() if one is Presence.ALWAYS]
            basis = self._decide(applied, dict.fromkeys(always, _SOME_VALUE))
            known = basis.effect in found.effects
            effect = meanings[basis.effect] if known else AnswerEffect.UNKNOWN
        if basis.effect is not DecisionEffect.ALLOWED or lacks is None:
            decision = basis
        then = ruling.then if effect is AnswerEffect.REFUSED else None
        explicit = decision.effect is DecisionEffect.EXPLICITLY_DENIED
        return Answer(
            effect,
            self.request,
            policies,
            decision,
            then.reason if then is not None else ruling.not_of_resource,
            not_given=None if explicit else lacks,
            added=tuple(one for key, one in self.completed.added.items() if key in asked),
            missing=tuple(self._missing_keys(asked, unknown, found.matters)),
            possible=possible_answers,
            as_long_term_key=self._as_long_term_key(found),
        )

    def _depends_on_certain_key(
        self, unknown: Mapping[str, Presence], found: Possibilities
    ) -> bool:
        """Return whether the answer depends on a key that AWS always sends."""
        return any(
            unknown[key] is Presence.ALWAYS and key not in self.completed.guessed
            for key in found.matters & unknown.keys()
        )

    def _request_kind(self, policies: Policies) -> RequestKind:
        context = self.request.context.folded
        via = str(context.get("aws:viaawsservice")).lower() == "true"
        endpoint = True if policies.vpc_endpoint is not None or ENDPOINT & context.keys() else None
        if endpoint is None and ADDRESS in context:
            endpoint = False
        return RequestKind(self.caller.kind, is_service(self.caller), self.action, via, endpoint)

    def unexpected_keys(self, given: Context, policies: Policies) -> Iterator[UnexpectedKey]:
        """Yield the keys in `given` that AWS is not known to send with such a request."""
        # a given key of a calling service shows that a service calls
        kind = replace(self._request_kind(policies), via_service=True)
        for key in given:
            presence = presence_of(key, kind)
            if presence not in (Presence.UNKNOWN, Presence.NEVER):
                continue
            if not _is_provider_key(key, self.caller):
                yield UnexpectedKey(key, presence)

    def unknown_keys(self, asked: Mapping[str, str], policies: Policies) -> dict[str, Presence]:
        """Return the unknown keys that policies test, except those that no such request has."""
        kind, known = self._request_kind(policies), self.request.context.folded
        found = {key: presence_of(key, kind) for key in asked if key not in known}
        found |= {
            key: one
            for key, one in self._known_session_keys()
            if key in found and found[key] is not Presence.NEVER
        }
        found |= {
            key: Presence.CREDENTIAL if one.may_be_absent else Presence.ALWAYS
            for key, one in self.completed.guessed.items()
            if key in asked
        }
        return {key: one for key, one in found.items() if one is not Presence.NEVER}

    def _known_session_keys(self) -> Iterator[tuple[str, Presence]]:
        """Yield the keys of a session that are partly known, because it is one."""
        given = self._given_context()
        mfa = str(given.get(MFA.lower())).lower()
        if mfa in ("true", "false"):
            yield AGE.lower(), Presence.ALWAYS if mfa == "true" else Presence.NEVER
        if self.caller.kind in ROLES or any(key in given for key in _SESSION_KEYS):
            yield ISSUED.lower(), Presence.ALWAYS

    def _given_context(self) -> dict[str, ContextValue]:
        """Return the context without guessed values, by keys in lower case."""
        context, guessed = self.request.context.folded, self.completed.guessed
        return {key: one for key, one in context.items() if key not in guessed}

    def possibilities(
        self,
        policies: Policies,
        unknown: Mapping[str, Presence],
        decision: Decision | None,
        of_resource: Mapping[str, UnknownKey] | None = None,
    ) -> Possibilities:
        """Return every possible decision, over all values of the unknown keys.

        Args:
            policies: the policies that apply.
            unknown: the keys that are not known, with whether AWS sends them.
            decision: the decision that was made; None: it is to be found out.
            of_resource: further unknown facts, on the resource.
        """
        if not unknown and decision is not None:
            return Possibilities(frozenset({decision.effect}))
        others = {
            **(of_resource or {}),
            **{
                key: self.completed.guessed.get(key, self._knowledge_of(key, presence))
                for key, presence in unknown.items()
                if key not in _SESSION_KEYS
            },
        }
        given, assumptions = self._given_context(), self.settings.assumptions
        guessed = self.completed.guessed.keys() & set(_SESSION_KEYS)
        all_of_it = self.request.context
        context = Context({k: v for k, v in all_of_it.items() if k.lower() not in guessed})
        results = []
        for case in _possible_credentials(self.caller, given):
            keys = {key: one for key, one in case.unknown_keys.items() if key in unknown}
            known = {key: one for key, one in case.known.items() if key.lower() not in given}
            request = replace(self.request, context=context.with_(known))
            results.append(possible(request, policies, {**others, **keys}, assumptions))
        effects = frozenset(effect for one in results for effect in one.effects)
        matters = frozenset(key for one in results for key in one.matters)
        of_session = {key: UnknownKey() for key in _SESSION_KEYS if key in unknown}
        if len(effects) > 1 and of_session:
            # a credential may matter for only some values of the other keys
            any_of_them = {**others, **of_session}
            whole = possible(self.request, policies, any_of_them, assumptions)
            matters |= whole.matters & of_session.keys()
        return Possibilities(effects, matters)

    def _knowledge_of(self, key: str, presence: Presence) -> UnknownKey:
        may_be_absent = presence is not Presence.ALWAYS
        return UnknownKey(may_be_absent, self._value_pattern(key))

    def _value_pattern(self, key: str) -> str:
        """Return the pattern of a key's values: a unique ID begins with its holder's kind."""
        match self.caller.kind:
            case CallerKind.ROLE_SESSION if key == "aws:userid":
                return f"AROA*:{self.caller.arn.rsplit('/', 1)[-1]}"
            case CallerKind.ROLE if key == "aws:userid":
                return "AROA*:*"
            case CallerKind.USER if key == "aws:userid":
                return "AIDA*"
            case _:
                return "*"

    def _missing_keys(
        self, asked: Mapping[str, str], unknown: Mapping[str, Presence], matters: frozenset[str]
    ) -> Iterator[MissingKey]:
        for key, presence in sorted(unknown.items()):
            could_change = key in matters
            # guessed values are shown as added; where the form of the values decides,
            # none is missing
            if could_change or (
                key not in self.completed.guessed and self._value_pattern(key) == "*"
            ):
                yield MissingKey(_in_aws_spelling(key, asked[key]), presence, could_change)

    def _as_long_term_key(self, found: Possibilities) -> bool:
        user = self.caller.kind in (CallerKind.USER, CallerKind.ROOT)
        given = self.request.context.folded
        session = any(key in given for key in _SESSION_KEYS)
        return user and not session and any(key in found.matters for key in _SESSION_KEYS)


def _is_provider_key(key: str, caller: Caller) -> bool:
    """Return whether a key belongs to the calling identity provider: it begins with its name."""
    if caller.kind is not CallerKind.OUTSIDER:
        return False
    provider = caller.arn.partition(":oidc-provider/")[2] or caller.arn
    return key.lower().startswith(f"{provider.lower()}:")


def _in_aws_spelling(key: str, written: str) -> str:
    """Return a key in AWS's spelling, or the policy's if AWS's is not known."""
    known = global_key(key)
    if known is None:
        return written
    return known.name if not known.name.endswith("/") else known.name + written[len(known.name) :]


def answers_by_decision(
    ruling: AskPolicies, absent: PolicyKind | None, *, known: bool
) -> Mapping[DecisionEffect, AnswerEffect]:
    """Return the answer for each decision of the policies.

    Args:
        ruling: the service's ruling.
        absent: the kind of the resource's own policy that must allow, and is not there.
        known: whether AWS is known to have the action. Of one that it may not have, an allow is
            unknown.
    """
    found = dict(ANSWER_TO_DECISION)
    if ruling.only_denies:
        found[DecisionEffect.IMPLICITLY_DENIED] = AnswerEffect.ALLOWED
    if ruling.then is not None:
        found[DecisionEffect.ALLOWED] = AnswerEffect.REFUSED
    elif absent is not None or not known:
        found[DecisionEffect.ALLOWED] = AnswerEffect.UNKNOWN
    return found


_ALLOW_ALL = {"Effect": "Allow", "Principal": "*", "Action": "*"}
_ANY_TRUST = AttachedPolicy("", from_json({"Statement": _ALLOW_ALL}, kind=PolicyKind.TRUST))
_ANY_RESOURCE = AttachedPolicy(
    "", from_json({"Statement": {**_ALLOW_ALL, "Resource": "*"}}, kind=PolicyKind.RESOURCE)
)


def with_permissive_policy(policies: Policies, kind: PolicyKind) -> Policies:
    """Return the policies with one of `kind` that allows everything to everybody."""
    if kind is PolicyKind.TRUST:
        return replace(policies, trust=_ANY_TRUST)
    return replace(policies, resource=_ANY_RESOURCE)
