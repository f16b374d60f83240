"""The policies of a question: all of them, parts of them, and the keys that they name."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from sekisho.engine import AttachedPolicy, Level, Policies, cached_by_identity
from sekisho.engine.matching import glob, variables
from sekisho.lazy import dataclass
from sekisho.policy import Condition, Document, Effect, Element, Statement, Version, from_json
from sekisho.prover.reading.conditions import VersionedCondition, variables_in
from sekisho.prover.reading.keys import REGION, SIGN_IN, VIA, VIA_SERVICE
from sekisho.prover.solver.inclusion import ACTIONS, END, RESOURCES, starts_of

_SERVICE_KEYS = VIA_SERVICE | {VIA, "aws:tokenissuetime"}
"""The keys by which a service's call differs from the user's own with the same MFA.

A call by access key has no MFA key. A service's call for its user has it with the value false, as a
session does, but need not have the time at which a session was issued.
"""
_LOGIN_KEYS = frozenset({SIGN_IN, "aws:tokenissuetime"})
"""The keys by which a session of `aws login` differs from an access key, if it has no MFA keys."""

_OF_IAM = _SERVICE_KEYS | {REGION}
"""The same for calls to IAM, which are made in its own region, unless a service makes them."""

_MFA_KEYS = frozenset({"aws:multifactorauthpresent", "aws:multifactorauthage"})
"""The keys by which a session with MFA differs from one without.

Source: IAM User Guide, "AWS global condition context keys".
"""

ALLOW_EVERYTHING = AttachedPolicy(
    "whatever is attached later",
    from_json(
        {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
    ),
)
"""A policy that allows everything: the most that may be attached to a user later."""


def handled_policies(policies: Policies) -> Iterator[AttachedPolicy]:
    """Yield every policy of the kinds that the prover handles."""
    yield from policies.identity
    yield from policies.boundaries or ()
    yield from policies.session or ()
    for level in policies.scps:
        yield from level.policies


def statements_in(policies: Policies) -> Iterator[Statement]:
    """Yield every statement of these policies."""
    for policy in handled_policies(policies):
        yield from policy.document.statements


def conditions_in(policies: Policies) -> Iterator[VersionedCondition]:
    """Yield every condition of these policies."""
    for policy in handled_policies(policies):
        for statement in policy.document.statements:
            for condition in statement.conditions:
                yield VersionedCondition(condition, policy.document.version)


def texts_of(statement: Statement) -> Iterator[str]:
    """Yield the texts of a statement that can contain variables: resources and values."""
    yield from statement.resource.values if statement.resource else ()
    for condition in statement.conditions:
        yield from condition.values


def distinguishes_services(policies: Policies) -> bool:
    """Return whether a condition or a variable tests keys that differ in an AWS service's call.

    Where none does, each call by a service on the user's behalf is like one that the user makes.
    """
    return any(_distinguishes_services(policy.document) for policy in handled_policies(policies))


@cached_by_identity
def _distinguishes_services(document: Document) -> bool:
    return any(
        not telling.isdisjoint(named)
        for statement in document.statements
        for telling in [_OF_IAM if _may_be_iam(statement.action) else _SERVICE_KEYS]
        for named in _keys_of_statement(statement)
    )


def distinguishes_mfa(policies: Policies) -> bool:
    """Return whether a condition or a variable tests MFA.

    Where none does, a session without MFA may do all that one with MFA may.
    """
    return names_any(policies, _MFA_KEYS)


def distinguishes_logins(policies: Policies) -> bool:
    """Return whether a condition or a variable tests keys that only sessions have, besides MFA.

    Where none does, a session of `aws login` without the keys of MFA is like an access key.
    """
    return names_any(policies, _LOGIN_KEYS)


def distinguishes_federation(policies: Policies) -> bool:
    """Return whether a condition or a variable tests keys of a federated user's session.

    If none does, such a session may do no more than the access key of the user who made it.
    Source: AWS STS API Reference, GetFederationToken; IAM User Guide, "IAM policy elements:
    variables and tags", which has the values of `aws:username`, `aws:userid` and the type.
    """
    return any(
        not _FEDERATION_KEYS.isdisjoint(named) or any(key.startswith(_TAG) for key in named)
        for statement in statements_in(policies)
        for named in _keys_of_statement(statement)
    )


_FEDERATION_KEYS = frozenset(
    {
        *("aws:username", "aws:userid", "aws:principalarn", "aws:principaltype"),
        "aws:tokenissuetime",
    }
)
_TAG = "aws:principaltag/"


def names_any(policies: Policies, keys: Iterable[str]) -> bool:
    """Return whether a condition or a variable names any of some keys (in lower case)."""
    keys = frozenset(keys)
    return any(
        not keys.isdisjoint(_keys_of_document(policy.document))
        for policy in handled_policies(policies)
    )


@cached_by_identity
def _keys_of_document(document: Document) -> frozenset[str]:
    """Return the keys (in lower case) of a document's conditions and variables."""
    named = (each for statement in document.statements for each in _keys_of_statement(statement))
    return frozenset().union(*named)


def _may_be_iam(action: Element) -> bool:
    """Return whether an `Action` or `NotAction` may match a call to IAM."""
    services = (value.partition(":")[0].lower() for value in action.values)
    return action.negated or any(glob.like(service, "iam") for service in services)


def _keys_of_statement(statement: Statement) -> Iterator[frozenset[str]]:
    """Yield the keys (in lower case) of a statement's conditions and variables."""
    yield from (frozenset({condition.key.lower()}) for condition in statement.conditions)
    yield from (variables_in(text, Version.V2012) for text in texts_of(statement))


_Attached = tuple[AttachedPolicy, ...]
_Chosen = Callable[[Statement], bool]


def policies_of_statements(policies: Policies, chosen: _Chosen) -> Policies:
    """Return the policies with only the chosen statements."""
    boundaries = policies.boundaries
    if boundaries is not None:
        # a policy without statements has no Allow, and allows nothing
        boundaries = tuple(next(iter(keep_statements((one,), chosen)), one) for one in boundaries)
    session = policies.session
    return replace(
        policies,
        identity=keep_statements(policies.identity, chosen),
        boundaries=boundaries,
        session=None if session is None else keep_statements(session, chosen),
        scps=tuple(
            Level(level.name, keep_statements(level.policies, chosen)) for level in policies.scps
        ),
    )


def keep_statements(attached: _Attached, chosen: _Chosen) -> _Attached:
    """Return policies with only the chosen statements; policies without any are left out."""
    chosen_of = ((policy, tuple(filter(chosen, policy.document.statements))) for policy in attached)
    return tuple(
        policy
        if statements == policy.document.statements
        else AttachedPolicy(policy.name, replace(policy.document, statements=statements))
        for policy, statements in chosen_of
        if statements
    )


@cached_by_identity
def only_denials(document: Document) -> Document | None:
    """Return a document with only its Deny statements; None if it has none."""
    statements = tuple(each for each in document.statements if each.effect is Effect.DENY)
    return replace(document, statements=statements) if statements else None


_SMALL = 32
"""Statements up to which a document is read as it is."""


def relevant_to_request(policies: Policies, action: str, resource: str) -> Policies:
    """Return policies without statements that cannot be about a request, in large documents.

    The engine's decision is the same under every assumption: a removed statement has an `Action` or
    a `Resource` without an entry that begins as the request's does, so it does not apply.
    """

    def cut(attached: _Attached) -> _Attached:
        return tuple(
            policy
            if policy.document
            is (document := _relevant_statements(policy.document, action, resource))
            else replace(policy, document=document)
            for policy in attached
        )

    if all(len(policy.document.statements) <= _SMALL for policy in handled_policies(policies)):
        return policies
    boundaries, session = policies.boundaries, policies.session
    return replace(
        policies,
        identity=cut(policies.identity),
        boundaries=None if boundaries is None else cut(boundaries),
        session=None if session is None else cut(session),
        scps=tuple(Level(level.name, cut(level.policies)) for level in policies.scps),
    )


def _relevant_statements(document: Document, action: str, resource: str) -> Document:
    if len(document.statements) <= _SMALL:
        return document
    parts = _parts_of(document)
    numbers = tuple(sorted(parts.of_actions.of(action) & parts.of_resources.of(resource)))
    if numbers not in parts.cut_documents:
        statements = tuple(document.statements[number] for number in numbers)
        # a document needs a statement: one that does not apply changes nothing
        parts.cut_documents[numbers] = replace(
            document, statements=statements or document.statements[:1]
        )
    return parts.cut_documents[numbers]


class _Starts:
    """The statements of a document by the literal prefixes of an element's entries."""

    def __init__(self, elements: Iterable[Element | None], place: int) -> None:
        self._by_start: dict[str, set[int]] = {}
        for number, element in enumerate(elements):
            named = ("*",) if element is None or element.negated else element.values
            for start in starts_of(named, place):
                self._by_start.setdefault(start, set()).add(number)
        self._lengths = sorted(set(map(len, self._by_start)))

    def of(self, text: str) -> set[int]:
        """Return the statements that may be about an action or a resource."""
        whole = f"{text.lower()}{END}"
        starts = (self._by_start.get(whole[:length], ()) for length in self._lengths)
        return {number for numbers in starts for number in numbers}


@dataclass(frozen=True, slots=True)
class _DocumentParts:
    """A document's statements by their actions and resources, and the parts that were needed."""

    of_actions: _Starts
    of_resources: _Starts
    cut_documents: dict[tuple[int, ...], Document]


@cached_by_identity
def _parts_of(document: Document) -> _DocumentParts:
    statements = document.statements
    return _DocumentParts(
        _Starts([each.action for each in statements], ACTIONS),
        _Starts([each.resource for each in statements], RESOURCES),
        {},
    )


def keys_of(condition: Condition, version: Version | None) -> Iterator[str]:
    """Yield the keys, in the policy's spelling, that a condition tests or compares with."""
    for text in condition.values:
        yield from keys_of_text(text, version)
    yield condition.key


def keys_of_text(text: str, version: Version | None) -> Iterator[str]:
    """Yield the keys, in the policy's spelling, of the policy variables in a text."""
    if version is Version.V2012 and variables.OPEN in text:
        parts = variables.read(text)
        yield from (part.key for part in parts if isinstance(part, variables.Variable))
