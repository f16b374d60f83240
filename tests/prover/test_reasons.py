"""Every reason for an unknown answer is told in both languages, with the same places to fill.

Reads `solver.reasons` itself: few policies lead to some of them.
"""

from string import Formatter

import pytest

from sekisho.messages import Message
from sekisho.prover.solver import reasons

REASONS = {name: each for name, each in vars(reasons).items() if isinstance(each, Message)}


def _places(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("reason", REASONS.values(), ids=list(REASONS))
def test_a_reason_is_told_in_both_languages(reason: Message) -> None:
    assert reason.en.isascii()
    assert any(ord(char) > 0x3000 for char in reason.ja) or reason is reasons.OF_A_KEY
    assert _places(reason.en) == _places(reason.ja)
