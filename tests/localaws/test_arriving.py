"""What arrives: idle connections, bodies that are long or not read, and who waits for a word.

Reads `localaws.wire.http_server` itself, because its limits are what these clients go to.
"""

import errno
import socket
import weakref
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
from waitress import buffers

import localaws_people as people
from http_servers import (
    Paths,
    Waiting,
    answered,
    arriving,
    ask,
    connected,
    first_line,
    serves,
    until,
)
from sekisho.localaws import LocalAws
from sekisho.localaws.wire import http_server


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws(people.account()) as running:
        yield running


def connect(aws: LocalAws) -> socket.socket:
    where = urlsplit(aws.url)
    return socket.create_connection((where.hostname or "", where.port or 0), 30)


SILENT = b""
HALF = b"PUT /half HTTP/1.1\r\nHost: localhost\r\n"
TRICKLE = b"PUT /half HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nab"
SMALL_TABLE = 6
"""Places, of which two are the server's own."""


@pytest.mark.parametrize("sent", [SILENT, HALF, TRICKLE])
def test_who_is_idle_longest_makes_room_when_all_connections_are_taken(
    sent: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_server, "MAX_CONNECTIONS", SMALL_TABLE)
    with serves(Paths()) as (server, first), ExitStack() as held:
        idle = [first, *(held.enter_context(connected(server)) for _ in range(20))]
        for number, stream in enumerate(idle):
            with suppress(OSError):
                # a byte now and then keeps nobody's place
                stream.sendall(sent)
                if number % 2 and sent != SILENT:
                    stream.sendall(b"x")
        with connected(server) as late:
            ask(late, "/late")
            assert answered(late) == b"/late"
        for stream in idle[: len(idle) - SMALL_TABLE]:
            with suppress(ConnectionResetError):
                assert stream.recv(1) == b""


def test_a_body_that_comes_on_keeps_its_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_server, "MAX_CONNECTIONS", SMALL_TABLE)
    parts = 2 * SMALL_TABLE
    with serves(Paths()) as (server, upload), ExitStack() as held:
        size = parts * http_server.ARRIVING_BYTES
        upload.sendall(f"PUT /1 HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n\r\n".encode())
        body = arriving(server)
        for part in range(1, parts):
            upload.sendall(b"x" * http_server.ARRIVING_BYTES)
            until(lambda: len(body) == part * http_server.ARRIVING_BYTES)  # noqa: B023 - called at once
            held.enter_context(connected(server))
            until(lambda: len(server.active_channels) == min(part + 1, SMALL_TABLE - 2))  # noqa: B023 - as above
        upload.sendall(b"x" * http_server.ARRIVING_BYTES)
        assert answered(upload) == b"/1"


def test_nobody_is_closed_whose_request_is_being_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_server, "MAX_CONNECTIONS", SMALL_TABLE)
    app = Waiting()
    with serves(app) as (server, first), ExitStack() as held:
        busy = [first, *(held.enter_context(connected(server)) for _ in range(3))]
        for stream in busy:
            ask(stream, "/busy")
        for _ in busy:
            assert app.began.acquire(timeout=30)
        with connected(server) as waiting:
            ask(waiting, "/waiting")
            assert not server.readable()
            for _ in range(5):
                app.go_on.release()
            assert [answered(stream) for stream in (*busy, waiting)] == [b"ok"] * 5


def test_a_body_is_read_when_its_head_showed_a_key_and_not_before(aws: LocalAws) -> None:
    """Nobody sends the body here: what waited for it would not be answered."""
    for path, headers, status in (
        ("/docs/x", {"Authorization": claim("AKIAUNKNOWNXXEXAMPLE", "s3")}, 403),
        ("/docs/x", {"Authorization": claim(people.key_id("path"), "s3")}, 403),
        ("/docs/x", {"Authorization": claim(people.key_id("admin"), "s3"), **TOKEN}, 403),
        ("/docs/x", {"Authorization": "Basic YTpi"}, 400),
        ("/docs/x", {}, 403),
        ("/", {}, 403),
        ("/moto-api/reset", {}, 403),
        ("/_console/sign-in", {}, 413),
        ("/v1/token", {}, 413),
        ("/docs/x", {"Authorization": claim(people.key_id("admin"), "s3")}, 400),
    ):
        for length in ("Content-Length: 99999999", "Transfer-Encoding: chunked"):
            if "chunked" in length and status in {400, 413}:
                continue
            lines = [f"POST {path} HTTP/1.1", f"Host: {urlsplit(aws.url).netloc}", length]
            lines += [f"{name}: {value}" for name, value in (headers | DATE).items()]
            with connect(aws) as stream:
                stream.sendall("\r\n".join([*lines, "Expect: 100-continue", "", ""]).encode())
                assert first_line(stream).split()[1] == str(status).encode(), (path, headers)


DATE = {"X-Amz-Date": "20260101T000000Z"}
TOKEN = {"X-Amz-Security-Token": "bm8gdG9rZW4="}


def claim(key: str, service: str) -> str:
    stamp = datetime.now(UTC).strftime("%Y%m%d")
    return (
        f"AWS4-HMAC-SHA256 Credential={key}/{stamp}/us-east-1/{service}/aws4_request, "
        f"SignedHeaders=host;x-amz-date, Signature=0"
    )


def test_a_known_key_may_send_a_body(aws: LocalAws) -> None:
    for key, word in ((people.key_id("admin"), True), ("AKIAUNKNOWNXXEXAMPLE", False)):
        head = f"PUT /docs/x HTTP/1.1\r\nHost: localhost\r\nAuthorization: {claim(key, 's3')}\r\n"
        head += "X-Amz-Date: 20260101T000000Z\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n"
        with connect(aws) as stream:
            stream.sendall(head.encode())
            assert (b" 100 " in first_line(stream)) is word


def test_a_long_body_is_in_a_file_until_it_is_answered() -> None:
    with serves(Paths()) as (server, stream):
        size = 4 * http_server.ARRIVING_BYTES
        stream.sendall(f"PUT /1 HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n\r\n".encode())
        stream.sendall(b"x" * (size - 1))
        body = arriving(server)
        until(lambda: len(body) == size - 1)
        assert body.buf.overflowed
        stream.sendall(b"x")
        assert answered(stream) == b"/1"


def test_bodies_that_have_no_room_in_memory_wait_their_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    size = 2 * http_server.ARRIVING_BYTES
    monkeypatch.setattr(http_server, "MAX_BODY_BYTES", 2 * size)
    app = Waiting()
    with serves(app) as (server, first), ExitStack() as held:
        streams = [first, *(held.enter_context(connected(server)) for _ in range(3))]
        for stream in streams:
            head = f"PUT /1 HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n\r\n"
            stream.sendall(head.encode() + b"x" * size)
        for _ in range(2):
            assert app.began.acquire(timeout=30)
        until(lambda: sum(each.is_busy() for each in [*server.active_channels.values()]) == 4)
        assert server.memory._left == 0
        assert not app.began.acquire(blocking=False)
        with connected(server) as small:
            # who brings nothing waits for nobody
            ask(small, "/small")
            assert app.began.acquire(timeout=30)
            for _ in range(5):
                app.go_on.release()
            assert [answered(stream) for stream in (*streams, small)] == [b"ok"] * 5
        # an answer may arrive before its worker is done
        until(lambda: server.memory._left + server.memory._answered == 2 * size)


def test_a_body_counts_until_it_is_out_of_memory() -> None:
    """moto's objects refer to each other, and keep what they were given until somebody looks."""
    memory = http_server._Memory(10)
    kept: list[weakref.ref[Body]] = []
    for _ in range(3):
        with memory.holding(6):
            assert [each() for each in kept] == [None] * len(kept)
            body = Body()
            body.me = body
            kept.append(weakref.ref(body))
            del body


class Body:
    """A body that nothing but itself refers to."""

    me: "Body"


def test_a_body_with_no_room_for_its_file_ends_its_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "no space left")

    monkeypatch.setattr(buffers.TempfileBasedBuffer, "__init__", full)
    with serves(Paths()) as (server, stream):
        size = 2 * http_server.ARRIVING_BYTES
        stream.sendall(f"PUT /1 HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n\r\n".encode())
        with suppress(OSError):
            stream.sendall(b"x" * size)
        with suppress(ConnectionResetError):
            assert stream.recv(1) == b""
        with connected(server) as other:
            ask(other, "/2")
            assert answered(other) == b"/2"


EXPECTS = b"Host: localhost\r\nExpect: 100-continue\r\n"


CONTINUE, OK = b"HTTP/1.1 100 Continue\r\n", b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    ("sent", "lines"),
    [
        (b"PUT /1 HTTP/1.1\r\n" + EXPECTS + b"Content-Length: 0\r\n\r\n", [CONTINUE, b"\r\n", OK]),
        (b"PUT /1 HTTP/1.1\r\n" + EXPECTS + b"\r\n", [CONTINUE, b"\r\n", OK]),
        (b"GET /1 HTTP/1.1\r\n" + EXPECTS + b"\r\n", [CONTINUE, b"\r\n", OK]),
        (
            b"PUT /1 HTTP/1.0\r\n" + EXPECTS + b"Content-Length: 0\r\n\r\n",
            [OK.replace(b"1.1", b"1.0")],
        ),
        (b"PUT /1 HTTP/1.1\r\n" + EXPECTS + b"Content-Length: 99999999\r\n\r\n", [OK]),
        (
            b"PUT /1 HTTP/1.1\r\n" + EXPECTS + b"Content-Length: x\r\n\r\n",
            [b"HTTP/1.0 400 Bad Request\r\n"],
        ),
        (
            b"PUT /1 HTTP/1.1\r\n" + EXPECTS + b"Transfer-Encoding: gzip\r\n\r\n",
            [b"HTTP/1.0 400 Bad Request\r\n"],
        ),
    ],
)
def test_who_expects_a_word_and_sends_nothing_gets_the_answer(
    sent: bytes, lines: list[bytes]
) -> None:
    """An empty body gets the word, too: the AWS CLI misreads the answer after one without it."""
    with serves(Paths()) as (_, stream):
        stream.sendall(sent)
        with stream.makefile("rb") as answer:
            assert [answer.readline() for _ in lines] == lines


@pytest.mark.parametrize("length", [b"Content-Length: 2", b"Transfer-Encoding: chunked"])
def test_who_expects_a_word_gets_it_before_the_body(length: bytes) -> None:
    with serves(Paths()) as (_, stream):
        stream.sendall(b"PUT /1 HTTP/1.1\r\n" + EXPECTS + length + b"\r\n\r\n")
        with stream.makefile("rb") as answer:
            assert answer.readline() == b"HTTP/1.1 100 Continue\r\n"
            assert answer.readline() == b"\r\n"
            stream.sendall(b"ab" if b"Length" in length else b"2\r\nab\r\n0\r\n\r\n")
            assert answer.readline() == b"HTTP/1.1 200 OK\r\n"
