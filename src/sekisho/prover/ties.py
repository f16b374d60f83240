"""What goes together in a request: which action it is, where it goes to, and whose tags it shows.

IAM is in one region of each partition. What is about no resource shows no resource's tags.
Source: IAM User Guide, "AWS: Denies access to AWS based on the requested Region", "AWS global
condition context keys"; botocore's `endpoints.json`; Service Authorization Reference.
"""

from collections.abc import Iterable, Iterator

from sekisho.catalogue import Action
from sekisho.policy.document import Condition, Operator, OperatorName, Version
from sekisho.prover import keys
from sekisho.prover.formula import Rule, Within
from sekisho.prover.named import keys_of, keys_of_text
from sekisho.prover.values import Asked

__all__ = ["Ties"]

_FREE = Within()


class Ties:
    """The ties between the action, the resource and the keys that some policies ask about.

    Args:
        partition: the caller's.
        rules: the statements.
        more: further conditions that are asked about.

    Attributes:
        asked: the conditions that say them; none if no key is tied.
    """

    def __init__(self, partition: str, rules: Iterable[Rule], more: Iterable[Asked]) -> None:
        named = {key.lower(): key for key in _named(rules, more)}
        where = keys.regions_of(partition)[:1] if keys.REGION in named else ()
        self._home = tuple(
            (_asked(OperatorName.STRING_EQUALS, named[keys.REGION], region), True)
            for region in where
        )
        self._untagged = tuple(
            _asked(OperatorName.NULL, key, "true")
            for folded, key in named.items()
            if folded.startswith(keys.RESOURCE_TAG)
        )
        self.asked = (*(asked for asked, _ in self._home), *self._untagged)

    def of(self, action: Action | None, *, direct: bool) -> Within:
        """Return what every request about an action fits; None: one that is not known.

        Where a service calls on the user's behalf, it is not documented where that call goes.
        """
        if action is None or not self.asked:
            return _FREE
        home = self._home if direct and keys.is_where_iam_is(action) else ()
        untagged = () if keys.has_tags_of_nothing(action) else self._untagged
        return Within(conditions=home, of_nothing=untagged)

    def apart(self, action: Action) -> object:
        """Return what tells actions apart that elements and resource types do not."""
        return self.of(action, direct=True)


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
