"""The policies that walks are asked about: our family, and what others have published."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from cases import CORPUS
from sekisho.engine import AttachedPolicy, Policies
from sekisho.engine.matching import with_other_setting
from sekisho.policy import (
    NAME,
    Choices,
    PolicyKind,
    Preset,
    choices_of,
    force_mfa,
    from_json,
    parse,
    to_json,
)
from sekisho.prover.scenarios import (
    Reachable,
    Scenario,
    ScenarioAnswer,
    ScenarioOutcome,
    Setting,
    Unreachable,
    run_scenario,
)
from sekisho.signin import ConsoleAuthorization, SigninAssumptions

PUBLISHED = {path.stem: path for path in sorted((CORPUS / "lint" / "published").glob("*.json"))}
HARDENED = replace(choices_of(Preset.RECOMMENDED), enrolment_needs_session=True)


def choices_named(case: Mapping[str, Any]) -> Choices:
    """Return the preset of a case, with what it turns on."""
    turned_on: dict[str, Any] = dict.fromkeys(case.get("turnedOn", ()), True)
    return replace(choices_of(Preset(case["preset"])), **turned_on)


def policies_of(case: Mapping[str, Any]) -> Policies:
    """Return the policies of a case: a preset's, or a published one, within a boundary or not."""
    if sample := case.get("sample"):
        text = (CORPUS / "policy" / f"{sample}.json").read_text(encoding="utf-8")
        found = Policies(identity=(AttachedPolicy(sample, parse(text)),))
    elif published := case.get("published"):
        text = PUBLISHED[published].read_text(encoding="utf-8")
        found = Policies(identity=(AttachedPolicy(published, parse(text)),))
    else:
        found = attached(choices_named(case))
    if exempt := case.get("exempt"):
        found = replace(found, identity=tuple(_exempting(each, exempt) for each in found.identity))
    boundary = case.get("boundary")
    limits = (_read(boundary, PolicyKind.BOUNDARY),) if boundary else None
    return replace(found, boundaries=limits)


def _exempting(attached: AttachedPolicy, actions: list[str]) -> AttachedPolicy:
    """Return a policy whose Deny of everything but a few actions leaves out some more."""
    written: Any = to_json(attached.document)
    for statement in written["Statement"]:
        if "NotAction" in statement and statement["Effect"] == "Deny":
            statement["NotAction"] += actions
    return replace(attached, document=from_json(written))


def around_of(case: Mapping[str, Any]) -> Setting:
    """Return what else there is of the account of a case."""
    enrolled = case.get("enrolled")
    more = (_read(enrolled, PolicyKind.IDENTITY),) if enrolled else ()
    usual = SigninAssumptions().console_authorization
    configured = ConsoleAuthorization(case.get("consoleAuthorization", usual))
    signin = SigninAssumptions(console_authorization=configured)
    for name in case.get("turned", ()):
        signin = with_other_setting(signin, name)
    return Setting(enrolled=more, users_may_change=case.get("usersMayChange", False), signin=signin)


def _read(name: str, kind: PolicyKind) -> AttachedPolicy:
    text = (CORPUS / "scenarios" / f"{name}.json").read_text(encoding="utf-8")
    return AttachedPolicy(name, parse(text, kind=kind))


def attached(choices: Choices) -> Policies:
    """Return a Force_MFA of these choices as attached to a user."""
    return Policies(identity=(AttachedPolicy(NAME, force_mfa(choices)),))


def outcome_of(scenario: Scenario, policies: Policies) -> ScenarioOutcome:
    """Return how a scenario ends, without looking for the reason."""
    asked = replace(scenario, question=replace(scenario.question, explained=False))
    return run_scenario(asked, policies).outcome


def shown(answer: ScenarioAnswer) -> list[str]:
    """Return the acts of the path that shows an answer; a refused one has `!` before it."""
    match answer.result:
        case Reachable(path):
            return [step.move.kind.value for step in path]
        case Unreachable(deadlock=deadlock) if deadlock is not None:
            way = [step.move.kind.value for step in deadlock.path]
            return [*way, f"!{deadlock.refused_step.move.kind.value}"]
        case _:
            return []
