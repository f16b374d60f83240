"""Sessions of GetFederationToken, which a user's access key makes, as callers of every question."""

import re
from collections.abc import Iterable
from dataclasses import replace

from sekisho.catalogue import load
from sekisho.engine import Policies
from sekisho.policy import Element
from sekisho.prover.reading.credentials import (
    SESSION_NAME,
    USER_ID,
    CallerCredential,
    federated_session,
)
from sekisho.prover.reading.policies import (
    ALLOW_EVERYTHING,
    conditions_in,
    distinguishes_federation,
)
from sekisho.prover.search.actions import includes_action
from sekisho.prover.search.formula import Question, Restriction
from sekisho.prover.search.requests import prove_none
from sekisho.prover.search.verdict import Proved
from sekisho.prover.solver.limits import Budget

_FEDERATION = "sts:GetFederationToken"
_MOST_NAMES = 4


def with_federation(
    question: Question, budget: Budget | None = None, *, listed: bool = False
) -> tuple[Question, ...]:
    """Return a question about a user's calls, and the same about the user's federated sessions.

    A user's access key makes sessions of GetFederationToken, never with MFA (AWS STS API Reference,
    GetFederationToken). They are asked about where the key may make them without an answer to the
    question, and where policies distinguish them from the key. Their session policy is not known:
    it may allow everything that the user may do.

    Args:
        question: about a user's calls.
        budget: the steps that are left for it; None: those of a question of its own.
        listed: whether every answer is asked for, and not only whether there is one.

    Raises:
        FaultyPolicy: if a document cannot be interpreted for certain.
    """
    user, both = question.user, (question.allowed, question.denied)
    policies, within = question.allowed, question.restriction
    keys_asked = {CallerCredential.KEY, CallerCredential.KEY_VIA_SERVICE} & {*question.credentials}
    of_user = not (user.is_role or user.is_federated or user.outside_principal)
    if policies is None or not keys_asked or not of_user:
        return (question,)
    (call,) = load().expand(_FEDERATION)
    # where the call itself would answer, no further question is needed
    answers = (
        not listed
        and question.denied is None
        and CallerCredential.KEY in keys_asked
        and not (within.resources or within.conditions)
        and all(includes_action(call, one) is holds for one, holds in within.actions)
    )
    if answers or not any(distinguishes_federation(one) for one in both if one):
        return (question,)
    asked = Restriction(actions=((Element((_FEDERATION,)), True),))
    made = replace(question, credentials=(CallerCredential.KEY,), denied=None, restriction=asked)
    if isinstance(prove_none(made, budget), Proved):
        return (question,)
    allowed, denied = (one and _with_session_policy(one) for one in both)
    return (
        question,
        *(
            replace(question, user=federated_session(user, one), allowed=allowed, denied=denied)
            for one in _session_names(both)
        ),
    )


def _with_session_policy(policies: Policies) -> Policies:
    return replace(policies, session=policies.session or (ALLOW_EVERYTHING,))


def _session_names(sets: Iterable[Policies | None]) -> list[str]:
    """Return names of sessions that policies suggest, and one that none does."""
    conditions = (each.condition for one in sets if one for each in conditions_in(one))
    named = (each for each in conditions if each.key.lower() in ("aws:principalarn", USER_ID))
    texts = (re.split("[/:]", text)[-1] for each in named for text in each.values)
    filled = (text.replace("*", "xx").replace("?", "x") for text in texts)
    names = dict.fromkeys(
        (SESSION_NAME, *filter(re.compile(r"[\w+=,.@-]{2,32}").fullmatch, filled))
    )
    return [*names][:_MOST_NAMES]
