"""The results of the conditions on the caller for one user.

A user's name, ARN, id, tags and account are the same in all their requests. So a condition on these
holds for all of them or for none, and a variable for a tag has one text. Users with equal results
are distinguished only by the rest of the policies.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from sekisho.account import User
from sekisho.engine import (
    Assumptions,
    AttachedPolicy,
    Context,
    Policies,
    Request,
    cached_by_identity,
)
from sekisho.engine.matching import Scope, TrackedAssumptions, Wild, conditions, variables
from sekisho.lazy import dataclass
from sekisho.policy import Condition, Document, Element, Statement, Version
from sekisho.prover import CallingUser, VersionedCondition, handled_policies

_TAG = "aws:principaltag/"
_ACCOUNT = "aws:principalaccount"
_OF_CALLER = frozenset({"aws:principalarn", "aws:username", "aws:userid", _ACCOUNT})
_SPECIAL = frozenset("*?$:")
"""The characters that mean more in a pattern than in a text put in by a variable."""


def named_of(user: User) -> CallingUser:
    """Return a user in the prover's form: with the id and all tags."""
    tags = {f"aws:PrincipalTag/{key}": value for key, value in user.tags.items()}
    known = {"aws:userid": user.id, **tags} if user.id else tags
    return CallingUser.of(user.arn, known, all_tags=True)


Outcome = bool | str | None


@dataclass(frozen=True, slots=True)
class Resolution:
    """The results of some policies' conditions on the caller for one user.

    Attributes:
        outcomes: of each condition: whether it holds; where it compares a tag with what the request
            brings, the tag's value; None: that is not documented, not known, or hangs on the name.
        values: of each of the caller's keys that variables name.
    """

    outcomes: tuple[Outcome, ...] = ()
    values: tuple[str | None, ...] = ()


class CallerOutcomes:
    """The results of conditions on the caller for users: the same for all policies.

    Args:
        assumptions: the settings of points that AWS does not document.
    """

    def __init__(self, assumptions: Assumptions) -> None:
        self._assumptions = assumptions
        # the user is kept, so that its id stays its own
        self._known: dict[int, tuple[User, dict[VersionedCondition, Outcome]]] = {}

    def of(self, user: User, asked: Sequence[VersionedCondition]) -> tuple[Outcome, ...]:
        """Return the result of each of some conditions for a user."""
        _, known = self._known.setdefault(id(user), (user, {}))
        if new := [each for each in asked if each not in known]:
            caller = named_of(user)
            context = _context(caller)
            known.update((each, self._outcome(each, caller, context)) for each in new)
        return tuple(known[each] for each in asked)

    def _outcome(self, asked: VersionedCondition, caller: CallingUser, context: Context) -> Outcome:
        own = asked.condition.key.lower()
        if not caller.unique_id and "aws:userid" in {own, *_variables_of(asked)}:
            return None
        value = context.folded.get(own)
        # an absent value is compared with nothing
        if value is not None and not all(map(_of_caller, _variables_of(asked))):
            return _compared(asked, caller.name, str(value))
        tracked = TrackedAssumptions(self._assumptions)
        request = Request(caller.arn, "iam:GetUser", "*", context)
        scope = Scope(request, caller.caller(), asked.version, tracked)
        holds = conditions.holds(asked.condition, scope)
        return None if tracked.names_used else holds


class CallerConditions:
    """The conditions on the caller in some policies.

    Args:
        policies: all that decides, as one set of policies or several.
        outcomes: the cached results of conditions.
        lefts: the cached remainders of documents.
    """

    def __init__(
        self, policies: tuple[Policies, ...], outcomes: CallerOutcomes, lefts: "Lefts"
    ) -> None:
        self._outcomes = outcomes
        self._lefts = lefts
        attached = (each for one in policies for each in handled_policies(one))
        self._documents = tuple({id(each.document): each.document for each in attached}.values())
        read = [_caller_dependence(document) for document in self._documents]
        self._asked = tuple(dict.fromkeys(one for each in read for one in each.asked))
        self._keys = tuple(dict.fromkeys(key for each in read for key in each.variables))

    def of(self, user: User) -> Resolution:
        """Return the results of the conditions for a user."""
        if not self._asked and not self._keys:
            return Resolution()
        outcomes = self._outcomes.of(user, self._asked)
        if not self._keys:
            return Resolution(outcomes)
        context = _context(named_of(user))
        values = (variables.Variable(key).value(context) for key in self._keys)
        return Resolution(outcomes, tuple(values))

    def left(self, user: User, resolution: Resolution) -> Policies:
        """Return the statements that can distinguish users with equal results of the conditions.

        The result is not a policy to ask about: other statements are left out.

        Args:
            user: one of them.
            resolution: the results of the conditions.
        """
        known = dict(zip(self._asked, resolution.outcomes, strict=True))
        context = _context(named_of(user))
        documents = (self._lefts.of(document, known, context) for document in self._documents)
        return Policies(identity=tuple(AttachedPolicy("", document) for document in documents))


def _compared(asked: VersionedCondition, name: str, value: str) -> str | None:
    """Return a tag that is compared as a text with values of the request; None if it is not.

    Users whose names are not in the tag are interchangeable: a request of one, with the name
    exchanged, has the same result.
    """
    condition = asked.condition
    of_text = condition.operator.name.value.startswith("String")
    tag = condition.key.lower().startswith(_TAG)
    own = {key for key in _variables_of(asked) if _of_caller(key)} - {"aws:username"}
    plain = of_text and tag and not own
    return value if plain and name.casefold() not in value.casefold() else None


def _context(caller: CallingUser) -> Context:
    own = {"aws:PrincipalArn": caller.arn, "aws:username": caller.name}
    return Context({**own, "aws:PrincipalAccount": caller.account, **caller.known_values})


@dataclass(frozen=True, slots=True)
class _CallerDependence:
    """The conditions on the caller in a document, and the tags that its variables name."""

    asked: tuple[VersionedCondition, ...]
    variables: tuple[str, ...]


@cached_by_identity
def _caller_dependence(document: Document) -> _CallerDependence:
    asked: dict[VersionedCondition, None] = {}
    named: dict[str, None] = {}
    for statement in document.statements:
        texts = list(statement.resource.values if statement.resource else ())
        for condition in statement.conditions:
            one = VersionedCondition(condition, document.version)
            if _of_caller(condition.key.lower()):
                asked[one] = None
            else:
                texts += condition.values
        keys = (key for text in texts for key in _variables(text, document.version))
        named |= dict.fromkeys(filter(_is_brought_in, keys))
    return _CallerDependence(tuple(asked), tuple(named))


def _of_caller(key: str) -> bool:
    return key in _OF_CALLER or key.startswith(_TAG)


def _is_brought_in(key: str) -> bool:
    """Return whether a variable's value can be shared by users: an account or a tag, no name."""
    return key == _ACCOUNT or key.startswith(_TAG)


def _variables_of(asked: VersionedCondition) -> Iterator[str]:
    for text in asked.condition.values:
        yield from _variables(text, asked.version)


def _variables(text: str, version: Version | None) -> Iterator[str]:
    if version is Version.V2012 and variables.OPEN in text:
        parts = variables.read(text)
        yield from (one.key.lower() for one in parts if isinstance(one, variables.Variable))


class Lefts:
    """The remainders of documents for users; equal remainders are the same object, read once."""

    def __init__(self) -> None:
        # the document is kept, so that its id stays its own
        self._known: dict[tuple[object, ...], tuple[Document, Document]] = {}

    def of(
        self, document: Document, known: Mapping[VersionedCondition, Outcome], context: Context
    ) -> Document:
        """Return the remainder of a document for one user; the document if nothing is settled.

        Args:
            document: one that decides.
            known: the results of the conditions on the caller.
            context: the known facts about the user.
        """
        read = _caller_dependence(document)
        if not read.asked and not read.variables:
            return document
        values = (variables.Variable(key).value(context) for key in read.variables)
        key = (id(document), *(known[each] for each in read.asked), *values)
        if key not in self._known:
            version = document.version
            found = (_left_of(each, version, known, context) for each in document.statements)
            left = tuple(each for each in found if each is not None)
            self._known[key] = document, replace(document, statements=left)
        return self._known[key][1]


def _left_of(
    statement: Statement,
    version: Version | None,
    known: Mapping[VersionedCondition, Outcome],
    context: Context,
) -> Statement | None:
    left: list[Condition] = []
    for condition in statement.conditions:
        outcome = known.get(VersionedCondition(condition, version))
        if outcome is False:
            return None
        if outcome is None:
            left.append(replace(condition, values=_filled(condition.values, version, context)))
    resource = statement.resource
    if resource is not None:
        values = _filled(resource.values, version, context)
        resource = Element(values, negated=resource.negated)
    return replace(statement, conditions=tuple(left), resource=resource)


def _filled(texts: tuple[str, ...], version: Version | None, context: Context) -> tuple[str, ...]:
    """Return texts with the values of variables put in; texts that match nothing are left out."""
    found = (_text(each, version, context) for each in texts)
    return tuple(each for each in found if each is not None)


def _text(text: str, version: Version | None, context: Context) -> str | None:
    """Return a text with the tags of variables put in; None if one of them has no value.

    A value that cannot be written as a pattern leaves the text unchanged.
    """
    if not any(map(_is_brought_in, _variables(text, version))):
        return text
    written: list[str] = []
    for part in variables.read(text):
        value = _written(part, context)
        if value is None:
            return None
        written.append(value)
    return text if "" in written else "".join(written)


def _written(part: variables.TemplatePart, context: Context) -> str | None:
    """Return a part of a text as a pattern; "" if it cannot be written, None if it has no value."""
    match part:
        case Wild():
            return part.value
        case variables.Variable() if _is_brought_in(part.key.lower()):
            value = part.value(context)
            return "" if value and _SPECIAL & set(value) else value
        case variables.Variable(key, None):
            return f"${{{key}}}"
        case str() if not _SPECIAL - {":"} & set(part):
            return part
    return ""
