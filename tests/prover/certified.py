"""The battery's claims as the checker of certificates has them; its candidates as requests."""

from dataclasses import replace
from typing import Any

from prover import battery
from prover.battery import Case
from prover.open_branches import CandidateRequest
from sekisho.check_proof import Claim
from sekisho.engine import Context, Request, request_faults
from sekisho.prover import CallingUser
from sekisho.prover.certificates import claim_of, no_new_access_claim

__all__ = ["caller", "claim", "request_of_candidate"]


def claim(case: Case, calls: str = "all") -> Claim:
    """Return the claim of a case; *enforced* is asked without a policy that allows everything."""
    policies = battery.policies(case)
    user = caller(case["user"]) if "user" in case else None
    if "old" in case:
        return no_new_access_claim(battery.policies(case, "old"), policies, user, calls)
    if case["claim"] == "enforced":
        policies = replace(policies, identity=policies.identity[:-1])
    return claim_of(policies, user, case["claim"], case.get("exempt", battery.EXEMPT), calls)


def caller(arn: str) -> CallingUser:
    return CallingUser.of_role(arn) if ":role/" in arn else CallingUser.of(arn)


_CALLER = ("username", "userid", "PrincipalArn", "PrincipalAccount", "PrincipalType")


def request_of_candidate(candidate: CandidateRequest, case: Case) -> Request | None:
    """Return a candidate as a request of a user; None if it is none that AWS could receive."""
    context: dict[str, Any] = {key.lower(): value for key, value in candidate.context.items()}
    for key in context.keys() & {"aws:tagkeys", "aws:calledvia"}:
        context[key] = (context[key],) if isinstance(context[key], str) else context[key]
    user = context.get("aws:principalarn", case.get("user", battery.ALICE))
    values = {**_usual(user), **context}
    request = Request(
        battery.principal(user), candidate.action, candidate.resource, Context(values)
    )
    return None if request_faults(request) else request


def _usual(user: str) -> dict[str, Any]:
    known = battery.credential("key", user, battery.NOW)
    return {key.lower(): known[key] for key in known if key.partition(":")[2] in _CALLER}
