"""Changes to JSON and back: the kind, its fields by name, and the address to read it by."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, get_args

from sekisho.rollout.changes.calls import doing
from sekisho.rollout.changes.kinds import Change, CreatePolicyVersion

_PARTS = 3
_KINDS: Mapping[str, type] = {kind.__name__: kind for kind in get_args(Change)}


def change_to_json(change: Change) -> dict[str, Any]:
    """Return a change as JSON."""
    values = {field.name: getattr(change, field.name) for field in fields(change)}
    return {"kind": type(change).__name__, "address": change.address, **values}


def change_from_json(value: Mapping[str, Any]) -> Change:
    """Return the change that `change_to_json` wrote.

    Raises:
        AttributeError, KeyError, IndexError, TypeError, ValueError: if it is none.
    """
    values = {key: item for key, item in value.items() if key not in ("kind", "address")}
    change: Change = _KINDS[value["kind"]](**values)
    if change.address != value["address"]:
        raise ValueError("a change whose address is not its own")
    doing(change)  # an ARN or a kind of credential that is none has no call
    if isinstance(change, CreatePolicyVersion):
        _check_image(change.replaced)
    return change


def _check_image(image: Mapping[str, Any]) -> None:
    """See that a before-image is one of a policy's versions."""
    default, document, versions = (image[key] for key in ("default", "document", "versions"))
    texts = isinstance(versions, list) and all(isinstance(each, str) for each in versions)
    if len(image) != _PARTS or not (
        texts and isinstance(document, dict) and isinstance(default, str)
    ):
        raise ValueError("a before-image of another form")
