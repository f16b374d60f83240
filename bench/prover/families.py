"""Families of large policies: one thing per statement, in any layer of policies.

Of each there is the whole, the same without one statement, and with one statement changed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from sekisho.catalogue import load
from sekisho.engine import AttachedPolicy, Level, Policies
from sekisho.policy import from_json

Statement = dict[str, Any]
Statements = list[Statement]


def one(effect: str = "Allow", **parts: Any) -> Statement:
    """Return a statement."""
    found = {"Effect": effect, "Action": "s3:GetObject", "Resource": "*", **parts}
    if "NotAction" in parts:
        del found["Action"]
    return found


ALL = one(Action="*")
ENFORCING = one(
    "Deny", Action="*", Condition={"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
)


@dataclass(frozen=True, slots=True)
class Family:
    """Policies of some size.

    Attributes:
        of: what there is of each number.
        whole: the statements made of all that.
        other: what stands for one that is changed.
    """

    of: Callable[[int], Any]
    whole: Callable[[list[Any]], Statements]
    other: Any

    def sizes(self, count: int) -> tuple[Statements, Statements, Statements]:
        """Return the whole, the same without the one in the middle, and with another instead."""
        each = [self.of(number) for number in range(count)]
        before, after = each[: count // 2], each[count // 2 + 1 :]
        found = (each, [*before, *after], [*before, self.other, *after])
        whole, dropped, changed = map(self.whole, found)
        return whole, dropped, changed


@cache
def _actions() -> tuple[str, ...]:
    return tuple(map(str, load().expand("*")))


def _action(number: int) -> str:
    return _actions()[7 * number % len(_actions())]


def _bucket(name: object) -> str:
    return f"arn:aws:s3:::{name}/*"


def _is(key: str, value: str, operator: str = "StringEquals") -> dict[str, Any]:
    return {operator: {key: value}}


_TEAM = "aws:PrincipalTag/team"


def _with_all(statements: Statements) -> Statements:
    return [ALL, *statements]


FAMILIES: Mapping[str, Family] = {
    "a Deny of one action": Family(
        lambda n: one("Deny", Action=_action(n)), _with_all, one("Deny", Action="ec2:Run*")
    ),
    "an action in one NotAction": Family(
        _action, lambda names: [ALL, one("Deny", NotAction=names)], "ec2:Run*"
    ),
    "an infix": Family(
        lambda n: one(Resource=f"arn:aws:s3:::*-{n}-*"),
        list,
        one(Resource="arn:aws:s3:::*-other-*"),
    ),
    "a Deny of an infix": Family(
        lambda n: one("Deny", Resource=f"arn:aws:s3:::*-{n}-*"),
        _with_all,
        one("Deny", Resource="arn:aws:s3:::*-other-*"),
    ),
    "a bucket and a tag": Family(
        lambda n: one(Resource=_bucket(n), Condition=_is(_TEAM, f"t{n}")),
        list,
        one(Resource=_bucket("other"), Condition=_is(_TEAM, "other")),
    ),
    "a Deny of a bucket but for a tag": Family(
        lambda n: one(
            "Deny", Resource=_bucket(n), Condition=_is(_TEAM, f"t{n}", "StringNotEquals")
        ),
        _with_all,
        one("Deny", Resource=_bucket("other"), Condition=_is(_TEAM, "other", "StringNotEquals")),
    ),
    "a bucket and a tag's key": Family(
        lambda n: one(Resource=_bucket(n), Condition=_is(f"aws:PrincipalTag/p{n}", "yes")),
        list,
        one(Resource=_bucket("other"), Condition=_is("aws:PrincipalTag/other", "yes")),
    ),
    "an infix of a tag": Family(
        lambda n: one(Condition=_is(_TEAM, f"*x{n}y*", "StringLike")),
        list,
        one(Condition=_is(_TEAM, "*other*", "StringLike")),
    ),
    "a bucket and an infix of a tag": Family(
        lambda n: one(Resource=_bucket(n), Condition=_is(_TEAM, f"*x{n}y*", "StringLike")),
        list,
        one(Resource=_bucket("other"), Condition=_is(_TEAM, "*other*", "StringLike")),
    ),
    "a Deny of a bucket and an infix of a tag": Family(
        lambda n: one("Deny", Resource=_bucket(n), Condition=_is(_TEAM, f"*x{n}y*", "StringLike")),
        _with_all,
        one("Deny", Resource=_bucket("other"), Condition=_is(_TEAM, "*other*", "StringLike")),
    ),
    "a tag of the resource": Family(
        lambda n: one(Action="ec2:StartInstances", Condition=_is("aws:ResourceTag/team", f"t{n}")),
        list,
        one(Action="ec2:StartInstances", Condition=_is("aws:ResourceTag/team", "other")),
    ),
}
"""What there is one of each of."""


def attached(*statements: Statement, name: str = "policy") -> AttachedPolicy:
    """Return a policy, of whatever size."""
    # not `parse`: a document of this size is longer than IAM takes as one
    return AttachedPolicy(name, from_json({"Version": "2012-10-17", "Statement": [*statements]}))


_GROUPS = 5


def _of_groups(statements: Statements) -> Policies:
    of_each = (statements[number::_GROUPS] for number in range(_GROUPS))
    return Policies(identity=tuple(attached(*each) for each in of_each if each))


LAYERS: Mapping[str, Callable[[Statements], Policies]] = {
    "user": lambda those: Policies(identity=(attached(*those),)),
    "groups": _of_groups,
    "boundary": lambda those: Policies(
        identity=(attached(ALL),), boundaries=(attached(*those, name="boundary"),)
    ),
    "SCP": lambda those: Policies(
        identity=(attached(ALL),), scps=(Level("root", (attached(*those, name="scp"),)),)
    ),
}
"""What holds the statements."""
