"""API operations and the IAM actions that they need."""

import json
from importlib.resources import files

import pytest
from botocore.loaders import Loader

from sekisho import catalogue
from sekisho.catalogue import iam_actions

TABLE = json.loads(
    (files("sekisho.catalogue") / "data" / "operations.json").read_text(encoding="utf-8")
)
LISTED = [
    (prefix, operation, actions)
    for prefix, entries in TABLE["operations"].items()
    for operation, actions in entries.items()
]


@pytest.mark.parametrize(
    ("service", "operation", "actions"),
    [
        ("s3", "ListBuckets", ("s3:ListAllMyBuckets",)),
        ("s3", "HeadObject", ("s3:GetObject",)),
        ("s3", "HeadBucket", ("s3:ListBucket",)),
        ("s3", "ListObjectsV2", ("s3:ListBucket",)),
        ("s3", "CopyObject", ("s3:GetObject", "s3:PutObject")),
        ("s3", "DeleteObjects", ("s3:DeleteObject",)),
        ("s3", "UploadPart", ("s3:PutObject",)),
        ("s3", "GetObject", ("s3:GetObject",)),
        ("lambda", "Invoke", ("lambda:InvokeFunction",)),
        ("monitoring", "PutMetricData", ("cloudwatch:PutMetricData",)),
        ("iam", "CreateUser", ("iam:CreateUser",)),
        ("sts", "GetSessionToken", ("sts:GetSessionToken",)),
        ("iam", "NoSuchOperation", ()),
        ("nosuch", "CreateUser", ()),
        ("", "", ()),
    ],
)
def test_operation(service, operation, actions):
    assert iam_actions(service, operation) == actions


@pytest.mark.parametrize(("prefix", "operation", "actions"), LISTED)
def test_every_listed_action_exists_in_this_spelling(prefix, operation, actions):
    known = catalogue.load()
    assert [str(known.action(name)) for name in actions] == actions


@pytest.mark.parametrize(("prefix", "operation", "actions"), LISTED)
def test_no_entry_says_what_the_default_says(prefix, operation, actions):
    assert actions != [f"{prefix}:{operation}"]


@pytest.mark.parametrize("prefix", TABLE["prefixes"].values())
def test_every_prefix_exists(prefix):
    assert catalogue.load().service_name(prefix) is not None


@pytest.mark.parametrize("service", ["iam", "sts", "s3", "sqs", "sns", "kms", "lambda", "dynamodb"])
def test_the_services_of_the_scenarios_have_few_unknown_operations(service):
    operations = Loader().load_service_model(service, "service-2")["operations"]
    unknown = [name for name in operations if not iam_actions(service, name)]
    assert len(unknown) <= 5, unknown
