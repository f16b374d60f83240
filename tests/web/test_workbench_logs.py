"""The workbench with logs: the page of calls without MFA, a user's page, and nothing without."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask.testing import FlaskClient
from playwright.sync_api import Browser

from rollout.staging import account, user, with_user
from sekisho.account import KeyUse, Usage, UserUse
from sekisho.audit.exceptions import Exceptions
from sekisho.audit.report import audit_account
from sekisho.web import WebServer
from sekisho.web.workbench import Material, workbench_site
from web.test_workbench import BASE, harmless

START = datetime(2026, 8, 1, tzinfo=UTC)
HOSTILE = "<img src=x>\u202e"
ACCOUNT = with_user(account(), user("mallory"))
(FIRST, *_) = (each.name for each in ACCOUNT.users)
KEY = KeyUse(
    "AKIAEXAMPLE",
    calls=1_234,
    without_mfa=1_200,
    failed=0,
    first=START,
    last=START + timedelta(days=20),
    services={"s3": 1_000, HOSTILE: 234},
    days={"2026-08-01": 1_000, "2026-08-21": 200},
)
USAGE = Usage(
    *(None, None, START, START + timedelta(days=20), 20, 1_300),
    users=(UserUse(ACCOUNT.user_named["mallory"].arn, (KEY,), sign_ins_without_mfa=2),),
)


def material(usage: Usage | None) -> Material:
    report = audit_account(ACCOUNT, Exceptions(), usage=usage, version="1")
    return Material(report, "--snapshot account.json")


def client(usage: Usage | None = USAGE) -> FlaskClient:
    site = workbench_site(material(usage))
    site.bind("localhost:1", "127.0.0.1:1")
    return site.app.test_client()


def page(path: str, usage: Usage | None = USAGE) -> str:
    return client(usage).get(path, **BASE).get_data(as_text=True)


def test_calls_without_mfa_are_shown_by_day_by_user_and_by_service() -> None:
    shown = page("/impact")
    assert harmless(shown)
    assert "<title>2026-08-01: 1,000</title>" in shown
    # 21 days, of which two have calls
    assert len(re.findall(r'<rect class="level', shown)) == 21
    assert len(re.findall(r'<rect class="level[1-4]"', shown)) == 2
    assert "calls 1,200" in shown
    assert 'href="/user?name=mallory"' in shown
    assert "Signed in without MFA: mallory (2)." in shown
    assert 'href="/impact"' in page("/")
    assert "Used, by the logs" in page("/")


def test_a_users_page_has_what_the_logs_have() -> None:
    shown = page("/user?name=mallory")
    assert harmless(shown)
    assert "AKIAEXAMPLE: s3 (1,000)" in shown


def test_it_is_json_as_the_audit_has_it() -> None:
    value: dict[str, Any] = json.loads(page("/impact?format=json"))
    (mallory,) = (each for each in value["users"] if each["user"] == "mallory")
    assert mallory["logged"]["keys"][0]["days"] == KEY.days
    assert value["logs"]["used"]["signInsWithoutMfa"] == ["mallory"]


@pytest.mark.parametrize("path", ["/", "/users", "/user?name=mallory"])
def test_without_logs_there_is_nothing_of_them(path: str) -> None:
    shown = page(path, None)
    assert "/impact" not in shown
    assert client(None).get("/impact", **BASE).status_code == 404


def test_logs_without_a_call_have_no_calendar() -> None:
    shown = page("/impact", replace(USAGE, users=()))
    assert "no call without MFA" in shown
    assert "<rect" not in shown


@pytest.mark.parametrize(("language", "scheme"), [("English", "light"), ("日本語", "dark")])
def test_axe_finds_nothing_and_all_fits(
    browser: Browser, language: str, scheme: Literal["light", "dark"]
) -> None:
    with WebServer(workbench_site(material(USAGE))) as server:
        viewport = {"width": 390, "height": 800}
        page = browser.new_context(viewport=viewport, color_scheme=scheme).new_page()
        for path in ("impact", "user?name=mallory"):
            page.goto(f"{server.url}{path}")
            if (other := page.get_by_role("button", name=language)).count():
                other.click()
            assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
            found = Axe().run(page, options={"resultTypes": ["violations"]})
            assert found.violations_count == 0, (page.url, found.generate_report())
        page.context.close()
