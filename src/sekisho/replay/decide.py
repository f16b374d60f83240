"""The decision of the policies on one call, in the order of the reasons.

First come calls that no policy can deny; then calls that failed; then callers to whom no policy in
question applies; then the policies. A past call had passed the policies of its time, so that only
new policies are asked (`difference`). If the log lacks a fact that a policy tests, all its possible
values are tried (`engine.possible`): if they matter, the outcome is unknown.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field, replace
from functools import lru_cache

from sekisho.catalogue import equivalent_global_key, load
from sekisho.engine import (
    RESOURCE,
    AttachedPolicy,
    Cause,
    Context,
    DecisionEffect,
    Policies,
    Request,
    ResourcePolicyKind,
    UnknownKey,
    possible,
)
from sekisho.engine.matching import arns
from sekisho.errors import InternalError
from sekisho.lazy import dataclass
from sekisho.policy import PolicyKind, from_json
from sekisho.replay.actions import called_actions
from sekisho.replay.caller import exempt_by_name
from sekisho.replay.case import CallCase, Case, Judging, principal_of
from sekisho.replay.context import AGE, Facts, facts_of_action, is_always_read
from sekisho.replay.difference import ALLOWS_ALL, RESOURCE_ACCOUNT
from sekisho.replay.event import TrailEvent
from sekisho.replay.grouping import (
    EXEMPT,
    NO_SERVICE,
    NOT_DENIABLE,
    SESSION_TOKEN,
    ActionsOf,
    RememberedActions,
)
from sekisho.replay.outcome import CallOutcome, Judgement, OutcomeReason
from sekisho.replay.resources import ANY, AskedResource, Names, asked_resources

_Unknown = Mapping[str, UnknownKey]

ALLOWED, EXPLICIT = DecisionEffect.ALLOWED, DecisionEffect.EXPLICITLY_DENIED
DENIED, UNCHANGED, UNKNOWN = CallOutcome.DENIED, CallOutcome.UNCHANGED, CallOutcome.UNKNOWN
ALREADY = CallOutcome.ALREADY_DENIED

_UNAUTHORIZED = re.compile(
    "AccessDenied|Unauthorized|Forbidden|NotAuthorized|AuthorizationError", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Remembered:
    """The cached results of one case.

    Attributes:
        actions: the distinctions of actions; the same object in all cases of the same changes.
        judgements: the answers, by the statements that are about an action. Whether the other
            setting of the case's assumption is meant is told apart; None: both were compared.
        of_resources: the answers where the resource matters, by the action and the resource.
    """

    actions: RememberedActions = field(default_factory=RememberedActions)
    judgements: dict[tuple[bool | None, tuple[int, ...]], Judgement] = field(default_factory=dict)
    of_resources: dict[tuple[bool, str, AskedResource], Judgement] = field(default_factory=dict)


def judgement(
    judging: Judging, case: Case, event: TrailEvent, remembered: Remembered | None = None
) -> Judgement:
    """Return the judgement on a call in a case; without `remembered`, nothing is cached."""
    reason = case if isinstance(case, OutcomeReason) else None
    if reason in NOT_DENIABLE:
        return Judgement(CallOutcome.NOT_DENIABLE, reason)
    if (by_name := exempt_by_name(event.source, event.name)) is not None:
        return Judgement(CallOutcome.NOT_DENIABLE, by_name)
    called = called_actions(event.source, event.name)
    heeds = judging.settings.signin.get_session_token_heeds_deny
    if called.asked == EXEMPT or (called.asked == SESSION_TOKEN and not heeds):
        reason = OutcomeReason.SERVICE_EXEMPT
        return Judgement(CallOutcome.NOT_DENIABLE, reason, actions=called.asked)
    failure = failure_of(event.error)
    if failure is OutcomeReason.UNAUTHORIZED:
        return Judgement(CallOutcome.FAILED, failure)
    match case:
        case CallCase():
            found = _of_one_action(_Asking.of(judging, case, event, remembered), called.asked)
        case (
            OutcomeReason.CALLER
            | OutcomeReason.OWNERS_RECORD
            | OutcomeReason.POLICIES
            | OutcomeReason.SEEN_SINCE
        ):
            found = Judgement(UNKNOWN, case)
        case _:
            found = Judgement(CallOutcome.NOT_BOUND, case)
    return found if failure is None else _failed(failure, found)


def _failed(failure: OutcomeReason, found: Judgement) -> Judgement:
    """Return the judgement on a failed call, by the policies' judgement on it."""
    match found.outcome:
        case CallOutcome.DENIED:
            return Judgement(CallOutcome.FAILED, OutcomeReason.DENIED_AS_WELL, causes=found.causes)
        case CallOutcome.UNKNOWN:
            return Judgement(CallOutcome.FAILED, OutcomeReason.UNDECIDED_AS_WELL, found.keys)
        case _:
            return Judgement(CallOutcome.FAILED, failure)


def failure_of(error: str | None) -> OutcomeReason | None:
    """Return the reason for which a call failed; None if it did not."""
    if not error:
        return None
    denied = _UNAUTHORIZED.search(error) is not None
    return OutcomeReason.UNAUTHORIZED if denied else OutcomeReason.OTHER_ERROR


def _of_one_action(asking: "_Asking", actions: tuple[str, ...]) -> Judgement:
    """Return the policies' judgement; that of an equivalent action is cached."""
    about = asking.actions.statements_key(actions[0]) if len(actions) == 1 else None
    if about is None or asking.remembered is None:
        return _assumed(asking)
    found = asking.remembered.judgements.get((None, about))
    if found is None:
        found = asking.remembered.judgements[None, about] = _assumed(asking)
    return Judgement(
        found.outcome, found.reason, found.keys, actions, found.causes, assumed=found.assumed
    )


def _assumed(asking: "_Asking") -> Judgement:
    """Return the policies' judgement, with the assumption on the caller's MFA if it matters."""
    found = asking.judged()
    if asking.case.otherwise is None:
        return found
    if asking.turned().judged().outcome is found.outcome:
        return found
    return replace(found, assumed=(*found.assumed, asking.case.assumption))


@dataclass(frozen=True, slots=True)
class _Asking:
    """One call to be decided by policies.

    Attributes:
        actions: the distinctions of actions in the case.
        is_turned: whether the other setting of the case's assumption is meant.
    """

    judging: Judging
    case: CallCase
    event: TrailEvent
    remembered: Remembered | None
    actions: ActionsOf
    is_turned: bool = False

    @classmethod
    def of(
        cls, judging: Judging, case: CallCase, event: TrailEvent, remembered: Remembered | None
    ) -> "_Asking":
        """Return the question about a call."""
        known = None if remembered is None else remembered.actions
        actions = ActionsOf(case, judging.settings.assumptions, known)
        return cls(judging, case, event, remembered, actions)

    def turned(self) -> "_Asking":
        """Return the same with the other setting of the case's assumption."""
        facts = self.case.otherwise or self.case.facts
        case = replace(self.case, facts=facts)
        return replace(self.of(self.judging, case, self.event, self.remembered), is_turned=True)

    def judged(self) -> Judgement:
        """Return the judgement over all actions that the call needs."""
        called = called_actions(self.event.source, self.event.name)
        if called.asked:
            first, *others = called.asked
            found = self._of_action(first)
            if others:
                found = _all((found, *map(self._of_action, others)))
            return replace(found, actions=called.asked)
        if called.either:
            distinct = self.actions.distinguishable(called.either)
            found = _of_alternatives(map(self._of_action, distinct), OutcomeReason.ACTION)
            if called.guessed:
                return replace(found, guessed_action=found.outcome is not UNKNOWN)
            return replace(found, actions=called.either)
        return self._of_unknown_service()

    def _of_unknown_service(self) -> Judgement:
        """Return the judgement if no statement distinguishes services, except known ones."""
        name = self.event.name or ""
        if not _NAME.fullmatch(name) or any(map(_tells_services, self._patterns())):
            return Judgement(UNKNOWN, OutcomeReason.SERVICE)
        found = self._of_action(f"{NO_SERVICE}:{name}")
        return replace(found, guessed_action=found.outcome is not UNKNOWN)

    def _patterns(self) -> Iterator[str]:
        for statement, _ in self.case.changes.statements:
            yield from statement.action.values

    def _of_action(self, action: str) -> Judgement:
        if not self.actions.asks_resource(action):
            return self._by_statements(action)
        names, columns = Names(self.case.caller, self.case.arns), self.judging.columns
        return _all(
            self._by_resource(action, one)
            for one in asked_resources(action, self.event, names, columns)
        )

    def _by_resource(self, action: str, resource: AskedResource) -> Judgement:
        """Return the judgement if the resource matters."""
        if self.remembered is None:
            return self._of_resource(action, resource)
        key, found = (self.is_turned, action, resource), self.remembered.of_resources
        if key not in found:
            found[key] = self._of_resource(action, resource)
        return found[key]

    def _by_statements(self, action: str) -> Judgement:
        """Return the judgement if only the statements about an action distinguish it."""
        about = self.actions.statements_key(action)
        if self.remembered is None or about is None:
            return self._of_resource(action, ANY)
        key = (self.is_turned, about)
        judgements = self.remembered.judgements
        if key not in judgements:
            judgements[key] = self._of_resource(action, ANY)
        return judgements[key]

    def _of_resource(self, action: str, resource: AskedResource) -> Judgement:
        if resource.arn is not None:
            return self._of_request(action, resource.arn, {})
        return _of_alternatives(
            (
                self._of_request(
                    action, "*", {RESOURCE: UnknownKey(may_be_absent=False, like=like)}
                )
                for like in resource.likes
            ),
            OutcomeReason.RESOURCE,
        )

    def _of_request(self, action: str, resource: str, unknown: _Unknown) -> Judgement:
        """Return the judgement for one resource, for all possible seconds since MFA."""
        caller = self.case.caller
        facts = facts_of_action(self.case.facts, caller.kind, load().action(action))
        values, others = _with_owner(facts, resource)
        asked = Request(principal_of(caller), action, resource)
        if facts.oldest is None or AGE not in others:
            return self._in_context(asked, values, {**others, **unknown})
        del others[AGE]
        found = [
            self._in_context(asked, {**values, AGE: str(age)}, {**others, **unknown})
            for age in _ages(self.case, facts.oldest)
        ]
        if (same := _agreed(found)) is not None:
            return same
        keys = (self.case.changes.keys[AGE], *(key for one in found for key in one.keys))
        return Judgement(UNKNOWN, OutcomeReason.KEYS, tuple(dict.fromkeys(keys)))

    def _in_context(
        self, request: Request, values: Mapping[str, str], unknown: _Unknown
    ) -> Judgement:
        """Return the judgement in a context with only some unknown keys."""
        changes = self.case.changes
        request = replace(request, context=Context(values))
        already = self._denied_already(request, unknown)
        if already is not None:
            # the log is older than the snapshot
            return Judgement(ALREADY, causes=already.causes, assumed=already.assumed)
        new = self._answer_of(changes.denies, request, unknown)
        if new.effects == {EXPLICIT}:
            return Judgement(DENIED, causes=new.causes, assumed=new.assumed)
        if changes.limited or ALLOWED in self._answer_of(changes.gone, request, unknown).effects:
            return self._where_lost(request, unknown, new)
        if EXPLICIT in new.effects:
            return self._open(new.matters)
        return Judgement(UNCHANGED, assumed=new.assumed)

    def _where_lost(self, request: Request, unknown: _Unknown, new: "_Answer") -> Judgement:
        """Return the judgement if an Allow may be missing, or a limit may not allow."""
        changes = self.case.changes
        before = self._answer_of(_owned(changes.before, request), request, unknown)
        after = self._answer_of(_owned(changes.after, request), request, unknown)
        if after.effects == {ALLOWED}:
            return Judgement(UNCHANGED, assumed=after.assumed)
        certain = CallOutcome.DENIED
        if ALLOWED not in before.effects:
            # it was allowed by a policy outside the snapshot, such as a resource's own
            if not self._within_limits(request, unknown):
                # and a new limit may or may not deny it
                return Judgement(UNKNOWN, OutcomeReason.POLICIES)
            certain = CallOutcome.UNCHANGED
        elif ALLOWED in after.effects:
            return self._open(after.matters | new.matters)
        if self.case.gap:
            return Judgement(UNKNOWN, OutcomeReason.POLICIES)
        if EXPLICIT in new.effects and certain is not DENIED:
            return self._open(new.matters)
        return Judgement(certain, causes=after.causes if certain is DENIED else ())

    def _within_limits(self, request: Request, unknown: _Unknown) -> bool:
        """Return whether boundaries and the organisation would certainly allow a call."""
        after = replace(_owned(self.case.changes.after, request), identity=(ALLOWS_ALL,))
        return self._answer_of(after, request, unknown).effects == {ALLOWED}

    def _denied_already(self, request: Request, unknown: _Unknown) -> "_Answer | None":
        """Return the certain denial of a call without the change; None if there is none."""
        changes = self.case.changes
        if changes.denied is None:
            return None
        others = {
            key: UnknownKey()
            for key in changes.denied_keys
            if key not in changes.keys and not is_always_read(key)
        }
        if request.resource == ANY.arn:
            others[RESOURCE] = UnknownKey()
        denied = _owned(changes.denied, request)
        found = self._answer_of(denied, request, {**others, **unknown})
        return None if ALLOWED in found.effects else found

    def _answer_of(
        self, policies: Policies | None, request: Request, unknown: _Unknown
    ) -> "_Answer":
        """Return the answer of some policies; None for policies gives no answer."""
        if policies is None:
            return _NOTHING
        decider, assumptions = self.judging.decider, self.judging.settings.assumptions
        if unknown:
            found = possible(request, policies, unknown, assumptions)
            return _Answer(found.effects, found.matters, found.denied_by)
        decision = decider.decide(request, policies)
        return _Answer(
            frozenset({decision.effect}), frozenset(), decision.because, decision.assumed
        )

    def _open(self, matters: Iterable[str]) -> Judgement:
        """Return the judgement that the outcome depends on unknown facts."""
        written = self.case.changes.keys
        keys = tuple(sorted(written.get(one, one) for one in matters if one != RESOURCE))
        return Judgement(UNKNOWN, OutcomeReason.KEYS if keys else OutcomeReason.RESOURCE, keys)


@dataclass(frozen=True, slots=True)
class _Answer:
    """The answer of policies to a request."""

    effects: frozenset[DecisionEffect]
    matters: frozenset[str] = frozenset()
    causes: tuple[Cause, ...] = ()
    assumed: tuple[str, ...] = ()


_NOTHING = _Answer(frozenset({DecisionEffect.IMPLICITLY_DENIED}))


def _all(found: Iterable[Judgement]) -> Judgement:
    """Return the judgement if every one of several questions must be allowed."""
    every = list(found)
    for outcome in (ALREADY, DENIED, UNKNOWN, UNCHANGED):
        some = [one for one in every if one.outcome is outcome]
        if some:
            return _merged(some, some[0].reason)
    raise InternalError("a call that nothing was asked about")


def _of_alternatives(found: Iterable[Judgement], reason: OutcomeReason) -> Judgement:
    """Return the judgement if it is not known which of several questions was asked."""
    every = list(found)
    if (same := _agreed(every)) is not None:
        return same
    return replace(_merged(every, reason), outcome=UNKNOWN, causes=())


def _agreed(found: list[Judgement]) -> Judgement | None:
    """Return the common judgement on several questions, if the change has one effect."""
    outcomes = {one.outcome for one in found}
    if outcomes == {UNCHANGED, ALREADY}:
        return replace(_merged(found, None), outcome=UNCHANGED, causes=())
    return _merged(found, found[0].reason) if len(outcomes) == 1 else None


def _merged(found: list[Judgement], reason: OutcomeReason | None) -> Judgement:
    keys = dict.fromkeys(key for one in found for key in one.keys)
    causes = dict.fromkeys(cause for one in found for cause in one.causes)
    assumed = dict.fromkeys(name for one in found for name in one.assumed)
    return Judgement(
        found[0].outcome, reason, tuple(keys), causes=tuple(causes), assumed=tuple(assumed)
    )


_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*")
_OWN_SOURCES = frozenset({"*", "iam", "sts"})
"""Services whose events all have their own source, and `*`."""


def _tells_services(pattern: str) -> bool:
    """Return whether a pattern of actions may match some unknown services, but not all."""
    return pattern.partition(":")[0].lower() not in _OWN_SOURCES


def _with_owner(facts: Facts, resource: str) -> tuple[dict[str, str], dict[str, UnknownKey]]:
    """Return the facts with the account of the resource, if its ARN contains it."""
    values, unknown = dict(facts.values), dict(facts.unknown)
    owner = arns.account_of(resource)
    for key in facts.unknown:
        if owner is not None and (equivalent_global_key(key) or key).lower() == RESOURCE_ACCOUNT:
            del unknown[key]
            values[key] = owner
    return values, unknown


def _ages(case: CallCase, oldest: int) -> list[int]:
    """Return the distinguishable seconds since MFA, up to the greatest possible."""
    found = {0, oldest}
    for statement, _ in case.changes.statements:
        for condition in statement.conditions:
            if condition.key.lower() == AGE:
                limits = [int(value) for value in condition.values if value.isdecimal()]
                found |= {limit + step for limit in limits for step in (-1, 0, 1)}
    return sorted(age for age in found if 0 <= age <= oldest)


def _owned(policies: Policies, request: Request) -> Policies:
    """Return policies with the permission by the owner of another account's resource."""
    owner = arns.account_of(request.resource)
    caller = arns.account_of(request.principal)
    if owner is None or caller is None or owner == caller:
        return policies
    allowing = _let_in(caller)
    return replace(policies, resource=allowing, resource_kind=ResourcePolicyKind.OTHER)


@lru_cache(maxsize=256)
def _let_in(account: str) -> AttachedPolicy:
    statement = {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "*", "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": statement}
    return AttachedPolicy("the owner's", from_json(document, kind=PolicyKind.RESOURCE))
