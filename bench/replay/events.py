"""Events as an organisation's trail has them, made and seeded: the same each time.

Ten accounts with 400 users and 600 roles; each has a repertoire of 2 to 90 operations and uses the
first of them most. A record has some 1.6 KB of JSON and some 270 B compressed, which is what real
ones have (the real sets come to 150 to 260 B). Files hold from 1 to some thousands of events.
"""

import gzip
import json
import random
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

_START = datetime(2026, 8, 20, tzinfo=UTC)
_DAYS = 90
_USERS = 400
_IN_SESSIONS = 0.25
"""How many of the calls of users are made with temporary credentials."""
_ACCOUNTS = [f"{number:012d}" for number in range(111100001111, 111100001121)]
_REGIONS = ["us-east-1", "ap-northeast-1", "eu-west-1", "us-west-2"]
_SERVICES = [
    *("s3", "ec2", "iam", "sts", "kms", "lambda", "dynamodb", "logs", "monitoring", "ecr"),
    *("ssm", "secretsmanager", "sqs", "sns", "cloudformation", "rds", "ecs", "eks", "glue"),
    *("athena", "route53", "elasticloadbalancing", "autoscaling", "config", "backup"),
]
_VERBS = ["Get", "Describe", "List", "Put", "Create", "Delete", "Update", "Batch", "Start", "Tag"]
_THINGS = ["Object", "Instances", "Table", "Item", "Key", "Secret", "Function", "Stack", "Image"]
_ERRORS = [None] * 90 + ["AccessDenied", "Client.UnauthorizedOperation", "NoSuchEntityException"]
_AGENTS = [
    "aws-cli/2.31.4 md/awscrt#0.27.6 ua/2.1 os/linux#6.1.0 md/arch#x86_64 lang/python#3.13.7 "
    "md/pyimpl#CPython m/N,b,E cfg/retry-mode#standard md/installer#exe sid/8a5e0f1d6b2c",
    "Boto3/1.40.21 md/Botocore#1.40.21 ua/2.1 os/linux#5.10.240 md/arch#x86_64 "
    "lang/python#3.12.3 md/pyimpl#CPython m/D,Z,b cfg/retry-mode#legacy Botocore/1.40.21",
    "APN/1.0 HashiCorp/1.0 Terraform/1.9.8 (+https://www.terraform.io) "
    "terraform-provider-aws/5.70.0 (+https://registry.terraform.io/providers/hashicorp/aws) "
    "aws-sdk-go-v2/1.31.0 ua/2.1 os/linux lang/go#1.23.1 md/GOOS#linux md/GOARCH#amd64",
    "[Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/141.0.0.0 Safari/537.36]",
    "[S3Console/0.4, aws-internal/3 aws-sdk-java/1.12.750 Linux/5.10.233 OpenJDK_64-Bit]",
]


@dataclass(frozen=True, slots=True)
class _Principal:
    account: str
    identity: dict[str, Any]
    operations: Sequence[tuple[str, str]]
    addresses: Sequence[str]
    agents: Sequence[str]


def write_logs(folder: Path, events: int, seed: int = 15) -> list[Path]:
    """Write some events in files as CloudTrail lays them out, and return the files."""
    random_ = random.Random(seed)  # noqa: S311 - a workload, and no secret
    principals = _principals(random_)
    weights = [1 / (1 + rank) ** 1.1 for rank in range(len(principals))]
    files = []
    left = events
    while left > 0:
        # most files are small, and a few hold most of the events
        size = min(left, max(1, int(random_.lognormvariate(4.7, 1.6))), 9_000)
        left -= size
        chosen = random_.choices(principals, weights, k=size)
        moment = _START + timedelta(seconds=random_.randrange(_DAYS * 86_400))
        files.append(_write(folder, chosen, moment, random_))
    return files


def _write(
    folder: Path, chosen: Sequence[_Principal], moment: datetime, random_: random.Random
) -> Path:
    account, region = random_.choice(_ACCOUNTS), random_.choice(_REGIONS)
    records = [_record(each, region, moment, random_) for each in chosen]
    place = folder / "AWSLogs" / account / "CloudTrail" / region / moment.strftime("%Y/%m/%d")
    place.mkdir(parents=True, exist_ok=True)
    ending = f"{random_.getrandbits(64):016x}"
    path = place / f"{account}_CloudTrail_{region}_{moment:%Y%m%dT%H%MZ}_{ending}.json.gz"
    text = json.dumps({"Records": records}, separators=(",", ":")).encode()
    path.write_bytes(gzip.compress(text, 6, mtime=0))
    return path


def _principals(random_: random.Random) -> list[_Principal]:
    operations = [
        (f"{service}.amazonaws.com", verb + thing)
        for service in _SERVICES
        for verb in _VERBS
        for thing in _THINGS
    ]
    everybody = []
    for number in range(1000):
        account = random_.choice(_ACCOUNTS)
        repertoire = random_.sample(operations, random_.randint(2, 90))
        addresses = [
            f"{random_.randint(11, 200)}.{random_.randrange(256)}.{random_.randrange(256)}.7"
            for _ in range(random_.randint(1, 6))
        ]
        agents = random_.sample(_AGENTS, random_.randint(1, 2))
        identity = _user(account, number) if number < _USERS else _role(account, number)
        everybody.append(_Principal(account, identity, repertoire, addresses, agents))
    random_.shuffle(everybody)
    return everybody


def _user(account: str, number: int) -> dict[str, Any]:
    name = f"user-{number:03d}"
    return {
        "type": "IAMUser",
        "principalId": f"AIDA{number:017d}",
        "arn": f"arn:aws:iam::{account}:user/{name}",
        "accountId": account,
        "accessKeyId": f"AKIA{number:016d}",
        "userName": name,
    }


def _role(account: str, number: int) -> dict[str, Any]:
    name = f"role-{number:03d}"
    return {
        "type": "AssumedRole",
        "principalId": f"AROA{number:017d}:session",
        "arn": f"arn:aws:sts::{account}:assumed-role/{name}/session",
        "accountId": account,
        "accessKeyId": "ASIA",
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": f"AROA{number:017d}",
                "arn": f"arn:aws:iam::{account}:role/teams/{name}",
                "accountId": account,
                "userName": name,
            },
            "webIdFederationData": {},
            "attributes": {"creationDate": "", "mfaAuthenticated": "false"},
        },
    }


def _identity(who: _Principal, moment: datetime, random_: random.Random) -> dict[str, Any]:
    identity = dict(who.identity)
    temporary = f"ASIA{random_.randrange(4):016d}"
    attributes = {"creationDate": f"{moment:%Y-%m-%dT%H}:00:00Z", "mfaAuthenticated": "false"}
    if identity["type"] == "AssumedRole":
        identity["accessKeyId"] = temporary
        identity["sessionContext"] = {**identity["sessionContext"], "attributes": attributes}
    elif random_.random() < _IN_SESSIONS:
        attributes["mfaAuthenticated"] = random_.choice(["true", "true", "false"])
        identity |= {"accessKeyId": temporary, "sessionContext": {"attributes": attributes}}
        if attributes["mfaAuthenticated"] == "false":
            identity["invokedBy"] = "cloudformation.amazonaws.com"
    return identity


def _record(
    who: _Principal, region: str, opened: datetime, random_: random.Random
) -> dict[str, Any]:
    moment = opened - timedelta(seconds=random_.randrange(900))
    # the first operations of a repertoire are used most
    source, name = who.operations[int(len(who.operations) * random_.random() ** 5)]
    thing = f"{random_.getrandbits(48):012x}"
    error = random_.choice(_ERRORS)
    record: dict[str, Any] = {
        "eventVersion": "1.11",
        "userIdentity": _identity(who, moment, random_),
        "eventTime": f"{moment:%Y-%m-%dT%H:%M:%SZ}",
        "eventSource": source,
        "eventName": name,
        "awsRegion": region,
        "sourceIPAddress": random_.choice(who.addresses),
        "userAgent": random_.choice(who.agents),
        **({"errorCode": error, "errorMessage": f"is not authorized: {name}"} if error else {}),
        "requestParameters": _parameters(thing, random_),
        "responseElements": None if name[0] in "GDL" else {"requestId": thing, "state": "ok"},
        "additionalEventData": {
            "SignatureVersion": "SigV4",
            "CipherSuite": "TLS_AES_128_GCM_SHA256",
            "bytesTransferredIn": random_.randrange(5_000),
            "AuthenticationMethod": "AuthHeader",
            "x-amz-id-2": f"{random_.getrandbits(200):050x}",
            "bytesTransferredOut": random_.randrange(90_000),
        },
        "requestID": str(uuid.UUID(int=random_.getrandbits(128))),
        "eventID": str(uuid.UUID(int=random_.getrandbits(128))),
        "readOnly": name[0] in "GDL",
        "resources": [
            {
                "accountId": who.account,
                "type": "AWS::S3::Object",
                "ARN": f"arn:aws:s3:::bucket-{random_.randrange(50)}/{thing}",
            }
        ],
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": who.account,
        "eventCategory": "Management",
        "tlsDetails": {
            "tlsVersion": "TLSv1.3",
            "cipherSuite": "TLS_AES_128_GCM_SHA256",
            "clientProvidedHostHeader": f"{source.split('.')[0]}.{region}.amazonaws.com",
        },
    }
    return record


def _parameters(thing: str, random_: random.Random) -> dict[str, Any]:
    words = ["status", "owner", "team", "stage", "project", "cost-center", "version"]
    return {
        "bucketName": f"bucket-{random_.randrange(50)}",
        "key": f"data/2026/{random_.randrange(12):02d}/{thing}.parquet",
        "filterSet": {"items": [{"name": word, "valueSet": "on"} for word in words[:2]]},
        "maxResults": random_.randrange(1_000),
        "tags": {word: f"{random_.getrandbits(32):08x}" for word in words[3:]},
    }


def records_of(files: Sequence[Path]) -> Iterator[dict[str, Any]]:
    """Yield the records of files, one after the other."""
    for path in files:
        yield from json.loads(gzip.decompress(path.read_bytes()))["Records"]
