"""`sekisho decide`: one request, or a file of them, and why."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import reduce
from pathlib import Path
from typing import Any, BinaryIO

import click
from click.core import ParameterSource

from sekisho.cli.decide_question import Asked, asked
from sekisho.cli.decide_service import beside_policies, ruling_of, ruling_to_json
from sekisho.cli.exits import Exit
from sekisho.cli.options import OutputFormat, format_option, lang_option
from sekisho.cli.pipes import reader_left
from sekisho.cli.policy_files import unusable
from sekisho.engine import Cause, Explanation, decide, explain
from sekisho.engine.algebra import unasked
from sekisho.engine.exchange import answered_to_json, answers
from sekisho.engine.reasons import explanation_to_json, reasons
from sekisho.engine.wording import (
    EFFECTS,
    KINDS,
    assumption,
    not_given,
    not_in_catalogue,
    place,
    sentence,
)
from sekisho.errors import UsageError
from sekisho.messages import Language, Message

__all__ = ["command"]

_OPTIONS = (
    click.option("--principal", metavar="ARN", help="Who asks: a user, role or session."),
    click.option("--action", metavar="SERVICE:NAME", help="One action, like iam:GetUser."),
    click.option("--resource", metavar="ARN", help="One resource, or `*` if there is none."),
    click.option("--resource-account", metavar="ID", help="Whose it is, if the ARN does not tell."),
    click.option(
        "--context",
        "contexts",
        metavar="KEY=VALUE",
        multiple=True,
        help="A key of the request context; nothing is added to what you give. "
        'Repeat a key to give it several values, or write a list as JSON: `KEY=["a"]`.',
    ),
    click.option(
        "--policy",
        "identity",
        metavar="FILE",
        multiple=True,
        help="An identity-based policy of the principal or its groups.",
    ),
    click.option("--boundary", metavar="FILE", multiple=True, help="A permissions boundary."),
    click.option("--session", metavar="FILE", multiple=True, help="A session policy."),
    click.option("--trust", metavar="FILE", help="The trust policy of the role to be assumed."),
    click.option("--resource-policy", metavar="FILE", help="The policy of any other resource."),
    click.option(
        "--scp",
        "scps",
        metavar="LEVEL=FILE",
        multiple=True,
        help="A service control policy, by the level that it is attached to, from the root down.",
    ),
    click.option(
        "--rcp",
        "rcps",
        metavar="LEVEL=FILE",
        multiple=True,
        help="A resource control policy of the resource's account, likewise.",
    ),
    click.option(
        "--vpc-endpoint",
        metavar="FILE",
        help="The policy of the VPC endpoint that the request comes through.",
    ),
    click.option(
        "--management-account",
        is_flag=True,
        help="The caller's account is the management account of its organisation.",
    ),
    click.option(
        "--service-linked-role", is_flag=True, help="The caller is a service-linked role."
    ),
    click.option(
        "--federated-by", metavar="ARN", help="The user who made the federated user's session."
    ),
    click.option(
        "--explain", is_flag=True, help="Say what a denial is about and what would have to change."
    ),
    click.option(
        "--assume",
        "assumptions",
        metavar="NAME=VALUE",
        multiple=True,
        help="Set a point that AWS does not document: docs/semantics.md.",
    ),
    click.option(
        "--batch",
        metavar="FILE",
        help="Requests as JSON, one a line (`-` for standard input); answers likewise.",
    ),
)


def _options(function: Callable[..., Any]) -> Callable[..., Any]:
    return reduce(lambda wrapped, option: option(wrapped), reversed(_OPTIONS), function)


@click.command(short_help="Decide one request, or a file of them, and say why.")
@_options
@lang_option
@format_option
def command(batch: str | None, lang: Language, output: OutputFormat, **given: Any) -> Exit:
    """Decide whether a request is allowed, and say why.

    Give one request by --principal, --action, --resource and --context, and the policies that
    apply to it; or a file of requests by --batch. Exit code 1 means that something could not be
    read or decided; a denial is an answer and exits 0.
    """
    if batch is not None:
        _refuse_beside_batch(given, output)
        return _batch(batch)
    question = asked(given)
    if given["explain"]:
        explanation = explain(question.request, question.policies, question.assumptions)
    else:
        decision = decide(question.request, question.policies, question.assumptions)
        explanation = Explanation(decision)
    match output:
        case OutputFormat.JSON:
            value = _as_json(question, explanation, explained=given["explain"])
            if ruling := ruling_to_json(ruling_of(question.request)):
                value["service"] = ruling
            click.echo(json.dumps(value, indent=2, ensure_ascii=False))
        case OutputFormat.TABLE:
            lines = [
                *_lines(question, explanation),
                *beside_policies(ruling_of(question.request)),
            ]
            click.echo("\n".join(line.into(lang) for line in lines))
    return Exit.CLEAN


def _refuse_beside_batch(given: Mapping[str, Any], output: OutputFormat) -> None:
    if any(given.values()):
        raise UsageError("`--batch` takes everything from its lines; give no request beside it")
    source = click.get_current_context().get_parameter_source
    told = ["`--lang`"] if source("lang") is ParameterSource.COMMANDLINE else []
    if output is OutputFormat.TABLE and source("output") is ParameterSource.COMMANDLINE:
        told.append("`--format table`")
    if told:
        raise UsageError(
            f"`--batch` takes no {' and no '.join(told)}",
            fix="leave it away: the answers to a batch are JSON in English",
        )


def _batch(path: str) -> Exit:
    """Answer every line, each as soon as it is read: another program may be waiting for it.

    Once nobody reads the answers, no more is read: the questions may have no end.
    """
    failed = False
    with _opened(path) as stream:
        for answer in answers(stream):
            click.echo(str(answer))
            failed = failed or not answer.decided
            if reader_left():
                break
    return Exit.ERROR if failed else Exit.CLEAN


def _opened(path: str) -> AbstractContextManager[BinaryIO]:
    if path == "-":
        return nullcontext(sys.stdin.buffer)
    try:
        return Path(path).open("rb")
    except OSError as error:
        raise unusable(path, error) from None


def _as_json(question: Asked, explanation: Explanation, *, explained: bool) -> dict[str, object]:
    value = answered_to_json(question.request, question.policies, explanation.decision)
    if explained:
        value["explanation"] = explanation_to_json(explanation)
    return value


def _lines(question: Asked, explanation: Explanation) -> Iterator[Message]:
    request, decision, why = question.request, explanation.decision, reasons(explanation)
    yield EFFECTS[decision.effect]
    yield sentence(request, decision)
    if (stranger := not_in_catalogue(request.action)) is not None:
        yield stranger
    if not why:
        yield from map(_cause, decision.because)
    yield from map(assumption, decision.assumed)
    if (absent := unasked(request, question.policies, decision)) is not None:
        yield not_given(absent)
    yield from why


def _cause(cause: Cause) -> Message:
    kind = KINDS[cause.kind]
    return Message("  {kind}  {place}").filled(kind=kind, place=place(cause))
