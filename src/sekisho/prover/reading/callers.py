"""Representative users: those that policies distinguish as callers, and one that no policy names.

Users that a policy variable distinguishes are found by the values that the variable can equal.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count, pairwise, product

from sekisho.catalogue import DEFAULT_PARTITION
from sekisho.engine import Context, Policies
from sekisho.engine.matching import arns, conditions, glob, variables
from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.policy import Condition, Document, Effect, OperatorName, Version
from sekisho.prover.reading.conditions import (
    OperatorFamily,
    VersionedCondition,
    family_of,
    tokens_of,
)
from sekisho.prover.reading.credentials import CallingUser
from sekisho.prover.reading.keys import OF_CALLER_ACCOUNT, OF_RESOURCE_ACCOUNT, OWNER_KEYS, main_of
from sekisho.prover.reading.policies import (
    conditions_in,
    handled_policies,
    statements_in,
    texts_of,
)
from sekisho.prover.solver import reasons
from sekisho.prover.solver.limits import Budget, LimitReached
from sekisho.prover.solver.texts import Patterns, Segment, Token, find_text

MOST_CALLERS = 16
"""The most representative users; with more, a difference is not asked."""

_MOST_STEPS = 2_000_000
_STEPS_A_PAIR = 200


@dataclass(frozen=True, slots=True)
class CallerKey:
    """A variable whose value follows from the caller's ARN.

    Attributes:
        key: the key that it names.
        any_value: a pattern of all its values.
        part: one character of its values; all others end it.
        value: the pattern of its values.
    """

    key: str
    any_value: tuple[Token, ...]
    part: str
    value: str


_STAR = glob.Wild.STAR
NAME = CallerKey("aws:username", (_STAR,), r"[\w+=,.@-]", r"[\w+=,.@-]{1,64}")
ACCOUNT = CallerKey("aws:PrincipalAccount", (glob.Wild.ANY,) * 12, "[0-9]", "[0-9]{12}")
_ANY_ARN: tuple[Token, ...] = ("arn:", _STAR, ":iam::", _STAR, ":user/", _STAR)
_USER = r"arn:[\w-]+:iam::[0-9]{12}:user/(?:[!-~]+/)?[\w+=,.@-]{1,64}"
ARN = CallerKey("aws:PrincipalArn", _ANY_ARN, r"[\s\S]", _USER)
_KINDS = (NAME, ACCOUNT, ARN)
OWNERS = tuple(replace(ACCOUNT, key=key) for key in OWNER_KEYS)
"""The variables with the account of a resource, which is not the caller's."""
_SETTLED = frozenset(kind.key.lower() for kind in _KINDS)


_Parts = tuple[str | glob.Wild | variables.Variable, ...]


@dataclass(frozen=True, slots=True)
class _Form:
    """A pattern of a policy, and the attribute that it is compared with.

    Attributes:
        key: the condition key in lower case; "" for `Resource` and `NotResource`.
        head: the first five parts of a resource's ARN, in lower case.
        parts: the rest.
        folds: whether case does not matter.
        of_arns: whether its wildcards may match less than they seem to.
    """

    key: str
    head: tuple[str, ...]
    parts: _Parts
    folds: bool = False
    of_arns: bool = False

    @property
    def keys(self) -> frozenset[str]:
        """The keys (in lower case) of its variables."""
        found = (part for part in self.parts if isinstance(part, variables.Variable))
        return frozenset(part.key.lower() for part in found)

    def tokens(self, kind: CallerKey, value: tuple[Token, ...], *, fold: bool) -> tuple[Token, ...]:
        """Return it as a pattern with `value` for its variable; other variables become stars."""
        tokens: list[Token] = []
        for part in self.parts:
            if isinstance(part, variables.Variable):
                tokens += value if part.key.lower() == kind.key.lower() else (_STAR,)
            else:
                tokens.append(part)
        return tuple(one.lower() if fold and isinstance(one, str) else one for one in tokens)


def values_equal_to_variables(
    *sets: Policies, kinds: Sequence[CallerKey] = _KINDS
) -> tuple[dict[CallerKey, list[str]], set[str]]:
    """Return the values that can equal a variable's, and the keys that may have more such values.

    Args:
        sets: the policies that a question is about, whichever of them stands where.
        kinds: the variables; those of a caller if not given.
    """
    documents = dict.fromkeys(
        each.document for policies in sets for each in handled_policies(policies)
    )
    forms = list(dict.fromkeys(form for document in documents for form in _forms(document)))
    by_kind: dict[CallerKey, list[str]] = {}
    indistinct: set[str] = set()
    for kind in kinds:
        values: dict[str, None] = {}
        try:
            whole = _add_values(kind, forms, values)
        except LimitReached:
            whole = False
        by_kind[kind] = list(values)
        indistinct |= set() if whole else {kind.key}
    return by_kind, indistinct


def _add_values(kind: CallerKey, forms: list[_Form], values: dict[str, None]) -> bool:
    """Add the values of a variable; return whether they are complete.

    Raises:
        LimitReached: if the search is too large.
    """
    budget = Budget(_MOST_STEPS)
    with_variable = [form for form in forms if kind.key.lower() in form.keys]
    linked = {form.key for form in with_variable} - {""}
    # the resource's owner is asked for one caller, whose own values cannot link further keys
    linked -= _SETTLED if kind in OWNERS else set()
    # a key that is compared with the variable may carry its value to another comparison
    whole = not any(form.keys & linked for form in forms)
    for one, other in product(with_variable, forms):
        if len(values) > MOST_CALLERS:
            break
        budget.spend(_STEPS_A_PAIR)
        if one.key == other.key and not _unaffected_by_variable(kind, one, other, budget):
            these, all_of_them = _separating_values(kind, one, other, budget)
            values |= dict.fromkeys(these)
            whole &= all_of_them
    return whole


def _unaffected_by_variable(kind: CallerKey, form: _Form, other: _Form, budget: Budget) -> bool:
    """Return whether `form`, which has the variable, meets `other` regardless of its value."""
    if _same_form(kind, form, other):
        return True
    if _common_text(kind, form, other, kind.any_value, budget) is None:
        return True
    if other.keys or other.folds or other.of_arns or form.folds:
        return False
    within = Patterns([form.tokens(kind, kind.any_value, fold=False)])
    around = Patterns([other.tokens(kind, (), fold=False)])
    return find_text([within], [around], budget) is None


def _same_form(kind: CallerKey, form: _Form, other: _Form) -> bool:
    """Return whether both are equal, or begin with the same text before their only variable."""
    if (form.folds, form.of_arns) != (other.folds, other.of_arns):
        return False
    ends = [_parts_to_variable(kind, each) for each in (form, other)]
    return form.parts == other.parts or (ends[0] == ends[1] != ())


def _parts_to_variable(kind: CallerKey, form: _Form) -> tuple[object, ...]:
    """Return the parts up to the variable if it is the only one and follows plain text; else ()."""
    place = next((i for i, part in enumerate(form.parts) if not isinstance(part, str)), -1)
    part = form.parts[place] if form.parts else ""
    once = sum(isinstance(each, variables.Variable) for each in form.parts) == 1
    mine = isinstance(part, variables.Variable) and part.key.lower() == kind.key.lower()
    return form.parts[: place + 1] if mine and once else ()


def _common_text(
    kind: CallerKey, form: _Form, other: _Form, value: tuple[Token, ...], budget: Budget
) -> str | None:
    """Return a text (in lower case) that both match in some case; None if there is none."""
    for a, b in zip(form.head, other.head, strict=False):
        if a != b and not set(a + b) & set("*?"):
            return None
    both = [Patterns([each.tokens(kind, value, fold=True)]) for each in (form, other)]
    return find_text(both, [], budget)


def _separating_values(
    kind: CallerKey, form: _Form, other: _Form, budget: Budget
) -> tuple[list[str], bool]:
    """Return values of the variable for which two patterns may meet, and whether these are all.

    Left out are values for which they meet just as for any other.
    """
    texts = [
        "".join(
            part if isinstance(part, str) else _ONE if part is glob.Wild.ANY else _GAP
            for part in each.parts
        )
        for each in (form, other)
    ]
    runs = dict.fromkeys(
        run for text in texts for run in re.findall(f"{kind.part}+", text, re.ASCII)
    )
    values = [
        run
        for run in runs
        if re.fullmatch(kind.value, run, re.ASCII)
        and _common_text(kind, form, other, (run.lower(),), budget) is not None
    ]
    whole = not any(each.folds or each.keys - _SETTLED for each in (form, other))
    whole = whole and all(_stands_between_separators(kind, text) for text in texts)
    return values if whole else [*values, *_example(kind, form, other, budget)], whole


_GAP = "\0"
"""A star or a variable in the text of all parts; policies never contain it."""
_ONE = "\1"
"""A `?` likewise, which distinguishes long values from short ones."""


def _stands_between_separators(kind: CallerKey, text: str) -> bool:
    """Return whether no star or variable is next to a character that a value can have."""
    inner = f"(?:{kind.part}|{_GAP})"
    return _ONE not in text and not any(
        _GAP in (a, b) and re.fullmatch(inner, a, re.ASCII) and re.fullmatch(inner, b, re.ASCII)
        for a, b in pairwise(text)
    )


def _example(kind: CallerKey, form: _Form, other: _Form, budget: Budget) -> Iterator[str]:
    """Yield a value for which two patterns meet, if it is found easily."""
    before = _parts_to_variable(kind, form)
    text = _common_text(kind, form, other, kind.any_value, budget)
    if before and text:
        start = sum(len(part) for part in before if isinstance(part, str))
        run = re.match(f"{kind.part}+", text[start:], re.ASCII)
        yield from [run[0]] if run and re.fullmatch(kind.value, run[0], re.ASCII) else []


_FOLDING = (
    OperatorName.STRING_EQUALS_IGNORE_CASE,
    OperatorName.STRING_NOT_EQUALS_IGNORE_CASE,
)


def _forms(document: Document) -> Iterator[_Form]:
    for statement in document.statements:
        for entry in statement.resource.values if statement.resource else ():
            head = arns.split(entry)
            tail = head[-1] if len(head) == arns.PARTS else "*"
            if (parts := _parts(tail, document.version)) is not None:
                yield _Form("", tuple(part.lower() for part in head[:-1]), parts)
        for condition in statement.conditions:
            yield from _forms_of_condition(condition, document.version)


def _forms_of_condition(condition: Condition, version: Version | None) -> Iterator[_Form]:
    name = condition.operator.name
    if name not in conditions.SUBSTITUTING:
        return
    of_arns = name.value.startswith("Arn")
    for value in condition.values:
        parts = _parts(value, version)
        if parts is not None and not _is_itself(condition.key, parts):
            if not of_arns and "Like" not in name.value:
                parts = tuple(part.value if isinstance(part, glob.Wild) else part for part in parts)
            yield _Form(main_of(condition.key.lower()), (), parts, name in _FOLDING, of_arns)


def _is_itself(key: str, parts: _Parts) -> bool:
    """Return whether a key is compared with itself, which distinguishes no callers."""
    return len(parts) == 1 and all(
        isinstance(part, variables.Variable) and part.key.lower() == key.lower() for part in parts
    )


def _parts(text: str, version: Version | None) -> _Parts | None:
    """Return the parts of a text; None if it matches nothing, because of a malformed variable."""
    parts = variables.read(text) if version is Version.V2012 else glob.wildcards(text)
    known = tuple(
        _global_variable(part) for part in parts if not isinstance(part, variables.Malformed)
    )
    return known if len(known) == len(parts) else None


def _global_variable(
    part: str | glob.Wild | variables.Variable,
) -> str | glob.Wild | variables.Variable:
    """Return a service's variable for the caller's account as that of the global key."""
    if isinstance(part, variables.Variable) and part.key.lower() in OF_CALLER_ACCOUNT:
        return replace(part, key=ACCOUNT.key)
    return part


_ACCOUNT = "111122223333"
_OTHERS = tuple(f"{number:012}" for number in range(444455556666, 444455556684))
_NAME = "some-user"
_USER_NAME = "aws:username"
_USER_ARN = "aws:principalarn"
_OF_ACCOUNTS = OF_CALLER_ACCOUNT | OF_RESOURCE_ACCOUNT
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
    """Users that represent all callers that policies distinguish.

    Attributes:
        users: first those of no name that the policies have, one for each account; then by name.
        indistinct_keys: the keys by which the policies may distinguish more users than these.
        is_given: whether it is one user or role that was given, and stands for nobody else.
    """

    users: tuple[CallingUser, ...] = ()
    indistinct_keys: tuple[str, ...] = ()
    is_given: bool = False

    @property
    def given_user(self) -> CallingUser | None:
        """The user or role that was given; None if these represent any user."""
        return self.users[0] if self.is_given else None

    @property
    def distinguishing_keys(self) -> tuple[str, ...]:
        """The keys by which policies distinguish users; none if one user represents all."""
        return self.indistinct_keys or (() if len(self.users) == 1 else (ARN.key,))


def unnamed_callers(*sets: Policies) -> tuple[CallingUser, ...]:
    """Return users that no policy names: one for each account and partition that they name.

    A policy names an account in an ARN, or in a condition on the caller's or the resource's
    account. If policies only exclude accounts, one user is of an account that they do not name.
    """
    named = {one for policies in sets for one in _accounts(policies)}
    accounts = _accounts_matching({account for account, _ in named})
    if not accounts or all(left_out for _, left_out in named):
        accounts += _new_account(accounts)
    return _unnamed_in_accounts(sets, accounts)


def why_no_common_answer(users: Sequence[CallingUser]) -> Message | None:
    """Return the reason why no answer holds for any user: these differ in account or partition.

    None if there is but one.
    """
    if len(users) == 1:
        return None
    if len({user.partition for user in users}) > 1:
        return reasons.SEVERAL_PARTITIONS.filled(users=", ".join(user.arn for user in users))
    return reasons.SEVERAL_ACCOUNTS.filled(accounts=", ".join(user.account for user in users))


def _accounts_matching(patterns: set[str]) -> list[str]:
    """Return an account for each pattern that matches one."""
    accounts: set[str] = set()
    for pattern in patterns:
        head, star, tail = pattern.replace("?", "0").partition("*")
        tail = tail.replace("*", "")
        filled = f"{head}{'0' * (_LONG - len(head) - len(tail)) if star else ''}{tail}"
        accounts |= {filled} if len(filled) == _LONG else set()
    return sorted(accounts)


def _new_account(accounts: Sequence[str]) -> list[str]:
    """Return an account that differs from these."""
    return [one for one in (_ACCOUNT, *_OTHERS) if one not in accounts][:1]


def _unnamed_in_accounts(
    sets: tuple[Policies, ...], accounts: Sequence[str]
) -> tuple[CallingUser, ...]:
    """Return a user of each account in each partition, with a name that no policy has."""
    texts = [text for one in sets for each in statements_in(one) for text in texts_of(each)]
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
        CallingUser.of(f"arn:{partition}:iam::{account}:user/{name}")
        for partition in sorted(partitions) or [DEFAULT_PARTITION]
        for account in accounts
    )


def distinguishable_callers(*sets: Policies) -> Callers:
    """Return the users that some sets of policies distinguish as callers.

    Besides the accounts that policies name, there is one that they do not name.
    """
    values, indistinct = values_equal_to_variables(*sets)
    patterns = {one for policies in sets for one, _ in _accounts(policies)}
    accounts = _accounts_matching(patterns | set(values[ACCOUNT]))
    if any(set(one) & set("*?") for one in patterns):
        indistinct.add(ACCOUNT.key)
    strangers = _unnamed_in_accounts(sets, [*accounts, *_new_account(accounts)])
    return _callers_made_special(sets, strangers, values, indistinct)


def representative_callers(*sets: Policies, further_sets: Sequence[Policies] = ()) -> Callers:
    """Return the users that policies distinguish, in the accounts of `unnamed_callers`.

    No statement would apply to a user of another account, which the policies are not about. One
    user is added for each account that is the value of a policy variable in a condition.

    Args:
        sets: the policies that distinguish users.
        further_sets: policies that also name accounts and partitions, and names in use.
    """
    values, indistinct = values_equal_to_variables(*sets)
    all_sets = (*sets, *further_sets)
    accounts = (*(user.account for user in unnamed_callers(*all_sets)), *values[ACCOUNT])
    strangers = _unnamed_in_accounts(all_sets, list(dict.fromkeys(accounts)))
    return _callers_made_special(sets, strangers, values, indistinct)


def _callers_made_special(
    sets: tuple[Policies, ...],
    strangers: tuple[CallingUser, ...],
    values: Mapping[CallerKey, Sequence[str]],
    indistinct: set[str],
) -> Callers:
    """Return unnamed users, and users of their accounts that the policies distinguish."""
    user_arns = dict.fromkeys(stranger.arn for stranger in strangers)
    distinguishing_keys = {kind.key.lower() for kind in (NAME, ARN) if values[kind]}
    user_arns |= dict.fromkeys(
        _arn_of_name(name, each) for name in values[NAME] for each in strangers
    )
    user_arns |= dict.fromkeys(values[ARN])
    for each in (each for policies in sets for each in conditions_in(policies)):
        key = each.condition.key
        if key.lower() in (_USER_NAME, _USER_ARN):
            named, whole = _arns_named(each, strangers)
            user_arns |= dict.fromkeys(named)
            indistinct |= set() if whole else {key}
            distinguishing_keys |= {key.lower()} if named else set()
    if len(user_arns) > MOST_CALLERS or len(distinguishing_keys) > 1:
        # there may be more of them, or one of the same name at another path
        indistinct.add(ARN.key)
    return Callers(
        tuple(map(CallingUser.of, [*user_arns][:MOST_CALLERS])), tuple(sorted(indistinct))
    )


def _arns_named(
    versioned: VersionedCondition, strangers: tuple[CallingUser, ...]
) -> tuple[list[str], bool]:
    """Return the user ARNs that a condition names, and whether it distinguishes no other users."""
    condition = versioned.condition
    operator = condition.operator.name
    if operator is OperatorName.NULL:
        return [], True
    user_arns: list[str] = []
    whole = family_of(operator) is OperatorFamily.TEXT
    for value in condition.values:
        if whole and _like_all_or_none(versioned, value):
            continue
        for stranger in strangers:
            text = value if condition.key.lower() == _USER_ARN else _arn_of_name(value, stranger)
            arn = _user_matching(text, stranger)
            user_arns += [arn] if arn else []
        whole &= operator in _EXACT and _names_exactly(condition, value)
    return user_arns, whole


_ANY_CHARACTER = (glob.Wild.ANY, _STAR)
_LIKE: Mapping[str, Patterns] = {
    _USER_NAME: Patterns([_ANY_CHARACTER]),
    _USER_ARN: Patterns(
        [
            (
                "arn:",
                Segment.ANY,
                Segment.STAR,
                ":iam::",
                *ACCOUNT.any_value,
                ":user/",
                *_ANY_CHARACTER,
            )
        ]
    ),
}
"""The pattern of all values of a key."""


def _like_all_or_none(versioned: VersionedCondition, value: str) -> bool:
    """Return whether a value matches the names of all users, or of none."""
    condition = versioned.condition
    if versioned.version is Version.V2012 and variables.OPEN in value:
        # a key that is compared with itself
        return value.lower() == f"${{{condition.key.lower()}}}"
    tokens = tokens_of(versioned, value, Context())
    if tokens is None or (condition.key.lower() == _USER_NAME and "$" in value):
        # no name has a `$`
        return True
    every, values = _LIKE[condition.key.lower()], Patterns([tokens])
    budget = Budget(_MOST_STEPS)
    try:
        return (
            find_text([every], [values], budget) is None
            or find_text([every, values], [], budget) is None
        )
    except LimitReached:
        return False


def _arn_of_name(name: str, stranger: CallingUser) -> str:
    return f"arn:{stranger.partition}:iam::{stranger.account}:user/{name}"


def _user_matching(text: str, stranger: CallingUser) -> str | None:
    """Return the ARN of a user of the stranger's account that matches a text; None if none does."""
    parts = arns.split(text)
    if len(parts) != arns.PARTS or not glob.like(parts[4], stranger.account):
        return None
    tail = parts[-1].replace("*", "x").replace("?", "x")
    if parts[-1].endswith("user/*") or not _A_USER.fullmatch(tail):
        return None
    return f"arn:{stranger.partition}:iam::{stranger.account}:{tail}"


def _names_exactly(condition: Condition, value: str) -> bool:
    """Return whether a value matches all users, none, or exactly one."""
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


def _accounts(policies: Policies) -> Iterator[tuple[str, bool]]:
    """Yield the accounts, or account patterns, in the policies, and whether each is left out."""
    for statement in statements_in(policies):
        for text in statement.resource.values if statement.resource else ():
            yield from ((one, False) for one in _accounts_in_arn(text))
        for condition in statement.conditions:
            key, values = condition.key.lower(), condition.values
            account_patterns = [one for text in values for one in _accounts_in_arn(text)]
            account_patterns += values if key in _OF_ACCOUNTS else ()
            negated = condition.operator.name in conditions.NEGATIONS
            left_out = negated is (statement.effect is Effect.ALLOW)
            left_out &= key in _OF_ACCOUNTS or key == _USER_ARN
            yield from ((one, left_out) for one in filter(_AN_ACCOUNT.fullmatch, account_patterns))


def _accounts_in_arn(text: str) -> Iterator[str]:
    parts = arns.split(text)
    if len(parts) == arns.PARTS:
        parts = parts[4:5]
    elif not text.startswith(("arn", "*")):
        return
    yield from filter(_AN_ACCOUNT.fullmatch, parts)


_LONG = 12
"""Digits of an account's id."""
