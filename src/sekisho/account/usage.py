"""The logged use of an account's users: keys, services, dates, with MFA or without.

`sekisho.replay` makes a `Usage` from CloudTrail's logs; plans, audits and the workbench use it in
place of IAM's own "last used". It contains no secret; but it has ids of access keys and addresses,
so that its file is its owner's alone (0600).

A key that is not in it need not be unused: a trail of management events has no reads of S3 objects,
and the files of another region may be missing. So it never shows that a key is idle.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from dataclasses import replace as replaced
from datetime import datetime, timedelta
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from sekisho.account.model import AccessKey, Snapshot, User
from sekisho.documents import decoded_json, text_of_file, write_private
from sekisho.errors import Code, Fault, FaultyInput, quoted
from sekisho.lazy import dataclass
from sekisho.messages import Message

if TYPE_CHECKING:
    from sekisho.documents.records import Records

USAGE_SCHEMA = "sekisho.usage/1"
"""The name and version of the form."""


@dataclass(frozen=True, slots=True)
class KeyUse:
    """The logged use of one access key of a user, or of all sessions of a user.

    Calls that services made on the user's behalf are in none of the counts.

    Attributes:
        key_id: `AKIA…`; of sessions the first four characters of their keys' ids, like `ASIA`.
        calls: how many, failed ones included.
        without_mfa: how many of them were neither in a session with MFA nor with a code.
        failed: how many of them failed.
        first, last: when the first and the last of them was, in UTC.
        services: how many for each service, by its prefix in the event source, like `s3`.
        addresses, agents, regions: where from, by which program and where, the most frequent
            (`MOST`) of them; how many there are is in `addresses_count` and `agents_count`.
        hours: how many in an hour of the week: "0" is Monday, 00:00 to 01:00 UTC.
        days: how many of those without MFA were on a day in UTC, like `2026-08-01`.
    """

    key_id: str
    calls: int
    without_mfa: int
    failed: int
    first: datetime
    last: datetime
    services: Mapping[str, int] = field(default_factory=dict)
    addresses: Mapping[str, int] = field(default_factory=dict)
    addresses_count: int = 0
    agents: Mapping[str, int] = field(default_factory=dict)
    agents_count: int = 0
    regions: Mapping[str, int] = field(default_factory=dict)
    hours: Mapping[str, int] = field(default_factory=dict)
    days: Mapping[str, int] = field(default_factory=dict)

    @property
    def long_term(self) -> bool:
        """Whether it is an access key rather than a session."""
        return self.key_id.startswith("AKIA")


_RECORDED_WITHIN = timedelta(minutes=15)
"""The greatest delay of IAM's record of a call (`AccessKey.last_used`)."""

MOST = 50
"""The most addresses, programs and regions of a key that are listed, by calls."""


@dataclass(frozen=True, slots=True)
class UserUse:
    """The logged use of a user.

    Attributes:
        arn: the user's, with its path; root's for root.
        keys: by key id; sessions among them.
        sign_ins_with_mfa, sign_ins_without_mfa, sign_ins_unknown, sign_ins_failed: to the console;
            `unknown`: the record does not say whether there was MFA.
        last_sign_in: when the last one that did not fail was.
        aws_login: calls of sessions of `aws login`, and sign-ins to it.
        aws_login_without_mfa: how many of these were without MFA.
        forwarded: calls that services made on the user's behalf.
    """

    arn: str
    keys: tuple[KeyUse, ...] = ()
    sign_ins_with_mfa: int = 0
    sign_ins_without_mfa: int = 0
    sign_ins_unknown: int = 0
    sign_ins_failed: int = 0
    last_sign_in: datetime | None = None
    aws_login: int = 0
    aws_login_without_mfa: int = 0
    forwarded: int = 0

    @property
    def name(self) -> str:
        """The user's name; `root` for root."""
        return self.arn.rsplit(":", 1)[-1].rsplit("/", 1)[-1]

    @property
    def calls(self) -> int:
        """The number of calls."""
        return sum(key.calls for key in self.keys)

    @property
    def without_mfa(self) -> int:
        """The number of calls without MFA."""
        return sum(key.without_mfa for key in self.keys)

    @property
    def uses_mfa(self) -> bool:
        """Whether a sign-in or a call was with MFA."""
        return bool(self.sign_ins_with_mfa) or any(key.calls > key.without_mfa for key in self.keys)

    @property
    def in_logs(self) -> bool:
        """Whether there is a call or a sign-in, failed ones included."""
        return bool(self.calls or self.sign_ins or self.sign_ins_failed)

    @property
    def sign_ins(self) -> int:
        """The number of successful sign-ins to the console."""
        return self.sign_ins_with_mfa + self.sign_ins_without_mfa + self.sign_ins_unknown

    def key(self, key_id: str) -> KeyUse | None:
        """Return the use of a key; None if these logs have no call of it."""
        return next((key for key in self.keys if key.key_id == key_id), None)


@dataclass(frozen=True, slots=True)
class LogsRead:
    """The logs that were read.

    Attributes:
        first, last: the times of the first and the last event; None if there was none.
        files, events: how many were read.
        faults: how many things in them could not be read.
        digest: SHA-256 of the usage that they came to.
    """

    first: datetime | None
    last: datetime | None
    files: int
    events: int
    faults: int
    digest: str

    @property
    def text(self) -> Message:
        """The description of the logs in a sentence."""
        known = {
            "files": f"{self.files:,}",
            "digest": self.digest[:12],
            "faults": _FAULTS.filled(count=self.faults) if self.faults else "",
        }
        if self.first is None or self.last is None:
            return _NO_EVENTS.filled(**known)
        first, last = (f"{time:%Y-%m-%d %H:%M} UTC" for time in (self.first, self.last))
        return _LOGS.filled(first=first, last=last, events=f"{self.events:,}", **known)


_LOGS = Message(
    "By logs of {first} to {last}: events: {events}, files: {files}, usage {digest}{faults}."
)
_NO_EVENTS = Message("By logs without an event: files: {files}, usage {digest}{faults}.")
_FAULTS = Message("; {count} {count:place|places} could not be read")


@dataclass(frozen=True)
class Usage:
    """The logged use of users, and the logs that it was read from.

    Attributes:
        since, until: between which times events count; None: no limit was asked for.
        first, last: the times of the first and the last event; None if there was none.
        files, events: how many were read.
        faults: how many things could not be read: what they hold is in no count.
        users: by their ARN; of every account that the logs are of.
    """

    since: datetime | None
    until: datetime | None
    first: datetime | None
    last: datetime | None
    files: int
    events: int
    faults: int = 0
    users: tuple[UserUse, ...] = ()

    @cached_property
    def _by_arn(self) -> Mapping[str, UserUse]:
        return {user.arn: user for user in self.users}

    def user_use(self, arn: str) -> UserUse:
        """Return the use of a user; an empty one if these logs do not have the user."""
        return self._by_arn.get(arn) or UserUse(arn)

    @property
    def accounts(self) -> frozenset[str]:
        """The accounts of the users."""
        return frozenset(user.arn.split(":")[4] for user in self.users)

    @property
    def logs(self) -> LogsRead:
        """The logs that were read."""
        return LogsRead(self.first, self.last, self.files, self.events, self.faults, self.digest)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the whole content."""
        return hashlib.sha256(dump_usage(self).encode()).hexdigest()


def with_logged_use(snapshot: Snapshot, usage: Usage | None) -> Snapshot:
    """Return an account with the last use of access keys by the logs, where that is later."""
    if usage is None:
        return snapshot
    users = (_with_logged_use(user, usage.user_use(user.arn)) for user in snapshot.users)
    return replaced(snapshot, users=tuple(users))


def _with_logged_use(user: User, logged: UserUse) -> User:
    def with_use(key: AccessKey) -> AccessKey:
        use = logged.key(key.id)
        recorded = key.last_used
        if use is None or (recorded is not None and use.last - recorded <= _RECORDED_WITHIN):
            return key
        # the counts do not show which of several services was called last
        service = "".join(use.services) if len(use.services) == 1 else ""
        return replaced(key, last_used=use.last, last_service=service)

    return replaced(user, keys=tuple(map(with_use, user.keys))) if logged.keys else user


def most_frequent(counts: Mapping[str, int]) -> dict[str, int]:
    """Return the most frequent entries with their counts, the most frequent first."""
    ordered = sorted(Counter(counts).items(), key=lambda each: (-each[1], each[0]))
    return dict(ordered[:MOST])


def dump_usage(usage: Usage) -> str:
    """Return usage as JSON text; equal ones give equal texts."""
    value = {"schema": USAGE_SCHEMA, **_usages().written(usage)}
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


def use_to_json(use: UserUse) -> dict[str, object]:
    """Return the use of a user in the form of a usage file."""
    written: dict[str, object] = _usages().written(use)
    return written


def save_usage(usage: Usage, path: str | Path, *, replace: bool = False) -> None:
    """Save usage to a file with mode 0600, whole or not at all.

    Raises:
        SekishoError: `output.unwritable`, if there is such a file already (unless `replace`) or
            it cannot be written.
    """
    write_private(path, dump_usage(usage), replace=replace)


def load_usage(path: str | Path) -> Usage:
    """Load usage from a file.

    Raises:
        FaultyInput: with every fault, each with its path.
    """
    return read_usage(decoded_json(text_of_file(path, FaultyInput), str(path)), str(path))


def is_usage(value: object) -> bool:
    """Return whether decoded JSON is marked as usage, of any version."""
    schema = value.get("schema") if isinstance(value, dict) else None
    return isinstance(schema, str) and schema.startswith("sekisho.usage/")


def read_usage(value: object, source: str) -> Usage:
    """Return the usage in decoded JSON; `source` is its name in errors.

    Raises:
        FaultyInput: with every fault, each with its path.
    """
    if not isinstance(value, dict) or value.get("schema") != USAGE_SCHEMA:
        message = Message("is not a usage file: `schema` must be `{schema}`").filled(
            schema=USAGE_SCHEMA
        )
        fix = Message("`sekisho logs usage LOGS --out FILE` writes one")
        raise FaultyInput(source, [Fault(Code.FILE_BAD_SHAPE, message, "schema", fix=fix)])
    from sekisho.documents.records import FaultyRecord  # noqa: PLC0415 - slow to load

    body = {key: item for key, item in value.items() if key != "schema"}
    try:
        usage = _usages().read(body, Usage)
    except FaultyRecord as error:
        faults = error.faults
    else:
        faults = [*_contradictions(usage)]
        if not faults:
            return usage
    raise FaultyInput(source, faults)


def _contradictions(usage: Usage) -> Iterator[Fault]:
    """Yield contradictions: a repeated user, a part above the whole, an end before the start."""
    yield from _double((user.arn for user in usage.users), "users", "arn")
    for at, user in enumerate(usage.users):
        path = f"users[{at}]"
        if not _is_arn(user.arn):
            yield _wrong(Message("is not the ARN of a user or of root"), f"{path}.arn")
        yield from _double((key.key_id for key in user.keys), f"{path}.keys", "keyId")
        for place, key in enumerate(user.keys):
            yield from _key_faults(key, f"{path}.keys[{place}]")


def _key_faults(key: KeyUse, path: str) -> Iterator[Fault]:
    for name, part in (("withoutMfa", key.without_mfa), ("failed", key.failed)):
        if not 0 <= part <= key.calls:
            most = Message("must be from {least} to {most}")
            yield _wrong(most.filled(least=0, most=key.calls), f"{path}.{name}")
    if key.first > key.last:
        yield _wrong(Message("is after `last`"), f"{path}.first")


def _is_arn(text: str) -> bool:
    parts = text.split(":", 5)
    return len(parts) == _ARN and (parts[5] == "root" or parts[5].startswith("user/"))


_ARN = 6


def _double(names: Iterable[str], section: str, member: str) -> Iterator[Fault]:
    seen: set[str] = set()
    for at, name in enumerate(names):
        if name in seen:
            message = Message("{name} appears twice").filled(name=quoted(name))
            yield _wrong(message, f"{section}[{at}].{member}")
        seen.add(name)


def _wrong(message: Message, path: str) -> Fault:
    return Fault(Code.FILE_BAD_SHAPE, message, path)


@cache
def _usages() -> "Records":
    from sekisho.documents.records import Records  # noqa: PLC0415 - as above

    return Records(Code.FILE_BAD_SHAPE)
