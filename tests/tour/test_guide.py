"""The administrator's guide: exact terms, one language at a time, the policy itself.

Reads `sekisho.tour.guide` itself, because the labels and steps of the guide are compared with the
policies before they become text.
"""

import re
from dataclasses import replace
from functools import cache
from html import unescape
from importlib.resources import files
from itertools import pairwise

import pytest
from click.testing import CliRunner

from click_commands import command_of
from pages import Page
from sekisho import catalogue, policy
from sekisho.documents import guide
from sekisho.documents.guide import (
    CodeBlock,
    Guide,
    GuideLink,
    GuideNote,
    GuideTable,
    Paragraph,
    Steps,
    say,
)
from sekisho.errors import InternalError
from sekisho.messages import Language, Message, table
from sekisho.policy import Preset
from sekisho.tour.guide import admin

command = command_of("guide", "admin")

PRESETS = list(Preset)
RENDERERS = {"text": guide.to_text, "markdown": guide.to_markdown, "html": guide.to_html}
EVERY = [(preset, form) for preset in PRESETS for form in RENDERERS]


@cache
def _made(preset: Preset) -> Guide:
    return admin(policy.choices_of(preset))


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
                case CodeBlock():
                    texts += [block.label, *([block.mark] if block.mark else [])]
                case GuideLink(text):
                    texts.append(text)
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
    # a line may end within a label
    page = "".join(RENDERERS[form](_made(Preset.RECOMMENDED), Language.JA).split())
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
        "IAM ユーザーを作成します",
        "ユーザーは次回のサインイン時に新しいパスワードを作成する必要があります - 推奨",
        "AWS マネジメントコンソールへのユーザーアクセスを提供する - オプション",
        "検索",
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
        assert "".join(word.split()) in page, word


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
    terms = set(_made(Preset.AWS).terms)
    assert places <= terms
    # the pages of the console to rehearse in share the table
    web = files("sekisho") / "web" / "console"
    pages = [*web.iterdir(), *(web / "templates").iterdir()]
    shown = "".join(page.read_text(encoding="utf-8") for page in pages if page.is_file())
    assert [each for each in terms - places if not re.search(f"['\"]{each}['\"]", shown)] == []


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
    assert "ends in a deadlock" in pages[Preset.AWS]
    assert "ends in a deadlock" not in pages[Preset.FIRST_LOGIN]
    assert "ends in a deadlock" not in pages[Preset.RECOMMENDED]
    assert "whose ARN has a path" in pages[Preset.FIRST_LOGIN]
    assert "whose ARN has a path" not in pages[Preset.RECOMMENDED]


def test_sections_come_in_the_order_of_the_work() -> None:
    ids = [section.id for section in _made(Preset.RECOMMENDED).sections]
    wanted = [
        "before",
        "create",
        "review",
        "attach-user",
        "first-sign-in",
        "enrol",
        "undo",
        "choices",
    ]
    places = [ids.index(name) for name in wanted]
    assert all(one < two for one, two in pairwise(places))
    assert {"attach-new-user", "attach-group"} < set(ids)


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("language", Language)
def test_the_html_is_whole_and_needs_nothing_else(preset: Preset, language: Language) -> None:
    text = guide.to_html(_made(preset), language)
    page = Page(text)
    assert page.lang == language.value
    sections = [section.id for section in _made(preset).sections]
    assert [each for each in page.ids if each in sections] == sections
    assert {f"#{each}" for each in sections} <= set(page.links)
    [aws] = page.outside
    assert aws.startswith("https://docs.aws.amazon.com/")
    assert ("/ja_jp/" in aws) is (language is Language.JA)
    assert "@media print" in text
    assert policy.render(policy.force_mfa(policy.choices_of(preset))) in page.code


@pytest.mark.parametrize("language", Language)
def test_the_policy_has_a_button_to_copy_exactly_it(language: Language) -> None:
    text = guide.to_html(_made(Preset.FIRST_LOGIN), language)
    # hidden until the script, without which it would do nothing, shows it
    assert '<button type="button" hidden data-copies="create-code"' in text
    [block] = re.findall(r'<code id="create-code">(.*?)</code>', text, flags=re.DOTALL)
    document = policy.force_mfa(policy.choices_of(Preset.FIRST_LOGIN))
    assert unescape(re.sub(r"</?mark>", "", block)) == policy.render(document)


def test_the_lines_added_to_the_sample_of_aws_are_marked_as_such() -> None:
    added = ["iam:ChangePassword", "iam:GetAccountPasswordPolicy"]
    rendered = {
        preset: policy.render(policy.force_mfa(policy.choices_of(preset))).splitlines()
        for preset in PRESETS
    }
    sample = rendered[Preset.AWS]
    [(place, _)] = [
        (place, lines)
        for place, (lines, other) in enumerate(
            zip(rendered[Preset.FIRST_LOGIN], sample, strict=False)
        )
        if lines != other
    ][:1]
    for preset in PRESETS:
        [block] = [
            block
            for section in _made(preset).sections
            for block in section.blocks
            if isinstance(block, CodeBlock) and block.language == "json"
        ]
        marked = [line.strip(' ",') for line, is_marked in block.lines if is_marked]
        assert marked == ([] if preset is Preset.AWS else added)
        assert [line for line, _ in block.lines] == rendered[preset]
        for form, render in RENDERERS.items():
            said = render(_made(preset), Language.EN)
            assert ("beyond AWS's sample" in unescape(said)) is (preset is not Preset.AWS), form
        if preset is Preset.FIRST_LOGIN:
            # what is marked is exactly what makes the two policies differ
            assert block.marked == {place, place + 1}
            assert [line for line, is_marked in block.lines if not is_marked] == sample


def test_links_within_the_guide_say_where_they_lead() -> None:
    made = _made(Preset.RECOMMENDED)
    places = {section.id: number for number, section in enumerate(made.sections, start=1)}
    assert f": section {places['first-sign-in']}, The first" in " ".join(
        guide.to_text(made, Language.EN).split()
    )
    assert f"第 {places['choices']} 節「このポリシーの選択」" in guide.to_text(made, Language.JA)
    assert "](https://docs.aws.amazon.com/IAM/" in guide.to_markdown(made, Language.EN)


def test_every_word_of_the_console_says_where_it_was_read_and_how_sure_it_is() -> None:
    for name, entry in table("console").items():
        assert entry.keys() == {"text", "sure", "source"}, name
        assert re.match(r"docs|how-to|field notes|components|one page|from memory", entry["source"])
        # what nobody read, or one page alone, or what is shortened where it was read, is not sure
        assert entry["sure"] is not bool(
            re.search(r"memory|one page|shortened", entry["source"])
        ), name


@pytest.mark.parametrize("form", RENDERERS)
def test_a_text_cannot_become_markup(form: str) -> None:
    hostile = replace(
        _made(Preset.AWS), title=Message.both("<script>|{}", ""), lead=Message.both("<b>", "")
    )
    assert ("<script>|" in RENDERERS[form](hostile, Language.EN)) is (form == "text")
    if form == "html":
        assert "<script>|{}" in Page(guide.to_html(hostile, Language.EN)).text


@pytest.mark.parametrize("form", RENDERERS)
@pytest.mark.parametrize("language", Language)
def test_the_command_prints_what_the_library_makes(form: str, language: Language) -> None:
    arguments = ["--format", form, "--lang", language.value, "--preset", "aws"]
    runner = CliRunner(env={"COLUMNS": "200"})
    done = runner.invoke(command, arguments, catch_exceptions=False)
    assert done.exit_code == 0
    assert done.stdout == RENDERERS[form](_made(Preset.AWS), language)
    assert done.stderr == ""


def test_another_partition_stands_in_every_arn() -> None:
    arguments = ["--partition", "aws-cn", "--lang", "en"]
    page = CliRunner().invoke(command, arguments, catch_exceptions=False).stdout
    assert "arn:aws-cn:iam::" in page
    assert "arn:aws:" not in page
