"""`Resource` and `NotResource` as tests of a resource that was split once."""

from collections.abc import Callable
from typing import NamedTuple

from sekisho.engine.compiled.templates import (
    Constants,
    NeedsEngine,
    Piece,
    Test,
    Values,
    constant_text,
    parts_of,
    pieces_of,
    test_of,
)
from sekisho.engine.matching import arns, glob
from sekisho.engine.matching.glob import Wild
from sekisho.engine.matching.variables import TemplatePart, Variable
from sekisho.policy import Effect, Element, Version

NEVER = "False"
"""The expression of an element that never covers."""

_HEAD = arns.PARTS - 1
_STAR = "*"

_Matches = Callable[[str, str, Values], bool | None]
"""(resource, its last part, context) → whether an entry matches, None as in `Test`."""


def covers_star(element: Element | None) -> bool:
    """Return whether the element covers a request that has no resource."""
    if element is None:
        return True
    return any(glob.like(entry, _STAR) for entry in element.values) != element.negated


class _Entry(NamedTuple):
    """One entry of a list of resources, cut up.

    Attributes:
        head: the first five parts in lower case, as far as they are written.
        tail: the pattern of the last part; `*` if the entry is shorter.
    """

    head: tuple[str, ...]
    tail: tuple[TemplatePart, ...]
    short: bool

    @property
    def stem(self) -> str | None:
        """The literal text that a matching resource begins with, if its head needs no more.

        None if the head has a wildcard before its end.
        """
        literal = list(self.head)
        while literal and literal[-1] == _STAR:
            literal.pop()
        if any("*" in part or "?" in part for part in literal):
            return None
        return "".join(f"{part}:" for part in literal)

    @property
    def open_parts(self) -> int:
        """How many of the first five parts are `*` or not written."""
        return _HEAD - len(self.head) + self.head.count(_STAR)


def _entry(written: str, version: Version | None) -> _Entry:
    parts = arns.split(written)
    head = tuple(part.lower() for part in parts[:_HEAD])
    if len(parts) < arns.PARTS:
        return _Entry(head, glob.wildcards(_STAR), short=True)
    return _Entry(head, parts_of(parts[_HEAD], version), short=False)


class ResourceWriter:
    """Writes the test whether a `Resource` or `NotResource` covers a request's ARN.

    The expressions read `resource`, `tail` (the last of its six parts) and `values`; its first five
    parts are in lower case. At home (see `ParsedCallers`) they read `home` and `stem` in place of
    `tail`.
    """

    def __init__(self, source: Constants, *, at_home: bool) -> None:
        self._source = source
        self._at_home = at_home

    def expression(self, element: Element, effect: Effect, version: Version | None) -> str:
        """Return the expression; "" if the element covers every ARN."""
        entries = [_entry(value, version) for value in element.values]
        if element.negated:
            test = self._source.constant(_none_of([_matches(entry) for entry in entries], effect))
            return f"{test}(resource, {self._tail}, values)"
        if any(entry.stem == "" and entry.tail == (Wild.STAR,) for entry in entries):
            return ""
        return f"({' or '.join(self._entries(entries)) or NEVER})"

    @property
    def _tail(self) -> str:
        return "resource[len(home):]" if self._at_home else "tail"

    def _entries(self, entries: list[_Entry]) -> list[str]:
        """Write literal entries as one look-up, prefixes as one, each other entry by itself."""
        literal: set[str] = set()
        beginnings: list[str] = []
        others: list[str] = []
        for entry in entries:
            pieces = pieces_of(entry.tail) or ()
            whole = entry.open_parts == 0
            match tuple(map(constant_text, pieces)):
                case (str() as only,) if entry.stem and whole:
                    literal.add(entry.stem + only)
                case (str() as first, "") if entry.stem and (whole or not first):
                    beginnings.append(entry.stem + first)
                case _:
                    others.append(self._other_entry(entry, pieces))
        return [*self._literal(literal), *self._beginnings(beginnings), *others]

    def _literal(self, wanted: set[str]) -> list[str]:
        if len(wanted) > 1:
            return [f"resource in {self._source.constant(frozenset(wanted))}"]
        return [f"resource == {self._source.constant(one)}" for one in wanted]

    def _beginnings(self, wanted: list[str]) -> list[str]:
        if not wanted:
            return []
        known = self._source.constant(wanted[0] if len(wanted) == 1 else tuple(wanted))
        return [f"resource.startswith({known})"]

    def _other_entry(self, entry: _Entry, pieces: tuple[Piece, ...]) -> str:
        """Write an entry that ends in its one variable, like `user/${aws:username}`, or any other.

        A list of values is no text, although it prints like one.
        """
        match pieces:
            case ((str() as before, Variable(name, None)),) if entry.stem and entry.open_parts <= 1:
                key, begin = map(self._source.constant, (name.lower(), before))
                stem = self._source.constant(entry.stem)
                begins, same = f"resource.startswith({stem})", "tail =="
                if self._at_home:
                    begins = f"{'stem' if entry.open_parts else 'home'} == {stem}"
                    begin, same = f"home}}{{{begin}", "resource =="
                same += f' f"{{{begin}}}{{(v := values[{key}])}}" and v.__class__ is str'
                if entry.open_parts:
                    test = self._source.constant(_matches(entry))
                    # as one string, too, it ends with the value
                    same += f" or resource.endswith(v) and {test}(resource, {self._tail}, values)"
                return f"({key} in values and {begins} and ({same}))"
            case _:
                test = self._source.constant(_matches(entry))
                return f"{test}(resource, {self._tail}, values)"


def _none_of(entries: list[_Matches], effect: Effect) -> Callable[[str, str, Values], bool]:
    def test(resource: str, tail: str, values: Values) -> bool:
        unresolved = False
        for matches in entries:
            found = matches(resource, tail, values)
            if found:
                return False
            unresolved = unresolved or found is None
        if unresolved and effect is Effect.ALLOW:
            raise NeedsEngine
        return True

    return test


def _matches(entry: _Entry) -> _Matches:
    """Return the test of one entry, equal to the matching in `engine.matching.resources`."""
    tail_test, stem, spans = test_of(entry.tail), entry.stem, _spans(entry)
    if stem is None:
        return _by_parts(entry, tail_test, spans)

    def by_stem(resource: str, tail: str, values: Values) -> bool | None:
        return tail_test(tail, values) if resource.startswith(stem) else False

    def by_open_stem(resource: str, tail: str, values: Values) -> bool | None:
        found = resource.startswith(stem) and tail_test(tail, values)
        if found is False and ":" in tail:
            spans(resource)
        return found

    return by_open_stem if entry.open_parts else by_stem


def _by_parts(entry: _Entry, tail_test: Test, spans: Callable[[str], None]) -> _Matches:
    head = tuple(test_of(glob.wildcards(part)) for part in entry.head)

    def by_parts(resource: str, tail: str, values: Values) -> bool | None:
        found: bool | None = False
        asked = resource.split(":", _HEAD)
        if all(test(part, values) for test, part in zip(head, asked, strict=False)):
            found = tail_test(tail, values)
        if found is False:
            spans(resource)
        return found

    return by_parts


def _spans(entry: _Entry) -> Callable[[str], None]:
    """Return a test that raises NeedsEngine where an entry may match as one string.

    It is read as wide as may be: case does not matter, and every wildcard and variable is a star.
    """
    parts = [part if isinstance(part, str) else "*" for part in entry.tail]
    tail = "" if entry.short else f":{''.join(parts)}"
    pieces = f"{':'.join(entry.head)}{tail}".casefold().replace("?", "*").split("*")

    def spans(resource: str) -> None:
        if glob.in_order(pieces, resource.casefold()):
            raise NeedsEngine

    return spans
