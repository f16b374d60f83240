"""The workbench with logs: what would be denied, calls without MFA, and nothing without logs."""

import hashlib
import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Browser

import hand_made_replays
from accessibility import axe_faults
from hand_made_replays import NO_KEY, UNCHANGED, detail, event, judged
from in_process import sekisho
from rollout.staging import account, user, with_user
from sekisho.account import KeyUse, Usage, UserUse
from sekisho.audit.exceptions import Exceptions
from sekisho.audit.report import audit_account
from sekisho.messages import Language
from sekisho.replay import CallOutcome, DetailKind
from sekisho.replay.report import ReplayReport
from sekisho.web import WebServer
from sekisho.web.site import Site
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


STOPS = event("mallory")
GROUPS = [
    judged(STOPS, events=1_200),
    judged(event(HOSTILE), NO_KEY, events=3),
    judged(event("hanako", key_id="ASIA"), UNCHANGED, events=7),
]
REPLAY = hand_made_replays.report(
    GROUPS,
    [detail(STOPS, DetailKind.ADDRESS, "192.0.2.1", 1_200)],
    [(0, START.date(), 1_200), (2, START.date(), 7)],
)


def material(usage: Usage | None, replay: ReplayReport | None = None) -> Material:
    report = audit_account(ACCOUNT, Exceptions(), usage=usage, version="1")
    return Material(report, "--snapshot account.json", replay=replay)


def client(usage: Usage | None = USAGE, replay: ReplayReport | None = None) -> FlaskClient:
    site = workbench_site(material(usage, replay))
    site.bind("localhost:1", "127.0.0.1:1")
    return site.app.test_client()


def page(path: str, usage: Usage | None = USAGE, replay: ReplayReport | None = None) -> str:
    return client(usage, replay).get(path, **BASE).get_data(as_text=True)


def test_what_would_be_denied_is_shown_by_key_by_caller_and_by_service() -> None:
    shown = page("/impact", replay=REPLAY)
    assert harmless(shown)
    assert "Calls of 1 of 3 users would be denied: mallory." in shown
    assert "All of them would be denied, so it will stop working." in shown
    assert "denied 1,200, unchanged 7, unknown 3" in shown
    assert "the log does not have these condition keys: <code>aws:PrincipalTag/team" in shown
    assert "What to do" in shown
    for anchor in ("by-day", "by-caller", "by-service", "unknown", "callers"):
        assert f'id="denied-{anchor}"' in shown
    # all but what stops is folded up
    assert 'aria-labelledby="stopping"' in shown
    assert '<details class="panel"><summary><h2 id="denied-callers">' in shown
    # one day is no chart
    assert "All on 2026-08-01: 1,200" in shown
    # and the calls without MFA are still there
    assert "calls 1,200" in shown
    assert "a usage file has counts" not in shown


def test_a_usage_file_does_not_tell_what_would_be_denied() -> None:
    shown = page("/impact")
    assert "a usage file has counts only" in shown
    assert "denied-" not in shown
    assert json.loads(page("/impact?format=json"))["impact"] is None


def test_what_would_be_denied_is_json_as_impact_has_it() -> None:
    value: dict[str, Any] = json.loads(page("/impact?format=json", replay=REPLAY))
    assert value["impact"]["schema"] == "sekisho.impact/1"
    assert value["impact"]["counts"]["denied"] == 1_200


INPUTS = Path(__file__).parents[1] / "golden" / "inputs"
GOAL = str(INPUTS / "goals" / "first.yaml")


@pytest.mark.parametrize(
    ("options", "asked"),
    [
        ([], "as `sekisho policy new` writes it"),
        (["--goal", GOAL], "first.yaml with all its waves"),
        (["--goal", GOAL, "--plan", "plan.json"], "the plan plan.json"),
    ],
)
def test_the_command_asks_the_plan_else_the_goal_else_force_mfa(
    options: list[str], asked: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    read = (INPUTS / "accounts" / "company.json").read_bytes()
    snapshot = ["--snapshot", str(INPUTS / "accounts" / "company.json")]
    if "--plan" in options:
        caller = ["--caller", "arn:aws:iam::111122223333:user/yuki.tanaka", "--mfa"]
        sekisho("plan", GOAL, *snapshot, *caller, "--out", "plan.json")
    seen: list[Material] = []

    def site(material: Material, language: Language) -> Site:
        seen.append(material)
        return workbench_site(material, language)

    def stop(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("sekisho.web.workbench.workbench_site", site)
    monkeypatch.setattr("sekisho.cli.progress.time.sleep", stop)
    done = sekisho("web", *snapshot, "--logs", str(INPUTS / "logs" / "company.json"), *options)
    assert done.returncode == 0, done.stderr
    # what was read has its hash, for the auditor
    assert seen[0].files[0] == (snapshot[1], hashlib.sha256(read).hexdigest())
    assert len(seen[0].files) == 1 + len(options) // 2
    replay = seen[0].replay
    assert replay is not None
    assert asked in replay.question.about.en
    assert replay.counts[CallOutcome.DENIED]
    # the goal exempts it
    assert ("deploy-bot" in {key.caller.name for key in replay.stopping}) is (not options)


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
    assert "Used, according to the logs" in page("/")


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
    with WebServer(workbench_site(material(USAGE, REPLAY))) as server:
        viewport = {"width": 390, "height": 800}
        page = browser.new_context(viewport=viewport, color_scheme=scheme).new_page()
        for path in ("impact", "user?name=mallory"):
            page.goto(f"{server.url}{path}")
            if (other := page.get_by_role("button", name=language)).count():
                other.click()
                page.wait_for_load_state()
            assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
            assert axe_faults(page) == []
        page.context.close()
