"""Decompression of files: whole, partly if they are damaged, and never beyond a limit."""

import zlib
from typing import Any

from sekisho.messages import Message

fastest: Any = zlib
try:
    from isal import isal_zlib
except ImportError:
    # there is no build of it for this machine
    pass
else:
    fastest = isal_zlib
    """Twice as fast as the standard library, with the same functions."""

GZIP = b"\x1f\x8b"
"""The beginning of a gzip file."""
BEGIN_OF_ZIP = b"PK\x03\x04"
_OTHERS = (
    *(BEGIN_OF_ZIP, b"\x28\xb5\x2f\xfd", b"BZh", b"\xfd7zXZ\x00", b"7z\xbc\xaf\x27\x1c", b"Rar!"),
    *(b"\x04\x22\x4d\x18", b"\xff\x06\x00\x00sNaPpY", b"PAR1", b"Obj\x01", b"ORC"),
)
"""The beginnings of other archives, compressed files and tables."""
_WITH_HEADER = 31
_WRONG: Any = (zlib.error, fastest.error)
TRUNCATED = Message("the compressed file ends in the middle")
DAMAGED = Message("the compressed file is damaged")
PACKED = Message("is packed in a way that is not read here: unpack it, or compress it with gzip")
TOO_LARGE = Message("is larger than {limit} MB when it is decompressed")


def decompressed(stored: bytes, limit: int) -> tuple[bytes, Message | None]:
    """Return the content of a file, and its fault, in which case the content is partial.

    Content that is not compressed is returned as it is, whatever the file's name. A gzip file may
    have several members in sequence, and may have been compressed twice, as the files that
    CloudWatch Logs passes to Firehose are.

    Args:
        stored: as it is stored.
        limit: how many bytes the content may have.
    """
    content, wrong = _decompressed(stored, limit)
    if stored.startswith(GZIP) and content.startswith(GZIP) and wrong is None:
        content, wrong = _decompressed(content, limit)
    return (b"", PACKED) if is_packed_content(content) else (content, wrong)


def is_packed_content(content: bytes) -> bool:
    """Return whether content begins as a packed format other than gzip."""
    return content.startswith(_OTHERS)


def _decompressed(stored: bytes, limit: int) -> tuple[bytes, Message | None]:
    if not stored.startswith(GZIP):
        return stored, None
    parts: list[bytes] = []
    left, rest = limit, stored
    while rest.startswith(GZIP):
        part, rest, wrong = _member(rest, left)
        parts.append(part)
        left -= len(part)
        if wrong is not None:
            return b"".join(parts), wrong
        if left <= 0:
            return b"", TOO_LARGE.filled(limit=limit >> 20)
    # zeros may follow, as tapes have it
    wrong = DAMAGED if rest.strip(b"\0") else None
    return (parts[0] if len(parts) == 1 else b"".join(parts)), wrong


def _member(stored: bytes, limit: int) -> tuple[bytes, bytes, Message | None]:
    """Return the content of a gzip file's first member, the rest, and the fault, if any."""
    machine = fastest.decompressobj(_WITH_HEADER)
    try:
        content = machine.decompress(stored, limit)
    except _WRONG:
        # the valid part is found piece by piece
        return _pieces(stored, limit), b"", DAMAGED
    if machine.eof:
        return content, machine.unused_data, None
    if len(content) >= limit:
        return content, b"", None
    return content, b"", TRUNCATED


def _pieces(stored: bytes, limit: int) -> bytes:
    machine = zlib.decompressobj(_WITH_HEADER)
    content = bytearray()
    for place in range(0, len(stored), 4096):
        try:
            content += machine.decompress(stored[place : place + 4096], limit - len(content) or 1)
        except zlib.error:
            break
        if len(content) >= limit:
            break
    return bytes(content)
