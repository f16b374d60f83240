"""From an API operation to the IAM actions that it needs.

Most operations are their own action. The others stand in `data/operations.json`, with origin. An
operation that needs several actions needs all of them; where a service asks only for those that a
request uses (`TransactWriteItems`), all are asked for: refusing too much is the safe side.
"""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from sekisho.catalogue.store import load

__all__ = ["iam_actions"]


@cache
def _table() -> tuple[Mapping[str, str], Mapping[str, Mapping[str, tuple[str, ...]]]]:
    path = files("sekisho.catalogue") / "data" / "operations.json"
    data = json.loads(path.read_text(encoding="utf-8"))
    operations = {
        prefix: {name: tuple(actions) for name, actions in entries.items()}
        for prefix, entries in data["operations"].items()
    }
    return data["prefixes"], operations


def iam_actions(service_prefix: str, operation: str) -> tuple[str, ...]:
    """Return the IAM actions that an API operation needs, in AWS's spelling.

    Args:
        service_prefix: the IAM prefix or the signing name: `s3`, `monitoring`.
        operation: as the API names it: `ListObjectsV2`.

    Returns:
        The actions, all of which are needed; empty if the operation is unknown, which must then
        be refused.
    """
    prefixes, operations = _table()
    prefix = prefixes.get(service_prefix, service_prefix)
    listed = operations.get(prefix, {}).get(operation)
    if listed is not None:
        return listed
    action = load().action(f"{prefix}:{operation}")
    return (str(action),) if action else ()
