"""What else AWS asks about in a call that is seen whole: the rules of `further`, by operation.

`further` decides by context keys, which is all that a question about a request has. A call shows
more: its parameters, and the state that it is about. `calls` of a rule in `data/also-needs.json`
say by which of these a call needs the rule's permissions.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sekisho.catalogue.further import rules


@dataclass(frozen=True, slots=True)
class CallNeed:
    """A permission that calls of an API operation need beside the one of their action.

    Attributes:
        rule: the id of the rule.
        action: the permission, like `kms:Decrypt`.
        beside: the actions beside which it is needed.
        on: `same`, `*`, `any`, or the kind of its resource.
        given: the paths of parameters of which each shows that a call needs it; none: every does.
        unless: by such a path, the values that do not show it.
        without: the paths of parameters of which each shows that a call does not need it.
        held: what holds its resource: `given` for the parameters, else what is looked up; "" for
            nothing.
        region: the parameter that names its Region; "" for the call's own.
        via: the service that asks it of AWS KMS; "" where it is asked directly.
    """

    rule: str
    action: str
    beside: frozenset[str]
    on: str
    given: tuple[str, ...]
    unless: Mapping[str, tuple[str, ...]]
    without: tuple[str, ...]
    held: str
    region: str
    via: str

    def is_shown(self, params: Mapping[str, Any]) -> bool:
        """Tell whether a call's parameters show that it needs the permission."""
        if any(True for path in self.without for _ in values_at(params, path)):
            return False
        return not self.given or any(
            value not in self.unless.get(path, ())
            for path in self.given
            for value in values_at(params, path)
        )


def values_at(params: object, path: str) -> Iterator[Any]:
    """Yield what is given at a path of parameters, like `AddReplicaRegions[].KmsKeyId`."""
    step, _, rest = path.partition(".")
    name = step.removesuffix("[]")
    found = params.get(name) if isinstance(params, Mapping) else None
    for value in found if step != name and isinstance(found, list) else [found]:
        if rest:
            yield from values_at(value, rest)
        elif value not in (None, "", [], {}, False):
            yield value


@cache
def _by_operation() -> Mapping[str, Sequence[CallNeed]]:
    found: dict[str, list[CallNeed]] = {}
    for rule in rules():
        for entry in rule.get("calls", ()):
            for need in _needs(rule, entry):
                for operation in entry["of"]:
                    found.setdefault(operation, []).append(need)
    return found


def _needs(rule: Mapping[str, Any], entry: Mapping[str, Any]) -> Iterator[CallNeed]:
    on = rule["on"] if isinstance(rule["on"], str) else rule["on"]["type"]
    for action in entry.get("needs", rule["needs"]):
        yield CallNeed(
            rule["id"],
            action,
            frozenset(rule["needs"][action]),
            on,
            tuple(entry.get("given", ())),
            {path: tuple(values) for path, values in entry.get("unless", {}).items()},
            tuple(entry.get("without", ())),
            entry.get("held", ""),
            entry.get("region", ""),
            rule.get("via", ""),
        )


def call_needs(prefix: str, operation: str) -> Sequence[CallNeed]:
    """Return the further permissions that calls of an operation can need.

    Args:
        prefix: of the service's actions, like `s3`.
        operation: its name in AWS's API.
    """
    return _by_operation().get(f"{prefix}:{operation}", ())
