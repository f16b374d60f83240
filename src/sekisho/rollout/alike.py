"""Which users a plan does the same to: what is found out for one of them holds for the others."""

import re
from collections.abc import Iterable, Iterator, Mapping

from sekisho.account import Snapshot, User, policies_of
from sekisho.audit.alike import Traits, likeness, traits_of
from sekisho.audit.people import Facts, facts_of
from sekisho.engine import Policies
from sekisho.errors import FaultyAccount
from sekisho.policy import Document
from sekisho.rollout.held import others_of, unread_held

__all__ = ["representatives"]

_PARTS = 6
_WILD = re.compile(r"[*?$]")


def representatives(
    before: Snapshot, after: Snapshot, users: Iterable[User], *, holding: bool = True
) -> Mapping[str, User]:
    """Return for each user, by name, one who stands for all that are alike.

    Alike are users for whom the same documents decide before and after, none of which can tell them
    apart, who have the same path and (if `holding`) hold the same kinds of things, as far as is
    known.
    """
    seen, unread, facts = _Seen(), unread_held(before), facts_of(before)
    first: dict[tuple[object, ...], User] = {}
    return {
        user.name: first.setdefault(
            (
                *seen.of(before, user),
                *seen.of(after, user),
                user.path,
                *((_holds(user, facts), unread.get(user.name, ())) if holding else ()),
            ),
            user,
        )
        for user in users
    }


def _holds(user: User, facts: Mapping[str, Facts]) -> tuple[object, ...]:
    password, known = user.password, facts.get(user.name)
    return (
        password is not None,
        password is not None and password.reset_required,
        known is not None and known.must_change,
        any(key.active for key in user.keys),
        bool(others_of(user)),
        frozenset(device.kind for device in user.devices),
    )


class _Seen:
    """The sets of documents seen so far, each with what of a user matters to it."""

    def __init__(self) -> None:
        self._traits: dict[tuple[object, ...], Traits] = {}
        self._named: dict[tuple[object, ...], bool] = {}

    def of(self, snapshot: Snapshot, user: User) -> tuple[object, ...]:
        """Return what users need in common that nothing in this snapshot tells them apart."""
        try:
            policies = policies_of(snapshot, user.name)
        except FaultyAccount:
            return (user.name,)
        documents = _documents(policies)
        if documents not in self._traits:
            self._traits[documents] = traits_of(policies)
            self._named[documents] = any(map(_names_users, _values(policies)))
        name = user.name if self._named[documents] else ""
        return (documents, name, likeness(user, self._traits[documents]))


def _values(policies: Policies) -> Iterator[str]:
    """Yield every resource that a statement names."""
    attached = [*policies.identity, *(policies.boundaries or ())]
    attached += [each for level in policies.scps for each in level.policies]
    for each in attached:
        for statement in each.document.statements:
            yield from statement.resource.values if statement.resource else ()


def _names_users(value: str) -> bool:
    """Tell whether a resource takes in some users by their names, and not others."""
    parts = value.split(":", _PARTS - 1)
    if len(parts) < _PARTS:
        return not value.endswith("*")
    if parts[2] != "iam" and not set(parts[2]) & {*"*?"}:
        return False
    literal = _WILD.split(parts[-1], maxsplit=1)[0]
    if not (literal.startswith("user/") or "user/".startswith(literal)):
        return False
    return parts[-1].rpartition("/")[2].replace("${aws:username}", "") not in ("", "*")


def _documents(policies: Policies) -> tuple[object, ...]:
    """Return the sets of documents by identity, which is equality within one snapshot's objects."""

    def ids(documents: Iterable[Document]) -> frozenset[int]:
        return frozenset(map(id, documents))

    bounds = policies.boundaries
    return (
        ids(each.document for each in policies.identity),
        None if bounds is None else ids(each.document for each in bounds),
        tuple(ids(each.document for each in level.policies) for level in policies.scps),
    )
