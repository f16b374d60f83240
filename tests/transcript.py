"""What documents show of real runs, made anew: `.venv/bin/python tests/transcript.py`.

- The tour as `docs/tutorial/tour.md` shows it: a line for each step, a few steps in full.
- What one sees of each command of the READMEs (`shown.py`), and the pictures of it.
"""

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from textwrap import wrap
from unittest.mock import patch

from click.testing import CliRunner

from disk import not_waited_for
from sekisho.messages import Language
from sekisho.tour.commands import tour as command
from sekisho.tour.rehearsal import TourStep, tour
from shown import SCREEN, cut, on_screen, rewritten, screens, seen
from socketless import socketless

ROOT = Path(__file__).parents[1]
READMES = {Language.EN: ROOT / "README.md", Language.JA: ROOT / "README.ja.md"}
TOURS = {
    Language.EN: ROOT / "docs" / "tutorial" / "tour.md",
    Language.JA: ROOT / "docs" / "ja" / "tutorial" / "tour.md",
}
PICTURED = {"audit": (12, 0), "plan": (6, 0), "apply": (0, 6)}
"""The commands that are in the picture, the first of each name: lines of beginning and end."""
IN_FULL = ("2.3-what-it-means", "4.1.2-denied", "4.3.2-dead-lock")
BEGIN, END = "<!-- transcript: begin -->", "<!-- transcript: end -->"


def _printed(language: Language, steps: Sequence[TourStep]) -> str:
    """Return what the command prints of the steps that were performed."""
    with patch("sekisho.tour.rehearsal.tour", return_value=iter(steps)):
        arguments = ["-v", "--lang", language.value]
        done = CliRunner().invoke(
            command.command, arguments, env={"COLUMNS": "96"}, catch_exceptions=False
        )
    return "\n".join(line.rstrip() for line in done.stdout.splitlines())


def transcript(language: Language, steps: Sequence[TourStep]) -> str:
    """Return the transcript of a tour in one language, without the closing line's time."""
    printed = _printed(language, steps)
    paragraphs = [part for part in printed.split("\n\n") if part]
    lines = [paragraphs[0], f"\n{paragraphs[1]}"]
    chapter = None
    for step in steps:
        if step.chapter is not chapter:
            chapter = step.chapter
            lines.append(f"\n{chapter.value}  {chapter.title.into(language)}\n")
        lines.append(f"✓ {step.id}  {step.title.into(language)}")
        if step.id in IN_FULL:
            [whole] = re.findall(rf"(?m)^✓ {re.escape(step.id)}  .*\n((?:.+\n)*)", printed)
            lines.append(whole)
    # the last paragraph is the next command
    joint = " " if language is Language.EN else ""
    closing = re.sub(r"[;、][^;、]*[.。]$", "", paragraphs[-2].replace("\n", joint))
    return "\n".join([*lines, "", closing]).replace("\n\n\n", "\n\n")


def written(language: Language) -> str:
    """Return the transcript that the document has."""
    text = TOURS[language].read_text(encoding="utf-8")
    return (
        text.split(BEGIN)[1].split(END)[0].strip().removeprefix("```text\n").removesuffix("\n```")
    )


def played(language: Language) -> str:
    """Return the README with what is seen of its commands."""
    text = READMES[language].read_text(encoding="utf-8")
    return rewritten(text, seen(text, language))


def pictures(language: Language) -> dict[Path, str]:
    """Return the README's picture, by the path at which it is: for light paper, and for dark."""
    # beside `tests`, where a script of `tests` does not look by itself
    from tools.recording import Theme, recording  # noqa: PLC0415 - as above

    text = READMES[language].read_text(encoding="utf-8")
    [title] = re.findall(r'<img src="docs/images/rollout[^"]*" alt="([^"]*)">', text)
    shown = on_screen(text)
    on_it = screens(tuple(block.command for block in shown), language)
    lines: list[str] = []
    wanted = dict(PICTURED)
    for block, screen in zip(shown, on_it, strict=True):
        if ends := wanted.pop(block.command.split()[1], None):
            space = [""] if lines else []
            lines += [*space, *_typed(block.command), *cut(screen, *ends)]
    folder = ROOT / "docs" / "images"
    return {
        folder / f"rollout.{language.value}.{theme.name.lower()}.svg": recording(
            lines, theme, title, SCREEN
        )
        for theme in Theme
    }


def _typed(command: str) -> list[str]:
    """Return a command as somebody types it who breaks it where the line ends."""
    parts = wrap(command, SCREEN - len("$  \\"), break_on_hyphens=False)
    signs = ["$", *(">" for _ in parts[1:])]
    ends = [*(" \\" for _ in parts[1:]), ""]
    return [
        f"\x1b[2m{sign}\x1b[0m \x1b[1m{part}{end}\x1b[0m"
        for sign, part, end in zip(signs, parts, ends, strict=True)
    ]


def write(language: Language, steps: Sequence[TourStep]) -> None:
    """Put everything into its place."""
    READMES[language].write_text(played(language), encoding="utf-8")
    for path, picture in pictures(language).items():
        path.write_text(picture, encoding="utf-8")
    text = TOURS[language].read_text(encoding="utf-8")
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    block = f"{BEGIN}\n```text\n{transcript(language, steps)}\n```\n{END}"
    TOURS[language].write_text(before + block + after, encoding="utf-8")


if __name__ == "__main__":
    sys.path.append(str(ROOT))
    with socketless(), not_waited_for():
        performed = tuple(tour())
    for each in Language:
        write(each, performed)
