"""A limit is that of the kind of policy: AWS's own policies are read, whatever their length."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from moto.iam.aws_managed_policies import aws_managed_policies_data

from sekisho import policy
from sekisho.audit.lint import Attachment, lint

MANAGED: Mapping[str, Any] = json.loads(aws_managed_policies_data)
LONGEST = {
    "user": 6_144,
    "group": 6_144,
    "role": 6_144,
    "boundary": 6_144,
    "inline": 2_048,
    "group-inline": 5_120,
    "session": 2_048,
    "trust": 2_048,
    "scp": 10_240,
    "resource": 20_480,
    "aws-managed": None,
}
"""Characters by the word of an attachment; None: AWS's own are not limited."""


def of_length(length: int, word: str) -> str:
    """Return a policy with so many characters."""
    statement = {"Sid": "", "Effect": "Deny", "Action": "s3:GetObject", "Resource": "*"}
    if word == "trust":
        del statement["Resource"]
        statement |= {"Action": "sts:AssumeRole", "Principal": "*"}
    elif word == "resource":
        statement |= {"Principal": "*"}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    statement["Sid"] = "a" * (length - len(json.dumps(document, separators=(",", ":"))))
    return json.dumps(document, separators=(",", ":"))


def test_the_table_has_every_attachment() -> None:
    assert {each.word for each in Attachment} == {*LONGEST}


@pytest.mark.parametrize("word", LONGEST)
def test_a_policy_is_refused_as_too_long_from_the_limit_of_its_kind_on(word: str) -> None:
    longest = LONGEST[word]
    for length in (longest or 300_000, (longest or 300_000) + 1):
        report = lint(of_length(length, word), attachment=Attachment.of(word), table=False)
        over = [each for each in report.findings if each.id == "save.size"]
        assert bool(over) is (longest is not None and length > longest), length
        assert all(f"{length}" in each.fact.en and f"{longest}" in each.fact.en for each in over)


@pytest.mark.parametrize("name", sorted(MANAGED, key=lambda name: -len(str(MANAGED[name])))[:3])
def test_the_longest_of_aws_are_read_as_the_aws_cli_prints_them(name: str) -> None:
    text = json.dumps(MANAGED[name]["Document"], indent=4)
    assert policy.parse(text) == policy.from_json(MANAGED[name]["Document"])
