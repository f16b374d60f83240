"""What AWS documents of requests: every entry is needed and true, and none has had its day."""

import json
import re
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import pytest
from botocore.loaders import create_loader
from moto.iam.aws_managed_policies import aws_managed_policies_data

from sekisho.catalogue import (
    depends_on_action,
    iam_region,
    load,
    may_have,
    only_region,
    partitions,
    single_regions,
)

MANAGED = json.loads(aws_managed_policies_data)


def _data(name: str) -> Any:
    path = files("sekisho.catalogue") / "data" / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8"))


UNLISTED = _data("unlisted-keys")
REGIONS = _data("single-regions")


def test_the_tables_have_a_date_and_their_entries_a_source() -> None:
    for table in (UNLISTED, REGIONS):
        assert re.fullmatch(r"20\d\d-\d\d-\d\d", table["dated"])
    assert all(each["source"] for each in [*UNLISTED["entries"], *REGIONS["services"].values()])


@pytest.mark.parametrize("entry", UNLISTED["entries"], ids=lambda one: "+".join(one["keys"]))
def test_an_entry_names_what_there_is_and_the_reference_still_forgets(entry: Any) -> None:
    for name in entry["actions"]:
        action = None if name == "*" else load().action(name)
        assert name == "*" or str(action) == name
        for key in entry["keys"]:
            tried = re.sub(r"\*|(?<=/)$", "x", key)
            assert action is None or not load().has_key(action, tried), "take it out"
            assert action is None or may_have(action, tried)
            assert depends_on_action(tried)


_NEGATED = re.compile("ForAllValues|Not|IfExists")


def _needed(condition: dict[str, Any]) -> Iterator[str]:
    """Yield the keys without which conditions do not hold."""
    for operator, asked in condition.items():
        for key, value in asked.items():
            there = str(_listed(value)[0]).lower() == "false"
            if there if operator == "Null" else not _NEGATED.search(operator):
                yield key


_VARIABLE = re.compile(r"\$\{([\w.-]+:[^},]+)")


def _named(statement: dict[str, Any]) -> Iterator[str]:
    """Yield the keys that the policy variables of a statement name."""
    for text in _listed(statement.get("Resource", [])):
        yield from _VARIABLE.findall(text)
    for asked in statement.get("Condition", {}).values():
        for text in (text for value in asked.values() for text in _listed(value)):
            yield from _VARIABLE.findall(str(text))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _allowed_with_a_key() -> Iterator[tuple[str, str, str]]:
    """Yield the name of a policy, an entry of its actions and a key that an Allow needs."""
    for name, policy in MANAGED.items():
        for statement in _listed(policy["Document"]["Statement"]):
            if statement["Effect"] == "Allow" and "Action" in statement:
                for key in {*_needed(statement.get("Condition", {})), *_named(statement)}:
                    yield from ((name, entry, key) for entry in _listed(statement["Action"]))


def test_what_aws_allows_with_a_key_has_it() -> None:
    """An entry of AWS's own policies that is allowed only with a key is there for some request."""
    found, asked = set(), 0
    for name, entry, key in _allowed_with_a_key():
        actions = load().expand(entry)
        asked += bool(actions)
        filled = re.sub(r"/\$\{.*", "/x", key)
        if actions and not any(may_have(each, filled, caller="role") for each in actions):
            found.add((name, entry, key))
    assert found == set()
    assert asked > 10_000


@pytest.mark.parametrize(
    ("name", "key", "expected"),
    [
        ("s3:ListBucket", "s3:prefix", True),
        ("s3:GetObject", "s3:prefix", False),
        ("s3:GetObject", "S3:ExistingObjectTag/team", True),
        ("s3:GetObject", "aws:RequestTag/team", False),
        ("s3:GetObject", "aws:SourceIp", True),
        ("s3:GetObject", "aws:CalledVia", True),
        ("s3:GetObject", "kms:ViaService", False),
        ("kms:Decrypt", "kms:ViaService", True),
        ("kms:Decrypt", "kms:EncryptionContext:team", True),
        ("ec2:RunInstances", "ec2:InstanceType", True),
        ("secretsmanager:GetSecretValue", "secretsmanager:ResourceTag/team", True),
        ("s3:GetObject", "saml:sub", False),
        ("s3:GetObject", "aws:NoSuchKey", False),
    ],
)
def test_keys_of_actions(name: str, key: str, expected: bool) -> None:
    action = load().action(name)
    assert action is not None
    assert may_have(action, key) is expected


def test_the_keys_of_a_provider_are_those_of_a_session() -> None:
    action = load().action("s3:GetObject")
    assert action is not None
    assert may_have(action, "saml:sub", caller="role")


def test_where_services_are_is_what_the_sdk_says() -> None:
    """botocore knows the Region with which a call of a global service is signed."""
    endpoints = create_loader().load_data("endpoints")
    known = {each["partition"]: each["services"] for each in endpoints["partitions"]}
    compared = 0
    for service, entry in REGIONS["services"].items():
        assert load().service_name(service) is not None
        for partition, region in entry["regions"].items():
            found = known[partition].get(service)
            if found is None or "endpoints.json" not in entry["source"]:
                continue
            places = {
                place.get("credentialScope", {}).get("region", name)
                for name, place in found["endpoints"].items()
                if "fips" not in name and place.get("deprecated") is not True
            } - {"aws-global"}
            compared += bool(places)
            assert places <= {region}, (service, partition)
    assert compared > 30


def test_where_calls_go() -> None:
    assert only_region("iam:GetUser", "aws") == iam_region("aws") == "us-east-1"
    assert only_region("IAM:getuser", "aws-cn") == iam_region("aws-cn") == "cn-north-1"
    assert only_region("iam:PassRole", "aws") is None
    assert only_region("globalaccelerator:ListAccelerators", "aws") == "us-west-2"
    assert only_region("shield:ListProtections", "aws-cn") is None
    assert only_region("sts:AssumeRole", "aws") is None
    assert only_region("iam:GetUser", "aws-nowhere") is None
    for each in partitions():
        assert single_regions(each.id) <= {*each.regions}
