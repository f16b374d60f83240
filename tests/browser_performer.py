"""Performing the steps of a scenario at the rehearsal console, in a browser.

As `scenario_performer` does over the wire: a step is what a person does at a page, and what came of
it is what the next page shows.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import urlencode

from playwright.sync_api import Locator, Page

import web_people as people
from scenario_account import PASSWORD_AGE, PASSWORDS, SEED, Cell, device_name
from scenario_performer import FAST
from sekisho.prover.scenarios import (
    ROLE_HOLD,
    Access,
    DeviceHolder,
    Move,
    MoveKind,
    Scenario,
    ScenarioDevice,
    ScenarioPrincipal,
)
from sekisho.signin import totp

ADMINISTRATOR = "yuki"
"""Who helps, in the accounts of `scenario_account`."""

_PASSKEY = ScenarioDevice(DeviceHolder.ACTOR_PASSKEY)
_NEW = "Sekisho-{}-barrier"
_THREE_STEPS = timedelta(seconds=3 * totp.PERIOD)


def played(scenario: Scenario) -> bool:
    """Tell whether a scenario begins with what a browser can: no access key, no cache, no role."""
    holds = scenario.question.start.holds
    programs = (Access.KEY, Access.LOGIN_CACHE)
    return ROLE_HOLD not in holds and not any(each.access in programs for each in holds)


class BrowserPerformer:
    """The actor of a scenario at a console that runs, and the administrator who helps.

    Args:
        page: the actor's; who was signed in there no longer is.
        helper: a page at which the administrator is signed in.
    """

    def __init__(
        self, console: people.RunningConsole, page: Page, helper: Page, cell: Cell
    ) -> None:
        self._console, self._page, self._helper = console, page, helper
        self._names = cell.setting.called.people
        self._user = self._names[ScenarioPrincipal.USER]
        self._password = PASSWORDS[ScenarioPrincipal.USER]
        start = cell.scenario.question.start
        self._serials = {
            device: _serial(console, device_name(device, ScenarioPrincipal.USER, cell))
            for device in start.user.devices
        }
        self._seeds = dict.fromkeys(start.user.devices, SEED)
        self._fast = 0 if all(each.in_step for each in start.user.devices) else FAST
        self._made = 0
        page.context.clear_cookies()
        if start.user.hard_expired:
            passwords, clock = console.aws.world.passwords, console.aws.clock
            long_ago = clock.now() - timedelta(days=PASSWORD_AGE + 1)
            passwords[self._user] = replace(passwords[self._user], changed_at=long_ago)

    def perform(self, move: Move) -> bool:
        """Do what a step says, and return whether it was carried out."""
        match move.kind:
            case MoveKind.SIGN_IN:
                return self._sign_in()
            case MoveKind.GIVE_CODE:
                return self._give_code(move.device)
            case MoveKind.NEW_PASSWORD:
                return self._new_password()
            case MoveKind.RESYNC_AT_SIGN_IN:
                return self._resync(self._page, "/signin/resync", move.device)
            case _:
                return self._change(move)

    def _change(self, move: Move) -> bool:
        """Change what the account has, as the actor or as the administrator who helps."""
        page = self._helper if move.holding.owner is ScenarioPrincipal.ADMINISTRATOR else self._page
        match move.kind:
            case MoveKind.CREATE_DEVICE:
                return self._create(move.device)
            case MoveKind.ENABLE_DEVICE:
                return self._enable(move.device)
            case MoveKind.REGISTER_PASSKEY:
                return self._register()
            case MoveKind.DEACTIVATE_DEVICE:
                return self._remove(page, move.device)
            case MoveKind.UPDATE_LOGIN:
                return self._reset(page)
            case MoveKind.RESYNC_DEVICE:
                serial = self._serials[move.device] if move.device is not None else ""
                query = urlencode({"user": self._user, "serial": serial})
                return self._resync(page, f"/iam/resync-mfa?{query}", move.device)
            case _:
                raise AssertionError(f"no page of the console does {move.kind.value}")

    def is_in(self) -> bool:
        """Tell whether the page that the actor has come to is of a session with MFA."""
        return self._page.get_by_text("You have signed in with MFA.").count() > 0

    def has_own_device(self) -> bool:
        """Tell whether the user has a device that is called as the user is."""
        self._go("/iam/security-credentials")
        serial = _serial(self._console, self._user)
        return self._page.get_by_role("rowheader", name=serial, exact=True).count() > 0

    def _go(self, path: str) -> None:
        self._page.goto(f"{self._console.url}{path}")

    def _at(self, path: str) -> bool:
        return self._page.url.partition("?")[0] == f"{self._console.url}{path}"

    def _sign_in(self) -> bool:
        self._go("/signin")
        self._page.get_by_label("IAM user name").fill(self._user)
        self._page.get_by_label("Password").fill(self._password)
        _press(self._page.get_by_role("button", name="Sign in", exact=True))
        return not self._at("/signin")

    def _give_code(self, device: ScenarioDevice | None) -> bool:
        assert self._at("/signin/mfa")
        if device == _PASSKEY:
            self._page.get_by_role("button", name="Passkey or security key").click()
            self._page.wait_for_url(lambda url: "/signin/mfa" not in url)
            return True
        now, page = self._later(), self._page
        # who has no device can only guess
        step = totp.step_of(now) + self._fast
        code = totp.code_at(self._seeds[device], step) if device else "000000"
        page.get_by_label("MFA code").fill(code)
        _press(page.get_by_role("button", name="Sign in", exact=True))
        return not self._at("/signin/mfa")

    def _resync(self, page: Page, path: str, device: ScenarioDevice | None) -> bool:
        assert device is not None
        seed, step = self._seeds[device], totp.step_of(self._later()) + self._fast
        page.goto(f"{self._console.url}{path}")
        page.get_by_label("MFA code 1").fill(totp.code_at(seed, step - 1))
        page.get_by_label("MFA code 2").fill(totp.code_at(seed, step))
        _press(page.get_by_role("button", name="Resync"))
        if not page.get_by_text("MFA device resynchronized.").count():
            return False
        right = replace(device, in_step=True)
        self._seeds[right], self._serials[right] = seed, self._serials[device]
        return True

    def _later(self) -> datetime:
        """Let the codes that were used pass, and return what the time is then."""
        self._console.aws.clock.advance(_THREE_STEPS)
        return self._console.aws.clock.now()

    def _new_password(self) -> bool:
        assert self._at("/signin/new-password")
        page, new = self._page, _NEW.format(self._user)
        page.get_by_label("Old password").fill(self._password)
        page.get_by_label("New password", exact=True).fill(new)
        page.get_by_label("Retype new password").fill(new)
        _press(page.get_by_role("button", name="Confirm password change"))
        if self._at("/signin/new-password"):
            return False
        self._password = new
        return True

    def _create(self, device: ScenarioDevice | None) -> bool:
        assert device is not None
        self._made += 1
        other = f"phone-{self._made}-of-{self._user}"
        name = self._names[device.name] if isinstance(device.name, ScenarioPrincipal) else other
        self._assign(name, "Authenticator app")
        if not self._at("/iam/assign-mfa/app"):
            return False
        self._page.get_by_text("Show secret key").click()
        self._seeds[device] = self._page.locator("details[open] code").inner_text()
        self._serials[device] = _serial(self._console, name)
        return True

    def _assign(self, name: str, kind: str) -> None:
        self._go("/iam/assign-mfa")
        self._page.get_by_label("Device name").fill(name)
        self._page.get_by_label(kind).check()
        _press(self._page.get_by_role("button", name="Next"))

    def _enable(self, device: ScenarioDevice | None) -> bool:
        assert device is not None
        page, seed, step = self._page, self._seeds[device], totp.step_of(self._later())
        if not self._at("/iam/assign-mfa/app"):
            self._go("/iam/assign-mfa/app")
        page.get_by_label("MFA code 1").fill(totp.code_at(seed, step - 1))
        page.get_by_label("MFA code 2").fill(totp.code_at(seed, step))
        _press(page.get_by_role("button", name="Add MFA"))
        return not self._at("/iam/assign-mfa/app")

    def _register(self) -> bool:
        self._made += 1
        self._assign(f"key-{self._made}-of-{self._user}", "Passkey or security key")
        self._page.get_by_role("button", name="Continue").click()
        done = self._page.get_by_text("Sign out and sign in again")
        fault = self._page.get_by_role("alert").filter(has_text="not authorized")
        done.or_(fault).first.wait_for()
        return done.is_visible()

    def _remove(self, page: Page, device: ScenarioDevice | None) -> bool:
        assert device is not None
        if page is self._page:
            self._go("/iam/security-credentials")
        else:
            page.goto(f"{self._console.url}/iam/user?name={self._user}&tab=security")
        row = page.get_by_role("row").filter(has=page.get_by_text(self._serials[device]))
        row.locator("details.ask summary").click()
        _press(row.get_by_role("button", name="Confirm: Remove"))
        return page.get_by_text(self._serials[device], exact=True).count() == 0

    def _reset(self, page: Page) -> bool:
        page.goto(f"{self._console.url}/iam/console-access?user={self._user}")
        page.locator("details.ask summary", has_text="Reset password").click()
        _press(page.get_by_role("button", name="Confirm: Reset password"))
        shown = page.locator("#password")
        if not shown.count():
            return False
        self._password = shown.text_content() or ""
        return True


def _press(button: Locator) -> None:
    """Press a button that leads to a page, and wait until that is whole: a click waits for less."""
    with button.page.expect_navigation():
        button.click()


def _serial(console: people.RunningConsole, name: str) -> str:
    return f"arn:aws:iam::{console.account.account}:mfa/{name}"
