"""`arn_span`: the engine against a reference of a few lines, under both settings."""

from functools import lru_cache

from hypothesis import given
from hypothesis import strategies as st

from engine.asking import ALICE
from engine.reference import like
from sekisho.engine import (
    ArnSpan,
    Assumptions,
    AttachedPolicy,
    DecisionEffect,
    Policies,
    Request,
    decide,
)
from sekisho.engine.compiled import Compiler
from sekisho.policy import Document, Effect, Element, Statement

PARTS = 6


def part_by_part(entry: str, arn: str) -> bool:
    """The first five parts ignore case; a short entry is completed with `*`."""
    *head, last = [*entry.split(":", PARTS - 1), *"*****"][:PARTS]
    *asked, resource = arn.split(":", PARTS - 1)
    return like(last, resource) and all(map(like, map(str.lower, head), map(str.lower, asked)))


def as_one(entry: str, arn: str) -> bool:
    """The first five parts of the ARN ignore case, wherever in the entry they are matched."""
    loose = len(arn) - len(arn.split(":", PARTS - 1)[-1])

    @lru_cache
    def matched(left: int, place: int) -> bool:
        if left == len(entry):
            return place == len(arn)
        if entry[left] == "*":
            return matched(left + 1, place) or (place < len(arn) and matched(left, place + 1))
        if place == len(arn):
            return False
        wanted, char = entry[left], arn[place]
        alike = wanted.lower() == char.lower() if place < loose else wanted == char
        return (alike or wanted == "?") and matched(left + 1, place + 1)

    return matched(0, 0)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[str, str]:
    """Draw an ARN and an entry that is like it, but for wildcards in the place of some texts."""
    rest = draw(st.lists(st.text("aA", max_size=1), min_size=5, max_size=8))
    arn, entry, place = ":".join(["arn", *rest]), "arn", len("arn")
    while place < len(arn):
        char = arn[place]
        odd = [(char.swapcase(), 1), ("?", 1), ("a", 0), ("*", 0), ("*", 2), ("*", 4)]
        said, size = draw(st.sampled_from([(char, 1)] * 16 + odd))
        entry, place = entry + said, place + size
    return entry[: draw(st.sampled_from([99, 99, 6]))], arn


@given(pairs(), st.booleans())
def test_under_the_assumption_an_entry_is_one_string_too(
    pair: tuple[str, str], negated: bool
) -> None:
    entry, arn = pair
    statement = Statement(0, Effect.ALLOW, Element(("*",)), Element((entry,), negated))
    policies = Policies((AttachedPolicy("p", Document((statement,))),))
    request = Request(ALICE, "s3:GetObject", arn)
    apart = part_by_part(entry, arn)
    expected = {ArnSpan.PER_SEGMENT: apart, ArnSpan.WHOLE_STRING: apart or as_one(entry, arn)}
    mattered = ("arn_span",) if len(set(expected.values())) > 1 else ()
    for setting, taken in expected.items():
        assumptions = Assumptions(arn_span=setting)
        decision = decide(request, policies, assumptions)
        assert (decision.effect is DecisionEffect.ALLOWED) is (taken is not negated)
        assert decision.assumed == mattered
        assert Compiler(assumptions).compiled(policies)(request) == decision
