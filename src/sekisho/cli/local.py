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
from sekisho.language import Language, Text

if TYPE_CHECKING:
    from sekisho.endpoint import LocalAws

__all__ = ["command"]

_NAP_SECONDS = 3600

_WELCOME = Text(
    """\
A local AWS is running: {url}
Account {account} ({source}). No real account is touched; all state is gone when this ends.

Point the AWS CLI or an SDK at it (in another terminal):
  {set} AWS_ENDPOINT_URL={url}
  {set} AWS_DEFAULT_REGION={region}
  {set} AWS_ACCESS_KEY_ID={key}
  {set} AWS_SECRET_ACCESS_KEY={secret}
  aws sts get-caller-identity

Keys, passwords and MFA seeds are in {file}.
Console sign-in, as JSON over HTTP: {console}
  POST {console}/sign-in  {{"account": "{account}", "user": "...", "password": "..."}}

Ctrl-C ends it.""",
    """\
ローカル AWS を起動しました: {url}
アカウント {account}({source})。実際のアカウントには一切触れません。終了すると状態はすべて消えます。

AWS CLI や SDK の接続先をここに向けるには(別のターミナルで):
  {set} AWS_ENDPOINT_URL={url}
  {set} AWS_DEFAULT_REGION={region}
  {set} AWS_ACCESS_KEY_ID={key}
  {set} AWS_SECRET_ACCESS_KEY={secret}
  aws sts get-caller-identity

キー、パスワード、MFA のシードは {file} にあります。
コンソールへのサインイン(HTTP 上の JSON): {console}
  POST {console}/sign-in  {{"account": "{account}", "user": "...", "password": "..."}}

終了するには Ctrl-C を押します。""",
)
_EXAMPLE_COMPANY = Text("the example company", "例の会社")
_NOBODY = Text(
    "Note: the account file holds no key and no password, so nobody can sign in yet; "
    "add `credentials` to it.",
    "注意: アカウントファイルにキーもパスワードもないため、まだ誰もサインインできません。"
    "`credentials` を追加してください。",
)
_ENDED = Text("The local AWS has ended.", "ローカル AWS を終了しました。")


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
    from sekisho.endpoint import LocalAws  # noqa: PLC0415 - as above

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


def _welcome(account: AccountFile, local: "LocalAws", path: Path | None) -> Text:
    """Return how to point clients at the running endpoint."""
    key, secret = ("...", "...") if path is not None else _example_key(account)
    values = {
        "url": local.url,
        "console": local.console_url,
        "account": account.account,
        "file": path if path is not None else _example(),
        "region": local.region,
        "key": key,
        "secret": secret,
        "set": "set" if os.name == "nt" else "export",
    }
    source = Text(str(path), str(path)) if path is not None else _EXAMPLE_COMPANY
    return Text(
        _WELCOME.en.format(source=source.en, **values),
        _WELCOME.ja.format(source=source.ja, **values),
    )


def _example() -> Path:
    return Path(str(files("sekisho.story").joinpath("data", "company.json")))


def _example_key(account: AccountFile) -> tuple[str, str]:
    """Return a key of the example company: no secret, it is printed in the package's own file."""
    for held in account.credentials.values():
        for key in held.keys:
            if key.active:
                return key.id, key.secret
    return "...", "..."
