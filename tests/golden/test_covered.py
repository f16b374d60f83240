"""Every command, format and language has a golden output; what there is, the help texts say."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from golden.cases import CASES, STORIES
from golden.harness import Runner

ERRORS = (1, 64)
"""Exit codes after which the output is an error and none of the format's."""
ONE_LANGUAGE = {
    "json": "JSON is English whatever the language: docs/reference/commands.md",
    "process": "so is the JSON that the AWS CLI reads",
}
"""Formats of which one language is enough, each with its reason."""
BESIDE: dict[tuple[str, ...], tuple[str, ...]] = {("local",): ("",)}
"""What commands put out beside their formats: `local` without `--as` runs, and says where."""

SERVES = {
    ("web",): "it answers a browser until Ctrl-C: tests/web has its pages",
    ("session",): "its formats are of a session, never the same: tests/session has them",
}
"""Commands whose output is no text that could be kept, each with its reason."""


@dataclass(frozen=True)
class Command:
    """A command and what its help lists.

    Attributes:
        formats: the values of `--format`, and those of `BESIDE`; one "" if it has none.
        languages: the values of `--lang`.
    """

    name: tuple[str, ...]
    formats: tuple[str, ...]
    languages: tuple[str, ...]


@pytest.fixture(scope="module")
def commands(sekisho: Runner, shared: Path) -> tuple[Command, ...]:
    found = tuple(_commands(sekisho, shared, ()))
    assert len(found) > 20
    return found


def _commands(sekisho: Runner, folder: Path, name: tuple[str, ...]) -> Iterator[Command]:
    """Yield a command, and those below it if it is a group."""
    text = sekisho.command(*name, "--help", folder=folder).stdout.decode()
    forms = _choices(text, "format") or ("",)
    # the sections of commands, if there are any, come after the options
    _, _, listed = text.partition("\nOptions:\n")[2].partition(":\n")
    listed = "" if name and "\nCommands:\n" not in text else listed
    # a group by itself has nothing to say but its help
    languages = () if listed and name else _choices(text, "lang")
    yield Command(name, (*BESIDE.get(name, ()), *forms), languages)
    for each in re.findall(r"(?m)^  ([a-z]+)  ", listed):
        yield from _commands(sekisho, folder, (*name, each))


def _choices(text: str, option: str) -> tuple[str, ...]:
    found = re.search(rf"--{option} +\[([a-z|-]+)\]", text)
    return tuple(found[1].split("|")) if found else ()


def _runs(command: Command) -> set[tuple[str, str]]:
    """Return the formats and languages in which a command has been run, and has not failed."""
    local = {("", word) for story in STORIES for word in (story.local or "").split()}
    runs = {
        (case.form, case.language)
        for case in CASES
        if case.exit not in ERRORS and case.argv[: len(command.name)] == command.name
    }
    return runs | (local if command.name == ("local",) else set())


def _missing(command: Command) -> Iterator[str]:
    runs = _runs(command)
    for form in command.formats:
        there = {language for ran, language in runs if ran == form}
        wanted = command.languages[:1] if form in ONE_LANGUAGE else command.languages
        for language in wanted:
            if language not in there:
                yield f"{' '.join(command.name)} {form} {language}"


def test_every_command_format_and_language_has_an_output(commands: tuple[Command, ...]) -> None:
    kept = [command for command in commands if command.name not in SERVES]
    assert len(kept) == len(commands) - len(SERVES)
    missing = [text for command in kept for text in _missing(command)]
    assert not missing, missing


@pytest.mark.parametrize("locale", [{}, {"LANG": "ja_JP.UTF-8"}], ids=["english", "japanese"])
def test_every_command_has_its_help(commands: tuple[Command, ...], locale: dict[str, str]) -> None:
    helps = {
        case.argv[:-1] for case in CASES if case.argv[-1:] == ("--help",) and case.env == locale
    }
    assert helps == {command.name for command in commands}
