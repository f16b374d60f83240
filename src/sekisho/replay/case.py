"""Who called, in what situation: all that a judgement depends on besides what was called."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from sekisho.engine import Assumptions, Decider
from sekisho.replay.binding import Binding, Bound, NotBound
from sekisho.replay.caller import TrailCaller, caller_of_event
from sekisho.replay.context import MFA, Call, Facts, is_always_read, read_facts, with_same
from sekisho.replay.difference import Difference
from sekisho.replay.event import Column, TrailEvent
from sekisho.replay.outcome import OutcomeReason
from sekisho.signin import HolderKind, RoleSessionMfa, SigninAssumptions


@dataclass(frozen=True, slots=True)
class JudgeSettings:
    """The points that AWS does not document."""

    assumptions: Assumptions = field(default_factory=Assumptions)
    signin: SigninAssumptions = field(default_factory=SigninAssumptions)


@dataclass(frozen=True, slots=True)
class Judging:
    """What judges: who is bound by what, which columns were read, and what decides."""

    binding: Binding
    columns: frozenset[Column]
    settings: JudgeSettings
    decider: Decider


OF_CALLER = (
    Column.TYPE,
    Column.CATEGORY,
    Column.RECIPIENT,
    Column.IDENTITY,
    Column.ACCOUNT,
    Column.PRINCIPAL,
    Column.KEY_ID,
    Column.MFA,
    Column.INVOKED_BY,
    Column.SIGN_IN_SESSION,
    Column.CALL_MFA,
)
"""The columns, of those that are always there, that a case is read from."""

OF_CALL = frozenset({Column.RESOURCES, Column.PARAMETERS})
"""The others that say what was called, and not by whom."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the policies are asked with.

    Attributes:
        gap: whether some policy of the caller's was not read.
        otherwise: the facts under the other setting of `role_session_mfa`, where they can differ.
    """

    caller: TrailCaller
    changes: Difference
    facts: Facts
    gap: bool = False
    otherwise: Facts | None = None

    @property
    def identity(self) -> tuple[object, ...]:
        """What tells cases apart: nothing of the caller that nothing asks for.

        Who somebody is beyond that matters only to whose a resource is.
        """
        who = self.caller if self.changes.resources else self.caller.kind
        return (who, self.gap, id(self.changes), self.facts.identity)


Case = Asked | OutcomeReason
"""What the policies are asked with, or why they are not asked."""

FindDifference = Callable[[Bound, TrailCaller], Difference]


def case_of(event: TrailEvent, judging: Judging, find: FindDifference) -> Case:
    """Return the situation of whoever called."""
    caller = caller_of_event(event)
    if isinstance(caller, OutcomeReason):
        return caller
    bound = judging.binding.of(caller)
    if isinstance(bound, NotBound):
        return bound.reason
    changes = find(bound, caller)
    keys = with_same((*changes.keys, *filter(is_always_read, changes.denied_keys)))
    call = Call(event, caller, bound.tags, judging.settings.signin)
    facts = read_facts(call, keys, judging.columns)
    otherwise = None
    if caller.kind is HolderKind.ROLE and MFA in keys:
        other = replace(call, signin=_turned(call.signin))
        otherwise = read_facts(other, keys, judging.columns)
    return Asked(caller, changes, facts, bound.gap is not None, otherwise)


def _turned(signin: SigninAssumptions) -> SigninAssumptions:
    absent = signin.role_session_mfa is RoleSessionMfa.ABSENT
    other = RoleSessionMfa.FALSE if absent else RoleSessionMfa.ABSENT
    return replace(signin, role_session_mfa=other)
