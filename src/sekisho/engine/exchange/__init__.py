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
        assumption_text,
        cause_to_json,
        decision_to_json,
        explanation_to_json,
        location_of,
        missing_policy_text,
        reasons,
        sentence,
        unknown_action_text,
    )
    from sekisho.engine.exchange.lines import answers, joint_answer
else:
    __getattr__ = lazily(
        __name__,
        {
            "lines": "answers joint_answer",
            "decisions": (
                "EFFECTS assumption_text cause_to_json "
                "decision_to_json explanation_to_json missing_policy_text unknown_action_text "
                "location_of reasons sentence"
            ),
        },
    )

__all__ = [
    "ASSUMPTIONS",
    "EFFECTS",
    "DecisionQuestion",
    "answers",
    "assumption_text",
    "assumptions_from_text",
    "cause_to_json",
    "decision_to_json",
    "explanation_to_json",
    "joint_answer",
    "location_of",
    "missing_policy_text",
    "reasons",
    "sentence",
    "settings_from_text",
    "unknown_action_text",
]
