"""Reads a QR code from the picture that a computer drew, as a phone's camera would.

The picture is taken to be perfect: upright, undamaged, black on white; so the error correction
codewords are skipped. Binary text only, which is what an `otpauth://` address is written in.

Source: ISO/IEC 18004, "QR code bar code symbology specification".
"""

import struct
import zlib
from collections.abc import Callable, Iterator
from itertools import pairwise, product
from typing import Any

from segno import consts

from sekisho.errors import Unsupported

__all__ = ["read_qr"]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_FINDER = 7  # modules across a finder pattern
_FORMAT_MASK = 0b101010000010010
_BYTE_MODE = 0b0100
_FILTER_NONE, _FILTER_UP = 0, 2
_FIRST_WITH_VERSION = 7
_LONG_COUNT_FROM = 10
_TIMING = 6

Grid = list[list[bool]]
"""Rows of pixels or modules; true is dark."""

_MASKS: tuple[Callable[[int, int], bool], ...] = (
    lambda y, x: (y + x) % 2 == 0,
    lambda y, _: y % 2 == 0,
    lambda _, x: x % 3 == 0,
    lambda y, x: (y + x) % 3 == 0,
    lambda y, x: (y // 2 + x // 3) % 2 == 0,
    lambda y, x: y * x % 2 + y * x % 3 == 0,
    lambda y, x: (y * x % 2 + y * x % 3) % 2 == 0,
    lambda y, x: ((y + x) % 2 + y * x % 3) % 2 == 0,
)
"""Which data modules each mask inverts, by row and column."""


def read_qr(png: bytes) -> str:
    """Return the text of the one QR code in a picture.

    Raises:
        Unsupported: if the picture is none that this reader understands.
    """
    modules = _modules(_pixels(png))
    version = (len(modules) - 17) // 4
    level, mask = _format(modules)
    bits = (
        modules[row][column] != _MASKS[mask](row, column)
        for row, column in _path(len(modules), version)
    )
    return _text(_data(_codewords(bits), version, level), version)


def _pixels(png: bytes) -> Grid:
    """Decode a greyscale or two-colour PNG with one bit for a pixel and no filter."""
    if not png.startswith(_SIGNATURE):
        raise Unsupported("the picture of a QR code is no PNG")
    chunks: dict[bytes, bytes] = {}
    place = len(_SIGNATURE)
    while place < len(png):
        (length,) = struct.unpack(">I", png[place : place + 4])
        name, body = png[place + 4 : place + 8], png[place + 8 : place + 8 + length]
        chunks[name] = chunks.get(name, b"") + body
        place += 12 + length
    width, height, depth = struct.unpack(">IIB", chunks[b"IHDR"][:9])
    lines = _unfiltered(zlib.decompress(chunks[b"IDAT"]), height)
    if depth != 1:
        raise Unsupported("a PNG of a QR code with grey tones")
    # the corner tells which of the two is the background
    light = lines[0][0] >> 7
    return [[(line[x // 8] >> (7 - x % 8)) & 1 != light for x in range(width)] for line in lines]


def _unfiltered(raw: bytes, height: int) -> list[bytes]:
    """Return the lines of a PNG whose filters are `None` or `Up`."""
    stride = len(raw) // height
    lines = [bytes(stride - 1)]
    for start in range(0, height * stride, stride):
        kind, line = raw[start], raw[start + 1 : start + stride]
        if kind not in (_FILTER_NONE, _FILTER_UP):
            raise Unsupported(f"a PNG of a QR code with the filter {kind}")
        above = lines[-1] if kind == _FILTER_UP else bytes(stride - 1)
        lines.append(bytes((one + two) % 256 for one, two in zip(line, above, strict=True)))
    return lines[1:]


def _modules(pixels: Grid) -> Grid:
    rows = [y for y, line in enumerate(pixels) if any(line)]
    columns = [x for x in range(len(pixels[0])) if any(line[x] for line in pixels)]
    if not rows:
        raise Unsupported("a picture with nothing on it")
    top, left, size = rows[0], columns[0], rows[-1] - rows[0] + 1
    finder = next(x for x in range(left, left + size) if not pixels[top][x]) - left
    module = finder // _FINDER
    centres = range(module // 2, size, module)
    return [[pixels[top + y][left + x] for x in centres] for y in centres]


def _format(modules: Grid) -> tuple[int, int]:
    """Return the error correction level and the number of the mask."""
    places = [(8, column) for column in (0, 1, 2, 3, 4, 5, 7, 8)]
    places += [(row, 8) for row in (7, 5, 4, 3, 2, 1, 0)]
    word = 0
    for row, column in places:
        word = word << 1 | modules[row][column]
    return divmod((word ^ _FORMAT_MASK) >> 10, 8)


def _path(size: int, version: int) -> Iterator[tuple[int, int]]:
    """Yield the places of the data modules in the order in which they are filled."""
    taken = _functions(size, version)
    right, upward = size - 1, True
    while right > 0:
        if right == _TIMING:
            right -= 1
        for row in reversed(range(size)) if upward else range(size):
            for column in (right, right - 1):
                if (row, column) not in taken:
                    yield row, column
        right, upward = right - 2, not upward


def _functions(size: int, version: int) -> set[tuple[int, int]]:
    """Return the places of the patterns that carry no data."""
    # finder patterns with their separators and the format information
    taken = {*_block(0, 0, 9, 9), *_block(0, size - 8, 9, 8), *_block(size - 8, 0, 8, 9)}
    taken |= {*_block(_TIMING, 0, 1, size), *_block(0, _TIMING, size, 1)}
    if version >= _FIRST_WITH_VERSION:
        taken |= {*_block(0, size - 11, 6, 3), *_block(size - 11, 0, 3, 6)}
    positions: tuple[tuple[int, ...], ...] = consts.ALIGNMENT_POS
    centres = positions[version - 2] if version > 1 else ()
    for row, column in product(centres, centres):
        first, last = centres[0], centres[-1]
        if (row, column) not in {(first, first), (first, last), (last, first)}:
            taken |= {*_block(row - 2, column - 2, 5, 5)}
    return taken


def _block(top: int, left: int, height: int, width: int) -> Iterator[tuple[int, int]]:
    return product(range(top, top + height), range(left, left + width))


def _codewords(bits: Iterator[bool]) -> bytes:
    text = "".join("1" if bit else "0" for bit in bits)
    starts = range(0, len(text) + 1, 8)
    return bytes(int(text[start:end], 2) for start, end in pairwise(starts))


def _data(codewords: bytes, version: int, level: int) -> bytes:
    """Put the data codewords of the interleaved blocks in a row; the rest is error correction."""
    table: Any = consts.ECC
    lengths = [block.num_data for block in table[version][level] for _ in range(block.num_blocks)]
    blocks: list[bytearray] = [bytearray() for _ in lengths]
    stream = iter(codewords)
    for place in range(max(lengths)):
        for block, length in zip(blocks, lengths, strict=True):
            if place < length:
                block.append(next(stream))
    return b"".join(blocks)


def _text(data: bytes, version: int) -> str:
    bits = "".join(f"{byte:08b}" for byte in data)
    if int(bits[:4], 2) != _BYTE_MODE:
        raise Unsupported("a QR code that does not hold binary text")
    width = 16 if version >= _LONG_COUNT_FROM else 8
    count, start = int(bits[4 : 4 + width], 2), 4 + width
    octets = (int(bits[place : place + 8], 2) for place in range(start, start + 8 * count, 8))
    return bytes(octets).decode("utf-8")
