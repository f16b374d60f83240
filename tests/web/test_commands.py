"""The commands that run a site, as programs: what they print leads to a page; Ctrl-C ends them."""

import re
import signal
import socket
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path
from threading import Timer

import pytest

import interrupts
from in_process import sekisho

STARTS = {
    ("tour", "--browser", "--lang", "en"): "A rehearsal of the AWS console",
    ("local", "--console", "--lang", "en"): "A rehearsal of the AWS console",
    ("local", "--console", "--lang", "ja"): "コンソールのリハーサル",
}


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C cannot be sent to a child there")
@pytest.mark.parametrize("command", STARTS, ids=" ".join)
def test_a_command_prints_an_address_that_answers(command: tuple[str, ...]) -> None:
    with interrupts.taken_by_children():
        process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "sekisho", *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    guard = Timer(120, process.kill)
    guard.start()
    try:
        found = None
        for line in process.stdout or ():
            found = re.search(r"http://localhost:(\d+)/$", line.strip())
            if found:
                break
        assert found, "no address was printed"
        connection = HTTPConnection("localhost", int(found[1]), timeout=60)
        connection.request("GET", "/")
        answer = connection.getresponse()
        assert (answer.status, STARTS[command] in answer.read().decode()) == (200, True)
        connection.close()
        process.send_signal(signal.SIGTERM)
        rest = process.stdout.read() if process.stdout else ""
        _, errors = process.communicate(timeout=60)
        # how to stop, and no other way to sign in
        assert ("Ctrl-C" in rest, "_console/sign-in" in rest) == (True, False)
        assert "Traceback" not in errors, errors
        assert process.returncode == 0
    finally:
        guard.cancel()
        process.kill()
        process.communicate()


@pytest.mark.parametrize("option", ["--port", "--console-port"])
@pytest.mark.parametrize(
    ("language", "fix"),
    [("en", "choose another with `{option}`"), ("ja", "`{option}` で別のポートを指定するか")],
)
def test_a_port_in_use_is_named_with_the_option_that_chose_it(
    option: str, language: str, fix: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        done = sekisho("local", "--console", option, str(port), "--lang", language)
    (line,) = done.stderr.splitlines()
    assert (done.returncode, done.stdout) == (1, "")
    assert line.startswith("sekisho: localaws.port-in-use: ")
    assert f"127.0.0.1:{port}" in line
    assert fix.format(option=option) in line


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, ["file.unreadable"]),
        ("{", ["account.not-json"]),
        ('{"schema": "sekisho.account/1", "account": "111122223333"}', ["account.bad-shape"] * 2),
    ],
    ids=["none", "no-json", "no-account"],
)
def test_an_account_file_that_fails_to_load_says_why(
    text: str | None, said: list[str], tmp_path: Path
) -> None:
    file = tmp_path / "account.json"
    if text is not None:
        file.write_text(text, encoding="utf-8")
    done = sekisho("local", "--console", "--account", str(file))
    assert (done.returncode, done.stdout) == (1, "")
    lines = done.stderr.splitlines()
    assert [line.split(": ")[1] for line in lines] == said
    assert all(str(file) in line for line in lines)
