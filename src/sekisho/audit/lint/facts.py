"""The facts behind findings: what was asked and answered, what stands where, in both languages."""

from collections.abc import Mapping

from sekisho.audit.held import Ask, Held
from sekisho.audit.lint.asking import State
from sekisho.audit.truth_wording import HELD
from sekisho.engine import DecisionEffect
from sekisho.language import Text

__all__ = ["applying", "asked", "listed", "verbatim"]

_EFFECTS: Mapping[DecisionEffect, str] = {
    DecisionEffect.ALLOWED: "許可",
    DecisionEffect.IMPLICITLY_DENIED: "暗黙的な拒否",
    DecisionEffect.EXPLICITLY_DENIED: "明示的な拒否",
}


def verbatim(text: str) -> Text:
    """Return what reads the same in both languages: names, and AWS's own messages."""
    return Text(text, text)


def asked(ask: Ask, held: Held | State, effect: DecisionEffect) -> Text:
    """Return a request as it was made with what is held, and the answer."""
    if held is State.STALE:
        holding = Held.CONSOLE_MFA
    else:
        holding = held.value if isinstance(held, State) else held
    return Text(
        f"`{ask.action}` on `{ask.resource}`, {holding.value}: {effect.value}",
        f"`{ask.resource}` への `{ask.action}`、{HELD[holding].ja}: {_EFFECTS[effect]}",
    )


def listed(before: Text, names: str) -> Text:
    """Return a list with what is said about it before."""
    return Text(f"{before.en}: {names}", f"{before.ja}: {names}")


def applying(applies: bool, otherwise: bool, switch: str) -> Text:
    """Return what comes of the condition, and the switch that it rests on."""
    says = {
        True: Text("always applies", "常に適用される"),
        False: Text("never applies", "決して適用されない"),
    }
    if applies is otherwise:
        return says[applies]
    return Text(
        f"{says[applies].en} (with the switch `{switch}` the other way it {says[otherwise].en})",
        f"{says[applies].ja} (スイッチ `{switch}` を変えると{says[otherwise].ja})",
    )
