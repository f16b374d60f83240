"""No damage to a file of ours is taken for something else: it is refused, or makes no difference.

Of a plan, a snapshot, an account file and a journal: cut off anywhere, empty, of another version,
two lines swapped, a disk that is full at any write.
"""

import errno
import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiles import sampled
from rollout.staging import ADMIN, NOW, account, full_goal, one_of_each
from rollout.test_laws import made, password
from sekisho.account import dump_snapshot, load_account, load_snapshot
from sekisho.account.aws import Boto3Api
from sekisho.documents import write_private
from sekisho.errors import Code, FaultyInput, PlanRefused, SekishoError
from sekisho.localaws import COMPANY_FILE
from sekisho.rollout import (
    Journal,
    Plan,
    execute,
    facts_at_addresses,
    plan,
    preview_rollback,
    read_plan,
    roll_back,
    unaccounted_addresses,
)

Read = Callable[[Path], object]


def _plan(path: Path) -> object:
    return read_plan(path).plan


def _account(path: Path) -> object:
    return load_account(path)


RECORDS: dict[str, tuple[str, Read]] = {
    "plan": (plan(full_goal(), account(), ADMIN).to_json(), _plan),
    "snapshot": (dump_snapshot(account()), load_snapshot),
    "account": (COMPANY_FILE.read_text("utf-8"), _account),
}
WITHOUT_PASSWORD = replace(one_of_each(), new_users=())
"""Of a password it is in doubt whose it is where the line about it is lost."""
REFUSED = (FaultyInput, PlanRefused)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("records") / "record.json"


@pytest.mark.parametrize("name", RECORDS)
@given(data=st.data())
def test_what_is_cut_off_is_refused(name: str, file: Path, data: st.DataObject) -> None:
    text, read = RECORDS[name]
    whole = text.rstrip()
    # in a key, a text, a number, between them: the places where the next byte is of another class
    places = [each.start() for each in re.finditer(r"(?<=\W)\w|(?<=\w)\W", whole)]
    file.write_bytes(whole.encode()[: data.draw(st.sampled_from(places))])
    with pytest.raises(REFUSED) as caught:
        read(file)
    assert str(file) in str(caught.value) or caught.value.at == str(file)


@pytest.mark.parametrize("name", RECORDS)
@pytest.mark.parametrize("content", [b"", b"\n", b"\x00", b"\xff\xfe", b"null", b"[]", b"{}"])
def test_what_is_no_record_is_refused(name: str, file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises(REFUSED):
        RECORDS[name][1](file)


@pytest.mark.parametrize("name", RECORDS)
def test_another_version_is_refused(name: str, file: Path) -> None:
    text, read = RECORDS[name]
    file.write_text(text.replace(f"sekisho.{name}/1", f"sekisho.{name}/2", 1), "utf-8")
    with pytest.raises(REFUSED):
        read(file)


@given(data=st.data())
def test_a_plan_with_two_lines_swapped_is_the_same_or_refused(
    file: Path, data: st.DataObject
) -> None:
    lines = RECORDS["plan"][0].splitlines(keepends=True)
    one, other = data.draw(st.lists(st.integers(0, len(lines) - 1), min_size=2, max_size=2))
    lines[one], lines[other] = lines[other], lines[one]
    file.write_text("".join(lines), "utf-8")
    try:
        found = read_plan(file).plan
    except REFUSED:
        return
    assert found == Plan.from_json(RECORDS["plan"][0])


def test_no_two_swapped_lines_of_a_journal_hide_what_is_there(
    api: Boto3Api, tmp_path: Path
) -> None:
    whole = made(api, one_of_each())
    before = facts_at_addresses(whole, api)
    path = tmp_path / "journal"
    # there, back and there again: the history in which an old line says the most that is not so
    for _ in range(2):
        assert execute(whole, api, Journal(path), passwords=password, now=lambda: NOW).complete
        copy = path.read_bytes()
        assert roll_back(whole, Journal(path), api, now=lambda: NOW).complete
    path.write_bytes(copy)
    assert execute(whole, api, Journal(tmp_path / "again"), passwords=password, now=lambda: NOW)
    lines = copy.decode().splitlines(keepends=True)
    addresses = {change.address for change in whole.changes}
    swaps = [(one, one + step) for step in (1, 2, 5, len(lines) // 2) for one in range(len(lines))]
    for one, other in swaps:
        if other >= len(lines):
            continue
        swapped = [*lines]
        swapped[one], swapped[other] = lines[other], lines[one]
        path.write_text("".join(swapped), "utf-8")
        damaged = Journal(path, addresses)
        try:
            damaged.open(whole.digest)
        except REFUSED:
            continue
        preview = preview_rollback(whole, damaged)
        named = {*preview.reversible, *preview.irreversible, *preview.preexisting}
        assert named | {*unaccounted_addresses(whole, damaged, api)} == addresses, (one, other)
    assert roll_back(whole, Journal(tmp_path / "again"), api, now=lambda: NOW).complete
    assert facts_at_addresses(whole, api) == before


class FullDisk:
    """`os.write` on a disk that has room for so many lines more, and a half."""

    def __init__(self, room: int) -> None:
        self._room, self._write = room, os.write

    def __call__(self, file: int, content: bytes) -> int:
        self._room -= 1
        if self._room == -1:
            return self._write(file, content[: len(content) // 2])
        if self._room < -1:
            raise OSError(errno.ENOSPC, "No space left on device")
        return self._write(file, content)


def until_room(run: Callable[[], Any], room: int) -> tuple[Any, int]:
    """Return what comes of running again and again, and how often the disk was full."""
    for stops in range(100):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("sekisho.rollout.applying.journal.os.write", FullDisk(room))
            try:
                return run(), stops
            except SekishoError as error:
                found = error
        assert (found.code, found.fix is not None) == (Code.OUTPUT_UNWRITABLE, True), found
    raise AssertionError("it does not come to an end")


@pytest.mark.parametrize("room", sampled([1, 2, 3, 4], every=3))
def test_a_disk_that_is_full_at_any_line_loses_nothing(
    api: Boto3Api, tmp_path: Path, room: int
) -> None:
    whole = made(api, WITHOUT_PASSWORD)
    before = facts_at_addresses(whole, api)
    path = tmp_path / "journal"
    report, stops = until_room(
        lambda: execute(whole, api, Journal(path), passwords=password, now=lambda: NOW), room
    )
    assert (report.complete, stops > 0) == (True, True)
    report, stops = until_room(lambda: roll_back(whole, Journal(path), api, now=lambda: NOW), room)
    assert (report.complete, report.left, stops > 0) == (True, (), True)
    assert facts_at_addresses(whole, api) == before


def test_a_file_that_does_not_fit_on_the_disk_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "plan.json"
    write_private(path, "old")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("sekisho.documents.private.os.fsync", full)
    with pytest.raises(SekishoError) as caught:
        write_private(path, "new", replace=True)
    assert caught.value.code is Code.OUTPUT_UNWRITABLE
    assert path.read_text("utf-8") == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["plan.json"]
