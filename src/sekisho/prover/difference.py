"""The exact difference of two sets of policies: what one allows and the other does not.

It is asked action by action over the whole catalogue, for each kind of credential, both ways; so
the list has every action in which they differ, and no other.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from sekisho.engine import Policies
from sekisho.prover.ask import Asking, never
from sekisho.prover.attached import tells_services_apart
from sekisho.prover.credentials import Held, User
from sekisho.prover.formula import Question
from sekisho.prover.gate import resources_of
from sekisho.prover.limits import Limit
from sekisho.prover.verdict import Proved, Refuted, Unknown, Witness

__all__ = ["Difference", "Item", "Side", "difference"]

_DIRECT = (Held.KEY, Held.SESSION, Held.MFA_SESSION)
_VIA_SERVICE = (Held.KEY_VIA_SERVICE, Held.SESSION_VIA_SERVICE, Held.MFA_VIA_SERVICE)


@dataclass(frozen=True, slots=True)
class Item:
    """Actions that one set allows and the other does not, to those who hold certain credentials.

    Attributes:
        actions: like `iam:ChangePassword`, in order.
        resources: the patterns of the Allow statements that let them through.
        held: all credentials with which there is such a request.
        witness: one such request.
    """

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    held: tuple[Held, ...]
    witness: Witness


@dataclass(frozen=True, slots=True)
class Side:
    """What one set allows and the other does not.

    Attributes:
        witness: one such request, of a real action if there is any; None: there is none.
        items: every real action in which they differ; empty with a witness if only an action that
            the catalogue does not know makes the difference.
    """

    witness: Witness | None
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """Both sides; Unknown where it could not be found out."""

    only_in_old: Side | Unknown
    only_in_new: Side | Unknown


def difference(old: Policies, new: Policies, user: User, now: datetime) -> Difference:
    """Return what `old` allows and `new` does not, and the reverse.

    Raises:
        FaultyPolicy: if a document cannot be read for certain.
    """
    return Difference(_side(old, new, user, now), _side(new, old, user, now))


def _side(allowed: Policies, denied: Policies, user: User, now: datetime) -> Side | Unknown:
    apart = tells_services_apart(allowed) or tells_services_apart(denied)
    held = (*_DIRECT, *_VIA_SERVICE) if apart else _DIRECT
    question = Question(user, now, held, allowed=allowed, denied=denied)
    verdict = never(question)
    match verdict:
        case Unknown():
            return verdict
        case Proved():
            return Side(None, ())
        case Refuted(witness):
            try:
                found = _items(question, allowed)
            except Limit as reason:
                return Unknown(str(reason))
            return Side(found[0].witness if found else witness, found)


def _items(question: Question, allowed: Policies) -> tuple[Item, ...]:
    """Return the actions in which they differ, those together that differ alike."""
    joined: dict[tuple[object, ...], Item] = {}
    names: dict[tuple[object, ...], list[str]] = {}
    for each, witnesses in Asking(question).answering():
        held = tuple(witness.held for witness in witnesses)
        resources = resources_of(allowed, witnesses[0])
        joined.setdefault((held, resources), Item((), resources, held, witnesses[0]))
        names.setdefault((held, resources), []).extend(map(str, each.actions))
    return tuple(replace(joined[one], actions=tuple(sorted(names[one]))) for one in joined)
