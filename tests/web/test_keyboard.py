"""The employee's path by keyboard alone, in Japanese: Tab, Enter and typing, no mouse."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Locator, Page

import web_people as people
from sekisho.messages import Language
from sekisho.policy import Preset
from sekisho.web.site import term, text

USER = "daiki.kobayashi"
STRONG = "Suikinkutsu-8-drops!"
_BACK = "Shift+Tab"
_MOST_STOPS = 40
"""So many times Tab is pressed at most before something is given up."""

_SEEN = """element => {
  const style = getComputedStyle(element);
  const box = element.getBoundingClientRect();
  const above = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  const label = element.labels && [...element.labels].some(each => each.contains(above));
  return {
    marked: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
    uncovered: element.contains(above) || label,
  };
}"""
"""Whether a person sees where the focus is, and the element in whole (WCAG 2.4.7, 2.4.11)."""


@pytest.fixture(scope="module")
def console() -> Iterator[people.RunningConsole]:
    with people.running_console(language=Language.JA) as running:
        people.enforce(running, USER, Preset.RECOMMENDED)
        yield running


class Keyboard:
    """A person with a keyboard."""

    def __init__(self, page: Page) -> None:
        self._page = page

    def reach(self, target: Locator, key: str = "Tab") -> None:
        """Press Tab, or Shift and Tab, until the focus is there."""
        for _ in range(_MOST_STOPS):
            self._page.keyboard.press(key)
            if target.evaluate("element => element === document.activeElement"):
                assert target.evaluate(_SEEN) == {"marked": True, "uncovered": True}
                return
        pytest.fail(f"Tab does not lead to {target}")

    def press(self, role: str, name: str, key: str = "Enter") -> None:
        """Go to a button or link, and press it."""
        self.reach(self._page.get_by_role(role, name=name, exact=True))  # type: ignore[arg-type]  # one of ARIA's
        self._page.keyboard.press(key)

    def type(self, label: str, value: str, key: str = "Tab") -> None:
        """Go to a field, and write over what is in it."""
        self.reach(self._page.get_by_label(label, exact=True), key)
        self._page.keyboard.press("Control+a")
        self._page.keyboard.type(value)

    def codes(self) -> list[str]:
        """Open the phone, and read the code of now and the one after it."""
        self.reach(self._page.locator(".phone summary"))
        self._page.keyboard.press("Enter")
        return re.findall(r"\d{6}", self._page.locator(".phone output").locator("..").inner_text())


def word(key: str) -> str:
    """Return a word of the AWS console in Japanese."""
    return term(key).into(Language.JA)


def said(key: str) -> str:
    """Return what our own pages say in Japanese."""
    return text(key).into(Language.JA)


def test_the_employees_path(page: Page, console: people.RunningConsole) -> None:
    keyboard = Keyboard(page)
    page.goto(f"{console.url}/signin")
    _sign_in(keyboard, console.password(USER))
    keyboard.type(word("old_password"), console.password(USER))
    keyboard.type(word("new_password"), STRONG)
    keyboard.type(word("retype_password"), STRONG)
    keyboard.press("button", word("confirm_change"))
    page.wait_for_url("**/console")

    keyboard.reach(page.locator("header summary"))
    page.keyboard.press("Enter")
    keyboard.press("link", word("security_credentials"))
    page.wait_for_url("**/iam/security-credentials")
    keyboard.press("link", word("assign_mfa"))
    page.wait_for_url("**/iam/assign-mfa?*")
    keyboard.type(word("device_name"), USER)
    # the kinds are one stop; the arrows choose among them, and the app is chosen already
    keyboard.reach(page.get_by_label(word("authenticator_app")))
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowDown")
    keyboard.press("button", word("next"))
    page.wait_for_url("**/iam/assign-mfa/app")
    keyboard.reach(page.get_by_text(word("show_secret")))
    page.keyboard.press("Space")
    assert page.locator("details[open] code").inner_text()
    now, following = keyboard.codes()
    keyboard.type(word("code_1"), now, _BACK)
    keyboard.type(word("code_2"), following)
    keyboard.press("button", word("add_mfa"))
    page.wait_for_url("**/iam/security-credentials")

    keyboard.reach(page.locator("header summary"))
    page.keyboard.press("Enter")
    keyboard.press("button", word("sign_out"))
    page.wait_for_url("**/signin")
    console.aws.clock.advance(people.TWO_STEPS + timedelta(seconds=30))
    _sign_in(keyboard, STRONG)
    page.wait_for_url("**/signin/mfa")
    keyboard.type(word("mfa_code"), keyboard.codes()[0], _BACK)
    page.keyboard.press("Enter")
    page.wait_for_url("**/console")
    assert page.get_by_text(said("frame.with_mfa")).count() == 1


def _sign_in(keyboard: Keyboard, password: str) -> None:
    keyboard.type(said("sign_in.user"), USER)
    keyboard.type(said("sign_in.password"), password)
    keyboard.press("button", word("sign_in"))
