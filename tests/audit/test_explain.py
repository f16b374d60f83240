"""Each error text that people paste is known, told from its look-alikes, or said to be unknown."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekisho.audit.explain import (
    MOST_CHARACTERS,
    ErrorExplanation,
    ExplainedError,
    entries,
    entry,
    explain,
)
from sekisho.errors import UsageError
from sekisho.messages import Language

NOTHING_SAID = ("エラーの文", "cannot open file", "something does this", "ではありませんでした")
CORPUS = Path(__file__).parents[1] / "corpus" / "errors" / "texts.json"
CASES: list[dict[str, Any]] = json.loads(CORPUS.read_text(encoding="utf-8"))["cases"]
OPTIONAL = {"read", "says", "causes", "near"}
KNOWN = [case for case in CASES if case["entries"]]


def _by_id(cases: list[dict[str, Any]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", cases, ids=[case["id"] for case in cases])


def _said(answer: ExplainedError) -> str:
    texts = [
        answer.entry.title,
        *(text for cause in answer.causes for text in (cause.why, cause.tell, cause.fix)),
    ]
    return "\n".join(answer.filled(text).into(lang) for text in texts for lang in Language)


@_by_id(CASES)
def test_a_text_is_what_it_is_and_nothing_else(case: Mapping[str, Any]) -> None:
    assert set(case) - OPTIONAL == {"id", "source", "text", "entries"}
    explanation = explain(case["text"])
    assert [answer.entry.id for answer in explanation.answers] == case["entries"]
    if "near" in case:
        assert case["near"] in [near.id for near in explanation.nearest]
    for answer in explanation.answers:
        assert case.get("says", "") in _said(answer)
        assert len(answer.causes) == case.get("causes", len(answer.causes))
        for name, value in case.get("read", {}).items():
            assert getattr(answer.denial, name) == value


@_by_id(KNOWN)
def test_pasting_changes_nothing(case: Mapping[str, Any]) -> None:
    text = case["text"]
    spaced = text.replace(" ", "\u00a0 \r\n ")
    quoted = f"> “{text}”"
    wide = "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in text)
    for pasted in (spaced, quoted, wide, f"  {text}\t", text.upper()):
        found = [answer.entry.id for answer in explain(pasted).answers]
        assert found == case["entries"], pasted


def test_every_entry_is_reached_by_a_case() -> None:
    assert {id_ for case in CASES for id_ in case["entries"]} == {each.id for each in entries()}


def test_entries_are_whole() -> None:
    ids = [each.id for each in entries()]
    assert len(set(ids)) == len(ids)
    for each in entries():
        assert each.wordings or each.codes or each.denial, each.id
        assert each.causes, each.id
        assert all(alike.id in ids and alike.id != each.id for alike in each.alike), each.id
        texts = [each.title, *(alike.differs for alike in each.alike)]
        texts += [text for cause in each.causes for text in (cause.why, cause.tell, cause.fix)]
        for text in texts:
            assert text.en.endswith("."), text.en
            assert text.ja.endswith("。"), text.ja
            assert text.ja != text.en


def test_each_wording_is_known_as_its_own_entry() -> None:
    for each in entries():
        for wording in each.wordings:
            found = explain(wording.replace("…", " x ")).answers
            assert [answer.entry for answer in found] == [each], wording


def test_what_the_text_leaves_open_is_put_in_plain_words() -> None:
    for each in entries():
        said = _said(ExplainedError(each))
        assert not any(place in said for place in ("{action}", "{resource}", "{name}", "{policy}"))


SECRETS = [
    "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMIxK7MDENGxbPxRfiCYEXAMPLEKEY",
    "FwoGZXIvYXdzEBYaDHqa0AP1NNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNN",
]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize(
    "form",
    [
        "User: {} is not authorized to perform: iam:GetUser on resource: {} with an explicit deny",
        "not authorized to perform: {} on resource: arn:aws:s3:::b/{}",
        "User: arn:aws:iam::111122223333:user/{} is not authorized to perform: iam:{} on resource: "
        "{} because no identity-based policy allows the {} action",
        "with an explicit deny in an identity-based policy: {}",
    ],
)
def test_no_secret_of_the_text_comes_back(form: str, secret: str) -> None:
    pasted = form.replace("{}", secret)
    for answer in explain(pasted).answers:
        assert secret not in _said(answer) + repr(answer.denial)


@given(st.text(), st.sampled_from([case["text"] for case in CASES]), st.text())
def test_any_text_is_explained_or_unknown(before: str, within: str, after: str) -> None:
    for text in (before, before + within + after, within[: len(before)] + after):
        try:
            explanation = explain(text)
        except UsageError:
            continue
        assert not (explanation.answers and explanation.nearest)
        for answer in explanation.answers:
            assert answer.causes
            assert not answer.denial or answer.denial.resource.isprintable()


def test_what_can_be_no_error_is_refused() -> None:
    for text in ("", " \n", "…", "x" * (MOST_CHARACTERS + 1)):
        with pytest.raises(UsageError):
            explain(text)


def test_entry_finds_by_id() -> None:
    assert entry("token.invalid").causes[0].administrator is False


@pytest.mark.parametrize("text", NOTHING_SAID)
def test_words_that_mean_nothing_are_near_to_nothing(text: str) -> None:
    assert explain(text) == ErrorExplanation(())


@pytest.mark.parametrize(
    ("text", "word"),
    [("the session token is bad", "token."), ("デバイスが見つからない", "device.")],
)
def test_words_that_mean_something_are_near(text: str, word: str) -> None:
    assert any(word in near.id for near in explain(text).nearest)
