"""A plan decides the requests for one action, under all policies with the same statements about it.

Each statement is prepared once, and shared by every set of policies that contains it. A plan
computes the set of its statements that apply, as the bits of one integer. Each such set has one
decision; if statements name principals, one for each combination of ways in which they name the
caller. The engine itself makes that decision when a set first occurs, so that no rule of evaluation
is written twice. The plan also leaves to the engine whatever is unusual: every error, and every
point that AWS does not document.
"""

import sys
from collections.abc import Callable, Sequence
from enum import Enum, auto

from sekisho.engine.compiled.conditions import write_condition
from sekisho.engine.compiled.resources import NEVER, ResourceWriter, covers_star
from sekisho.engine.compiled.templates import Constants, NeedsEngine
from sekisho.engine.matching import actions, arns
from sekisho.engine.matching.caller import (
    Caller,
    CallerKind,
    caller_of,
    is_service_linked,
)
from sekisho.engine.matching.principals import Closeness, closeness_of
from sekisho.engine.model.assumptions import DEFAULTS, TrackedAssumptions
from sekisho.engine.model.evaluation import ContextValue, Decision, Request
from sekisho.errors import FaultyRequest
from sekisho.lazy import dataclass
from sekisho.policy import Effect, Statement, Version


class ResourceClass(Enum):
    """The classes of resource, seen from the caller; a plan is for one of them."""

    NO_RESOURCE = auto()
    """None: the request asks about `*`."""

    OWN_IAM = auto()
    """An IAM resource of the caller's own account, like most that Force_MFA is about."""

    OWN_ACCOUNT = auto()
    """Any resource of the caller's own account, as far as its ARN tells."""

    OTHER_ACCOUNT = auto()
    """A resource of another account."""


class ReadyStatement:
    """A statement whose elements are indexed, and written as expressions when first needed."""

    def __init__(self, statement: Statement, version: Version | None) -> None:
        self._statement = statement
        self._version = version
        self._written: dict[ResourceClass, tuple[Constants, str]] = {}

    @property
    def denies(self) -> bool:
        """Whether the statement is a Deny."""
        return self._statement.effect is Effect.DENY

    @property
    def names_somebody(self) -> bool:
        """Whether it has a `Principal`; without one it is about the identity it is attached to."""
        return self._statement.principal is not None

    def closeness(self, caller: Caller) -> Closeness:
        """Return how closely the statement names `caller`.

        Raises:
            NeedsEngine: if that rests on how `NotPrincipal` lists the caller.
        """
        principal = self._statement.principal
        if principal is None:
            return Closeness.ITSELF
        tracked = TrackedAssumptions(DEFAULTS)
        found = closeness_of(principal, self._statement.effect, caller, tracked)
        if tracked.names_used:
            raise NeedsEngine
        return found

    def covers(self, action: str) -> bool:
        """Return whether the statement's `Action` covers `action`.

        Raises:
            NeedsEngine: if that rests on a wildcard in the service's name.
        """
        tracked = TrackedAssumptions(DEFAULTS)
        found = actions.matches(self._statement.action, action, tracked)
        if tracked.names_used:
            raise NeedsEngine
        return found

    def expression(self, source: Constants, resources: ResourceClass) -> str:
        """Return an expression for whether it applies; "" if it always does.

        Args:
            source: the constants of the function that contains the expression.
            resources: the class of resources that requests are about.
        """
        if resources not in self._written:
            own = Constants()
            self._written[resources] = own, self._expression(own, resources)
        return source.adopted(*self._written[resources])

    def _expression(self, own: Constants, resources: ResourceClass) -> str:
        resource, conditions = self._statement.resource, self._statement.conditions
        if resources is ResourceClass.NO_RESOURCE and not covers_star(resource):
            return NEVER
        parts = [""]
        if resource is not None and resources is not ResourceClass.NO_RESOURCE:
            writer = ResourceWriter(own, at_home=resources is ResourceClass.OWN_IAM)
            parts = [writer.expression(resource, self._statement.effect, self._version)]
        parts += [write_condition(own, condition, self._version) for condition in conditions]
        return " and ".join(part for part in parts if part)


_MOST = 16_384
_MOST_CALLERS = 4_096
_PLAIN = {CallerKind.USER, CallerKind.ROLE, CallerKind.ROLE_SESSION}


def _caller_or_none(request: Request, *, bounded: bool) -> Caller | None:
    try:
        return caller_of(request, bounded=bounded)
    except FaultyRequest:
        return None


class ParsedCallers(dict[str, tuple[str, str, str]]):
    """The parsed ARNs of users, roles and role sessions, a bounded number of them.

    For each: its account; its home, which is how the ARNs of that account's IAM resources begin;
    its stem, which is that without the account. Nothing of a request but its principal is kept.
    """

    def learn(self, request: Request) -> bool:
        """Remember the request's principal; return whether it is of a kind that is kept here."""
        caller = _caller_or_none(request, bounded=False)
        if caller is None or caller.kind not in _PLAIN or caller.account is None:
            return False
        stem = sys.intern(f"arn:{caller.partition}:iam::")
        if stem != stem.lower():
            return False
        if len(self) >= _MOST:
            self.clear()
        self[request.principal] = caller.account, f"{stem}{caller.account}:", stem
        return True


class CallerProfiles(dict[tuple[str, ContextValue | None], tuple[str | None, int, int]]):
    """How the statements of one plan name each caller, a bounded number of callers.

    The key is the ARN and the `aws:userid`. The value is the account, the statements that name the
    caller or have no principal (as bits), and the profile: a number for the caller's kind and how
    closely each statement names it, which determines the other kinds that must allow.

    Args:
        bounded: whether a permissions boundary is set on the callers.
    """

    def __init__(self, statements: Sequence[ReadyStatement], *, bounded: bool) -> None:
        super().__init__()
        self._statements = statements
        self._bounded = bounded
        self._numbers: dict[tuple[object, ...], int] = {}

    def learn(self, request: Request) -> bool:
        """Remember the request's principal; return whether the statements name it for certain."""
        caller = _caller_or_none(request, bounded=self._bounded)
        if caller is None or request.federated_by is not None or request.canonical_user is not None:
            # neither of the two is in the key
            return False
        try:
            levels = [statement.closeness(caller) for statement in self._statements]
        except NeedsEngine:
            return False
        bits = sum(1 << place for place, level in enumerate(levels) if level is not Closeness.NOT)
        if len(self) >= _MOST_CALLERS:
            self.clear()
        profile = self._numbers.setdefault((caller.kind, *levels), len(self._numbers))
        key = request.principal, request.context.folded.get("aws:userid")
        self[key] = caller.account, bits, profile
        return True


Decide = Callable[[Request], Decision]

_MOST_SETS = 4_096

_FRAME = """\
    try:
        {caller}
    except KeyError:
        return plan(request) if learn(request) else ask(request)
{checks}    if request.federated_by is not None or request.service_linked_role{more}:
        return ask(request)
{tests}    try:
        return decisions[{key}]
    except KeyError:
        return settle({key}, request)
"""
_CALLER = "account, home, stem = callers[request.principal]"
_NAMED_CALLER = 'account, named, profile = callers[request.principal, values.get("aws:userid")]'
_VALUES = "    values = request.context.folded\n"
_ORGANISED = " or request.management_account or linked(request)"
"""Requests that the service and resource control policies of an organisation spare."""

_OF_ANOTHER = " or ((given := request.resource_account) is not None and given != account)"
"""A resource of another account than the caller's, which its ARN may not show."""

_TESTED = """\
    try:
{lines}    except NeedsEngine:
        return ask(request)
"""
_SPLIT = """\
    resource = request.resource
    try:
        lead, partition, service, region, owner, tail = resource.split(":", 5)
    except ValueError:
        return other_plan(request) if resource == "*" else ask(request)
    if lead != "arn":
        return ask(request)
"""
_CHECKS = {
    ResourceClass.NO_RESOURCE: """\
    if request.resource != "*":
        return other_plan(request)
""",
    ResourceClass.OWN_IAM: """\
    resource = request.resource
    if not resource.startswith(home):
        return other_plan(request)
""",
    ResourceClass.OWN_ACCOUNT: f"""\
{_SPLIT}    if (owner != account and owner != ""){_OF_ANOTHER}:
        return other_plan(request)
""",
    ResourceClass.OTHER_ACCOUNT: f"""\
{_SPLIT}    given = request.resource_account
    whose = owner if is_account(owner) else given
    if whose is None or whose == account or not is_account(whose) or given not in (None, whose):
        return ask(request)
""",
}
"""Checks that a resource is well formed and of the plan's class."""

_LOWER_CASE = """\
    if not f"{partition}{service}{region}".islower():
        return ask(request)
"""
"""A check that a resource can be compared as it is written."""

_KEY = "applying"
_NAMED_KEY = "(applying, profile)"
_NAMED_ARN_KEY = '(applying, profile, service == "kms" and tail.startswith("key/"))'
"""The policy of a KMS key may be distinguished from others by the key ARN only."""


@dataclass(frozen=True, slots=True)
class _Decisions:
    """The decisions on sets of statements, each made by the engine."""

    ask: Decide
    kept: dict[object, Decision]

    def settle(self, key: object, request: Request) -> Decision:
        """Have the engine decide `request`, and keep that for the set of statements."""
        decision = self.ask(request)
        if len(self.kept) < _MOST_SETS:
            self.kept[key] = decision
        return decision


@dataclass(frozen=True, slots=True)
class PlanContext:
    """The surroundings of a plan's statements.

    Attributes:
        callers: earlier callers, with how the statements name them where they name anybody.
        ask: the engine, with the policies that the statements stand in.
        has_organisation: whether policies of an organisation are among these.
        about_iam: whether an action of IAM is asked about.
    """

    callers: ParsedCallers | CallerProfiles
    ask: Decide
    has_organisation: bool
    about_iam: bool

    @property
    def by_principal(self) -> bool:
        """Whether the decision depends on which callers the statements name."""
        return isinstance(self.callers, CallerProfiles)


class Plans:
    """The plans for requests that exactly `statements` are about, one for each class of resource.

    Each is made when the first such request comes.
    """

    def __init__(self, statements: Sequence[ReadyStatement], context: PlanContext) -> None:
        self._statements = statements
        self._context = context
        self._made: dict[ResourceClass, Decide] = {}
        own_iam = context.about_iam and not context.by_principal
        self._first_tried = ResourceClass.OWN_IAM if own_iam else ResourceClass.OWN_ACCOUNT

    def plan_for(self, resource: str, tried: ResourceClass | None = None) -> Decide:
        """Return the plan for resources like this; `tried` is a class that it is not of."""
        resources = self._class_of(resource, tried)
        if resources not in self._made:
            self._made[resources] = self._plan(resources)
        return self._made[resources]

    def _class_of(self, resource: str, tried: ResourceClass | None) -> ResourceClass:
        if resource == "*":
            return ResourceClass.NO_RESOURCE
        match tried:
            case None | ResourceClass.NO_RESOURCE:
                return self._first_tried
            case ResourceClass.OWN_IAM:
                return ResourceClass.OWN_ACCOUNT
            case ResourceClass.OWN_ACCOUNT | ResourceClass.OTHER_ACCOUNT:
                return ResourceClass.OTHER_ACCOUNT

    def _plan(self, resources: ResourceClass) -> Decide:
        source, context = Constants(), self._context
        lines = _tests(source, self._statements, resources, named=context.by_principal)
        decisions = _Decisions(context.ask, {})
        environment: dict[str, object] = {
            "callers": context.callers,
            "learn": context.callers.learn,
            "ask": context.ask,
            "other_plan": lambda request: self.plan_for(request.resource, resources)(request),
            "decisions": decisions.kept,
            "settle": decisions.settle,
            "is_account": arns.is_account,
            "linked": is_service_linked,
            "NeedsEngine": NeedsEngine,
        }
        return source.function(_body(lines, context, resources), environment)


def _body(lines: Sequence[str], context: PlanContext, resources: ResourceClass) -> str:
    tested = len(lines) > 1
    tests = "".join(f"        {line}\n" for line in lines)
    tests = _TESTED.format(lines=tests) if tested else f"    {lines[0]}\n"
    checks, more = _CHECKS[resources], _ORGANISED if context.has_organisation else ""
    if (
        resources in (ResourceClass.OWN_ACCOUNT, ResourceClass.OTHER_ACCOUNT)
        and "resource" in tests
    ):
        checks += _LOWER_CASE
    if resources in (ResourceClass.NO_RESOURCE, ResourceClass.OWN_IAM):
        more += _OF_ANOTHER
    if context.by_principal:
        more += " or request.canonical_user is not None"
        key = _NAMED_KEY if resources is ResourceClass.NO_RESOURCE else _NAMED_ARN_KEY
        frame = _FRAME.format(caller=_NAMED_CALLER, checks=checks, more=more, tests=tests, key=key)
        return _VALUES + frame
    tests = _VALUES + tests if tested else tests
    return _FRAME.format(caller=_CALLER, checks=checks, more=more, tests=tests, key=_KEY)


def _tests(
    source: Constants,
    statements: Sequence[ReadyStatement],
    resources: ResourceClass,
    *,
    named: bool,
) -> list[str]:
    """Write lines that set a bit for each statement that applies; after a Deny no Allow counts."""
    bits: list[tuple[int, bool, str]] = []
    for place, one in enumerate(statements):
        test = one.expression(source, resources)
        if named and one.names_somebody and test != NEVER:
            test = " and ".join(filter(None, (f"named & {1 << place}", test)))
        bits.append((1 << place, one.denies, test))
    denies = _bits([(bit, test) for bit, denies, test in bits if denies])
    allows = _bits([(bit, test) for bit, denies, test in bits if not denies])
    match denies:
        case [_]:
            return _bits([(bit, test) for bit, _, test in bits])
        case ["applying = 0", test, add]:
            # one Deny, as in Force_MFA: its bit is the whole set
            return [test, add.replace("+=", "="), "else:", *(f"    {line}" for line in allows)]
        case _:
            return [*denies, "if not applying:", *(f"    {line}" for line in allows)]


def _bits(tests: Sequence[tuple[int, str]]) -> list[str]:
    certain = sum(bit for bit, test in tests if not test)
    lines = [f"applying = {certain}"]
    for bit, test in tests:
        if test not in ("", NEVER):
            lines += [f"if {test}:", f"    applying += {bit}"]
    return lines
