"""What is asked: twelve requests about Force_MFA, and many distinct ones about an account.

A workload is plain JSON, so that a peer in any language reads the same:
`{"policies": {name: document}, "sets": [[name, …], …],
"requests": [[set, principal, action, resource, context], …]}`.
"""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from sekisho.engine import AttachedPolicy, Context, Policies, Request
from sekisho.policy import from_json

__all__ = [
    "ACCOUNT",
    "Workload",
    "distinct",
    "managed_policies",
    "questions",
    "some_policies",
    "twelve",
]

ACCOUNT = "111122223333"
FORCE_MFA = Path(__file__).parents[2] / "tests/corpus/policy/aws-self-manage.json"
"""AWS's own sample `Force_MFA`."""

_ADMINISTRATOR = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}
_MFA = "aws:MultiFactorAuthPresent"

_RESOURCES = {
    "*": ["s3:ListAllMyBuckets", "ec2:DescribeInstances", "iam:ListUsers", "ce:GetCostAndUsage"],
    "arn:aws:s3:::reports-{n}": ["s3:ListBucket", "s3:GetBucketPolicy"],
    "arn:aws:s3:::reports-{n}/2026/{m}.csv": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
    "arn:aws:ec2:ap-northeast-1:{a}:instance/i-{n:017x}": [
        "ec2:StartInstances",
        "ec2:StopInstances",
    ],
    "arn:aws:dynamodb:ap-northeast-1:{a}:table/orders-{n}": ["dynamodb:GetItem", "dynamodb:Query"],
    "arn:aws:lambda:ap-northeast-1:{a}:function:job-{n}": ["lambda:InvokeFunction"],
    "arn:aws:sqs:ap-northeast-1:{a}:queue-{n}": ["sqs:SendMessage", "sqs:ReceiveMessage"],
    "arn:aws:logs:ap-northeast-1:{a}:log-group:/app/{n}:*": ["logs:GetLogEvents"],
    "arn:aws:iam::{a}:user/{u}": ["iam:GetUser", "iam:EnableMFADevice", "iam:ChangePassword"],
    "arn:aws:iam::{a}:mfa/{u}-{n}": ["iam:CreateVirtualMFADevice"],
    "arn:aws:iam::{a}:role/Batch-{n}": ["iam:GetRole", "iam:PassRole"],
}


@dataclass(frozen=True, slots=True)
class Workload:
    """The JSON of a workload."""

    policies: dict[str, Any]
    sets: list[list[str]]
    requests: list[tuple[int, str, str, str, dict[str, str]]]

    def sample(self, count: int) -> "Workload":
        """Return the same policies with the first `count` requests."""
        return Workload(self.policies, self.sets, self.requests[:count])

    def write(self, path: Path) -> None:
        """Write it for another process."""
        value = {"policies": self.policies, "sets": self.sets, "requests": self.requests}
        path.write_text(json.dumps(value), encoding="utf-8")


def questions(workload: Workload) -> tuple[list[Policies], list[tuple[int, Request]]]:
    """Return the sets of policies, and the requests, each with the number of its set."""
    documents = {name: from_json(value) for name, value in workload.policies.items()}
    sets = [
        Policies(tuple(AttachedPolicy(name, documents[name]) for name in names))
        for names in workload.sets
    ]
    requests = [
        (number, Request(principal, action, resource, Context(context)))
        for number, principal, action, resource, context in workload.requests
    ]
    return sets, requests


def twelve() -> Workload:
    """Return a user with AdministratorAccess and Force_MFA, with MFA absent, false and true."""
    user = f"arn:aws:iam::{ACCOUNT}:user/alice"
    other = f"arn:aws:iam::{ACCOUNT}:user/bob"
    asked = [
        *(("s3:ListAllMyBuckets", "*", mfa) for mfa in ("", "false", "true")),
        *(("iam:EnableMFADevice", user, mfa) for mfa in ("", "true")),
        *(("iam:EnableMFADevice", other, mfa) for mfa in ("", "true")),
        *(("iam:ChangePassword", user, mfa) for mfa in ("false", "true")),
        ("sts:GetSessionToken", "*", ""),
        *(("iam:DeactivateMFADevice", user, mfa) for mfa in ("", "true")),
    ]
    return Workload(
        {"Force_MFA": _force_mfa(), "AdministratorAccess": _ADMINISTRATOR},
        [["AdministratorAccess", "Force_MFA"]],
        [(0, user, action, on, _context("alice", mfa)) for action, on, mfa in asked],
    )


def distinct(count: int, seed: int = 1) -> Workload:
    """Return distinct requests by the users of the example company, all enforced by Force_MFA.

    Each user has the policies of the company and two that AWS manages, by turns.
    """
    names, policies = zip(*sorted(_sets().items()), strict=True)
    managed = managed_policies()
    sets = [
        [*own, *list(managed)[number % 8 :][:1], *list(managed)[(number + 3) % 8 :][:1]]
        for number, own in enumerate(policies)
    ]
    documents = {**_company_policies(), **managed, "Force_MFA": _force_mfa()}
    chance = random.Random(seed)  # noqa: S311 - the same requests in every run
    found: dict[tuple[object, ...], tuple[int, str, str, str, dict[str, str]]] = {}
    while len(found) < count:
        number = chance.randrange(len(names))
        request = _some_request(number, names[number], chance)
        found[(*request[:4], *request[4].values())] = request
    used = {name: documents[name] for own in sets for name in own}
    return Workload(used, sets, list(found.values()))


def _some_request(
    number: int, user: str, chance: random.Random
) -> tuple[int, str, str, str, dict[str, str]]:
    pattern = chance.choice(list(_RESOURCES))
    action = chance.choice(_RESOURCES[pattern])
    values = {"n": chance.randrange(10_000), "m": chance.randrange(100_000), "a": ACCOUNT}
    resource = pattern.format(u=chance.choice([user, "somebody"]), **values)
    context = _context(user, chance.choice(["", "false", "true"]))
    context["aws:SourceIp"] = f"203.0.{chance.randrange(256)}.{chance.randrange(256)}"
    return number, f"arn:aws:iam::{ACCOUNT}:user/{user}", action, resource, context


def _context(user: str, mfa: str) -> dict[str, str]:
    context = {"aws:username": user, "aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:user/{user}"}
    return {**context, _MFA: mfa} if mfa else context


def _force_mfa() -> Any:
    return json.loads(FORCE_MFA.read_text(encoding="utf-8"))


def _moto() -> dict[str, Any]:
    from moto.iam.aws_managed_policies import (  # type: ignore[attr-defined] # noqa: PLC0415 - slow
        aws_managed_policies_data,
    )

    known = json.loads(aws_managed_policies_data)
    return {name: policy["Document"] for name, policy in sorted(known.items())}


def managed_policies() -> dict[str, Any]:
    """Return AWS-managed policies as moto has them: long ones, and ones that many people use."""
    known = _moto()
    wanted = [
        *("ReadOnlyAccess", "PowerUserAccess", "SecurityAudit", "ViewOnlyAccess"),
        *("AmazonS3ReadOnlyAccess", "AmazonEC2FullAccess", "AWSLambda_FullAccess"),
        *("CloudWatchReadOnlyAccess", "AmazonDynamoDBFullAccess", "AmazonSQSFullAccess"),
    ]
    return {name: known[name] for name in wanted if name in known}


def some_policies(count: int = 120) -> dict[str, Any]:
    """Return Force_MFA and `count` AWS-managed policies of all sizes."""
    known = _moto()
    names = list(known)[:: len(known) // count][:count]
    return {"Force_MFA": _force_mfa(), **{name: known[name] for name in names}}


def _company() -> Any:
    text = resources.files("sekisho.localaws").joinpath("data/company.json").read_text("utf-8")
    return json.loads(text)["authorizationDetails"]


def _company_policies() -> dict[str, Any]:
    details = _company()
    found = {
        policy["PolicyName"]: next(
            version["Document"]
            for version in policy["PolicyVersionList"]
            if version["IsDefaultVersion"]
        )
        for policy in details["Policies"]
    }
    for owner in (*details["UserDetailList"], *details["GroupDetailList"]):
        found.update(_inline(owner))
    return found


def _inline(owner: Any) -> Iterator[tuple[str, Any]]:
    for policy in (*owner.get("UserPolicyList", ()), *owner.get("GroupPolicyList", ())):
        name = owner.get("UserName") or owner["GroupName"]
        yield f"inline {policy['PolicyName']} of {name}", policy["PolicyDocument"]


def _sets() -> dict[str, list[str]]:
    """Return the names of each user's policies; a user with a boundary is left out."""
    details = _company()
    groups = {group["GroupName"]: group for group in details["GroupDetailList"]}
    known = _company_policies()
    found: dict[str, list[str]] = {}
    for user in details["UserDetailList"]:
        if "PermissionsBoundary" in user:
            continue
        owners = [user, *(groups[name] for name in user["GroupList"])]
        attached = [p["PolicyName"] for owner in owners for p in owner["AttachedManagedPolicies"]]
        inline = [name for owner in owners for name, _ in _inline(owner)]
        found[user["UserName"]] = [n for n in dict.fromkeys([*inline, *attached]) if n in known]
        found[user["UserName"]].append("Force_MFA")
    return found
