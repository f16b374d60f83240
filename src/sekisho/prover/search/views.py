"""The views of a question: the requests of one situation about the resources of one account.

Exchanging an account in a request changes no answer unless a pattern or a condition contains it, in
whole or in part. So accounts with the same matches are equivalent, and one of each class is asked
about. For another account's resource the owner's own policies decide, too; they are not known, and
are assumed to allow.

IAM's calls are about the caller's account alone: among its resources only a role has a policy that
can allow another account, and only `sts:AssumeRole`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, lru_cache
from itertools import chain

from sekisho.engine import Context, ContextValue
from sekisho.engine.matching import TrackedAssumptions, arns, glob, variables
from sekisho.lazy import dataclass
from sekisho.policy import Element, Version
from sekisho.prover.reading import keys
from sekisho.prover.reading.callers import MOST_CALLERS, OWNERS, values_equal_to_variables
from sekisho.prover.reading.conditions import (
    OperatorFamily,
    VersionedCondition,
    family_of,
    tokens_of,
    variables_in,
)
from sekisho.prover.reading.credentials import CallerCredential, CallingUser, Situation, situations
from sekisho.prover.reading.dependent_keys import OF_RESOURCE, ORGANISATIONS
from sekisho.prover.reading.resources import ResourcePlace
from sekisho.prover.reading.statements import ConditionReading, RequestScope
from sekisho.prover.search.formula import (
    OWNER,
    Question,
    Restriction,
    StatedCondition,
    StatementRule,
)
from sekisho.prover.solver.limits import Budget, LimitReached
from sekisho.prover.solver.texts import Machine, Token, representatives

ABROAD = Restriction(actions=((Element(("iam:*",)), False),))
"""The actions and resources of requests that can cross accounts."""

_DIGITS = frozenset("0123456789")
_FORM: tuple[Token, ...] = (_DIGITS,) * 12
_PLACE = 4
"""The place of the account in an ARN."""
_ORGANISATION = frozenset({OF_RESOURCE, ORGANISATIONS[OF_RESOURCE].whole})
_EXAMPLE_ACCOUNTS = tuple(f"{number:012}" for number in range(444455556666, 444455556690))
_STEPS = 2_000_000


@dataclass(frozen=True, slots=True)
class Owner:
    """An account whose resources requests are about.

    Attributes:
        account: its id.
        is_caller: whether it is the user's.
        conditions: the conditions that select it and the accounts that it represents.
    """

    account: str
    is_caller: bool = True
    conditions: tuple[StatedCondition, ...] = ()


@dataclass(frozen=True, slots=True)
class Owners:
    """The accounts that represent all.

    Attributes:
        all: the user's own first.
        keyed: whether a condition or a variable asks for the owner, also where the ARN does not
            tell.
        is_complete: whether the policies distinguish no other accounts.
    """

    all: tuple[Owner, ...]
    keyed: bool = False
    is_complete: bool = True


def owners_of(
    question: Question,
    rules: Sequence[StatementRule],
    conditions: Sequence[VersionedCondition],
    tracked: TrackedAssumptions,
) -> Owners:
    """Return the accounts that the policies of a question distinguish as owners of resources.

    Args:
        question: the question.
        rules: every statement of its policies.
        conditions: every condition of the question.
        tracked: the assumptions.
    """
    account = question.user.account
    on_owner = [
        each for each in conditions if each.condition.key.lower() in keys.OF_RESOURCE_ACCOUNT
    ]
    if not question.cross_account:
        return Owners((Owner(account),), bool(on_owner))
    elements = [
        *(rule.resource for rule in rules),
        *(one for one, _ in question.restriction.resources),
    ]
    whole = not any(_may_shift_account(each) and tracked.stars_span_colons() for each in elements)
    patterns = dict.fromkeys(each for one in elements for each in _account_patterns(one))
    caller_values = Context(_caller_values(question.user))
    for each in on_owner:
        whole &= family_of(each.condition.operator.name) in (
            OperatorFamily.TEXT,
            OperatorFamily.PRESENCE,
        )
        patterns |= dict.fromkeys(_compared_patterns(each, caller_values))
    texts = [text for each in conditions for text in each.condition.values]
    names_owner = any(map(_names_owner, elements)) or any(map(_has_variable, texts))
    texts += [text for element in elements for text in element.values]
    if organised := _asks_for_organisation(conditions, texts):
        # at home it is the caller's organisation, abroad any
        patterns[tuple(account), account] = None
    if names_owner:
        coinciding, indistinct = values_equal_to_variables(
            *filter(None, (question.allowed, question.denied)), kinds=OWNERS
        )
        own = _accounts_in(caller_values)
        values = (*own[:MOST_CALLERS], *(text for texts in coinciding.values() for text in texts))
        patterns |= dict.fromkeys((tuple(text), text) for text in values)
        whole &= not indistinct and len(own) <= MOST_CALLERS
    keyed = bool(on_owner) or names_owner or organised
    try:
        return Owners(_owner_classes(tuple(patterns), account), keyed, whole)
    except LimitReached:
        return Owners((Owner(account),), keyed, is_complete=False)


def _caller_values(user: CallingUser) -> dict[str, str]:
    """Return the keys of a request that are the user's own for every way to call."""
    if user.outside_principal:
        return {}
    names = {"aws:PrincipalArn": user.arn}
    names |= {} if user.is_role or user.is_federated else {"aws:username": user.name}
    return {**names, "aws:PrincipalAccount": user.account, **user.known_values}


def _accounts_in(settled: Context) -> list[str]:
    """Return the caller's own values that a variable for the owner can equal."""
    digits = re.compile(r"(?=([0-9]{12}))", re.ASCII)
    found = (digits.findall(text) for text in settled.values() if isinstance(text, str))
    return list(dict.fromkeys(chain.from_iterable(found)))


_Pattern = tuple[tuple[Token, ...], str]
"""A pattern of accounts, and its text in the policy."""


@lru_cache(maxsize=4_096)
def _account_patterns(element: Element) -> tuple[_Pattern, ...]:
    """Return the patterns in place of the account; one without a digit distinguishes none."""
    accounts: list[str] = []
    for entry in element.values:
        for part in arns.split(entry)[_PLACE : _PLACE + 1]:
            # read as one string, a wildcard can take in the colon after the account
            ends = {"*": 1, "?": 0}
            starts = (part[: n + ends[char]] for n, char in enumerate(part) if char in ends)
            accounts += (text for text in (part, *starts) if _DIGITS & set(text))
    return tuple((tuple(glob.wildcards(text)), text) for text in dict.fromkeys(accounts))


@lru_cache(maxsize=4_096)
def _may_shift_account(element: Element) -> bool:
    """Return whether an entry, read as one string, may match any digits as the account."""
    return any(
        set("*?") & set("".join(arns.split(entry)[:_PLACE])) and _DIGITS & set(entry)
        for entry in element.values
    )


def _compared_patterns(condition: VersionedCondition, settled: Context) -> Iterator[_Pattern]:
    if family_of(condition.condition.operator.name) is OperatorFamily.TEXT:
        for text in condition.condition.values:
            tokens = tokens_of(condition, text, settled)
            if tokens is not None:
                plain = [token for token in tokens if isinstance(token, str)]
                yield tokens, "".join(plain) if len(plain) == len(tokens) else text


@lru_cache(maxsize=4_096)
def _names_owner(element: Element) -> bool:
    return any(map(_has_variable, element.values))


def _asks_for_organisation(conditions: Sequence[VersionedCondition], texts: Sequence[str]) -> bool:
    """Return whether a condition or a variable tests the resource's organisation."""
    if any(each.condition.key.lower() in _ORGANISATION for each in conditions):
        return True
    return any(
        variables.OPEN in text and not variables_in(text, Version.V2012).isdisjoint(_ORGANISATION)
        for text in texts
    )


def _has_variable(text: str) -> bool:
    """Return whether a text has a variable for the owner, in any version."""
    if variables.OPEN not in text:
        return False
    return not variables_in(text, Version.V2012).isdisjoint(keys.OF_RESOURCE_ACCOUNT)


@lru_cache(maxsize=256)
def _owner_classes(patterns: tuple[_Pattern, ...], own: str) -> tuple[Owner, ...]:
    """Return an account for each combination of pattern matches; the user's own first.

    Raises:
        LimitReached: if the search is too large.
    """
    machines = [Machine([tokens]) for tokens, _ in patterns]
    texts = [text for _, text in patterns]
    accounts = [own, *texts, *_EXAMPLE_ACCOUNTS]
    if any(set(text) & set("*?") for text in texts):
        accounts += representatives([_FORM, *(tokens for tokens, _ in patterns)], Budget(_STEPS))
    by_matches: dict[frozenset[str], str] = {}
    for account in filter(arns.is_account, accounts if patterns else [own]):
        matching_patterns = (
            text for text, each in zip(texts, machines, strict=True) if each.matches(account)
        )
        by_matches.setdefault(frozenset(matching_patterns), account)
    return tuple(
        Owner(account, account == own, tuple(_selecting_conditions(matching_patterns, texts)))
        for matching_patterns, account in by_matches.items()
    )


def _selecting_conditions(
    matching_patterns: frozenset[str], texts: Sequence[str]
) -> Iterator[StatedCondition]:
    """Yield the conditions that select exactly the accounts that match some patterns."""
    if whole := sorted(filter(arns.is_account, matching_patterns)):
        yield StatedCondition(OWNER, "", (whole[0],), holds=True)
        return
    for text in sorted(matching_patterns):
        yield StatedCondition(OWNER, "", (text,), holds=True)
    if unlike := tuple(dict.fromkeys(text for text in texts if text not in matching_patterns)):
        yield StatedCondition(OWNER, "", unlike, holds=False)


@dataclass(frozen=True, slots=True)
class RequestView:
    """The requests of one way to call about the resources of one account."""

    situation: Situation
    owner: Owner
    place: ResourcePlace
    reading: ConditionReading


class RequestViews:
    """The views of one question.

    Args:
        question: the question.
        rules: every statement of its policies.
        conditions: every condition of the question.
        tracked: the assumptions.
        budget: the steps that are left.

    Attributes:
        readings: of conditions that were read before, by all that they depend on.
    """

    def __init__(
        self,
        question: Question,
        rules: Sequence[StatementRule],
        conditions: tuple[VersionedCondition, ...],
        tracked: TrackedAssumptions,
        budget: Budget,
    ) -> None:
        self.readings: dict[object, ConditionReading] = {}
        self._question = question
        self._rules = rules
        self._conditions = conditions
        self._tracked = tracked
        self._budget = budget
        self._views: dict[tuple[CallerCredential, str], RequestView] = {}

    @cached_property
    def situations(self) -> list[Situation]:
        """The situations of the requests, one for each way to call."""
        question = self._question
        return situations(question.user, question.now, question.credentials)

    @cached_property
    def owners(self) -> Owners:
        """The owners of the resources."""
        return owners_of(self._question, self._rules, self._conditions, self._tracked)

    def view_of(self, situation: Situation, owner: Owner) -> RequestView:
        """Return the view of requests of one situation about one account's resources."""
        key = (situation.credential, owner.account)
        if key not in self._views:
            first = self._views.get((situation.credential, self._question.user.account))
            # the owner of the resource is read only if a condition tests it
            keyed = self.owners.keyed
            if first and not keyed:
                reading = first.reading
            else:
                others = (view for (_, of), view in self._views.items() if of == owner.account)
                like = next((view.reading for view in others), None)
                reading = self.reading(situation, (owner,), like=like)
            partition, is_own = self._question.user.partition, owner.is_caller
            place = ResourcePlace(partition, owner.account, is_own, is_own or keyed)
            self._views[key] = RequestView(situation, owner, place, reading)
        return self._views[key]

    def reading(
        self,
        situation: Situation,
        owners: Sequence[Owner],
        assigned: Mapping[str, ContextValue | None] | None = None,
        like: ConditionReading | None = None,
    ) -> ConditionReading:
        """Return the conditions, read for requests of one situation.

        Args:
            situation: the situation of the requests.
            owners: the owners of the resources; none: any.
            assigned: values of the keys that policy variables name.
            like: the same of another situation, of which what is the same is taken over.
        """
        accounts = tuple(owner.account for owner in owners)
        question = self._question
        scope = RequestScope(
            question.user, situation, question.now, self._tracked, assigned, accounts
        )
        return ConditionReading(scope, self._conditions, self._budget, like)

    def read_once(
        self, view: RequestView, assigned: Mapping[str, ContextValue | None] | None = None
    ) -> RequestView:
        """Return a view with its conditions read for all actions, and for values of some keys.

        Args:
            view: the view.
            assigned: values of the keys that policy variables name; None: they are not known.
        """
        values = None if assigned is None else frozenset(assigned.items())
        key = (self._conditions, view.situation.credential, view.owner.account, values)
        if key not in self.readings:
            self.readings[key] = self.reading(view.situation, (view.owner,), assigned)
        return replace(view, reading=self.readings[key])
