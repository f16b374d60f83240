"""Signing in at the console, in a browser."""

from playwright.sync_api import Page, expect

import web_people as people
from sekisho.tour import ADMINISTRATOR


def test_with_password_and_code(page: Page, console: people.RunningConsole) -> None:
    people.sign_in(page, console)
    expect(page).to_have_url(f"{console.url}/console")
    page.goto(f"{console.url}/iam")
    expect(page.get_by_role("heading", name="IAM Dashboard")).to_be_visible()
    expect(page.get_by_text(f"{ADMINISTRATOR} @ {console.account.account}")).to_be_visible()
