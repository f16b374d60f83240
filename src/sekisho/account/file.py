"""Loading an account file: sekisho's own form, or AWS's bare export.

`sekisho.account/1` is the answer of `GetAccountAuthorizationDetails` under
`authorizationDetails`, with what that answer lacks beside it: alias, password policy, passwords,
devices, access keys. A bare export loads too; nobody in it holds any credential.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from sekisho.account.details import SECTIONS, read_details
from sekisho.account.entries import AccountFile
from sekisho.account.held import read_device, read_password_policy, read_user_credentials
from sekisho.account.references import reference_faults
from sekisho.account.text import decoded, text_of_file
from sekisho.documents.shape import Shape
from sekisho.errors import Code, Fault, FaultyAccount, quoted
from sekisho.messages import Message

__all__ = ["SCHEMA", "load_account", "read_account"]

SCHEMA = "sekisho.account/1"
"""The name of the form; another number means another form."""

_ACCOUNT = re.compile(r"[0-9]{12}")
_PARTITION = re.compile(r"aws(-[a-z0-9-]+)?")
_ALIAS = re.compile(r"[a-z0-9](?:[a-z0-9]|-(?!-)){1,61}[a-z0-9]")
_ARN = re.compile(r"arn:(?P<partition>[^:]+):iam::(?P<account>[0-9]{12}):.+")
_LONGEST_FILE_NAME = 4096


def load_account(source: str | Path) -> AccountFile:
    """Load an account from a file, or from its text.

    Args:
        source: a path; or JSON text, told by its beginning with `{` or by not being one line.

    Raises:
        FaultyAccount: with every fault, each with its path; no message holds a secret.
    """
    name, text = _text_of(source)
    account = read_account(decoded(text, name), name)
    if account.unread:
        raise FaultyAccount(name, [fault for found in account.unread.values() for fault in found])
    return account


def read_account(value: object, source: str) -> AccountFile:
    """Return the account that decoded JSON holds; `source` is what errors call it.

    Raises:
        FaultyAccount: as `load_account`, but for documents of a bare export that cannot be read.
    """
    faults: list[Fault] = []
    account = _read(Shape(value, "", faults))
    if faults:
        raise FaultyAccount(source, faults)
    return account


def _text_of(source: str | Path) -> tuple[str, str]:
    if isinstance(source, str) and _is_text(source):
        return "account", source
    return str(source), text_of_file(source)


def _is_text(source: str) -> bool:
    return (
        source.lstrip("\ufeff \t\r\n").startswith(("{", "[", '"'))
        or "\n" in source
        or not 0 < len(source) <= _LONGEST_FILE_NAME
    )


def _read(shape: Shape) -> AccountFile:
    raw = shape.raw
    if isinstance(raw, dict) and "schema" not in raw and any(name in raw for name in SECTIONS):
        return _bare_export(shape)
    got = shape.members(
        ("schema", "account", "partition", "authorizationDetails"),
        ("about", "alias", "passwordPolicy", "credentials"),
    )
    if not got["schema"].absent and got["schema"].text() != SCHEMA:
        got["schema"].fault(
            Message("must be `{schema}`").filled(schema=SCHEMA),
            fix=Message("this sekisho reads no other form"),
        )
    account = _matching(got["account"], _ACCOUNT, Message("an account id of twelve digits"))
    partition = _matching(got["partition"], _PARTITION, Message("a partition, like `aws`"))
    held = got["credentials"].members((), ("users", "orphanDevices"))
    found = replace(
        _with_details(got["authorizationDetails"], partition, account),
        alias=_matching(got["alias"], _ALIAS, Message("an account alias")) or None,
        password_policy=read_password_policy(got["passwordPolicy"]),
        credentials={name: read_user_credentials(entry) for name, entry in held["users"].entries()},
        orphans=tuple(read_device(item, enabled=False) for item in held["orphanDevices"].items()),
    )
    shape.faults.extend(reference_faults(found, "authorizationDetails"))
    return found


def _bare_export(shape: Shape) -> AccountFile:
    """Read AWS's answer as it is; the first ARN that names an account tells whose it is.

    What AWS may add to it one day is passed over.
    """
    home = next(_homes(shape.raw), None)
    if home is None:
        shape.fault(
            Message("no ARN in the export tells whose account it is"), Code.ACCOUNT_BAD_REFERENCE
        )
        return AccountFile("", "")
    found = replace(_with_details(replace(shape, open=True), *home), bare=True)
    shape.faults.extend(reference_faults(found, ""))
    return found


def _homes(raw: object) -> Iterator[tuple[str, str]]:
    """Return partition and account of each entry's ARN."""
    sections = raw.values() if isinstance(raw, dict) else ()
    for section in sections:
        for entry in section if isinstance(section, list) else ():
            arn = entry.get("Arn") if isinstance(entry, dict) else None
            if isinstance(arn, str) and (match := _ARN.fullmatch(arn)):
                yield match["partition"], match["account"]


def _with_details(shape: Shape, partition: str, account: str) -> AccountFile:
    details = read_details(shape, partition, account)
    return AccountFile(
        account=account,
        partition=partition,
        users=details.users,
        groups=details.groups,
        roles=details.roles,
        policies=details.policies,
        unread=details.unread,
    )


def _matching(shape: Shape, form: re.Pattern[str], what: Message) -> str:
    text = shape.text()
    if not shape.absent and not form.fullmatch(text):
        shape.fault(Message("{text} is not {what}").filled(text=quoted(text), what=what))
    return text
