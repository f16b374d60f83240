"""Patterns made ready to match: wildcards and policy variables are found once, not per request.

A pattern is cut at its stars into pieces of literal text and variables. It is matched from left to
right, each piece at its first place: no pattern is slow. One with `?` is left to `glob`.
"""

import functools
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import CodeType, FunctionType
from typing import Any

from sekisho.engine.matching import glob, variables
from sekisho.engine.matching.glob import Token, Wild
from sekisho.engine.matching.variables import Malformed, TemplatePart, Variable
from sekisho.engine.model.evaluation import ContextValue
from sekisho.policy import Version

_NAME = re.compile(r"\bk(\d+)\b")


class Constants:
    """The constants of a function that is being written."""

    def __init__(self) -> None:
        self._names: dict[object, str] = {}
        self._constants: list[object] = []

    def constant(self, value: object) -> str:
        """Return the name of the constant `value` in the function that is being written."""
        # equal strings are one constant; anything else is one by identity
        value = sys.intern(value) if isinstance(value, str) else value
        key: object = value if isinstance(value, str) else id(value)
        if key not in self._names:
            self._names[key] = f"k{len(self._constants)}"
            self._constants.append(value)
        return self._names[key]

    def adopted(self, other: "Constants", written: str) -> str:
        """Return an expression written with the constants of `other`, with these in their place."""
        return _NAME.sub(lambda name: self.constant(other._constants[int(name[1])]), written)

    def function(self, body: str, environment: dict[str, object]) -> Callable[..., Any]:
        """Return the function of `request` whose indented `body` was written.

        Besides its constants the body knows the names in `environment`, and itself as `plan`.
        """
        constants = zip(self._names.values(), self._constants, strict=True)
        known: dict[str, Any] = {**environment, **dict(constants)}
        code = _compiled(f"def plan(request):\n{body}")
        known["plan"] = function = FunctionType(code.replace(), known)
        return function


@functools.lru_cache(maxsize=4096)
def _compiled(text: str) -> CodeType:
    """Return the code of the one function that `constant_text` defines."""
    module = compile(text, "<compiled policies>", "exec")
    return next(one for one in module.co_consts if isinstance(one, CodeType))


Values = Mapping[str, ContextValue]
"""A request context: the values by the lower-case name of their key."""

Piece = tuple[str | Variable, ...]
"""The part of a pattern between two stars: literal text and variables by turns."""

Resolve = Callable[[Values], str | None]
"""(context) → the text with its variables substituted; None if one of them has no value."""

Test = Callable[[str, Values], bool | None]
"""(value, context) → whether it matches; None if that depends on a variable without a value."""


class NeedsEngine(Exception):
    """The answer rests on a point that only the engine decides: one that AWS does not document."""


def parts_of(written: str, version: Version | None) -> tuple[TemplatePart, ...]:
    """Return the parts of a text in which variables and wildcards have a meaning."""
    if version is Version.V2012:
        return tuple(variables.read(written))
    return glob.wildcards(written)


def pieces_of(parts: Iterable[TemplatePart]) -> tuple[Piece, ...] | None:
    """Cut a pattern at its stars; None if it has a `?` or a malformed variable."""
    pieces: list[list[str | Variable]] = [[]]
    for part in parts:
        match part:
            case Wild.STAR:
                pieces.append([])
            case Wild.ANY | Malformed():
                return None
            case str() if pieces[-1] and isinstance(pieces[-1][-1], str):
                pieces[-1][-1] += part
            case str() | Variable():
                pieces[-1].append(part)
    return tuple(map(tuple, pieces))


def constant_text(piece: Piece) -> str | None:
    """Return the text of a piece without variables, None of one that has any."""
    match piece:
        case ():
            return ""
        case (str() as only,):
            return only
        case _:
            return None


def resolver(piece: Piece) -> Resolve:
    """Return a function that substitutes the variables of a piece."""
    ready = tuple((p, None) if isinstance(p, str) else (p.key.lower(), p) for p in piece)

    def resolve(values: Values) -> str | None:
        found: list[str] = []
        for name, variable in ready:
            value = name if variable is None else value_of(name, variable.default, values)
            if value is None:
                return None
            found.append(value)
        return "".join(found)

    return resolve


def value_of(key: str, default: str | None, values: Values) -> str | None:
    """Return the value of a variable, as `variables.Variable.value` does."""
    found = values.get(key)
    if found is None:
        return default
    return found if isinstance(found, str) else None


def test_of(parts: Sequence[TemplatePart]) -> Test:
    """Return the test for a pattern."""
    pieces = pieces_of(parts)
    if pieces is None:
        return _by_tokens(parts)
    literal = [only for only in map(constant_text, pieces) if only is not None]
    return _constant(literal) if len(literal) == len(pieces) else _template(pieces)


def _constant(pieces: Sequence[str]) -> Test:
    first, *rest = pieces
    match rest:
        case []:
            return lambda value, _: value == first
        case [""]:
            return lambda value, _: value.startswith(first)
        case _:
            return lambda value, _: glob.in_order(pieces, value)


def _template(pieces: Sequence[Piece]) -> Test:
    resolvers = tuple(map(resolver, pieces))

    def test(value: str, values: Values) -> bool | None:
        found: list[str] = []
        for resolve in resolvers:
            one = resolve(values)
            if one is None:
                return None
            found.append(one)
        return glob.in_order(found, value)

    return test


def _by_tokens(parts: Sequence[TemplatePart]) -> Test:
    def test(value: str, values: Values) -> bool | None:
        tokens: list[Token] = []
        for part in parts:
            match part:
                case Variable():
                    one = value_of(part.key.lower(), part.default, values)
                    if one is None:
                        return None
                    tokens.append(one)
                case Malformed():
                    return None
                case _:
                    tokens.append(part)
        return glob.matches(tuple(tokens), value)

    return test
