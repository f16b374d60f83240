"""A bad line between an unmodified client and the local AWS: it loses answers, or is throttled."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

__all__ = ["Line", "line_to"]

_THROTTLED = (
    b"<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code>"
    b"<Message>Rate exceeded</Message></Error><RequestId>0</RequestId></ErrorResponse>"
)
_OWN = ("connection", "content-length", "transfer-encoding")


class Line(ThreadingHTTPServer):
    """Passes requests on.

    Attributes:
        asked: how often each operation was asked for.
        losing: operations of which the next answer is lost, after AWS has done it.
        throttled: of these, the next so many are throttled, and never reach AWS.
    """

    def __init__(self, target: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.target = urlsplit(target)
        self.asked: Counter[str] = Counter()
        self.losing: set[str] = set()
        self.throttled: Counter[str] = Counter()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Line
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body go together: apart, the second would wait for the first

    def log_message(self, *args: object) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        (operation,) = parse_qs(body.decode())["Action"]
        line = self.server
        line.asked[operation] += 1
        if line.throttled[operation]:
            line.throttled[operation] -= 1
            self._answer(400, {"content-type": "text/xml"}, _THROTTLED)
            return
        connection = HTTPConnection(str(line.target.hostname), line.target.port)
        connection.request("POST", self.path, body, dict(self.headers))
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        if operation in line.losing:
            line.losing.discard(operation)
            self.close_connection = True
        else:
            self._answer(answer.status, dict(answer.getheaders()), content)

    def _answer(self, status: int, headers: dict[str, str], content: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in _OWN:
                self.send_header(name, value)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def line_to(target: str) -> Iterator[Line]:
    """Run a line to the AWS at a URL."""
    with Line(target) as line:
        thread = Thread(target=line.serve_forever)
        thread.start()
        yield line
        line.shutdown()
        thread.join()
