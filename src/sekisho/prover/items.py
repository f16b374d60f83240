"""What answers a question, action by action: the resources, the conditions, the credentials.

The list is exact: every request of a real action that answers is in an item, and no other is; it
is read off the same formula as the verdict, and each item has a request that the engine confirms.
"""

from dataclasses import dataclass

from sekisho.prover.ask import Asking
from sekisho.prover.credentials import Held
from sekisho.prover.described import Described, Stated
from sekisho.prover.formula import Question
from sekisho.prover.verdict import Counterexample

__all__ = ["Item", "items_of"]


@dataclass(frozen=True, slots=True)
class Item:
    """Actions that answer a question alike.

    Attributes:
        actions: like `iam:ChangePassword`, in order.
        resources: the policies' own patterns; `*`: every resource that the actions have.
        conditions: what else must be so, all together.
        held: the credentials with which it is so.
        counterexample: one such request.
    """

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: tuple[Stated, ...]
    held: tuple[Held, ...]
    counterexample: Counterexample


def items_of(question: Question) -> tuple[Item, ...]:
    """Return what answers, those actions together that answer alike.

    Raises:
        FaultyPolicy: if a document cannot be read for certain.
        Limit: if that could not be found out for some action.
    """
    alike: dict[tuple[Described, tuple[Held, ...]], tuple[set[str], Counterexample]] = {}
    for each, found in Asking(question).answering():
        by_description: dict[Described, list[Counterexample]] = {}
        for described, counterexample in found:
            by_description.setdefault(described, []).append(counterexample)
        for described, counterexamples in by_description.items():
            held = tuple(dict.fromkeys(counterexample.held for counterexample in counterexamples))
            names, _ = alike.setdefault((described, held), (set(), counterexamples[0]))
            names.update(map(str, each.actions))
    return tuple(
        Item(tuple(sorted(names)), described.resources, described.conditions, held, counterexample)
        for (described, held), (names, counterexample) in alike.items()
    )
