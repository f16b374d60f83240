"""What a page of AWS's documentation settles is not unknown: a corpus, each case with its page."""

from typing import Any

import pytest

from cases import cases
from prover.questions import ALICE, NOW, identity
from prover.test_possible import possible
from sekisho.prover import Refuted, Unknown, prove_enforcement

CASES = cases("prover/settled", ["statements", "expected"])
_UNKNOWN = {"date/epoch-number-before", "null/key-of-another-service", "name/nothing-in-a-list"}
"""Not decided yet: at most three; to take a case out, decide it."""


@pytest.mark.parametrize("case", CASES)
def test_what_a_page_settles_is_decided(case: dict[str, Any]) -> None:
    verdict = prove_enforcement(identity(*case["statements"]), ALICE, NOW, ()).direct
    if case["id"] in _UNKNOWN:
        assert isinstance(verdict, Unknown)
        return
    assert type(verdict).__name__ == case["expected"], verdict
    if isinstance(verdict, Refuted):
        possible(verdict.counterexample)
        return
    # the independent checker accepts it: nothing is proved by the search alone
    assert verdict.certificate is not None


def test_few_are_unknown() -> None:
    assert len(CASES) >= 60
    assert len(_UNKNOWN) <= 3
