"""`sekisho local`: run a local AWS with an account, or sign one of its users in.

With `--as`: the file has the user's secrets, so the sign-in is the user's own: password and code at
the console, or, for a user without a password, GetSessionToken with an access key and a code. A
user with an access key and no MFA device, as machines are, calls with the key.
"""

import json
import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click
from click.core import ParameterSource

from sekisho.account import AccountFile, UserCredentials, load_account
from sekisho.catalogue import partitions
from sekisho.cli.aws import endpoint_option
from sekisho.cli.exits import Exit
from sekisho.cli.features import of_feature
from sekisho.cli.help import SpokenCommand
from sekisho.cli.options import form_option, grouped, lang_option
from sekisho.cli.progress import serve
from sekisho.cli.quiet import print_note, quiet, quiet_option
from sekisho.cli.terminal import terminal_width
from sekisho.errors import AwsRefused, InternalError, UsageError, did_you_mean
from sekisho.lazy import dataclass
from sekisho.localaws import ADMINISTRATOR, COMPANY_FILE, MACHINE
from sekisho.messages import Language, Message, hanging, verbatim
from sekisho.signin import code_at, step_of

if TYPE_CHECKING:
    from sekisho.account.aws import Keys

_GIVE = Message("give it under `credentials` in the account file")
_STEP_SECONDS = 30
_SET = "set" if os.name == "nt" else "export"
"""The shell command that sets an environment variable."""
_WELCOME = Message("""\
A local AWS is running: {url}
Account {account} ({source}). No real account is touched; all state is gone when this ends.

Point the AWS CLI, an SDK or sekisho at it (in another terminal):
  {set} AWS_ENDPOINT_URL={url}
  {set} AWS_DEFAULT_REGION={region}

{people}

Keys, passwords and MFA seeds are in this file:
  {file}
For the console's screens in a browser, run `sekisho local --console`. Programs sign in to the \
console by JSON over HTTP:
  POST {console}/sign-in  {{"account": "{account}", "user": "...", "password": "..."}}

Ctrl-C ends it.""")
_WITH_CONSOLE = Message("""\
{opening}

Account {account} ({source}). No real account is touched; all state is gone when this ends.
For the AWS CLI, an SDK or sekisho, in another terminal, this prints the lines to paste:
  sekisho local --as {user} {file}--endpoint-url {url}""")
_EXAMPLE_USERS = Message("""\
As the administrator {administrator}, who has signed in with MFA:
  {set} AWS_ACCESS_KEY_ID={key}
  {set} AWS_SECRET_ACCESS_KEY={secret}
  {set} AWS_SESSION_TOKEN={token}
  sekisho collect --out account.json

As anybody else, like the machine {machine} (in another terminal; it prints the lines to paste):
  sekisho local --as {machine} --endpoint-url {url}""")
_OWN_KEYS = Message("""\
As a user of the file, who signs in with MFA (in another terminal; it prints the lines to paste):
  sekisho local --as USER --account {file} --endpoint-url {url}

Or with a key of the file, or with what the console sign-in answers:
  {set} AWS_ACCESS_KEY_ID=...
  {set} AWS_SECRET_ACCESS_KEY=...
  {set} AWS_SESSION_TOKEN=...
  aws sts get-caller-identity""")
_OWN_SESSION = Message("""\
As {user}, {how}:
  {set} AWS_ACCESS_KEY_ID={key}
  {set} AWS_SECRET_ACCESS_KEY={secret}
  {set} AWS_SESSION_TOKEN={token}
  aws sts get-caller-identity""")
_WITH_MFA = Message("who has signed in with MFA")
_BY_KEY = Message("by access key: there is no MFA device")
_EXAMPLE_COMPANY = Message("the example company")
_NOBODY = Message(
    "Note: the account file holds no key and no password, so nobody can sign in yet; "
    "add `credentials` to it."
)
_ENDED = Message("The local AWS has ended.")


class SessionFormat(StrEnum):
    """The forms in which a session is printed."""

    TEXT = "text"
    JSON = "json"
    PROCESS = "process"


@dataclass(frozen=True, slots=True)
class RunningLocalAws:
    """A running local AWS.

    Attributes:
        now: the time of its clock.
    """

    url: str
    region: str
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


def credentials_of(account: AccountFile, user: str) -> UserCredentials:
    """Return the credentials with which a user signs in.

    Raises:
        UsageError: if there is no such user, or the file lacks what a session needs.
    """
    names = {each.name for each in account.users}
    if user not in names:
        message = Message("there is no user `{name}` in the account file").filled(name=user)
        raise UsageError(message, fix=did_you_mean(user, names))
    credentials = account.credentials.get(user, UserCredentials())
    if _serial(account, credentials) is None and (
        credentials.devices or _usable_key(account, credentials) is None
    ):
        message = Message("`{name}` has no MFA device with a seed, so no MFA session is possible")
        raise UsageError(message.filled(name=user), fix=_GIVE)
    if _can_use_password(credentials) or _usable_key(account, credentials) is not None:
        return credentials
    if credentials.password is not None:
        message = Message("`{name}` must change the password before there is an MFA session")
        fix = Message(
            "set `passwordResetRequired` to false in the account file, or add an access key"
        )
        raise UsageError(message.filled(name=user), fix=fix)
    message = Message("`{name}` has no password and no access key with a secret")
    raise UsageError(message.filled(name=user), fix=_GIVE)


def session_of(account: AccountFile, place: RunningLocalAws, user: str) -> "Keys":
    """Return a session of a user who signs in with MFA now; without a device, the access key.

    A code works once: if the present one has been used, this waits for the next.

    Raises:
        UsageError: as `credentials_of`.
        AwsRefused: if the local AWS refuses the sign-in.
    """
    credentials = credentials_of(account, user)
    if _serial(account, credentials) is None:
        return _long_term_keys(account, credentials)
    try:
        return _sign_in(account, place, user, credentials)
    except AwsRefused as refused:
        if refused.operation not in ("CheckMfa", "GetSessionToken") or not refused.status:
            raise
        time.sleep(_STEP_SECONDS - place.now().timestamp() % _STEP_SECONDS)
        return _sign_in(account, place, user, credentials)


def session_text(keys: "Keys", place: RunningLocalAws, form: SessionFormat, set_: str) -> str:
    """Return a session as text for shells, programs or `credential_process` of the AWS CLI.

    Args:
        keys: the session.
        place: where it is valid.
        form: the form for the reader.
        set_: the command that sets a variable: `export`, or `set` on Windows.
    """
    match form:
        case SessionFormat.TEXT:
            pairs = {
                "AWS_ENDPOINT_URL": place.url,
                "AWS_DEFAULT_REGION": place.region,
                "AWS_ACCESS_KEY_ID": keys.access_key_id,
                "AWS_SECRET_ACCESS_KEY": keys.secret_access_key,
                # empty: it takes away one that was pasted before
                "AWS_SESSION_TOKEN": keys.session_token or "",
            }
            return "\n".join(f"{set_} {name}={value}" for name, value in pairs.items())
        case SessionFormat.JSON:
            where = {"endpointUrl": place.url, "region": place.region}
            return json.dumps(where | _credential_fields(keys), indent=2)
        case SessionFormat.PROCESS:
            given = {
                name: value for name, value in _credential_fields(keys).items() if value is not None
            }
            return json.dumps({"Version": 1} | given, indent=2)


def _credential_fields(keys: "Keys") -> dict[str, str | None]:
    return {
        "AccessKeyId": keys.access_key_id,
        "SecretAccessKey": keys.secret_access_key,
        "SessionToken": keys.session_token,
    }


def _can_use_password(credentials: UserCredentials) -> bool:
    return credentials.password is not None and not credentials.reset_required


def _serial(account: AccountFile, credentials: UserCredentials) -> str | None:
    serials = (device.serial for device in credentials.devices)
    return next((serial for serial in serials if serial in account.seeds), None)


def _usable_key(account: AccountFile, credentials: UserCredentials) -> tuple[str, str] | None:
    """Return the id and the secret of an active access key; None if there is none."""
    for key in credentials.keys:
        if key.active and key.id in account.secret_keys:
            return key.id, account.secret_keys[key.id]
    return None


def _sign_in(
    account: AccountFile, place: RunningLocalAws, user: str, credentials: UserCredentials
) -> "Keys":
    serial = _serial(account, credentials) or ""
    code = code_at(account.seeds[serial], step_of(place.now()))
    if not _can_use_password(credentials):
        return _session_by_key(account, place, credentials, (serial, code))
    # the local AWS is heavy: not before it is needed
    from sekisho.localaws import ConsoleClient  # noqa: PLC0415 - as above

    console = ConsoleClient(place.url, account.account)
    page = console.sign_in(user, credentials.password or "")
    keys = page.keys or console.mfa(page.ticket, code).keys
    if keys is None:
        raise InternalError(f"the sign-in of `{user}` ends with no session")
    return keys


def _session_by_key(
    account: AccountFile, place: RunningLocalAws, credentials: UserCredentials, mfa: tuple[str, str]
) -> "Keys":
    # boto3 is heavy: not before it is needed
    from sekisho.account.aws import Keys, connect  # noqa: PLC0415 - as above

    signer = _long_term_keys(account, credentials)
    api = connect(credentials=signer, region=place.region, endpoint_url=place.url)
    serial, code = mfa
    made = api.call("sts", "GetSessionToken", SerialNumber=serial, TokenCode=code)["Credentials"]
    return Keys(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])


def _long_term_keys(account: AccountFile, credentials: UserCredentials) -> "Keys":
    # boto3 is heavy: not before it is needed
    from sekisho.account.aws import Keys  # noqa: PLC0415 - as above

    identity, secret = _usable_key(account, credentials) or ("", "")
    return Keys(identity, secret)


if TYPE_CHECKING:
    from sekisho.localaws import LocalAws


@dataclass(frozen=True, slots=True)
class LocalOptions:
    """The options of `sekisho local`."""

    port: int
    path: Path | None
    user: str | None
    endpoint_url: str | None
    form: SessionFormat
    console: bool
    console_port: int

    def check(self) -> None:
        """Refuse options that do not go together.

        Raises:
            UsageError: naming them.
        """
        if self.user is None:
            source = click.get_current_context().get_parameter_source
            for option, name in (("--endpoint-url", "endpoint_url"), ("--format", "form")):
                if source(name) is ParameterSource.COMMANDLINE:
                    raise UsageError(Message("`{option}` needs `--as`").filled(option=option))
        if self.console_port and not self.console:
            raise UsageError(
                Message("`{option}` needs `{other}`").filled(
                    option="--console-port", other="--console"
                )
            )
        if self.endpoint_url is not None:
            self._check_endpoint(self.endpoint_url)

    def _check_endpoint(self, url: str) -> None:
        for option, given in (("--port", self.port), ("--console", self.console)):
            if given:
                raise UsageError(
                    Message(
                        "`{option}` starts a local AWS, `--endpoint-url` calls one that runs"
                    ).filled(option=option),
                    fix=Message("give one of them"),
                )
        if urlsplit(url).hostname not in ("127.0.0.1", "localhost"):
            # a password of the file is sent there
            raise UsageError(
                Message("`--endpoint-url {url}` is not on this computer").filled(url=url),
                fix=Message("write it like `http://127.0.0.1:5577`"),
            )


_local_options = grouped(
    "options",
    LocalOptions,
    click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port; a free one if 0."),
    click.option(
        "--account",
        "path",
        type=click.Path(path_type=Path),
        metavar="FILE",
        default=None,
        help="Account file, or an `aws iam get-account-authorization-details` export; "
        "the example company if not given.",
    ),
    click.option(
        "--as",
        "user",
        metavar="USER",
        help="Print a session of this user, signed in with MFA, or an access key if there is no "
        "MFA device.",
    ),
    endpoint_option("With --as: print a session of a local AWS that is already running, and exit."),
    form_option(
        SessionFormat,
        "With --as: shell lines, JSON, or the format of `credential_process`.",
        parameter="form",
    ),
    click.option(
        "--console", is_flag=True, help="Run a console to rehearse in, too: pages for a browser."
    ),
    click.option(
        "--console-port",
        type=click.IntRange(0, 65535),
        default=0,
        help="Port of the console; a free one if 0.",
    ),
)


@click.command(cls=SpokenCommand)
@_local_options
@quiet_option
@lang_option
def command(options: LocalOptions, lang: Language) -> int:
    """Run a local AWS emulator that enforces IAM policies, until Ctrl-C.

    It has the users, groups, roles and policies of an account file; nothing of a real account is
    read or changed. With --as, it prints a session of one user of the file, who signs in with the
    password or access key, and the MFA device, that the file has for them; or the access key, if
    there is no device.
    """
    options.check()
    account = load_account(options.path or COMPANY_FILE)
    if options.user is not None:
        credentials_of(account, options.user)
        if options.endpoint_url is not None:
            place = RunningLocalAws(options.endpoint_url.rstrip("/"), _region_of(account))
            keys = session_of(account, place, options.user)
            click.echo(session_text(keys, place, options.form, _SET))
            return Exit.CLEAN
    return _run(account, options, lang)


def _region_of(account: AccountFile) -> str:
    """Return the region in which calls of IAM are signed in the account's partition."""
    return next(each.regions[0] for each in partitions() if each.id == account.partition)


def _run(account: AccountFile, options: LocalOptions, lang: Language) -> Exit:
    # moto is heavy: not before it is needed
    from sekisho.localaws import LocalAws  # noqa: PLC0415 - as above

    with ExitStack() as running:
        local = running.enter_context(LocalAws(account, port=options.port))
        page: Message | None = None
        if options.console:
            console = of_feature("web.commands.console", "console")
            page = running.enter_context(console(account, local, lang, options.console_port))
        # Ctrl-C may come at once, while the welcome is still being written
        try:
            _show(_welcome(account, local, options, lang, page))
            if not account.credentials:
                print_note(_NOBODY.into(lang))
            serve()
        except KeyboardInterrupt:
            print_note(_ENDED.into(lang))
    return Exit.CLEAN


def _show(welcome: str) -> None:
    """Print the welcome, folded; lines that are typed or pasted are further in, and stay whole."""
    width = terminal_width()
    for line in welcome.split("\n"):
        click.echo("\n".join([line] if line[:1] in " {" else hanging(line, width)))


def _welcome(
    account: AccountFile,
    local: "LocalAws",
    options: LocalOptions,
    lang: Language,
    opening: Message | None,
) -> str:
    """Return the text on using the local AWS; `opening` names its console, if there is one."""
    place = RunningLocalAws(local.url, local.region, local.clock.now)
    people = None
    if options.user is not None:
        keys, form = session_of(account, place, options.user), options.form
        if quiet() or form is not SessionFormat.TEXT:
            if opening is not None:
                click.echo(opening.into(lang), err=True)
            return session_text(keys, place, form, _SET)
        people = _OWN_SESSION.filled(
            user=options.user,
            how=_WITH_MFA if keys.session_token else _BY_KEY,
            set=_SET,
            key=keys.access_key_id,
            secret=keys.secret_access_key,
            token=keys.session_token or "",
        )
    source = _EXAMPLE_COMPANY if options.path is None else verbatim(str(options.path))
    if opening is not None:
        welcome = _WITH_CONSOLE.filled(
            opening=opening,
            account=account.account,
            source=source,
            user=options.user or (ADMINISTRATOR if options.path is None else "USER"),
            file="" if options.path is None else f"--account {options.path} ",
            url=local.url,
        )
    else:
        welcome = _WELCOME.filled(
            url=local.url,
            console=local.console_url,
            account=account.account,
            source=source,
            people=people or _users(account, local, options.path),
            file=options.path or COMPANY_FILE,
            region=local.region,
            set=_SET,
        )
    text = welcome.into(lang)
    return text.splitlines()[0] if quiet() else text


def _users(account: AccountFile, local: "LocalAws", file: Path | None) -> Message:
    """Return lines to paste for one user, and the command for others."""
    if file is not None:
        return _OWN_KEYS.filled(set=_SET, file=file, url=local.url)
    place = RunningLocalAws(local.url, local.region, local.clock.now)
    session = session_of(account, place, ADMINISTRATOR)
    return _EXAMPLE_USERS.filled(
        set=_SET,
        administrator=ADMINISTRATOR,
        key=session.access_key_id,
        secret=session.secret_access_key,
        token=session.session_token,
        machine=MACHINE,
        url=local.url,
    )
