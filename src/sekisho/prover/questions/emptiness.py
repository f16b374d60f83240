"""Questions asked as claims of no new access, so that a certificate proves that none answers.

The policies that must not allow an answer are those from before a change; the policies that must
allow it are those from after, with one more that denies what the question is not about. So a
question has no answer if there is no new access, and the checker needs no claim of its own for it.
Where no statement can deny what a question leaves out, the claim is about more requests than the
question, and may have no certificate.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from sekisho.engine import AttachedPolicy, Policies
from sekisho.policy import (
    Condition,
    Document,
    Effect,
    Element,
    Operator,
    OperatorName,
    Quantifier,
    Statement,
    Version,
)
from sekisho.prover.certificates import Certificate
from sekisho.prover.questions.certified import certified, find_no_new_access
from sekisho.prover.reading.credentials import CallerCredential, SessionReadings, ways_of
from sekisho.prover.reading.keys import OWNER_KEYS
from sekisho.prover.reading.policies import EVERYTHING, names_any
from sekisho.prover.search.answers import Conclusion, conclude
from sekisho.prover.search.formula import NOT_BY_ROLES, Question, joined
from sekisho.prover.search.verdict import Proved

_ANY = Element(("*",))
_MFA = "aws:MultiFactorAuthPresent"
_TIMES = ("aws:currenttime", "aws:epochtime")
_BOOL, _NULL = Operator(OperatorName.BOOL), Operator(OperatorName.NULL)
_BEFORE = Operator(OperatorName.DATE_LESS_THAN)
_OWNED_BY_ANOTHER = Operator(OperatorName.STRING_NOT_EQUALS)
_OPPOSITES: Mapping[OperatorName, Operator] = {
    OperatorName.IP_ADDRESS: Operator(OperatorName.NOT_IP_ADDRESS),
    OperatorName.NUMERIC_LESS_THAN_EQUALS: Operator(
        OperatorName.NUMERIC_GREATER_THAN, if_exists=True
    ),
}
"""The operator that holds exactly where another does not, also where the key is absent."""


def conclude_empty(
    questions: Sequence[Question], search: Callable[[], Conclusion] | None = None
) -> Conclusion:
    """Return whether no request answers any of some questions.

    What is proved has a certificate, or rests on an assumption; otherwise it is as of `conclude`.

    The certificates are checked and not kept: no command line of the checker says what they claim.

    Args:
        questions: those that must have no answer.
        search: looks for a request that answers one of them; `conclude` if not given.

    Raises:
        FaultyPolicy: if a document cannot be read for certain.
    """

    def find(*, thorough: bool) -> Certificate | None:
        certificates: list[Certificate] = []
        for question in questions:
            certificate = find_empty(question, thorough=thorough)
            if certificate is None:
                return None
            certificates.append(certificate)
        # the one that is returned stands for all: it must rest on each assumption of the others
        assumed = {name for each in certificates for name in each.assumed}
        return next((each for each in certificates if assumed == {*each.assumed}), None)

    found = certified(find, search or partial(conclude, questions))
    return replace(found, verdict=Proved()) if isinstance(found.verdict, Proved) else found


def find_empty(question: Question, *, thorough: bool) -> Certificate | None:
    """Return a certificate that no request answers a question, or None if none was found."""
    # the claim is about both ways in which sessions may show that they have no MFA
    ways = ways_of(replace(question.user, readings=SessionReadings()), question.credentials)
    if CallerCredential.HYPOTHETICAL in ways:
        # the checker knows no other value of the key than AWS does
        return None
    direct = {each.direct for each in ways}
    calls = "all" if len(direct) > 1 else "direct" if True in direct else "via-service"
    denials = enumerate(_denials_of_the_rest(question, ways))
    rest = Document(tuple(replace(each, index=number) for number, each in denials))
    after = question.allowed or Policies(identity=(EVERYTHING,))
    after = replace(after, identity=(*after.identity, AttachedPolicy("not asked about", rest)))
    find = find_no_new_access(question.denied or Policies(), after, question.user, calls)
    return find(thorough=thorough)


def _denials_of_the_rest(
    question: Question, ways: Sequence[CallerCredential]
) -> Iterator[Statement]:
    """Yield statements that deny requests that the question is not about, and no others."""
    user, within = question.user, question.within
    if user.is_role:
        within = joined(within, NOT_BY_ROLES)
    for element, holds in within.actions:
        yield _deny(action=_unless(element, holds=holds))
    for element, holds in within.resources:
        yield _deny(resource=_unless(element, holds=holds))
    for asked, holds in within.conditions:
        opposite = _opposite(asked.condition) if holds else asked.condition
        if asked.version is Version.V2012 and opposite is not None:
            yield _deny(opposite)
    # ARNs in other accounts are left in: no element tells them from `*` and from what AWS owns
    for key in () if question.abroad else OWNER_KEYS:
        owned = Condition(_OWNED_BY_ANOTHER, key, (user.account,))
        yield _deny(owned, Condition(_NULL, key, ("false",)))
    yield from _denials_of_other_mfa({each.mfa for each in ways})
    if any(names_any(each, _TIMES) for each in (question.allowed, question.denied) if each):
        yield from _denials_of_the_past(question.now.astimezone(UTC))


def _denials_of_the_past(now: datetime) -> Iterator[Statement]:
    """Yield statements that deny requests from before now."""
    texts = (f"{now:%Y-%m-%dT%H:%M:%SZ}", str(int(now.timestamp())))
    for key, text in zip(_TIMES, texts, strict=True):
        yield _deny(Condition(_BEFORE, key, (text,)))


def _denials_of_other_mfa(mfa: set[str]) -> Iterator[Statement]:
    """Yield statements that deny each value of `aws:MultiFactorAuthPresent` but some."""
    if "true" not in mfa:
        yield _deny(Condition(_BOOL, _MFA, ("true",)))
    if "false" not in mfa:
        yield _deny(Condition(_BOOL, _MFA, ("false",)))
    if "absent" not in mfa:
        yield _deny(Condition(_NULL, _MFA, ("true",)))


def _deny(*conditions: Condition, action: Element = _ANY, resource: Element = _ANY) -> Statement:
    return Statement(0, Effect.DENY, action, resource, conditions=conditions)


def _unless(element: Element, *, holds: bool) -> Element:
    """Return what matches where an element does not match as demanded."""
    return replace(element, negated=not element.negated) if holds else element


def _opposite(condition: Condition) -> Condition | None:
    """Return the condition that holds exactly where another does not; None if there is none."""
    operator = condition.operator
    if operator.quantifier is not Quantifier.NONE or operator.if_exists:
        return None
    opposite = _OPPOSITES.get(operator.name)
    # to be more than one of several numbers is not to be more than each
    of_one = operator.name is OperatorName.IP_ADDRESS or len(condition.values) == 1
    return replace(condition, operator=opposite) if opposite and of_one else None
