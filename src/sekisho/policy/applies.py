"""Which resources and condition keys an action can be about, for the summary's warnings.

This is about what the catalogue says could ever meet, not about any request: `engine` decides
those.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from sekisho.catalogue import Action
from sekisho.policy.document import Condition

__all__ = ["about", "carries", "meets", "service_of", "takes"]

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
    if one == "*" or other == "*" or max(len(one), len(other)) > _LONGEST_ARN:
        return True
    places = _places(other)
    stars = places.get("*", 0)
    wild = stars | places.get("?", 0)
    # bit j of `reached`: the characters so far of `one` can go with the first j of `other`
    reached = _past_stars(1, stars)
    for character in one:
        if character == "*":
            # from the first place on, every one
            reached = (2 << len(other)) - (reached & -reached)
        else:
            same = -1 if character == "?" else places.get(character, 0) | wild
            reached = _past_stars((reached & same) << 1 | reached & stars, stars)
        if not reached:
            return False
    return bool(reached >> len(other) & 1)


def _places(pattern: str) -> Mapping[str, int]:
    """Return for each character of a pattern where it stands, as bits."""
    places: dict[str, int] = {}
    for at, character in enumerate(pattern):
        places[character] = places.get(character, 0) | 1 << at
    return places


def _past_stars(reached: int, stars: int) -> int:
    """Return the places from which a star, which may stand for nothing, is gone past too."""
    while (further := reached | (reached & stars) << 1) != reached:
        reached = further
    return reached


def _segments(arn: str) -> list[str]:
    """Return the six segments of an ARN or a template, with `*` for what it leaves open."""
    segments = _VARIABLE.sub("*", arn).split(":", _SEGMENTS - 1)
    return segments + ["*"] * (_SEGMENTS - len(segments))


def takes(action: Action, resources: Iterable[str]) -> bool:
    """Return whether an action can be asked about any of these resource patterns."""
    patterns = tuple(resources)
    return "*" in patterns or any(
        about(pattern, kind.arn) for pattern in patterns for kind in action.resource_types
    )


def about(pattern: str, template: str) -> bool:
    """Return whether a resource pattern takes in a resource of a kind, by its ARN template."""
    return all(map(meets, _segments(pattern), _of_template(template)))


_of_template = lru_cache(maxsize=4096)(_segments)


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
