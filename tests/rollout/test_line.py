"""What a bad line does to a roll-out over an unmodified client: every change is made once."""

import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import botocore.endpoint
import pytest
from botocore.retries.bucket import TokenBucket

from administered import REGION, iam_of, session_keys, signed_in
from rollout.line import Line, line_to
from rollout.staging import ENFORCEMENT, NOW, company
from rollout.test_concurrent_changes import applied, replacing
from rollout.test_laws import password
from rollout.weather import Fault, Weather
from sekisho.account.aws import Boto3Api, connect
from sekisho.errors import AwsRefused
from sekisho.localaws import LocalAws
from sekisho.rollout import (
    CreatePolicyVersion,
    Journal,
    execute,
    facts_at_addresses,
    retried,
    roll_back,
)


@pytest.fixture(autouse=True)
def _sends_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let botocore not wait before it sends again: how long it does is its own."""
    clock = {**vars(time), "sleep": lambda _: None}
    monkeypatch.setattr(botocore.endpoint, "time", SimpleNamespace(**clock))
    monkeypatch.setattr(TokenBucket, "acquire", lambda *_, **__: True)


@pytest.fixture
def local() -> Iterator[LocalAws]:
    with company() as running:
        yield running


@pytest.fixture
def line(local: LocalAws) -> Iterator[Line]:
    with line_to(local.url) as running:
        yield running


@pytest.fixture
def api(local: LocalAws, line: Line) -> Boto3Api:
    keys = session_keys(local, "admin", mfa=True)
    return connect(region=REGION, endpoint_url=line.url, credentials=keys)


WRITES = ("CreatePolicyVersion", "TagPolicy", "AttachUserPolicy", "DetachUserPolicy")
BACK = ("SetDefaultPolicyVersion", "DeletePolicyVersion", "UntagPolicy")


@pytest.mark.parametrize("operation", WRITES)
def test_a_change_whose_answer_was_lost_is_made_once(
    api: Boto3Api, local: LocalAws, line: Line, tmp_path: Path, operation: str
) -> None:
    whole = replacing(api, local)
    before = facts_at_addresses(whole, api)
    line.losing.add(operation)
    report = applied(whole, api, tmp_path / "journal")
    assert (report.complete, report.already) == (True, ())
    assert not line.losing
    needed = sum(change.operation == operation for change in whole.changes)
    assert line.asked[operation] == needed, "none was sent twice"
    line.losing.update(BACK)
    while (back := roll_back(whole, Journal(tmp_path / "journal"), api, now=lambda: NOW)).stopped:
        pass
    assert back.left == ()
    assert not line.losing
    assert facts_at_addresses(whole, api) == before


def test_a_version_that_was_made_twice_is_taken_back_twice(local: LocalAws, tmp_path: Path) -> None:
    api = signed_in(local, "admin", mfa=True)
    whole = replacing(api, local)
    before = facts_at_addresses(whole, api)
    position = [type(change) for change in whole.changes].index(CreatePolicyVersion)
    # AWS does not show the version of the lost answer yet when it is looked for
    weather = Weather(api, [*[None] * position, Fault.LOST_BUT_DONE], lag=60)
    waited: list[float] = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) > 1:
            weather.clear()

    journal = Journal(tmp_path / "journal")
    run = partial(execute, whole, weather, journal, passwords=password, now=lambda: NOW)
    assert retried(run, sleep, lambda _: None).complete
    versions = iam_of(local).list_policy_versions(PolicyArn=ENFORCEMENT)["Versions"]
    assert sorted(each["VersionId"] for each in versions) == ["v1", "v2", "v3"]
    assert applied(whole, api, tmp_path / "journal").complete
    assert roll_back(whole, Journal(tmp_path / "journal"), api, now=lambda: NOW).left == ()
    assert facts_at_addresses(whole, api) == before


def test_a_throttled_change_is_sent_again(
    api: Boto3Api, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sekisho.account.aws.client._ATTEMPTS", 3)
    line.throttled["CreateGroup"] = 2
    api.call("iam", "CreateGroup", GroupName="Enforced")
    assert line.asked["CreateGroup"] == 3
    line.throttled["DeleteGroup"] = 3
    with pytest.raises(AwsRefused, match="Throttling"):
        api.call("iam", "DeleteGroup", GroupName="Enforced")
    assert line.asked["DeleteGroup"] == 3


def test_a_read_whose_answer_was_lost_is_sent_again(api: Boto3Api, line: Line) -> None:
    line.losing.add("GetUser")
    assert api.call("iam", "GetUser", UserName="hanako")["User"]
    assert line.asked["GetUser"] == 2
