"""Laws over every kind of policy: what may only limit limits, and what may grant grants."""

from dataclasses import replace
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from engine.asking import ACCOUNT, ALICE
from engine.drawn import one_of_each, some_of
from engine.test_laws import attached, contexts, documents, lists, statements
from sekisho.engine import (
    AttachedPolicy,
    Cause,
    Decision,
    DecisionEffect,
    Level,
    Policies,
    Request,
    ResourcePolicyKind,
    decide,
)
from sekisho.policy import Document, PolicyKind, from_json

OTHER_ACCOUNT = "444455556666"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/Dev/alice"
FEDERATED = f"arn:aws:sts::{ACCOUNT}:federated-user/f"
NAMES = [
    "*",
    ACCOUNT,
    f"arn:aws:iam::{ACCOUNT}:root",
    ALICE,
    f"arn:aws:iam::{ACCOUNT}:role/Dev",
    SESSION,
    FEDERATED,
    OTHER_ACCOUNT,
]
some_names = one_of_each([*["Principal"] * 3, "NotPrincipal"], some_of(NAMES, 3))


def _named(statement: dict[str, Any], names: tuple[str, list[str]]) -> dict[str, Any]:
    element, found = names
    return {**statement, element: {"AWS": found}}


def named_statements(effect: str | None = None) -> st.SearchStrategy[dict[str, Any]]:
    """Statements of a policy that names principals."""
    return st.builds(_named, statements(effect), some_names)


def _named_document(found: list[dict[str, Any]]) -> Document:
    return from_json({"Version": "2012-10-17", "Statement": found}, kind=PolicyKind.RESOURCE)


named_documents = st.lists(named_statements(), min_size=1, max_size=4).map(_named_document)


def named_lists(name: str) -> st.SearchStrategy[tuple[AttachedPolicy, ...]]:
    return st.lists(named_documents, max_size=2).map(lambda found: attached(found, name))


def levels(of: st.SearchStrategy[Document], name: str) -> st.SearchStrategy[tuple[Level, ...]]:
    def level(found: tuple[int, list[Document]]) -> Level:
        number, policies = found
        return Level(f"{name}{number}", attached(policies, f"{name}{number}."))

    found = st.lists(st.lists(of, max_size=2), max_size=2)
    return found.map(lambda each: tuple(map(level, enumerate(each))))


everything = st.builds(
    Policies,
    identity=lists("identity", 2),
    boundaries=st.none() | lists("boundary", 2),
    session=st.none() | lists("session", 2),
    resource=st.none() | named_documents.map(lambda found: AttachedPolicy("resource", found)),
    resource_kind=st.sampled_from([None, *ResourcePolicyKind]),
    scps=levels(documents, "scp"),
    rcps=levels(named_documents, "rcp"),
    vpc_endpoint=st.none() | named_lists("endpoint"),
)


asked = st.builds(
    Request,
    st.sampled_from([ALICE, SESSION, FEDERATED]),
    st.sampled_from(["s3:GetObject", "iam:GetUser"]),
    st.sampled_from(["*", "arn:aws:s3:::b/k", "arn:aws:s3:::b/alice"]),
    contexts,
    st.sampled_from([None, ACCOUNT, OTHER_ACCOUNT]),
    management_account=st.booleans(),
)
KINDS = ["identity", "boundaries", "session", "resource", "scps", "rcps", "vpc_endpoint"]
NAMING = {"resource", "rcps", "vpc_endpoint"}


def _and(policy: AttachedPolicy, statement: dict[str, Any], kind: PolicyKind) -> AttachedPolicy:
    """The policy with one statement more."""
    more = from_json({"Version": "2012-10-17", "Statement": statement}, kind=kind).statements
    index = len(policy.document.statements)
    every = (*policy.document.statements, replace(more[0], index=index))
    return replace(policy, document=replace(policy.document, statements=every))


GROWING = {
    (name, effect): (named_statements if name in NAMING else statements)(effect)
    for name in KINDS
    for effect in ("Allow", "Deny")
}


@st.composite
def extended(draw: st.DrawFn, effect: str) -> tuple[Policies, Policies]:
    """Policies, and the same with one statement more in one policy of some kind."""
    before = draw(everything)
    name = draw(st.sampled_from(KINDS))
    kind = PolicyKind.RESOURCE if name in NAMING else PolicyKind.IDENTITY
    statement = draw(GROWING[name, effect])
    found = getattr(before, name)
    assume(found)
    if name == "resource":
        return before, replace(before, resource=_and(found, statement, kind))
    place = draw(st.integers(0, len(found) - 1))
    if name in ("scps", "rcps"):
        level = found[place]
        assume(level.policies)
        grown = replace(
            level, policies=(_and(level.policies[0], statement, kind), *level.policies[1:])
        )
    else:
        grown = _and(found[place], statement, kind)
    return before, replace(before, **{name: (*found[:place], grown, *found[place + 1 :])})


def allowed(request: Request, given_to: Policies) -> bool:
    return decide(request, given_to).effect is DecisionEffect.ALLOWED


@given(asked, extended("Allow"))
def test_an_allow_more_anywhere_never_takes_away(
    request: Request, pair: tuple[Policies, Policies]
) -> None:
    before, after = (decide(request, one).effect for one in pair)
    if before is not DecisionEffect.IMPLICITLY_DENIED:
        assert after is before


@given(asked, extended("Deny"))
def test_a_deny_more_anywhere_never_gives(
    request: Request, pair: tuple[Policies, Policies]
) -> None:
    before, after = (decide(request, one).effect for one in pair)
    assert after in (before, DecisionEffect.EXPLICITLY_DENIED)


@given(asked, everything, st.sampled_from(["boundaries", "session", "vpc_endpoint"]))
def test_what_only_limits_gives_nothing(request: Request, given_to: Policies, name: str) -> None:
    """Without it, whatever was allowed still is (a federated user must have a session policy)."""
    assume(name != "session" or request.principal != FEDERATED)
    assume(name != "boundaries" or not _not_principal(given_to))
    if allowed(request, given_to):
        assert allowed(request, replace(given_to, **{name: None}))


def _not_principal(given_to: Policies) -> bool:
    """Whether some statement has a NotPrincipal, which a boundary turns against whom it lists."""
    every = [
        *(given_to.vpc_endpoint or ()),
        *([given_to.resource] if given_to.resource else []),
        *(policy for level in given_to.rcps for policy in level.policies),
    ]
    return any(s.principal and s.principal.negated for p in every for s in p.document.statements)


@given(asked, everything, st.sampled_from(["scps", "rcps"]), st.data())
def test_a_level_less_takes_nothing_away(
    request: Request, given_to: Policies, name: str, data: st.DataObject
) -> None:
    found = getattr(given_to, name)
    assume(found)
    place = data.draw(st.integers(0, len(found) - 1))
    without = replace(given_to, **{name: (*found[:place], *found[place + 1 :])})
    if allowed(request, given_to):
        assert allowed(request, without)


@given(asked, everything)
def test_an_exempt_caller_is_in_no_organisation(request: Request, given_to: Policies) -> None:
    own = replace(request, resource_account=ACCOUNT, management_account=True)
    free = replace(given_to, scps=(), rcps=())
    assert decide(own, given_to) == decide(own, free)
    assume(request.principal == SESSION)
    linked = replace(request, service_linked_role=True)
    assert decide(linked, given_to) == decide(request, free)


@given(asked, everything)
def test_across_accounts_nothing_more_is_allowed(request: Request, given_to: Policies) -> None:
    across = replace(request, resource_account=OTHER_ACCOUNT, management_account=False)
    if allowed(across, given_to):
        assert allowed(replace(across, resource_account=ACCOUNT), given_to)
        assert given_to.resource is not None
        assert allowed(replace(across, resource_account=ACCOUNT), replace(given_to, resource=None))


@given(asked, everything)
def test_a_key_policy_must_itself_allow(request: Request, given_to: Policies) -> None:
    """What a key policy lets through, the same policy of another resource lets through."""
    key = replace(given_to, resource_kind=ResourcePolicyKind.KMS)
    if allowed(request, key):
        assert allowed(request, replace(given_to, resource_kind=ResourcePolicyKind.OTHER))
        kinds = {cause.kind for cause in decide(request, key).because}
        assert key.resource is None or PolicyKind.RESOURCE in kinds


@given(asked, everything, st.data())
def test_order_matters_nowhere(request: Request, given_to: Policies, data: st.DataObject) -> None:
    def mixed(found: tuple[Any, ...] | None) -> tuple[Any, ...] | None:
        return None if found is None else tuple(data.draw(st.permutations(found)))

    def mixed_levels(found: tuple[Level, ...]) -> tuple[Level, ...]:
        return tuple(
            replace(level, policies=mixed(level.policies) or ()) for level in mixed(found) or ()
        )

    other = replace(
        given_to,
        identity=mixed(given_to.identity) or (),
        boundaries=mixed(given_to.boundaries),
        session=mixed(given_to.session),
        vpc_endpoint=mixed(given_to.vpc_endpoint),
        scps=mixed_levels(given_to.scps),
        rcps=mixed_levels(given_to.rcps),
    )
    assert _unordered(decide(request, given_to)) == _unordered(decide(request, other))


def _unordered(decision: Decision) -> tuple[DecisionEffect, frozenset[Cause], Any, tuple[str, ...]]:
    return (
        decision.effect,
        frozenset(decision.because),
        decision.blocked_by,
        decision.assumed,
    )


@given(asked, everything)
def test_a_kind_that_denies_or_does_not_allow_is_one_that_is_there(
    request: Request, given_to: Policies
) -> None:
    decision = decide(request, given_to)
    match decision.effect:
        case DecisionEffect.ALLOWED:
            assert decision.blocked_by is None
        case DecisionEffect.EXPLICITLY_DENIED:
            assert decision.because[0].kind is decision.blocked_by
        case DecisionEffect.IMPLICITLY_DENIED:
            assert decision.because == ()
