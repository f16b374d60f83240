"""Posting to a webhook: a real server on this computer, which misbehaves as servers do."""

import json
import logging
import socket
import ssl
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sekisho.errors import UsageError
from sekisho.messages import Language
from sekisho.notices.reminders import Handed
from sekisho.notices.reminders import webhook as module
from sekisho.notices.reminders.webhook import ATTEMPTS, Webhook

SECRET = "services/T000/B000/XXXXsecretXXXX"
Answer = tuple[int, dict[str, str], bytes]


class _Server(ThreadingHTTPServer):
    """Answers with what it is given, one after the other, the last for good; notes what it got."""

    answers: list[Answer]

    def __init__(self, *answers: Answer) -> None:
        self.answers, self.got = list(answers), list[Any]()
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        self.server.got.append((self.path, dict(self.headers), self.rfile.read(length)))
        answers = self.server.answers
        status, headers, body = answers.pop(0) if len(answers) > 1 else answers[0]
        if status == 0:
            # the connection is dropped after the message has come
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        raise AssertionError("a redirect was followed")

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving(*answers: Answer) -> Iterator[tuple[_Server, Webhook]]:
    server = _Server(*answers)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server, Webhook.of(f"http://127.0.0.1:{server.server_port}/{SECRET}")
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


OK: Answer = (200, {}, b"ok")


def answer(status: int, body: bytes = b"", **headers: str) -> Answer:
    return status, {name.replace("_", "-"): value for name, value in headers.items()}, body


CASES = {
    "posted": ([OK], Handed.DONE, 1),
    "accepted, as Teams says": ([answer(202)], Handed.DONE, 1),
    "busy, then posted": ([answer(429, Retry_After="0"), OK], Handed.DONE, 2),
    "busy without saying how long": ([answer(429), OK], Handed.DONE, 2),
    "down for a moment, and says so": ([answer(503, Retry_After="0"), OK], Handed.DONE, 2),
    "busy for good": ([answer(429, Retry_After="0")], Handed.FAILED, ATTEMPTS + 1),
    "busy for an hour": ([answer(429, Retry_After="3600"), OK], Handed.FAILED, 1),
    "busy for nobody knows how long": ([answer(429, Retry_After="soon"), OK], Handed.DONE, 2),
    "down, and does not say so": ([answer(503), OK], Handed.IN_DOUBT, 1),
    "broken": ([answer(500), OK], Handed.IN_DOUBT, 1),
    "a gateway that broke": ([answer(502), OK], Handed.IN_DOUBT, 1),
    "a gateway that waited too long": ([answer(504), OK], Handed.IN_DOUBT, 1),
    "refused": ([answer(404, b"no_service"), OK], Handed.FAILED, 1),
    "refused, with a page": ([answer(403, b"<html>secret</html>")], Handed.FAILED, 1),
    "moved": ([answer(302, Location="http://127.0.0.1:1/other"), OK], Handed.FAILED, 1),
    "moved for good": ([answer(308, Location="https://example.com/"), OK], Handed.FAILED, 1),
    "dropped after the message had come": ([(0, {}, b""), OK], Handed.IN_DOUBT, 1),
}


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    for name in ("http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(("answers", "handed", "calls"), CASES.values(), ids=list(CASES))
def test_what_comes_of_an_answer(
    answers: list[Answer], handed: Handed, calls: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with serving(*answers) as (server, webhook):
        posted = webhook.post({"text": "こんにちは"})
    assert posted.outcome is handed
    assert len(server.got) == calls
    for path, headers, body in server.got:
        assert path == f"/{SECRET}"
        assert json.loads(body) == {"text": "こんにちは"}
        assert headers["Content-Type"].startswith("application/json")
    for language in Language:
        said = posted.message.into(language)
        assert "127.0.0.1" in said
        assert "secret" not in said
    assert "secret" not in caplog.text
    assert "secret" not in repr(webhook)


def test_slacks_own_word_for_it_is_shown() -> None:
    with serving(answer(404, b"channel_is_archived")) as (_, webhook):
        assert "(channel_is_archived)" in webhook.post({}).message.en


def test_the_server_says_how_long_to_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr("time.sleep", waited.append)
    with serving(answer(429, Retry_After="7"), OK) as (_, webhook):
        assert webhook.post({}).outcome is Handed.DONE
    assert waited == [7]


def _closed_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


def test_nobody_there_is_a_failure_and_may_be_tried_again() -> None:
    posted = Webhook.of(f"http://127.0.0.1:{_closed_port()}/{SECRET}").post({})
    assert posted.outcome is Handed.FAILED
    assert "secret" not in posted.message.en


def test_an_answer_that_does_not_come_leaves_it_in_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_TIMEOUT", module.urllib3.Timeout(connect=1, read=0.1))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        posted = Webhook.of(f"http://127.0.0.1:{port}/{SECRET}").post({})
    assert posted.outcome is Handed.IN_DOUBT


def test_no_error_carries_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("by hand")

    monkeypatch.setattr(module.json, "dumps", broken)
    with pytest.raises(RuntimeError) as caught:
        Webhook.of(f"https://hooks.example.com/{SECRET}").post({})
    assert "secret" not in "".join(map(repr, (caught.value, caught.value.args)))


def test_a_proxy_that_is_not_there_is_not_gone_round(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{_closed_port()}")
    posted = Webhook.of(f"https://hooks.example.com/{SECRET}").post({})
    assert posted.outcome is Handed.FAILED
    # what stays on this computer needs none
    with serving(OK) as (_, webhook):
        assert webhook.post({}).outcome is Handed.DONE


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1", "http://127.0.0.1:port", "http://[x"])
def test_what_can_be_no_proxy_is_said(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", proxy)
    posted = Webhook.of(f"https://hooks.example.com/{SECRET}").post({})
    assert posted.outcome is Handed.FAILED
    assert "proxy" in posted.message.en


def test_a_proxy_is_told_who_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as proxy:

        def answer_once() -> None:
            connection, _ = proxy.accept()
            with connection:
                asked.append(connection.recv(4096))
                connection.sendall(b"HTTP/1.1 403 no\r\nContent-Length: 0\r\n\r\n")

        thread = threading.Thread(target=answer_once, daemon=True)
        thread.start()
        monkeypatch.setenv("https_proxy", f"http://me:s%40t@127.0.0.1:{proxy.getsockname()[1]}")
        posted = Webhook.of(f"https://hooks.example.com/{SECRET}").post({})
        thread.join(60)
    assert posted.outcome is not Handed.DONE
    (text,) = asked
    assert text.startswith(b"CONNECT hooks.example.com:443")
    assert b"Basic " + b64encode(b"me:s@t") in text
    assert b"secret" not in text


def test_a_certificate_that_nobody_trusts_gets_no_message(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = serialization.PrivateFormat.PKCS8
    file = tmp_path / "server.pem"
    file.write_bytes(
        key.private_bytes(pem, plain, serialization.NoEncryption()) + made.public_bytes(pem)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    with serving(OK) as (server, webhook):
        server.socket = context.wrap_socket(server.socket, server_side=True)
        posted = Webhook.of(f"https://localhost:{server.server_port}/{SECRET}").post({})
    assert posted.outcome is Handed.FAILED
    assert "certificate" in posted.message.en
    assert server.got == []
    assert webhook.host == "127.0.0.1"


REFUSED = [
    "http://hooks.example.com/x",
    "http://127.0.0.1.example.com/x",
    "http://192.168.0.1/x",
    "http://[::ffff:8.8.8.8]/x",
    "ftp://127.0.0.1/x",
    "gopher://127.0.0.1/x",
    "https://",
    "https:///x",
    "https://user:secret@hooks.example.com/x",
    "https://user@hooks.example.com/x",
    "https://hooks.example.com/x#secret",
    "https://hooks.example.com:0/x",
    "https://hooks.example.com:99999/x",
    "https://hooks.example.com/a b",
    "https://hooks.example.com/a\nb",
    "https://hooks.example.com\\@127.0.0.1/x",
    "https://hööks.example.com/x",
    "//hooks.example.com/x",
    "hooks.example.com",
    "javascript:alert(1)",
    "",
]


@pytest.mark.parametrize("url", REFUSED)
def test_where_nothing_may_be_posted_to(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        Webhook.of(url, {})
    assert "secret" not in str(caught.value)
    assert "example.com" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        f"https://hooks.slack.com/{SECRET}",
        f"http://localhost:8080/{SECRET}",
        f"http://[::1]:8080/{SECRET}",
        f"http://127.8.9.10/{SECRET}",
        f"https://prod-1.example.com:443/{SECRET}?sig=secret",
    ],
)
@pytest.mark.parametrize("given", ["", "env:", "file:"])
def test_the_address_comes_from_where_it_is_kept(url: str, given: str, tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.write_text(f"{url}\n", encoding="utf-8")
    text = {"": url, "env:": "env:HOOK", "file:": f"file:{file}"}[given]
    webhook = Webhook.of(text, {"HOOK": url})
    assert webhook.host in url
    assert "secret" not in repr(webhook)


@pytest.mark.parametrize(
    "make", [lambda folder: "env:HOOK", lambda folder: f"file:{folder / 'none'}"]
)
def test_a_place_that_holds_none_is_named(make: Callable[[Path], str], tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        Webhook.of(make(tmp_path), {})
    assert "HOOK" in str(caught.value) or "none" in str(caught.value)
