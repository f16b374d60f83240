"""Hypothesis profiles: `quick` always tries the same, `deep` looks for a long night.

The whole command of the README is to take less than 12 minutes on two idle cores, with the tests in
a browser: so `quick` has 30 examples for each law, and sweeps take a part of their cases
(`profiles`).
"""

import atexit
import gc
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from chromium import CHROMIUM, FLAGS, HOW, NO_SCREEN

if TYPE_CHECKING:
    from playwright.sync_api import Browser

settings.register_profile(
    "quick",
    max_examples=24,
    deadline=None,
    derandomize=True,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "deep",
    max_examples=10_000,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


# what is imported and collected is never garbage: to look for some took 6 s of 15 s of collecting
gc.disable()


@pytest.fixture(scope="session")
def browser() -> "Iterator[Browser]":
    """One browser for each worker of pytest: Playwright cannot be begun twice in a process."""
    if not CHROMIUM:
        pytest.skip(HOW)
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - few workers begin with it

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=CHROMIUM, args=[*FLAGS, *NO_SCREEN], headless=True
        )
        yield running
        running.close()


def pytest_collection_finish() -> None:
    """Collect garbage again, but not among what is there by now."""
    gc.freeze()
    # as the command line has it
    gc.set_threshold(200_000)
    gc.enable()


def pytest_sessionfinish() -> None:
    """Let go of all that, or extension modules complain of leaks."""
    gc.unfreeze()
    # a command that ran in this process has asked for it; a library looks here at what is left
    atexit.unregister(gc.freeze)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what `tests/golden` understands."""
    parser.addoption(
        "--update-golden", action="store_true", help="rewrite the outputs of tests/golden"
    )


@pytest.fixture
def wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the terminal so wide that no line is folded: for what is said, not how."""
    monkeypatch.setenv("COLUMNS", "1000")
