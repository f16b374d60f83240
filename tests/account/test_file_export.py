"""What is loaded into the local AWS comes out of it again: load ∘ export ∘ seed = id."""

import json
from dataclasses import replace
from importlib.resources import files

import boto3
import pytest

from sekisho.account import AccessKey, load_account
from sekisho.localaws import LocalAws

COMPANY = load_account(
    (files("sekisho.localaws") / "data" / "company.json").read_text(encoding="utf-8")
)
KEY = AccessKey("AKIAYUKI00001EXAMPLE", active=True)
SECRET = "example/secret/of/a/key/for/this/test/00"


def with_a_key_for_the_administrator():
    held = replace(COMPANY.credentials["yuki.tanaka"], keys=(KEY,))
    return replace(
        COMPANY,
        credentials={**COMPANY.credentials, "yuki.tanaka": held},
        secret_keys={**COMPANY.secret_keys, KEY.id: SECRET},
    )


@pytest.fixture(scope="module")
def exported():
    """Return the answer of GetAccountAuthorizationDetails as the AWS CLI writes it."""
    with LocalAws(with_a_key_for_the_administrator()) as aws:
        iam = boto3.client(
            "iam",
            region_name="us-east-1",
            endpoint_url=aws.url,
            aws_access_key_id=KEY.id,
            aws_secret_access_key=SECRET,
        )
        pages = iam.get_paginator("get_account_authorization_details").paginate(
            Filter=["User", "Group", "Role", "LocalManagedPolicy"], PaginationConfig={"PageSize": 5}
        )
        answer = pages.build_full_result()
    return json.dumps(answer, default=lambda when: when.isoformat())


@pytest.mark.parametrize("part", ["users", "groups", "roles", "policies"])
def test_the_export_is_what_was_loaded(exported, part):
    def by_arn(account):
        return {entry.arn: entry for entry in getattr(account, part)}

    assert by_arn(load_account(exported)) == by_arn(COMPANY)


@pytest.mark.parametrize("part", ["texts", "metadata"])
def test_so_is_what_no_snapshot_has(exported, part):
    assert getattr(COMPANY, part)
    assert getattr(load_account(exported), part) == getattr(COMPANY, part)


def test_the_export_has_no_secret(exported):
    held = COMPANY.credentials.values()
    secrets = [user.password for user in held if user.password]
    secrets += [*COMPANY.seeds.values(), *COMPANY.secret_keys.values(), SECRET]
    assert not [secret for secret in secrets if secret in exported]
