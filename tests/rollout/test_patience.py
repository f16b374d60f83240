"""What passes by itself is waited for; what does not, stops. No test waits."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from rollout.staging import NOW, Refusing, one_of_each
from rollout.test_laws import made, password
from rollout.weather import Fault, Weather
from sekisho.account import AwsApi
from sekisho.errors import AwsRefused, Code, PlanRefused
from sekisho.messages import verbatim
from sekisho.rollout import (
    ApplyReport,
    Journal,
    Plan,
    RollbackReport,
    Stop,
    execute,
    facts_at_addresses,
    retried,
    retried_until_visible,
    roll_back,
)


@pytest.fixture(scope="module")
def whole(api: AwsApi) -> Plan:
    """A plan, which every test takes back."""
    return made(api, one_of_each())


@pytest.fixture(scope="module")
def before(api: AwsApi, whole: Plan) -> str:
    """What is at the plan's addresses before it is applied."""
    return facts_at_addresses(whole, api)


WAITS = (1, 2, 4, 8, 16)
"""How long is waited before each try, in seconds."""


class Clock:
    """Remembers what it was asked to wait."""

    def __init__(self) -> None:
        self.waited: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.waited.append(seconds)


def applied(whole: Plan, api: AwsApi, journal: Path, clock: Clock) -> ApplyReport:
    return retried(
        lambda: execute(whole, api, Journal(journal), passwords=password, now=lambda: NOW),
        clock.sleep,
        lambda stop: None,
    )


@pytest.mark.parametrize(
    ("fault", "lag"),
    [(Fault.THROTTLED, 0), (Fault.BROKEN_BUT_DONE, 0), (Fault.LOST, 2), (Fault.LOST_BUT_DONE, 2)],
)
def test_every_call_in_bad_weather_is_made_once(
    api: AwsApi, whole: Plan, before: str, tmp_path: Path, *, fault: Fault, lag: int
) -> None:
    clock = Clock()
    # two bad calls, then a good one, all the way
    weather = Weather(api, [fault, fault, None] * 20, lag)
    report = applied(whole, weather, tmp_path / "journal", clock)
    assert report.complete, report.stopped
    assert len(report.done) == len(whole.changes), "what a lost answer did is the plan's own"
    assert clock.waited
    assert max(clock.waited) <= max(WAITS)

    back = retried(
        lambda: roll_back(whole, Journal(tmp_path / "journal"), api, now=lambda: NOW),
        clock.sleep,
        lambda stop: None,
    )
    assert back.complete
    assert back.left == ()
    assert facts_at_addresses(whole, api) == before


@pytest.mark.parametrize(
    "code", ["AccessDenied", "ExpiredToken", "RequestExpired", "LimitExceeded"]
)
def test_what_does_not_pass_stops_at_once_with_the_fix(
    api: AwsApi, whole: Plan, tmp_path: Path, code: str
) -> None:
    clock = Clock()

    class Sour(Refusing):
        def call(self, service: str, operation: str, /, **params: object) -> object:  # type: ignore[override]  # answers nothing
            if operation == "CreateGroup":
                error = AwsRefused(operation, code, "no", 403)
                error.fix = verbatim("sign in again")
                raise error
            return super().call(service, operation, **params)

    report = applied(whole, Sour(api, "nothing"), tmp_path / "journal", clock)
    assert clock.waited == []
    assert report.stopped is not None
    assert (report.stopped.aws_code, report.stopped.fix) == (code, verbatim("sign in again"))
    assert report.remaining[0] == report.stopped.address
    assert roll_back(whole, Journal(tmp_path / "journal"), api, now=lambda: NOW).left == ()


class Silent:
    """An `AwsApi` whose calls of these numbers, the reads among them, get no answer."""

    def __init__(self, api: AwsApi, numbers: range) -> None:
        self._api = api
        self._numbers = numbers
        self._asked = 0

    def call(self, service: str, operation: str, /, **params: object) -> Mapping[str, Any]:
        self._answer(operation)
        return self._api.call(service, operation, **params)

    def pages(self, service: str, operation: str, key: str, /, **params: object) -> Iterator[Any]:
        self._answer(operation)
        return self._api.pages(service, operation, key, **params)

    def _answer(self, operation: str) -> None:
        self._asked += 1
        if self._asked in self._numbers:
            raise AwsRefused(operation, "EndpointConnectionError", "no network", 0)


@pytest.mark.parametrize("start", [1, 8, 36])
def test_a_second_look_without_an_answer_is_waited_for_as_well(
    api: AwsApi, whole: Plan, tmp_path: Path, start: int
) -> None:
    clock = Clock()
    silent = Silent(api, range(start, start + 3))
    assert applied(whole, silent, tmp_path / "journal", clock).complete
    assert clock.waited == [1, 2, 4]
    silent, journal = Silent(api, range(start, start + 3)), Journal(tmp_path / "journal")
    back = retried(
        lambda: roll_back(whole, journal, silent, now=lambda: NOW), clock.sleep, lambda stop: None
    )
    assert (back.complete, back.left) == (True, ())
    assert len(back.undone) == len(whole.changes)


def test_who_gives_up_says_what_is_done(api: AwsApi, whole: Plan, tmp_path: Path) -> None:
    clock = Clock()
    addresses = tuple(change.address for change in whole.changes)
    refusing = Refusing(api, "AddUserToGroup")
    first = execute(
        whole, refusing, Journal(tmp_path / "journal"), passwords=password, now=lambda: NOW
    )
    assert first.done
    report = applied(whole, Silent(api, range(1, 1000)), tmp_path / "journal", clock)
    assert tuple(clock.waited) == WAITS
    assert report.stopped is not None
    assert report.stopped.operation == "GetCallerIdentity"
    assert (report.done, report.done + report.remaining) == (first.done, addresses)

    silent, journal = Silent(api, range(1, 1000)), Journal(tmp_path / "journal")
    back = roll_back(whole, journal, silent, now=lambda: NOW)
    assert (back.undone, back.remaining) == ((), first.done[::-1])
    assert back.stopped is not None
    assert roll_back(whole, journal, api, now=lambda: NOW).undone == first.done[::-1]
    assert (
        roll_back(whole, Journal(journal.path), silent, now=lambda: NOW).undone == first.done[::-1]
    )


def test_patience_ends() -> None:
    stop = Stop("user a", "CreateUser", "Throttling", "slow down", status=400)
    clock = Clock()
    told: list[Stop] = []
    report = retried(lambda: ApplyReport((), (), ("user a",), stop), clock.sleep, told.append)
    assert report.stopped is stop
    assert tuple(clock.waited) == WAITS
    assert len(told) == len(WAITS)


def test_drift_that_was_there_at_first_is_not_waited_for() -> None:
    clock = Clock()

    def drifted() -> ApplyReport:
        raise PlanRefused("the account has changed", code=Code.PLAN_STALE)

    with pytest.raises(PlanRefused):
        retried(drifted, clock.sleep, lambda stop: None)
    assert clock.waited == []


def test_what_aws_does_not_show_yet_is_taken_back_all_the_same(
    api: AwsApi, whole: Plan, before: str, tmp_path: Path
) -> None:
    slow, journal = Weather(api, [], lag=4), Journal(tmp_path / "journal")
    assert execute(whole, slow, journal, passwords=password, now=lambda: NOW).complete
    reports: list[RollbackReport] = []

    def run() -> RollbackReport:
        reports.append(roll_back(whole, journal, slow, now=lambda: NOW))
        return reports[-1]

    assert retried_until_visible(run, lambda seconds: slow.clear(), lambda stop: None).complete
    assert reports[0].gone, "the first look saw what was there before the plan"
    assert facts_at_addresses(whole, api) == before
