"""`sekisho decide`: one request, or a file of them, and why."""

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import click
from click.core import ParameterSource

from sekisho.cli.exits import Exit
from sekisho.cli.options import (
    OutputFormat,
    assumptions_of,
    format_option,
    grouped,
    lang_option,
    pair,
)
from sekisho.cli.pipes import reader_left
from sekisho.cli.policy_files import read_attached, refuse_stdin_twice, unusable
from sekisho.engine import (
    Assumptions,
    AttachedPolicy,
    Cause,
    Context,
    ContextValue,
    Explanation,
    Level,
    Policies,
    Request,
    check_policies,
    checked,
    decide,
    explain,
    request_faults,
    unasked,
)
from sekisho.engine.exchange import (
    EFFECTS,
    DecisionQuestion,
    answered_to_json,
    answers,
    assumption,
    explanation_to_json,
    not_given,
    not_in_catalogue,
    place,
    reasons,
    sentence,
)
from sekisho.engine.matching import Caller, CallerKind, caller_of
from sekisho.errors import FaultyRequest, SekishoError, SeveralErrors, UsageError
from sekisho.messages import Language, Message, joined_messages, verbatim
from sekisho.policy import KINDS, PolicyKind
from sekisho.signin import (
    AskPolicies,
    Credential,
    CredentialKind,
    Holder,
    HolderKind,
    PermittedWithoutPolicy,
    Refused,
    Rule,
    Ruling,
    SigninAssumptions,
    service_rule,
)


@dataclass(frozen=True, slots=True)
class RequestOptions:
    """One request and the policies that apply to it, as the options say them.

    The fields bear the options' names; files are paths, `-` is standard input.
    """

    principal: str | None = None
    action: str | None = None
    resource: str | None = None
    resource_account: str | None = None
    contexts: tuple[str, ...] = ()
    identity: tuple[str, ...] = ()
    boundary: tuple[str, ...] = ()
    session: tuple[str, ...] = ()
    trust: str | None = None
    resource_policy: str | None = None
    scps: tuple[str, ...] = ()
    rcps: tuple[str, ...] = ()
    vpc_endpoint: str | None = None
    management_account: bool = False
    service_linked_role: bool = False
    federated_by: str | None = None
    explain: bool = False
    assumptions: tuple[str, ...] = ()


_request_options = grouped(
    "asked",
    RequestOptions,
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
        help="Set a point that AWS does not document: docs/reference/assumptions.md.",
    ),
)


@click.command(short_help="Decide one request, or a file of them, and say why.")
@_request_options
@click.option(
    "--batch",
    metavar="FILE",
    help="Requests as JSON, one a line (`-` for standard input); answers likewise.",
)
@lang_option
@format_option
def command(asked: RequestOptions, batch: str | None, lang: Language, output: OutputFormat) -> Exit:
    """Decide whether a request is allowed, and say why.

    Give one request by --principal, --action, --resource and --context, and the policies that
    apply to it; or a file of requests by --batch. Exit code 1 means that something could not be
    read or decided; a denial is an answer and exits 0.
    """
    if batch is not None:
        _refuse_beside_batch(asked, output)
        return _batch(batch)
    question = question_of(asked)
    if asked.explain:
        explanation = explain(question.request, question.policies, question.assumptions)
    else:
        decision = decide(question.request, question.policies, question.assumptions)
        explanation = Explanation(decision)
    match output:
        case OutputFormat.JSON:
            value = _as_json(question, explanation, explained=asked.explain)
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


def _refuse_beside_batch(asked: RequestOptions, output: OutputFormat) -> None:
    if asked != RequestOptions():
        raise UsageError(
            Message("`--batch` takes everything from its lines; give no request beside it")
        )
    source = click.get_current_context().get_parameter_source
    given = ["`--lang`"] if source("lang") is ParameterSource.COMMANDLINE else []
    if output is OutputFormat.TABLE and source("output") is ParameterSource.COMMANDLINE:
        given.append("`--format table`")
    if given:
        raise UsageError(
            _BATCH_TAKES_NO.filled(
                options=joined_messages(map(verbatim, given), en=" and no ", ja="、")
            ),
            fix=Message("leave it away: the answers to a batch are JSON in English"),
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


def _as_json(
    question: DecisionQuestion, explanation: Explanation, *, explained: bool
) -> dict[str, object]:
    value = answered_to_json(question.request, question.policies, explanation.decision)
    if explained:
        value["explanation"] = explanation_to_json(explanation)
    return value


def _lines(question: DecisionQuestion, explanation: Explanation) -> Iterator[Message]:
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


_JSON_LOOKS = ("[", '"')


def question_of(asked: RequestOptions) -> DecisionQuestion:
    """Return what the options ask.

    Raises:
        SekishoError: with all that is wrong with the options and their files.
    """
    reader = _Reader(asked)
    request, policies = reader.request(), reader.policies()
    if not reader.errors:
        with reader.noted():
            # whether these policies can apply to this caller
            checked(request, policies)
    found = DecisionQuestion(request, policies, reader.assumptions())
    if len(reader.errors) > 1:
        raise SeveralErrors(reader.errors)
    if reader.errors:
        raise reader.errors[0]
    return found


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
        needed = {
            "principal": options.principal,
            "action": options.action,
            "resource": options.resource,
        }
        missing = [name for name, value in needed.items() if value is None]
        if missing:
            names = ", ".join(f"`--{name}`" for name in missing)
            fix = Message("give one request, or `--batch`")
            self.errors.append(UsageError(Message("missing {names}").filled(names=names), fix=fix))
        request = Request(
            options.principal or "",
            options.action or "",
            options.resource or "",
            self.context(),
            options.resource_account,
            management_account=options.management_account,
            service_linked_role=options.service_linked_role,
            federated_by=options.federated_by,
        )
        absent = [f"request.{name}" for name in missing]
        faults = [fault for fault in request_faults(request) if fault.path not in absent]
        if faults:
            self.errors.append(FaultyRequest(Message("request", "source"), faults))
        return request

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
        return tuple(one for path in _paths(files) for one in self.file(path, kind))

    def file(self, path: str, kind: PolicyKind) -> tuple[AttachedPolicy, ...]:
        """Read one policy, and what is wrong with it whoever asks."""
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


def _paths(value: str | tuple[str, ...] | None) -> tuple[str, ...]:
    """Return the files of an option, which may be given once or more often."""
    if isinstance(value, tuple):
        return value
    return () if value is None else (value,)


def _value(text: str, value: str) -> ContextValue:
    """Return a value of a context key: what looks like JSON is JSON, a list or a text."""
    if not value.startswith(_JSON_LOOKS):
        return value
    try:
        read = json.loads(value)
    except (ValueError, RecursionError):
        read = None
    if isinstance(read, str):
        return read
    if isinstance(read, list) and all(isinstance(one, str) for one in read):
        return tuple(read)
    raise UsageError(
        Message(
            '`--context {text}`: a value that begins with `[` or `"` is JSON, and '
            "this is neither a list of texts nor a text"
        ).filled(text=text),
        fix=Message('write a list as `KEY=["a", "b"]`, and a text that begins so as `KEY="[a"`'),
    )


def _each(value: ContextValue) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


_HOLDS: Mapping[CallerKind, tuple[CredentialKind, HolderKind]] = {
    CallerKind.ROOT: (CredentialKind.LONG_TERM_KEY, HolderKind.ROOT),
    CallerKind.USER: (CredentialKind.LONG_TERM_KEY, HolderKind.USER),
    CallerKind.ROLE: (CredentialKind.ROLE_SESSION, HolderKind.ROLE),
    CallerKind.ROLE_SESSION: (CredentialKind.ROLE_SESSION, HolderKind.ROLE),
    CallerKind.FEDERATED_USER: (CredentialKind.FEDERATED_SESSION, HolderKind.FEDERATED),
}
"""What a principal signs with; of users and root the credential that may do most."""

_BESIDE = Message("Whatever the policies say: {rule} Only the policies are decided here.")
_BATCH_TAKES_NO = Message("`--batch` takes no {options}")
_DOUBT = Message(
    "That a Deny has no effect is AWS's word, and nobody is known to have tested it (assumption "
    "`get_session_token_heeds_deny`)."
)


def ruling_of(request: Request) -> Ruling:
    """Return what the service says of a request that is sound, before any policy is asked.

    Of a user or the root user it is what holds with a long-term access key (docs/signin.md).
    """
    caller = caller_of(request, bounded=False)
    if caller.kind not in _HOLDS:
        return AskPolicies()
    return service_rule(_credential(caller), request.action, SigninAssumptions())


def _credential(caller: Caller) -> Credential:
    kind, holder = _HOLDS[caller.kind]
    return Credential(kind, Holder(holder, caller.partition, caller.account or ""))


def beside_policies(ruling: Ruling) -> tuple[Message, ...]:
    """Return the lines that say so where no policy decides; none where policies do."""
    match ruling:
        case PermittedWithoutPolicy(Rule.SESSION_NEEDS_NO_PERMISSION as rule):
            return _said(rule), Rule.LONG_TERM_KEY_ONLY.text, _DOUBT
        case PermittedWithoutPolicy(rule) | Refused(reason=rule):
            return (_said(rule),)
        case AskPolicies():
            return ()


def _said(rule: Rule) -> Message:
    return Message.both(_BESIDE.en.format(rule=rule.text.en), _BESIDE.ja.format(rule=rule.text.ja))


def ruling_to_json(ruling: Ruling) -> dict[str, object] | None:
    """Return whether the service permits or refuses, and by which rule; None where policies do."""
    match ruling:
        case PermittedWithoutPolicy(rule) | Refused(reason=rule):
            return {"permits": isinstance(ruling, PermittedWithoutPolicy), "rule": rule.value}
        case AskPolicies():
            return None
