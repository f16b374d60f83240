"""What the answers leave out, said where it matters: roles within reach, and IAM's lists."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from sekisho.engine import Assumptions, DecisionEffect, Policies, Request, decide
from sekisho.engine.matching import TrackedAssumptions, actions, arns, glob
from sekisho.messages import Message
from sekisho.policy import Effect, Element, Statement
from sekisho.prover.search.formula import Question, Restriction
from sekisho.prover.search.requests import prove_none
from sekisho.prover.values.credentials import CallerCredential, CallingUser, situations
from sekisho.prover.verdict import Proved

LISTED: Mapping[str, str] = {
    "iam:ListGroups": "group/",
    "iam:ListInstanceProfiles": "instance-profile/",
    "iam:ListRoles": "role/",
    "iam:ListUsers": "user/",
    "iam:ListVirtualMFADevices": "mfa/",
}
"""The resource that AWS's messages name, after `arn:aws:iam::ACCOUNT:`.

Source: refusals that others have published; `iam:ListAccountAliases` is refused on `*` there.
"""

_LISTS_IN_DOUBT = Message(
    "{actions}: asked about `*`, as documented. On the resource that AWS's messages name, like "
    "{arn}, these policies decide otherwise: {how}."
)
_ALLOWED = Message("allowed there")
_ALLOWED_WITHOUT_MFA = Message("allowed there without MFA")
_REFUSED = Message("refused there")
_HELD = (CallerCredential.KEY, CallerCredential.SESSION, CallerCredential.MFA_SESSION)


def uncertain_lists(
    policies: Policies, user: CallingUser, now: datetime, assumptions: Assumptions | None = None
) -> Message | None:
    """Say which lists the policies decide otherwise on the ARN of AWS's messages; None if none.

    The context is a credential's own, without further keys.

    Raises:
        FaultyPolicy: if a document cannot be read for certain.
    """
    settings = assumptions or Assumptions()
    found: dict[str, set[tuple[CallerCredential, bool]]] = {}
    for one in situations(user, now, _HELD):
        for action, tail in LISTED.items():
            there = f"arn:{user.partition}:iam::{user.account}:{tail}"
            star, other = (
                decide(Request(user.arn, action, resource, one.values), policies, settings).effect
                is DecisionEffect.ALLOWED
                for resource in ("*", there)
            )
            if star is not other:
                found.setdefault(action, set()).add((one.held, other))
    if not found:
        return None
    arn = f"arn:{user.partition}:iam::{user.account}:{LISTED[next(iter(found))]}"
    return _LISTS_IN_DOUBT.filled(
        actions=", ".join(found), arn=arn, how=_how(set().union(*found.values()))
    )


def _how(otherwise: set[tuple[CallerCredential, bool]]) -> Message:
    """Say the worst of it."""
    if any(allowed and not held.with_mfa for held, allowed in otherwise):
        return _ALLOWED_WITHOUT_MFA
    return _ALLOWED if any(allowed for _, allowed in otherwise) else _REFUSED


_ASSUME = "sts:AssumeRole"
_WITHOUT_MFA = Message("without MFA")
_ELSEWHERE = Message("for roles of other accounts")
_BOTH = Message("without MFA, and for roles of other accounts")
_ROLES = Message(
    "sts:AssumeRole may be allowed {how}. What is done as a role is no part of any answer: its "
    "trust policy says who gets a session, and its own policies what that may do."
)


def roles_within_reach(
    policies: Policies, user: CallingUser, now: datetime, assumptions: Assumptions | None = None
) -> Message | None:
    """Say that roles can be assumed without MFA, or in other accounts; None if they cannot.

    Not every condition of an Allow is looked at for roles of other accounts: it is a warning.

    Raises:
        FaultyPolicy: if a document cannot be read for certain.
    """
    settings = assumptions or Assumptions()
    allows = [*_allows(policies, TrackedAssumptions(settings))]
    if not allows:
        return None
    within = Restriction(actions=((Element((_ASSUME,)), True),))
    held = (CallerCredential.KEY, CallerCredential.SESSION)
    question = Question(user, now, held, allowed=policies, within=within, assumptions=settings)
    without = not isinstance(prove_none(question), Proved)
    match (without, any(_leads_out(each, user.account) for each in allows)):
        case (True, True):
            how = _BOTH
        case (True, False):
            how = _WITHOUT_MFA
        case (False, True):
            how = _ELSEWHERE
        case _:
            return None
    return _ROLES.filled(how=how)


def _allows(policies: Policies, tracked: TrackedAssumptions) -> Iterator[Statement]:
    for policy in policies.identity:
        for each in policy.document.statements:
            if each.effect is Effect.ALLOW and actions.matches(each.action, _ASSUME, tracked):
                yield each


def _leads_out(statement: Statement, account: str) -> bool:
    """Tell whether a statement's resources can be in another account."""
    resource = statement.resource
    if resource is None or resource.negated:
        return True
    entries = (arns.split(entry) for entry in resource.values)
    return any(parts[4:5] != (account,) for parts in entries if _of_iam(parts))


def _of_iam(parts: tuple[str, ...]) -> bool:
    """Tell whether an entry can take in the ARN of a role; one that is cut short can."""
    return all(glob.like(part.lower(), "iam") for part in parts[2:3])
