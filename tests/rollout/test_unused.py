"""People who do not sign in, and access keys that grow old: a table of cases, and laws."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from cases import CORPUS
from rollout.staging import ACCOUNT, account, user, with_user
from sekisho.account import (
    AccessKey,
    CredentialReport,
    CredentialRow,
    Gap,
    KeyUse,
    Password,
    Snapshot,
    Usage,
    User,
    UserUse,
    user_ref,
)
from sekisho.audit.exceptions import Exceptions, load_exceptions
from sekisho.documents import yaml_shape
from sekisho.errors import FaultyInput
from sekisho.messages import verbatim
from sekisho.rollout import Goal, goal_of
from sekisho.rollout.goal.unused import (
    AgingKey,
    KeyState,
    aging_keys,
    dormant_users,
    sign_ins_unread,
)

NOW = datetime(2027, 1, 20, 12, tzinfo=UTC)
TABLE = yaml.safe_load((CORPUS / "rollout/unused.yaml").read_text("utf-8"))
RULES = "{by: last-use, warn: 80 days, disable: 90 days, delete: 97 days}"
GOAL = """\
waves: [{{who: [{{all: true}}], from: 2027-02-01}}]
breakGlass: [{glass}]
except: [{left_out}]
dormant: {{after: 90 days}}
keys: {keys}
"""
EXCEPTION = """\
schema: sekisho.exceptions/1
exceptions:
  - {user: kei, kind: exception, why: w, force: f, owner: o, approvedBy: a, ticket: t,
     expires: 2027-06-30}
"""


def ago(days: int | None) -> datetime | None:
    return None if days is None else NOW - timedelta(days=days)


def snapshot_of(kei: User, case: Mapping[str, Any]) -> Snapshot:
    about = case.get("password") or {}
    row = CredentialRow(
        "kei",
        kei.arn,
        password_last_used=ago(about.get("used")),
        password_last_changed=ago(about.get("changed")),
    )
    report = CredentialReport(NOW, {"kei": row}) if case.get("report", True) else None
    unread = case.get("unread")
    gaps = (Gap(unread, user_ref("kei"), verbatim("AccessDenied")),) if unread else ()
    return replace(with_user(account(), kei), taken_at=NOW, report=report, gaps=gaps)


def goal(snapshot: Snapshot, case: Mapping[str, Any]) -> Goal:
    text = GOAL.format(
        glass="kei" if case.get("breakGlass") else "glass",
        left_out="{user: kei}" if case.get("except") else "",
        keys=case.get("rules", RULES),
    )
    exceptions = load_exceptions(EXCEPTION) if case.get("exception") else Exceptions()
    return goal_of(yaml_shape(text, "goal.yaml"), "goal.yaml", snapshot, exceptions)


def logged(case: Mapping[str, Any]) -> Usage | None:
    if "logged" not in case:
        return None
    at = NOW - timedelta(days=case["logged"])
    use = UserUse(user("kei").arn, (KeyUse("AKIAKEI", 1, 1, 0, at, at),), last_sign_in=at)
    return Usage(None, None, at, at, 1, 1, users=(use,))


@pytest.mark.parametrize("case", [pytest.param(each, id=each["id"]) for each in TABLE["dormant"]])
def test_who_is_dormant(case: dict[str, Any]) -> None:
    about = case.get("password")
    password = about is not None and Password(
        created_at=ago(about.get("made")), last_used=ago(about.get("used"))
    )
    kei = user("kei", password=password or None)
    snapshot = snapshot_of(kei, case)
    made, caller = goal(snapshot, case), kei.arn if case.get("caller") else ""
    found = {
        each.user: (made.day_of(NOW) - each.since).days
        for each in dormant_users(made, snapshot, logged(case), caller)
    }
    assert found.get("kei", False) == (case["dormant"] if case["dormant"] != "unknown" else False)
    assert ("kei" in sign_ins_unread(made, snapshot)) == (case["dormant"] == "unknown")


@pytest.mark.parametrize("case", [pytest.param(each, id=each["id"]) for each in TABLE["keys"]])
def test_how_old_a_key_is(case: dict[str, Any]) -> None:
    about = case.get("key")
    keys = ()
    if about is not None:
        made_at, used = ago(about.get("made")), ago(about.get("used"))
        keys = (AccessKey("AKIAKEI", about.get("active", True), made_at, used),)
    password = None if case.get("machine") else Password(created_at=NOW)
    snapshot = snapshot_of(user("kei", password=password, keys=keys), case)
    made = goal(snapshot, case)
    (found,) = (each for each in aging_keys(made, snapshot, logged(case)) if each.user == "kei")
    assert found.state == case["state"]
    assert (found.since and (made.day_of(NOW) - found.since).days) == case.get("since")
    assert case.get("decision", "") in (found.needs_decision.en if found.needs_decision else "")
    assert (found.needs_decision is None) == ("decision" not in case)
    assert case.get("why", "") in (found.why.en if found.why else "")
    assert (found.why is None) == ("why" not in case)


def test_every_fault_of_the_rules_is_told_at_once_with_line_and_column() -> None:
    text = """\
who: [{all: true}]
dormant: {after: 0 days, do: delete}
keys:
  by: use
  warn: 90 days
  disable: 90 days
  delete: 20 days
untold: never
"""
    faults = _faults(text)
    assert faults == [
        (2, 18, "is not a number of days, like `7 days`"),
        (2, 30, "must be one of `name`, `disable-password`"),
        (4, 7, "must be one of `last-use`, `age`"),
        (6, 12, "`disable` is not after `warn`"),
        (7, 11, "`delete` is not after `disable`"),
        (8, 9, "must be one of `wait`, `enforce`"),
    ]


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ("{}", "`warn` is missing"),
        ("{disable: 90 days}", "`disable` needs `warn`"),
        ("{warn: 80 days, delete: 97 days}", "`delete` needs `disable`"),
    ],
)
def test_a_later_day_needs_the_earlier_one(rules: str, message: str) -> None:
    ((_, _, found),) = _faults(f"who: [{{all: true}}]\nkeys: {rules}\n")
    assert found == message


def _faults(text: str) -> list[tuple[int, int, str]]:
    with pytest.raises(FaultyInput) as caught:
        goal_of(yaml_shape(text, "goal.yaml"), "goal.yaml", account(), Exceptions())
    return [(fault.line, fault.column, fault.message.en) for fault in caught.value.faults]


_DAYS = st.none() | st.integers(0, 200)
_ORDER = {state: at for at, state in enumerate(KeyState)}


@st.composite
def _people(draw: st.DrawFn) -> Snapshot:
    """Return an account with three people, of whom one may be break-glass and one left out."""
    start = replace(account(), taken_at=NOW, report=CredentialReport(NOW, {}))
    rows = {}
    for name in ("kei", "ren", "yui"):
        password = None
        if draw(st.booleans()):
            password = Password(created_at=ago(draw(_DAYS)), last_used=ago(draw(_DAYS)))
        key = AccessKey(
            f"AKIA{name.upper()}", draw(st.booleans()), ago(draw(_DAYS)), ago(draw(_DAYS))
        )
        start = with_user(start, user(name, password=password, keys=(key,)))
        if draw(st.booleans()):
            arn = f"arn:aws:iam::{ACCOUNT}:user/{name}"
            rows[name] = CredentialRow(name, arn, password_last_changed=ago(draw(_DAYS)))
    return replace(start, report=CredentialReport(NOW, rows))


@given(_people(), st.integers(0, 120), st.sampled_from(["last-use", "age"]))
def test_a_later_day_makes_no_key_younger_and_nobody_less_dormant(
    start: Snapshot, days: int, by: str
) -> None:
    case = {"rules": f"{{by: {by}, warn: 80 days, disable: 90 days, delete: 97 days}}"}
    later = replace(start, taken_at=NOW + timedelta(days=days))
    before, after = _keys(start, case), _keys(later, case)
    assert before.keys() == after.keys()
    for key, each in before.items():
        assert _ORDER[each.state] <= _ORDER[after[key].state]
        assert (each.since, each.delete_on) == (after[key].since, after[key].delete_on)
    first = {each.user for each in dormant_users(goal(start, {}), start)}
    assert first <= {each.user for each in dormant_users(goal(later, {}), later)}


def _keys(start: Snapshot, case: Mapping[str, Any]) -> dict[tuple[str, str], AgingKey]:
    return {(each.user, each.key_id): each for each in aging_keys(goal(start, case), start)}


@given(_people(), st.sampled_from(["breakGlass", "except", "exception"]))
def test_nothing_is_ever_said_of_who_is_protected(start: Snapshot, how: str) -> None:
    protected = goal(start, {how: True})
    caller = start.user_named["ren"].arn
    found = [
        *(each.user for each in dormant_users(protected, start, caller=caller)),
        *sign_ins_unread(protected, start, caller),
        *(each.user for each in aging_keys(protected, start, caller=caller)),
    ]
    assert not {"kei", "ren"} & {*found}


@given(_people())
def test_a_machine_and_what_is_unknown_has_no_day(start: Snapshot) -> None:
    for each in aging_keys(goal(start, {}), start):
        left = each.state in (KeyState.MACHINE, KeyState.UNKNOWN)
        assert left == (each.warn_on is None) == (each.why is not None)
        if start.user_named[each.user].password is None:
            assert left
