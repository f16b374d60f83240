"""The conditions of all statements, read for one situation of one user.

A condition on a key with a value settled by the situation is simply true or false. Each other key
is a theory of its own. A condition that links two keys by a policy variable, or a key that is
compared as two types, is *loose*: its truth is assumed to be free, so that a failure is certain all
the same. If a loose reading has an answer, the variables get values and it is read again.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property, partial

from sekisho.engine import Context, ContextValue, Request
from sekisho.engine.matching import Scope, TrackedAssumptions, conditions
from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.policy import Operator, OperatorName, Quantifier, Version
from sekisho.prover.reading import dependent_keys, keys
from sekisho.prover.reading.conditions import (
    OperatorFamily,
    VersionedCondition,
    family_of,
    formed_for,
    ids_for,
    keys_compared_with,
    likely_for,
    regions_for,
    split_by_quantifier,
    values_for,
)
from sekisho.prover.reading.credentials import USER_ID, CallingUser, Situation
from sekisho.prover.reading.dependent_keys import LONGEST_SESSION, TIMES, SessionTimes, times_for
from sekisho.prover.reading.equality import (
    Comparisons,
    KnownKeys,
    any_text,
    compared_keys,
    comparisons,
    is_plain_text,
    listed_texts,
    may_be_null,
)
from sekisho.prover.solver import reasons
from sekisho.prover.solver.candidates import Literal
from sekisho.prover.solver.limits import MOST_SETS, Budget, LimitReached
from sekisho.prover.solver.texts import Patterns
from sekisho.prover.solver.theories import AnyText, FiniteChoices, FreeAtoms, KeyTheories, KeyValues

_LOOSE = "loose"
_OF_AGES = frozenset({OperatorFamily.NUMBER, OperatorFamily.PRESENCE})


def _key_of(condition: VersionedCondition) -> str:
    return condition.condition.key.lower()


@dataclass(frozen=True, slots=True)
class RequestScope:
    """The scope of a question, as far as conditions matter.

    Attributes:
        user: the user whose requests are meant.
        situation: the situation of the requests.
        now: the earliest time of a request.
        tracked: the assumptions, and which of them mattered.
        assigned: values given to keys that policy variables name, by name in lower case; None if
            the key is absent. None: the reading is loose.
        owners: the accounts that the resource may be of; none: any; None: the user's own.
        excluded_values: keys (in lower case) with the values that each does not have, None for
            absent; the reading is loose as to what else they are.
    """

    user: CallingUser
    situation: Situation
    now: datetime
    tracked: TrackedAssumptions
    assigned: Mapping[str, ContextValue | None] | None = None
    owners: tuple[str, ...] | None = None
    excluded_values: Mapping[str, frozenset[str | None]] | None = None


class ConditionReading:
    """All conditions, read for one situation.

    Args:
        request_scope: the user and the situation of the requests.
        all_conditions: every condition that the question can come across.
        budget: the steps that are left.
        like: the same of requests made another way, of which what is the same is taken over.

    Attributes:
        request_scope: as given.
        direct: whether the user calls, and no service on the user's behalf.
        tracked: the assumptions, and which of them mattered.
        owners: the accounts that the resource may be of; none: any.
        settled: the keys whose value is known, with it.
        theories: of each other key, and of the atoms that are taken to be free.
        resources: the patterns and literals of elements, by whatever makes them differ.
        linked: the keys (in lower case) of variables whose value is not known: read loosely.
        inexact: the other keys that are read loosely, each with the reason.
        compared: of a key (in lower case), the keys with which conditions compare it.
    """

    def __init__(
        self,
        request_scope: RequestScope,
        all_conditions: Iterable[VersionedCondition],
        budget: Budget,
        like: "ConditionReading | None" = None,
    ) -> None:
        self.loose = request_scope.assigned is None or request_scope.excluded_values is not None
        self.budget = budget
        self.tracked = request_scope.tracked
        self.direct = request_scope.situation.credential.direct
        self.request_scope = request_scope
        user, situation = request_scope.user, request_scope.situation
        assigned = request_scope.assigned or {}
        self.owners = (user.account,) if request_scope.owners is None else request_scope.owners
        self._caller = user.caller()
        given = {key: value for key, value in assigned.items() if value is not None}
        anyones = user.open_keys - assigned.keys()
        settled = situation.values
        if user.open_keys:
            settled = Context({k: v for k, v in settled.items() if k.lower() not in user.open_keys})
        self.settled = settled.with_(given)
        self._absent = situation.absent | {k for k, v in assigned.items() if v is None}
        by_theory = dependent_keys.group_by_dependency(all_conditions, user)
        # the time is settled only if no condition tests it
        self._open = TIMES if dependent_keys.TIME in by_theory else frozenset()
        self._open |= {keys.MFA_AGE, keys.SIGN_IN} & set(by_theory) & set(self.settled.folded)
        self._open |= anyones
        given = {k: v for k, v in self.settled.items() if k.lower() not in self._open}
        if not user.unique_id:
            # the example is settled only if no condition tests it
            self._open |= {USER_ID} - assigned.keys()
        self._given = Context(given)
        self.theories = KeyTheories()
        self.resources: dict[object, Patterns | Literal] = {}
        self._literals: dict[VersionedCondition, Literal | bool] = {}
        self.linked: set[str] = set()
        self.inexact: dict[str, Message] = {}
        self.compared: dict[str, tuple[str, ...]] = {}
        self._read_compared_keys(by_theory)
        for name, conditions_on in by_theory.items():
            key_conditions = list(dict.fromkeys(conditions_on))
            if like is None or not self._takes_over(like, name, key_conditions):
                self._read(name, key_conditions)

    def knows(self, key: str) -> bool:
        """Return whether the value of `key` (in lower case), or its absence, is settled."""
        user = self.request_scope.user
        return key not in self._open and (
            key in self.settled.folded
            or key in self._absent
            or keys.never_present(key, of_role=user.is_role, of_service=user.is_service)
            or user.lacks(key)
        )

    def may_be_absent(self, key: str) -> bool:
        """Return whether a request made in this way can lack `key` (in lower case)."""
        return keys.may_be_absent(key) and key not in self.settled.folded

    def literals(self, demanded: Iterable[VersionedCondition]) -> tuple[Literal, ...] | None:
        """Return the literals of conditions that must all hold; None if they cannot."""
        found = [self._literals[each] for each in demanded]
        if False in found:
            return None
        return tuple(each for each in found if isinstance(each, Literal))

    def condition_of(self, literal: Literal) -> VersionedCondition:
        """Return the condition that a literal is about."""
        return self._conditions_by_literal[literal.theory, literal.number]

    @cached_property
    def _conditions_by_literal(self) -> dict[tuple[str, int], VersionedCondition]:
        known = self._literals.items()
        return {
            (each.theory, each.number): asked for asked, each in known if not isinstance(each, bool)
        }

    @property
    def exact(self) -> bool:
        """Whether no atom is assumed to be free that is not."""
        return not self.linked and not self.inexact

    def _takes_over(
        self, like: "ConditionReading", name: str, key_conditions: Sequence[VersionedCondition]
    ) -> bool:
        """Reuse the theory of a plain-text key that no credential affects; return whether it is."""
        settled = self.knows(name) or like.knows(name) or name not in like.theories
        if settled or name == keys.SIGN_IN or not is_plain_text(name, key_conditions):
            return False
        self.theories[name] = like.theories[name]
        self._literals |= {each: like._literals[each] for each in key_conditions}
        return True

    def free(self) -> Literal:
        """Return a new literal for an atom that is assumed to be free."""
        loose = self.theories.setdefault(_LOOSE, FreeAtoms())
        assert isinstance(loose, FreeAtoms)  # noqa: S101 - the name is used for nothing else
        return Literal(_LOOSE, loose.add(), holds=True)

    def scope(
        self, action: str, resource: str, values: KeyValues, version: Version | None
    ) -> Scope:
        """Return the scope for the engine's matching, with some values put in."""
        self.budget.spend(_STEPS_TO_ASK + len(self._given))
        context = self._given.with_(values)
        caller = self._caller
        if not self.request_scope.user.outside_principal:
            caller = self.request_scope.user.caller(context.folded.get(USER_ID))
        return Scope(Request(caller.arn, action, resource, context), caller, version, self.tracked)

    def _holds(self, condition: VersionedCondition, values: KeyValues) -> bool:
        self.budget.spend(len(condition.condition.values))
        scope = self.scope("iam:GetUser", "*", values, condition.version)
        return conditions.holds(condition.condition, scope)

    def _read(self, name: str, key_conditions: Sequence[VersionedCondition]) -> None:
        """Make the theory of one key, or of times, and the literals of its conditions."""
        linked = {
            each: missing
            for each in key_conditions
            if (
                missing := {
                    key for key in keys_compared_with(each, self.tracked) if not self.knows(key)
                }
            )
            and not (self._at_home and dependent_keys.compares_organisations(each))
        }
        for missing in linked.values():
            self.linked |= missing
        plain = [each for each in key_conditions if each not in linked]
        compared = comparisons(name, linked)
        for each in linked:
            if each not in compared.numbers:
                self._literals[each] = self.free()
        if name != dependent_keys.TIME and all(map(self.knows, {name, *map(_key_of, plain)})):
            self._literals.update({each: self._holds(each, {}) for each in plain})
            self._literals |= {each: self.free() for each in compared.numbers}
            return
        if compared.numbers:
            self._read_compared(name, plain, compared)
        elif (theory := self._any_text(name, plain)) is not None:
            self.theories[name] = theory
            self._literals |= {each: Literal(name, n, holds=True) for n, each in enumerate(plain)}
        else:
            self._read_listed(name, plain)

    def _read_compared_keys(self, by_theory: dict[str, list[VersionedCondition]]) -> None:
        """Make the theories of keys that are compared with each other, and remove these."""
        excluded = self.request_scope.excluded_values or {}
        known = KnownKeys(
            self.knows, self.may_be_absent, self.settled, excluded, self.tracked, self.budget
        )
        for each in [*compared_keys(by_theory, known)]:
            try:
                theory = FiniteChoices(each.values())
            except LimitReached:
                continue
            name = each.names[0]
            self.theories[name] = theory
            for condition in each.conditions:
                if self.knows(_key_of(condition)) and not known.open_in(condition):
                    self._literals[condition] = self._holds(condition, {})
                    continue
                number = theory.add(partial(self._holds, condition))
                self._literals[condition] = Literal(name, number, holds=True)
            for condition in each.further_conditions:
                self.linked |= known.open_in(condition)
                self._literals[condition] = self.free()
            for one in each.names:
                self.compared[one] = each.names
                by_theory.pop(one, None)

    def _any_text(self, name: str, key_conditions: Sequence[VersionedCondition]) -> AnyText | None:
        if name in (self.request_scope.excluded_values or {}):
            return None
        absent = self.may_be_absent(name)
        return any_text(name, key_conditions, self.budget, self._holds, may_be_absent=absent)

    def _read_compared(
        self, name: str, plain: Sequence[VersionedCondition], compared: Comparisons
    ) -> None:
        """Make the theory of a key that is also compared with unknown variables."""
        try:
            values, exact = self._values(name, [*plain, *compared.numbers])
        except LimitReached:
            values, exact = [], False
        if not exact:
            self._literals |= {each: self.free() for each in compared.numbers}
            self._read_listed(name, plain)
            return
        listed, ways = compared.listed(values)
        theory = self.theories[name] = FiniteChoices(listed)
        for each in (*plain, *compared.numbers):
            of = compared.numbers
            holds = (
                partial(compared.holds, each, ways) if each in of else partial(self._holds, each)
            )
            self._literals[each] = Literal(name, theory.add(holds), holds=True)

    def _read_listed(self, name: str, plain: Sequence[VersionedCondition]) -> None:
        """Make the theory of a key whose distinguishable values are listed."""
        try:
            values, exact = self._values(name, plain)
            if not exact:
                self.inexact[name] = reasons.ANOTHER_TYPE.filled(key=name)
        except LimitReached as limit:
            values, exact = [{}, *likely_for(name, plain)], False
            self.inexact[name] = reasons.OF_A_KEY.filled(key=name, reason=limit.reason)
        if not exact and self.loose:
            self._literals.update({each: self.free() for each in plain})
            return
        theory = FiniteChoices(values)
        self.theories[name] = theory
        for condition in plain:
            number = theory.add(partial(self._holds, condition), listed_texts(condition))
            self._literals[condition] = Literal(name, number, holds=True)

    def _values(
        self, name: str, key_conditions: Sequence[VersionedCondition]
    ) -> tuple[list[KeyValues], bool]:
        if name == dependent_keys.TIME:
            issued = "aws:tokenissuetime"
            session = SessionTimes(issued in self.settled.folded, issued in self._absent)
            return times_for(key_conditions, self.request_scope.now, session, self.budget)
        if name == USER_ID and USER_ID not in self.request_scope.user.open_keys:
            texts, exact = self.ids(key_conditions)
            return [{USER_ID: text} for text in texts], exact
        if name == dependent_keys.ORIGIN:
            return self._origins(key_conditions)
        if name == keys.CALLED_VIA:
            return self._services(key_conditions)
        if name == dependent_keys.OF_PRINCIPAL:
            return dependent_keys.organisations(
                self._together(key_conditions), at_home=self._at_home
            )
        if name in dependent_keys.PART_OF:
            return dependent_keys.values_of_pair(
                dependent_keys.PART_OF[name], self._together(key_conditions)
            )
        if name == keys.TAG_KEYS:
            return self._tags(key_conditions)
        others = {_key_of(each) for each in key_conditions} - {name}
        return (
            self._values_of_one_value(name, key_conditions)
            if others
            else self._values_of_key(name, key_conditions)
        )

    @property
    def _at_home(self) -> bool:
        """Whether the resource is of the caller's account, and so of the same organisation."""
        return (
            self.owners == (self.request_scope.user.account,)
            and not self.request_scope.user.open_keys
        )

    def _known_values(self, some: Iterable[str]) -> dict[str, ContextValue | None]:
        """Return the known values of some keys (in lower case)."""
        return {key: self.settled.folded.get(key) for key in some if self.knows(key)}

    def _together(
        self, key_conditions: Sequence[VersionedCondition]
    ) -> dependent_keys.DependentConditions:
        """Return the conditions on keys that are parts of each other."""
        by_key = dependent_keys.group_by_key(key_conditions)
        spelled = dependent_keys.spelling_of_keys(by_key)
        user = self.request_scope.user
        known = self._known_values(spelled)
        return dependent_keys.DependentConditions(
            by_key, spelled, known, self.settled, user.partition, self.budget
        )

    def _values_of_one_value(
        self, name: str, key_conditions: Sequence[VersionedCondition]
    ) -> tuple[list[KeyValues], bool]:
        """Return the values of a global key and of the service keys with the same value."""
        by_key = dependent_keys.group_by_key(key_conditions)
        main = by_key[name][0].condition.key if name in by_key else keys.spelling_of_key(name)
        on_main = [
            replace(each, condition=replace(each.condition, key=main)) for each in key_conditions
        ]
        others = [each[0].condition.key for key, each in by_key.items() if key != name]
        values, exact = self._values_of_key(name, on_main)
        known = self._known_values((name, *by_key))
        return [*dependent_keys.values_of_one_value(main, others, values, known)], exact

    def _tags(self, key_conditions: Sequence[VersionedCondition]) -> tuple[list[KeyValues], bool]:
        """Return the values of the keys of a call's tags, together with the tags."""
        by_key = dependent_keys.group_by_key(key_conditions)
        own = by_key.pop(keys.TAG_KEYS, [])
        in_keys = {key: dependent_keys.key_in_tags(key[len(keys.REQUEST_TAG) :]) for key in by_key}
        sets, exact = self._values_of_key(keys.TAG_KEYS, [*own, *in_keys.values()])
        if self.knows(keys.TAG_KEYS):
            sets, exact = [{}], True
        tags: dict[str, list[KeyValues]] = {}
        for key, group in by_key.items():
            value = self.settled.folded.get(key)
            ways: list[KeyValues] = [{} if value is None else {group[0].condition.key: value}]
            tags[key], whole = (ways, True) if self.knows(key) else self._values_of_key(key, group)
            exact &= whole
        sets_with_keys = [
            (each, frozenset(key for key, one in in_keys.items() if self._holds(one, each)))
            for each in sets
        ]
        return [*dependent_keys.with_tag_keys(sets_with_keys, tags)], exact

    def _origins(
        self, key_conditions: Sequence[VersionedCondition]
    ) -> tuple[list[KeyValues], bool]:
        """Return the addresses and VPC endpoints that a request can come from."""
        by_key: dict[str, list[VersionedCondition]] = {keys.ADDRESS: []}
        for condition in key_conditions:
            part = dependent_keys.PART_OF.get(_key_of(condition))
            by_key.setdefault(part.part if part else _key_of(condition), []).append(condition)
        nothing: tuple[list[KeyValues], bool] = ([{}], True)
        read = {
            key: self._values_of_origin(key, group) if group else nothing
            for key, group in by_key.items()
        }
        ways = {key: values for key, (values, _) in read.items()}
        exact = all(exact for _, exact in read.values())
        found = keys.origins(ways, self.settled.folded, direct=self.direct)
        return [*found], exact

    def _values_of_origin(
        self, key: str, key_conditions: Sequence[VersionedCondition]
    ) -> tuple[list[KeyValues], bool]:
        """Return the values of a key of the request's origin, and of its whole."""
        if key in dependent_keys.ORGANISATIONS or {_key_of(each) for each in key_conditions} != {
            key
        }:
            return dependent_keys.values_of_pair(
                dependent_keys.PART_OF[key], self._together(key_conditions)
            )
        return ([{}], True) if self.knows(key) else self._values_of_key(key, key_conditions)

    def _services(
        self, key_conditions: Sequence[VersionedCondition]
    ) -> tuple[list[KeyValues], bool]:
        """Return the chains of services that can be between the caller and the call."""
        named = [each for each in key_conditions if _key_of(each) in keys.SERVICES]
        texts, exact = self.texts_for(keys.CALLED_VIA, named)
        of_list = [each for each in key_conditions if _key_of(each) == keys.CALLED_VIA]
        sets = self._sets([*filter(None, texts)], of_list) if of_list else ()
        found = [*keys.chains(texts, sets, frozenset(map(_key_of, key_conditions)))]
        return found, exact

    def _values_of_key(
        self, name: str, key_conditions: Sequence[VersionedCondition]
    ) -> tuple[list[KeyValues], bool]:
        spelled = key_conditions[0].condition.key if key_conditions else name
        if name in keys.OF_RESOURCE_ACCOUNT:
            return [*({spelled: account} for account in self.owners), {}], bool(self.owners)
        if name == keys.REGION:
            regions, exact = self.regions(key_conditions)
            return [{spelled: each} for each in regions], exact
        texts, exact = self.texts_for(name, key_conditions)
        if name == keys.MFA_AGE:
            exact &= {
                family_of(each.condition.operator.name) for each in key_conditions
            } <= _OF_AGES
            read = ((text, conditions.number(text)) for text in texts)
            ages = [text for text, age in read if age is not None and 0 <= age <= LONGEST_SESSION]
            return [{spelled: text} for text in (*ages, "0")], exact
        default = keys.DEFAULTS.get(name)
        ways: list[KeyValues] = [] if default is None else [{spelled: default}]
        absent: list[KeyValues] = [{}] if self.may_be_absent(name) else []
        if default is None:
            # without ordinary values, the shortest ones are used
            ways, absent = absent, []
        with_sets = any(
            each.condition.operator.quantifier is not Quantifier.NONE for each in key_conditions
        )
        shape = keys.shape_of(name, with_set_operator=with_sets)
        if "" not in texts and (with_sets or may_be_null(name, key_conditions)):
            texts = [*texts, ""]
        if shape is not keys.KeyShape.MANY:
            ways += [{spelled: text} for text in texts]
        if shape is not keys.KeyShape.ONE:
            ways += [{spelled: several} for several in self._sets(texts, key_conditions)]
        none_of = (self.request_scope.excluded_values or {}).get(name, ())
        return [one for one in (*ways, *absent) if one.get(spelled) not in none_of], exact

    def texts_for(
        self, name: str, key_conditions: Sequence[VersionedCondition]
    ) -> tuple[list[str], bool]:
        """Return texts that conditions on a key can distinguish, and whether these are all."""
        return formed_for(name, key_conditions, self.settled, self.budget) or values_for(
            key_conditions, self.settled, self.request_scope.now, self.budget
        )

    def ids(self, key_conditions: Sequence[VersionedCondition]) -> tuple[list[str], bool]:
        """Return unique ids that conditions can distinguish, and whether these are all."""
        now, of_role = self.request_scope.now, self.request_scope.user.is_role
        return ids_for(key_conditions, self.settled, now, self.budget, of_role=of_role)

    def regions(self, key_conditions: Sequence[VersionedCondition]) -> tuple[list[str], bool]:
        """Return regions that conditions can distinguish, and whether these are all."""
        return regions_for(
            key_conditions, self.settled, self.request_scope.user.partition, self.budget
        )

    def _sets(
        self, texts: Sequence[str], key_conditions: Sequence[VersionedCondition]
    ) -> Iterator[tuple[str, ...]]:
        """Yield sets of values, one for each combination of results of set operators.

        The operators distinguish which conditions some value meets, and all do; `("",)` is empty.
        """
        self.budget.spend(len(texts) * sum(len(each.condition.values) for each in key_conditions))
        satisfied = {
            text: sum(self._satisfies(text, each) << n for n, each in enumerate(key_conditions))
            for text in texts
        }
        some_asked, every_asked = split_by_quantifier(key_conditions)
        seen: dict[tuple[int, int], tuple[str, ...]] = {}
        waiting: deque[tuple[int, int, tuple[str, ...]]] = deque([(0, every_asked, ())])
        while waiting:
            some, every, members = waiting.popleft()
            self.budget.spend(len(satisfied))
            for text, mask in satisfied.items():
                after = (some | mask & some_asked, every & mask)
                if after not in seen and text not in members and (text or members):
                    seen[after] = (*members, text)
                    waiting.append((*after, seen[after]))
            if len(seen) > MOST_SETS:
                raise LimitReached(reasons.TOO_MANY_SETS)
        yield from seen.values()
        yield from ((text,) for text in texts if not text)

    def _satisfies(self, text: str, condition: VersionedCondition) -> bool:
        name = condition.condition.operator.name
        if name is OperatorName.NULL:
            return True
        alone = replace(condition.condition, operator=Operator(name, Quantifier.FOR_ANY_VALUE))
        return self._holds(
            VersionedCondition(alone, condition.version), {condition.condition.key: (text,)}
        )


_STEPS_TO_ASK = 60
"""The steps that one evaluation of a condition by the engine counts for."""
