"""Items are exact: what the engine says of a small world is what the items say of it.

Reads `search` and `solver` themselves: it breaks what makes the items, and sets the numbers beyond
which they are made otherwise.
"""

import json
from collections.abc import Callable, Iterable
from functools import lru_cache
from itertools import islice
from typing import Any

import pytest
from hypothesis import given, settings

from prover.questions import ACCOUNT, ALICE, ALLOW_ALL, ENFORCEMENT, NOW, allowing, identity
from prover.worlds import POLICIES, documents_of, is_documented, keys_of, world
from sekisho.engine import Assumptions, CatalogueComplete, DecisionEffect, Policies, Request, decide
from sekisho.engine.matching.arns import account_of
from sekisho.engine.matching.glob import like
from sekisho.errors import InternalError
from sekisho.prover import (
    ActionGroup,
    CallerCredential,
    Side,
    StatedCondition,
    Unknown,
    decide_as_owner_allows,
    exempt_list,
    policy_difference,
)
from sekisho.prover.reading import equality, policies
from sekisho.prover.reading.credentials import situations
from sekisho.prover.search import listing, parts, requests
from sekisho.prover.solver import candidates, texts

DIRECT = (CallerCredential.SESSION, CallerCredential.KEY, CallerCredential.MFA_SESSION)
FEW = ["s3:GetObject", "iam:ListUsers", "kms:Decrypt"]
FENCE = {"Effect": "Deny", "NotAction": FEW, "Resource": "*"}


def held_by(request: Request) -> CallerCredential:
    """Return the credential whose keys a request of the world has."""
    present = request.context.get("aws:MultiFactorAuthPresent")
    return {
        None: CallerCredential.KEY,
        "false": CallerCredential.SESSION,
        "true": CallerCredential.MFA_SESSION,
    }[None if present is None else str(present)]


def allows(statement: dict[str, Any], request: Request) -> bool:
    return _asking(json.dumps(statement))(request)


# each part is asked about every request of the world
@lru_cache(1_000)
def _asking(statement: str) -> Callable[[Request], bool]:
    return allowing(identity({**ALLOW_ALL, **json.loads(statement)}))


def is_so(stated: StatedCondition, request: Request) -> bool:
    if stated.subject == "resourceAccount":
        owner = account_of(request.resource) or request.resource_account or ACCOUNT
        return any(like(pattern, owner) for pattern in stated.values) is stated.holds
    if not stated.operator:
        return allows({"Resource": list(stated.values)}, request) is stated.holds
    condition = {stated.operator: {stated.subject: list(stated.values)}}
    return allows({"Condition": condition}, request) is stated.holds


def is_in(item: ActionGroup, request: Request) -> bool:
    """Tell whether an item takes in a request, by asking the engine about each of its parts."""
    return (
        request.action in item.actions
        and held_by(request) in item.credentials
        and allows({"Resource": list(item.resources)}, request)
        and all(is_so(stated, request) for stated in item.conditions)
    )


def of(side: Side | Unknown) -> tuple[ActionGroup, ...]:
    assert isinstance(side, Side), side
    return side.items


# each example asks about every request of the world, part by part
@settings(max_examples=settings().max_examples // 3)
@given(POLICIES, POLICIES)
def test_a_difference_is_what_the_world_says_request_by_request(
    first: list[dict[str, Any]], second: list[dict[str, Any]]
) -> None:
    is_what_the_world_says(identity(*first, FENCE), identity(*second, FENCE))


@settings(max_examples=settings().max_examples // 3)
@given(POLICIES, POLICIES)
def test_so_it_is_if_the_policies_are_looked_at_as_large_ones_are(
    first: list[dict[str, Any]], second: list[dict[str, Any]]
) -> None:
    """Reduced, in parts, and with an example in the place of choices."""
    with pytest.MonkeyPatch.context() as patch:
        for limit in (
            (requests, "FEW_STATEMENTS"),
            (parts, "FEW_STATEMENTS"),
            (candidates, "_MANY"),
            (texts, "_MANY"),
            (policies, "_SMALL"),
        ):
            patch.setattr(*limit, 0)
        patch.setattr(equality, "_MANY", -1)
        old, new = identity(*first, FENCE), identity(*second, FENCE)
        is_what_the_world_says(old, new)
        for request in islice(requests_of((old, new)), 0, None, 7):
            for each in (old, new):
                left = policies.relevant_to_request(each, request.action, request.resource)
                assert decide(request, left) == decide(request, each)


COMPLETE = Assumptions(catalogue_complete=CatalogueComplete.YES)


def is_what_the_world_says(old: Policies, new: Policies) -> None:
    """Check both sides; where no documented request differs, no other is listed."""
    found = policy_difference(old, new, ALICE, NOW, COMPLETE)
    left, right = of(found.only_in_old), of(found.only_in_new)
    asks = [allowing(each) for each in (old, new)]
    for request in requests_of((old, new)):
        before, after = (allows(request) for allows in asks)
        for items, differs in ((left, before and not after), (right, after and not before)):
            if items or is_documented(request):
                assert any(is_in(item, request) for item in items) is differs, request


def requests_of(sets: Iterable[Policies]) -> Iterable[Request]:
    keys = keys_of([document for each in sets for document in documents_of(each)])
    # a world of few keys is looked at whole; one of many takes too long
    return world(keys, DIRECT, FEW) if len(keys) <= 4 else ()


def test_every_counterexample_is_in_its_item() -> None:
    old = identity(
        {
            **ALLOW_ALL,
            "Action": "s3:GetObject",
            "Resource": ["arn:aws:s3:::b/*", "arn:aws:s3:::c/*"],
        }
    )
    address = {"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "192.0.2.0/24"]}}
    new = identity({**ALLOW_ALL, "Resource": "arn:aws:s3:::b/*", "Condition": address})
    found = policy_difference(old, new, ALICE, NOW)
    for side in (found.only_in_old, found.only_in_new):
        assert of(side)
        assert all(is_in(item, item.counterexample.request) for item in of(side))


def test_what_takes_in_no_resource_tells_none_apart() -> None:
    nothing = {"Effect": "Deny", "Action": "s3:*", "NotResource": ["*", "arn:aws:s3:::b/*"]}
    (item,) = of(policy_difference(identity(READ), identity(nothing), ALICE, NOW).only_in_old)
    assert item.actions == ("s3:GetObject",)


def single(old: Policies, new: Policies) -> ActionGroup:
    (item,) = of(policy_difference(old, new, ALICE, NOW).only_in_old)
    return item


READ = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
TAG = {"StringEquals": {"aws:PrincipalTag/t": "a"}}
CASES: dict[str, tuple[Policies, Policies, tuple[str, ...], set[StatedCondition]]] = {
    "only the entries that the action can reach": (
        identity({**READ, "Resource": ["arn:aws:s3:::b/*", "arn:aws:iam::*:user/x"]}),
        identity({**READ, "Action": "s3:PutObject"}),
        ("arn:aws:s3:::b/*",),
        set(),
    ),
    "an entry that another one takes in is left out": (
        identity({**READ, "Resource": ["arn:aws:s3:::b/x*", "arn:aws:s3:::b/*"]}),
        identity({**READ, "Action": "s3:PutObject"}),
        ("arn:aws:s3:::b/*",),
        set(),
    ),
    "what a Deny takes": (
        identity(READ),
        identity(READ, {**READ, "Effect": "Deny", "Condition": TAG}),
        ("*",),
        {StatedCondition("aws:PrincipalTag/t", "StringEquals", ("a",), holds=True)},
    ),
    "what a condition narrows": (
        identity(READ),
        identity({**READ, "Condition": TAG}),
        ("*",),
        {StatedCondition("aws:PrincipalTag/t", "StringEquals", ("a",), holds=False)},
    ),
    "all but some resources": (
        identity(READ),
        identity({**READ, "Resource": "arn:aws:s3:::b/*"}),
        ("*",),
        {StatedCondition("Resource", "", ("arn:aws:s3:::b/*",), holds=False)},
    ),
    "a condition that both have is no part of it": (
        identity({**READ, "Condition": TAG}, {**READ, "Resource": "arn:aws:s3:::b/*"}),
        identity({**READ, "Condition": TAG}),
        ("arn:aws:s3:::b/*",),
        {StatedCondition("aws:PrincipalTag/t", "StringEquals", ("a",), holds=False)},
    ),
    "a variable that nothing settles is said as it is written": (
        identity({**READ, "Resource": "arn:aws:s3:::b/${aws:PrincipalTag/t}/*"}),
        identity({**READ, "Resource": "arn:aws:s3:::c/*"}),
        ("arn:aws:s3:::b/${aws:PrincipalTag/t}/*",),
        set(),
    ),
}


@pytest.mark.parametrize(("old", "new", "resources", "conditions"), CASES.values(), ids=list(CASES))
def test_an_item_says_no_more_than_needed(
    old: Policies, new: Policies, resources: tuple[str, ...], conditions: set[StatedCondition]
) -> None:
    item = single(old, new)
    assert (item.resources, set(item.conditions)) == (resources, conditions)
    assert item.credentials == DIRECT


def test_a_variable_within_the_others_pattern_is_no_difference() -> None:
    """Whatever the tag is, `b/TAG/x` is within `b/*`."""
    narrow = identity({**READ, "Resource": "arn:aws:s3:::b/${aws:PrincipalTag/t}/*"})
    wide = identity({**READ, "Resource": "arn:aws:s3:::b/*"})
    assert policy_difference(narrow, wide, ALICE, NOW).only_in_old == Side(None, ())


def test_the_age_of_mfa_is_a_condition() -> None:
    age = {"NumericGreaterThanIfExists": {"aws:MultiFactorAuthAge": "3600"}}
    only_users = {"Effect": "Deny", "NotAction": "iam:ListUsers", "Resource": "*"}
    old = identity(ALLOW_ALL, ENFORCEMENT, only_users)
    new = identity(ALLOW_ALL, {**ENFORCEMENT, "Condition": age}, only_users)
    item = single(old, new)
    assert (item.actions, item.credentials) == (("iam:ListUsers",), (CallerCredential.MFA_SESSION,))
    assert item.conditions == (
        StatedCondition(
            "aws:MultiFactorAuthAge", "NumericGreaterThanIfExists", ("3600",), holds=True
        ),
    )


def test_the_exempt_list_says_under_which_conditions() -> None:
    session_only = {"Null": {"aws:TokenIssueTime": "false"}, **TAG}
    statement = {**READ, "Resource": "arn:aws:s3:::b/*", "Condition": session_only}
    found = exempt_list(identity(statement), ALICE, NOW)
    assert isinstance(found, tuple)
    (item,) = found
    assert item.credentials == (CallerCredential.SESSION, CallerCredential.LOGIN_KEYLESS)
    assert [stated.subject for stated in item.conditions] == ["aws:PrincipalTag/t"]


def said(items: tuple[ActionGroup, ...] | Unknown) -> object:
    if isinstance(items, Unknown):
        return items
    return [(one.actions, one.resources, one.conditions, one.credentials) for one in items]


@settings(max_examples=settings().max_examples // 3)
@given(POLICIES)
def test_what_is_copied_from_one_view_is_what_is_found_in_the_other(
    statements: list[dict[str, Any]],
) -> None:
    policies_ = identity(*statements, FENCE)
    copied = exempt_list(policies_, ALICE, NOW)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(listing.ItemSearch, "_copied", lambda *_: None)
        assert said(copied) == said(exempt_list(policies_, ALICE, NOW))
    for one in copied if isinstance(copied, tuple) else ():
        assert one.counterexample.credential in one.credentials
        decision = decide_as_owner_allows(one.counterexample.request, policies_, Assumptions())
        assert decision.effect is DecisionEffect.ALLOWED


SESSION_ONLY = identity(
    {**READ, "Resource": "arn:aws:s3:::b/*", "Condition": {"Null": {"aws:TokenIssueTime": "false"}}}
)
KEY_AND_SESSION = identity({**READ, "Resource": "arn:aws:s3:::b/*", "Condition": TAG})


@pytest.mark.parametrize(("given_", "searched"), [(SESSION_ONLY, 2), (KEY_AND_SESSION, 1)])
def test_a_view_is_searched_where_it_can_answer_otherwise(
    given_: Policies, searched: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[object] = []
    look_of = listing.answer_space_of
    monkeypatch.setattr(
        listing, "answer_space_of", lambda *those: looks.append(those) or look_of(*those)
    )
    monkeypatch.setattr(listing.ItemSearch, "_may_answer", lambda *_: True)
    found = exempt_list(given_, ALICE, NOW)
    assert isinstance(found, tuple)
    assert (len(looks), len(found)) == (searched, 1)


def test_a_wrong_copy_is_found_by_those_that_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "same_demands", lambda *_: True)
    monkeypatch.setattr(listing.ItemSearch, "_may_answer", lambda *_: True)
    found = exempt_list(SESSION_ONLY, ALICE, NOW)
    assert isinstance(found, tuple)
    assert CallerCredential.KEY in found[0].credentials, "otherwise nothing is wrong to be found"
    monkeypatch.setattr(listing, "_READ_WHOLE", 1)
    monkeypatch.setattr(listing, "_TRIED", 0)
    with pytest.raises(InternalError):
        exempt_list(SESSION_ONLY, ALICE, NOW)


def test_the_world_has_the_credentials_that_items_name() -> None:
    for situation in situations(ALICE, NOW, DIRECT):
        request = Request(ALICE.arn, "iam:ListUsers", "*", situation.values)
        assert held_by(request) is situation.credential
