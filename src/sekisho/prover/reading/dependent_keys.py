"""Values of interdependent keys in a request: with one value, of one object, or of a call's tags.

Times are interdependent as well: those of the request, and of the issue of its session.

Source: IAM User Guide, "AWS global condition context keys"; `catalogue/data/condition-keys.json`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import product
from math import prod
from typing import NamedTuple

from sekisho.catalogue import organisation_keys
from sekisho.engine import Context, ContextValue
from sekisho.engine.matching import Wild, conditions, variables
from sekisho.lazy import dataclass
from sekisho.policy import Condition, Operator, OperatorName, Quantifier
from sekisho.prover.reading import keys
from sekisho.prover.reading.conditions import (
    OperatorFamily,
    VersionedCondition,
    family_of,
    is_exact,
    patterns_of,
    texts_of_forms,
)
from sekisho.prover.reading.credentials import CallingUser
from sekisho.prover.solver import names
from sekisho.prover.solver.limits import Budget
from sekisho.prover.solver.texts import Kind, Segment, Token
from sekisho.prover.solver.theories import KeyValues
from sekisho.signin import LONGEST_CONSOLE_SESSION

TIMES = frozenset({"aws:currenttime", "aws:epochtime", "aws:tokenissuetime"})
"""The keys of times, in lower case."""

_OF_TIMES = frozenset({OperatorFamily.DATE, OperatorFamily.NUMBER, OperatorFamily.PRESENCE})
LONGEST_SESSION = int(LONGEST_CONSOLE_SESSION.total_seconds())
"""Seconds that a session lives at most: a sign-in to the console, by a user or with a role.

Source: IAM API Reference, `MaxSigninSessionDuration`. Sessions of STS live for 36 hours at most, a
role's for 12.
"""

_LAST = int(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp())
"""The last second that can be written: no request comes later."""

_A_VALUE = 50
"""The steps that a value of several keys counts for: it needs memory as well."""


class SessionTimes(NamedTuple):
    """The known facts about the session of a request.

    Attributes:
        issued: whether there is one.
        none: whether there is none.
    """

    issued: bool
    none: bool


def times_for(
    key_conditions: Sequence[VersionedCondition],
    now: datetime,
    session: SessionTimes,
    budget: Budget,
) -> tuple[list[KeyValues], bool]:
    """Return the times of request and sign-in that conditions distinguish; whether these are all.

    Args:
        key_conditions: the conditions on them.
        now: the time of the earliest request.
        session: the known facts about the session.
        budget: the steps that are left.
    """
    constants = [
        int(read)
        for each in key_conditions
        for text in each.condition.values
        if (read := conditions.date(text)) is not None and 0 <= read <= _LAST
    ]
    near = sorted({t for c in constants for t in (c - 1, c, c + 1) if t <= _LAST})
    first = int(now.timestamp())
    ways: list[KeyValues] = []
    for at in (first, *(each for each in near if each > first)):
        when = {"aws:CurrentTime": _iso(at), "aws:EpochTime": str(at)}
        oldest = at - LONGEST_SESSION
        issued = (at, oldest, *(each for each in near if oldest < each < at))
        budget.spend(len(near) + _A_VALUE * len(issued))
        if not session.issued:
            ways.append(when)
        if not session.none:
            ways += [{**when, "aws:TokenIssueTime": _iso(each)} for each in issued]
    return ways, {family_of(each.condition.operator.name) for each in key_conditions} <= _OF_TIMES


def _iso(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


KnownValues = Mapping[str, ContextValue | None]
"""The known values of keys (in lower case); None: the key is absent."""


def values_of_one_value(
    main: str, service_keys: Sequence[str], values: Iterable[KeyValues], known: KnownValues
) -> Iterator[KeyValues]:
    """Yield the values of a key and of other keys with the same value: each may be absent.

    The service determines the key that is present, so no two of the service keys are.

    Args:
        main: the global key.
        service_keys: keys of services.
        values: the possible values of the global key.
        known: the known values of any of them.
    """
    texts = [value.get(main) for value in values]
    known_texts = [value for value in known.values() if value is not None]
    for text in dict.fromkeys(known_texts[:1] or texts):
        ways: list[dict[str, ContextValue]] = [{}]
        if text is not None:
            ways = [{main: text}, *({main: text, other: text} for other in service_keys)]
            ways += [{other: text} for other in service_keys]
        if known_texts and keys.may_be_absent(main.lower()):
            ways.append({})
        for way in ways:
            present = main in way or keys.may_be_absent(main.lower())
            if present and _agrees(way, (main, *service_keys), known):
                yield way


def _agrees(values: KeyValues, spelled: Iterable[str], known: KnownValues) -> bool:
    """Return whether values agree with the known values of some keys."""
    return all(values.get(key) == known[key.lower()] for key in spelled if key.lower() in known)


@dataclass(frozen=True, slots=True)
class PartOfKey:
    """A key whose value is a part of another key's value.

    Attributes:
        part: the key (in lower case) of the part.
        whole: the key (in lower case) of the whole.
        of_list: whether the whole is a list of one.
        alone: whether the part can be there without the whole.
    """

    part: str
    whole: str
    of_list: bool = False
    alone: bool = False

    def in_text(self, text: str) -> str:
        """Return the value of the part, given that of the whole."""
        return text.partition("/")[0] if self.of_list else text.rpartition("/")[2]

    def pattern_of_whole(self, pattern: Sequence[Token]) -> tuple[Token, ...]:
        """Return a pattern of the whole values whose part matches a pattern."""
        one, many = Kind(names.IN_PART), Kind(names.IN_PART, many=True)
        wild: dict[object, Token] = {Wild.ANY: one, Segment.ANY: one}
        wild |= {Wild.STAR: many, Segment.STAR: many}
        part = (wild.get(token, token) for token in pattern)
        return (*part, "/", Wild.STAR) if self.of_list else (Wild.STAR, "/", *part)


ORGANISATIONS = {
    each.part: each
    for each in (
        PartOfKey(name.lower(), path, of_list=True) for path, name in organisation_keys().items()
    )
}
"""The keys of organisations, by the key of the organisation's id."""
VPC = PartOfKey("aws:sourcevpc", "aws:sourcevpcarn", alone=True)
PARTS = (*ORGANISATIONS.values(), VPC)
PART_OF = {key: each for each in PARTS for key in (each.part, each.whole)}
"""The pairs, by each of both keys."""

TIME = "time"
ORIGIN = "aws:SourceIp"  # in no lower case: it stands for those of VPC endpoints, too

OF_PRINCIPAL, OF_RESOURCE = "aws:principalorgid", "aws:resourceorgid"
_TWO = {
    key: OF_PRINCIPAL
    for start in (OF_PRINCIPAL, OF_RESOURCE)
    for key in (start, ORGANISATIONS[start].whole)
}
"""The keys of the caller's organisation and the resource's, which are equal at home."""


def dependency_of(name: str) -> str:
    """Return the name of the group of interdependent keys of a key, or the key (in lower case)."""
    key = keys.main_of(name)
    if key in keys.ENDPOINT or key == keys.ADDRESS:
        return ORIGIN
    if key in keys.SERVICES:
        return keys.CALLED_VIA
    if key in TIMES:
        return TIME
    pair = PART_OF.get(key)
    return _TWO.get(key) or (key if pair is None else pair.part)


def group_by_dependency(
    all_conditions: Iterable[VersionedCondition], user: CallingUser
) -> dict[str, list[VersionedCondition]]:
    """Return the conditions by the group of interdependent keys that they are on."""
    result = dict[str, list[VersionedCondition]]()
    for condition in all_conditions:
        result.setdefault(dependency_of(condition.condition.key.lower()), []).append(condition)
    if keys.VIA in user.open_keys and keys.CALLED_VIA in result:
        result[keys.CALLED_VIA] += result.pop(keys.VIA, [])
    if keys.TAG_KEYS in result:
        for name in [name for name in result if name.startswith(keys.REQUEST_TAG)]:
            result[keys.TAG_KEYS] += result.pop(name)
    return result


def compares_organisations(versioned: VersionedCondition) -> bool:
    """Return whether a condition compares the organisation ids of caller and resource.

    At home that follows from which of both keys are there.
    """
    condition, operator = versioned.condition, versioned.condition.operator
    name = conditions.NEGATIONS.get(operator.name, operator.name)
    return (
        name is OperatorName.STRING_EQUALS
        and operator.quantifier is Quantifier.NONE
        and condition.key.lower() in _IDS
        and len(condition.values) == 1
        and _names_organisation(condition.values[0])
    )


_IDS = frozenset({OF_PRINCIPAL, OF_RESOURCE})


def _names_organisation(text: str) -> bool:
    """Return whether a text is just a variable for an organisation's id."""
    match variables.read(text):
        case (variables.Variable(key, None),):
            return key.lower() in _IDS
        case _:
            return False


def group_by_key(
    all_conditions: Iterable[VersionedCondition],
) -> dict[str, list[VersionedCondition]]:
    """Return conditions by their keys, in lower case."""
    result: dict[str, list[VersionedCondition]] = {}
    for condition in all_conditions:
        result.setdefault(condition.condition.key.lower(), []).append(condition)
    return result


def spelling_of_keys(by_key: Mapping[str, Sequence[VersionedCondition]]) -> dict[str, str]:
    """Return the spelling of the keys of all pairs: as in a condition, or as AWS's."""
    every = {key for one in PARTS for key in (one.part, one.whole)}
    return {key: keys.spelling_of_key(key) for key in every} | {
        key: group[0].condition.key for key, group in by_key.items()
    }


@dataclass(frozen=True, slots=True)
class DependentConditions:
    """The conditions on some dependent keys, and the known values of these.

    Attributes:
        by_key: the conditions, by key in lower case.
        spelling: how the keys are spelled.
        known_values: the known values of the keys.
        context: the values of policy variables.
        partition: the caller's.
        budget: the steps that are left.
    """

    by_key: Mapping[str, Sequence[VersionedCondition]]
    spelling: Mapping[str, str]
    known_values: KnownValues
    context: Context
    partition: str
    budget: Budget

    def texts(self, parts: Sequence[PartOfKey]) -> tuple[list[str], bool]:
        """Return whole values that conditions on keys can distinguish, and whether they are all."""
        on_wholes = [one for each in parts for one in self.by_key.get(each.whole, ())]
        on_parts = [(each, self.by_key.get(each.part, ())) for each in parts]
        forms = names.forms_of(parts[0].whole, self.partition)
        for pair in parts:
            value = self.known_values.get(pair.part)
            if isinstance(value, str):
                forms = names.forms_of(pair.whole, self.partition, value)
        nice = [keys.EXAMPLES.get(parts[0].whole, "")]
        exact = all(map(is_exact, (on_wholes, *(conditions for _, conditions in on_parts))))
        if not exact:
            # keys compared as anything other than texts are not examined
            return texts_of_forms(nice, forms, (), self.budget), False
        of_parts = [
            each.pattern_of_whole(pattern)
            for each, conditions in on_parts
            for pattern in patterns_of(conditions, self.context)
        ]
        patterns = (*patterns_of(on_wholes, self.context), *of_parts)
        return texts_of_forms(nice, forms, patterns, self.budget), True

    def values_given_whole(self, part: PartOfKey, text: str) -> dict[str, ContextValue]:
        """Return the values of both keys of a pair, given the text of the whole."""
        whole: ContextValue = (text,) if part.of_list else text
        return {
            self.spelling.get(part.part, part.part): part.in_text(text),
            self.spelling.get(part.whole, part.whole): whole,
        }

    def agrees(self, values: KeyValues, parts: Iterable[PartOfKey]) -> bool:
        """Return whether values agree with the known values of the keys of some pairs."""
        every = (key for each in parts for key in (each.part, each.whole))
        return _agrees(values, (self.spelling.get(key, key) for key in every), self.known_values)


def values_of_pair(part: PartOfKey, dependent: DependentConditions) -> tuple[list[KeyValues], bool]:
    """Return the values of the keys of one pair, and whether these are all."""
    texts, exact = dependent.texts((part,))
    ways: list[KeyValues] = [{}]
    for text in texts:
        both = dependent.values_given_whole(part, text)
        ways += [{dependent.spelling.get(part.part, part.part): part.in_text(text)}] * part.alone
        ways.append(both)
    return [way for way in ways if dependent.agrees(way, (part,))], exact


def organisations(dependent: DependentConditions, *, at_home: bool) -> tuple[list[KeyValues], bool]:
    """Return the possible organisations of caller and resource, and whether these are all.

    Args:
        dependent: the conditions on these keys.
        at_home: whether the resource is of the caller's account: then they are of one.
    """
    caller, resource = ORGANISATIONS[OF_PRINCIPAL], ORGANISATIONS[OF_RESOURCE]
    ways: list[KeyValues] = [{}]
    if at_home:
        texts, exact = dependent.texts((caller, resource))
        for text in texts:
            own = dependent.values_given_whole(caller, text)
            # not every service sends the resource's owner
            ways += [own, {**own, **dependent.values_given_whole(resource, text)}]
        return [way for way in ways if dependent.agrees(way, (caller, resource))], exact
    of_caller, exact = values_of_pair(caller, dependent)
    of_resource, too = values_of_pair(resource, dependent)
    keys.check_count(len(of_caller) * len(of_resource))
    return [{**one, **other} for one, other in product(of_caller, of_resource)], exact and too


def key_in_tags(tag: str) -> VersionedCondition:
    """Return the condition that `tag` is among the keys of a call's tags, in any case."""
    operator = Operator(OperatorName.STRING_EQUALS_IGNORE_CASE, Quantifier.FOR_ANY_VALUE)
    return VersionedCondition(Condition(operator, "aws:TagKeys", (tag,)), None)


def with_tag_keys(
    sets: Sequence[tuple[KeyValues, frozenset[str]]], tags: Mapping[str, Sequence[KeyValues]]
) -> Iterator[KeyValues]:
    """Yield the keys of a call's tags with the values of some tags; a tag with a value is a key.

    A call that removes tags has keys without values. Some actions have tags without their keys.

    Args:
        sets: the possible `aws:TagKeys`, each with the keys of `tags` that are in it.
        tags: the possible values of each tag, by its key (in lower case); {}: it is absent.
    """
    keys.check_count(len(sets) * prod(map(len, tags.values())))
    for among, present in sets:
        ways = (
            values if key in present or not among else [one for one in values if not one]
            for key, values in tags.items()
        )
        for chosen in product(*ways):
            yield {key: value for one in (among, *chosen) for key, value in one.items()}
