"""What logs say of users, in a file: what is saved is what is loaded, and nothing else loads."""

import json
import stat
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sekisho.account import (
    AccessKey,
    KeyUse,
    Snapshot,
    Usage,
    User,
    UserUse,
    dump_usage,
    is_usage,
    load_usage,
    most_frequent,
    read_usage,
    save_usage,
    with_logged_use,
)
from sekisho.errors import FaultyInput, SekishoError

WHEN = datetime(2026, 8, 20, 9, 0, tzinfo=UTC)
KEY = KeyUse(
    key_id="AKIAEXAMPLE",
    calls=5,
    without_mfa=4,
    failed=1,
    first=WHEN,
    last=WHEN + timedelta(days=2),
    services={"s3": 5},
    addresses={"192.0.2.1": 5},
    addresses_count=1,
    agents={"Boto3/1.34.0": 5},
    agents_count=1,
    regions={"eu-west-1": 5},
    hours={"9": 5},
    days={"2026-08-20": 4},
)
ALICE = UserUse(
    "arn:aws:iam::111122223333:user/team/alice",
    (KEY, replace(KEY, key_id="ASIA", calls=2, without_mfa=2)),
    sign_ins_without_mfa=3,
    last_sign_in=WHEN,
    aws_login=2,
    aws_login_without_mfa=1,
    forwarded=7,
)
ROOT = UserUse("arn:aws:iam::111122223333:root")
USAGE = Usage(WHEN, None, WHEN, KEY.last, 12, 1_000, 1, (ALICE, ROOT))


def test_what_is_saved_is_loaded_and_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "usage.json"
    save_usage(USAGE, path)
    assert load_usage(path) == USAGE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(SekishoError):
        save_usage(USAGE, path)
    save_usage(replace(USAGE, files=13), path, replace=True)
    assert load_usage(path).digest != USAGE.digest


def test_figures_of_a_user_are_those_of_the_keys() -> None:
    assert (ALICE.name, ROOT.name) == ("alice", "root")
    assert (ALICE.calls, ALICE.without_mfa, ALICE.sign_ins) == (7, 6, 3)
    assert ALICE.uses_mfa  # one call of the access key was with MFA
    assert not UserUse(ALICE.arn, sign_ins_without_mfa=1).uses_mfa
    assert ALICE.key("AKIAEXAMPLE") == KEY
    assert ALICE.key("AKIAOTHER") is None
    assert KEY.long_term
    assert not ALICE.keys[1].long_term
    assert USAGE.user_use(ALICE.arn) is ALICE
    assert USAGE.user_use("arn:aws:iam::111122223333:user/bob").calls == 0
    assert USAGE.accounts == {"111122223333"}


def test_of_many_the_most_frequent_are_listed() -> None:
    counts = {f"192.0.2.{number}": number for number in range(1, 101)}
    found = most_frequent(counts)
    assert [*found][:2] == ["192.0.2.100", "192.0.2.99"]
    assert len(found) == 50


@pytest.mark.parametrize(
    ("recorded", "services", "shown"),
    [
        (None, {"s3": 5}, (KEY.last, "s3")),
        (KEY.last - timedelta(days=1), {"s3": 5}, (KEY.last, "s3")),
        # which of several was called last is not counted
        (KEY.last - timedelta(days=1), {"s3": 4, "sts": 1}, (KEY.last, "")),
        # IAM records a call within a quarter of an hour, and knows its service
        (KEY.last - timedelta(minutes=14), {"s3": 5}, (KEY.last - timedelta(minutes=14), "ec2")),
        (KEY.last + timedelta(days=1), {"s3": 5}, (KEY.last + timedelta(days=1), "ec2")),
    ],
)
def test_a_key_was_last_used_when_iam_or_the_logs_say_so(
    recorded: datetime | None, services: dict[str, int], shown: tuple[datetime, str]
) -> None:
    arn = "arn:aws:iam::111122223333:user/mika"
    key = AccessKey(KEY.key_id, True, last_used=recorded, last_service="ec2" if recorded else "")
    other = AccessKey("AKIAOTHER", True)
    user = User("mika", "/", arn, "AIDAMIKA", keys=(key, other))
    at = Snapshot("aws", "111122223333", WHEN, users=(user,), groups=(), roles=(), policies={})
    uses = (replace(KEY, services=services),)
    usage = Usage(None, None, WHEN, WHEN, 1, 5, users=(UserUse(arn, keys=uses),))
    logged, unlogged = with_logged_use(at, usage).users[0].keys
    assert (logged.last_used, logged.last_service) == shown
    assert unlogged == other


def _changed(change: dict[str, Any]) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(dump_usage(USAGE))
    for path, new in change.items():
        at: Any = value
        *parts, last = path.split("/")
        for part in parts:
            at = at[int(part) if part.isdecimal() else part]
        at[last] = new
    return value


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"schema": "sekisho.usage/2"}, "schema"),
        ({"events": "many"}, "events"),
        ({"more": 1}, ""),
        ({"users/0/arn": "alice"}, "users[0].arn"),
        ({"users/1/arn": ALICE.arn}, "users[1].arn"),
        ({"users/0/keys/1/keyId": KEY.key_id}, "users[0].keys[1].keyId"),
        ({"users/0/keys/0/withoutMfa": 6}, "users[0].keys[0].withoutMfa"),
        ({"users/0/keys/0/failed": -1}, "users[0].keys[0].failed"),
        ({"users/0/keys/0/last": "2026-08-19T00:00:00+00:00"}, "users[0].keys[0].first"),
        ({"users/0/keys/0/first": "2026-08-20T09:00:00"}, "users[0].keys[0].first"),
        ({"users/0/keys/0/services": {"s3": "5"}}, "users[0].keys[0].services.s3"),
    ],
)
def test_whatever_cannot_be_is_a_fault_with_its_place(change: dict[str, Any], path: str) -> None:
    value = _changed(change)
    assert is_usage(value)
    with pytest.raises(FaultyInput) as raised:
        read_usage(value, "usage.json")
    assert [fault.path for fault in raised.value.faults] == [path]


@pytest.mark.parametrize("value", [None, [], {}, {"schema": 5}, {"schema": "sekisho.plan/1"}])
def test_other_files_are_no_usage(value: object) -> None:
    assert not is_usage(value)
    with pytest.raises(FaultyInput):
        read_usage(value, "x")
