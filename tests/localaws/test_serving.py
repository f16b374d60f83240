"""The HTTP server: slow, silent, many and malformed clients, and a stop.

Reads `localaws.wire.http_server` itself, because its limits are what these clients go to.
"""

import http.client
import os
import select
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from types import SimpleNamespace
from typing import IO, Any
from urllib.parse import urlsplit
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest

import localaws_people as people
from http_servers import (
    Paths,
    answered,
    any_length,
    ask,
    first_line,
    only_channel,
    serves,
    until,
)
from localaws_people import client
from sekisho.localaws import HttpServer, LocalAws
from sekisho.localaws.wire import http_server


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws(people.account()) as running:
        yield running


def connect(aws: LocalAws) -> socket.socket:
    where = urlsplit(aws.url)
    return socket.create_connection((where.hostname or "", where.port or 0), 30)


def test_clients_that_say_nothing_take_no_worker(aws: LocalAws) -> None:
    silent = [connect(aws) for _ in range(4 * http_server.WORKERS)]
    try:
        for half in silent[::2]:
            half.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nhalf")
        started = time.monotonic()
        client(aws, "sts").get_caller_identity()
        # nor did it wait for the first of them to be given up
        assert time.monotonic() - started < http_server.IDLE_SECONDS
    finally:
        for stream in silent:
            stream.close()


@pytest.mark.parametrize("sent", [b"", b"POST / HTTP/1.1\r\nHost: localhost\r\n"])
def test_a_silent_connection_is_closed(sent: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_server, "IDLE_SECONDS", 1)
    monkeypatch.setattr(http_server, "_CLEANUP_SECONDS", 1)
    with LocalAws(people.account()) as short, connect(short) as stream:
        stream.sendall(sent)
        assert stream.recv(1) == b""


def test_a_request_that_trickles_in_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_server, "REQUEST_SECONDS", 1)
    monkeypatch.setattr(http_server, "_CLEANUP_SECONDS", 1)
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

    monkeypatch.setattr(http_server._Channel, "_next", wait_in_vain)
    app = Paths()
    with serves(app) as (server, stream):
        until(server.has_idle)
        for number in range(30):
            ask(stream, f"/{number}")
            assert answered(stream) == f"/{number}".encode()
            # a worker keeps no connection whose answer the other thread has sent
            if waits.wait(1):
                break
        assert waits.is_set()
        before = [*app.answered]
        ask(stream, "/slow")
        only_channel(server).handle_read()
        in_vain.set()
        assert answered(stream) == b"/slow"
    assert app.answered == [*before, "/slow"]


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
        monkeypatch.setattr(http_server, "LEAVE_SECONDS", -1)
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


def slow_app(began: threading.Event, go_on: threading.Event) -> Callable[..., Any]:
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        began.set()
        go_on.wait(60)
        start_response("200 OK", [("Content-Length", "2"), ("Connection", "close")])
        return [b"ok"]

    return app


@pytest.mark.parametrize(("drain", "answered"), [(60, True), (0.5, False)])
def test_a_stop_waits_for_what_is_being_answered_but_not_for_ever(
    drain: float, answered: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_server, "DRAIN_SECONDS", drain)
    began, go_on = threading.Event(), threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))
    server = HttpServer(slow_app(began, go_on), listener, any_length)
    thread = threading.Thread(target=server.serve)
    thread.start()
    with socket.create_connection(("127.0.0.1", server.port), 30) as stream:
        stream.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert began.wait(30)
        if answered:
            threading.Timer(0.5, go_on.set).start()
        server.stop(thread)
        # where it is not answered, nothing but the end of the wait has let the stop return
        assert go_on.is_set() is answered
        go_on.set()
        assert (first_line(stream) == b"HTTP/1.1 200 OK\r\n") is answered


def test_a_stop_closes_the_files_that_nobody_has_read() -> None:
    """A browser that went to another page leaves a script of the last one unread."""
    given: list[IO[bytes]] = []

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        file = tempfile.TemporaryFile()  # noqa: SIM115  # the server closes it
        file.truncate(1 << 30)
        given.append(file)
        start_response("200 OK", [("Content-Length", str(1 << 30))])
        wrapped: Iterable[bytes] = environ["wsgi.file_wrapper"](file)
        return wrapped

    server = HttpServer(app, socket.create_server(("127.0.0.1", 0)), any_length)
    thread = threading.Thread(target=server.serve)
    thread.start()
    with socket.create_connection(("127.0.0.1", server.port), 30) as stream:
        stream.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert first_line(stream) == b"HTTP/1.1 200 OK\r\n"
        server.stop(thread)
    assert given[0].closed


@pytest.mark.skipif(os.name == "nt", reason="the reader is woken by a socket there")
def test_who_is_done_after_the_stop_writes_to_no_other_file() -> None:
    """A worker wakes the reader by the number of a pipe, which is another file's after the stop."""
    with serves(Paths()) as (server, stream):
        ask(stream, "/1")
        assert answered(stream) == b"/1"
        number = server.trigger.trigger
    reads, writes = os.pipe()
    try:
        if number != writes:
            os.dup2(writes, number)
        server.pull_trigger()
        assert not select.select([reads], [], [], 0)[0]
    finally:
        for each in {reads, writes, number}:
            os.close(each)


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
