"""One browser for each worker of pytest, and a fresh page, with nothing of another test in it."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

import web_people as people
from chromium import CHROMIUM, FLAGS, HOW


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not CHROMIUM:
        pytest.skip(HOW)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS], headless=True)
        yield running
        running.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of a browser of its own, which fails the test if a script fails or is blocked."""
    context = browser.new_context(locale="en-US", viewport={"width": 1280, "height": 900})
    made = context.new_page()
    faults: list[str] = []
    made.on("pageerror", lambda error: faults.append(str(error)))
    made.on(
        "console",
        lambda line: faults.append(line.text) if "Content Security Policy" in line.text else None,
    )
    yield made
    context.close()
    assert faults == []


@pytest.fixture(scope="module")
def console() -> Iterator[people.RunningConsole]:
    """The example company's console, shared by the tests of a module."""
    with people.running_console() as running:
        yield running
