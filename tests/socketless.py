"""The local AWS of this process answers boto3 without a socket: what is tested is behind it.

boto3 signs, writes, reads and tries again as ever, and the whole application answers: the
authorizer, the overlay and moto. Only HTTP is left out, which takes two fifths of a call; that it
works has tests of its own (`localaws/test_serving.py`, `rollout/test_local_aws.py`). What goes to
any other address goes there.
"""

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch
from urllib.parse import unquote_to_bytes, urlsplit
from wsgiref.types import WSGIApplication, WSGIEnvironment

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.hooks import EventAliaser
from botocore.httpsession import URLLib3Session
from urllib3 import HTTPHeaderDict

from sekisho.localaws import LOOPBACK, HttpServer, server

_FIRST_CLASS = ("CONTENT_TYPE", "CONTENT_LENGTH")


_ALIASES: dict[str, str] = {}
# found once: each new client would find the aliases of all events anew, a tenth of a call; and for
# good: a client may outlive the tests that made it
EventAliaser._alias_name_cache = property(lambda _: _ALIASES, lambda _, own: None)


class _Body(io.BytesIO):
    """The body of an answer, as urllib3 gives it."""

    def stream(self, *_: object, **__: object) -> Iterator[bytes]:
        yield self.read()


class _Known(HttpServer):
    """A server whose application is known by its port while it runs."""

    running: dict[int, WSGIApplication] = {}  # noqa: RUF012 - one for all of them

    def __init__(self, app: WSGIApplication, *how: Any) -> None:
        super().__init__(app, *how)
        self.running[self.port] = app

    def stop(self, *how: Any) -> None:
        del self.running[self.port]
        super().stop(*how)


@contextmanager
def socketless() -> Iterator[None]:
    """Let boto3's requests to each local AWS that is started meanwhile be answered so."""
    over_http = URLLib3Session.send

    def send(session: URLLib3Session, request: AWSPreparedRequest) -> AWSResponse:
        address = urlsplit(request.url)
        app = _Known.running.get(address.port or 0) if address.hostname == LOOPBACK else None
        return over_http(session, request) if app is None else _answered(app, request)

    with (
        patch.object(server, "HttpServer", _Known),
        patch.object(URLLib3Session, "send", send),
    ):
        yield


def _answered(app: WSGIApplication, request: AWSPreparedRequest) -> AWSResponse:
    found: list[tuple[int, HTTPHeaderDict]] = []

    def start_response(status: str, headers: list[tuple[str, str]], *_: Any) -> Any:
        found.append((int(status.split(maxsplit=1)[0]), HTTPHeaderDict(headers)))

    body = b"".join(app(_environ(request), start_response))
    ((status, headers),) = found
    return AWSResponse(request.url, status, headers, _Body(body))


def _environ(request: AWSPreparedRequest) -> WSGIEnvironment:
    address, body = urlsplit(request.url), request.body or b""
    content = body.encode() if isinstance(body, str) else bytes(body)
    query = f"?{address.query}" if address.query else ""
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(address.path).decode("latin-1"),
        "RAW_URI": f"{address.path}{query}",
        "QUERY_STRING": address.query,
        "SERVER_NAME": address.hostname,
        "SERVER_PORT": str(address.port),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": LOOPBACK,
        "HTTP_HOST": address.netloc,
        "CONTENT_LENGTH": str(len(content)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(content),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "wsgi.input_terminated": True,
    }
    for name, value in request.headers.items():
        key = name.upper().replace("-", "_")
        text = value.decode("latin-1") if isinstance(value, bytes) else value
        environ[key if key in _FIRST_CLASS else f"HTTP_{key}"] = text
    return environ
