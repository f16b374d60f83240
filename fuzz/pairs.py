"""Pairs of policies for `policy diff`: variables, defaults, `Null`, Not-elements, both versions.

A pair is a finding if the difference raises, if it depends on which of the two is called old, if a
policy differs from itself, or if a request that only one side allows is missing. A number always
gives the same pair: `python fuzz/run.py --pairs COUNT [FIRST]` tries some.
"""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice, product
from typing import Any

from sekisho.engine import AttachedPolicy, Context, DecisionEffect, Policies, Request
from sekisho.engine.compiled import Compiler
from sekisho.policy import from_json
from sekisho.prover import CallingUser, PolicyDifference, Side, Unknown, policy_difference

__all__ = ["broken", "pair", "policies_of"]

NOW = datetime(2026, 11, 24, tzinfo=UTC)
USER = CallingUser.of("arn:aws:iam::111122223333:user/alice")
TAG, DEPT = "aws:PrincipalTag/team", "aws:PrincipalTag/dept"
_NAMES = ("s3:GetObject", "s3:ListBucket", "iam:GetUser", "kms:Decrypt", "sqs:SendMessage")
_ACTIONS = ("s3:GetObject", "s3:GetObj*t", "*:ListBucke?", "iam:GetUse*", "kms:Dec*", *_NAMES)
_WORDS = ("red", "blue", "alice", "r*", "?", "*")
_VARIABLES = (
    f"${{{TAG}}}",
    f"${{{TAG}, 'red'}}",
    f"${{{TAG}, 'blue'}}",
    f"${{{DEPT}}}",
    f"${{{DEPT}, 'red'}}",
    "${aws:username}",
    "${aws:username, 'red'}",
    "${*}",
    "${$}",
)
_FRAMES = (
    "arn:aws:s3:::home/{}",
    "arn:aws:s3:::home/{}/*",
    "arn:aws:s3:::{}",
    "arn:aws:s3:::{}/*",
    "arn:aws:iam::*:user/{}",
    "arn:aws:iam::111122223333:user/{}",
    "arn:aws:sqs:*:111122223333:{}",
    "arn:aws:kms:us-east-1:*:key/{}",
    "arn:aws:*:*:*:{}",
)
_CHANGED, _OLD, _NOT_ACTION, _NOT_ACTION_ALLOWED, _NOT_RESOURCE, _ANY_RESOURCE = (
    *(0.6, 0.1, 0.4, 0.0005, 0.4, 0.15),
)
_OTHER, _NULL = 0.25, 0.45
_TEXT_OPERATORS = (
    *("StringEquals", "StringNotEquals", "StringLike", "StringNotLike"),
    *("StringEqualsIfExists", "StringNotEqualsIfExists", "StringEqualsIgnoreCase"),
)
_KEYS = (TAG, DEPT, "aws:username", "s3:prefix", "aws:ResourceTag/team")
_MFA = "aws:MultiFactorAuthPresent"
_OTHER_CONDITIONS: tuple[dict[str, dict[str, Any]], ...] = (
    {"BoolIfExists": {_MFA: "false"}},
    {"Bool": {_MFA: "true"}},
    {"Null": {_MFA: "true"}},
    {"ForAllValues:StringLike": {"aws:TagKeys": ["r*", f"${{{TAG}}}"]}},
    {"ForAnyValue:StringEquals": {"aws:TagKeys": ["red"]}},
    {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/${aws:username}"}},
    {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
    {"StringNotEquals": {"aws:SourceVpce": "vpce-1"}},
    {"Bool": {"aws:SecureTransport": "false"}},
    {"StringLike": {"aws:RequestedRegion": "eu-*"}},
)


def pair(number: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return two policies: often the second is the first with one thing changed."""
    random_ = random.Random(number)  # noqa: S311 - samples, no secrets
    words = random_.sample(_WORDS, 2), random_.sample(_VARIABLES, random_.randint(1, 2))
    entries = [
        frame.format(text)
        for frame in random_.sample(_FRAMES, 2)
        for text in (*words[0], *words[1])
    ]
    old = _policy(random_, entries)
    new = _policy(random_, entries)
    if random_.random() < _CHANGED:
        new = {**old, "Statement": [*old["Statement"]]}
        place = random_.randrange(len(new["Statement"]))
        changed = {**new["Statement"][place]}
        changed.update(_statement(random_, entries))
        for name in ("Action", "Resource"):
            if name in changed and f"Not{name}" in changed:
                del changed[random_.choice([name, f"Not{name}"])]
        if changed["Effect"] == "Allow" and "NotAction" in changed:
            changed["Action"] = changed.pop("NotAction")
        new["Statement"][place] = changed
    return old, new


def _policy(random_: random.Random, entries: Sequence[str]) -> dict[str, Any]:
    version = "2008-10-17" if random_.random() < _OLD else "2012-10-17"
    count = random_.randint(1, 3)
    return {"Version": version, "Statement": [_statement(random_, entries) for _ in range(count)]}


def _statement(random_: random.Random, entries: Sequence[str]) -> dict[str, Any]:
    some = random_.sample(_ACTIONS, random_.randint(1, 2))
    resources = random_.sample(entries, random_.randint(1, min(2, len(entries))))
    effect = random_.choice(["Allow", "Allow", "Deny"])
    # an Allow of all but some actions is asked about the whole catalogue, which takes seconds
    opposite = random_.random() < (_NOT_ACTION if effect == "Deny" else _NOT_ACTION_ALLOWED)
    statement: dict[str, Any] = {
        "Effect": effect,
        "NotAction" if opposite else "Action": some,
        "NotResource" if random_.random() < _NOT_RESOURCE else "Resource": resources,
    }
    if random_.random() < _ANY_RESOURCE:
        statement = {k: v for k, v in statement.items() if k != "NotResource"}
        statement["Resource"] = "*"
    conditions = [_condition(random_) for _ in range(random_.choice([0, 0, 1, 1, 2]))]
    joined: dict[str, dict[str, Any]] = {}
    for each in conditions:
        for operator, keys in each.items():
            joined.setdefault(operator, {}).update(keys)
    return {**statement, "Condition": joined} if joined else statement


def _condition(random_: random.Random) -> dict[str, dict[str, Any]]:
    kind = random_.random()
    if kind < _OTHER:
        return random_.choice(_OTHER_CONDITIONS)
    key = random_.choice(_KEYS)
    if kind < _NULL:
        return {"Null": {key: random_.choice(["true", "false"])}}
    values = random_.sample((*_WORDS, *_VARIABLES), random_.randint(1, 2))
    return {random_.choice(_TEXT_OPERATORS): {key: values}}


def policies_of(document: Mapping[str, Any]) -> Policies:
    """Return a document as the one identity-based policy of a user."""
    return Policies(identity=(AttachedPolicy("p", from_json(dict(document))),))


def broken(old: Mapping[str, Any], new: Mapping[str, Any], *, both_ways: bool = True) -> str | None:
    """Return which promise the difference of two policies breaks; None: it keeps all.

    With `both_ways`, the new one is asked about as the old one, too, and the old one beside itself.
    """
    before, after = policies_of(old), policies_of(new)
    found = policy_difference(before, after, USER, NOW)
    if both_ways:
        pairs = ((after, before), (before, before))
        back, same = (policy_difference(*two, USER, NOW) for two in pairs)
        if _shape(found) != _shape(PolicyDifference(back.only_in_new, back.only_in_old)):
            return "the difference depends on which of the two is called old"
        for one in (same.only_in_old, same.only_in_new):
            if isinstance(one, Side) and (one.counterexample or one.items):
                return "a policy differs from itself"
    ask = [_allows(each) for each in (before, after)]
    for request in _requests(old, new):
        answers = tuple(each(request) for each in ask)
        for one, allowed in ((found.only_in_old, _OLD_ALONE), (found.only_in_new, _NEW_ALONE)):
            if answers == allowed and isinstance(one, Side) and one.counterexample is None:
                return f"a request is missing: {request}"
    return None


_OLD_ALONE, _NEW_ALONE = (True, False), (False, True)


def _shape(found: PolicyDifference) -> tuple[object, ...]:
    """Return what must be the same both ways; which request shows it may be another one."""
    return tuple(
        "unknown"
        if isinstance(side, Unknown)
        else (
            side.counterexample is None,
            [(i.actions, i.resources, i.conditions, i.credentials) for i in side.items],
        )
        for side in (found.only_in_old, found.only_in_new)
    )


def _allows(policies: Policies) -> Callable[[Request], bool]:
    ask = Compiler().compiled(policies)
    return lambda request: ask(request).effect is DecisionEffect.ALLOWED


_RESOURCES = {
    "s3:GetObject": ["arn:aws:s3:::home/red", "arn:aws:s3:::home/alice/x", "arn:aws:s3:::red/x"],
    "s3:ListBucket": ["arn:aws:s3:::red", "arn:aws:s3:::blue", "arn:aws:s3:::other"],
    "iam:GetUser": [f"arn:aws:iam::111122223333:user/{name}" for name in ("red", "alice", "b")],
    "kms:Decrypt": [f"arn:aws:kms:us-east-1:111122223333:key/{name}" for name in ("red", "a1")],
    "sqs:SendMessage": [f"arn:aws:sqs:us-east-1:111122223333:{one}" for one in ("red", "blue1")],
}
_MOST_REQUESTS = 600


def _requests(*documents: Mapping[str, Any]) -> Iterator[Request]:
    """Yield some requests that users could make: with tags of some values, and without."""
    text = str(documents)
    settled = {
        "aws:username": "alice",
        "aws:PrincipalArn": USER.arn,
        "aws:PrincipalAccount": USER.account,
        "aws:PrincipalType": "User",
        "aws:SecureTransport": "true",
        "aws:RequestedRegion": "us-east-1",
        "aws:ViaAWSService": "false",
    }
    tags: list[list[str | None]] = [
        [None, "red", "blue"] if key in text else [None] for key in (TAG, DEPT)
    ]
    prefixes: list[str | None] = [None, "red"] if "s3:prefix" in text else [None]
    mfa: list[str | None] = [None, "false"]
    resources = [(name, resource) for name, those in _RESOURCES.items() for resource in those]
    of_all = product(*tags, prefixes, mfa, resources)
    for team, dept, prefix, present, (name, resource) in islice(of_all, _MOST_REQUESTS):
        keys = {TAG: team, DEPT: dept, "s3:prefix": prefix, _MFA: present}
        if present is not None:
            keys["aws:TokenIssueTime"] = "2026-11-24T00:00:00Z"
        if "aws:SourceVpce" not in text:
            keys["aws:SourceIp"] = "203.0.113.9"
        given = {key: value for key, value in keys.items() if value is not None}
        yield Request(USER.arn, name, resource, Context({**settled, **given}))
