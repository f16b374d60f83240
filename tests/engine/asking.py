"""Asks the engine about one condition, one element or one line of JSON, in a whole decision."""

import json
from collections.abc import Mapping
from io import BytesIO
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
from sekisho.engine.exchange.lines import answers, policy_responder
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


def answer_to(question: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the plain engine answers to a line of JSON."""
    (found,) = answers(BytesIO(json.dumps(question).encode()), respond=policy_responder())
    return dict(found.value)


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
