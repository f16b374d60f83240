"""Logs against CloudTrail's digests, with a key that is made here: each change is found."""

import base64
import gzip
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from sekisho.replay import Window
from sekisho.replay.reading import (
    DigestCheck,
    DigestFile,
    DigestReport,
    LogFile,
    PublicKeys,
    local_digests,
    local_logs,
    public_keys_of,
)

PLACE = "AWSLogs/111122223333"
START = datetime(2026, 9, 2, 8, tzinfo=UTC)
Form = serialization.PublicFormat
Encoding = serialization.Encoding


@cache
def private(number: int = 0) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def public(encoding: Encoding = Encoding.DER, form: Form = Form.PKCS1) -> bytes:
    return private().public_key().public_bytes(encoding, form)


ALL = Window()
KEYS = {"f1": public()}
"""As `ListPublicKeys` gives it: PKCS #1 in DER."""


class Bucket:
    """What CloudTrail wrote in a trail's bucket: a log and a digest each hour."""

    def __init__(self, hours: int = 4) -> None:
        self.logs: dict[str, bytes] = {}
        self.digests: dict[str, tuple[bytes, str]] = {}
        before: tuple[str, bytes, str] | None = None
        for hour in range(hours):
            end = START + timedelta(hours=hour)
            delivered = end - timedelta(minutes=20)
            record = {"eventTime": f"{delivered:%Y-%m-%dT%H:%M:%SZ}", "eventID": str(hour)}
            content = json.dumps({"Records": [record]}).encode()
            folder = self._folder("CloudTrail", delivered)
            log = f"{folder}_{delivered:%Y%m%dT%H%MZ}_{hour:016d}.json.gz"
            self.logs[log] = gzip.compress(content)
            key = (
                f"{self._folder('CloudTrail-Digest', end)}_t_us-east-1_{end:%Y%m%dT%H%M%SZ}.json.gz"
            )
            said = {
                "digestS3Bucket": "b",
                "digestS3Object": f"x/{key}",
                "digestStartTime": f"{end - timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}",
                "digestEndTime": f"{end:%Y-%m-%dT%H:%M:%SZ}",
                "digestPublicKeyFingerprint": "f1",
                "previousDigestS3Object": f"x/{before[0]}" if before else None,
                "previousDigestHashValue": hashlib.sha256(before[1]).hexdigest()
                if before
                else None,
                "previousDigestSignature": before[2] if before else None,
                "logFiles": [
                    {"s3Object": f"x/{log}", "hashValue": hashlib.sha256(content).hexdigest()}
                ],
            }
            text = json.dumps(said).encode()
            lines = (
                said["digestEndTime"],
                f"b/x/{key}",
                hashlib.sha256(text).hexdigest(),
                said["previousDigestSignature"] or "null",
            )
            signed = "\n".join(map(str, lines)).encode()
            signature = private().sign(signed, padding.PKCS1v15(), hashes.SHA256()).hex()
            self.digests[key] = gzip.compress(text), signature
            before = key, text, signature

    @staticmethod
    def _folder(kind: str, day: datetime) -> str:
        return f"{PLACE}/{kind}/us-east-1/{day:%Y/%m/%d}/111122223333_{kind}_us-east-1"

    def files(self) -> list[LogFile]:
        return [
            LogFile(f"s3://b/x/{key}", len(content), "", lambda content=content: content)
            for key, content in self.logs.items()
        ]

    def digest_files(self) -> list[DigestFile]:
        return [
            DigestFile(f"s3://b/x/{key}", lambda stored=stored: stored)
            for key, stored in self.digests.items()
        ]

    def report(self, window: Window = ALL, keys: Mapping[str, bytes] = KEYS) -> DigestReport:
        check = DigestCheck(self.digest_files(), PublicKeys.of_values(keys), window)
        return check.report(self.files())

    def faults(self, window: Window = ALL) -> list[tuple[str, str]]:
        return sorted(
            (fault.file.rpartition("us-east-1_")[2], fault.what.en)
            for fault in self.report(window).faults
        )


@pytest.fixture
def bucket() -> Bucket:
    return Bucket()


def test_what_cloudtrail_wrote_is_proven(bucket: Bucket) -> None:
    assert bucket.report() == DigestReport(digests=4, logs=4)


def log_of(bucket: Bucket, hour: int) -> str:
    return sorted(bucket.logs)[hour]


def digest_of(bucket: Bucket, hour: int) -> str:
    return sorted(bucket.digests)[hour]


def rewritten(bucket: Bucket, hour: int, change: Callable[[dict[str, Any]], object]) -> None:
    key = digest_of(bucket, hour)
    stored, signature = bucket.digests[key]
    said = json.loads(gzip.decompress(stored))
    change(said)
    bucket.digests[key] = gzip.compress(json.dumps(said).encode()), signature


CHANGED = "is not as CloudTrail delivered it: its hash is not the digest's"
FORGED = "its signature is wrong: it is not as CloudTrail wrote it"


def test_a_log_that_was_changed(bucket: Bucket) -> None:
    bucket.logs[log_of(bucket, 1)] = gzip.compress(b'{"Records": []}')
    assert bucket.faults() == [("20260902T0840Z_0000000000000001.json.gz", CHANGED)]
    assert bucket.report().logs == 3


def test_a_log_that_is_packed_anew_is_the_same(bucket: Bucket) -> None:
    key = log_of(bucket, 1)
    bucket.logs[key] = gzip.compress(gzip.decompress(bucket.logs[key]), 1)
    assert bucket.report().logs == 4


def test_a_log_that_was_removed(bucket: Bucket) -> None:
    del bucket.logs[log_of(bucket, 2)]
    assert bucket.faults() == [
        ("20260902T0940Z_0000000000000002.json.gz", "a digest names it, and it is not there")
    ]


def test_all_logs_of_a_region_that_were_removed(bucket: Bucket) -> None:
    bucket.logs.clear()
    assert len(bucket.faults()) == 4


def test_a_log_that_nobody_named(bucket: Bucket) -> None:
    early, late = log_of(bucket, 1), log_of(bucket, 3)
    bucket.logs[early.replace("0000000001", "0000000009")] = b"{}"
    # after the last digest: the next one will name it
    bucket.logs[late.replace("T1040Z", "T1100Z")] = bucket.logs[late]
    assert bucket.faults() == [("20260902T0840Z_0000000000000009.json.gz", "no digest names it")]
    assert bucket.report().unproven == 1


def test_a_digest_that_was_changed(bucket: Bucket) -> None:
    rewritten(bucket, 3, lambda said: said["logFiles"].clear())
    assert bucket.faults() == [
        ("20260902T1040Z_0000000000000003.json.gz", "no digest names it"),
        ("20260902T110000Z.json.gz", FORGED),
    ]


@pytest.mark.parametrize("hour", [0, 1, 2])
def test_a_digest_in_the_chain_that_was_changed(bucket: Bucket, hour: int) -> None:
    rewritten(bucket, hour, lambda said: said.update(newestEventTime="x"))
    ((_, what),) = bucket.faults()
    assert what == "is not the digest that the next one names: their hashes differ"
    report = bucket.report()
    assert (report.digests, report.logs, report.unproven) == (3, 3, 1)


def test_a_digest_that_was_removed(bucket: Bucket) -> None:
    del bucket.digests[digest_of(bucket, 1)]
    assert bucket.faults() == [
        ("20260902T0840Z_0000000000000001.json.gz", "no digest names it"),
        ("20260902T090000Z.json.gz", "the next digest names it, and it is not there"),
    ]


def test_a_digest_that_was_moved(bucket: Bucket) -> None:
    key = digest_of(bucket, 3)
    bucket.digests[key.replace("T110000Z", "T120000Z")] = bucket.digests.pop(key)
    assert bucket.faults() == [("20260902T120000Z.json.gz", "is not where CloudTrail put it")]


@pytest.mark.parametrize("signature", ["00", "no number", ""])
def test_a_signature_that_is_none(bucket: Bucket, signature: str) -> None:
    key = digest_of(bucket, 3)
    bucket.digests[key] = bucket.digests[key][0], signature
    report = bucket.report()
    assert (report.digests, report.logs) == (3, 3)
    # without any, nothing is wrong, and nothing proven
    assert (report.unsigned == 1) is (signature == "")
    assert bool(report.faults) is (signature != "")


def test_a_key_of_somebody_else(bucket: Bucket) -> None:
    other = private(1).public_key().public_bytes(Encoding.DER, Form.PKCS1)
    assert {fault.what.en for fault in bucket.report(keys={"f1": other}).faults} == {FORGED}
    unknown = bucket.report(keys={"f2": public()})
    assert {fault.what.en for fault in unknown.faults} == {
        "its public key is not among those given"
    }
    assert (unknown.digests, unknown.logs, unknown.unproven) == (0, 0, 4)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"x",
        b"[]",
        b'{"digestS3Object": 5}',
        gzip.compress(b"{}", mtime=0)[:-9],
        b"[" * 100_000,
    ],
)
def test_what_is_no_digest_is_said(bucket: Bucket, content: bytes) -> None:
    bucket.digests[digest_of(bucket, 3)] = content, "00"
    report = bucket.report()
    assert [fault.file for fault in report.faults] == [f"s3://b/x/{digest_of(bucket, 3)}"]
    assert (report.digests, report.logs, report.unproven) == (3, 3, 1)


def test_a_file_that_cannot_be_read_is_named(bucket: Bucket) -> None:
    def refuse() -> bytes:
        raise PermissionError(13, "Permission denied")

    files = bucket.files()
    digests = bucket.digest_files()
    check = DigestCheck(
        [*digests[:3], replace(digests[3], fetch=refuse)], PublicKeys.of_values(KEYS)
    )
    report = check.report([replace(files[0], fetch=refuse), *files[1:3]])
    assert report.faults == ()
    assert [each.file for each in report.unread] == [digests[3].name, files[0].name]
    assert {each.what.en for each in report.unread} == {"cannot be read: permission denied"}
    assert (report.digests, report.logs, report.unproven) == (3, 2, 0)


def test_a_window_asks_only_for_its_days(bucket: Bucket) -> None:
    later = Window(START + timedelta(days=1), START + timedelta(days=2))
    del bucket.digests[digest_of(bucket, 0)]
    bucket.logs.clear()
    assert bucket.faults(later) == []
    assert bucket.faults() != []


def test_copies_on_a_disk_have_no_signatures_of_their_own(bucket: Bucket, tmp_path: Path) -> None:
    contents = {key: stored for key, (stored, _) in bucket.digests.items()} | bucket.logs
    for key, content in contents.items():
        (tmp_path / "copy" / key).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "copy" / key).write_bytes(content)
    digests = local_digests([str(tmp_path)])
    assert len(digests) == 4
    check = DigestCheck(digests, PublicKeys.of_values(KEYS))
    # the last digest's signature was in its object's metadata
    assert check.report(local_logs([str(tmp_path)]).files) == DigestReport(
        digests=3, unsigned=1, logs=3, unproven=1
    )
    assert local_digests([str(tmp_path)], Window(START + timedelta(days=2))) == []


def listed() -> bytes:
    keys = [{"Fingerprint": "f1", "Value": base64.b64encode(public()).decode()}]
    return json.dumps({"PublicKeyList": keys}).encode()


@pytest.mark.parametrize(
    "content",
    [
        listed(),
        public(),
        public(Encoding.PEM),
        public(Encoding.PEM, Form.SubjectPublicKeyInfo),
        public(Encoding.DER, Form.SubjectPublicKeyInfo),
    ],
)
def test_a_key_in_any_of_its_forms(bucket: Bucket, content: bytes) -> None:
    check = DigestCheck(bucket.digest_files(), PublicKeys.of_file(content))
    assert check.report(()).digests == 4


@pytest.mark.parametrize(
    "content", [b"", b"x", b"{}", b'{"PublicKeyList": [{"Fingerprint": "f", "Value": "?"}]}']
)
def test_what_is_no_key_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        PublicKeys.of_file(content)


class Trails:
    """CloudTrail, which notes what keys it is asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, datetime, datetime]] = []

    def trail_keys(self, region: str, start: datetime, end: datetime) -> Mapping[str, bytes]:
        self.asked.append((region, start, end))
        return KEYS


def test_keys_of_cloudtrail_are_those_of_the_trail_s_home(bucket: Bucket) -> None:
    trails, now = Trails(), START + timedelta(days=1)
    late = DigestFile(
        "a_CloudTrail-Digest_us-east-1_t_ap-northeast-1_20260903T000000Z.json.gz",
        lambda: (b"", None),
    )
    keys = public_keys_of(trails, [*bucket.digest_files(), late], now)
    first = START - timedelta(hours=1)
    assert trails.asked == [("ap-northeast-1", first, now), ("us-east-1", first, now)]
    assert DigestCheck(bucket.digest_files(), keys).report(()).digests == 4
    assert public_keys_of(trails, [], now).of("f1") is None
