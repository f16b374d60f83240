"""An audit with logs: the third figure, who uses no MFA, and whom to decide about."""

import csv
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest

from audit.small_accounts import snapshot_of, to_csv, to_html, to_text
from sekisho.account import KeyUse, Snapshot, Usage, UserUse
from sekisho.audit.exceptions import Exceptions
from sekisho.audit.impact import Nature
from sekisho.audit.report import AccountReport, audit_account, logged_figures, to_json
from sekisho.messages import Language

START = datetime(2026, 8, 1, tzinfo=UTC)
ALL_HOURS = {str(hour): 10 for hour in range(168)}
WORKING = {str(day * 24 + hour): 10 for day in range(5) for hour in range(8, 18)}


def key(key_id: str, calls: int, without_mfa: int, **more: Any) -> KeyUse:
    end = START + timedelta(days=80)
    return KeyUse(key_id, calls, without_mfa, failed=0, first=START, last=end, **more)


def account() -> Snapshot:
    value: dict[str, Any] = {
        "users": {
            "bot": {"keys": [{"used": 24 * 200}]},
            "ken": {"password": {}, "devices": ["virtual"]},
            "mei": {"password": {}},
            "old": {"password": {}},
        }
    }
    return snapshot_of(value)


ACCOUNT = account()


def usage(snapshot: Snapshot = ACCOUNT, **uses: UserUse) -> Usage:
    arns = {user.name: user.arn for user in snapshot.users}
    users = tuple(replace(use, arn=arns[name]) for name, use in uses.items())
    return Usage(None, None, START, START + timedelta(days=80), 90, 5_000, users=users)


BOT = UserUse(
    "",
    (
        key(
            "AKIABOT0",
            1_680,
            1_680,
            hours=ALL_HOURS,
            agents={"Boto3/1.34.0": 1_680},
            services={"s3": 1_680},
            addresses_count=1,
        ),
    ),
)
KEN = UserUse("", (key("ASIA", 500, 0, hours=WORKING),), sign_ins_with_mfa=40)
MEI = UserUse("", sign_ins_without_mfa=3, aws_login=5, aws_login_without_mfa=5)
LOGS = usage(bot=BOT, ken=KEN, mei=MEI)


def audited(logs: Usage | None = LOGS) -> AccountReport:
    return audit_account(ACCOUNT, Exceptions(), usage=logs, version="1")


def test_the_third_figure_is_that_of_the_logs() -> None:
    found = logged_figures(audited())
    assert found is not None
    assert (found.used, found.without, found.unseen) == (1, 2, 1)
    assert (found.sign_ins_without_mfa, found.aws_login_without_mfa) == (("mei",), ("mei",))
    assert found.to_decide == ("bot",)
    assert logged_figures(audited(None)) is None


def test_text_says_it_and_says_nothing_of_logs_without_logs() -> None:
    text = to_text(audited(), Language.EN)
    assert "By logs of 2026-08-01 00:00 UTC to 2026-10-20 00:00 UTC" in text
    assert "Used, according to the logs: 1 of 4 users signed in or called with MFA, 2 only" in text
    assert "Signed in without MFA: mei (3)." in text
    assert "To decide: bot." in text
    assert "AKIABOT0: s3 (1,680)" in text
    for form in (to_text(audited(None), Language.EN), to_html(audited(None), Language.EN)):
        assert "the logs" not in form


def test_csv_and_json_have_it_too() -> None:
    lines = {line["user"]: line for line in csv.DictReader(StringIO(to_csv(audited())))}
    assert lines["bot"]["logged_calls_without_mfa"] == "1680"
    assert (lines["bot"]["logged_to_decide"], lines["ken"]["logged_to_decide"]) == ("true", "false")
    value = json.loads("".join(to_json(audited())))
    assert value["logs"]["used"]["toDecide"] == ["bot"]
    (bot,) = (user for user in value["users"] if user["user"] == "bot")
    assert bot["logged"]["keys"][0]["withoutMfa"] == 1_680
    without = json.loads("".join(to_json(audited(None))))
    assert "logs" not in without
    assert "logged" not in without["users"][0]
    assert "1,680" in to_html(audited(), Language.EN)


BY_DEVICE, BY_NOTHING = "ken", "bot"


@pytest.mark.parametrize(
    ("user", "use", "nature"),
    [
        # a key that IAM calls unused is neither; the logs say what it is
        (BY_NOTHING, BOT, Nature.MACHINE),
        (BY_NOTHING, UserUse("", sign_ins_without_mfa=1), Nature.PERSON),
        (BY_NOTHING, UserUse(""), Nature.UNSURE),
        (BY_NOTHING, UserUse("", (key("AKIABOT0", 3, 3),)), Nature.UNSURE),
        # who has a device is a person, unless a program is at work with the user's key
        (BY_DEVICE, KEN, Nature.PERSON),
        (BY_DEVICE, BOT, Nature.UNSURE),
        (BY_DEVICE, UserUse(""), Nature.PERSON),
    ],
)
def test_logs_are_evidence_beside_what_a_user_holds(
    user: str, use: UserUse, nature: Nature
) -> None:
    rows = {row.user.name: row for row in audited(usage(**{user: use})).rows}
    assert rows[user].nature is nature
    assert any("in the logs" in text.en for text in rows[user].because) is (
        bool(use.sign_ins) or not use.calls or bool(use.keys[0].hours)
    )


def test_who_is_an_exception_is_not_to_be_decided_about() -> None:
    assert audited().rows[0].left_out is False
    row = replace(audited().rows[0], exempt=True)
    report = replace(audited(), rows=(row, *audited().rows[1:]))
    found = logged_figures(report)
    assert found is not None
    assert found.to_decide == ()
