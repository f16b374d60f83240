"""Whether a role's trust policy lets a user of the role's account in.

A condition that is not about MFA is taken to hold in an Allow, and not to in a Deny: it is about
what nobody has chosen yet, such as an address or an external id.
"""

from dataclasses import replace
from datetime import datetime

from sekisho.account import Role
from sekisho.engine import AttachedPolicy, Context, DecisionEffect, Policies, Request, decide
from sekisho.policy import Effect, Statement, from_json
from sekisho.signin import Credential, SigninAssumptions, context_of

MFA_KEYS = frozenset({"aws:multifactorauthpresent", "aws:multifactorauthage"})
"""AWS's keys about MFA, in lower case."""

EVERYTHING = AttachedPolicy(
    "everything",
    from_json(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
        }
    ),
)
"""A policy that allows everything."""


def lets_in(
    role: Role,
    credential: Credential,
    now: datetime,
    identity: tuple[AttachedPolicy, ...] = (EVERYTHING,),
) -> Statement | None:
    """Return the statement by which a role lets a user of its account in; None if it does not.

    Args:
        role: whose trust policy is asked.
        credential: what the user signs with.
        now: the time of the request.
        identity: the user's own policies; with none, a role lets in whom it names itself.
    """
    relaxed = tuple(each for each in map(_relaxed, role.trust.statements) if each is not None)
    trust = AttachedPolicy("trust policy", replace(role.trust, statements=relaxed))
    context = Context(context_of(credential, now, SigninAssumptions()))
    account = credential.holder.account
    request = Request(credential.arn, "sts:AssumeRole", role.arn, context, account)
    decision = decide(request, Policies(identity=identity, trust=trust))
    if decision.effect is not DecisionEffect.ALLOWED:
        return None
    places = {cause.index for cause in decision.because if cause.policy == trust.name}
    return next((each for each in role.trust.statements if each.index in places), None)


def _relaxed(statement: Statement) -> Statement | None:
    about_mfa = tuple(each for each in statement.conditions if each.key.lower() in MFA_KEYS)
    if statement.effect is Effect.DENY and len(about_mfa) < len(statement.conditions):
        return None
    return replace(statement, conditions=about_mfa)
