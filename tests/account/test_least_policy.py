"""What collect needs: exactly its policy, at most so many calls; their order does not matter."""

import json
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest

from administered import ACCOUNT, REGION, administered, iam_of
from sekisho.account import (
    CALLS_PER_USER,
    OPTIONAL_READS,
    READS,
    AwsApi,
    CallUnit,
    Pace,
    Snapshot,
    collect,
    least_policy,
)
from sekisho.account.aws import Boto3Api, Keys, connect
from sekisho.localaws import LocalAws
from sekisho.policy import Quota, size, to_json

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
ACTIONS = [read.action for read in READS if not read.free]


class Elsewhere:
    """An `AwsApi` to which the organisation's management account is another account.

    The local AWS has one account only, and in the management account no SCP is asked for.
    """

    def __init__(self, api: AwsApi) -> None:
        self._api = api

    def call(self, service: str, operation: str, /, **params: object) -> Mapping[str, Any]:
        answer = self._api.call(service, operation, **params)
        if operation != "DescribeOrganization":
            return answer
        return {"Organization": {**answer["Organization"], "MasterAccountId": "999999999999"}}

    def pages(self, service: str, operation: str, key: str, /, **params: object) -> Iterator[Any]:
        return self._api.pages(service, operation, key, **params)


class Counting(Elsewhere):
    """An `AwsApi` that counts its calls by operation and user."""

    def __init__(self, api: AwsApi) -> None:
        super().__init__(api)
        self.calls: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()

    def _count(self, operation: str, params: Mapping[str, object]) -> None:
        who = str(params.get("UserName", params.get("AccessKeyId", "")))
        with self._lock:
            self.calls[operation, who] += 1

    def call(self, service: str, operation: str, /, **params: object) -> Mapping[str, Any]:
        self._count(operation, params)
        return super().call(service, operation, **params)

    def pages(self, service: str, operation: str, key: str, /, **params: object) -> Iterator[Any]:
        self._count(operation, params)
        return super().pages(service, operation, key, **params)


def put(local: LocalAws, actions: list[str]) -> None:
    """Let the reader do these actions and no other."""
    statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    iam_of(local).put_user_policy(
        UserName="reader", PolicyName="own", PolicyDocument=json.dumps(document)
    )


@pytest.fixture(scope="module")
def local() -> Iterator[LocalAws]:
    """Run an organisation's account with a user who holds keys and one who only reads."""
    with administered() as running:
        iam = iam_of(running)
        for name in ("reader", "keeper"):
            iam.create_user(UserName=name)
        for _ in range(2):
            iam.create_access_key(UserName="keeper")
        iam.attach_user_policy(UserName="keeper", PolicyArn=READ_ONLY)
        iam.create_login_profile(UserName="keeper", Password="Fuji-2026-x")
        about = {
            "endpoint_url": running.url,
            "region_name": REGION,
            "aws_access_key_id": "AKIAEXAMPLEGLASS0000",
            "aws_secret_access_key": "example-secret-of-glass-0123456789abcdef",
        }
        organizations = boto3.client("organizations", **about)
        organizations.create_organization(FeatureSet="ALL")
        (root,) = organizations.list_roots()["Roots"]
        organizations.enable_policy_type(RootId=root["Id"], PolicyType="SERVICE_CONTROL_POLICY")
        yield running


@pytest.fixture(scope="module")
def reader(local: LocalAws) -> Boto3Api:
    key = iam_of(local).create_access_key(UserName="reader")["AccessKey"]
    keys = Keys(key["AccessKeyId"], key["SecretAccessKey"])
    return connect(region=REGION, endpoint_url=local.url, credentials=keys)


def whole(local: LocalAws, api: AwsApi) -> Snapshot:
    put(local, ACTIONS)
    return collect(Elsewhere(api), now=NOW)


def test_the_printed_policy_is_enough(local: LocalAws, reader: Boto3Api) -> None:
    (statement,) = to_json(least_policy())["Statement"]  # type: ignore[misc] # JSON is not typed
    assert sorted(statement["Action"]) == sorted(ACTIONS)
    snapshot = whole(local, reader)
    assert snapshot.gaps == ()
    assert snapshot.scps is not None
    assert [level.name for level in snapshot.scps][-1] == ACCOUNT
    assert [
        policy.name.rsplit("/", 1)[-1] for level in snapshot.scps for policy in level.policies
    ] == [
        "p-FullAWSAccess",
        "p-FullAWSAccess",
    ]


@pytest.mark.parametrize("action", ACTIONS)
def test_without_one_action_there_is_exactly_its_gap(
    local: LocalAws, reader: Boto3Api, action: str
) -> None:
    put(local, [each for each in ACTIONS if each != action])
    snapshot = collect(Elsewhere(reader), now=NOW)
    assert {gap.operation for gap in snapshot.gaps} == {action.split(":")[1]}
    assert all(gap.code.startswith("AccessDenied") for gap in snapshot.gaps)


def test_it_is_the_least_and_only_reads() -> None:
    assert size(least_policy()) <= Quota.MANAGED_POLICY.number
    assert all(
        read.operation.startswith(("Get", "List", "Describe", "GenerateCredentialReport"))
        for read in READS
    )
    assert {read.operation for read in READS} > OPTIONAL_READS


def test_no_user_costs_more_calls_than_the_budget(local: LocalAws, reader: Boto3Api) -> None:
    put(local, ACTIONS)
    counting = Counting(reader)
    snapshot = collect(counting, now=NOW)
    assert {operation for operation, _ in counting.calls} == {read.operation for read in READS}
    keys = [key.id for key in snapshot.user_named["keeper"].keys]
    spent = sum(calls for (_, who), calls in counting.calls.items() if who in ("keeper", *keys))
    assert spent == CALLS_PER_USER == 8
    per_user = {read.operation for read in READS if read.per is CallUnit.USER}
    for user in snapshot.users:
        assert {what for what, who in counting.calls if who == user.name} == per_user


def test_the_order_of_the_answers_does_not_matter(local: LocalAws, reader: Boto3Api) -> None:
    put(local, [each for each in ACTIONS if "MFA" not in each])
    one = collect(Elsewhere(reader), now=NOW, pace=Pace(workers=1))
    many = collect(Elsewhere(reader), now=NOW, pace=Pace(workers=16))
    assert one.gaps
    # to read is to use the reader's key
    assert replace(one, users=()) == replace(many, users=())
    for before, after in zip(one.users, many.users, strict=True):
        if before.name not in ("reader", "glass"):
            assert before == after


def test_progress_ends_at_the_whole(local: LocalAws, reader: Boto3Api) -> None:
    put(local, ACTIONS)
    told: list[tuple[int, int]] = []
    collect(reader, now=NOW, pace=Pace(progress=lambda done, total: told.append((done, total))))
    assert [done for done, _ in told] == list(range(1, len(told) + 1))
    assert {total for _, total in told} == {len(told)}
