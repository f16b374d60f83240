"""Invariants: a user's demands on policies, and whether they hold for every request.

`NEVER`: no request of the range is allowed. `NOT_GRANTED`: the same, to show the granting
statements. `ALWAYS`: no request of the range is refused. A range without any real request proves
nothing, so the answer is Unknown.
"""

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from sekisho.catalogue import load, spelling_correction
from sekisho.documents import Shape
from sekisho.engine import Assumptions, AttachedPolicy, Policies
from sekisho.errors import FaultyInput, FaultyPolicy, quoted
from sekisho.lazy import dataclass
from sekisho.messages import Message, joined_messages
from sekisho.policy import Element, OperatorName, from_json
from sekisho.prover.questions.certified import conclude_empty
from sekisho.prover.questions.enforcement import (
    SERVICE_EXEMPT,
    WITH_MFA,
    WITH_MFA_VIA_SERVICE,
    WITHOUT_MFA,
    WITHOUT_MFA_VIA_SERVICE,
    without_mfa,
)
from sekisho.prover.questions.federation import with_federation
from sekisho.prover.reading.conditions import VersionedCondition, condition_on
from sekisho.prover.reading.credentials import CallerCredential, CallingUser
from sekisho.prover.search.answers import Conclusion
from sekisho.prover.search.formula import Question, Restriction
from sekisho.prover.search.requests import prove_none
from sekisho.prover.search.verdict import Proved, Refuted, Unknown, Verdict
from sekisho.prover.solver import reasons
from sekisho.signin import LONGEST_CONSOLE_SESSION


class InvariantKind(StrEnum):
    """The demand on every request of the range."""

    NEVER = "never"
    ALWAYS = "always"
    NOT_GRANTED = "notGranted"


class Calls(StrEnum):
    """The callers of the requests in the range."""

    DIRECT = "direct"
    SERVICE = "service"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Invariant:
    """One demand on the policies of a user.

    Attributes:
        id: a name for reports.
        demand: never, always, or not granted.
        actions: patterns, like `s3:*`.
        text: the purpose, in the user's words; may be empty.
        on: patterns of resources; none: any.
        unless_mfa: never without MFA; with it, nothing is demanded.
        with_mfa: only sessions with MFA are in the range.
        mfa_age: the oldest MFA, in seconds, of the sessions in the range; None: any.
        only_from: never but from these addresses (CIDR); nothing is demanded from them.
        within: only calls from these addresses are in the range; none: from anywhere.
        calls: direct calls, those of AWS services on the user's behalf, or both.
    """

    id: str
    demand: InvariantKind
    actions: tuple[str, ...]
    text: str = ""
    on: tuple[str, ...] = ()
    unless_mfa: bool = False
    with_mfa: bool = False
    mfa_age: int | None = None
    only_from: tuple[str, ...] = ()
    within: tuple[str, ...] = ()
    calls: Calls = Calls.ALL


_WITHOUT: dict[Calls, tuple[CallerCredential, ...]] = {
    Calls.DIRECT: WITHOUT_MFA,
    Calls.SERVICE: WITHOUT_MFA_VIA_SERVICE,
    Calls.ALL: (*WITHOUT_MFA, *WITHOUT_MFA_VIA_SERVICE),
}
_WITH: dict[Calls, tuple[CallerCredential, ...]] = {
    Calls.DIRECT: WITH_MFA,
    Calls.SERVICE: WITH_MFA_VIA_SERVICE,
    Calls.ALL: (*WITH_MFA, *WITH_MFA_VIA_SERVICE),
}


def faults_in(invariant: Invariant) -> Iterator[tuple[str, Message]]:
    """Yield the faults of an invariant: the attribute, and a message."""
    if not invariant.actions:
        yield "actions", Message("names no action")
    for name, element, entries in (
        ("actions", "Action", invariant.actions),
        ("on", "Resource", invariant.on),
    ):
        for entry in entries:
            if (message := _why_refused(element, entry)) is not None:
                yield name, message
    yield from _misspelled(invariant)
    yield from _not_networks(invariant)
    yield from _conflicts(invariant)


def _misspelled(invariant: Invariant) -> Iterator[tuple[str, Message]]:
    for action in invariant.actions:
        if (meant := spelling_correction(action)) is not None:
            yield "actions", reasons.MISSPELLED.filled(action=quoted(action), near=meant)


def _not_networks(invariant: Invariant) -> Iterator[tuple[str, Message]]:
    for name, networks in (("only_from", invariant.only_from), ("within", invariant.within)):
        for text in networks:
            if not _is_network(text):
                yield (
                    name,
                    Message("{text} is not an address range like `203.0.113.0/24`").filled(
                        text=quoted(text)
                    ),
                )


def _conflicts(invariant: Invariant) -> Iterator[tuple[str, Message]]:
    if invariant.demand is InvariantKind.ALWAYS and invariant.unless_mfa:
        yield "unless_mfa", Message("is about what is never allowed")
    if invariant.demand is InvariantKind.ALWAYS and invariant.only_from:
        yield "only_from", Message("is about what is never allowed")
    if invariant.unless_mfa and invariant.with_mfa:
        yield "with_mfa", Message("contradicts that nothing is demanded with MFA")
    if invariant.mfa_age is not None and not invariant.with_mfa:
        yield "mfa_age", Message("is about sessions with MFA only")


def _why_refused(element: str, entry: str) -> Message | None:
    """Return the reason why IAM would refuse an entry of `Action` or `Resource`; None: valid."""
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*", element: entry}
    try:
        from_json({"Version": "2012-10-17", "Statement": statement})
    except FaultyPolicy as refusal:
        return refusal.faults[0].message
    return None


def _is_network(text: str) -> bool:
    """Return whether a text is an address, or a range with a prefix instead of a mask."""
    if "." in text.partition("/")[2]:
        return False
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def invariant_holds(
    invariant: Invariant,
    policies: Policies,
    user: CallingUser,
    now: datetime,
    assumptions: Assumptions,
) -> Conclusion:
    """Return whether an invariant holds for every request.

    Args:
        invariant: one without `faults_in` it.
        policies: the policies that are attached to the user.
        user: the user whose requests are meant.
        now: the earliest time of a request.
        assumptions: the settings of points that AWS does not document.

    Raises:
        FaultyPolicy: if a document cannot be interpreted for certain.
    """
    if user.is_role and invariant.with_mfa:
        return Conclusion(Unknown(reasons.NEVER_WITH_MFA))
    is_never = invariant.demand is not InvariantKind.ALWAYS
    within = range_of(invariant)
    # grants are those of the user's account: elsewhere the owner decides, too
    base = Question(
        user, now, (), restriction=within, assumptions=assumptions, cross_account=is_never
    )
    question = replace(
        base,
        allowed=policies if is_never else None,
        denied=None if is_never else policies,
    )
    questions = questions_of(invariant, question)
    conclusion = conclude_empty([one for each in questions for one in with_federation(each)])
    if not _is_settled(conclusion.verdict) and (reason := empty_part(invariant, base)) is not None:
        return _unknown_for_empty_range(conclusion, reason)
    if isinstance(conclusion.verdict, Proved) and not is_never:
        must_allow = _own_policy(invariant, base)
        return conclusion if must_allow is None else Conclusion(Unknown(must_allow))
    return conclusion


_OWN_POLICIES = (("kms:*", "arn:*:kms:*:*:key/*"), ("sts:*", "arn:*:iam::*:role/*"))
"""Actions that a resource's own policy must allow even in its own account: use of keys and roles.

Source: IAM User Guide, "Evaluating identity-based policies with resource-based policies".
"""


def _own_policy(invariant: Invariant, base: Question) -> Message | None:
    """Return that a request of the range needs a key's or role's own policy; None if none does."""
    credentials = _WITH[invariant.calls] if invariant.with_mfa else _WITHOUT[invariant.calls]
    for action, resource in _OWN_POLICIES:
        actions = (*base.restriction.actions, (Element((action,)), True))
        resources = (*base.restriction.resources, (Element((resource,)), True))
        within = replace(base.restriction, actions=actions, resources=resources)
        match prove_none(
            replace(base.in_catalogue, credentials=credentials[:1], restriction=within)
        ):
            case Refuted(counterexample):
                request = counterexample.request
                return reasons.OWN_POLICY.filled(
                    action=quoted(request.action), resource=quoted(request.resource)
                )
            case Unknown(reason):
                return reason
            case _:
                continue
    return None


def policy_naming_resources(invariant: Invariant) -> AttachedPolicy:
    """Return a policy that distinguishes users as the invariant's resources do."""
    statement = {"Effect": "Deny", "Action": "*", "Resource": list(invariant.on) or "*"}
    return AttachedPolicy("on", from_json({"Version": "2012-10-17", "Statement": statement}))


def _is_settled(verdict: Verdict) -> bool:
    """Return whether a verdict remains valid if a part of the range has no real request."""
    match verdict:
        case Proved():
            return False
        case Refuted():
            return True
        case Unknown(reason):
            return verdict.beyond is None and reason != reasons.NOT_CERTIFIED


def _unknown_for_empty_range(conclusion: Conclusion, reason: Message) -> Conclusion:
    """Return the answer if the catalogue knows no request of some part of the range."""
    if (
        not isinstance(conclusion.verdict, Unknown)
        or conclusion.verdict.reason == reasons.NOT_CERTIFIED
    ):
        return Conclusion(Unknown(reason))
    both = joined_messages([reason, conclusion.verdict.reason], en="; ", ja="。")
    return replace(conclusion, verdict=replace(conclusion.verdict, reason=both))


def range_of(invariant: Invariant) -> Restriction:
    """Return the restriction to the requests in an invariant's range."""
    addresses = ((_from_any_of(invariant.within), True),) if invariant.within else ()
    ages: tuple[tuple[VersionedCondition, bool], ...] = ()
    if (oldest := invariant.mfa_age) is not None:
        not_older = OperatorName.NUMERIC_LESS_THAN_EQUALS
        ages = ((condition_on(not_older, "aws:MultiFactorAuthAge", str(oldest)), True),)
    return Restriction(
        actions=((Element(invariant.actions), True), (Element(SERVICE_EXEMPT), False)),
        resources=((Element(invariant.on), True),) if invariant.on else (),
        conditions=(*addresses, *ages),
    )


def questions_of(invariant: Invariant, question: Question) -> Iterator[Question]:
    """Yield a question for each way in which the invariant can be violated."""
    without, with_ = _WITHOUT[invariant.calls], _WITH[invariant.calls]
    for policies in filter(None, (question.allowed, question.denied)):
        without = without_mfa(policies, without)
    every = with_ if invariant.with_mfa else (*without, *with_)
    if invariant.unless_mfa:
        yield replace(question, credentials=without)
    if invariant.only_from:
        conditions = (
            *question.restriction.conditions,
            (_from_any_of(invariant.only_from), False),
        )
        yield replace(
            question,
            credentials=every,
            restriction=replace(question.restriction, conditions=conditions),
        )
    if not invariant.unless_mfa and not invariant.only_from:
        yield replace(question, credentials=every)


def _from_any_of(networks: tuple[str, ...]) -> VersionedCondition:
    return condition_on(OperatorName.IP_ADDRESS, "aws:SourceIp", *networks)


def _empty_elsewhere(
    invariant: Invariant, base: Question, credentials: tuple[CallerCredential, ...]
) -> Message | None:
    """Return the reason why no request of the range is from other addresses than `only_from`."""
    if not invariant.only_from:
        return None
    conditions = (
        *base.restriction.conditions,
        (_from_any_of(invariant.only_from), False),
    )
    within = replace(base.restriction, conditions=conditions, resources=())
    match prove_none(replace(base.in_catalogue, credentials=credentials[:1], restriction=within)):
        case Refuted():
            return None
        case Unknown(reason):
            return reason
        case Proved():
            return reasons.NONE_FROM.filled(networks=", ".join(invariant.only_from))


def empty_part(invariant: Invariant, base: Question) -> Message | None:
    """Return the reason why some part of the range has no real request and proves nothing."""
    if (reason := _no_such_action(invariant)) is not None:
        return reason
    credentials = _WITH[invariant.calls] if invariant.with_mfa else _WITHOUT[invariant.calls]
    if (reason := _empty_elsewhere(invariant, base, credentials)) is not None:
        return reason
    for within, reason in _parts(invariant, base.restriction):
        match prove_none(
            replace(base.in_catalogue, credentials=credentials[:1], restriction=within)
        ):
            case Refuted():
                continue
            case Unknown(unknown):
                return unknown
            case Proved():
                return reason
    return None


def _no_such_action(invariant: Invariant) -> Message | None:
    """Return that a pattern of the range matches no action of the catalogue; None if all match."""
    for action in invariant.actions:
        if not load().expand(action):
            near = load().nearest(action)
            if near is None:
                return reasons.NO_SUCH_ACTION.filled(action=quoted(action))
            return reasons.NO_SUCH_ACTION_BUT.filled(action=quoted(action), near=near)
    return None


def _parts(invariant: Invariant, restriction: Restriction) -> Iterator[tuple[Restriction, Message]]:
    """Yield the part of the range for each entry, with the reason to give if it is empty."""
    for entry in invariant.on:
        resources = ((Element((entry,)), True),)
        yield replace(restriction, resources=resources), reasons.NONE_ON.filled(entry=quoted(entry))
    for entry in invariant.actions:
        name = quoted(entry)
        actions = ((Element((entry,)), True), (Element(SERVICE_EXEMPT), False))
        part = replace(restriction, actions=actions, resources=())
        yield part, reasons.NONE_DENIABLE.filled(action=name)
        if invariant.on:
            part = replace(part, resources=restriction.resources)
            yield part, reasons.NONE_OF.filled(action=name)


SCHEMA = "sekisho.invariants/1"
"""The `schema` of an invariants file."""

_NAMES = {
    "unless_mfa": "unlessMfa",
    "with_mfa": "withMfa",
    "mfa_age": "mfaAge",
    "only_from": "onlyFrom",
    "within": "from",
}
_DEMANDED = {
    "never": InvariantKind.NEVER,
    "always": InvariantKind.ALWAYS,
    "granted": InvariantKind.NOT_GRANTED,
}
"""The keys that state a demand and its actions."""
_OPTIONAL = ("text", *_DEMANDED, "on", "calls", *_NAMES.values())
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_OLDEST = int(LONGEST_CONSOLE_SESSION.total_seconds())


def read_invariants(path: str | Path) -> tuple[Invariant, ...]:
    """Return the invariants of a file, in order.

    Raises:
        FaultyInput: with every fault at its line: unknown keys, patterns that IAM would refuse,
            demands that contradict each other.
    """
    from sekisho.documents import read_yaml  # noqa: PLC0415 - slow to load, and for files alone

    shape = read_yaml(path)
    top = shape.members(["schema", "invariants"])
    top["schema"].expect(SCHEMA)
    by_id: dict[str, Invariant] = {}
    for each in top["invariants"].items():
        invariant = _invariant(each)
        if invariant.id in by_id:
            each.fault(Message("the id {id} appears twice").filled(id=quoted(invariant.id)))
        by_id[invariant.id] = invariant
    if not by_id and not shape.faults:
        top["invariants"].fault(Message("has no invariant: it would prove nothing"))
    if shape.faults:
        raise FaultyInput(str(path), shape.faults)
    return tuple(by_id.values())


def _invariant(shape: Shape) -> Invariant:
    members = shape.members(["id"], _OPTIONAL)
    name = members["id"].text()
    if name and not _ID.fullmatch(name):
        members["id"].fault(Message("must be letters, digits, `.`, `_` and `-`, at most 64"))
    demands = [key for key in _DEMANDED if not members[key].absent]
    if len(demands) > 1:
        first, second = demands[:2]
        both = Message("asks for `{first}` and `{second}` at once")
        shape.fault(both.filled(first=first, second=second))
    demanded = demands[-1] if demands else "never"
    actions = members[demanded].texts()
    if not demands and not members["onlyFrom"].absent:
        actions = ("*",)
    age = members["mfaAge"]
    invariant = Invariant(
        id=name,
        demand=_DEMANDED[demanded],
        actions=actions,
        text=members["text"].text(),
        on=members["on"].texts(),
        unless_mfa=members["unlessMfa"].flag(),
        with_mfa=members["withMfa"].flag(),
        mfa_age=None if age.absent else age.number(0, _OLDEST),
        only_from=members["onlyFrom"].texts(),
        within=members["from"].texts(),
        calls=members["calls"].choice(Calls) or Calls.ALL,
    )
    for attribute, message in faults_in(invariant):
        key = demanded if attribute == "actions" else _NAMES.get(attribute, attribute)
        (shape if members[key].absent else members[key]).fault(message)
    return invariant
