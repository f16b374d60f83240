"""A request as it arrives: the parts that are read, and their limits in memory.

The head of a request decides how long its body may be; a body that is longer is not read. All
bodies that are in memory, whether they are arriving or their requests are being answered, take at
most `MEMORY_BYTES` together.

Source: RFC 9112; waitress's documentation, "Arguments to waitress.serve".
"""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from waitress.adjustments import Adjustments
from waitress.parser import HTTPRequestParser, ParsingError, get_header_lines
from waitress.utilities import RequestEntityTooLarge

MAX_CONNECTIONS = 256
"""The most connections; one more closes the one that has been idle longest, or waits."""

MEMORY_BYTES = 64 * 1024 * 1024
"""The memory for all bodies together."""

ARRIVING_BYTES = 32 * 1024
"""The part of an arriving body that is in memory; a longer one is in a temporary file."""

MAX_BODY_BYTES = MEMORY_BYTES - MAX_CONNECTIONS * ARRIVING_BYTES
"""The longest body that can be answered: 56 MiB, the memory without arriving bodies."""

_CODING = "TRANSFER_ENCODING"
_METADATA = "x-amz-meta-"
MEBIBYTE = 1024 * 1024

HEADER_NAMES = "sekisho.header_names"
"""The environment key with the original names of headers with underscores, by CGI names."""

BodyLimit = Callable[[str, str, Mapping[str, str]], int]
"""(method, address as it came, headers by CGI names) → the longest body that is read; 0: none."""


class ServerSettings(Adjustments):
    """waitress's settings, and one of ours."""

    body_limit: BodyLimit


class RequestParser(HTTPRequestParser):
    """waitress's parser, which keeps facts that waitress hides."""

    def __init__(self, adj: ServerSettings) -> None:
        super().__init__(adj)
        self.error: Any = None
        self.repeated = ""
        self.limit = 0
        self.names: dict[str, str] = {}
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
        if self.body_rcv is None:
            return
        self.limit = self.adj.body_limit(self.command, self.request_uri, self.headers)
        if self.content_length > self.limit or not self.limit:
            self._leave_unread()

    def _leave_unread(self) -> None:
        self.error, self.completed = RequestEntityTooLarge("the body is not read"), True

    def received(self, data: bytes) -> int:
        """Read arrived data, and return how much of it belongs to this request."""
        consumed: int = super().received(data)
        if self.chunked and self.body_bytes_received > self.limit + MEBIBYTE:
            # a little more is read: the application reports best that the chunks exceed the limit
            self._leave_unread()
        if self.error is not None:
            # no `100 Continue`: the body is too long, or the request is wrong
            self.expect_continue = False
        return consumed

    def _read_names(self, lines: Iterable[bytes]) -> None:
        seen: set[str] = set()
        for line in lines:
            name, _, value = line.decode("latin-1").partition(":")
            key = name.upper().replace("-", "_")
            known = "_" not in name or name.lower().startswith(_METADATA)
            if key == _CODING and (key in seen or value.strip(" \t").lower() != "chunked"):
                raise ParsingError("the body is in an encoding that is not known here")
            if key in seen or not known:
                self.repeated = self.repeated or name[:80]
            seen.add(key)
            if "_" in name:
                self.names[f"HTTP_{key}"] = name
                self.headers[key] = value.strip(" \t")
            if key == "CONTENT_LENGTH" and not _is_number(value.strip(" \t")):
                raise ParsingError("Content-Length is not a number")
        if _CODING in seen and "CONTENT_LENGTH" in seen:
            raise ParsingError("there are two lengths of the body")


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()
