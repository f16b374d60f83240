"""What can be told of the parts of statements without looking for a contradiction."""

import re
from collections.abc import Iterator
from functools import lru_cache

from sekisho import check_proof
from sekisho.check_proof import Part


@lru_cache(maxsize=50_000)
def fronts_of(part: Part) -> tuple[str, ...]:
    """Return what the entries of an `Action` or `Resource` begin with; empty for other parts."""
    if part.operator not in ("Action", "Resource"):
        return ()
    texts = [text.lower() if part.attribute == "action" else text for text in part.values]
    return tuple(re.split(r"[*?$]", text, maxsplit=1)[0] for text in texts)


def is_near(one: str, other: str) -> bool:
    """Tell whether a text can begin with both."""
    return one.startswith(other) or other.startswith(one)


_MOST_TRIED = 50


def is_open(claims: check_proof.Claims) -> bool:
    """Tell whether a text made of an entry is an action that meets all claims: a cheap witness."""
    wanted = [part for part, holds in claims if holds == (part.operator == "Action")]
    if not wanted or any(_entries(part) is None for part, _ in claims):
        return False
    texts = min(wanted, key=lambda part: len(part.values)).values[:_MOST_TRIED]
    for text in (text.lower().replace("*", "").replace("?", "x") for text in texts):
        found = ((_entries(part), holds == (part.operator == "Action")) for part, holds in claims)
        if all(entries and bool(entries.fullmatch(text)) == wanted for entries, wanted in found):
            return True
    return False


@lru_cache(maxsize=50_000)
def _entries(part: Part) -> re.Pattern[str] | None:
    """Return the actions of a part as a regular expression; None if the checker is not sure."""
    if any(check_proof.pattern_of(text, "action", False, "").free for text in part.values):
        return None
    texts = ("*" if text == "*:*" else text for text in part.values)
    shapes = (re.escape(text.lower()).replace(r"\*", ".*").replace(r"\?", ".") for text in texts)
    return re.compile("|".join(shapes), re.DOTALL)


@lru_cache(maxsize=50_000)
def variables_of(part: Part) -> frozenset[str]:
    """Return the keys of the policy variables in a part."""
    return frozenset(one.key for one in _variables(part) if one.key)


def defaulted(part: Part) -> frozenset[str]:
    """Return the keys of the policy variables in a part that have a default."""
    return frozenset(one.key for one in _variables(part) if one.default is not None)


def _variables(part: Part) -> Iterator[check_proof.Variable]:
    if not part.variables or part.attribute == "action":
        return
    resource = part.attribute == "resource"
    family = "resource" if resource else check_proof.operator_of(part.operator).family
    for text in part.values:
        if "${" in text:
            pattern = check_proof.pattern_of(text, family, True, "")
            for shape in pattern.shapes:
                yield from (one for one in shape if isinstance(one, check_proof.Variable))
