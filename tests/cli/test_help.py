"""Help: in the language of the run, with examples that work, the same options everywhere.

Reads `sekisho.cli.help` itself, because every text of help is looked at, and not what fits a page.
"""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from in_process import sekisho
from sekisho.cli import Exit
from sekisho.cli.commands import COMMANDS, SECTIONS
from sekisho.cli.exits import Spoken
from sekisho.cli.help import SpokenCommand, examples_of, language_in, texts_of
from sekisho.cli.main import root
from sekisho.localaws import COMPANY_FILE
from sekisho.messages import Language, Message, cell_width, table

JAPANESE = re.compile(r"[ぁ-ゖァ-ヺ一-鿿]")


def _commands(command: click.Command, path: str = "") -> Iterator[tuple[str, click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        for name, lazy in command.lazy.items():
            yield from _commands(lazy.load(), f"{path} {name}".strip())


ALL = dict(_commands(root))
LEAVES = {path: command for path, command in ALL.items() if not isinstance(command, click.Group)}
EXAMPLES = [
    pytest.param(path, each.line, id=f"{path}-{number}")
    for path in LEAVES
    for number, each in enumerate(examples_of(path))
]


_GOES_ON = " \\\n"
"""How a command goes on in the next line."""


def _help(path: str, language: Language) -> str:
    done = CliRunner().invoke(
        root, [*path.split(), "--help"], prog_name="sekisho", obj=Spoken(language)
    )
    assert done.exit_code == Exit.CLEAN
    return done.output


@pytest.mark.parametrize("path", ALL)
def test_help_is_wholly_in_the_language_of_the_run(path: str) -> None:
    assert not JAPANESE.search(_help(path, Language.EN).replace("日本語", ""))
    japanese = _help(path, Language.JA)
    assert japanese.startswith("使い方: sekisho")
    for english in ("Usage", "Options:", "Commands:", "Examples:", "default:", "Show this"):
        assert english not in japanese
    for text in texts_of(ALL[path]):
        assert JAPANESE.search(Message(text).ja), text


@pytest.mark.parametrize("columns", [60, 80, 200])
@pytest.mark.parametrize("path", ALL)
def test_no_line_of_help_is_wider_than_the_terminal(path: str, columns: int) -> None:
    for language, locale in ((Language.EN, "C"), (Language.JA, "ja_JP.UTF-8")):
        done = sekisho(*path.split(), "--help", LC_ALL=locale, COLUMNS=str(columns))
        assert bool(JAPANESE.search(done.stdout)) is (language is Language.JA)
        for line in done.stdout.splitlines():
            # the words of an error, quoted, are an example's argument: they stay whole
            assert cell_width(line) <= columns or line.startswith("    'User: "), line


@pytest.mark.parametrize("path", ALL)
def test_help_names_no_file_that_is_not_installed(path: str) -> None:
    for language in Language:
        assert not re.search(r"docs/|\.md\b|\.\./", _help(path, language))


def test_every_command_has_examples_and_nothing_else_has() -> None:
    assert set(table("examples")) == set(LEAVES)
    assert all(isinstance(each, SpokenCommand) for each in LEAVES.values())


@pytest.mark.parametrize("path", LEAVES)
def test_help_ends_with_the_examples(path: str) -> None:
    for language in Language:
        said = _help(path, language)
        for each in examples_of(path):
            assert f" {each.line} " in f" {' '.join(said.replace(_GOES_ON, ' ').split())} "
            assert each.purpose.into(language).split()[0] in said


@pytest.mark.parametrize(("path", "line"), EXAMPLES)
def test_an_example_is_a_command_line_that_its_command_takes(path: str, line: str) -> None:
    program, *words = shlex.split(line)
    assert program == "sekisho"
    names = path.split()
    assert words[: len(names)] == names
    LEAVES[path].make_context(path, words[len(names) :], obj=Spoken(Language.EN))


RUN = {
    *("policy new", "policy summary", "policy lint", "policy diff", "decide", "explain"),
    *("prove policy", "prove account", "prove user", "prove role", "prove access"),
}
RUN |= {"audit", "plan", "completion", "guide admin"}
WORKED = {Exit.CLEAN, Exit.CHANGES, Exit.FINDINGS, Exit.UNKNOWN}


@pytest.mark.parametrize(
    ("path", "line"),
    [
        each
        for each in EXAMPLES
        if each.values[0] in RUN | {"collect"}
        and ("--snapshot" in str(each.values[1]) or each.values[0] not in {"audit", "plan"})
        and ("--print-policy" in str(each.values[1]) or each.values[0] != "collect")
    ],
)
def test_an_example_works(
    path: str, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run = CliRunner()
    policy = run.invoke(root, ["policy", "new"], obj=Spoken(Language.EN)).stdout
    if path != "policy new":
        Path("force-mfa.json").write_text(policy, encoding="utf-8")
    Path("company.json").write_text(
        '{"Version": "2012-10-17", "Statement": '
        '[{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}',
        encoding="utf-8",
    )
    Path("account.json").write_bytes(COMPANY_FILE.read_bytes())
    done = run.invoke(root, shlex.split(line)[1:], obj=Spoken(Language.EN), standalone_mode=False)
    assert done.exception is None, done.output
    assert (done.return_value or Exit.CLEAN) in WORKED


def test_the_language_is_known_before_the_command_line_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    assert language_in(["prove", "--help", "--lang", "ja"]) is Language.JA
    assert language_in(["--lang=ja", "prove"]) is Language.JA
    assert language_in(["prove", "--lang", "xx"]) is Language.EN
    assert language_in(["--lang", "ja", "prove", "--lang", "en"]) is Language.EN
    assert language_in(["prove", "--", "--lang", "ja"]) is Language.EN
    monkeypatch.setenv("LC_ALL", "ja_JP.UTF-8")
    assert language_in(["prove"]) is Language.JA
    assert language_in(["prove", "--lang", "en"]) is Language.EN


def test_every_command_is_in_one_section_of_the_help() -> None:
    named = [name for several in SECTIONS.values() for name in several]
    assert sorted(named) == sorted(COMMANDS)


@pytest.mark.parametrize(
    ("line", "fix"),
    [
        ("lint x.json", "type `sekisho policy lint`"),
        ("account", "type `sekisho prove account`"),
        ("audit snap.json", "did you mean `--snapshot snap.json`?"),
        ("plan goal.yaml snap.json", "did you mean `--snapshot snap.json`?"),
    ],
)
def test_what_was_meant_is_said(line: str, fix: str) -> None:
    assert f"({fix})" in sekisho(*line.split(), LC_ALL="C").stderr


def test_a_language_alone_shows_the_help_in_it() -> None:
    assert "アカウントを変更する" in sekisho("--lang", "ja", LC_ALL="C").stderr
