"""What the tests of the roll-out share: an AWS of this process, and a disk that keeps up."""

from collections.abc import Iterator
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest

from administered import iam_of, signed_in
from checkpoint import Checkpoint
from disk import not_waited_for
from hashing import cheap_hashes
from rollout.staging import company
from sekisho.account.aws import Boto3Api
from sekisho.localaws import LocalAws
from socketless import socketless


@pytest.fixture(scope="module", autouse=True)
def _answered_here() -> Iterator[None]:
    """Answer boto3 without a socket, wait for no line of a journal, and hash cheaply."""
    with socketless(), not_waited_for(), cheap_hashes():
        yield


@pytest.fixture(scope="module")
def fresh(_answered_here: None) -> Iterator[Checkpoint]:
    """The company as it was made, once for all tests of a module."""
    with company() as running:
        yield Checkpoint(running)


@pytest.fixture
def local(fresh: Checkpoint) -> LocalAws:
    """The company's AWS, which each test finds as it was made."""
    return fresh.restore()


@pytest.fixture(scope="module")
def api(fresh: Checkpoint) -> Boto3Api:
    """What the administrator calls, in a session with MFA."""
    return signed_in(fresh.local, "admin", mfa=True)


@pytest.fixture(scope="module")
def iam(fresh: Checkpoint) -> Any:
    """What other people call."""
    return iam_of(fresh.local)


@pytest.fixture
def waited(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return for how many seconds `sekisho rollback` would have waited; here it does not wait."""
    seconds: list[float] = []
    clock = SimpleNamespace(sleep=seconds.append)
    monkeypatch.setattr(import_module("sekisho.cli.rollout.rollback"), "time", clock)
    return seconds
