"""Equivalent users for the prover: an answer for one of them holds for the others.

Conditions on the caller alone have the same results for them (`resolution`). Most policies see a
user's name only through `${aws:username}`, so that another name gives the same answers about other
names. That is so if each pattern with the variable consists of whole parts
(`user/*/${aws:username}`), and every other pattern of the same element or key matches all or none
of their matches for every name, or consists of whole parts as well, none of which is the user's
name; then renaming a user renames every request, and no answer changes. If that is not certain,
users are asked about one by one.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from functools import lru_cache

from sekisho.account import User
from sekisho.audit.enforcement.resolution import CallerConditions, CallerOutcomes, Lefts
from sekisho.engine import Assumptions, AttachedPolicy, Policies, cached_by_identity
from sekisho.engine.matching import arns, glob
from sekisho.lazy import dataclass
from sekisho.policy import Document, OperatorName, Statement, Version, from_json
from sekisho.prover import handled_policies

_NAME = "${aws:username}"
_TAG = "aws:principaltag/"
_OF_CALLER = "aws:principal"
_OWN = frozenset({"aws:username", "aws:userid", "aws:principalarn"})
_IAM = ("arn", "*", "iam", "*", "*")
_PARTS = re.compile(r"[:/]")
_EXACT_CASE = frozenset(
    {OperatorName.STRING_EQUALS, OperatorName.STRING_NOT_EQUALS}
    | {OperatorName.STRING_LIKE, OperatorName.STRING_NOT_LIKE}
)
_ANY = "\0"
"""Represents an unknown text; no pattern contains it."""


class DocumentNumbers:
    """Numbers for documents: equal documents share one, and each object is compared once."""

    def __init__(self) -> None:
        self._numbers: dict[Document, int] = {}
        # the document is kept, so that its id stays its own
        self._known: dict[int, tuple[Document, int]] = {}

    def of(self, document: Document) -> int:
        """Return the document's number."""
        known = self._known.get(id(document))
        if known is None:
            known = (document, self._numbers.setdefault(document, len(self._numbers)))
            self._known[id(document)] = known
        return known[1]

    def of_all(self, policies: Policies) -> tuple[object, ...]:
        """Return the sets of documents; their order, names and repetitions do not matter."""
        sets = (policies.identity, policies.boundaries, policies.session)
        levels = (level.policies for level in policies.scps)
        # no boundary allows everything, and a boundary without policies nothing
        return tuple(
            None if each is None else frozenset(self.of(one.document) for one in each)
            for each in (*sets, *levels)
        )


@dataclass(frozen=True, slots=True)
class Traits:
    """The facts about a user that matter to some documents.

    Attributes:
        one_by_one: everything may matter.
        tags: the names of tags, in lower case.
        words: names that a user must not have for its name not to matter.
    """

    one_by_one: bool = False
    tags: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Pattern:
    """A pattern, the attribute that it is compared with, and the kind of comparison.

    Attributes:
        where: the element or the condition key.
        head: partition to account of an ARN; "" of other texts.
        exact: whether `*` and `?` are plain characters.
        cased: whether case matters.
    """

    where: str
    text: str
    head: tuple[str, ...] = ()
    exact: bool = False
    cased: bool = True

    @property
    def mentions_user(self) -> bool:
        """Whether it contains the user's name."""
        return _NAME in self.text.lower()


def question_as_policy(
    resources: Iterable[str], conditions: Mapping[str, object] | None = None
) -> AttachedPolicy:
    """Return the resources and conditions of questions as a policy that names them."""
    statement = {"Effect": "Allow", "Action": "*", "Resource": [*resources]}
    more = {"Condition": conditions} if conditions else {}
    document = {"Version": "2012-10-17", "Statement": [{**statement, **more}]}
    return AttachedPolicy("what is asked about", from_json(document))


class EquivalenceKeys:
    """Keys for answers about users: equal keys, equal answers.

    A key has everything that such an answer may depend on: the documents that decide, the results
    of their conditions on the caller, and the user's other attributes that the documents or the
    questions depend on.

    Args:
        numbers: of the documents.
        asked: a policy that names what is in question besides the user; None: nothing.
        assumptions: the settings of points that AWS does not document.
    """

    def __init__(
        self,
        numbers: DocumentNumbers,
        asked: AttachedPolicy | None = None,
        assumptions: Assumptions | None = None,
    ) -> None:
        self._numbers = numbers
        self._asked = Policies() if asked is None else Policies((asked,))
        self._outcomes = CallerOutcomes(assumptions or Assumptions())
        self._conditions: dict[tuple[object, ...], CallerConditions] = {}
        self._traits: dict[tuple[object, ...], Traits] = {}
        self._lefts = Lefts()

    def of(self, user: User, *sets: Policies) -> tuple[object, ...]:
        """Return the key for answers that also depend on the user's own path and boundary.

        Args:
            user: the user to whom these policies apply.
            sets: the policies, each set at its own time.
        """
        return (*self._of(user, sets, user.path), user.path, user.boundary)

    def of_requests(self, user: User, *sets: Policies) -> tuple[object, ...]:
        """Return the key for answers about the user's requests; the arguments are those of `of`."""
        return self._of(user, sets, None)

    def _of(self, user: User, sets: tuple[Policies, ...], path: str | None) -> tuple[object, ...]:
        documents = tuple(map(self._numbers.of_all, sets))
        if documents not in self._conditions:
            self._conditions[documents] = CallerConditions(
                (*sets, self._asked), self._outcomes, self._lefts
            )
        conditions = self._conditions[documents]
        # words of one set matter to the patterns of another
        key = (documents, path, conditions.of(user))
        if key not in self._traits:
            self._traits[key] = traits_of(conditions.left(user, key[2]), path)
        return (*key, equivalence_key(user, self._traits[key]))


def equivalence_key(user: User, traits: Traits) -> tuple[object, ...]:
    """Return the facts that equivalent users have in common."""
    if traits.one_by_one or user.name in traits.words:
        return (user.arn, user.id, *sorted(user.tags.items()))
    folded = {name.lower(): value for name, value in user.tags.items()}
    return tuple((name, folded.get(name)) for name in sorted(traits.tags))


def traits_of(policies: Policies, path: str | None = None) -> Traits:
    """Return the facts about a user that matter to the policies.

    Args:
        policies: the policies that apply.
        path: of the users, where the question is about the user's own ARN.
    """
    read = [
        _traits(each)
        for each in {id(one.document): one.document for one in handled_policies(policies)}.values()
    ]
    named = dict.fromkeys(each.named for each in read if each.named)
    if path is not None:
        named[_own_arn(path)] = None
    keys: frozenset[str] = frozenset().union(*(each.keys for each in read))
    if keys & _OWN or any(each.other_variables for each in read):
        return Traits(one_by_one=True)
    words: set[str] = set()
    for some in named:
        # the user's tags may contain the name, and are not renamed
        if any(each.where.startswith(_OF_CALLER) for each in some):
            return Traits(one_by_one=True)
        for parts in (_words(some), *(_distinguishing_words(one, some) for one in read)):
            if parts is None:
                return Traits(one_by_one=True)
            words |= parts
    tags = frozenset(key.removeprefix(_TAG) for key in keys if key.startswith(_TAG))
    return Traits(tags=tags, words=frozenset(words))


_Named = tuple[_Pattern, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _DocumentTraits:
    """The parts of a document that matter here; each document is read once.

    Attributes:
        keys: of its conditions, in lower case.
        named: the patterns with the user's name.
        plain: the other patterns.
        other_variables: whether there are variables beside the name.
        telling: the words of `plain` that tell names apart, by the named patterns; None: see
            `_words`.
    """

    keys: frozenset[str]
    named: _Named
    plain: _Named
    other_variables: bool
    telling: dict[_Named, frozenset[str] | None] = field(default_factory=dict)


@cached_by_identity
def _traits(document: Document) -> _DocumentTraits:
    patterns = tuple(dict.fromkeys(_patterns(document)))
    conditions = (each for one in document.statements for each in one.conditions)
    known = _NAME if document.version is Version.V2012 else "\0"
    return _DocumentTraits(
        keys=frozenset(each.key.lower() for each in conditions),
        named=tuple(each for each in patterns if each.mentions_user),
        plain=tuple(each for each in patterns if not each.mentions_user),
        # `${` begins anything but the name; before 2012 it is plain text at all
        other_variables=any("${" in each.text.replace(known, "") for each in patterns),
    )


@lru_cache(maxsize=1024)
def _own_arn(path: str) -> _Named:
    return (_Pattern("Resource", f"user{path}{_NAME}", _IAM),)


def _distinguishing_words(one: _DocumentTraits, named: _Named) -> frozenset[str] | None:
    """Return the words by which a document's other patterns distinguish the matched names."""
    if named not in one.telling:
        one.telling[named] = _words(
            each for each in one.plain if not all(_ignores_name(some, each) for some in named)
        )
    return one.telling[named]


def _words(patterns: Iterable[_Pattern]) -> frozenset[str] | None:
    """Return the parts of patterns; None if some pattern does not consist of whole parts."""
    found = tuple(patterns)
    if not all(map(_of_whole_parts, found)):
        return None
    return frozenset(part for each in found for part in _parts(each))


def _patterns(document: Document) -> Iterator[_Pattern]:
    for statement in document.statements:
        yield from _resources(statement)
        for condition in statement.conditions:
            name = condition.operator.name
            exact = "Like" not in name.value and "Arn" not in name.value
            for value in condition.values:
                key = condition.key.lower()
                yield _Pattern(key, value, (), exact, name in _EXACT_CASE)


def _resources(statement: Statement) -> Iterator[_Pattern]:
    for entry in statement.resource.values if statement.resource else ():
        parts = arns.split(entry)
        tail = parts[-1] if len(parts) == arns.PARTS else "*"
        yield _Pattern("Resource", tail, tuple(part.lower() for part in parts[:-1]))


def _of_whole_parts(pattern: _Pattern) -> bool:
    """Return whether name and wildcards are each a whole part between `:` and `/`."""
    return pattern.cased and all(
        part in ("*", _ANY) or not set(part) & {"*", "?", "$", _ANY} for part in _parts(pattern)
    )


def _parts(pattern: _Pattern) -> list[str]:
    """Return the parts between `:` and `/`; the name is one part."""
    return _PARTS.split(pattern.text.replace(_NAME, _ANY))


def _ignores_name(named: _Pattern, other: _Pattern) -> bool:
    """Return whether `other` matches all or none of the texts that `named` does, for every name."""
    heads = zip(named.head, other.head, strict=False)
    if named.where != other.where or any(a != b and not set(a + b) & set("*?") for a, b in heads):
        # no ARN matches both heads
        return True
    some = named.text.replace(_NAME, "*")
    if other.exact:
        return not glob.like(some.lower(), other.text.lower())
    if _disjoint(some.lower(), other.text.lower()):
        return True
    return other.cased and "?" not in other.text and glob.like(other.text, some.replace("*", _ANY))


def _disjoint(one: str, other: str) -> bool:
    """Return whether two patterns differ before their first or after their last wildcard."""
    starts = [re.split(r"[*?]", text, maxsplit=1)[0] for text in (one, other)]
    ends = [re.split(r"[*?]", text)[-1][::-1] for text in (one, other)]
    return any(not a.startswith(b) and not b.startswith(a) for a, b in (tuple(starts), tuple(ends)))
