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
    """Match one `service:Name`; case matters in neither half, and `*` alone is every action."""
    if entry == "*":
        return True
    service, _, name = entry.lower().partition(":")
    if not name or any(char.isspace() for char in entry):
        return False
    asked_service, _, asked_name = action.lower().partition(":")
    if not glob.matches(glob.wildcards(name), asked_name):
        return False
    if service == asked_service:
        return True
    if not glob.matches(glob.wildcards(service), asked_service):
        return False
    # `*:*` is written everywhere; other wildcards in the prefix are the doubtful point
    return (service, name) == ("*", "*") or doubts.wildcard_service_prefix()
