"""One statement, made ready once and shared by every set of policies that it stands in."""

from collections import defaultdict
from enum import Enum, auto

from sekisho.engine.assumptions import Assumptions, TrackedAssumptions
from sekisho.engine.compiled.conditions import write_condition
from sekisho.engine.compiled.resources import NEVER, ResourceWriter, takes_in_star
from sekisho.engine.compiled.templates import ConstantSource, Test, Unsure, Values, test_of
from sekisho.engine.matching import glob
from sekisho.engine.matching.caller import Caller
from sekisho.engine.matching.principals import Named, named
from sekisho.policy import Effect, Element, Statement, Version

_NO_VALUES: Values = {}


class ActionIndex:
    """The entries of one element, by service: the literal names, and the patterns of names."""

    def __init__(self, element: Element) -> None:
        self._negated = element.negated
        self._all = False
        self._literal: set[str] = set()
        self._patterns: dict[str, list[Test]] = defaultdict(list)
        self._loose: list[tuple[str, str]] = []
        for entry in element.values:
            self._add(entry.lower())

    def _add(self, entry: str) -> None:
        service, _, name = entry.partition(":")
        # whether other wildcards in the service's name work is an assumption
        if entry in ("*", "*:*"):
            self._all = True
        elif "*" in service or "?" in service:
            self._loose.append((service, name))
        elif "*" in name or "?" in name:
            self._patterns[service].append(test_of(glob.wildcards(name)))
        else:
            self._literal.add(f"{service}:{name}")

    def takes_in(self, action: str) -> bool:
        """Tell whether the element takes in `action`, given in lower case.

        Raises:
            Unsure: if that rests on a wildcard in the service's name.
        """
        service, _, name = action.partition(":")
        listed = (
            self._all
            or action in self._literal
            or any(test(name, _NO_VALUES) for test in self._patterns.get(service, ()))
        )
        if not listed and any(
            glob.like(one, service) and glob.like(other, name) for one, other in self._loose
        ):
            raise Unsure
        return listed != self._negated


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
        self._actions = ActionIndex(statement.action)
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
        tracked = TrackedAssumptions(Assumptions())
        found = named(principal, self._statement.effect, caller, tracked)
        if tracked.asked:
            raise Unsure
        return found

    def takes_in(self, action: str) -> bool:
        """Tell whether it is about `action`, given in lower case; raises as `ActionIndex` does."""
        return self._actions.takes_in(action)

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
