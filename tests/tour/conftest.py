"""What the tests of the tour share: an AWS of this process, which needs no socket."""

from collections.abc import Iterator

import pytest

from socketless import socketless


@pytest.fixture(scope="module", autouse=True)
def _answered_here() -> Iterator[None]:
    with socketless():
        yield
