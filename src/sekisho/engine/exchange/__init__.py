"""Questions in, answers out: as lines of JSON, and a decision in sentences for people."""

from typing import TYPE_CHECKING

from sekisho.engine.exchange.decisions import (
    answered_to_json,
    cause_to_json,
    decision_to_json,
)
from sekisho.engine.exchange.questions import (
    ASSUMPTIONS,
    DecisionQuestion,
    assumptions_from_text,
    settings_from_text,
)
from sekisho.lazy import lazily

if TYPE_CHECKING:
    from sekisho.engine.exchange.lines import answers, together
    from sekisho.engine.exchange.sentences import (
        EFFECTS,
        assumption,
        explanation_to_json,
        not_given,
        not_in_catalogue,
        place,
        reasons,
        sentence,
    )
else:
    __getattr__ = lazily(
        __name__,
        {
            "lines": ("answers", "together"),
            "sentences": (
                "EFFECTS",
                "assumption",
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
