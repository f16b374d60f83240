"""Reading the corpora: a case has an id and a source, and no key that its test does not know."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

CORPUS = Path(__file__).parent / "corpus"


def document(name: str) -> dict[str, Any]:
    """Return a corpus file, `room/name`."""
    text = (CORPUS / f"{name}.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def cases(name: str, required: Iterable[str], optional: Iterable[str] = ()) -> list[Any]:
    """Return a corpus file's cases as pytest parameters; refuse unknown keys and repeated ids."""
    needed = {"id", "source", *required}
    known = needed | set(optional)
    seen: set[str] = set()
    found = []
    for case in document(name)["cases"]:
        keys = set(case)
        if not needed <= keys <= known or not case["source"] or case["id"] in seen:
            raise ValueError(f"{name}: a case that is not one: {case.get('id')}: {keys ^ needed}")
        seen.add(case["id"])
        found.append(pytest.param(case, id=case["id"]))
    return found
