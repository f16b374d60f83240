"""Log files in S3: found by account and region, and only of the requested days.

`s3://bucket/prefix` may end anywhere in CloudTrail's layout. Below `AWSLogs/` accounts and regions
are discovered with the delimiter `/`; then one listing for each account and region begins at the
first day and ends after the last, so that calls grow with the requested objects and not with the
bucket. Without an `AWSLogs/`, every object under the prefix with a log's name is read; others are
not opened, but counted.

A place that may not be listed counts as a file that cannot be read: it is reported, and the rest is
read. So is each folder beside `AWSLogs/`: another trail may deliver there.

Source: AWS CloudTrail User Guide, "CloudTrail log file examples"; S3 API, `ListObjectsV2`.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import field
from datetime import UTC, datetime
from functools import partial
from typing import Any, Protocol
from urllib.parse import urlsplit

from sekisho.errors import AwsRefused, Code, SekishoError, quoted
from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.replay.reading.files import (
    LATE,
    DigestFile,
    FoundFiles,
    LogFile,
    SkippedKind,
    TrailPath,
    holds_calls,
    is_digest,
    is_empty_mark,
    is_log,
    is_packed,
    skipped_for,
)
from sekisho.replay.window import ALL_TIME, Window

_THREADS = 16
_EVERY: Collection[str] = ()
_ACCOUNTS = re.compile(r"(?:^|/)AWSLogs/(?:o-[a-z0-9]+/)?$")
_ACCOUNT = re.compile(r"(?:^|/)AWSLogs/(?:o-[a-z0-9]+/)?\d{12}/$")
_REGIONS = re.compile(r"(?:^|/)AWSLogs/(?:o-[a-z0-9]+/)?\d{12}/CloudTrail(?:-\w+)?/$")
_REGION = re.compile(r"(?:^|/)AWSLogs/(?:o-[a-z0-9]+/)?\d{12}/CloudTrail(?:-\w+)?/[a-z0-9-]+/$")
_ACCOUNT_NAME = re.compile(r"\d{12}$")
_ORGANISATION_NAME = re.compile(r"o-[a-z0-9]+$")
_BESIDE = SekishoError(
    Message("is next to `AWSLogs/` and was not listed: give both addresses"),
    code=Code.FILE_UNREADABLE,
)


class ObjectApi(Protocol):
    """The interface to S3, which `account.aws.Boto3Api` implements."""

    def pages(self, service: str, operation: str, key: str, /, **params: object) -> Iterator[Any]:
        """Yield the items under `key` of every page of a listing."""
        ...

    def content(self, bucket: str, key: str) -> bytes:
        """Return the content of an object."""
        ...

    def stored(self, bucket: str, key: str) -> tuple[bytes, Mapping[str, str]]:
        """Return the content and the metadata of an object."""
        ...


@dataclass(frozen=True, slots=True)
class TrailScope:
    """The accounts and regions of the logs; empty: all of them."""

    accounts: Collection[str] = _EVERY
    regions: Collection[str] = _EVERY


_WHOLE = TrailScope()


def s3_logs(
    api: ObjectApi, address: str, window: Window = ALL_TIME, scope: TrailScope = _WHOLE
) -> FoundFiles:
    """Return the log files at an address of S3, in order of their names.

    Args:
        api: calls S3, with the credentials of whoever asks; used by several threads.
        address: `s3://bucket`, or with a prefix or the key of one object.
        window: the events that count; days that cannot hold one are not listed.
        scope: accounts and regions, as the paths say.

    Raises:
        AwsRefused: if the bucket cannot be listed at all.
        SekishoError: `usage` for an address of another form.
    """
    bucket, prefix = _place(address)
    found = _Bucket(api, bucket, window, scope)
    return found.files_at(prefix)


def _place(address: str) -> tuple[str, str]:
    """Return bucket and prefix; a prefix ends with `/` unless it is the key of a log."""
    parts = urlsplit(address)
    if parts.scheme != "s3" or not parts.netloc or parts.query or parts.fragment:
        raise SekishoError(
            Message("{address} is not an address of logs in S3").filled(address=quoted(address)),
            code=Code.USAGE,
            fix=Message("it is like `s3://bucket` or `s3://bucket/prefix`"),
        )
    prefix = parts.path.removeprefix("/")
    whole = not prefix or prefix.endswith("/") or is_log(prefix) or is_packed(prefix)
    return parts.netloc, prefix if whole else f"{prefix}/"


@dataclass(slots=True)
class _Bucket:
    """One bucket's listings."""

    api: ObjectApi
    bucket: str
    window: Window
    scope: TrailScope
    digests: bool = False
    skipped: Counter[SkippedKind] = field(default_factory=Counter)
    other_folders: list[LogFile] = field(default_factory=list)

    def files_at(self, prefix: str) -> FoundFiles:
        found: dict[str, LogFile] = {}
        with ThreadPoolExecutor(_THREADS, thread_name_prefix="sekisho-replay-list") as pool:
            places = [prefix]
            while places:
                below: list[str] = []
                for deeper, files in pool.map(partial(self._step, prefix), places):
                    below += deeper
                    found |= {file.name: file for file in files}
                places = below
        if not self.digests:
            found |= {file.name: file for file in self.other_folders}
        in_order = tuple(found[name] for name in sorted(found))
        return FoundFiles(in_order, dict(self.skipped))

    def _step(self, start: str, place: str) -> tuple[list[str], list[LogFile]]:
        """Return the places below one, or else its files."""
        try:
            if (deeper := self._below(place)) is not None:
                return deeper, []
            return [], list(self._listed(place))
        except AwsRefused as refused:
            if place == start:
                raise
            return [], [self._unlisted(place, refused)]

    def _below(self, place: str) -> list[str] | None:
        """Return the places below one that may have logs; None if it is to be listed itself."""
        if _REGION.search(place) or is_log(place) or is_packed(place):
            return None
        if self.digests and _ACCOUNT.search(place):
            return [f"{place}CloudTrail-Digest/"]
        if TrailPath.of(f"{place}x").day is not None or self._inside_a_region(place):
            return None
        names = [name.removeprefix(place).rstrip("/") for name in self._folders(place)]
        if _ACCOUNTS.search(place):
            names = [name for name in names if self._wanted_account(name)]
        elif _ACCOUNT.search(place):
            # digests, insights, and logs of other services are beside the calls
            names = [name for name in names if holds_calls(name)]
        elif _REGIONS.search(place):
            names = [name for name in names if self._in(name, self.scope.regions)]
        elif "AWSLogs" in names:
            others = [f"{place}{name}/" for name in names if name != "AWSLogs"]
            self.other_folders += [self._unlisted(other, _BESIDE) for other in others]
            names = ["AWSLogs"]
        else:
            return None
        return [f"{place}{name}/" for name in names]

    def _inside_a_region(self, place: str) -> bool:
        parts = place.split("/")
        return any(_REGION.search("/".join(parts[:end]) + "/") for end in range(len(parts) - 1))

    def _wanted_account(self, name: str) -> bool:
        if _ACCOUNT_NAME.match(name):
            return self._in(name, self.scope.accounts)
        return bool(_ORGANISATION_NAME.match(name))

    @staticmethod
    def _in(name: str, asked: Collection[str]) -> bool:
        return not asked or name in asked

    def _folders(self, place: str) -> list[str]:
        named = self.api.pages(
            *("s3", "ListObjectsV2", "CommonPrefixes"),
            Bucket=self.bucket,
            Prefix=place,
            Delimiter="/",
        )
        return [each["Prefix"] for each in named]

    def _listed(self, place: str) -> Iterator[LogFile]:
        """Yield the logs under a place; for a region, those of the requested days."""
        limits, end = self._limits(place)
        pages = self.api.pages(
            "s3", "ListObjectsV2", "Contents", Bucket=self.bucket, Prefix=place, **limits
        )
        for item in pages:
            key: str = item["Key"]
            if end is not None and key >= end:
                return
            if self._left_out(key, item["Size"]):
                continue
            if self._in_scope(trail := TrailPath.of(key)):
                yield self._file(item, trail)

    def _left_out(self, key: str, size: int) -> bool:
        """Return whether an object is to be left out, and count it by its kind."""
        if self.digests:
            return not is_log(key) or not is_digest(key, self.window)
        if is_empty_mark(key, size):
            return True
        kind = skipped_for(key, self.window)
        if kind is None and not is_log(key) and not is_packed(key):
            kind = SkippedKind.NOT_OPENED
        if kind is not None:
            self.skipped[kind] += 1
        return kind is not None

    def _limits(self, place: str) -> tuple[dict[str, str], str | None]:
        """Return the start of the listing of a region, and the key at which it ends."""
        limits: dict[str, str] = {}
        if not _REGION.search(place):
            return limits, None
        if self.window.start is not None:
            limits = {"StartAfter": f"{place}{_day(self.window.start)}"}
        if self.window.end is None:
            return limits, None
        # after every key of the last day
        return limits, f"{place}{_day(self.window.end + LATE)}0"

    def _in_scope(self, trail: TrailPath) -> bool:
        account = trail.account is None or self._in(trail.account, self.scope.accounts)
        return account and (trail.region is None or self._in(trail.region, self.scope.regions))

    def _file(self, item: Mapping[str, Any], trail: TrailPath) -> LogFile:
        name = f"s3://{self.bucket}/{item['Key']}"
        if is_packed(name):
            return LogFile.packed(name, item["Size"])
        return LogFile(
            name=name,
            size=item["Size"],
            tag=item["ETag"].strip('"'),
            fetch=partial(self.api.content, self.bucket, item["Key"]),
            account=trail.account,
            region=trail.region,
            day=trail.day,
        )

    def _unlisted(self, place: str, why: SekishoError) -> LogFile:
        """Return a place that cannot be listed, as a file that cannot be read."""

        def refuse() -> bytes:
            raise why

        return LogFile(name=f"s3://{self.bucket}/{place}", size=0, tag="", fetch=refuse)


def _day(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y/%m/%d}"


def s3_digests(
    api: ObjectApi, address: str, window: Window = ALL_TIME, scope: TrailScope = _WHOLE
) -> list[DigestFile]:
    """Return the digest files at an address of S3; see `s3_logs`.

    Raises:
        AwsRefused: if the bucket cannot be listed at all.
    """
    bucket, prefix = _place(address)
    found = _Bucket(api, bucket, window, scope, digests=True).files_at(prefix)
    start = len(f"s3://{bucket}/")
    return [DigestFile(file.name, partial(_signed, api, file, start)) for file in found.files]


def _signed(api: ObjectApi, file: LogFile, start: int) -> tuple[bytes, str | None]:
    """Return a digest and its signature; a place that may not be listed raises here."""
    if not file.size:
        return file.read(), None
    bucket = file.name[len("s3://") : start - 1]
    content, metadata = api.stored(bucket, file.name[start:])
    return content, metadata.get("signature")


def reading_policy(address: str, partition: str = "aws") -> dict[str, Any]:
    """Return the least identity policy with which logs at an address can be read.

    If the objects are encrypted with a KMS key, reading also needs `kms:Decrypt` on that key.

    Raises:
        SekishoError: `usage` for an address of another form.
    """
    bucket, prefix = _place(address)
    arn = f"arn:{partition}:s3:::{bucket}"
    listing: dict[str, Any] = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": arn}
    if prefix:
        listing["Condition"] = {"StringLike": {"s3:prefix": f"{prefix}*"}}
    reading = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"{arn}/{prefix}*"}
    return {
        "Version": "2012-10-17",
        "Statement": [{"Sid": "ListLogs", **listing}, {"Sid": "ReadLogs", **reading}],
    }
