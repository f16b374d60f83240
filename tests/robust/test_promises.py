"""No text, however broken, long or deep, gets anything but an answer or an error of our tree.

The same promises that `fuzz/` checks with coverage guidance, here over shaped texts and over the
giants that no fuzzer makes.
"""

import codecs
import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.asking import answer_to
from sekisho.policy import MOST_CHARACTERS

ROOT = Path(__file__).parents[2]


def _fuzz_module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "fuzz" / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TARGETS: dict[str, Callable[[bytes], None]] = _fuzz_module("targets").TARGETS
SEEDS: dict[str, list[bytes]] = {
    name: [text.encode("utf-8", "surrogatepass") for text in texts()]
    for name, texts in _fuzz_module("seeds").SEEDS.items()
}
SHAPES: dict[str, str] = _fuzz_module("shapes").SHAPES
PAIRS = _fuzz_module("pairs")
DEEP = 10_000
EVERY_TARGET = pytest.mark.parametrize("name", TARGETS)


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _statement(**members: object) -> str:
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*", **members}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _filled(text: str) -> str:
    """Return a policy of exactly the longest text that is read, filled with `text`."""
    frame = _statement(Action=["s3:Get*", "X"])
    return frame.replace("X", (text * MOST_CHARACTERS)[: MOST_CHARACTERS - len(frame) + 1])


def _line(policy: str, resource: str = "*") -> str:
    return (
        '{"id": 1, "request": {"principal": "arn:aws:iam::111122223333:user/a", '
        f'"action": "iam:GetUser", "resource": "{resource}", "context": {{}}}}, '
        f'"policies": {{"identity": [{policy}]}}}}'
    )


STARS = "*a" * 1000
GIANTS: dict[str, str] = {
    "nothing": "",
    "null": "\x00",
    "null within": _statement().replace("*", "\x00"),
    "lists": "[" * DEEP,
    "closed lists": "[" * DEEP + "]" * DEEP,
    "objects": '{"Statement":' * DEEP,
    "closed objects": '{"a":' * DEEP + "1" + "}" * DEEP,
    "deep condition": _statement(Condition=1).replace("1", '{"a":' * DEEP + "1" + "}" * DEEP),
    "comment": "/*" * DEEP,
    "comments": "/**/" * DEEP + _statement(),
    "line comments": "//\n" * DEEP + _statement(),
    "open text": '"' + "a" * DEEP,
    "backslashes": '"' + "\\" * DEEP,
    "commas": "[" + "," * DEEP,
    "digits": "[" + "9" * DEEP + "]",
    "exponent": "[1e" + "9" * DEEP + "]",
    "duplicate keys": "{" + '"Version": "2012-10-17",' * DEEP + '"Statement": []}',
    "duplicate keys by case": '{"Statement": [], "statement": []}',
    "duplicate condition keys": _statement(
        Condition={"Bool": {f"aws:{'a' * (at % 7)}": "true" for at in range(7)}}
    ),
    "lone surrogate": _statement(Sid="\ud800"),
    "raw lone surrogate": _statement(Sid="X").replace("X", "\udfff"),
    "surrogate in a key": '{"\ud800": 1}',
    "byte order mark": "\ufeff" + _statement(),
    "byte order marks": "\ufeff" * DEEP,
    "longest": _filled("a"),
    "longest of quotes": _filled('","'),
    "longest of stars": _filled("*a"),
    "longest of escapes": _filled("\\u0061"),
    "too long": _filled("a") + " ",
    "far too long": " " * (8 * MOST_CHARACTERS),
    "variables": _statement(Resource="arn:aws:s3:::" + "${" * DEEP),
    "closed variables": _statement(Resource="arn:aws:s3:::" + "${a}" * DEEP),
    "colons": _statement(Resource="arn" + ":" * DEEP),
    "statements": json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Deny", "NotAction": "a:b", "Resource": "*"}] * 1000,
        }
    ),
    "stars against a long value": _line(
        _statement(Resource="arn:aws:s3:::" + STARS), "arn:aws:s3:::" + "a" * 100_000
    ),
    "a long line": _line(_statement()) + " " * 1_000_000,
    "denials": "not authorized to perform: iam:GetUser on resource: arn:aws:iam::1:user/a " * 1500,
    "gaps": "user with name " * 8000,
}


@EVERY_TARGET
@pytest.mark.parametrize("giant", GIANTS)
def test_giants_are_answered(name: str, giant: str) -> None:
    TARGETS[name](_encoded(GIANTS[giant]))
    if name == "decide":
        TARGETS[name](_encoded(_line(GIANTS[giant])))


def test_a_request_of_giant_texts_is_refused_with_each_named() -> None:
    longest = "a" * 131_072
    request = {"principal": f"{longest}b", "action": "iam:GetUser", "resource": f"{longest}b"}
    values = {"k": ["x", f"{longest}b"], "longest": longest}
    error = answer_to({"id": 1, "request": {**request, "context": values}})["error"]
    assert error["code"] == "request.bad-value"
    for place in ("principal", "resource", "context.k[1]"):
        assert f"request.{place}: more than 131,072 characters" in error["message"]
    assert "action" not in error["message"]
    assert "longest" not in error["message"]
    short = {"id": 1, "request": {**request, "principal": "s.amazonaws.com"}}
    assert "request.principal" not in str(answer_to(short))


@pytest.mark.parametrize("shape", SHAPES)
def test_dense_policies_are_answered(shape: str) -> None:
    TARGETS["lint"](_encoded(SHAPES[shape]))


@pytest.mark.parametrize("char", ["\x8d", "\x85", "\xad", "\u202e", "\x7f"])
def test_lint_shows_no_control_character(char: str) -> None:
    # found by fuzzing: a misspelt action went raw into the finding's fact
    texts = [_statement(Action=f"iam:Get{char}User"), _statement(Resource=f"arn{char}:x")]
    # found by fuzzing, too: so did a principal of a trust policy
    trusted = {"AWS": f"arn:aws:iam::111122223333:role/{char}r"}
    condition = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Condition": condition}
    texts.append(
        json.dumps({"Version": "2012-10-17", "Statement": statement | {"Principal": trusted}})
    )
    for text in texts:
        for written in (text, json.dumps(json.loads(text), ensure_ascii=False)):
            # the target takes the kind of attachment from the length
            for spaces in range(8):
                TARGETS["lint"](_encoded(written + " " * spaces))


ENCODINGS = ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig", "utf-7")


@EVERY_TARGET
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_other_encodings_are_answered(name: str, encoding: str) -> None:
    for text in (_statement(), _line(_statement())):
        TARGETS[name](text.encode(encoding))
        TARGETS[name](codecs.BOM_UTF8 + text.encode(encoding))


@EVERY_TARGET
@given(st.data())
def test_broken_texts_are_answered(name: str, data: st.DataObject) -> None:
    seed = data.draw(st.sampled_from(SEEDS[name]))
    other = data.draw(st.sampled_from(SEEDS[name]))
    cut = st.integers(0, 300)
    start, end, at = data.draw(cut), data.draw(cut), data.draw(cut)
    piece = data.draw(st.one_of(st.binary(max_size=6), st.just(other[at : at + 40])))
    TARGETS[name](seed[:start] + piece + seed[end:])


@EVERY_TARGET
@given(st.binary(max_size=200))
def test_any_bytes_are_answered(name: str, data: bytes) -> None:
    TARGETS[name](data)


@pytest.mark.parametrize("start", range(0, 60, 20))
def test_the_difference_of_two_policies_keeps_its_promises(start: int) -> None:
    for number in range(start, start + 20):
        assert PAIRS.broken(*PAIRS.pair(number)) is None, number
