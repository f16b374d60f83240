"""Requests that try to be answered wrongly, each derived from a page of AWS's documentation."""

import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from engine.corpus import checked, load
from sekisho.answer import responder
from sekisho.engine.exchange import answers

NOW = datetime(2026, 11, 27, 9, tzinfo=UTC)
CORPUS = load("decisions/adversarial.json", head=["documents"])


def _named(value: Any) -> Any:
    """Put the documents in the place of their names."""
    return [*map(_named, value)] if isinstance(value, list) else CORPUS["documents"][value]


@pytest.mark.parametrize("case", CORPUS["cases"], ids=lambda case: case["id"])
def test_case(case: dict[str, Any]) -> None:
    checked(case, ["id", "source", "request", "policies", "expect"], ["options"])
    question = {key: case[key] for key in ("id", "request", "options") if key in case}
    question["policies"] = {key: _named(one) for key, one in case["policies"].items()}
    stream = io.BytesIO(json.dumps(question).encode())
    (line,) = answers(stream, respond=responder(lambda: NOW))
    value: dict[str, Any] = dict(line.value)
    if "error" in value:
        error = {key: value["error"][key] for key in ("code", "at")}
        assert case["expect"] == {"error": error}
        return
    value["because"] = [f"{one['kind']} {one['policy']} {one['sid']}" for one in value["because"]]
    value["missing"] = [one["key"] for one in value.get("missing", ()) if one["couldChange"]]
    value["resources"] = len(value.get("resources", ()))
    assert {"decision", "because"} <= case["expect"].keys()
    assert {key: value.get(key) for key in case["expect"]} == case["expect"]


def test_there_are_enough_and_every_document_is_used() -> None:
    assert len(CORPUS["cases"]) >= 60
    used = json.dumps([case["policies"] for case in CORPUS["cases"]])
    assert [name for name in CORPUS["documents"] if f'"{name}"' not in used] == []
