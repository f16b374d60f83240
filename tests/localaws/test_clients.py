"""Ordinary clients as they are: the AWS CLI, boto3, the SDK for JavaScript, and what s3fs sends."""

import hashlib
import io
import json
import os
import shlex
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

import localaws_people as people
from localaws_people import client
from sekisho.localaws import LocalAws
from session.sdk import MissingSdk, node, sdk_folder

HERE = Path(__file__).parent / "clients"
COMMANDS = json.loads((HERE / "commands.json").read_text("utf-8"))["commands"]
MEBIBYTE = 1024 * 1024
SIZES = (0, 1, 70_000, 9 * MEBIBYTE)
"""Nothing, next to nothing, more than a body has in memory while it arrives, more than one part."""

TRUST = {
    "Effect": "Allow",
    "Principal": {"Service": "ec2.amazonaws.com"},
    "Action": "sts:AssumeRole",
}


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws(people.account()) as running:
        yield running


@pytest.fixture(scope="module")
def bucket(aws: LocalAws) -> str:
    client(aws, "s3").create_bucket(Bucket="objects")
    return "objects"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the commands read."""
    made = tmp_path_factory.mktemp("cli")
    (made / "folder").mkdir()
    for name, content in {
        "empty": b"",
        "folder/empty": b"",
        "folder/full": b"full",
        "small.txt": b"hello\n",
        "large.bin": bytes(SIZES[-1]),
        "policy.json": json.dumps(people.policy(people.ALL)).encode(),
        "trust.json": json.dumps(people.policy(TRUST)).encode(),
    }.items():
        (made / name).write_bytes(content)
    return made


def run(aws: LocalAws, folder: Path, *command: str, typed: str = "") -> str:
    """Return what a program prints that knows the local AWS by its environment."""
    known = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment = {
        **known,
        "AWS_ENDPOINT_URL": aws.url,
        "AWS_ACCESS_KEY_ID": people.key_id("admin"),
        "AWS_SECRET_ACCESS_KEY": people.secret("admin"),
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_REGION": "us-east-1",
        "AWS_CONFIG_FILE": str(folder / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "none"),
        "AWS_MAX_ATTEMPTS": "1",
        "AWS_PAGER": "",
    }
    done = subprocess.run(  # noqa: S603 - our own interpreter, or Node
        command,
        cwd=folder,
        env=environment,
        input=typed,
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.fixture(scope="module")
def answers(aws: LocalAws, folder: Path) -> dict[str, tuple[int, str, str]]:
    """What each of the commands has answered: its exit code, its output and its errors."""
    lines = [shlex.split(each["command"].replace("URL", aws.url)) for each in COMMANDS]
    printed = run(aws, folder, sys.executable, str(HERE / "aws_cli.py"), typed=json.dumps(lines))
    commands = [each["command"] for each in COMMANDS]
    return dict(zip(commands, map(tuple, json.loads(printed)), strict=True))


@pytest.mark.parametrize("row", COMMANDS, ids=lambda row: row["command"][:60])
def test_everyday_commands_of_the_aws_cli(
    answers: dict[str, tuple[int, str, str]], row: dict[str, Any]
) -> None:
    code, out, err = answers[row["command"]]
    if "refused" in row:
        assert code != 0
        assert row["refused"] in err
    elif row.get("nothing"):
        # so ends a listing that finds nothing, at AWS too
        assert (code, out, err) == (1, "", "")
    else:
        assert (code, err) == (0, "")
        assert row.get("says", "") in out


def test_what_the_commands_fetched_is_what_they_sent(
    answers: dict[str, tuple[int, str, str]], folder: Path
) -> None:
    assert answers["s3 cp s3://docs/small.txt -"][1] == "hello\n"
    for sent, fetched in (
        ("large.bin", "back.bin"),
        ("empty", "empty.back"),
        ("small.txt", "f.back"),
    ):
        assert (folder / sent).read_bytes() == (folder / fetched).read_bytes()


def test_the_aws_cli_as_a_program_of_its_own(aws: LocalAws, folder: Path, bucket: str) -> None:
    cli = (sys.executable, "-m", "awscli", "s3")
    run(aws, folder, *cli, "sync", "folder", f"s3://{bucket}/synced")
    listed = client(aws, "s3").list_objects_v2(Bucket=bucket, Prefix="synced/")["Contents"]
    assert {each["Key"]: each["Size"] for each in listed} == {"synced/empty": 0, "synced/full": 4}


def test_the_botocore_of_the_aws_cli_sends_one_file_after_an_empty_one(
    aws: LocalAws, bucket: str
) -> None:
    """It reads the second answer wrong if the first came without `100 Continue`."""
    program = (
        "import sys; from awscli.botocore.session import get_session as s;"
        "from awscli.botocore.config import Config;"
        "s3 = s().create_client('s3', config=Config(read_timeout=20));"
        "[s3.put_object(Bucket=sys.argv[1], Key='one', Body=b) for b in (b'', b'full', b'')];"
        "print(s3.head_object(Bucket=sys.argv[1], Key='one')['ContentLength'])"
    )
    assert run(aws, Path.cwd(), sys.executable, "-c", program, bucket) == "0\n"


class Unseekable(io.RawIOBase):
    """A pipe: nobody knows its length, or reads it twice."""

    def __init__(self, content: bytes) -> None:
        self._content = io.BytesIO(content)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._content.readinto(buffer)


Put = Callable[[LocalAws, str, str, bytes], object]


def with_config(**config: Any) -> Put:
    def put(aws: LocalAws, bucket: str, key: str, body: bytes) -> object:
        s3 = client(aws, "s3", config=Config(**config))
        return s3.put_object(Bucket=bucket, Key=key, Body=body)

    return put


def with_checksum(algorithm: str) -> Put:
    return lambda aws, bucket, key, body: client(aws, "s3").put_object(
        Bucket=bucket, Key=key, Body=io.BytesIO(body), ChecksumAlgorithm=algorithm
    )


def in_parts(aws: LocalAws, bucket: str, key: str, body: bytes) -> object:
    return client(aws, "s3").upload_fileobj(Unseekable(body), bucket, key)


def presigned_put(aws: LocalAws, bucket: str, key: str, body: bytes) -> object:
    s3 = client(aws, "s3", config=Config(signature_version="s3v4"))
    url = s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": key})
    with urlopen(Request(url, body, method="PUT"), timeout=30) as answer:  # noqa: S310 - our own
        return answer.read()


WAYS: dict[str, Put] = {
    "as it is": with_config(),
    "signed": with_config(s3={"payload_signing_enabled": True}),
    "no checksum": with_config(request_checksum_calculation="when_required"),
    "CRC32": with_checksum("CRC32"),
    "SHA1": with_checksum("SHA1"),
    "SHA256": with_checksum("SHA256"),
    "in parts": in_parts,
    "presigned": presigned_put,
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("size", SIZES)
def test_boto3_puts_and_gets(aws: LocalAws, bucket: str, way: str, size: int) -> None:
    s3, key, body = client(aws, "s3"), f"{way} {size}", b"x" * size
    WAYS[way](aws, bucket, key, body)
    found = s3.get_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
    assert found["Body"].read() == body
    assert s3.head_object(Bucket=bucket, Key=key)["ContentLength"] == size


@pytest.mark.parametrize(("call", "name"), [("head_object", "Key"), ("head_bucket", "Bucket")])
def test_what_is_not_there_is_not_found(aws: LocalAws, bucket: str, call: str, name: str) -> None:
    s3 = client(aws, "s3")
    with pytest.raises(s3.exceptions.ClientError) as caught:
        getattr(s3, call)(**({"Bucket": bucket} if name == "Key" else {}) | {name: "not-there"})
    assert caught.value.response["Error"]["Code"] == "404"


def test_the_sdk_for_javascript_puts_and_gets(pytestconfig: pytest.Config, aws: LocalAws) -> None:
    try:
        home = sdk_folder(pytestconfig)
    except MissingSdk as error:
        pytest.skip(str(error))
    client(aws, "s3").create_bucket(Bucket="docs")
    program = home / "uploads.mjs"
    program.write_text((HERE / "uploads.mjs").read_text("utf-8"), "utf-8")
    found = json.loads(run(aws, home, node(), str(program), *map(str, SIZES)))
    # an address with the checksum of nothing takes nothing else
    assert (found.pop("wrong"), found.pop("left")) == ("400", "0")
    assert found
    assert not {way: said for way, said in found.items() if said != "same"}


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("size", [0, 1, 70_000])
def test_what_waits_for_a_word_first_as_s3fs_does(
    aws: LocalAws, bucket: str, size: int, chunked: bool
) -> None:
    """aiohttp, under s3fs, sends names in lower case, and a body after the word."""
    body, where = b"x" * size, urlsplit(aws.url)
    path = f"/{bucket}/fs-{size}-{chunked}"
    asked = AWSRequest("PUT", aws.url + path, {"Expect": "100-continue"}, body)
    asked.headers["X-Amz-Content-SHA256"] = hashlib.sha256(body).hexdigest()
    SigV4Auth(
        Credentials(people.key_id("admin"), people.secret("admin")), "s3", "us-east-1"
    ).add_auth(asked)
    headers = {"host": where.netloc, **{name.lower(): text for name, text in asked.headers.items()}}
    headers |= {"transfer-encoding": "chunked"} if chunked else {"content-length": str(size)}
    head = "\r\n".join([f"PUT {path} HTTP/1.1", *(f"{n}: {v}" for n, v in headers.items()), "", ""])
    framed = b"%x\r\n%s\r\n0\r\n\r\n" % (size, body) if size else b"0\r\n\r\n"
    with socket.create_connection((where.hostname or "", where.port or 0), 30) as stream:
        stream.sendall(head.encode())
        with stream.makefile("rb") as answer:
            assert answer.readline() == b"HTTP/1.1 100 Continue\r\n"
            assert answer.readline() == b"\r\n"
            stream.sendall(framed if chunked else body)
            assert answer.readline() == b"HTTP/1.1 200 OK\r\n"
    assert (
        client(aws, "s3").get_object(Bucket=bucket, Key=path.rpartition("/")[2])["Body"].read()
        == body
    )
