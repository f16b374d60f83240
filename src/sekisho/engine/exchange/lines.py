"""The exchange form: one JSON object a line, a question in, an answer out.

    {"id", "request": {"principal", "action", "resource" or "resources", "resourceAccount"?,
                        "context"?, "federatedBy"?, "canonicalUser"?},
     "policies": {"identity", "boundaries", "session", "resource", "vpcEndpoint",
                  "scps" and "rcps": [{"level", "policies"}]},
     "options"?: {an assumption by name, "resourceKind", "managementAccount", "serviceLinkedRole"}}

    {"id", "decision", "because", "blockedBy", "assumed"?, "notGiven"?, "notInCatalogue"?}
    or  {"id", "error": {code, message, at, line}}

What is null or absent is not there. An empty list of boundaries or session policies is there and
allows nothing; an empty list of levels is no organisation. Unknown keys are refused. One
line in is one line out, in order: a line that cannot be read or decided, be it blank or too long,
has an error with its number, and does not stop the others.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import BinaryIO

from sekisho.engine.authorize import decide
from sekisho.engine.compiled import Deciders
from sekisho.engine.exchange.decisions import decision_with_notes_to_json
from sekisho.engine.exchange.questions import (
    DecisionQuestion,
    Documents,
    identity_of,
    read_question,
)
from sekisho.engine.joint import RequestPart
from sekisho.engine.model.assumptions import Assumptions
from sekisho.engine.model.evaluation import (
    Decision,
    DecisionEffect,
    Policies,
    Request,
)
from sekisho.errors import (
    Code,
    Fault,
    FaultyInput,
    FaultyPolicy,
    FaultyRequest,
    InternalError,
    SekishoError,
    quoted,
)
from sekisho.lazy import dataclass
from sekisho.messages import Message

MOST_BYTES = 16 * 1024 * 1024
"""The longest line that is read: some hundred policies of the longest that IAM takes."""


@dataclass(frozen=True, slots=True)
class AnsweredLine:
    """One line of output, and whether the question could be decided."""

    value: Mapping[str, object]
    decided: bool

    def __str__(self) -> str:
        # ASCII only, so that no text of a question can break the stream's encoding
        return json.dumps(self.value)


Respond = Callable[[DecisionQuestion], Mapping[str, object]]
"""(question) → its answer as JSON values, without the `id`."""


def answers(
    stream: BinaryIO, documents: Documents | None = None, respond: Respond | None = None
) -> Iterator[AnsweredLine]:
    """Yield the answer to each line of `stream` as it comes, one for each.

    Without `respond` the policies' decision is the answer.
    """
    known, responding = documents or Documents(), respond or policy_responder(Deciders().decide)
    for number, line in enumerate(_lines(stream), start=1):
        yield answer(line, known, number, responding)


def _lines(stream: BinaryIO) -> Iterator[bytes | None]:
    """Yield the lines of `stream`, and None for each line that is too long to keep."""
    while line := stream.readline(MOST_BYTES + 1):
        if len(line) <= MOST_BYTES:
            yield line
            continue
        while line and not line.endswith(b"\n"):
            line = stream.readline(MOST_BYTES)
        yield None


Decide = Callable[[Request, Policies, Assumptions], Decision]


def policy_responder(decided: Decide = decide) -> Respond:
    """Return a function that answers with the decision that `decided` makes by policies alone."""

    def respond(question: DecisionQuestion) -> Mapping[str, object]:
        each = question.parts or (RequestPart(question.request, question.policies),)
        found = [
            decision_with_notes_to_json(
                one.request,
                one.policies,
                decided(one.request, one.policies, question.assumptions),
            )
            for one in each
        ]
        return joint_answer([one.request for one in each], found) if question.parts else found[0]

    return respond


_GRAVEST = tuple(effect.value for effect in (*reversed(DecisionEffect),))


def joint_answer(
    requests: Sequence[Request],
    found: Sequence[Mapping[str, object]],
    gravest: Sequence[str] = _GRAVEST,
) -> Mapping[str, object]:
    """Return the answers about several resources as one: the gravest, with a part for each.

    Args:
        requests: about each resource.
        found: the answers, in the same order.
        gravest: the effects, the gravest first.
    """
    effect = min((str(one["decision"]) for one in found), key=gravest.index)
    decisive = [one for one in found if one["decision"] == effect]
    because = [
        cause for one in decisive if isinstance(one["because"], list) for cause in one["because"]
    ]
    parts = [
        {"resource": request.resource, "action": request.action, **one}
        for request, one in zip(requests, found, strict=True)
    ]
    return {
        "decision": effect,
        "because": [cause for n, cause in enumerate(because) if cause not in because[:n]],
        "blockedBy": decisive[0]["blockedBy"],
        "resources": parts,
    }


def answer(
    line: bytes | None, documents: Documents, number: int = 1, respond: Respond | None = None
) -> AnsweredLine:
    """Return the answer to one question.

    Args:
        line: the question, in UTF-8; None: it is too long to keep.
        documents: the cache of parsed policies.
        number: of the line, for errors.
        respond: the function that answers; None: the engine's decision.
    """
    identity: str | int | float | None = None
    try:
        value = _decoded(line)
        identity = identity_of(value)
        question = read_question(value, documents)
        found = (respond or policy_responder())(question)
        return AnsweredLine({"id": question.id, **found}, decided=True)
    except SekishoError as error:
        return _failure(identity, error, number)
    except Exception as error:
        # a bug costs one line, and says so in its place
        return _failure(identity, InternalError.of(error), number)


class _VerbatimNumber(float):
    """A JSON number with a fraction or exponent that prints as it was written."""

    __slots__ = ("_text",)
    _text: str

    def __new__(cls, text: str) -> "_VerbatimNumber":
        number = super().__new__(cls, text)
        number._text = text
        return number

    def __repr__(self) -> str:
        return self._text

    __str__ = __repr__


def _decoded(line: bytes | None) -> Mapping[str, object]:
    """Decode one line.

    Raises:
        FaultyRequest: if it is not one JSON object.
    """
    if line is None:
        raise _not_json(
            Message("a line of more than {most} bytes").filled(most=MOST_BYTES),
            fix=Message("ask about fewer policies in one line"),
        )
    if not line.strip():
        raise _not_json(Message("the line is blank"))
    try:
        value = json.loads(
            line.decode("utf-8-sig"),
            object_pairs_hook=_unique,
            parse_float=_VerbatimNumber,
            parse_constant=_no_constant,
        )
    except UnicodeDecodeError:
        raise _not_json(Message("the line is not UTF-8")) from None
    except RecursionError:
        raise _not_json(Message("nested too deep")) from None
    except json.JSONDecodeError as error:
        message = Message("not JSON: {problem} at column {column}")
        raise _not_json(message.filled(problem=error.msg.lower(), column=error.colno)) from None
    except ValueError:
        # Python reads no integer of more than some thousand digits
        raise _not_json(Message("a number of too many digits")) from None
    if not isinstance(value, dict):
        raise _not_json(Message("a line holds one JSON object"))
    return value


def _unique(pairs: Iterable[tuple[str, object]]) -> dict[str, object]:
    value: dict[str, object] = {}
    for key, member in pairs:
        if key in value:
            message = Message("the key {key} is given twice in one object")
            raise _not_json(message.filled(key=quoted(key)))
        value[key] = member
    return value


def _no_constant(name: str) -> None:
    raise _not_json(Message("`{name}` is not JSON").filled(name=name))


def _not_json(message: Message, fix: Message | None = None) -> FaultyRequest:
    return FaultyRequest(
        Message("line", "source"), [Fault(Code.REQUEST_NOT_JSON, message, fix=fix)]
    )


def _failure(identity: str | int | float | None, error: SekishoError, number: int) -> AnsweredLine:
    message, at = str(error), error.at or f"line {number}"
    if isinstance(error, FaultyInput):
        message = "; ".join(map(str, error.faults))
        if isinstance(error, FaultyPolicy):
            # the engine names the policy, and its faults stand within it
            at = f"policies.{error.source}.{error.at}"
    value = {"code": error.code.value, "message": message, "at": at, "line": number}
    return AnsweredLine({"id": identity, "error": value}, decided=False)
