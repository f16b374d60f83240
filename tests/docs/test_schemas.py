"""The JSON Schemas: of every form, as the code has it, and neither looser nor stricter than it.

Every golden output validates; a member more or less, or of another type, does not. Of goal and
exceptions files a schema refuses all that their readers refuse because of its shape.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from tools.schemas.files import schemas

from profiles import sampled
from rollout.staging import account, device, user, with_user
from sekisho import documents
from sekisho.account import Password, Snapshot
from sekisho.audit.exceptions import Exceptions, load_exceptions
from sekisho.documents import Shape
from sekisho.errors import Code, FaultyInput
from sekisho.rollout import goal_of
from sekisho.rollout.goal.file import KEYS
from sekisho.session.broker import HandedOut
from sekisho.session.commands import SessionForm, session_text
from sekisho.session.model import Session, SessionId

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "schemas"
GOLDEN = ROOT / "tests" / "golden"
TEXTS = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.json")}
VALIDATORS = {
    name.removesuffix(".json"): Draft202012Validator(
        json.loads(text), format_checker=FormatChecker()
    )
    for name, text in TEXTS.items()
}
UNNAMED = {".jsonl": "decide-batch", "session/json.en.json": "local"}
"""Outputs whose form is not said in them."""

FEW = 3
"""So many outputs, and items of a list, are mutated: the others are like them."""

Place = tuple[str | int, ...]


def test_the_schemas_are_as_the_code_has_the_forms() -> None:
    assert schemas() == TEXTS, "run `python -m tools.schemas`"


@pytest.mark.parametrize("name", sampled(sorted(VALIDATORS), every=4))
def test_each_is_a_schema_without_open_objects(name: str) -> None:
    schema = VALIDATORS[name].schema
    Draft202012Validator.check_schema(schema)
    assert "properties" in schema or "oneOf" in schema
    for part in _parts(schema):
        assert part["additionalProperties"] is False


def _parts(schema: Any) -> Iterator[Mapping[str, Any]]:
    """Yield every part of a schema that names the members of an object."""
    if isinstance(schema, dict):
        if "properties" in schema:
            yield schema
        for key, each in schema.items():
            if key not in ("then", "if", "not"):
                yield from _parts(each)
    elif isinstance(schema, list):
        for each in schema:
            yield from _parts(each)


@cache
def _outputs() -> Mapping[str, list[Any]]:
    """Return what commands print and save, by its form."""
    found: dict[str, list[Any]] = {name: [] for name in VALIDATORS}
    found["session"].append(json.loads(session_text(_handed_out(), SessionForm.JSON)))
    for path in sorted((GOLDEN / "outputs").rglob("*.json*")):
        if path.suffix in (".err", ".journal"):
            continue
        text = path.read_text(encoding="utf-8")
        given = [text] if path.suffix == ".json" else text.splitlines()
        for each in map(json.loads, given):
            name = str(each.get("schema", "")).removeprefix("sekisho.").removesuffix("/1")
            other = next((form for end, form in UNNAMED.items() if str(path).endswith(end)), "")
            if "Statement" not in each:
                found[name or other].append(each)
    return found


def _handed_out() -> HandedOut:
    identity = SessionId("aws", "111122223333", "mika", "arn:aws:iam::111122223333:mfa/m", "AKIA")
    session = Session("ASIA", "secret", "token", datetime(2026, 11, 24, tzinfo=UTC))
    return HandedOut(identity, session, new=True, kept_in="")


@pytest.mark.parametrize("name", sorted(VALIDATORS.keys() - {"goal", "exceptions"}))
def test_outputs_validate_and_mutations_of_them_do_not(name: str) -> None:
    outputs, validator = _outputs()[name], VALIDATORS[name]
    assert outputs
    assert not [error.message for each in outputs for error in validator.iter_errors(each)]
    seen: set[int] = set()
    for each in map(_cut, outputs[:FEW]):
        for schema, value in _objects(validator, validator.schema, each):
            if id(schema) not in seen:
                seen.add(id(schema))
                of_part = validator.evolve(schema=schema)
                for mutant in _mutants(schema, value):
                    assert not of_part.is_valid(mutant), mutant
    assert seen


def _cut(value: Any) -> Any:
    """Return a value with few items in each list."""
    match value:
        case list():
            return [_cut(each) for each in value[:FEW]]
        case dict():
            return {key: _cut(each) for key, each in value.items()}
        case _:
            return value


def _objects(
    validator: Draft202012Validator, schema: Any, value: Any
) -> Iterator[tuple[Mapping[str, Any], Any]]:
    """Yield the objects within a value whose members are known, each with its schema."""
    if isinstance(value, dict) and "properties" in schema:
        yield schema, value
    for inner, part in _within(validator, schema, value):
        yield from _objects(validator, inner, part)


def _within(
    validator: Draft202012Validator, schema: Any, value: Any
) -> Iterator[tuple[Mapping[str, Any], Any]]:
    if "$ref" in schema:
        yield validator.schema["$defs"][schema["$ref"].removeprefix("#/$defs/")], value
    for each in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        if validator.evolve(schema=each).is_valid(value):
            yield each, value
    match value:
        case list():
            yield from ((schema["items"], item) for item in value if schema.get("items"))
        case dict():
            others, known = schema.get("additionalProperties"), schema.get("properties", {})
            yield from (
                (known.get(key, others), item) for key, item in value.items() if others or known
            )


def _mutants(schema: Mapping[str, Any], value: Mapping[str, Any]) -> Iterator[Any]:
    yield {**value, "notThere": None}
    for key in schema.get("required", ()):
        yield {name: item for name, item in value.items() if name != key}
    for key in value:
        # of a policy's state in IAM anything may be
        if schema["properties"][key]:
            yield {**value, key: [3.5]}


EXCEPTIONS = """
schema: sekisho.exceptions/1
exceptions:
  - {user: mika, kind: machine, why: w, owner: o, approvedBy: a, expires: 2027-03-31, ticket: T-1}
  - user: ken
    kind: break-glass
    why: the way in
    owner: o
    approvedBy: a
    expires: 2027-01-15
    ticket: T-2
    force: in the safe
"""
GOALS = (
    """
policy:
  preset: first-login
  choices: {enrolment_needs_session: true, mfa-age: 3600}
  name: Force_MFA
  path: /p/
  description: MFA first.
  tags: {team: security}
group: {name: MFA-required, path: /g/}
timezone: Asia/Tokyo
when: at-once
enrolment: {name: Enrol}
afterEnrolment: {policy: {preset: aws}, group: MFA-enrolled}
require: passkey
replaces: [Old]
waves:
  - {name: pilot, who: [{user: mika, with: [device]}], enrolFrom: 2026-12-01, from: 2027-01-11}
  - name: rest
    who: [{all: true, without: [key]}]
    enforce: on-enrolment
    enrolFrom: 2027-01-01
    from: 2027-02-01
    grace: 14 days
    except: [{tag: kind=robot}, {name: x*, path: /}]
except: [{name: deploy-*}]
breakGlass: [ken]
accept: [{id: gap, why: w, user: mika}, {id: dormant, why: w, user: mika}]
dormant: {after: 90 days, do: disable-password}
keys: {by: age, warn: 80 days, disable: 90 days, delete: 97 days}
untold: wait
""",
    "group: MFA-required\nwho: [{all: true}]\n",
)
BEYOND_SHAPE = re.compile(
    r"`from` is not after|`grace` is longer|is not after|there is another wave|both stages have"
    r"|selects nobody|the enrolment policy has|there is no time zone|accepts the same"
    r"|both stages need"
)
"""What is wrong with values of the right shape."""
VALUES = (None, True, 7, " ", "no such", [7], {"x": 1})


@cache
def _account() -> Snapshot:
    there = account()
    for name in ("mika", "ken"):
        there = with_user(there, user(name, password=Password(), devices=(device(name),)))
    return there


def _shape_faults(read: Callable[[], object]) -> list[str]:
    try:
        read()
    except FaultyInput as error:
        return [
            fault.message.en
            for fault in error.faults
            if fault.code is Code.FILE_BAD_SHAPE and not BEYOND_SHAPE.search(fault.message.en)
        ]
    return []


def _mutated(whole: Any) -> Iterator[Any]:
    """Yield a document with one member or item dropped, added, or of another value."""
    for place in [*_places(whole)]:
        for change in (_without, _with_more, *(_with_value(each) for each in VALUES)):
            mutant = deepcopy(whole)
            part = mutant
            for step in place[:-1]:
                part = part[step]
            change(part, place[-1])
            yield mutant


def _places(value: Any, place: Place = ()) -> Iterator[Place]:
    parts = value.items() if isinstance(value, dict) else enumerate(value)
    for key, each in parts:
        yield (*place, key)
        if isinstance(each, dict | list):
            yield from _places(each, (*place, key))


def _without(part: Any, key: Any) -> None:
    del part[key]


def _with_more(part: Any, key: Any) -> None:
    if isinstance(part[key], dict):
        part[key]["unknown"] = None
    elif isinstance(part[key], list):
        part[key].append(7)


def _with_value(value: Any) -> Callable[[Any, Any], None]:
    def change(part: Any, key: Any) -> None:
        part[key] = deepcopy(value)

    return change


def _raw(text: str) -> Any:
    return documents.yaml_shape(text, "file").raw


def _read_goal(value: Any) -> Callable[[], object]:
    shape = Shape(value, "", [], code=Code.FILE_BAD_SHAPE)
    return lambda: goal_of(shape, "goal.yaml", _account(), Exceptions())


@pytest.mark.parametrize("text", GOALS)
def test_what_the_reader_of_goals_refuses_in_shape_the_schema_refuses(text: str) -> None:
    whole, validator = _raw(text), VALIDATORS["goal"]
    assert validator.is_valid(whole)
    assert not _shape_faults(_read_goal(whole))
    for mutant in sampled(_mutated(whole), every=4):
        faults = _shape_faults(_read_goal(mutant))
        assert not (faults and validator.is_valid(mutant)), (faults, mutant)


def test_what_the_reader_of_exceptions_refuses_in_shape_the_schema_refuses() -> None:
    whole, validator = _raw(EXCEPTIONS), VALIDATORS["exceptions"]
    assert validator.is_valid(whole)
    for mutant in sampled(_mutated(whole), every=2):
        text = json.dumps(mutant, ensure_ascii=False, indent=1)
        faults = _shape_faults(lambda text=text: load_exceptions(text))
        assert not (faults and validator.is_valid(mutant)), (faults, mutant)


def test_the_examples_validate() -> None:
    """Those of the documents, in both languages, and those that golden tests read."""
    blocks = [
        block
        for page in (ROOT / "docs").rglob("*.md")
        for block in re.findall(r"(?ms)^```yaml\n(.*?)^```$", page.read_text(encoding="utf-8"))
    ]
    blocks += [
        path.read_text(encoding="utf-8")
        for path in (GOLDEN / "inputs").rglob("*.yaml")
        if "faulty" not in path.parts
    ]
    tried = dict.fromkeys(("goal", "exceptions"), 0)
    for block in blocks:
        value = _raw(block)
        is_goal = isinstance(value, dict) and value and set(value) <= {*KEYS}
        named = value.get("schema") if isinstance(value, dict) else None
        name = "goal" if is_goal else "exceptions" if named == "sekisho.exceptions/1" else ""
        if name:
            assert not [error.message for error in VALIDATORS[name].iter_errors(value)], block
            tried[name] += 1
    assert tried["goal"] > 20
    assert tried["exceptions"] > 5
