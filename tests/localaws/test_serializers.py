"""What moto answers is written as moto writes it, only quicker.

Reads `localaws.forwarding.serializers` itself, to hold it to moto's own functions.
"""

from types import SimpleNamespace
from typing import Any

import xmltodict
from hypothesis import given
from hypothesis import strategies as st
from moto.core import serialize
from moto.core.model import ShapeResolver

from sekisho.localaws.forwarding.serializers import _LeftToMoto, _picked, _valued, xml_of

_NAMES = st.sampled_from(["Arn", "member", "a-b", "x.y", "Path"])
_PLAIN = st.one_of(st.text(), st.booleans(), st.integers(), st.none())
_VALUES = st.recursive(
    _PLAIN,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.one_of(_NAMES, st.sampled_from(["@xmlns", "@id", "@xmlns:xsi", "#text"])),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=12,
)


def _by_moto(body: dict[str, Any]) -> str:
    return str(xmltodict.unparse(body, full_document=False, short_empty_elements=True))


@given(st.dictionaries(_NAMES, _VALUES, max_size=1))
def test_a_text_is_the_one_that_xmltodict_writes_or_is_left_to_it(body: dict[str, Any]) -> None:
    try:
        written = xml_of(body)
    except _LeftToMoto:
        return
    assert written == _by_moto(body)


def test_what_answers_hold_is_written_here() -> None:
    body = {
        "R": {
            "@xmlns": "https://iam.amazonaws.com/doc/",
            "Users": {"member": [{"Path": "/a&b/", "Old": False}, {"Path": "<", "Age": 3}]},
            "Empty": "",
            "None": None,
            "No": [],
            "Nothing": {},
        }
    }
    assert xml_of(body) == _by_moto(body)


_SHAPES = [
    None,
    *(
        SimpleNamespace(type_name=kind, name=name, serialization={"name": "Wired"})
        for kind in ("string", "list", "structure")
        for name in ("Key", "UserName", "userListType")
    ),
]
_KEYS = ("Key", "UserName", "user_name", "userListType", "user_list_type", "Wired", "A.B")


@given(
    st.dictionaries(st.sampled_from(_KEYS), st.sampled_from([None, "", 0, "v", "w", {}])),
    st.sampled_from(_KEYS),
    st.sampled_from(_SHAPES),
    st.sampled_from([{}, {".Key": str}, {"x.UserName": repr}]),
)
def test_a_member_is_the_one_that_moto_picks(
    source: dict[str, Any], key: str, shape: Any, transformers: dict[str, Any]
) -> None:
    context = serialize.AttributePickerContext(
        obj=source, key=key, shape=shape, operation_model=None, service_model=None, key_path="x"
    )
    original = serialize.AttributePicker.__call__
    original = getattr(original, "__wrapped__", original)
    picker = serialize.XFormedAttributePicker(response_transformers=transformers)
    assert _picked(original)(picker, context) == original(picker, context)

    def left_to_moto(*_: object) -> object:
        return original(picker, context)

    serializer = SimpleNamespace(path=["x"], _value_picker=picker)
    assert _valued(left_to_moto)(serializer, source, key, shape) == original(picker, context)
    assert _valued(left_to_moto)(serializer, {**source}, key, shape) == original(picker, context)


def test_a_member_is_picked_anew_under_another_parent() -> None:
    """`Key` of a `KeyName` may be called by what is left of its name, if no member is called so."""
    picker = serialize.XFormedAttributePicker()
    shape = SimpleNamespace(type_name="string", name="s", serialization={})
    original = serialize.AttributePicker.__call__
    original = getattr(original, "__wrapped__", original)
    string = {"type": "string"}
    for members in ({}, {"Name": {"shape": "s"}}):
        key: dict[str, Any] = {"type": "structure", "members": members}
        shape.parent = ShapeResolver({"Key": key, "s": string}).get_shape_by_name("Key")
        context = serialize.AttributePickerContext({"Name": "n"}, "KeyName", shape)
        assert _picked(original)(picker, context) == original(picker, context)
    assert original(picker, context) is None
