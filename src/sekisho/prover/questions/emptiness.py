"""A question as the claim that no request of it passes, which a certificate can show.

What the question is restricted to becomes a policy that denies everything else; the policies that
must not allow become those from before a change. So the checker needs no claim of its own for it: a
question has no answer if there is no new access. What cannot be said so is left out, and the claim
is then about more requests than the question.
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
from sekisho.prover.questions.answers import Conclusion, conclude
from sekisho.prover.questions.certified import certified, find_no_new_access
from sekisho.prover.search.formula import NOT_BY_ROLES, Question, joined
from sekisho.prover.values.credentials import CallerCredential, SessionReadings, ways_of
from sekisho.prover.values.keys import OWNER_KEYS
from sekisho.prover.values.policies import EVERYTHING, names_any
from sekisho.prover.verdict import Proved

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
"""What holds where an operator does not, also of a key that is not there."""


def conclude_empty(
    questions: Sequence[Question], search: Callable[[], Conclusion] | None = None
) -> Conclusion:
    """Return what `conclude` does; what is proved has a certificate, or rests on an assumption.

    The certificates are checked and not kept: no command line of the checker says what they claim.

    Args:
        questions: that must have no answer.
        search: what looks for a request that answers one of them; `conclude` if not given.

    Raises:
        FaultyPolicy: if a document cannot be read for certain.
    """

    def find(*, thorough: bool) -> Certificate | None:
        found: list[Certificate] = []
        for question in questions:
            certificate = find_empty(question, thorough=thorough)
            if certificate is None:
                return None
            found.append(certificate)
        # one stands for all: with what all of them rest on, or there is none
        resting = {name for each in found for name in each.assumed}
        return next((each for each in found if resting == {*each.assumed}), None)

    found = certified(find, search or partial(conclude, questions))
    return replace(found, verdict=Proved()) if isinstance(found.verdict, Proved) else found


def find_empty(question: Question, *, thorough: bool) -> Certificate | None:
    """Return a certificate that no request answers a question, or None if none was found."""
    # in whichever way sessions show that they have no MFA
    ways = ways_of(replace(question.user, readings=SessionReadings()), question.credentials)
    if CallerCredential.HYPOTHETICAL in ways:
        # the checker knows no other value of the key than AWS does
        return None
    direct = {each.direct for each in ways}
    calls = "all" if len(direct) > 1 else "direct" if True in direct else "via-service"
    outside = Document(tuple(_numbered(question, ways)))
    asked = question.allowed or Policies(identity=(EVERYTHING,))
    asked = replace(asked, identity=(*asked.identity, AttachedPolicy("not asked about", outside)))
    find = find_no_new_access(question.denied or Policies(), asked, question.user, calls)
    return find(thorough=thorough)


def _numbered(question: Question, ways: Sequence[CallerCredential]) -> Iterator[Statement]:
    for number, each in enumerate(_outside(question, ways)):
        yield replace(each, index=number)


def _outside(question: Question, ways: Sequence[CallerCredential]) -> Iterator[Statement]:
    """Yield statements that deny what the question is not about."""
    user, within = question.user, question.within
    if user.is_role:
        within = joined(within, NOT_BY_ROLES)
    for element, holds in within.actions:
        yield _deny(action=_but(element, holds=holds))
    for element, holds in within.resources:
        yield _deny(resource=_but(element, holds=holds))
    for asked, holds in within.conditions:
        opposite = _opposite(asked.condition) if holds else asked.condition
        if asked.version is Version.V2012 and opposite is not None:
            yield _deny(opposite)
    # ARNs in other accounts are left in: no element tells them from `*` and from what AWS owns
    for key in () if question.abroad else OWNER_KEYS:
        owned = Condition(_OWNED_BY_ANOTHER, key, (user.account,))
        yield _deny(owned, Condition(_NULL, key, ("false",)))
    yield from _other_ways({each.mfa for each in ways})
    if any(names_any(each, _TIMES) for each in (question.allowed, question.denied) if each):
        yield from _past(question.now.astimezone(UTC))


def _past(now: datetime) -> Iterator[Statement]:
    """Yield statements that deny what was requested before now."""
    texts = (f"{now:%Y-%m-%dT%H:%M:%SZ}", str(int(now.timestamp())))
    for key, text in zip(_TIMES, texts, strict=True):
        yield _deny(Condition(_BEFORE, key, (text,)))


def _other_ways(mfa: set[str]) -> Iterator[Statement]:
    """Yield statements that deny what `aws:MultiFactorAuthPresent` is with no way of calling."""
    if "true" not in mfa:
        yield _deny(Condition(_BOOL, _MFA, ("true",)))
    if "false" not in mfa:
        yield _deny(Condition(_BOOL, _MFA, ("false",)))
    if "absent" not in mfa:
        yield _deny(Condition(_NULL, _MFA, ("true",)))


def _deny(*conditions: Condition, action: Element = _ANY, resource: Element = _ANY) -> Statement:
    return Statement(0, Effect.DENY, action, resource, conditions=conditions)


def _but(element: Element, *, holds: bool) -> Element:
    return replace(element, negated=not element.negated) if holds else element


def _opposite(condition: Condition) -> Condition | None:
    """Return what holds where a condition does not; None if it is not known."""
    operator = condition.operator
    if operator.quantifier is not Quantifier.NONE or operator.if_exists:
        return None
    opposite = _OPPOSITES.get(operator.name)
    # to be more than one of several numbers is not to be more than each
    of_one = operator.name is OperatorName.IP_ADDRESS or len(condition.values) == 1
    return replace(condition, operator=opposite) if opposite and of_one else None
