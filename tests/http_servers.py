"""Small applications behind the HTTP server, and clients of a few lines."""

import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from sekisho.localaws import HttpServer
from sekisho.localaws.wire.http_server import MAX_BODY_BYTES


def first_line(stream: socket.socket) -> bytes:
    with stream.makefile("rb") as answer:
        return answer.readline()


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
