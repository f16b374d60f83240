"""What the golden tests share: one runner and one folder for all of a session."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from golden.harness import Outputs, Runner, furnished, runner


@pytest.fixture(scope="session")
def sekisho(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    with runner(tmp_path_factory.mktemp("runner")) as started:
        yield started


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the inputs, for who writes nothing into it."""
    return furnished(tmp_path_factory.mktemp("shared"))


@pytest.fixture(scope="session")
def outputs(request: pytest.FixtureRequest) -> Outputs:
    return Outputs(update=request.config.getoption("--update-golden"))
