"""Grouped = event by event; and no judgement contradicts the request that was made."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from replay.drawn import FixedBinding, bounds, bounds_about_iam, made
from replay.plainly import group_plainly, judge_plainly
from sekisho.engine import DecisionEffect, decide
from sekisho.replay import (
    Bound,
    CallOutcome,
    Column,
    Judge,
    TrailEvent,
    TrailRecord,
    columns_of,
    read_record,
)

_MANY = 12
seeds = st.integers(0, 2**32)


def event_of(record: object) -> TrailEvent:
    read = read_record(record)
    assert isinstance(read, TrailRecord)
    return read.event


@given(bounds(), seeds)
def test_grouped_is_event_by_event(bound: Bound, seed: int) -> None:
    chance = Random(seed)  # noqa: S311 - nothing is secret here
    records = [made(chance).record for _ in range(_MANY)]
    binding = FixedBinding(bound)
    columns = columns_of(binding)
    judge = Judge(binding, columns)
    grouped: dict[CallOutcome, int] = {}
    for group in group_plainly(records, columns).groups:
        found = judge.judge(group.event)
        grouped[found.outcome] = grouped.get(found.outcome, 0) + group.tally.events
    one_by_one: dict[CallOutcome, int] = {}
    for record in records:
        event = event_of(record)
        plain = judge_plainly(event, binding, columns)
        assert judge.judge(event) == plain
        # more columns than the policies ask for change nothing
        assert judge_plainly(event, binding, tuple(Column)) == plain
        one_by_one[plain.outcome] = one_by_one.get(plain.outcome, 0) + 1
    assert grouped == one_by_one


@given(bounds_about_iam(), seeds)
def test_policies_that_name_users_ask_for_the_resources_of_iam_alone(
    bound: Bound, seed: int
) -> None:
    chance = Random(seed)  # noqa: S311 - nothing is secret here
    binding = FixedBinding(bound)
    columns = columns_of(binding)
    assert not columns & {Column.RESOURCES, Column.PARAMETERS}
    judge = Judge(binding, columns)
    for _ in range(_MANY):
        record = made(chance).record
        if record["eventSource"] == "iam.amazonaws.com":
            record["eventSource"] = chance.choice(
                ["iam", "iam.amazonaws.com", "iam.aws.amazon.com", "IAM.amazonaws.com"]
            )
        (group,) = group_plainly([record], columns).groups
        assert judge.judge(group.event) == judge_plainly(event_of(record), binding, tuple(Column))


@given(bounds(), seeds)
def test_no_judgement_contradicts_the_request_that_was_made(bound: Bound, seed: int) -> None:
    chance = Random(seed)  # noqa: S311 - nothing is secret here
    binding = FixedBinding(bound)
    columns = columns_of(binding)
    judge = Judge(binding, columns)
    assert bound.before is not None
    for _ in range(_MANY):
        call = made(chance)
        if decide(call.request, bound.before).effect is not DecisionEffect.ALLOWED:
            continue
        allowed = decide(call.request, bound.after).effect is DecisionEffect.ALLOWED
        found = judge.judge(event_of(call.record))
        match found.outcome:
            case CallOutcome.DENIED:
                assert not allowed
            case CallOutcome.UNCHANGED:
                assert allowed
            case other:
                assert other is CallOutcome.UNKNOWN
