"""Faults planted in the checker of certificates: the tests of it find every one.

A certificate of a false claim, or of other policies, is accepted by the broken checker and refused
by the right one.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from prover.battery import CASES
from prover.certified import claim
from prover.checker_faults import FAULTS, Fault, planted
from prover.plain_trees import plain_certificate
from sekisho import check_proof
from sekisho.check_proof import Claim, Invalid, Valid

_BY_ID = {case["id"]: case for case in CASES}


_ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}
_ENFORCED = {
    "Effect": "Deny",
    "NotAction": ["iam:GetUser", "iam:GetRole"],
    "Resource": "*",
    "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
}
_EXEMPT = ["iam:GetUser", "iam:GetRole"]


def _claim(*statements: Any, exempt: Sequence[str] = ()) -> Claim:
    policies = {"identity": [[*statements]]}
    asked = {"id": "forged", "claim": "nothing-allowed", "exempt": [*exempt], "policies": policies}
    return claim(asked)


def _certified(asked: Claim) -> dict[str, Any]:
    found = plain_certificate(asked)
    assert found is not None
    return found


def _allow_for_deny() -> tuple[Claim, Any]:
    """An Allow is said not to apply where it does."""
    false = _claim(_ALL)
    bound = {one.name: one.hashes for one in false.layers}
    leaves = [["leaf", part.attribute] for part in false.layers[0].statements[0].parts]
    steps = [["allowed", "identity"], ["not", "identity.0.0"], *leaves]
    return false, {"schema": check_proof.SCHEMA, "policies": bound, "trees": {"any": steps}}


def _of_other_policies() -> tuple[Claim, Any]:
    """A certificate of policies that would do for others, too."""
    true = _certified(_claim(_ALL, _ENFORCED, exempt=_EXEMPT))
    return _claim(_ALL, {**_ENFORCED, "NotAction": "iam:GetUser"}, exempt=_EXEMPT), true


def _with_exempt_actions() -> tuple[Claim, Any]:
    """The certificate says itself what is exempt."""
    true = _certified(_claim(_ALL, _ENFORCED, exempt=_EXEMPT))
    return _claim(_ALL, _ENFORCED, exempt=_EXEMPT[:1]), {**true, "exempt": _EXEMPT}


def _cut_short() -> tuple[Claim, Any]:
    """The last branch is left open."""
    false = _claim(_ALL, _ENFORCED, exempt=_EXEMPT[:1])
    true = _certified(_claim(_ALL, _ENFORCED, exempt=_EXEMPT))
    # the policies are the same, and the first steps are right
    cut = {reading: [*steps] for reading, steps in true["trees"].items()}
    for steps in cut.values():
        del steps[[step[:2] for step in steps].index(["leaf", "action"]) :]
    return false, {**true, "trees": cut}


def _of_one_reading() -> tuple[Claim, Any]:
    """Where a wildcard takes in colons, the Allow reaches further than the Deny."""
    allow = {"Effect": "Allow", "Action": "sqs:*", "Resource": "arn:aws:sqs:*:q"}
    deny = {"Effect": "Deny", "Action": "*", "Resource": "arn:aws:sqs:*:q:*"}
    false = _claim(allow, deny)
    with planted(next(each for each in FAULTS if each.found_by == _ONE_READING)):
        found = _certified(false)
    return false, found


_ONE_READING = "forged: one reading"


def _a_tree_of_two() -> tuple[Claim, Any]:
    """The reading that is open has no tree."""
    false, found = _of_one_reading()
    return false, {**found, "trees": {"per-segment": found["trees"]["per-segment"]}}


def _of_no_sessions() -> tuple[Claim, Any]:
    """A session of the exempt GetFederationToken passes, and the tree is of the user alone."""
    federated = {"StringEquals": {"aws:PrincipalType": "FederatedUser"}}
    statement, exempt = {**_ALL, "Condition": federated}, ["sts:GetFederationToken"]
    with planted(next(each for each in FAULTS if each.where == "makes_sessions")):
        found = _certified(_claim(statement, exempt=exempt))
    return _claim(statement, exempt=exempt), found


FORGED: Mapping[str, Callable[[], tuple[Claim, Any]]] = {
    "allow for deny": _allow_for_deny,
    "other policies": _of_other_policies,
    "exempt": _with_exempt_actions,
    "cut short": _cut_short,
    "one reading": _of_one_reading,
    "a tree of two": _a_tree_of_two,
    "sessions": _of_no_sessions,
}


@pytest.mark.parametrize("fault", [pytest.param(each, id=each.name) for each in FAULTS])
def test_a_fault_is_found(fault: Fault) -> None:
    if fault.found_by.startswith("forged: "):
        false, document = FORGED[fault.found_by.removeprefix("forged: ")]()
        with planted(fault) as met:
            accepted = check_proof.check(false, document)
    else:
        false = claim(_BY_ID[fault.found_by])
        with planted(fault) as met:
            document = plain_certificate(false)
            assert document is not None, "the fault does no harm here"
            accepted = check_proof.check(false, document)
    assert met(), "the fault was never met"
    assert isinstance(accepted, Valid)
    # what a claim has worked out with the fault is forgotten
    refused = check_proof.check(replace(false), check_proof.read_json(json.dumps(document)))
    assert isinstance(refused, Invalid)


def test_there_are_as_many_faults_as_there_were() -> None:
    assert len({each.name for each in FAULTS}) == len(FAULTS) >= 20
