"""What logs say of users, for commands that go by it: of a usage file, or of logs themselves."""

import json
import shlex
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click

from sekisho.account import Snapshot, Usage, is_usage, load_usage, with_logged_use
from sekisho.cli.features import of_feature
from sekisho.errors import UsageError
from sekisho.messages import Language, Message

_ALONE = Message("`{path}` is a usage file and goes with no other file or folder")
_OTHER_ACCOUNT = Message(
    "these logs have no user of the account `{account}`; they are of: {accounts}"
)
_IN_S3 = Message("`--logs` reads files and folders, and not S3: `{path}`")
_S3_FIRST = Message("first `sekisho logs usage {path} --out usage.json`, then `--logs usage.json`")
_MOST = 1_000
"""So far into a file is looked for its schema: a log may be of many megabytes."""


def logs_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--logs PATH`, which can be given several times: `logs`."""
    return click.option(
        "--logs",
        metavar="PATH",
        multiple=True,
        help="CloudTrail logs, or a usage file of `logs usage`: who uses which key for what.",
    )(function)


def usage_from(paths: tuple[str, ...], lang: Language) -> Usage | None:
    """Return the use of keys and MFA that files record; None without files.

    Args:
        paths: one usage file, or files and folders of logs.
        lang: of the progress.

    Raises:
        FaultyInput: if a usage file has faults, or there is no such file.
        MissingExtra: if logs are to be read, and the packages that read them are not there.
        UsageError: if a usage file has something beside it, or logs are in S3.
    """
    usage = usage_in(paths)
    if usage is not None or not paths:
        return usage
    usage_of_logs: Usage = of_feature("replay.commands.sources", "usage_in_logs")(paths, lang)
    return usage_of_logs


def usage_in(paths: tuple[str, ...]) -> Usage | None:
    """Return the content of a usage file; None without files, and for files that are logs.

    Raises:
        FaultyInput: if a usage file has faults.
        UsageError: if a usage file has something beside it, or logs are in S3.
    """
    for path in paths:
        if path.startswith("s3://"):
            fix = _S3_FIRST.filled(path=shlex.quote(path))
            raise UsageError(_IN_S3.filled(path=path), fix=fix)
    usages = [path for path in paths if _is_usage_file(Path(path))]
    if not usages:
        return None
    if len(paths) > 1:
        fix = Message("make one of all logs: `sekisho logs usage LOGS --out FILE`")
        raise UsageError(_ALONE.filled(path=usages[0]), fix=fix)
    return load_usage(usages[0])


def account_with_logs(snapshot: Snapshot, usage: Usage | None) -> Snapshot:
    """Return an account whose keys were last used when logs say so, where that is later.

    Raises:
        UsageError: as `check_usage`.
    """
    check_usage(usage, snapshot)
    return snapshot if usage is None else with_logged_use(snapshot, usage)


def check_usage(usage: Usage | None, snapshot: Snapshot) -> None:
    """Refuse usage that has users, and none of them is of the account.

    Raises:
        UsageError: as said.
    """
    if usage is not None and usage.accounts and snapshot.account not in usage.accounts:
        accounts: Iterable[str] = sorted(usage.accounts)
        raise UsageError(
            _OTHER_ACCOUNT.filled(account=snapshot.account, accounts=", ".join(accounts))
        )


def _is_usage_file(path: Path) -> bool:
    if path.suffix != ".json" or not path.is_file():
        return False
    try:
        with path.open(encoding="utf-8") as file:
            start = file.read(_MOST)
    except (OSError, UnicodeDecodeError):
        return False
    first = start.lstrip()[:1] == "{" and '"schema"' in start and "sekisho." in start
    return first and is_usage({"schema": _schema_of(start)})


def _schema_of(start: str) -> str:
    """Return the value of the first `schema` of a text; "" if it is no text."""
    after = start.partition('"schema"')[2].lstrip().removeprefix(":").lstrip()
    try:
        value, _ = json.JSONDecoder().raw_decode(after)
    except ValueError:
        return ""
    return value if isinstance(value, str) else ""
