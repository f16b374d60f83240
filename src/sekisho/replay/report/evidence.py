"""What speaks for a caller of a log being a person or a machine, and whom to decide about."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sekisho.account import Evidence, LooksLike, Traces, evidence_in, looks_like
from sekisho.messages import Message
from sekisho.replay.event import CallerDetail, DetailKind
from sekisho.replay.report.callers import CallerReport, KeyReport, events_of


def evidence_of(caller: CallerReport) -> tuple[Evidence, ...]:
    """Return what speaks for a caller being a person or a machine."""
    details = [detail for key in caller.keys for detail in key.details]
    return evidence_in(_traces(details, sum(caller.sign_ins.values())))


def evidence_of_key(key: KeyReport) -> tuple[Evidence, ...]:
    """Return what speaks for a person or a machine being behind a key."""
    return evidence_in(_traces(key.details, key.sign_ins))


def _traces(details: Sequence[CallerDetail], sign_ins: int = 0) -> Traces:
    hours: Counter[int] = Counter()
    agents: Counter[str] = Counter()
    addresses: set[str] = set()
    for each in details:
        if each.kind is DetailKind.HOUR_OF_WEEK and each.value.isdecimal():
            hours[int(each.value)] += each.tally.events
        elif each.kind is DetailKind.AGENT and each.value:
            agents[each.value] += each.tally.events
        elif each.kind is DetailKind.ADDRESS and each.value:
            addresses.add(each.value)
    times = [each.tally for each in details if each.kind is DetailKind.HOUR_OF_WEEK]
    span = max(t.last for t in times) - min(t.first for t in times) if times else timedelta()
    return Traces(sign_ins, hours, span, len(addresses), agents)


@dataclass(frozen=True, slots=True)
class ExemptionProposal:
    """A user whom somebody must decide about: exempt it, or change what it does.

    Nothing here exempts anybody.

    Attributes:
        key_ids: the keys that would stop.
        calls: how many calls of theirs would have been denied.
        looks, because: what the user looks like, and why.
    """

    user: str
    arn: str
    key_ids: tuple[str, ...]
    calls: int
    looks: LooksLike
    because: tuple[Message, ...]


def proposals(callers: Sequence[CallerReport]) -> tuple[ExemptionProposal, ...]:
    """Return whom to decide about: whose access keys would stop and who does not look a person."""
    return tuple(filter(None, map(_proposal, callers)))


def _proposal(caller: CallerReport) -> ExemptionProposal | None:
    keys = [key for key in caller.keys if key.denied and key.key_id.startswith("AKIA")]
    evidence = evidence_of(caller)
    looks = looks_like(evidence)
    if not keys or looks is LooksLike.PERSON:
        return None
    return ExemptionProposal(
        user=caller.label,
        arn=caller.caller.arn,
        key_ids=tuple(key.key_id for key in keys),
        calls=sum(events_of(key.denied) for key in keys),
        looks=looks,
        because=tuple(each.text for each in evidence),
    )
