"""Accepted problems: which problem of a plan is let pass, for which user, and why.

A problem that is about users is accepted for each of them by name: what is accepted for one is
not accepted for who comes into it later. An acceptance that applies to nobody does no harm, so that
a goal file can keep it from wave to wave; the plan says that it was not needed.
"""

from collections.abc import Iterable, Mapping

from sekisho.errors import UsageError, did_you_mean, quoted
from sekisho.messages import Message

Problems = Mapping[str, tuple[str, ...]]
"""Problems of a plan, by id: the users whom each is about, and "" for the whole plan."""

Accepted = Mapping[str, str]
"""Why something is accepted, by the id of a problem, or by `ID:USER` where it is about users."""

ABOUT_USERS = frozenset(
    {
        "credentials-in-use",
        "enforcement",
        "everyone-gets-in",
        "exception-expired",
        "gap",
        "keys-in-use",
        "not-meant",
        "works-with-mfa",
    }
)
"""The problems that are about users, whom they name."""

DECISIONS = frozenset({"dormant", "used-key"})
"""What a campaign leaves to somebody's decision, for each user: no plan has these problems."""

UNACCEPTABLE = frozenset(
    {"other-account", "caller-unknown", "quota", "break-glass-untouched", "oneself"}
)
"""The problems that nobody can accept."""

PROBLEMS = (
    ABOUT_USERS
    | DECISIONS
    | UNACCEPTABLE
    | {
        "administrator-remains",
        "caller-keeps-access",
        "irreversible",
        "overwrites",
        "unread",
        "used-elsewhere",
    }
)
"""Everything that can speak against a plan."""

_SOME = 5


def acceptance_key(identity: str, user: str) -> str:
    """Return by what a problem is accepted for a user, or as a whole."""
    return f"{identity}:{user}" if user else identity


def acceptance_keys(problems: Problems) -> tuple[str, ...]:
    """Return by what each of the problems can be accepted, but those that nobody can accept."""
    return tuple(
        acceptance_key(identity, user)
        for identity, users in problems.items()
        if identity not in UNACCEPTABLE
        for user in users
    )


def open_problems(problems: Problems, accepted: Accepted) -> dict[str, tuple[str, ...]]:
    """Return the problems that nobody has accepted, each with the users it is not accepted for."""
    not_accepted = {}
    for identity, users in problems.items():
        left = tuple(user for user in users if acceptance_key(identity, user) not in accepted)
        if left:
            not_accepted[identity] = left
    return not_accepted


def unneeded_acceptances(problems: Problems, accepted: Accepted) -> tuple[str, ...]:
    """Return the acceptances of problems that the plan does not have."""
    needed = {
        acceptance_key(identity, user) for identity, users in problems.items() for user in users
    }
    return tuple(
        each for each in accepted if each not in needed and each.partition(":")[0] not in DECISIONS
    )


def check_acceptable(problems: Problems, accepted: Iterable[str]) -> None:
    """Refuse what can be accepted by nobody, or only for users by name.

    Raises:
        UsageError: with the first such.
    """
    for each in accepted:
        identity, _, user = each.partition(":")
        if identity not in PROBLEMS:
            known = sorted(PROBLEMS - UNACCEPTABLE)
            there_are = Message("there are {names}").filled(names=", ".join(known))
            raise UsageError(
                Message("{identity} is not a problem of a plan").filled(identity=quoted(identity)),
                fix=did_you_mean(identity, known, there_are),
            )
        if identity in UNACCEPTABLE:
            raise UsageError(
                Message("`{identity}` cannot be accepted").filled(identity=identity),
                fix=Message("change the goal"),
            )
        users = problems.get(identity, ())
        if users and not user and "" not in users:
            named = ", ".join(users[:_SOME]) + (" …" if len(users) > _SOME else "")
            raise UsageError(
                Message("`{identity}` is about users and is accepted for each by name").filled(
                    identity=identity
                ),
                fix=Message("give `--accept {identity}:USER=REASON` for each of: {names}").filled(
                    identity=identity, names=named
                ),
            )
