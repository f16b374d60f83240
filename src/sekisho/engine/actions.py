"""`Action` and `NotAction`.

Source: IAM User Guide, "IAM JSON policy elements: Action", "… NotAction"; facts §6.4.
"""

from sekisho.engine import glob
from sekisho.engine.doubts import Doubts
from sekisho.policy.document import Element

__all__ = ["matches"]


def matches(element: Element, action: str, doubts: Doubts) -> bool:
    """Tell whether the element takes in `action`; `NotAction` does what it does not list."""
    listed = any(_entry_matches(entry, action, doubts) for entry in element.values)
    return listed != element.negated


def _entry_matches(entry: str, action: str, doubts: Doubts) -> bool:
    """Match one `service:Name`; case matters in neither half, and `*` alone is every action.

    An entry without a name, or with white space, matches nothing: no request's action is so.
    """
    if entry == "*":
        return True
    service, _, name = entry.lower().partition(":")
    asked_service, _, asked_name = action.lower().partition(":")
    if not (glob.like(service, asked_service) and glob.like(name, asked_name)):
        return False
    # `*:*` is written everywhere; other wildcards in the prefix are the doubtful point
    certain = service == asked_service or (service, name) == ("*", "*")
    return certain or doubts.wildcard_service_prefix()
