"""The cases of `cases/*.yaml`: which command is run, how, and where its output is.

A file is a list of cases and stories. A case:

    id: policy-summary          unique within the file
    run: policy summary x.json  as in a shell; the working folder is a copy of `inputs`, of which
                                `{lint/*.json}` names files, and `$AWS_ENDPOINT_URL` is a variable
                                that `sekisho local` has put out
    formats: {text: [en, ja], json: [en]}
                                run once for each, with `--format` and `--lang` behind it
    languages: [en, ja]         for a command without formats: run once for each
    exit: 0                     the exit code; 0 if not given
    stdin: text                 what is read from standard input; nothing if not given
    env: {LANG: ja_JP.UTF-8}    beside the environment that all have
    writes: [plan.json]         files whose contents are outputs, too
    ends: txt                   how the output's name ends, where no format tells

A story is `{story: ID, local: ARGUMENTS, steps: [case, ...]}`: its cases run one after the other in
one folder of their own, with `sekisho local ARGUMENTS` behind them if `local` is given.
"""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
AT = "2026-11-24T09:00:00+00:00"
SUFFIXES = {"text": "txt", "markdown": "md", "aws-cli": "sh"}
"""How the outputs of a format end, where it is not by the format's name."""
_KEYS = {"id", "run", "formats", "languages", "exit", "stdin", "env", "writes", "ends"}
_STORY_KEYS = {"story", "local", "steps"}


@dataclass(frozen=True)
class Case:
    """One run of a command.

    Attributes:
        id: `FILE/CASE.LANGUAGE`, or with the story between; its output's name begins with it.
        suffix: how the name of its standard output ends.
        form: the value of `--format`, "" if the command has none.
        language: `en` or `ja`, "" if its output has no language.
    """

    id: str
    argv: tuple[str, ...]
    suffix: str
    form: str
    language: str
    exit: int
    stdin: str
    env: dict[str, str]
    writes: tuple[str, ...]

    @property
    def stdout(self) -> str:
        """The name of the file with what is expected on standard output."""
        return f"{self.id}.{self.suffix}"

    @property
    def stderr(self) -> str:
        return f"{self.id}.{self.suffix}.err"

    def written(self, name: str) -> str:
        return f"{self.id}.{name}"


@dataclass(frozen=True)
class Story:
    """Cases that run one after the other; a single case is a story of one.

    Attributes:
        id: its name.
        cases: what is run.
        local: the arguments of the `sekisho local` that is behind it; None if none is.
        shared: nothing is written, so that others may use the folder as well.
    """

    id: str
    cases: tuple[Case, ...]
    local: str | None = None
    shared: bool = False

    @property
    def banner(self) -> str:
        """The name of the file with what `sekisho local` puts out."""
        return f"{self.id}/local.txt"

    @property
    def farewell(self) -> str:
        return f"{self.banner}.err"


def _all() -> Iterator[Story]:
    """Yield all, in order.

    Raises:
        ValueError: if a file has a key that is not known.
    """
    for file in sorted((HERE / "cases").glob("*.yaml")):
        for entry in yaml.safe_load(file.read_text(encoding="utf-8")):
            yield from _stories(file.stem, entry)


def _stories(name: str, entry: dict[str, Any]) -> Iterator[Story]:
    if "story" not in entry:
        for case in _cases(name, entry):
            yield Story(case.stdout, (case,), shared=not case.writes)
        return
    _known(name, entry, _STORY_KEYS)
    identity = f"{name}/{entry['story']}"
    cases = [case for step in entry["steps"] for case in _cases(identity, step)]
    yield Story(identity, tuple(cases), entry.get("local"))


def _known(place: str, entry: dict[str, Any], keys: set[str]) -> None:
    if unknown := set(entry) - keys:
        raise ValueError(f"{place}: keys that are not known: {unknown}")


def _cases(prefix: str, entry: dict[str, Any]) -> Iterator[Case]:
    _known(prefix, entry, _KEYS)
    for form, languages in entry.get("formats", {"": entry.get("languages", [])}).items():
        for language in languages or [""]:
            yield _case(prefix, entry, form, language)


def _case(prefix: str, entry: dict[str, Any], form: str, language: str) -> Case:
    asked = (*(("--format", form) if form else ()), *(("--lang", language) if language else ()))
    suffix = form or entry.get("ends", "txt")
    return Case(
        id=f"{prefix}/{entry['id']}" + (f".{language}" if language else ""),
        argv=(*_words(entry["run"]), *asked),
        suffix=SUFFIXES.get(suffix, suffix),
        form=form,
        language=language,
        exit=entry.get("exit", 0),
        stdin=entry.get("stdin", ""),
        env=entry.get("env", {}),
        writes=tuple(entry.get("writes", ())),
    )


def _words(line: str) -> Iterator[str]:
    for word in shlex.split(line):
        if re.fullmatch(r"\{.*\}", word):
            found = sorted((HERE / "inputs").glob(word[1:-1]))
            yield from (path.relative_to(HERE / "inputs").as_posix() for path in found)
        else:
            yield word


STORIES = tuple(_all())
CASES = tuple(case for story in STORIES for case in story.cases)
