"""Who of a plan gets which notice: a corpus, and what no text may say."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from cases import cases
from notices.planned import plan_of, snapshot_of
from rollout.staging import ADMIN, account, one_of_each, user, with_user
from sekisho.account import Password, Snapshot
from sekisho.audit.impact import ImpactKind
from sekisho.messages import verbatim
from sekisho.notices import NoticeKind, Person, people_of, policies_of_plan
from sekisho.rollout import (
    CreateUser,
    Plan,
    PlanCaller,
    PlannedImpact,
    plan,
    planning_context,
    reset,
)

CASES = cases("notices/people", ["account", "goal", "expected"], ["exceptions", "document"])
GRAVE = (ImpactKind.CUT_OFF, ImpactKind.DEAD_LOCK, ImpactKind.LOCKED_OUT, ImpactKind.KEY_ONLY)


def _said(person: Person) -> dict[str, Any]:
    """Return a person as the corpus has one, without what is as usual."""
    day, until = person.day, person.until
    said = {
        "kinds": [each.value for each in person.kinds],
        "day": day and day.isoformat(),
        "until": until and until.isoformat(),
        "owner": person.owner,
        "password": person.password.value,
        "keys": len(person.keys),
        "gaps": len(person.gaps),
        "enforced": person.enforced,
        "attention": person.needs_attention,
        "later": not person.may_enrol_now,
        "lacksPasskey": person.lacks_passkey,
    }
    return {key: value for key, value in said.items() if value and value != "none"}


@pytest.mark.parametrize("case", CASES)
def test_kinds(case: dict[str, Any], tmp_path: Path) -> None:
    snapshot = snapshot_of(case["account"])
    made = plan_of(case, snapshot, tmp_path)
    read = Plan.from_json(made.to_json())
    assert read == made
    people = people_of(read, snapshot)
    assert {person.user: _said(person) for person in people} == case["expected"]
    assert all(person.outcome.en and person.outcome.ja for person in people)


def _case(name: str) -> dict[str, Any]:
    (found,) = [param.values[0] for param in CASES if param.id == name]
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("impact", GRAVE)
def test_what_a_plan_says_is_grave_is_never_a_notice(impact: ImpactKind, tmp_path: Path) -> None:
    case = _case("enrol, in a wave with a day")
    snapshot = snapshot_of(case["account"])
    made = plan_of(case, snapshot, tmp_path)
    grave = replace(made, people=(PlannedImpact("aki", impact, verbatim("grave")),))
    (person,) = people_of(grave, snapshot)
    assert person.kind is NoticeKind.STUCK
    assert not person.kind.is_notice
    assert person.needs_attention
    assert person.outcome.en == "grave"


def test_who_has_enrolled_since_the_plan_was_made_is_ready(tmp_path: Path) -> None:
    case = _case("enrol, in a wave with a day")
    made = plan_of(case, snapshot_of(case["account"]), tmp_path)
    later = {"users": {"aki": {**case["account"]["users"]["aki"], "devices": ["virtual"]}}}
    (person,) = people_of(made, snapshot_of({**case["account"], **later}))
    assert person.kinds == (NoticeKind.READY,)
    assert person.enrolled_since is not None


def test_who_has_gone_hears_nothing_and_who_comes_sets_up_mfa(tmp_path: Path) -> None:
    case = _case("ready")
    snapshot = snapshot_of(case["account"])
    made = plan_of(case, snapshot, tmp_path)
    impact = PlannedImpact("new", ImpactKind.NEW_PASSWORD, verbatim("changes it first"))
    gone = replace(made, people=(impact,))
    (person,) = people_of(gone, snapshot)
    assert person.kinds == (NoticeKind.NO_NOTICE,)
    coming = replace(gone, changes=(CreateUser("new", "/", {"Owner": "bunko"}),))
    (person,) = people_of(coming, snapshot)
    assert person.kinds == (NoticeKind.TEMPORARY_PASSWORD, NoticeKind.ENROL)
    assert person.owner == "bunko"


def test_the_policies_of_a_plan_are_those_it_enforces_mfa_by(tmp_path: Path) -> None:
    case = _case("enforced already: a key has stopped, and stops no more")
    snapshot = snapshot_of(case["account"])
    made = plan_of(case, snapshot, tmp_path)
    assert not made.changes
    assert len(policies_of_plan(made)) == 1


@pytest.mark.parametrize("enforced", [True, False])
def test_who_is_reset_sets_up_mfa_anew_where_it_is_enforced(*, enforced: bool) -> None:
    has = ["All", *(["Force_MFA"] if enforced else [])]
    account = {
        "users": {
            "aki": {"has": has, "password": {}, "devices": ["virtual"]},
            "root": {"has": ["All"], "password": {}, "devices": ["virtual"]},
        },
        "policies": {
            "All": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
            "Force_MFA": "Force_MFA",
        },
    }
    snapshot = snapshot_of(account)
    caller = PlanCaller(f"arn:aws:iam::{snapshot.account}:user/root", mfa=True)
    made = reset(planning_context(snapshot, caller, (), {}), "aki")
    (person,) = people_of(made, snapshot)
    again = (NoticeKind.TEMPORARY_PASSWORD, NoticeKind.ENROL)
    assert person.kinds == (again if enforced else (NoticeKind.NO_NOTICE,))
    assert not person.devices
    # enrolled since, under the same name
    (aki, root) = snapshot.users
    (device,) = aki.devices
    assert device.enabled_at is not None
    later = replace(device, enabled_at=device.enabled_at + timedelta(days=31))
    anew = replace(snapshot, users=(replace(aki, devices=(later,)), root))
    (person,) = people_of(made, anew)
    assert person.kinds == ((NoticeKind.READY,) if enforced else (NoticeKind.NO_NOTICE,))


def test_what_had_to_be_done_before_a_day_is_too_late_on_it(tmp_path: Path) -> None:
    """The account may have been read before the day on which its people are told."""
    (case,) = [each.values[0] for each in CASES if _changes_before(each.values[0])][:1]
    snapshot = snapshot_of(case["account"])
    made = plan_of(case, snapshot, tmp_path)
    (person,) = (each for each in people_of(made, snapshot) if each.must_hurry)
    assert person.day is not None
    later = people_of(made, snapshot, today=person.day)
    assert [each.kind for each in later if each.user == person.user] == [NoticeKind.STUCK]


@pytest.mark.parametrize(("days", "over"), [(0, False), (1, True)])
def test_an_exception_is_judged_on_the_day_on_which_people_are_told(
    days: int, over: bool, tmp_path: Path
) -> None:
    case = next(
        each.values[0]
        for each in CASES
        if any(one.get("kinds") == ["exempt-until"] for one in each.values[0]["expected"].values())
    )
    assert isinstance(case, dict)
    snapshot = snapshot_of(case["account"])
    made = plan_of(case, snapshot, tmp_path)
    (before,) = (each for each in people_of(made, snapshot) if each.until)
    assert before.until is not None
    today = before.until + timedelta(days=days)
    told = people_of(made, snapshot, today=today)
    (person,) = (each for each in told if each.user == before.user)
    assert (person.until is None) is over
    assert (person.exception_over == before.until) is over
    assert (NoticeKind.EXEMPT_UNTIL in person.kinds) is not over
    assert person.needs_attention is over
    if over:
        assert person.kind.is_notice
        assert person.outcome.en.startswith(f"The exception ended on {before.until}")
        # whoever asks again with the account of that day hears the same of the person
        later = replace(snapshot, taken_at=snapshot.taken_at + (today - _day(snapshot)))
        (again,) = (each for each in people_of(made, later) if each.user == before.user)
        assert again == person


def _day(snapshot: Snapshot) -> date:
    return snapshot.taken_at.date()


def _changes_before(case: Any) -> bool:
    return any(each.get("password") == "before" for each in case["expected"].values())


class _Counted(tuple[Any, ...]):
    """Values that count how often somebody goes through all of them."""

    times = 0

    def __iter__(self) -> Iterator[Any]:
        type(self).times += 1
        return super().__iter__()


def test_a_plan_is_gone_through_as_often_for_many_as_for_few() -> None:
    """Going through it for each person made `notify` quadratic."""
    times = []
    for count in (3, 30):
        start = account()
        for number in range(count):
            start = with_user(start, user(f"p{number}", password=Password()))
        made = plan(one_of_each(), start, ADMIN)
        _Counted.times = 0
        people = tuple(
            PlannedImpact(each.name, ImpactKind.MUST_ENROL, verbatim("x")) for each in start.users
        )
        people_of(replace(made, people=people, changes=_Counted(made.changes)), start)
        times.append(_Counted.times)
    assert times[0] == times[1]
