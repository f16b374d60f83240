"""What a plan takes away from who signs in with MFA: found by the prover, for every request."""

from collections.abc import Callable, Iterator

from sekisho.account import User
from sekisho.audit import named_of
from sekisho.engine import Policies
from sekisho.errors import FaultyPolicy
from sekisho.messages import Message, verbatim
from sekisho.policy import Effect
from sekisho.prover import (
    Proved,
    Question,
    Refuted,
    Unknown,
    expected_exempt,
    lost_with_mfa,
    mfa_opens,
    never,
)
from sekisho.prover import Verdict as Found
from sekisho.rollout.outlook import Outlook, policies_or_none
from sekisho.rollout.plan import Note, Verdict
from sekisho.rollout.texts import LOSES, MAY_LOSE, UNKNOWN, UNREAD_POLICIES

__all__ = ["losing", "shut_out"]

_NO_WORDS = verbatim("")
_OWN_CALLS = ("iam:", "sts:")


def losing(outlook: Outlook) -> Iterator[Note]:
    """Yield who is not allowed something any more even with MFA, with one example, and who may."""
    found = outlook.decided(_lost)
    for kind, identity, text in ((Refuted, "loses", LOSES), (Unknown, "may-lose", MAY_LOSE)):
        whom = {name: each for name, each in found.items() if isinstance(each, kind)}
        if whom:
            yield Note(identity, text.filled(what=_said(next(iter(whom.values())))), tuple(whom))


def _said(found: Found) -> Message:
    match found:
        case Refuted(counterexample):
            asked = f"`{counterexample.request.action}` on `{counterexample.request.resource}`"
            return Message.both(
                asked, f"`{counterexample.request.action}` (`{counterexample.request.resource}`)"
            )
        case Unknown(reason):
            return reason
        case _:
            return _NO_WORDS


def _lost(outlook: Outlook, user: User) -> Found:
    before, after = _policies(outlook, user)
    if before is None or after is None:
        return Unknown(UNREAD_POLICIES)
    now = outlook.before.taken_at
    return _found(lambda: lost_with_mfa(before, after, named_of(user), now))


def shut_out(outlook: Outlook, user: User) -> tuple[Verdict, Message]:
    """Return whether MFA still opens something for a user for whom it did.

    Asked of what is attached to the user, and of whatever may be attached later.
    """
    before, after = _policies(outlook, user)
    if before is None or after is None:
        return Verdict.UNKNOWN, UNREAD_POLICIES
    for later in (False, True):
        will = _opens(outlook, user, after, later=later)
        was = will if isinstance(will, Refuted) else _opens(outlook, user, before, later=later)
        match was, will:
            case (Refuted(), Refuted()) | (Proved(), _):
                continue
            case (Unknown(reason), _) | (_, Unknown(reason)):
                return Verdict.UNKNOWN, UNKNOWN.filled(reason=reason)
            case _:
                return Verdict.REFUTED, _NO_WORDS
    return Verdict.PROVED, _NO_WORDS


def _policies(outlook: Outlook, user: User) -> tuple[Policies | None, Policies | None]:
    """Return the user's policies before and after, None if not known; who is new had none."""
    known = outlook.known(user)
    before = policies_or_none(outlook.before, user.name) if known else Policies()
    return before, policies_or_none(outlook.after, user.name)


def _opens(outlook: Outlook, user: User, policies: Policies, *, later: bool) -> Found:
    """Return a request that MFA opens as a refutation, a proof that there is none, or neither."""
    now, besides = outlook.before.taken_at, (*expected_exempt(), *_own_actions(outlook))
    return _found(lambda: mfa_opens(policies, named_of(user), now, besides, later=later))


def _found(question: Callable[[], Question]) -> Found:
    try:
        return never(question())
    except FaultyPolicy as error:
        said = "; ".join(fault.message for fault in error.faults)
        return Unknown(verbatim(said))


def _own_actions(outlook: Outlook) -> Iterator[str]:
    """Yield what of IAM and STS the goal's policies allow: what people need for their devices."""
    for policy in filter(None, map(outlook.after.policies.get, outlook.policies)):
        for statement in policy.document.statements:
            if statement.effect is Effect.ALLOW and not statement.action.negated:
                names = statement.action.values
                yield from (each for each in names if each.lower().startswith(_OWN_CALLS))
