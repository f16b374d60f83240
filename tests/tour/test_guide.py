"""The administrator's guide: exact terms, one language at a time, the policy itself."""

import re
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from click.testing import CliRunner

from sekisho import catalogue, policy
from sekisho.cli.guide import command
from sekisho.errors import FaultyPolicy, InternalError
from sekisho.messages import Language, Message
from sekisho.policy import Preset
from sekisho.tour import guide
from sekisho.tour.guide import CodeBlock, Guide, GuideNote, GuideTable, Paragraph, Steps, say

PRESETS = list(Preset)
RENDERERS = {"text": guide.to_text, "markdown": guide.to_markdown, "html": guide.to_html}
EVERY = [(preset, form) for preset in PRESETS for form in RENDERERS]


@cache
def _made(preset: Preset) -> Guide:
    return guide.admin(policy.choices_of(preset))


def _japanese(text: str) -> bool:
    return any("\u3040" <= char <= "\u30ff" or "\u4e00" <= char <= "\u9fff" for char in text)


def _texts(made: Guide) -> list[Message]:
    texts = [made.title, made.lead]
    for section in made.sections:
        texts.append(section.title)
        for block in section.blocks:
            match block:
                case Paragraph(text) | GuideNote(text):
                    texts.append(text)
                case Steps(items):
                    texts += items
                case CodeBlock(_, _, label):
                    texts.append(label)
                case GuideTable(label, header, rows):
                    texts += [label, *header, *(cell for row in rows for cell in row)]
    return texts


@pytest.mark.parametrize("preset", PRESETS)
def test_english_text_has_no_japanese_and_japanese_text_is_japanese(preset: Preset) -> None:
    for text in _texts(_made(preset)):
        assert not _japanese(text.en), text.en
        if " " in text.ja and text.en != text.ja:
            assert _japanese(text.ja), text.ja


@pytest.mark.parametrize(("preset", "form"), EVERY)
def test_an_english_guide_shows_no_japanese(preset: Preset, form: str) -> None:
    page = RENDERERS[form](_made(preset), Language.EN)
    assert not _japanese(re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL))


@pytest.mark.parametrize("form", RENDERERS)
def test_the_consoles_own_words_stand_in_the_guide(form: str) -> None:
    """Source: AWS's documentation in Japanese and how-tos that quote the console, 2024-25."""
    page = RENDERERS[form](_made(Preset.RECOMMENDED), Language.JA)
    for word in (
        "グローバル",
        "ポリシーの作成",
        "アクセス許可を指定",
        "ポリシーエディタ",
        "JSON",
        "次へ",
        "確認して作成",
        "ポリシーの詳細",
        "ポリシー名",
        "説明",
        "このポリシーで定義されている許可",
        "タグを追加 – オプション",
        "ポリシーを直接アタッチする",
        "許可を設定",
        "許可ポリシーを添付",
        "ユーザーグループ",
        "次回のサインインで新しいパスワードを作成するようにユーザーに求める",
        "セキュリティ認証情報",
        "MFA デバイスの割り当て",
        "デバイス名",
        "認証アプリケーション",
        "MFA コード 1",
        "MFA コード 2",
        "MFA を追加",
        "明示的拒否",
        "制限あり: 読み取り, リスト, 書き込み",
    ):
        assert word in page, word


def test_terms_that_no_page_quotes_are_marked_and_others_are_not() -> None:
    page = guide.to_markdown(_made(Preset.RECOMMENDED), Language.JA)
    used = [term for term in _made(Preset.AWS).terms.values() if f"**{term.text.ja}**" in page]
    assert any(term.may_differ for term in used)
    for term in used:
        same_word = [other for other in used if other.text.ja == term.text.ja]
        if all(other.may_differ is term.may_differ for other in same_word):
            marked = f"**{term.text.ja}**†" in page
            assert marked is term.may_differ, term.text.ja


def test_english_cells_of_the_japanese_review_table_are_the_consoles_own() -> None:
    page = guide.to_markdown(_made(Preset.RECOMMENDED), Language.JA)
    assert "| Multiple | None |" in page
    assert "Multiple† と None† は" in page


def test_every_term_is_used() -> None:
    places = {
        name
        for preset in PRESETS
        for text in _texts(_made(preset))
        for name in re.findall(r"\{([a-z0-9_]+)\}", text.en + text.ja)
    }
    assert places == set(_made(Preset.AWS).terms)


def test_both_languages_name_the_same_terms() -> None:
    for preset in PRESETS:
        for text in _texts(_made(preset)):
            names = [sorted(re.findall(r"\{([a-z0-9_]+)\}", side)) for side in (text.en, text.ja)]
            assert names[0] == names[1], text.en


def test_an_unknown_term_is_a_bug_and_not_a_blank() -> None:
    with pytest.raises(InternalError, match="no_such_button"):
        say(Message.both("{no_such_button}", ""), _made(Preset.AWS), Language.EN, term=str)


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("language", Language)
def test_the_json_to_paste_is_the_policy(preset: Preset, language: Language) -> None:
    document = policy.force_mfa(policy.choices_of(preset))
    page = guide.to_markdown(_made(preset), language)
    [pasted] = re.findall(r"```json\n(.*?)\n```", page, flags=re.DOTALL)
    assert policy.parse(pasted) == document
    plain = guide.to_text(_made(preset), language)
    indented = re.search(r"^    \{\n(?:    .*\n)*?    \}$", plain, flags=re.MULTILINE)
    assert indented is not None
    assert policy.parse(indented.group()) == document


def test_the_review_page_is_the_summary_of_the_policy() -> None:
    document = policy.force_mfa(policy.choices_of(Preset.FIRST_LOGIN))
    page = guide.to_markdown(_made(Preset.FIRST_LOGIN), Language.EN)
    for heading, rows in policy.summarise(document, catalogue.load()).sections:
        for row in rows:
            cells = [cell.en.replace("|", "\\|") for cell in (heading, *row.cells)]
            assert "| " + " | ".join(cells) + " |" in page


def test_the_trap_is_told_by_what_the_engine_says() -> None:
    pages = {preset: guide.to_text(_made(preset), Language.EN) for preset in PRESETS}
    assert "dead-locks" in pages[Preset.AWS]
    assert "dead-locks" not in pages[Preset.FIRST_LOGIN]
    assert "dead-locks" not in pages[Preset.RECOMMENDED]
    assert "whose ARN has a path" in pages[Preset.FIRST_LOGIN]
    assert "whose ARN has a path" not in pages[Preset.RECOMMENDED]


def test_sections_come_in_the_order_of_the_work() -> None:
    ids = [section.id for section in _made(Preset.RECOMMENDED).sections]
    wanted = ["before", "create", "review", "attach-user", "first-sign-in", "enrol", "undo"]
    places = [ids.index(name) for name in wanted]
    assert all(one < two for one, two in pairwise(places))
    assert {"attach-new-user", "attach-group"} < set(ids)


class _Reader(HTMLParser):
    """Checks that every tag is closed in order, and keeps attributes and text."""

    VOID = frozenset({"meta"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []
        self.lang = ""
        self.code = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        self.lang = given.get("lang") or self.lang
        self.ids += [name for name in [given.get("id")] if name]
        self.links += [name for name in [given.get("href"), given.get("src")] if name]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-2:] == ["pre", "code"]:
            self.code += data


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("language", Language)
def test_the_html_is_whole_and_needs_nothing_else(preset: Preset, language: Language) -> None:
    page = guide.to_html(_made(preset), language)
    reader = _Reader()
    reader.feed(page)
    reader.close()
    assert page.startswith("<!DOCTYPE html>")
    assert reader.open == []
    assert reader.lang == language.value
    assert len(set(reader.ids)) == len(reader.ids)
    assert {link.removeprefix("#") for link in reader.links} == set(reader.ids)
    assert not {"script", "link", "img", "iframe"} & set(reader.tags)
    assert "@media print" in page
    assert policy.render(policy.force_mfa(policy.choices_of(preset))) in reader.code


@pytest.mark.parametrize("form", RENDERERS)
def test_what_is_entered_cannot_become_markup(form: str) -> None:
    label = guide.Label("Force_MFA", "a & b, c = d", {"Purpose": "x@y/z"})
    page = RENDERERS[form](guide.admin(policy.choices_of(Preset.AWS), label), Language.EN)
    assert ("a &amp; b" in page) is (form == "html")
    hostile = replace(
        _made(Preset.AWS), title=Message.both("<script>|{}", ""), lead=Message.both("<b>", "")
    )
    assert ("<script>" in RENDERERS[form](hostile, Language.EN)) is (form == "text")


def test_a_name_that_aws_would_refuse_is_refused_with_every_fault() -> None:
    with pytest.raises(FaultyPolicy) as refused:
        guide.Label("Force MFA", "x" * 1001, {"aws:purpose": "x"})
    assert len(refused.value.faults) >= 3


@pytest.mark.parametrize("form", RENDERERS)
@pytest.mark.parametrize("language", Language)
def test_the_command_prints_what_the_library_makes(form: str, language: Language) -> None:
    arguments = ["admin", "--format", form, "--lang", language.value, "--preset", "aws"]
    done = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert done.exit_code == 0
    assert done.stdout == RENDERERS[form](_made(Preset.AWS), language)
    assert done.stderr == ""


def test_another_partition_stands_in_every_arn() -> None:
    arguments = ["admin", "--partition", "aws-cn", "--lang", "en"]
    page = CliRunner().invoke(command, arguments, catch_exceptions=False).stdout
    assert "arn:aws-cn:iam::" in page
    assert "arn:aws:" not in page
