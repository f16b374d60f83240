"""Parsed policies kept by content: the lines of one stream mostly ask about the same few."""

import hashlib
from collections import OrderedDict

from sekisho.policy import Document, PolicyKind, from_json

__all__ = ["Documents"]


class Documents:
    """A bounded store of parsed policies; what was used longest ago goes first.

    Args:
        most_characters: how much policy text, all together, is kept parsed.
    """

    def __init__(self, most_characters: int = 2_000_000) -> None:
        self._most = most_characters
        self._held = 0
        self._documents: OrderedDict[tuple[PolicyKind, bytes], tuple[Document, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._documents)

    def parsed(self, value: object, kind: PolicyKind) -> Document:
        """Return the document that decoded JSON holds.

        Raises:
            FaultyPolicy: with every fault; a faulty document is not kept.
        """
        try:
            # repr tells JSON values apart: 1, 1.0, true and "1" are four different texts
            text = repr(value).encode("utf-8", "surrogatepass")
        except RecursionError:
            # so deep that it is no policy, which the reader says without going as deep
            return from_json(value, kind=kind)
        key = (kind, hashlib.sha256(text).digest())
        if key in self._documents:
            self._documents.move_to_end(key)
            return self._documents[key][0]
        document = from_json(value, kind=kind)
        self._documents[key] = (document, len(text))
        self._held += len(text)
        while self._held > self._most:
            _, (_, size) = self._documents.popitem(last=False)
            self._held -= size
        return document
