"""What `sekisho impact` asks: its times, whom policies bind, plans without an account.

Reads `sekisho.replay.commands` itself, because a plan without its account and a time before now are
read by functions that only the command has.
"""

import json
import os
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from sekisho.cli import Exit
from sekisho.cli.progress import reading_progress
from sekisho.errors import UsageError
from sekisho.messages import Language
from sekisho.replay import TargetKind, Window
from sekisho.replay.commands.impact import command
from sekisho.replay.commands.question import attachments_of
from sekisho.replay.commands.sources import TimeOptions
from sekisho.rollout import (
    AddUserToGroup,
    AttachGroupPolicy,
    AttachUserPolicy,
    Change,
    CreateGroup,
    CreatePolicy,
    DetachUserPolicy,
    Plan,
    PlanCaller,
)

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
INPUTS = Path(__file__).parents[1] / "golden" / "inputs"
LOG = str(INPUTS / "logs" / "company.json")
POLICY = str(INPUTS / "policies" / "force-mfa.json")
READ_ONLY = str(INPUTS / "policies" / "read-only.json")
FULL, DENY_ALL = (str(INPUTS / "policies" / name) for name in ("full.json", "deny-all.json"))
COMPANY = str(INPUTS / "accounts" / "company.json")
FORCE = "arn:aws:iam::111122223333:policy/Force"
DENY = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Deny", "Action": "s3:*", "Resource": "*"},
}


def _times(since: str | None, until: str | None = None) -> Window:
    return TimeOptions(since, until).window(NOW)


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-08-01", datetime(2026, 8, 1, tzinfo=UTC)),
        ("2026-08-01T09:00:00Z", datetime(2026, 8, 1, 9, tzinfo=UTC)),
        ("2026-08-01T09:00:00+09:00", datetime(2026, 8, 1, tzinfo=UTC)),
        ("90d", datetime(2026, 8, 26, 9, tzinfo=UTC)),
    ],
)
def test_a_time_is_a_day_a_time_with_its_zone_or_some_days(text: str, time: datetime) -> None:
    assert _times(text) == Window(time)


@pytest.mark.parametrize(
    "text",
    [
        "yesterday",
        "2026-08-01T09:00:00",
        "90",
        "-3d",
        "2026-13-01",
        "",
        "0001-01-01T00:00:00+09:00",
    ],
)
def test_what_is_no_time_or_of_no_zone_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not a time"):
        _times(text)


def test_times_go_forward() -> None:
    with pytest.raises(UsageError, match="not before"):
        _times("2026-08-02", "2026-08-02")


def _plan(*changes: Change, affected: Mapping[str, tuple[str, ...]] | None = None) -> Plan:
    caller = PlanCaller("arn:aws:iam::111122223333:root")
    return Plan("111122223333", "aws", caller, NOW, changes=changes, affected=affected or {})


_MADE = CreatePolicy(FORCE, "", DENY, {})


def test_a_plan_says_itself_whom_it_attaches_its_policies_to() -> None:
    through = AttachGroupPolicy("MFA", FORCE)
    made = _plan(
        _MADE,
        CreateGroup("MFA", "/"),
        through,
        AddUserToGroup("MFA", "ken"),
        AttachUserPolicy("mei", FORCE),
        affected={through.address: ("user ken", "user old")},
    )
    targets = [each.target for each in attachments_of(made)]
    assert {each.kind for each in targets} == {TargetKind.USER}
    assert sorted(each.name for each in targets) == ["ken", "mei", "old"]


@pytest.mark.parametrize(
    "change",
    [
        AttachUserPolicy("mei", "arn:aws:iam::aws:policy/ReadOnlyAccess"),
        DetachUserPolicy("mei", FORCE),
        AddUserToGroup("Developers", "mei"),
    ],
)
def test_what_only_the_account_tells_needs_the_account(change: Change) -> None:
    with pytest.raises(UsageError, match="--snapshot"):
        list(attachments_of(_plan(_MADE, change)))


def _run(*arguments: str) -> tuple[object, str]:
    result = CliRunner().invoke(command, arguments, standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    return result.return_value, result.stdout


@pytest.mark.parametrize(
    ("taken", "outcome"), [("2026-11-01", "unknown"), ("2026-11-24", "not bound")]
)
def test_who_called_after_the_account_was_read_is_not_gone(
    taken: str, outcome: str, tmp_path: Path
) -> None:
    """An export was taken when its file was written; it has no user `aoi.watanabe`."""
    export = tmp_path / "account.json"
    shutil.copy(INPUTS / "accounts" / "denied-already.json", export)
    at = datetime.fromisoformat(f"{taken}T00:00:00+00:00").timestamp()
    os.utime(export, (at, at))
    asked = ("--policy", POLICY, "--snapshot", str(export), "--format", "json")
    found = json.loads(_run(LOG, *asked)[1])
    (aoi,) = (each for each in found["callers"] if each["name"] == "aoi.watanabe")
    assert aoi["own"][outcome] > 0
    assert (outcome == "unknown") is any(
        "aoi.watanabe" in each["en"] and "read the account again" in each["en"]
        for each in found["notices"]
    )


@pytest.mark.parametrize(
    ("arguments", "exit_code"),
    [
        (("--policy", POLICY), Exit.UNKNOWN),
        (("--policy", POLICY, "--attach-to", "user:deploy-bot"), Exit.FINDINGS),
        (("--policy", READ_ONLY, "--attach-to", "user:deploy-bot"), Exit.CLEAN),
        # what was asked about nobody is no pass
        (("--policy", POLICY, "--attach-to", "user:nobody"), Exit.UNKNOWN),
        (("--policy", POLICY, "--to", "2020-01-01"), Exit.UNKNOWN),
        (("--boundary", POLICY, "--attach-to", "user:deploy-bot"), Exit.FINDINGS),
    ],
)
def test_the_exit_code_says_how_it_came_out(arguments: tuple[str, ...], exit_code: Exit) -> None:
    assert _run(LOG, *arguments)[0] is exit_code


@pytest.mark.parametrize("target", ["user:deploy-bt", "group:nobody", "role:nobody"])
def test_whom_the_account_has_not_nothing_is_attached_to(target: str) -> None:
    with pytest.raises(UsageError, match=f"{target}.*the account has none"):
        _run(LOG, "--policy", POLICY, "--snapshot", COMPANY, "--attach-to", target)


@pytest.mark.parametrize(
    ("policies", "narrow"),
    [((READ_ONLY,), True), ((READ_ONLY, FULL), False), ((DENY_ALL,), False)],
)
def test_a_level_that_allows_only_what_is_given_is_named(
    policies: tuple[str, ...], narrow: bool
) -> None:
    _, text = _run(LOG, *(f"--scp=root={each}" for each in policies), "--lang", "en")
    assert (
        "these policies limit what is allowed: give `FullAWSAccess`" in " ".join(text.split())
    ) is narrow


def test_every_event_is_in_a_row() -> None:
    _, text = _run(LOG, "--policy", POLICY, "--format", "json")
    said = json.loads(text)
    events = len(json.loads(Path(LOG).read_text(encoding="utf-8"))["Records"])
    assert sum(row["events"] for row in said["rows"]) == sum(said["counts"].values()) == events
    assert sum(day["events"] for day in said["days"]) == events
    assert sum(day["denied"] for day in said["days"]) == said["counts"]["denied"]


@pytest.mark.parametrize("size", ["much", "-1", "1X", ""])
def test_memory_is_a_size(size: str) -> None:
    with pytest.raises(UsageError, match="is not a size"):
        _run(LOG, "--policy", POLICY, "--memory", size)


def test_an_unknown_assumption_is_named() -> None:
    with pytest.raises(Exception, match="role_session_mfa"):
        _run(LOG, "--policy", POLICY, "--assume", "nothing=true")


def test_reading_says_how_far_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    for events, known in ((0, ""), (70_000, ", 70,000 events")):
        ticks = iter([0.0, 20.0])
        with reading_progress(Language.EN, lambda ticks=ticks: next(ticks)) as show:
            show(250_000_000, 1_000_000_000, 12, events)
        said = f"Reading logs: 250 of 1,000 MB, 12 files{known}, about 1 min left\n"
        assert capsys.readouterr().err == said


def test_devices_that_were_not_read_are_not_counted() -> None:
    account = str(INPUTS / "accounts" / "devices-not-read.json")
    _, text = _run(LOG, "--policy", POLICY, "--snapshot", account, "--format", "json")
    assert json.loads(text)["question"]["usersWithDevice"] is None
