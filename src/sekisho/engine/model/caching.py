"""Caches of what is read off policies: requests ask about the same few again and again.

The decision on a request is never kept.
"""

import weakref
from collections.abc import Callable
from functools import lru_cache, wraps
from typing import TypeVar

T = TypeVar("T")
K = TypeVar("K")

_MOST_TEXTS = 4_096
_LONGEST_TEXT = 256


def cached_by_text(read: Callable[[str], T]) -> Callable[[str], T]:
    """Cache the results of `read` for short texts, a bounded number; `read` must be pure."""
    cached = lru_cache(maxsize=_MOST_TEXTS)(read)

    @wraps(read)
    def look(text: str) -> T:
        return cached(text) if len(text) <= _LONGEST_TEXT else read(text)

    return look


def cached_by_identity(read: Callable[[K], T]) -> Callable[[K], T]:
    """Cache the results of `read` for immutable objects, each as long as the object lives.

    Objects are compared by identity: comparing the contents of long lists takes longer.
    """
    known: dict[int, tuple[weakref.ref[K], T]] = {}

    @wraps(read)
    def look(one: K) -> T:
        key = id(one)
        if key in known:
            return known[key][1]
        value = read(one)
        # forgotten when the object dies: no other can take its identity before
        known[key] = weakref.ref(one, lambda _: known.pop(key, None)), value
        return value

    return look
