"""The HTTP server: slow, silent, many and malformed clients, and a stop."""

import errno
import http.client
import json
import select
import socket
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
from waitress import buffers

import localaws_people as people
from localaws_people import client
from sekisho.localaws import LocalAws, serving
from sekisho.localaws.serving import MAX_BODY_BYTES, HttpServer
from sekisho.localaws.throttle import (
    MOST_OF_STRANGERS,
    MOST_WRONG,
    WINDOW_OF_TRIES,
    Throttle,
)


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws(people.account()) as running:
        yield running


def connect(aws: LocalAws) -> socket.socket:
    where = urlsplit(aws.url)
    return socket.create_connection((where.hostname or "", where.port or 0), 30)


def first_line(stream: socket.socket) -> bytes:
    with stream.makefile("rb") as answer:
        return answer.readline()


def test_clients_that_say_nothing_take_no_worker(aws: LocalAws) -> None:
    silent = [connect(aws) for _ in range(4 * serving.WORKERS)]
    try:
        for half in silent[::2]:
            half.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nhalf")
        started = time.monotonic()
        client(aws, "sts").get_caller_identity()
        assert time.monotonic() - started < 10
    finally:
        for stream in silent:
            stream.close()


@pytest.mark.parametrize("sent", [b"", b"POST / HTTP/1.1\r\nHost: localhost\r\n"])
def test_a_silent_connection_is_closed(sent: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "IDLE_SECONDS", 1)
    monkeypatch.setattr(serving, "_CLEANUP_SECONDS", 1)
    with LocalAws(people.account()) as short, connect(short) as stream:
        stream.sendall(sent)
        assert stream.recv(1) == b""


def test_a_request_that_trickles_in_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "REQUEST_SECONDS", 1)
    monkeypatch.setattr(serving, "_CLEANUP_SECONDS", 1)
    with LocalAws(people.account()) as short, connect(short) as stream:
        closed = False
        for _ in range(100):
            try:
                stream.sendall(b"GET" if closed is None else b"G")
                stream.settimeout(0.2)
                closed = stream.recv(1) == b""
            except TimeoutError:
                continue
            except OSError:
                closed = True
            if closed:
                break
        assert closed


SILENT = b""
HALF = b"PUT /half HTTP/1.1\r\nHost: localhost\r\n"
TRICKLE = b"PUT /half HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nab"
SMALL_TABLE = 6
"""Places, of which two are the server's own."""


@pytest.mark.parametrize("sent", [SILENT, HALF, TRICKLE])
def test_who_is_idle_longest_makes_room_when_all_connections_are_taken(
    sent: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "MAX_CONNECTIONS", SMALL_TABLE)
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
    monkeypatch.setattr(serving, "MAX_CONNECTIONS", SMALL_TABLE)
    parts = 2 * SMALL_TABLE
    with serves(Paths()) as (server, upload), ExitStack() as held:
        size = parts * serving.ARRIVING_BYTES
        upload.sendall(f"PUT /1 HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n\r\n".encode())
        body = arriving(server)
        for part in range(1, parts):
            upload.sendall(b"x" * serving.ARRIVING_BYTES)
            until(lambda: len(body) == part * serving.ARRIVING_BYTES)  # noqa: B023 - called at once
            held.enter_context(connected(server))
            until(lambda: len(server.active_channels) == min(part + 1, SMALL_TABLE - 2))  # noqa: B023 - as above
        upload.sendall(b"x" * serving.ARRIVING_BYTES)
        assert answered(upload) == b"/1"


def test_nobody_is_closed_whose_request_is_being_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "MAX_CONNECTIONS", SMALL_TABLE)
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
        size = 4 * serving.ARRIVING_BYTES
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
    size = 2 * serving.ARRIVING_BYTES
    monkeypatch.setattr(serving, "MAX_BODY_BYTES", 2 * size)
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
    memory = serving._Memory(10)
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
        size = 2 * serving.ARRIVING_BYTES
        stream.sendall(f"PUT /1 HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n\r\n".encode())
        with suppress(OSError):
            stream.sendall(b"x" * size)
        with suppress(ConnectionResetError):
            assert stream.recv(1) == b""
        with connected(server) as other:
            ask(other, "/2")
            assert answered(other) == b"/2"


EXPECTS = b"Host: localhost\r\nExpect: 100-continue\r\n"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"PUT /1 HTTP/1.1\r\n" + EXPECTS + b"Content-Length: 0\r\n\r\n", 200),
        (b"PUT /1 HTTP/1.1\r\n" + EXPECTS + b"\r\n", 200),
        (b"GET /1 HTTP/1.1\r\n" + EXPECTS + b"\r\n", 200),
        (b"PUT /1 HTTP/1.0\r\n" + EXPECTS + b"Content-Length: 0\r\n\r\n", 200),
        (b"PUT /1 HTTP/1.1\r\n" + EXPECTS + b"Content-Length: 99999999\r\n\r\n", 200),
        (b"PUT /1 HTTP/1.1\r\n" + EXPECTS + b"Content-Length: x\r\n\r\n", 400),
        (b"PUT /1 HTTP/1.1\r\n" + EXPECTS + b"Transfer-Encoding: gzip\r\n\r\n", 400),
    ],
)
def test_who_expects_a_word_and_sends_nothing_gets_the_answer(sent: bytes, status: int) -> None:
    with serves(Paths()) as (_, stream):
        stream.sendall(sent)
        assert int(first_line(stream).split()[1]) == status


@pytest.mark.parametrize("length", [b"Content-Length: 2", b"Transfer-Encoding: chunked"])
def test_who_expects_a_word_gets_it_before_the_body(length: bytes) -> None:
    with serves(Paths()) as (_, stream):
        stream.sendall(b"PUT /1 HTTP/1.1\r\n" + EXPECTS + length + b"\r\n\r\n")
        with stream.makefile("rb") as answer:
            assert answer.readline() == b"HTTP/1.1 100 Continue\r\n"
            assert answer.readline() == b"\r\n"
            stream.sendall(b"ab" if b"Length" in length else b"2\r\nab\r\n0\r\n\r\n")
            assert answer.readline() == b"HTTP/1.1 200 OK\r\n"


def test_a_connection_serves_many_requests(aws: LocalAws) -> None:
    with connect(aws) as stream:
        for _ in range(3):
            stream.sendall(b"GET /docs HTTP/1.1\r\nHost: localhost\r\n\r\n")
            answer = http.client.HTTPResponse(stream)
            answer.begin()
            assert answer.status == 403
            answer.read()
            answer.close()


# --- one connection and two threads: the one that reads all, and a worker that is free


class Paths:
    """An application that answers with the path, and remembers what it answered."""

    def __init__(self) -> None:
        self.answered: list[str] = []
        self.again = threading.Event()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        path = str(environ["PATH_INFO"])
        if path in self.answered:
            self.again.set()
        self.answered.append(path)
        if path == "/slow":
            self.again.wait(0.3)
        start_response("200 OK", [("Content-Length", str(len(path)))])
        return [path.encode()]


class Waiting:
    """An application that answers when it is told to."""

    def __init__(self) -> None:
        self.began, self.go_on = threading.Semaphore(0), threading.Semaphore(0)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        self.began.release()
        self.go_on.acquire(timeout=30)
        start_response("200 OK", [("Content-Length", "2")])
        return [b"ok"]


def connected(server: HttpServer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), 30)


def until(holds: Callable[[], bool]) -> None:
    """Wait for what another thread does; a test that waits in vain fails."""
    for _ in range(3000):
        if holds():
            return
        time.sleep(0.01)
    raise AssertionError("it has not happened")


@contextmanager
def serves(app: Callable[..., Any]) -> Iterator[tuple[HttpServer, socket.socket]]:
    server = HttpServer(app, socket.create_server(("127.0.0.1", 0)), any_length)
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        with connected(server) as stream:
            yield server, stream
    finally:
        server.stop(thread)


def any_length(*_: object) -> int:
    return MAX_BODY_BYTES


def arriving(server: HttpServer) -> Any:
    """Return the body that somebody sends, once its head is there."""
    until(lambda: any(each.request for each in [*server.active_channels.values()]))
    return only_channel(server).request.body_rcv


def ask(stream: socket.socket, path: str) -> None:
    stream.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())


def answered(stream: socket.socket) -> bytes:
    with closing(http.client.HTTPResponse(stream)) as answer:
        answer.begin()
        return answer.read()


def only_channel(server: HttpServer) -> Any:
    (channel,) = server.active_channels.values()
    return channel


def test_a_read_that_finds_nothing_ends_no_connection() -> None:
    with serves(Paths()) as (server, stream):
        ask(stream, "/1")
        assert answered(stream) == b"/1"
        # so reads the other thread when it asked whether to before a worker had begun
        only_channel(server).handle_read()
        ask(stream, "/2")
        assert answered(stream) == b"/2"


def test_no_request_is_answered_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    waits, in_vain = threading.Event(), threading.Event()

    def wait_in_vain(_: object) -> bool:
        waits.set()
        return not in_vain.wait(30)

    monkeypatch.setattr(serving._Channel, "_next", wait_in_vain)
    app = Paths()
    with serves(app) as (server, stream):
        ask(stream, "/1")
        assert answered(stream) == b"/1"
        assert waits.wait(30)
        ask(stream, "/slow")
        only_channel(server).handle_read()
        in_vain.set()
        assert answered(stream) == b"/slow"
    assert app.answered == ["/1", "/slow"]


def test_nothing_is_sent_twice() -> None:
    with serves(Paths()) as (server, stream):
        ask(stream, "/1")
        assert answered(stream) == b"/1"
        channel = only_channel(server)
        with channel.outbuf_lock:
            # so far is a worker that tells a client to go on when the other thread writes, too
            channel.outbufs[-1].append(b"x")
            channel.total_outbufs_len += 1
            other = threading.Thread(target=channel.handle_write)
            other.start()
            other.join(30)
            assert channel.total_outbufs_len == 1


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n", b" 403 "),
        (b"garbage\r\n\r\n", b" 400 "),
    ],
)
def test_who_is_refused_in_the_middle_may_finish_and_read_why(
    aws: LocalAws, head: bytes, status: bytes
) -> None:
    with connect(aws) as stream:
        stream.sendall(head)
        select.select([stream], [], [], 30)
        for _ in range(20):
            stream.sendall(b"x" * 50_000)
        with stream.makefile("rb") as answer:
            assert status in answer.readline()
            assert answer.read()


def test_who_never_stops_sending_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    with serves(Paths()) as (server, stream):
        stream.sendall(b"garbage\r\n\r\n")
        while stream.recv(4096):
            pass
        channel = only_channel(server)
        assert not channel.will_close
        monkeypatch.setattr(serving, "LEAVE_SECONDS", -1)
        server.maintenance(time.time())
        assert channel.will_close


class _BeingRead:
    """A connection whose request a worker finishes between two looks at it."""

    def __init__(self) -> None:
        self.requests, self.last_activity = [None], time.time()
        self.leaving, self.will_close = None, False
        self._parsers = iter((SimpleNamespace(began=time.monotonic()),))

    @property
    def request(self) -> SimpleNamespace | None:
        return next(self._parsers, None)


def test_a_request_that_is_finished_meanwhile_does_not_end_the_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with serves(Paths()) as (server, _):
        channel = _BeingRead()
        monkeypatch.setattr(server, "active_channels", {0: channel})
        server.maintenance(time.time())
        monkeypatch.undo()
        assert not channel.will_close


def slow_app(began: threading.Event, seconds: float) -> Callable[..., Any]:
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        began.set()
        time.sleep(seconds)
        start_response("200 OK", [("Content-Length", "2"), ("Connection", "close")])
        return [b"ok"]

    return app


@pytest.mark.parametrize(("seconds", "answered"), [(0.5, True), (3, False)])
def test_a_stop_waits_for_what_is_being_answered_but_not_for_ever(
    seconds: float, answered: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "DRAIN_SECONDS", 1.5)
    began = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))
    server = HttpServer(slow_app(began, seconds), listener, any_length)
    thread = threading.Thread(target=server.serve)
    thread.start()
    with socket.create_connection(("127.0.0.1", server.port), 30) as stream:
        stream.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert began.wait(30)
        started = time.monotonic()
        server.stop(thread)
        assert time.monotonic() - started < seconds + 2.5
        assert (first_line(stream) == b"HTTP/1.1 200 OK\r\n") is answered


@pytest.mark.parametrize(
    "sent",
    [
        b"GET http://elsewhere/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n X: y\r\nno header\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2, 2\r\n\r\nab",
        b"GET /\xff HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /x HTTP/1.1\r\nHost: localhost\r\nHost: elsewhere\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"garbage\r\n\r\n",
    ],
)
def test_what_is_no_certain_request_is_refused(aws: LocalAws, sent: bytes) -> None:
    with connect(aws) as stream:
        stream.sendall(sent)
        status = int(first_line(stream).split()[1])
        assert 400 <= status < 502


def test_headers_as_long_as_no_client_sends_are_refused(aws: LocalAws) -> None:
    with connect(aws) as stream:
        stream.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 70_000 + b"\r\n\r\n")
        assert first_line(stream).startswith(b"HTTP/1.0 431")


def test_an_authorization_of_60_kb_costs_nothing(aws: LocalAws) -> None:
    for text in (
        "Credential=" * 5_000,
        "AWS4-HMAC-SHA256 " + "Credential=a/1/" * 4_000,
        " " * 60_000,
    ):
        connection = http.client.HTTPConnection(urlsplit(aws.url).netloc, timeout=30)
        started = time.process_time()
        connection.request("GET", "/docs", headers={"Authorization": "x" + text + "x"})
        answer = connection.getresponse()
        assert answer.status == 400
        assert time.process_time() - started < 0.5
        answer.close()
        connection.close()


def test_4000_tags_are_refused_by_the_limit_and_not_after_them(aws: LocalAws) -> None:
    iam = client(aws, "iam")
    tags = [{"Key": f"k{n}", "Value": "v"} for n in range(4_000)]
    started = time.process_time()
    with pytest.raises(iam.exceptions.ClientError, match="less than or equal to 50") as caught:
        iam.tag_user(UserName="admin", Tags=tags)
    assert time.process_time() - started < 2
    assert caught.value.response["Error"]["Code"] == "ValidationError"
    assert iam.list_user_tags(UserName="admin")["Tags"] == []


def test_an_object_is_no_page_of_the_sign_in(aws: LocalAws) -> None:
    s3 = client(aws, "s3")
    s3.create_bucket(Bucket="docs")
    s3.put_object(Bucket="docs", Key="page", Body=b"<script>", ContentType="text/html")
    headers = s3.get_object(Bucket="docs", Key="page")["ResponseMetadata"]["HTTPHeaders"]
    assert "sandbox" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"


@pytest.fixture
def silent_listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.5)
        yield listener


def test_nothing_is_sent_to_an_address_outside(
    aws: LocalAws, silent_listener: socket.socket
) -> None:
    endpoint = f"http://127.0.0.1:{silent_listener.getsockname()[1]}/"
    sns, events = client(aws, "sns"), client(aws, "events")
    topic = sns.create_topic(Name="news")["TopicArn"]
    with pytest.raises(sns.exceptions.ClientError, match="nothing leaves the local AWS"):
        sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=endpoint)
    assert sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == []
    with pytest.raises(events.exceptions.ClientError, match="nothing leaves the local AWS"):
        events.create_api_destination(
            Name="out",
            ConnectionArn=f"arn:aws:events:us-east-1:{people.ACCOUNT}:connection/c/1",
            InvocationEndpoint=endpoint,
            HttpMethod="POST",
        )
    with pytest.raises(TimeoutError):
        silent_listener.accept()


def test_a_moto_that_reaches_out_by_itself_is_stopped(
    aws: LocalAws, silent_listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next moto may deliver in a way that nobody here has thought of, and hide the error."""
    from moto.sns.models import SNSBackend  # noqa: PLC0415 - moto's, for this test alone

    where = silent_listener.getsockname()

    def create(*_: object, **__: object) -> None:
        for reach in (
            lambda: socket.create_connection(where, 1),
            lambda: threading.Thread(target=socket.create_connection, args=(where, 1)).start(),
        ):
            try:
                reach()
            except Exception:  # noqa: S112 - as moto does
                continue

    monkeypatch.setattr(SNSBackend, "create_topic", create)
    sns = client(aws, "sns")
    with pytest.raises(sns.exceptions.ClientError, match="NotImplemented"):
        sns.create_topic(Name="sly")
    with pytest.raises(TimeoutError):
        silent_listener.accept()
    # where nobody is answered, everything is as it was
    socket.create_connection(where, 1).close()


def sign_in(
    aws: LocalAws, step: str, source: str = "127.0.0.1", **fields: str
) -> tuple[int, dict[str, Any]]:
    where = urlsplit(aws.url).netloc
    connection = http.client.HTTPConnection(where, timeout=30, source_address=(source, 0))
    try:
        connection.request("POST", f"/_console/{step}", json.dumps(fields))
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


@pytest.mark.parametrize("user", ["admin", "no-such-user"])
def test_wrong_passwords_are_throttled_by_the_clock(user: str) -> None:
    with LocalAws(people.account()) as aws:
        if user == "admin":
            client(aws, "iam").create_login_profile(UserName="admin", Password="Right-9-right")
        wrong = {"account": people.ACCOUNT, "user": user, "password": "wrong"}
        for _ in range(MOST_WRONG):
            status, answer = sign_in(aws, "sign-in", **wrong)
            assert (status, answer["error"]["code"]) == (401, "SigninFailed")
        right = wrong | {"password": "Right-9-right"}
        status, answer = sign_in(aws, "sign-in", **right)
        assert (status, answer["error"]["code"]) == (429, "TooManyAttempts")
        aws.clock.advance(WINDOW_OF_TRIES - timedelta(seconds=30))
        assert sign_in(aws, "sign-in", **right)[0] == 429
        aws.clock.advance(timedelta(seconds=31))
        assert sign_in(aws, "sign-in", **right)[0] == (200 if user == "admin" else 401)


def test_wrong_codes_are_throttled_whatever_asks_for_them() -> None:
    with LocalAws(people.account()) as aws:
        sts = client(aws, "sts")
        serial = f"arn:aws:iam::{people.ACCOUNT}:mfa/admin"
        for _ in range(MOST_WRONG):
            with pytest.raises(sts.exceptions.ClientError, match="AccessDenied"):
                sts.get_session_token(SerialNumber=serial, TokenCode="000000")
        # a session of the key is the key
        with_token = client(aws, "sts", **people.session(sts.get_session_token()))
        for caller in (sts, with_token):
            with pytest.raises(sts.exceptions.ClientError, match="Throttling"):
                caller.assume_role(
                    RoleArn=f"arn:aws:iam::{people.ACCOUNT}:role/Ops",
                    RoleSessionName="ops",
                    SerialNumber=serial,
                    TokenCode=people.fresh_code(aws),
                )
        aws.clock.advance(WINDOW_OF_TRIES)
        code = people.fresh_code(aws)
        assert sts.get_session_token(SerialNumber=serial, TokenCode=code)["Credentials"]
        # a right one makes the wrong ones forgotten
        for _ in range(MOST_WRONG):
            with pytest.raises(sts.exceptions.ClientError, match="AccessDenied"):
                sts.get_session_token(SerialNumber=serial, TokenCode="000000")


def test_a_stolen_key_guesses_no_password_and_keeps_nobody_out() -> None:
    with LocalAws(people.account()) as aws:
        iam, sts = client(aws, "iam"), client(aws, "sts")
        iam.create_login_profile(UserName="admin", Password="Right-9-right")
        serial = f"arn:aws:iam::{people.ACCOUNT}:mfa/admin"
        for _ in range(MOST_WRONG):
            with pytest.raises(iam.exceptions.ClientError, match="AccessDenied"):
                iam.change_password(OldPassword="wrong", NewPassword="Other-9-other")
            with pytest.raises(iam.exceptions.ClientError, match="AccessDenied"):
                sts.get_session_token(SerialNumber=serial, TokenCode="000000")
        with pytest.raises(iam.exceptions.ClientError, match="Throttling"):
            iam.change_password(OldPassword="Right-9-right", NewPassword="Other-9-other")
        # the owner is at the console, and has another key
        fields = {"account": people.ACCOUNT, "user": "admin", "password": "Right-9-right"}
        status, answer = sign_in(aws, "sign-in", **fields)
        assert (status, answer["next"]) == (200, "mfa")
        code = people.fresh_code(aws)
        status, answer = sign_in(aws, "mfa", ticket=answer["ticket"], code=code)
        assert (status, answer["next"]) == (200, "done")
        other = iam.create_access_key(UserName="admin")["AccessKey"]
        keys = {
            "aws_access_key_id": other["AccessKeyId"],
            "aws_secret_access_key": other["SecretAccessKey"],
        }
        code = people.fresh_code(aws)
        client(aws, "sts", **keys).get_session_token(SerialNumber=serial, TokenCode=code)


def test_sources_that_were_never_right_have_few_tries_together() -> None:
    throttle, now = Throttle(), datetime.now(UTC)
    throttle.spend("password ann", "127.0.0.1", now)
    throttle.clear("password ann", "127.0.0.1")
    sources = [f"127.0.1.{number}" for number in range(100)]
    made = sum(throttle.spend("password ann", each, now) for each in sources)
    assert made == MOST_OF_STRANGERS
    assert not throttle.spend("password ann", "127.0.2.1", now)
    assert throttle.spend("password ann", "127.0.0.1", now)
    assert throttle.spend("password bob", "127.0.2.1", now)
    assert throttle.spend("password ann", "127.0.2.1", now + WINDOW_OF_TRIES)


def test_a_password_and_the_same_with_a_nul_are_two() -> None:
    with LocalAws(people.account()) as aws:
        iam = client(aws, "iam")
        for password in ("Right-9-right\0", "\0Right-9-right"):
            with pytest.raises(iam.exceptions.ClientError, match="holds a NUL"):
                iam.create_login_profile(UserName="admin", Password=password)
        iam.create_login_profile(UserName="admin", Password="Right-9-right")
        fields = {"account": people.ACCOUNT, "user": "admin"}
        assert sign_in(aws, "sign-in", **fields, password="Right-9-right\0")[0] == 401
        assert sign_in(aws, "sign-in", **fields, password="Right-9-right")[0] == 200


def test_an_unknown_user_takes_as_long_as_a_known_one(monkeypatch: pytest.MonkeyPatch) -> None:
    from sekisho.localaws import sealing  # noqa: PLC0415 - as above

    with LocalAws(people.account()) as aws:
        client(aws, "iam").create_login_profile(UserName="admin", Password="Right-9-right")
        derived: list[str] = []
        derive = sealing._derive

        def counting(password: str, salt: bytes) -> bytes:
            derived.append(password)
            return derive(password, salt)

        sealing.hash_of_nobody()
        monkeypatch.setattr(sealing, "_derive", counting)
        for user in ("admin", "reader", "no-such-user"):
            derived.clear()
            fields = {"account": people.ACCOUNT, "user": user, "password": "wrong"}
            assert sign_in(aws, "sign-in", **fields)[0] == 401
            assert len(derived) == 1
