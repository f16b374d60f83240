"""A report on scenarios: how each ends under somebody's policies, and what would change that."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from sekisho.engine import Cause, Policies
from sekisho.messages import Message
from sekisho.policy import Choices
from sekisho.prover.questions.difference import tells_callers
from sekisho.prover.questions.report import Subject
from sekisho.prover.scenarios.answers import ScenarioAnswer, run_scenario
from sekisho.prover.scenarios.definitions import ATTACKERS, PEOPLE, Actor, Scenario
from sekisho.prover.scenarios.fixes import (
    assumptions_that_matter,
    beyond_family,
    enforcement_in,
    fixing_choices,
    in_the_way,
    right_with,
)
from sekisho.prover.scenarios.model import Who
from sekisho.prover.scenarios.search import Unexplored
from sekisho.prover.scenarios.setting import Setting
from sekisho.prover.search import reasons
from sekisho.prover.values.credentials import CallingUser

SCENARIOS = (*PEOPLE, *ATTACKERS)
"""All of them, in the order of a report."""

_MAY_DENY = Message("the service control policies may deny a step: {reason}")
_SESSION = Message("nobody signs in with a session policy")


@dataclass(frozen=True, slots=True)
class ScenarioReport:
    """A scenario, its answer, and what would change it.

    Attributes:
        fixed_by: the choices that, changed in the Force_MFA among the policies, make it right.
        right_with: what of our family, in place of MFA enforcement, makes it right.
        in_the_way: the statements beside MFA enforcement that keep our family from making it right.
        apart: an attacker whom no policy can stop.
        counts: whether it decides the exit code.
        signin: the assumptions of sign-in that the outcome rests on.
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
        """Every assumption that the outcome rests on."""
        result = self.answer.result
        return () if isinstance(result, Unexplored) else (*result.assumed, *self.signin)


def report_on_scenarios(
    subject: Subject, base: Setting, *, strict: bool
) -> Iterator[ScenarioReport]:
    """Yield every scenario with its answer, and with what would change one that goes wrong.

    Where the password policy is not known, the answer must be the same with and without what it
    may allow.

    Args:
        subject: whose policies they are.
        base: what else there is of the account, as far as the subject does not say it.
        strict: whether an attacker whom no policy can stop counts, too.

    Raises:
        FaultyPolicy: if a document cannot be read for certain.
    """
    subject = subject.apart_by(Policies(identity=base.enrolled))
    if subject.missing is not None:
        unknown = Unexplored(subject.missing)
        yield from (ScenarioReport(ScenarioAnswer(scenario, unknown)) for scenario in SCENARIOS)
        return
    arounds = _settings_for(subject, base)
    policies, around = subject.policies, arounds[0]
    fixes = _Fixes(*enforcement_in(policies, around.partition), around)
    for scenario in SCENARIOS:
        found = _answer(scenario, policies, arounds)
        if subject.callers.special and found.as_required:
            found = ScenarioAnswer(scenario, Unexplored(tells_callers(subject.callers.special)))
        if subject.unread and _gets_in(found):
            found = ScenarioAnswer(scenario, Unexplored(_MAY_DENY.filled(reason=subject.unread)))
        report = ScenarioReport(found)
        if found.goes_wrong:
            report = fixes.report(found, strict=strict)
        yield replace(report, signin=assumptions_that_matter(found, policies, around))


def _settings_for(subject: Subject, base: Setting) -> tuple[Setting, ...]:
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


@dataclass(frozen=True, slots=True)
class _Fixes:
    """What our family would change.

    Of the Force_MFA that there is, or in the enforcement's place.
    """

    choices: Choices | None
    beside: Policies
    around: Setting

    def report(self, found: ScenarioAnswer, *, strict: bool) -> ScenarioReport:
        """Return a scenario that goes wrong, with what would fix it."""
        scenario, beside, around = found.scenario, self.beside, self.around
        if scenario.beyond is not None and beyond_family(found, beside, around):
            return ScenarioReport(found, apart=True, counts=strict)
        fixing = fixing_choices(scenario, self.choices, beside, around) if self.choices else ()
        right = right_with(scenario, beside, around)
        blocking = () if fixing or right else in_the_way(scenario, beside, around)
        return ScenarioReport(found, fixing, right, blocking)


def _gets_in(found: ScenarioAnswer) -> bool:
    return found.scenario.actor is Actor.PERSON and found.as_required


def _answer(scenario: Scenario, policies: Policies, arounds: tuple[Setting, ...]) -> ScenarioAnswer:
    if policies.session is not None:
        return ScenarioAnswer(scenario, Unexplored(_SESSION))
    answers = [run_scenario(scenario, policies, around) for around in arounds]
    if len({each.outcome for each in answers}) > 1:
        return ScenarioAnswer(scenario, Unexplored(reasons.PASSWORD_POLICY))
    return answers[0]
