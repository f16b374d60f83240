"""`--quiet`: the verdict and errors only, with the exit code that there is anyhow."""

from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from rollout.staging import ADMIN, account
from sekisho.account import save_snapshot
from sekisho.cli.main import root
from sekisho.errors import UsageError

DOCUMENTS = {"guide admin", "completion"}
"""What prints a document and nothing beside it."""
POLICY = """{"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}]}"""
GRANT = """{"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}]}"""


@pytest.fixture(scope="module", autouse=True)
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("quiet")
    save_snapshot(account(), folder / "account.json")
    (folder / "policy.json").write_text(POLICY, encoding="utf-8")
    (folder / "grant.json").write_text(GRANT, encoding="utf-8")
    return folder


def run(words: str, folder: Path, *more: str) -> Result:
    given = words.format(admin=ADMIN.arn, at=folder).split()
    return CliRunner().invoke(root, [*given, *more], standalone_mode=False)


SAID = {
    "policy summary {at}/policy.json": 2,
    "policy lint {at}/policy.json": 1,
    "policy diff {at}/policy.json {at}/grant2.json": 1,
    "policy diff --no-new-access {at}/policy.json {at}/policy.json": 1,
    "policy diff --kind resource {at}/grant.json {at}/grant.json": 1,
    "decide --principal arn:aws:iam::111122223333:user/a --action s3:GetObject "
    "--resource arn:aws:s3:::b/k --policy {at}/policy.json": 1,
    "explain AccessDenied": 1,
    "prove policy {at}/policy.json": 1,
    "prove account --snapshot {at}/account.json": 1,
    "prove resource {at}/grant.json": 1,
    "audit --snapshot {at}/account.json": 1,
    "plan --user machine --snapshot {at}/account.json --caller {admin}": 1,
    "reset hanako --snapshot {at}/account.json --caller {admin}": 1,
    "orphans --snapshot {at}/account.json --caller {admin}": 1,
}
"""Commands, and how many sentences are their verdict."""


@pytest.mark.parametrize("words", SAID)
def test_the_verdict_alone_is_printed(
    words: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "10000")
    (folder / "grant2.json").write_text(POLICY.replace("Get", "Put"), encoding="utf-8")
    usual, quiet = run(words, folder), run(words, folder, "--quiet")
    assert (usual.exception, quiet.exception) == (None, None), quiet.output
    assert quiet.return_value == usual.return_value
    assert quiet.stderr == ""
    lines = quiet.stdout.splitlines()
    assert len(lines) == SAID[words], quiet.stdout
    assert all(lines)
    assert len(usual.stdout.splitlines()) > len(lines)


def test_data_is_whole(folder: Path) -> None:
    words = "policy new"
    assert run(words, folder, "-q").stdout == run(words, folder).stdout
    assert run(words, folder, "-q").stderr == "" != run(words, folder).stderr
    audit = "audit --snapshot {at}/account.json --format json"
    assert run(audit, folder, "-q").stdout == run(audit, folder).stdout


def test_a_report_in_a_file_is_whole(folder: Path) -> None:
    audit = "audit --snapshot {at}/account.json --out {at}/"
    assert run(f"{audit}usual.txt", folder).exception is None
    quiet = run(f"{audit}quiet.txt", folder, "-q")
    assert (quiet.exception, quiet.output) == (None, "")
    assert (folder / "quiet.txt").read_bytes() == (folder / "usual.txt").read_bytes()


@pytest.mark.parametrize("both", [("-q", "-v"), ("-v", "-q")])
def test_quiet_and_verbose_contradict_each_other(both: tuple[str, ...], folder: Path) -> None:
    assert isinstance(run("prove policy {at}/policy.json", folder, *both).exception, UsageError)


def test_what_is_asked_for_is_not_left_out_in_silence(folder: Path) -> None:
    assert isinstance(run("policy new --explain -q", folder).exception, UsageError)


def test_every_command_that_says_more_than_its_verdict_can_be_quiet() -> None:
    def commands(command: click.Command, path: str) -> dict[str, click.Command]:
        if isinstance(command, click.Group):
            return {
                name: each
                for inner, lazy in command.lazy.items()
                for name, each in commands(lazy.load(), f"{path} {inner}".strip()).items()
            }
        return {path: command}

    found = commands(root, "")
    without = {
        path for path, each in found.items() if not any("--quiet" in p.opts for p in each.params)
    }
    assert without == DOCUMENTS
