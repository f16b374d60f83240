"""What is read off a text of a policy is kept: requests ask about the same few again and again.

The decision on a request is never kept.
"""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import TypeVar

__all__ = ["remembered"]

T = TypeVar("T")

_MOST_TEXTS = 4_096
_LONGEST_TEXT = 256


def remembered(read: Callable[[str], T]) -> Callable[[str], T]:
    """Keep what `read` returns for short texts, a bounded number of them; `read` must be pure."""
    kept = lru_cache(maxsize=_MOST_TEXTS)(read)

    @wraps(read)
    def look(text: str) -> T:
        return kept(text) if len(text) <= _LONGEST_TEXT else read(text)

    return look
