"""Does each user of an account get in, in the words of a plan.

A user starts with what the snapshot says that they hold, and must be able to come to a session
with MFA: the audit walks there.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sekisho.account import Snapshot, User, policies_of
from sekisho.audit.people import Facts, Walks, facts_of, may_hold
from sekisho.errors import FaultyAccount
from sekisho.language import Text
from sekisho.rollout.held import UNREAD
from sekisho.rollout.plan import Verdict

__all__ = ["Entry", "entries_of"]

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
    walks, facts = Walks(snapshot), facts_of(snapshot)
    return {
        user.name: _entry(snapshot, walks, user, facts[user.name])
        if user.name not in unread
        else Entry(Verdict.UNKNOWN, UNREAD.filled(what=", ".join(unread[user.name])))
        for user in users
        if user.name in unread or user.password or any(key.active for key in user.keys)
    }


def _entry(snapshot: Snapshot, walks: Walks, user: User, facts: Facts) -> Entry:
    """Walk by all that the user may hold; it must come out the same."""
    try:
        policies = policies_of(snapshot, user.name)
    except FaultyAccount as error:
        reason = "; ".join(fault.message for fault in error.faults)
        return Entry(Verdict.UNKNOWN, _UNKNOWN.filled(reason=reason))
    by_verdict = {
        found.verdict: found
        for each in may_hold(facts)
        for found in [walks.of(user, each, policies)]
    }
    walked = by_verdict.popitem()[1]
    if by_verdict or walked.why is None:
        reason = "; ".join((*facts.unread, *walks.unread(user)))
        return Entry(Verdict.UNKNOWN, _UNKNOWN.filled(reason=reason))
    verdict = Verdict[walked.verdict.name]
    unsure = verdict is Verdict.UNKNOWN
    return Entry(verdict, _UNKNOWN.filled(reason=walked.why) if unsure else walked.why)
