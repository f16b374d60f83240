"""The HTTP server in front of the local AWS: waitress, with raw addresses and every header's name.

One thread reads and writes all connections and gives whole requests to a few workers, so that a
client that is slow, silent or gone costs a connection and no worker. A worker that is free reads
the next request of its connection itself; one thread at a time reads a connection, and one at a
time writes to it. Connections are limited in number and in time. waitress hides three things that
matter to AWS's protocols, which are put back: the address as it came, a header that comes twice,
and underscores in the names of S3's metadata.

Source: PEP 3333; RFC 9112 (section 9.6: the end of a connection); waitress's documentation,
"Arguments to waitress.serve".
"""

import logging
import select
import socket
import threading
import time
from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote_to_bytes
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from moto.core.request import (
    PRESERVED_HEADER_NAMES_ENVIRON_KEY,
    environ_key_for_header,
    should_preserve_original_header_name,
)
from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError, get_header_lines
from waitress.server import TcpWSGIServer
from waitress.task import ErrorTask, Task, ThreadedTaskDispatcher, WSGITask, hop_by_hop
from waitress.utilities import BadRequest, RequestEntityTooLarge

from sekisho.localaws.loopback import stop
from sekisho.localaws.unambiguous import REPEATED

MAX_CONNECTIONS = 256
"""Connections at a time; more wait until one ends."""

MAX_HEADER_BYTES = 64 * 1024
WORKERS = 32
IDLE_SECONDS: float = 60
"""How long a connection may be silent between two requests, or within one."""

REQUEST_SECONDS = 120
"""How long a request may take to arrive."""

LINGER_MILLISECONDS, LINGER_TIMES = 10, 20
"""How long a worker waits for the next request of a connection, and how often, while others are
free."""

DRAIN_SECONDS = 5
"""How long requests that are being answered may take when the server stops."""

LEAVE_SECONDS = 5
"""How long the server reads, and drops, what a client still sends after the last answer."""

_CLEANUP_SECONDS = 5
_CODING = "HTTP_TRANSFER_ENCODING"
_LOGGER = logging.getLogger("sekisho.localaws.http")
# what clients do wrong is answered, not logged; a trace might hold what they sent
_LOGGER.setLevel(logging.CRITICAL)
_MEBIBYTE = 1024 * 1024


class _Parser(HTTPRequestParser):
    """waitress's parser, which tells what it would otherwise hide."""

    def __init__(self, adj: Adjustments) -> None:
        super().__init__(adj)
        self.error: Any = None
        self.repeated = ""
        self.preserved: dict[str, str] = {}
        self.began = time.monotonic()

    def parse_header(self, header_plus: bytes) -> None:
        """Read the first line and the headers.

        Raises:
            ParsingError: for an address that is no path, or a body whose length is not certain.
        """
        first, _, rest = header_plus.partition(b"\r\n")
        parts = first.split(b" ")
        if len(parts) > 1 and not parts[1].startswith(b"/"):
            raise ParsingError("the address is not a path")
        self._read_names(get_header_lines(rest))
        super().parse_header(header_plus)
        if self.content_length > self.adj.max_request_body_size - _MEBIBYTE:
            self.error = RequestEntityTooLarge("the body is too long")
            self.completed, self.expect_continue = True, False

    def received(self, data: bytes) -> int:
        """Take what has come, and return how much of it was this request's."""
        consumed: int = super().received(data)
        if self.completed:
            # nobody waits for a word any more; waitress would give it, and wait for a body that is
            # empty, or too long, or of a request that is wrong
            self.expect_continue = False
        return consumed

    def _read_names(self, lines: Iterable[bytes]) -> None:
        seen: set[str] = set()
        for line in lines:
            name, _, value = line.decode("latin-1").partition(":")
            key = environ_key_for_header(name)
            known = "_" not in name or should_preserve_original_header_name(name)
            if key == _CODING and (key in seen or value.strip(" \t").lower() != "chunked"):
                raise ParsingError("the body is in an encoding that is not known here")
            if key in seen or not known:
                self.repeated = self.repeated or name[:80]
            seen.add(key)
            if "_" in name:
                self.preserved[key] = name
                self.headers[key.removeprefix("HTTP_")] = value.strip(" \t")
            if key == "CONTENT_LENGTH" and not _is_number(value.strip(" \t")):
                raise ParsingError("Content-Length is not a number")
        if _CODING in seen and "CONTENT_LENGTH" in seen:
            raise ParsingError("there are two lengths of the body")


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


class _Task(WSGITask):
    """One request as a WSGI call."""

    logger = _LOGGER

    def get_environment(self) -> WSGIEnvironment:
        """Return what the application is called with."""
        environ: WSGIEnvironment = super().get_environment()
        request = self.request
        environ["RAW_URI"] = request.request_uri
        path = request.request_uri.partition("?")[0]
        environ["PATH_INFO"] = unquote_to_bytes(path).decode("latin-1")
        environ[PRESERVED_HEADER_NAMES_ENVIRON_KEY] = request.preserved
        if request.repeated:
            environ[REPEATED] = request.repeated
        if request.error is not None:
            # of a body that is too long nothing is read: its length is all that is needed
            environ.setdefault("CONTENT_LENGTH", str(self.channel.adj.max_request_body_size))
            self.set_close_on_finish()
        return environ

    def build_response_header(self) -> bytes:
        """Return the head of the answer, with its headers' names as the application gave them."""
        given = {
            "-".join(part.capitalize() for part in name.split("-")).encode(): name.encode()
            for name, _ in self.response_headers
        }
        first, *lines = bytes(super().build_response_header()).split(b"\r\n")
        named = [line.partition(b": ") for line in lines]
        return b"\r\n".join([first, *(given.get(n, n) + mark + v for n, mark, v in named)])


_SERVED = threading.local()
"""The connection whose requests the present thread answers."""


class _Channel(HTTPChannel):
    """One connection."""

    parser_class = _Parser
    task_class = _Task
    logger = _LOGGER

    ended = False
    """Whether the client has said that it will send no more; it may still read."""

    leaving: float | None = None
    """Since when this end sends no more, and drops what still comes."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        # held by the thread that reads this connection, and by a worker until it has answered
        self._use = threading.Lock()
        super().__init__(*arguments, **more)

    def readable(self) -> bool:
        """Tell whether something may come; `handle_read` asks again, as a worker may be faster."""
        if self.leaving is not None:
            return True
        return not (self.ended or self._use.locked()) and super().readable()

    def handle_read(self) -> None:
        """Read what has come, unless a worker does."""
        if not self._use.acquire(blocking=False):
            return
        try:
            self._read()
        finally:
            self._use.release()

    def _read(self) -> None:
        """Read what has come; a client that has ended early is answered, not cut off."""
        connection: Any = self.socket
        if self.leaving is not None:
            # `recv` closes at the client's end
            self.recv(self.adj.recv_bytes)
            return
        try:
            over = connection.recv(1, socket.MSG_PEEK) == b""
        except BlockingIOError:
            # a worker has read it, or nothing came after all
            return
        except OSError:
            over = False
        if not over or (self.request is None and not self.requests):
            super().handle_read()
            return
        with self.requests_lock:
            self.ended = True
            request: Any = self.request
            if request is not None:
                request.error = BadRequest("the body ends before its Content-Length")
                self.requests.append(request)
                self.request = None
                if len(self.requests) == 1:
                    self.server.add_task(self)

    def handle_write(self) -> None:
        """Send what waits, unless a worker does, and end what is to be ended."""
        # waitress takes no lock between two requests, when here a worker may be sending, too
        self._flush_exception(self._flush_some_if_lockable)
        if self.close_when_flushed and not self.total_outbufs_len:
            self.close_when_flushed = False
            self._leave()
        if self.will_close:
            self.handle_close()

    def _leave(self) -> None:
        """Send no more, and close when the client does: to close at once loses the answer.

        A client that is still sending would get a reset, and might never see why.
        """
        connection: Any = self.socket
        self.leaving = time.monotonic()
        try:
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            self.will_close = True

    def service(self) -> None:
        """Answer one request, and those that follow at once while other workers are free.

        A client that asks one thing after the other would otherwise wait for two changes of threads
        each time, which on a busy machine take longer than the answer.
        """
        with self._use:
            _SERVED.channel = self
            try:
                super().service()
                while self._goes_on() and (self.requests or self._next()):
                    super().service()
            finally:
                _SERVED.channel = None
                if self.ended and not self.requests:
                    self.close_when_flushed = True
                if self.requests and self.connected:
                    # it waits for this one; later, the other thread might have added it, too
                    self.server.add_task(self)
        self.server.pull_trigger()

    def _goes_on(self) -> bool:
        over = self.will_close or self.close_when_flushed or self.ended
        return self.connected and not over and not self.total_outbufs_len and self.server.has_idle()

    def _next(self) -> bool:
        """Wait a moment for the next request; what else comes is for the other thread to see."""
        connection: Any = self.socket
        poll = select.poll()
        try:
            poll.register(connection, select.POLLIN)
            for _ in range(LINGER_TIMES):
                if not poll.poll(LINGER_MILLISECONDS):
                    if not self._goes_on():
                        return False
                    continue
                data = connection.recv(self.adj.recv_bytes)
                if not data:
                    return False
                self.last_activity = time.time()  # type: ignore[assignment]  # as waitress itself
                self.received(data)
                if self.requests:
                    return True
        except (OSError, ValueError):
            # closed meanwhile
            return False
        return False

    def error_task_class(  # type: ignore[override]  # waitress asks for no more than a task
        self, channel: HTTPChannel, request: _Parser
    ) -> Task:
        """Return what answers a request that cannot be read."""
        too_long = isinstance(request.error, RequestEntityTooLarge)
        return (_Task if too_long else ErrorTask)(channel, request)


class _Workers(ThreadedTaskDispatcher):
    """The threads that answer."""

    logger = queue_logger = _LOGGER


class HttpServer(TcpWSGIServer):
    """A server on a socket that listens already; `serve` runs it until `stop`.

    Args:
        app: what answers.
        listener: the socket; it is this server's from now on.
        max_body: the longest body in bytes; `app` is told of longer ones, without their content.
    """

    channel_class = _Channel
    logger = _LOGGER

    def __init__(self, app: WSGIApplication, listener: socket.socket, max_body: int) -> None:
        host, port = listener.getsockname()[:2]
        adjustments = Adjustments(
            sockets=[listener],
            threads=WORKERS,
            connection_limit=MAX_CONNECTIONS,
            channel_timeout=IDLE_SECONDS,
            cleanup_interval=_CLEANUP_SECONDS,
            max_request_header_size=MAX_HEADER_BYTES,
            # chunks that run over the limit are read a little further, for a better answer
            max_request_body_size=max_body + _MEBIBYTE,
            # bodies and answers stay in memory, as all the state does
            inbuf_overflow=2 * max_body,
            outbuf_overflow=4 * max_body,
            outbuf_high_watermark=4 * max_body,
            asyncore_use_poll=True,
            server_name=host,
            ident="sekisho",
        )
        # workers send themselves instead of waking the other thread
        adjustments.send_bytes = 1
        self.port = int(port)
        self._stopping = threading.Event()
        workers = _Workers()
        workers.set_thread_count(WORKERS)
        super().__init__(
            _without_hops(app),
            {},
            True,
            listener,
            dispatcher=workers,
            adj=adjustments,
            sockinfo=(listener.family, listener.type, listener.proto, listener.getsockname()),
            bind_socket=False,
        )

    def has_idle(self) -> bool:
        """Tell whether a worker is free, and a connection may keep its own; not without `poll`."""
        workers = self.task_dispatcher
        idle = len(workers.threads) - workers.stop_count - workers.active_count
        return hasattr(select, "poll") and idle > len(workers.queue)

    def add_task(self, task: Any) -> None:
        """Give a connection to a worker, unless this thread is the worker."""
        if getattr(_SERVED, "channel", None) is not task:
            super().add_task(task)

    def pull_trigger(self) -> None:
        """Wake the thread that reads, unless this one goes on reading by itself."""
        if getattr(_SERVED, "channel", None) is None:
            super().pull_trigger()

    def serve(self) -> None:
        """Answer requests until `stop` is called."""
        while not self._stopping.is_set():
            wasyncore.loop(timeout=1, use_poll=True, map=self._map, count=1)

    def stop(self, thread: threading.Thread) -> None:
        """Stop: nothing new is accepted, what is being answered is waited for, within limits.

        Args:
            thread: the one that runs `serve`.
        """
        stop(self, self._stopping, thread, DRAIN_SECONDS)

    def maintenance(self, now: float) -> None:
        """Close connections that are silent, or that take too long over one request."""
        super().maintenance(now)
        present = time.monotonic()
        for channel in self.active_channels.values():
            # a worker that goes on reading may finish it meanwhile
            request = channel.request
            began = request.began if request is not None else present
            left = channel.leaving if channel.leaving is not None else present
            if began < present - REQUEST_SECONDS or left < present - LEAVE_SECONDS:
                channel.will_close = True


def _without_hops(app: WSGIApplication) -> WSGIApplication:
    """Leave out headers about the connection, which are the server's own, as PEP 3333 has it."""

    def run(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            kept = [(name, value) for name, value in headers if name.lower() not in hop_by_hop]
            return start_response(status, kept, *more)

        return app(environ, start)

    return run
