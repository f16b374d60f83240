"""How the Japanese texts are written: as AWS's are, with a half-width space round Latin words."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tools import house

from sekisho.messages import Message, listed

SOURCE = Path(__file__).parents[2] / "src" / "sekisho"
LETTER = "[ぁ-ゖァ-ヺー一-鿿々]"
CROWDED = re.compile(rf"{LETTER}[A-Za-z0-9(`]|[A-Za-z0-9)`]{LETTER}|{LETTER},")
QUOTED = re.compile(r"`[^`]*`")
AS_THE_CONSOLE_HAS_IT = "制限あり: 読み取り, リスト, 書き込み"


def _constants(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def test_no_text_lacks_a_space() -> None:
    crowded = [
        f"{path.relative_to(SOURCE)}:{line}: {found[0]}"
        for path, tree in house.trees().items()
        for line, text in _constants(tree)
        # what stands in backticks is not language
        for found in CROWDED.finditer(
            QUOTED.sub("``", text.replace(AS_THE_CONSOLE_HAS_IT, "")).replace("\n", " ")
        )
    ]
    assert crowded == []


@pytest.mark.parametrize(
    ("template", "value", "filled"),
    [
        ("{who}の{held}", Message.both("", "管理者"), "管理者の MFA"),
        ("{who}の{held}", "alice", "alice の MFA"),
        ("{who} の{held}を", "alice", "alice の MFA を"),
        ("{who}、{held}。", "alice", "alice、MFA。"),
        ("`{who}`{held}", "管理者", "`管理者`MFA"),
    ],
)
def test_a_filled_place_has_its_spaces(template: str, value: Message | str, filled: str) -> None:
    text = Message.both(template, template).filled(who=value, held="MFA")
    assert text.ja == filled
    assert text.en == template.format(
        who=value.en if isinstance(value, Message) else value, held="MFA"
    )


def test_a_list_is_written_in_each_language() -> None:
    assert listed([Message.both("a", "あ"), Message.both("b", "い")]) == Message.both(
        "a, b", "あ、い"
    )
