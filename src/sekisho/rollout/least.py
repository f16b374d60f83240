"""The least policy with which a plan can be applied and taken back."""

from collections.abc import Iterable, Mapping
from typing import Any

from sekisho.policy import Document, from_json, to_json
from sekisho.policy.size import Quota, size
from sekisho.rollout.decide import Ask
from sekisho.rollout.outlook import Outlook
from sekisho.rollout.permissions import to_apply, to_look, to_roll_back

__all__ = ["least_policy", "needs_of"]

_POLICY_ARN = "iam:PolicyARN"


def least_policy(asks: Iterable[Ask]) -> Document:
    """Return a policy that allows what is asked, and else nothing.

    Each resource is named; where that becomes longer than a managed policy may be, its last part
    is a wildcard. Policies are attached and detached under a condition on their ARN.
    """
    asked = tuple(asks)
    exact = _document(asked, wide=False)
    return exact if size(exact) <= Quota.MANAGED_POLICY.number else _document(asked, wide=True)


def needs_of(outlook: Outlook) -> Mapping[str, Any]:
    """Return the least policy, as JSON, for applying changes and taking them back; {} for none.

    With it, what is there already can be looked at again, too.
    """
    if not outlook.changes:
        return {}
    changes, after = outlook.changes, outlook.after
    doing = (*to_apply(changes, after), *to_roll_back(changes, after))
    return to_json(least_policy((*doing, *to_look(outlook.needless, after))))


def _document(asks: tuple[Ask, ...], *, wide: bool) -> Document:
    by_place: dict[tuple[str, str], set[str]] = {}
    for ask in asks:
        resource = _widened(ask.resource) if wide else ask.resource
        place = (resource, str(ask.context.get(_POLICY_ARN, "")))
        by_place.setdefault(place, set()).add(ask.action)
    by_actions: dict[tuple[tuple[str, ...], str], list[str]] = {}
    for (resource, attached), actions in by_place.items():
        by_actions.setdefault((tuple(sorted(actions)), attached), []).append(resource)
    statements = [
        _statement(actions, resources, attached)
        for (actions, attached), resources in by_actions.items()
    ]
    return from_json({"Version": "2012-10-17", "Statement": statements})


def _statement(actions: tuple[str, ...], resources: list[str], attached: str) -> Mapping[str, Any]:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": resources}
    if attached:
        return {**statement, "Condition": {"ArnEquals": {_POLICY_ARN: attached}}}
    return statement


def _widened(resource: str) -> str:
    """Return a resource with a wildcard for its last part; `*`, which names none, stays."""
    *owner, name = resource.split(":", 5)
    kind, has_name, _ = name.partition("/")
    return ":".join([*owner, f"{kind}/*"]) if has_name else resource
