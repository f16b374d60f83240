"""Which requests refute a claim of the battery's form, by the engine."""

import random
from collections.abc import Iterator
from itertools import islice

from prover import battery
from prover.battery import Case
from sekisho.engine import Assumptions, DecisionEffect, Policies, Request, decide
from sekisho.engine.compiled import Compiler

__all__ = ["is_about", "policy_sets", "refutes", "refuting"]


def policy_sets(case: Case) -> list[Policies]:
    """Return the policies of a case, and those before a change if it has any."""
    return [battery.policies(case, layers) for layers in ("policies", "old") if layers in case]


def is_about(case: Case, request: Request) -> bool:
    """Tell whether the claim is about a request: without MFA and not exempt, or any at all."""
    if case["claim"] == "no-new-access":
        return True
    return request.context.get("aws:MultiFactorAuthPresent") != "true" and not battery.is_exempt(
        case, request.action
    )


def refutes(case: Case, request: Request) -> bool:
    """Tell whether a request refutes the claim."""
    if not is_about(case, request):
        return False
    new, *old = [decide(request, each).effect for each in policy_sets(case)]
    return new is DecisionEffect.ALLOWED and DecisionEffect.ALLOWED not in old


def refuting(case: Case, count: int) -> Iterator[Request]:
    """Yield those of some random attacks that refute the claim.

    The compiled engine is many times as quick, and is the engine by a law of its own.
    """
    compiler = Compiler(Assumptions())
    new, *old = [compiler.compiled(each) for each in policy_sets(case)]
    random_ = random.Random(case["id"])  # noqa: S311 - samples, no secrets
    for request in islice(battery.attacks(case, random_), count):
        if not is_about(case, request) or new(request).effect is not DecisionEffect.ALLOWED:
            continue
        if all(each(request).effect is not DecisionEffect.ALLOWED for each in old):
            yield request
