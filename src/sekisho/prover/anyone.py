"""A user who stands for any: in the policies' partition, by a name that none of them has."""

from collections.abc import Iterator
from itertools import count

from sekisho.catalogue import DEFAULT_PARTITION
from sekisho.engine import Policies, arns
from sekisho.prover.attached import every
from sekisho.prover.credentials import User

__all__ = ["anyone"]

_ACCOUNT = "111122223333"
_NAME = "some-user"


def anyone(*sets: Policies) -> User:
    """Return a user whom no policy of some sets names."""
    texts = [text for policies in sets for text in _texts(policies)]
    names = (_NAME if number == 1 else f"{_NAME}-{number}" for number in count(1))
    name = next(name for name in names if not any(name in text for text in texts))
    parts = (arns.split(text) for text in texts)
    partitions = (
        each[1]
        for each in parts
        if len(each) == arns.PARTS and each[0] == "arn" and not set(each[1]) & set("*?$")
    )
    partition = next(partitions, DEFAULT_PARTITION)
    return User.of(f"arn:{partition}:iam::{_ACCOUNT}:user/{name}")


def _texts(policies: Policies) -> Iterator[str]:
    for policy in every(policies):
        for statement in policy.document.statements:
            yield from statement.resource.values if statement.resource else ()
            for condition in statement.conditions:
                yield from condition.values
