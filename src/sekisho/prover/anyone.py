"""Users who stand for any: in the policies' partitions and accounts, by a name that none has.

Where policies say which accounts they are about, a user of another one would meet none of their
statements, and whatever they allow would seem to be nothing.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count

from sekisho.catalogue import DEFAULT_PARTITION
from sekisho.engine import Policies, arns, glob, operators
from sekisho.messages import Message
from sekisho.policy.document import Condition, Effect, OperatorName, Statement
from sekisho.prover import reasons
from sekisho.prover.attached import every
from sekisho.prover.coincide import ACCOUNT, ARN, MOST, NAME, Kind, coinciding
from sekisho.prover.credentials import User

__all__ = ["Callers", "anyone", "callers", "several", "stand_ins"]

_ACCOUNT = "111122223333"
_OTHERS = tuple(f"{number:012}" for number in range(444455556666, 444455556684))
_NAME = "some-user"
_USER_NAME = "aws:username"
_USER_ARN = "aws:principalarn"
_OF_ACCOUNTS = frozenset({"aws:principalaccount", "aws:resourceaccount", "s3:resourceaccount"})
_EXACT = frozenset(
    {OperatorName.STRING_EQUALS, OperatorName.STRING_NOT_EQUALS}
    | {OperatorName.STRING_LIKE, OperatorName.STRING_NOT_LIKE}
    | {OperatorName.ARN_EQUALS, OperatorName.ARN_NOT_EQUALS}
    | {OperatorName.ARN_LIKE, OperatorName.ARN_NOT_LIKE}
)
_AN_ACCOUNT = re.compile(r"[0-9*?]*[0-9][0-9*?]*")
_A_USER = re.compile(r"user/(?:[!-~]+/)?[\w+=,.@-]{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Callers:
    """Users that stand for all whom policies tell apart as those who call.

    Attributes:
        users: first those of no name that the policies have, one for each account; then by name.
        untold: the keys by which the policies may tell more users apart than these.
    """

    users: tuple[User, ...] = ()
    untold: tuple[str, ...] = ()

    @property
    def special(self) -> tuple[str, ...]:
        """The keys by which policies tell users apart at all; none if one stands for any."""
        return self.untold or (() if len(self.users) == 1 else (ARN.key,))


def anyone(*sets: Policies) -> tuple[User, ...]:
    """Return users whom no policy of some sets names: one for each account and partition of theirs.

    An account is named in an ARN, or where a condition asks for the caller's or the resource's.
    Where policies only leave accounts out, there is one of an account that they do not name, too.
    """
    named = {one for policies in sets for one in _accounts(policies)}
    accounts = _accounts_like({account for account, _ in named})
    if not accounts or all(left_out for _, left_out in named):
        accounts += _unnamed(accounts)
    return _strangers(sets, accounts)


def several(users: Sequence[User]) -> Message | None:
    """Return why nothing is said of any user: there are these, of whom it may be another thing.

    None: there is but one.
    """
    if len(users) == 1:
        return None
    if len({user.partition for user in users}) > 1:
        return reasons.SEVERAL_PARTITIONS.filled(users=", ".join(user.arn for user in users))
    return reasons.SEVERAL_ACCOUNTS.filled(accounts=", ".join(user.account for user in users))


def _accounts_like(patterns: set[str]) -> list[str]:
    return sorted(set(filter(None, map(_account_like, patterns))))


def _unnamed(accounts: Sequence[str]) -> list[str]:
    """Return an account that is none of these."""
    return [one for one in (_ACCOUNT, *_OTHERS) if one not in accounts][:1]


def _strangers(sets: tuple[Policies, ...], accounts: Sequence[str]) -> tuple[User, ...]:
    """Return a user of each account in each partition, by a name that no policy has."""
    texts = [text for policies in sets for text in _texts(policies)]
    names = (_NAME if number == 1 else f"{_NAME}-{number}" for number in count(1))
    name = next(name for name in names if not any(name in text for text in texts))
    parts = (arns.split(text) for text in texts)
    partitions = {
        each[1].lower()
        for each in parts
        if len(each) == arns.PARTS
        and each[0] == "arn"
        and each[1]
        and not set(each[1]) & set("*?$")
    }
    return tuple(
        User.of(f"arn:{partition}:iam::{account}:user/{name}")
        for partition in sorted(partitions) or [DEFAULT_PARTITION]
        for account in accounts
    )


def callers(*sets: Policies) -> Callers:
    """Return the users whom some sets of policies tell apart as those who call.

    To the accounts that policies name comes one that they do not.
    """
    values, untold = coinciding(*sets)
    patterns = {one for policies in sets for one, _ in _accounts(policies)}
    accounts = _accounts_like(patterns | set(values[ACCOUNT]))
    if any(set(one) & set("*?") for one in patterns):
        untold.add(ACCOUNT.key)
    strangers = _strangers(sets, [*accounts, *_unnamed(accounts)])
    return _told_apart(sets, strangers, values, untold)


def stand_ins(*sets: Policies, beside: Sequence[Policies] = ()) -> Callers:
    """Return the users whom sets of policies tell apart in the accounts that `anyone` is of.

    A user of another account, which the policies are not about, would meet none of their
    statements. Beside these there is one of each account that a policy variable makes special.

    Args:
        sets: what tells the users apart.
        beside: what also says of which accounts and partitions they are, and who has a name.
    """
    values, untold = coinciding(*sets)
    those = (*sets, *beside)
    accounts = (*(user.account for user in anyone(*those)), *values[ACCOUNT])
    strangers = _strangers(those, list(dict.fromkeys(accounts)))
    return _told_apart(sets, strangers, values, untold)


def _told_apart(
    sets: tuple[Policies, ...],
    strangers: tuple[User, ...],
    values: Mapping[Kind, Sequence[str]],
    untold: set[str],
) -> Callers:
    """Return whom no policy names, and of their accounts whom policies make special."""
    found = dict.fromkeys(stranger.arn for stranger in strangers)
    asked = {kind.key.lower() for kind in (NAME, ARN) if values[kind]}
    found |= dict.fromkeys(_of_name(name, each) for name in values[NAME] for each in strangers)
    found |= dict.fromkeys(values[ARN])
    for condition in (each for policies in sets for each in _conditions(policies)):
        if condition.key.lower() in (_USER_NAME, _USER_ARN):
            named, whole = _named(condition, strangers)
            found |= dict.fromkeys(named)
            untold |= set() if whole else {condition.key}
            asked |= {condition.key.lower()} if named else set()
    if len(found) > MOST or len(asked) > 1:
        # there may be more of them, or one of the same name at another path
        untold.add(ARN.key)
    return Callers(tuple(map(User.of, [*found][:MOST])), tuple(sorted(untold)))


def _named(condition: Condition, strangers: tuple[User, ...]) -> tuple[list[str], bool]:
    """Return the users' ARNs that a condition names, and whether it tells no others apart."""
    operator = condition.operator.name
    if operator is OperatorName.NULL:
        return [], True
    found: list[str] = []
    whole = operator in _EXACT
    for value in condition.values:
        for stranger in strangers:
            text = value if condition.key.lower() == _USER_ARN else _of_name(value, stranger)
            arn = _user_like(text, stranger)
            found += [arn] if arn else []
        whole &= _is_whole(condition, value)
    return found, whole


def _of_name(name: str, stranger: User) -> str:
    return f"arn:{stranger.partition}:iam::{stranger.account}:user/{name}"


def _user_like(text: str, stranger: User) -> str | None:
    """Return the ARN of a user of the stranger's account that is like a text; None: none is."""
    parts = arns.split(text)
    if len(parts) != arns.PARTS or not glob.like(parts[4], stranger.account):
        return None
    tail = parts[-1].replace("*", "x").replace("?", "x")
    if parts[-1].endswith("user/*") or not _A_USER.fullmatch(tail):
        return None
    return f"arn:{stranger.partition}:iam::{stranger.account}:{tail}"


def _is_whole(condition: Condition, value: str) -> bool:
    """Tell whether one value takes in all users, none, or just one of them."""
    if value == "*":
        return True
    parts = arns.split(value)
    if condition.key.lower() == _USER_NAME:
        return not set(value) & set("*?$")
    tail = parts[-1]
    start = re.split(r"[*?$]", tail, maxsplit=1)[0]
    if len(parts) != arns.PARTS or "$" in value:
        return False
    no_user = not start.startswith("user/") and not "user/".startswith(start)
    return no_user or tail in ("*", "user/*") or start == tail


def _statements(policies: Policies) -> Iterator[Statement]:
    for policy in every(policies):
        yield from policy.document.statements


def _conditions(policies: Policies) -> Iterator[Condition]:
    for statement in _statements(policies):
        yield from statement.conditions


def _texts(policies: Policies) -> Iterator[str]:
    for statement in _statements(policies):
        yield from statement.resource.values if statement.resource else ()
    for condition in _conditions(policies):
        yield from condition.values


def _accounts(policies: Policies) -> Iterator[tuple[str, bool]]:
    """Yield the accounts, or patterns of them, that the policies name, and whether to leave out."""
    for statement in _statements(policies):
        for text in statement.resource.values if statement.resource else ():
            yield from ((one, False) for one in _in_arn(text))
        for condition in statement.conditions:
            key, values = condition.key.lower(), condition.values
            found = [one for text in values for one in _in_arn(text)]
            found += values if key in _OF_ACCOUNTS else ()
            negated = condition.operator.name in operators.NEGATIONS
            left_out = negated is (statement.effect is Effect.ALLOW)
            left_out &= key in _OF_ACCOUNTS or key == _USER_ARN
            yield from ((one, left_out) for one in filter(_AN_ACCOUNT.fullmatch, found))


def _in_arn(text: str) -> Iterator[str]:
    parts = arns.split(text)
    if len(parts) == arns.PARTS:
        parts = parts[4:5]
    elif not text.startswith(("arn", "*")):
        return
    yield from filter(_AN_ACCOUNT.fullmatch, parts)


def _account_like(pattern: str) -> str | None:
    """Return an account that a pattern takes in; None: none is."""
    head, star, tail = pattern.replace("?", "0").partition("*")
    tail = tail.replace("*", "")
    filled = f"{head}{'0' * (_LONG - len(head) - len(tail)) if star else ''}{tail}"
    return filled if len(filled) == _LONG else None


_LONG = 12
"""Digits of an account's id."""
