"""The answer of AWS to a request: the engine's decision, and everything else that AWS does.

`answer_request` answers a call as AWS would, and names the missing keys that the answer depends on.
`answer_part` answers for one resource of the call alone. `engine.decide` says what the policies
mean, and adds nothing.
"""

from sekisho.answer.call import JointAnswer, answer_request, answer_together
from sekisho.answer.evaluation import AnswerSettings, answer_part
from sekisho.answer.keys import Presence, RequestKind, presence_of
from sekisho.answer.model import Answer, AnswerEffect
from sekisho.answer.resource import Impossibility, ImpossibleRequest, ResourceNote, is_about
from sekisho.answer.sentences import (
    additions,
    answer_to_json,
    heading,
    joint_heading,
    joint_to_json,
    oddities,
    responder,
)

__all__ = [
    "Answer",
    "AnswerEffect",
    "AnswerSettings",
    "Impossibility",
    "ImpossibleRequest",
    "JointAnswer",
    "Presence",
    "RequestKind",
    "ResourceNote",
    "additions",
    "answer_part",
    "answer_request",
    "answer_to_json",
    "answer_together",
    "heading",
    "is_about",
    "joint_heading",
    "joint_to_json",
    "oddities",
    "presence_of",
    "responder",
]
