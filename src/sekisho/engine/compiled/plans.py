"""A plan decides the requests for one action, under all policies with the same statements about it.

Each statement is made ready once, and shared by every set of policies that it stands in. A plan
finds out which of its statements apply; that set, as the bits of one integer, has one
decision, where statements name principals one for each way in which they name who asks. The engine
itself makes that decision when a set is first met, so what follows from the statements is nowhere
written twice. Where a request or a statement has anything that only the engine should judge, the
plan asks it: every error, every point that AWS does not document, all that is out of the ordinary.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from sekisho.engine.assumptions import DEFAULTS, TrackedAssumptions
from sekisho.engine.compiled.conditions import write_condition
from sekisho.engine.compiled.resources import NEVER, ResourceWriter, takes_in_star
from sekisho.engine.compiled.templates import ConstantSource, Unsure
from sekisho.engine.matching import actions, arns
from sekisho.engine.matching.caller import (
    Caller,
    CallerKind,
    caller_of,
    is_service_linked,
)
from sekisho.engine.matching.principals import Named, named
from sekisho.engine.model import ContextValue, Decision, Request
from sekisho.errors import FaultyRequest
from sekisho.policy import Effect, Statement, Version


class Asked(Enum):
    """What kind of resource a plan is about."""

    STAR = auto()
    """None: the request asks about `*`."""

    HOME = auto()
    """An IAM resource of the caller's own account, like most that Force_MFA is about."""

    ARN = auto()
    """Any resource of the caller's own account, as far as its ARN tells."""

    ABROAD = auto()
    """A resource of another account."""


class ReadyStatement:
    """A statement whose elements are indexed, and written as expressions when first needed."""

    def __init__(self, statement: Statement, version: Version | None) -> None:
        self._statement = statement
        self._version = version
        self._written: dict[Asked, tuple[ConstantSource, str]] = {}

    @property
    def denies(self) -> bool:
        """Whether the statement is a Deny."""
        return self._statement.effect is Effect.DENY

    @property
    def names_somebody(self) -> bool:
        """Whether it has a `Principal`; without one it is about whom it is attached to."""
        return self._statement.principal is not None

    def closeness(self, caller: Caller) -> Named:
        """Tell how closely it names `caller`.

        Raises:
            Unsure: if that rests on how `NotPrincipal` lists the caller.
        """
        principal = self._statement.principal
        if principal is None:
            return Named.ITSELF
        tracked = TrackedAssumptions(DEFAULTS)
        found = named(principal, self._statement.effect, caller, tracked)
        if tracked.asked:
            raise Unsure
        return found

    def takes_in(self, action: str) -> bool:
        """Tell whether it is about `action`.

        Raises:
            Unsure: if that rests on a wildcard in the service's name.
        """
        tracked = TrackedAssumptions(DEFAULTS)
        found = actions.matches(self._statement.action, action, tracked)
        if tracked.asked:
            raise Unsure
        return found

    def written(self, source: ConstantSource, asked: Asked) -> str:
        """Return an expression that tells whether it applies; "" if it always does.

        Args:
            source: what the expression becomes part of.
            asked: what it is asked about.
        """
        if asked not in self._written:
            own = ConstantSource()
            self._written[asked] = own, self._expression(own, asked)
        return source.included(*self._written[asked])

    def _expression(self, own: ConstantSource, asked: Asked) -> str:
        resource, conditions = self._statement.resource, self._statement.conditions
        if asked is Asked.STAR and not takes_in_star(resource):
            return NEVER
        parts = [""]
        if resource is not None and asked is not Asked.STAR:
            writer = ResourceWriter(own, at_home=asked is Asked.HOME)
            parts = [writer.written(resource, self._statement.effect, self._version)]
        parts += [write_condition(own, condition, self._version) for condition in conditions]
        return " and ".join(part for part in parts if part)


_MOST = 16_384
_MOST_FACES = 4_096
_PLAIN = {CallerKind.USER, CallerKind.ROLE, CallerKind.ROLE_SESSION}


def _read(request: Request, *, bounded: bool) -> Caller | None:
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
        """Read the request's principal; tell whether it is of a kind that is kept here."""
        caller = _read(request, bounded=False)
        if caller is None or caller.kind not in _PLAIN or caller.account is None:
            return False
        stem = sys.intern(f"arn:{caller.partition}:iam::")
        if stem != stem.lower():
            return False
        if len(self) >= _MOST:
            self.clear()
        self[request.principal] = caller.account, f"{stem}{caller.account}:", stem
        return True


class Faces(dict[tuple[str, ContextValue | None], tuple[str | None, int, int]]):
    """How the statements of one plan name those who asked, a bounded number of them.

    For each, by ARN and `aws:userid`: its account; the statements that name it, or nobody, as
    bits; and its face, a number that tells its kind and how closely each statement names it: that
    settles what else must allow.

    Args:
        bounded: whether a permissions boundary is set on who asks.
    """

    def __init__(self, statements: Sequence[ReadyStatement], *, bounded: bool) -> None:
        super().__init__()
        self._statements = statements
        self._bounded = bounded
        self._numbers: dict[tuple[object, ...], int] = {}

    def learn(self, request: Request) -> bool:
        """Read the request's principal; tell whether it is certain how the statements name it."""
        caller = _read(request, bounded=self._bounded)
        if caller is None or request.federated_by is not None or request.canonical_user is not None:
            # what is said beside the principal is not in the key
            return False
        try:
            levels = [statement.closeness(caller) for statement in self._statements]
        except Unsure:
            return False
        bits = sum(1 << place for place, level in enumerate(levels) if level is not Named.NOT)
        if len(self) >= _MOST_FACES:
            self.clear()
        face = self._numbers.setdefault((caller.kind, *levels), len(self._numbers))
        key = request.principal, request.context.folded.get("aws:userid")
        self[key] = caller.account, bits, face
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
_NAMED_CALLER = 'account, named, face = callers[request.principal, values.get("aws:userid")]'
_VALUES = "    values = request.context.folded\n"
_ORGANISED = " or request.management_account or linked(request)"
"""What the service and resource control policies of an organisation do not apply to."""

_OF_ANOTHER = " or ((given := request.resource_account) is not None and given != account)"
"""What tells that the resource is of another account than the caller, though its ARN may not."""

_TESTED = """\
    try:
{lines}    except Unsure:
        return ask(request)
"""
_SPLIT = """\
    resource = request.resource
    try:
        lead, partition, service, region, owner, tail = resource.split(":", 5)
    except ValueError:
        return elsewhere(request) if resource == "*" else ask(request)
    if lead != "arn":
        return ask(request)
"""
_CHECKS = {
    Asked.STAR: """\
    if request.resource != "*":
        return elsewhere(request)
""",
    Asked.HOME: """\
    resource = request.resource
    if not resource.startswith(home):
        return elsewhere(request)
""",
    Asked.ARN: f"""\
{_SPLIT}    if (owner != account and owner != ""){_OF_ANOTHER}:
        return elsewhere(request)
""",
    Asked.ABROAD: f"""\
{_SPLIT}    given = request.resource_account
    whose = owner if is_account(owner) else given
    if whose is None or whose == account or not is_account(whose) or given not in (None, whose):
        return ask(request)
""",
}
"""What makes sure that a resource is in order, and whose it is."""

_LOWER_CASE = """\
    if not f"{partition}{service}{region}".islower():
        return ask(request)
"""
"""What makes sure that a resource can be compared as it is written."""

_KEY = "applying"
_NAMED_KEY = "(applying, face)"
_NAMED_ARN_KEY = '(applying, face, service == "kms" and tail.startswith("key/"))'
"""The policy of a KMS key may be told from others by the key's ARN only."""


@dataclass(frozen=True, slots=True)
class _Decisions:
    """The decisions on sets of statements, each made by the engine."""

    ask: Decide
    made: dict[object, Decision]

    def settle(self, key: object, request: Request) -> Decision:
        """Have the engine decide `request`, and keep that for the set of statements."""
        decision = self.ask(request)
        if len(self.made) < _MOST_SETS:
            self.made[key] = decision
        return decision


@dataclass(frozen=True, slots=True)
class Around:
    """What a plan knows beside its statements.

    Attributes:
        callers: who asked before; with how the statements name them, where they name anybody.
        ask: the engine, about the policies that the statements stand in.
        organised: whether policies of an organisation are among these.
        about_iam: whether an action of IAM is asked about.
    """

    callers: ParsedCallers | Faces
    ask: Decide
    organised: bool
    about_iam: bool

    @property
    def named(self) -> bool:
        """Whether it matters whom the statements name."""
        return isinstance(self.callers, Faces)


class Plans:
    """The plans for requests that `statements` are about, and no others: one for each `Asked`.

    Each is made when the first such request comes.
    """

    def __init__(self, statements: Sequence[ReadyStatement], around: Around) -> None:
        self._statements = statements
        self._around = around
        self._made: dict[Asked, Decide] = {}
        self._on_arns = Asked.HOME if around.about_iam and not around.named else Asked.ARN

    def plan_for(self, resource: str, tried: Asked | None = None) -> Decide:
        """Return the plan for resources like this; `tried` is one that was not about it."""
        asked = {None: self._on_arns, Asked.STAR: self._on_arns, Asked.HOME: Asked.ARN}
        kind = Asked.STAR if resource == "*" else asked.get(tried, Asked.ABROAD)
        if kind not in self._made:
            self._made[kind] = self._plan(kind)
        return self._made[kind]

    def _plan(self, asked: Asked) -> Decide:
        source, around = ConstantSource(), self._around
        lines = _tests(source, self._statements, asked, named=around.named)
        decisions = _Decisions(around.ask, {})
        environment: dict[str, object] = {
            "callers": around.callers,
            "learn": around.callers.learn,
            "ask": around.ask,
            "elsewhere": lambda request: self.plan_for(request.resource, asked)(request),
            "decisions": decisions.made,
            "settle": decisions.settle,
            "is_account": arns.is_account,
            "linked": is_service_linked,
            "Unsure": Unsure,
        }
        return source.function(_body(lines, around, asked), environment)


def _body(lines: Sequence[str], around: Around, asked: Asked) -> str:
    tested = len(lines) > 1
    tests = "".join(f"        {line}\n" for line in lines)
    tests = _TESTED.format(lines=tests) if tested else f"    {lines[0]}\n"
    checks, more = _CHECKS[asked], _ORGANISED if around.organised else ""
    if asked in (Asked.ARN, Asked.ABROAD) and "resource" in tests:
        checks += _LOWER_CASE
    if asked in (Asked.STAR, Asked.HOME):
        more += _OF_ANOTHER
    if around.named:
        more += " or request.canonical_user is not None"
        key = _NAMED_KEY if asked is Asked.STAR else _NAMED_ARN_KEY
        frame = _FRAME.format(caller=_NAMED_CALLER, checks=checks, more=more, tests=tests, key=key)
        return _VALUES + frame
    tests = _VALUES + tests if tested else tests
    return _FRAME.format(caller=_CALLER, checks=checks, more=more, tests=tests, key=_KEY)


def _tests(
    source: ConstantSource, statements: Sequence[ReadyStatement], asked: Asked, *, named: bool
) -> list[str]:
    """Write what sets one bit for each statement that applies; after a Deny no Allow counts."""
    bits: list[tuple[int, bool, str]] = []
    for place, one in enumerate(statements):
        test = one.written(source, asked)
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
