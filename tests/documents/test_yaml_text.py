"""YAML that people write is read as they mean it, and every fault has its place."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekisho.documents import read_yaml, yaml_shape
from sekisho.errors import Code, FaultyInput

VALUES = {
    "a: no": {"a": "no"},
    "a: on": {"a": "on"},
    "a: 2026-11-24": {"a": "2026-11-24"},
    "a: 012345678901": {"a": "012345678901"},
    "a: 111122223333": {"a": 111122223333},
    "a: '111122223333'": {"a": "111122223333"},
    "a: 1e3": {"a": "1e3"},
    "a: 1.5": {"a": 1.5},
    "a: true": {"a": True},
    "a: 'true'": {"a": "true"},
    "a:": {"a": None},
    "a: [x, {b: ~}]": {"a": ["x", {"b": None}]},
    "": None,
    "--- 1": 1,
    "a: |\n  two\n  lines\n": {"a": "two\nlines\n"},
}


@pytest.mark.parametrize("text", VALUES, ids=repr)
def test_values(text: str) -> None:
    assert yaml_shape(text, "goal.yaml").raw == VALUES[text]


FAULTS = {
    "a: 1\na: 2": ["2:1: the key `a` appears twice"],
    "a: &x 1\nb: *x": [
        "1:4: anchors and aliases are not accepted: write the value out",
        "2:4: anchors and aliases are not accepted: write the value out",
    ],
    "a: !!python/object:os.system x": ["1:4: tags like `!!str` are not accepted"],
    "? [1]\n: 2": ["1:3: a key must be a plain text"],
    "a: 1\n---\nb: 2": ["2:1: has a second document after `---`"],
    "a: [1": ["1:6: is not YAML: expected ',' or ']', but got '<stream end>'"],
    "a: \x00": ["has a character that YAML does not allow"],
    "[" * 100: [],
}


@pytest.mark.parametrize("text", FAULTS, ids=repr)
def test_faults(text: str) -> None:
    with pytest.raises(FaultyInput) as caught:
        yaml_shape(text, "goal.yaml")
    assert {fault.code for fault in caught.value.faults} == {Code.FILE_NOT_YAML}
    if FAULTS[text]:
        assert [str(fault) for fault in caught.value.faults] == FAULTS[text]


def test_nesting_is_bounded() -> None:
    with pytest.raises(FaultyInput, match="nested more than 64 deep"):
        yaml_shape("[" * 10_000 + "]" * 10_000, "goal.yaml")


def test_a_fault_of_shape_names_line_and_column() -> None:
    text = "who: alice\nwaves:\n  - when: 5\n    wehn: x\n    hwo: x\n"
    shape = yaml_shape(text, "goal.yaml")
    got = shape.members(("who",), ("waves",))
    wave = got["waves"].items()[0].members(("when",))
    wave["when"].text()
    assert [str(fault) for fault in shape.faults] == [
        "4:5 waves[0]: the key `wehn` is not allowed here (did you mean `when`?)",
        "5:5 waves[0]: the key `hwo` is not allowed here (allowed keys: `when`)",
        "3:11 waves[0].when: must be a string, not a whole number",
    ]
    assert {fault.code for fault in shape.faults} == {Code.FILE_BAD_SHAPE}


def test_a_file_that_is_not_there(tmp_path) -> None:
    with pytest.raises(FaultyInput, match="cannot be read: no such file") as caught:
        read_yaml(tmp_path / "goal.yaml")
    assert caught.value.code is Code.FILE_UNREADABLE


CHARACTERS = st.characters(codec="utf-8", exclude_categories=("C", "Z"))
PLAIN = st.none() | st.booleans() | st.integers(-(10**17), 10**17) | st.text(CHARACTERS)
KEYS = st.from_regex(r"[a-z]{1,8}", fullmatch=True)
JSON = st.recursive(
    PLAIN,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=10,
)


@given(JSON)
def test_json_is_yaml(value: object) -> None:
    # but for escaped halves of characters, which YAML does not join
    assert yaml_shape(json.dumps(value, ensure_ascii=False), "x").raw == value
