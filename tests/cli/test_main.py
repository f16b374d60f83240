"""The program as a process: what it exits with, and what it says on which stream.

Reads `sekisho.cli.exits` itself for the order of exit codes, of which no command has all.
"""

import os
import signal
import subprocess
import sys
from itertools import combinations
from pathlib import Path
from typing import TextIO

import pytest

import interrupts
from in_process import sekisho
from sekisho import __version__, catalogue
from sekisho.cli import Exit
from sekisho.cli.exits import worst
from sekisho.cli.main import root
from sekisho.errors import Code, Fault, FaultyInput
from sekisho.messages import Language, Message

ENFORCEMENT = Path(__file__).parents[1] / "corpus" / "policy" / "force-mfa-first-login.json"


def _program(
    *arguments: str, stdout: int | TextIO = subprocess.PIPE, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own interpreter and program
        [sys.executable, "-m", "sekisho", *arguments],
        stdout=stdout,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env={**os.environ, **environment},
        check=False,
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ["no-such-command"],
        ["guide", "admin", "--no-such-option"],
        ["guide", "admin", "--preset", "no-such-preset"],
        ["tour", "--format", "no-such-format"],
        ["policy", "summary"],
    ],
    ids=" ".join,
)
def test_wrong_usage_exits_64_and_says_why_on_stderr(arguments: list[str]) -> None:
    done = sekisho(*arguments)
    assert done.returncode == Exit.USAGE
    assert done.stdout == ""
    assert done.stderr.startswith("sekisho: usage: ")
    assert "--help`." in done.stderr.splitlines()[-1]


def test_every_fault_of_an_input_stands_on_a_line_of_its_own(tmp_path: Path) -> None:
    policy = tmp_path / "policy.json"
    policy.write_text('{"Version": "2013-01-01", "Statement": [{"Effect": "Perhaps"}]}', "utf-8")
    done = sekisho("policy", "summary", str(policy))
    assert done.returncode == Exit.ERROR
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert len(lines) >= 3
    assert all(line.startswith("sekisho: policy.") for line in lines)
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "environment", "said"),
    [
        (
            ["prove", "policy", "--principal", "nobody", str(ENFORCEMENT), "--lang", "ja"],
            {},
            "IAM ユーザーの ARN ではありません (`arn:…:user/NAME` の形で書いてください)",
        ),
        (
            ["prove", "policy", str(ENFORCEMENT), "--any-value", "--only", "people"],
            {"LC_ALL": "ja_JP.UTF-8"},
            "`--any-value`: これを使うのは `enforcement` の検査だけで",
        ),
        (
            ["prove", "policy", "--no-such-option"],
            {"LC_ALL": "ja_JP.UTF-8"},
            "`sekisho prove policy --help` を参照してください。",
        ),
    ],
    ids=str,
)
def test_an_error_is_in_the_language_of_the_user(
    arguments: list[str], environment: dict[str, str], said: str
) -> None:
    assert said in sekisho(*arguments, **environment).stderr
    english = [each for each in arguments if each not in ("--lang", "ja")]
    assert said not in sekisho(*english, LC_ALL="C").stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["no-such-command"], "`no-such-command` はありません"),
        (["audti"], "`audit` ではありませんか"),
        (["policy", "lnt"], "`lint` ではありませんか"),
        (["guide", "admin", "--no-such-option"], "`--no-such-option` はありません"),
        (["tour", "--format", "pdf"], "`--format pdf` は使えません。使える値: `"),
        (["reset"], "`USER` を指定してください"),
        (["policy", "lint", "--quiet=1", "x"], "`--quiet` に値は指定できません"),
        (["prove", "policy", "x", "--only", "enforcment"], "(`enforcement` ではありませんか?)"),
        (["policy", "new", "--mfa-age", "-5"], "`--mfa-age -5` は使えません。300 から 129600"),
        (["prove", "access", "--principal"], "`--principal` には値が必要です"),
        (["collect", "too", "many"], "`too many` は余分です"),
        (
            ["local", "--port", "x"],
            "`--port x` は使えません。0 から 65535 までの整数を指定してください",
        ),
        (
            ["orphans", "--older-than", "-1"],
            "`--older-than -1` は使えません。0 以上の整数を指定してください (HOURS)",
        ),
    ],
    ids=lambda words: " ".join(words) if isinstance(words, list) else "",
)
def test_wrong_usage_is_explained_in_japanese(arguments: list[str], said: str) -> None:
    assert said in sekisho(*arguments, LC_ALL="ja_JP.UTF-8").stderr
    assert "。" not in sekisho(*arguments, LC_ALL="C").stderr


def test_help_lists_commands_in_japanese() -> None:
    assert root.lazy["reset"].line.ja[:20] in sekisho("--help", LC_ALL="ja_JP.UTF-8").stdout
    assert root.lazy["reset"].line.ja[:20] not in sekisho("--help", LC_ALL="C").stdout


@pytest.mark.parametrize("arguments", [["--lang", "ja"], ["--lang=ja"]], ids=str)
def test_help_and_wrong_usage_are_in_the_language_asked_for(arguments: list[str]) -> None:
    for words in (["reset", *arguments, "--help"], ["reset", "--help", *arguments]):
        assert sekisho(*words, LC_ALL="C").stdout.startswith("使い方: sekisho --lang ja reset")
    done = sekisho(*arguments, "reset", LC_ALL="C")
    assert (done.returncode, done.stdout) == (Exit.USAGE, "")
    assert "`USER` を指定してください" in done.stderr
    assert "Usage" not in done.stderr
    assert "コマンド:" in sekisho("policy", *arguments, LC_ALL="C").stderr
    bare = sekisho(LC_ALL="ja_JP.UTF-8")
    assert (bare.returncode, bare.stderr.splitlines()[0][:12]) == (
        Exit.USAGE,
        "使い方: sekisho"[:12],
    )


@pytest.mark.parametrize("name", ["LC_ALL", "LC_MESSAGES", "LANG"])
def test_each_variable_of_the_locale_counts(name: str) -> None:
    others = {each: "" for each in ("LC_ALL", "LC_MESSAGES", "LANG") if each != name}
    done = sekisho("--help", **others, **{name: "ja_JP.UTF-8"})
    assert done.stdout.startswith("使い方: sekisho")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.parametrize(
    "arguments",
    [
        ["policy", "new"],
        ["policy", "summary", str(ENFORCEMENT)],
        ["policy", "lint", str(ENFORCEMENT)],
        ["--help"],
    ],
    ids=" ".join,
)
def test_an_output_that_cannot_be_written_is_one_clear_error(arguments: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        done = _program(*arguments, stdout=full)
    assert done.returncode == Exit.ERROR
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("sekisho: ")]
    assert line.startswith("sekisho: output.unwritable: ")
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["policy", "new"], Exit.CLEAN),
        (["policy", "summary", str(ENFORCEMENT)], Exit.CLEAN),
        (["policy", "lint", str(ENFORCEMENT)], Exit.FINDINGS),
        (["--help"], Exit.CLEAN),
        (["explain", "something else"], Exit.UNKNOWN),
    ],
    ids=lambda words: " ".join(words[:2]) if isinstance(words, list) else "",
)
def test_whoever_closes_the_pipe_has_read_enough(arguments: list[str], code: Exit) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = _program(*arguments, stdout=writing)
    finally:
        os.close(writing)
    assert done.returncode == code
    assert "sekisho: " not in done.stderr
    assert "Traceback" not in done.stderr


def test_a_batch_ends_where_nobody_reads_the_answers() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "sekisho", "decide", "--batch", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.close()
        process.stdin.write(b"nonsense\n")
        process.stdin.flush()
        # standard input stays open
        assert process.wait(timeout=60) == Exit.ERROR


@pytest.mark.skipif(sys.platform == "win32", reason="no signal of that kind there")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_who_interrupts_is_told_so(how: signal.Signals) -> None:
    with interrupts.taken_by_children():
        process = subprocess.Popen(
            [sys.executable, "-m", "sekisho", "decide", "--batch", "-"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write("nonsense\n")
        process.stdin.flush()
        process.stdout.readline()
        process.send_signal(how)
        assert process.wait(timeout=60) == Exit.ERROR
        assert process.stderr.read().split("\n")[-2:] == ["sekisho: interrupted", ""]


def test_japanese_comes_out_whatever_the_locale() -> None:
    done = _program("guide", "admin", "--lang", "ja", LC_ALL="C", PYTHONIOENCODING="ascii")
    assert done.returncode == Exit.CLEAN
    assert "ポリシーの作成" in done.stdout


@pytest.mark.parametrize(("locale", "word"), [("ja_JP.UTF-8", "はじめる前に"), ("C", "Before you")])
def test_the_language_is_the_locales(locale: str, word: str) -> None:
    assert word in sekisho("guide", "admin", LC_ALL=locale).stdout


def test_the_graver_exit_wins() -> None:
    order = (Exit.USAGE, Exit.ERROR, Exit.UNKNOWN, Exit.FINDINGS, Exit.CHANGES, Exit.CLEAN)
    for graver, lesser in combinations(order, 2):
        assert worst([lesser, graver]) is graver
    assert worst([]) is Exit.CLEAN


@pytest.mark.parametrize(
    ("arguments", "close"), [(["audti"], "audit"), (["policy", "lnt"], "lint")], ids=str
)
def test_a_misspelt_command_is_told_from_its_like(arguments: list[str], close: str) -> None:
    assert f"did you mean `{close}`?" in sekisho(*arguments, LC_ALL="C").stderr


@pytest.mark.parametrize("words", [[], ["guide"], ["guide", "admin"], ["policy", "lint"]], ids=str)
def test_help_begins_in_the_language_of_the_user(words: list[str]) -> None:
    for language, japanese in (("ja_JP.UTF-8", True), ("C", False)):
        _, text, *_ = sekisho(*words, "--help", LC_ALL=language).stdout.split("\n\n")
        assert text.endswith("。") is japanese


def test_what_an_error_is_about_is_in_its_language_but_a_files_name() -> None:
    fault = Fault(Code.NAME_REFUSED, Message("AWS"))
    ours = FaultyInput(Message("options", "source"), [fault])
    assert (ours.source, ours.into(Language.JA)) == ("options", "オプション: AWS")
    theirs = FaultyInput("options", [fault])
    assert (theirs.source, theirs.into(Language.JA)) == ("options", "options: AWS")


def test_the_version_says_how_old_the_catalogue_is(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        root.main(["--version"])
    assert ended.value.code == 0
    dated = catalogue.load().dated
    assert capsys.readouterr().out == f"sekisho {__version__}, catalogue {dated}\n"


@pytest.mark.parametrize(
    ("word", "fix"),
    [
        ("lint", "(type `sekisho policy lint`)"),
        ("workbench", "(did you mean `sekisho web`?)"),
        ("plna", "(did you mean `plan`?)"),
        # help lines of several commands have the word
        ("mfa", "there is no command `mfa`"),
    ],
)
def test_a_word_that_is_no_command_leads_to_the_one_that_it_means(word: str, fix: str) -> None:
    run = sekisho(word)
    assert run.returncode == Exit.USAGE
    assert fix in run.stderr
