"""Questions in, answers out: as lines of JSON, and a decision in sentences for people."""

from typing import TYPE_CHECKING

from sekisho.engine.exchange.questions import (
    ASSUMPTIONS,
    DecisionQuestion,
    assumptions_from_text,
    settings_from_text,
)
from sekisho.lazy import lazily

if TYPE_CHECKING:
    from sekisho.engine.exchange.decisions import (
        EFFECTS,
        answered_to_json,
        assumption,
        cause_to_json,
        decision_to_json,
        explanation_to_json,
        not_given,
        not_in_catalogue,
        place,
        reasons,
        sentence,
    )
    from sekisho.engine.exchange.lines import answers, together
else:
    __getattr__ = lazily(
        __name__,
        {
            "lines": ("answers", "together"),
            "decisions": (
                "EFFECTS",
                "answered_to_json",
                "assumption",
                "cause_to_json",
                "decision_to_json",
                "explanation_to_json",
                "not_given",
                "not_in_catalogue",
                "place",
                "reasons",
                "sentence",
            ),
        },
    )

__all__ = [
    "ASSUMPTIONS",
    "EFFECTS",
    "DecisionQuestion",
    "answered_to_json",
    "answers",
    "assumption",
    "assumptions_from_text",
    "cause_to_json",
    "decision_to_json",
    "explanation_to_json",
    "not_given",
    "not_in_catalogue",
    "place",
    "reasons",
    "sentence",
    "settings_from_text",
    "together",
]
