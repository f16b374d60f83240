"""`Action` and `NotAction`.

Source: IAM User Guide, "IAM JSON policy elements: Action", "… NotAction"; facts §6.4.
"""

from sekisho.engine import glob
from sekisho.engine.doubts import Doubts
from sekisho.engine.remembered import remembered
from sekisho.policy.document import Element

__all__ = ["matches"]


def matches(element: Element, action: str, doubts: Doubts) -> bool:
    """Tell whether the element takes in `action`; `NotAction` does what it does not list."""
    asked = _parts(action)
    listed = any(_entry_matches(entry, asked, doubts) for entry in element.values)
    return listed != element.negated


@remembered
def _parts(text: str) -> tuple[str, str]:
    """Return service and name of `service:Name`; case matters in neither half."""
    service, _, name = text.lower().partition(":")
    return service, name


def _entry_matches(entry: str, asked: tuple[str, str], doubts: Doubts) -> bool:
    """Match one `service:Name`; `*` alone is every action.

    An entry without a name, or with white space, matches nothing: no request's action is so.
    """
    if entry == "*":
        return True
    service, name = _parts(entry)
    if not (glob.like(service, asked[0]) and glob.like(name, asked[1])):
        return False
    # `*:*` is written everywhere; other wildcards in the prefix are the doubtful point
    certain = service == asked[0] or (service, name) == ("*", "*")
    return certain or doubts.wildcard_service_prefix()
