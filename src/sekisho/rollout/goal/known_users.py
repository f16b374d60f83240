"""What a campaign remembers of users: what they were called, and since when they have signed in.

Newcomers have time to enrol, counted from their first login profile: one that is made anew does not
begin that time again. And a goal that names somebody still means them once they are renamed, and
is not at fault once they have left.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from sekisho.account import Snapshot
from sekisho.errors import Code, Fault, FaultyInput
from sekisho.lazy import dataclass
from sekisho.messages import Message

KNOWN_USERS = "users.json"
"""What the file is called in the folder of a campaign."""

_ANOTHER_ACCOUNT = Message("none of its users is in account {account}: it is of another account")

FormerNames = Mapping[str, str | None]
"""By names that users had, what they are called now; None: they have left."""


@dataclass(frozen=True, slots=True)
class KnownUser:
    """A user as an account has or had it.

    Attributes:
        names: what it was called, the latest last.
        joined: when its first login profile was made; None: it had none, or that is not known.
    """

    names: tuple[str, ...]
    joined: datetime | None = None


@dataclass(frozen=True, slots=True)
class KnownUsers:
    """The users of an account, those who have left among them, by id."""

    users: Mapping[str, KnownUser]

    @property
    def joined(self) -> Mapping[str, datetime]:
        """When users had their first login profile, by user id."""
        return {user: each.joined for user, each in self.users.items() if each.joined}

    def former_names(self, snapshot: Snapshot) -> FormerNames:
        """Return the present names of users by a former name; None: they have left.

        A name that somebody has now is not a former name, even if another user had it before.
        """
        return self.former_names_of({user.id: user.name for user in snapshot.users})

    def former_names_of(self, present: Mapping[str, str]) -> FormerNames:
        """Return the same of an account of which only the names of users are known, by id."""
        taken = {*present.values()}
        return {
            name: present.get(user)
            for user, each in self.users.items()
            for name in each.names
            if name not in taken
        }

    def to_json(self) -> str:
        """Return the text of the file."""
        users = {
            user: {"names": list(each.names), "joined": each.joined and each.joined.isoformat()}
            for user, each in self.users.items()
        }
        return json.dumps(users, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def known_users(path: Path, snapshot: Snapshot) -> KnownUsers:
    """Return the known users of an account.

    Args:
        path: what was known before; it need not be there.
        snapshot: the account as it is.

    Raises:
        FaultyInput: if the file is damaged, or knows users of another account alone.
    """
    known = {**users_known_before(path).users}
    if known and snapshot.users_listed and not known.keys() & {user.id for user in snapshot.users}:
        # ids are unique in all of AWS: a goal for everybody was not meant for this account
        fault = Fault(
            Code.FILE_BAD_SHAPE,
            _ANOTHER_ACCOUNT.filled(account=snapshot.account),
            fix=Message("give the folder of this account, or a new one, with `--state`"),
        )
        raise FaultyInput(str(path), [fault])
    for user in snapshot.users:
        before = known.get(user.id, KnownUser(()))
        made = user.password.created_at if user.password is not None else None
        names = (*(name for name in before.names if name != user.name), user.name)
        known[user.id] = KnownUser(names, before.joined or made)
    return KnownUsers(known)


def users_known_before(path: Path) -> KnownUsers:
    """Return the known users in a file; none if there is no file.

    Raises:
        FaultyInput: if it is damaged.
    """
    known: dict[str, KnownUser] = {}
    if path.exists():
        try:
            known = {str(user): _known_user(each) for user, each in _read(path).items()}
        except (ValueError, TypeError, AttributeError, KeyError):
            fault = Fault(Code.FILE_BAD_SHAPE, Message("is not a record of users"))
            raise FaultyInput(str(path), [fault]) from None
    return KnownUsers(known)


def _read(path: Path) -> dict[str, dict[str, object]]:
    value: dict[str, dict[str, object]] = json.loads(path.read_text("utf-8"))
    return value


def _known_user(value: Mapping[str, object]) -> KnownUser:
    names, joined = value["names"], value["joined"]
    if not isinstance(names, list):
        raise TypeError
    at = None if joined is None else datetime.fromisoformat(str(joined))
    return KnownUser(tuple(map(str, names)), at)
