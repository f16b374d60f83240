"""The folder of a campaign in S3, for runs that share no disk, as in CI.

A run works in a private copy. Everything is written under a condition, so that nobody's writing is
lost: an object is made only where there is none (`If-None-Match: *`), and replaced only if it is
still the one that was read (`If-Match`). S3 cannot add to an object: the lines that a journal gets
before each call are objects of their own, `NAME@PLACE`, with the place in the file at which they
belong; the end of the run puts them together. Of a run that is killed, S3 has every call that it
may have made; what it was answered, the next run reads from the account.

The lock is an object that names its holder. It is made and replaced under the same conditions, so
that no two runs hold it, and renewed while its holder writes. S3's own clock says how old it is.
"""

import getpass
import hashlib
import json
import os
import re
import secrets
import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from sekisho.errors import (
    Code,
    FaultyInput,
    PlanRefused,
    SekishoError,
    UsageError,
    reason_of,
    unwritable,
)
from sekisho.messages import Message
from sekisho.rollout.applying.s3_objects import Bucket, ObjectChanged, ObjectStore
from sekisho.rollout.applying.state import LOCK, OpenFolder

TAKEN_OVER_AFTER = timedelta(hours=1)
"""How long a holder of the lock is silent before another run takes it over."""
RENEWED_AFTER = 60.0
"""Seconds after which a holder that writes renews the lock."""

_LOCK_SCHEMA = "sekisho.lock/1"
_ADDRESS = re.compile(r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(?P<prefix>.*))?")
_PART = re.compile(r"(?P<name>.+)@(?P<place>\d{12})")
_OURS = (LOCK, "users.json", "progress.jsonl")
"""Names of which one is in every state."""
_TEMPORARY = (".lock",)
_READERS = 8


def is_in_s3(address: str) -> bool:
    """Return whether an address is meant for S3."""
    return address.startswith("s3://")


@dataclass(slots=True)
class _Kept:
    """What S3 has of a file.

    Attributes:
        etag: of the object; None if there are only parts.
        length: of the object and its parts together.
        digest: of what they hold.
        parts: the names of the parts.
    """

    etag: str | None
    length: int
    digest: "hashlib._Hash"
    parts: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, content: bytes, etag: str | None) -> "_Kept":
        return cls(etag, len(content), hashlib.sha256(content))

    def add(self, content: bytes, part: str) -> None:
        self.length += len(content)
        self.digest.update(content)
        self.parts.append(part)

    def holds(self, content: bytes) -> bool:
        return hashlib.sha256(content).digest() == self.digest.digest()


class _Lock:
    """The lock of one run."""

    def __init__(self, bucket: Bucket, monotonic: Callable[[], float]) -> None:
        self._bucket, self._monotonic = bucket, monotonic
        holder = f"{_user()}@{socket.gethostname()}, process {os.getpid()}"
        self._about = {
            "schema": _LOCK_SCHEMA,
            "by": holder,
            "since": datetime.now(UTC).isoformat(timespec="seconds"),
            "token": secrets.token_hex(8),
        }
        self._etag, self._renewed = "", 0.0

    def acquire(self, *, take_over: bool) -> None:
        """Take the lock.

        Raises:
            PlanRefused: if another run holds it.
            SekishoError: if S3 refuses.
        """
        etag = None
        if LOCK in self._bucket.names():
            content, about = self._bucket.get(LOCK)
            holder = _holder(content)
            if holder and not take_over and _age(about) < TAKEN_OVER_AFTER:
                raise _busy(self._bucket, holder, about)
            etag = str(about["ETag"])
        try:
            self._put(etag)
        except ObjectChanged:
            # another run was quicker by a moment
            content, about = self._bucket.get(LOCK)
            raise _busy(self._bucket, _holder(content), about) from None

    def renew(self, *, at_once: bool = False) -> None:
        """See that the lock is still this run's, if that was not seen lately.

        Raises:
            SekishoError: if another run has taken it over, or S3 refuses.
        """
        if not at_once and self._monotonic() - self._renewed < RENEWED_AFTER:
            return
        try:
            self._put(self._etag)
        except ObjectChanged:
            content, _ = self._bucket.get(LOCK)
            raise SekishoError(
                Message(
                    "another run has taken over `{address}` ({holder}): this one does no more"
                ).filled(
                    address=self._bucket.address(),
                    holder=(_holder(content) or {}).get("by", "?"),
                ),
                code=Code.OUTPUT_UNWRITABLE,
                fix=Message("see what that run has done: run it again without `--apply`"),
            ) from None

    def release(self) -> None:
        """Give the lock back; the object stays, and says who had it last."""
        self._put(self._etag, free=True)

    def _put(self, etag: str | None, *, free: bool = False) -> None:
        # never the same bytes twice, so that no ETag comes back
        about = {**self._about, "free": free, "at": secrets.token_hex(8)}
        self._etag = self._bucket.put(LOCK, f"{json.dumps(about)}\n".encode(), etag)
        self._renewed = self._monotonic()


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "?"  # a container's user may have no name


def _holder(content: bytes) -> Mapping[str, str] | None:
    """Return the facts in a lock about the run that holds it; None if none does.

    What cannot be read, such as the empty file that a folder has, is held by nobody.
    """
    try:
        found = json.loads(content)
    except ValueError:
        return None
    if not isinstance(found, dict) or found.get("schema") != _LOCK_SCHEMA or found.get("free"):
        return None
    return {key: str(value) for key, value in found.items()}


def _age(about: Mapping[str, Any]) -> timedelta:
    """Return how long ago an object was written, by S3's own clock."""
    headers = about["ResponseMetadata"]["HTTPHeaders"]
    answered = parsedate_to_datetime(headers["date"]) if "date" in headers else datetime.now(UTC)
    age: timedelta = answered - about["LastModified"]
    return age


def _busy(
    bucket: Bucket, holder: Mapping[str, str] | None, about: Mapping[str, Any]
) -> PlanRefused:
    known = holder or {}
    return PlanRefused(
        Message(
            "another run is using `{address}`: {holder}, since {since}, last seen at {at}"
        ).filled(
            address=bucket.address(),
            holder=known.get("by", "?"),
            since=known.get("since", "?"),
            at=about["LastModified"].isoformat(),
        ),
        code=Code.PLAN_BUSY,
        fix=Message(
            "wait until that has ended; if it was killed, `--take-over` goes on in its place, as "
            "any run does once nothing was heard of it for an hour"
        ),
    )


class S3Folder(OpenFolder):
    """The copy of a state in S3 that a run works with; what it keeps is written to S3."""

    def __init__(self, path: Path, bucket: Bucket, lock: _Lock | None) -> None:
        super().__init__(path, bucket.address())
        self._bucket, self._lock = bucket, lock
        self._kept: dict[str, _Kept] = {}
        self._followed: set[Path] = set()

    def load(self) -> None:
        """Copy the state into the folder.

        Raises:
            SekishoError: if it cannot be read, or is no state.
        """
        names = [name for name in self._bucket.names() if name != LOCK]
        with ThreadPoolExecutor(_READERS) as pool:
            read = dict(zip(names, pool.map(self._bucket.get, names), strict=True))
        whole = {name: read[name] for name in names if not _PART.fullmatch(name)}
        for name, (content, about) in whole.items():
            self._kept[name] = _Kept.of(content, str(about["ETag"]))
        contents = {name: bytearray(content) for name, (content, _) in whole.items()}
        for part in sorted(set(names) - whole.keys()):
            self._add_part(part, read[part][0], contents)
        try:
            for name, text in contents.items():
                file = self.path / name
                file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                # nobody else can read the folder
                file.write_bytes(text)
        except OSError as error:
            raise unwritable(self.path, reason_of(error)) from None

    def _add_part(self, part: str, content: bytes, contents: dict[str, bytearray]) -> None:
        """Add what a killed run has written ahead, unless it was put together already."""
        found = _PART.fullmatch(part)
        name, place = (found["name"], int(found["place"])) if found else (part, 0)
        known = self._kept.setdefault(name, _Kept.of(b"", None))
        whole = contents.setdefault(name, bytearray())
        if whole[place : place + len(content)] == content:
            known.parts.append(part)
        elif place == len(whole):
            whole.extend(content)
            known.add(content, part)
        else:
            raise SekishoError(
                Message("`{address}` does not go on where `{name}` ends").filled(
                    address=self._bucket.address(part), name=name
                ),
                code=Code.FILE_BAD_SHAPE,
                fix=Message("restore the objects from an earlier version or a copy"),
            )

    def shown(self, path: Path) -> str:
        """Return the address of a file's object."""
        return self._bucket.address(self._name(path))

    def keep(self, *paths: Path) -> None:
        """Write what has changed in files, or anywhere in the folder, to S3."""
        self._renew()
        for path in paths or self._files():
            self._keep(path, whole=False)

    def keep_added(self, path: Path) -> None:
        """Write the lines that were added to a file since as an object of their own."""
        known = self._kept.get(self._name(path))
        if known is None or path not in self._followed:
            # a tail that was cut off may have gone; from here on there are only more lines
            self.keep(path)
            self._followed.add(path)
            return
        self._renew()
        with path.open("rb") as file:
            file.seek(known.length)
            added = file.read()
        self._put_part(self._name(path), known, added)

    def close(self) -> None:
        """Write all that has changed, each file as one object."""
        self._renew(at_once=True)
        for path in self._files():
            self._keep(path, whole=True)

    def _renew(self, *, at_once: bool = False) -> None:
        if self._lock is not None:
            self._lock.renew(at_once=at_once)

    def _name(self, path: Path) -> str:
        return path.relative_to(self.path).as_posix()

    def _files(self) -> list[Path]:
        """Return the files that are kept: no lock, and nothing that is half written."""
        return sorted(
            path
            for path in self.path.rglob("*")
            if path.is_file()
            and not path.name.startswith(".")
            and not path.name.endswith(_TEMPORARY)
            and path != self.path / LOCK
        )

    def _keep(self, path: Path, *, whole: bool) -> None:
        name, content = self._name(path), path.read_bytes()
        known = self._kept.get(name)
        changed = known is None or not known.holds(content)
        if not changed and not (whole and known is not None and known.parts):
            return
        grown = known is not None and changed and known.holds(content[: known.length])
        if known is not None and grown and not whole:
            self._put_part(name, known, content[known.length :])
            return
        etag = self._bucket.put(name, content, known.etag if known else None)
        parts, self._kept[name] = known.parts if known else [], _Kept.of(content, etag)
        self._bucket.delete(parts)

    def _put_part(self, name: str, known: _Kept, content: bytes) -> None:
        if content:
            part = f"{name}@{known.length:012}"
            self._bucket.put(part, content, None)
            known.add(content, part)


@contextmanager
def _faults_at(folder: Path, address: str) -> Iterator[None]:
    """Name the address of the object in S3, in place of its copy, in the faults of a file."""
    try:
        yield
    except PlanRefused as refused:
        refused.at = refused.at.replace(str(folder), address, 1)
        raise
    except FaultyInput as error:
        if not error.source.startswith(str(folder)):
            raise
        named = error.source.replace(str(folder), address, 1)
        raise FaultyInput(named, error.faults) from None


class S3State:
    """A state in S3.

    Attributes:
        address: `s3://BUCKET/PREFIX`.
    """

    def __init__(
        self,
        address: str,
        api: ObjectStore,
        *,
        take_over: bool = False,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take an address.

        Args:
            address: `s3://BUCKET/PREFIX`.
            api: calls S3.
            take_over: whether the lock of a run that was killed is taken over.
            sleep: waits so many seconds before another try.
            monotonic: tells how old the last renewal of the lock is.

        Raises:
            UsageError: if it is no such address.
        """
        parts = _ADDRESS.fullmatch(address)
        if parts is None:
            raise UsageError(
                Message("`{address}` is not an address in S3").filled(address=address),
                fix=Message("write it like `s3://BUCKET/PREFIX`"),
            )
        prefix = (parts["prefix"] or "").strip("/")
        self._bucket = Bucket(api, parts["bucket"], f"{prefix}/" if prefix else "", sleep)
        self._take_over, self._monotonic = take_over, monotonic
        self.address = self._bucket.address()

    def versioned(self) -> bool | None:
        """Return whether the bucket keeps earlier versions; None if that may not be read."""
        return self._bucket.versioned()

    @contextmanager
    def read(self) -> Iterator[Path]:
        """Hand out a copy of the state.

        Raises:
            SekishoError: if it cannot be read, or is no state.
        """
        self._check()
        with tempfile.TemporaryDirectory(prefix="sekisho-") as name:
            S3Folder(Path(name), self._bucket, None).load()
            with _faults_at(Path(name), self.address):
                yield Path(name)

    @contextmanager
    def locked(self) -> Iterator[S3Folder]:
        """Hand out a copy of the state to work in, and keep every other run out.

        Raises:
            PlanRefused: if another run holds the lock.
            SekishoError: if the state cannot be read or written; what could not be written is kept
                on this computer, and said where.
        """
        self._check()
        lock = _Lock(self._bucket, self._monotonic)
        lock.acquire(take_over=self._take_over)
        folder = S3Folder(Path(tempfile.mkdtemp(prefix="sekisho-")), self._bucket, lock)
        loaded = False
        try:
            folder.load()
            loaded = True
        finally:
            if not loaded:
                shutil.rmtree(folder.path, ignore_errors=True)
                with suppress(SekishoError):
                    lock.release()
        given_up = False
        try:
            with _faults_at(folder.path, self.address):
                yield folder
        except GeneratorExit:
            # the run has no end, only that of its process: as one that was killed
            given_up = True
            raise
        finally:
            if not given_up:
                self._close(folder, lock)

    def _close(self, folder: S3Folder, lock: _Lock) -> None:
        try:
            folder.close()
        except SekishoError as error:
            with suppress(SekishoError):
                lock.release()
            raise SekishoError(
                Message("{what}; what could not be written is in `{path}`").filled(
                    what=error.message, path=folder.path
                ),
                code=error.code,
                fix=error.fix,
            ) from error
        shutil.rmtree(folder.path, ignore_errors=True)
        lock.release()

    def _check(self) -> None:
        """Refuse a prefix that has other things than a state.

        Raises:
            SekishoError: as said, or if it cannot be listed.
        """
        names = self._bucket.names()
        if names and not names.keys() & {*_OURS}:
            raise SekishoError(
                Message(
                    "there are other objects at `{address}`, and no state of a campaign"
                ).filled(address=self.address),
                code=Code.FILE_BAD_SHAPE,
                fix=Message("give a prefix of its own: `s3://BUCKET/PREFIX`"),
            )
