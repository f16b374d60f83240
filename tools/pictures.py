"""Takes the documents' pictures of the rehearsal console: twelve pages, two languages, two schemes.

    python tools/pictures.py [FOLDER]

A browser walks the two paths over the example company, as `sekisho tour --browser` serves it, and
takes each page at 1280 pixels; the pictures go to `docs/images/console/NAME.LANGUAGE.SCHEME.png`.
It needs Debian's Chromium, or what SEKISHO_CHROMIUM names. The pictures of `assign-mfa` have a new
QR code each time: keep the old ones if nothing else has changed.
"""

import os
import shutil
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import png
from playwright.sync_api import Page, sync_playwright

from sekisho import policy
from sekisho.localaws import ADMINISTRATOR, LocalAws, example_company
from sekisho.messages import Language
from sekisho.policy import Preset
from sekisho.web import WebServer
from sekisho.web.console import Rehearsal, console_site
from sekisho.web.console.start import enforce

FOLDER = Path(__file__).parents[1] / "docs" / "images" / "console"
FLAGS = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    # grey edges of letters make pictures half as large as coloured ones
    "--disable-lcd-text",
)
SCHEMES = ("light", "dark")
EMPLOYEE, NEW = "hanako.sato", "daiki.kobayashi"


_SHADES = bytes(min(255, (value + 4) // 8 * 8) for value in range(256))
"""Thirty-two shades of each colour: the edges of letters repeat, and a picture is half as long."""


def smaller(picture: bytes) -> bytes:
    """Return a PNG with fewer shades, packed tightly."""
    width, height, rows, known = png.Reader(bytes=picture).read()
    written = BytesIO()
    writer = png.Writer(width, height, greyscale=False, alpha=known["alpha"], compression=9)
    writer.write(written, [bytes(row).translate(_SHADES) for row in rows])
    return written.getvalue()


class Walk:
    """One browser that walks through a console and takes pictures."""

    def __init__(self, page: Page, url: str, rehearsal: Rehearsal, names: tuple[Path, str]) -> None:
        self.page, self.url, self.rehearsal = page, url.rstrip("/"), rehearsal
        self._folder, self._tail = names

    def take(self, name: str, *, end: bool = False, alone: bool = False) -> None:
        """Take the page's beginning, or its end, in both schemes; `alone`: without the help."""
        if alone:
            self.page.evaluate("document.getElementById('rail').hidden = true")
        place = "document.body.scrollHeight" if end else "0"
        self.page.evaluate(
            f"document.activeElement.blur(), scrollTo(0, {place}),"
            "document.querySelectorAll('textarea').forEach(each => each.scrollTop = 0)"
        )
        for scheme in SCHEMES:
            self.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
            picture = smaller(self.page.screenshot())
            (self._folder / f"{name}.{self._tail}.{scheme}.png").write_bytes(picture)
        self.page.emulate_media(color_scheme="light")

    def open(self, path: str) -> None:
        """Open a page by its address."""
        self.page.goto(self.url + path)

    def go_on(self) -> None:
        """Press the page's main button."""
        self.page.locator("main button.primary").last.click()

    def choose(self, policy: str) -> None:
        """Search a policy in the page's last list, and tick it."""
        self.page.locator("main input[type=search]:visible").last.fill(policy)
        self.page.keyboard.press("Enter")
        self.page.get_by_role("checkbox", name=policy, exact=True).check()

    def sign_in(self, user: str) -> None:
        """Sign in with the password of the account file, and with a code if one is asked for."""
        self.open("/signin")
        self.page.locator("#user").fill(user)
        password = self.rehearsal.account.credentials[user].password or ""
        self.page.locator("#password").fill(password)
        self.go_on()
        if "/signin/mfa" in self.page.url:
            self.rehearsal.advance(timedelta(seconds=60))
            code, *_ = self.rehearsal.phones.codes(user, self.rehearsal.now())
            self.page.locator("#code").fill(code.code)
            self.go_on()


def administrator(walk: Walk) -> None:
    """The administrator's path, as far as the new user's first page."""
    walk.open("/")
    walk.take("start")
    walk.page.locator('form:has(input[value="administrator"]) button').click()
    walk.take("sign-in")
    walk.sign_in(ADMINISTRATOR)
    walk.open("/iam")
    walk.take("dashboard")
    walk.open("/iam/policies/create")
    document = policy.render(policy.force_mfa(policy.choices_of(Preset.RECOMMENDED)))
    walk.page.locator("textarea").first.fill(document)
    walk.page.wait_for_timeout(1500)
    walk.take("policy-editor")
    walk.go_on()
    walk.take("policy-review")
    walk.page.locator("#name").fill("Force_MFA")
    walk.go_on()
    walk.open("/iam/groups/create")
    walk.page.locator("#name").fill("MFA-required")
    walk.choose("Force_MFA")
    walk.take("create-group", end=True)
    walk.go_on()
    walk.open("/iam/users/create/details")
    walk.page.locator("#name").fill("misaki.ito")
    walk.page.locator("#console").check()
    walk.page.locator("#person-iam").check()
    walk.take("create-user")
    walk.go_on()
    walk.page.locator("#way-attach").check()
    walk.choose("Force_MFA")
    walk.take("set-permissions", alone=True)


def employee(walk: Walk) -> None:
    """The employee's path, as far as the second page of the device."""
    walk.open("/")
    walk.page.locator('form:has(input[value="employee"]) button').click()
    walk.sign_in(NEW)
    walk.take("new-password")
    walk.sign_in(EMPLOYEE)
    walk.open("/s3/buckets")
    walk.take("denied")
    walk.open("/iam/security-credentials")
    walk.take("security-credentials")
    walk.open("/iam/assign-mfa")
    walk.page.locator("#name").fill(EMPLOYEE)
    walk.go_on()
    walk.page.locator("main details").first.evaluate("each => each.open = true")
    walk.take("assign-mfa")


def main() -> None:
    """Take all of them."""
    options = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    options.add_argument("folder", nargs="?", type=Path, default=FOLDER, metavar="FOLDER")
    folder: Path = options.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    chromium = os.environ.get("SEKISHO_CHROMIUM") or shutil.which("chromium")
    company = example_company()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        for language in Language:
            with LocalAws(company) as aws:
                rehearsal = Rehearsal.at(aws, company)
                enforce(rehearsal, EMPLOYEE, Preset.RECOMMENDED)
                enforce(rehearsal, NEW, Preset.FIRST_LOGIN)
                with WebServer(console_site(rehearsal, language)) as server:
                    for path in (administrator, employee):
                        context = browser.new_context(viewport={"width": 1280, "height": 800})
                        path(
                            Walk(
                                context.new_page(), server.url, rehearsal, (folder, language.value)
                            )
                        )
                        context.close()
        browser.close()


if __name__ == "__main__":
    main()
