"""What AWS asks beside the permission of a call's own action, over the wire with boto3."""

from collections.abc import Iterator
from typing import Any

import pytest

import localaws_people as people
from attacks import classes, digest_of, furnish_sealed, send
from sekisho.localaws import LocalAws

SEALED = {name: one for name, one in classes().items() if one.get("furnished") == "sealed"}
HONEST = [each for about in SEALED.values() for each in about["honest"]]
ATTEMPTS = [each for about in SEALED.values() for each in about["attempts"]]


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws(people.account()) as running:
        furnish_sealed(running)
        yield running


def test_who_has_what_is_asked_is_answered(aws: LocalAws) -> None:
    answered = [(each["request"], *send(aws, each["request"])) for each in HONEST]
    wanted = [each.get("status", 200) for each in HONEST]
    wrong = [one for one, status in zip(answered, wanted, strict=True) if one[1] != status]
    assert wrong == []


def test_who_lacks_a_second_permission_is_refused_by_its_name(aws: LocalAws) -> None:
    before = digest_of(aws)
    failed: list[Any] = []
    for attempt in ATTEMPTS:
        status, code, text = send(aws, attempt["request"])
        wanted = attempt["refusal"]
        if (status, code) != (wanted["status"], wanted["code"]) or wanted["says"] not in text:
            failed.append((attempt["id"], status, code, text[:300]))
    assert failed == []
    assert digest_of(aws) == before, "one of the attempts has changed something"


def test_a_lock_that_is_said_not_to_be_bypassed_holds(aws: LocalAws) -> None:
    """moto goes by whether the header is there, even if it says false."""
    kept = {"Bucket": "locked", "Key": "kept", "VersionId": "{locked}"}
    asked = {"service": "s3", "operation": "DeleteObject", "who": "admin"}
    status, code, _ = send(aws, {**asked, "params": {**kept, "BypassGovernanceRetention": False}})
    assert (status, code) == (403, "AccessDenied")
    read = {"service": "s3", "operation": "GetObject", "params": kept}
    assert send(aws, read)[0] == 200
    assert send(aws, {**asked, "params": {**kept, "BypassGovernanceRetention": True}})[0] == 204
