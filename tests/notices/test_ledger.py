"""The ledger: nobody is notified twice, whatever happens to the run or to the file.

Reads `sekisho.notices.reminders.ledger` itself, because a run is stopped between two lines of it.
"""

import hashlib
import json
import os
import re
import stat
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from filelock import FileLock
from hypothesis import given
from hypothesis import strategies as st

from notices.reminded import entry, person
from profiles import sampled
from sekisho.errors import Code, FaultyInput, SekishoError
from sekisho.messages import Language, verbatim
from sekisho.notices.reminders import (
    Handed,
    Ledger,
    NoticeEvent,
    Reminder,
    Standing,
    deliver,
    key_of,
    open_ledger,
    portions,
    read_ledger,
    reminders_due,
    sorted_out,
)
from sekisho.notices.reminders import ledger as module

ACCOUNT = "111122223333"
UTC = ZoneInfo("UTC")
DAY = date(2026, 12, 14)
PEOPLE = [person(name, day=DAY, wave="w", enforced=True) for name in ("aki", "ben", "chi")]


def _due(today: date = DAY) -> tuple[Reminder, ...]:
    return reminders_due(PEOPLE, today, UTC)


def _run(path: Path, due: Sequence[Reminder], hand_over, again: frozenset[str] = frozenset()):
    with open_ledger(path, ACCOUNT) as ledger:
        open_ = sorted_out(ledger, due, again)[Standing.OPEN]
        return deliver(ledger, portions(open_, 2), hand_over, entry)


def _standings(path: Path, due: Sequence[Reminder]) -> list[Standing]:
    ledger = read_ledger(path, ACCOUNT)
    return [ledger.standing(key_of(each)) for each in due]


def test_who_was_notified_is_not_notified_again(tmp_path: Path) -> None:
    path, heard = tmp_path / "ledger", []

    def hand_over(batch: Sequence[Reminder]) -> Handed:
        heard.extend(each.person.user for each in batch)
        return Handed.DONE

    assert len(_run(path, _due(), hand_over).done) == 3
    assert _run(path, _due(), hand_over).done == ()
    assert heard == ["aki", "ben", "chi"]
    # the next reminder is another one
    assert len(_run(path, _due(DAY + timedelta(days=1)), hand_over).done) == 3
    # as is the same one of a wave that is put off
    later = [person("aki", day=DAY + timedelta(days=7), wave="w")]
    assert len(_run(path, reminders_due(later, DAY + timedelta(days=7), UTC), hand_over).done) == 1
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 or os.name == "nt"
    done = [each for each in read_ledger(path, ACCOUNT).entries if each.event is NoticeEvent.DONE]
    assert {each.user for each in done} == {"aki", "ben", "chi"}
    assert {each.at for each in done} == {entry(_due()[0], NoticeEvent.DONE).at}


def test_what_failed_is_tried_again_and_what_is_in_doubt_is_not(tmp_path: Path) -> None:
    path, due = tmp_path / "ledger", _due()
    found = _run(path, due, lambda batch: Handed.FAILED)
    assert (found.failed, found.done) == (due, ())
    assert _standings(path, due) == [Standing.OPEN] * 3
    found = _run(path, due, lambda batch: Handed.IN_DOUBT)
    assert found.in_doubt == due
    assert _standings(path, due) == [Standing.IN_DOUBT] * 3
    assert _run(path, due, lambda batch: Handed.DONE).done == ()
    # unless somebody says so
    found = _run(path, due, lambda batch: Handed.DONE, again=frozenset({"ben"}))
    assert [each.person.user for each in found.done] == ["ben"]
    assert _standings(path, due) == [Standing.IN_DOUBT, Standing.DONE, Standing.IN_DOUBT]


@pytest.mark.parametrize("outage", [Handed.FAILED, Handed.IN_DOUBT])
def test_a_webhook_that_is_down_leaves_few_in_doubt(outage: Handed, tmp_path: Path) -> None:
    """Of 2,000 people; the next run tells all others without another word."""
    path, calls = tmp_path / "ledger", count()
    many = [person(f"p{number:04}", day=DAY, wave="w", enforced=True) for number in range(100)]
    due = reminders_due(many, DAY, UTC)
    # it works twice before it is down for good
    answers = [Handed.DONE, outage, Handed.DONE, outage, outage, outage]
    found = _run(path, due, lambda batch: answers[next(calls)])
    assert next(calls) == len(answers)
    assert len(found.done) == 4
    assert len(found.in_doubt) == (8 if outage is Handed.IN_DOUBT else 0)
    assert len(found.failed) == 100 - 4 - len(found.in_doubt)
    assert len(_run(path, due, lambda batch: Handed.DONE).done) == len(found.failed)


def test_a_crash_while_a_notice_is_handed_over_leaves_it_in_doubt(tmp_path: Path) -> None:
    path, due = tmp_path / "ledger", _due()

    def dies(batch: Sequence[Reminder]) -> Handed:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _run(path, due, dies)
    # the second portion was never begun
    assert _standings(path, due) == [Standing.IN_DOUBT, Standing.IN_DOUBT, Standing.OPEN]


def test_a_disk_that_fills_up_after_the_notice_leaves_it_in_doubt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, due, writes = tmp_path / "ledger", _due(), count()
    real = module.write_private

    def full(*given: Any, **more: Any) -> None:
        if next(writes):
            raise SekishoError(verbatim("no space left"), code=Code.OUTPUT_UNWRITABLE)
        real(*given, **more)

    monkeypatch.setattr(module, "write_private", full)
    with pytest.raises(SekishoError, match="no space left"):
        _run(path, due, lambda batch: Handed.DONE)
    assert _standings(path, due) == [Standing.IN_DOUBT, Standing.IN_DOUBT, Standing.OPEN]


class _Crash(Exception):
    pass


RUN = st.tuples(
    st.integers(-2, 16),  # days before the wave
    st.sampled_from(["done", "failed", "doubt", "crash-before", "crash-after"]),
    st.permutations(PEOPLE),
    st.none() | st.tuples(st.integers(0, 10**6), st.integers(0, 255)),  # a byte that is changed
)


@given(st.lists(RUN, max_size=8))
def test_no_sequence_of_runs_crashes_and_damages_notifies_twice(runs: list) -> None:
    heard: Counter = Counter()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger"
        for days, ending, people, damage in runs:
            due = reminders_due(people, DAY - timedelta(days=days), UTC)
            if _damage(path, damage):
                with pytest.raises(FaultyInput):
                    _run(path, due, _handing("done", heard))
                break
            with suppress(_Crash):
                _run(path, due, _handing(ending, heard))
    assert all(count == 1 for count in heard.values())


def _handing(ending: str, heard: Counter) -> Callable[[Sequence[Reminder]], Handed]:
    """Return what hands a portion over and ends so, and notes who has heard."""

    def hand_over(batch: Sequence[Reminder]) -> Handed:
        if ending == "crash-before":
            raise _Crash
        if ending == "failed":
            return Handed.FAILED
        heard.update(key_of(each) for each in batch)
        if ending == "crash-after":
            raise _Crash
        return Handed.IN_DOUBT if ending == "doubt" else Handed.DONE

    return hand_over


def _damage(path: Path, how: tuple[int, int] | None) -> bool:
    """Change one byte of a file; tell whether it is another one."""
    if how is None or not path.exists():
        return False
    content = bytearray(path.read_bytes())
    place, value = how[0] % len(content), how[1]
    changed = content[place] != value
    content[place] = value
    path.write_bytes(content)
    return changed


def _written(path: Path) -> list[str]:
    _run(path, _due(), lambda batch: Handed.DONE)
    return path.read_text(encoding="utf-8").splitlines(keepends=True)


EDITS = {
    "a line left out": lambda lines: [*lines[:2], *lines[3:]],
    "the last line left out": lambda lines: lines[:-1],
    "all but the head left out": lambda lines: lines[:1],
    "two lines exchanged": lambda lines: [lines[0], lines[2], lines[1], *lines[3:]],
    "a line twice": lambda lines: [*lines[:2], lines[1], *lines[2:]],
    "a name changed": lambda lines: [line.replace("aki", "ako") for line in lines],
    "done for begun": lambda lines: [line.replace("begun", "done") for line in lines],
    "an empty line": lambda lines: [*lines, "\n"],
    "cut off in an entry": lambda lines: [*lines[:-2], lines[-2][:40]],
    "cut off where the end begins": lambda lines: [*lines[:-1], lines[-1][:2]],
    "the end of a shorter record, cut off": lambda lines: [*lines[:-1], '{"end": 5'],
    "nothing left": lambda lines: [],
    "not JSON": lambda lines: ["who was told\n"],
    "a list": lambda lines: ["[]\n"],
    "deep": lambda lines: ["[" * 100_000 + "\n"],
    "white space": lambda lines: [lines[0].replace(": ", ":"), *lines[1:]],
    "line breaks of Windows": lambda lines: [line.replace("\n", "\r\n") for line in lines],
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=list(EDITS))
def test_an_edit_is_one_error_with_its_line_and_nobody_is_notified(edit, tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    text = "".join(edit(_written(path)))
    path.write_bytes(text.encode())

    def hand_over(batch: Sequence[Reminder]) -> Handed:
        raise AssertionError("somebody was notified")

    with pytest.raises(FaultyInput) as caught:
        _run(path, _due(DAY + timedelta(days=1)), hand_over)
    (fault,) = caught.value.faults
    assert fault.code is Code.NOTICES_LEDGER
    assert fault.line > 0
    assert str(path) in caught.value.into(Language.EN)
    for language in Language:
        assert "--ledger NEW" in caught.value.fix.into(language)
    assert path.read_bytes() == text.encode()


def test_wherever_a_ledger_is_cut_off_nothing_is_lost_or_nobody_is_notified(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    text = "".join(_written(path))
    whole = read_ledger(path, ACCOUNT).entries
    end = text.rindex('{"end": ') + len('{"end": ')
    # where a line is whole, and the last bytes, where a cut loses nothing, are all tried
    around = {each.end() - one for each in re.finditer("\n", text) for one in (0, 1)}
    tried = {*sampled(range(end), every=5), *around, *range(end - 5, len(text))}
    for length in tried - {len(text)}:
        path.write_text(text[:length], encoding="utf-8")
        if length < end:
            with pytest.raises(FaultyInput, match=r"was cut off here|no record of notices"):
                read_ledger(path, ACCOUNT)
        else:
            assert read_ledger(path, ACCOUNT).entries == whole


def test_a_torn_end_is_mended_by_the_next_entry_and_by_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    torn = "".join(_written(path))[:-20]
    path.write_text(torn, encoding="utf-8")
    assert _run(path, _due(), _handing("done", Counter())).done == ()
    assert path.read_text(encoding="utf-8") == torn
    assert len(_run(path, _due(DAY + timedelta(days=1)), _handing("done", Counter())).done) == 3
    assert len(read_ledger(path, ACCOUNT).entries) == 12
    assert path.read_text(encoding="utf-8").endswith("\n")


def test_the_line_that_was_changed_is_the_one_that_is_named(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    lines = _written(path)
    for number in range(1, len(lines) + 1):
        changed = [*lines]
        changed[number - 1] = changed[number - 1].replace("2026", "2025").replace(ACCOUNT, "9" * 12)
        changed[number - 1] = changed[number - 1].replace('"end": 6', '"end": 5')
        path.write_text("".join(changed), encoding="utf-8")
        with pytest.raises(FaultyInput) as caught:
            read_ledger(path, ACCOUNT)
        assert caught.value.faults[0].line == number


def test_the_ledger_of_another_account_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    _written(path)
    with pytest.raises(FaultyInput, match=ACCOUNT):
        read_ledger(path, "999999999999")


def test_two_runs_at_once_are_one_too_many(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    with (
        FileLock(f"{path}.lock"),
        pytest.raises(SekishoError) as caught,
        open_ledger(path, ACCOUNT),
    ):
        raise AssertionError("opened")
    assert caught.value.code is Code.NOTICES_BUSY


def test_where_it_cannot_be_written_nothing_is_handed_over(tmp_path: Path) -> None:
    def hand_over(batch: Sequence[Reminder]) -> Handed:
        raise AssertionError("somebody was notified")

    with pytest.raises(SekishoError):
        _run(tmp_path / "no folder" / "ledger", _due(), hand_over)


def test_every_name_comes_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    hostile = [person(name, day=DAY) for name in ('a"b', "=cmd()", "{{7*7}}", "日本\u202e", "a\nb")]
    due = reminders_due(hostile, DAY, UTC)
    _run(path, due, lambda batch: Handed.DONE)
    assert _standings(path, due) == [Standing.DONE] * len(due)
    first = json.loads(path.read_text(encoding="utf-8").splitlines()[0])
    assert first["account"] == ACCOUNT
    assert isinstance(read_ledger(path, ACCOUNT), Ledger)


BEGINNING = b'{"schema": "sekisho.notified/1"'


@given(st.binary(max_size=300), st.booleans())
def test_whatever_is_in_the_file_is_a_ledger_or_one_error(content: bytes, begins: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger"
        path.write_bytes(BEGINNING + content if begins else content)
        with pytest.raises(FaultyInput) as caught:
            read_ledger(path, ACCOUNT)
        (fault,) = caught.value.faults
        assert fault.code is Code.NOTICES_LEDGER


def _summed(*values: Any) -> str:
    """Return lines of values whose sums are right."""
    before, lines = "", []
    for value in values:
        digest = hashlib.sha256(f"{before}\n{json.dumps(value)}".encode()).hexdigest()
        before = json.dumps({**value, "sha256": digest})
        lines.append(f"{before}\n")
    return "".join(lines)


HEAD = {"schema": "sekisho.notified/1", "account": ACCOUNT}
ENTRY = {
    "at": "2026-12-01T09:00:00+00:00",
    "event": "done",
    "user": "aki",
    "wave": "",
    "starts": None,
    "step": "at-once",
    "about": "",
    "channel": "",
}


def test_a_file_that_is_summed_by_hand_is_read_by_its_form(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    path.write_text(_summed(HEAD, ENTRY, {"end": 1}), encoding="utf-8")
    (read,) = read_ledger(path, ACCOUNT).entries
    assert (read.user, read.event) == ("aki", NoticeEvent.DONE)
    wrong = [
        ENTRY | {"event": "told"},
        ENTRY | {"at": "2026-12-01T09:00:00"},
        ENTRY | {"user": 7},
        ENTRY | {"more": 1},
        ENTRY | {"starts": "tomorrow"},
        {key: value for key, value in ENTRY.items() if key != "step"},
    ]
    for each in wrong:
        path.write_text(_summed(HEAD, each, {"end": 1}), encoding="utf-8")
        with pytest.raises(FaultyInput) as caught:
            read_ledger(path, ACCOUNT)
        assert caught.value.faults[0].line == 2
    for end in ({"end": 2}, {"end": "1"}, {"end": 1, "more": 2}, ENTRY):
        path.write_text(_summed(HEAD, ENTRY, end), encoding="utf-8")
        with pytest.raises(FaultyInput):
            read_ledger(path, ACCOUNT)
