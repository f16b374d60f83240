"""`sekisho local`: run the local AWS alone."""

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sekisho.account import AccountFile, load_account
from sekisho.cli.exits import Exit
from sekisho.cli.help import SpokenCommand
from sekisho.cli.options import lang_option
from sekisho.errors import InternalError
from sekisho.messages import Language, Message, verbatim
from sekisho.signin import code_at, step_of
from sekisho.tour import ADMINISTRATOR, COMPANY_FILE, MACHINE

if TYPE_CHECKING:
    from sekisho.account.aws import Keys
    from sekisho.localaws import LocalAws

_NAP_SECONDS = 3600

_WELCOME = Message("""\
A local AWS is running: {url}
Account {account} ({source}). No real account is touched; all state is gone when this ends.

Point the AWS CLI, an SDK or sekisho at it (in another terminal):
  {set} AWS_ENDPOINT_URL={url}
  {set} AWS_DEFAULT_REGION={region}

{people}

Keys, passwords and MFA seeds are in {file}.
The console's sign-in has no page to open in a browser; programs sign in by JSON over HTTP:
  POST {console}/sign-in  {{"account": "{account}", "user": "...", "password": "..."}}

Ctrl-C ends it.""")
_EXAMPLE_USERS = Message("""\
As the administrator {administrator}, who has signed in with MFA:
  {set} AWS_ACCESS_KEY_ID={admin_key}
  {set} AWS_SECRET_ACCESS_KEY={admin_secret}
  {set} AWS_SESSION_TOKEN={admin_token}
  sekisho collect --out account.json

As the machine {machine}, whose key may deploy a web site and read nothing of IAM:
  {set} AWS_ACCESS_KEY_ID={key}
  {set} AWS_SECRET_ACCESS_KEY={secret}
  {set} AWS_SESSION_TOKEN=
  aws sts get-caller-identity""")
_OWN_KEYS = Message("""\
With a key of the file, or as an administrator with what the console sign-in answers:
  {set} AWS_ACCESS_KEY_ID=...
  {set} AWS_SECRET_ACCESS_KEY=...
  {set} AWS_SESSION_TOKEN=...
  aws sts get-caller-identity""")
_EXAMPLE_COMPANY = Message("the example company")
_NOBODY = Message(
    "Note: the account file holds no key and no password, so nobody can sign in yet; "
    "add `credentials` to it."
)
_ENDED = Message("The local AWS has ended.")


@click.command(cls=SpokenCommand)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port; a free one if 0.")
@click.option(
    "--account",
    "path",
    type=click.Path(path_type=Path),
    default=None,
    help="Account file, or an `aws iam get-account-authorization-details` export; "
    "the example company if not given.",
)
@lang_option
def command(port: int, path: Path | None, lang: Language) -> int:
    """Run the local AWS alone, until Ctrl-C."""
    # moto is heavy: not before it is needed
    from sekisho.localaws import LocalAws  # noqa: PLC0415 - as above

    account = load_account(path or COMPANY_FILE)
    with LocalAws(account, port=port) as local:
        # Ctrl-C may come at once, while the welcome is still being written
        try:
            click.echo(_welcome(account, local, path).into(lang))
            if not account.credentials:
                click.echo(_NOBODY.into(lang), err=True)
            while True:
                time.sleep(_NAP_SECONDS)
        except KeyboardInterrupt:
            click.echo(_ENDED.into(lang), err=True)
    return Exit.CLEAN


def _welcome(account: AccountFile, local: "LocalAws", path: Path | None) -> Message:
    """Return how to point clients at the running local AWS."""
    set_ = "set" if os.name == "nt" else "export"
    if path is None:
        people, source = _example_users(account, local, set_), _EXAMPLE_COMPANY
    else:
        people, source = _OWN_KEYS.filled(set=set_), verbatim(str(path))
    return _WELCOME.filled(
        url=local.url,
        console=local.console_url,
        account=account.account,
        source=source,
        people=people,
        file=path or COMPANY_FILE,
        region=local.region,
        set=set_,
    )


def _example_users(account: AccountFile, local: "LocalAws", set_: str) -> Message:
    """Return how to be somebody of the example company, whose secrets are all in its file."""
    session = _signed_in(account, local, ADMINISTRATOR)
    key = account.credentials[MACHINE].keys[0]
    return _EXAMPLE_USERS.filled(
        set=set_,
        administrator=ADMINISTRATOR,
        admin_key=session.access_key_id,
        admin_secret=session.secret_access_key,
        admin_token=session.session_token,
        machine=MACHINE,
        key=key.id,
        secret=account.secret_keys[key.id],
    )


def _signed_in(account: AccountFile, local: "LocalAws", user: str) -> "Keys":
    """Return the session of a user who signs in at the console by password and MFA code."""
    # the rehearsal is heavy: not before it is needed
    from sekisho.tour.rehearsal import ConsoleClient  # noqa: PLC0415 - as above

    credentials, console = account.credentials[user], ConsoleClient(local.url, account.account)
    page = console.sign_in(user, credentials.password or "")
    seed = account.seeds[credentials.devices[0].serial]
    code = code_at(seed, step_of(local.clock.now()))
    keys = console.mfa(page.ticket, code).keys
    if keys is None:
        raise InternalError(f"`{user}` of the example company cannot sign in")
    return keys
