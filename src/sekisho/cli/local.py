"""`sekisho local`: run the local AWS alone."""

import os
import time
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sekisho.account import AccountFile, load_account
from sekisho.cli.exits import Exit
from sekisho.cli.options import lang_option
from sekisho.errors import InternalError
from sekisho.messages import Language, Message, verbatim

if TYPE_CHECKING:
    from sekisho.account.aws import Keys
    from sekisho.localaws import LocalAws

__all__ = ["command"]

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
_CAST = Message("""\
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


@click.command()
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

    account = load_account(path if path is not None else _example())
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
    """Return how to point clients at the running endpoint."""
    set_ = "set" if os.name == "nt" else "export"
    people = _OWN_KEYS.filled(set=set_) if path is not None else _cast(account, local, set_)
    source = verbatim(str(path)) if path is not None else _EXAMPLE_COMPANY
    values = {
        "url": local.url,
        "console": local.console_url,
        "account": account.account,
        "file": path if path is not None else _example(),
        "region": local.region,
        "set": set_,
    }
    return Message.both(
        _WELCOME.en.format(source=source.en, people=people.en, **values),
        _WELCOME.ja.format(source=source.ja, people=people.ja, **values),
    )


def _example() -> Path:
    return Path(str(files("sekisho.tour").joinpath("data", "company.json")))


def _cast(account: AccountFile, local: "LocalAws", set_: str) -> Message:
    """Return how to be somebody of the example company, whose secrets are all in its file."""
    # the story is heavy: not before it is needed
    from sekisho.tour.cast import ADMINISTRATOR, MACHINE  # noqa: PLC0415 - as above

    session = _signed_in(account, local, ADMINISTRATOR)
    key = account.credentials[MACHINE].keys[0]
    return _CAST.filled(
        set=set_,
        administrator=ADMINISTRATOR,
        admin_key=session.access_key_id,
        admin_secret=session.secret_access_key,
        admin_token=session.session_token,
        machine=MACHINE,
        key=key.id,
        secret=key.secret,
    )


def _signed_in(account: AccountFile, local: "LocalAws", user: str) -> "Keys":
    """Return the session of a user who signs in at the console by password and MFA code."""
    from sekisho.signin import totp  # noqa: PLC0415 - as above
    from sekisho.tour.console import Console  # noqa: PLC0415 - as above

    held, console = account.credentials[user], Console(local.url, account.account)
    page = console.sign_in(user, held.password or "")
    code = totp.code_at(held.devices[0].seed, totp.step_of(local.clock.now()))
    keys = console.mfa(page.ticket, code).keys
    if keys is None:
        raise InternalError(f"`{user}` of the example company cannot sign in")
    return keys
