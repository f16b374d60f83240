"""The options that say which AWS is meant, and the connection they give.

The first line on stderr says whose account it is: nobody should read, let alone change, the wrong
one without noticing.
"""

import re
import shlex
import warnings
from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime
from getpass import GetPassWarning
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from sekisho import account
from sekisho.cli.options import Decorator, grouped
from sekisho.cli.quiet import print_note
from sekisho.cli.terminal import notice
from sekisho.engine.matching import arns
from sekisho.errors import AwsRefused, UsageError
from sekisho.lazy import dataclass
from sekisho.messages import Language, Message, joined_messages, verbatim
from sekisho.work import working_on

if TYPE_CHECKING:
    from sekisho.account import AwsApi, Snapshot
    from sekisho.account.aws import Boto3Api

_WHOSE = Message("Account {account}{alias}, as {caller}. Nothing has been changed.")
_WHOSE_TO_CHANGE = Message("Account {account}{alias}, as {caller}.")
_READING = Message("Reading the account")
_ALIAS = verbatim(" ({alias})")
_SERIAL = re.compile(r"[\w+=/:,.@-]{9,256}", re.ASCII)
"""`serialNumberType` of the service model of STS."""
_CODE = Message("MFA code of {serial}: ")


@dataclass(frozen=True, slots=True)
class AwsOptions:
    """Which AWS is meant, and as whom it is called; None: as the AWS CLI would."""

    profile: str | None = None
    region: str | None = None
    role_arn: str | None = None
    mfa_serial: str | None = None
    endpoint_url: str | None = None

    @property
    def typed(self) -> str:
        """The options again, each after a space, as a shell takes them: for the next command."""
        given = ((field.name, getattr(self, field.name)) for field in fields(self))
        return "".join(
            f" --{name.replace('_', '-')} {shlex.quote(value)}" for name, value in given if value
        )

    def refuse_beside(self, option: str) -> None:
        """Refuse any of these beside an option with which no AWS is called.

        Raises:
            UsageError: naming each that is given.
        """
        refuse_beside(option, {field.name: getattr(self, field.name) for field in fields(self)})


@dataclass(frozen=True, slots=True)
class Connection:
    """An AWS that answers, and as whom it is called.

    Attributes:
        account: the account's id.
        alias: its alias; "" if it has none or it may not be read.
        caller: the ARN that GetCallerIdentity tells.
    """

    api: "AwsApi"
    account: str
    alias: str
    caller: str


def checked_role(ctx: click.Context, param: click.Parameter, arn: str | None) -> str | None:
    """Return the ARN if it is that of a role in an account."""
    if arn is not None and not (arns.is_role(arn) and arns.account_of(arn)):
        raise UsageError(
            Message("`--role-arn {arn}` is not the ARN of a role").filled(arn=arn),
            fix=Message("write it whole, like `arn:aws:iam::111122223333:role/NAME`"),
        )
    return arn


def checked_serial(ctx: click.Context, param: click.Parameter, serial: str | None) -> str | None:
    """Return the serial number if a device can have it."""
    if serial is not None and not _SERIAL.fullmatch(serial):
        raise UsageError(
            Message("`{option} {serial}` is not the serial number of an MFA device").filled(
                option=param.opts[0], serial=serial
            ),
            fix=Message(
                "write the ARN of a virtual device, like "
                "`arn:aws:iam::111122223333:mfa/NAME`, or the number on a hardware token"
            ),
        )
    return serial


def _endpoint(ctx: click.Context, param: click.Parameter, url: str | None) -> str | None:
    """Return the URL if it is one that can be called."""
    if url is None:
        return None
    try:
        parts = urlsplit(url)
        callable_ = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        # an address or a port that is none
        callable_ = False
    if not callable_:
        raise UsageError(
            Message("`--endpoint-url {url}` is not a URL that can be called").filled(url=url),
            fix=Message("write it whole, like `http://127.0.0.1:5577`"),
        )
    return url


def endpoint_option(described: str) -> Decorator:
    """Return the decorator that adds `--endpoint-url URL`, with its help."""
    return click.option("--endpoint-url", metavar="URL", callback=_endpoint, help=described)


aws_options = grouped(
    "aws",
    AwsOptions,
    click.option("--profile", metavar="NAME", help="A profile of the AWS CLI."),
    click.option("--region", metavar="NAME", help="Where STS is called; IAM has no region."),
    click.option(
        "--role-arn", metavar="ARN", callback=checked_role, help="A role to assume first."
    ),
    click.option(
        "--mfa-serial",
        metavar="ARN",
        callback=checked_serial,
        help="The MFA device that --role-arn needs.",
    ),
    endpoint_option("Another AWS, such as `sekisho local`."),
)
"""Adds `--profile`, `--region`, `--role-arn`, `--mfa-serial`, `--endpoint-url`: `AwsOptions`."""


def snapshot_option(
    described: str = "A snapshot, or AWS's export and credential report together; AWS itself if "
    "not given.",
    *,
    required: bool = False,
) -> Decorator:
    """Return the decorator that adds `--snapshot FILE`, which can be repeated: `snapshots`."""
    return click.option(
        "--snapshot",
        "snapshots",
        metavar="FILE",
        multiple=True,
        required=required,
        help=described,
    )


def read_account(snapshots: tuple[str, ...], aws: AwsOptions, lang: Language) -> "Snapshot":
    """Return the account of the files of `--snapshot`; without one, as it is in AWS now.

    Raises:
        UsageError: if options of AWS stand beside files.
        FaultyInput: if a file has faults.
        AwsRefused: if nobody answers, or the credentials expire in the middle.
    """
    if not snapshots:
        return collected(connection(aws, lang))
    aws.refuse_beside("--snapshot")
    return account.open_account(*snapshots)


def refuse_beside(option: str, values: Mapping[str, object]) -> None:
    """Refuse what would be ignored beside `option`.

    Args:
        option: as it is written on the command line.
        values: what other options were given, by parameter; of an argument, its name in capitals.

    Raises:
        UsageError: naming each that is given.
    """
    named = {name: name if name.isupper() else f"--{name.replace('_', '-')}" for name in values}
    idle = [f"`{named[name]}`" for name, value in values.items() if value]
    if idle:
        raise UsageError(
            Message("`{option}` cannot be used with {names}").filled(
                option=option, names=joined_messages(map(verbatim, idle), en=" or ", ja="、")
            ),
            fix=Message("leave one side out"),
        )


def connection(aws: AwsOptions, lang: Language, *, reads: bool = True) -> Connection:
    """Return the connection that the options ask for, and say on stderr whose account it is.

    Args:
        aws: which AWS.
        lang: the language of that line.
        reads: whether nothing is going to be changed, which that line says.

    Raises:
        AwsRefused: if nobody can be called; with a fix for an expired session and the like.
        UsageError: if `--mfa-serial` stands without `--role-arn`, or if a code is wanted and there
            is no terminal.
    """
    api, identity = _called(aws, lang)
    connected = Connection(api, identity["Account"], _alias(api), identity["Arn"])
    alias = _ALIAS.filled(alias=connected.alias) if connected.alias else verbatim("")
    whose = (
        (_WHOSE if reads else _WHOSE_TO_CHANGE)
        .filled(account=connected.account, alias=alias, caller=connected.caller)
        .into(lang)
    )
    # nobody changes an account without being told which, quiet or not
    if reads:
        print_note(whose)
    else:
        notice(whose)
    return connected


def connected_api(aws: AwsOptions, lang: Language) -> "Boto3Api":
    """Return the API that the options ask for, also of services beside IAM, and say nothing.

    Raises:
        AwsRefused, UsageError: as `connection` does.
    """
    return _called(aws, lang)[0]


def signs_with_long_term_key(aws: AwsOptions) -> bool:
    """Tell whether AWS was called with an access key that is no session, and so without MFA."""
    return connected_api(aws, Language.EN).signs_with_long_term_key()


def _called(aws: AwsOptions, lang: Language) -> "tuple[Boto3Api, Mapping[str, Any]]":
    """Return the API and who it calls as; a command connects once, and so asks for one code."""
    from sekisho.account.aws import AssumedRole, connect  # noqa: PLC0415 - files need no boto3

    context = click.get_current_context(silent=True)
    known: dict[AwsOptions, tuple[Boto3Api, Mapping[str, Any]]] = (
        {} if context is None else context.meta.setdefault(__name__, {})
    )
    if aws not in known:
        if aws.mfa_serial and not aws.role_arn:
            raise UsageError(
                Message("`--mfa-serial` is for `--role-arn`; a profile has its own `mfa_serial`")
            )
        role = None
        if aws.role_arn:
            asked = _CODE.filled(serial=aws.mfa_serial).into(lang)
            role = AssumedRole(aws.role_arn, aws.mfa_serial, lambda _: _code(asked))
        api = connect(
            profile=aws.profile, region=aws.region, endpoint_url=aws.endpoint_url, role=role
        )
        known[aws] = api, _identity(api)
    return known[aws]


def collected(connected: Connection) -> "Snapshot":
    """Return the account as it is now.

    Raises:
        AwsRefused: if nobody answers, or the credentials expire in the middle.
    """
    with working_on(_READING) as reading:
        pace = account.Pace(progress=reading.at)
        return account.collect(connected.api, now=datetime.now(UTC), pace=pace)


def _identity(api: "AwsApi") -> Mapping[str, Any]:
    """Return the caller's identity; only this first call may have to ask for an MFA code."""
    with warnings.catch_warnings():
        # so getpass says that it finds no terminal, in a profile's role as in ours
        warnings.simplefilter("error", GetPassWarning)
        try:
            return api.call("sts", "GetCallerIdentity")
        except GetPassWarning:
            raise UsageError(
                Message("an MFA code is wanted, and there is no terminal to ask for it on"),
                fix=Message("run it on a terminal, or sign in with MFA first and use that session"),
            ) from None


def _alias(api: "AwsApi") -> str:
    try:
        return str(next(iter(api.pages("iam", "ListAccountAliases", "AccountAliases")), ""))
    except AwsRefused:
        # callers who may not read it see the account's id instead
        return ""


def _code(asked: str) -> str:
    code: str = click.prompt(asked, prompt_suffix="", hide_input=True, err=True)
    return code
