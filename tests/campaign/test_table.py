"""What docs/campaign.md says of each kind of person is what the campaign does.

Each row of the table "What happens when to whom" is played by one person on three days: when
enrolment opens, after they have enrolled, and on the wave's day. A row that nobody plays, or a word
that is not known here, is a failure.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from rollout.staging import ADMIN, managed, with_user
from rollout.test_enrolment import DAY, LATER, OPEN, OTHER, enrolled, people, staff
from sekisho.account import AccessKey, Password, Snapshot, User
from sekisho.audit.exceptions import load_exceptions
from sekisho.campaign import campaign_of, due_today
from sekisho.documents import yaml_shape
from sekisho.policy import from_json
from sekisho.rollout import forecast, goal_of

PAGE = Path(__file__).parents[2] / "docs" / "campaign.md"
GOAL = """\
timezone: Asia/Tokyo
waves:
  - name: everybody
    enrolFrom: 2027-01-11
    enforce: on-enrolment
    from: 2027-02-01
    grace: 7 days
    who: [{path: /staff/}]
except: [{user: out}]
breakGlass: [safe]
dormant: {after: 90 days, do: disable-password}
"""
EXCEPTIONS = """\
schema: sekisho.exceptions/1
exceptions:
  - {user: robot, kind: machine, why: w, owner: o, approvedBy: a, expires: EXPIRES, ticket: T}
"""
GRACE = timedelta(days=7)
BARRED = f"{OTHER}_barred"
NO_DEVICE = from_json(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Deny", "Action": "iam:EnableMFADevice", "Resource": "*"}],
    }
)


@dataclass(frozen=True)
class Played:
    """Somebody who plays a row.

    Attributes:
        user: as they are when enrolment opens; None: they have left.
        joined: when their day is counted from; None: the wave's day is theirs.
        expires: the last day of an exception of theirs.
    """

    user: User | None
    joined: datetime | None = None
    expires: str = ""


USED = LATER - timedelta(hours=1)
PLAYED: Mapping[str, Played] = {
    "a user with a password": Played(staff("plain", password=Password())),
    "a user with a temporary password": Played(
        staff("temp", password=Password(reset_required=True))
    ),
    "a user with a device already": Played(
        staff("ready", password=Password(), devices=enrolled("ready", OPEN - timedelta(days=30)))
    ),
    "a user with an access key in use": Played(
        staff("keys", password=Password(), keys=(AccessKey("AKIAK", True, last_used=USED),))
    ),
    "a user for whom another policy enforces MFA already": Played(
        staff("denied", password=Password(), attached=(OTHER,))
    ),
    "a new user": Played(
        staff("newcomer", password=Password(created_at=DAY - timedelta(hours=1))),
        joined=DAY - timedelta(hours=1),
    ),
    "a user who would be locked out": Played(
        staff("barred", password=Password(), attached=(BARRED,))
    ),
    "an excepted user, or one whom `except` leaves out": Played(
        staff("robot"), expires="2027-06-30"
    ),
    "a user whose exception has ended": Played(
        staff("robot", password=Password()), expires="2027-01-01"
    ),
    "a user who does not sign in (`dormant`)": Played(
        staff("dormant", password=Password(last_used=OPEN - timedelta(days=200)))
    ),
    "a break-glass user": Played(staff("safe", password=Password())),
    "a user who has been deleted": Played(None),
}


def rows() -> Mapping[str, list[str]]:
    """Return the cells of each row, by the person."""
    text = (
        PAGE.read_text("utf-8").partition("## What happens when to whom")[2].partition("\n## ")[0]
    )
    lines = [line.strip(" |").split(" | ") for line in text.splitlines() if line.startswith("|")]
    return {person: cells for person, *cells in lines[2:]}


def on(day: datetime, played: Played, *, has_enrolled: bool = False) -> str:
    """Return what the campaign does to somebody on a day, in the words of the table."""
    start = people(day)
    start = replace(start, policies={**start.policies, BARRED: managed(BARRED, NO_DEVICE)})
    for name in ("plain", "temporary", "ready", "passkey", "keys", "scanner", "denied"):
        start = without(start, name)
    who = played.user
    # so that the waves mean somebody whoever plays
    start = with_user(with_user(start, staff("other", password=Password())), staff("out"))
    start = with_user(start, staff("safe", password=Password()))
    if who is not None:
        if has_enrolled and who.password is not None and who.name != "barred":
            password = replace(who.password, last_used=day, reset_required=False)
            devices = who.devices or enrolled(who.name, day - timedelta(hours=2))
            who = replace(who, devices=devices, password=password)
        keys = tuple(replace(key, last_used=day - timedelta(hours=1)) for key in who.keys)
        start = with_user(start, replace(who, keys=keys))
    exceptions = load_exceptions(
        EXCEPTIONS.replace("EXPIRES", played.expires)
        if played.expires
        else "schema: sekisho.exceptions/1\nexceptions: []\n"
    )
    goal = goal_of(yaml_shape(GOAL, "goal.yaml"), "goal.yaml", start, exceptions)
    found = campaign_of(goal, start, ADMIN)
    assert found.today.plan.applicable, found.today.plan.open_problems
    name = who.name if who is not None else "nobody"
    due = due_today(found)
    if name in due.get("enforce", ()):
        after = forecast(start, found.today.plan.changes)
        assert not any("enrol" in arn for arn in after.user_named[name].attached)
        return "Force_MFA"
    if any(each.user == name and each.overdue for each in found.people):
        return "left out and listed"
    return "enrolment policy" if name in due.get("enrol", ()) else "nothing"


def without(start: Snapshot, name: str) -> Snapshot:
    return replace(start, users=tuple(each for each in start.users if each.name != name))


def said(cell: str, same: str) -> str:
    """Return what a cell says; `same` is what it says of anybody."""
    cell = re.split(r"[;,] | once | after | as \[", cell)[0]
    return {"like other users": same, "waits for `from`": "nothing"}.get(cell, cell)


@pytest.mark.parametrize("person", PLAYED)
def test_the_table_of_the_page_is_what_happens(person: str) -> None:
    table, played = rows(), PLAYED[person]
    anybody = table["a user with a password"]
    opened, after, on_day = (
        said(cell, same) for cell, same in zip(table[person], anybody, strict=True)
    )
    joined = played.joined
    assert on(OPEN if joined is None else joined, played) == opened
    if after != "–":
        assert on(LATER if joined is None else joined, played, has_enrolled=True) == after
    last = DAY if joined is None else joined + GRACE
    assert on(last, played) == on_day
    if joined is not None:
        assert on(last - timedelta(days=1), played) == "enrolment policy"


def test_somebody_plays_each_row() -> None:
    assert {*rows()} == {*PLAYED}
