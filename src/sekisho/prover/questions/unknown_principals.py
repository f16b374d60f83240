"""Questions about one of many callers: all users of an account, all roles, all services.

They are asked about a caller with no settled key that distinguishes one from another, which
includes more than the real callers; so a proof is about them all. A result names a likely caller.
"""

from collections.abc import Iterator
from dataclasses import replace

from sekisho.engine.matching import arns
from sekisho.errors import FaultyRequest
from sekisho.policy import OperatorName
from sekisho.prover.reading.conditions import condition_on
from sekisho.prover.reading.credentials import USER_ID, CallingUser
from sekisho.prover.reading.principals import Requester
from sekisho.prover.search.formula import Question
from sekisho.prover.search.verdict import Counterexample

_OF_CALLERS = frozenset({"aws:principalarn", "aws:userid", "aws:username"})
_OF_SERVICES = frozenset({"aws:principalservicename", "aws:principalservicenameslist"})
_OF_ANYBODY = _OF_CALLERS | {"aws:principalaccount"}


def question_about_all_like(requester: Requester, question: Question) -> Question:
    """Return the question about all callers similar to one: with any name, path and id."""
    if requester.user.outside_principal:
        return replace(question, user=replace(requester.user, open_keys=_OF_SERVICES))
    user, kind = requester.user, "role/" if requester.user.is_role else "user/"
    start = f"arn:{user.partition}:iam::"
    arn_pattern = f"{start}{'*' if requester.excluded_accounts else user.account}:{kind}"
    ids = f"{'AROA?*:??*' if user.is_role else 'AIDA?*'}"
    formed = (
        (condition_on(OperatorName.ARN_LIKE, "aws:PrincipalArn", f"{arn_pattern}?*"), True),
        (condition_on(OperatorName.ARN_LIKE, "aws:PrincipalArn", f"{arn_pattern}*/"), False),
        (condition_on(OperatorName.STRING_LIKE, USER_ID, ids), True),
        *(
            (condition_on(OperatorName.ARN_LIKE, "aws:PrincipalArn", f"{start}{each}:*"), False)
            for each in requester.excluded_accounts
        ),
    )
    if requester.excluded_arns:
        others = condition_on(OperatorName.ARN_EQUALS, "aws:PrincipalArn", *requester.excluded_arns)
        formed = (*formed, (others, False))
    conditions = (*question.restriction.conditions, *formed)
    unsettled = _OF_ANYBODY if requester.excluded_accounts else _OF_CALLERS
    return replace(
        question,
        user=replace(user, open_keys=unsettled - _LACKED if user.is_role else unsettled),
        restriction=replace(question.restriction, conditions=conditions),
    )


_LACKED = {"aws:username"}
"""The keys that a role's session lacks."""


def real_callers(counterexample: Counterexample, user: CallingUser) -> Iterator[CallingUser]:
    """Yield real callers of the same kind with the name in a request."""
    context = counterexample.request.context.folded
    if user.outside_principal:
        service = context.get("aws:principalservicename")
        yield from [replace(user, outside_principal=service)] if isinstance(service, str) else []
        return
    arn, name, unique_id = map(context.get, ("aws:principalarn", "aws:username", "aws:userid"))
    start = user.arn[: -len(user.name)]
    names = [arn] if isinstance(arn, str) else []
    # an open account may be no number
    account = context.get("aws:principalaccount")
    if isinstance(account, str) and arns.is_account(account):
        start = start.replace(user.account, account, 1)
    names += [":".join((*start.split(":")[:5], each.split(":", 5)[-1])) for each in names]
    names += [f"{start}{name}"] if isinstance(name, str) and "/" not in name else []
    known = {"aws:userid": unique_id} if isinstance(unique_id, str) else {}
    for each in (*names, user.arn):
        try:
            of = CallingUser.of_role if user.is_role else CallingUser.of
            yield of(each, known)
        except FaultyRequest:
            continue
