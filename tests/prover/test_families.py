"""Every answer about large policies is known, and right: by family, layer and question."""

import pytest
from bench.prover.families import ENFORCING, FAMILIES, LAYERS

from profiles import DEEP
from prover.questions import ALICE, NOW, limit_steps
from sekisho.engine import DecisionEffect, Policies, decide
from sekisho.prover import (
    Counterexample,
    PolicyDifference,
    Proved,
    Refuted,
    Side,
    callers_of_difference,
    difference_for_any,
    exempt_list,
    new_access,
    prove_enforcement,
)

COUNT = 200 if DEEP else 100
"""Statements of each policy."""
ENOUGH = 4_000_000
"""Steps of each question: a fifth of the limit."""

DENYING = {name for name in FAMILIES if name.startswith("a Deny")}
"""Where a statement less allows more."""


@pytest.fixture(autouse=True)
def few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    limit_steps(monkeypatch, ENOUGH)


def different(old: Policies, new: Policies) -> PolicyDifference:
    return difference_for_any(old, new, callers_of_difference(old, new), NOW)


def shown(side: object) -> Counterexample | None:
    """Return the request of a side, whose list must be known."""
    assert isinstance(side, Side), side
    assert side.unlisted is None, side.unlisted
    assert bool(side.items) is (side.counterexample is not None)
    return side.counterexample


def allowed(policies: Policies, found: Counterexample) -> bool:
    return decide(found.request, policies).effect is DecisionEffect.ALLOWED


CASES = [
    (family, layer)
    for number, family in enumerate(FAMILIES)
    for place, layer in enumerate(LAYERS)
    # what is told of a tag's texts does not depend on the layer
    if (layer == "user" or "infix of a tag" not in family)
    # a layer is a reading of its own: each family is asked in some, each layer about some
    and (DEEP or layer == "user" or (number + place) % 2)
]


@pytest.mark.parametrize(("family", "layer"), CASES)
def test_one_statement_dropped_or_added_is_shown(family: str, layer: str) -> None:
    whole, dropped, _ = map(LAYERS[layer], FAMILIES[family].sizes(COUNT))
    more, less = (dropped, whole) if family in DENYING else (whole, dropped)
    found = different(more, less)
    only = shown(found.only_in_old)
    assert only is not None
    assert allowed(more, only)
    assert not allowed(less, only)
    assert shown(found.only_in_new) is None
    whose = callers_of_difference(more, less)
    assert new_access(more, less, whose, NOW) == Proved()
    back = new_access(less, more, whose, NOW)
    assert isinstance(back, Refuted)
    assert allowed(more, back.counterexample)
    assert not allowed(less, back.counterexample)


@pytest.mark.parametrize(("family", "layer"), CASES)
def test_one_statement_changed_is_shown_both_ways(family: str, layer: str) -> None:
    whole, _, changed = map(LAYERS[layer], FAMILIES[family].sizes(COUNT))
    found = different(whole, changed)
    for side, mine, others in (
        (found.only_in_old, whole, changed),
        (found.only_in_new, changed, whole),
    ):
        only = shown(side)
        assert only is not None
        assert allowed(mine, only)
        assert not allowed(others, only)


@pytest.mark.parametrize(("family", "layer"), CASES)
def test_enforcement_is_known(family: str, layer: str) -> None:
    whole, _, _ = FAMILIES[family].sizes(COUNT)
    policies = LAYERS[layer](whole)
    verdict = prove_enforcement(policies, ALICE, NOW).direct
    assert isinstance(verdict, Refuted)
    assert allowed(policies, verdict.counterexample)
    assert prove_enforcement(LAYERS[layer]([*whole, ENFORCING]), ALICE, NOW).direct == Proved()


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_what_works_without_mfa_is_listed(family: str) -> None:
    policies = LAYERS["user"](FAMILIES[family].sizes(COUNT)[0])
    listed = exempt_list(policies, ALICE, NOW)
    assert isinstance(listed, tuple)
    assert all(allowed(policies, item.counterexample) for item in listed)
