"""A plan decides the requests for one action, or for several that share their statements.

It finds out which of its statements apply; that set, as the bits of one integer, has one
decision. The engine itself makes that decision when a set is first met, so what follows from
the statements is nowhere written twice. Where a request or a statement has anything that only the
engine should judge, the plan asks it: every error, every point that AWS does not document, every
caller and every resource that is out of the ordinary.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sekisho.engine.compiled.callers import Callers
from sekisho.engine.compiled.resources import NEVER
from sekisho.engine.compiled.source import Source
from sekisho.engine.compiled.statements import Asked, ReadyStatement
from sekisho.engine.compiled.templates import Unsure
from sekisho.engine.model import Decision, Request

__all__ = ["Around", "Decide", "Plan", "plan_of"]

Decide = Callable[[Request], Decision]

Plan = Callable[[Request, str], Decision]
"""(request, its resource) → the decision."""

_MOST_SETS = 4_096

_FRAME = """\
        try:
            account, home, stem = callers[request.principal]
        except KeyError:
            return plan(request, resource) if learn(request) else ask(request)
{checks}        if (
            request.federated_by is not None
            or request.service_linked_role
{organised}            or ((given := request.resource_account) is not None and given != account)
        ):
            return ask(request)
{tests}        try:
            return decisions[applying]
        except KeyError:
            return settle(applying, request)
"""
_ORGANISED = """\
            or request.management_account
"""
"""What the service and resource control policies of an organisation do not apply to."""

_TESTED = """\
        values = request.context.folded
        try:
{lines}        except Unsure:
            return ask(request)
"""
_CHECKS = {
    Asked.STAR: "",
    Asked.HOME: """\
        if not resource.startswith(home):
            return elsewhere(request, resource)
""",
    Asked.ARN: """\
        try:
            lead, partition, service, region, owner, tail = resource.split(":", 5)
        except ValueError:
            return ask(request)
        if lead != "arn" or (owner != account and owner != ""):
            return ask(request)
""",
}
"""What makes sure that a resource is in order, and of the caller's account."""

_LOWER_CASE = """\
        if not f"{partition}{service}{region}".islower():
            return ask(request)
"""
"""What makes sure that a resource can be compared as it is written."""


@dataclass(frozen=True, slots=True)
class _Decisions:
    """The decisions on sets of statements, each made by the engine."""

    ask: Decide
    made: dict[int, Decision]

    def settle(self, applying: int, request: Request) -> Decision:
        """Have the engine decide `request`, and keep that for the set of statements."""
        decision = self.ask(request)
        if len(self.made) < _MOST_SETS:
            self.made[applying] = decision
        return decision


@dataclass(frozen=True, slots=True)
class Around:
    """What a plan knows beside its statements.

    Attributes:
        ask: the engine, about the policies that the statements stand in.
        organised: whether policies of an organisation are among these.
    """

    callers: Callers
    ask: Decide
    organised: bool


def plan_of(statements: Sequence[ReadyStatement], around: Around, asked: Asked) -> Plan:
    """Return what decides requests that `statements` are about, and no others."""
    source = Source()
    decisions = _Decisions(around.ask, {})
    tests = _tests(source, statements, asked)
    lower = _LOWER_CASE if asked is Asked.ARN and "resource" in tests else ""
    organised = _ORGANISED if around.organised else ""
    body = _FRAME.format(checks=_CHECKS[asked] + lower, organised=organised, tests=tests)
    environment: dict[str, object] = {
        "callers": around.callers,
        "learn": around.callers.learn,
        "ask": around.ask,
        "Unsure": Unsure,
        "decisions": decisions.made,
        "settle": decisions.settle,
    }
    if asked is Asked.HOME:
        environment["elsewhere"] = _elsewhere(statements, around)
    return source.function(body, environment)


def _elsewhere(statements: Sequence[ReadyStatement], around: Around) -> Plan:
    """Return the plan for any ARN, which is made when the first one comes that is not at home."""
    made: list[Plan] = []

    def elsewhere(request: Request, resource: str) -> Decision:
        if not made:
            made.append(plan_of(statements, around, Asked.ARN))
        return made[0](request, resource)

    return elsewhere


def _tests(source: Source, statements: Sequence[ReadyStatement], asked: Asked) -> str:
    """Write what sets one bit for each statement that applies; after a Deny no Allow counts."""
    written = [(one.denies, one.written(source, asked)) for one in statements]
    bits = [(1 << place, denies, test) for place, (denies, test) in enumerate(written)]
    denies = _bits([(bit, test) for bit, denies, test in bits if denies])
    allows = _bits([(bit, test) for bit, denies, test in bits if not denies])
    match denies:
        case [_]:
            lines = _bits([(bit, test) for bit, _, test in bits])
        case ["applying = 0", test, add]:
            # one Deny, as in Force_MFA: its bit is the whole set
            lines = [test, add.replace("+=", "="), "else:", *(f"    {line}" for line in allows)]
        case _:
            lines = [*denies, "if not applying:", *(f"    {line}" for line in allows)]
    if len(lines) == 1:
        return f"        {lines[0]}\n"
    return _TESTED.format(lines="".join(f"            {line}\n" for line in lines))


def _bits(tests: Sequence[tuple[int, str]]) -> list[str]:
    certain = sum(bit for bit, test in tests if not test)
    lines = [f"applying = {certain}"]
    for bit, test in tests:
        if test not in ("", NEVER):
            lines += [f"if {test}:", f"    applying += {bit}"]
    return lines
