"""Who may take MFA enforcement away: administrators, and who may edit what enforces MFA for them.

Whether somebody is an administrator is decided by the prover, and not by a policy's name: there is
an allowed call in a session with MFA that takes enforcement away from others, or gives every right.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial

from sekisho.account import Snapshot, User, policies_of
from sekisho.audit.enforcement import EVERYTHING, Likenesses, Numbers, named_of
from sekisho.audit.impact.powers import ASKED, Powers
from sekisho.audit.impact.questions import AllowedCalls, CallingSession
from sekisho.audit.impact.removals import edits_of, enforcing_of, probes_of
from sekisho.engine import Policies
from sekisho.errors import FaultyAccount, FaultyPolicy
from sekisho.messages import Message
from sekisho.prover import CallerCredential, Proved, Refuted, Unknown, Verdict


@dataclass(frozen=True, slots=True)
class Power:
    """What a user may do to MFA enforcement, in a session with MFA.

    Attributes:
        administers: whether the user can change what decides for others, or take every right.
        request: an allowed request that does so, or the first of several; "" if there is none.
        unknown: why it is not known whether the user is an administrator; None if it is.
        enforcing MFA: the policies that stop the user without MFA, by name.
        edits: an allowed request that takes away or changes one of them; "" if there is none.
        edits_unknown: why that is not known; None if it is.
    """

    administers: bool
    request: str = ""
    unknown: Message | None = None
    enforcing: tuple[str, ...] = ()
    edits: str = ""
    edits_unknown: Message | None = None


def powers_of(snapshot: Snapshot) -> Mapping[str, Power]:
    """Return what each user may do to MFA enforcement, by user name."""
    asked = Administrators(snapshot)
    return {user.name: asked.power(user) for user in snapshot.users}


@dataclass(frozen=True, slots=True)
class _Known:
    """A user's policies, what of the user matters to them, and which of them MFA enforcement."""

    policies: Policies
    alike: tuple[object, ...]
    enforcing: tuple[str, ...]


class Administrators:
    """Who may take enforcement away in one account; users who are alike are asked about once."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        numbers = Numbers()
        self._calls = AllowedCalls(snapshot.taken_at, numbers)
        self._likenesses = Likenesses(numbers, ASKED)
        self._enforcing: dict[object, tuple[str, ...]] = {}
        self._probes: dict[object, frozenset[str]] = {}
        self._verdicts: dict[object, tuple[Verdict, User]] = {}
        self._edits: dict[object, tuple[int | None, Unknown | None]] = {}

    @cached_property
    def _known(self) -> Mapping[str, _Known | Message]:
        return {user.name: self._read(user) for user in self._snapshot.users}

    @cached_property
    def _powers(self) -> Powers:
        enforcements = {
            name: each if isinstance(each, Message) else each.enforcing
            for name, each in self._known.items()
        }
        return Powers(self._snapshot, self._calls, self._likenesses, enforcements)

    def of(
        self, user: User, credential: CallerCredential = CallerCredential.MFA_SESSION
    ) -> Verdict:
        """Return whether a user, who signs with this, is no administrator.

        Refuted shows a call that makes one, or the first of several, by this user or one alike.
        """
        known = self._known[user.name]
        if isinstance(known, Message):
            return Unknown(known)
        try:
            return self._administers(user, known, credential)[0]
        except (FaultyAccount, FaultyPolicy) as error:
            return Unknown(_said(error))

    def power(self, user: User) -> Power:
        """Return what one user may do."""
        known = self._known[user.name]
        if isinstance(known, Message):
            return Power(administers=False, unknown=known, edits_unknown=known)
        try:
            verdict, of = self._administers(user, known)
            edits, doubt = self._on_own_enforcement(user, known)
        except (FaultyAccount, FaultyPolicy) as error:
            why = _said(error)
            return Power(administers=False, unknown=why, edits_unknown=why)
        unsure = None if doubt is None else doubt.reason
        power = Power(False, enforcing=known.enforcing, edits=edits, edits_unknown=unsure)
        match verdict:
            case Proved():
                return power
            case Refuted(counterexample):
                on = counterexample.request.resource
                request = f"{counterexample.request.action} on {user.arn if on == of.arn else on}"
                return replace(power, administers=True, request=request)
            case Unknown(reason):
                return replace(power, unknown=reason)

    def _read(self, user: User) -> _Known | Message:
        """Return what is known of a user's policies, or why nothing is."""
        try:
            policies = policies_of(self._snapshot, user.name)
            alike = self._likenesses.of(user, policies)
            key = (alike, _names(policies))
            if key not in self._enforcing:
                self._enforcing[key] = enforcing_of(
                    self._snapshot, user, policies, partial(self._allowed_probes, user, policies)
                )
        except (FaultyAccount, FaultyPolicy) as error:
            return _said(error)
        return _Known(policies, alike, self._enforcing[key])

    def _allowed_probes(self, user: User, policies: Policies) -> frozenset[str]:
        """Return what the service control policies allow with MFA of what is asked for usually.

        They are the same for many sets of other policies.
        """
        limits = replace(policies, identity=(EVERYTHING,), boundaries=None)
        alike = self._likenesses.of_requests(user, limits) if limits.scps else ()
        if alike not in self._probes:
            self._probes[alike] = probes_of(self._snapshot, user, limits)
        return self._probes[alike]

    def _administers(
        self, user: User, known: _Known, credential: CallerCredential = CallerCredential.MFA_SESSION
    ) -> tuple[Verdict, User]:
        """Return whether a user is an administrator, and the user of whom it was asked."""
        key = (self._powers.likeness(user, known.policies), credential)
        if key not in self._verdicts:
            self._verdicts[key] = (self._powers.of(user, known.policies, credential), user)
        return self._verdicts[key]

    def _on_own_enforcement(self, user: User, known: _Known) -> tuple[str, Unknown | None]:
        """Return a request by which the user may change what enforces MFA for the user.

        Or why not known.
        """
        places = (user.groups, user.attached)
        key = (known.alike, _names(known.policies), places)
        asks = list(edits_of(self._snapshot, user, known.enforcing)) if known.enforcing else []
        if key not in self._edits:
            caller = CallingSession(named_of(user), known.policies)
            verdicts = [self._calls.may(caller, ask) for ask in asks]
            place = next((n for n, each in enumerate(verdicts) if isinstance(each, Refuted)), None)
            doubt = next((each for each in verdicts if isinstance(each, Unknown)), None)
            self._edits[key] = (place, doubt)
        place, doubt = self._edits[key]
        if place is None:
            return "", doubt
        return f"{asks[place].actions[0]} on {asks[place].on[0]}", None


def _names(policies: Policies) -> tuple[str, ...]:
    return tuple(policy.name for policy in (*policies.identity, *(policies.boundaries or ())))


def _said(error: FaultyAccount | FaultyPolicy) -> Message:
    return error.faults[0].message
