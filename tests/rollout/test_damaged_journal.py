"""Damage to a journal is never taken for "nothing was done": the account is asked.

For any damage, a roll-back brings the account back, or says what is not as before.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkpoint import Checkpoint
from rollout.staging import ENFORCEMENT, NOW, AppliedPlan, one_of_each
from rollout.test_laws import made, password
from sekisho.account import AwsApi
from sekisho.account.aws import Boto3Api
from sekisho.errors import FaultyInput, PlanRefused
from sekisho.rollout import (
    Journal,
    Plan,
    RollbackChoices,
    facts_at_addresses,
    preview_rollback,
    read_plan,
    roll_back,
    unaccounted_addresses,
)

PASSWORD = "login-profile taro"
POLICY = f"policy {ENFORCEMENT}"
Damage = Callable[[list[str]], str]


class Remembering:
    """An `AwsApi` that asks AWS each thing once: nothing changes while the law looks."""

    def __init__(self, api: AwsApi) -> None:
        self._api, self._answers = api, dict[str, Any]()
        self.pages = api.pages

    def call(self, service: str, operation: str, /, **params: object) -> Mapping[str, Any]:
        asked = f"{operation} {sorted(params.items())}"
        if asked not in self._answers:
            try:
                self._answers[asked] = self._api.call(service, operation, **params)
            except Exception as error:  # AWS's refusal is an answer, too
                self._answers[asked] = error
        answer = self._answers[asked]
        if isinstance(answer, Exception):
            raise answer
        return dict(answer)


@pytest.fixture(scope="module")
def in_force(
    fresh: Checkpoint, api: Boto3Api, tmp_path_factory: pytest.TempPathFactory
) -> tuple[AppliedPlan, str]:
    """A plan that was applied, and what was at its addresses before."""
    whole = made(api, one_of_each())
    before = facts_at_addresses(whole, api)
    folder = tmp_path_factory.mktemp("applied")
    return AppliedPlan.of(whole, api, fresh.local, folder, password), before


@pytest.fixture
def applied(in_force: tuple[AppliedPlan, str], tmp_path: Path) -> tuple[Plan, str, Path]:
    """A plan that is in force, what was at its addresses before, and its journal."""
    done, before = in_force
    journal = tmp_path / "journal"
    done.restore(journal)
    (tmp_path / "plan.json").write_text(done.plan.to_json(), "utf-8")
    return done.plan, before, journal


READABLE: dict[str, Damage] = {
    "zero bytes": lambda _: "",
    "only its first line": lambda lines: lines[0],
    "a first line that was cut off": lambda lines: lines[0][:200],
    "the first half": lambda lines: "".join(lines[: len(lines) // 2]),
    "the second half lost, and one more": lambda lines: "".join([lines[0], *lines[3:5]]),
    "the begin and the end of one change": lambda lines: "".join(lines[:3] + lines[5:]),
}
UNREADABLE: dict[str, Damage] = {
    "no first line": lambda lines: "".join(lines[1:]),
    "half of a line in the middle": lambda lines: "".join(
        [*lines[:2], lines[2][:30] + "\n", lines[3]]
    ),
    "a key twice": lambda lines: "".join(
        [*lines[:-1], lines[-1].replace("{", '{"event": "left", ', 1)]
    ),
    "a line of another plan": lambda lines: "".join(
        [*lines, '{"at": "2026-11-26T00:00:00+00:00", "event": "done", "address": "group Other"}\n']
    ),
    "zeros": lambda lines: "\0" * 400,
}


@pytest.mark.parametrize("damage", READABLE.values(), ids=READABLE)
def test_what_the_journal_lost_is_left_and_named_and_goes_by_the_account(
    api: Boto3Api, applied: tuple[Plan, str, Path], damage: Damage
) -> None:
    whole, before, journal = applied
    journal.write_text(damage(journal.read_text("utf-8").splitlines(keepends=True)), "utf-8")
    first = roll_back(whole, Journal(journal), api, now=lambda: NOW)
    assert first.left, "something is not as before, and it is named"
    assert facts_at_addresses(whole, api) != before

    _goes_by_the_account(whole, Journal(journal), api, before)


def _goes_by_the_account(whole: Plan, journal: Journal, api: Boto3Api, before: str) -> None:
    """Take a plan back by the account: at once all but a password, and after that the rest."""
    choices = RollbackChoices(by_account=True)
    first = roll_back(whole, journal, api, now=lambda: NOW, choices=choices)
    left = {each.address for each in first.left}
    if PASSWORD in left:
        # it may be anybody's; the user who has it stays, and so does what enforces MFA for them
        assert left == {PASSWORD, "user taro", f"user-attachment taro {ENFORCEMENT}", POLICY}
        api.call("iam", "DeleteLoginProfile", UserName="taro")
        first = roll_back(whole, journal, api, now=lambda: NOW, choices=choices)
    assert first.left == ()
    assert facts_at_addresses(whole, api) == before


@pytest.mark.parametrize("damage", UNREADABLE.values(), ids=UNREADABLE)
def test_a_journal_that_cannot_be_read_says_how_to_go_on(
    api: Boto3Api, applied: tuple[Plan, str, Path], damage: Damage, tmp_path: Path
) -> None:
    whole, before, journal = applied
    journal.write_text(damage(journal.read_text("utf-8").splitlines(keepends=True)), "utf-8")
    plan_file = read_plan(tmp_path / "plan.json", journal)
    with pytest.raises((FaultyInput, PlanRefused)) as caught:
        roll_back(plan_file.plan, plan_file.journal, api, now=lambda: NOW)
    said = f"{caught.value} {caught.value.fix.en if caught.value.fix else ''}"
    assert "--by-account" in said or "give the plan's journal" in said

    _goes_by_the_account(whole, Journal(tmp_path / "new"), api, before)


@pytest.fixture(scope="module")
def remembering(api: Boto3Api, in_force: tuple[AppliedPlan, str]) -> Remembering:
    """The account in which the plan is in force, as who only looks sees it."""
    in_force[0].after.restore()
    return Remembering(api)


@given(data=st.data())
def test_no_damage_hides_what_the_plan_did(
    remembering: Remembering,
    in_force: tuple[AppliedPlan, str],
    tmp_path_factory: pytest.TempPathFactory,
    data: st.DataObject,
) -> None:
    whole = in_force[0].plan
    lines = in_force[0].journal.decode().splitlines(keepends=True)
    lost = data.draw(st.sets(st.integers(0, len(lines) - 1)))
    cut = data.draw(st.integers(0, 80))
    text = "".join(line for number, line in enumerate(lines) if number not in lost)
    path = tmp_path_factory.mktemp("damaged") / "journal"
    path.write_text(text[: len(text) - cut], "utf-8")
    damaged = Journal(path, {change.address for change in whole.changes})
    try:
        damaged.open(whole.digest)
    except (FaultyInput, PlanRefused):
        return  # it is said
    preview = preview_rollback(whole, damaged)
    named = {*preview.reversible, *preview.irreversible, *preview.preexisting}
    named |= {*unaccounted_addresses(whole, damaged, remembering)}
    assert named == {change.address for change in whole.changes}
