"""CloudTrail's event history: its pages as logs, its pace, and what was not read."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from replay.groups_of import of_fast, of_plain
from replay.plainly import group_plainly
from replay.test_record import logged
from sekisho.errors import AwsRefused
from sekisho.replay import Window
from sekisho.replay.reading import EventHistory, Timing, event_history, history_policy, read_groups

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
RECORDS = list(logged())[:120]
"""Real records, which are three pages."""
REFUSED = AwsRefused("LookupEvents", "AccessDeniedException", "not for you", 400)
NOT_JSON = {"EventId": "e-bad", "EventTime": NOW, "CloudTrailEvent": '{"eventName": '}

Page = Mapping[str, Any] | BaseException


def pages_of(records: Sequence[Any], more: Sequence[Page] = ()) -> list[Page]:
    """Return the answers to one question after the other; the last has no `NextToken`."""
    found: list[Page] = []
    for start in range(0, len(records), 50):
        events = [
            {
                "EventId": str(number),
                "EventTime": NOW - timedelta(hours=number),
                "CloudTrailEvent": json.dumps(record),
            }
            for number, record in enumerate(records[start : start + 50], start)
        ]
        found.append({"Events": events, "NextToken": f"after-{start}"})
    if not more and found:
        found[-1] = {"Events": found[-1]["Events"]}  # type: ignore[index] - no exception yet
    return [*found, *more]


@dataclass
class Stub:
    """A CloudTrail with the pages of some regions, and a clock that goes only while one waits."""

    regions: Mapping[str, Sequence[Page]]
    asked: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    waited: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._left: dict[str, Iterator[Page]] = {
            name: iter(pages) for name, pages in self.regions.items()
        }

    def call_in(
        self, region: str, service: str, operation: str, /, **params: object
    ) -> Mapping[str, Any]:
        assert (service, operation) == ("cloudtrail", "LookupEvents")
        self.asked.append((region, params))
        page = next(self._left[region])
        if isinstance(page, BaseException):
            raise page
        return page

    def read(self, window: Window = Window()) -> EventHistory:  # noqa: B008 - it is frozen
        timing = Timing(lambda: NOW, lambda: sum(self.waited), self.waited.append)
        return event_history(self, list(self.regions), window, timing=timing)


def test_the_pages_are_read_as_a_log_of_the_same_records() -> None:
    stub = Stub({"eu-west-1": pages_of(RECORDS[:70]), "us-east-1": pages_of(RECORDS[70:])})
    history = stub.read()
    groups = read_groups(history.files)
    assert of_fast(groups) == of_plain(group_plainly(RECORDS, ()))
    assert groups.reading.events == len(RECORDS)
    assert history.faults == ()
    (note,) = history.notes
    assert "eu-west-1, us-east-1" in note.en
    assert "Data events, other regions and other accounts are not in it" in note.en


def test_it_asks_twice_a_second_for_ninety_days_and_page_after_page() -> None:
    stub = Stub({"eu-west-1": pages_of(RECORDS)})
    stub.read()
    first, *others = [params for _, params in stub.asked]
    assert first == {"StartTime": NOW - timedelta(days=90), "EndTime": NOW, "MaxResults": 50}
    assert [each["NextToken"] for each in others] == ["after-0", "after-50"]
    assert stub.waited == [0.5, 0.5]


@pytest.mark.parametrize(
    ("since", "until", "asked", "noted"),
    [
        (10, 5, (10, 5), False),
        (200, None, (90, 0), True),
        (10, -5, (10, 0), False),
        (200, 100, None, True),
    ],
)
def test_only_what_is_there_and_was_asked_for_is_read(
    since: int, until: int | None, asked: tuple[int, int] | None, noted: bool
) -> None:
    def ago(days: int) -> datetime:
        return NOW - timedelta(days=days)

    stub = Stub({"eu-west-1": pages_of(RECORDS[:1])})
    history = stub.read(Window(ago(since), None if until is None else ago(until)))
    times = [(params["StartTime"], params["EndTime"]) for _, params in stub.asked]
    assert times == ([tuple(map(ago, asked))] if asked else [])
    assert any("and not to the time asked for" in note.en for note in history.notes) is noted


@pytest.mark.parametrize(
    ("how", "what"),
    [
        (KeyboardInterrupt(), "stopped: events before 2026-11-26 11:00:00 UTC were not read"),
        (REFUSED, "events before 2026-11-26 11:00:00 UTC were not read: "),
    ],
)
def test_what_was_read_before_the_end_is_there_and_the_rest_is_named(
    how: BaseException, what: str
) -> None:
    stub = Stub({"eu-west-1": pages_of(RECORDS[:50], [how]), "us-east-1": [KeyboardInterrupt()]})
    history = stub.read()
    assert read_groups(history.files).reading.events == 50
    first, second = history.faults
    assert first.file == "LookupEvents eu-west-1"
    assert first.what.en.startswith(what)
    assert second.file == "LookupEvents us-east-1"
    assert second.what.en == "stopped: nothing was read"
    # what was stopped asks no other region
    assert [region for region, _ in stub.asked].count("us-east-1") == (how is REFUSED)


def test_where_every_region_refuses_there_is_no_answer() -> None:
    with pytest.raises(AwsRefused, match="not for you"):
        Stub({"eu-west-1": [REFUSED], "us-east-1": [REFUSED]}).read()
    # where one of them answers, the other is named
    history = Stub({"eu-west-1": [REFUSED], "us-east-1": pages_of(RECORDS[:3])}).read()
    assert read_groups(history.files).reading.events == 3
    assert [fault.file for fault in history.faults] == ["LookupEvents eu-west-1"]


def test_an_event_that_is_none_spoils_no_other() -> None:
    bad: Page = {"Events": [NOT_JSON, {"EventId": "e-none"}]}
    history = Stub({"eu-west-1": pages_of(RECORDS[:3], [bad])}).read()
    assert read_groups(history.files).reading.events == 3
    assert [fault.place for fault in history.faults] == ["e-bad", "e-none"]


def test_the_policy_allows_no_more_than_looking_up() -> None:
    (statement,) = history_policy()["Statement"]
    assert statement["Action"] == "cloudtrail:LookupEvents"
