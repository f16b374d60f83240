"""Every parameter of every operation that is let through is asked about, harmless, or refused.

Reads `localaws.decision` itself, because 60,000 parameters are classified and not sent.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from importlib.resources import files
from string import ascii_uppercase
from typing import Any

import pytest

import localaws_people as people
from sekisho.localaws import LocalAws
from sekisho.localaws.decision.authorize import authorize_call
from sekisho.localaws.decision.classify import ApiCall
from sekisho.localaws.decision.parameters import ParameterKind, classify_parameter
from sekisho.localaws.state import moto_iam
from sekisho.localaws.state.world import VerifiedCaller
from sekisho.localaws.wire.errors import Refusal
from service_operations import calls, parameters, services

TABLE = json.loads(
    (files("sekisho.localaws") / "data" / "parameters.json").read_text(encoding="utf-8")
)
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
        # of operations that the policies are asked about and that are not served
        "ContextProvider",
        "IdentityCenterInstanceArn",
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
