"""`Action` and `NotAction`.

Source: IAM User Guide, "IAM JSON policy elements: Action", "… NotAction"; facts §6.4.
"""

from functools import lru_cache

from sekisho.engine import glob
from sekisho.engine.doubts import Doubts
from sekisho.policy.document import Element

__all__ = ["matches"]


def matches(element: Element, action: str, doubts: Doubts) -> bool:
    """Tell whether the element takes in `action`; `NotAction` does what it does not list."""
    return _lists(element.values, action.lower(), doubts) != element.negated


def _lists(values: tuple[str, ...], action: str, doubts: Doubts) -> bool:
    """Tell whether some `service:Name` matches; `*` alone is every action.

    An entry without a name, or with white space, matches nothing: no request's action is so.
    """
    literals, patterns = _read(values)
    if action in literals:
        return True
    asked_service, _, asked_name = action.partition(":")
    for service, name in patterns:
        if not (glob.like(service, asked_service) and glob.like(name, asked_name)):
            continue
        # `*:*` is written everywhere; other wildcards in the prefix are the doubtful point
        certain = service == asked_service or (service, name) == ("*", "*")
        if certain or doubts.wildcard_service_prefix():
            return True
    return False


@lru_cache(maxsize=1_024)
def _read(values: tuple[str, ...]) -> tuple[frozenset[str], tuple[tuple[str, str], ...]]:
    """Return the entries without wildcards, and (service, name) of the others, in lower case.

    Case matters in neither half. Kept, since requests ask about the same policies again and again.
    """
    lower = ["*:*" if value == "*" else value.lower() for value in values]
    literals = frozenset(entry for entry in lower if "*" not in entry and "?" not in entry)
    parts = (entry.partition(":") for entry in lower if entry not in literals)
    return literals, tuple((service, name) for service, _, name in parts)
