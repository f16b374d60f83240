"""Asks the engine about one condition, or one element, through a whole decision."""

from collections.abc import Mapping
from typing import Any

from sekisho.engine import (
    Assumptions,
    AttachedPolicy,
    Context,
    DecisionEffect,
    Policies,
    Request,
    decide,
)
from sekisho.policy import from_json

ACCOUNT = "111122223333"
ALICE = f"arn:aws:iam::{ACCOUNT}:user/alice"


def policy(statements: Any, version: str | None = "2012-10-17", name: str = "p") -> AttachedPolicy:
    value = {"Statement": statements}
    if version is not None:
        value["Version"] = version
    return AttachedPolicy(name, from_json(value))


def context_of(values: Mapping[str, Any]) -> Context:
    return Context({k: v if isinstance(v, str) else tuple(v) for k, v in values.items()})


def condition_holds(
    operator: str,
    key: str,
    values: list[str],
    context: Mapping[str, Any],
    *,
    version: str | None = "2012-10-17",
    assumptions: Assumptions = Assumptions(),  # noqa: B008 - frozen
) -> bool:
    """Tell whether a statement that has this condition and nothing else to fail on applies."""
    statement = {
        "Effect": "Allow",
        "Action": "*",
        "Resource": "*",
        "Condition": {operator: {key: values}},
    }
    request = Request(ALICE, "iam:ListUsers", "*", context_of(context))
    decision = decide(request, Policies((policy(statement, version),)), assumptions)
    return decision.effect is DecisionEffect.ALLOWED
