"""What holds for every sequence of steps: can everyone get in, can a thief."""

from sekisho.prover.walk.answers import Answer, Walk, WalkVerdict, answer, walked
from sekisho.prover.walk.family import beyond_family, gate_in, in_the_way, mending, right_with
from sekisho.prover.walk.policies import setting_of
from sekisho.prover.walk.questions import PEOPLE, THIEVES, Kind, Story, story
from sekisho.prover.walk.rests import rests_on
from sekisho.prover.walk.search import (
    Attempt,
    Reachable,
    Result,
    Step,
    Unexplored,
    Unreachable,
    search,
)
from sekisho.prover.walk.setting import Setting
from sekisho.prover.walk.texts import step_text

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
    "gate_in",
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
