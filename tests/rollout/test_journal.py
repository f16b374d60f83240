"""The journal: what is on the disk is whole, whenever the process died."""

import errno
import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout.staging import NOW
from sekisho.errors import Code, FaultyInput, PlanRefused, SekishoError
from sekisho.rollout import Event, Journal, JournalEntry

EVENTS = st.lists(
    st.tuples(st.sampled_from(Event), st.sampled_from(["user a", "グループ b", "policy\u2028c"])),
    max_size=6,
)


def test_who_only_looks_begins_no_journal(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    path.touch()
    Journal(path).open("digest")
    assert path.read_bytes() == b""


def test_a_full_disk_is_an_error_that_names_the_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "journal"
    journal = Journal(path)
    journal.open("digest", "text")

    def full(file: int, line: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.write", full)
        with pytest.raises(SekishoError, match="no space left on device") as caught:
            journal.record(JournalEntry(NOW, Event.BEGUN, "user a"))
    assert (caught.value.code, str(path) in str(caught.value)) == (Code.OUTPUT_UNWRITABLE, True)
    assert "give the same command again" in caught.value.fix.en
    journal.record(JournalEntry(NOW, Event.BEGUN, "user b"))
    assert Journal(path).path.read_text().count("user") == 1


def test_a_disk_that_fills_up_in_the_middle_of_a_line_leaves_a_whole_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "journal"
    journal = Journal(path)
    journal.open("digest", "text")
    journal.record(JournalEntry(NOW, Event.BEGUN, "user a"))
    wrote = os.write

    def half(file: int, line: bytes) -> int:
        wrote(file, line[:20])
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.write", half)
        with pytest.raises(SekishoError, match="no space left on device"):
            journal.record(JournalEntry(NOW, Event.DONE, "user a"))
    journal.record(JournalEntry(NOW, Event.DONE, "user a"))
    again = Journal(path)
    again.open("digest")
    assert again.last_event("user a") is Event.DONE


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_the_beginning_of_a_journal_on_a_full_disk_says_so(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    path.symlink_to("/dev/full")
    with pytest.raises(SekishoError, match="no space left on device") as caught:
        Journal(path)._write({})
    assert "make room there" in caught.value.fix.en


REFUSED_LINES = [
    # what stands in the line, and the places that its error names
    ('{"at": "2026-11-26T00:00:00+00:00", "event": "done"}', ["`address` is missing"]),
    ('{"at": "2026-11-26T00:00:00", "event": "done", "address": "user a"}', ["at: must have"]),
    ('{"at": "", "event": "over", "address": 7}', ["at: must", "event: `over`", "address: must"]),
    (
        '{"at": "2026-11-26T00:00:00+00:00", "event": "done", "address": "user a", "by": "b"}',
        ["the key `by` is not allowed"],
    ),
    ("[]", ["must be an object, not a list"]),
]


@pytest.mark.parametrize(("line", "named"), REFUSED_LINES)
def test_a_line_that_is_no_entry_is_refused_with_every_fault(
    tmp_path: Path, line: str, named: list[str]
) -> None:
    path = tmp_path / "journal"
    journal = Journal(path)
    journal.open("digest", "text")
    journal.record(JournalEntry(NOW, Event.BEGUN, "user a"))
    with path.open("a") as file:
        file.write(f"{line}\n")
    with pytest.raises(FaultyInput, match="not an entry of a journal") as caught:
        Journal(path).open("digest")
    assert [fault.line for fault in caught.value.faults] == [3]
    assert [each for each in named if each not in str(caught.value)] == []


def test_a_journal_that_cannot_be_locked_is_an_error_that_names_it(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    Path(f"{path}.lock").mkdir()
    with (
        pytest.raises(SekishoError, match="the journal cannot be locked") as caught,
        Journal(path).locked(),
    ):
        raise AssertionError("two processes might be at work with it")
    assert str(path) in str(caught.value)


@given(events=EVENTS, cut=st.integers(min_value=0, max_value=60))
def test_a_cut_off_line_is_as_if_it_was_never_written(
    tmp_path_factory: pytest.TempPathFactory, events: list[tuple[Event, str]], cut: int
) -> None:
    path = tmp_path_factory.mktemp("journal") / "journal"
    journal = Journal(path)
    journal.open("digest", "{}")
    sizes = [path.stat().st_size]
    for event, address in events:
        journal.record(JournalEntry(NOW, event, address, "note"))
        sizes.append(path.stat().st_size)
    size = max(sizes[-1] - cut, 0)
    path.write_bytes(path.read_bytes()[:size])
    whole = max((number for number, end in enumerate(sizes) if end <= size), default=0)

    again = Journal(path)
    again.open("digest", "{}")
    # what was left is still what was done about it before
    last = {address: event for event, address in events[:whole] if event is not Event.LEFT}
    for address in ("user a", "グループ b", "policy\u2028c"):
        assert again.last_event(address) == last.get(address)
    again.record(JournalEntry(NOW, Event.DONE, "user a"))
    third = Journal(path)
    third.open("digest", "{}")
    assert third.last_event("user a") is Event.DONE


@pytest.mark.parametrize(
    "line",
    ["no json", "[" * 100_000, "[]", "{}", '{"at": "yesterday", "event": "done", "address": "x"}'],
)
def test_a_line_that_was_damaged_is_an_error(tmp_path: Path, line: str) -> None:
    path = tmp_path / "journal"
    journal = Journal(path)
    journal.open("digest", "{}")
    journal.record(JournalEntry(NOW, Event.BEGUN, "user a"))
    lines = path.read_text("utf-8").splitlines()
    path.write_text("\n".join([lines[0], line, lines[1]]) + "\n", "utf-8")
    with pytest.raises(FaultyInput, match=": 2: ") as caught:
        Journal(path).open("digest", "{}")
    assert caught.value.fix.en


def test_it_belongs_to_one_plan(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    Journal(path).open("one", "{}")
    with pytest.raises(PlanRefused, match="another plan") as caught:
        Journal(path).open("two", "{}")
    assert "`--journal NEW`" in caught.value.fix.en
    assert f"`sekisho rollback {path}`" in caught.value.fix.en


def of(digest: str) -> str:
    """Return the text of a plan, as far as a journal looks at it."""
    return json.dumps({"digest": digest})


@pytest.mark.parametrize(
    "events", [(), (Event.ALREADY,), (Event.DONE, Event.UNDONE), (Event.GONE,)]
)
def test_the_journal_of_a_plan_that_is_all_taken_back_makes_room(
    tmp_path: Path, events: tuple[Event, ...]
) -> None:
    path = tmp_path / "journal"
    contents = []
    for digest in ("one", "two", "three"):
        journal = Journal(path)
        journal.open(digest)
        assert journal.last_event("user a") is None
        assert journal.archived is None
        journal.open(digest, of(digest))
        for event in events:
            journal.record(JournalEntry(NOW, event, "user a"))
        contents.append(path.read_bytes())
    (first, second) = sorted(tmp_path.glob("journal.*"), key=lambda each: len(each.name))
    assert [first.read_bytes(), second.read_bytes(), path.read_bytes()] == contents
    if events:
        assert first.name == NOW.strftime("journal.%Y%m%dT%H%M%SZ")
        assert second.name == f"{first.name}-2"


@pytest.mark.parametrize(
    "events",
    [(Event.BEGUN,), (Event.DONE,), (Event.DONE, Event.UNDO_BEGUN), (Event.DONE, Event.LEFT)],
)
def test_the_journal_of_a_plan_that_may_be_there_makes_no_room(
    tmp_path: Path, events: tuple[Event, ...]
) -> None:
    path = tmp_path / "journal"
    journal = Journal(path)
    journal.open("one", of("one"))
    journal.record(JournalEntry(NOW, Event.ALREADY, "user b"))
    for event in events:
        journal.record(JournalEntry(NOW, event, "user a"))
    with pytest.raises(PlanRefused, match="another plan"):
        Journal(path).open("two", of("two"))
    # nor one of which a line cannot be read
    path.write_bytes(path.read_bytes().replace(b'"event"', b'"evnt"'))
    with pytest.raises(PlanRefused, match="another plan"):
        Journal(path).open("two", of("two"))
    assert [each.name for each in tmp_path.iterdir()] == ["journal"]


@pytest.mark.parametrize(
    "content",
    ["one line\nand a last one", "no line at all", '{"one": "line"}', '{\n  "plan": "one"\n}\n'],
)
@pytest.mark.parametrize("text", ["", "{}"], ids=["who-looks", "who-writes"])
def test_what_is_no_journal_stays_as_it_is(tmp_path: Path, content: str, text: str) -> None:
    path = tmp_path / "notes"
    path.write_text(content, "utf-8")
    with pytest.raises(PlanRefused, match="`notes` is not a journal") as caught:
        Journal(path).open("one", text)
    assert "`sekisho rollback PLAN --by-account --journal NEW`" in caught.value.fix.en
    assert path.read_text("utf-8") == content


@pytest.mark.parametrize("place", range(0, 80, 7))
def test_a_damaged_beginning_has_a_way_on(tmp_path: Path, place: int) -> None:
    path = tmp_path / "journal"
    Journal(path).open("one", "{}")
    content = path.read_bytes()
    place %= content.index(b'"text"')
    path.write_bytes(content[:place] + b"\x00" + content[place + 1 :])
    with pytest.raises(PlanRefused) as caught:
        Journal(path).open("one")
    assert "`sekisho rollback PLAN --by-account --journal NEW`" in caught.value.fix.en


def test_who_only_looks_leaves_a_tail_where_it_is(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    Journal(path).open("one", "{}")
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"at": "2026')
    looking = Journal(path)
    looking.open("one")
    assert path.read_bytes() == whole + b'{"at": "2026'
    looking.record(JournalEntry(NOW, Event.BEGUN, "user a"))
    assert path.read_bytes().startswith(whole + b'{"at": "2026-11-24T')


@pytest.mark.parametrize("tail", [b"\n", b"\n\n", b"\r\n \n", b'\n{"at": "20'])
def test_empty_lines_at_the_end_tell_nothing(tmp_path: Path, tail: bytes) -> None:
    path = tmp_path / "journal"
    journal = Journal(path)
    journal.open("one", "{}")
    journal.record(JournalEntry(NOW, Event.DONE, "user a"))
    whole = path.read_bytes()
    path.write_bytes(whole + tail)
    again = Journal(path)
    again.open("one")
    assert again.last_event("user a") is Event.DONE
    assert path.read_bytes() == whole + tail
    again.record(JournalEntry(NOW, Event.DONE, "user b"))
    assert path.read_bytes().startswith(whole + b'{"at"')
    Journal(path).open("one")


def test_a_file_that_cannot_be_opened_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FaultyInput, match="cannot be opened") as caught:
        Journal(tmp_path).open("one", "{}")
    assert caught.value.fix.en
    with pytest.raises(SekishoError, match="cannot be written: no such file") as nowhere:
        Journal(tmp_path / "nowhere" / "journal").open("one", "{}")
    assert nowhere.value.code is Code.OUTPUT_UNWRITABLE
    (tmp_path / "latin").write_bytes(b"\xff\xfe\n")
    with pytest.raises(FaultyInput, match="cannot be opened"):
        Journal(tmp_path / "latin").open("one", "{}")
