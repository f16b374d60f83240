"""Would AWS allow this? The engine's decision, with all that AWS adds and does beside it.

`answered` answers a call as AWS would, and names what the answer depends on that was not given.
`answered_part` answers for one resource of the call alone. `engine.decide` says what the policies
mean, and adds nothing.
"""

from sekisho.answer.answer import AnswerSettings, answered_part
from sekisho.answer.completion import AddedKey, Origin
from sekisho.answer.exchange import answer_to_json, joint_to_json, responder
from sekisho.answer.keys import MalformedKey, Presence, RequestKind, presence_of
from sekisho.answer.model import (
    AlsoNeeded,
    Answer,
    AnswerEffect,
    AssumedOwner,
    MissingKey,
    NotAsked,
    UnexpectedKey,
)
from sekisho.answer.resource import Impossible, NoRequest, ResourceNote, is_about
from sekisho.answer.sentences import additions, heading, joint_heading, oddities
from sekisho.answer.together import JointAnswer, answered, answered_together

__all__ = [
    "AddedKey",
    "AlsoNeeded",
    "Answer",
    "AnswerEffect",
    "AnswerSettings",
    "AssumedOwner",
    "Impossible",
    "JointAnswer",
    "MalformedKey",
    "MissingKey",
    "NoRequest",
    "NotAsked",
    "Origin",
    "Presence",
    "RequestKind",
    "ResourceNote",
    "UnexpectedKey",
    "additions",
    "answer_to_json",
    "answered",
    "answered_part",
    "answered_together",
    "heading",
    "is_about",
    "joint_heading",
    "joint_to_json",
    "oddities",
    "presence_of",
    "responder",
]
