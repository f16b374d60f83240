"""What happens to each user under the gate: the prover walks each user's way in.

The gate is the user's own where the user is gated already; otherwise it is what would be attached:
a Force_MFA policy beside everything that the user has.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import product

from sekisho.account import DeviceKind, Snapshot, User, policies_of, users_may_change
from sekisho.audit.alike import Numbers, Traits, likeness, traits_of
from sekisho.audit.exceptions import Exceptions
from sekisho.audit.gated import Gated, UserGate
from sekisho.audit.orphans import ORPHANS, names_taken
from sekisho.audit.people.facts import Facts, Unread
from sekisho.engine import AttachedPolicy, Policies, Switches
from sekisho.engine.actions import matches
from sekisho.engine.doubts import Doubts
from sekisho.errors import FaultyAccount, FaultyPolicy
from sekisho.language import Text
from sekisho.policy import NAME, Document, Preset, choices_of, force_mfa
from sekisho.prover import Proved, gate_shut
from sekisho.prover import User as Named
from sekisho.prover.walk import Unexplored, WalkVerdict, answer, story
from sekisho.prover.walk.model import Device, Hand, Held, Hold, Password, Person, State, Who
from sekisho.prover.walk.setting import Setting

__all__ = ["Fate", "Outlook", "outlooks_of"]


_NONE = frozenset[Device]()
_ORPHAN = frozenset({Device(Hand.ELSEWHERE, Who.USER)})


class Outlook(StrEnum):
    """What happens to a user under the gate, the gravest first."""

    UNKNOWN = "unknown"
    EXEMPT = "exempt until"
    DEAD_LOCK = "will dead-lock at first sign-in"
    LOCKED_OUT = "cannot get in"
    KEYS_STOP = "has working keys that will stop"
    KEYS_MAY_STOP = "not known whether working keys will stop"
    NOT_COVERED = "not covered"
    MUST_ENROL = "must enrol first"
    NO_WAY_IN = "has nothing to sign in with"
    READY = "ready"


@dataclass(frozen=True, slots=True)
class Fate:
    """What happens to a user, all of it, the gravest first.

    Attributes:
        outlooks: at least one.
        by_path: whether the same user without a path would get in.
        reason: why it is not known; None if it is.
    """

    outlooks: tuple[Outlook, ...]
    by_path: bool = False
    reason: Text | None = None


_Walked = tuple[WalkVerdict, Text | None]
"""How a walk came out, and why that is not known."""


def outlooks_of(
    snapshot: Snapshot,
    facts: Mapping[str, Facts],
    gates: Mapping[str, UserGate],
    exceptions: Exceptions,
    gate: Document | None = None,
) -> Mapping[str, Fate]:
    """Return what happens to each user under the gate, by user name.

    Args:
        snapshot: the account.
        facts: from `facts_of`.
        gates: from `gates_of`.
        exceptions: who is not to be gated.
        gate: what would be attached to who is not gated; Force_MFA as `policy new` writes it if
            not given.
    """
    usual = replace(choices_of(Preset.RECOMMENDED), partition=snapshot.partition)
    teller = _Teller(snapshot, exceptions, gate or force_mfa(usual))
    return {
        user.name: teller.fate(user, facts[user.name], gates[user.name]) for user in snapshot.users
    }


class _Teller:
    """What was found out so far: equal ways in are walked once."""

    def __init__(self, snapshot: Snapshot, exceptions: Exceptions, gate: Document) -> None:
        self._snapshot = snapshot
        self._exceptions = exceptions
        self._gate = AttachedPolicy(NAME, gate)
        self._walks: dict[tuple[object, ...], _Walked] = {}
        self._matter: dict[int, bool] = {}
        self._numbers = Numbers()
        self._traits: dict[tuple[object, ...], Traits] = {}
        self._unread_policy = Unread(snapshot.gaps).why("GetAccountPasswordPolicy")
        self._unread_orphans = Unread(snapshot.gaps).why(ORPHANS)
        rules = snapshot.password_policy
        unknown = rules is None and bool(self._unread_policy)
        either = (False, True)
        may = users_may_change(snapshot)
        self._may_change = either if may is None else (may,)
        self._hard_expiry = either if unknown else (rules is not None and rules.hard_expiry,)
        self._shuts = self._is_gate()

    def fate(self, user: User, facts: Facts, gate: UserGate) -> Fate:
        """Return what happens to one user."""
        now = self._snapshot.taken_at
        exemption = self._exceptions.of(user.name)
        if exemption is not None and not exemption.expired(now):
            return Fate((Outlook.EXEMPT,))
        if gate.gap:
            return _untold(gate.gap)
        try:
            own = policies_of(self._snapshot, user.name)
        except FaultyAccount as error:
            return _untold(error.faults[0].message)
        gated = gate.gated is Gated.PROVED
        policies = own if gated else replace(own, identity=(*own.identity, self._gate))
        way = self._way_in(user, facts, policies)
        outlooks = {*way.outlooks}
        keys = facts.keys_work(now)
        if not gated and keys is not False:
            outlooks.add(Outlook.KEYS_STOP if keys else Outlook.KEYS_MAY_STOP)
            # what signs in nowhere is not nothing
            outlooks.discard(Outlook.NO_WAY_IN)
        if not gated and not self._shuts:
            outlooks.add(Outlook.NOT_COVERED)
        return replace(way, outlooks=tuple(each for each in Outlook if each in outlooks))

    def _way_in(self, user: User, facts: Facts, policies: Policies) -> Fate:
        """Return what comes of signing in."""
        told = (*facts.unread, self._unread_policy, self._unread_orphans)
        unread = _untold("; ".join(filter(None, told)))
        if None in (facts.password, facts.enrolled, facts.active_keys):
            return unread
        if not facts.password and not facts.active_keys:
            return Fate((Outlook.NO_WAY_IN,))
        found = {self._comes_to(user, each, policies) or unread for each in _may_be(facts)}
        return found.pop() if len(found) == 1 else unread

    def _comes_to(self, user: User, facts: Facts, policies: Policies) -> Fate | None:
        """Return what comes of signing in; None if it hangs on what was not read."""
        if self._dead_locks(user, facts, policies):
            return Fate((Outlook.DEAD_LOCK,))
        match self._walk(user, facts, policies):
            case WalkVerdict.UNKNOWN, None:
                return None
            case WalkVerdict.UNKNOWN, reason:
                return Fate((Outlook.UNKNOWN,), reason=reason)
            case WalkVerdict.PROVED, _:
                return Fate((Outlook.READY if facts.enrolled else Outlook.MUST_ENROL,))
            case _:
                plain = self._walk(replace(user, path="/"), facts, policies)[0]
                by_path = user.path != "/" and plain is WalkVerdict.PROVED
                return Fate((Outlook.LOCKED_OUT,), by_path)

    def _dead_locks(self, user: User, facts: Facts, policies: Policies) -> bool:
        """Tell whether only the forced change of the password is in the way at the console.

        A key may be another way in; the sign-in page stays shut.
        """
        if not (facts.password and facts.must_change) or facts.enrolled:
            return False
        if facts.expired and self._hard_expiry == (True,):
            # only an administrator can change it, whatever policies say
            return False
        at_console = replace(facts, active_keys=0)
        lasting = replace(at_console, must_change=False, expired=False)
        return (
            self._walk(user, at_console, policies)[0] is WalkVerdict.REFUTED
            and self._walk(user, lasting, policies)[0] is WalkVerdict.PROVED
        )

    def _walk(self, user: User, facts: Facts, policies: Policies) -> _Walked:
        """Walk under every password policy and with all devices that there may be.

        They must come out the same.
        """
        held = product(self._hard_expiry if facts.expired else (False,), [*_devices(facts)])
        found = {
            self._walked(
                user, replace(state, unassigned=_ORPHAN if taken else _NONE), policies, may
            )
            for state in (_state(facts, devices, hard_expired=each) for each, devices in held)
            for may, taken in product(self._may_change, names_taken(self._snapshot, user))
        }
        return found.pop() if len(found) == 1 else (WalkVerdict.UNKNOWN, None)

    def _walked(self, user: User, state: State, policies: Policies, may_change: bool) -> _Walked:
        """Walk once for equal policies; those that are about nothing on the way do not matter."""
        named = [policy for policy in policies.identity if self._matters(policy.document)]
        limits = [*(policies.boundaries or ())]
        limits += [policy for level in policies.scps for policy in level.policies]
        number = self._numbers.of
        documents = (
            frozenset(number(policy.document) for policy in named),
            *(number(policy.document) for policy in limits),
        )
        matter = replace(policies, identity=tuple(named))
        if documents not in self._traits:
            self._traits[documents] = traits_of(matter)
        alike = likeness(user, self._traits[documents])
        key = (state, user.path, may_change, documents, alike)
        if key not in self._walks:
            self._walks[key] = self._told(user, state, matter, may_change)
        return self._walks[key]

    def _told(self, user: User, state: State, policies: Policies, may_change: bool) -> _Walked:
        """Return whether somebody who starts like this gets in, in this account."""
        told = story("new-user")
        asked = replace(told, question=replace(told.question, start=state))
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
            found = answer(asked, policies, around)
        except FaultyPolicy as error:
            message = error.faults[0].message
            return WalkVerdict.UNKNOWN, Text(message, message)
        result = found.result
        return found.verdict, result.reason if isinstance(result, Unexplored) else None

    def _matters(self, document: Document) -> bool:
        """Tell whether a document says anything about what is done on the way in."""
        number = self._numbers.of(document)
        if number not in self._matter:
            self._matter[number] = any(_is_about_the_way(document))
        return self._matter[number]

    def _is_gate(self) -> bool:
        """Tell whether what would be attached is a gate at all."""
        named = Named.of(f"arn:{self._snapshot.partition}:iam::{self._snapshot.account}:user/any")
        policies = Policies(identity=(self._gate,))
        found = gate_shut(policies, named, self._snapshot.taken_at, later=True).direct
        return isinstance(found, Proved)


def _untold(why: str) -> Fate:
    """Return that it is not known what happens to a user, by AWS's own answer."""
    return Fate((Outlook.UNKNOWN,), reason=Text(why, why) if why else None)


def _is_about_the_way(document: Document) -> Iterator[bool]:
    acts = [act.value for act in story("new-user").question.acts if ":" in act.value]
    for statement in document.statements:
        for act in acts:
            yield matches(statement.action, act, Doubts(Switches()))


def _may_be(facts: Facts) -> Iterator[Facts]:
    """Yield what somebody may hold: where it is not known, a password that must be changed or not.

    One that has expired must be.
    """
    either = (False, True)
    for must_change in either if facts.must_change is None else (facts.must_change,):
        for expired in either if facts.expired is None else (facts.expired,):
            if must_change or not expired:
                yield replace(facts, must_change=must_change, expired=expired)


def _devices(facts: Facts) -> Iterator[frozenset[Device]]:
    """Yield the devices that somebody may have; one that no program can read gives no code."""
    kinds = {each.kind for each in facts.devices}
    if kinds - {DeviceKind.FIDO} or not facts.devices_known:
        yield frozenset({Device(Hand.ACTOR)})
    if kinds == {DeviceKind.FIDO} or not facts.devices_known:
        yield frozenset({Device(Hand.ACTOR_PASSKEY)})
    if facts.enrolled is False:
        yield frozenset()


def _state(facts: Facts, devices: frozenset[Device], *, hard_expired: bool) -> State:
    """Return where somebody starts."""
    person = Person(
        Password.KNOWN if facts.password else Password.NONE,
        must_change=bool(facts.must_change),
        hard_expired=hard_expired,
        devices=devices,
    )
    keys = frozenset({Hold(Who.USER, Held.KEY)}) if facts.active_keys else frozenset()
    return State(person, holds=keys)
