"""Which resources and condition keys an action can be about, for the summary's warnings.

This is about what the catalogue says could ever meet, not about any request: `engine` decides
those.
"""

import re
from collections.abc import Iterable

from sekisho.catalogue import Action
from sekisho.policy.document import Condition

__all__ = ["carries", "meets", "service_of", "takes"]

# a name that stops at the next `$` keeps a row of open variables from being read anew at each
_VARIABLE = re.compile(r"\$\{(?:\$|[^${}]*)\}")
_SEGMENTS = 6
_LONGEST_ARN = 2048


def service_of(arn: str) -> str:
    """Return the service segment of an ARN pattern, or "" if it has none."""
    parts = arn.split(":")
    return parts[2] if len(parts) > 2 else ""  # noqa: PLR2004 - arn:partition:service


def meets(one: str, other: str) -> bool:
    """Return whether some text matches both patterns of `*` and `?`."""
    if max(len(one), len(other)) > _LONGEST_ARN:
        return True
    # reachable[j]: the characters so far of `one` can go with the first j of `other`
    reachable = _skip_stars({0}, other)
    for character in one:
        if character == "*":
            low = min(reachable, default=len(other) + 1)
            reachable = set(range(low, len(other) + 1))
        else:
            step = {j + 1 for j in reachable if j < len(other) and _same(character, other[j])}
            stay = {j for j in reachable if j < len(other) and other[j] == "*"}
            reachable = _skip_stars(step | stay, other)
    return len(other) in reachable


def _same(a: str, b: str) -> bool:
    return a == b or "?" in (a, b) or b == "*"


def _skip_stars(places: set[int], pattern: str) -> set[int]:
    found = set(places)
    for j in places:
        at = j
        while at < len(pattern) and pattern[at] == "*":
            at += 1
            found.add(at)
    return found


def _segments(arn: str) -> list[str]:
    """Return the six segments of an ARN or a template, with `*` for what it leaves open."""
    segments = _VARIABLE.sub("*", arn).split(":", _SEGMENTS - 1)
    return segments + ["*"] * (_SEGMENTS - len(segments))


def takes(action: Action, resources: Iterable[str]) -> bool:
    """Return whether an action can be asked about any of these resource patterns."""
    patterns = tuple(resources)
    if "*" in patterns:
        return True
    templates = {kind.arn for kind in action.resource_types}
    return any(_about(pattern, template) for pattern in patterns for template in templates)


def _about(pattern: str, template: str) -> bool:
    pairs = zip(_segments(pattern), _segments(template), strict=True)
    return all(meets(one, other) for one, other in pairs)


def carries(action: Action, condition: Condition) -> bool:
    """Return whether the requests of an action can have a condition's key.

    A global key (`aws:…`) can be in every request, as far as the catalogue tells.
    """
    key = condition.key.lower().partition("/")[0]
    if key.startswith("aws:"):
        return True
    keys = [*action.condition_keys]
    for kind in action.resource_types:
        keys += kind.condition_keys
    return any(known.lower().partition("/")[0] == key for known in keys)
