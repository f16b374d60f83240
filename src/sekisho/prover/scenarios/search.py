"""Breadth-first search over all reachable states.

The model is finite, so an unreachable goal is proved by examining all states. Their number is
limited over all searches for one answer; beyond the limit nothing is known.

An attacker counts as kept out only if the credentials that the attacker obtains allow no request
except those that were tried: this is the question of MFA enforcement, for the policies as they are
attached.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import field, replace
from functools import lru_cache

from sekisho.engine import AttachedPolicy
from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.policy import from_json
from sekisho.prover.questions.enforcement import enforcement_question, expected_exempt
from sekisho.prover.questions.sentences import CREDENTIALS
from sekisho.prover.reading.credentials import CallerCredential
from sekisho.prover.scenarios.evaluator import (
    MOST_SETTINGS,
    DistinctSetting,
    MoveEvaluator,
    MoveOutcome,
)
from sekisho.prover.scenarios.model import (
    ACTION_OF,
    ACTIONS,
    SESSIONS,
    Access,
    Deed,
    Holding,
    Move,
    MoveKind,
    ScenarioDevice,
    ScenarioPrincipal,
    ScenarioState,
    moves_in,
    state_after,
)
from sekisho.prover.scenarios.setting import Setting
from sekisho.prover.search.requests import prove_none
from sekisho.prover.search.verdict import Proved, Refuted, Unknown, Verdict
from sekisho.signin import AUTHORIZE, CREATE_TOKEN, AwsLoginMfa

WAYS = {
    Access.KEY: CallerCredential.KEY,
    Access.CONSOLE: CallerCredential.SESSION,
    Access.TOKEN: CallerCredential.SESSION,
    Access.CONSOLE_MFA: CallerCredential.MFA_SESSION,
    Access.TOKEN_MFA: CallerCredential.MFA_SESSION,
    Access.LOGIN_MFA: CallerCredential.MFA_SESSION,
    Access.LOGIN: CallerCredential.SESSION,
    Access.AGENT: CallerCredential.SESSION,
}
"""The prover's names of the credentials for which users' policies are asked."""
_LOOKING_UP = (
    *(action for action in expected_exempt() if action not in ACTIONS),
    *("iam:ListAccountAliases", "iam:ListUsers", "iam:ResyncMFADevice"),
)
"""What Force_MFA exempts beside the model's own, and what older samples of AWS do: it reads IAM's
lists, or sets a device's clock right."""


_UNDECIDED = Message("actions that the scenarios do not try could not be decided: {reason}")
_OPEN = Message(
    "the policies do not deny an action that the scenarios do not try: `{action}` on "
    "`{resource}`, with {credential}"
)


@dataclass(frozen=True, slots=True)
class Foothold:
    """A credential that the actor obtains, and the moves that were tried with it.

    Attributes:
        hold: the credential, and whose it is.
        member: whether that user is then in the group of those who have enrolled.
        tried: the actions that the search has tried and found open, or had nothing to try on.
    """

    hold: Holding
    member: bool
    tried: frozenset[str]


def left_open(setting: Setting, foothold: Foothold) -> Message | None:
    """Return the untried calls that may pass, as a message; None if there are proved to be none.

    A role's session has no such call: the user's policies do not apply to it.

    Raises:
        FaultyPolicy: if a document cannot be interpreted for certain.
    """
    if foothold.hold.access not in WAYS:
        return None
    match _verdict(DistinctSetting.of(setting), foothold):
        case Proved():
            return None
        case Unknown(reason):
            return _UNDECIDED.filled(reason=reason)
        case Refuted(counterexample):
            asked, credential = counterexample.request, CREDENTIALS[counterexample.credential]
            return _OPEN.filled(action=asked.action, resource=asked.resource, credential=credential)


_WITHOUT_BROWSER = AttachedPolicy(
    "what needs a browser",
    from_json(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Deny", "Action": AUTHORIZE, "Resource": "*"},
                {
                    "Effect": "Deny",
                    "Action": CREATE_TOKEN,
                    "Resource": "arn:*:signin:*:*:oauth2/public-client/*",
                },
            ],
        }
    ),
)
"""Denies what is asked of sessions of the console alone: nothing else lets `aws login` in, and what
it then changes for a token is not signed.

Source: AWS Sign-In User Guide, "Authorization models"; botocore's model of `signin`.
"""


@lru_cache(maxsize=4 * MOST_SETTINGS)
def _verdict(place: DistinctSetting, foothold: Foothold) -> Verdict:
    """Return the verdict on a foothold; most scenarios end with the same footholds."""
    setting, access = place.setting, foothold.hold.access
    # the service itself lets a session token without MFA call nothing of
    # IAM (AWS STS API Reference, "GetSessionToken")
    refused = ("iam:*",) if access is Access.TOKEN else ()
    policies = setting.policies(foothold.hold.owner, member=foothold.member)
    if access not in SESSIONS:
        policies = replace(policies, identity=(*policies.identity, _WITHOUT_BROWSER))
    question = enforcement_question(
        policies,
        setting.caller(foothold.hold.owner),
        setting.time,
        (*sorted(foothold.tried), *_LOOKING_UP, *refused),
    )
    way = WAYS[access]
    if access in _LOGINS and setting.signin.aws_login_mfa is AwsLoginMfa.ABSENT:
        way = CallerCredential.LOGIN_KEYLESS
    return prove_none(replace(question, credentials=(way,), assumptions=setting.engine))


_LOGINS = (Access.LOGIN, Access.LOGIN_MFA, Access.AGENT)
_GROUP_ACTS = frozenset({MoveKind.ADD_TO_GROUP, MoveKind.REMOVE_FROM_GROUP})

MOST_STATES = 2_500
"""States that are looked at for one answer before the searches give up.

Of every scenario under every preset and published policy in the tests, with a group for after
enrolment and without, the widest answer needs 1,167 (`service` under a CDK helper's MFA
enforcement), the next 268. A thousand states take about 0.8 s of processor time.
"""


@dataclass(slots=True)
class StateBudget:
    """The number of states that may still be examined, and the number at first."""

    remaining: int = MOST_STATES
    total: int = field(init=False)

    def __post_init__(self) -> None:
        self.total = self.remaining


@dataclass(frozen=True, slots=True)
class ScenarioGoal:
    """The outcomes of which one must, or none may, be reached.

    Attributes:
        devices: enabled for the user.
    """

    holds: frozenset[Holding] = frozenset()
    deeds: frozenset[Deed] = frozenset()
    devices: frozenset[ScenarioDevice] = frozenset()

    def is_reached(self, state: ScenarioState) -> bool:
        """Return whether a state has one of the outcomes."""
        return bool(
            self.holds & state.holds
            or self.deeds & state.deeds
            or self.devices & state.user.devices
        )


@dataclass(frozen=True, slots=True)
class SearchProblem:
    """The start of an actor, the moves that are tried, and the goal.

    Attributes:
        acts: the acts that the actor tries.
        helps: the acts of an administrator for the actor.
        on_others: whether the actor tries other users' things as well.
        explained: whether the way that comes closest is wanted, where the goal is not reached.
    """

    start: ScenarioState
    goal: ScenarioGoal
    acts: frozenset[MoveKind]
    helps: frozenset[MoveKind] = frozenset()
    on_others: bool = False
    explained: bool = True


@dataclass(frozen=True, slots=True)
class ScenarioStep:
    """A move and its outcome."""

    move: Move
    outcome: MoveOutcome


Path = tuple[ScenarioStep, ...]
"""The steps of a path, in order."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A path that ends at a refusal: the steps that are carried out, and the refused one."""

    path: Path
    refused_step: ScenarioStep


@dataclass(frozen=True, slots=True)
class Reachable:
    """The goal is reached, by this shortest path.

    Attributes:
        assumed: as in `MoveOutcome`.
        tried: every kind of move that was refused before, each on a shortest way to it.
    """

    path: Path
    assumed: tuple[str, ...] = ()
    tried: tuple[Attempt, ...] = ()


@dataclass(frozen=True, slots=True)
class Unreachable:
    """All states were looked at, and none has the goal.

    Attributes:
        states: how many there are.
        tried: every kind of move that is refused, each on a shortest way to it.
        deadlock: the way that comes closest to the goal: if policies let its last step through,
            and as few others as possible, the goal would be reached. None if no policy could
            help, since the services' own rules are in the way, for an attacker, and if it was not
            wanted.
        assumed: as in `MoveOutcome`.
        footholds: the credentials that an attacker obtains, and the moves tried with each.
    """

    states: int
    tried: tuple[Attempt, ...]
    deadlock: Attempt | None
    assumed: tuple[str, ...] = ()
    footholds: tuple[Foothold, ...] = ()


@dataclass(frozen=True, slots=True)
class Unexplored:
    """Nothing is known."""

    reason: Message


Result = Reachable | Unreachable | Unexplored


_NOT_MODELLED = Message("the model of sign-in does not know the condition key {named}")
_NAMES_APART = Message("the model of sign-in does not distinguish names of devices like {named}")
_TOO_MANY = Message("more than {most} states")


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def explore(
    setting: Setting,
    problem: SearchProblem,
    *,
    budget: StateBudget | None = None,
    judge: MoveEvaluator | None = None,
) -> Result:
    """Return whether the goal can be reached in this setting; `judge` caches outcomes of it.

    The states that are examined are taken from `budget`, which several searches may share.
    """
    problem_here = _problem_in(setting, problem)
    if isinstance(problem_here, Unexplored):
        return problem_here
    judge, budget = judge or MoveEvaluator(setting), budget or StateBudget()
    if MoveKind.CREATE_DEVICE in problem_here.acts:
        # a path with an authenticator app is as good, and a program can follow it
        without = replace(problem_here, acts=problem_here.acts - {MoveKind.REGISTER_PASSKEY})
        result = _Search(judge, without, budget).run()
        if not isinstance(result, Unreachable) or without == problem_here:
            return result
    return _Search(judge, problem_here, budget).run()


def leads_to_goal(setting: Setting, problem: SearchProblem, path: Path) -> bool:
    """Return whether a path that was found in another setting also leads to the goal in this one.

    If it does not, another path may: only a search can decide that.
    """
    problem_here = _problem_in(setting, problem)
    if isinstance(problem_here, Unexplored):
        return False
    return _Search(MoveEvaluator(setting), problem_here, StateBudget()).is_way(path)


def _problem_in(setting: Setting, problem: SearchProblem) -> SearchProblem | Unexplored:
    """Return the problem without the moves that cannot matter in a setting."""
    if not setting.signin.console_asks_policies:
        # policies about it have no effect
        problem = replace(problem, acts=problem.acts - {MoveKind.OPEN_CONSOLE})
    if not setting.signin.resync_at_sign_in:
        problem = replace(problem, acts=problem.acts - {MoveKind.RESYNC_AT_SIGN_IN})
    acting = {
        ScenarioPrincipal.USER,
        *([ScenarioPrincipal.COLLEAGUE] if problem.on_others else []),
    }
    acting |= {ScenarioPrincipal.ADMINISTRATOR} if problem.helps else set()
    if unmodelled := setting.unmodelled(acting, problem.acts | problem.helps):
        return Unexplored(_NOT_MODELLED.filled(named=_quoted(unmodelled)))
    acts = problem.acts if problem.on_others else problem.acts & {MoveKind.CREATE_DEVICE}
    if patterns := setting.device_name_patterns(acts):
        return Unexplored(_NAMES_APART.filled(named=_quoted(dict.fromkeys(patterns))))
    if not setting.enrolled:
        # membership of the group does not matter
        goal = {deed.kind for deed in problem.goal.deeds}
        problem = replace(problem, acts=problem.acts - (_GROUP_ACTS - goal))
    return problem


class _Search:
    def __init__(self, judge: MoveEvaluator, question: SearchProblem, budget: StateBudget) -> None:
        self._judge = judge
        self._question = question
        self._budget = budget
        self._asked = frozenset(deed.kind for deed in question.goal.deeds)
        self._tried: dict[Move, Attempt] = {}

    def run(self) -> Result:
        question = self._question
        ways: dict[ScenarioState, Path] = {question.start: ()}
        queue = deque([question.start])
        while queue:
            state = queue.popleft() if question.explained else queue.pop()
            if question.goal.is_reached(state):
                tried = tuple(self._tried.values())
                assumed = {name for step in ways[state] for name in step.outcome.assumed}
                return Reachable(ways[state], tuple(sorted(assumed)), tried)
            self._budget.remaining -= 1
            if self._budget.remaining < 0:
                return Unexplored(_TOO_MANY.filled(most=self._budget.total))
            for move, outcome in self._outcomes(state):
                if not outcome.carried_out:
                    if move not in self._tried:
                        self._tried[move] = Attempt(ways[state], ScenarioStep(move, outcome))
                elif (reached := self._after(state, move)) not in ways:
                    ways[reached] = (*ways[state], ScenarioStep(move, outcome))
                    queue.append(reached)
        return self._unreachable(ways)

    def is_way(self, path: Path) -> bool:
        """Return whether a path can be carried out here, step by step, and ends at the goal."""
        state = self._question.start
        for step in path:
            if step.move not in self._moves(state):
                return False
            if not self._judge.outcome(state, step.move).carried_out:
                return False
            state = self._after(state, step.move)
        return self._question.goal.is_reached(state)

    def _unreachable(self, ways: dict[ScenarioState, Path]) -> Unreachable:
        # before the search for a deadlock, which explores states that are not reachable
        assumed, tried = self._judge.assumed, tuple(self._tried.values())
        if self._question.on_others:
            # an attacker is not to be helped: there is no deadlock to explain
            return Unreachable(len(ways), tried, None, assumed, tuple(self._footholds(ways)))
        deadlock = self._deadlock() if self._question.explained else None
        return Unreachable(len(ways), tried, deadlock, assumed)

    def _footholds(self, states: Iterable[ScenarioState]) -> Iterator[Foothold]:
        holdings = {
            (hold, each.person(hold.owner).member) for each in states for hold in each.holds
        }
        # one group is modelled, and there are others
        acts = self._question.acts - _GROUP_ACTS
        actions = {ACTION_OF.get(act, act.value) for act in acts}
        for hold, member in sorted(holdings):
            if hold.owner is not ScenarioPrincipal.ADMINISTRATOR:
                refused = self._judge.refused(hold, acts, member=member)
                yield Foothold(hold, member, frozenset(actions - refused))

    def _outcomes(self, state: ScenarioState) -> Iterator[tuple[Move, MoveOutcome]]:
        outcome = self._judge.outcome
        for move in self._moves(state):
            yield move, outcome(state, move)

    def _moves(self, state: ScenarioState) -> tuple[Move, ...]:
        question = self._question
        return moves_in(state, question.acts, question.helps, on_others=question.on_others)

    def _after(self, state: ScenarioState, move: Move) -> ScenarioState:
        return state_after(state, move, self._asked, self._judge.setting.signin)

    def _deadlock(self) -> Attempt | None:
        """Return the path to the goal that needs the fewest refusals by policies lifted."""
        ways: dict[ScenarioState, Path] = {}
        layer: dict[ScenarioState, Path] = {self._question.start: ()}
        while layer and len(ways) <= self._budget.remaining:
            ways |= layer
            path, layer = self._spread(ways, layer)
            if path is not None:
                place = next(n for n, step in enumerate(path) if not step.outcome.carried_out)
                return Attempt(path[:place], path[place])
        return None

    def _spread(
        self, ways: dict[ScenarioState, Path], layer: dict[ScenarioState, Path]
    ) -> tuple[Path | None, dict[ScenarioState, Path]]:
        """Extend a layer of paths as far as nothing is refused.

        Returns:
            The path to the goal, if it is reached; and what one more lifted refusal leads to.
        """
        lifted: dict[ScenarioState, Path] = {}
        queue = deque(layer)
        while queue:
            state = queue.popleft()
            if self._question.goal.is_reached(state):
                return ways[state], {}
            for move, outcome in self._outcomes(state):
                if not outcome.carried_out and not outcome.by_policy:
                    continue
                if (reached := self._after(state, move)) in ways:
                    continue
                path = (*ways[state], ScenarioStep(move, outcome))
                if outcome.carried_out:
                    ways[reached] = path
                    queue.append(reached)
                else:
                    lifted.setdefault(reached, path)
        return None, {state: way for state, way in lifted.items() if state not in ways}
