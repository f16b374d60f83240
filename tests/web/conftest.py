"""A fresh page in the worker's browser, with nothing of another test in it."""

import faulthandler
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

import web_people as people
from hashing import cheap_hashes
from socketless import socketless

# five seconds by default, which a busy machine may need for a page
expect.set_options(timeout=60_000)

MOST_SECONDS = 180
"""For one test: a browser that stands still ends its worker, not the whole run."""


@pytest.fixture(autouse=True)
def watched() -> Iterator[None]:
    """End a test that stands still, with the places of all threads.

    Three runs stood still, for minutes, at a page that had been behind another one; none of
    Playwright's own limits ended it. So no test opens two pages of one browser: `people.send`.
    """
    faulthandler.dump_traceback_later(MOST_SECONDS, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()


@pytest.fixture(scope="module", autouse=True)
def _answered_here() -> Iterator[None]:
    """Let the console's own calls to its local AWS need no socket; the browser's do.

    Not to the end of the session: a worker may run tests of other folders after these.
    """
    with socketless(), cheap_hashes():
        yield


@pytest.fixture(scope="session")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser of its own with an empty page, behind which no page of a test comes to stand."""
    # a context for each test would cost a window and its processes: half a second and more
    shared = browser.new_context(locale="en-US", viewport={"width": 1280, "height": 900})
    shared.new_page()
    yield shared
    shared.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page that nobody has signed in at, which fails the test if a script fails or is blocked."""
    fresh = context.new_page()
    faults: list[str] = []
    fresh.on("pageerror", lambda error: faults.append(str(error)))
    fresh.on(
        "console",
        lambda line: faults.append(line.text) if "Content Security Policy" in line.text else None,
    )
    yield fresh
    fresh.close()
    context.clear_cookies()
    assert faults == []


@pytest.fixture(scope="module")
def console() -> Iterator[people.RunningConsole]:
    """The example company's console, shared by the tests of a module."""
    with people.running_console() as running:
        yield running
