"""What the READMEs show is what is seen: their commands, the pictures.

If it is not any more: `.venv/bin/python tests/transcript.py`, and read the difference.
"""

import os
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest

import shown
from sekisho.messages import Language
from shown import cut, on_screen, rewritten, screens, seen
from transcript import READMES, pictures, played

AT_A_TERMINAL = pytest.mark.skipif(os.name == "nt", reason="Windows has no pseudo-terminals")


@AT_A_TERMINAL
@pytest.mark.parametrize("language", Language)
def test_the_readme_shows_what_is_seen(language: Language) -> None:
    """Its ten minutes, played as written by the administrator of the example company."""
    text = READMES[language].read_text(encoding="utf-8")
    assert text.splitlines() == played(language).splitlines()
    # one test, so that the commands are played once
    for path, picture in pictures(language).items():
        assert path.read_text(encoding="utf-8") == picture, path.name


@pytest.fixture
def without_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Play commands that need no AWS without starting one."""
    monkeypatch.setattr(shown, "local_aws", lambda *_: nullcontext(SimpleNamespace(keys={})))


@AT_A_TERMINAL
@pytest.mark.usefixtures("without_aws")
def test_what_is_not_seen_is_corrected() -> None:
    block = "<!-- seen: first 1 -->\n```console\n$ sekisho policy new --preset aws\n{}```\n"
    text = block.format("no\n")
    assert rewritten(text, seen(text, Language.EN)) == block.format("{\n…\n")


@AT_A_TERMINAL
@pytest.mark.usefixtures("without_aws")
def test_a_command_that_fails_is_no_walk_through() -> None:
    with pytest.raises(AssertionError, match="exits with 1"):
        screens(("sekisho status missing.json",), Language.EN)


@pytest.mark.parametrize(
    ("first", "last", "lines"),
    [(2, 1, ["a", "b", "…", "e"]), (2, 2, list("abcde")), (9, 0, list("abcde"))],
)
def test_what_is_left_out_is_marked(first: int, last: int, lines: list[str]) -> None:
    assert cut("abcde", first, last) == lines


@pytest.mark.parametrize("path", READMES.values(), ids=lambda path: path.name)
def test_the_whole_way_is_in_the_readme(path: Path) -> None:
    played_blocks = on_screen(path.read_text(encoding="utf-8"))
    assert [block.command.split()[1] for block in played_blocks] == [
        *("collect", "audit", "plan", "apply", "status", "rollback", "plan")
    ]
    for block in played_blocks:
        assert block.text.partition("\n")[2].strip(), block.command
