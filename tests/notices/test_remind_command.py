"""`sekisho remind`: announced, reminded, posted, and never twice."""

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from audit.small_accounts import snapshot_of
from in_process import sekisho
from notices.test_webhook import OK, SECRET, answer, serving
from sekisho.account import Password, load_snapshot, save_snapshot
from sekisho.audit.exceptions import Exceptions
from sekisho.messages import Language
from sekisho.rollout import PlanCaller, goal_of, plan, read_goal

ALL = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
GOAL = """\
policy: {name: Force_MFA, preset: recommended}
breakGlass: [glass]
waves:
  - name: one
    from: 2026-12-08
    who: [{user: aki}, {user: ben}]
  - name: two
    from: 2026-12-15
    who: [{user: chi}]
"""
USER: Mapping[str, Any] = {"has": ["All"], "password": {}}


def _folder(folder: Path, *enrolled: str, enforced: tuple[str, ...] = ()) -> Path:
    """Write a goal and a snapshot in which some have enrolled, and return the goal's path."""
    users = {
        name: {
            **USER,
            "has": ["All", *(["Force_MFA"] if name in enforced else [])],
            "devices": ["virtual"] if name in enrolled else [],
        }
        for name in ("aki", "ben", "chi")
    }
    users["glass"] = {**USER, "devices": ["virtual"]}
    policies = {"All": ALL, "Force_MFA": "Force_MFA"}
    snapshot = snapshot_of({"users": users, "policies": policies})
    save_snapshot(replace(snapshot, scps=()), folder / "account.json", replace=True)
    (folder / "goal.yaml").write_text(GOAL, encoding="utf-8")
    return folder / "goal.yaml"


@cache
def _account_and_plan(*enrolled: str) -> tuple[str, str]:
    """Return a snapshot in which some have enrolled, and the plan of the goal for it, as texts."""
    with TemporaryDirectory() as name:
        goal = _folder(Path(name), *enrolled)
        account = goal.with_name("account.json")
        snapshot = load_snapshot(account)
        shape = goal_of(read_goal(goal), str(goal), snapshot, Exceptions())
        root = PlanCaller(f"arn:aws:iam::{snapshot.account}:root")
        return account.read_text("utf-8"), plan(shape, snapshot, root).to_json()


def _folder_with_plan(folder: Path, *enrolled: str) -> Path:
    """Write a plan and its snapshot, and return the plan's path: it need not be made again."""
    account, text = _account_and_plan(*enrolled)
    (folder / "account.json").write_text(account, encoding="utf-8")
    (folder / "plan.json").write_text(text, encoding="utf-8")
    return folder / "plan.json"


def _remind(goal: Path, day: str, *more: str, **env: str) -> Any:
    options = ("--snapshot", str(goal.with_name("account.json")), "--today", day, "--lang", "en")
    return sekisho("remind", str(goal), *options, *more, **env)


def _names(done: Any) -> list[str]:
    """Return who is named in the messages of a chat that were printed."""
    return [
        person["elements"][0]["text"]
        for line in done.stdout.splitlines()
        for block in json.loads(line)["blocks"]
        if block["type"] == "rich_text"
        for part in block["elements"]
        if part["type"] == "rich_text_list"
        for person in part["elements"]
    ]


def test_a_wave_is_announced_reminded_and_enforced(tmp_path: Path) -> None:
    goal = _folder(tmp_path)
    slack = ("--format", "slack")
    assert _names(_remind(goal, "2026-11-23", *slack)) == []
    done = _remind(goal, "2026-11-24", *slack)
    assert (_names(done), done.returncode) == (["aki", "ben"], 0)
    assert _names(_remind(goal, "2026-11-24", *slack)) == []
    # half of them enrol, and the other half is reminded
    _folder(tmp_path, "aki")
    assert _names(_remind(goal, "2026-12-02", *slack)) == ["ben", "chi"]
    # some days are missed: one reminder, the latest
    assert _names(_remind(goal, "2026-12-08", *slack)) == ["ben", "chi"]
    assert _names(_remind(goal, "2026-12-08", *slack)) == []
    # enforced and not enrolled: after the day, once
    _folder(tmp_path, "aki", "chi", enforced=("aki", "ben", "chi"))
    assert _names(_remind(goal, "2026-12-16", *slack)) == ["ben"]
    assert _names(_remind(goal, "2026-12-17", *slack)) == []
    _folder(tmp_path, "aki", "ben", "chi", enforced=("aki", "ben", "chi"))
    done = _remind(goal, "2026-12-20", *slack, "--again", "ben")
    assert _names(done) == []
    listed = sekisho(
        *("notify", str(goal), "--snapshot", str(tmp_path / "account.json")),
        *("--work-list", "--format", "json", "--lang", "en"),
    )
    told = {each["user"]: each["notified"] for each in json.loads(listed.stdout)["people"]}
    assert [name for name, day in told.items() if day] == ["aki", "ben", "chi"]


@pytest.mark.parametrize("form", ["text", "csv", "slack", "teams"])
def test_a_day_on_which_nothing_was_applied_is_the_administrators_matter(
    form: str, tmp_path: Path
) -> None:
    goal, at = _folder(tmp_path, "ben"), ("--format", form)
    late = "does not show that MFA is enforced"
    on_the_day = _remind(goal, "2026-12-08", *at, "--wave", "one")
    assert on_the_day.returncode == 3
    # whoever has enrolled is not enforced either
    said = " ".join(on_the_day.stderr.split())
    assert f"{late}: apply the plan, or move the day. These users are not told" in said
    assert "that MFA is mandatory: aki, ben" in said
    assert "MFA is mandatory" not in on_the_day.stdout
    after = _remind(goal, "2026-12-09", *at, "--wave", "one")
    assert (after.returncode, after.stdout) == (3, "")
    assert late in " ".join(after.stderr.split())
    # nothing was recorded of it: once it is applied they hear
    _folder(tmp_path, "ben", enforced=("aki", "ben"))
    applied = _remind(goal, "2026-12-09", *at, "--wave", "one")
    assert applied.returncode == 0
    assert late not in " ".join(applied.stderr.split())
    assert "aki" in applied.stdout
    assert "ben" not in applied.stdout


def test_whoever_changes_a_password_first_is_late_for_nothing(tmp_path: Path) -> None:
    goal = _folder(tmp_path)
    text = GOAL.replace("preset: recommended", "preset: aws") + "when: after-password-change\n"
    goal.write_text(text, encoding="utf-8")
    snapshot = load_snapshot(tmp_path / "account.json")
    users = tuple(replace(each, password=Password(reset_required=True)) for each in snapshot.users)
    save_snapshot(replace(snapshot, users=users), tmp_path / "account.json", replace=True)
    done = _remind(goal, "2026-12-10", "--wave", "one", "--format", "slack")
    assert (_names(done), "does not show" in done.stderr) == (["aki", "ben"], False)
    assert "has passed" not in done.stdout


EXCEPTION = """\
schema: sekisho.exceptions/1
exceptions:
  - {user: chi, kind: exception, why: on leave, owner: Nao, approvedBy: a, ticket: t,
     expires: 2026-12-03, force: back then}
"""


@pytest.mark.parametrize("form", ["text", "csv", "slack"])
def test_who_needs_attention_is_named_though_they_hear_nothing_today(
    form: str, tmp_path: Path
) -> None:
    goal = _folder(tmp_path)
    goal.write_text(GOAL.replace("who: [{user: chi}]", "who: [{all: true}]"), encoding="utf-8")
    (tmp_path / "out.yaml").write_text(EXCEPTION, encoding="utf-8")
    at = ("--exceptions", str(tmp_path / "out.yaml"), "--format", form)
    runs = _remind(goal, "2026-12-01", *at)
    assert (runs.returncode, "The exception has ended" in runs.stderr) == (0, False)
    over = _remind(goal, "2026-12-04", *at, "--user", "chi")
    assert over.returncode == 3
    assert over.stderr.count("The exception has ended") == 1
    assert over.stderr.rstrip().endswith("make the plan again: chi")
    again = _remind(goal, "2026-12-05", *at, "--user", "chi")
    assert (again.returncode, again.stdout) == (3, "")
    assert again.stderr.count("The exception has ended") == 1


@pytest.mark.parametrize("form", ["text", "markdown", "html", "csv", "json", "teams"])
def test_every_form_is_handed_over_once(form: str, tmp_path: Path) -> None:
    goal = _folder_with_plan(tmp_path, "ben", "chi")
    preview = _remind(goal, "2026-12-01", "--format", form, "--preview")
    assert "Would be notified: aki" in preview.stderr
    assert not (tmp_path / "plan.json.notified").exists()
    first = _remind(goal, "2026-12-01", "--format", form)
    assert (first.returncode, first.stdout) == (0, preview.stdout)
    assert "aki" in first.stdout
    assert "ben" not in first.stdout
    again = _remind(goal, "2026-12-01", "--format", form)
    assert again.stdout == ""
    assert "Already notified: aki" in again.stderr


def test_what_could_not_be_saved_is_tried_again(tmp_path: Path) -> None:
    goal = _folder_with_plan(tmp_path)
    (tmp_path / "there.json").write_text("{}", encoding="utf-8")
    out = ("--format", "slack", "--out", str(tmp_path / "there.json"))
    failed = _remind(goal, "2026-12-01", *out)
    assert failed.returncode == 1
    assert "output.unwritable" in failed.stderr
    assert _remind(goal, "2026-12-01", *out, "--force").returncode == 0
    assert "aki" in (tmp_path / "there.json").read_text("utf-8")


def test_messages_are_posted_once_and_the_address_is_nowhere(tmp_path: Path) -> None:
    goal = _folder_with_plan(tmp_path)
    with serving(OK) as (server, _):
        url = f"http://127.0.0.1:{server.server_port}/{SECRET}"
        send = ("--format", "slack", "--send", "env:HOOK")
        done = _remind(goal, "2026-12-01", *send, HOOK=url)
        more = _remind(goal, "2026-12-01", *send, HOOK=url)
    assert (done.returncode, more.returncode, len(server.got)) == (0, 0, 2)
    assert [json.loads(body)["text"].split(":")[0] for _, _, body in server.got] == [
        "MFA becomes mandatory for our AWS account 123456789012 in 7 days",
        "MFA becomes mandatory for our AWS account 123456789012 in 14 days",
    ]
    ledger = (tmp_path / "plan.json.notified").read_text("utf-8")
    for text in (done.stdout, done.stderr, more.stderr, ledger):
        assert "secret" not in text
    assert "posted to 127.0.0.1" in done.stderr
    assert '"slack:127.0.0.1"' in ledger


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [
        (404, 1, "Not notified now; the next run tries again: aki, ben"),
        (500, 4, "not sent again without `--in-doubt` or `--again`: aki, ben"),
    ],
)
def test_what_was_not_posted_is_said(status: int, code: int, said: str, tmp_path: Path) -> None:
    goal = _folder_with_plan(tmp_path, "chi")
    with serving(answer(status), OK) as (server, _):
        url = f"http://127.0.0.1:{server.server_port}/{SECRET}"
        send = ("--format", "teams", "--send", "env:HOOK")
        done = _remind(goal, "2026-12-01", *send, HOOK=url)
        more = _remind(goal, "2026-12-01", *send, HOOK=url)
        assert (done.returncode, len(server.got)) == (code, 2 if status == 404 else 1)
        assert said in " ".join(done.stderr.split())
        last = _remind(goal, "2026-12-01", *send, "--again", "ben", HOOK=url)
    assert more.returncode == (0 if status == 404 else 4)
    assert "Notified on this run: ben" in last.stderr


def test_a_ledger_that_was_edited_notifies_nobody(tmp_path: Path) -> None:
    goal = _folder_with_plan(tmp_path)
    _remind(goal, "2026-11-24", "--format", "slack")
    ledger = tmp_path / "plan.json.notified"
    ledger.write_text(ledger.read_text("utf-8").replace("aki", "ako"), encoding="utf-8")
    with serving(OK) as (server, _):
        url = f"http://127.0.0.1:{server.server_port}/{SECRET}"
        done = _remind(goal, "2026-12-01", "--format", "slack", "--send", "env:HOOK", HOOK=url)
    assert (done.returncode, done.stdout, server.got) == (1, "", [])
    (line,) = done.stderr.splitlines()
    assert line.startswith("sekisho: notices.ledger: ")
    assert f"{ledger}: 2" in line
    listed = sekisho(
        *("notify", str(goal), "--snapshot", str(tmp_path / "account.json")),
        *("--work-list", "--lang", "en"),
    )
    assert listed.returncode == 1


WRONG = {
    "remind --send https://hooks.example.com/secret": "is for messages of a chat",
    "remind --format slack --send https://hooks.example.com/secret --out x": "with `--out`",
    "remind --format slack --send http://hooks.example.com/secret": "cannot be posted|can be",
    "remind --today tomorrow": "is not a date",
    "remind --quiet": "nobody would get one",
    "remind --again aky": "the plan has no such person",
    "notify --due --send https://hooks.example.com/secret": "use `sekisho remind`",
    "notify --preview": "use `sekisho remind`",
    "notify --ledger x": "is for `--work-list`",
}


@pytest.mark.parametrize(("options", "said"), WRONG.items())
@pytest.mark.parametrize("language", Language)
def test_options_that_do_not_go_together(
    options: str, said: str, language: Language, tmp_path: Path
) -> None:
    goal = _folder(tmp_path)
    done = sekisho(
        *(*options.split(), str(goal), "--snapshot", str(tmp_path / "account.json")),
        *("--lang", language.value),
    )
    assert done.returncode == 64
    assert "secret" not in done.stderr + done.stdout
    if language is Language.EN:
        assert any(each in done.stderr for each in said.split("|"))
    assert not [*tmp_path.glob("*.notified")]
