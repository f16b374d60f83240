"""The law of walks in a browser: what the prover says of people and attackers is what comes of it.

Every scenario that begins with a password; under every preset in the deep profile. All walks under
one preset share an account, each with people of its own, and a browser.
"""

import re
from dataclasses import replace

import pytest
from playwright.sync_api import Browser

import web_people as people
from browser_performer import ADMINISTRATOR, BrowserPerformer, played
from cases import CORPUS
from profiles import DEEP
from scenario_account import Cell, account_of
from sekisho.engine import AttachedPolicy, Policies
from sekisho.policy import Preset, choices_of, force_mfa
from sekisho.prover.scenarios import (
    ATTACKERS,
    PEOPLE,
    Actor,
    Reachable,
    Scenario,
    ScenarioOutcome,
    ScenarioStep,
    Unreachable,
    explorations,
    run_scenario,
    setting_of,
)

PLAYED = [each for each in (*PEOPLE, *ATTACKERS) if played(each)]


def _walks(
    told: Scenario, policies: Policies, number: int
) -> list[tuple[Cell, tuple[ScenarioStep, ...]]]:
    """Return the way in; or, where there is none, everything that is tried and refused."""
    *_, last = explorations(told, setting_of(told, policies))
    asked = replace(told, question=last.question)
    if isinstance(last.result, Reachable):
        ways = [last.result.path]
    else:
        assert isinstance(last.result, Unreachable)
        ways = [(*each.path, each.refused_step) for each in last.result.tried]
        assert ways
    return [
        (Cell.of(asked, last.setting, 10 * number + place, steps), steps)
        for place, steps in enumerate(ways)
    ]


def _outcome(told: Scenario, *, arrived: bool) -> ScenarioOutcome:
    if arrived:
        return ScenarioOutcome.GETS_IN
    person = told.actor is Actor.PERSON
    return ScenarioOutcome.LOCKED_OUT if person else ScenarioOutcome.KEPT_OUT


PLAYS = {
    preset: PLAYED if DEEP else PLAYED[place::2]
    for place, preset in enumerate(Preset if DEEP else (Preset.AWS, Preset.RECOMMENDED))
}
"""Under what locks a new user out, and what sekisho proposes: each scenario under one of them.

All under each, and the third preset, in the deep profile. That a move is answered as the prover
says it is, `prover/test_scenario_law.py` tries under every set of policies, without a browser.
"""


@pytest.mark.parametrize("preset", PLAYS)
def test_it_ends_in_the_browser_as_the_prover_says(browser: Browser, preset: Preset) -> None:
    policies = Policies(identity=(AttachedPolicy("own", force_mfa(choices_of(preset))),))
    walks = [
        walk
        for number, told in enumerate(PLAYS[preset], 1)
        for walk in _walks(told, policies, number)
    ]
    answers = {told.id: run_scenario(told, policies).outcome for told in PLAYS[preset]}
    came: dict[str, ScenarioOutcome] = {}
    with people.running_console(account_of([cell for cell, _ in walks])) as console:
        page = browser.new_context(locale="en-US").new_page()
        helper = browser.new_context(locale="en-US").new_page()
        people.virtual_authenticator(page)
        people.sign_in(helper, console, ADMINISTRATOR)
        for cell, steps in walks:
            told = cell.scenario
            actor = BrowserPerformer(console, page, helper, cell)
            for step in steps:
                done = actor.perform(step.move)
                assert (told.id, step.move, done) == (told.id, step.move, step.outcome.carried_out)
            arrived = actor.has_own_device() if told.id == "ninth-device" else actor.is_in()
            came[told.id] = _outcome(told, arrived=arrived)
        page.context.close()
        helper.context.close()
    assert came == answers


def test_the_page_names_the_scenarios_that_a_browser_does_not_play() -> None:
    """All others are played above."""
    others = [f"`{each.id}`" for each in (*PEOPLE, *ATTACKERS) if not played(each)]
    for name in ("scenarios.md", "ja/scenarios.md"):
        page = (CORPUS.parents[1] / "docs" / name).read_text(encoding="utf-8")
        (listed,) = re.findall(r"<!-- not in a browser -->\n(.*)", page)
        assert re.findall(r"`[\w-]+`", listed) == others
