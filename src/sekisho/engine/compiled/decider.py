"""Policies in, a callable out; and the same as a `Decider`."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from sekisho.engine.authorize import DEFAULTS, decide
from sekisho.engine.compiled.callers import Callers
from sekisho.engine.compiled.plans import Around, Decide, Plan, plan_of
from sekisho.engine.compiled.statements import Asked, ReadyStatement
from sekisho.engine.compiled.templates import Unsure
from sekisho.engine.layers import Group, groups
from sekisho.engine.model import AttachedPolicy, Decision, Policies, Request, Switches
from sekisho.engine.wellformed import check_policies
from sekisho.errors import Code, FaultyPolicy, Unsupported
from sekisho.policy.document import Document, PolicyKind, Principal, PrincipalKey

__all__ = ["CompiledDecider", "Compiler"]

_STAR = "*"
_ON_RESOURCES = {PolicyKind.TRUST, PolicyKind.RESOURCE}
"""Whom these name, and how closely, decides what else must allow: that is not compiled."""

_MOST_ACTIONS = 4_096
_MOST_DOCUMENTS = 16_384
_MOST_PLANS = 65_536


@dataclass(frozen=True, slots=True)
class _Set:
    """A set of policies that is being compiled.

    Attributes:
        shape: which groups there are; with the statements that apply it settles a decision.
        statements: every statement with what a decision says of it: its group and its policy.
        ask: the engine, about these policies.
        organised: whether policies of an organisation are among them.
    """

    shape: tuple[object, ...]
    statements: tuple[tuple[int, str, ReadyStatement], ...]
    ask: Decide
    organised: bool


class Compiler:
    """Compiles sets of policies that share documents: each document is made ready once.

    Sets whose statements about an action are the same share the plan for it.
    """

    def __init__(self, switches: Switches = DEFAULTS) -> None:
        self._switches = switches
        self._callers = Callers()
        self._ready: dict[int, tuple[Document, tuple[ReadyStatement, ...]]] = {}
        self._plans: dict[tuple[object, ...], Plan] = {}
        self._actions: set[str] = set()

    def compiled(self, policies: Policies) -> Decide:
        """Return a function that decides requests under `policies` as the engine does.

        It returns equal decisions, and raises what the engine raises for a faulty request.

        Raises:
            FaultyPolicy: if a document cannot be read for certain.
            Unsupported: if there is a kind of policy that is not compiled.
        """
        found = _checked(policies)
        switches = self._switches
        own = _Set(
            (bool(policies.identity), *((group.kind, group.level) for group in found)),
            tuple(
                (place, policy.name, statement)
                for place, group in enumerate(found)
                for policy in group.policies
                for statement in self._statements(policy.document)
            ),
            lambda request: decide(request, policies, switches),
            bool(policies.scps or policies.rcps),
        )
        return _by_action(lambda request: self._planned(own, request))

    def _planned(self, own: _Set, request: Request) -> Plan:
        if request.action not in self._actions:
            # the engine refuses what is no action, and that is not kept
            own.ask(request)
            if len(self._actions) >= _MOST_PLANS:
                self._actions.clear()
            self._actions.add(request.action)
        action = request.action.lower()
        asked = Asked.STAR if request.resource == _STAR else Asked.ARN
        if asked is Asked.ARN and action.startswith("iam:"):
            asked = Asked.HOME
        try:
            about = tuple(one for one in own.statements if one[-1].takes_in(action))
        except Unsure:
            return lambda request, _: own.ask(request)
        key = (asked, own.shape, about)
        if key not in self._plans:
            if len(self._plans) >= _MOST_PLANS:
                self._plans.clear()
            chosen = [statement for _, _, statement in about]
            around = Around(self._callers, own.ask, own.organised)
            self._plans[key] = plan_of(chosen, around, asked)
        return self._plans[key]

    def _statements(self, document: Document) -> tuple[ReadyStatement, ...]:
        found = self._ready.get(id(document))
        if found is None:
            ready = tuple(ReadyStatement(one, document.version) for one in document.statements)
            if len(self._ready) >= _MOST_DOCUMENTS:
                self._ready.clear()
            # the document is kept too, so that its id stays its own
            found = self._ready[id(document)] = document, ready
        return found[1]


def _checked(policies: Policies) -> tuple[Group, ...]:
    """Return the groups of policies.

    Raises:
        FaultyPolicy: if a document cannot be read for certain.
        Unsupported: if there is a policy that is not compiled.
    """
    found = tuple(groups(policies))
    for group in found:
        check_policies(group.kind, group.policies)
    for group in found:
        anyone = all(_for_anyone(policy.document) for policy in group.policies)
        if group.kind in _ON_RESOURCES or not anyone:
            raise Unsupported(
                f"a {group.kind.value} that names principals is not compiled",
                code=Code.UNSUPPORTED_POLICY_TYPE,
                at="policies",
                cure="let the engine decide",
            )
    return found


def _for_anyone(document: Document) -> bool:
    """Tell whether no statement names a principal but `*`: RCPs and endpoint policies seldom do."""
    principals = [statement.principal for statement in document.statements]
    return all(one is None or _takes_in_anyone(one) for one in principals)


def _takes_in_anyone(principal: Principal) -> bool:
    anyone = (PrincipalKey.ANYONE, PrincipalKey.AWS)
    return not principal.negated and any(
        key in anyone and _STAR in values for key, values in principal.entries
    )


def _by_action(planned: Callable[[Request], Plan]) -> Decide:
    """Return the function that finds the plan for a request by its action."""
    for_arns: dict[str, Plan] = {}
    for_star: dict[str, Plan] = {}

    def first(request: Request, resource: str) -> Decision:
        plan = planned(request)
        table = for_star if resource == _STAR else for_arns
        if len(table) < _MOST_ACTIONS:
            table[request.action] = plan
        return plan(request, resource)

    def decided(request: Request) -> Decision:
        resource = request.resource
        try:
            plan = (for_star if resource == _STAR else for_arns)[request.action]
        except KeyError:
            return first(request, resource)
        return plan(request, resource)

    return decided


class CompiledDecider:
    """A `Decider` that compiles each set of policies once, and keeps a bounded number of sets.

    What is not compiled, and policies that are faulty, it leaves to the engine.

    Args:
        switches: the doubtful points.
        most_sets: how many sets of policies are kept compiled; the one used longest ago goes first.
    """

    def __init__(self, switches: Switches = DEFAULTS, most_sets: int = 1_024) -> None:
        self._switches = switches
        self._most = most_sets
        self._compiler = Compiler(switches)
        self._sets: OrderedDict[tuple[object, ...], tuple[Policies, Decide]] = OrderedDict()

    def decide(self, request: Request, policies: Policies) -> Decision:
        """Return the decision on `request` under `policies`; raises as the engine does."""
        key = _identity_of(policies)
        found = self._sets.get(key)
        if found is None:
            # the policies are kept too, so that the ids in the key stay their own
            found = self._sets[key] = policies, self._compiled(policies)
            if len(self._sets) > self._most:
                self._sets.popitem(last=False)
        else:
            self._sets.move_to_end(key)
        return found[1](request)

    def _compiled(self, policies: Policies) -> Decide:
        try:
            return self._compiler.compiled(policies)
        except (FaultyPolicy, Unsupported):
            return lambda request: decide(request, policies, self._switches)


def _identity_of(policies: Policies) -> tuple[object, ...]:
    """Return what tells sets of policies apart, cheaper than their content does."""
    on_resource = (policies.trust, policies.resource)
    return (
        _names(policies.identity),
        _names(policies.boundaries),
        _names(policies.session),
        _names(policies.vpc_endpoint),
        *(_names(None if one is None else (one,)) for one in on_resource),
        policies.resource_kind,
        tuple((level.name, _names(level.policies)) for level in policies.scps),
        tuple((level.name, _names(level.policies)) for level in policies.rcps),
    )


def _names(attached: tuple[AttachedPolicy, ...] | None) -> tuple[tuple[str, int], ...] | None:
    if attached is None:
        return None
    return tuple((policy.name, id(policy.document)) for policy in attached)
