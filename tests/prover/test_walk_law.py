"""The law of walks: what is reachable is performed, what is not is tried and refused.

Real clients and the console's sign-in at the local AWS; what none of them can perform is listed.
"""

from collections import defaultdict
from typing import Any

import pytest

from cases import document
from sekisho.endpoint import LocalAws
from sekisho.prover.walk import (
    PEOPLE,
    THIEVES,
    Kind,
    Reachable,
    Step,
    Story,
    Unreachable,
    search,
    setting_of,
    story,
)
from sekisho.prover.walk.judge import Setting
from sekisho.prover.walk.model import State
from walk_performer import NOT_PERFORMED, Performer, account_of, not_performed
from walk_policies import policies_of

CASES = {case["id"]: case for case in document("walks/verdicts")["cases"]}
STORIES = (*PEOPLE, *THIEVES)
Path = tuple[Step, ...]

_NOT_PERFORMED = {
    ("first-login", "passkey-only"): "passkey",
    ("recommended", "passkey-only"): "passkey",
    ("hardened", "passkey-only"): "passkey",
    ("terraform-aws-modules-terraform-aws-iam-981121b-modules-iam-", "passkey-only"): "passkey",
    ("cdk-helper-denynomfapolicy-anonymous-code-search-hit", "service"): "service",
    ("crown-commercial-service-digitalmarketplace-aws-iam-common-a", "service"): "service",
}
"""The paths that no client here can perform, each with its reason in `NOT_PERFORMED`."""


def _check(told: Story, setting: Setting, tried: dict[Path, list[Step]], goal: Path) -> None:
    """Perform a path, and on the way all that is tried, and refused, after each of its steps."""
    with LocalAws(account_of(told, setting), signin=setting.signin) as local:
        performer = Performer(local, told)
        for place in range(len(goal) + 1):
            here = (*tried.pop(goal[:place], ()), *goal[place : place + 1])
            for step in here:
                assert (step.move, performer.perform(step)) == (step.move, step.outcome.answer)


@pytest.mark.parametrize("told", STORIES, ids=lambda each: each.id)
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_is_reachable_is_performed(case: dict[str, Any], told: Story) -> None:
    setting = setting_of(told, policies_of(case))
    result = search(setting, told.question)
    if not isinstance(result, Reachable):
        assert isinstance(result, Unreachable)
        return
    reason = not_performed(result.path)
    assert reason == _NOT_PERFORMED.get((case["id"], told.id), "")
    if reason:
        assert NOT_PERFORMED[reason]
    else:
        _check(told, setting, {}, result.path)


BEGINNINGS: dict[tuple[Kind, str, State], list[Story]] = defaultdict(list)
for _story in STORIES:
    BEGINNINGS[_story.kind, _story.path, _story.question.start].append(_story)


@pytest.mark.parametrize("told", BEGINNINGS.values(), ids=lambda told: told[0].id)
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_is_not_reachable_is_tried_and_refused(
    case: dict[str, Any], told: list[Story]
) -> None:
    """Stories with one beginning are tried in one account."""
    policies = policies_of(case)
    tried: dict[Path, dict[Step, None]] = defaultdict(dict)
    for each in told:
        result = search(setting_of(each, policies), each.question)
        for attempt in result.tried if isinstance(result, Unreachable) else ():
            if not not_performed((*attempt.way, attempt.refused)):
                tried[attempt.way][attempt.refused] = None
    left = {way: list(refused) for way, refused in tried.items()}
    while left:
        longest = max(left, key=len)
        _check(told[0], setting_of(told[0], policies), left, longest)


def test_a_wrong_model_is_found_out() -> None:
    """A judge that takes every refusal for consent is contradicted by the local AWS."""
    told = story("admin-key-groups")
    setting = setting_of(told, policies_of(CASES["aws"]))
    result = search(setting, told.question)
    assert isinstance(result, Unreachable)
    assert result.deadlock is not None
    refused = result.deadlock.refused
    wrong = Step(refused.move, type(refused.outcome)())
    with pytest.raises(AssertionError):
        _check(told, setting, {result.deadlock.way: [wrong]}, result.deadlock.way)
