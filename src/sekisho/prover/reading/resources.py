"""The actions and resources that a question ranges over, and the elements that select them.

An action in the catalogue has resources of its own types. An action outside the catalogue can have
any ARN.
"""

import re
import string
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import cache, lru_cache, partial
from itertools import islice

from sekisho.catalogue import Action
from sekisho.engine import UnresolvedNotResource
from sekisho.engine.matching import Wild, arns, glob, resources, variables
from sekisho.lazy import dataclass
from sekisho.policy import Effect, Element, Version
from sekisho.prover.reading.conditions import VersionedCondition, variables_in
from sekisho.prover.reading.statements import ConditionReading
from sekisho.prover.solver import reasons
from sekisho.prover.solver.candidates import Alternative, Literal
from sekisho.prover.solver.limits import LimitReached
from sekisho.prover.solver.names import (
    ANY_NAME,
    SEGMENT,
    SERVICE,
    SOME,
    bounded,
    expanded,
    names_for,
    regions,
)
from sekisho.prover.solver.texts import Kind, Patterns, Segment, Token, Tokens, spelled
from sekisho.prover.solver.theories import ACTION, RESOURCE, Texts, Theories, Theory

NO_USERS = ("/*", "*//*", "*/", "*:*")
"""Texts that never follow `user/` in an ARN."""

_Key = tuple[Element, Effect | None, Version | None]

_INSIDE: dict[Token, Token] = {Wild.STAR: Segment.STAR, Wild.ANY: Segment.ANY}
_ALL = "*"

_MOST_WAYS = 64
"""The most ways in which an entry's wildcards can match the colons of an ARN."""


@cache
def any_resource(partition: str) -> Patterns:
    """Return the form of every ARN of a partition."""
    head = (*f"arn:{partition}:", *SEGMENT)
    return Patterns([(*head, ":", Segment.STAR, ":", Segment.STAR, ":", *SOME)])


@dataclass(frozen=True, slots=True)
class ResourcePlace:
    """The location of resources.

    Attributes:
        partition: of their ARNs.
        account: the owner's id.
        is_own: whether that is the user's account, which requests about no resource are in.
        without_account: whether resources whose ARN does not tell the account are asked about.
        bounded: whether names are no longer than AWS takes, which makes the patterns large.
        region: the one Region that they are in, if they are in any; "": any.
    """

    partition: str
    account: str
    is_own: bool = True
    without_account: bool = True
    bounded: bool = False
    region: str = ""


@lru_cache(maxsize=4_096)
def beyond_catalogue(place: ResourcePlace, service: str = "") -> tuple[Patterns, str | None]:
    """Return the form of every ARN of one account's resources, and `*`, as `forms_of`.

    If conditions test facts that the ARN does not have, the account can be left out, or be a word
    like `aws` or `aws-managed`.

    Args:
        place: where they are.
        service: the service whose ARNs come first; "": none.
    """
    services = (tuple(service), SEGMENT) if service else (SEGMENT,)
    accounts = (tuple(place.account), *(((), _WORD) if place.without_account else ()))
    forms = [
        (*f"arn:{place.partition}:", *each, ":", Segment.STAR, ":", *account, ":", *SOME)
        for each in services
        for account in accounts
    ]
    return Patterns(forms), _ALL if place.is_own else None


_WORD = (Segment.STAR, Kind(frozenset(f"{string.ascii_letters}-")), Segment.STAR)
"""Texts in the place of the account that are not account ids."""


def forms_of(action: Action, place: ResourcePlace) -> tuple[Patterns, str | None]:
    """Return the forms of the ARNs that an action is checked against, and `*` if possible."""
    # an access point last: the bucket behind it also decides whether it serves a request
    kinds = sorted(action.resource_types, key=lambda kind: kind.name.startswith("accesspoint"))
    forms = [form for kind in kinds for form in _forms(kind.arn, place)]
    return Patterns(dict.fromkeys(forms)), _ALL if place.is_own and can_be_all(action) else None


def kinds_of_target(action: Action, place: ResourcePlace) -> tuple[bool, bool]:
    """Return whether an action can be checked against some ARN, and whether against `*`."""
    kinds = action.resource_types
    some = any(True for kind in kinds for _ in _forms(kind.arn, place))
    return some, place.is_own and can_be_all(action)


def can_be_all(action: Action) -> bool:
    """Return whether an action can be checked against `*`.

    If every resource type is optional it can, except for objects in a bucket and for access points:
    AWS's pages call both types optional, since the resource is one of the two.
    """
    types = {kind.name for kind in action.resource_types}
    if action.service == "s3" and types & _EITHER:
        return False
    return not any(kind.required for kind in action.resource_types)


_EITHER = {"bucket", "object", "accesspoint", "accesspointobject"}
_PLACE = re.compile(r"\$\{[^}]*\}|\*")
_OF_AWS = "aws"
"""The text in place of the account in the ARNs of AWS managed policies."""


def _forms(template: str, place: ResourcePlace) -> Iterator[tuple[Token, ...]]:
    parts = arns.split(template)
    if len(parts) < arns.PARTS or not (
        place.without_account or parts[4] == _ALL or "Account" in parts[4]
    ):
        return
    service, policy = parts[2].lower(), parts[2] == "iam" and parts[5].startswith("policy/")
    own = tuple(place.account) if parts[4] == _ALL else _account(parts[4], place)
    others = (tuple(_OF_AWS),) if policy else ((),) if parts[4] == _ALL else ()
    accounts = (own, *others) if place.without_account else (own,)
    # AWS Backup's recovery points are of `${Vendor}`, whose data they hold
    owner = SERVICE if _PLACE.fullmatch(parts[2]) else tuple(service)
    start = (*f"arn:{place.partition}:", *owner, ":")
    names_of = partial(bounded, service, parts[5]) if place.bounded else partial(names_for, service)
    last = [*expanded(_alternatives(names_of, parts[5]))]
    for region in _regions(parts[3], place):
        for account in accounts:
            head = (*start, *region, ":", *account, ":")
            yield from ((*head, *tail) for tail in last)


def _regions(text: str, place: ResourcePlace) -> tuple[tuple[Token, ...], ...]:
    """Return the patterns of the region of a template."""
    if text == _ALL:
        return ((Segment.STAR,),)
    if not _PLACE.fullmatch(text):
        return (tuple(text),)
    return (tuple(place.region),) if place.region else regions(place.partition)


def _account(text: str, place: ResourcePlace) -> tuple[Token, ...]:
    if "Account" in text:
        return tuple(place.account)
    return SEGMENT if _PLACE.fullmatch(text) else tuple(text.lower())


def _alternatives(
    names_of: Callable[[str], tuple[tuple[Token, ...], ...]], text: str
) -> list[tuple[tuple[Token, ...], ...]]:
    """Return the pieces of a template's last part, each with its possible texts."""
    pieces: list[tuple[tuple[Token, ...], ...]] = []
    at = 0
    for place in _PLACE.finditer(text):
        some = ((Wild.STAR,),) if place[0] == _ALL else names_of(place[0])
        pieces += [(tuple(text[at : place.start()]),), some]
        at = place.end()
    return [*pieces, (tuple(text[at:]),)]


@lru_cache(maxsize=4096)
def _action_patterns(element: Element) -> Patterns:
    """Return the patterns of an `Action` or `NotAction` that can match an action's name."""
    patterns: list[Tokens] = []
    for entry in element.values:
        if entry == _ALL:
            patterns += ANY_NAME.all
        elif entry.isascii() and entry.count(":") == 1 and not any(map(str.isspace, entry)):
            patterns.append(glob.wildcards(entry.lower()))
    return Patterns(patterns)


@lru_cache(maxsize=4096)
def _head(written: tuple[str, ...]) -> Tokens:
    """Return the first five parts of an entry as a pattern; a missing part matches any text."""
    head: list[Token] = []
    for place in range(arns.PARTS - 1):
        part: tuple[Token, ...] = (Segment.STAR,)
        if place < len(written):
            tokens = glob.wildcards(written[place].lower())
            part = tuple(_INSIDE.get(token, token) for token in tokens)
        head += [*part, ":"]
    return tuple(head)


def _as_one(pattern: Tokens, colons: int = arns.PARTS - 1) -> Iterator[Tokens]:
    """Yield patterns of six-part ARNs that together equal a pattern read as one string.

    Each determines which wildcards match the first five colons, of which `colons` are left.
    """
    if not colons:
        yield pattern
        return
    head: list[Token] = []
    for place, one in enumerate(pattern):
        rest = pattern[place + 1 :]
        if one == ":":
            yield from ([*head, ":", *tail] for tail in _as_one(rest, colons - 1))
            return
        if one is Wild.ANY:
            yield from ([*head, ":", *tail] for tail in _as_one(rest, colons - 1))
        if one is Wild.STAR:
            inside = (*head, Segment.STAR, ":")
            yield from ([*inside, *tail] for tail in _as_one([one, *rest], colons - 1))
        head.append(one.lower() if isinstance(one, str) else _INSIDE.get(one, one))


@dataclass(frozen=True, slots=True)
class NamedElement:
    """A `Resource` or `NotResource`, and the version of its document.

    Attributes:
        element: the element, or its opposite.
        version: of the document.
        special: whether an entry matches all where a variable of it has no value; no other
            element says that.
    """

    element: Element
    version: Version | None
    special: bool = False


class RequestTarget:
    """The action and the resource of a question, for one reading of the conditions.

    Args:
        reading: the conditions.
        forms: the forms of the resource's ARN.
        star: `*`, if the resource can be that.
        actions: the names of the action; where there is just one, what tells whether an element
            takes it in.
    """

    def __init__(
        self,
        reading: ConditionReading,
        forms: Patterns,
        star: str | None,
        actions: Texts | Callable[[Element], bool],
    ) -> None:
        self._reading = reading
        self._forms = forms
        self._resources = Texts(RESOURCE, forms, reading.budget, star)
        self._star = star
        self._actions = actions
        self._names: dict[Element, Literal] = {}
        self._implied: dict[Literal, Literal] = {}
        self._elements: dict[_Key, Literal] = {}
        self._keys: dict[tuple[str, int], _Key] = {}
        self._indexed = 0
        self._something: Literal | None = None

    @property
    def theories(self) -> Theories:
        """The theories of the attributes: action, resource, and every key."""
        found: dict[str, Theory] = {RESOURCE: self._resources}
        if isinstance(self._actions, Texts):
            found[ACTION] = self._actions
        return Theories(self._reading.theories, found)

    def source_of(self, literal: Literal) -> VersionedCondition | NamedElement:
        """Return the condition or resource element that a literal is about."""
        for key, known in islice(self._elements.items(), self._indexed, None):
            self._keys.setdefault((known.theory, known.number), key)
        self._indexed = len(self._elements)
        element_key = self._keys.get((literal.theory, literal.number))
        if element_key is None:
            return self._reading.condition_of(literal)
        element, effect, version = element_key
        special = self._takes_unresolved(element, effect, version)
        said = replace(element, negated=element.negated is self._elements[element_key].holds)
        return NamedElement(said, version, special)

    def lists(self, literal: Literal) -> bool:
        """Return whether a literal says that a resource element's entries list the resource."""
        named = self.source_of(literal)
        return isinstance(named, NamedElement) and literal.holds is not named.element.negated

    def is_implied(self, literal: Literal) -> bool:
        """Return whether another literal implies a literal, or every request satisfies it."""
        return literal in self._implied.values() or (
            self._something in (literal, literal.negated())
        )

    def of_something(self) -> Literal | bool:
        """Return the literal that the request has a resource other than `*`."""
        if self._star is None or not self._forms.all:
            return self._star is None
        if self._something is None:
            number = self._resources.add(self._forms, negated=False, holds_formless=False)
            self._something = Literal(RESOURCE, number, holds=True)
        return self._something

    def closed(self, literals: Iterable[Literal]) -> Alternative:
        """Return literals together with those that they imply."""
        given = tuple(literals)
        return (*given, *filter(None, map(self._implied.get, given)))

    def _imply(
        self, literal: Literal, element: Element, version: Version | None, *, unresolved: bool
    ) -> None:
        """Record the literals that a free literal, that an entry matches, implies.

        An entry matches no more than with a `*` in the place of each variable; if an entry with an
        unresolved variable matches all, the whole last part is open.
        """
        if literal in self._implied:
            return
        listed = Element(element.values)
        wide = [
            one for entry in element.values for one in self._widened(entry, unresolved=unresolved)
        ]
        takes_star = self._takes_star(listed, Effect.DENY, version)
        number = self._resources.add(Patterns(wide), negated=False, holds_formless=takes_star)
        self._implied[literal] = Literal(RESOURCE, number, holds=True)

    def _widened(self, entry: str, *, unresolved: bool) -> Iterator[Tokens]:
        """Yield the patterns of an entry with any text in place of each variable."""
        tail = arns.split(entry)[-1]
        if unresolved and variables.OPEN in tail:
            yield from self._readings(entry, (Wild.STAR,))
            return
        yield from self._readings(
            entry,
            [one if isinstance(one, str | Wild) else Wild.STAR for one in variables.read(tail)],
        )

    def of_action(self, element: Element) -> Literal | bool:
        """Return the literal that an `Action` or `NotAction` matches the action."""
        if _ALL in element.values:
            return not element.negated
        if not isinstance(self._actions, Texts):
            return self._actions(element)
        if element not in self._names:
            patterns = _action_patterns(element)
            number = self._actions.add(patterns, negated=element.negated, holds_formless=False)
            self._names[element] = Literal(ACTION, number, holds=True)
        return self._names[element]

    def of_resource(
        self, element: Element, effect: Effect, version: Version | None
    ) -> Literal | bool:
        """Return the literal that a `Resource` or `NotResource` matches the resource."""
        if _ALL in element.values:
            return not element.negated
        key = (element, effect if element.negated else None, version)
        if key not in self._elements:
            self._elements[key] = self._resource(element, effect, version)
        return self._elements[key]

    def _resource(self, element: Element, effect: Effect, version: Version | None) -> Literal:
        unresolved = self._takes_unresolved(element, effect, version)
        known, key = self._reading.resources, (element.values, version, unresolved)
        if key not in known:
            known[key] = self._patterns(element, version, unresolved=unresolved)
        patterns = known[key]
        if isinstance(patterns, Literal):
            # whether an entry matches is free, however an element uses that
            self._imply(patterns, element, version, unresolved=unresolved)
            return patterns.negated() if element.negated else patterns
        takes_star = self._takes_star(element, effect, version)
        number = self._resources.add(patterns, negated=element.negated, holds_formless=takes_star)
        return Literal(RESOURCE, number, holds=True)

    def _takes_unresolved(
        self, element: Element, effect: Effect | None, version: Version | None
    ) -> bool:
        """Return whether an entry matches all resources if one of its variables has no value.

        An Allow's `NotResource` then matches nothing, and a Deny's matches all.
        """
        if not element.negated or effect is not Effect.ALLOW:
            return False
        if not self._has_unresolved(element, version):
            return False
        setting = self._reading.tracked.unresolved_not_resource()
        return setting is UnresolvedNotResource.FAIL_SAFE

    def _takes_star(self, element: Element, effect: Effect, version: Version | None) -> bool:
        """Return whether an element covers a request without a resource, if there can be one."""
        scope = self._reading.scope("iam:GetUser", _ALL, {}, version)
        return self._star is not None and resources.matches(element, effect, scope)

    def _patterns(
        self, element: Element, version: Version | None, *, unresolved: bool
    ) -> Patterns | Literal:
        """Return the patterns of an element, or a free literal if a variable is not known."""
        tails = (entry.split(":", arns.PARTS - 1)[-1] for entry in element.values)
        named = frozenset().union(*(variables_in(tail, version) for tail in tails))
        missing = {key for key in named if not self._reading.knows(key)}
        if missing:
            self._reading.linked |= missing
            return self._reading.free()
        return Patterns(
            tokens
            for entry in element.values
            for tokens in self._arns(entry, version, unresolved=unresolved)
        )

    def _has_unresolved(self, element: Element, version: Version | None) -> bool:
        settled = self._reading.settled
        return any(
            variables.substitute(arns.split(entry)[-1], version, settled) is None
            for entry in element.values
            if variables.OPEN in entry
        )

    def _arns(self, entry: str, version: Version | None, *, unresolved: bool) -> Iterator[Tokens]:
        """Yield the patterns of one entry; none if it matches nothing."""
        tail = variables.substitute(arns.split(entry)[-1], version, self._reading.settled)
        if tail is not None or unresolved:
            yield from self._readings(entry, (Wild.STAR,) if tail is None else tail)

    def _readings(self, entry: str, tail: Tokens) -> Iterator[Tokens]:
        """Yield the patterns of an entry whose last part, if it has all six, is `tail`.

        Raises:
            LimitReached: if there are too many ways to read it as one string.
        """
        written = arns.split(entry)
        whole = len(written) == arns.PARTS
        lead = entry.removesuffix(written[-1]) if whole else entry
        yield (*_head(tuple(written[: arns.PARTS - 1])), *(tail if whole else (Wild.STAR,)))
        if not set(lead) & set("*?") or not self._reading.tracked.stars_span_colons():
            return
        one = (*glob.wildcards(lead), *(tail if whole else ()))
        if lead == lead.lower():
            # case matters in the last part only, where no letter of these is another
            yield one
            return
        for number, way in enumerate(_as_one(spelled(one))):
            if number == _MOST_WAYS:
                raise LimitReached(reasons.READ_AS_ONE.filled(entry=entry))
            yield way
