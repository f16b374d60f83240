"""Dense policies, of the most characters that AWS takes, that were slow for lint once.

`python fuzz/run.py --shapes` measures lint on each, in process time, the least of four.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from itertools import product

from sekisho.audit.lint import Attachment

__all__ = ["SHAPES"]

_LONGEST = 10_000
_MFA = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
_THREE = tuple("".join(each) for each in product("abcdefghijklmnopqrst", repeat=3))
_STARS = "*a" * 15


def _statement(**members: object) -> dict[str, object]:
    return {"Effect": "Allow", "Action": "*", "Resource": "*", **members}


def _policy(statements: Iterable[object]) -> str:
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    return json.dumps(document, separators=(",", ":"))


def _filled(made: Callable[[int], str]) -> str:
    """Return the longest of the texts made of 1, 2, 3… parts that is not too long."""
    low, high = 1, _LONGEST // 4
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if len(made(middle)) <= _LONGEST else (low, middle - 1)
    return made(low)


def _statements(one: Callable[[int], dict[str, object]]) -> str:
    return _filled(lambda count: _policy(map(one, range(count))))


def _listed(name: str, one: Callable[[int], str], **members: object) -> str:
    return _filled(
        lambda count: _policy([_statement(**members, **{name: [*map(one, range(count))]})])
    )


def _age(number: int) -> dict[str, object]:
    condition = {"NumericGreaterThan": {"aws:MultiFactorAuthAge": str(number)}}
    return _statement(Effect="Deny", Condition=condition)


def _arn(number: int) -> str:
    return f"arn:aws:ec2:*:*:*{_STARS}{number}"


def _accounts(number: int) -> dict[str, object]:
    """Return of each account the Allow or the Deny of a trust policy."""
    trusted = {"Principal": {"AWS": str(111122223333 + number // 2)}, "Action": "sts:AssumeRole"}
    if number % 2:
        return {"Effect": "Deny", **trusted, "Condition": _MFA}
    return {"Effect": "Allow", **trusted}


def _as(word: str, text: str) -> str:
    """Fill a policy up to a length that the target takes for this kind of attachment."""
    kinds = [each.word for each in Attachment]
    return text + " " * ((kinds.index(word) - len(text)) % len(kinds))


_EC2 = ("RunInstances", "StopInstances", "CreateTags", "AttachVolume", "CreateRoute", "DeleteVpc")

SHAPES: Mapping[str, str] = {
    "twenty services": _policy(
        [_statement(Action=[f"*:*{letter}*" for letter in "abcdefghijklmnopqrst"])]
    ),
    "twenty services, each by itself": _policy(
        _statement(Action=f"*:*{letter}*") for letter in "abcdefghijklmnopqrst"
    ),
    "question marks": _listed("Action", lambda n: f"ec2:*{'?*'.join(_THREE[n])}*"),
    "stars": _listed("Action", lambda n: f"ec2:*{'*'.join(_THREE[n])}*"),
    "unknown actions": _listed("Action", lambda n: f"iam:Gte{n}User", Condition=_MFA),
    "unknown services": _listed("Action", lambda n: f"iamm{n}:GetUser"),
    "misspelt keys": _filled(
        lambda count: _policy(
            [_statement(Condition={"StringEquals": {f"aws:Prncpl{n}": "v*" for n in range(count)}})]
        )
    ),
    "users": _listed(
        "Resource",
        lambda n: f"arn:aws:iam::*:user/u{n}/${{aws:username}}",
        Action="iam:GetUser",
        Condition=_MFA,
    ),
    "resources with many stars": _listed("Resource", _arn, Action=[f"ec2:{name}" for name in _EC2]),
    "each resource by itself": _statements(
        lambda n: _statement(Action="ec2:RunInstances", Resource=_arn(n))
    ),
    "one Deny often": _statements(lambda _: _statement(Effect="Deny", Condition=_MFA)),
    "one Allow often": _statements(lambda n: _statement(Effect="Allow" if n else "Deny")),
    "many ages": _statements(_age),
    "Allow and Deny by turns": _statements(
        lambda n: _statement(
            Effect="Deny" if n % 2 else "Allow", Action=f"s3:Get{_THREE[n]}*", Condition=_MFA
        )
    ),
    "Allows under wider Denies by turns": _as(
        "user",
        _statements(
            lambda n: _statement(Effect="Deny" if n % 2 else "Allow", Action=f"s3:*{_THREE[n]}*")
        ),
    ),
    "resources under wider ones": _as(
        "user",
        _statements(
            lambda n: _statement(
                Effect="Deny" if n else "Allow",
                Action="s3:Get*",
                Resource=[f"arn:aws:s3:::*{_THREE[n]}*{m}*" for m in range(1 if n else 99)],
            )
        ),
    ),
    "accounts that a role trusts": _as("trust", _statements(_accounts)),
}
