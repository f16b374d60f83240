"""Which context keys the policies of a question name.

So that a counterexample can be told with them.
"""

from collections.abc import Iterator

from sekisho.engine import Request, actions, variables
from sekisho.engine.doubts import Doubts
from sekisho.policy.document import Condition, Statement, Version
from sekisho.prover import together
from sekisho.prover.attached import every
from sekisho.prover.credentials import USER_ID
from sekisho.prover.formula import Question

__all__ = ["keys_of", "keys_of_text", "named_in"]

_SETTLED = frozenset(
    {
        "aws:multifactorauthpresent",
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalisawsservice",
        "aws:principaltype",
        "aws:resourceaccount",
        "aws:username",
        "aws:viaawsservice",
    }
)
"""What follows from whose request it is and with what credential."""


def named_in(question: Question, request: Request) -> tuple[str, ...]:
    """Return the keys of a request that policies name where they are about its action.

    Left out are those that who calls and with what settle, and the address, which is told anyway.
    """
    settled = {*_SETTLED, together.ADDRESS}
    if question.user.unique_id:
        settled.add(USER_ID)
    named = {key.lower(): key for key in _named(question, request)}
    present = request.context.folded
    return tuple(named[key] for key in present if key in named and key not in settled)


def _named(question: Question, request: Request) -> Iterator[str]:
    doubts = Doubts(question.assumptions)
    for policies in (question.allowed, question.denied):
        for policy in every(policies) if policies is not None else ():
            for statement in policy.document.statements:
                keys = [*_of_statement(statement, policy.document.version)]
                if keys and actions.matches(statement.action, request.action, doubts):
                    yield from keys
    for asked, _ in question.within.conditions:
        yield from keys_of(asked.condition, asked.version)


def _of_statement(statement: Statement, version: Version | None) -> Iterator[str]:
    for entry in statement.resource.values if statement.resource else ():
        yield from keys_of_text(entry, version)
    for condition in statement.conditions:
        yield from keys_of(condition, version)


def keys_of(condition: Condition, version: Version | None) -> Iterator[str]:
    """Yield the keys, as they are spelled, that a condition asks about or compares with."""
    for text in condition.values:
        yield from keys_of_text(text, version)
    yield condition.key


def keys_of_text(text: str, version: Version | None) -> Iterator[str]:
    """Yield the keys, as they are spelled, of the policy variables in a text."""
    if version is Version.V2012 and variables.OPEN in text:
        parts = variables.read(text)
        yield from (part.key for part in parts if isinstance(part, variables.Variable))
