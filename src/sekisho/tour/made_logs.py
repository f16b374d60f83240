"""A quarter of CloudTrail logs of the example company: made, seeded, and the same for each end.

They are files as CloudTrail delivers them, in its layout. Every record is of a documented shape and
says in its `userAgent` that it was made. Nothing is said of the real company, which there is not.

Source: AWS CloudTrail User Guide, "CloudTrail record contents", "CloudTrail log file examples",
"Finding your CloudTrail log files".
"""

import gzip
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from sekisho.account import AccountFile
from sekisho.lazy import dataclass
from sekisho.localaws import ADMINISTRATOR, MACHINE
from sekisho.tour import company

DAYS = 90
_SEED = 20261101
_REGION = "ap-northeast-1"
_MADE = "sekisho-example"
_WORKDAYS = 5
_OFFICE = "203.0.113.20"
_BUILD_SERVERS = ("198.51.100.7", "198.51.100.8")
_SIGN_INS = {ADMINISTRATOR: "Yes", company.MEMBER_WITH_DEVICE: "Yes", "mei.takahashi": "No"}
"""Who signs in to the console each working day, and whether with MFA."""


@dataclass(frozen=True, slots=True)
class _Made:
    """The making of records.

    Attributes:
        account: the account file, whose ids and keys the records have.
        random: draws minutes and addresses.
    """

    account: AccountFile
    random: Random

    def day(self, start: datetime, number: int) -> Iterator[dict[str, Any]]:
        """Yield the records of one day.

        Args:
            start: its first moment.
            number: how many days it is before the end of the quarter. Working days are counted by
                it, so that the numbers do not depend on the day on which the tour runs.
        """
        for hour in range(0, 24, 2):
            yield from self._deployment(start + timedelta(hours=hour))
        if number % 7 < _WORKDAYS:
            morning = start + timedelta(hours=9)
            for name, mfa in _SIGN_INS.items():
                yield self._sign_in(self._minute(morning), name, mfa)
            yield self._by_hand(self._minute(morning + timedelta(hours=number % 8)))

    def _deployment(self, at: datetime) -> Iterator[dict[str, Any]]:
        address = self.random.choice(_BUILD_SERVERS)
        agent = f"Boto3/1.40.5 md/Botocore#1.40.5 {_MADE}"
        bucket = {"bucketName": "reidai-website"}
        calls = (("s3", "ListBuckets", None), ("s3", "PutObject", bucket))
        for source, name, parameters in (*calls, ("cloudfront", "CreateInvalidation", None)):
            more = {"sourceIPAddress": address, "userAgent": agent, "requestParameters": parameters}
            yield self._call(self._minute(at), MACHINE, f"{source}.amazonaws.com", name, more)

    def _by_hand(self, at: datetime) -> dict[str, Any]:
        more = {"sourceIPAddress": _OFFICE, "userAgent": f"aws-cli/2.31.3 {_MADE}"}
        return self._call(at, company.KEY_USER, "s3.amazonaws.com", "ListBuckets", more)

    def _call(
        self, at: datetime, user: str, source: str, name: str, more: dict[str, Any]
    ) -> dict[str, Any]:
        record = self._record(at, user, source, name, "AwsApiCall")
        record["userIdentity"]["accessKeyId"] = self.account.credentials[user].keys[0].id
        return {**record, **more}

    def _sign_in(self, at: datetime, user: str, mfa: str) -> dict[str, Any]:
        record = self._record(at, user, "signin.amazonaws.com", "ConsoleLogin", "AwsConsoleSignIn")
        return {
            **record,
            "sourceIPAddress": _OFFICE,
            "userAgent": f"Mozilla/5.0 {_MADE}",
            "additionalEventData": {"MFAUsed": mfa},
            "responseElements": {"ConsoleLogin": "Success"},
        }

    def _record(self, at: datetime, user: str, source: str, name: str, kind: str) -> dict[str, Any]:
        account = self.account.account
        identity = {
            "type": "IAMUser",
            "principalId": f"AIDAEXAMPLE{user.upper().replace('.', '').replace('-', '')}",
            "arn": f"arn:{self.account.partition}:iam::{account}:user/{user}",
            "accountId": account,
            "userName": user,
        }
        return {
            "eventVersion": "1.11",
            "userIdentity": identity,
            "eventTime": f"{at:%Y-%m-%dT%H:%M:%SZ}",
            "eventSource": source,
            "eventName": name,
            "awsRegion": _REGION,
            "eventID": f"{self.random.getrandbits(128):032x}",
            "eventType": kind,
            "recipientAccountId": account,
            "eventCategory": "Management",
        }

    def _minute(self, hour: datetime) -> datetime:
        return hour + timedelta(minutes=self.random.randrange(60))


def write_made_logs(folder: Path, account: AccountFile, end: datetime) -> int:
    """Write the logs of the quarter that ends with the day before `end`, and return their events.

    Args:
        folder: where `AWSLogs` is made.
        account: the account file of the example company.
        end: in UTC.
    """
    made, events = _Made(account, Random(_SEED)), 0  # noqa: S311 - no secret: it is to be the same
    midnight = end.replace(hour=0, minute=0, second=0, microsecond=0)
    root = folder / "AWSLogs" / account.account / "CloudTrail" / _REGION
    for number in range(1, DAYS + 1):
        start = midnight - timedelta(days=number)
        records = list(made.day(start, number))
        name = f"{account.account}_CloudTrail_{_REGION}_{start:%Y%m%dT2355Z}_{number:016d}.json.gz"
        file = root / f"{start:%Y/%m/%d}" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(gzip.compress(json.dumps({"Records": records}).encode(), 1, mtime=0))
        events += len(records)
    return events
