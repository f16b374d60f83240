"""The evidence for a person or a machine behind a key.

A log does not show who is at the keyboard. Hours of the week, addresses, programs and sign-ins are
evidence; each piece is shown with its meaning, and contradictory pieces lead to no conclusion.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from datetime import timedelta
from enum import StrEnum

from sekisho.account.usage import UserUse
from sekisho.lazy import dataclass
from sekisho.messages import Message, listed, verbatim

_WEEK = 168
_DAY = 24
_ENOUGH = 50
"""The fewest calls from which hours are evidence."""
_LONG = timedelta(days=14)
"""The fewest days of a log from which hours are evidence."""
_ROUND_THE_CLOCK = 20
"""The hours of the day with calls that exclude a person."""
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
"""Used by people and scripts: no evidence for either."""


class LooksLike(StrEnum):
    """The probable kind of a caller; values as in an audit's `Nature`."""

    PERSON = "person"
    MACHINE = "machine"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class Evidence:
    """A piece of evidence for a person or a machine.

    Attributes:
        speaks_for: a person or a machine; `UNSURE`: worth knowing, but no evidence.
    """

    text: Message
    speaks_for: LooksLike


_ROUND = Message("calls in {hours} of the 168 hours of a week, nights and weekends among them")
_WORKING = Message("calls in {hours} of 24 hours of the day, on {days} of 7 days of the week (UTC)")
_ADDRESS = Message("from one address")
_ADDRESSES = Message("from {count} {count:address|addresses}")
_PROGRAMS = Message("programs: {names}")
_BROWSERS = Message("a browser or the console")
_SIGNED_IN = Message("signed in to the console")


@dataclass(frozen=True, slots=True)
class Traces:
    """The traces of a caller in logs that can be evidence.

    Attributes:
        sign_ins: to the console, failed ones included.
        hours: how many calls there were in an hour of the week, from 0 to 167 in UTC.
        span: from the first of these calls to the last.
        addresses: from how many addresses they came.
        agents: how many calls there were by each user agent.
    """

    sign_ins: int = 0
    hours: Mapping[int, int] = field(default_factory=dict)
    span: timedelta = timedelta()
    addresses: int = 0
    agents: Mapping[str, int] = field(default_factory=dict)


def traces_of(use: UserUse) -> Traces:
    """Return the traces of a user in logs, over all keys and sessions.

    Addresses that several keys share are counted once as far as the use lists them.
    """
    hours: Counter[int] = Counter()
    agents: Counter[str] = Counter()
    for key in use.keys:
        hours.update({int(hour): count for hour, count in key.hours.items() if hour.isdecimal()})
        agents.update(key.agents)
    listed_addresses = {address for key in use.keys for address in key.addresses}
    most = max((key.addresses_count for key in use.keys), default=0)
    first = min((key.first for key in use.keys), default=None)
    last = max((key.last for key in use.keys), default=None)
    return Traces(
        sign_ins=use.sign_ins + use.sign_ins_failed,
        hours=hours,
        span=last - first if first is not None and last is not None else timedelta(),
        addresses=max(len(listed_addresses), most),
        agents=agents,
    )


def evidence_in(traces: Traces) -> tuple[Evidence, ...]:
    """Return the evidence for a person or a machine."""
    signed_in = (Evidence(_SIGNED_IN, LooksLike.PERSON),) if traces.sign_ins else ()
    return (*signed_in, *_hours(traces), *_addresses(traces), *_agents(traces))


def looks_like(evidence: Sequence[Evidence]) -> LooksLike:
    """Return whether a caller looks like a person or a machine; unsure if the evidence is mixed."""
    found = {each.speaks_for for each in evidence} - {LooksLike.UNSURE}
    return found.pop() if len(found) == 1 else LooksLike.UNSURE


def _hours(traces: Traces) -> Iterator[Evidence]:
    counted = {hour % _WEEK for hour in traces.hours}
    if sum(traces.hours.values()) < _ENOUGH or traces.span < _LONG:
        return
    hours, days = {hour % _DAY for hour in counted}, {hour // _DAY for hour in counted}
    if len(hours) >= _ROUND_THE_CLOCK and len(days) == _ALL_DAYS:
        yield Evidence(_ROUND.filled(hours=len(counted)), LooksLike.MACHINE)
    elif len(hours) <= _WORKING_DAY and len(days) < _ALL_DAYS:
        yield Evidence(_WORKING.filled(hours=len(hours), days=len(days)), LooksLike.PERSON)
    else:
        yield Evidence(_WORKING.filled(hours=len(hours), days=len(days)), LooksLike.UNSURE)


def _addresses(traces: Traces) -> Iterator[Evidence]:
    if traces.addresses:
        several = _ADDRESSES.filled(count=f"{traces.addresses:,}")
        yield Evidence(_ADDRESS if traces.addresses == 1 else several, LooksLike.UNSURE)


def _agents(traces: Traces) -> Iterator[Evidence]:
    agents = Counter(traces.agents)
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
"""Names that are more specific than the text before them: Terraform begins with `APN/1.0`."""
_PRODUCT = re.compile(r"\[?([A-Za-z][\w.+…-]{0,39}(?:/[\w.+-]{1,20})?)")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_LONGEST = 40


def program_name(agent: str) -> str:
    """Return the program's name in a user agent, like `Boto3/1.34.0`, or else its beginning."""
    known = _KNOWN.search(agent)
    if known:
        return known[0]
    plain = _UUID.sub("…", agent)
    found = _PRODUCT.match(plain)
    return found[1] if found else plain[:_LONGEST]
