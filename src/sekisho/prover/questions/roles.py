"""Whether MFA is enforced for a role: either who assumes it has MFA, or its sessions reach nothing.

A role's session never has MFA: `aws:MultiFactorAuthPresent` is false in it, or absent. So a Deny
without MFA in the role's own policies denies all of it, and what makes people bring MFA is the
trust policy.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from sekisho.engine import AttachedPolicy
from sekisho.messages import Message
from sekisho.prover.questions.enforced import OTHER_VALUES
from sekisho.prover.questions.trust import TrustReport
from sekisho.prover.search.answers import Conclusion, QuestionAnswer
from sekisho.prover.search.verdict import Proved, Refuted, Unknown

_ASSUMED = Message("Nobody assumes the role without MFA, AWS services apart")
_NO_MFA = Message(
    "A role's session never has MFA: aws:MultiFactorAuthPresent is false or absent in it, which is "
    "not documented, so that both are asked. MFA is enforced for a role if nobody assumes it "
    "without MFA, or if its sessions are allowed nothing but the exempt actions."
)
_TRUST_UNKNOWN = Message(
    "The role's trust policy is not given: anybody is taken to assume the role without MFA."
)
_TAGS = Message("The tags of the role and of its sessions are taken to be any.")
_ANYBODY = Message(
    "Who assumes the role is taken to be allowed it by their own policies; a call with an MFA code "
    "in it is one with MFA."
)


def assumed_of_role(trust: AttachedPolicy | None) -> tuple[Message, ...]:
    """Return what is taken for granted of a role."""
    return (_NO_MFA, _TAGS, _TRUST_UNKNOWN if trust is None else _ANYBODY)


def assumed_with_mfa(trust: TrustReport, *, counts: bool) -> QuestionAnswer:
    """Return whether nobody assumes a role without MFA, as an answer."""
    answer = Conclusion(trust.without_mfa, trust.assumed)
    return QuestionAnswer(
        "assumed-with-mfa", _ASSUMED, "direct", answer, counts, grants=True, of_callers=True
    )


def enforced_of_role(
    answers: Iterable[QuestionAnswer], trust: TrustReport | None
) -> Iterator[QuestionAnswer]:
    """Yield whether MFA is enforced for a role.

    Args:
        answers: whether its sessions are allowed nothing but the exempt actions.
        trust: who may assume it; None if that is not known, which is taken to be anybody.
    """
    for each in answers:
        # a value that no credential brings is no more a session's than a user's
        if each.id == OTHER_VALUES:
            continue
        yield each if trust is None else replace(each, conclusion=_either(each.conclusion, trust))


def _either(sessions: Conclusion, trust: TrustReport) -> Conclusion:
    """Return whether one of two is so; where neither is, what a session is allowed shows it.

    Where both are, it rests on what both rest on; on all that they rest on if they share nothing,
    since with all of it set otherwise neither may be so.
    """
    names = tuple(dict.fromkeys((*sessions.assumed, *trust.assumed)))
    match (sessions.verdict, trust.without_mfa):
        case (Proved(), Proved()):
            both = tuple(name for name in sessions.assumed if name in trust.assumed)
            apart = names if sessions.assumed and trust.assumed else ()
            return replace(sessions, assumed=both or apart)
        case (Proved(), _):
            return sessions
        case (_, Proved() as assumed):
            return Conclusion(assumed, trust.assumed)
        case (Refuted(), Unknown() as unknown):
            return Conclusion(unknown, names)
        case _:
            return replace(sessions, assumed=names)
