"""What services refuse by themselves: each row of the table holds over the wire, with boto3.

Reads `localaws.decision.service_refusals` itself, because the parameters of all operations are
classified and not sent.
"""

from collections.abc import Iterator
from typing import Any

import pytest

import localaws_people as people
from attacks import classes, furnish_by, send
from sekisho.localaws import LocalAws
from sekisho.localaws.decision.parameters import only_reads
from sekisho.localaws.decision.s3_rules import S3_RULES
from sekisho.localaws.decision.service_refusals import is_held, refusals
from service_operations import calls, parameters, services

ROWS = {row["id"]: row for row in refusals()["rows"]}
RESTRAINTS = refusals()["restraints"]
MADE = {name: one for name, one in classes().items() if one.get("furnished") == "services"}


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws(people.account()) as running:
        furnish_by(running, (step for about in MADE.values() for step in about["before"]))
        yield running


@pytest.mark.parametrize("name", ROWS)
def test_each_row_is_refused_as_its_example_says(aws: LocalAws, name: str) -> None:
    row = ROWS[name]
    assert "https://" in row["source"] or row["by"] == "parameters"
    furnish_by(aws, row["example"]["before"])
    status, code, text = send(aws, row["example"]["request"])
    wanted = row["example"]["refusal"]
    assert (status, code) == (wanted["status"], wanted["code"]), text
    assert wanted["says"] in text


def test_each_rule_has_a_row_and_what_is_held_is_held_by_one() -> None:
    assert {name for name, row in ROWS.items() if row["by"] == "s3_rules"} == set(S3_RULES)
    assert {entry["by"] for entry in RESTRAINTS["held"]} <= ROWS.keys()
    assert all(entry["reason"] for entry in RESTRAINTS["harmless"])
    assert all(("state" in row) == (row["by"] == "state") for row in ROWS.values())


def test_each_parameter_that_restrains_is_held_or_refused() -> None:
    """Of the operations of all services; what is listed is there."""
    refused, seen = set(), set()
    for service in services():
        for call in calls(service):
            if service in {"iam", "sts"} or only_reads(call.actions):
                continue
            for path, _ in parameters(call):
                seen.add((service, ".".join(path)))
                seen.update((service, ".".join(path[: n + 1])) for n in range(len(path)))
                if not is_held(service, call.operation, path):
                    refused.add((service, call.operation, ".".join(path)))
    listed = {
        (entry["service"], name)
        for entry in (*RESTRAINTS["held"], *RESTRAINTS["harmless"])
        for name in entry["parameters"]
        if name != "deletion_protection.enabled"
    }
    assert listed <= seen
    assert ("s3", "PutBucketVersioning", "VersioningConfiguration.MFADelete") in refused
    assert len(refused) > 200


@pytest.mark.parametrize("name", MADE)
def test_attempts_are_refused_and_honest_requests_are_answered(aws: LocalAws, name: str) -> None:
    wrong: list[Any] = []
    for each in MADE[name]["honest"]:
        status, code, text = send(aws, each["request"])
        if status != each.get("status", 200):
            wrong.append((each, status, code, text))
    for each in MADE[name]["attempts"]:
        status, code, text = send(aws, each["request"])
        wanted = each["refusal"]
        if (status, code) != (wanted["status"], wanted["code"]) or wanted["says"] not in text:
            wrong.append((each["id"], status, code, text[:300]))
    assert wrong == []
