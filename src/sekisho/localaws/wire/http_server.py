"""The HTTP server of the local AWS and of the sites: waitress, with limits.

One thread reads and writes all connections and gives whole requests to a few workers, so that a
client that is slow, silent or gone costs a connection and no worker. A worker that is free reads
the next request of its connection itself; one thread at a time reads a connection, and one at a
time writes to it.

Connections are limited in number and in time; if all are used, the one that has been idle longest
is closed. Bodies are limited, too (`http_requests`). waitress hides three facts that matter to
AWS's protocols, which are restored: the address as it came, repeated headers, and underscores in
the names of S3's metadata.

Source: PEP 3333; RFC 9112 (section 9.6: the end of a connection); waitress's documentation,
"Arguments to waitress.serve".
"""

import gc
import logging
import os
import select
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote_to_bytes
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import TcpWSGIServer
from waitress.task import ErrorTask, Task, ThreadedTaskDispatcher, WSGITask, hop_by_hop
from waitress.utilities import BadRequest, RequestEntityTooLarge

from sekisho.errors import PortInUse
from sekisho.localaws.wire.ambiguity import REPEATED
from sekisho.localaws.wire.http_requests import (
    ARRIVING_BYTES,
    HEADER_NAMES,
    MAX_BODY_BYTES,
    MAX_CONNECTIONS,
    MEBIBYTE,
    BodyLimit,
    RequestParser,
    ServerSettings,
)
from sekisho.messages import Message

LOOPBACK = "127.0.0.1"
_BACKLOG = 128

MAX_HEADER_BYTES = 64 * 1024
WORKERS = 32
IDLE_SECONDS: float = 60
"""The seconds that a connection may be silent between two requests, or within one."""

REQUEST_SECONDS = 120
"""The seconds in which a request must arrive."""

LINGER_MILLISECONDS, LINGER_TIMES = 10, 20
"""The time that a worker waits for the next request of a connection, and the number of waits, while
other workers are free."""

DRAIN_SECONDS = 5
"""The seconds for requests that are being answered when the server stops."""

LEAVE_SECONDS = 5
"""The seconds in which the server reads and drops data after the last answer."""

_CLEANUP_SECONDS = 5
_LOGGER = logging.getLogger("sekisho.localaws.http")
# clients' faults are answered, not logged; a trace might contain their data
_LOGGER.setLevel(logging.CRITICAL)


class _Task(WSGITask):
    """One request as a WSGI call."""

    logger = _LOGGER

    def get_environment(self) -> WSGIEnvironment:
        """Return the environment with which the application is called."""
        environ: WSGIEnvironment = super().get_environment()
        request = self.request
        environ["RAW_URI"] = request.request_uri
        path = request.request_uri.partition("?")[0]
        environ["PATH_INFO"] = unquote_to_bytes(path).decode("latin-1")
        environ[HEADER_NAMES] = request.names
        if request.repeated:
            environ[REPEATED] = request.repeated
        if request.error is not None:
            # the body was not read: its presence and length are enough
            environ.setdefault("CONTENT_LENGTH", str(request.limit + 1))
            self.set_close_on_finish()
        return environ

    def execute(self) -> None:
        """Call the application; a body that is in a file first waits for room in memory."""
        body = self.request.body_rcv
        size = 0 if body is None or self.request.error else len(body)
        with self.channel.server.memory.holding(size if size > ARRIVING_BYTES else 0):
            super().execute()

    def build_response_header(self) -> bytes:
        """Return the head of the answer, with the header names that the application gave."""
        given = {
            "-".join(part.capitalize() for part in name.split("-")).encode(): name.encode()
            for name, _ in self.response_headers
        }
        first, *lines = bytes(super().build_response_header()).split(b"\r\n")
        named = [line.partition(b": ") for line in lines]
        return b"\r\n".join([first, *(given.get(n, n) + mark + v for n, mark, v in named)])


class _Memory:
    """The memory for bodies that are being answered; requests without room wait in order.

    An answered body may stay in memory, as moto's requests and their handlers refer to each other.
    So its room is free only after a request has needed it, and has had the garbage collected.
    """

    def __init__(self, size: int) -> None:
        self._left = self._all = size
        self._answered = 0
        self._turn = threading.Lock()
        self._changed = threading.Condition()

    @contextmanager
    def holding(self, size: int) -> Iterator[None]:
        """Hold memory for `size` bytes: at once for 0, all of it for more than there is."""
        size = min(size, self._all)
        if not size:
            yield
            return
        with self._turn, self._changed:
            while self._left < size:
                if self._answered:
                    gc.collect()
                    self._left, self._answered = self._left + self._answered, 0
                else:
                    self._changed.wait()
            self._left -= size
        try:
            yield
        finally:
            with self._changed:
                self._answered += size
                self._changed.notify_all()


_SERVED = threading.local()
"""The connection whose requests the current thread answers."""


class _Channel(HTTPChannel):
    """One connection."""

    parser_class = RequestParser
    task_class = _Task
    logger = _LOGGER

    ended = False
    """Whether the client will send no more; it may still read."""

    leaving: float | None = None
    """The time since which this end sends no more and drops arriving data; None: not yet."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        # held by the thread that reads this connection, and by a worker until it has answered
        self._use = threading.Lock()
        self._since, self._arrived = time.monotonic(), 0
        super().__init__(*arguments, **more)

    def is_busy(self) -> bool:
        """Return whether a request is being answered, or waits for a worker."""
        return bool(self.requests) or self._use.locked()

    def idle_since(self) -> float:
        """Return the time of the last answer, or of the last progress of a body or an answer.

        A byte now and then is none.
        """
        return self._since

    def make_room(self) -> None:
        """Close the connection, unless a worker has just begun with it."""
        if self._use.acquire(blocking=False):
            try:
                self.handle_close()
            finally:
                self._use.release()

    def readable(self) -> bool:
        """Return whether data may arrive; `handle_read` checks again, as a worker may be faster."""
        if self.leaving is not None:
            return True
        return not (self.ended or self._use.locked()) and super().readable()

    def handle_read(self) -> None:
        """Read arrived data, unless a worker does."""
        if not self._use.acquire(blocking=False):
            return
        try:
            self._read()
        finally:
            self._use.release()

    def _read(self) -> None:
        """Read arrived data; a client that stops sending still gets its answer."""
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

    def received(self, data: bytes) -> bool:
        """Process arrived data; return False if a body's file has no room."""
        self._arrived += len(data)
        if self._arrived >= ARRIVING_BYTES:
            self._since, self._arrived = time.monotonic(), 0
        try:
            return bool(super().received(data))
        except OSError:
            self.will_close = True
            return False

    def send_continue(self) -> None:
        """Send `100 Continue`, even before the answer to an empty body, which is complete then.

        The AWS CLI's own copy of botocore misreads the second of two answers on one connection if
        the first came without `100 Continue` (an empty file, then another): it waits for a minute.
        """
        request: Any = self.request
        completed = request.completed
        super().send_continue()
        request.completed = completed

    def handle_write(self) -> None:
        """Send pending data, unless a worker does, and close connections that must end."""
        # waitress takes no lock between two requests, when here a worker may be sending, too
        before = self.total_outbufs_len
        self._flush_exception(self._flush_some_if_lockable)
        if self.total_outbufs_len < before:
            self._since = time.monotonic()
        if self.close_when_flushed and not self.total_outbufs_len:
            self.close_when_flushed = False
            self._leave()
        if self.will_close:
            self.handle_close()

    def _leave(self) -> None:
        """Stop sending, and close when the client does: closing at once loses the answer.

        A client that is still sending would get a reset, and might never see why.
        """
        connection: Any = self.socket
        self.leaving = time.monotonic()
        try:
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            self.will_close = True

    def service(self) -> None:
        """Answer one request, and directly following ones while other workers are free.

        A client that sends one request after another would otherwise wait for two thread switches
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
                self._since = time.monotonic()
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
        """Wait a moment for the next request; the other thread handles everything else."""
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
        self, channel: HTTPChannel, request: RequestParser
    ) -> Task:
        """Return the task that answers a request that cannot be read."""
        too_long = isinstance(request.error, RequestEntityTooLarge)
        return (_Task if too_long else ErrorTask)(channel, request)


class _Workers(ThreadedTaskDispatcher):
    """The threads that answer requests."""

    logger = queue_logger = _LOGGER


class HttpServer(TcpWSGIServer):
    """A server on a listening socket; `serve` runs it until `stop`.

    Args:
        app: the application that answers.
        listener: the socket; it is this server's from now on.
        body_limit: judges how long bodies may be; `app` is told of longer ones, without their
            content.
    """

    channel_class = _Channel
    logger = _LOGGER

    def __init__(
        self, app: WSGIApplication, listener: socket.socket, body_limit: BodyLimit
    ) -> None:
        host, port = listener.getsockname()[:2]
        adjustments = ServerSettings(
            sockets=[listener],
            threads=WORKERS,
            connection_limit=MAX_CONNECTIONS,
            channel_timeout=IDLE_SECONDS,
            cleanup_interval=_CLEANUP_SECONDS,
            max_request_header_size=MAX_HEADER_BYTES,
            max_request_body_size=MAX_BODY_BYTES + 2 * MEBIBYTE,
            inbuf_overflow=ARRIVING_BYTES,
            # no worker waits until an answer is read; a long one is in a file until then
            outbuf_overflow=MEBIBYTE,
            outbuf_high_watermark=2**62,
            recv_bytes=ARRIVING_BYTES,
            asyncore_use_poll=True,
            server_name=host,
            ident="sekisho",
        )
        # workers send themselves instead of waking the other thread
        adjustments.send_bytes = 1
        adjustments.body_limit = body_limit
        self.port = int(port)
        self.memory = _Memory(MAX_BODY_BYTES)
        self._stopping = threading.Event()
        self._closing, self._closed = threading.Lock(), False
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
        """Return whether a worker is free, so that a connection may keep its own; needs `poll`."""
        workers = self.task_dispatcher
        idle = len(workers.threads) - workers.stop_count - workers.active_count
        return hasattr(select, "poll") and idle > len(workers.queue)

    def readable(self) -> bool:
        """Return whether one more connection can be accepted, now or when another is closed."""
        super().readable()
        if not self.accepting:
            return False
        return not (self._is_full() and all(map(_Channel.is_busy, self._all())))

    def handle_accept(self) -> None:
        """Accept a connection, or close the one that has been idle longest to make room.

        The new one is then accepted at the next poll: the events of this poll may be about the
        closed connection, whose number the new one would get.
        """
        if not self._is_full():
            super().handle_accept()
            return
        idle = [each for each in self._all() if not each.is_busy()]
        if idle:
            min(idle, key=_Channel.idle_since).make_room()

    def _is_full(self) -> bool:
        most: int = self.adj.connection_limit
        return len(self._map) >= most

    def _all(self) -> Iterable[_Channel]:
        return self.active_channels.values()

    def add_task(self, task: Any) -> None:
        """Give a connection to a worker, unless this thread is the worker."""
        if getattr(_SERVED, "channel", None) is not task:
            super().add_task(task)

    def pull_trigger(self) -> None:
        """Wake the reading thread, unless this thread continues to read by itself."""
        if getattr(_SERVED, "channel", None) is not None:
            return
        with self._closing:
            if not self._closed:
                super().pull_trigger()

    def serve(self) -> None:
        """Answer requests until `stop` is called."""
        while not self._stopping.is_set():
            wasyncore.loop(timeout=1, use_poll=True, map=self._map, count=1)

    def stop(self, thread: threading.Thread) -> None:
        """Stop: accept no new connection, and wait for current answers, within limits.

        Args:
            thread: the one that runs `serve`.
        """
        self.accepting = False
        # the workers first, then the reader: a worker wakes the reader when it is done
        self.task_dispatcher.shutdown(timeout=DRAIN_SECONDS)
        self._stopping.set()
        self.pull_trigger()
        thread.join()
        with self._closing:
            # a worker that was not waited for would write to the number of a file that is
            # another's by then
            self._closed = True
            for channel in list(self._all()):
                # with the files that it has not sent yet
                channel.handle_close()
            wasyncore.close_all(self._map)

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
    """Remove headers about the connection, which are the server's own by PEP 3333."""

    def run(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            kept = [(name, value) for name, value in headers if name.lower() not in hop_by_hop]
            return start_response(status, kept, *more)

        return app(environ, start)

    return run


def listen(port: int, option: str = "--port") -> socket.socket:
    """Return a listening socket.

    Args:
        port: where; 0: a free one.
        option: the option of the command that chose the port.

    Raises:
        PortInUse: if there can be none.
    """
    try:
        return socket.create_server((LOOPBACK, port), backlog=_BACKLOG)
    except OSError as error:
        raise PortInUse(
            Message("cannot listen on {host}:{port}: {reason}").filled(
                host=LOOPBACK, port=port, reason=os.strerror(error.errno or 0)
            ),
            fix=Message("choose another with `{option}`, or leave it out for a free one").filled(
                option=option
            ),
        ) from error
