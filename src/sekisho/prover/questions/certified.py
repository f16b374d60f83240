"""Proofs that carry a certificate: that MFA is enforced, and that there is no new access.

A certificate is looked for first. Most hold for every setting of every assumption, so that nothing
else has to be asked. Where there is none, the search says why: with a request that passes, or that
none was found. What is only not found is not proved, unless a request passes under another setting
of an assumption: that is why there can be no certificate.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from sekisho import check_proof
from sekisho.engine import Policies
from sekisho.prover.certificates import Certificate, certify, claim_of, no_new_access_claim
from sekisho.prover.reading.credentials import CallingUser
from sekisho.prover.reading.policies import tells_services_apart
from sekisho.prover.search.answers import Conclusion, QuestionAnswer
from sekisho.prover.search.verdict import Proved, Refuted, Unknown
from sekisho.prover.solver import reasons

_LITTLE, _A_PART = 20_000, 100
"""Work for a first attempt, and for each part of a statement.

Of 1,582 managed policies with Force_MFA none takes more than 8,300 steps, an invariant of it takes
12,400; users with ten large policies take some 50 for each part.
"""

OWN_CALLS, SERVICE_CALLS, ALL_CALLS = "direct", "via-service", "all"
"""Whose calls a certificate is about: the user's own, those of AWS services for the user, both."""


@dataclass(frozen=True, slots=True)
class CertifiedPolicies:
    """Policies and the certificates of what is proved of them.

    Attributes:
        names: the users who have these policies, in order; or the one role.
        policies: in the order in which the certificates name them.
        certificates: of their own calls, and of those of AWS services where these are another.
    """

    names: tuple[str, ...]
    policies: Policies
    certificates: tuple[Certificate, ...]


def certificates_in(answers: Iterable[QuestionAnswer]) -> tuple[Certificate, ...]:
    """Return the certificates of some answers, each once."""
    verdicts = [each.conclusion.verdict for each in answers]
    found = [each.certificate for each in verdicts if isinstance(each, Proved)]
    return tuple({id(each): each for each in found if each is not None}.values())


class CertificateFinder(Protocol):
    """Looks for a certificate of what is asked; `thorough`: with all the work that it may take."""

    def __call__(self, *, thorough: bool) -> Certificate | None:
        """Return a certificate, or None if none was found."""


def certified(find: CertificateFinder, search: Callable[[], Conclusion]) -> Conclusion:
    """Return what a certificate proves; without one, what the search finds.

    Most certificates are found with little work. A thorough attempt comes after the search, where
    that shows no request: what is refuted has no certificate. A certificate that rests on an
    assumption counts where the search, which knows how the assumption is set, finds no request.

    Args:
        find: looks for a certificate.
        search: asks for a request that shows the contrary.
    """
    certificate = find(thorough=False)
    if certificate is not None and not certificate.assumed:
        return Conclusion(Proved(certificate))
    found = search()
    if isinstance(found.verdict, Refuted):
        return found
    certificate = certificate or find(thorough=True)
    if certificate is not None and not certificate.assumed:
        return Conclusion(Proved(certificate))
    if isinstance(found.verdict, Unknown):
        return found
    if certificate is None:
        return found if found.refuting else Conclusion(Unknown(reasons.NOT_CERTIFIED))
    assumed = tuple(dict.fromkeys((*found.assumed, *certificate.assumed)))
    return Conclusion(Proved(certificate), assumed, found.refuting)


class EnforcementCertifier:
    """Looks for certificates that no request without MFA passes; for each of them once.

    Args:
        policies: as attached to the user or the role.
        user: whose requests; None: of any user.
        exempt: patterns of the exempt actions.
        later: whatever identity-based policies are attached later.
    """

    def __init__(
        self, policies: Policies, user: CallingUser | None, exempt: Sequence[str], *, later: bool
    ) -> None:
        kind = check_proof.ENFORCED if later else check_proof.NOTHING_ALLOWED
        self._claim = partial(claim_of, policies, user, kind, exempt)
        self._apart = tells_services_apart(policies)
        self._found: dict[tuple[str, bool], Certificate | None] = {}

    def find(self, calls: str, *, thorough: bool) -> Certificate | None:
        """Return a certificate about some calls, `OWN_CALLS` or `SERVICE_CALLS`, or about all.

        Args:
            calls: whose calls it has to be about.
            thorough: whether to look with all the work that it may take.
        """
        found = self._of(ALL_CALLS, thorough=thorough)
        if found is None and thorough and self._apart:
            found = self._of(calls, thorough=thorough)
        return found

    def needed(self) -> tuple[Certificate, ...]:
        """Return the certificates about all calls, each once; none if one of them is missing."""
        if (found := self.find(ALL_CALLS, thorough=True)) is not None:
            return (found,)
        apart = [self._of(calls, thorough=True) for calls in (OWN_CALLS, SERVICE_CALLS)]
        return tuple(each for each in apart if each is not None) if all(apart) else ()

    def _of(self, calls: str, *, thorough: bool) -> Certificate | None:
        asked = (calls, thorough)
        if asked not in self._found:
            self._found[asked] = _certificate(partial(self._claim, calls), thorough=thorough)
        return self._found[asked]


def find_no_new_access(
    old: Policies, new: Policies, user: CallingUser | None, calls: str = ALL_CALLS
) -> CertificateFinder:
    """Return what looks for a certificate that `new` allows nothing that `old` does not.

    Args:
        old: as attached to the user or the role, before the change.
        new: likewise after it.
        user: whose requests; None: of any user.
        calls: whose calls it has to be about.
    """
    return partial(_certificate, partial(no_new_access_claim, old, new, user, calls))


def _certificate(claim: Callable[[], check_proof.Claim], *, thorough: bool) -> Certificate | None:
    """Return the certificate of a claim; none of one with a policy that the checker cannot read."""
    try:
        asked = claim()
    except check_proof.UnreadableError:
        return None
    parts = sum(len(each.parts) for each in asked.statements.values())
    found = certify(asked) if thorough else certify(asked, max(_LITTLE, _A_PART * parts))
    return found if isinstance(found, Certificate) else None
