"""Random claims about small policy sets, in the shape of the battery's cases.

A Deny is taken apart into several that together say the same: by actions, by resources, by a
condition and its contrary. Half of the time one of them is then changed, so that about as many
claims are false as true. Who knows which is the engine, request by request.
"""

import random
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from prover.battery import Case

__all__ = ["claims"]

Statement = dict[str, Any]
_EXEMPT = ["iam:GetUser", "sts:GetSessionToken"]
_WITHOUT_MFA: tuple[dict[str, Any], ...] = (
    {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
    {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
    {"StringNotEquals": {"aws:MultiFactorAuthPresent": "true"}},
    {"Null": {"aws:MultiFactorAuthAge": "true"}},
    {"NumericGreaterThanIfExists": {"aws:MultiFactorAuthAge": "3600"}},
    {"Bool": {"aws:MultiFactorAuthPresent": "false"}},
    {},
)
_ACTIONS = ("s3:*", "s3:Get*", "s3:*Object", "s3:???Object", "ec2:*", "iam:*User*", "*", "s3:G*t")
_RESOURCES = (
    *("*", "arn:aws:s3:::b/*", "arn:aws:s3:::b/?", "arn:aws:s3:::*x", "arn:aws:s3:::b*/x*"),
    *("arn:aws:s3:::b/${aws:username}/*", "arn:aws:s3:::b/${aws:PrincipalTag/a}*"),
    *("arn:aws:ssm:*::p/*", "arn:aws:sqs:*:111122223333:q?", "arn:aws:s3:::b/${*}*"),
)
_TEXTS = ("x", "y", "X", "xy", "x*", "*y", "?", "*", "x?y", "${aws:PrincipalTag/b}")
_DEFAULTS = ("${aws:PrincipalTag/b, 'x'}", "${aws:username}")
_TAGS = ("aws:PrincipalTag/a", "aws:PrincipalTag/b", "aws:ResourceTag/a")
_CONTRARY = (
    ("StringEquals", "StringNotEquals"),
    ("StringLike", "StringNotLike"),
    ("StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"),
    ("IpAddress", "NotIpAddress"),
    ("DateLessThan", "DateGreaterThanEquals"),
    ("NumericLessThan", "NumericGreaterThanEquals"),
    ("ArnLike", "ArnNotLike"),
    ("ForAnyValue:StringEquals", "ForAllValues:StringNotEquals"),
    ("ForAllValues:StringLike", "ForAnyValue:StringNotLike"),
    ("Null", "Null"),
    ("Bool", "Bool"),
)
_NETWORKS = ("203.0.113.0/24", "203.0.113.9", "203.0.112.0/23", "0.0.0.0/0", "2001:db8::/32")
_DATES = ("2027-01-01T00:00:00Z", "2027-06-01T00:00:00Z")
_ARNS = ("arn:aws:iam::*:user/*", "arn:aws:iam::*:user/a*", "arn:aws:iam::1*:user/alice")


def claims(random_: random.Random) -> Iterator[Case]:
    """Yield random claims without end."""
    number = 0
    while True:
        number += 1
        make = random_.choice((_enforcement, _enforcement, _enforcement, _new_access))
        yield {"id": f"random/{number}", **make(random_)}


def _enforcement(random_: random.Random) -> Case:
    denies = _apart(_deny(random_), random_, random_.randint(0, 3))
    if random_.random() < 0.5:
        _changed(denies, random_)
    claim = random_.choice(("enforced", "nothing-allowed"))
    allows = [_allow(random_) for _ in range(random_.randint(1, 2))]
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    layers: dict[str, Any] = {"identity": [allows if claim != "enforced" else [everything]]}
    kind = random_.choice(("identity", "identity", "boundary", "session", "scps", "two"))
    if kind in ("boundary", "session"):
        layers[kind] = [[random_.choice((everything, _allow(random_))), *denies]]
    elif kind == "scps":
        layers[kind] = [[[everything]], [[everything, *denies]]]
    elif kind == "two":
        layers["identity"].append(denies[::2])
        layers["scps"] = [[[everything, *denies[1::2]]]]
    elif denies:
        layers["identity"].append(denies)
    layers["identity"] = [each for each in layers["identity"] if each]
    return {"claim": claim, "policies": layers}


def _new_access(random_: random.Random) -> Case:
    old = [_allow(random_) for _ in range(random_.randint(1, 2))]
    if random_.random() < 0.4:
        old += _apart(_deny(random_), random_, 1)
    new = [part for each in old for part in _apart(deepcopy(each), random_, random_.randint(0, 1))]
    random_.shuffle(new)
    if random_.random() < 0.5:
        _changed(new, random_)
    return {
        "claim": "no-new-access",
        "exempt": [],
        "policies": {"identity": [new]} if new else {"identity": [[_allow(random_)]]},
        "old": {"identity": [old]},
    }


def _deny(random_: random.Random) -> Statement:
    return {
        "Effect": "Deny",
        "NotAction": _EXEMPT[: random_.randint(1, 2)],
        "Resource": "*",
        "Condition": deepcopy(random_.choice(_WITHOUT_MFA)),
    }


def _allow(random_: random.Random) -> Statement:
    made: Statement = {"Effect": "Allow", "Action": random_.choice(_ACTIONS), "Resource": "*"}
    if random_.random() < 0.1:
        made = {"Effect": "Allow", "NotAction": random_.choice(_ACTIONS[:6]), "Resource": "*"}
    if random_.random() < 0.6:
        made["Resource"] = random_.choice(_RESOURCES)
    if random_.random() < 0.4:
        operators, key, value = _condition(random_)
        made["Condition"] = {random_.choice(operators): {key: value}}
    return made


def _condition(random_: random.Random) -> tuple[tuple[str, str], str, Any]:
    """Return two operators, of which one holds where the other does not, a key and its values."""
    operators = random_.choice(_CONTRARY)
    name = operators[0]
    if name in ("Null", "Bool"):
        key = "aws:SecureTransport" if name == "Bool" else random_.choice(_TAGS)
        return operators, key, random_.choice(("true", "false"))
    if "Ip" in name:
        return operators, "aws:SourceIp", random_.sample(_NETWORKS, random_.randint(1, 2))
    if "Date" in name:
        return operators, "aws:CurrentTime", random_.choice(_DATES)
    if "Numeric" in name:
        return operators, "s3:max-keys", str(random_.randint(9, 11))
    if "Arn" in name:
        return operators, "aws:PrincipalArn", random_.choice(_ARNS)
    pool = _TEXTS[:-1] if ":" in name else (*_TEXTS, *_DEFAULTS)
    key = random_.choice(("aws:TagKeys",) if ":" in name else (*_TAGS, "aws:RequestedRegion"))
    return operators, key, random_.sample(pool, random_.randint(1, 2))


def _apart(statement: Statement, random_: random.Random, depth: int) -> list[Statement]:
    """Return statements that together say what one does, or a bit more."""
    if depth == 0:
        return [statement]
    halves = [statement, deepcopy(statement)]
    way = random_.choice(("condition", "condition", "resource", "action"))
    if way == "resource" and statement.get("Resource") == "*":
        halves[0]["Resource"] = halves[1]["NotResource"] = random_.choice(_RESOURCES[1:])
        del halves[1]["Resource"]
    elif way == "action" and "NotAction" in statement:
        some = random_.choice(_ACTIONS[:6])
        halves[1]["NotAction"] = [*_listed(statement["NotAction"]), some]
        halves[0]["Action"] = some
        del halves[0]["NotAction"]
    else:
        operators, key, value = _condition(random_)
        values = [value, value]
        if operators[0] in ("Null", "Bool"):
            values[1] = "false" if value == "true" else "true"
        for half, operator, each in zip(halves, operators, values, strict=True):
            block = half.setdefault("Condition", {})
            block.setdefault(operator, {}).setdefault(key, each)
    return [part for half in halves for part in _apart(half, random_, depth - 1)]


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def _changed(statements: list[Statement], random_: random.Random) -> None:
    """Change one of some statements: take it out, or say something else at one place."""
    at = random_.randrange(len(statements))
    one = statements[at]
    way = random_.choice(("drop", "element", "value", "operator"))
    block = one.get("Condition") or {}
    if way == "drop" and len(statements) > 1:
        del statements[at]
    elif way == "operator" and block:
        name = random_.choice([*block])
        plain = name.removesuffix("IfExists")
        other = random_.choice((f"{plain}IfExists", plain, "StringLike"))
        if not other.startswith("Null") and other not in block:
            block[other] = block.pop(name)
    elif way == "value" and block:
        name = random_.choice([*block])
        key = random_.choice([*block[name]])
        block[name][key] = _condition_value(name, random_)
    elif "Resource" in one:
        one["Resource"] = random_.choice(_RESOURCES[1:])
    elif "Action" in one:
        one["Action"] = random_.choice(_ACTIONS)


def _condition_value(name: str, random_: random.Random) -> Any:
    """Return other values of the same kind."""
    for words, pool in (
        ("Null Bool", ("true", "false")),
        ("IpAddress", _NETWORKS),
        ("Date", _DATES),
        ("Numeric", ("9", "10", "11")),
        ("Arn", _ARNS),
    ):
        if any(word in name for word in words.split()):
            return random_.choice(pool)
    return random_.choice(_TEXTS)
