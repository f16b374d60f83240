"""Attacks over the wire, class by class: all are refused, and nothing has changed.

Each class also has honest requests of the same make, which are answered: what refuses an attack is
the attack, and not how it was sent.
"""

from collections.abc import Iterator
from typing import Any

import pytest

import localaws_people as people
from attacks import classes, digest_of, furnish, send
from localaws_people import client
from sekisho.localaws import LocalAws

CLASSES = {name: one for name, one in classes().items() if "furnished" not in one}
LEAST = 1609


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws(people.account()) as running:
        furnish(running)
        yield running


def test_there_are_enough_and_each_is_told_apart() -> None:
    attempts = [each for about in classes().values() for each in about["attempts"]]
    assert len(attempts) >= LEAST
    assert len({each["id"] for each in attempts}) == len(attempts)
    requests = [repr(sorted(each["request"].items(), key=str)) for each in attempts]
    assert len(set(requests)) == len(requests)
    assert all(
        about["about"] and about["source"] and about["honest"] for about in classes().values()
    )


@pytest.mark.parametrize("name", CLASSES)
def test_honest_requests_are_answered(aws: LocalAws, name: str) -> None:
    for each in CLASSES[name]["honest"]:
        status, _, text = send(aws, each["request"])
        assert status == each.get("status", 200), (each, text)


@pytest.fixture(scope="module")
def digests(aws: LocalAws) -> list[str]:
    """What is in the account before the next class of attacks, last: after the one before it."""
    return [digest_of(aws)]


@pytest.mark.parametrize("name", CLASSES)
def test_attacks_are_refused_and_change_nothing(
    aws: LocalAws, digests: list[str], name: str
) -> None:
    failed: list[Any] = []
    for attempt in CLASSES[name]["attempts"]:
        status, code, text = send(aws, attempt["request"])
        wanted = attempt["refusal"]
        if (status, code) != (wanted["status"], wanted["code"]) or wanted["says"] not in text:
            failed.append((attempt["id"], status, code, text[:300]))
    # a look at everything takes as long as some twenty attacks
    digests.append(digest_of(aws))
    assert failed == []
    assert digests[-1] == digests[-2], f"one of the attempts of {name} has changed something"


def test_the_digest_sees_what_attacks_are_after(aws: LocalAws) -> None:
    iam, s3 = client(aws, "iam"), client(aws, "s3")
    sqs, dynamodb = client(aws, "sqs"), client(aws, "dynamodb")
    queue = sqs.get_queue_url(QueueName="open")["QueueUrl"]
    digests = [digest_of(aws)]
    for change in (
        lambda: iam.tag_user(UserName="victim", Tags=[{"Key": "team", "Value": "dev"}]),
        lambda: iam.create_access_key(UserName="victim"),
        lambda: iam.update_login_profile(UserName="victim", Password="Other-9-other"),
        lambda: iam.create_virtual_mfa_device(VirtualMFADeviceName="mine"),
        lambda: s3.put_object(Bucket="vault", Key="secret", Body=b"changed"),
        lambda: s3.delete_object(Bucket="vault", Key="secret"),
        lambda: sqs.send_message(QueueUrl=queue, MessageBody="x"),
        lambda: dynamodb.put_item(TableName="people", Item={"id": {"S": "1"}}),
    ):
        change()
        digests.append(digest_of(aws))
    assert digest_of(aws) == digests[-1]
    assert len(set(digests)) == len(digests)
