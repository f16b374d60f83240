"""Which users a plan does the same to: what is found out for one of them holds for the others."""

from collections.abc import Iterable, Mapping

from sekisho.account import Snapshot, User, policies_of
from sekisho.audit.alike import Likenesses, Numbers
from sekisho.errors import FaultyAccount
from sekisho.rollout.decide import ASKED
from sekisho.rollout.held import others_of, unread_held

__all__ = ["representatives"]


def representatives(
    before: Snapshot, after: Snapshot, users: Iterable[User], *, holding: bool = True
) -> Mapping[str, User]:
    """Return for each user, by name, one who stands for all that are alike.

    Alike are users for whom the same documents decide before and after, and whom neither these nor
    what is asked can tell apart, and who (if `holding`) hold the same kinds of things, as far as is
    known.
    """
    likenesses, unread = Likenesses(Numbers(), ASKED), unread_held(before)
    first: dict[tuple[object, ...], User] = {}

    def key(user: User) -> tuple[object, ...]:
        try:
            decide = [policies_of(each, user.name) for each in (before, after)]
        except FaultyAccount:
            return (user.name,)
        held = (_holds(user), unread.get(user.name, ())) if holding else ()
        return (*held, *likenesses.of(user, *decide))

    return {user.name: first.setdefault(key(user), user) for user in users}


def _holds(user: User) -> tuple[bool, ...]:
    """Return whether there is a credential of each kind that may be shut out."""
    return (
        user.password is not None,
        any(key.active for key in user.keys),
        bool(others_of(user)),
    )
