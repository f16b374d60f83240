"""What holds for every sequence of steps: can everyone get in, can an attacker."""

from sekisho.prover.scenarios.answers import (
    Exploration,
    ScenarioAnswer,
    ScenarioOutcome,
    explorations,
    required_of,
    run_scenario,
)
from sekisho.prover.scenarios.definitions import (
    ATTACKERS,
    PEOPLE,
    Actor,
    Scenario,
    scenario_of,
    setting_of,
)
from sekisho.prover.scenarios.fixes import (
    SIGNIN_ASSUMPTIONS,
    assumptions_that_matter,
    beyond_family,
    enforcement_in,
    fixing_choices,
    in_the_way,
    right_with,
)
from sekisho.prover.scenarios.report import SCENARIOS, ScenarioReport, report_on_scenarios
from sekisho.prover.scenarios.search import (
    Attempt,
    Reachable,
    Result,
    Step,
    Unexplored,
    Unreachable,
    search,
)
from sekisho.prover.scenarios.setting import Setting
from sekisho.prover.scenarios.steps import step_text

__all__ = [
    "ATTACKERS",
    "PEOPLE",
    "SCENARIOS",
    "SIGNIN_ASSUMPTIONS",
    "Actor",
    "Attempt",
    "Exploration",
    "Reachable",
    "Result",
    "Scenario",
    "ScenarioAnswer",
    "ScenarioOutcome",
    "ScenarioReport",
    "Setting",
    "Step",
    "Unexplored",
    "Unreachable",
    "assumptions_that_matter",
    "beyond_family",
    "enforcement_in",
    "explorations",
    "fixing_choices",
    "in_the_way",
    "report_on_scenarios",
    "required_of",
    "right_with",
    "run_scenario",
    "scenario_of",
    "search",
    "setting_of",
    "step_text",
]
