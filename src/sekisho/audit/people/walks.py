"""Whether somebody comes to a session with MFA: the prover's walk from what they hold.

What was not read is taken every way that it may be, and the walks must come out the same.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product

from sekisho.account import Credentials, Gap, Snapshot, User, users_may_change
from sekisho.audit.enforcement import Likenesses, Numbers, asked_about
from sekisho.audit.people.own_name import NameIs, OwnName, OwnNames
from sekisho.engine import Assumptions, Policies
from sekisho.engine.matching.actions import matches
from sekisho.engine.matching.scope import TrackedAssumptions
from sekisho.errors import FaultyPolicy
from sekisho.messages import Message, verbatim
from sekisho.policy import Document
from sekisho.prover.scenarios import (
    Reachable,
    ScenarioOutcome,
    Unexplored,
    run_scenario,
    scenario_of,
    step_text,
)
from sekisho.prover.scenarios.model import (
    Access,
    Act,
    Device,
    Hand,
    Holding,
    Password,
    Person,
    State,
    Who,
)
from sekisho.prover.scenarios.search import Goal, Result, SearchProblem
from sekisho.prover.scenarios.setting import Setting
from sekisho.signin import DeviceKind

__all__ = ["Walked", "Walks", "may_hold"]

_STOPPED = Message("stopped at: {step}")
_NO_WAY = Message("there is no way")
_NO_WORDS = verbatim("")
_ORPHAN = Message(
    "a virtual MFA device that nobody has enabled, {serial}, has the only name under which they "
    "may create one; delete it (`sekisho orphans`), or allow them any name (`mfa/*`)"
)
_IN_USE = Message(
    "{owner} has a virtual MFA device, {serial}, with the only name under which they may create "
    "one; allow them any name (`mfa/*`), or give {owner} a device of another name, then "
    "deactivate and delete this one"
)
_OTHER_CASE = Message(
    "whether the user may delete {serial}, whose name is theirs but for upper and lower case"
)
_ASKED = asked_about(["arn:*:iam::*:mfa/${aws:username}"])
"""The device of the user's own name; all else on the way is called what no policy names."""
_DEVICES: Mapping[NameIs, tuple[frozenset[Device], frozenset[Device]]] = {
    NameIs.FREE: (frozenset(), frozenset()),
    NameIs.ORPHAN: (frozenset({Device(Hand.ELSEWHERE, Who.USER)}), frozenset()),
    NameIs.IN_USE: (frozenset(), frozenset({Device(Hand.ELSEWHERE, Who.USER)})),
}
"""The devices of the user's own name that nobody has enabled, and that a colleague has."""
_CONSOLE = SearchProblem(
    State(),
    Goal(frozenset({Holding(Who.USER, Access.CONSOLE), Holding(Who.USER, Access.CONSOLE_MFA)})),
    frozenset({Act.SIGN_IN, Act.GIVE_CODE, Act.NEW_PASSWORD}),
)
"""Whether the pages of the sign-in lead to a session at all, with MFA or without."""
_DEVICE = Goal(
    devices=frozenset(
        Device(hand, name) for hand in (Hand.ACTOR, Hand.ACTOR_PASSKEY) for name in ("", Who.USER)
    )
)
"""A device that the user has in hand, of whatever name."""


@dataclass(frozen=True, slots=True)
class Walked:
    """How a walk came out.

    Attributes:
        why: where the way ends, or why it is not known; None if it hangs on what was not read.
        name_taken: whether nothing is in the way but a device that has the user's own name.
    """

    verdict: ScenarioOutcome
    why: Message | None = _NO_WORDS
    name_taken: bool = False


class Walks:
    """The walks in one account; equal ones are walked once."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._walks: dict[tuple[object, ...], Walked] = {}
        self._matter: dict[int, bool] = {}
        self._numbers = Numbers()
        self._likenesses = Likenesses(self._numbers, _ASKED)
        self._names = OwnNames(snapshot)
        self._unread_policy = snapshot.gap_of("GetAccountPasswordPolicy")
        rules = snapshot.password_policy
        unknown = rules is None and bool(self._unread_policy)
        either = (False, True)
        may = users_may_change(snapshot)
        self._may_change = either if may is None else (may,)
        self.hard_expiry = either if unknown else (rules is not None and rules.hard_expiry,)

    def unread(self, user: User) -> tuple[Gap, ...]:
        """Return what of the account was not read that a user's way in may hang on, with why."""
        return tuple(filter(None, (self._unread_policy, *self._names.of(user).unread)))

    def of(self, user: User, credentials: Credentials, policies: Policies) -> Walked:
        """Return whether a user gets in by what `credentials`, one of `may_hold`, tell.

        It is walked under every password policy and with all devices that there may be.
        """
        name = self._names.of(user)
        found = self._walk(user, credentials, policies, map(_to_mfa, name.may_be))
        if found.verdict is ScenarioOutcome.LOCKED_OUT and credentials.password:
            console = self.opens(user, credentials, policies)
            if console.verdict is ScenarioOutcome.LOCKED_OUT:
                # a key may lead a little further; the password is what somebody signs in with
                found = replace(found, why=console.why)
        if found.why is None and len(name.may_be) > 1 and name.serial:
            apart = [self._walk(user, credentials, policies, [_to_mfa(one)]) for one in name.may_be]
            if all(each.why is not None for each in apart):
                return replace(found, why=_OTHER_CASE.filled(serial=name.serial))
        if name.serial and found.verdict is ScenarioOutcome.LOCKED_OUT:
            free = self._walk(user, credentials, policies, [_to_mfa(NameIs.FREE)])
            if free.verdict is ScenarioOutcome.GETS_IN:
                return replace(found, why=_taken(name), name_taken=True)
        return found

    def opens(self, user: User, credentials: Credentials, policies: Policies) -> Walked:
        """Return whether the password opens the console at all, with MFA or without.

        A temporary one does not where the page that asks for a new one refuses it.
        """
        return self._walk(user, replace(credentials, active_keys=0), policies, [_CONSOLE])

    def enrols(self, user: User, credentials: Credentials, policies: Policies) -> Walked:
        """Return whether a user who has no device sets one up by what `credentials` tell."""
        ways = (replace(_to_mfa(each), goal=_DEVICE) for each in self._names.of(user).may_be)
        return self._walk(user, credentials, policies, ways)

    def _walk(
        self,
        user: User,
        credentials: Credentials,
        policies: Policies,
        asked: Iterable[SearchProblem],
    ) -> Walked:
        held = product(
            self.hard_expiry if credentials.expired else (False,), [*_devices(credentials)]
        )
        found = {
            walked.verdict: walked
            for (hard, devices), question, may in product(held, asked, self._may_change)
            for start in [_start(question.start, credentials, devices, hard_expired=hard)]
            for walked in [self._once(user, replace(question, start=start), policies, may)]
        }
        return found.popitem()[1] if len(found) == 1 else Walked(ScenarioOutcome.UNKNOWN, None)

    def _once(
        self, user: User, question: SearchProblem, policies: Policies, may_change: bool
    ) -> Walked:
        """Walk once for equal policies; those that are about nothing on the way do not matter."""
        named = [policy for policy in policies.identity if self._matters(policy.document)]
        matter = replace(policies, identity=tuple(named))
        key = (question, may_change, self._likenesses.of(user, matter))
        if key not in self._walks:
            self._walks[key] = self._told(user, question, matter, may_change)
        return self._walks[key]

    def _told(
        self, user: User, question: SearchProblem, policies: Policies, may_change: bool
    ) -> Walked:
        """Return whether somebody comes where the question asks, in this account."""
        asked = replace(scenario_of("new-user"), question=question)
        around = Setting(
            users_may_change=may_change,
            names={Who.USER: user.name},
            path=user.path,
            user_id=user.id,
            user_tags=user.tags,
            partition=self._snapshot.partition,
            account=self._snapshot.account,
            now=self._snapshot.taken_at,
        )
        try:
            found = run_scenario(asked, policies, around)
        except FaultyPolicy as error:
            return Walked(ScenarioOutcome.UNKNOWN, error.reason)
        return Walked(found.outcome, _why(found.result))

    def _matters(self, document: Document) -> bool:
        """Tell whether a document says anything about what is done on the way in."""
        number = self._numbers.of(document)
        if number not in self._matter:
            self._matter[number] = any(_is_about_the_way(document))
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
            return _STOPPED.filled(step=step_text(result.deadlock.refused))


def _taken(name: OwnName) -> Message:
    text = _IN_USE if name.owner else _ORPHAN
    return text.filled(owner=name.owner, serial=name.serial)


def _is_about_the_way(document: Document) -> Iterator[bool]:
    acts = [act.value for act in scenario_of("new-user").question.acts if ":" in act.value]
    for statement in document.statements:
        for act in acts:
            yield matches(statement.action, act, TrackedAssumptions(Assumptions()))


def may_hold(credentials: Credentials) -> Iterator[Credentials]:
    """Yield what somebody may hold: where it is not known, a password that must be changed or not.

    One that has expired must be.
    """
    either = (False, True)
    for must_change in either if credentials.must_change is None else (credentials.must_change,):
        for expired in either if credentials.expired is None else (credentials.expired,):
            if must_change or not expired:
                yield replace(credentials, must_change=must_change, expired=expired)


def _devices(credentials: Credentials) -> Iterator[frozenset[Device]]:
    """Yield the devices that somebody may have; one that no program can read gives no code."""
    kinds = {each.kind for each in credentials.devices}
    if kinds - {DeviceKind.FIDO} or not credentials.devices_known:
        yield frozenset({Device(Hand.ACTOR)})
    if kinds == {DeviceKind.FIDO} or not credentials.devices_known:
        yield frozenset({Device(Hand.ACTOR_PASSKEY)})
    if credentials.enrolled is False:
        yield frozenset()


def _to_mfa(name: NameIs) -> SearchProblem:
    """Return whether a session with MFA is reached, where a device may have the user's own name."""
    unassigned, colleague_s = _DEVICES[name]
    start = State(colleague=Person(devices=colleague_s), unassigned=unassigned)
    return replace(scenario_of("new-user").question, start=start)


def _start(
    around: State, credentials: Credentials, devices: frozenset[Device], *, hard_expired: bool
) -> State:
    """Return where somebody starts, with what there is `around` them."""
    person = Person(
        Password.KNOWN if credentials.password else Password.NONE,
        must_change=bool(credentials.must_change),
        hard_expired=hard_expired,
        devices=devices,
    )
    keys = frozenset({Holding(Who.USER, Access.KEY)}) if credentials.active_keys else frozenset()
    return replace(around, user=person, holds=keys)
