"""The law of walks: what is reachable is performed, what is not is tried and refused.

Real clients and the console's sign-in at the local AWS; what is not performed is listed.
All walks under one set of policies are performed in one account, each by people of its own. Every
other one is performed, and what is refused in the search for every third is tried in part, always
the same; all of it in the deep profile.
"""

import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from cases import CORPUS, document
from hashing import cheap_hashes
from profiles import DEEP, sampled
from scenario_account import Cell, account_of
from scenario_performer import NOT_PERFORMED, Performer, not_performed
from scenario_policies import around_of, policies_of
from sekisho.engine import Assumptions, AttachedPolicy, Level, Policies
from sekisho.localaws import LocalAws
from sekisho.policy import PolicyKind, from_json
from sekisho.prover.scenarios import (
    ATTACKERS,
    PEOPLE,
    Access,
    Actor,
    DeviceHolder,
    MoveKind,
    Reachable,
    Scenario,
    ScenarioPrincipal,
    ScenarioState,
    ScenarioStep,
    Setting,
    Unexplored,
    Unreachable,
    explorations,
    explore,
    scenario_of,
    setting_of,
)
from socketless import socketless

CASES = {case["id"]: case for case in document("scenarios/verdicts")["cases"]}
SCENARIOS = (*PEOPLE, *ATTACKERS)
Path = tuple[ScenarioStep, ...]

_NOT_PERFORMED = {
    ("cdk-helper-denynomfapolicy-anonymous-code-search-hit", "service"): "service",
    ("trussworks-terraform-aws-mfa-30103fd-main-tf", "service"): "service",
    ("users-may-change", "service"): "service",
    ("crown-commercial-service-digitalmarketplace-aws-iam-common-a", "service"): "service",
    ("page-needs-no-reads", "service"): "service",
    ("without-holder-rule", "service"): "service",
    ("signin-exempt-hardened", "key-without-device"): "agent",
    **{
        ("signin-exempt-without-holder-rule", each.id): "agent"
        for each in ATTACKERS
        if each.id.startswith(("key-", "admin-key-", "role-without", "service"))
    },
}
"""The paths that no client here can perform, each with its reason in `NOT_PERFORMED`."""


@dataclass(frozen=True)
class Walk:
    """Steps in order, as one scenario's people do them, and what each is told to come to."""

    told: Scenario
    setting: Setting
    steps: Path


def _perform(walks: list[Walk]) -> None:
    cells = [
        Cell.of(walk.told, walk.setting, number, walk.steps) for number, walk in enumerate(walks, 1)
    ]
    _perform_in(cells, [walk.steps for walk in walks])


def _perform_in(cells: list[Cell], ways: list[Path]) -> None:
    signin = cells[0].setting.signin
    with socketless(), cheap_hashes(), LocalAws(account_of(cells), signin=signin) as local:
        for cell, steps in zip(cells, ways, strict=True):
            performer, told = Performer(local, cell), cell.scenario.id
            for step in steps:
                came = performer.perform(step)
                assert (told, step.move, came) == (told, step.move, step.outcome.answer)


def _reachable(case: dict[str, Any], scenarios: Iterable[Scenario] = SCENARIOS) -> Iterator[Walk]:
    for told in scenarios:
        setting = setting_of(told, policies_of(case), around_of(case))
        *_, last = explorations(told, setting)
        if not isinstance(last.result, Reachable):
            assert isinstance(last.result, Unreachable)
            continue
        reason = not_performed(last.setting, last.result.path)
        assert reason == _NOT_PERFORMED.get((case["id"], told.id), "")
        if reason:
            assert NOT_PERFORMED[reason]
        else:
            yield Walk(replace(told, question=last.question), last.setting, last.result.path)


@dataclass(frozen=True)
class _Refusal:
    """A move that a search calls refused, and where it does.

    Attributes:
        told: the first scenario with this beginning.
        begin: whose scenario it is, with which path, who the colleague is, and what both have.
    """

    told: Walk = field(compare=False)
    begin: tuple[Actor, str, str, ScenarioState]
    way: Path
    step: ScenarioStep


def _refusals(case: dict[str, Any], scenarios: Iterable[Scenario]) -> Iterator[_Refusal]:
    """Yield what is refused in any search for some scenarios."""
    for told in scenarios:
        for walk in explorations(told, setting_of(told, policies_of(case), around_of(case))):
            assert not isinstance(walk.result, Unexplored)
            asked, whom = walk.question, walk.setting.holder(ScenarioPrincipal.COLLEAGUE).arn
            first = Walk(replace(told, question=asked), walk.setting, ())
            begin = (told.actor, told.path, whom, asked.start)
            for each in walk.result.tried:
                if not not_performed(walk.setting, (*each.path, each.refused_step)):
                    yield _Refusal(first, begin, each.path, each.refused_step)


def _refused(
    case: dict[str, Any], scenarios: Iterable[Scenario] = SCENARIOS, most: int | None = None
) -> Iterator[Walk]:
    """Yield walks that try what is refused; what has one beginning is tried together.

    No more than `most` refusals are tried, if that is given: always the same ones.
    """
    found = [*dict.fromkeys(_refusals(case, scenarios))]
    if most is not None and most < len(found):
        found = random.Random(0).sample(found, most)  # noqa: S311 - samples, no secrets
    groups: dict[object, list[_Refusal]] = defaultdict(list)
    for each in found:
        groups[each.begin].append(each)
    for group in groups.values():
        tried: dict[Path, list[ScenarioStep]] = defaultdict(list)
        for each in group:
            tried[each.way].append(each.step)
        while tried:
            yield replace(group[0].told, steps=_with_attempts(max(tried, key=len), tried))


def _with_attempts(way: Path, tried: dict[Path, list[ScenarioStep]]) -> Path:
    """Return a way with everything that is tried on it, and refused, after each of its steps."""
    steps: list[ScenarioStep] = []
    for place in range(len(way) + 1):
        steps += (*tried.pop(way[:place], ()), *way[place : place + 1])
    return tuple(steps)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_is_reachable_is_performed(case: dict[str, Any]) -> None:
    """A third of the scenarios in the quick profile, and others by the next set of policies."""
    _perform([*_reachable(case, _part(case, every=3))])


def _part(case: dict[str, Any], *, every: int) -> Iterable[Scenario]:
    """Return one of so many scenarios in the quick profile, others by the next set of policies."""
    return sampled(SCENARIOS, every=every, first=[*CASES].index(case["id"]) % every)


MOST = None if DEEP else 10
"""Refusals that are tried under one set of policies."""


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_is_refused_is_tried_and_refused(case: dict[str, Any]) -> None:
    _perform([*_refused(case, _part(case, every=4), MOST)])


def test_refusals_of_further_searches_and_before_a_goal_are_tried() -> None:
    first: set[ScenarioState] = {told.question.start for told in SCENARIOS}
    walks = [*_refused(CASES["aws"])]
    assert {walk.told.question.start for walk in walks} - first
    told = scenario_of("key-without-device")
    setting = setting_of(told, policies_of(CASES["aws"]))
    *_, last = explorations(told, setting)
    assert isinstance(last.result, Reachable)
    refused = [each.refused_step for each in last.result.tried]
    refused = [step for step in refused if not not_performed(setting, (step,))]
    assert refused
    assert {*refused} <= {step for walk in walks for step in walk.steps}


def test_a_scenario_by_a_user_whom_the_policies_name_is_performed() -> None:
    """What is open on some users only, and closed on every other."""
    mfa = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
    opened, admins = "iam:UpdateLoginProfile", "arn:aws:iam::*:user/admins/*"
    deny = {"Effect": "Deny", "Condition": mfa}
    statements = [
        {**deny, "NotAction": opened, "Resource": "*"},
        {**deny, "Action": opened, "NotResource": admins},
    ]
    enforcement = from_json({"Version": "2012-10-17", "Statement": statements})
    told = scenario_of("admin-key-resets-login")
    setting = setting_of(told, Policies(identity=(AttachedPolicy("enforcement", enforcement),)))
    first, *_, last = explorations(told, setting)
    assert last.setting.colleague_path.startswith("/admins/")
    assert isinstance(last.result, Reachable)
    _perform_in([Cell(replace(told, question=last.question), last.setting)], [last.result.path])
    assert isinstance(first.result, Unreachable)
    refused = [each.refused_step for each in first.result.tried if not each.path]
    refused = [step for step in refused if not not_performed(setting, (step,))]
    _perform_in([Cell(told, setting)], [tuple(refused)])


def test_a_password_gets_a_session_of_aws_login_that_policies_hold_like_any_without_mfa() -> None:
    """Where the two actions are exempt and nothing else is: what is refused of it, too."""
    case = next(
        case
        for case in document("scenarios/steps")["cases"]
        if case["id"] == "password-without-device/signin-exempt"
    )
    enforcement = from_json({"Version": "2012-10-17", "Statement": case["identity"]})
    policies = Policies(identity=(AttachedPolicy("enforcement", enforcement),))
    told = scenario_of(case["scenario"])
    setting = setting_of(told, policies)
    result = explore(setting, told.question)
    assert isinstance(result, Unreachable)
    tried = [
        (*each.path, each.refused_step)
        for each in result.tried
        if each.refused_step.move.holding.access is Access.LOGIN
    ]
    assert {steps[-1].move.kind for steps in tried} >= {
        MoveKind.WORK,
        MoveKind.CREATE_DEVICE,
        MoveKind.CREATE_KEY,
    }
    assert all(MoveKind.LOG_IN in {step.move.kind for step in steps} for steps in tried)
    assert not any(not_performed(setting, steps) for steps in tried)
    _perform([Walk(told, setting, steps) for steps in tried])


def test_what_is_not_performed_is_listed_by_name() -> None:
    """Every act, and every kind of device, is in some walk that is performed, or in the list."""
    performed: set[MoveKind] = set()
    devices: set[DeviceHolder] = set()
    for name in (
        "first-login",
        "cdk-helper-denynomfapolicy-anonymous-code-search-hit",
        "console-authorization",
    ):
        walks = (*_reachable(CASES[name]), *_refused(CASES[name]))
        steps = [step.move for walk in walks for step in walk.steps]
        performed |= {move.kind for move in steps}
        devices |= {move.device.hand for move in steps if move.device is not None}
    # a service is asked and refused there; its own call is what none here makes
    assert performed == set(MoveKind) - {MoveKind.AGENT_TOKEN}
    assert devices == set(DeviceHolder)
    assert set(_NOT_PERFORMED.values()) <= set(NOT_PERFORMED)


_TURNED = Assumptions(bool_other_is_false=True)


def _under_scp(setting: Setting) -> Setting:
    everything = from_json(
        {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}},
        kind=PolicyKind.SCP,
    )
    level = Level("root", (AttachedPolicy("all", everything),))
    return replace(setting, user=replace(setting.user, scps=(level,)))


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (_under_scp, "scp"),
        (lambda setting: replace(setting, partition="aws-cn"), "partition"),
        (lambda setting: replace(setting, engine=_TURNED), "assumptions"),
        (lambda setting: replace(setting, user_tags={"team": "a"}), "facts"),
    ],
)
def test_nothing_is_performed_in_a_setting_that_the_list_names(
    other: Callable[[Setting], Setting], reason: str
) -> None:
    told = scenario_of("key-with-device")
    setting = setting_of(told, policies_of(CASES["aws"]))
    assert not_performed(setting, ()) == ""
    assert not_performed(other(setting), ()) == reason


def test_the_page_lists_what_is_not_performed() -> None:
    page = (CORPUS.parents[1] / "docs" / "scenarios.md").read_text(encoding="utf-8")
    listed = page.split("The following is not performed:")[1].split("\n\n")[1]
    assert listed.splitlines() == [f"- `{name}`: {why}" for name, why in NOT_PERFORMED.items()]
    japanese = (CORPUS.parents[1] / "docs" / "ja" / "scenarios.md").read_text(encoding="utf-8")
    translated = japanese.split("次のステップは、実際には行いません。")[1].split("\n\n")[1]
    assert re.findall(r"(?m)^- `([\w-]+)`: ", translated) == [*NOT_PERFORMED]


def test_a_wrong_model_is_found_out() -> None:
    """A judge that takes every refusal for consent is contradicted by the local AWS."""
    told = scenario_of("admin-key-groups")
    setting = setting_of(told, policies_of(CASES["aws"]))
    result = explore(setting, told.question)
    assert isinstance(result, Unreachable)
    refused = next(each for each in result.tried if each.refused_step.outcome.by_policy)
    done = next(step.outcome for each in result.tried for step in each.path)
    wrong = ScenarioStep(refused.refused_step.move, done)
    with pytest.raises(AssertionError):
        _perform([Walk(told, setting, (*refused.path, wrong))])
