"""Whether a user gets a session with MFA: the prover's scenarios, by the user's credentials.

Unread facts are assumed in every possible way, and all scenarios must have the same outcome.

AWS's samples of 2017 to 2022 let a user create a virtual device of their own name only. A serial
number is unique in an account, for all owners and regardless of case: a device of that name may
block the user (IAM API Reference, CreateVirtualMFADevice, EntityAlreadyExists).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from enum import StrEnum
from itertools import product

from sekisho.account import (
    THE_ACCOUNT,
    Credentials,
    Gap,
    Snapshot,
    User,
    user_ref,
    users_may_change,
)
from sekisho.audit.enforcement import DocumentNumbers, EquivalenceKeys, question_as_policy
from sekisho.engine import Assumptions, Policies
from sekisho.engine.matching import TrackedAssumptions, action_matches
from sekisho.errors import FaultyPolicy
from sekisho.lazy import dataclass
from sekisho.messages import Message, verbatim
from sekisho.policy import Document
from sekisho.prover.scenarios import (
    Access,
    DeviceHolder,
    Holding,
    MoveKind,
    Reachable,
    Result,
    ScenarioAnswer,
    ScenarioDevice,
    ScenarioGoal,
    ScenarioOutcome,
    ScenarioPassword,
    ScenarioPrincipal,
    ScenarioState,
    ScenarioUser,
    SearchProblem,
    Setting,
    Unexplored,
    actions_of,
    run_scenario,
    scenario_of,
    step_text,
)
from sekisho.signin import DeviceKind, SigninAssumptions, device_arn

TRYING = Message("Trying how users sign in")
_ALL = "ListVirtualMFADevices"
_EACH = "ListMFADevices"
_WHO = "GetAccountAuthorizationDetails"
_ROOT = "<root_account>"


class NameState(StrEnum):
    """The state of a device name: whether a device has it."""

    FREE = "free"
    ORPHAN = "a device that nobody has enabled"
    IN_USE = "a device that the user can neither use nor delete"


@dataclass(frozen=True, slots=True)
class OwnDeviceName:
    """The known facts about a user's own name as the name of a device.

    Attributes:
        may_be: one of these holds; of several it is not known which.
        serial: the device that has the name, be it in other case; "" if none is known.
        owner: the user who has enabled it, or `<root_account>`; "" if nobody has.
        unread: why it is not known; empty if it is.
    """

    may_be: tuple[NameState, ...] = (NameState.FREE,)
    serial: str = ""
    owner: str = ""
    unread: tuple[Gap, ...] = ()


class AccountDeviceNames:
    """The names of an account's virtual devices."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._home = (snapshot.partition, snapshot.account)
        self._devices = {
            each.serial.lower(): (each.serial, "") for each in snapshot.unassigned_devices
        }
        for user in snapshot.users:
            for device in user.devices:
                self._devices[device.serial.lower()] = (device.serial, user.name)
        self._devices |= {each.lower(): (each, _ROOT) for each in snapshot.root.serials}
        self._of_all = [gap for gap in snapshot.gaps if gap.operation == _ALL]
        # a user who was not listed, or whose devices were not, may have any device
        self._of_others = [gap for gap in snapshot.gaps if _hides_devices(gap)]

    def of(self, user: User) -> OwnDeviceName:
        """Return the facts about a user's own name; the user's own device does not block it."""
        own = device_arn(*self._home, "/", user.name)
        serial, owner = self._devices.get(own.lower(), ("", ""))
        if not serial:
            return self._unseen(user)
        if owner == user.name:
            return OwnDeviceName()
        if owner:
            return OwnDeviceName((NameState.IN_USE,), serial, owner)
        # who may delete a device of the own name need not be allowed to delete it in other case
        other_case = (NameState.IN_USE,) if serial != own else ()
        return OwnDeviceName((NameState.ORPHAN, *other_case), serial)

    def _unseen(self, user: User) -> OwnDeviceName:
        """Return that no device is known to have the name, and the reads that are missing."""
        own = user_ref(user.name)
        other = next((gap for gap in self._of_others if gap.resource != own), None)
        gaps = [*self._of_all[:1], *([other] if other is not None else [])]
        if not gaps:
            return OwnDeviceName()
        orphan = (NameState.ORPHAN,) if self._of_all else ()
        return OwnDeviceName((NameState.FREE, *orphan, NameState.IN_USE), unread=tuple(gaps))


def _hides_devices(gap: Gap) -> bool:
    return gap.operation == _EACH or (gap.operation == _WHO and gap.resource == THE_ACCOUNT)


_STOPPED = Message("stopped at: {step}")
_NO_WAY = Message("there is no way")
_NO_WORDS = verbatim("")
_ORPHAN = Message(
    "an unassigned virtual MFA device, {serial}, has the only name that they may use; delete it "
    "(`sekisho orphans`), or allow any name (`mfa/*`)"
)
_IN_USE = Message(
    "{owner} has a virtual MFA device, {serial}, with the only name that they may use; allow "
    "any name (`mfa/*`), or give {owner} a device with another name, then deactivate and delete "
    "this one"
)
_OTHER_CASE = Message(
    "whether the user may delete {serial}, whose name differs from theirs only in upper and "
    "lower case"
)
_ASKED = question_as_policy(["arn:*:iam::*:mfa/${aws:username}"])
"""The device with the user's own name; other resources have names that no policy has."""
_DEVICES: Mapping[NameState, tuple[frozenset[ScenarioDevice], frozenset[ScenarioDevice]]] = {
    NameState.FREE: (frozenset(), frozenset()),
    NameState.ORPHAN: (
        frozenset({ScenarioDevice(DeviceHolder.ELSEWHERE, ScenarioPrincipal.USER)}),
        frozenset(),
    ),
    NameState.IN_USE: (
        frozenset(),
        frozenset({ScenarioDevice(DeviceHolder.ELSEWHERE, ScenarioPrincipal.USER)}),
    ),
}
"""The device with the user's own name as an unassigned device, and as a colleague's."""
_CONSOLE = SearchProblem(
    ScenarioState(),
    ScenarioGoal(
        frozenset(
            {
                Holding(ScenarioPrincipal.USER, Access.CONSOLE),
                Holding(ScenarioPrincipal.USER, Access.CONSOLE_MFA),
            }
        )
    ),
    frozenset({MoveKind.SIGN_IN, MoveKind.GIVE_CODE, MoveKind.NEW_PASSWORD, MoveKind.OPEN_CONSOLE}),
)
"""The goal of any console session, with MFA or without."""
_DEVICE = ScenarioGoal(
    devices=frozenset(
        ScenarioDevice(hand, name)
        for hand in (DeviceHolder.ACTOR, DeviceHolder.ACTOR_PASSKEY)
        for name in ("", ScenarioPrincipal.USER)
    )
)
"""A device of any name that the user has available."""


@dataclass(frozen=True, slots=True)
class SignInResult:
    """The result of a scenario.

    Attributes:
        why: where the way ends, or why it is not known; None if it hangs on what was not read.
        name_taken: whether nothing is in the way but a device that has the user's own name.
    """

    verdict: ScenarioOutcome
    why: Message | None = _NO_WORDS
    name_taken: bool = False


def agreed(results: Iterable[SignInResult]) -> SignInResult | None:
    """Return one of the results if their verdicts are equal; else None.

    They are of all that may be where something was not read.
    """
    by_verdict = {result.verdict: result for result in results}
    return next(iter(by_verdict.values())) if len(by_verdict) == 1 else None


class SignInScenarios:
    """The scenarios of one account; equal ones are searched once."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._results: dict[tuple[object, ...], SignInResult] = {}
        self._matter: dict[int, bool] = {}
        self._numbers = DocumentNumbers()
        self._equivalence = EquivalenceKeys(self._numbers, _ASKED)
        self._names = AccountDeviceNames(snapshot)
        self._unread_policy = snapshot.gap_of("GetAccountPasswordPolicy")
        rules = snapshot.password_policy
        unknown = rules is None and bool(self._unread_policy)
        either = (False, True)
        may = users_may_change(snapshot)
        self._may_change = either if may is None else (may,)
        usual = SigninAssumptions()
        configured = snapshot.console_authorization or usual.console_authorization
        self._signin = replace(usual, console_authorization=configured)
        self.hard_expiry = either if unknown else (rules is not None and rules.hard_expiry,)

    def gaps_on_the_way(self, user: User) -> tuple[Gap, ...]:
        """Return the gaps on which a user's sign-in may depend."""
        return tuple(filter(None, (self._unread_policy, *self._names.of(user).unread)))

    def gets_in(self, user: User, credentials: Credentials, policies: Policies) -> SignInResult:
        """Return whether a user gets in with `credentials`, one of `possible_credentials`.

        The search is run for every password policy and all possible states of the device's name.
        """
        name = self._names.of(user)
        found = self._ask(user, credentials, policies, map(_to_mfa, name.may_be))
        if found.verdict is ScenarioOutcome.LOCKED_OUT and credentials.password:
            console = self.opens_console(user, credentials, policies)
            if console.verdict is ScenarioOutcome.LOCKED_OUT:
                # a key may lead a little further, but the user signs in with the password
                found = replace(found, why=console.why)
        if found.why is None and len(name.may_be) > 1 and name.serial:
            apart = [self._ask(user, credentials, policies, [_to_mfa(one)]) for one in name.may_be]
            if all(each.why is not None for each in apart):
                return replace(found, why=_OTHER_CASE.filled(serial=name.serial))
        if name.serial and found.verdict is ScenarioOutcome.LOCKED_OUT:
            free = self._ask(user, credentials, policies, [_to_mfa(NameState.FREE)])
            if free.verdict is ScenarioOutcome.GETS_IN:
                return replace(found, why=_name_taken(name), name_taken=True)
        return found

    def ways_in(
        self, user: User, credentials: Credentials, policies: Policies
    ) -> Iterator[ScenarioAnswer]:
        """Yield the answers to a session with MFA, one for each case that unread facts allow.

        Raises:
            FaultyPolicy: if a document cannot be interpreted for certain.
        """
        for question, may in self._cases(credentials, map(_to_mfa, self._names.of(user).may_be)):
            yield self._scenario(user, question, policies, may)

    def opens_console(
        self, user: User, credentials: Credentials, policies: Policies
    ) -> SignInResult:
        """Return whether the password opens the console, with MFA or without.

        A temporary password does not if the page that asks for a new one refuses the change.
        """
        return self._ask(user, replace(credentials, active_keys=0), policies, [_CONSOLE])

    def enrols(self, user: User, credentials: Credentials, policies: Policies) -> SignInResult:
        """Return whether a user without a device can set one up with `credentials`."""
        ways = (replace(_to_mfa(each), goal=_DEVICE) for each in self._names.of(user).may_be)
        return self._ask(user, credentials, policies, ways)

    def _ask(
        self,
        user: User,
        credentials: Credentials,
        policies: Policies,
        asked: Iterable[SearchProblem],
    ) -> SignInResult:
        cases = self._cases(credentials, asked)
        results = [self._cached_answer(user, question, policies, may) for question, may in cases]
        return agreed(results) or SignInResult(ScenarioOutcome.UNKNOWN, None)

    def _cases(
        self, credentials: Credentials, asked: Iterable[SearchProblem]
    ) -> Iterator[tuple[SearchProblem, bool]]:
        """Yield each question with every starting state, and whether users may change passwords."""
        states = product(
            self.hard_expiry if credentials.expired else (False,), [*_devices(credentials)]
        )
        for (hard, devices), question, may in product(states, asked, self._may_change):
            start = _start(question.start, credentials, devices, hard_expired=hard)
            yield replace(question, start=start), may

    def _cached_answer(
        self, user: User, question: SearchProblem, policies: Policies, may_change: bool
    ) -> SignInResult:
        """Search once for equal policies; policies without relevant actions do not matter."""
        named = [policy for policy in policies.identity if self._matters(policy.document)]
        matter = replace(policies, identity=tuple(named))
        key = (question, may_change, self._equivalence.of(user, matter))
        if key not in self._results:
            self._results[key] = self._answer(user, question, matter, may_change)
        return self._results[key]

    def _answer(
        self, user: User, question: SearchProblem, policies: Policies, may_change: bool
    ) -> SignInResult:
        """Return whether the user reaches the question's goal in this account."""
        try:
            found = self._scenario(user, question, policies, may_change)
        except FaultyPolicy as error:
            return SignInResult(ScenarioOutcome.UNKNOWN, error.reason)
        return SignInResult(found.outcome, _why(found.result))

    def _scenario(
        self, user: User, question: SearchProblem, policies: Policies, may_change: bool
    ) -> ScenarioAnswer:
        asked = replace(scenario_of("new-user"), question=question)
        around = Setting(
            users_may_change=may_change,
            names={ScenarioPrincipal.USER: user.name},
            path=user.path,
            user_id=user.id,
            user_tags=user.tags,
            partition=self._snapshot.partition,
            account=self._snapshot.account,
            now=self._snapshot.taken_at,
            signin=self._signin,
        )
        return run_scenario(asked, policies, around)

    def _matters(self, document: Document) -> bool:
        """Return whether a document is about actions of the sign-in."""
        number = self._numbers.of(document)
        if number not in self._matter:
            actions = actions_of(scenario_of("new-user").question.acts, pages=True)
            self._matter[number] = any(
                action_matches(statement.action, action, TrackedAssumptions(Assumptions()))
                for statement in document.statements
                for action in actions
            )
        return self._matter[number]


def _why(result: Result) -> Message:
    match result:
        case Reachable():
            return _NO_WORDS
        case Unexplored(reason):
            return reason
        case _ if result.deadlock is None:
            return _NO_WAY
        case _:
            return _STOPPED.filled(step=step_text(result.deadlock.refused_step))


def _name_taken(name: OwnDeviceName) -> Message:
    text = _IN_USE if name.owner else _ORPHAN
    return text.filled(owner=name.owner, serial=name.serial)


def possible_credentials(credentials: Credentials) -> Iterator[Credentials]:
    """Yield the possible credentials: with a password that must be changed, or not, if unknown.

    One that has expired must be.
    """
    either = (False, True)
    for must_change in either if credentials.must_change is None else (credentials.must_change,):
        for expired in either if credentials.expired is None else (credentials.expired,):
            if must_change or not expired:
                yield replace(credentials, must_change=must_change, expired=expired)


def _devices(credentials: Credentials) -> Iterator[frozenset[ScenarioDevice]]:
    """Yield the devices that a user may have; a passkey gives no code to programs."""
    kinds = {each.kind for each in credentials.devices}
    if kinds - {DeviceKind.FIDO} or not credentials.devices_known:
        yield frozenset({ScenarioDevice(DeviceHolder.ACTOR)})
    if kinds == {DeviceKind.FIDO} or not credentials.devices_known:
        yield frozenset({ScenarioDevice(DeviceHolder.ACTOR_PASSKEY)})
    if credentials.enrolled is False:
        yield frozenset()


def _to_mfa(name: NameState) -> SearchProblem:
    """Return the problem of a session with MFA, for a state of the user's own device name."""
    unassigned, colleague_s = _DEVICES[name]
    start = ScenarioState(colleague=ScenarioUser(devices=colleague_s), unassigned=unassigned)
    return replace(scenario_of("new-user").question, start=start)


def _start(
    around: ScenarioState,
    credentials: Credentials,
    devices: frozenset[ScenarioDevice],
    *,
    hard_expired: bool,
) -> ScenarioState:
    """Return the starting state of a user, in a given account state."""
    person = ScenarioUser(
        ScenarioPassword.KNOWN if credentials.password else ScenarioPassword.NONE,
        must_change=bool(credentials.must_change),
        hard_expired=hard_expired,
        devices=devices,
    )
    keys = (
        frozenset({Holding(ScenarioPrincipal.USER, Access.KEY)})
        if credentials.active_keys
        else frozenset()
    )
    return replace(around, user=person, holds=keys)
