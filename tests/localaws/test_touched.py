"""What moto goes by is what the authorizer asked about, for every operation of a service.

`python fuzz/touched.py` does the same for all services that moto has.
"""

import logging
from collections.abc import Iterator

import pytest

import localaws_people as people
from moto_touches import touches
from sekisho.localaws import LocalAws

TOUCHING = {
    "dynamodb": 70,
    "ecr": 40,
    "kinesis": 20,
    "kms": 80,
    "lambda": 4,
    "s3": 60,
    "secretsmanager": 30,
    "sns": 35,
    "sqs": 35,
    "ssm": 40,
}
"""Services, each with the least number of calls in which moto must have looked for something."""


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    # most of these calls are faults of moto, which finds nothing of what they name
    logging.getLogger("sekisho.localaws").setLevel(logging.CRITICAL)
    with LocalAws(people.account()) as running:
        yield running
    logging.getLogger("sekisho.localaws").setLevel(logging.NOTSET)


@pytest.mark.parametrize("service", TOUCHING)
def test_moto_goes_by_nothing_that_was_not_asked_about(aws: LocalAws, service: str) -> None:
    found = [
        touch
        for required_only in (False, True)
        for touch in touches(aws, service, required_only=required_only)
    ]
    unasked = {touch.operation: touch.unasked() for touch in found if touch.unasked()}
    assert not unasked
    assert sum(bool(touch.touched) for touch in found) >= TOUCHING[service]
