"""`sekisho local`, and the AWS CLI pointed at it as it says."""

import json
import os
import queue
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

import interrupts
from in_process import sekisho

AWS = Path(sys.executable).with_name("aws.exe" if os.name == "nt" else "aws")


def start(*options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "sekisho", "local", "--lang", "en", *options]
    with interrupts.taken_by_children():
        return subprocess.Popen(  # noqa: S603 - our own program
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8"
        )


def welcome(process: subprocess.Popen[str]) -> str:
    """Return what it prints first; a reader of its own, so that a hanging start fails."""
    lines: queue.Queue[str] = queue.Queue()

    def read() -> None:
        for line in process.stdout or ():
            lines.put(line)

    Thread(target=read, daemon=True).start()
    text = ""
    while "Ctrl-C" not in text:
        text += lines.get(timeout=60)
    return text


@pytest.fixture(scope="module")
def told() -> Iterator[str]:
    process = start()
    try:
        yield welcome(process)
    finally:
        process.kill()
        process.communicate()


def environment(*blocks: str) -> dict[str, str]:
    """Return what the lines to paste put into the environment."""
    found = dict(re.findall(r"^ *(?:export|set) (AWS_\w+)=(\S*)", "\n".join(blocks), re.MULTILINE))
    assert set(found) == {
        "AWS_ENDPOINT_URL",
        "AWS_DEFAULT_REGION",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return kept | found | {"AWS_CONFIG_FILE": os.devnull, "AWS_EC2_METADATA_DISABLED": "true"}


@pytest.fixture(scope="module")
def machine(told: str) -> dict[str, str]:
    """Return the environment of the machine, by the command that the welcome prints for it."""
    (line,) = re.findall(r"^  sekisho (local --as deploy-bot .*)$", told, re.MULTILINE)
    printed = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "sekisho", *line.split()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return environment(printed.stdout)


def test_who_pastes_all_lines_is_the_administrator_who_reads_everything(
    told: str, tmp_path: Path
) -> None:
    assert told.count("AWS_ACCESS_KEY_ID") == 1
    assert "As the administrator yuki.tanaka" in told
    path = tmp_path / "account.json"
    command = [sys.executable, "-m", "sekisho", "collect", "--out", str(path), "--lang", "en"]
    collected = subprocess.run(  # noqa: S603 - our own program
        command,
        env=environment(told),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert collected.returncode == 0, collected.stderr
    assert json.loads(path.read_text("utf-8"))["gaps"] == []


def aws(env: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    # AWS CLI v1 under this Python: it is a test dependency, not the product's
    return subprocess.run(  # noqa: S603 - our own virtual environment
        [sys.executable, str(AWS), *arguments],
        env=env,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_it_says_whose_account_it_is_and_where_sign_in_is(told: str) -> None:
    assert "Account 111122223333 (the example company)" in told
    assert "No real account is touched" in told
    assert re.search(r"http://127\.0\.0\.1:\d+/_console/sign-in", told)


@pytest.mark.skipif(os.name == "nt", reason="the script of AWS CLI v1 is a .cmd file there")
def test_the_aws_cli_works_as_told(machine: dict[str, str]) -> None:
    answered = aws(machine, "sts", "get-caller-identity")
    assert answered.returncode == 0, answered.stderr
    assert json.loads(answered.stdout)["Arn"] == "arn:aws:iam::111122223333:user/deploy-bot"
    refused = aws(machine, "iam", "create-user", "--user-name", "intruder")
    assert refused.returncode != 0
    assert "(AccessDenied)" in refused.stderr
    assert "because no identity-based policy allows the iam:CreateUser action" in refused.stderr


def test_a_bare_export_says_that_nobody_can_sign_in(tmp_path: Path) -> None:
    export = tmp_path / "export.json"
    lists = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")
    user = {
        "UserName": "alice",
        "Path": "/",
        "UserId": "AIDAEXAMPLEALICEXXXXX",
        "Arn": "arn:aws-us-gov:iam::444455556666:user/alice",
        "CreateDate": "2024-01-01T00:00:00+00:00",
    }
    export.write_text(json.dumps({name: [] for name in lists} | {"UserDetailList": [user]}))
    process = start("--account", str(export))
    try:
        told = welcome(process)
        assert "Account 444455556666" in told
        assert "AWS_DEFAULT_REGION=us-gov-west-1" in told
        assert process.stderr is not None
        # folded at the width of a terminal
        note = process.stderr.readline() + process.stderr.readline()
        assert "nobody can sign in yet" in " ".join(note.split())
    finally:
        process.kill()
        process.wait(timeout=60)
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C cannot be sent to one process there")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_it_cleanly(how: signal.Signals) -> None:
    process = start()
    welcome(process)
    process.send_signal(how)
    assert process.wait(timeout=60) == 0
    assert process.stderr is not None
    assert "has ended" in process.stderr.read()
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()


def test_a_port_in_use_and_a_bad_file_are_one_line_each(told: str, tmp_path: Path) -> None:
    port = environment(told)["AWS_ENDPOINT_URL"].rpartition(":")[2]
    truncated = tmp_path / "account.json"
    truncated.write_text('{"schema": "sekisho.account/1", "account": "1111', encoding="utf-8")
    for options, code in (
        (("--port", port), "localaws.port-in-use"),
        (("--account", str(truncated)), "account.not-json"),
        (("--account", str(tmp_path / "none.json")), "file.unreadable"),
    ):
        ended = sekisho("local", *options)
        assert (ended.returncode, ended.stdout) == (1, "")
        assert ended.stderr.startswith(f"sekisho: {code}: ")
        assert ended.stderr.count("\n") == 1
