"""The rehearsal console in a real browser: servers, browsers and people for the tests of `web`.

Playwright drives Chromium (`chromium.py`). Pages are found by roles and labels, as a person or a
screen reader finds them.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from playwright.sync_api import Browser, Locator, Page

from sekisho.account import AccountFile
from sekisho.account.aws import Boto3Api
from sekisho.localaws import ADMINISTRATOR, Clock, LocalAws, example_company
from sekisho.messages import Language
from sekisho.policy import Preset
from sekisho.web import WebServer
from sekisho.web.console import Rehearsal, console_site, start

TWO_STEPS = timedelta(seconds=60)
"""After them neither of the codes is used up that enrolled a device."""


@dataclass(frozen=True)
class RunningConsole:
    """A console that runs.

    Attributes:
        url: its address, without a slash at the end.
    """

    aws: LocalAws
    account: AccountFile
    rehearsal: Rehearsal
    url: str

    def password(self, user: str) -> str:
        return self.account.credentials[user].password or ""


class StandingClock(Clock):
    """A clock that only tests move: a code that a phone shows is good however late it is typed.

    A device that was enrolled with the code of now and the one after it is a step ahead, so that
    one that is typed when its half minute is just over would be refused.
    """

    def __init__(self) -> None:
        super().__init__()
        self._start = self.wall()

    def now(self) -> datetime:
        return self._start + self._offset


@contextmanager
def running_console(
    account: AccountFile | None = None, language: Language = Language.EN
) -> Iterator[RunningConsole]:
    company = account or example_company()
    with LocalAws(company, clock=StandingClock()) as aws:
        rehearsal = Rehearsal.at(aws, company)
        with WebServer(console_site(rehearsal, language)) as server:
            yield RunningConsole(aws, company, rehearsal, server.url.rstrip("/"))


def sign_in(page: Page, console: RunningConsole, user: str = ADMINISTRATOR) -> None:
    """Sign in with the account file's password, and a code of the phone if one is asked for."""
    page.goto(f"{console.url}/signin")
    sign_in_here(page, console, user)


def administrator_api(console: RunningConsole) -> Boto3Api:
    """Return calls with a session of the administrator's own, signed in with MFA."""
    return start.as_administrator(console.rehearsal)


def enforce(console: RunningConsole, user: str, preset: Preset) -> None:
    """Let the administrator enforce MFA for a user."""
    start.enforce(console.rehearsal, user, preset)


def press(target: Locator) -> None:
    """Press what leads to another page, and wait for that: a click alone does not."""
    with target.page.expect_event("load"):
        target.click()


def confirm(place: Page | Locator, action: str) -> None:
    """Press a button that asks first, and say yes."""
    place.locator("details.ask summary", has_text=action).click()
    place.get_by_role("button", name=f"Confirm: {action}").click()


def form_of(page: Page, button: str) -> dict[str, Any]:
    """Return what a button of the page sends: where it goes, and the names and values."""
    return page.get_by_role("button", name=button).evaluate(
        "it => ({action: it.form.action, fields: [...new FormData(it.form, it)]})"
    )


def send(page: Page, form: Mapping[str, Any]) -> None:
    """Send a form of an earlier page, as a tab does in which that page is still open.

    No second tab is opened: in a page behind another one Chromium at times stood still for minutes,
    and no limit of Playwright's ended the wait.
    """
    with page.expect_event("load"):
        page.evaluate(
            """sent => {
                const form = document.createElement("form");
                form.method = "post";
                form.action = sent.action;
                for (const [name, value] of sent.fields) {
                    const field = document.createElement("input");
                    field.name = name;
                    field.value = value;
                    form.append(field);
                }
                document.body.append(form);
                form.submit();
            }""",
            form,
        )


def virtual_authenticator(page: Page) -> None:
    """Give the browser a passkey that says yes to everything."""
    devices = page.context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    devices.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )


@dataclass(frozen=True)
class Visit:
    """A console that nobody, the administrator and an employee look at, each with a browser."""

    console: RunningConsole
    pages: Mapping[str, Page]


@contextmanager
def visit(browser: Browser, console: RunningConsole) -> Iterator[Visit]:
    """Open the pages, with the help rail for who has one."""
    users = {"nobody": "", "administrator": ADMINISTRATOR, "employee": "hanako.sato"}
    contexts, pages = [], {}
    for who, user in users.items():
        contexts.append(browser.new_context(viewport={"width": 1280, "height": 900}))
        pages[who] = contexts[-1].new_page()
        pages[who].goto(console.url)
        if user:
            pages[who].locator(f'form:has(input[value="{who}"]) button').click()
            sign_in(pages[who], console, user)
    yield Visit(console, pages)
    for context in contexts:
        context.close()


def sign_in_here(page: Page, console: RunningConsole, user: str) -> None:
    """Sign in on the page that is open, and go on where it leads."""
    page.locator("#user").fill(user)
    page.locator("#password").fill(console.password(user))
    press(page.locator("main button.primary"))
    if "/signin/mfa" in page.url:
        console.aws.clock.advance(TWO_STEPS)
        code, *_ = console.rehearsal.phones.codes(user, console.aws.clock.now())
        page.locator("#code").fill(code.code)
        page.locator("main button.primary").click()
        page.wait_for_url(lambda url: "/signin/mfa" not in url)


def end_sessions(console: RunningConsole) -> None:
    """Let twelve hours pass, and some minutes."""
    console.aws.clock.advance(timedelta(hours=12, minutes=5))
