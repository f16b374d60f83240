"""Certificates that MFA is enforced, that there is no new access, or that no request answers.

A certificate is searched first. Most are valid for every setting of every assumption, so that no
further search is needed. Without one, the search gives the reason: a request that passes, or that
none was found. If none was found, the property is not proved, unless a request passes under another
setting of an assumption: then there can be no certificate.

That no request answers a question is a claim of no new access: the policies that must not allow a
request are those before a change; the policies that must allow it are those after, with one more
that denies all requests outside the question. So the checker needs no claim of its own for it. If
no statement can deny the requests that a question excludes, the claim covers more requests than
the question, and may have no certificate.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Protocol

from sekisho import check_proof
from sekisho.engine import AttachedPolicy, Policies
from sekisho.lazy import dataclass
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
from sekisho.prover.certificates import (
    Certificate,
    certify,
    claim_of,
    from_now_on,
    no_new_access_claim,
)
from sekisho.prover.reading.credentials import (
    CallerCredential,
    CallingUser,
    SessionReadings,
    ways_of,
)
from sekisho.prover.reading.keys import OWNER_KEYS
from sekisho.prover.reading.policies import ALLOW_EVERYTHING, distinguishes_services
from sekisho.prover.search.answers import Conclusion, QuestionAnswer, conclude
from sekisho.prover.search.formula import Question, restriction_of_caller
from sekisho.prover.search.verdict import Proved, Refuted, Unknown
from sekisho.prover.solver import reasons

_LITTLE, _A_PART = 20_000, 100
"""Work for a first attempt, and for each part of a statement.

Of 1,582 managed policies with Force_MFA none takes more than 8,300 steps, an invariant of it takes
12,400; users with ten large policies take some 50 for each part.
"""

OWN_CALLS, SERVICE_CALLS, ALL_CALLS = "direct", "via-service", "all"
"""The calls of a certificate, by the checker's names: the user's own, those of services, or
both."""


@dataclass(frozen=True, slots=True)
class CertifiedPolicies:
    """Policies and the certificates of their proved answers.

    Attributes:
        names: the users who have these policies, in order; or the one role.
        policies: in the order in which the certificates name them.
        certificates: of their own calls, and of those of AWS services where these are another.
    """

    names: tuple[str, ...]
    policies: Policies
    certificates: tuple[Certificate, ...]


def certificates_in(answers: Iterable[QuestionAnswer]) -> tuple[Certificate, ...]:
    """Return the certificates of some answers, without repetitions."""
    verdicts = [each.conclusion.verdict for each in answers]
    found = [each.certificate for each in verdicts if isinstance(each, Proved)]
    return tuple({id(each): each for each in found if each is not None}.values())


class CertificateFinder(Protocol):
    """Finds a certificate of a claim; `thorough`: with all the work that it may take."""

    def __call__(self, *, thorough: bool) -> Certificate | None:
        """Return a certificate, or None if none was found."""


def prove_or_search(find: CertificateFinder, search: Callable[[], Conclusion]) -> Conclusion:
    """Return the conclusion from a certificate; without one, that of the search.

    Most certificates are found with little work. A thorough attempt is made only if the search
    finds no request, since a refuted claim has no certificate. A certificate that rests on an
    assumption counts if the search, which knows the assumption's setting, finds no request.

    Args:
        find: looks for a certificate.
        search: asks for a request that shows the contrary.
    """
    certificate = find(thorough=False)
    if certificate is not None and not certificate.assumed:
        return Conclusion(Proved(certificate))
    conclusion = search()
    if isinstance(conclusion.verdict, Refuted):
        return conclusion
    certificate = certificate or find(thorough=True)
    if certificate is not None and not certificate.assumed:
        return Conclusion(Proved(certificate))
    if isinstance(conclusion.verdict, Unknown):
        return conclusion
    if certificate is None:
        return conclusion if conclusion.refuting else Conclusion(Unknown(reasons.NOT_CERTIFIED))
    assumed = tuple(dict.fromkeys((*conclusion.assumed, *certificate.assumed)))
    return Conclusion(Proved(certificate), assumed, conclusion.refuting)


class EnforcementCertifier:
    """The search for certificates that no request without MFA passes; each is searched for once.

    Args:
        policies: as attached to the user or the role.
        user: the user whose requests are meant; None: any user.
        exempt: patterns of the exempt actions.
        now: the earliest time of a request.
        later: whatever identity-based policies are attached later.
    """

    def __init__(
        self,
        policies: Policies,
        user: CallingUser | None,
        exempt: Sequence[str],
        now: datetime,
        *,
        later: bool,
    ) -> None:
        kind = check_proof.ENFORCED if later else check_proof.NOTHING_ALLOWED
        self._claim = partial(claim_of, policies, user, kind)
        self._policies, self._now = policies, now
        self._exempt = tuple(exempt)
        self._apart = distinguishes_services(policies)
        self._found: dict[tuple[str, bool], Certificate | None] = {}

    def find(self, calls: str, *, thorough: bool) -> Certificate | None:
        """Return a certificate about some calls, `OWN_CALLS` or `SERVICE_CALLS`, or about all.

        Args:
            calls: the calls that it has to cover.
            thorough: whether to look with all the work that it may take.
        """
        certificate = self._certificate_of(ALL_CALLS, thorough=thorough)
        if certificate is None and thorough and self._apart:
            certificate = self._certificate_of(calls, thorough=thorough)
        return certificate

    def needed(self) -> tuple[Certificate, ...]:
        """Return the certificates that cover all calls; none if one of them is missing."""
        if (certificate := self.find(ALL_CALLS, thorough=True)) is not None:
            return (certificate,)
        both = [self._certificate_of(calls, thorough=True) for calls in (OWN_CALLS, SERVICE_CALLS)]
        return tuple(each for each in both if each is not None) if all(both) else ()

    def _certificate_of(self, calls: str, *, thorough: bool) -> Certificate | None:
        asked = (calls, thorough)
        if asked not in self._found:
            found = self._found_for(self._exempt, calls, thorough=thorough)
            fewer = tuple(one for one in self._exempt if not check_proof.makes_sessions((one,)))
            if found is None and calls != SERVICE_CALLS and fewer != self._exempt:
                # the policies may deny the exempt call, so that nobody has such a session
                found = self._found_for(fewer, calls, thorough=thorough)
            self._found[asked] = found
        return self._found[asked]

    def _found_for(
        self, exempt: Sequence[str], calls: str, *, thorough: bool
    ) -> Certificate | None:
        def claim() -> check_proof.Claim:
            return from_now_on(self._claim(exempt, calls), self._now, self._policies)

        return _certificate(claim, thorough=thorough)


def no_new_access_finder(
    old: Policies, new: Policies, user: CallingUser | None, now: datetime
) -> CertificateFinder:
    """Return the finder of a certificate that `new` allows nothing that `old` does not.

    Args:
        old: as attached to the user or the role, before the change.
        new: the policies after the change.
        user: the user whose requests are meant; None: any user.
        now: the earliest time of a request.
    """
    return partial(
        _certificate, lambda: from_now_on(no_new_access_claim(old, new, user), now, old, new)
    )


def _certificate(claim: Callable[[], check_proof.Claim], *, thorough: bool) -> Certificate | None:
    """Return the certificate of a claim; None if the checker cannot read one of its policies."""
    try:
        claimed = claim()
    except check_proof.UnreadableError:
        return None
    parts = sum(len(each.parts) for each in claimed.statements.values())
    result = certify(claimed) if thorough else certify(claimed, max(_LITTLE, _A_PART * parts))
    return result if isinstance(result, Certificate) else None


_ANY = Element(("*",))
_MFA = "aws:MultiFactorAuthPresent"
_BOOL, _NULL = Operator(OperatorName.BOOL), Operator(OperatorName.NULL)
_OWNED_BY_ANOTHER = Operator(OperatorName.STRING_NOT_EQUALS)
_OPPOSITES: Mapping[OperatorName, Operator] = {
    OperatorName.IP_ADDRESS: Operator(OperatorName.NOT_IP_ADDRESS),
    OperatorName.NUMERIC_LESS_THAN_EQUALS: Operator(
        OperatorName.NUMERIC_GREATER_THAN, if_exists=True
    ),
}
"""The operators whose condition holds exactly where the other's fails, even without the key."""


def conclude_empty(
    questions: Sequence[Question], search: Callable[[], Conclusion] | None = None
) -> Conclusion:
    """Return the conclusion that no request answers any of some questions.

    A proved conclusion has a certificate, or rests on an assumption; others are as of `conclude`.

    The certificates are checked and not kept: no option of the checker expresses their claim.

    Args:
        questions: the questions that must have no answer.
        search: looks for a request that answers one of them; `conclude` if not given.

    Raises:
        FaultyPolicy: if a document cannot be interpreted for certain.
    """

    def find(*, thorough: bool) -> Certificate | None:
        certificates: list[Certificate] = []
        for question in questions:
            certificate = find_empty(question, thorough=thorough)
            if certificate is None:
                return None
            certificates.append(certificate)
        # the returned certificate represents all: it must have each assumption of the others
        assumed = {name for each in certificates for name in each.assumed}
        return next((each for each in certificates if assumed == {*each.assumed}), None)

    found = prove_or_search(find, search or partial(conclude, questions))
    return replace(found, verdict=Proved()) if isinstance(found.verdict, Proved) else found


def find_empty(question: Question, *, thorough: bool) -> Certificate | None:
    """Return a certificate that no request answers a question; None if none was found."""
    # the claim covers both ways in which sessions may show that they have no MFA
    credentials = ways_of(replace(question.user, readings=SessionReadings()), question.credentials)
    if CallerCredential.HYPOTHETICAL in credentials:
        # the checker knows no other values of the key than AWS's
        return None
    direct = {each.direct for each in credentials}
    calls = ALL_CALLS if len(direct) > 1 else OWN_CALLS if True in direct else SERVICE_CALLS
    denials = enumerate(_denials_of_the_rest(question, credentials))
    rest = Document(tuple(replace(each, index=number) for number, each in denials))
    after = question.allowed or Policies(identity=(ALLOW_EVERYTHING,))
    after = replace(after, identity=(*after.identity, AttachedPolicy("not asked about", rest)))
    before = question.denied or Policies()

    def claim() -> check_proof.Claim:
        # the sessions that the user makes are asked about in questions of their own
        claimed = no_new_access_claim(before, after, question.user, calls)
        return replace(from_now_on(claimed, question.now, before, after), alone=True)

    return _certificate(claim, thorough=thorough)


def _denials_of_the_rest(
    question: Question, credentials: Sequence[CallerCredential]
) -> Iterator[Statement]:
    """Yield statements that deny exactly the requests that the question excludes."""
    user, restriction = question.user, restriction_of_caller(question)
    for element, holds in restriction.actions:
        yield _deny(action=_unless(element, holds=holds))
    for element, holds in restriction.resources:
        yield _deny(resource=_unless(element, holds=holds))
    for asked, holds in restriction.conditions:
        opposite = _opposite(asked.condition) if holds else asked.condition
        if asked.version is Version.V2012 and opposite is not None:
            yield _deny(opposite)
    # ARNs of other accounts remain: no element separates them from `*` and AWS's own
    for key in () if question.cross_account else OWNER_KEYS:
        owned = Condition(_OWNED_BY_ANOTHER, key, (user.account,))
        yield _deny(owned, Condition(_NULL, key, ("false",)))
    yield from _denials_of_other_mfa({each.mfa for each in credentials})


def _denials_of_other_mfa(mfa: set[str]) -> Iterator[Statement]:
    """Yield statements that deny the excluded values of `aws:MultiFactorAuthPresent`."""
    if "true" not in mfa:
        yield _deny(Condition(_BOOL, _MFA, ("true",)))
    if "false" not in mfa:
        yield _deny(Condition(_BOOL, _MFA, ("false",)))
    if "absent" not in mfa:
        yield _deny(Condition(_NULL, _MFA, ("true",)))


def _deny(*conditions: Condition, action: Element = _ANY, resource: Element = _ANY) -> Statement:
    return Statement(0, Effect.DENY, action, resource, conditions=conditions)


def _unless(element: Element, *, holds: bool) -> Element:
    """Return the element that matches where another one does not match as required."""
    return replace(element, negated=not element.negated) if holds else element


def _opposite(condition: Condition) -> Condition | None:
    """Return the condition that holds exactly where another fails; None if there is none."""
    operator = condition.operator
    if operator.quantifier is not Quantifier.NONE or operator.if_exists:
        return None
    opposite = _OPPOSITES.get(operator.name)
    # being greater than one of several numbers is not being greater than each
    of_one = operator.name is OperatorName.IP_ADDRESS or len(condition.values) == 1
    return replace(condition, operator=opposite) if opposite and of_one else None
