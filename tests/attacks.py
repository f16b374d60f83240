"""Attacks on the local AWS as data: how they are sent, and a digest of all that could change.

A request is signed as the local AWS would check it, so that the signature of an attack is good
unless the attack is on the signature itself; `after` changes what was signed.
"""

import hashlib
import hmac
import http.client
import io
import json
import re
import socket
import tempfile
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import boto3
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.core.base_backend import BackendDict
from moto.iam.models import AccessKey, AWSManagedPolicy

import localaws_people as people
from localaws_people import client
from sekisho.localaws import LocalAws
from sekisho.localaws.wire import sigv4

FOLDER = Path(__file__).parent / "localaws" / "attacks"
_KEYS = {
    "after",
    "body",
    "credential",
    "expires",
    "headers",
    "lines",
    "method",
    "minutes",
    "operation",
    "params",
    "path",
    "query",
    "region",
    "secret",
    "service",
    "sign",
    "token",
    "who",
}
FORM = "application/x-www-form-urlencoded; charset=utf-8"


def classes() -> dict[str, dict[str, Any]]:
    """Return every class of attacks: what it is, honest requests, and the attempts."""
    found = {}
    for path in sorted(FOLDER.glob("*.json")):
        found[path.stem] = json.loads(path.read_text(encoding="utf-8"))
        for each in (*found[path.stem]["honest"], *found[path.stem]["attempts"]):
            if unknown := each["request"].keys() - _KEYS:
                raise ValueError(f"{path.stem}: {each.get('id')}: {unknown}")
    return found


def send(aws: LocalAws, request: Mapping[str, Any]) -> tuple[int, str, str]:
    """Send a request; return the status, AWS's error code, and the body."""
    if "operation" in request:
        return _call(aws, request)
    host = urlsplit(aws.url).netloc
    body = _expanded(request.get("body", "")).replace(people.ACCOUNT, aws.world.account)
    made = _signed(host, {**request, "body": body})
    after = request.get("after", {})
    headers = made["headers"] | after.get("headers", {})
    made.update(after)
    target = made["path"] + (f"?{made['query']}" if made["query"] else "")
    body = _bytes(made["body"])
    lines = [f"{made['method']} {target} HTTP/1.1"]
    lines += [f"{name}: {_expanded(v)}" for name, v in headers.items() if v is not None]
    lines += made["lines"]
    if not any(line.lower().startswith(("content-length", "transfer-enc")) for line in lines):
        lines.append(f"Content-Length: {len(body)}")
    lines = [line.replace("HOST", host) for line in lines]
    head = "\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1")
    where = urlsplit(aws.url)
    with socket.create_connection((where.hostname or "", where.port or 0), 30) as stream:
        stream.sendall(head + body)
        answer = http.client.HTTPResponse(stream, method=made["method"])
        answer.begin()
        text = answer.read().decode("utf-8", "replace")
        code = answer.headers.get("X-Amzn-Errortype") or _code(text)
        answer.close()
    return answer.status, code, text


def _call(aws: LocalAws, request: Mapping[str, Any]) -> tuple[int, str, str]:
    """Make a call with boto3; `{name}` in its parameters is what `furnish` has made."""
    sender = _client(aws.url, request["service"], request.get("who", "admin"))
    method = xform_name(request["operation"])
    try:
        answer = getattr(sender, method)(**_filled(request["params"], FURNISHED))
    except ClientError as error:
        found = error.response
        return found["ResponseMetadata"]["HTTPStatusCode"], found["Error"]["Code"], str(error)
    return answer["ResponseMetadata"]["HTTPStatusCode"], "", ""


def furnish_by(aws: LocalAws, steps: Iterable[Mapping[str, Any]]) -> None:
    """Make what data describe: calls by the administrator, and parts of their answers to keep."""
    for step in steps:
        sender = _client(aws.url, step["service"], step.get("who", "admin"))
        answer = getattr(sender, xform_name(step["operation"]))(
            **_filled(step["params"], FURNISHED)
        )
        for name, path in step.get("keep", {}).items():
            found: Any = answer
            for part in path.split("."):
                found = found[int(part)] if part.isdigit() else found[part]
            FURNISHED[name] = found


FURNISHED: dict[str, str] = {}
"""What `furnish` has made and AWS names: versions, volumes, templates."""


@cache
def _client(url: str, service: str, who: str) -> Any:
    config = Config(retries={"total_max_attempts": 1}, parameter_validation=False)
    return boto3.client(
        service,
        region_name="us-east-1",
        endpoint_url=url,
        aws_access_key_id=people.key_id(who),
        aws_secret_access_key=people.secret(who),
        config=config,
    )


def _filled(value: Any, made: Mapping[str, str]) -> Any:
    match value:
        case dict():
            return {name: _filled(one, made) for name, one in value.items()}
        case list():
            return [_filled(one, made) for one in value]
        case str() if value.startswith("bytes:"):
            return value.removeprefix("bytes:").encode()
        case str():
            return re.sub(r"\{(\w+)\}", lambda found: made[found[1]], value)
        case _:
            return value


def _code(text: str) -> str:
    found = re.search(r"<Code>([^<]*)</Code>|\"code\": \"([^\"]*)\"", text)
    return next(filter(None, found.groups()), "") if found else ""


def _expanded(text: str | list[Any]) -> str:
    """Return a long text: a list of texts, of which `[text, times]` is repeated, counting `{n}`."""
    if isinstance(text, str):
        return text
    return "".join(
        part
        if isinstance(part, str)
        else "".join(part[0].replace("{n}", str(n)) for n in range(1, part[1] + 1))
        for part in text
    )


def _bytes(text: str) -> bytes:
    """Return a body; `\\xNN` in the data stands for bytes that are no text."""
    return text.encode("latin-1") if not text or max(text) <= "\xff" else text.encode()


def _signed(host: str, request: dict[str, Any]) -> dict[str, Any]:
    service, who = request.get("service", "s3"), request.get("who", "admin")
    made: dict[str, Any] = {
        "method": request.get("method", "GET"),
        "path": request.get("path", "/"),
        "query": request.get("query", ""),
        "body": request["body"],
        "lines": request.get("lines", []),
        "headers": {"Host": host} | request.get("headers", {}),
    }
    if request.get("sign") == "none":
        return made
    at = datetime.now(UTC) + timedelta(minutes=request.get("minutes", 0))
    stamp = at.strftime("%Y%m%dT%H%M%SZ")
    region = request.get("region", "us-east-1")
    scope = f"{stamp[:8]}/{region}/{service}/aws4_request"
    key = request.get("credential", people.key_id(who))
    secret = request.get("secret", people.secret(who))
    if request.get("sign") == "presigned":
        return _presigned(made, (service, stamp, scope), (key, secret), request.get("expires", 600))
    headers = made["headers"]
    headers["X-Amz-Date"] = stamp
    if request.get("token"):
        headers["X-Amz-Security-Token"] = request["token"]
    if service == "s3" and "x-amz-content-sha256" not in headers:
        headers["x-amz-content-sha256"] = hashlib.sha256(_bytes(made["body"])).hexdigest()
    digest = headers.get("x-amz-content-sha256") or hashlib.sha256(_bytes(made["body"])).hexdigest()
    given = {name.lower(): value for name, value in headers.items()}
    names = sorted(name for name in given if name == "host" or name.startswith("x-amz"))
    signature = _signature(made, (service, stamp, scope), secret, (names, given), digest)
    headers["Authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={key}/{scope}, "
        f"SignedHeaders={';'.join(names)}, Signature={signature}"
    )
    return made


def _presigned(
    made: dict[str, Any], about: tuple[str, str, str], keys: tuple[str, str], expires: int
) -> dict[str, Any]:
    key, secret = keys
    given = {name.lower(): value for name, value in made["headers"].items()}
    names = sorted(name for name in given if name == "host" or name.startswith("x-amz"))
    signing = {
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": f"{key}/{about[2]}",
        "X-Amz-Date": about[1],
        "X-Amz-Expires": str(expires),
        "X-Amz-SignedHeaders": ";".join(names),
    }
    added = "&".join(f"{name}={quote(value, safe='')}" for name, value in signing.items())
    made["query"] = "&".join(filter(None, (made["query"], added)))
    digest = "UNSIGNED-PAYLOAD" if about[0] == "s3" else hashlib.sha256(b"").hexdigest()
    signature = _signature(made, about, secret, (names, given), digest)
    made["query"] += f"&X-Amz-Signature={signature}"
    return made


def _signature(
    made: Mapping[str, Any],
    about: tuple[str, str, str],
    secret: str,
    headers: tuple[list[str], Mapping[str, str]],
    digest: str,
) -> str:
    (service, stamp, scope), (names, given) = about, headers
    # as the local AWS checks it, whatever else it makes of the request
    path = sigv4._canonical_path(made["path"], service)
    query = sigv4._canonical_query(made["query"])
    lines = [f"{name}:{' '.join(given[name].split())}" for name in names]
    canonical = "\n".join((made["method"], path, query, *lines, "", ";".join(names), digest))
    hashed = hashlib.sha256(canonical.encode("utf-8", "surrogateescape")).hexdigest()
    key = sigv4.signing_key(secret, *scope.split("/")[:3])
    text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashed}"
    return hmac.new(key, text.encode(), "sha256").hexdigest()


def furnish(aws: LocalAws) -> None:
    """Make what attacks go for."""
    s3, iam = client(aws, "s3"), client(aws, "iam")
    for bucket, key in (("docs", "open/a"), ("docs", "shut/b"), ("vault", "secret")):
        if key != "shut/b":
            s3.create_bucket(Bucket=bucket)
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    iam.create_user(UserName="victim")
    iam.tag_user(UserName="victim", Tags=[{"Key": "team", "Value": "ops"}])
    iam.create_login_profile(UserName="victim", Password="Right-9-right")
    anybody = {
        "Effect": "Allow",
        "Principal": {"AWS": people.ACCOUNT},
        "Action": ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
    }
    trust = json.dumps(people.policy(anybody))
    iam.create_role(RoleName="Open", AssumeRolePolicyDocument=trust)
    sqs, sns = client(aws, "sqs"), client(aws, "sns")
    for name in ("open", "shut"):
        sqs.create_queue(QueueName=name)
    sns.create_topic(Name="news")
    client(aws, "dynamodb").create_table(
        TableName="people",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


def furnish_sealed(aws: LocalAws) -> None:
    """Make what is encrypted with a customer's key, what is locked, and what launches.

    It takes some seconds: moto loads EC2 and its images.
    """
    furnish(aws)
    _furnish_encrypted(aws)
    _furnish_launches(aws)
    made = client(aws, "datapipeline").create_pipeline(name="pipe", uniqueId="pipe")
    FURNISHED["pipeline"] = made["pipelineId"]
    client(aws, "elasticbeanstalk").create_application(ApplicationName="app")


def _furnish_encrypted(aws: LocalAws) -> None:
    kms, s3 = client(aws, "kms"), client(aws, "s3")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    kms.create_alias(AliasName="alias/shut", TargetKeyId=key)
    FURNISHED["key"] = key
    FURNISHED["multi"] = kms.create_key(MultiRegion=True)["KeyMetadata"]["KeyId"]
    encrypted = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key}
    s3.put_object(Bucket="vault", Key="sealed", Body=b"sealed", **encrypted)
    FURNISHED["upload"] = s3.create_multipart_upload(Bucket="vault", Key="parts", **encrypted)[
        "UploadId"
    ]
    s3.put_object(Bucket="docs", Key="open/tagged", Body=b"tagged", Tagging="a=b")
    s3.create_bucket(Bucket="sealing")
    by_default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    s3.put_bucket_encryption(
        Bucket="sealing",
        ServerSideEncryptionConfiguration={
            "Rules": [{"ApplyServerSideEncryptionByDefault": by_default}]
        },
    )
    s3.create_bucket(Bucket="locked", ObjectLockEnabledForBucket=True)
    until = datetime.now(UTC) + timedelta(days=2)
    FURNISHED["until"] = until.isoformat()
    FURNISHED["locked"] = s3.put_object(
        Bucket="locked",
        Key="kept",
        Body=b"kept",
        ObjectLockMode="GOVERNANCE",
        ObjectLockRetainUntilDate=until,
    )["VersionId"]
    secret = client(aws, "secretsmanager").create_secret(
        Name="sealed", SecretString="sealed", KmsKeyId=key
    )
    FURNISHED["secret"] = secret["ARN"]
    client(aws, "secretsmanager").create_secret(Name="open", SecretString="open")
    client(aws, "ssm").put_parameter(
        Name="/sealed/one", Value="sealed", Type="SecureString", KeyId=key
    )
    client(aws, "sqs").create_queue(QueueName="sealed", Attributes={"KmsMasterKeyId": key})
    client(aws, "sns").create_topic(Name="sealed", Attributes={"KmsMasterKeyId": key})
    kinesis = client(aws, "kinesis")
    kinesis.create_stream(StreamName="sealed", ShardCount=1)
    kinesis.start_stream_encryption(StreamName="sealed", EncryptionType="KMS", KeyId=key)
    FURNISHED["iterator"] = kinesis.get_shard_iterator(
        StreamName="sealed", ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    client(aws, "dynamodb").create_table(
        TableName="sealed",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        SSESpecification={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key},
    )


def _furnish_launches(aws: LocalAws) -> None:
    """Make volumes, a role for instances, and templates that hold what AWS asks about."""
    ec2, iam = client(aws, "ec2"), client(aws, "iam")
    iam.create_instance_profile(InstanceProfileName="Ops")
    iam.add_role_to_instance_profile(InstanceProfileName="Ops", RoleName="Ops")
    place, key = "us-east-1a", FURNISHED["key"]
    sealed = ec2.create_volume(AvailabilityZone=place, Size=1, Encrypted=True, KmsKeyId=key)
    FURNISHED["volume"] = sealed["VolumeId"]
    FURNISHED["snapshot"] = ec2.create_snapshot(VolumeId=sealed["VolumeId"])["SnapshotId"]
    image = ec2.describe_images(MaxResults=5)["Images"][0]["ImageId"]
    FURNISHED["image"] = image
    device = {"DeviceName": "/dev/sdb", "Ebs": {"VolumeSize": 1, "Encrypted": True}}
    sealed_device = {**device, "Ebs": {**device["Ebs"], "KmsKeyId": key}}
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "a", "Value": "b"}]}]
    for name, data in (
        ("role", {"IamInstanceProfile": {"Name": "Ops"}}),
        ("tags", {"TagSpecifications": tags}),
        ("volume", {"BlockDeviceMappings": [sealed_device]}),
        ("plain", {}),
    ):
        template = ec2.create_launch_template(
            LaunchTemplateName=name,
            LaunchTemplateData={"ImageId": image, "InstanceType": "t3.micro", **data},
        )
        FURNISHED[f"template_{name}"] = template["LaunchTemplate"]["LaunchTemplateId"]
    instance = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1)["Instances"][0]
    FURNISHED["instance"] = instance["InstanceId"]


def digest_of(aws: LocalAws) -> str:
    """Return a digest of everything in the account, moto's state and ours."""
    world = aws.world
    with world.lock:
        kept: list[Any] = [
            backends[world.account]
            for backends in tuple(BackendDict._instances)  # type: ignore[misc]  # moto has no other list
            # a look at a service leaves an empty one behind
            if backends.get(world.account)
        ]
    ours = (
        *(world.passwords, world.devices, world.passkeys),
        *(world.boundaries, world.spent, world.report),
    )
    total = hashlib.sha256()
    _walk((kept, ours), total, set())
    return total.hexdigest()


_PLAIN = (str, int, float, bytes, bool, type(None), datetime, date, timedelta, Enum)
_PASSED_BY = frozenset({"_lock", "lock", "_thread", "_reset_model_refs", "model_instances"})


def _walk(value: Any, total: Any, seen: set[int]) -> None:
    if isinstance(value, _PLAIN):
        total.update(repr(value).encode("utf-8", "replace"))
    elif isinstance(value, io.IOBase | tempfile.SpooledTemporaryFile):
        _walk_file(value, total)
    elif isinstance(value, AWSManagedPolicy):
        total.update(f"{value.arn}{value.attachment_count}".encode())
    elif id(value) in seen or callable(value):
        return
    else:
        seen.add(id(value))
        total.update(type(value).__name__.encode())
        for inner in _inside(value):
            _walk(inner, total, seen)


def _walk_file(value: Any, total: Any) -> None:
    if value.closed:
        return
    at = value.tell()
    value.seek(0)
    total.update(value.read())
    value.seek(at)


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, Mapping):
        pairs = list(value.items())
        # a backend's own mapping is by region: the empty ones come and go
        return [part for pair in pairs for part in pair]
    if isinstance(value, list | tuple):
        return value
    if isinstance(value, set | frozenset):
        return sorted(value, key=repr)
    fields = dict(getattr(value, "__dict__", {}))
    if isinstance(value, AccessKey):
        # that a key was used is kept of refused requests, too, as AWS does
        fields.pop("last_used", None)
    for owner in type(value).__mro__:
        for name in getattr(owner, "__slots__", ()):
            if hasattr(value, name):
                fields[name] = getattr(value, name)
    return [
        part for name in sorted(fields) if name not in _PASSED_BY for part in (name, fields[name])
    ]
