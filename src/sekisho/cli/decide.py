"""`sekisho decide`: one request, or a file of them, and why."""

import json
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import click
from click.core import ParameterSource

from sekisho.answer import (
    Answer,
    AnswerEffect,
    AnswerSettings,
    JointAnswer,
    Presence,
    additions,
    answer_request,
    answer_to_json,
    answer_together,
    heading,
    joint_heading,
    joint_to_json,
    oddities,
    responder,
)
from sekisho.cli.exits import Exit, worst
from sekisho.cli.help import SpokenCommand, language_of
from sekisho.cli.next_action import RequestDecided, next_action
from sekisho.cli.options import (
    ASSUME,
    OutputFormat,
    assumptions_of,
    format_option,
    grouped,
    lang_option,
    pair,
)
from sekisho.cli.pipes import reader_left
from sekisho.cli.policy_files import read_attached, refuse_stdin_twice, unusable
from sekisho.cli.quiet import quiet, quiet_option, show_next, verbose_option
from sekisho.cli.terminal import complain, show_folded
from sekisho.documents import indented_json
from sekisho.engine import (
    ANONYMOUS,
    Assumptions,
    AttachedPolicy,
    Cause,
    Context,
    ContextValue,
    Explanation,
    Level,
    Policies,
    Request,
    RequestPart,
    caller_and_groups,
    check_policies,
    explain,
    is_access_point,
    may_be_principal,
    no_principal,
    parts_of,
    request_faults,
)
from sekisho.engine.exchange import (
    DecisionQuestion,
    answers,
    assumption_text,
    explanation_to_json,
    location_of,
    reasons,
)
from sekisho.errors import Fault, FaultyRequest, SekishoError, SeveralErrors, UsageError
from sekisho.lazy import dataclass
from sekisho.messages import Language, Message, joined_messages, verbatim
from sekisho.policy import KINDS, PolicyKind

_CAUSE = Message("  {kind}  {place}")
_MORE = Message(
    "Run with `-v` for the keys that were added to the request and those without effect."
)
_FORM = {"schema": "sekisho.decide/1"}
"""The name of the JSON form of one answer; answers to a stream have none."""
_UNANSWERED = Message("lines with an error in place of an answer: {failed} of {lines}")
_MFA = "aws:MultiFactorAuthPresent"
_DENIED = (AnswerEffect.IMPLICITLY_DENIED, AnswerEffect.EXPLICITLY_DENIED)


@dataclass(frozen=True, slots=True)
class AnswerPrinting:
    """How an answer is printed.

    Attributes:
        lang: the language of text.
        output: the form.
        verbose: whether text says everything.
    """

    lang: Language
    output: OutputFormat
    verbose: bool


def show_answer(answer: Answer, printing: AnswerPrinting, explaining: Assumptions | None) -> None:
    """Print an answer, and why it is so if that is asked."""
    match printing.output:
        case OutputFormat.JSON:
            why = _why_as_json(answer, explaining)
            click.echo(indented_json({**_FORM, **answer_to_json(answer), **why}), nl=False)
        case OutputFormat.TEXT:
            lines = [*_lines(answer, _why(answer, explaining), printing)]
            if not printing.verbose and any(additions(answer)):
                lines.append(_MORE)
            _show(lines, next_action(_standing(answer, explaining)), printing.lang)


def show_joint(
    joint: JointAnswer, printing: AnswerPrinting, explaining: Assumptions | None
) -> None:
    """Print the answer about several resources, and why each is as it is if that is asked."""
    if printing.output is OutputFormat.JSON:
        value = joint_to_json(joint, lambda part: _why_as_json(part, explaining))
        click.echo(indented_json({**_FORM, **value}), nl=False)
        return
    lines = [*joint_heading(joint)]
    for part in joint.parts:
        lines += [
            *([verbatim("")] if lines else []),
            *_lines(part, _why(part, explaining), printing),
        ]
    if not printing.verbose and any(any(additions(part)) for part in joint.parts):
        lines += [verbatim(""), _MORE]
    _show(
        lines,
        next(filter(None, (next_action(_standing(each, explaining)) for each in joint.parts)), ""),
        printing.lang,
    )


def _show(lines: list[Message], after: str, lang: Language) -> None:
    # the first line is the verdict
    show_folded(line.into(lang) for line in islice(lines, 1 if quiet() else None))
    show_next(after, lang)


def _standing(answer: Answer, explaining: Assumptions | None) -> RequestDecided:
    needs_mfa = any(
        one.could_change and one.presence is Presence.CREDENTIAL and one.key == _MFA
        for one in answer.missing
    )
    denied = answer.effect in _DENIED and answer.denied_requirement is None
    return RequestDecided(needs_mfa, unexplained=explaining is None and denied)


def _explained(answer: Answer, assumptions: Assumptions | None) -> Explanation | None:
    """Return why the policies decide as they do; None where it is not they, or nobody asks."""
    by_others = answer.by_policies is None and answer.effect is not AnswerEffect.UNKNOWN
    if assumptions is None or by_others:
        return None
    return explain(answer.request, answer.policies, assumptions)


def _why(answer: Answer, explaining: Assumptions | None) -> tuple[Message, ...]:
    explanation = _explained(answer, explaining)
    return reasons(explanation) if explanation else ()


def _why_as_json(answer: Answer, explaining: Assumptions | None) -> dict[str, object]:
    found = _explained(answer, explaining)
    return {} if explaining is None else {"explanation": found and explanation_to_json(found)}


def _lines(answer: Answer, why: tuple[Message, ...], printing: AnswerPrinting) -> Iterator[Message]:
    yield from heading(answer)
    if not why:
        yield from map(_cause, answer.because)
    yield from map(assumption_text, answer.assumed)
    yield from oddities(answer)
    if printing.verbose:
        yield from additions(answer)
    yield from why


def _cause(cause: Cause) -> Message:
    return _CAUSE.filled(kind=KINDS[cause.kind], place=location_of(cause))


@dataclass(frozen=True, slots=True)
class RequestOptions:
    """One request and the policies that apply to it, as the options say them.

    The fields bear the options' names; files are paths, `-` is standard input.
    """

    principal: str | None = None
    action: str | None = None
    resource: tuple[str, ...] = ()
    resource_account: str | None = None
    contexts: tuple[str, ...] = ()
    identity: tuple[str, ...] = ()
    boundary: tuple[str, ...] = ()
    session: tuple[str, ...] = ()
    trust: str | None = None
    resource_policy: str | None = None
    access_point_policy: str | None = None
    scps: tuple[str, ...] = ()
    rcps: tuple[str, ...] = ()
    vpc_endpoint: str | None = None
    management_account: bool = False
    service_linked_role: bool = False
    federated_by: str | None = None
    canonical_user: str | None = None
    explain: bool = False
    assumptions: tuple[str, ...] = ()


_request_options = grouped(
    "options",
    RequestOptions,
    click.option(
        "--principal",
        metavar="ARN",
        help="The caller: a user, role or session, a service, or `anonymous`.",
    ),
    click.option("--action", metavar="SERVICE:NAME", help="One action, like iam:GetUser."),
    click.option(
        "--resource",
        metavar="ARN",
        multiple=True,
        help="The resource, or `*` if there is none. Repeat it if the request is about several.",
    ),
    click.option("--resource-account", metavar="ID", help="Whose it is, if the ARN does not tell."),
    click.option(
        "--context",
        "contexts",
        metavar="KEY=VALUE",
        multiple=True,
        help="A key of the request context; what follows from the request is added. "
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
        "--access-point-policy",
        metavar="FILE",
        help="The policy of the S3 access point that is one of the resources.",
    ),
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
        "--canonical-user",
        metavar="ID",
        help="The canonical id of the caller's account, or of a caller that has none.",
    ),
    click.option(
        "--explain", is_flag=True, help="Say what a denial is about and what would have to change."
    ),
    click.option("--assume", "assumptions", **ASSUME),
)


@click.command(cls=SpokenCommand)
@_request_options
@click.option(
    "--batch",
    metavar="FILE",
    help="Requests as JSON, one a line (`-` for standard input); answers likewise.",
)
@grouped("printing", AnswerPrinting, lang_option, format_option, verbose_option)
@quiet_option
def command(options: RequestOptions, batch: str | None, printing: AnswerPrinting) -> Exit:
    """Decide whether a request is allowed, and say why.

    Give one request by --principal, --action, --resource and --context, and the policies that
    apply to it; or a file of requests by --batch. A denial is an answer and exits 0; 4 means that
    what was given does not tell, 1 that something could not be read, or that there is no such
    request.
    """
    if batch is not None:
        _refuse_beside_batch(options, printing)
        return _batch(batch)
    question = question_of(options)
    settings = AnswerSettings(question.assumptions)
    explaining = question.assumptions if options.explain else None
    if question.parts:
        joint = answer_together(question.parts, datetime.now(UTC), settings)
        show_joint(joint, printing, explaining)
        return _EXITS.get(joint.effect, Exit.CLEAN)
    answer = answer_request(question.request, question.policies, datetime.now(UTC), settings)
    show_answer(answer, printing, explaining)
    return _EXITS.get(answer.effect, Exit.CLEAN)


_EXITS = {AnswerEffect.UNKNOWN: Exit.UNKNOWN, AnswerEffect.IMPOSSIBLE: Exit.ERROR}
"""How a run ends whose answer is neither yes nor no."""


def _refuse_beside_batch(options: RequestOptions, printing: AnswerPrinting) -> None:
    if options != RequestOptions():
        raise UsageError(
            Message("`--batch` takes everything from its lines; do not give a request as well")
        )
    source = click.get_current_context().get_parameter_source
    unused = ["`--lang`"] if source("lang") is ParameterSource.COMMANDLINE else []
    unused += ["`--verbose`"] if printing.verbose else []
    if printing.output is OutputFormat.TEXT and source("output") is ParameterSource.COMMANDLINE:
        unused.append("`--format text`")
    if unused:
        raise UsageError(
            _BATCH_TAKES_NO.filled(
                options=joined_messages(map(verbatim, unused), en=" and no ", ja="、")
            ),
            fix=Message("leave it out: the answers to a batch are JSON in English"),
        )


def _batch(path: str) -> Exit:
    """Answer every line, each as soon as it is read: another program may be waiting for it.

    Once nobody reads the answers, no more is read: the questions may have no end.
    """
    ends, given, failed = {Exit.CLEAN}, 0, 0
    with _opened(path) as stream:
        for answer in answers(stream, respond=responder(lambda: datetime.now(UTC))):
            click.echo(str(answer))
            given += 1
            if answer.decided:
                ends.add(_EXITS.get(AnswerEffect(str(answer.value["decision"])), Exit.CLEAN))
            else:
                failed += 1
            if reader_left():
                break
    if failed:
        ends.add(Exit.ERROR)
        said = _UNANSWERED.filled(failed=failed, lines=given)
        complain(f"sekisho: {said.into(language_of(click.get_current_context()))}")
    return worst(ends)


def _opened(path: str) -> AbstractContextManager[BinaryIO]:
    if path == "-":
        return nullcontext(sys.stdin.buffer)
    try:
        return Path(path).open("rb")
    except OSError as error:
        raise unusable(path, error) from None


_JSON_LOOKS = ("[", '"')
_NO_ACCESS_POINT = Message("`--access-point-policy` is given, but no access point")
_GIVE_ACCESS_POINT = Message(
    "give the ARN of the access point or of the object through it by `--resource`, and the bucket "
    "or object by another one"
)


def question_of(options: RequestOptions) -> DecisionQuestion:
    """Return the question that the options describe.

    Raises:
        SekishoError: with all that is wrong with the options and their files.
    """
    reader = _Reader(options)
    request, policies = reader.request(), reader.policies()
    if not reader.errors:
        with reader.noted():
            # whether these policies can apply to this caller
            caller_and_groups(request, policies)
    question = DecisionQuestion(
        request, policies, reader.assumptions(), parts=reader.parts(request, policies)
    )
    if len(reader.errors) > 1:
        raise SeveralErrors(reader.errors)
    if reader.errors:
        raise reader.errors[0]
    return question


class _Reader:
    """Options being read; errors are noted and reading goes on."""

    def __init__(self, options: RequestOptions) -> None:
        self.options = options
        self.errors: list[SekishoError] = []
        self.stdin: list[str] = []

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Note an error of what is done inside."""
        try:
            yield
        except SekishoError as error:
            self.errors.append(error)

    def request(self) -> Request:
        """Read the request."""
        options = self.options
        required = {
            "principal": options.principal,
            "action": options.action,
            "resource": options.resource or None,
        }
        missing_names = [name for name, value in required.items() if value is None]
        if missing_names:
            names = ", ".join(f"`--{name}`" for name in missing_names)
            fix = Message("give one request, or `--batch`")
            self.errors.append(UsageError(Message("give {names}").filled(names=names), fix=fix))
        principal, absent = options.principal or "", [f"request.{name}" for name in missing_names]
        faults: list[Fault] = []
        if not may_be_principal(principal):
            faults += [] if "request.principal" in absent else no_principal(principal).faults
            absent += ["request.principal", "request.federatedBy"]
            principal = ANONYMOUS
        request = Request(
            principal,
            options.action or "",
            next(iter(options.resource), ""),
            self.context(),
            options.resource_account,
            management_account=options.management_account,
            service_linked_role=options.service_linked_role,
            federated_by=options.federated_by,
            canonical_user=options.canonical_user,
        )
        faults += [fault for fault in request_faults(request) if fault.path not in absent]
        if faults:
            self.errors.append(FaultyRequest(Message("request", "source"), faults))
        return request

    def parts(self, request: Request, policies: Policies) -> tuple[RequestPart, ...]:
        """Read the resources of a request about several; none of one about one."""
        options = self.options
        point = next(iter(self.read(options.access_point_policy, PolicyKind.RESOURCE)), None)
        if len(options.resource) <= 1 and point is None:
            return ()
        if point is not None and not any(map(is_access_point, options.resource)):
            self.errors.append(UsageError(_NO_ACCESS_POINT, fix=_GIVE_ACCESS_POINT))
        each = [replace(request, resource=one) for one in options.resource]
        faults = [fault for one in each[1:] for fault in request_faults(one)]
        if faults:
            self.errors.append(FaultyRequest(Message("request", "source"), faults))
        return parts_of(each, policies, point)

    def context(self) -> Context:
        """Read the request context; a key that is repeated has all its values."""
        values: dict[str, ContextValue] = {}
        spelled: dict[str, str] = {}
        for text in self.options.contexts:
            with self.noted():
                key, value = pair("--context", "KEY=VALUE", text)
                name = spelled.setdefault(key.lower(), key)
                read = _value(text, value)
                values[name] = (*_each(values[name]), *_each(read)) if name in values else read
        return Context(values)

    def policies(self) -> Policies:
        """Read the policies of every kind."""
        options = self.options
        return Policies(
            identity=self.read(options.identity, PolicyKind.IDENTITY),
            boundaries=self.read(options.boundary, PolicyKind.BOUNDARY) or None,
            session=self.read(options.session, PolicyKind.SESSION) or None,
            trust=next(iter(self.read(options.trust, PolicyKind.TRUST)), None),
            resource=next(iter(self.read(options.resource_policy, PolicyKind.RESOURCE)), None),
            scps=self.levels("--scp", options.scps, PolicyKind.SCP),
            rcps=self.levels("--rcp", options.rcps, PolicyKind.RCP),
            vpc_endpoint=self.read(options.vpc_endpoint, PolicyKind.VPC_ENDPOINT) or None,
        )

    def read(
        self, files: str | tuple[str, ...] | None, kind: PolicyKind
    ) -> tuple[AttachedPolicy, ...]:
        """Read the policies of one option, which may be given once or more often."""
        paths = (files,) if isinstance(files, str) else files or ()
        return tuple(one for path in paths for one in self.file(path, kind))

    def file(self, path: str, kind: PolicyKind) -> tuple[AttachedPolicy, ...]:
        """Read one policy, and note the faults that do not depend on the caller."""
        attached: tuple[AttachedPolicy, ...] = ()
        with self.noted():
            self.stdin += [path] if path == "-" else []
            refuse_stdin_twice(self.stdin)
            attached = read_attached((path,), kind)
            check_policies(kind, attached)
        return attached

    def levels(self, option: str, texts: tuple[str, ...], kind: PolicyKind) -> tuple[Level, ...]:
        """Read the levels in the order in which they are first named."""
        levels: dict[str, tuple[AttachedPolicy, ...]] = {}
        for text in texts:
            with self.noted():
                level, path = pair(option, "LEVEL=FILE", text)
                levels[level] = (*levels.get(level, ()), *self.file(path, kind))
        return tuple(Level(level, attached) for level, attached in levels.items())

    def assumptions(self) -> Assumptions:
        """Read the assumptions."""
        try:
            return assumptions_of(self.options.assumptions)
        except SekishoError as error:
            self.errors.append(error)
            return Assumptions()


def _value(text: str, value: str) -> ContextValue:
    """Return a value of a context key: what looks like JSON is JSON, a list or a text."""
    if not value.startswith(_JSON_LOOKS):
        return value
    try:
        parsed = json.loads(value)
    except (ValueError, RecursionError):
        parsed = None
    if isinstance(parsed, str):
        return parsed
    if isinstance(parsed, list) and all(isinstance(one, str) for one in parsed):
        return tuple(parsed)
    raise UsageError(
        Message(
            '`--context {text}`: a value that begins with `[` or `"` is JSON, and '
            "this is neither a list of texts nor a text"
        ).filled(text=text),
        fix=Message('write a list as `KEY=["a", "b"]`, and a text that begins so as `KEY="[a"`'),
    )


def _each(value: ContextValue) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


_BATCH_TAKES_NO = Message("`--batch` takes no {options}")
