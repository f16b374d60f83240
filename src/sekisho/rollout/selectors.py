"""Who is meant: users by name, group, path, tag, name pattern, and by what they hold.

A selector is an object; all that it says must hold. A list of selectors means everybody whom one
of them selects.
"""

from collections.abc import Callable
from fnmatch import fnmatchcase

from sekisho.account import Snapshot, User
from sekisho.errors import Code
from sekisho.files import Shape

__all__ = ["selected"]

_KEYS = ("user", "group", "path", "tag", "name", "with", "without", "all")
_HELD: dict[str, Callable[[User], bool]] = {
    "password": lambda user: user.password is not None,
    "key": lambda user: any(key.active for key in user.keys),
    "device": lambda user: bool(user.devices),
}


def selected(listed: Shape, snapshot: Snapshot) -> tuple[tuple[str, Shape | None], ...]:
    """Return the users whom a list of selectors selects, each with the `user` that names it.

    That is None where a user is selected in another way. What is not in the account is a fault.
    """
    found: dict[str, Shape | None] = {}
    for shape in listed.items():
        given = shape.members((), _KEYS)
        names = {name: each for name, each in given.items() if not each.absent}
        if not names and isinstance(shape.raw, dict):
            shape.fault("selects nobody", cure="write `all: true` for everybody")
        tests = [_test(name, each, snapshot) for name, each in names.items()]
        for user in snapshot.users:
            if tests and all(test(user) for test in tests) and found.get(user.name) is None:
                found[user.name] = names.get("user")
    return tuple(found.items())


def _test(key: str, shape: Shape, snapshot: Snapshot) -> Callable[[User], bool]:
    """Return whether a user is as one key of a selector says."""
    match key:
        case "with":
            held = [_holding(each) for each in shape.items()]
            return lambda user: all(test(user) for test in held)
        case "without":
            held = [_holding(each) for each in shape.items()]
            return lambda user: not any(test(user) for test in held)
        case "all":
            everybody = shape.flag()
            return lambda _: everybody
        case "tag":
            name, equals, value = shape.text().partition("=")
            return lambda user: name in user.tags and (not equals or user.tags[name] == value)
        case _:
            return _named(key, shape, snapshot)


def _named(key: str, shape: Shape, snapshot: Snapshot) -> Callable[[User], bool]:
    text = shape.text()
    match key:
        case "user":
            _known(shape, text, "user", {user.name for user in snapshot.users})
            return lambda user: user.name == text
        case "group":
            _known(shape, text, "group", {group.name for group in snapshot.groups})
            return lambda user: text in user.groups
        case "path":
            return lambda user: user.path.startswith(text)
        case _:
            return lambda user: fnmatchcase(user.name, text)


def _known(shape: Shape, name: str, kind: str, names: set[str]) -> None:
    if name not in names and isinstance(shape.raw, str):
        message = f"there is no {kind} `{name}` in the account"
        shape.fault(message, Code.ACCOUNT_BAD_REFERENCE, "write its exact name")


def _holding(shape: Shape) -> Callable[[User], bool]:
    text = shape.text()
    if text not in _HELD:
        shape.fault(f"must be one of {', '.join(f'`{name}`' for name in _HELD)}")
        return lambda _: False
    return _HELD[text]
