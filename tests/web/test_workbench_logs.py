"""The workbench with logs: the page of calls without MFA, a user's page, and nothing without."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from rollout.staging import account, user, with_user
from sekisho.account import KeyUse, Usage, UserUse
from sekisho.audit.exceptions import Exceptions
from sekisho.audit.report import audit_account
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


def client(usage: Usage | None = USAGE) -> FlaskClient:
    report = audit_account(ACCOUNT, Exceptions(), usage=usage, version="1")
    site = workbench_site(Material(report, "--snapshot account.json"))
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
