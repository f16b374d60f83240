"""The commands that the documents show, run as a reader would run them.

A page says in comments, which no reader sees, how its commands are to be run:

    <!-- run: company applied -->   a new folder, and an account to run in: see `SETTINGS`
    <!-- file: goal.yaml -->        the next block of code is this file
    <!-- output: 8 lines -->        the next block shows so many lines of the last command's output,
                                    and `…` if there are more
    <!-- output: 8 lines from Users -->   the same from the line on that says just that
    <!-- terminal: second -->      the next block is run as whom the setting is about, again
    <!-- later: 2 minutes -->       so much later, by the account's clock, the next block is run

    <!-- seen: first 6, last 2 -->  the next block of `console` is a command behind a `$`, and so
                                    many lines of the beginning and the end of what one sees

Blocks of `sh` are commands, run in their order; `# exits 3` at the end of one is its exit code, if
it is not 0, or 2 of a plan; `# denied` says that AWS refuses it. A block of `shell` is for what
cannot be run here, like installing; it holds no command of sekisho. The blocks of `console` of a
page are played in order, on one local AWS with the example company, at a terminal of 80 columns
where the clock stands still: so do the READMEs.

`.venv/bin/python tests/shown.py` runs every page that shows output, and writes the output into it;
the READMEs are written by `tests/transcript.py`, with their pictures.
"""

import io
import os
import re
import shlex
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from pathlib import Path
from unittest.mock import patch

from administered import session_keys
from disk import not_waited_for
from golden.harness import Runner, local_aws, runner
from qr import read_qr
from sekisho.account import load_account
from sekisho.cli.main import main
from sekisho.localaws import ADMINISTRATOR, COMPANY_FILE, LocalAws
from sekisho.messages import Language, cell_width
from sekisho.signin import code_at, step_of
from socketless import socketless

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
JAPANESE = DOCS / "ja"
DIRECTIVE = re.compile(r"<!-- (run|file|output|later|terminal|seen): (.*) -->")
FENCE = re.compile(r"```(\w*)")
SEEN = re.compile(r"first (\d+)(?:, last (\d+))?")
EXITS = re.compile(r"\s+# (?:exits (\d+)|denied)$")
WIDTH = "96"
SCREEN = 80
LEFT_OUT = "…"
LOCALES = {"en": "C.UTF-8", "ja": "ja_JP.UTF-8"}
CHANGING = ("apply", "rollback")
PLANNING = ("plan", "onboard", "reset", "offboard", "orphans")
FINE = {0, 2, 3}
"""Exit codes of a command that did what it is for: clean, changes wait, findings."""
_DIGEST = re.compile(r"\b([Pp]lan|計画) [0-9a-f]{12}\b")
_SOME_DIGEST = "9f1c60b7e2a4"
"""In a plan's digest each word of the plan counts: one for all, lest it differ every week."""
_STYLE = re.compile(r"\x1b\[[\d;]*m")

EXCEPTIONS = """\
schema: sekisho.exceptions/1
exceptions:
  - {user: break-glass, kind: break-glass, why: the way in when nobody's MFA works, owner: IT,
     approvedBy: Y. Tanaka, expires: 2099-12-31, ticket: OPS-12, force: it is in the safe}
  - {user: deploy-bot, kind: machine, why: deploys the web site, owner: IT,
     approvedBy: Y. Tanaka, expires: 2099-12-31, ticket: OPS-13}
"""


@dataclass(frozen=True)
class Block:
    """A block of code of a page, and what its comment says about it.

    Attributes:
        kind: its language, as written behind the fence.
        directive: the word of its comment, like `file`, with its value; or None.
        lines: the numbers of its first and last line, counted from 0, without the fences.
    """

    kind: str
    directive: tuple[str, str] | None
    text: str
    lines: tuple[int, int]

    @property
    def command(self) -> str:
        """The command of a block of `console`."""
        assert self.text.startswith("$ "), self.text
        return self.text.split("\n")[0].removeprefix("$ ")


def blocks(text: str) -> Iterator[Block | str]:
    """Yield the blocks of code of a page, and the setting where one begins."""
    directive, begun, kind = None, 0, None
    lines = text.splitlines()
    for number, line in enumerate(lines):
        fence = FENCE.match(line)
        if kind is None and (found := DIRECTIVE.fullmatch(line)):
            directive = (found[1], found[2])
            if found[1] == "run":
                yield found[2]
                directive = None
        elif kind is None and fence:
            kind, begun = fence[1], number + 1
        elif kind is not None and line == "```":
            text = "".join(f"{each}\n" for each in lines[begun:number])
            yield Block(kind, directive, text, (begun, number))
            directive, kind = None, None


def commands(block: Block) -> list[str]:
    """Return the commands of a block: a line each, continuations joined, without comments."""
    joined = block.text.replace("\\\n", " ")
    return [line for line in joined.splitlines() if line.strip() and not line.startswith("#")]


@dataclass
class Terminal:
    """A folder, an environment and an account, where commands are run one after another.

    Attributes:
        output: what the last command has printed, on both streams.
        used: how many codes have been taken from the phone.
    """

    folder: Path
    language: str
    local: LocalAws | None = None
    variables: dict[str, str] = field(default_factory=dict)
    output: str = ""
    seed: str | None = None
    used: int = 0

    def run(self, command: str) -> None:
        """Run one command and compare its exit code.

        Raises:
            AssertionError: if it ends with another code than the page says.
        """
        words = shlex.split(self._with_codes(EXITS.sub("", command)))
        # a plan with changes that wait is what one wants
        usual = 2 if words[0] == "sekisho" and words[1] in PLANNING else 0
        found = EXITS.search(command)
        expected = int(found[1]) if found and found[1] else usual
        if words[0] == "export":
            self.variables.update(word.split("=", 1) for word in words[1:])
            return
        words, target = (words[:-2], words[-1]) if ">" in words else (words, None)
        self.output, code = (self._sekisho if words[0] == "sekisho" else self._other)(words)
        if target:
            (self.folder / target).write_text(self.output, encoding="utf-8")
        said = f"{command}\nexits {code}\n{self.output}"
        if found and not found[1]:
            # the AWS CLI's exit code is another in each of its versions
            assert code != 0, said
            assert "AccessDenied" in self.output, said
        else:
            assert code == expected, said
        if picture := next(self.folder.glob("*.png"), None):
            self.seed = re.findall(r"secret=(\w+)", read_qr(picture.read_bytes()))[0]

    def _with_codes(self, command: str) -> str:
        """Put the codes in that the phone would show."""
        names = re.findall(r"CODE\d?", command)
        if names and self.local is not None:
            # the whole of a step is left: on a busy machine the AWS CLI takes long to start
            clock = self.local.clock
            clock.advance(timedelta(seconds=30 - clock.now().timestamp() % 30))
        for name in names:
            assert self.local is not None
            assert self.seed is not None
            code = code_at(self.seed, step_of(self.local.clock.now()) + self.used % 2)
            self.used += 1
            command = command.replace(name, code, 1)
        return command

    def _environment(self) -> dict[str, str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        mine = {
            "LC_ALL": LOCALES[self.language],
            "COLUMNS": WIDTH,
            "AWS_CONFIG_FILE": str(self.folder / "none"),
        }
        return {**clean, **mine, **self.variables}

    def _sekisho(self, words: list[str]) -> tuple[str, int]:
        # whoever reads the page answers yes
        sure = ["--yes"] if words[1] in CHANGING and "--yes" not in words else []

        def program() -> int:
            try:
                main()
            except SystemExit as ended:
                return int(ended.code or 0)

        return self._here([*words, *sure], program)

    def _other(self, words: list[str]) -> tuple[str, int]:
        if words[0] == "cat":
            texts = [(self.folder / name).read_text(encoding="utf-8") for name in words[1:]]
            return "".join(texts), 0
        assert words[0] == "aws", f"`{words[0]}` is not run here: a block of `shell`"
        return self._here(words, lambda: _aws_cli(words[1:]))

    def _here(self, words: list[str], program: Callable[[], int]) -> tuple[str, int]:
        """Run a program in this process, which saves its start."""
        buffer = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
        before = Path.cwd()
        os.chdir(self.folder)
        try:
            with (
                patch.dict(os.environ, self._environment(), clear=True),
                patch.object(sys, "argv", words),
                redirect_stdout(buffer),
                redirect_stderr(buffer),
            ):
                code = program()
        finally:
            os.chdir(before)
        assert isinstance(buffer.buffer, io.BytesIO)
        return buffer.buffer.getvalue().decode(), code


def _aws_cli(arguments: list[str]) -> int:
    # its import puts this into the environment, which is another in each of these runs
    import awscli  # noqa: PLC0415 - as above
    from awscli.clidriver import create_clidriver  # noqa: PLC0415 - as above

    os.environ["AWS_DATA_PATH"] = str(Path(awscli.__file__).parent / "data")
    return int(create_clidriver().main(arguments))


@contextmanager
def _nothing(terminal: Terminal) -> Iterator[None]:
    """No account: files are all there is."""
    yield


@contextmanager
def _company(terminal: Terminal) -> Iterator[None]:
    """Run the example company's account, with a session with MFA of its administrator."""
    with LocalAws(load_account(COMPANY_FILE)) as local:
        keys = session_keys(local, ADMINISTRATOR, mfa=True)
        terminal.local = local
        terminal.variables = {
            "AWS_ENDPOINT_URL": local.url,
            "AWS_DEFAULT_REGION": local.region,
            "AWS_ACCESS_KEY_ID": keys.access_key_id,
            "AWS_SECRET_ACCESS_KEY": keys.secret_access_key,
            "AWS_SESSION_TOKEN": keys.session_token or "",
        }
        yield


@contextmanager
def _applied(terminal: Terminal) -> Iterator[None]:
    """Run the same after the rollout: `exceptions.yaml`, `plan.json` and its journal are there."""
    with _company(terminal):
        (terminal.folder / "exceptions.yaml").write_text(EXCEPTIONS, encoding="utf-8")
        options = "--all-users --group MFA-required --exceptions exceptions.yaml --mfa"
        terminal.run(f"sekisho plan {options} --out plan.json")
        terminal.run("sekisho apply plan.json")
        yield


SETTINGS: Mapping[str, Callable[[Terminal], object]] = {
    "nothing": _nothing,
    "company": _company,
    "company applied": _applied,
}


def run(page: Path) -> Iterator[tuple[Block, str]]:
    """Run a page's commands; yield each block that shows output, with what it should be."""
    language = "ja" if page.is_relative_to(JAPANESE) else "en"
    parts: list[tuple[str, list[Block]]] = []
    for each in blocks(page.read_text(encoding="utf-8")):
        if isinstance(each, str):
            parts.append((each, []))
        elif each.kind == "sh" or each.directive:
            assert parts, f"{page}: no `run` before its first command"
            parts[-1][1].append(each)
    for setting, inner in parts:
        with tempfile.TemporaryDirectory() as folder:
            terminal = Terminal(Path(folder), language)
            # but for the socket, as whoever types them; the READMEs' commands go over one
            with socketless(), not_waited_for(), SETTINGS[setting](terminal):
                yield from _run(terminal, inner)


def _run(terminal: Terminal, inner: list[Block]) -> Iterator[tuple[Block, str]]:
    own = dict(terminal.variables)
    for block in inner:
        match block.directive:
            case ("file", name):
                (terminal.folder / name).write_text(block.text, encoding="utf-8")
            case ("output", amount):
                count, _, start = amount.partition(" lines from ")
                yield block, _shown(terminal.output, int(count.split()[0]), start)
            case directive:
                match directive, terminal.local:
                    case ("later", amount), LocalAws() as local:
                        local.clock.advance(timedelta(minutes=int(amount.split()[0])))
                    case ("terminal", _), _:
                        terminal.variables = dict(own)
                    case _:
                        pass
                for command in commands(block):
                    terminal.run(command)


def _shown(output: str, count: int, start: str) -> str:
    lines = [line.rstrip() for line in output.splitlines()]
    return _joined(cut(lines[lines.index(start) :] if start else lines, count, 0))


def cut(lines: Sequence[str], first: int, last: int) -> list[str]:
    """Return the beginning and the end of an output, with a mark where something is left out."""
    if len(lines) <= first + last + 1:
        return list(lines)
    return [*lines[:first], LEFT_OUT, *lines[len(lines) - last :]]


def _joined(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


VARYING = (
    (re.compile(r"20[0-8]\d-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?(\+00:00|Z)?"), "2026-11-30 09:00"),
    # not that of the catalogue, which is in brackets, nor one of the page's own, which is far away
    (re.compile(r"20[0-8]\d-\d\d-\d\d(?=\W)(?!\))"), "2026-11-30"),
    (re.compile(r"\b[0-9a-f]{12}\b(?<!111122223333)"), "0123456789ab"),
    (re.compile(r"127\.0\.0\.1:\d+"), "127.0.0.1:8600"),
)


def same(output: str) -> str:
    """Return output with what differs from run to run replaced."""
    for pattern, stand_in in VARYING:
        output = pattern.sub(stand_in, output)
    return output


def rewritten(text: str, found: Iterable[tuple[Block, str]]) -> str:
    """Return a page with other texts in some of its blocks."""
    lines = text.splitlines()
    for block, inner in reversed([*found]):
        lines[slice(*block.lines)] = inner.splitlines()
    return _joined(lines)


def write(page: Path) -> None:
    """Put the output of a page's commands into it."""
    found = [(block, same(output)) for block, output in run(page)]
    page.write_text(rewritten(page.read_text(encoding="utf-8"), found), encoding="utf-8")


def on_screen(text: str) -> list[Block]:
    """Return the commands that a page shows with what one sees of each, in order."""
    found = [each for each in blocks(text) if isinstance(each, Block) and each.kind == "console"]
    for block in found:
        assert block.directive, f"a block of `console` has no comment before it: {block.command}"
    return found


def seen(text: str, language: Language) -> Iterator[tuple[Block, str]]:
    """Play the commands of a page; yield each block, with what it should be."""
    shown = on_screen(text)
    played = screens(tuple(block.command for block in shown), language)
    for block, lines in zip(shown, played, strict=True):
        assert block.directive
        ends = SEEN.fullmatch(block.directive[1])
        assert ends, block.directive
        plain = (
            _STYLE.sub("", line).rstrip() for line in cut(lines, int(ends[1]), int(ends[2] or 0))
        )
        yield block, _joined([f"$ {block.command}", *plain])


@cache
def screens(commands: tuple[str, ...], language: Language) -> tuple[tuple[str, ...], ...]:
    """Play commands in order and return the lines that are seen of each, in colour.

    They are played by the administrator of the example company, in a folder of their own, on one
    local AWS; questions are answered with yes.

    Raises:
        AssertionError: if one of them fails.
    """
    with _stage(language) as (process, folder, environment):
        return tuple(_screen(process, each, folder, environment) for each in commands)


@contextmanager
def _stage(language: Language) -> Iterator[tuple[Runner, Path, dict[str, str]]]:
    with (
        tempfile.TemporaryDirectory() as name,
        local_aws(Path(name), "") as local,
        runner(Path(name)) as process,
    ):
        own = {"LANG": LOCALES[language.value], "TERM": "xterm-256color", "COLUMNS": str(SCREEN)}
        yield process, Path(name), {**local.keys, **own}


def _screen(
    process: Runner, command: str, folder: Path, environment: dict[str, str]
) -> tuple[str, ...]:
    name, *argv = shlex.split(command)
    assert name == "sekisho", command
    ran = process.at_a_terminal(argv, folder, environment)
    text = _DIGEST.sub(rf"\1 {_SOME_DIGEST}", ran.stdout.decode("utf-8"))
    assert ran.exit in FINE, f"{command} exits with {ran.exit}:\n{text}"
    lines = [_at_the_end(line) for line in text.replace("\r\n", "\n").split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    return tuple(lines)


def _at_the_end(line: str) -> str:
    """Return what is left of a line that was written over."""
    seen = ""
    for part in line.split("\r"):
        # what has only blanks rubs out what was there
        seen = part if cell_width(part) >= cell_width(seen) or part else seen
        seen = seen if seen.strip() else ""
    return seen


def showing_output() -> list[Path]:
    """Return the pages that show output."""
    return [
        page for page in sorted(DOCS.rglob("*.md")) if "<!-- output:" in page.read_text("utf-8")
    ]


if __name__ == "__main__":
    for each in showing_output():
        write(each)
