"""The items of a difference as text and JSON."""

from sekisho.cli.prove_output import counterexample_to_json, stated_to_json
from sekisho.messages import Language, Message, listed
from sekisho.prover import CREDENTIALS, ActionGroup, Side, Unknown, stated_text

_FOR = Message("to {credentials}")
_ON = Message("on {resources}")
_LIKE = Message("such as: {counterexample}")
_SHOWN = 10
_MORE = Message("more actions: {count}")


def item_lines(item: ActionGroup, lang: Language, such_as: Message) -> list[str]:
    """Return an item as text; `such_as` says its request."""
    credentials = listed(CREDENTIALS[each] for each in item.credentials)
    lines = [f"  {action}" for action in item.actions[:_SHOWN]]
    if len(item.actions) > _SHOWN:
        lines.append(f"  {_MORE.filled(count=len(item.actions) - _SHOWN).into(lang)}")
    return [
        *lines,
        f"    {_FOR.filled(credentials=credentials).into(lang)}",
        f"    {_ON.filled(resources=', '.join(item.resources)).into(lang)}",
        *(f"    {stated_text(one).into(lang)}" for one in item.conditions),
        f"    {_LIKE.filled(counterexample=such_as).into(lang)}",
    ]


def counterexample_of(side: Side | Unknown) -> dict[str, object] | None:
    """Return the request that shows a side, as JSON values; None if there is none."""
    if isinstance(side, Unknown) or side.counterexample is None:
        return None
    return counterexample_to_json(side.counterexample)


def new_actions_of(side: Side | Unknown) -> dict[str, object] | None:
    """Return a request of an action that does not exist yet, as JSON values; None: there is none.

    It is there only where no real action makes a difference.
    """
    if isinstance(side, Unknown) or side.new_actions is None:
        return None
    return counterexample_to_json(side.new_actions)


def items_to_json(side: Side | Unknown) -> list[dict[str, object]] | None:
    """Return the items of a side as JSON values; None if they are not known."""
    if isinstance(side, Unknown) or side.unlisted is not None:
        return None
    return [
        {
            "actions": list(item.actions),
            "resources": list(item.resources),
            "conditions": [stated_to_json(one) for one in item.conditions],
            "mfa": sorted({one.mfa for one in item.credentials}),
            "credentials": [one.value for one in item.credentials],
            "counterexample": counterexample_to_json(item.counterexample),
        }
        for item in side.items
    ]
