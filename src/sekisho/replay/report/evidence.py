"""Whether a key looks like a person's or a machine's: what speaks for it, and no more than that.

A log does not say who is at the keyboard. Hours of the week, addresses, programs and sign-ins are
evidence; each piece is shown with what it says, and where they speak for both nothing is concluded.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from sekisho.messages import Message, listed, verbatim
from sekisho.replay.event import CallerDetail, DetailKind
from sekisho.replay.report.model import CallerReport, KeyReport, events_of

_WEEK = 168
_DAY = 24
_ENOUGH = 50
"""Calls of fewer say nothing of somebody's hours."""
_LONG = timedelta(days=14)
"""A log of fewer days says nothing of them either."""
_ROUND_THE_CLOCK = 20
"""Hours of the day in which nobody works day after day."""
_WORKING_DAY = 14
_ALL_DAYS = 7
_SHOWN = 3

_BROWSER = re.compile(
    r"Mozilla/|\bconsole\.amazonaws\.com\b|signin\.amazonaws\.com|AWS-?Console|AWS-?CloudShell"
    r"|\[?S3Console",
    re.IGNORECASE,
)
_PROGRAM = re.compile(
    r"Boto|aws-sdk|terraform|pulumi|ansible|APN/|HashiCorp|Jenkins|github-actions|gitlab|"
    r"datadog|packer|serverless|s3fs|rclone|telegraf|prometheus|grafana",
    re.IGNORECASE,
)
_BY_HAND = re.compile(r"aws-cli/", re.IGNORECASE)
"""People and scripts alike use it: it speaks for neither."""


class LooksLike(StrEnum):
    """What a caller looks like; the values are those of an audit's `Nature`."""

    PERSON = "person"
    MACHINE = "machine"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing that speaks for a person or for a machine.

    Attributes:
        speaks_for: whom; `UNSURE`: worth knowing, and for neither.
    """

    text: Message
    speaks_for: LooksLike


_ROUND = Message("calls in {hours} of the 168 hours of a week, nights and weekends among them")
_WORKING = Message("calls in {hours} of 24 hours of the day, on {days} of 7 days of the week (UTC)")
_ADDRESS = Message("from one address")
_ADDRESSES = Message("from {count} addresses")
_PROGRAMS = Message("programs: {names}")
_BROWSERS = Message("a browser or the console")
_SIGNED_IN = Message("signed in to the console")


def evidence_of(caller: CallerReport) -> tuple[Evidence, ...]:
    """Return what speaks for a caller being a person or a machine."""
    details = [detail for key in caller.keys for detail in key.details]
    found = []
    if sum(caller.sign_ins.values()):
        found.append(Evidence(_SIGNED_IN, LooksLike.PERSON))
    return (*found, *_of_details(details))


def evidence_of_key(key: KeyReport) -> tuple[Evidence, ...]:
    """Return what speaks for a person or a machine being behind a key."""
    return tuple(_of_details(key.details))


def looks_like(evidence: Sequence[Evidence]) -> LooksLike:
    """Return what a caller looks like: unsure where the evidence is for both, or for neither."""
    found = {each.speaks_for for each in evidence} - {LooksLike.UNSURE}
    return found.pop() if len(found) == 1 else LooksLike.UNSURE


def _of_details(details: Sequence[CallerDetail]) -> Iterator[Evidence]:
    yield from _hours(details)
    addresses = {each.value for each in details if each.kind is DetailKind.ADDRESS and each.value}
    if addresses:
        several = _ADDRESSES.filled(count=f"{len(addresses):,}")
        yield Evidence(_ADDRESS if len(addresses) == 1 else several, LooksLike.UNSURE)
    yield from _agents(details)


def _hours(details: Sequence[CallerDetail]) -> Iterator[Evidence]:
    counted: Counter[int] = Counter()
    for each in details:
        if each.kind is DetailKind.HOUR_OF_WEEK and each.value.isdecimal():
            counted[int(each.value) % _WEEK] += each.tally.events
    if sum(counted.values()) < _ENOUGH or _span(details) < _LONG:
        return
    hours, days = {hour % _DAY for hour in counted}, {hour // _DAY for hour in counted}
    if len(hours) >= _ROUND_THE_CLOCK and len(days) == _ALL_DAYS:
        yield Evidence(_ROUND.filled(hours=len(counted)), LooksLike.MACHINE)
    elif len(hours) <= _WORKING_DAY and len(days) < _ALL_DAYS:
        yield Evidence(_WORKING.filled(hours=len(hours), days=len(days)), LooksLike.PERSON)
    else:
        yield Evidence(_WORKING.filled(hours=len(hours), days=len(days)), LooksLike.UNSURE)


def _span(details: Sequence[CallerDetail]) -> timedelta:
    tallies = [each.tally for each in details if each.kind is DetailKind.HOUR_OF_WEEK]
    return max(each.last for each in tallies) - min(each.first for each in tallies)


def _agents(details: Sequence[CallerDetail]) -> Iterator[Evidence]:
    agents: Counter[str] = Counter()
    for each in details:
        if each.kind is DetailKind.AGENT and each.value:
            agents[each.value] += each.tally.events
    browsers = any(_BROWSER.search(each) for each in agents)
    programs = [each for each, _ in agents.most_common() if not _BROWSER.search(each)]
    if browsers:
        yield Evidence(_BROWSERS, LooksLike.PERSON)
    if programs:
        names = list(dict.fromkeys(program_name(each) for each in programs))
        shown = listed(verbatim(each) for each in names[:_SHOWN])
        sdks = any(_PROGRAM.search(each) and not _BY_HAND.search(each) for each in programs)
        yield Evidence(
            _PROGRAMS.filled(names=shown), LooksLike.MACHINE if sdks else LooksLike.UNSURE
        )


_KNOWN = re.compile(
    r"(?:aws-cli|Terraform|Pulumi|Boto3|aws-sdk-[a-z0-9-]+|aws-sdk|Botocore)/[\w.+-]{1,20}",
    re.IGNORECASE,
)
"""What tells more than what stands before it: Terraform calls itself `APN/1.0` first."""
_PRODUCT = re.compile(r"\[?([A-Za-z][\w.+…-]{0,39}(?:/[\w.+-]{1,20})?)")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_LONGEST = 40


def program_name(agent: str) -> str:
    """Return what a user agent is known by, like `Boto3/1.34.0`; of another form, its start."""
    known = _KNOWN.search(agent)
    if known:
        return known[0]
    plain = _UUID.sub("…", agent)
    found = _PRODUCT.match(plain)
    return found[1] if found else plain[:_LONGEST]


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
