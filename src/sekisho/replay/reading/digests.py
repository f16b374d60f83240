"""Checks by CloudTrail's digest files that logs are as they were delivered.

Every hour CloudTrail writes a digest for each region: the SHA-256 of each log file's content, and
the signature and the hash of the digest before it. Its own signature is in the metadata of its
object. A copy on a disk has no metadata, so there a digest's signature is taken from the one that
follows it, and the last one has none.

A signature is RSA (PKCS #1 v1.5, SHA-256) over four lines: the digest's end, `bucket/key`, the
hexadecimal SHA-256 of its content, and the signature of the one before, or `null`.

Each log is read whole and hashed; what its records say is not looked at.

Source: AWS CloudTrail User Guide, "Custom implementations of CloudTrail log file integrity
validation", "CloudTrail digest file structure"; `aws cloudtrail validate-logs`.
"""

import hashlib
import json
import re
from base64 import b64decode
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from typing import Any, Protocol, TypeVar

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from sekisho.errors import SekishoError, reason_of
from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.replay.reading.files import DigestFile, LogFile, TrailPath, may_hold
from sekisho.replay.reading.packing import decompressed
from sekisho.replay.reading.reader import Progress
from sekisho.replay.reading.result import LogFault
from sekisho.replay.window import ALL_TIME, Window

_THREADS = 16
_LARGEST = 1 << 30
_KEY = re.compile(r"AWSLogs/.*", re.DOTALL)
_DELIVERED = re.compile(r"_(\d{8}T\d{4}Z)_[^/]*$")
_HOME = re.compile(
    r"_(?P<region>[a-z]+(?:-[a-z]+)+-\d+)_(?P<end>\d{8}T\d{6})Z(?:_backfill)?\.json\.gz$"
)
_BEFORE = timedelta(hours=1)
_MUST_BE_TEXT = ("digestS3Bucket", "digestS3Object", "digestEndTime", "digestPublicKeyFingerprint")

_NO_DIGEST = Message("is not a digest file")
_UNKNOWN_KEY = Message("its public key is not among those given")
_FORGED = Message("its signature is wrong: it is not as CloudTrail wrote it")
_MOVED = Message("is not where CloudTrail put it")
_BROKEN = Message("is not the digest that the next one names: their hashes differ")
_GONE = Message("a digest names it, and it is not there")
_GONE_DIGEST = Message("the next digest names it, and it is not there")
_CHANGED = Message("is not as CloudTrail delivered it: its hash is not the digest's")
_UNNAMED = Message("no digest names it")
_UNREADABLE = Message("cannot be read: {reason}")


@dataclass(frozen=True, slots=True)
class PublicKeys:
    """CloudTrail's keys by their fingerprints; `any_key` is for every fingerprint."""

    by_fingerprint: Mapping[str, RSAPublicKey]
    any_key: RSAPublicKey | None = None

    def of(self, fingerprint: str) -> RSAPublicKey | None:
        """Return the key of a fingerprint."""
        return self.by_fingerprint.get(fingerprint, self.any_key)

    @classmethod
    def of_values(cls, values: Mapping[str, bytes]) -> "PublicKeys":
        """Return the keys in an answer of `ListPublicKeys`.

        Raises:
            ValueError: for what is no RSA key.
        """
        return cls({fingerprint: _rsa(value) for fingerprint, value in values.items()})

    @classmethod
    def of_file(cls, content: bytes) -> "PublicKeys":
        """Return the keys in a file: one in PEM or DER, or an answer of `list-public-keys` in JSON.

        Raises:
            ValueError: for what is neither.
        """
        if not content.lstrip().startswith(b"{"):
            return cls({}, _rsa(content))
        try:
            listed = json.loads(content)["PublicKeyList"]
            values = {
                each["Fingerprint"]: b64decode(each["Value"], validate=True) for each in listed
            }
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError("no answer of list-public-keys") from error
        return cls.of_values(values)


def _rsa(value: bytes) -> RSAPublicKey:
    pem = value.lstrip().startswith(b"-----")
    load = serialization.load_pem_public_key if pem else serialization.load_der_public_key
    key = load(value)
    if not isinstance(key, RSAPublicKey):
        raise ValueError("not an RSA key")  # noqa: TRY004 - of the content, not of its type
    return key


class KeyApi(Protocol):
    """The interface to CloudTrail, which `account.aws.Boto3Api` implements."""

    def trail_keys(self, region: str, start: datetime, end: datetime) -> Mapping[str, bytes]:
        """Return the public keys of a region by their fingerprints, as DER."""
        ...


def public_keys_of(api: KeyApi, digests: Iterable[DigestFile], now: datetime) -> PublicKeys:
    """Return the keys with which digests may be signed, from CloudTrail.

    A trail signs with the keys of its home region, with which the names of its digests end. Keys
    until now are requested: logs that were missed are digested later (`_backfill`).

    Raises:
        AwsRefused: if CloudTrail refuses (`cloudtrail:ListPublicKeys`).
    """
    named = [found for each in digests if (found := _HOME.search(each.name))]
    values: dict[str, bytes] = {}
    if named:
        first = min(found["end"] for found in named)
        start = datetime.strptime(first, "%Y%m%dT%H%M%S").replace(tzinfo=UTC) - _BEFORE
        for region in sorted({found["region"] for found in named}):
            values |= api.trail_keys(region, start, now)
    return PublicKeys.of_values(values)


@dataclass(frozen=True, slots=True)
class DigestReport:
    """The result of the digests.

    Attributes:
        digests: how many have a good signature.
        unsigned: how many have none here: the last of each chain of copies.
        logs: how many logs are as a good digest says.
        unproven: how many logs no good digest speaks of, without a fault of theirs: they were
            delivered after the last digest, or only an unsigned one names them.
        faults: the faults.
        unread: the logs and digests that could not be read.
    """

    digests: int = 0
    unsigned: int = 0
    logs: int = 0
    unproven: int = 0
    faults: tuple[LogFault, ...] = ()
    unread: tuple[LogFault, ...] = ()


class _State(Enum):
    GOOD = auto()
    UNSIGNED = auto()
    BAD = auto()


@dataclass(frozen=True, slots=True)
class _Digest:
    name: str
    content: bytes
    members: Mapping[str, Any]
    signature: str | None

    @property
    def key(self) -> str:
        return _place(self.members["digestS3Object"])

    @property
    def before(self) -> str | None:
        """The key of the previous digest."""
        previous = self.members.get("previousDigestS3Object")
        return _place(previous) if isinstance(previous, str) else None

    @property
    def signed(self) -> bytes:
        previous = self.members.get("previousDigestSignature") or "null"
        place = f"{self.members['digestS3Bucket']}/{self.members['digestS3Object']}"
        digest = hashlib.sha256(self.content).hexdigest()
        return f"{self.members['digestEndTime']}\n{place}\n{digest}\n{previous}".encode()


def _place(name: str) -> str:
    """Return a key from `AWSLogs/` on: copies are in other buckets, prefixes and folders."""
    found = _KEY.search(name.replace("\\", "/"))
    return found.group() if found else name


class DigestCheck:
    """The digests of some logs, and their entries for each log."""

    def __init__(
        self, digests: Sequence[DigestFile], keys: PublicKeys, window: Window = ALL_TIME
    ) -> None:
        """Read the digests, and check their signatures and chains."""
        self._window = window
        self._faults: list[LogFault] = []
        self._unread: list[LogFault] = []
        self._counts: Counter[_State] = Counter()
        loaded = self._loaded(digests)
        following = {each.before: each for each in loaded if each.before}
        states = {each.key: self._state(each, following.get(each.key), keys) for each in loaded}
        self._check_gaps(loaded, states)
        self._named = _logs_named_in(loaded, states)
        self._last = _last_ends(loaded)

    def _loaded(self, digests: Sequence[DigestFile]) -> list[_Digest]:
        loaded = []
        for file, stored in _in_parallel(lambda digest: digest.fetch(), digests):
            if isinstance(stored, Message):
                self._unread.append(LogFault(file.name, "", stored, 0))
            elif isinstance(digest := _digest_of(file.name, *stored), _Digest):
                loaded.append(digest)
            else:
                self._faults.append(LogFault(file.name, "", digest, 0))
        return loaded

    def _state(self, digest: _Digest, next_one: _Digest | None, keys: PublicKeys) -> _State:
        signature, wrong = digest.signature, None
        if next_one is not None:
            previous = next_one.members.get("previousDigestSignature")
            signature = signature or (previous if isinstance(previous, str) else None)
            expected = next_one.members.get("previousDigestHashValue")
            if expected != hashlib.sha256(digest.content).hexdigest():
                wrong = _BROKEN
        if digest.key != _place(digest.name):
            wrong = _MOVED
        key = keys.of(digest.members["digestPublicKeyFingerprint"])
        if wrong is None and signature:
            wrong = _UNKNOWN_KEY if key is None else _wrong_signature(digest, signature, key)
        state = _State.BAD if wrong else _State.GOOD if signature else _State.UNSIGNED
        if wrong is not None:
            self._faults.append(LogFault(digest.name, "", wrong, 0))
        self._counts[state] += 1
        return state

    def _check_gaps(self, digests: Sequence[_Digest], states: Mapping[str, _State]) -> None:
        """Record the digests that others name and that are missing."""
        for digest in digests:
            before = digest.before
            if before and before not in states and may_hold(self._window, TrailPath.of(before).day):
                self._faults.append(LogFault(before, "", _GONE_DIGEST, 0))

    def report(self, files: Sequence[LogFile], progress: Progress | None = None) -> DigestReport:
        """Return the result of the digests for logs, each of which is read and hashed.

        Args:
            files: the logs.
            progress: called with the progress, as by `read_groups`.
        """
        faults, unread = list(self._faults), list(self._unread)
        counts = Counter({True: 0, False: 0})
        for file, content in _in_parallel(_hash_of, files, progress):
            if isinstance(content, Message):
                unread.append(LogFault(file.name, "", content, 0))
            elif (wrong := self._wrong(_place(file.name), content)) is not None:
                faults.append(LogFault(file.name, "", wrong, 0))
            else:
                named = self._named.get(_place(file.name))
                counts[named is not None and named.good] += 1
        faults += [LogFault(key, "", _GONE, 0) for key in self._missing(files)]
        return DigestReport(
            digests=self._counts[_State.GOOD],
            unsigned=self._counts[_State.UNSIGNED],
            logs=counts[True],
            unproven=counts[False],
            faults=tuple(sorted(faults, key=lambda fault: fault.file)),
            unread=tuple(sorted(unread, key=lambda fault: fault.file)),
        )

    def _wrong(self, key: str, content: str) -> Message | None:
        """Return the reason why a log of that hash is not as delivered; None if it may be."""
        named = self._named.get(key)
        if named is None:
            return None if self._may_come(key) else _UNNAMED
        return None if content == named.digest else _CHANGED

    def _may_come(self, key: str) -> bool:
        """Return whether a log was delivered after the last digest of its account and region."""
        path, delivered = TrailPath.of(key), _DELIVERED.search(key)
        last = self._last.get((path.account, path.region))
        return bool(delivered and last and delivered[1] >= last)

    def _missing(self, files: Iterable[LogFile]) -> list[str]:
        """Return the logs that digests of the days asked for name and that are missing.

        A digest lists logs of its own account and region, so logs that were left out on purpose
        have no digest here either.
        """
        return sorted(
            key
            for key in self._named.keys() - {_place(file.name) for file in files}
            if may_hold(self._window, TrailPath.of(key).day)
        )


@dataclass(frozen=True, slots=True)
class _Named:
    """A digest's entry for a log, and whether the digest is valid."""

    digest: str
    good: bool


_File = TypeVar("_File", DigestFile, LogFile)
_Content = TypeVar("_Content")


def _in_parallel(
    read: Callable[[_File], _Content], files: Sequence[_File], progress: Progress | None = None
) -> Iterator[tuple[_File, _Content | Message]]:
    """Yield each file with its content, or with the reason why it cannot be read."""

    def tried(file: _File) -> _Content | Message:
        try:
            return read(file)
        except OSError as error:
            return _UNREADABLE.filled(reason=reason_of(error))
        except SekishoError as error:
            return error.message

    total, done = sum(getattr(file, "size", 0) for file in files), 0
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="sekisho-replay-digest") as pool:
        for number, (file, content) in enumerate(zip(files, pool.map(tried, files), strict=True)):
            yield file, content
            done += getattr(file, "size", 0)
            if progress is not None:
                progress(done, total, number + 1, 0)


def _hash_of(file: LogFile) -> str:
    """Return the SHA-256 of a log's unpacked content."""
    content, _ = decompressed(file.read(), _LARGEST)
    return hashlib.sha256(content).hexdigest()


def _digest_of(name: str, stored: bytes, signature: str | None) -> _Digest | Message:
    """Return a digest, or the reason why it is invalid."""
    content, wrong = decompressed(stored, _LARGEST)
    try:
        members = json.loads(content)
    except (ValueError, RecursionError):
        members = None
    texts = isinstance(members, dict) and all(
        isinstance(members.get(each), str) for each in _MUST_BE_TEXT
    )
    if wrong is not None or not texts:
        return wrong or _NO_DIGEST
    return _Digest(name, content, members, signature)


def _wrong_signature(digest: _Digest, signature: str, key: RSAPublicKey) -> Message | None:
    try:
        key.verify(bytes.fromhex(signature), digest.signed, padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, ValueError):
        return _FORGED
    return None


def _logs_named_in(digests: Sequence[_Digest], states: Mapping[str, _State]) -> dict[str, _Named]:
    """Return the entry for each log; entries of valid digests take precedence."""
    named: dict[str, _Named] = {}
    for digest in digests:
        good = states[digest.key] is _State.GOOD
        logs = digest.members.get("logFiles")
        for log in logs if isinstance(logs, list) else []:
            match log:
                case {"s3Object": str(key), "hashValue": str(value)}:
                    place = _place(key)
                    if good or place not in named:
                        named[place] = _Named(value.lower(), good)
                case _:
                    # its signature shows whether CloudTrail wrote it in this form
                    continue
    return named


def _last_ends(digests: Sequence[_Digest]) -> dict[tuple[str | None, str | None], str]:
    """Return the end of the digests of each account and region, in the form of log names."""
    ends: dict[tuple[str | None, str | None], str] = {}
    for digest in digests:
        path = TrailPath.of(digest.key)
        end = re.sub(r"[-:]", "", digest.members["digestEndTime"])[: len("20260902T1000")] + "Z"
        place = path.account, path.region
        ends[place] = max(ends.get(place, ""), end)
    return ends
