"""`sekisho decide`: one request, or a file of them, and why."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import reduce
from pathlib import Path
from typing import Any, BinaryIO

import click

from sekisho.cli.exits import Exit
from sekisho.cli.options import OutputFormat, format_option, lang_option
from sekisho.engine import (
    AttachedPolicy,
    Cause,
    Context,
    ContextValue,
    DecisionEffect,
    Explanation,
    Level,
    Policies,
    Request,
    Switches,
    decide,
    explain,
)
from sekisho.engine.algebra import unasked
from sekisho.engine.exchange import answers, decision_to_json
from sekisho.engine.question import switches_from_text
from sekisho.engine.reasons import explanation_to_json, reasons
from sekisho.engine.wording import EFFECTS, KINDS, assumption, not_given, place, sentence
from sekisho.errors import Code, Fault, FaultyInput, UsageError
from sekisho.language import Language, Text
from sekisho.policy import PolicyKind, parse

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
        "Repeat a key to give it several values.",
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
        "--switch",
        "switches",
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
_NEEDED = ("principal", "action", "resource")


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
        if any(given.values()):
            raise UsageError("`--batch` takes everything from its lines; give no request beside it")
        return _batch(batch)
    missing = [f"`--{name}`" for name in _NEEDED if given[name] is None]
    if missing:
        raise UsageError(f"missing {', '.join(missing)}", cure="give one request, or `--batch`")
    request = Request(
        given["principal"],
        given["action"],
        given["resource"],
        _context(given["contexts"]),
        given["resource_account"],
        management_account=given["management_account"],
        service_linked_role=given["service_linked_role"],
        federated_by=given["federated_by"],
    )
    policies, switches = _policies(given), _switches(given["switches"])
    if given["explain"]:
        explanation = explain(request, policies, switches)
    else:
        explanation = Explanation(decide(request, policies, switches))
    denied = explanation.decision.effect is DecisionEffect.EXPLICITLY_DENIED
    absent = None if denied else unasked(request, policies)
    match output:
        case OutputFormat.JSON:
            click.echo(_as_json(explanation, absent, explained=given["explain"]))
        case OutputFormat.TABLE:
            lines = _lines(request, explanation, absent)
            click.echo("\n".join(line.into(lang) for line in lines))
    return Exit.CLEAN


def _batch(path: str) -> Exit:
    """Answer every line, each as soon as it is read: another program may be waiting for it."""
    failed = False
    with _opened(path) as stream:
        for answer in answers(stream):
            click.echo(str(answer))
            failed = failed or not answer.decided
    return Exit.ERROR if failed else Exit.CLEAN


def _opened(path: str) -> AbstractContextManager[BinaryIO]:
    if path == "-":
        return nullcontext(sys.stdin.buffer)
    try:
        return Path(path).open("rb")
    except OSError as error:
        raise _unreadable(path, error) from None


def _unreadable(path: str, error: OSError) -> FaultyInput:
    message = (error.strerror or "cannot be read").lower()
    return FaultyInput(path, [Fault(Code.FILE_UNREADABLE, message)])


def _pairs(option: str, texts: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for text in texts:
        key, equals, value = text.partition("=")
        if not key or not equals:
            raise UsageError(f"`{option} {text}` is not of the form `NAME=VALUE`")
        yield key, value


def _context(texts: tuple[str, ...]) -> Context:
    values: dict[str, list[str]] = {}
    spelled: dict[str, str] = {}
    for key, value in _pairs("--context", texts):
        values.setdefault(spelled.setdefault(key.lower(), key), []).append(value)
    given: dict[str, ContextValue] = {
        key: each[0] if len(each) == 1 else tuple(each) for key, each in values.items()
    }
    return Context(given)


def _switches(texts: tuple[str, ...]) -> Switches:
    return switches_from_text(dict(_pairs("--switch", texts)))


def _policies(given: dict[str, Any]) -> Policies:
    def read(paths: tuple[str, ...], kind: PolicyKind) -> tuple[AttachedPolicy, ...]:
        return tuple(_policy(path, kind) for path in paths)

    endpoint = given["vpc_endpoint"]
    return Policies(
        identity=read(given["identity"], PolicyKind.IDENTITY),
        boundaries=read(given["boundary"], PolicyKind.BOUNDARY) or None,
        session=read(given["session"], PolicyKind.SESSION) or None,
        trust=_optional(given["trust"], PolicyKind.TRUST),
        resource=_optional(given["resource_policy"], PolicyKind.RESOURCE),
        scps=_levels("--scp", given["scps"], PolicyKind.SCP),
        rcps=_levels("--rcp", given["rcps"], PolicyKind.RCP),
        vpc_endpoint=(_policy(endpoint, PolicyKind.VPC_ENDPOINT),) if endpoint else None,
    )


def _optional(path: str | None, kind: PolicyKind) -> AttachedPolicy | None:
    return _policy(path, kind) if path else None


def _levels(option: str, texts: tuple[str, ...], kind: PolicyKind) -> tuple[Level, ...]:
    """Return the levels in the order in which they are first named."""
    levels: dict[str, list[AttachedPolicy]] = {}
    for name, path in _pairs(option, texts):
        levels.setdefault(name, []).append(_policy(path, kind))
    return tuple(Level(name, tuple(attached)) for name, attached in levels.items())


def _policy(path: str, kind: PolicyKind) -> AttachedPolicy:
    try:
        content = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
        text = content.decode("utf-8")
    except OSError as error:
        raise _unreadable(path, error) from None
    except UnicodeDecodeError:
        fault = Fault(Code.POLICY_NOT_JSON, "the text is not UTF-8", cure="save it as UTF-8")
        raise FaultyInput(path, [fault]) from None
    return AttachedPolicy(path, parse(text, source=path, kind=kind))


def _as_json(explanation: Explanation, absent: PolicyKind | None, *, explained: bool) -> str:
    value = decision_to_json(explanation.decision)
    if absent is not None:
        value["notGiven"] = absent.value
    if explained:
        value["explanation"] = explanation_to_json(explanation)
    return json.dumps(value, indent=2, ensure_ascii=False)


def _lines(request: Request, explanation: Explanation, absent: PolicyKind | None) -> Iterator[Text]:
    decision, why = explanation.decision, reasons(explanation)
    yield EFFECTS[decision.effect]
    yield sentence(request, decision)
    if not why:
        yield from map(_cause, decision.because)
    yield from map(assumption, decision.assumed)
    if absent is not None:
        yield not_given(absent)
    yield from why


def _cause(cause: Cause) -> Text:
    kind = KINDS[cause.kind]
    return Text(f"  {kind.en}  {place(cause)}", f"  {kind.ja}  {place(cause)}")
