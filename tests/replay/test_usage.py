"""What logs say of users: by hand, and the same whether plain Python or DuckDB grouped them."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.replay.groups_of import log_files

from replay.plainly import group_plainly, plain_logs
from sekisho.account import Usage, dump_usage, read_usage
from sekisho.replay import ALWAYS
from sekisho.replay.reading import SkippedKind, read_groups
from sekisho.replay.report import trail_logs, usage_of

ACCOUNT = "111122223333"
BOT = f"arn:aws:iam::{ACCOUNT}:user/ci/deploy-bot"
ALICE = f"arn:aws:iam::{ACCOUNT}:user/alice"


def _record(user: str, name: str = "ListBuckets", **more: Any) -> dict[str, Any]:
    identity = {
        "type": "IAMUser",
        "arn": user,
        "accountId": ACCOUNT,
        "userName": user.rsplit("/", 1)[-1],
        "accessKeyId": "AKIAEXAMPLE1",
        **more.pop("identity", {}),
    }
    return {
        "eventTime": "2026-08-20T09:00:00Z",
        "eventSource": "s3.amazonaws.com",
        "eventName": name,
        "eventType": "AwsApiCall",
        "recipientAccountId": ACCOUNT,
        "awsRegion": "eu-west-1",
        "sourceIPAddress": "192.0.2.1",
        "userAgent": "Boto3/1.34.0",
        "userIdentity": identity,
        **more,
    }


def _session(mfa: str, **more: Any) -> dict[str, Any]:
    attributes = {"attributes": {"mfaAuthenticated": mfa}}
    return {"accessKeyId": "ASIAEXAMPLE", "sessionContext": {**attributes, **more}}


def _sign_in(mfa: str, result: str = "Success") -> dict[str, Any]:
    return _record(
        ALICE,
        "ConsoleLogin",
        eventSource="signin.amazonaws.com",
        eventType="AwsConsoleSignIn",
        additionalEventData={"MFAUsed": mfa},
        responseElements={"ConsoleLogin": result},
        identity={"accessKeyId": ""},
    )


RECORDS = [
    _record(BOT),
    _record(BOT, eventTime="2026-08-21T10:00:00Z", errorCode="AccessDenied"),
    _record(BOT, eventTime="2026-08-21T11:00:00Z", sourceIPAddress="192.0.2.2"),
    # the key's own session with a code is with MFA
    _record(
        BOT,
        "GetSessionToken",
        eventSource="sts.amazonaws.com",
        requestParameters={"serialNumber": "arn:aws:iam::111122223333:mfa/bot"},
    ),
    # what S3 asked of KMS on its behalf is no call of the key
    _record(BOT, "Decrypt", identity={**_session("false"), "invokedBy": "s3.amazonaws.com"}),
    _record(ALICE, identity=_session("true")),
    _record(ALICE, identity=_session("false", signInSessionArn="arn:aws:signin:::session/1")),
    _record(
        ALICE,
        "AuthorizeOAuth2Access",
        eventSource="signin.amazonaws.com",
        identity=_session("false"),
    ),
    _sign_in("Yes"),
    _sign_in("No"),
    _sign_in("No", "Failure"),
    # roles, services and copies of other accounts' calls are no users
    _record(f"arn:aws:sts::{ACCOUNT}:assumed-role/app/x", identity={"type": "AssumedRole"}),
    _record("arn:aws:iam::444455556666:user/eve", identity={"accountId": "444455556666"}),
    {"eventTime": "2026-08-20T09:00:00Z", "eventType": "AwsServiceEvent"},
]


def _plainly(records: Iterable[object]) -> Usage:
    return usage_of(plain_logs(group_plainly(records)))


def test_each_call_counts_where_it_belongs() -> None:
    usage = _plainly(RECORDS)
    bot, alice = usage.user_use(BOT), usage.user_use(ALICE)
    assert [user.arn for user in usage.users] == [ALICE, BOT]
    assert usage.events == len(RECORDS)
    key = bot.key("AKIAEXAMPLE1")
    assert key is not None
    assert (key.calls, key.without_mfa, key.failed, bot.forwarded) == (4, 3, 1, 1)
    assert key.services == {"s3": 3, "sts": 1}
    assert key.addresses == {"192.0.2.1": 3, "192.0.2.2": 1}
    assert key.days == {"2026-08-20": 1, "2026-08-21": 2}
    assert (key.first, key.last) == (
        datetime(2026, 8, 20, 9, tzinfo=UTC),
        datetime(2026, 8, 21, 11, tzinfo=UTC),
    )
    assert bot.uses_mfa
    assert [each.key_id for each in alice.keys] == ["ASIA"]
    assert (alice.calls, alice.without_mfa) == (3, 2)
    assert (alice.sign_ins_with_mfa, alice.sign_ins_without_mfa, alice.sign_ins_failed) == (1, 1, 1)
    assert alice.last_sign_in == datetime(2026, 8, 20, 9, tzinfo=UTC)
    assert (alice.aws_login, alice.aws_login_without_mfa) == (2, 2)
    assert read_usage(json.loads(dump_usage(usage)), "x") == usage


def test_a_mistyped_password_is_nobodys_name() -> None:
    hidden = _sign_in("No", "Failure")
    name = "HIDDEN_DUE_TO_SECURITY_REASONS"
    hidden["userIdentity"] = {"type": "IAMUser", "accountId": ACCOUNT, "userName": name}
    assert _plainly([hidden]).users == ()


@pytest.mark.parametrize("records", [RECORDS, []], ids=["some", "none"])
def test_read_from_files_it_is_the_same(records: list[Any]) -> None:
    content = json.dumps({"Records": records}).encode()
    fast = usage_of(trail_logs(read_groups(log_files([content]), ALWAYS), {}))
    plain = _plainly(records)
    assert fast.files == 1
    assert dump_usage(fast) == dump_usage(plain).replace('"files": 0', '"files": 1')


def test_what_was_not_opened_could_not_be_read() -> None:
    left_out = {SkippedKind.NOT_OPENED: 2, SkippedKind.DIGEST: 3}
    assert usage_of(trail_logs(read_groups(log_files([b"?"])), left_out)).faults == 3
