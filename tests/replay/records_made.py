"""Records of the documented shapes and of shapes that none should have, in every kind of file.

Made with a seeded `Random`, so that Hypothesis draws one number for each.
"""

import gzip
import json
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any

ODD: Sequence[Any] = (
    *(None, True, False, 0, 5, 1.5, -1, 1e300, "", [], {}, ["x"], {"ARN": 1}, "5", "true", "null"),
    *('"', "\\", 'a"b\\', "{}", "[1]", "é\u0000\n", "\x7f\u2028😀", "'", "%_", " x", "a b", "a!"),
)
TIMES = [
    f"2026-08-{day:02d}T{hour:02d}:00:0{day % 3}Z" for day in (20, 21, 22) for hour in (0, 9, 23)
]
ODD_TIMES = (None, 5, "", "2026-08-20", "2026-08-20T10:00:00", "2026-02-30T00:00:00Z", "x" * 20)
ODD_TIMES += ("2026-08-20T10:00:00+09:00", "2026-08-20T23:30:00.5-0130", "2026-08-20T10:00:00 pm")
ODD_TIMES += ("2026-08-20T10:00:00.123Z", "2026-08-20 10:00:00Z", "0001-01-01T00:00:00Z", ["x"])

_TOP: Mapping[str, Sequence[Any]] = {
    "eventSource": ("sts.amazonaws.com", "s3.amazonaws.com", "iam.amazonaws.com", "IAM.aws"),
    "eventName": ("GetObject", "AssumeRole", "ConsoleLogin"),
    "eventType": ("AwsApiCall", "AwsConsoleSignIn", "AwsVpceEvent"),
    "eventCategory": ("Management", "NetworkActivity", "NetworkActivity", "Insight"),
    "sharedEventID": ("s1", "s2", ""),
    "errorCode": ("AccessDenied",),
    "recipientAccountId": ("111122223333",),
    "sessionCredentialFromConsole": ("true",),
    "sourceIPAddress": ("192.0.2.1", "AWS Internal"),
    "vpcEndpointId": ("vpce-1",),
    "awsRegion": ("eu-west-1", "us-east-1"),
    "userAgent": ("aws-cli/2", "[S3Console/0.4]"),
    "additionalEventData": ({"MFAUsed": "Yes"}, {"x": 1}),
    "responseElements": ({"ConsoleLogin": "Success"}, {"x": {"ConsoleLogin": "no"}}),
    "requestParameters": (
        {"serialNumber": "arn:mfa", "bucketName": "b", "userName": "a"},
        {"key": "a b", "bucketName": ["x"], "serialNumber": None},
        {"key": 'q"\\', "userName": 5, "serialNumber": 0},
        "HIDDEN_DUE_TO_SECURITY_REASONS",
    ),
    "resources": (
        [{"ARN": "arn:b"}, {"ARN": "arn:a b"}, {"ARN": "arn:aws:iam::1:a"}, {"ARN": "arn:b"}],
        [{"ARN": 5}, "x", None, {"type": "x"}],
        [],
    ),
}
_IDENTITY: Mapping[str, Sequence[Any]] = {
    "type": ("IAMUser", "AssumedRole", "Root", "AWSService"),
    "accountId": ("111122223333", "444455556666"),
    "arn": ("arn:user", "arn:session"),
    "userName": ("alice", "bob"),
    "accessKeyId": (
        "AKIA1",
        "AKIA2",
        "ASIA12345",
        "ASIA67890",
        "AS",
        "AKI",
        "ASI\\A",
        "AKIA",
        "é✓ab",
    ),
    "principalId": ("AIDA1",),
    "invokedBy": ("athena.amazonaws.com",),
}
_SESSION: Mapping[str, Sequence[Any]] = {
    "sessionIssuer": ({"arn": "arn:role"}, {}, {"arn": ""}),
    "attributes": ({"mfaAuthenticated": "true", "creationDate": "c"}, {"creationDate": "c"}),
    "signInSessionArn": ("arn:signin",),
    "sourceIdentity": ("me",),
    "webIdFederationData": ({"federatedProvider": "p"}, {}),
}


def some_record(random: Random, odd: float = 0.02) -> Any:
    """Return a record; each of its members is odd with that probability, or absent."""

    def filled(members: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
        return {
            name: random.choice(ODD) if random.random() < odd else random.choice(values)
            for name, values in members.items()
            if random.random() < 0.7
        }

    if random.random() < odd:
        return random.choice(ODD)
    record: dict[str, Any] = {"eventTime": random.choice(TIMES), **filled(_TOP)}
    if random.random() < odd:
        record["eventTime"] = random.choice(ODD_TIMES)
    if random.random() < 0.9:
        record["eventID"] = (
            f"e{random.randrange(30)}" if random.random() > odd else random.choice(ODD)
        )
    if random.random() < 0.95:
        record["userIdentity"] = filled(_IDENTITY)
        if random.random() < 0.6:
            record["userIdentity"]["sessionContext"] = filled(_SESSION)
        elif random.random() < odd:
            record["userIdentity"] = random.choice(ODD)
    return record


def _dumped(random: Random, value: Any) -> str:
    return json.dumps(
        value,
        ensure_ascii=random.random() < 0.5,
        separators=random.choice([None, (",", ":")]),
        indent=random.choice([None, None, 1]),
    )


def _log(random: Random, records: Sequence[Any]) -> str:
    return _dumped(random, {"Records": list(records)})


def _array(random: Random, records: Sequence[Any]) -> str:
    return _dumped(random, list(records))


def _lines(random: Random, records: Sequence[Any]) -> str:
    """Return JSON lines, if they can be told from something else."""
    if len(records) < 2 or not isinstance(records[0], dict):
        return _log(random, records)
    ending = random.choice(["\n", "\r\n", "\n\n"])
    return ending.join(json.dumps(record) for record in records)


def _events(random: Random, records: Sequence[Any]) -> str:
    """Return what EventBridge delivers."""
    if not all(isinstance(record, dict) for record in records):
        return _array(random, records)
    events = [{"version": "0", "detail-type": "x", "detail": record} for record in records]
    return _array(random, events) if random.random() < 0.5 else "\n".join(map(json.dumps, events))


def _answer(random: Random, records: Sequence[Any]) -> str:
    """Return an answer of LookupEvents."""
    events = [{"EventId": "x", "CloudTrailEvent": json.dumps(record)} for record in records]
    return _dumped(random, {"Events": events})


SHAPES: Sequence[Callable[[Random, Sequence[Any]], str]] = (_log, _array, _lines, _events, _answer)


def some_files(random: Random, records: Sequence[Any], files: int) -> list[bytes]:
    """Return the records in so many files of any shape, some compressed."""
    shares: list[list[Any]] = [[] for _ in range(files)]
    for record in records:
        random.choice(shares).append(record)
    contents = [random.choice(SHAPES)(random, share).encode() for share in shares if share]
    return [gzip.compress(each, 1) if random.random() < 0.5 else each for each in contents]
