"""What each kind of change says of itself is what it does: its calls, the events, the reads."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from rollout.staging import ADMIN, account, full_goal
from sekisho.rollout import Change, PlanningContext, offboard, plan

PLANS = (
    plan(full_goal(), account(), ADMIN),
    offboard(PlanningContext(account(), ADMIN, ("glass",)), "hanako"),
    offboard(PlanningContext(account(), ADMIN, ("glass",)), "machine"),
)
KINDS: Mapping[str, Change] = {
    type(change).__name__: change for made in PLANS for change in made.changes
}


class Recording:
    """An `AwsApi` that finds nothing, and notes what it is asked."""

    def __init__(self) -> None:
        self.asked: set[str] = set()

    def call(self, service: str, operation: str, /, **params: object) -> Mapping[str, Any]:
        self.asked.add(operation)
        return {"User": {}, "LoginProfile": {}}

    def pages(
        self, service: str, operation: str, key: str, /, **params: object
    ) -> Iterator[Mapping[str, Any]]:
        self.asked.add(operation)
        return iter(())


def test_these_are_kinds_of_every_part() -> None:
    assert {"CreateUser", "CreateLoginProfile", "CreateGroup", "CreatePolicy"} <= {*KINDS}
    assert {"DeleteLoginProfile", "AttachUserPolicy", "AddUserToGroup"} <= {*KINDS}


@pytest.mark.parametrize("kind", KINDS)
def test_who_made_a_change_is_found_by_the_event_of_its_call(kind: str) -> None:
    change = KINDS[kind]
    calls = (change.call(), *change.undo(change.after))
    assert {call.operation for call in calls} <= {*change.change_events()}


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_rollback_asks_before_it_removes_a_thing_is_asked_of_the_permissions(
    kind: str,
) -> None:
    # else a plan is judged applicable for who cannot take it back
    recording = Recording()
    KINDS[kind].in_use_because(recording)
    assert recording.asked == {*KINDS[kind].use_reads}
