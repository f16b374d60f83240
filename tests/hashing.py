"""Passwords are hashed at next to no cost: who gets in does not hang on it.

A hash that is dear to whoever tries passwords is as dear to walks that sign in some hundred times.
That each sign-in pays for one has tests of its own (`localaws/test_sealing.py`,
`localaws/test_serving.py`).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from sekisho.localaws.state import sealing


@contextmanager
def cheap_hashes() -> Iterator[None]:
    """Let scrypt go its two least rounds, for local AWSs that live no longer than this."""
    with patch.object(sealing, "_COST", 2):
        yield
