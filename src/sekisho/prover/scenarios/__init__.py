"""What holds for every sequence of steps: can everyone get in, can a thief."""

from sekisho.prover.scenarios.answers import Answer, Walk, WalkVerdict, answer, walked
from sekisho.prover.scenarios.definitions import PEOPLE, THIEVES, Kind, Story, setting_of, story
from sekisho.prover.scenarios.fixes import (
    beyond_family,
    enforcement_in,
    in_the_way,
    mending,
    rests_on,
    right_with,
)
from sekisho.prover.scenarios.search import (
    Attempt,
    Reachable,
    Result,
    Step,
    Unexplored,
    Unreachable,
    search,
)
from sekisho.prover.scenarios.setting import Setting
from sekisho.prover.scenarios.steps import step_text

__all__ = [
    "PEOPLE",
    "THIEVES",
    "Answer",
    "Attempt",
    "Kind",
    "Reachable",
    "Result",
    "Setting",
    "Step",
    "Story",
    "Unexplored",
    "Unreachable",
    "Walk",
    "WalkVerdict",
    "answer",
    "beyond_family",
    "enforcement_in",
    "in_the_way",
    "mending",
    "rests_on",
    "right_with",
    "search",
    "setting_of",
    "step_text",
    "story",
    "walked",
]
