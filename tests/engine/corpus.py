"""Reads the corpora: every file names its origin, every case its id and source; nothing unknown."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

CORPUS = Path(__file__).parent.parent / "corpus"


def load(name: str, *, head: Iterable[str] = (), body: str = "cases") -> dict[str, Any]:
    """Return one corpus file, of which only `origin`, `head` and `body` may be keys."""
    value = json.loads((CORPUS / name).read_text(encoding="utf-8"))
    assert set(value) == {"origin", body, *head}, f"{name}: unknown or missing key"
    ids = [case["id"] for case in value[body]]
    assert ids, f"{name}: no case"
    assert len(set(ids)) == len(ids), f"{name}: an id stands twice"
    return value


def checked(case: Mapping[str, Any], keys: Iterable[str], optional: Iterable[str] = ()) -> None:
    """Fail if a case lacks a key, or has one that nobody reads."""
    assert set(keys) <= set(case) <= {*keys, *optional}, f"{case.get('id')}: {sorted(case)}"
    for key in ("id", "source"):
        assert case.get(key, "-"), f"{case}: empty {key}"
