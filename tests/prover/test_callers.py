"""Who stands for any user: in the accounts that policies name, and whoever they ask for by name.

Reads `reading.callers` and `reading.credentials` themselves: it breaks them, and asks what no
verdict shows by itself.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest

from prover.questions import ALLOW_ALL, ENFORCEMENT, NOW, identity
from sekisho.engine import Level, Policies
from sekisho.prover import (
    CallerCredential,
    CallingUser,
    Proved,
    Refuted,
    Side,
    Unknown,
    difference_for_any,
    distinguishable_callers,
    prove_enforcement,
    unnamed_callers,
)
from sekisho.prover.reading.callers import why_no_common_answer
from sekisho.prover.reading.credentials import CALLER_KEYS, situations
from sekisho.prover.reading.keys import NEVER

OWN = "123456789012"
GET = {"Effect": "Allow", "Action": "iam:GetUser", "Resource": "*"}
DENY = {"Effect": "Deny"}
S3 = {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}
EC2 = {"Effect": "Allow", "Action": "ec2:TerminateInstances"}


def on(resource: str) -> dict[str, Any]:
    return {**EC2, "Resource": resource}


def only(**condition: Any) -> dict[str, Any]:
    return {**S3, "Condition": {name: {key: value} for name, (key, value) in condition.items()}}


@pytest.mark.parametrize(
    "statement",
    [
        on(f"arn:aws:ec2:*:{OWN}:instance/*"),
        on("arn:aws:ec2:*:12345678901?:instance/*"),
        on("arn:aws:ec2:*:1234*:instance/*"),
        on(f"arn:aws:ec2:*:{OWN}:*"),
        on(f"arn:aws:ec2:*:{OWN}*"),
        only(StringEquals=("aws:PrincipalAccount", OWN)),
        only(StringLike=("aws:ResourceAccount", "1234*")),
        only(ArnLike=("aws:PrincipalArn", f"arn:aws:iam::{OWN}:user/*")),
    ],
    ids=str,
)
def test_what_is_allowed_in_the_account_that_a_policy_names_is_found(
    statement: dict[str, Any],
) -> None:
    policies = identity(statement)
    (user,) = unnamed_callers(policies)
    assert isinstance(prove_enforcement(policies, user, NOW).direct, Refuted)


def test_an_account_is_exempt_or_it_is_not() -> None:
    for account in (OWN, "111122223333"):
        exempt = {**ENFORCEMENT["Condition"], "StringNotEquals": {"aws:PrincipalAccount": account}}
        policies = identity(ALLOW_ALL, {**ENFORCEMENT, "Condition": exempt})
        (user,) = unnamed_callers(policies)
        assert isinstance(prove_enforcement(policies, user, NOW, ("iam:GetUser",)).direct, Refuted)
        policies = identity(ALLOW_ALL, ENFORCEMENT, on(f"arn:aws:ec2:*:{account}:*"))
        (user,) = unnamed_callers(policies)
        assert isinstance(prove_enforcement(policies, user, NOW, ("iam:GetUser",)).direct, Proved)


@pytest.mark.parametrize(
    ("statement", "accounts"),
    [
        (only(StringNotEquals=("aws:PrincipalAccount", OWN)), [OWN, "111122223333"]),
        (only(ArnNotLike=("aws:PrincipalArn", f"arn:aws:iam::{OWN}:*")), [OWN, "111122223333"]),
        (only(StringEquals=("aws:ResourceAccount", OWN)) | DENY, [OWN, "111122223333"]),
        (only(StringNotEquals=("aws:ResourceAccount", OWN)) | DENY, [OWN]),
        (on(f"arn:aws:ec2:*:{OWN}:*") | DENY, [OWN]),
        (only(ArnEquals=("iam:PolicyARN", f"arn:aws:iam::{OWN}:policy/p")) | DENY, [OWN]),
    ],
    ids=str,
)
def test_an_account_that_policies_only_leave_out_is_not_the_only_one(
    statement: dict[str, Any], accounts: list[str]
) -> None:
    found = unnamed_callers(identity(statement))
    assert [user.account for user in found] == accounts
    assert (why_no_common_answer(found) is None) is (len(accounts) == 1)


def test_each_partition_has_a_user() -> None:
    both = identity(on("arn:aws:ec2:*:*:instance/*"), on("arn:aws-cn:ec2:*:*:instance/*"))
    one = identity(on("arn:aws:ec2:*:*:instance/*"))
    users = unnamed_callers(both)
    assert [user.partition for user in users] == ["aws", "aws-cn"]
    assert "arn:aws-cn:iam::111122223333:user/some-user" in str(why_no_common_answer(users))
    assert [user.partition for user in unnamed_callers(identity(on("arn:*:ec2:*:*:*")))] == ["aws"]
    found = difference_for_any(both, one, distinguishable_callers(both, one), NOW)
    assert found.only_in_new == Side(None, ())
    assert isinstance(found.only_in_old, Side)
    (item,) = found.only_in_old.items
    assert item.conditions[0].values == ("arn:aws-cn:iam::111122223333:user/*",)


def test_each_account_has_a_user_and_what_is_no_account_has_none() -> None:
    names = [f"arn:aws:iam::{each}:role/x" for each in (OWN, "aws", "*", "", "999988887777")]
    buckets = ["arn:aws:s3:::b-222233334444", "arn:aws:s3:::*"]
    found = unnamed_callers(identity({**EC2, "Resource": [*names, *buckets]}))
    assert [user.account for user in found] == [OWN, "999988887777"]


@pytest.mark.parametrize(
    ("statement", "who"),
    [
        (only(StringEquals=("aws:username", "bob")), "user/bob"),
        (only(StringLike=("aws:username", "adm-*")), "user/adm-x"),
        (only(ArnEquals=("aws:PrincipalArn", f"arn:aws:iam::{OWN}:user/ops/bob")), "user/ops/bob"),
        (only(ArnLike=("aws:PrincipalArn", "arn:aws:iam::*:user/adm-*")), "user/adm-x"),
        (only(StringEquals=("aws:userid", "AIDABOB")), "user/some-user"),
        (only(StringEquals=("aws:PrincipalAccount", OWN)), f"{OWN}:user/some-user"),
        (only(StringNotEquals=("aws:PrincipalAccount", OWN)), "111122223333:user/some-user"),
    ],
    ids=str,
)
def test_whom_a_condition_names_calls_too(statement: dict[str, Any], who: str) -> None:
    old, new = identity(GET), identity(GET, statement)
    for sides in ((old, new), (new, old)):
        found = difference_for_any(*sides, distinguishable_callers(*sides), NOW)
        side = found.only_in_new if sides[0] is old else found.only_in_old
        assert isinstance(side, Side)
        assert side.counterexample is not None
        assert side.counterexample.request.principal.endswith(f":{who}")
        assert [item.actions for item in side.items] == [("s3:ListAllMyBuckets",)]
        assert side.items[0].conditions or OWN in who


def difference_in(condition: dict[str, Any]) -> tuple[object, object]:
    """Return the difference that a Deny of what nobody is allowed makes: none."""
    old = identity(GET)
    new = identity(GET, {**S3, "Effect": "Deny", "Condition": condition})
    found = difference_for_any(old, new, distinguishable_callers(old, new), NOW)
    return found.only_in_old, found.only_in_new


def test_that_nobody_differs_is_said_only_of_all_whom_policies_tell_apart() -> None:
    nothing = (Side(None, ()), Side(None, ()))
    for known in (
        {"StringNotEquals": {"aws:username": ["bob", "eve"]}},
        {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/Admin*"}},
        {"ArnLike": {"aws:PrincipalArn": [f"arn:aws:iam::{OWN}:user/*", "*"]}},
        {"Null": {"aws:username": "true"}},
    ):
        assert difference_in(known) == nothing
    for beyond in (
        {"StringLike": {"aws:username": "adm-*"}},
        {"StringLike": {"aws:PrincipalAccount": "1234*"}},
        {
            "StringEquals": {"aws:username": "bob"},
            "ArnNotEquals": {"aws:PrincipalArn": f"arn:aws:iam::{OWN}:user/bob"},
        },
        {"StringEqualsIgnoreCase": {"aws:username": "bob"}},
        {"StringEquals": {"aws:username": [f"bob{number}" for number in range(20)]}},
        {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/adm-*"}},
        {"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::*:user/${aws:PrincipalTag/t}"}},
    ):
        for side in difference_in(beyond):
            assert isinstance(side, Unknown)
            assert "--principal" in side.reason.en


def test_a_policy_does_not_differ_from_itself_whoever_calls() -> None:
    policies: Policies = identity(only(StringLike=("aws:username", "adm-*")))
    found = difference_for_any(policies, policies, distinguishable_callers(policies, policies), NOW)
    assert (found.only_in_old, found.only_in_new) == (Side(None, ()), Side(None, ()))


def test_equal_policies_at_other_places_are_not_the_same() -> None:
    reads = identity(GET).identity
    few = {"StringLike": {"aws:username": "a*"}, "StringNotLike": {"aws:username": "ax*"}}
    some = identity({**ALLOW_ALL, "Condition": few}).identity
    levels = (Level("root", reads), Level("unit", some))
    everyone = identity(ALLOW_ALL).identity
    for old, new in (
        (Policies((*reads, *some), some), Policies(reads, some)),
        (Policies(reads, session=some), Policies(reads, boundaries=some)),
        (
            Policies(everyone, scps=levels),
            Policies(everyone, scps=(Level("root", (*reads, *some)),)),
        ),
    ):
        found = difference_for_any(old, new, distinguishable_callers(old, new), NOW)
        assert Side(None, ()) not in (found.only_in_old, found.only_in_new)
        same = difference_for_any(old, old, distinguishable_callers(old, old), NOW)
        assert same.only_in_old == same.only_in_new == Side(None, ())


def said() -> list[bool]:
    """Return whether what is known of a few policies is said."""
    bob = identity(GET, only(StringEquals=("aws:username", "bob")))
    adm = identity(GET, {**only(StringLike=("aws:username", "adm-*")), "Effect": "Deny"})
    both = [
        difference_for_any(identity(GET), new, distinguishable_callers(new), NOW)
        for new in (bob, adm)
    ]
    (user,) = unnamed_callers(identity(on(f"arn:aws:ec2:*:{OWN}:instance/*")))
    return [
        user.account == OWN,
        isinstance(both[0].only_in_new, Side) and both[0].only_in_new.counterexample is not None,
        isinstance(both[1].only_in_new, Unknown),
    ]


@pytest.mark.parametrize(
    ("name", "broken"),
    [
        ("_accounts", lambda *_: iter(())),
        ("_user_matching", lambda *_: None),
        ("_names_exactly", lambda *_: True),
    ],
)
def test_who_is_forgotten_is_missed(
    name: str, broken: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert all(said())
    monkeypatch.setattr(import_module("sekisho.prover.reading.callers"), name, broken)
    assert not all(said())


def test_no_key_of_another_kind_of_caller_is_settled() -> None:
    user = CallingUser.of(f"arn:aws:iam::{OWN}:user/x")
    every = situations(user, NOW, tuple(CallerCredential))
    settled = {key for each in every for key in (*each.values.folded, *each.absent)}
    times = {"aws:currenttime", "aws:epochtime", "aws:multifactorauthage", "aws:tokenissuetime"}
    free = {*times, "aws:signinsessionarn"}
    assert settled - CALLER_KEYS == free
    assert NEVER <= CALLER_KEYS
