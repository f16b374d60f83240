"""What would change an answer: choices of Force_MFA that make a scenario right, assumptions."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from functools import cache
from itertools import combinations
from typing import Any

from sekisho.catalogue import DEFAULT_PARTITION, partitions
from sekisho.engine import AttachedPolicy, Cause, Policies
from sekisho.engine.matching import other_setting
from sekisho.policy import NAME, Choices, Preset, choices_of, force_mfa, to_json
from sekisho.prover.scenarios.answers import ScenarioAnswer, run_scenario
from sekisho.prover.scenarios.definitions import Scenario, without_enforcement
from sekisho.prover.scenarios.model import Act
from sekisho.prover.scenarios.search import Reachable, Unexplored, Unreachable
from sekisho.prover.scenarios.setting import Setting
from sekisho.signin import Rule, SigninAssumptions

FAMILY = {
    **{preset.value: choices_of(preset) for preset in (Preset.AWS, Preset.FIRST_LOGIN)},
    "recommended": choices_of(Preset.RECOMMENDED),
    "hardened": replace(choices_of(Preset.RECOMMENDED), enrolment_needs_session=True),
}
"""The presets, and *hardened*: `recommended` with enrolment from a console session alone."""

_ASSUMPTIONS = tuple(field.name for field in fields(Choices) if field.type is bool)
_MOST_CHANGES = 2


def fixing_choices(
    scenario: Scenario,
    start: Choices,
    beside: Policies | None = None,
    around: Setting | None = None,
) -> tuple[tuple[str, ...], ...]:
    """Return which choices, changed from `start`, make a Force_MFA under which a scenario is right.

    Found by trying them: every single choice, and if none helps every two. Empty if nothing needs
    to change, or nothing helps. `beside` is what else the user's policies are, the boundary and the
    service control policies among them, and `around` what else there is of the account.
    """
    if _right(scenario, start, beside, around):
        return ()
    for count in range(1, _MOST_CHANGES + 1):
        found = tuple(
            names
            for names, choices in _changed(start, count)
            if _right(scenario, choices, beside, around)
        )
        if found:
            return found
    return ()


def right_with(
    scenario: Scenario, beside: Policies | None = None, around: Setting | None = None
) -> tuple[str, ...]:
    """Return the names in `FAMILY` under which a scenario is right, with the others `beside`."""
    offered = _offered((around or Setting()).partition)
    return tuple(name for name in offered if _right(scenario, FAMILY[name], beside, around))


def in_the_way(
    scenario: Scenario, beside: Policies, around: Setting | None = None
) -> tuple[Cause, ...]:
    """Return the statements `beside` that refuse the way of a person in place of MFA enforcement.

    Empty if none does, whichever of `FAMILY` MFA enforcement is.
    """
    for choices in _offered((around or Setting()).partition).values():
        result = _under(scenario, choices, beside, around).result
        if isinstance(result, Unreachable) and result.deadlock is not None:
            because = result.deadlock.refused.outcome.because
            if because and NAME not in {cause.policy for cause in because}:
                return because
    return ()


def beyond_family(found: ScenarioAnswer, beside: Policies, around: Setting | None = None) -> bool:
    """Tell whether an attacker gets in as found, step by step, under the strictest of `FAMILY` too.

    So it is taken to be in a partition for which there is no Force_MFA.
    """
    if not _offered((around or Setting()).partition):
        return True
    strictest = _under(found.scenario, FAMILY["hardened"], beside, around)
    return _acts(found) == _acts(strictest) != ()


def _acts(found: ScenarioAnswer) -> tuple[str, ...]:
    result = found.result
    path = result.path if isinstance(result, Reachable) else ()
    return tuple(step.move.act for step in path)


def enforcement_in(
    policies: Policies, partition: str = DEFAULT_PARTITION
) -> tuple[Choices | None, Policies]:
    """Return the choices of the Force_MFA among a user's policies, and what is beside it.

    A policy of the family is known by its text, as far as two choices from a preset. Where there is
    none the choices are None, and MFA enforcement is whatever policies ask for MFA.
    """
    written = [to_json(each.document) for each in policies.identity]
    for choices in _known() if _offered(partition) else ():
        enforcement = to_json(_enforcement(choices, partition).document)
        for each, text in zip(policies.identity, written, strict=True):
            if text == enforcement:
                others = tuple(other for other in policies.identity if other is not each)
                return choices, replace(policies, identity=others)
    return None, without_enforcement(policies)


def _offered(partition: str) -> Mapping[str, Choices]:
    """Return the family as it is written in a partition; nothing where it is not."""
    return FAMILY if partition in {each.id for each in partitions()} else {}


def _known() -> Iterator[Choices]:
    yield from FAMILY.values()
    for count in range(1, _MOST_CHANGES + 1):
        for start in FAMILY.values():
            yield from (choices for _, choices in _changed(start, count))


def _changed(start: Choices, count: int) -> Iterator[tuple[tuple[str, ...], Choices]]:
    for names in combinations(_ASSUMPTIONS, count):
        values: dict[str, Any] = {name: not getattr(start, name) for name in names}
        changed = replace(start, **values)
        if changed.passwords or not changed.password_change_without_mfa:
            yield names, changed


def _right(
    scenario: Scenario, choices: Choices, beside: Policies | None, around: Setting | None
) -> bool:
    return _under(scenario, choices, beside, around).as_required


def _under(
    scenario: Scenario, choices: Choices, beside: Policies | None, around: Setting | None
) -> ScenarioAnswer:
    beside, around = beside or Policies(), around or Setting()
    identity = (_enforcement(choices, around.partition), *beside.identity)
    return run_scenario(scenario, replace(beside, identity=identity), around)


@cache
def _enforcement(choices: Choices, partition: str) -> AttachedPolicy:
    return AttachedPolicy(NAME, force_mfa(replace(choices, partition=partition)))


SIGNIN_ASSUMPTIONS: Mapping[str, Any] = {
    name: getattr(SigninAssumptions(), name)
    for name in (
        *("order", "device_holder_needs_mfa"),
        *("get_session_token_heeds_deny", "assume_role_sees_mfa"),
    )
}
"""The assumptions of sign-in that scenarios ask, with their defaults."""


def assumptions_that_matter(
    found: ScenarioAnswer, policies: Policies, around: Setting | None = None
) -> tuple[str, ...]:
    """Return the assumptions of sign-in with which, turned, the verdict would be another one.

    `found` is the answer about a scenario under these policies, in this account.
    """
    base = around or Setting()
    turned = _turned(found, base)
    return tuple(
        sorted(
            name
            for name, setting in turned.items()
            if run_scenario(found.scenario, policies, setting).outcome is not found.outcome
        )
    )


def _turned(found: ScenarioAnswer, base: Setting) -> Mapping[str, Setting]:
    now, settings = base.signin, {}
    for name in _may_matter(found, base):
        other: Any = other_setting(getattr(now, name))
        settings[name] = replace(base, signin=replace(now, **{name: other}))
    return settings


def _may_matter(found: ScenarioAnswer, base: Setting) -> Iterator[str]:
    """Yield the assumptions that can change the verdict.

    What lets more through changes nothing where the goal is reached, and what lets less through
    nothing where it is not, or where no step on the way to it is of the kind.
    """
    if isinstance(found.result, Unexplored):
        return
    if found.scenario.question.start.user.must_change:
        yield "order"
    match found.result:
        case Reachable():
            yield from _of_path(found.result, base.signin)
        case Unreachable():
            yield from _of_refusals(found.result, base)


def _of_path(result: Reachable, now: SigninAssumptions) -> Iterator[str]:
    moves = [step.move for step in result.path]
    if not now.get_session_token_heeds_deny and any(m.act is Act.SESSION_TOKEN for m in moves):
        yield "get_session_token_heeds_deny"
    if now.assume_role_sees_mfa and any(m.act is Act.ASSUME_ROLE and m.code for m in moves):
        yield "assume_role_sees_mfa"
    if not now.device_holder_needs_mfa:
        yield "device_holder_needs_mfa"


def _of_refusals(result: Unreachable, base: Setting) -> Iterator[str]:
    now, rules = base.signin, {each.refused.outcome.rule for each in result.tried}
    # of a move that a member's policies refuse as well only one refusal is kept
    if now.device_holder_needs_mfa and (base.enrolled or Rule.DEVICE_HOLDER in rules):
        yield "device_holder_needs_mfa"
    if now.get_session_token_heeds_deny:
        yield "get_session_token_heeds_deny"
    if not now.assume_role_sees_mfa:
        yield "assume_role_sees_mfa"
