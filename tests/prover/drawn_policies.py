"""Policies and requests drawn at random, and what the engine says of them."""

import random
from typing import Any

from prover.open_branches import CandidateRequest
from sekisho.engine import AttachedPolicy, Context, DecisionEffect, Policies, Request, decide
from sekisho.errors import FaultyRequest
from sekisho.policy import from_json
from sekisho.prover import CallingUser

ARN = "arn:aws:iam::111122223333:user/alice"
ALICE = CallingUser.of(ARN)
ACTIONS = ("*", "s3:*", "s3:Get*", "s3:GetObject", "iam:Get*", "iam:GetUser", "iam:*User", "ec2:*")
RESOURCES = (
    "arn:aws:s3:::b/*",
    "arn:aws:s3:::b/x",
    "arn:aws:s3:::*",
    "arn:*:iam::*:user/${aws:username}",
    "arn:aws:iam::111122223333:user/*",
    "arn:aws:s3:::b/${aws:PrincipalTag/a}",
    "arn:aws:s3:::b/${aws:PrincipalTag/a, 'x'}",
    "arn:aws:s3",
    "arn:aws:ec2:*:111122223333:instance/*",
    "arn:aws:s3:::${aws:PrincipalTag/b}/*",
)
ASKED = ("s3:GetObject", "iam:GetUser", "ec2:RunInstances", "s3:PutObject", "iam:CreateUser")
ABOUT = (
    "*",
    "arn:aws:s3:::b/x",
    "arn:aws:s3:::b/y",
    "arn:aws:s3:::b/",
    "arn:aws:s3:::x/y",
    "arn:aws:iam::111122223333:user/alice",
    "arn:aws:iam::111122223333:user/bob",
    "arn:aws:ec2:us-east-1:111122223333:instance/i-1",
)
_TAG_OPERATORS = (
    *("StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "StringEqualsIgnoreCase"),
    *("StringNotEqualsIgnoreCase", "StringEqualsIfExists", "StringNotEqualsIfExists"),
    *("ForAllValues:StringEquals", "ForAnyValue:StringLike", "ForAnyValue:StringNotEquals"),
)
_TEXTS = (
    *("x", "y", "X", "", "x*", "a?", "*", "${aws:PrincipalTag/a}", "${aws:PrincipalTag/b}"),
    *("${aws:PrincipalTag/b, 'x'}", "${aws:username}"),
)
_OTHERS: dict[str, tuple[tuple[str, ...], tuple[Any, ...]]] = {
    "aws:TagKeys": (
        ("ForAllValues:StringEquals", "ForAnyValue:StringLike", "ForAllValues:StringNotEquals"),
        ("x", ["x", "y"], "x*"),
    ),
    "s3:max-keys": (
        ("NumericLessThan", "NumericGreaterThanIfExists", "NumericEquals", "NumericNotEquals"),
        ("5", "10.0", ["5", "20"]),
    ),
    "aws:SourceIp": (
        ("IpAddress", "NotIpAddress", "IpAddressIfExists", "NotIpAddressIfExists"),
        ("203.0.113.0/24", "203.0.113.9", "2001:db8::/32", ["0.0.0.0/0", "::/0"]),
    ),
    "aws:CurrentTime": (
        ("DateGreaterThan", "DateLessThan", "DateNotEquals"),
        ("2026-11-30T00:00:00Z", "2027", "1800000000"),
    ),
    "aws:PrincipalArn": (
        ("ArnLike", "ArnNotLike", "ArnNotEqualsIfExists", "StringLike", "StringNotLike"),
        (
            "arn:aws:iam::*:user/*",
            ARN,
            "arn:*:iam::*:role/*",
            "arn:aws:iam::*:user/${aws:username}",
        ),
    ),
    "aws:MultiFactorAuthAge": (
        ("NumericGreaterThan", "NumericGreaterThanIfExists", "NumericLessThan"),
        ("3600",),
    ),
}


class Drawn:
    """One sequence of drawn policies and requests."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 - samples, no secrets

    def _some(self, listed: tuple[str, ...], most: int) -> list[str]:
        return self.random.choices(listed, k=self.random.randrange(1, most + 1))

    def _condition(self, mfa: bool) -> tuple[str, str, Any]:
        pick = self.random.choice
        if mfa and self.random.random() < 0.5:
            operators = ("Bool", "BoolIfExists", "Null", "StringEquals", "StringNotEqualsIfExists")
            return pick(operators), "aws:MultiFactorAuthPresent", pick(("true", "false"))
        if self.random.random() < 0.4:
            key = f"aws:PrincipalTag/{pick('ab')}"
            if self.random.random() < 0.15:
                return "Null", key, pick(("true", "false"))
            return pick(_TAG_OPERATORS), key, self._some(_TEXTS, 2)
        key = pick([*_OTHERS])
        operators, values = _OTHERS[key]
        return pick(operators), key, pick(values)

    def _statement(self, effect: str) -> dict[str, Any]:
        resources: Any = self._some(RESOURCES, 2) if self.random.random() < 0.6 else "*"
        limited = resources != "*" and self.random.random() < 0.25
        block: dict[str, dict[str, Any]] = {}
        for _ in range(self.random.choice((0, 1, 1, 2))):
            operator, key, values = self._condition(effect == "Deny")
            block.setdefault(operator, {})[key] = values
        return {
            "Effect": effect,
            self.random.choice(("Action", "Action", "NotAction")): self._some(ACTIONS, 3),
            "NotResource" if limited else "Resource": resources,
            "Condition": block,
        }

    def change(self) -> tuple[Policies, Policies]:
        """Return policies before and after a change."""
        effects = ["Allow", "Allow", "Deny", "Deny"][self.random.randrange(2) :]
        before = [self._statement(effect) for effect in effects]
        after = [*before]
        at = self.random.randrange(len(after))
        if self.random.random() < 0.4:
            del after[at]
        elif self.random.random() < 0.5:
            after[at] = self._statement(str(after[at]["Effect"]))
        else:
            after.append(self._statement(self.random.choice(("Allow", "Deny"))))
        return _policies(before), _policies(after)

    def request(self, *, with_mfa: bool) -> Request:
        """Return a request by Alice, as AWS could receive it."""
        pick, chance = self.random.choice, self.random.random
        context = {
            **_always(),
            "aws:CurrentTime": pick(("2026-11-30T00:00:00Z", "2030-06-01T00:00:00Z")),
        }
        if chance() < 0.5:
            context["aws:MultiFactorAuthPresent"] = "false"
        if with_mfa and chance() < 0.5:
            context |= {
                "aws:MultiFactorAuthPresent": "true",
                "aws:MultiFactorAuthAge": pick(("9", "4000")),
            }
        for tag in "ab":
            if chance() < 0.7:
                context[f"aws:PrincipalTag/{tag}"] = pick(("x", "y", "X", "", "alice", "ab"))
        if chance() < 0.6:
            context["aws:TagKeys"] = pick((("x",), ("x", "y"), ("xz",), ("x", "q")))
        if chance() < 0.6:
            context["s3:max-keys"] = pick(("5", "10", "7", "30"))
        if chance() < 0.7:
            context["aws:SourceIp"] = pick(("203.0.113.9", "203.0.113.10", "2001:db8::1"))
        return Request(ARN, pick(ASKED), pick(ABOUT), Context(context))

    def as_request(self, candidate: CandidateRequest) -> Request:
        """Return a candidate as a request by Alice."""
        names = {key.lower(): key for key in _always()}
        found = {names.get(key, key): value for key, value in candidate.context.items()}
        return Request(ARN, candidate.action, candidate.resource, Context({**_always(), **found}))

    def is_against(self, request: Request, new: Policies, old: Policies | None) -> bool:
        """Tell whether a request shows a claim to be wrong."""
        try:
            if decide(request, new).effect is not DecisionEffect.ALLOWED:
                return False
        except FaultyRequest:
            return False
        if old is not None:
            return decide(request, old).effect is not DecisionEffect.ALLOWED
        exempt = request.action.lower() == "iam:getuser"
        return not exempt and request.context.get("aws:MultiFactorAuthPresent") != "true"


def _policies(statements: list[dict[str, Any]]) -> Policies:
    document = from_json({"Version": "2012-10-17", "Statement": statements})
    return Policies(identity=(AttachedPolicy("drawn", document),))


def _always() -> dict[str, Any]:
    return {
        "aws:username": "alice",
        "aws:PrincipalArn": ARN,
        "aws:PrincipalType": "User",
        "aws:PrincipalAccount": "111122223333",
        "aws:userid": "AIDAIOSFODNN7EXAMPLE",
        "aws:ViaAWSService": "false",
        "aws:CurrentTime": "2026-11-30T00:00:01Z",
        "aws:SecureTransport": "true",
        "aws:RequestedRegion": "us-east-1",
        "aws:PrincipalIsAWSService": "false",
    }
