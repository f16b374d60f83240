"""Which action is meant by a name that AWS has not, where one letter is wrong."""

from functools import lru_cache

from sekisho.catalogue.store import load


@lru_cache(maxsize=4096)
def misspelled(name: str) -> str | None:
    """Return the action that is meant by a name that AWS has not, if one letter is wrong.

    One letter is added, left out or another, or two stand the wrong way round, in the name of the
    action or of its service. None for a name that differs by more: AWS may have it one day. Of the
    actions that AWS has, one in a hundred is so near to another one of its service.
    """
    known, (prefix, _, rest) = load(), name.lower().partition(":")
    if known.action(name) is not None:
        return None
    if known.service_name(prefix) is not None:
        like = (one for one in known.actions(prefix) if _is_near(rest, one.name.lower()))
        return next(map(str, like), None)
    services = (one for one in known.services() if _is_near(prefix, one))
    meant = (known.action(f"{service}:{rest}") for service in services)
    return next((str(one) for one in meant if one is not None), None)


def _is_near(name: str, other: str) -> bool:
    """Tell whether one letter makes two names the same, or two that change places."""
    short, long = sorted((name, other), key=len)
    if len(long) - len(short) > 1 or name == other:
        return False
    at = next((i for i, letter in enumerate(short) if letter != long[i]), len(short))
    if len(short) < len(long):
        return short[at:] == long[at + 1 :]
    swapped = short[at : at + 2] == long[at : at + 2][::-1] and short[at + 2 :] == long[at + 2 :]
    return swapped or short[at + 1 :] == long[at + 1 :]
