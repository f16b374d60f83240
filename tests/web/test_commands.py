"""The commands that run a site, as programs: what they print leads to a page; Ctrl-C ends them."""

import re
import signal
import subprocess
import sys
from http.client import HTTPConnection
from threading import Timer

import pytest

STARTS = {
    ("tour", "--browser"): "A rehearsal of the AWS console",
    ("local", "--console"): "A rehearsal of the AWS console",
}


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C cannot be sent to a child there")
@pytest.mark.parametrize("command", STARTS, ids=" ".join)
def test_a_command_prints_an_address_that_answers(command: tuple[str, ...]) -> None:
    former = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "sekisho", *command, "--lang", "en"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    finally:
        signal.signal(signal.SIGINT, former)
    guard = Timer(60, process.kill)
    guard.start()
    try:
        found = None
        for line in process.stdout or ():
            found = re.search(r"http://localhost:(\d+)/$", line.strip())
            if found:
                break
        assert found, "no address was printed"
        connection = HTTPConnection("localhost", int(found[1]), timeout=20)
        connection.request("GET", "/")
        answer = connection.getresponse()
        assert (answer.status, STARTS[command] in answer.read().decode()) == (200, True)
        connection.close()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
        assert "Traceback" not in errors, errors
        assert process.returncode == 0
    finally:
        guard.cancel()
        process.kill()
        process.communicate()
