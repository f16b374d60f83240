"""What goes together in a request: which action it is, where it goes to, and whose tags it shows.

IAM is in one region of each partition. What is about no resource shows no resource's tags.
Source: IAM User Guide, "AWS: Denies access to AWS based on the requested Region", "AWS global
condition context keys"; botocore's `endpoints.json`; Service Authorization Reference.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sekisho.catalogue import Action
from sekisho.policy.document import Condition, Operator, OperatorName, Version
from sekisho.prover import keys
from sekisho.prover.formula import Rule, Within
from sekisho.prover.named import keys_of, keys_of_text
from sekisho.prover.values import Asked

__all__ = ["Ties"]

_FREE = Within()


@dataclass(frozen=True, slots=True)
class Ties:
    """The ties between the action, the resource and the keys that some policies ask about.

    Attributes:
        home: what holds where IAM is called.
        untagged: what holds of a request about no resource.
    """

    home: tuple[Asked, ...]
    untagged: tuple[Asked, ...]

    @classmethod
    def between(cls, partition: str, rules: Iterable[Rule], more: Iterable[Asked]) -> "Ties":
        """Return the ties where some statements and further conditions are asked about.

        Args:
            partition: the caller's.
            rules: the statements.
            more: the conditions.
        """
        named = {key.lower(): key for key in _named(rules, more)}
        where = keys.regions_of(partition)[:1] if keys.REGION in named else ()
        return cls(
            tuple(_asked(OperatorName.STRING_EQUALS, named[keys.REGION], one) for one in where),
            tuple(
                _asked(OperatorName.NULL, key, "true")
                for folded, key in named.items()
                if folded.startswith(keys.RESOURCE_TAG)
            ),
        )

    @property
    def asked(self) -> tuple[Asked, ...]:
        """The conditions that say the ties; none if no key is tied."""
        return (*self.home, *self.untagged)

    def of(self, action: Action | None, *, direct: bool) -> Within:
        """Return what every request about an action fits; None: one that is not known.

        Where a service calls on the user's behalf, it is not documented where that call goes.
        """
        if action is None or not self.asked:
            return _FREE
        home = self.home if direct and keys.is_where_iam_is(action) else ()
        untagged = () if keys.has_tags_of_nothing(action) else self.untagged
        return Within(conditions=tuple((each, True) for each in home), of_nothing=untagged)


def _asked(name: OperatorName, key: str, value: str) -> Asked:
    return Asked(Condition(Operator(name), key, (value,)), Version.V2012)


def _named(rules: Iterable[Rule], more: Iterable[Asked]) -> Iterator[str]:
    """Yield the keys that are asked about, and those that variables name."""
    for rule in rules:
        for entry in rule.resource.values:
            yield from keys_of_text(entry, rule.version)
        for asked in rule.asked:
            yield from keys_of(asked.condition, asked.version)
    for asked in more:
        yield from keys_of(asked.condition, asked.version)
