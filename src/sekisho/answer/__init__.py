"""Would AWS allow this? The engine's decision, with all that AWS adds and does beside it.

`answered` is for whoever asks what AWS would do with one request, and says what was not given;
whoever wants to know what policies mean asks `engine.decide`.
"""

from sekisho.answer.answer import AnswerSettings, answered
from sekisho.answer.completion import AddedKey, Origin
from sekisho.answer.exchange import answer_to_json, joint_to_json, responder
from sekisho.answer.model import Answer, AnswerEffect, AssumedOwner, MissingKey, UnexpectedKey
from sekisho.answer.presence import Presence, RequestKind, presence_of
from sekisho.answer.resource import Impossible, NoRequest, ResourceNote, is_about
from sekisho.answer.sentences import additions, heading, joint_heading, oddities
from sekisho.answer.together import JointAnswer, answered_together
from sekisho.answer.values import MalformedKey

__all__ = [
    "AddedKey",
    "Answer",
    "AnswerEffect",
    "AnswerSettings",
    "AssumedOwner",
    "Impossible",
    "JointAnswer",
    "MalformedKey",
    "MissingKey",
    "NoRequest",
    "Origin",
    "Presence",
    "RequestKind",
    "ResourceNote",
    "UnexpectedKey",
    "additions",
    "answer_to_json",
    "answered",
    "answered_together",
    "heading",
    "is_about",
    "joint_heading",
    "joint_to_json",
    "oddities",
    "presence_of",
    "responder",
]
