"""A prover that is broken on purpose is caught: by the engine, or by a verdict that is known."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from prover.questions import ALICE, ALLOW_ALL, GATE, NOW, identity
from sekisho.engine import Policies, conditions
from sekisho.errors import InternalError
from sekisho.policy import Element
from sekisho.prover import Proved, Refuted, Unknown, gate_shut
from sekisho.prover.reading import Reading
from sekisho.prover.targets import Target
from sekisho.prover.values import Asked

NO_MFA = {"aws:MultiFactorAuthPresent": "false"}
ONLY_S3 = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}
PUBLIC = {key: value for key, value in GATE.items() if key != "Resource"}

CASES: dict[str, tuple[Policies, type]] = {
    "a gate": (identity(ALLOW_ALL, GATE), Proved),
    "Bool": (identity(ALLOW_ALL, {**GATE, "Condition": {"Bool": NO_MFA}}), Refuted),
    "an Allow for MFA": (
        identity({**ALLOW_ALL, "Condition": {"BoolIfExists": {**NO_MFA}}}, GATE),
        Proved,
    ),
    "an Allow with a key that must be there": (
        identity({**ONLY_S3, "Condition": {"StringEquals": {"aws:PrincipalTag/a": "b"}}}),
        Refuted,
    ),
    "a key that Deny and Allow both need": (
        identity(
            {**ONLY_S3, "Condition": {"StringEquals": {"s3:prefix": "b"}}},
            {**ONLY_S3, "Effect": "Deny", "Condition": {"Null": {"s3:prefix": "false"}}},
        ),
        Proved,
    ),
    "a NotResource": (
        identity(ONLY_S3, {**PUBLIC, "NotResource": "arn:aws:s3:::b/*"}),
        Refuted,
    ),
    "a variable": (
        identity(
            {**ONLY_S3, "Resource": "arn:aws:s3:::${aws:username}/*"},
            {**ONLY_S3, "Effect": "Deny", "Resource": "arn:aws:s3:::alice/*"},
        ),
        Proved,
    ),
}


def wrong() -> set[str]:
    """Return the cases whose verdict is not the known one."""
    found = set()
    for name, (policies, expected) in CASES.items():
        try:
            verdict: object = gate_shut(policies, ALICE, NOW, ("iam:GetUser",)).direct
        except InternalError as error:
            verdict = error
        if type(verdict) is not expected:
            assert not isinstance(verdict, Unknown)
            found.add(name)
    return found


def test_the_prover_as_it_is_gets_all_of_them_right() -> None:
    assert wrong() == set()


_holds = conditions.holds
_of_resource = Target.of_resource


def _without_if_exists(self: Reading, asked: Asked, values: Any) -> bool:
    operator = replace(asked.condition.operator, if_exists=False)
    return _read(self, Asked(replace(asked.condition, operator=operator), asked.version), values)


def _absent_as_false(self: Reading, asked: Asked, values: Any) -> bool:
    key = asked.condition.key
    scope = self.scope("iam:GetUser", "*", values, asked.version)
    given = {key: "false"} if key not in scope.request.context else {}
    return _read(self, asked, {**values, **given})


def _null_never(self: Reading, asked: Asked, values: Any) -> bool:
    condition = asked.condition
    if condition.operator.name.value == "Null":
        return False
    return _read(self, asked, values)


def _read(self: Reading, asked: Asked, values: Any) -> bool:
    return _holds(asked.condition, self.scope("iam:GetUser", "*", values, asked.version))


def _ignoring_not(self: Target, element: Element, *rest: Any) -> Any:
    return _of_resource(self, replace(element, negated=False), *rest)


def _no_variables(self: Target, entry: str, version: Any, *, unresolved: bool) -> Any:
    return _arn(self, entry, None, unresolved=unresolved)


_arn = Target._arn

BROKEN: dict[str, tuple[type, str, Callable[..., Any]]] = {
    "IfExists is dropped": (Reading, "_holds", _without_if_exists),
    "an absent key is taken for false": (Reading, "_holds", _absent_as_false),
    "Null never holds": (Reading, "_holds", _null_never),
    "NotResource is read as Resource": (Target, "of_resource", _ignoring_not),
    "variables are forgotten": (Target, "_arn", _no_variables),
}


@pytest.mark.parametrize(("where", "name", "broken"), BROKEN.values(), ids=list(BROKEN))
def test_a_broken_prover_is_caught(
    where: type, name: str, broken: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(where, name, broken)
    assert wrong() != set()
