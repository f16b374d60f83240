"""Read what a goal file says of people who do not sign in, and of old access keys."""

from sekisho.documents import Shape
from sekisho.messages import Message
from sekisho.rollout.goal.model import Dormant, DormantAction, KeyAge, KeyRules

_LATER = (("disable", "warn"), ("delete", "disable"))
"""Each day of an access key that needs another one before it."""


def dormant_of(shape: Shape) -> Dormant | None:
    """Return when a user is dormant by a goal; None if that has a fault."""
    got = shape.members(("after",), ("do",))
    action = got["do"].choice(DormantAction) or DormantAction.NAME
    after = got["after"].days()
    return None if after is None else Dormant(after, action)


def key_rules_of(shape: Shape) -> KeyRules | None:
    """Return the days of people's access keys by a goal; None if they have a fault."""
    got = shape.members((), ("by", "warn", "disable", "delete"))
    by = got["by"].choice(KeyAge) or KeyAge.LAST_USE
    days = {name: got[name].days() for name in ("warn", "disable", "delete")}
    later = [name for name, _ in _LATER if not got[name].absent]
    if got["warn"].absent and not later and isinstance(shape.raw, dict):
        shape.fault(Message("`{name}` is missing").filled(name="warn"))
    for name, earlier in _LATER:
        one, other = days[name], days[earlier]
        if not got[name].absent and got[earlier].absent:
            got[name].fault(
                Message("`{name}` needs `{earlier}`").filled(name=name, earlier=earlier),
                fix=Message("write an earlier day as `{earlier}`").filled(earlier=earlier),
            )
        elif one is not None and other is not None and one <= other:
            got[name].fault(
                Message("`{name}` is not after `{earlier}`").filled(name=name, earlier=earlier),
                fix=Message("write more than {count} {count:day|days}").filled(count=other),
            )
    warn = days["warn"]
    return None if warn is None else KeyRules(by, warn, days["disable"], days["delete"])
