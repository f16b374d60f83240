"""What the tests of the roll-out share: an AWS of this process, and a disk that keeps up."""

from collections.abc import Iterator
from importlib import import_module
from types import SimpleNamespace

import pytest

from disk import not_waited_for
from hashing import cheap_hashes
from socketless import socketless


@pytest.fixture(scope="module", autouse=True)
def _answered_here() -> Iterator[None]:
    """Answer boto3 without a socket, wait for no line of a journal, and hash cheaply."""
    with socketless(), not_waited_for(), cheap_hashes():
        yield


@pytest.fixture
def waited(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return for how many seconds `sekisho rollback` would have waited; here it does not wait."""
    seconds: list[float] = []
    clock = SimpleNamespace(sleep=seconds.append)
    monkeypatch.setattr(import_module("sekisho.cli.rollout.rollback"), "time", clock)
    return seconds
