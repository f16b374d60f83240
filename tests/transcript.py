"""The tour's transcript as the READMEs show it: a line for each step, a few steps in full.

`.venv/bin/python tests/transcript.py` performs the tour and writes it into both READMEs.
"""

import re
from functools import cache
from pathlib import Path
from unittest.mock import patch

from click.testing import CliRunner

from sekisho.cli import tour as command
from sekisho.messages import Language
from sekisho.tour.rehearsal import TourStep, tour

ROOT = Path(__file__).parents[1]
READMES = {Language.EN: ROOT / "README.md", Language.JA: ROOT / "README.ja.md"}
IN_FULL = ("2.3-what-it-means", "4.1.2-denied", "4.3.2-dead-lock")
BEGIN, END = "<!-- transcript: begin -->", "<!-- transcript: end -->"


@cache
def performed() -> tuple[TourStep, ...]:
    """Perform the tour, once."""
    return tuple(tour())


def _printed(language: Language) -> str:
    """Return what the command prints of the steps that were performed."""
    with patch("sekisho.tour.rehearsal.tour", return_value=iter(performed())):
        arguments = ["--lang", language.value]
        done = CliRunner().invoke(
            command.command, arguments, env={"COLUMNS": "96"}, catch_exceptions=False
        )
    return "\n".join(line.rstrip() for line in done.stdout.splitlines())


def transcript(language: Language) -> str:
    """Return the transcript in one language, without the closing line's time."""
    printed = _printed(language)
    paragraphs = [part for part in printed.split("\n\n") if part]
    lines = [paragraphs[0]]
    chapter = None
    for step in performed():
        if step.chapter is not chapter:
            chapter = step.chapter
            lines.append(f"\n{chapter.value}  {chapter.title.into(language)}\n")
        lines.append(f"✓ {step.id}  {step.title.into(language)}")
        if step.id in IN_FULL:
            [whole] = re.findall(rf"(?m)^✓ {re.escape(step.id)}  .*\n((?:.+\n)*)", printed)
            lines.append(whole)
    joint = " " if language is Language.EN else ""
    closing = re.sub(r"[;、][^;、]*[.。]$", "", paragraphs[-1].replace("\n", joint))
    return "\n".join([*lines, "", closing]).replace("\n\n\n", "\n\n")


def written(language: Language) -> str:
    """Return the transcript that the README has."""
    text = READMES[language].read_text(encoding="utf-8")
    return (
        text.split(BEGIN)[1].split(END)[0].strip().removeprefix("```text\n").removesuffix("\n```")
    )


def write(language: Language) -> None:
    """Put the transcript into the README."""
    text = READMES[language].read_text(encoding="utf-8")
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    block = f"{BEGIN}\n```text\n{transcript(language)}\n```\n{END}"
    READMES[language].write_text(before + block + after, encoding="utf-8")


if __name__ == "__main__":
    for each in Language:
        write(each)
