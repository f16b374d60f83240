"""Does each user of an account get in: found by walking through every sequence of steps.

A user starts with what the snapshot says that they hold, and must be able to come to a session
with MFA. Statements about other actions than those of the way in cannot change it and are left
out, so that users with the same way in are asked about once.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from itertools import product

from sekisho.account import DeviceKind, Snapshot, User, policies_of, users_may_change
from sekisho.audit.orphans import ORPHANS, names_taken
from sekisho.engine import AttachedPolicy, Level, Policies
from sekisho.engine.glob import like
from sekisho.errors import FaultyAccount, FaultyPolicy
from sekisho.language import Text
from sekisho.policy import Document
from sekisho.policy.document import Statement
from sekisho.prover.walk import Reachable, Setting, Unexplored, Unreachable, search, step_text
from sekisho.prover.walk.model import Act, Device, Hand, Held, Hold, Password, Person, State, Who
from sekisho.prover.walk.search import Goal, Question
from sekisho.rollout.held import UNREAD, UNREAD_RULES
from sekisho.rollout.plan import Verdict

__all__ = ["Entry", "entries_of"]

_CALLS = frozenset(
    {
        *(Act.CREATE_DEVICE, Act.ENABLE_DEVICE, Act.DELETE_DEVICE),
        *(Act.CHANGE_PASSWORD, Act.SESSION_TOKEN),
    }
)
_ACTS = _CALLS | {Act.SIGN_IN, Act.GIVE_CODE, Act.NEW_PASSWORD}
_ACTIONS = tuple(act.value.lower() for act in _CALLS)
_IN = Goal(frozenset({Hold(Who.USER, Held.CONSOLE_MFA), Hold(Who.USER, Held.TOKEN_MFA)}))
_OWN = "${aws:username}"
_OF_THE_USER = ("aws:username", "aws:userid", "aws:principalarn", "aws:principaltag/")

_STOPPED = Text("stopped at: {step}", "ここで止まります: {step}")
_NO_WAY = Text("there is no way", "方法がありません")
_NO_WORDS = Text("", "")
_UNKNOWN = Text("cannot be told: {reason}", "判断できません: {reason}")


@dataclass(frozen=True, slots=True)
class Entry:
    """Whether a user comes to a session with MFA, and if not, where the way ends."""

    verdict: Verdict
    why: Text = _NO_WORDS


def entries_of(
    snapshot: Snapshot, users: Iterable[User], unread: Mapping[str, tuple[str, ...]]
) -> Mapping[str, Entry]:
    """Return whether each of the users gets in, by name; who holds nothing is left out.

    Args:
        snapshot: the account.
        users: some of its users.
        unread: of whom it was not read what they hold, as `held.unread_held` tells.
    """
    asked = _Asked(snapshot)
    return {
        user.name: asked.entry(user)
        if user.name not in unread
        else Entry(Verdict.UNKNOWN, UNREAD.filled(what=", ".join(unread[user.name])))
        for user in users
        if user.name in unread or user.password or any(key.active for key in user.keys)
    }


class _Asked:
    """What was found out so far, by what matters for the way in."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._known: dict[tuple[object, ...], Entry] = {}
        rules, may, either = snapshot.password_policy, users_may_change(snapshot), (False, True)
        self._may_change = either if may is None else (may,)
        hard = rules is not None and rules.hard_expiry
        self._hard_expiry = either if may is None else (hard,)

    def entry(self, user: User) -> Entry:
        """Return whether one user gets in."""
        try:
            policies = _cut(policies_of(self._snapshot, user.name))
            named = user.name if _name_matters(policies) else ""
            key = (_documents(policies), named, user.path, *self._starts(user))
            if key not in self._known:
                self._known[key] = self._walks(user, policies)
            return self._known[key]
        except (FaultyAccount, FaultyPolicy) as error:
            reason = "; ".join(fault.message for fault in error.faults)
            return Entry(Verdict.UNKNOWN, _UNKNOWN.filled(reason=reason))

    def _walks(self, user: User, policies: Policies) -> Entry:
        """Walk under every password policy that there may be; they must come out the same."""
        found = [
            self._walk(user, policies, start, may)
            for start in self._starts(user)
            for may in self._may_change
        ]
        if len({each.verdict for each in found}) == 1:
            return found[0]
        known = len(self._may_change) == 1
        return Entry(Verdict.UNKNOWN, UNREAD.filled(what=ORPHANS) if known else UNREAD_RULES)

    def _starts(self, user: User) -> tuple[State, ...]:
        """Return what the user holds, as the model of sign-in has it, expired for good or not."""
        expired = user.password is not None and self._expired(user)
        hard = self._hard_expiry if expired else (False,)
        return tuple(
            replace(
                self._start(user, expired=expired, hard_expired=each),
                unassigned=frozenset({Device(Hand.ELSEWHERE, Who.USER)} if taken else ()),
            )
            for each, taken in product(hard, names_taken(self._snapshot, user))
        )

    def _start(self, user: User, *, expired: bool, hard_expired: bool) -> State:
        devices = frozenset(
            Device(
                Hand.ACTOR_PASSKEY if device.kind is DeviceKind.FIDO else Hand.ACTOR,
                Who.USER if device.serial.rpartition("/")[2] == user.name else "",
            )
            for device in user.devices
        )
        password = user.password
        return State(
            Person(
                Password.NONE if password is None else Password.KNOWN,
                must_change=password is not None and (password.reset_required or expired),
                hard_expired=hard_expired,
                devices=devices,
            ),
            holds=frozenset({Hold(Who.USER, Held.KEY)} if any(k.active for k in user.keys) else ()),
        )

    def _expired(self, user: User) -> bool:
        """Return whether the password is too old by the account's policy, as the report has it."""
        report = self._snapshot.report
        row = report.rows.get(user.name) if report is not None else None
        end = row.password_next_rotation if row is not None else None
        return end is not None and end <= self._snapshot.taken_at

    def _walk(self, user: User, policies: Policies, start: State, may_change: bool) -> Entry:
        setting = Setting(
            user=policies,
            users_may_change=may_change,
            names={Who.USER: user.name},
            path=user.path,
            user_id=user.id,
            user_tags=user.tags,
            partition=self._snapshot.partition,
            account=self._snapshot.account,
            now=self._snapshot.taken_at,
        )
        match search(setting, Question(start, _IN, _ACTS)):
            case Reachable():
                return Entry(Verdict.PROVED)
            case Unexplored(reason):
                return Entry(Verdict.UNKNOWN, _UNKNOWN.filled(reason=reason))
            case Unreachable(deadlock=attempt):
                if attempt is None:
                    return Entry(Verdict.REFUTED, _NO_WAY)
                step = step_text(attempt.refused)
                why = Text(_STOPPED.en.format(step=step.en), _STOPPED.ja.format(step=step.ja))
                return Entry(Verdict.REFUTED, why)


def _cut(policies: Policies) -> Policies:
    """Return the policies with the statements that can matter for the way in."""

    def cut(attached: tuple[AttachedPolicy, ...]) -> tuple[AttachedPolicy, ...]:
        return tuple(AttachedPolicy(each.name, _relevant(each.document)) for each in attached)

    return replace(
        policies,
        identity=tuple(each for each in cut(policies.identity) if each.document.statements),
        boundaries=None if policies.boundaries is None else cut(policies.boundaries),
        scps=tuple(Level(level.name, cut(level.policies)) for level in policies.scps),
    )


@cache
def _relevant(document: Document) -> Document:
    return replace(document, statements=tuple(s for s in document.statements if _concerns(s)))


def _concerns(statement: Statement) -> bool:
    """Tell whether a statement is about an action of the way in."""
    patterns = [value.lower() for value in statement.action.values]
    named = [any(like(pattern, action) for pattern in patterns) for action in _ACTIONS]
    return not all(named) if statement.action.negated else any(named)


def _documents(policies: Policies) -> tuple[object, ...]:
    """Return the sets of documents: their names and order do not matter."""
    bound = policies.boundaries
    return (
        frozenset(each.document for each in policies.identity),
        None if bound is None else frozenset(each.document for each in bound),
        tuple(frozenset(each.document for each in level.policies) for level in policies.scps),
    )


def _name_matters(policies: Policies) -> bool:
    """Tell whether the policies can be about the user in another way than by the variable."""
    attached = [*policies.identity, *(policies.boundaries or ())]
    attached += [each for level in policies.scps for each in level.policies]
    return any(_names_somebody(s) for each in attached for s in each.document.statements)


def _names_somebody(statement: Statement) -> bool:
    values = statement.resource.values if statement.resource else ()
    return any(
        condition.key.lower().startswith(_OF_THE_USER) or any("${" in v for v in condition.values)
        for condition in statement.conditions
    ) or any(
        value.rpartition("/")[2].replace(_OWN, "") not in ("", "*")
        for value in values
        if value != "*"
    )
