"""What logs say of the access keys that a plan would stop: facts beside IAM's last use. Pure.

Logs only add: a key without a call in them may be used all the same (a trail of management events
has no reads of S3 objects), so that what IAM says of it still counts.
"""

from collections.abc import Iterable, Iterator

from sekisho.account import KeyUse, Usage, User
from sekisho.messages import Message, joined_messages, verbatim

_USED = Message(
    "Access key {key} made {calls} calls without MFA from {addresses}, the last at {last} "
    "({services}): they stop."
)
_USED_BY = Message(
    "{user}: key {key} made {calls} calls without MFA from {addresses}, the last at {last} "
    "({services})."
)
_WITH_MFA = Message("Access key {key} made {calls} calls, each with an MFA code.")
_NO_CALL = Message("Access key {key} made no call in the logs.")
_ONE_ADDRESS = Message("one address")
_ADDRESSES = Message("{count} addresses")
_MORE = Message("The keys of {count} more users made calls without MFA.")
_NONE = Message("No call in the logs with the keys of: {users}.")
_MOST = 5
"""So many users, and services of a key, are named; the plan's list of people has all users."""


def uses_keys(usage: Usage | None, user: User) -> bool:
    """Return whether logs have calls without MFA by an active access key of a user."""
    return usage is not None and any(each.without_mfa for each in _uses(usage, user))


def facts_of_user(usage: Usage, user: User) -> tuple[Message, ...]:
    """Return a sentence about each active access key of a user, in the order of their ids."""
    found = []
    for key in sorted(key.id for key in user.keys if key.active):
        use = usage.of(user.arn).key(key)
        if use is None:
            found.append(_NO_CALL.filled(key=key))
        elif use.without_mfa:
            found.append(_of_key(_USED, use))
        else:
            found.append(_WITH_MFA.filled(key=key, calls=f"{use.calls:,}"))
    return tuple(found)


def facts_of_users(usage: Usage, users: Iterable[User]) -> Message:
    """Return what logs say of the keys of several users, those of most calls first."""
    return joined_messages(_facts_of_users(usage, users), en=" ", ja="")


def _facts_of_users(usage: Usage, users: Iterable[User]) -> Iterator[Message]:
    uses = {user.name: _uses(usage, user) for user in users}
    calling = {
        name: max(theirs, key=lambda use: use.without_mfa)
        for name, theirs in uses.items()
        if any(use.without_mfa for use in theirs)
    }
    ordered = sorted(calling.items(), key=lambda each: (-each[1].without_mfa, each[0]))
    for name, use in ordered[:_MOST]:
        yield _of_key(_USED_BY, use, user=name)
    if len(ordered) > _MOST:
        yield _MORE.filled(count=len(ordered) - _MOST)
    silent = [name for name in uses if name not in calling]
    if silent:
        more = " …" if len(silent) > _MOST else ""
        yield _NONE.filled(users=", ".join(silent[:_MOST]) + more)


def _uses(usage: Usage, user: User) -> tuple[KeyUse, ...]:
    of_keys = (usage.of(user.arn).key(key.id) for key in user.keys if key.active)
    return tuple(use for use in of_keys if use is not None)


def _of_key(text: Message, use: KeyUse, **more: object) -> Message:
    services = sorted(use.services, key=lambda name: (-use.services[name], name))
    shown = ", ".join(services[:_MOST]) + (", …" if len(services) > _MOST else "")
    one = use.addresses_count == 1
    return text.filled(
        key=use.key_id,
        calls=f"{use.without_mfa:,}",
        addresses=_ONE_ADDRESS if one else _ADDRESSES.filled(count=f"{use.addresses_count:,}"),
        last=f"{use.last:%Y-%m-%d %H:%M} UTC",
        services=verbatim(shown),
        **more,
    )
