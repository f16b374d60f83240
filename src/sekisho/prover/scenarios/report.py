"""A report on scenarios: the outcome of each under some policies, and the changes that fix it.

Changes are choices of Force_MFA that make a scenario right, other policies of our family, and
assumptions. If no policy makes both of two scenarios right, the failed one is accepted: a Force_MFA
may choose either, and so may any other policy, as long as nothing else works without MFA than
under the recommended one.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields, replace
from functools import cache, cached_property, partial
from itertools import combinations
from typing import Any

from sekisho.catalogue import DEFAULT_PARTITION, partitions
from sekisho.engine import AttachedPolicy, Cause, Policies
from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.policy import (
    NAME,
    Choices,
    Preset,
    choices_in,
    choices_of,
    force_mfa_json,
    from_json,
)
from sekisho.prover.questions.difference import callers_of_difference, new_access
from sekisho.prover.questions.enforcement import SERVICE_EXEMPT
from sekisho.prover.questions.report import Subject
from sekisho.prover.reading.credentials import CallingUser
from sekisho.prover.reading.policies import ALLOW_EVERYTHING
from sekisho.prover.scenarios.answers import (
    ScenarioAnswer,
    assumptions_that_matter,
    outcome_of,
    required_of,
    run_scenario,
    way_in,
)
from sekisho.prover.scenarios.definitions import (
    ATTACKERS,
    PEOPLE,
    Actor,
    Scenario,
    scenario_of,
    without_enforcement,
)
from sekisho.prover.scenarios.model import ScenarioPrincipal
from sekisho.prover.scenarios.search import Path, Reachable, Unexplored, Unreachable
from sekisho.prover.scenarios.setting import Setting
from sekisho.prover.search.answers import more_callers_text
from sekisho.prover.search.verdict import Proved, Refuted, Unknown
from sekisho.prover.solver import reasons
from sekisho.work import tracked


@dataclass(frozen=True, slots=True)
class TradeOff:
    """A person and an attacker that AWS cannot distinguish: both get in, or neither does.

    Attributes:
        choice: the choice of Force_MFA that tells which.
        why: why no policy distinguishes them.
    """

    person: str
    attacker: str
    choice: str
    why: Message

    def other(self, scenario: str) -> str:
        """Return the scenario in whose favour this one is given up."""
        return self.person if scenario == self.attacker else self.attacker


TRADE_OFFS = (
    TradeOff(
        "key-user",
        "key-without-device",
        "enrolment_needs_session",
        Message(
            "AWS cannot tell a user who has only an access key from an attacker who has that "
            "key: either both can enrol a device, or neither can"
        ),
    ),
)
"""The trade-offs; a policy makes one half of each right, and either is accepted.

A new user and anybody who has the same temporary password cannot be distinguished either, but that
is no trade-off: an account that no new user can enter is not in order.
"""

_SERVICE_EXEMPT = AttachedPolicy(
    "what no policy can deny",
    from_json({"Statement": {"Effect": "Deny", "Action": [*SERVICE_EXEMPT], "Resource": "*"}}),
)
_TRYING = Message("Trying sign-in scenarios")
_MORE_PASSES = Message(
    "not accepted for the sake of {other}: `{action}` on {resource} works without MFA here, but "
    "not under the recommended Force_MFA"
)
_NOT_KNOWN = Message(
    "not accepted for the sake of {other}: whether more works without MFA than under the "
    "recommended Force_MFA is unknown: {reason}"
)


@dataclass(frozen=True)
class Acceptance:
    """The rules by which a failed scenario is accepted for some policies.

    Attributes:
        setting: the other facts about the account and the user.
        answer_of: how a scenario ends for the subject.
        of_family: whether MFA enforcement is a Force_MFA, for whichever choices.
    """

    subject: Subject
    setting: Setting
    answer_of: Callable[[Scenario], ScenarioAnswer]
    of_family: bool

    def judge(self, answer: ScenarioAnswer) -> tuple[TradeOff | None, Message | None]:
        """Return the trade-off that accepts a scenario that goes wrong, or the reason for none.

        There is neither if it is no half of a trade-off, or the other half goes wrong as well.
        """
        name = answer.scenario.id
        for each in TRADE_OFFS:
            if name not in (each.person, each.attacker):
                continue
            if not self.answer_of(scenario_of(each.other(name))).as_required:
                continue
            if self.of_family:
                return each, None
            match self._more_than_recommended:
                case Proved():
                    return each, None
                case Refuted(counterexample):
                    request = counterexample.request
                    return None, _MORE_PASSES.filled(
                        other=each.other(name), action=request.action, resource=request.resource
                    )
                case Unknown(reason):
                    return None, _NOT_KNOWN.filled(other=each.other(name), reason=reason)
        return None, None

    @cached_property
    def _more_than_recommended(self) -> Proved | Refuted | Unknown:
        """Whether no request passes that the recommended Force_MFA denies, whatever is attached."""
        subject, setting = self.subject, self.setting
        choices = replace(choices_of(Preset.RECOMMENDED), partition=setting.partition)
        # in every partition, also where no Force_MFA is offered
        written = AttachedPolicy(NAME, from_json(force_mfa_json(choices)))
        recommended = Policies(identity=(written, ALLOW_EVERYTHING))
        # actions that no policy can deny do not count as more on either side
        anything = (*subject.policies.identity, ALLOW_EVERYTHING, _SERVICE_EXEMPT)
        of_subject = replace(subject.policies, identity=anything)
        callers = subject.callers
        if not subject.named:
            callers = callers_of_difference(recommended, of_subject, setting.engine)
        return new_access(recommended, of_subject, callers, subject.now, setting.engine)


SCENARIOS = (*PEOPLE, *ATTACKERS)
"""All scenarios, in the order of a report."""

_MAY_DENY = Message("the service control policies may deny a step: {reason}")
_SESSION = Message("nobody signs in with a session policy")


@dataclass(frozen=True, slots=True)
class ScenarioReport:
    """A scenario, its answer, and the changes that would fix it.

    Attributes:
        fixed_by: the choices that, changed in the Force_MFA among the policies, make it right.
        choices: the choices of the Force_MFA in the policies, which `fixed_by` changes.
        working_variants: the variants of Force_MFA that, as MFA enforcement, make it right.
        blocking_statements: other statements that keep every variant from making it right.
        unstoppable: an attacker whom no policy can stop.
        trade_off: the one of which it is the half that is given up.
        not_accepted: why it is not accepted, though the other half of a trade-off is right.
        counts: whether it decides the exit code.
        signin: the assumptions of sign-in that the outcome rests on.
    """

    answer: ScenarioAnswer
    fixed_by: tuple[tuple[str, ...], ...] = ()
    working_variants: tuple[str, ...] = ()
    blocking_statements: tuple[Cause, ...] = ()
    unstoppable: bool = False
    trade_off: TradeOff | None = None
    not_accepted: Message | None = None
    counts: bool = True
    signin: tuple[str, ...] = ()
    choices: Choices | None = None

    @property
    def accepted(self) -> bool:
        """Whether it goes wrong and is accepted as a trade-off; nothing is with `strict`."""
        return self.trade_off is not None and not self.counts

    @property
    def assumed(self) -> tuple[str, ...]:
        """Every assumption that the outcome rests on."""
        result = self.answer.result
        return () if isinstance(result, Unexplored) else (*result.assumed, *self.signin)


def report_on_scenarios(
    subject: Subject, base: Setting, *, strict: bool
) -> Iterator[ScenarioReport]:
    """Yield every scenario with its answer and, if it goes wrong, the changes that fix it.

    If the password policy is not known, the answer must be the same with and without the
    permissions that it may grant.

    Args:
        subject: the owner of the policies.
        base: the facts about the account that the subject does not have.
        strict: whether what is accepted counts, and an attacker whom no policy can stop.

    Raises:
        FaultyPolicy: if a document cannot be interpreted for certain.
    """
    subject = subject.with_distinguishing_policies(Policies(identity=base.enrolled))
    if subject.unanswerable_reason is not None:
        unknown = Unexplored(subject.unanswerable_reason)
        yield from (ScenarioReport(ScenarioAnswer(scenario, unknown)) for scenario in SCENARIOS)
        return
    settings = _settings_for(subject, base)
    policies, setting = subject.policies, settings[0]
    fixes = _Fixes(*enforcement_in(policies, setting.partition), setting)
    answer_of = cache(partial(_answer, subject, settings))
    acceptance = Acceptance(subject, setting, answer_of, of_family=fixes.choices is not None)
    for scenario in tracked(SCENARIOS, _TRYING):
        answer = answer_of(scenario)
        report = ScenarioReport(answer)
        if answer.goes_wrong:
            report = fixes.report(answer, strict=strict)
            trade_off, why_not = acceptance.judge(answer)
            counts = report.counts and (trade_off is None or strict)
            report = replace(report, trade_off=trade_off, not_accepted=why_not, counts=counts)
        yield replace(report, signin=assumptions_that_matter(answer, policies, setting))


def _settings_for(subject: Subject, base: Setting) -> tuple[Setting, ...]:
    """Return the possible settings of account and user: two if the password policy is not known."""
    may = subject.users_may_change
    user = subject.user
    base = replace(base, partition=user.partition, account=user.account, now=subject.now)
    if (configured := subject.console_authorization) is not None:
        base = replace(base, signin=replace(base.signin, console_authorization=configured))
    if subject.named:
        base = _setting_of_user(base, user)
    possible = (False, True) if may is None else (may,)
    return tuple(replace(base, users_may_change=each) for each in possible)


def _setting_of_user(base: Setting, user: CallingUser) -> Setting:
    tail = user.arn.partition(":user")[2]
    path = tail[: len(tail) - len(user.name)]
    tags = user.tags if user.all_tags else None
    names = {ScenarioPrincipal.USER: user.name}
    return replace(base, names=names, path=path, user_id=user.unique_id, user_tags=tags)


@dataclass(frozen=True, slots=True)
class _Fixes:
    """The changes to Force_MFA, or to another enforcement, that fix a scenario.

    It changes choices of the Force_MFA among the policies, or replaces the enforcement.
    """

    choices: Choices | None
    other_policies: Policies
    setting: Setting

    def report(self, answer: ScenarioAnswer, *, strict: bool) -> ScenarioReport:
        """Return the report of a scenario that goes wrong, with the changes that would fix it."""
        scenario, other_policies, setting = answer.scenario, self.other_policies, self.setting
        if scenario.beyond is not None and beyond_family(answer, other_policies, setting):
            return ScenarioReport(answer, unstoppable=True, counts=strict)
        fixing = (
            fixing_choices(scenario, self.choices, other_policies, setting) if self.choices else ()
        )
        right = variants_that_fix(scenario, other_policies, setting)
        blocking = () if fixing or right else blocking_statements(scenario, other_policies, setting)
        return ScenarioReport(answer, fixing, right, blocking, choices=self.choices)


def _answer(subject: Subject, settings: tuple[Setting, ...], scenario: Scenario) -> ScenarioAnswer:
    policies = subject.policies
    if policies.session is not None:
        return ScenarioAnswer(scenario, Unexplored(_SESSION))
    answers = [run_scenario(scenario, policies, setting) for setting in settings]
    answer = answers[0]
    if len({each.outcome for each in answers}) > 1:
        answer = ScenarioAnswer(scenario, Unexplored(reasons.PASSWORD_POLICY))
    if subject.callers.distinguishing_keys and answer.as_required:
        answer = ScenarioAnswer(
            scenario, Unexplored(more_callers_text(subject.callers.distinguishing_keys))
        )
    gets_in = scenario.actor is Actor.PERSON and answer.as_required
    if subject.scps_unread_reason and gets_in:
        answer = ScenarioAnswer(
            scenario, Unexplored(_MAY_DENY.filled(reason=subject.scps_unread_reason))
        )
    return answer


FAMILY = {
    **{preset.value: choices_of(preset) for preset in (Preset.AWS, Preset.FIRST_LOGIN)},
    "recommended": choices_of(Preset.RECOMMENDED),
    "hardened": replace(choices_of(Preset.RECOMMENDED), enrolment_needs_session=True),
}
"""The presets, and *hardened*: `recommended`, with enrolment from a console session only."""

_ASSUMPTIONS = tuple(field.name for field in fields(Choices) if field.type is bool)
_MOST_CHANGES = 2


def fixing_choices(
    scenario: Scenario,
    start: Choices,
    other_policies: Policies | None = None,
    setting: Setting | None = None,
) -> tuple[tuple[str, ...], ...]:
    """Return the choices that, changed from `start`, make a scenario right under Force_MFA.

    Found by trying them: every single choice, and if none helps every two. Empty if nothing needs
    to change, or nothing helps. `other_policies` are the user's further policies, the boundary and
    the service control policies among them; `setting` is the rest of the account.
    """
    if _is_right(scenario, start, other_policies, setting):
        return ()
    here = setting or Setting()
    known = way_in(scenario, _with_family(start, other_policies, here), here)
    # if no policy is evaluated at the sign-in, changes about it fix nothing
    asks = here.signin.console_asks_policies
    for count in range(1, _MOST_CHANGES + 1):
        result = tuple(
            names
            for names, choices in _changed(start, count)
            if (asks or "console_sign_in_without_mfa" not in names)
            and _is_right(scenario, choices, other_policies, setting, known)
        )
        if result:
            return result
    return ()


def variants_that_fix(
    scenario: Scenario, other_policies: Policies | None = None, setting: Setting | None = None
) -> tuple[str, ...]:
    """Return the names in `FAMILY` under which, with other policies, a scenario is right."""
    offered = _family_written((setting or Setting()).partition)
    return tuple(
        name for name in offered if _is_right(scenario, FAMILY[name], other_policies, setting)
    )


def blocking_statements(
    scenario: Scenario, other_policies: Policies, setting: Setting | None = None
) -> tuple[Cause, ...]:
    """Return the statements of other policies that block a person under every enforcement.

    Empty if none does, whichever of `FAMILY` MFA enforcement is.
    """
    for choices in _family_written((setting or Setting()).partition).values():
        result = _outcome_under(scenario, choices, other_policies, setting).result
        if isinstance(result, Unreachable) and result.deadlock is not None:
            because = result.deadlock.refused_step.outcome.because
            if because and NAME not in {cause.policy for cause in because}:
                return because
    return ()


def beyond_family(
    answer: ScenarioAnswer, other_policies: Policies, setting: Setting | None = None
) -> bool:
    """Return whether an attacker gets in by the same steps under the strictest of `FAMILY` as well.

    The result is True in a partition for which there is no Force_MFA.
    """
    if not _family_written((setting or Setting()).partition):
        return True
    strictest = _outcome_under(answer.scenario, FAMILY["hardened"], other_policies, setting)
    return _acts(answer) == _acts(strictest) != ()


def _acts(answer: ScenarioAnswer) -> tuple[str, ...]:
    result = answer.result
    path = result.path if isinstance(result, Reachable) else ()
    return tuple(step.move.kind for step in path)


def enforcement_in(
    policies: Policies, partition: str = DEFAULT_PARTITION
) -> tuple[Choices | None, Policies]:
    """Return the choices of the Force_MFA among a user's policies, and the other policies.

    A policy of the family is recognised by its statements. If there is none, the choices are None,
    and MFA enforcement is every policy that requires MFA.
    """
    for each in policies.identity:
        choices = choices_in(each.document)
        if choices is not None and choices.partition == partition:
            others = tuple(other for other in policies.identity if other is not each)
            return choices, replace(policies, identity=others)
    return None, without_enforcement(policies)


def _family_written(partition: str) -> Mapping[str, Choices]:
    """Return the family as written for a partition; empty if it has no Force_MFA."""
    return FAMILY if partition in {each.id for each in partitions()} else {}


def _changed(start: Choices, count: int) -> Iterator[tuple[tuple[str, ...], Choices]]:
    for names in combinations(_ASSUMPTIONS, count):
        values: dict[str, Any] = {name: not getattr(start, name) for name in names}
        changed = replace(start, **values)
        if changed.passwords or not changed.password_change_without_mfa:
            yield names, changed


def _is_right(
    scenario: Scenario,
    choices: Choices,
    other_policies: Policies | None,
    setting: Setting | None,
    known: Path = (),
) -> bool:
    setting = setting or Setting()
    policies = _with_family(choices, other_policies, setting)
    outcome = outcome_of(scenario, policies, setting, known=known)
    return outcome is required_of(scenario.actor)


def _outcome_under(
    scenario: Scenario, choices: Choices, other_policies: Policies | None, setting: Setting | None
) -> ScenarioAnswer:
    setting = setting or Setting()
    return run_scenario(scenario, _with_family(choices, other_policies, setting), setting)


def _with_family(choices: Choices, other_policies: Policies | None, setting: Setting) -> Policies:
    """Return the policies with this Force_MFA first."""
    other_policies = other_policies or Policies()
    identity = (_enforcement(choices, setting.partition), *other_policies.identity)
    return replace(other_policies, identity=identity)


@cache
def _enforcement(choices: Choices, partition: str) -> AttachedPolicy:
    written = replace(choices, partition=partition)
    # the place of its statements does not matter
    return AttachedPolicy(NAME, from_json(force_mfa_json(written), source=NAME))


ASSUMED = (
    Message(
        "Attackers are assumed to have every permission that is not denied: Allow * is added to "
        "their policies, to cover policies that are attached later."
    ),
    Message("A reused password that others know counts as a stolen password."),
)
"""The premises of every answer about scenarios."""


def changed_choices(scenarios: Iterable[ScenarioReport]) -> Choices | None:
    """Return the choices of the policies' Force_MFA with the changes that fix most scenarios.

    None: there is no Force_MFA, or no change of it fixes anything. A trade-off stays as it is.
    """
    fixable = [one for one in scenarios if one.fixed_by and one.choices and not one.trade_off]
    if not fixable or fixable[0].choices is None:
        return None
    choices: Choices = fixable[0].choices
    names = {name for one in fixable for name in one.fixed_by[0]}
    changed: dict[str, Any] = {name: not getattr(choices, name) for name in names}
    choices = replace(choices, **changed)
    return choices
