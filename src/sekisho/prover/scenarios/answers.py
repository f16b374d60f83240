"""The answers: the outcome of a scenario, the path that shows it, and its assumptions.

An attacker meets other users, too: one out of each class that the resource patterns of the policies
distinguish. The assumptions of sign-in that matter are found by searching again with the other
setting of each one that can change the outcome, by the steps that were carried out or refused.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from enum import StrEnum
from functools import lru_cache
from itertools import chain
from typing import Any

from sekisho.engine import Policies
from sekisho.engine.matching import TrackedAssumptions, Wild, actions, glob, with_other_setting
from sekisho.errors import InternalError
from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.prover.reading.credentials import CallerCredential, situations
from sekisho.prover.reading.resources import NO_USERS, RequestTarget
from sekisho.prover.reading.statements import ConditionReading, RequestScope
from sekisho.prover.scenarios.definitions import Actor, Scenario, setting_of
from sekisho.prover.scenarios.evaluator import MOST_SETTINGS, DistinctSetting, MoveEvaluator
from sekisho.prover.scenarios.model import (
    ON_USERS,
    PAGE_READS,
    Access,
    DeviceHolder,
    Holding,
    Move,
    MoveKind,
    ScenarioDevice,
    ScenarioPassword,
    ScenarioPrincipal,
    ScenarioState,
    ScenarioUser,
)
from sekisho.prover.scenarios.search import (
    MOST_STATES,
    WAYS,
    Foothold,
    Path,
    Reachable,
    Result,
    SearchProblem,
    StateBudget,
    Unexplored,
    Unreachable,
    explore,
    leads_to_goal,
    left_open,
)
from sekisho.prover.scenarios.setting import Setting
from sekisho.prover.search.formula import rules_of
from sekisho.prover.solver import reasons
from sekisho.prover.solver.candidates import Literal
from sekisho.prover.solver.limits import Budget, LimitReached
from sekisho.prover.solver.texts import Patterns
from sekisho.prover.solver.theories import RESOURCE, Texts
from sekisho.signin import ConsoleAuthorization, Rule, SigninAssumptions

MOST_CLASSES = 16
"""The most classes of other users that are examined."""

_MOST_OUTCOMES = 1_024
"""The most outcomes that are cached: many variants of the enforcement are tried."""

_DEVICE = frozenset({ScenarioDevice(DeviceHolder.ELSEWHERE)})
_STATES = (
    ScenarioUser(ScenarioPassword.UNKNOWN, devices=_DEVICE, member=True),
    ScenarioUser(ScenarioPassword.UNKNOWN),
)


def starts_with_colleague(begin: ScenarioState, *, again: bool) -> Iterator[ScenarioState]:
    """Yield a beginning with a colleague in each state: with a device, or without.

    With `again`, the state of the given beginning is included.
    """
    if again:
        yield begin
    for each in _STATES:
        if each != begin.colleague:
            yield replace(begin, colleague=each)


@lru_cache(maxsize=MOST_SETTINGS)
def settings_with_other_colleagues(place: DistinctSetting) -> tuple[Setting, ...]:
    """Return the setting with a colleague out of each class except that of its own colleague.

    Raises:
        FaultyPolicy: if a document cannot be interpreted for certain.
        LimitReached: if there are too many classes, or a pattern that distinguishes users is not
            handled.
    """
    setting = place.setting
    texts = _theory(setting)
    own = setting.holder(ScenarioPrincipal.COLLEAGUE).arn
    first = texts.holding(own)
    solutions = (texts.solve(*each) for each in _classes(texts) if each[0] != first)
    return tuple(_with_colleague(setting, str(values[RESOURCE])) for values in solutions if values)


def swap_user_and_colleague(setting: Setting, third: Setting) -> Setting:
    """Return the setting whose user and colleague are the colleagues of two settings."""
    met, further = setting.called.people, third.called.people
    names = {
        ScenarioPrincipal.USER: met[ScenarioPrincipal.COLLEAGUE],
        ScenarioPrincipal.COLLEAGUE: further[ScenarioPrincipal.COLLEAGUE],
    }
    return replace(
        setting,
        user=setting.colleague,
        names={**setting.names, **names},
        path=setting.colleague_path,
        user_id="",
        user_tags=None,
        colleague_path=third.colleague_path,
    )


def _classes(texts: Texts) -> list[tuple[int, int]]:
    """Return every combination of atoms that can hold of one user: those that do, and that do not.

    Raises:
        LimitReached: if there are too many.
    """
    # the first atom is the user's own name, which no other user has
    result = [(0, 1)]
    for place in range(1, texts.size):
        atom = 1 << place
        both = [
            each for one in result for each in ((one[0] | atom, one[1]), (one[0], one[1] | atom))
        ]
        result = [one for one in both if texts.solve(*one) is not None]
        if len(result) > MOST_CLASSES:
            raise LimitReached(reasons.TOO_MANY_USERS.filled(most=MOST_CLASSES))
    return result


def _theory(setting: Setting) -> Texts:
    """Return the names of users, with an atom for every element that can distinguish them.

    Raises:
        LimitReached: if an element compares them with what is not known.
    """
    tracked, budget = TrackedAssumptions(setting.engine), Budget()
    holder = setting.holder(ScenarioPrincipal.USER)
    user = setting.caller(ScenarioPrincipal.USER)
    (situation,) = situations(user, setting.time, (CallerCredential.KEY,))
    reading = ConditionReading(RequestScope(user, situation, setting.time, tracked, {}), (), budget)
    start = f"arn:{setting.partition}:iam::{setting.account}:user/"
    forms = Patterns([(*start, Wild.ANY, Wild.STAR)])
    target = RequestTarget(reading, forms, None, lambda _: True)
    texts = target.theories[RESOURCE]
    if not isinstance(texts, Texts):
        raise InternalError("a resource that is no text")
    unlike = (*NO_USERS, holder.name, f"*/{holder.name}")
    nobody = Patterns((*start, *glob.wildcards(each)) for each in unlike)
    texts.add(nobody, negated=False, holds_formless=False)
    groups = rules_of(setting.policies(ScenarioPrincipal.USER, member=True), tracked)
    for rule in chain.from_iterable(groups):
        if not any(actions.matches(rule.action, act, tracked) for act in ON_USERS):
            continue
        literal = target.of_resource(rule.resource, rule.effect, rule.version)
        if isinstance(literal, Literal) and literal.theory != RESOURCE:
            raise LimitReached(
                reasons.UNSETTLED_USERS.filled(entries=", ".join(rule.resource.values))
            )
    return texts


def _with_colleague(setting: Setting, arn: str) -> Setting:
    path, slash, name = arn.partition(":user")[2].rpartition("/")
    names = {**setting.names, ScenarioPrincipal.COLLEAGUE: name}
    return replace(setting, names=names, colleague_path=f"{path}{slash}")


_CALLERS = Message(
    "this leads to the credentials of another user, and the policies distinguish callers by {keys}"
)
_FURTHER = Message(
    "this leads to the credentials of another user, who can do more to a third user: {acts}"
)


class ScenarioOutcome(StrEnum):
    """The outcomes of a scenario: a person or an attacker gets in, or does not."""

    GETS_IN = "gets in"
    LOCKED_OUT = "locked out"
    KEPT_OUT = "kept out"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ScenarioAnswer:
    """The result of the search about a scenario.

    Attributes:
        other: the ARN of the other user whom the steps are about, where it matters who it is.
    """

    scenario: Scenario
    result: Result
    other: str = ""

    @property
    def outcome(self) -> ScenarioOutcome:
        """The outcome of the scenario."""
        match (self.result, self.scenario.actor):
            case (Unexplored(), _):
                return ScenarioOutcome.UNKNOWN
            case (Reachable(), _):
                return ScenarioOutcome.GETS_IN
            case (Unreachable(), Actor.PERSON):
                return ScenarioOutcome.LOCKED_OUT
            case (Unreachable(), Actor.ATTACKER):
                return ScenarioOutcome.KEPT_OUT

    @property
    def as_required(self) -> bool:
        """Whether it certainly ends as required: the person gets in, the attacker does not."""
        return self.outcome is required_of(self.scenario.actor)

    @property
    def goes_wrong(self) -> bool:
        """Whether it certainly ends otherwise than required."""
        return self.outcome not in (required_of(self.scenario.actor), ScenarioOutcome.UNKNOWN)


def required_of(actor: Actor) -> ScenarioOutcome:
    """Return the required outcome of a scenario, by its actor."""
    match actor:
        case Actor.PERSON:
            return ScenarioOutcome.GETS_IN
        case Actor.ATTACKER:
            return ScenarioOutcome.KEPT_OUT


@dataclass(frozen=True, slots=True)
class Exploration:
    """One search: the account, the problem, and the result."""

    setting: Setting
    question: SearchProblem
    result: Result


def run_scenario(
    scenario: Scenario,
    policies: Policies,
    setting: Setting | None = None,
    *,
    most_states: int = MOST_STATES,
) -> ScenarioAnswer:
    """Return the answer about one scenario under the policies that are attached to the user.

    `setting` has the other facts about the account and the user.

    Raises:
        FaultyPolicy: if a document cannot be interpreted for certain.
    """
    return _answer_in(setting_of(scenario, policies, setting), scenario, most_states)


def _answer_in(setting: Setting, scenario: Scenario, most_states: int) -> ScenarioAnswer:
    try:
        searches = [*explorations(scenario, setting, most_states)]
    except LimitReached as limit:
        return ScenarioAnswer(scenario, Unexplored(limit.reason))
    last = searches[-1]
    if scenario.actor is Actor.PERSON or not isinstance(last.result, Unreachable):
        other = (
            last.setting.holder(ScenarioPrincipal.COLLEAGUE).arn if last.setting != setting else ""
        )
        return ScenarioAnswer(scenario, last.result, other)
    if (reason := _untried(searches)) is not None:
        return ScenarioAnswer(scenario, Unexplored(reason))
    # the result of the first search, with the others' tried moves and assumptions
    results = [each.result for each in searches if isinstance(each.result, Unreachable)]
    tried = {one.refused_step.move: one for each in results for one in each.tried}
    assumed = sorted({name for each in results for name in each.assumed})
    result = replace(results[0], tried=tuple(tried.values()), assumed=tuple(assumed))
    return ScenarioAnswer(scenario, result)


def outcome_of(
    scenario: Scenario, policies: Policies, setting: Setting | None = None, *, known: Path = ()
) -> ScenarioOutcome:
    """Return the outcome of a scenario, equal to `run_scenario`'s, without the explanation.

    `known` is a path to the goal under other policies or assumptions: where it is one here as well,
    nothing is searched.

    Raises:
        FaultyPolicy: if a document cannot be interpreted for certain.
    """
    asked = _unexplained(scenario)
    here = setting_of(asked, policies, setting).timeless()
    if known and leads_to_goal(here, asked.question, known):
        return ScenarioOutcome.GETS_IN
    return _ending_at(DistinctSetting.of(here), asked)[0]


def way_in(scenario: Scenario, policies: Policies, setting: Setting | None = None) -> Path:
    """Return the path by which the actor gets in; empty if there is none, or it is not known.

    Raises:
        FaultyPolicy: if a document cannot be interpreted for certain.
    """
    asked = _unexplained(scenario)
    here = setting_of(asked, policies, setting).timeless()
    return _ending_at(DistinctSetting.of(here), asked)[1]


def _unexplained(scenario: Scenario) -> Scenario:
    return replace(scenario, question=replace(scenario.question, explained=False))


@lru_cache(maxsize=_MOST_OUTCOMES)
def _ending_at(place: DistinctSetting, scenario: Scenario) -> tuple[ScenarioOutcome, Path]:
    answer = _answer_in(place.setting, scenario, MOST_STATES)
    return answer.outcome, answer.result.path if isinstance(answer.result, Reachable) else ()


def explorations(
    scenario: Scenario, setting: Setting, most_states: int = MOST_STATES
) -> Iterator[Exploration]:
    """Yield the searches that answer a scenario; the last one decides, unless no attacker succeeds.

    An attacker meets one colleague after another, one of each class of users that the policies
    distinguish, in each state, if anything can be done to them with the credentials that the
    attacker obtains. All searches together examine at most `most_states` states.

    Raises:
        FaultyPolicy: if a document cannot be interpreted for certain.
        LimitReached: if there are too many classes of users, or they cannot be told.
    """
    judge, problem, budget = MoveEvaluator(setting), scenario.question, StateBudget(most_states)
    first = explore(setting, problem, budget=budget, judge=judge)
    yield Exploration(setting, problem, first)
    if scenario.actor is Actor.PERSON or not isinstance(first, Unreachable):
        return
    footholds = {*first.footholds}
    others = settings_with_other_colleagues(DistinctSetting.of(setting))
    not_met = [judge, *map(MoveEvaluator, others)]
    while met := next(
        (
            each
            for each in not_met
            if _open_to_holder(each, _holdings_of_user(footholds), problem.acts)
        ),
        None,
    ):
        not_met.remove(met)
        for start in starts_with_colleague(problem.start, again=met is not judge):
            with_colleague = replace(problem, start=start)
            result = explore(met.setting, with_colleague, budget=budget, judge=met)
            yield Exploration(met.setting, with_colleague, result)
            if not isinstance(result, Unreachable):
                return
            footholds |= {*result.footholds}


def _holdings_of_user(footholds: Iterable[Foothold]) -> Iterator[Foothold]:
    return (one for one in footholds if one.hold.owner is ScenarioPrincipal.USER)


def _untried(searches: list[Exploration]) -> Message | None:
    """Return the calls that may pass and that no search tried; None if there are certainly none."""
    footholds: dict[tuple[str, Holding, bool], tuple[Setting, Foothold]] = {}
    for exploration in searches:
        for foothold in _footholds(exploration):
            key = (
                exploration.setting.holder(foothold.hold.owner).arn,
                foothold.hold,
                foothold.member,
            )
            _, before = footholds.get(key, (exploration.setting, foothold))
            footholds[key] = (
                exploration.setting,
                replace(foothold, tried=foothold.tried | before.tried),
            )
    reasons = (left_open(setting, one) for setting, one in footholds.values())
    return next(
        (reason for reason in (_may_lead_further(searches), *reasons) if reason is not None), None
    )


def _may_lead_further(searches: list[Exploration]) -> Message | None:
    """Return why credentials of others may lead to further users; None if they do not.

    One colleague is met at a time. That is enough if an attacker who has become another user can do
    nothing to a third one that was not possible before.
    """
    acts, setting_given = searches[0].question.acts, searches[0].setting
    of_user = [one for each in searches for one in _holdings_of_user(_footholds(each))]
    of_colleagues = [
        (each.setting, one)
        for each in searches
        for one in _footholds(each)
        if one.hold.owner is ScenarioPrincipal.COLLEAGUE and one.hold.access in WAYS
    ]
    if not of_colleagues:
        return None
    if keys := of_colleagues[0][0].names_callers():
        return _CALLERS.filled(keys=", ".join(f"`{key}`" for key in keys))
    for third in map(
        MoveEvaluator,
        (setting_given, *settings_with_other_colleagues(DistinctSetting.of(setting_given))),
    ):
        own = _open_to_holder(third, of_user, acts)
        for setting, one in of_colleagues:
            between = MoveEvaluator(swap_user_and_colleague(setting, third.setting))
            as_user = replace(one, hold=Holding(ScenarioPrincipal.USER, one.hold.access))
            if further := _open_to_holder(between, [as_user], acts) - own:
                return _FURTHER.filled(acts=", ".join(f"`{act}`" for act in sorted(further)))
    return None


def _footholds(search: Exploration) -> tuple[Foothold, ...]:
    return search.result.footholds if isinstance(search.result, Unreachable) else ()


def _open_to_holder(
    judge: MoveEvaluator, footholds: Iterable[Foothold], acts: frozenset[MoveKind]
) -> frozenset[MoveKind]:
    """Return the moves against the colleague that the user's credentials allow."""
    return frozenset().union(
        *(
            judge.open_to(ScenarioPrincipal.COLLEAGUE, one.hold, acts, member=one.member)
            for one in footholds
        )
    )


SIGNIN_ASSUMPTIONS: Mapping[str, Any] = {
    name: getattr(SigninAssumptions(), name)
    for name in (
        *("order", "device_holder_needs_mfa"),
        *("get_session_token_heeds_deny", "assume_role_sees_mfa"),
        *("console_authorization", "console_authorization_asks_identity", "aws_login_mfa"),
        *("mfa_page_needs_reads", "resync_at_sign_in"),
    )
}
"""The assumptions of sign-in that scenarios ask, with their defaults."""


def assumptions_that_matter(
    answer: ScenarioAnswer, policies: Policies, setting_given: Setting | None = None
) -> tuple[str, ...]:
    """Return the assumptions of sign-in that, with another setting, would change the verdict.

    `answer` is the answer about a scenario under these policies, in this account.
    """
    base = setting_given or Setting()
    known = answer.result.path if isinstance(answer.result, Reachable) else ()
    turned = {
        name: replace(base, signin=with_other_setting(base.signin, name))
        for name in _may_matter(answer, base)
    }
    return tuple(
        sorted(
            name
            for name, setting in turned.items()
            if outcome_of(answer.scenario, policies, setting, known=known) is not answer.outcome
        )
    )


def _may_matter(answer: ScenarioAnswer, base: Setting) -> Iterator[str]:
    """Yield the assumptions that can change the verdict.

    An assumption that allows more changes nothing if the goal is reached. One that allows less
    changes nothing if the goal is not reached, or if no step of the path depends on it.
    """
    if isinstance(answer.result, Unexplored):
        return
    if answer.scenario.question.start.user.must_change:
        yield "order"
    match answer.result:
        case Reachable():
            yield from _assumptions_of_path(answer.result, base.signin)
        case Unreachable():
            yield from _assumptions_of_refusals(answer.result, base)


def _assumptions_of_path(result: Reachable, now: SigninAssumptions) -> Iterator[str]:
    moves = [step.move for step in result.path]
    if not now.get_session_token_heeds_deny and any(
        m.kind is MoveKind.SESSION_TOKEN for m in moves
    ):
        yield "get_session_token_heeds_deny"
    if now.assume_role_sees_mfa and any(m.kind is MoveKind.ASSUME_ROLE and m.code for m in moves):
        yield "assume_role_sees_mfa"
    if not now.device_holder_needs_mfa:
        yield "device_holder_needs_mfa"
    if any(map(_uses_aws_login, moves)):
        yield "aws_login_mfa"
    if not now.mfa_page_needs_reads and any(move.kind in PAGE_READS for move in moves):
        yield "mfa_page_needs_reads"
    if any(move.kind is MoveKind.RESYNC_AT_SIGN_IN for move in moves):
        yield "resync_at_sign_in"
    enabled = now.console_authorization is ConsoleAuthorization.ENABLED
    if enabled and any(move.kind in _PAGES for move in moves):
        yield "console_authorization_asks_identity"


def _assumptions_of_refusals(result: Unreachable, base: Setting) -> Iterator[str]:
    now, rules = base.signin, {each.refused_step.outcome.rule for each in result.tried}
    if any(each.refused_step.move.kind is MoveKind.OPEN_CONSOLE for each in result.tried):
        yield "console_authorization_asks_identity"
    # of a move that policies also refuse to members, only one refusal is kept
    if now.device_holder_needs_mfa and (base.enrolled or Rule.DEVICE_HOLDER in rules):
        yield "device_holder_needs_mfa"
    if any(_uses_aws_login(each.refused_step.move) for each in result.tried):
        yield "aws_login_mfa"
    if any(each.refused_step.outcome.read for each in result.tried):
        yield "mfa_page_needs_reads"
    if not now.resync_at_sign_in and Rule.OUT_OF_STEP in rules:
        yield "resync_at_sign_in"
    if now.get_session_token_heeds_deny:
        yield "get_session_token_heeds_deny"
    if not now.assume_role_sees_mfa:
        yield "assume_role_sees_mfa"


def _uses_aws_login(move: Move) -> bool:
    return move.holding.access in (Access.LOGIN, Access.LOGIN_MFA, Access.AGENT)


_PAGES = (MoveKind.SIGN_IN, MoveKind.GIVE_CODE, MoveKind.NEW_PASSWORD)
"""The pages at which a sign-in may end where no policy is asked about the session."""
