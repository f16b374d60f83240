"""Policy variables: `${aws:username}`, with defaults `${key, 'default'}` and escapes `${*}`.

They are substituted only in documents of version 2012-10-17, and only where the caller of this
module asks: in the resource part of `Resource` and `NotResource`, and in the values of string and
ARN conditions. Everywhere else, and in older documents, the same characters are literal text. What
a variable brings in is literal: its `*` is no wildcard.

Source: IAM User Guide, "IAM policy elements: Variables and tags".
How it is read: docs/semantics.md#4-policy-variables.
"""

import re
from collections.abc import Iterator

from sekisho.engine.matching import glob
from sekisho.engine.matching.glob import Pattern, Token
from sekisho.engine.model.caching import cached_by_text
from sekisho.engine.model.evaluation import Context
from sekisho.lazy import dataclass
from sekisho.policy import Version

OPEN = "${"
"""The beginning of every variable and every escape."""

_ESCAPE = re.compile(r"\$\{([*?$])\}")
# A key has no white space; a default stands after a comma and one space, in single quotes.
_VARIABLE = re.compile(r"\$\{([^\s{}$'*?,]+)(?:, '([^'}]*)')?\}")


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable: the context key that it names, and its default, if any."""

    key: str
    default: str | None = None

    def value(self, context: Context) -> str | None:
        """Return the variable's value, or None: a multivalued key has no one value."""
        found = context.folded.get(self.key.lower())
        if found is None:
            return self.default
        return found if isinstance(found, str) else None


@dataclass(frozen=True, slots=True)
class Malformed:
    """A `${` that begins no valid variable; it never has a value."""

    text: str


TemplatePart = Token | Variable | Malformed


@cached_by_text
def read(text: str) -> tuple[TemplatePart, ...]:
    """Return the parts of `text`: literal text, wildcards, variables and malformed variables."""
    return tuple(_parts(text))


def _parts(text: str) -> Iterator[TemplatePart]:
    place = 0
    while (begin := text.find(OPEN, place)) >= 0:
        yield from glob.wildcards(text[place:begin])
        if escape := _ESCAPE.match(text, begin):
            yield escape[1]
            place = escape.end()
        elif variable := _VARIABLE.match(text, begin):
            yield Variable(variable[1], variable[2])
            place = variable.end()
        else:
            place = begin + len(OPEN)
            yield Malformed(text[begin : begin + 40])
    yield from glob.wildcards(text[place:])


def substitute(text: str, version: Version | None, context: Context) -> Pattern | None:
    """Return the pattern of `text` with its variables substituted; None if one has no value."""
    if version is not Version.V2012 or OPEN not in text:
        return glob.wildcards(text)
    tokens: list[Token] = []
    for part in read(text):
        match part:
            case str() | glob.Wild():
                tokens.append(part)
            case Variable():
                value = part.value(context)
                if value is None:
                    return None
                tokens.append(value)
            case Malformed():
                return None
    return tuple(tokens)
