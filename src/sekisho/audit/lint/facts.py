"""The facts behind findings: what was asked and answered, what stands where, in both languages."""

from collections.abc import Mapping

from sekisho.audit.held import Ask, Held
from sekisho.audit.lint.asking import State
from sekisho.audit.truth_wording import HELD
from sekisho.engine import DecisionEffect
from sekisho.messages import Message

__all__ = ["applying", "asked", "listed"]

_EFFECTS: Mapping[DecisionEffect, str] = {
    DecisionEffect.ALLOWED: "許可",
    DecisionEffect.IMPLICITLY_DENIED: "暗黙的な拒否",
    DecisionEffect.EXPLICITLY_DENIED: "明示的な拒否",
}


def asked(ask: Ask, held: Held | State, effect: DecisionEffect) -> Message:
    """Return a request as it was made with what is held, and the answer."""
    if held is State.STALE:
        holding = Held.CONSOLE_MFA
    else:
        holding = held.value if isinstance(held, State) else held
    return Message("`{action}` on `{resource}`, {held}: {effect}").filled(
        action=ask.action,
        resource=ask.resource,
        held=Message.both(holding.value, HELD[holding].ja),
        effect=Message.both(effect.value, _EFFECTS[effect]),
    )


def listed(before: Message, names: str) -> Message:
    """Return a list with what is said about it before."""
    return Message("{before}: {names}").filled(before=before, names=names)


def applying(applies: bool, otherwise: bool, assumption: str) -> Message:
    """Return what comes of the condition, and the assumption that it rests on."""
    says = {
        True: Message("always applies"),
        False: Message("never applies"),
    }
    if applies is otherwise:
        return says[applies]
    return Message("{says} (if `{assumption}` is set the other way, it {says_})").filled(
        says=says[applies], assumption=assumption, says_=says[otherwise]
    )
