"""The condition keys that any request can have, and keys that tell the same.

Source: `data/condition-keys.json`, which names AWS's pages.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, slots=True)
class GlobalKey:
    """A key that requests to any service can have.

    Attributes:
        name: in AWS's spelling; one that a tag's name follows ends in `/`.
        presence: as the table says it.
        callers: whose requests can have it; None: everybody's.
        type: of its values, as the catalogue calls it.
    """

    name: str
    presence: str
    callers: frozenset[str] | None
    type: str = "String"


@cache
def _table() -> Mapping[str, Any]:
    text = (files("sekisho.catalogue") / "data" / "condition-keys.json").read_text(encoding="utf-8")
    found: Mapping[str, Any] = json.loads(text)
    return found


@cache
def global_keys() -> Mapping[str, GlobalKey]:
    """Return the keys of the table by their names in lower case."""
    return {
        name.lower(): GlobalKey(
            name,
            entry["presence"],
            frozenset(entry["callers"]) if "callers" in entry else None,
            entry.get("type", "String"),
        )
        for name, entry in _table()["keys"].items()
    }


def global_key(key: str) -> GlobalKey | None:
    """Return the global key of that name, in any case; None if the table has none such."""
    name = key.lower()
    known = global_keys()
    return known.get(name) or known.get(f"{name.partition('/')[0]}/")


@cache
def _same() -> Mapping[str, str]:
    return {key.lower(): name for key, name in _table()["same"]["keys"].items()}


def same_as(key: str) -> str | None:
    """Return the global key that has the value of a service's key, in any case; None: none has.

    A tag's name stays as it is given: `aws:ResourceTag/team` of `ec2:ResourceTag/team`.
    """
    start, slash, tag = key.partition("/")
    found = _same().get(f"{start.lower()}{slash}")
    return None if found is None else f"{found}{tag}"


@cache
def names_of(key: str) -> Mapping[str, str]:
    """Return the keys that have the value of a global key: a service's prefix, and its key."""
    found = (name for name, same in _table()["same"]["keys"].items() if same == key)
    return {name.partition(":")[0]: name for name in found}


@cache
def organisation_keys() -> Mapping[str, str]:
    """Return the keys of organisations' ids by those of the paths that begin with them."""
    keys: Mapping[str, str] = _table()["heads"]["keys"]
    return {path.lower(): name for path, name in keys.items()}
