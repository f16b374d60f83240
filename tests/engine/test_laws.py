"""Laws that hold for every request and every policy."""

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from engine.asking import ALICE
from engine.drawn import one_of_each, some_of
from sekisho.engine import (
    AttachedPolicy,
    Cause,
    Context,
    Decision,
    DecisionEffect,
    Policies,
    Request,
    decide,
)
from sekisho.policy import (
    Document,
    Effect,
    Element,
    PolicyKind,
    Principal,
    PrincipalKey,
    Statement,
    Version,
    from_json,
)

ACTIONS = ["*", "s3:*", "s3:Get*", "s3:GetObject", "S3:getobject", "iam:GetUser", "i*:Get?ser"]
RESOURCES = [
    "*",
    "arn:aws:s3:::b/*",
    "arn:aws:s3:::b/${aws:username}",
    "arn:aws:s3:::b/${aws:username, 'k'}",
    "arn:aws:s3",
    "arn:aws:*:k",
    "arn:aws:iam::*:user/${aws:username}",
]
CONDITIONS: list[dict[str, Any]] = [
    {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
    {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
    {"Null": {"aws:username": "true"}},
    {"StringNotEquals": {"aws:username": ["bob", "${aws:userid}"]}},
    {"NumericNotEquals": {"n": ["1", "x"]}},
    {"ForAnyValue:StringLikeIfExists": {"aws:TagKeys": ["a*"]}},
    {"StringEquals": {"aws:username": []}},
]
SHAPES = (
    ["Action", "Action", "NotAction"],
    some_of(ACTIONS, 3),
    ["Resource", "Resource", "NotResource"],
    some_of(RESOURCES, 3),
    [*[None] * len(CONDITIONS), *CONDITIONS],
)


def _statement(shape: tuple[Any, ...]) -> dict[str, Any]:
    effect, action, actions, resource, resources, condition = shape
    statement = {"Effect": effect, action: actions, resource: resources}
    return statement if condition is None else {**statement, "Condition": condition}


def statements(effect: str | None = None) -> st.SearchStrategy[dict[str, Any]]:
    effects = ["Allow", "Deny"] if effect is None else [effect]
    return one_of_each(effects, *SHAPES).map(_statement)


def _document(found: list[dict[str, Any]], version: dict[str, str]) -> Document:
    return from_json({"Statement": found, **version})


some_statements = st.lists(statements(), min_size=1, max_size=4)
versions = st.sampled_from([{}, *[{"Version": "2012-10-17"}] * 3])
documents = st.builds(_document, some_statements, versions)
contexts = st.fixed_dictionaries(
    {},
    optional={
        "aws:username": st.sampled_from(["alice", "bob"]),
        "aws:MultiFactorAuthPresent": st.sampled_from(["true", "false"]),
        "aws:TagKeys": st.sampled_from([(), ("a",), ("b", "ab")]),
        "aws:userid": st.just("AIDAALICE"),
        "n": st.sampled_from(["1", "2"]),
    },
).map(Context)
requests = st.builds(
    Request,
    st.sampled_from([ALICE, "arn:aws:sts::111122223333:assumed-role/Dev/alice"]),
    st.sampled_from(["s3:GetObject", "iam:GetUser", "sts:AssumeRole"]),
    st.sampled_from(["*", "arn:aws:s3:::b/k", "arn:aws:s3:::b/alice", ALICE]),
    contexts,
)


def attached(found: list[Document], name: str) -> tuple[AttachedPolicy, ...]:
    return tuple(AttachedPolicy(f"{name}{n}", document) for n, document in enumerate(found))


def lists(name: str, most: int) -> st.SearchStrategy[tuple[AttachedPolicy, ...]]:
    return st.lists(documents, max_size=most).map(lambda found: attached(found, name))


policies = st.builds(
    Policies,
    lists("identity", 3),
    st.none() | lists("boundary", 3),
    st.none() | lists("session", 3),
)


def with_statement(given_to: Policies, statement: dict[str, Any]) -> Policies:
    more = AttachedPolicy("more", from_json({"Version": "2012-10-17", "Statement": statement}))
    return replace(given_to, identity=(*given_to.identity, more))


@given(requests, policies, statements(effect="Allow"))
def test_adding_an_allow_never_takes_away(
    request: Request, before: Policies, statement: dict[str, Any]
) -> None:
    was = decide(request, before).effect
    now = decide(request, with_statement(before, statement)).effect
    if was is not DecisionEffect.IMPLICITLY_DENIED:
        assert now is was


@given(requests, policies, statements(effect="Deny"))
def test_adding_a_deny_never_gives(
    request: Request, before: Policies, statement: dict[str, Any]
) -> None:
    was = decide(request, before).effect
    now = decide(request, with_statement(before, statement)).effect
    assert now in (was, DecisionEffect.EXPLICITLY_DENIED)


@given(requests, policies)
def test_boundaries_and_session_policies_only_limit(request: Request, given_to: Policies) -> None:
    alone = decide(request, Policies(given_to.identity)).effect
    if decide(request, given_to).effect is DecisionEffect.ALLOWED:
        assert alone is DecisionEffect.ALLOWED


def _shuffled(document: Document, draw: st.DataObject) -> Document:
    order = draw.draw(st.permutations(document.statements))
    return replace(document, statements=tuple(order))


@given(requests, policies, st.data())
def test_order_does_not_matter(request: Request, given_to: Policies, data: st.DataObject) -> None:
    identity = [replace(p, document=_shuffled(p.document, data)) for p in given_to.identity]
    other = replace(given_to, identity=tuple(data.draw(st.permutations(identity))))
    one, two = decide(request, given_to), decide(request, other)
    assert (one.effect, one.blocked_by, one.assumed) == (two.effect, two.blocked_by, two.assumed)
    assert set(one.because) == set(two.because)


def _split(statement: Statement) -> list[Statement]:
    """One statement for each action and resource; a negated list cannot be split."""
    resource = statement.resource
    assert resource is not None
    actions = [statement.action]
    if not statement.action.negated:
        actions = [replace(statement.action, values=(one,)) for one in statement.action.values]
    resources = [resource]
    if not resource.negated:
        resources = [replace(resource, values=(one,)) for one in resource.values]
    return [replace(statement, action=a, resource=r) for a in actions for r in resources]


@given(requests, policies)
def test_splitting_lists_changes_nothing(request: Request, given_to: Policies) -> None:
    identity = tuple(
        replace(
            policy,
            document=replace(
                policy.document,
                statements=tuple(one for s in policy.document.statements for one in _split(s)),
            ),
        )
        for policy in given_to.identity
    )
    one, two = decide(request, given_to), decide(request, replace(given_to, identity=identity))
    assert (one.effect, one.blocked_by) == (two.effect, two.blocked_by)
    assert set(one.because) == set(two.because)


@given(requests, st.sampled_from(some_of(ACTIONS, 3)))
def test_not_action_is_the_complement_of_action(request: Request, actions: list[str]) -> None:
    """NotAction of a list = none of the list, each taken alone (De Morgan)."""

    def takes_in(values: tuple[str, ...], *, negated: bool) -> bool:
        statement = Statement(0, Effect.ALLOW, Element(values, negated), Element(("*",)))
        document = Document((statement,))
        decision = decide(request, Policies((AttachedPolicy("p", document),)))
        return decision.effect is DecisionEffect.ALLOWED

    assert takes_in(tuple(actions), negated=True) is not takes_in(tuple(actions), negated=False)
    assert takes_in(tuple(actions), negated=True) is all(
        takes_in((one,), negated=True) for one in actions
    )


@given(requests, policies)
def test_causes_are_statements_that_decided(request: Request, given_to: Policies) -> None:
    """The causes alone, as one policy of their kind, bring about the same."""
    decision = decide(request, given_to)
    wanted = Effect.ALLOW if decision.effect is DecisionEffect.ALLOWED else Effect.DENY
    for cause in decision.because:
        assert _statement_of(cause, given_to).effect is wanted
    assert (decision.blocked_by is None) is (decision.effect is DecisionEffect.ALLOWED)
    assert bool(decision.because) is (decision.effect is not DecisionEffect.IMPLICITLY_DENIED)
    assert _only(decision, request, given_to).effect is decision.effect


def _statement_of(cause: Cause, given_to: Policies) -> Statement:
    every = (*given_to.identity, *(given_to.boundaries or ()), *(given_to.session or ()))
    document = next(policy.document for policy in every if policy.name == cause.policy)
    return document.statements[cause.index]


def _only(decision: Decision, request: Request, given_to: Policies) -> Decision:
    """Decide again with nothing but the causes, policies that are not there staying so."""

    def kept(found: tuple[AttachedPolicy, ...] | None) -> tuple[AttachedPolicy, ...] | None:
        if found is None:
            return None
        left = []
        for policy in found:
            indices = {c.index for c in decision.because if c.policy == policy.name}
            statements = tuple(s for s in policy.document.statements if s.index in indices)
            left.append(replace(policy, document=replace(policy.document, statements=statements)))
        return tuple(left)

    return decide(
        request,
        Policies(kept(given_to.identity) or (), kept(given_to.boundaries), kept(given_to.session)),
    )


@given(requests)
def test_a_trust_policy_that_names_nobody_denies(request: Request) -> None:
    principal = Principal(((PrincipalKey.AWS, ("arn:aws:iam::111122223333:user/zoe",)),))
    statement = Statement(0, Effect.ALLOW, Element(("*",)), None, principal=principal)
    everything = Statement(0, Effect.ALLOW, Element(("*",)), Element(("*",)))
    trust = AttachedPolicy("trust", Document((statement,), Version.V2012))
    identity = AttachedPolicy("all", Document((everything,)))
    decision = decide(request, Policies((identity,), trust=trust))
    assert decision.effect is DecisionEffect.IMPLICITLY_DENIED
    assert decision.blocked_by is PolicyKind.TRUST
