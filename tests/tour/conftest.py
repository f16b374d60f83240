"""What the tests of the tour share: an AWS of this process, and a disk that keeps up."""

from collections.abc import Iterator

import pytest

from disk import not_waited_for
from socketless import socketless


@pytest.fixture(scope="module", autouse=True)
def _answered_here() -> Iterator[None]:
    """Answer boto3 without a socket, and do not wait for each line of a journal."""
    with socketless(), not_waited_for():
        yield
