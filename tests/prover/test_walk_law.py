"""The law of walks: what is reachable is performed, what is not is tried and refused.

Real clients and the console's sign-in at the local AWS; what none of them can perform is listed.
All walks under one set of policies are performed in one account, each by people of its own. What is
refused under the published policies is tried in the deep profile.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import settings

from cases import CORPUS, document
from sekisho.endpoint import LocalAws
from sekisho.engine import AttachedPolicy, Level, Policies
from sekisho.policy import PolicyKind, from_json
from sekisho.prover.walk import (
    PEOPLE,
    THIEVES,
    Kind,
    Reachable,
    Setting,
    Step,
    Story,
    Unreachable,
    search,
    setting_of,
    story,
    walked,
)
from sekisho.prover.walk.judge import Outcome
from sekisho.prover.walk.model import Act, Hand, State
from walk_account import Cell, account_of
from walk_performer import ENROLLED_AS, NOT_PERFORMED, Performer, not_performed
from walk_policies import around_of, policies_of

CASES = {case["id"]: case for case in document("walks/verdicts")["cases"]}
STORIES = (*PEOPLE, *THIEVES)
Path = tuple[Step, ...]

_NOT_PERFORMED = {
    ("first-login", "passkey-only"): "passkey",
    ("recommended", "passkey-only"): "passkey",
    ("hardened", "passkey-only"): "passkey",
    ("two-stages", "passkey-only"): "passkey",
    ("users-may-change", "passkey-only"): "passkey",
    ("boundary", "passkey-only"): "passkey",
    ("terraform-aws-modules-terraform-aws-iam-981121b-modules-iam-", "passkey-only"): "passkey",
    ("cdk-helper-denynomfapolicy-anonymous-code-search-hit", "service"): "service",
    ("trussworks-terraform-aws-mfa-30103fd-main-tf", "service"): "service",
    ("users-may-change", "service"): "service",
    ("crown-commercial-service-digitalmarketplace-aws-iam-common-a", "service"): "service",
}
"""The paths that no client here can perform, each with its reason in `NOT_PERFORMED`."""


@dataclass(frozen=True)
class Walk:
    """Steps in order, as one story's people do them, and what each is told to come to."""

    told: Story
    setting: Setting
    steps: Path


def _perform(walks: list[Walk]) -> None:
    cells = [
        Cell.of(walk.told, walk.setting, number, walk.steps) for number, walk in enumerate(walks, 1)
    ]
    _perform_in(cells, [walk.steps for walk in walks])


def _perform_in(cells: list[Cell], ways: list[Path]) -> None:
    with LocalAws(account_of(cells), signin=cells[0].setting.signin) as local:
        for cell, steps in zip(cells, ways, strict=True):
            performer, told = Performer(local, cell), cell.story.id
            for step in steps:
                came = performer.perform(step)
                assert (told, step.move, came) == (told, step.move, step.outcome.answer)


def _reachable(case: dict[str, Any]) -> Iterator[Walk]:
    for told in STORIES:
        setting = setting_of(told, policies_of(case), around_of(case))
        *_, last = walked(told, setting)
        if not isinstance(last.result, Reachable):
            assert isinstance(last.result, Unreachable)
            continue
        reason = not_performed(last.setting, last.result.path)
        assert reason == _NOT_PERFORMED.get((case["id"], told.id), "")
        if reason:
            assert NOT_PERFORMED[reason]
        else:
            yield Walk(replace(told, question=last.question), last.setting, last.result.path)


BEGINNINGS: dict[tuple[Kind, str, State], list[Story]] = defaultdict(list)
for _story in STORIES:
    BEGINNINGS[_story.kind, _story.path, _story.question.start].append(_story)


def _refused(case: dict[str, Any]) -> Iterator[Walk]:
    """Yield walks that try all that is refused; stories with one beginning are tried together."""
    for told in BEGINNINGS.values():
        setting = setting_of(told[0], policies_of(case), around_of(case))
        tried: dict[Path, dict[Step, None]] = defaultdict(dict)
        for each in told:
            result = search(setting, each.question)
            for attempt in result.tried if isinstance(result, Unreachable) else ():
                if not not_performed(setting, (*attempt.way, attempt.refused)):
                    tried[attempt.way][attempt.refused] = None
        while tried:
            way = max(tried, key=len)
            yield Walk(told[0], setting, _with_attempts(way, tried))


def _with_attempts(way: Path, tried: dict[Path, dict[Step, None]]) -> Path:
    """Return a way with everything that is tried on it, and refused, after each of its steps."""
    steps: list[Step] = []
    for place in range(len(way) + 1):
        steps += (*tried.pop(way[:place], ()), *way[place : place + 1])
    return tuple(steps)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_is_reachable_is_performed(case: dict[str, Any]) -> None:
    _perform([*_reachable(case)])


DEEP = settings.get_current_profile_name() == "deep"
TRIED = {name: case for name, case in CASES.items() if DEEP or "published" not in case}


@pytest.mark.parametrize("case", TRIED.values(), ids=TRIED)
def test_what_is_not_reachable_is_tried_and_refused(case: dict[str, Any]) -> None:
    _perform([*_refused(case)])


def test_a_walk_by_a_user_whom_the_policies_name_is_performed() -> None:
    """What is open on some users only, and closed on every other."""
    mfa = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
    opened, admins = "iam:UpdateLoginProfile", "arn:aws:iam::*:user/admins/*"
    deny = {"Effect": "Deny", "Condition": mfa}
    statements = [
        {**deny, "NotAction": opened, "Resource": "*"},
        {**deny, "Action": opened, "NotResource": admins},
    ]
    gate = from_json({"Version": "2012-10-17", "Statement": statements})
    told = story("admin-key-resets-login")
    setting = setting_of(told, Policies(identity=(AttachedPolicy("gate", gate),)))
    first, *_, last = walked(told, setting)
    assert last.setting.colleague_path.startswith("/admins/")
    assert isinstance(last.result, Reachable)
    _perform_in([Cell(replace(told, question=last.question), last.setting)], [last.result.path])
    assert isinstance(first.result, Unreachable)
    refused = [each.refused for each in first.result.tried if not each.way]
    _perform_in([Cell(told, setting)], [tuple(refused)])


def test_what_no_client_performs_is_listed_by_name() -> None:
    """Every act, and every kind of device, is in some walk that is performed, or in the list."""
    performed: set[Act] = set()
    for name in ("aws", "cdk-helper-denynomfapolicy-anonymous-code-search-hit"):
        walks = (*_reachable(CASES[name]), *_refused(CASES[name]))
        performed |= {step.move.act for walk in walks for step in walk.steps}
    # a service is asked and refused there; its own call is what none here makes
    assert set(Act) - performed == {Act.REGISTER_PASSKEY}
    assert set(ENROLLED_AS) == set(Hand)
    assert set(_NOT_PERFORMED.values()) | set(ENROLLED_AS.values()) <= {*NOT_PERFORMED, ""}


def test_nothing_is_performed_under_a_service_control_policy() -> None:
    everything = from_json(
        {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}},
        kind=PolicyKind.SCP,
    )
    level = Level("root", (AttachedPolicy("all", everything),))
    told = story("key-with-device")
    setting = setting_of(told, replace(policies_of(CASES["aws"]), scps=(level,)))
    assert not_performed(setting, ()) == "scp"


def test_the_page_lists_what_no_client_performs() -> None:
    page = (CORPUS.parents[1] / "docs" / "walks.md").read_text(encoding="utf-8")
    listed = page.split("What no client here performs:")[1].split("\n\n")[1]
    assert listed.splitlines() == [f"- `{name}`: {why}" for name, why in NOT_PERFORMED.items()]


def test_a_wrong_model_is_found_out() -> None:
    """A judge that takes every refusal for consent is contradicted by the local AWS."""
    told = story("admin-key-groups")
    setting = setting_of(told, policies_of(CASES["aws"]))
    result = search(setting, told.question)
    assert isinstance(result, Unreachable)
    refused = next(each for each in result.tried if each.refused.outcome.by_policy)
    wrong = Step(refused.refused.move, Outcome())
    with pytest.raises(AssertionError):
        _perform([Walk(told, setting, (*refused.way, wrong))])
