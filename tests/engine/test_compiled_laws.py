"""The law of the compiled decider: whatever the policies and the requests, it is the engine."""

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from functools import partial
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from engine.asking import ACCOUNT, ALICE
from engine.drawn import at_random, one_of_each
from sekisho.engine import (
    ArnSpan,
    Assumptions,
    AttachedPolicy,
    Context,
    ContextValue,
    Decision,
    Level,
    Policies,
    Request,
    ResourcePolicyKind,
    UnresolvedNotResource,
    decide,
    may_be_principal,
)
from sekisho.engine.compiled import CompiledDecider, Compiler
from sekisho.errors import SekishoError
from sekisho.policy import (
    Condition,
    Document,
    Effect,
    Element,
    Operator,
    OperatorName,
    Principal,
    PrincipalKey,
    Quantifier,
    Statement,
    Version,
)

WORDS = ["alice", "bob", "a", "", "A", "x*y", "true", "False", "k/alice", "${aws:username}", "*"]
NUMBERS = ["1", "1.0", "10", "-3", "1e2", "nan", "", "2026-11-24", "2026-11-24T09:00:00+09:00"]
ADDRESSES = ["10.0.0.1", "10.0.0.0/8", "::1", "::/0", "10.0.0.1/33", "fe80::1%eth0", "x"]
RESOURCES = [
    "*",
    ALICE,
    f"arn:aws:iam::{ACCOUNT}:user/bob",
    f"arn:aws:iam::{ACCOUNT}:mfa/alice",
    f"arn:aws:iam::{ACCOUNT}:role/x:user/alice",
    "arn:aws:iam::aws:policy/ReadOnlyAccess",
    "arn:aws:s3:::b/alice",
    "arn:aws:s3:::b/a/../${*}",
    "arn:aws:s3:::b:Alice",
    "ARN:aws:s3:::b",
    "arn:AWS:S3:::b/alice",
    f"arn:aws:sqs:eu-west-1:{ACCOUNT}:queue:q",
    "arn:aws:sqs:eu-west-1:444455556666:q",
    "arn:aws",
]
PATTERNS = [
    "*",
    "arn:aws:iam::*:user/${aws:username}",
    "arn:aws:iam::*:mfa/*",
    "arn:aws:s3:::b/${aws:username}*",
    "arn:aws:s3:::b/*l*e",
    f"arn:aws:iam::{ACCOUNT}:user/${{aws:username}}",
    "arn:aws:iam::*:user/*/${aws:username}",
    "arn:aws:*:*:*:user/${aws:username}",
    "arn:aws:iam::*:user/${aws:PrincipalTag/team, 'alice'}",
    "arn:aws:s3:::b/${*}?${$}",
    "arn:aws:s3:::b/${k}",
    "arn:aws:s3:::?/alice",
    "arn:aws:s*:::b/*",
    "arn:aws:*:b",
    "arn:*:Alice",
    "arn:aws:s3:*:b*:?lice",
    "arn:aws:s3?::b/alice",
    "arn:aws:sqs:*",
    "arn:aws:sqs:*:1*:q*",
    "arn:aws:sqs:*:111122223333:*",
    "arn:aws:sqs",
    "arn:*",
    "a*",
    "?",
    "",
    *RESOURCES[1:-1],
]
GOOD = RESOURCES[:8]
ACTIONS = ["s3:GetObject", "S3:getobject", "iam:GetUser", "iam:EnableMFADevice", "sqs:Send"]
ACTION_PATTERNS = [
    *("*", "*:*", "s3:GetObject", "iam:Get*", "s3:*", "iam:*", "iam:EnableMFADevice"),
    *ACTIONS,
    *("*:", "s3:*", "s3:Get*", "iam:*User", "IAM:?et*", "i*:Get*", "??:*", "s3", ""),
    *("iam:Get User", "iam:GetUser ", "s3: *", "s3:Get* "),
]
KEYS = ["k", "K", "aws:username", "aws:MultiFactorAuthPresent", "aws:TagKeys"]


def _values_of(name: str) -> list[str]:
    if name.startswith(("Numeric", "Date")):
        return NUMBERS
    if "Ip" in name:
        return ADDRESSES
    if name.startswith("Arn"):
        return PATTERNS
    return ["YQ==", "YQ", "Yg=="] if name == "BinaryEquals" else WORDS


def condition(chance: Random) -> Condition:
    name = chance.choice(list(OperatorName))
    quantifier = chance.choice([Quantifier.NONE, Quantifier.NONE, *Quantifier])
    if_exists = chance.random() < 0.5 and name is not OperatorName.NULL
    values = chance.choices(_values_of(name.value), k=chance.randint(0, 3))
    return Condition(Operator(name, quantifier, if_exists), chance.choice(KEYS), tuple(values))


def mostly(chance: Random, usual: Sequence[Any], odd: Sequence[Any]) -> Any:
    """Choose what is usual five times in six: most requests should get as far as a decision."""
    return chance.choice(usual if chance.random() < 5 / 6 else odd)


def _element(chance: Random, values: list[str]) -> Element:
    some = (mostly(chance, values[:8], values) for _ in range(chance.randint(1, 3)))
    return Element(tuple(some), chance.choice([False, False, True]))


def statement(chance: Random) -> Statement:
    return Statement(
        chance.randint(0, 9),
        chance.choice([Effect.ALLOW, Effect.ALLOW, Effect.DENY]),
        _element(chance, ACTION_PATTERNS),
        _element(chance, PATTERNS),
        conditions=tuple(condition(chance) for _ in range(chance.randint(0, 2))),
    )


STATEMENTS = at_random(statement)


def documents() -> st.SearchStrategy[Document]:
    found = st.lists(STATEMENTS, min_size=1, max_size=4).map(tuple)
    return st.builds(Document, found, st.sampled_from([Version.V2012, Version.V2012, None]))


def attached() -> st.SearchStrategy[tuple[AttachedPolicy, ...]]:
    named = st.builds(AttachedPolicy, st.sampled_from(["p", "q", "r"]), documents())
    return st.lists(named, max_size=2).map(tuple)


policies = st.builds(Policies, attached(), st.none() | attached(), st.none() | attached())

CANONICAL = "a" * 64
LINKED = {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/x/Dev"}
PRINCIPALS = [
    *("*", ACCOUNT, "444455556666", ALICE, f"arn:aws:iam::{ACCOUNT}:root", "AROAALICE"),
    *(f"arn:aws:sts::{ACCOUNT}:assumed-role/Dev/alice", f"arn:aws:iam::{ACCOUNT}:role/x/Dev"),
    *(f"arn:aws:sts::{ACCOUNT}:federated-user/alice", f"arn:aws:iam::{ACCOUNT}:user/bob"),
    *("ec2.amazonaws.com", f"arn:aws:iam::{ACCOUNT}:saml-provider/idp", "anonymous", CANONICAL),
    *(
        f"arn:aws:sts::{ACCOUNT}:assumed-root",
        f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/x/Dev",
    ),
    "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1",
]


def principal(chance: Random) -> Principal:
    negated = chance.randrange(4) == 0
    if chance.randrange(3) == 0:
        return Principal(((PrincipalKey.ANYONE, ("*",)),), negated)
    kinds = chance.choices([PrincipalKey.AWS, *PrincipalKey], k=chance.randint(1, 2))
    return Principal(
        tuple((kind, tuple(chance.choices(PRINCIPALS, k=chance.randint(1, 4)))) for kind in kinds),
        negated,
    )


def open_statement(chance: Random, *, names: bool, resources: bool) -> Statement:
    """Make what says much, about whoever it names; a trust policy names no resource."""
    return replace(
        statement(chance),
        effect=mostly(chance, [Effect.ALLOW], [Effect.DENY]),
        action=Element((chance.choice(["*", "*", *ACTIONS]),)),
        principal=principal(chance) if names else None,
        resource=Element((mostly(chance, ["*"], PATTERNS[1:8]),)) if resources else None,
        conditions=() if chance.random() < 5 / 6 else (condition(chance),),
    )


def open_documents(*, names: bool, resources: bool = True) -> st.SearchStrategy[Document]:
    each = at_random(partial(open_statement, names=names, resources=resources))
    return st.lists(each, min_size=1, max_size=3).map(tuple).map(Document)


def one_policy(name: str, **kinds: bool) -> st.SearchStrategy[AttachedPolicy]:
    return st.builds(AttachedPolicy, st.just(name), open_documents(**kinds))


def several(name: str, *, names: bool) -> st.SearchStrategy[tuple[AttachedPolicy, ...]]:
    return st.lists(one_policy(name, names=names), max_size=2).map(tuple)


def levels(name: str, *, names: bool) -> st.SearchStrategy[tuple[Level, ...]]:
    level = st.builds(Level, st.sampled_from(["root", "ou"]), several(name, names=names))
    return st.lists(level, min_size=1, max_size=2).map(tuple)


IDENTITY, ENDPOINT = several("identity", names=False), several("endpoint", names=True)
SCPS, RCPS = levels("scp", names=False), levels("rcp", names=True)
TRUST = one_policy("trust", names=True, resources=False)
RESOURCE = one_policy("resource", names=True)


@st.composite
def naming_policies(draw: st.DrawFn) -> Policies:
    """Draw what applies to one request; the more kinds there are the less is allowed."""

    def seldom(what: st.SearchStrategy[Any], otherwise: Any = None) -> Any:
        return draw(what) if draw(st.integers(0, 3)) == 0 else otherwise

    of_role = draw(st.integers(0, 3)) == 0
    return Policies(
        draw(IDENTITY) if draw(st.booleans()) else (),
        seldom(IDENTITY),
        seldom(IDENTITY),
        draw(TRUST) if of_role else None,
        seldom(RESOURCE) if of_role else draw(RESOURCE),
        draw(st.sampled_from([None, *ResourcePolicyKind])),
        seldom(SCPS, ()),
        seldom(RCPS, ()),
        seldom(ENDPOINT),
    )


VALUES = [*WORDS, *NUMBERS, *ADDRESSES, *RESOURCES, "YQ=="]
CALLERS = [ALICE, f"arn:aws:sts::{ACCOUNT}:assumed-role/Dev/alice"]
ODD_CALLERS = [
    f"arn:aws:sts::{ACCOUNT}:federated-user/alice",
    f"arn:aws:iam::{ACCOUNT}:root",
    f"arn:AWS:iam::{ACCOUNT}:user/alice",
    "ec2.amazonaws.com",
    f"arn:aws:iam::{ACCOUNT}:group/nobody",
]


def _value(chance: Random) -> ContextValue:
    return chance.choice(
        [
            chance.choice(VALUES),
            chance.choice(["true", "false", "TRUE", "alice"]),
            tuple(chance.choices(VALUES, k=chance.randint(0, 2))),
        ]
    )


def request(chance: Random) -> Request:
    known = ["k", "aws:username", "AWS:MultiFactorAuthPresent", "aws:TagKeys"]
    keys = chance.sample(known, k=chance.choice([0, 0, 0, 1, 1, 2, 4]))
    return Request(
        mostly(chance, CALLERS, ODD_CALLERS),
        mostly(chance, ACTIONS, ["s3", "s3:Get*", "s3:Get Object"]),
        mostly(chance, GOOD, RESOURCES),
        Context({key: _value(chance) for key in keys}),
        mostly(chance, [None], [ACCOUNT, "444455556666", "x"]),
    )


requests = at_random(request)
assumptions = one_of_each(
    *([False, True] for field in fields(Assumptions) if isinstance(field.default, bool)),
    list(UnresolvedNotResource),
    list(ArnSpan),
).map(lambda chosen: Assumptions(**dict(zip(_POINTS, chosen, strict=True))))
_POINTS = [
    *(field.name for field in fields(Assumptions) if isinstance(field.default, bool)),
    *("unresolved_not_resource", "arn_span"),
]


def outcome(decided: Callable[[], Decision]) -> object:
    """Return the decision, or what tells the error: both must be equal."""
    try:
        return decided()
    except SekishoError as error:
        return type(error), str(error), error.code, error.at


ELSEWHERE = [
    f"arn:aws:iam::{ACCOUNT}:role/Dev",
    f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/alice",
    "arn:aws:kms:eu-west-1:444455556666:key/alice",
    "arn:aws:iam::444455556666:role/Dev",
]
ODDITIES: list[dict[str, Any]] = [
    *({"management_account": True}, {"service_linked_role": True}),
    *({"federated_by": ALICE}, {"canonical_user": CANONICAL}, {"canonical_user": "x"}),
]


def other_request(chance: Random) -> Request:
    """Make what matters where principals are named, and across accounts."""
    found = request(chance)
    others = [*filter(may_be_principal, PRINCIPALS), "arn:aws:iam::444455556666:role/Dev"]
    context = chance.choice([{}, {}, {"aws:userid": "AROAALICE:alice"}, LINKED])
    return replace(
        found,
        principal=mostly(chance, [ALICE, found.principal], others),
        action=chance.choice(ACTIONS),
        resource=chance.choice([found.resource, *ELSEWHERE]),
        resource_account=mostly(chance, [None], [ACCOUNT, "444455556666", "x"]),
        context=found.context.with_(context),
        **mostly(chance, [{}], ODDITIES),
    )


@given(naming_policies(), st.lists(at_random(other_request), min_size=1, max_size=6), assumptions)
def test_compiled_is_the_engine_whoever_is_named(
    given_to: Policies, asked: list[Request], settings_of: Assumptions
) -> None:
    compiled = Compiler(settings_of).compiled(given_to)
    for request in [*asked, *asked]:
        expected = outcome(lambda r=request: decide(r, given_to, settings_of))
        assert outcome(lambda r=request: compiled(r)) == expected


@given(policies, st.lists(requests, min_size=1, max_size=6), assumptions)
def test_compiled_is_the_engine(
    given_to: Policies, asked: list[Request], settings_of: Assumptions
) -> None:
    compiled = Compiler(settings_of).compiled(given_to)
    # twice: first everything is settled, then it is looked up
    for request in [*asked, *asked]:
        expected = outcome(lambda r=request: decide(r, given_to, settings_of))
        assert outcome(lambda r=request: compiled(r)) == expected


POOL = st.shared(st.lists(attached(), min_size=1, max_size=2), key="pool").map(
    lambda found: tuple(policy for each in found for policy in each)
)


@st.composite
def sharing(draw: st.DrawFn) -> Policies:
    """Draw policies out of one pool, so that sets share documents, under one or another name."""

    def some() -> tuple[AttachedPolicy, ...]:
        taken = [policy for policy in draw(POOL) if draw(st.booleans())]
        return tuple(replace(p, name=draw(st.sampled_from([p.name, "other"]))) for p in taken)

    return Policies(
        some(),
        draw(st.sampled_from([None, some()])),
        draw(st.sampled_from([None, some()])),
        scps=draw(st.sampled_from([(), (Level("root", some()), Level("ou", some()))])),
    )


@given(
    st.lists(sharing(), min_size=2, max_size=4),
    st.lists(st.tuples(st.integers(0, 3), requests), min_size=1, max_size=10),
)
def test_sets_that_share_documents_are_kept_apart(
    sets: list[Policies], asked: list[tuple[int, Request]]
) -> None:
    # in any order: what one set was asked must not answer for another
    decider = CompiledDecider(most_sets=3)
    for number, request in [*asked, *asked]:
        one = sets[number % len(sets)]
        expected = outcome(lambda r=request, p=one: decide(r, p))
        assert outcome(lambda r=request, p=one: decider.decide(r, p)) == expected
