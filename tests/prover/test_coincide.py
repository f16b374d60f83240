"""Callers whom `${aws:username}` and the like make special: who could differ is asked, or said."""

from collections.abc import Callable, Sequence
from importlib import import_module
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prover.questions import NOW, context_of, identity
from prover.test_difference import sample
from sekisho.engine import AttachedPolicy, DecisionEffect, Policies, Request
from sekisho.engine.compiled import Compiler
from sekisho.policy import Choices, force_mfa
from sekisho.prover import (
    CallerCredential,
    CallingUser,
    PolicyDifference,
    Side,
    Unknown,
    difference_for_any,
    distinguishable_callers,
)

NOTHING = Side(None, ())
ACCOUNT = "123456789012"
DELETE = "s3:DeleteObject"
NAME, OF_ACCOUNT, ARN = (
    f"${{aws:{key}}}" for key in ("username", "PrincipalAccount", "PrincipalArn")
)


def on(resource: str | Sequence[str], effect: str = "Allow") -> dict[str, Any]:
    return {"Effect": effect, "Action": DELETE, "Resource": resource}


def home(path: str, effect: str = "Allow") -> dict[str, Any]:
    return on(f"arn:aws:s3:::{path}", effect)


def tagged(value: str, effect: str = "Allow", operator: str = "StringEquals") -> dict[str, Any]:
    return {**on("*", effect), "Condition": {operator: {"aws:ResourceTag/o": value}}}


def compared(old: Policies, new: Policies) -> PolicyDifference:
    return difference_for_any(old, new, distinguishable_callers(old, new), NOW)


def without(allow: dict[str, Any], deny: dict[str, Any]) -> PolicyDifference:
    """Return the difference that a Deny makes."""
    return compared(identity(allow), identity(allow, deny))


@pytest.mark.parametrize(
    ("allow", "deny", "who"),
    [
        (home(f"home/{NAME}/*"), home("home/ceo/*", "Deny"), "user/ceo"),
        (home(f"home/{NAME}/*"), home("home/*/private/*", "Deny"), "user/some-user"),
        (home(f"home/*/{NAME}"), home("home/public/bob", "Deny"), "user/bob"),
        (home(f"{NAME}/x"), home("*/x", "Deny"), "user/some-user"),
        (on("*"), on(f"arn:aws:s3:::home/{NAME}-*", "Deny"), "user/some-user"),
        (home(f"{NAME}/{OF_ACCOUNT}"), home(f"bob/{ACCOUNT}", "Deny"), f"{ACCOUNT}:user/bob"),
        (tagged(NAME), tagged("bob", "Deny"), "user/bob"),
        (tagged(NAME), tagged("b*", "Deny", "StringLike"), "user/b"),
        (tagged(NAME), tagged("bob", "Deny", "StringEqualsIgnoreCase"), "user/bob"),
        (tagged(OF_ACCOUNT), tagged(ACCOUNT, "Deny"), f"{ACCOUNT}:user/some-user"),
        (
            tagged(ARN),
            tagged(f"arn:aws:iam::{ACCOUNT}:user/ops/bob", "Deny"),
            f"{ACCOUNT}:user/ops/bob",
        ),
    ],
    ids=str,
)
def test_for_whom_a_variable_coincides_is_asked(
    allow: dict[str, Any], deny: dict[str, Any], who: str
) -> None:
    found = without(allow, deny).only_in_old
    assert isinstance(found, Side)
    assert found.counterexample is not None
    assert found.counterexample.request.principal.endswith(f":{who}")


@pytest.mark.parametrize(
    ("deny", "key"),
    [
        (home("elsewhere*", "Deny"), None),
        (home("elsewhere*", "Deny") | {"Condition": {"Bool": {"aws:SecureTransport": "x"}}}, None),
        (home(f"home/{NAME}.txt", "Deny"), None),
        (home("home/*.txt", "Deny"), "aws:username"),
        (home("home/???", "Deny"), "aws:username"),
        (home("home/${aws:PrincipalTag/t}", "Deny"), "aws:username"),
        (home(f"home/{OF_ACCOUNT}", "Deny"), None),
        (home(f"home/b-{OF_ACCOUNT}", "Deny"), "aws:username"),
        (home(f"home/*{NAME}", "Deny"), "aws:username"),
    ],
    ids=str,
)
def test_where_names_may_matter_and_are_not_known_it_is_said(
    deny: dict[str, Any], key: str | None
) -> None:
    """Nothing more is allowed by a further Deny, to anybody: but is this known of all?"""
    found = without(home(f"home/{NAME}"), deny).only_in_new
    assert found == NOTHING if key is None else isinstance(found, Unknown)
    assert key is None or (isinstance(found, Unknown) and f"`{key}`" in found.reason.en)


def test_a_unique_id_that_a_variable_may_bring_is_unknown() -> None:
    found = without(tagged("${aws:userid}"), tagged("AIDAREALREALREALREAL", "Deny"))
    assert isinstance(found.only_in_old, Unknown)


def test_a_value_that_is_carried_on_is_said() -> None:
    carried = {**home("${s3:prefix}"), "Condition": {"StringEquals": {"s3:prefix": NAME}}}
    found = without(carried, home("ceo", "Deny"))
    assert isinstance(found.only_in_old, Unknown)
    assert isinstance(found.only_in_new, Unknown)


def test_everyday_policies_are_told_for_certain() -> None:
    first = sample("force-mfa-first-login")
    presets = [
        Policies(identity=(AttachedPolicy("enforcement", force_mfa(choices)),))
        for choices in (Choices(), Choices(password_change_without_mfa=True, quiet_console=True))
    ]
    own = [f"arn:aws:s3:::b/home/{NAME}", f"arn:aws:s3:::b/home/{NAME}/*"]
    lists = {"StringLike": {"s3:prefix": ["", "home/", f"home/{NAME}/*"]}}
    bucket = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::b"}
    homes = identity(on(own), {**bucket, "Condition": lists})
    shared = identity(on([*own, "arn:aws:s3:::b/shared/*", "arn:aws:s3:::c/*"]))
    pairs = [(sample("aws-self-manage"), first), (presets[0], presets[1]), (homes, shared)]
    assert not [
        whose.indistinct_keys
        for pair in pairs
        if (whose := distinguishable_callers(*pair)).indistinct_keys
    ]
    assert {len(distinguishable_callers(*pair).users) for pair in pairs[:2]} == {1}
    found = compared(*pairs[0])
    assert found.only_in_old == NOTHING
    assert isinstance(found.only_in_new, Side)
    assert sorted(action for item in found.only_in_new.items for action in item.actions) == [
        "iam:ChangePassword",
        "iam:GetAccountPasswordPolicy",
    ]


def coincidences(count: int) -> Policies:
    allow = on([f"arn:aws:s3:::b{number}/{NAME}/*" for number in range(count)])
    return identity(allow, on([f"arn:aws:s3:::*/u{number}/x*" for number in range(count)], "Deny"))


def test_where_there_are_more_than_can_be_asked_no_more_is_looked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module = import_module("sekisho.prover.reading.callers")
    shared, looked = module._separating_values, []
    monkeypatch.setattr(
        module, "_separating_values", lambda *all_: looked.append(all_) or shared(*all_)
    )
    found = distinguishable_callers(coincidences(60))
    assert (len(found.users), found.indistinct_keys) == (16, ("aws:PrincipalArn", "aws:username"))
    assert len(looked) < 60


def test_what_takes_too_many_steps_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    both = identity(home(f"home/{NAME}"), home("home/ceo"))
    assert distinguishable_callers(both).indistinct_keys == ()
    monkeypatch.setattr("sekisho.prover.reading.callers._MOST_STEPS", 300)
    assert distinguishable_callers(both).indistinct_keys == ("aws:username",)


_WORDS = ("home", "ceo", "x", "adm")
_NAMES = (*_WORDS, "zoe")
_PART = st.sampled_from([*_WORDS[:2], NAME, NAME, "*", "a*", f"{NAME}-x", "*x"])
_PATHS = st.lists(_PART, min_size=2, max_size=3).map("/".join)
_MAKERS = [home, lambda text, effect: tagged(text, effect, "StringLike")]
_ALLOWED = _PATHS.filter(lambda text: NAME in text)


_TEXTS = ["/".join(parts) for size in (2, 3) for parts in product((*_NAMES, "x-x"), repeat=size)]
_WORLD = [(path, "none/of/them") for path in _TEXTS] + [("none/of/them", tag) for tag in _TEXTS]


def _differs(old: Policies, new: Policies) -> str | None:
    """Return a name for which `old` allows what `new` does not, in a small world."""
    asked = [Compiler().compiled(each) for each in (old, new)]
    for name in _NAMES:
        user = CallingUser.of(f"arn:aws:iam::111122223333:user/{name}")
        key = context_of(CallerCredential.KEY, user)
        for path, tag in _WORLD:
            context = key.with_({"aws:ResourceTag/o": tag})
            request = Request(user.arn, DELETE, f"arn:aws:s3:::{path}", context)
            effects = [ask(request).effect for ask in asked]
            if effects[0] is DecisionEffect.ALLOWED is not effects[1]:
                return name
    return None


@settings(max_examples=settings.default.max_examples // 2)
@given(st.sampled_from(_MAKERS), _ALLOWED, st.lists(_PATHS, min_size=1, max_size=2))
def test_where_nothing_is_said_nobody_differs(
    make: Callable[[str, str], dict[str, Any]], allowed: str, denied: list[str]
) -> None:
    """Of what a Deny takes away, and of what is allowed besides."""
    old = identity(make(allowed, "Allow"))
    less = identity(make(allowed, "Allow"), *(make(text, "Deny") for text in denied))
    more = identity(make(allowed, "Allow"), *(make(text, "Allow") for text in denied))
    for larger, smaller in ((old, less), (more, old)):
        if compared(larger, smaller).only_in_old == NOTHING:
            assert _differs(larger, smaller) is None


def said() -> list[bool]:
    """Return whether what is known of a few policies is said."""
    ceo = without(home(f"home/{NAME}"), home("home/ceo", "Deny")).only_in_old
    text = without(home(f"home/{NAME}"), home("home/*.txt", "Deny")).only_in_new
    both = without(home(f"*/{NAME}"), home(f"{NAME}/x", "Deny")).only_in_old
    free = without(home(f"home/{NAME}"), home("home*", "Deny")).only_in_new
    return [
        isinstance(ceo, Side) and ceo.counterexample is not None,
        isinstance(text, Unknown),
        isinstance(both, Side) and both.counterexample is not None,
        free == NOTHING,
    ]


@pytest.mark.parametrize(
    ("name", "broken"),
    [
        ("_unaffected_by_variable", lambda *_: True),
        ("_unaffected_by_variable", lambda *_: False),
        ("_same_form", lambda *_: True),
        ("_stands_between_separators", lambda *_: True),
        ("_separating_values", lambda *_: ([], True)),
    ],
)
def test_what_is_overlooked_is_missed(
    name: str, broken: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert all(said())
    monkeypatch.setattr(import_module("sekisho.prover.reading.callers"), name, broken)
    assert not all(said())
