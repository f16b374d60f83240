"""The tags of a call: what is judged is what is stored, and setting them asks its own permission.

The calls are data (`tagged-calls.json`), sent by unmodified clients.

Reads `localaws.decision.request_tags` itself, because the operations of all services are asked
about.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st
from moto.core.utils import get_service_model

import localaws_people as people
from localaws_people import client
from profiles import DEEP
from sekisho.catalogue import AccessLevel, iam_actions, load, tagging_permissions
from sekisho.localaws import LocalAws
from sekisho.localaws.decision.request_tags import tag_places

CALLS = json.loads((Path(__file__).parent / "tagged-calls.json").read_text())["calls"]
BY_ID = {call["id"]: call for call in CALLS}
_NAMES = count(1)
_Tags = list[tuple[str, str]]
DENIED = r"AccessDenied|UnauthorizedOperation|AuthorizationError"


@dataclass
class _Account:
    """A local AWS, an administrator's clients, and those of one user whose policy changes."""

    aws: LocalAws
    clients: dict[tuple[str, str], Any] = field(default_factory=dict)

    def admin(self, service: str) -> Any:
        return self._client(service, "admin")

    def limited(self, service: str, *statements: dict[str, Any]) -> Any:
        """Return a client of the user, who now has these statements and no others."""
        document = json.dumps(people.policy(*statements))
        iam = self.admin("iam")
        iam.put_user_policy(UserName="nobody", PolicyName="own", PolicyDocument=document)
        return self._client(service, "nobody")

    def _client(self, service: str, who: str) -> Any:
        if (service, who) not in self.clients:
            self.clients[service, who] = client(self.aws, service, who)
        return self.clients[service, who]


@pytest.fixture(scope="module")
def account() -> Iterator[_Account]:
    with LocalAws(people.account()) as running:
        found = _Account(running)
        found.admin("s3").create_bucket(Bucket="bucket")
        yield found


def _form(tags: _Tags, form: str) -> object:
    match form:
        case "map":
            return dict(tags)
        case "query":
            return urlencode(tags, quote_via=quote)
        case _:
            value = form.replace("Key", "Value").replace("key", "value")
            return [{form: key, value: text} for key, text in tags]


def _filled(value: Any, parts: Mapping[str, Any], answer: Mapping[str, Any] | None = None) -> Any:
    """Return parameters with what stands for a name, for tags, or for a part of an answer."""
    if isinstance(value, dict):
        return {name: _filled(inner, parts, answer) for name, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, parts, answer) for inner in value]
    if not isinstance(value, str):
        return value
    if value == "TAGS":
        return parts["TAGS"]
    if value.startswith("@"):
        return _at(answer, value[1:])
    return value.replace("NAME", parts["NAME"])


def _at(value: Any, path: str) -> Any:
    for step in path.split("."):
        value = value[int(step)] if step.isdigit() else value.get(step, [])
    return value


def _send(with_client: Any, call: Mapping[str, Any], tags: _Tags) -> tuple[str, Any]:
    """Make the call with a new name; return that and the answer."""
    name = f"tagged{next(_NAMES)}"
    params = _filled(call["params"], {"NAME": name, "TAGS": _form(tags, call["tags"])})
    if not tags:
        params = {
            key: params[key] for key in params if "TAGS" not in json.dumps(call["params"][key])
        }
    return name, getattr(with_client, call["call"])(**params)


def _stored(account: _Account, call: Mapping[str, Any], name: str, answer: Any) -> dict[str, str]:
    read = call["stored"]
    params = _filled(read["params"], {"NAME": name}, answer)
    found = _at(getattr(account.admin(call["service"]), read["call"])(**params), read["at"])
    if isinstance(found, dict):
        return found
    pairs = [list(tag.values()) for tag in found or []]
    assert len({key for key, *_ in pairs}) == len(pairs), "a key is stored twice"
    return {
        str(next(v for k, v in tag.items() if k.lower().endswith("key"))): str(
            next((v for k, v in tag.items() if k.lower().endswith("value")), "")
        )
        for tag in found or []
    }


def _allow(*actions: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": "*"}


@pytest.mark.parametrize("name", BY_ID)
def test_tags_need_a_permission_of_their_own(account: _Account, name: str) -> None:
    call = BY_ID[name]
    service, tags = call["service"], [("env", "dev")]
    only = account.limited(service, _allow(*call["allowed"]))
    _send(only, call, [])
    with pytest.raises(ClientError, match=f"perform: {call['needs']} ") as refused:
        _send(only, call, tags)
    assert ("AWS does not document it" in str(refused.value)) == call.get("assumed", False)
    more = [call["needs"], "acm:TagResource"] if name == "certificate" else [call["needs"]]
    _send(account.limited(service, _allow(*call["allowed"], *more)), call, tags)
    if (other := call.get("orElse")) is not None:
        _send(account.limited(service, _allow(*call["allowed"], other)), call, tags)


@pytest.mark.parametrize("name", BY_ID)
def test_a_deny_of_the_tag_is_a_deny_of_the_call(account: _Account, name: str) -> None:
    call = BY_ID[name]
    key = call.get("condition", "aws:RequestTag/")
    deny = {
        "Effect": "Deny",
        "Action": [call["needs"], *filter(None, [call.get("orElse")])],
        "Resource": "*",
        "Condition": {"StringEquals": {f"{key}env": "prod"}},
    }
    denied = account.limited(call["service"], people.ALL, deny)
    _send(denied, call, [("env", "dev")])
    for tags in ([("env", "prod")], [("ENV", "prod")], [("team", "a"), ("Env", "prod")]):
        with pytest.raises(ClientError, match=DENIED):
            _send(denied, call, tags)


KEYS = st.sampled_from(
    ["env", "ENV", "Env", "team", "a.b", "a/b", "x y", "x+y", "é", "k=v", "env "]
)
VALUES = st.sampled_from(["prod", "dev", "", "x y", "a&b=c", "+", "é", "PROD"])
TAGS = st.lists(st.tuples(KEYS, VALUES), max_size=4)


@pytest.mark.parametrize("name", [call["id"] for call in CALLS if "stored" in call])
@settings(max_examples=8 if DEEP else 3)
@given(tags=TAGS, choice=st.integers(min_value=0, max_value=99))
def test_what_is_judged_is_what_is_stored(
    account: _Account, name: str, tags: _Tags, choice: int
) -> None:
    call = BY_ID[name]
    service, prefix = call["service"], call.get("condition", "aws:RequestTag/")
    try:
        made, answer = _send(account.admin(service), call, tags)
    except ClientError as error:
        refused = error
    else:
        refused = None
    if refused is not None:
        assert refused.response["ResponseMetadata"]["HTTPStatusCode"] == 400, refused
        return
    stored = _stored(account, call, made, answer)
    judged = {key for key, _ in tags}
    assert stored.keys() == (judged if call.get("kept", True) else set())
    if not stored:
        return
    key, value = sorted(stored.items())[choice % len(stored)]
    deny = {"Effect": "Deny", "Action": "*", "Resource": "*"}
    that = {"StringEquals": {f"{prefix}{key}": value}}
    with pytest.raises(ClientError, match=DENIED):
        _send(account.limited(service, people.ALL, {**deny, "Condition": that}), call, tags)
    others = {"ForAnyValue:StringNotEquals": {call.get("keys", "aws:TagKeys"): sorted(stored)}}
    _send(account.limited(service, people.ALL, {**deny, "Condition": others}), call, tags)


WITHOUT_TAGGING = {
    # tags are a part of the project, the group and the fleet
    "codebuild": {
        *("CreateFleet", "CreateProject", "CreateReportGroup"),
        *("UpdateFleet", "UpdateProject", "UpdateReportGroup"),
    },
    # the catalogue has no action that tags a lexicon
    "polly": {"PutLexicon"},
}
"""Operations that take tags, of services of which no action is known that sets any."""


@pytest.mark.parametrize("service", sorted({*WITHOUT_TAGGING, *(one["service"] for one in CALLS)}))
def test_an_operation_that_takes_tags_asks_for_them_or_is_named_here(service: str) -> None:
    model = get_service_model(service)
    signing_name = model.metadata.get("signingName") or model.metadata["endpointPrefix"]
    without = set()
    for name in model.operation_names:
        actions = [load().action(each) for each in iam_actions(signing_name, name)]
        sets = [one for one in actions if one is not None and one.level is not AccessLevel.TAGGING]
        asked = [one for each in sets for one in tagging_permissions(str(each))]
        if len(sets) == len(actions) > 0 and not asked and tag_places(service, name):
            without.add(name)
    assert without == WITHOUT_TAGGING.get(service, set())


def test_what_only_looks_like_tags_is_no_place_of_any() -> None:
    assert tag_places("ec2", "CreateLaunchTemplate") == (("TagSpecifications", "[]", "Tags"),)
    assert tag_places("ecs", "RunTask") == (
        ("tags",),
        ("volumeConfigurations", "[]", "managedEBSVolume", "tagSpecifications", "[]", "tags"),
    )
    assert tag_places("mediaconnect", "CreateFlow")[:2] == (
        ("Entitlements", "[]", "EntitlementTags"),
        ("MediaStreams", "[]", "MediaStreamTags"),
    )
    for service, operation in (
        ("cognito-identity", "GetOpenIdTokenForDeveloperIdentity"),
        ("ec2", "DescribeInstances"),
        ("events", "PutTargets"),
        ("iot", "CreateTopicRule"),
        ("resourcegroupstaggingapi", "GetResources"),
        ("s3", "PutBucketLifecycleConfiguration"),
        ("securityhub", "BatchImportFindings"),
        ("ses", "SendEmail"),
    ):
        places = tag_places(service, operation)
        assert all(path == ("tags",) for path in places), (service, operation, places)


def _on(action: str, resource: str, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def test_what_does_not_exist_yet_is_any_of_its_type(account: _Account) -> None:
    keys = f"arn:aws:kms:us-east-1:{people.ACCOUNT}:key"
    tags = [("env", "dev")]
    create, tag = _allow("kms:CreateKey"), "kms:TagResource"
    for resource in ("*", f"{keys}/*", "arn:aws:kms:*:*:key/*"):
        _send(account.limited("kms", create, _on(tag, resource)), BY_ID["key"], tags)
    deny = {"Effect": "Deny", "Action": tag, "Resource": f"{keys}/0*"}
    for statements in ([_on(tag, f"{keys}/0*")], [_on(tag, f"{keys}/x")], [_on(tag, "*"), deny]):
        with pytest.raises(ClientError, match=f"perform: {tag} on resource: {keys}/\\*"):
            _send(account.limited("kms", create, *statements), BY_ID["key"], tags)


@pytest.mark.parametrize(
    ("name", "key"),
    [("cluster of tasks", "ecs:CreateAction"), ("experiment", "sagemaker:TaggingAction")],
)
def test_the_tagging_action_sees_which_operation_it_is(
    account: _Account, name: str, key: str
) -> None:
    call = BY_ID[name]
    operation = call["allowed"][0].partition(":")[2]
    for value, passes in ((operation, True), ("CreateService", False)):
        limited = account.limited(
            call["service"],
            _allow(*call["allowed"]),
            _on(call["needs"], "*", Condition={"StringEquals": {key: value}}),
        )
        if passes:
            _send(limited, call, [("env", "dev")])
        else:
            with pytest.raises(ClientError, match=call["needs"]):
                _send(limited, call, [("env", "dev")])


def test_what_is_stored_in_two_cases_is_judged_for_the_worst(account: _Account) -> None:
    sqs, s3 = account.admin("sqs"), account.admin("s3")
    url = sqs.create_queue(QueueName="cases", tags={"ENV": "dev", "env": "prod"})["QueueUrl"]
    s3.put_object(Bucket="bucket", Key="cases", Body=b"x", Tagging="env=prod&ENV=dev")
    for service, key, call in (
        ("sqs", "aws:ResourceTag/env", lambda c: c.receive_message(QueueUrl=url)),
        ("s3", "s3:ExistingObjectTag/Env", lambda c: c.get_object(Bucket="bucket", Key="cases")),
    ):
        for effect, value in (("Deny", "prod"), ("Deny", "dev"), ("Allow", "prod")):
            statement = {
                "Effect": effect,
                "Action": "*",
                "Resource": "*",
                "Condition": {"StringEquals": {key: value}},
            }
            others = [people.ALL] if effect == "Deny" else []
            with pytest.raises(ClientError, match=DENIED):
                call(account.limited(service, *others, statement))


def test_tags_of_two_groups_are_not_one_group_s(account: _Account) -> None:
    """Each tag names its Auto Scaling group; the same key may be there once for each."""
    admin = account.admin("autoscaling")
    admin.create_launch_configuration(
        LaunchConfigurationName="l", ImageId="ami-12c6146b", InstanceType="t3.micro"
    )
    for name in ("a", "b"):
        admin.create_auto_scaling_group(
            AutoScalingGroupName=name,
            LaunchConfigurationName="l",
            MinSize=0,
            MaxSize=0,
            AvailabilityZones=["us-east-1a"],
        )
    tags = [
        {"ResourceId": name, "ResourceType": "auto-scaling-group", "Key": "env", "Value": value}
        | {"PropagateAtLaunch": False}
        for name, value in (("a", "prod"), ("b", "dev"))
    ]
    admin.create_or_update_tags(Tags=tags)
    deny = {"Effect": "Deny", "Action": "*", "Resource": "*"}
    deny["Condition"] = {"StringEquals": {"aws:RequestTag/env": "prod"}}
    limited = account.limited("autoscaling", people.ALL, deny)
    limited.create_or_update_tags(Tags=tags[1:])
    for both in (tags, tags[::-1]):
        with pytest.raises(ClientError, match=DENIED):
            limited.create_or_update_tags(Tags=both)


def test_what_is_only_called_a_tag_leaves_other_calls_alone(account: _Account) -> None:
    """An image's tag is none of those that a Deny of a request's tags is about."""
    account.admin("ecr").create_repository(repositoryName="images")
    deny = {"Effect": "Deny", "Action": "*", "Resource": "*"}
    deny["Condition"] = {"StringEquals": {"aws:RequestTag/env": "prod"}}
    limited = account.limited("ecr", people.ALL, deny)
    limited.batch_get_image(repositoryName="images", imageIds=[{"imageTag": "latest"}])


def test_a_copy_has_the_tags_that_it_gets(account: _Account) -> None:
    """The header counts only where it replaces the tags of the source."""
    account.admin("s3").put_object(Bucket="bucket", Key="source", Body=b"x", Tagging="env=prod")
    condition = {"StringEquals": {"s3:RequestObjectTag/env": "dev"}}
    limited = account.limited(
        "s3",
        _allow("s3:GetObject*", "s3:PutObjectTagging"),
        _on("s3:PutObject", "*", Condition=condition),
    )
    copy = {"Bucket": "bucket", "CopySource": "bucket/source", "Tagging": "env=dev"}
    limited.copy_object(Key="replaced", TaggingDirective="REPLACE", **copy)
    for more in ({}, {"TaggingDirective": "COPY"}):
        with pytest.raises(ClientError, match=DENIED):
            limited.copy_object(Key="copied", **copy, **more)
