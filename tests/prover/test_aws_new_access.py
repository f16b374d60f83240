"""AWS's samples of CheckNoNewAccess: each answered as AWS says, and without a list.

Reads `questions.difference` itself, to see that no list is made.
"""

from typing import Any, NoReturn

import pytest

from cases import cases, document
from prover.questions import NOW
from sekisho.engine import AttachedPolicy, Policies
from sekisho.policy import PolicyKind, from_json
from sekisho.prover import (
    Proved,
    Refuted,
    Verdict,
    callers_of_difference,
    new_access,
    no_new_grants,
)
from sekisho.prover.questions import difference

NAME = "prover/aws-new-access"
REFERENCES = document(NAME)["references"]
KINDS = {
    "identity": PolicyKind.IDENTITY,
    "resource": PolicyKind.RESOURCE,
    "trust": PolicyKind.TRUST,
}
ANSWERS: dict[str, type[Verdict]] = {"PASS": Proved, "FAIL": Refuted}


@pytest.mark.parametrize("case", cases(NAME, ["kind", "old", "new", "expected"], ["contradicts"]))
def test_new_access_is_what_aws_says(case: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def listed(*_: object) -> NoReturn:
        pytest.fail("one answer is enough, and all are listed")

    monkeypatch.setattr(difference, "items_of", listed)
    kind = KINDS[case["kind"]]
    old, new = (
        AttachedPolicy("p", from_json({"Version": "2012-10-17", "Statement": each}, kind=kind))
        for each in (REFERENCES[case["old"]], case["new"])
    )
    if kind is PolicyKind.IDENTITY:
        sets = (Policies(identity=(old,)), Policies(identity=(new,)))
        verdict = new_access(*sets, callers_of_difference(*sets), NOW)
    else:
        verdict = no_new_grants(old, new, kind, NOW)
    as_said = isinstance(verdict, ANSWERS[case["expected"]])
    assert as_said is ("contradicts" not in case), verdict
