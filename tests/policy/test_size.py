"""Sizes by AWS's counting, and quotas."""

from pathlib import Path

import pytest

from sekisho import policy
from sekisho.errors import Code
from sekisho.policy import Quota

CORPUS = Path(__file__).parents[1] / "corpus" / "policy"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("aws-self-manage", 1986),
        ("force-mfa-first-login", 2038),
    ],
)
def test_size_of_the_samples(name, expected):
    text = (CORPUS / f"{name}.json").read_text(encoding="utf-8")
    assert policy.size(text) == policy.size(policy.parse(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{ "a b" : " " }', 11),
        ('{"a\\" b": 1}', 11),
        ('{"a\\\\" : 1}', 9),
        ("", 0),
        (" \t\r\n", 0),
    ],
)
def test_white_space_inside_strings_counts(text, expected):
    assert policy.size(text) == expected


@pytest.mark.parametrize("quota", Quota)
def test_quota(quota):
    assert policy.over_quota(quota.number, quota) == ()
    (fault,) = policy.over_quota(quota.number + 1, quota, "alice")
    assert fault.code is Code.POLICY_OVER_QUOTA
    assert str(quota.number) in fault.message.en
    assert str(quota.number) in quota.message("alice")
    assert "{" not in quota.message("alice")
    assert fault.fix.en


def test_aws_wording():
    assert (
        Quota.USER_INLINE.message("alice")
        == "Maximum policy size of 2048 bytes exceeded for user alice"
    )
    assert Quota.MANAGED_POLICY.message() == "Cannot exceed quota for PolicySize: 6144"
    assert Quota.POLICIES_PER_GROUP.message() == "Cannot exceed quota for PoliciesPerGroup: 10"
