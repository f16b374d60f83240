"""`arn_span`: what the prover takes an entry for is what the engine matches.

Reads `reading.resources` and `statements` themselves: the patterns of one entry are compared with
the engine's answer about it.
"""

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from engine.test_resources import pairs
from prover.questions import ALICE, NOW, identity
from sekisho.engine import ArnSpan, Assumptions, Request
from sekisho.engine.matching import Caller, CallerKind, Scope, TrackedAssumptions
from sekisho.engine.matching.resources import matches
from sekisho.policy import Effect, Element, Version
from sekisho.prover import CallerCredential, Unknown, conclude, enforcement_question
from sekisho.prover.reading.credentials import situations
from sekisho.prover.reading.resources import RequestTarget
from sekisho.prover.reading.statements import ConditionReading, RequestScope
from sekisho.prover.solver.limits import Budget
from sekisho.prover.solver.texts import Patterns


def patterns_of(entry: str, assumptions: Assumptions) -> Patterns:
    """Return what the prover takes an entry for."""
    situation = situations(ALICE, NOW, (CallerCredential.KEY,))[0]
    reading = ConditionReading(
        RequestScope(ALICE, situation, NOW, TrackedAssumptions(assumptions)), (), Budget()
    )
    target = RequestTarget(reading, Patterns([]), None, lambda _: True)
    target.of_resource(Element((entry,)), Effect.ALLOW, Version.V2012)
    (found,) = reading.resources.values()
    assert isinstance(found, Patterns)
    return found


@given(pairs(), st.sampled_from(ArnSpan))
def test_the_prover_reads_an_entry_as_the_engine_does(pair: tuple[str, str], span: ArnSpan) -> None:
    entry, arn = pair
    # more have too many ways, as below
    assume(sum(map(entry.count, "*?")) <= 3)
    tail = arn.split(":", 5)[-1]
    # where the prover looks, what is compared without regard to case is in lower case
    arn = arn.removesuffix(tail).lower() + tail
    assumptions = Assumptions(arn_span=span)
    caller = Caller(ALICE.arn, CallerKind.USER, "aws", ALICE.account)
    scope = Scope(
        Request(ALICE.arn, "s3:GetObject", arn),
        caller,
        Version.V2012,
        TrackedAssumptions(assumptions),
    )
    taken = matches(Element((entry,)), Effect.ALLOW, scope)
    assert patterns_of(entry, assumptions).matches(arn) is taken


def test_too_many_ways_to_read_an_entry_as_one_string_are_unknown() -> None:
    allow = {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:" + "*A" * 30 + "*:b"}
    question = enforcement_question(identity(allow), ALICE, NOW, ())
    found = conclude([replace(question, assumptions=Assumptions(arn_span=ArnSpan.WHOLE_STRING))])
    assert isinstance(found.verdict, Unknown)
    assert "as one string" in found.verdict.reason.en


@pytest.mark.parametrize("entry", ["arn:aws:s3:::b/*", "arn:aws:iam::111122223333:*", "arn:aws:s3"])
def test_without_wildcards_before_the_last_part_there_is_one_way(entry: str) -> None:
    both = [patterns_of(entry, Assumptions(arn_span=span)).all for span in ArnSpan]
    assert both[0] == both[1]
