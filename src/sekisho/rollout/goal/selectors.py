"""Select users by name, group, path, tag, name pattern, and by the credentials that they hold.

A selector is an object; all that it says must hold. A list of selectors means everybody whom one
of them selects.
"""

from collections.abc import Callable, Collection, Iterable
from fnmatch import fnmatchcase

from sekisho.account import Snapshot, User, users_not_read
from sekisho.documents import Shape
from sekisho.errors import Code, PlanRefused, did_you_mean
from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.rollout.goal.known_users import FormerNames

_Test = Callable[[User], bool | None]

_KEYS = ("user", "group", "path", "tag", "name", "with", "without", "all")
_DETAILS = "GetAccountAuthorizationDetails"
_PARTS_OF_USERS: dict[str, tuple[str, Callable[[User], bool]]] = {
    "password": ("GetLoginProfile", lambda user: user.password is not None),
    "key": ("ListAccessKeys", lambda user: any(key.active for key in user.keys)),
    "device": ("ListMFADevices", lambda user: bool(user.devices)),
}

NO_USER = Message("there is no user `{name}` in the account")
NO_GROUP = Message("there is no group `{name}` in the account")


@dataclass(frozen=True, slots=True)
class Selection:
    """The users whom a list of selectors selects.

    Attributes:
        users: the users, each with the `user` that names it; None if selected in another way.
        unread: users of whom a selector asks what could not be read.
        unmatched: the selectors that nobody matches today, whatever people hold, by their places.
    """

    users: dict[str, Shape | None]
    unread: frozenset[str]
    unmatched: tuple[str, ...] = ()


def check_users_listed(snapshot: Snapshot) -> None:
    """See that the users were read: else nobody can be meant.

    Raises:
        PlanRefused: if they were not, with AWS's answer.
    """
    gap = snapshot.users_gap
    if gap is not None:
        raise PlanRefused(
            Message("who the users are could not be read: `{operation}`: {cause}").filled(
                operation=gap.operation, cause=gap.cause
            ),
            code=Code.PLAN_INCOMPLETE,
            fix=Message(
                "let the caller read the account: `sekisho collect --print-policy` says how"
            ),
        )


def select_users(listed: Shape, snapshot: Snapshot, former: FormerNames) -> Selection:
    """Return the users whom a list of selectors selects.

    A name that a user had before means that user, and one who has left is no fault. Any other user
    or group that is not in the account is one, and so is a selector that nobody can ever match. One
    that nobody matches today is none: somebody may tomorrow.

    Args:
        listed: the selectors.
        snapshot: the account.
        former: by names that users had, what they are called now.
    """
    selected: dict[str, Shape | None] = {}
    unread: set[str] = set()
    unmatched: list[str] = []
    for shape in listed.items():
        faults = len(shape.faults)
        given = shape.members((), _KEYS)
        names = {name: each for name, each in given.items() if not each.absent}
        if not names and isinstance(shape.raw, dict):
            shape.fault(Message("selects nobody"), fix=Message("write `all: true` for everybody"))
        tests = {name: _test(name, each, snapshot, former) for name, each in names.items()}
        if len(shape.faults) == faults and "all" in names and not names["all"].flag():
            shape.fault(Message("selects nobody"), fix=Message("write `all: true` for everybody"))
        lasting = [test for name, test in tests.items() if name not in ("with", "without")]
        # read above, with its fault if it is no text
        name = names["user"].raw if "user" in names else None
        left = name is not None and former.get(str(name), "") is None
        users = snapshot.users if name is None else _users_named(str(name), snapshot, former)
        nobody = all(_all(lasting, user) is False for user in users)
        if len(shape.faults) == faults and nobody and not left:
            unmatched.append(shape.path)
        for user in users if tests else ():
            answer = _all(tests.values(), user)
            if answer is None:
                unread.add(user.name)
            elif answer and selected.get(user.name) is None:
                selected[user.name] = names.get("user")
    return Selection(selected, frozenset(unread - selected.keys()), tuple(unmatched))


def _users_named(name: str, snapshot: Snapshot, former: FormerNames) -> tuple[User, ...]:
    """Return the user of a name, to be tried alone: thousands may be named, one by one."""
    known = snapshot.user_named.get(former.get(name, name) or "")
    return () if known is None else (known,)


def _all(tests: Iterable[_Test], user: User) -> bool | None:
    """Return whether all tests hold; None if that hangs on what could not be read."""
    answers = {test(user) for test in tests}
    if False in answers:
        return False
    return None if None in answers else True


def _test(key: str, shape: Shape, snapshot: Snapshot, former: FormerNames) -> _Test:
    """Return whether a user is as one key of a selector says; None where it was not read."""
    match key:
        case "with" | "without":
            tests = [_holding(each, snapshot, wanted=key == "with") for each in shape.items()]
            return lambda user: _all(tests, user)
        case "all":
            everybody = shape.flag()
            return lambda _: everybody
        case "group" | "path" | "tag":
            return _read(
                _test_by_name(key, shape, snapshot, former), users_not_read(snapshot, _DETAILS)
            )
        case _:
            return _test_by_name(key, shape, snapshot, former)


def _read(test: _Test, unread: frozenset[str]) -> _Test:
    """Return a test that does not take what was not read for a no."""
    return lambda user: test(user) or (None if user.name in unread else False)


def _test_by_name(key: str, shape: Shape, snapshot: Snapshot, former: FormerNames) -> _Test:
    text = shape.text()
    match key:
        case "user":
            present = former.get(text, text)
            if present is not None:
                _check_exists(shape, present, NO_USER, snapshot.user_named.keys())
            return lambda user: user.name == present
        case "group":
            _check_exists(shape, text, NO_GROUP, snapshot.group_named.keys())
            return lambda user: text in user.groups
        case "path":
            return lambda user: user.path.startswith(text)
        case "tag":
            name, equals, value = text.partition("=")
            return lambda user: name in user.tags and (not equals or user.tags[name] == value)
        case _:
            return lambda user: fnmatchcase(user.name, text)


def _check_exists(shape: Shape, name: str, kind: Message, names: Collection[str]) -> None:
    if name not in names and isinstance(shape.raw, str):
        message = kind.filled(name=name)
        shape.fault(message, Code.ACCOUNT_BAD_REFERENCE, did_you_mean(name, names))


def _holding(shape: Shape, snapshot: Snapshot, *, wanted: bool) -> _Test:
    if (text := shape.choice(_PARTS_OF_USERS)) is None:
        return lambda _: False
    operation, holds = _PARTS_OF_USERS[text]
    has_it = _read(holds, users_not_read(snapshot, operation))
    return has_it if wanted else lambda user: None if (has := has_it(user)) is None else not has
