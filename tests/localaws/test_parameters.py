"""Every parameter of every operation that is let through is asked about, harmless, or refused.

Reads `localaws.decision` itself, because 60,000 parameters are classified and not sent.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from string import ascii_uppercase
from typing import Any

import pytest
from botocore.exceptions import UnknownServiceError
from moto.backends import list_of_moto_modules
from moto.core.utils import get_service_model, service_name_from_moto_package_name

import localaws_people as people
from sekisho.catalogue import iam_actions
from sekisho.localaws import LocalAws
from sekisho.localaws.decision.authorize import authorize_call
from sekisho.localaws.decision.classify import ApiCall, is_served
from sekisho.localaws.decision.parameters import ParameterKind, classify_parameter
from sekisho.localaws.state import moto_iam
from sekisho.localaws.state.world import VerifiedCaller
from sekisho.localaws.wire.errors import Refusal, WireProtocol

TABLE = json.loads(
    (files("sekisho.localaws") / "data" / "parameters.json").read_text(encoding="utf-8")
)
_DEEPEST = 5
"""How deep parameters are looked at here; each name below is judged by the same words."""
_NUMBERS = {"integer", "long", "float", "double", "timestamp"}


def calls(service: str) -> Iterator[ApiCall]:
    """Yield a call of each operation of a service that is let through, without parameters."""
    model = get_service_model(service)
    signing_name = model.metadata.get("signingName", model.metadata["endpointPrefix"])
    for name in model.operation_names:
        actions = iam_actions(signing_name, name)
        if actions and is_served(service, name):
            yield ApiCall(service, "us-east-1", name, actions, WireProtocol(), {})


@cache
def services() -> tuple[str, ...]:
    """Return the services that moto has, by botocore's names."""
    found = []
    for module in list_of_moto_modules():
        name = {"awslambda": "lambda"}.get(module, service_name_from_moto_package_name(module))
        try:
            get_service_model(name)
        except UnknownServiceError:
            continue
        found.append(name)
    return tuple(found)


def parameters(call: ApiCall) -> Iterator[tuple[tuple[str, ...], bool]]:
    """Yield the path of each parameter, without items and keys, and whether it is a number."""
    shape = get_service_model(call.service).operation_model(call.operation).input_shape
    if shape is not None:
        yield from _below(shape, (), ())


def _below(
    shape: Any, path: tuple[str, ...], within: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], bool]]:
    if shape.name in within:
        return
    if len(path) == _DEEPEST:
        yield path, False
        return
    inner = (*within, shape.name)
    match shape.type_name:
        case "structure" if shape.members:
            for name, member in shape.members.items():
                yield from _below(member, (*path, name), inner)
        case "list":
            yield from _below(shape.member, path, inner)
        case "map":
            yield from _below(shape.value, path, inner)
        case kind:
            if path:
                yield path, kind in _NUMBERS


POINTING = re.compile(r"arns?$|kms|bucket|acl$|grant|template|secretid|ownerid|accountids?$")
"""Names that point at something else, read apart from the table's own words."""


def test_every_parameter_is_asked_about_harmless_or_refused() -> None:
    counted: Counter[ParameterKind] = Counter()
    wrong = []
    for service in services():
        for call in calls(service):
            for path, is_number in parameters(call):
                found = classify_parameter(call, path, is_number=is_number)
                counted[found.kind] += 1
                if found.kind is ParameterKind.PLAIN and POINTING.search(path[-1].lower()):
                    wrong.append(f"{service} {call.operation} {'.'.join(path)}")
                assert found.service or found.kind is not ParameterKind.UNLISTED
    # a bucket is S3's own
    assert [one for one in wrong if not re.match("s3(control)? .*[Bb]ucket", one)] == []
    assert set(counted) == set(ParameterKind)
    assert sum(counted.values()) > 60_000


def test_what_is_listed_as_harmless_is_there() -> None:
    known: dict[str, dict[str, set[str]]] = {}
    for service in services():
        for call in calls(service):
            prefix = call.actions[0].partition(":")[0]
            tops = {path[0] for path, _ in parameters(call)}
            known.setdefault(prefix, {}).setdefault(call.operation, set()).update(tops)
    for entry in TABLE["harmless"]:
        operations = known[entry["service"]]
        assert entry["reason"]
        named = [one.partition(":")[2] for one in entry.get("of", ())] or list(operations)
        assert set(named) <= operations.keys(), entry
        there = set().union(*(operations[name] for name in named))
        assert set(entry["parameters"]) <= there, (
            entry["service"],
            set(entry["parameters"]) - there,
        )


REFUSED = {
    "iam": {
        # of requests for delegation
        "OnlySendByOwner",
        "OwnerAccountId",
        "Permissions",
        "RedirectUrl",
        "TemplateArn",
    },
    "sts": {"PrincipalArn", "ProvidedContexts", "TargetPrincipal"},
    "sqs": {"AWSAccountIds", "DestinationArn", "SourceArn"},
}
"""Parameters of some services that need an Allow of everything, of those that everybody uses."""


@pytest.mark.parametrize("service", ["iam", "sts", "sqs"])
def test_what_is_refused_of_what_everybody_uses(service: str) -> None:
    found = {
        path[0]
        for call in calls(service)
        for path, is_number in parameters(call)
        if classify_parameter(call, path, is_number=is_number).kind is ParameterKind.UNLISTED
    }
    assert found == REFUSED[service]


ASKED = ("athena", "batch", "cloudtrail", "codebuild", "dynamodb", "ec2", "ecs", "rds", "ssm")
_LETTERS = {
    "Effect": "Allow",
    "Action": [f"*:{letter}*" for letter in ascii_uppercase],
    "Resource": "*",
}
"""Every action by its first letter, and yet not all actions of any service."""


@pytest.fixture(scope="module")
def letters() -> Iterator[tuple[LocalAws, VerifiedCaller]]:
    with LocalAws(people.account()) as running:
        iam = people.client(running, "iam")
        iam.create_user(UserName="letters")
        document = json.dumps(people.policy(_LETTERS))
        iam.put_user_policy(UserName="letters", PolicyName="own", PolicyDocument=document)
        key = iam.create_access_key(UserName="letters")["AccessKey"]["AccessKeyId"]
        found = moto_iam.stored_key(running.world, key)
        assert found is not None
        yield running, VerifiedCaller(found.credential, key, (), "127.0.0.1")


@pytest.mark.parametrize("service", ASKED)
def test_a_parameter_that_is_not_listed_needs_everything_of_its_service(
    letters: tuple[LocalAws, VerifiedCaller], service: str
) -> None:
    aws, caller = letters
    tried = 0
    for call in calls(service):
        for path, is_number in parameters(call):
            if (
                classify_parameter(call, path, is_number=is_number).kind
                is not ParameterKind.UNLISTED
            ):
                continue
            value: Any = "x"
            for step in reversed(path):
                value = {step: value}
            asked = ApiCall(
                service, call.region, call.operation, call.actions, call.protocol, value
            )
            with pytest.raises(Refusal) as caught:
                authorize_call(aws.world, caller, asked)
            assert f"the parameter {'.'.join(path)} needs:" in caught.value.message, call.operation
            tried += 1
            break
    assert tried
