"""Policies in, a callable out; and the same as a `Decider`."""

from collections import OrderedDict
from collections.abc import Callable

from sekisho.engine.authorize import decide
from sekisho.engine.compiled.plans import (
    CallerProfiles,
    Decide,
    ParsedCallers,
    PlanContext,
    Plans,
    ReadyStatement,
)
from sekisho.engine.compiled.templates import NeedsEngine
from sekisho.engine.groups import PolicyGroup, groups
from sekisho.engine.model.assumptions import DEFAULTS, Assumptions
from sekisho.engine.model.evaluation import (
    AttachedPolicy,
    Decision,
    Policies,
    Request,
)
from sekisho.engine.wellformed import check_policies
from sekisho.errors import FaultyPolicy
from sekisho.lazy import dataclass
from sekisho.policy import Document, PolicyKind, Principal, PrincipalKey, Statement

_STAR = "*"
_ON_RESOURCES = {PolicyKind.TRUST, PolicyKind.RESOURCE}
"""Kinds whose way of naming the caller decides which others must allow."""

_MOST_ACTIONS = 4_096
_MOST_DOCUMENTS = 16_384
_MOST_PLANS = 65_536
_MOST_CHARACTERS = 2_000_000
_MOST_DECISIONS = 20_000
_MOST_SETTINGS = 4


@dataclass(frozen=True, slots=True)
class _CompiledSet:
    """A set of policies that is being compiled.

    Attributes:
        shape: which groups there are; with the statements that apply it settles a decision.
        statements: every statement with what a decision says of it: its group and its policy.
        ask: the engine, about these policies.
        has_organisation: whether policies of an organisation are among them.
        by_principal: whether it matters which callers the statements name.
        bounded: whether a permissions boundary is among them.
    """

    shape: tuple[object, ...]
    statements: tuple[tuple[int, str, ReadyStatement], ...]
    ask: Decide
    has_organisation: bool
    by_principal: bool
    bounded: bool


class Compiler:
    """Compiles sets of policies that share documents: each document is made ready once.

    Sets whose statements about an action are the same share the plans for it.

    Attributes:
        characters: how much policy text was made ready.
    """

    def __init__(self, assumptions: Assumptions = DEFAULTS) -> None:
        self._assumptions = assumptions
        self._callers = ParsedCallers()
        self._ready: dict[int, tuple[Document, tuple[ReadyStatement, ...]]] = {}
        self._plans: dict[tuple[object, ...], Plans] = {}
        self._actions: set[str] = set()
        self.characters = 0

    def compiled(self, policies: Policies) -> Decide:
        """Return a function that decides requests under `policies` as the engine does.

        The function returns the engine's decisions and raises its errors for a faulty request.

        Raises:
            FaultyPolicy: if a document cannot be interpreted for certain.
        """
        found = groups(policies)
        for group in found:
            check_policies(group.kind, group.policies)
        assumptions, named = self._assumptions, any(map(_names_callers, found))
        kinds = tuple((group.kind, group.level) for group in found)
        own = _CompiledSet(
            (bool(policies.identity), policies.resource_kind, named, kinds),
            tuple(
                (place, policy.name, statement)
                for place, group in enumerate(found)
                for policy in group.policies
                for statement in self._statements(policy.document)
            ),
            lambda request: decide(request, policies, assumptions),
            bool(policies.scps or policies.rcps),
            named,
            policies.boundaries is not None,
        )
        return _dispatch_by_action(lambda request: self._planned(own, request))

    def _planned(self, own: _CompiledSet, request: Request) -> Decide:
        if request.action not in self._actions:
            # the engine refuses a malformed action, and that is not cached
            own.ask(request)
            if len(self._actions) >= _MOST_PLANS:
                self._actions.clear()
            self._actions.add(request.action)
        action = request.action.lower()
        try:
            about = tuple(one for one in own.statements if one[-1].covers(action))
        except NeedsEngine:
            return own.ask
        # the other statements of a set do not matter to this action, but may to another
        key = (action, own.shape, about)
        if key not in self._plans:
            if len(self._plans) >= _MOST_PLANS:
                self._plans.clear()
            chosen = [statement for _, _, statement in about]
            callers = (
                CallerProfiles(chosen, bounded=own.bounded) if own.by_principal else self._callers
            )
            context = PlanContext(
                callers, own.ask, own.has_organisation, about_iam=action.startswith("iam:")
            )
            self._plans[key] = Plans(chosen, context)
        return self._plans[key].plan_for(request.resource)

    def _statements(self, document: Document) -> tuple[ReadyStatement, ...]:
        found = self._ready.get(id(document))
        if found is None:
            ready = tuple(ReadyStatement(one, document.version) for one in document.statements)
            if len(self._ready) >= _MOST_DOCUMENTS:
                self._ready.clear()
            # the document is kept too, so that its id stays its own
            found = self._ready[id(document)] = document, ready
            self.characters += sum(map(_characters, document.statements))
        return found[1]


def _characters(statement: Statement) -> int:
    elements = [statement.action.values, statement.resource.values if statement.resource else ()]
    elements += [condition.values for condition in statement.conditions]
    return sum(len(value) for values in elements for value in values)


def _names_callers(group: PolicyGroup) -> bool:
    """Return whether a group's decision depends on which callers its statements name."""
    anyone = all(_names_no_caller(policy.document) for policy in group.policies)
    return group.kind in _ON_RESOURCES or not anyone


def _names_no_caller(document: Document) -> bool:
    """Return whether no statement names a principal other than `*`, as in most RCPs."""
    principals = [statement.principal for statement in document.statements]
    return all(one is None or _names_everyone(one) for one in principals)


def _names_everyone(principal: Principal) -> bool:
    anyone = (PrincipalKey.ANYONE, PrincipalKey.AWS)
    return not principal.negated and any(
        key in anyone and _STAR in values for key, values in principal.entries
    )


def _dispatch_by_action(planned: Callable[[Request], Decide]) -> Decide:
    """Return the function that finds the plan for a request by its action."""
    plans: dict[str, Decide] = {}

    def decided(request: Request) -> Decision:
        try:
            plan = plans[request.action]
        except KeyError:
            plan = planned(request)
            if len(plans) < _MOST_ACTIONS:
                plans[request.action] = plan
        return plan(request)

    return decided


class CompiledDecider:
    """A `Decider` that compiles each set of policies once, and holds a bounded amount.

    Policies that are faulty it leaves to the engine. After so many decisions, and when it holds so
    much text, it starts anew.

    Args:
        assumptions: the points that AWS does not document.
        most_sets: how many sets of policies are kept; the one used longest ago goes first.
        compile_at: at which question about a set it is compiled; the engine answers those before.
    """

    def __init__(
        self, assumptions: Assumptions = DEFAULTS, most_sets: int = 1_024, compile_at: int = 1
    ) -> None:
        self._assumptions = assumptions
        self._most = most_sets
        self._compile_at = compile_at
        self._start()

    def _start(self) -> None:
        self._compiler = Compiler(self._assumptions)
        self._sets: OrderedDict[tuple[object, ...], _CachedSet] = OrderedDict()
        self._left = _MOST_DECISIONS

    def decide(self, request: Request, policies: Policies) -> Decision:
        """Return the decision on `request` under `policies`; raises as the engine does."""
        self._left -= 1
        if self._left < 0 or self._compiler.characters > _MOST_CHARACTERS:
            self._start()
        key = _identity_of(policies)
        known = self._sets.get(key)
        if known is None:
            known = self._sets[key] = _CachedSet(policies)
            if len(self._sets) > self._most:
                self._sets.popitem(last=False)
        else:
            self._sets.move_to_end(key)
        if known.compiled is None:
            known.questions += 1
            if known.questions < self._compile_at:
                return decide(request, policies, self._assumptions)
            known.compiled = self._compiled(policies)
        return known.compiled(request)

    def _compiled(self, policies: Policies) -> Decide:
        try:
            return self._compiler.compiled(policies)
        except FaultyPolicy:
            return lambda request: decide(request, policies, self._assumptions)


@dataclass(slots=True)
class _CachedSet:
    """A set of policies; kept so that the ids in its key stay valid. It may not be compiled yet."""

    policies: Policies
    questions: int = 0
    compiled: Decide | None = None


class Deciders:
    """Decides with any assumptions, by a compiled decider for each of their settings.

    A set of policies is compiled at its second question: one that never comes again is decided
    sooner than it is compiled.
    """

    def __init__(self) -> None:
        self._known: dict[Assumptions, CompiledDecider] = {}

    def decide(self, request: Request, policies: Policies, assumptions: Assumptions) -> Decision:
        """Return the decision on `request` under `policies`; raises as the engine does."""
        decider = self._known.get(assumptions)
        if decider is None:
            if len(self._known) >= _MOST_SETTINGS:
                self._known.clear()
            decider = self._known[assumptions] = CompiledDecider(assumptions, compile_at=2)
        return decider.decide(request, policies)


def _identity_of(policies: Policies) -> tuple[object, ...]:
    """Return a key that differs between sets of policies, cheaper than their content."""
    on_resource = (policies.trust, policies.resource)
    return (
        _names_and_ids(policies.identity),
        _names_and_ids(policies.boundaries),
        _names_and_ids(policies.session),
        _names_and_ids(policies.vpc_endpoint),
        *(_names_and_ids(None if one is None else (one,)) for one in on_resource),
        policies.resource_kind,
        tuple((level.name, _names_and_ids(level.policies)) for level in policies.scps),
        tuple((level.name, _names_and_ids(level.policies)) for level in policies.rcps),
    )


def _names_and_ids(
    attached: tuple[AttachedPolicy, ...] | None,
) -> tuple[tuple[str, int], ...] | None:
    if attached is None:
        return None
    return tuple((policy.name, id(policy.document)) for policy in attached)
