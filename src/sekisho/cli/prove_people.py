"""The people's part of `sekisho prove`: can everyone get in, can an attacker."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.progress import track

from sekisho.cli.exits import Exit
from sekisho.cli.prove_subject import Subject
from sekisho.engine import Cause, Policies
from sekisho.messages import Language, Message
from sekisho.policy import Choices
from sekisho.prover import CallingUser, tells_callers
from sekisho.prover.scenarios import (
    ATTACKERS,
    PEOPLE,
    Actor,
    Scenario,
    ScenarioAnswer,
    ScenarioOutcome,
    Setting,
    Unexplored,
    assumptions_that_matter,
    beyond_family,
    enforcement_in,
    fixing_choices,
    in_the_way,
    right_with,
    run_scenario,
)
from sekisho.prover.scenarios.model import Who
from sekisho.prover.search import reasons

__all__ = [
    "PEOPLE_PART",
    "Told",
    "exit_of",
    "people_options",
    "sections",
    "settings_for",
    "told",
    "watched",
]

PEOPLE_PART = "people"
"""The name of this part, beside those of `prove_answers.Part`."""

_MAY_DENY = Message("the service control policies may deny a step: {reason}")
_SESSION = Message("nobody signs in with a session policy")
_ASKING = Message("scenarios")
_OPTIONS = (
    click.option(
        "--after-enrolment",
        "enrolled",
        metavar="FILE",
        multiple=True,
        help="A policy that users get beside theirs once they have enrolled, by a group.",
    ),
    click.option(
        "--users-may-change-password",
        "users_may_change",
        is_flag=True,
        help="The account's password policy has AllowUsersToChangePassword.",
    ),
    click.option(
        "--strict", is_flag=True, help="Fail also for attackers whom no policy alone can stop."
    ),
)

F = TypeVar("F", bound=Callable[..., Any])


def people_options(function: F) -> F:
    """Add the options."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


@dataclass(frozen=True, slots=True)
class Told:
    """A scenario, its answer, and what would change it.

    Attributes:
        fixed_by: the choices that, changed in the Force_MFA among the policies, make it right.
        right_with: what of our family, in place of MFA enforcement, makes it right.
        in_the_way: the statements beside MFA enforcement that keep our family from making it right.
        apart: an attacker whom no policy can stop.
        counts: whether it decides the exit code.
        signin: the assumptions of sign-in that the verdict rests on.
    """

    answer: ScenarioAnswer
    fixed_by: tuple[tuple[str, ...], ...] = ()
    right_with: tuple[str, ...] = ()
    in_the_way: tuple[Cause, ...] = ()
    apart: bool = False
    counts: bool = True
    signin: tuple[str, ...] = ()

    @property
    def assumed(self) -> tuple[str, ...]:
        """Every assumption that the verdict rests on."""
        result = self.answer.result
        return () if isinstance(result, Unexplored) else (*result.assumed, *self.signin)


def settings_for(subject: Subject, base: Setting) -> tuple[Setting, ...]:
    """Return what there can be of the account and the user: two if the former is not known."""
    may = subject.users_may_change
    user = subject.user
    base = replace(base, partition=user.partition, account=user.account, now=subject.now)
    if subject.named:
        base = _named(base, user)
    possible = (False, True) if may is None else (may,)
    return tuple(replace(base, users_may_change=each) for each in possible)


def _named(base: Setting, user: CallingUser) -> Setting:
    tail = user.arn.partition(":user")[2]
    path = tail[: len(tail) - len(user.name)]
    tags = user.tags if user.all_tags else None
    names = {Who.USER: user.name}
    return replace(base, names=names, path=path, user_id=user.unique_id, user_tags=tags)


def told(subject: Subject, arounds: tuple[Setting, ...], *, strict: bool) -> Iterator[Told]:
    """Yield every scenario with its answer; it must be the same in all of the settings.

    With `strict` an attacker whom no policy can stop counts as well.

    Raises:
        FaultyPolicy: if a document cannot be read for certain.
    """
    if subject.missing is not None:
        unknown = Unexplored(subject.missing)
        yield from (Told(ScenarioAnswer(scenario, unknown)) for scenario in (*PEOPLE, *ATTACKERS))
        return
    policies, around = subject.policies, arounds[0]
    fixes = _Fixes(*enforcement_in(policies, around.partition), around)
    for scenario in (*PEOPLE, *ATTACKERS):
        found = _answer(scenario, policies, arounds)
        if subject.callers.special and found.as_required:
            found = ScenarioAnswer(scenario, Unexplored(tells_callers(subject.callers.special)))
        if subject.unread and _gets_in(found):
            found = ScenarioAnswer(scenario, Unexplored(_MAY_DENY.filled(reason=subject.unread)))
        told = Told(found) if not found.goes_wrong else fixes.told(found, strict=strict)
        yield replace(told, signin=assumptions_that_matter(found, policies, around))


@dataclass(frozen=True, slots=True)
class _Fixes:
    """What our family would change.

    Of the Force_MFA that there is, or in the enforcement's place.
    """

    choices: Choices | None
    beside: Policies
    around: Setting

    def told(self, found: ScenarioAnswer, *, strict: bool) -> Told:
        """Return a refuted scenario with what would mend it."""
        scenario, beside, around = found.scenario, self.beside, self.around
        if scenario.beyond is not None and beyond_family(found, beside, around):
            return Told(found, apart=True, counts=strict)
        mended = fixing_choices(scenario, self.choices, beside, around) if self.choices else ()
        right = right_with(scenario, beside, around)
        blocking = () if mended or right else in_the_way(scenario, beside, around)
        return Told(found, mended, right, blocking)


def watched(scenarios: Iterator[Told], lang: Language) -> tuple[Told, ...]:
    """Return the scenarios, with a progress bar on stderr if that is a terminal."""
    console = Console(stderr=True)
    bar = track(
        scenarios,
        _ASKING.into(lang),
        total=len((*PEOPLE, *ATTACKERS)),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    return tuple(bar)


def _gets_in(found: ScenarioAnswer) -> bool:
    return found.scenario.actor is Actor.PERSON and found.as_required


def _answer(scenario: Scenario, policies: Policies, arounds: tuple[Setting, ...]) -> ScenarioAnswer:
    if policies.session is not None:
        return ScenarioAnswer(scenario, Unexplored(_SESSION))
    answers = [run_scenario(scenario, policies, around) for around in arounds]
    if len({each.outcome for each in answers}) > 1:
        return ScenarioAnswer(scenario, Unexplored(reasons.PASSWORD_POLICY))
    return answers[0]


def exit_of(one: Told) -> Exit:
    """Return the exit code that a scenario calls for."""
    if not one.counts:
        return Exit.CLEAN
    if one.answer.outcome is ScenarioOutcome.UNKNOWN:
        return Exit.UNKNOWN
    return Exit.CLEAN if one.answer.as_required else Exit.FINDINGS


def sections(scenarios: tuple[Told, ...]) -> Iterator[tuple[Actor | None, tuple[Told, ...]]]:
    """Yield who must get in, who must stay out, and under None whom no policy can stop."""
    for actor in Actor:
        yield (
            actor,
            tuple(one for one in scenarios if one.answer.scenario.actor is actor and not one.apart),
        )
    yield None, tuple(one for one in scenarios if one.apart)
