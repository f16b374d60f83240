"""The exact difference of two sets of policies: what one allows and the other does not.

It is asked action by action over the whole catalogue, for each kind of credential, both ways; so
the list has every action in which they differ, and no other.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from sekisho.engine import Policies, Switches
from sekisho.prover import reasons
from sekisho.prover.ask import never
from sekisho.prover.attached import tells_services_apart
from sekisho.prover.credentials import Held, User
from sekisho.prover.formula import Question
from sekisho.prover.items import Item, items_of
from sekisho.prover.limits import Limit
from sekisho.prover.verdict import Proved, Refuted, Unknown, Witness

__all__ = ["Difference", "Side", "difference"]

_DIRECT = (Held.KEY, Held.SESSION, Held.MFA_SESSION)
_VIA_SERVICE = (Held.KEY_VIA_SERVICE, Held.SESSION_VIA_SERVICE, Held.MFA_VIA_SERVICE)


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


def difference(
    old: Policies, new: Policies, user: User, now: datetime, switches: Switches | None = None
) -> Difference:
    """Return what `old` allows and `new` does not, and the reverse.

    Raises:
        FaultyPolicy: if a document cannot be read for certain.
    """
    apart = tells_services_apart(old) or tells_services_apart(new)
    held = (*_DIRECT, *_VIA_SERVICE) if apart else _DIRECT
    question = Question(user, now, held, switches=switches or Switches())
    return Difference(
        _side(replace(question, allowed=old, denied=new)),
        _side(replace(question, allowed=new, denied=old)),
    )


def _side(question: Question) -> Side | Unknown:
    verdict = never(question)
    match verdict:
        case Unknown():
            return verdict
        case Proved():
            return Side(None, ())
        case Refuted(witness):
            try:
                found = items_of(question)
            except Limit as limit:
                return Unknown(limit.reason)
            if witness.exists and not found:
                return Unknown(reasons.NOT_LISTED.filled(action=witness.request.action))
            return Side(found[0].witness if found else witness, found)
