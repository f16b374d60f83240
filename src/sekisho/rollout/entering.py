"""Does each user of an account get in, in the words of a plan.

A user starts with what the snapshot says that they hold, and must be able to come to a session
with MFA: the audit walks there.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from sekisho.account import Snapshot, User, policies_of
from sekisho.audit import Gated, gates_of
from sekisho.audit.people import Facts, Walks, facts_of, may_hold
from sekisho.audit.people.walks import Walked
from sekisho.errors import FaultyAccount
from sekisho.language import Text
from sekisho.prover.attached import tells_mfa_apart
from sekisho.rollout.held import UNREAD
from sekisho.rollout.plan import Verdict

__all__ = ["Entry", "entries_of", "or_without_mfa"]

_NO_WORDS = Text("", "")
_UNKNOWN = Text("cannot be told: {reason}", "判断できません: {reason}")
_NO_REPORT = Text(
    "there is no credential report, and the password may have expired",
    "認証情報レポートがなく、パスワードの有効期限が切れている可能性があります",
)


@dataclass(frozen=True, slots=True)
class Entry:
    """Whether a user comes to a session with MFA, and if not, where the way ends.

    Attributes:
        without_mfa: to a session without, which is as good: see `or_without_mfa`.
        console: whether the password opens the console, with MFA or without; `NOBODY` if there is
            none.
    """

    verdict: Verdict
    why: Text = _NO_WORDS
    without_mfa: bool = False
    console: Verdict = Verdict.UNKNOWN


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
    unread, held = "; ".join((*facts.unread, *walks.unread(user))), [*may_hold(facts)]
    way = _told((walks.of(user, each, policies) for each in held), unread)
    console = Entry(Verdict.NOBODY)
    if user.password is not None:
        console = _told((walks.opens(user, each, policies) for each in held), unread)
    return replace(way, console=console.verdict)


def or_without_mfa(snapshot: Snapshot, user: User, entry: Entry) -> Entry:
    """Return the entry of somebody for whom a session without MFA counts if it is as good as one.

    It is where the user is not gated and no policy asks for MFA. By the password, if there is one:
    a key is no way to the console.
    """
    opens = entry.console in (Verdict.PROVED, Verdict.NOBODY)
    if entry.verdict is Verdict.PROVED or not opens:
        return entry
    gate = gates_of(replace(snapshot, users=(user,)))[user.name]
    if gate.gated in (Gated.PROVED, Gated.UNKNOWN):
        return entry
    if tells_mfa_apart(policies_of(snapshot, user.name)):
        return entry
    return replace(entry, verdict=Verdict.PROVED, why=_NO_WORDS, without_mfa=True)


def _told(walks: Iterable[Walked], unread: str) -> Entry:
    """Return how all of these walks came out."""
    by_verdict = {found.verdict: found for found in walks}
    walked = by_verdict.popitem()[1]
    if by_verdict or walked.why is None:
        # no call need have failed: a snapshot may do without a report
        return Entry(Verdict.UNKNOWN, _UNKNOWN.filled(reason=unread or _NO_REPORT))
    verdict = Verdict[walked.verdict.name]
    unsure = verdict is Verdict.UNKNOWN
    return Entry(verdict, _UNKNOWN.filled(reason=walked.why) if unsure else walked.why)
