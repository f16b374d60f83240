"""`orphans` deletes what is known to be old; what may have been made just now stays."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gaps import gap_at
from rollout.staging import ACCOUNT, ADMIN, NOW, account
from sekisho.account import Device, Snapshot, save_snapshot
from sekisho.cli import Exit
from sekisho.cli.main import root
from sekisho.errors import UsageError
from sekisho.rollout import Plan
from sekisho.signin import DeviceKind

pytestmark = pytest.mark.usefixtures("wide_terminal")


def orphans(*names: str, **about: Any) -> Snapshot:
    found = tuple(
        Device(f"arn:aws:iam::{ACCOUNT}:mfa/{name}", DeviceKind.VIRTUAL, name) for name in names
    )
    return replace(account(), unassigned_devices=found, **about)


def lacking() -> Snapshot:
    return orphans(gaps=(gap_at("ListVirtualMFADevices", "", "AccessDenied"),))


def ran(folder: Path, older: Snapshot | None, *words: str, read: bool = True) -> Result:
    now = folder / "now.json"
    save_snapshot(orphans("hanako", "new") if read else lacking(), now, replace=True)
    about = ["--snapshot", str(now), "--caller", ADMIN.arn, "--mfa", "--format", "json"]
    if older is not None:
        save_snapshot(older, folder / "older.json", replace=True)
        about += ["--since", str(folder / "older.json")]
    every = ["orphans", *words, *about, "--lang", "en"]
    return CliRunner().invoke(root, every, standalone_mode=False)


def going(done: Result) -> list[str]:
    assert done.exception is None, done.exception
    changes = Plan.from_json(done.stdout).changes
    return [change.address.rpartition("/")[2] for change in changes]


def at(before: timedelta) -> Snapshot:
    return orphans("hanako", taken_at=NOW - before)


@pytest.mark.parametrize(
    ("before", "words", "gone"),
    [
        (timedelta(seconds=1), (), []),
        (timedelta(hours=24, seconds=-1), (), []),
        (timedelta(hours=24), (), ["hanako"]),
        (timedelta(hours=47), ("--older-than", "48"), []),
        (timedelta(hours=48), ("--older-than", "48"), ["hanako"]),
        (timedelta(0), ("--older-than", "0"), ["hanako"]),
    ],
)
def test_only_what_was_there_so_long_before_goes(
    tmp_path: Path, before: timedelta, words: tuple[str, ...], gone: list[str]
) -> None:
    done = ran(tmp_path, at(before), *words)
    assert going(done) == gone
    assert done.return_value == (Exit.CHANGES if gone else Exit.CLEAN)


def test_without_an_older_snapshot_nothing_goes_unless_it_is_said(tmp_path: Path) -> None:
    done = ran(tmp_path, None)
    assert going(done) == []
    assert "somebody may be setting one up now, so none is deleted" in done.stderr
    assert going(ran(tmp_path, None, "--older-than", "1")) == []
    done = ran(tmp_path, None, "--older-than", "0")
    assert going(done) == ["hanako", "new"]
    assert "somebody may be setting one up now" in done.stderr


@pytest.mark.parametrize(("words", "asks"), [((), False), (("--older-than", "0"), True)])
def test_only_a_plan_that_changes_something_is_to_be_applied(
    tmp_path: Path, words: tuple[str, ...], asks: bool
) -> None:
    done = ran(tmp_path, None, "--out", str(tmp_path / "plan.json"), *words)
    assert "Nothing has been changed" in done.stderr
    assert ("Next: sekisho apply" in done.stderr) is asks


def test_the_times_are_shown(tmp_path: Path) -> None:
    shown = ran(tmp_path, at(timedelta(days=2))).stderr
    assert "existed at 2026-11-22 09:00:00 UTC\n" in shown
    assert "did not exist at 2026-11-22 09:00:00 UTC: stays" in shown
    shown = ran(tmp_path, at(timedelta(seconds=1))).stderr
    assert "existed at 2026-11-24 08:59:59 UTC, less than 24 hours before: stays" in shown


@pytest.mark.parametrize(
    ("older", "said"),
    [
        (orphans(taken_at=NOW + timedelta(seconds=1)), "is newer than the account"),
        (orphans(partition="aws-cn"), "is of another account"),
        (lacking(), "was not read for it"),
    ],
)
def test_an_older_snapshot_must_tell(tmp_path: Path, older: Snapshot, said: str) -> None:
    error = ran(tmp_path, older).exception
    assert isinstance(error, UsageError)
    assert said in str(error)


def test_devices_that_were_not_listed_are_not_none(tmp_path: Path) -> None:
    done = ran(tmp_path, None, read=False)
    assert done.stderr == "The virtual MFA devices could not be listed.\n"
    assert done.return_value == Exit.UNKNOWN


def test_of_many_the_first_are_listed_and_how_many_more_there_are(tmp_path: Path) -> None:
    saved = tmp_path / "many.json"
    save_snapshot(orphans(*(f"device{number:02}" for number in range(23))), saved)
    words = ["orphans", "--snapshot", str(saved), "--caller", ADMIN.arn, "--mfa", "--lang", "en"]
    cut, whole = (
        CliRunner().invoke(root, [*words, *more], standalone_mode=False).stderr.splitlines()
        for more in ((), ("-v",))
    )
    assert sum(":mfa/device" in line for line in cut) == 20
    assert cut[-1] == "  and 3 more (`-v` lists all)"
    assert sum(":mfa/device" in line for line in whole) == 23
