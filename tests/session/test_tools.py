"""Tools as they are, with a profile whose `credential_process` is the helper, at the local AWS."""

import json
import shlex
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from administered import ACCOUNT
from sekisho.localaws import LocalAws
from session.people import KEY, code_of, key_lines, role_arn, running, write_profiles
from session.sdk import MissingSdk, node, sdk_folder
from session.terminals import HELPER, Terminal, environment, finish, run, start

AOI = f"arn:aws:iam::{ACCOUNT}:user/aoi"
AS_OPS = f"arn:aws:sts::{ACCOUNT}:assumed-role/Ops/aoi"
BOTO3 = (
    sys.executable,
    "-c",
    "import boto3, sys;"
    "print(boto3.Session(profile_name=sys.argv[1]).client('sts').get_caller_identity()['Arn'])",
)
AWS_CLI = (sys.executable, "-m", "awscli", "sts", "get-caller-identity", "--query", "Arn")
JAVASCRIPT = """\
import { STSClient, GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import { fromIni } from "@aws-sdk/credential-providers";
const sts = new STSClient({ credentials: fromIni({ profile: process.argv[2] }) });
console.log((await sts.send(new GetCallerIdentityCommand({}))).Arn);
"""


@pytest.fixture(scope="module")
def local() -> Iterator[LocalAws]:
    yield from running()


@pytest.fixture
def folder(local: LocalAws, tmp_path: Path) -> Path:
    """A folder with a config file, at a time when no code has been spent."""
    local.clock.advance(timedelta(seconds=30))
    helper = shlex.join([*HELPER, "--profile", "people", "--keep-in", str(tmp_path / "kept")])
    write_profiles(
        tmp_path,
        local,
        work=f"credential_process = {helper}",
        ops=f"credential_process = {helper} --role-arn {role_arn('Ops')}",
        wrapped=f"credential_process = {tmp_path / 'wrapper'}",
    )
    return tmp_path


@pytest.fixture
def variables(local: LocalAws, folder: Path) -> dict[str, str]:
    return environment(folder, AWS_ENDPOINT_URL=local.url)


@pytest.fixture
def answer(local: LocalAws) -> Callable[[], str]:
    return partial(code_of, local)


def _kept(folder: Path) -> tuple[str, ...]:
    return ("--profile", "people", "--keep-in", str(folder / "kept"))


def _secrets(folder: Path) -> list[str]:
    sessions = json.loads((folder / "kept").read_text("utf-8"))["sessions"].values()
    found = [json.loads(each) for each in sessions]
    keys = ("SecretAccessKey", "SessionToken")
    return [KEY.secret_access_key, *(each[key] for each in found for key in keys)]


def test_the_aws_cli_asks_on_its_terminal_and_boto3_needs_none(
    folder: Path, variables: dict[str, str], answer: Callable[[], str]
) -> None:
    first, shown = run((*AWS_CLI, "--profile", "work", "--output", "text"), variables, answer)
    assert (first.stdout.strip(), first.returncode) == (AOI, 0), first.stderr
    assert shown.count("MFA code of") == 1
    # who answers sees until when, though botocore has stderr
    assert "lasts until" in shown
    # nobody is asked any more: there is not even a terminal
    second, _ = run((*BOTO3, "ops"), variables)
    assert (second.stdout.strip(), second.returncode) == (AS_OPS, 0), second.stderr
    for done in (first, second):
        for secret in _secrets(folder):
            assert secret not in done.stderr + shown
            assert secret not in done.stdout


def test_the_sdk_for_javascript_asks_on_its_terminal(
    pytestconfig: pytest.Config,
    folder: Path,
    variables: dict[str, str],
    answer: Callable[[], str],
) -> None:
    try:
        home = sdk_folder(pytestconfig)
    except MissingSdk as error:
        pytest.skip(str(error))
    program = home / "who.mjs"
    program.write_text(JAVASCRIPT, "utf-8")
    done, shown = run((node(), str(program), "work"), variables, answer)
    assert (done.stdout.strip(), done.returncode) == (AOI, 0), done.stderr
    assert shown.count("MFA code of") == 1
    again, _ = run((node(), str(program), "ops"), variables)
    assert again.stdout.strip() == AS_OPS, again.stderr


def test_two_tools_at_once_spend_one_code(
    local: LocalAws, folder: Path, variables: dict[str, str], answer: Callable[[], str]
) -> None:
    before = len(_spent(local))
    terminals = [Terminal(answer), Terminal(answer)]
    for each in terminals:
        each.open()
    try:
        programs = [start((*HELPER, *_kept(folder)), variables, terminal) for terminal in terminals]
        done = finish(programs, *terminals)
    finally:
        for each in terminals:
            each.close()
    assert [each.returncode for each in done] == [0, 0], [each.stderr for each in done]
    assert json.loads(done[0].stdout) == json.loads(done[1].stdout)
    assert sum(each.asked for each in terminals) == 1
    assert len(_spent(local)) == before + 1


def test_who_is_killed_while_they_ask_stops_nobody(
    folder: Path, variables: dict[str, str], answer: Callable[[], str]
) -> None:
    silent, other = Terminal(lambda: ""), Terminal(answer)
    for each in (silent, other):
        each.open()
    try:
        killed = start((*HELPER, *_kept(folder)), variables, silent)
        while "MFA code of" not in silent.shown:
            silent.read()
        waiting = start((*HELPER, *_kept(folder)), variables, other)
        assert waiting.stderr is not None
        assert "waiting for it" in waiting.stderr.readline()
        killed.kill()
        killed.communicate()
        (done,) = finish([waiting], other)
    finally:
        for each in (silent, other):
            each.close()
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["Version"] == 1


def _spent(local: LocalAws) -> list[object]:
    return [each for each in local.log.entries() if each.action == "sts:GetSessionToken"]


def test_nothing_but_json_is_on_stdout(
    folder: Path, variables: dict[str, str], answer: Callable[[], str]
) -> None:
    done, shown = run((*HELPER, *_kept(folder)), variables, answer)
    printed = json.loads(done.stdout)
    assert list(printed) == [
        "Version",
        "AccessKeyId",
        "SecretAccessKey",
        "SessionToken",
        "Expiration",
    ]
    assert printed["Version"] == 1
    expires = datetime.fromisoformat(printed["Expiration"])
    assert expires.tzinfo == UTC
    assert expires > datetime.now(UTC) + timedelta(hours=11)
    assert done.stderr.startswith("A session of `aoi` with MFA lasts until ")
    assert "".join(line for line in shown.splitlines() if line.isdigit()) == ""
    assert (folder / "kept").stat().st_mode & 0o777 == 0o600
    assert all(each.stat().st_mode & 0o077 == 0 for each in (folder / "notes").iterdir())


def test_without_a_terminal_it_fails_in_one_line(folder: Path, variables: dict[str, str]) -> None:
    done, _ = run((*HELPER, *_kept(folder)), variables)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("sekisho: session.no-terminal: an MFA code is wanted")
    assert done.stderr.count("\n") == 1
    assert not (folder / "kept").exists()


def test_the_background_of_a_terminal_is_none(
    folder: Path, variables: dict[str, str], answer: Callable[[], str]
) -> None:
    # a shell with job control has a process group for each job
    script = (
        "import subprocess, sys;"
        "done = subprocess.run(sys.argv[1:], process_group=0); sys.exit(done.returncode)"
    )
    done, shown = run((sys.executable, "-c", script, *HELPER, *_kept(folder)), variables, answer)
    assert done.returncode == 1
    assert done.stderr.startswith("sekisho: session.no-terminal")
    assert "MFA code of" not in shown


def test_a_wrong_code_is_asked_for_again(
    folder: Path, variables: dict[str, str], answer: Callable[[], str]
) -> None:
    typed = iter([f"{(int(answer()) + 1) % 10**6:06d}"])
    done, shown = run((*HELPER, *_kept(folder)), variables, lambda: next(typed, None) or answer())
    assert done.returncode == 0, done.stderr
    assert "AWS refused the code" in shown
    assert "AWS refused the code" in done.stderr


def test_a_helper_that_starts_itself_through_a_script_is_stopped(
    folder: Path, variables: dict[str, str]
) -> None:
    wrapper = folder / "wrapper"
    wrapper.write_text(f"#!/bin/sh\nexec {shlex.join([*HELPER, '--profile', 'wrapped'])}\n")
    wrapper.chmod(0o700)
    done, _ = run((*BOTO3, "wrapped"), variables)
    assert done.returncode == 1
    assert "session.recursion" in done.stderr
    assert "`wrapped` gets its credentials from `sekisho session` itself" in done.stderr


def test_the_key_may_come_from_another_program(
    local: LocalAws, folder: Path, variables: dict[str, str], answer: Callable[[], str]
) -> None:
    safe = folder / "safe"
    key = {"AccessKeyId": KEY.access_key_id, "SecretAccessKey": KEY.secret_access_key}
    safe.write_text(f"#!/bin/sh\necho '{json.dumps({'Version': 1, **key})}'\n")
    safe.chmod(0o700)
    write_profiles(folder, local, vault=f"credential_process = {safe}", plain=key_lines(KEY))
    command = (*HELPER, "--profile", "vault", "--no-keep")
    done, _ = run(command, variables, answer)
    assert json.loads(done.stdout)["SessionToken"]
    assert "not stored" in done.stderr
