"""Lists in pages, as IAM cuts them.

Source: IAM API Reference, `Marker`, `MaxItems` (100 unless given, 1,000 at most), `IsTruncated`.
"""

from collections.abc import Sequence
from typing import TypeVar

from moto.core.responses import BaseResponse

from sekisho.localaws.overlay.refusals import validation
from sekisho.localaws.overlay.request import text

__all__ = ["page"]

_Item = TypeVar("_Item")
_DEFAULT = 100


def page(response: BaseResponse, items: Sequence[_Item]) -> tuple[list[_Item], dict[str, object]]:
    """Return the page of `items` that the request asks for, and the fields that say so.

    Raises:
        Refusal: for a marker that no answer of ours ever held.
    """
    marker = text(response, "Marker")
    size = int(response._get_param("MaxItems") or _DEFAULT)
    if marker and not (marker.isascii() and marker.isdigit() and int(marker) <= len(items)):
        raise validation("Invalid Marker.")
    start = int(marker or 0)
    end = start + size
    if end >= len(items):
        return list(items[start:]), {"IsTruncated": False}
    return list(items[start:end]), {"IsTruncated": True, "Marker": str(end)}
