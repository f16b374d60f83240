"""Sizes by AWS's counting, and quotas."""

from pathlib import Path

import pytest
from botocore.session import get_session

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


@pytest.mark.parametrize("quota", [quota for quota in Quota if quota.value.summary])
def test_the_accounts_own_quota_counts(quota):
    """AWS raises quotas: whoever has the account's summary goes by it."""
    known = get_session().get_service_model("iam").shape_for("summaryKeyType").enum
    assert quota.value.summary in known
    own = {quota.value.summary: quota.number + 10}
    assert policy.over_quota(quota.number + 10, quota, summary=own) == ()
    (fault,) = policy.over_quota(quota.number + 11, quota, summary=own)
    assert str(quota.number + 10) in fault.message.en
    assert "default" not in fault.message.en
    (by_default,) = policy.over_quota(quota.number + 1, quota)
    assert f"{quota.number} by default" in by_default.message.en


def test_aws_wording():
    assert (
        Quota.USER_INLINE.message("alice")
        == "Maximum policy size of 2048 bytes exceeded for user alice"
    )
    assert Quota.MANAGED_POLICY.message() == "Cannot exceed quota for PolicySize: 6144"
    assert Quota.POLICIES_PER_GROUP.message() == "Cannot exceed quota for PoliciesPerGroup: 10"
