"""What other accounts own is asked about, too: with words about who else decides there."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from in_process import sekisho
from prover.questions import (
    ACCOUNT,
    ALICE,
    ALLOW_ALL,
    ENFORCEMENT,
    NOW,
    OWNERS_DIFFER,
    attached,
    identity,
    with_owner,
)
from prover.test_command import SAMPLE, run
from sekisho.engine import ArnSpan, Assumptions, CatalogueComplete, DecisionEffect, Policies, decide
from sekisho.prover import (
    CallerCredential,
    CallingUser,
    Invariant,
    InvariantKind,
    Proved,
    Question,
    Refuted,
    Side,
    Unknown,
    condition_text,
    counterexample_text,
    enforcement_question,
    exempt_list,
    invariant_holds,
    nothing_lost,
    policy_difference,
    prove_enforcement,
    prove_none,
)

OTHER, UNNAMED, UNSEEN = "999999999999", "444455556666", "987654321098"
OWNER = "aws:ResourceAccount"
ROLE = f"arn:aws:iam::{OTHER}:role/Admin"
KEY = f"arn:aws:kms:us-east-1:{OTHER}:key/*"
BUCKET = "arn:aws:s3:::b/*"


def allow(action: str, resource: Any = "*", **condition: Any) -> dict[str, Any]:
    named = {operator: {OWNER: value} for operator, value in condition.items()}
    more = {"Condition": named} if named else {}
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(*arguments: Any, **condition: Any) -> dict[str, Any]:
    return {**allow(*arguments, **condition), "Effect": "Deny"}


OPEN: dict[str, tuple[Policies, str, str]] = {
    "a role": (identity(allow("sts:AssumeRole", ROLE)), "sts:AssumeRole", OTHER),
    "a key": (identity(allow("kms:Decrypt", KEY)), "kms:Decrypt", OTHER),
    "a bucket": (
        identity(allow("s3:GetObject", BUCKET, StringEquals=OTHER)),
        "s3:GetObject",
        OTHER,
    ),
    "all but the user's": (
        identity(allow("sts:AssumeRole"), deny("*", f"arn:aws:*:*:{ACCOUNT}:*")),
        "sts:AssumeRole",
        UNNAMED,
    ),
    "accounts like a pattern": (
        identity(
            allow("sts:AssumeRole", "arn:aws:iam::12*:role/*"),
            deny("sts:AssumeRole", "arn:aws:iam::123*:role/*"),
        ),
        "sts:AssumeRole",
        "12",
    ),
    "a variable": (
        identity(
            allow("s3:GetObject", "arn:aws:s3:::b-${aws:ResourceAccount}/*"),
            deny("s3:*", f"arn:aws:s3:::b-{ACCOUNT}/*"),
        ),
        "s3:GetObject",
        "",
    ),
}


@pytest.mark.parametrize(("policies", "action", "owner"), OPEN.values(), ids=list(OPEN))
def test_an_open_door_into_another_account_is_found(
    policies: Policies, action: str, owner: str
) -> None:
    verdict = prove_enforcement(policies, ALICE, NOW).direct
    assert isinstance(verdict, Refuted), verdict
    request = verdict.counterexample.request
    account = request.resource_account or request.resource.split(":")[4]
    assert (request.action, account.startswith(owner), account == ACCOUNT) == (action, True, False)
    assert decide(request, with_owner(policies)).effect is DecisionEffect.ALLOWED
    assert decide(request, policies).effect is DecisionEffect.IMPLICITLY_DENIED
    assert (
        f"another account, {account}, whose own policies"
        in counterexample_text(verdict.counterexample).en
    )
    assert "そのアカウントのポリシーも判断" in counterexample_text(verdict.counterexample).ja
    enforced = Policies(identity=(*policies.identity, *identity(ENFORCEMENT).identity))
    assert prove_enforcement(enforced, ALICE, NOW).direct == Proved()


def test_an_owner_whom_the_users_own_name_or_tag_tells_is_found() -> None:
    tagged = CallingUser.of(ALICE.arn, {"aws:PrincipalTag/acct": OTHER}, all_tags=True)
    named = CallingUser.of(f"arn:aws:iam::{ACCOUNT}:user/{OTHER}")
    for user, variable in ((tagged, "aws:PrincipalTag/acct"), (named, "aws:username")):
        policies = identity(allow("sqs:*", StringEquals=f"${{{variable}}}"))
        verdict = prove_enforcement(policies, user, NOW).direct
        assert isinstance(verdict, Refuted)
        assert verdict.counterexample.request.resource.split(":")[4] == OTHER


def test_a_wildcard_that_takes_in_the_colon_after_the_account_is_found() -> None:
    whole = Assumptions(arn_span=ArnSpan.WHOLE_STRING)
    policies = identity(allow("sqs:*", f"arn:aws:sqs:us-east-1:{OTHER}?q:*"))
    question = Question(ALICE, NOW, (CallerCredential.KEY,), allowed=policies, assumptions=whole)
    assert isinstance(prove_none(question), Refuted)


SHUT = {
    "a perimeter": identity(
        allow("sts:AssumeRole"),
        deny("*", StringNotEquals="${aws:PrincipalAccount}"),
        {**deny("*"), "Condition": {"Null": {OWNER: "true"}}},
        deny("*", f"arn:aws:iam::{ACCOUNT}:*"),
    ),
    "what IAM does": identity(allow("iam:*", f"arn:aws:iam::{OTHER}:*")),
}


@pytest.mark.parametrize("policies", SHUT.values(), ids=list(SHUT))
def test_what_reaches_no_account_is_proved(policies: Policies) -> None:
    question = enforcement_question(policies, ALICE, NOW)
    assert prove_none(question.in_catalogue) == Proved()


def test_what_may_tell_more_accounts_apart_is_unknown() -> None:
    number = identity({**allow("kms:Decrypt"), "Condition": {"NumericLessThan": {OWNER: "5"}}})
    assert prove_enforcement(number, ALICE, NOW).direct == OWNERS_DIFFER
    shifted = identity(allow("kms:Decrypt", "arn:*:9*:key/k"))
    question = enforcement_question(shifted, ALICE, NOW)
    assert prove_none(question.in_catalogue) == Proved()
    as_one = replace(question, assumptions=Assumptions(arn_span=ArnSpan.WHOLE_STRING))
    assert isinstance(prove_none(as_one), Unknown | Refuted)


def test_the_caller_and_the_owner_are_compared_either_way_round() -> None:
    mine = {"StringEquals": {"aws:PrincipalAccount": f"${{{OWNER}}}"}}
    caller = identity({**allow("s3:GetObject", BUCKET), "Condition": mine})
    owner = identity(allow("s3:GetObject", BUCKET, StringEquals="${aws:PrincipalAccount}"))
    found = policy_difference(caller, owner, ALICE, NOW)
    assert found.only_in_old == found.only_in_new
    assert isinstance(found.only_in_new, Side)
    assert not found.only_in_new.items
    shut = deny("s3:*", BUCKET, StringEquals=ACCOUNT)
    for statements in (caller, owner):
        (one,) = statements.identity[0].document.statements
        assert isinstance(prove_enforcement(statements, ALICE, NOW).direct, Refuted), one
        both = Policies(identity=(*statements.identity, attached(shut, name="shut")))
        assert prove_enforcement(both, ALICE, NOW).direct == Proved(), one


@pytest.mark.parametrize(
    ("key", "name", "known"),
    [
        ("aws:username", UNSEEN, {}),
        ("aws:username", f"1{UNSEEN}", {}),
        ("aws:userid", "alice", {"aws:userid": f"AIDA{UNSEEN}"}),
        ("aws:PrincipalTag/a", "alice", {"aws:PrincipalTag/a": f"of {UNSEEN}"}),
        ("aws:PrincipalTag/a", "alice", {}),
    ],
)
def test_an_owner_with_whom_the_users_own_values_are_compared_is_found(
    key: str, name: str, known: dict[str, str]
) -> None:
    user = CallingUser.of(f"arn:aws:iam::{ACCOUNT}:user/{name}", known)
    like = {"StringLike": {key: f"*${{{OWNER}}}"}}
    policies = identity(
        {**allow("s3:GetObject", BUCKET), "Condition": like},
        deny("s3:*", BUCKET, StringEquals=[ACCOUNT, UNNAMED]),
    )
    verdict = prove_enforcement(policies, user, NOW).direct
    assert isinstance(verdict, Refuted)
    owner = verdict.counterexample.request.resource_account
    assert owner == UNSEEN if known or name != "alice" else owner not in (None, ACCOUNT, UNNAMED)


def test_an_item_says_whose_resources_only_where_that_matters() -> None:
    every = identity(allow("kms:Decrypt"))
    old, new = every, identity(allow("kms:Decrypt", f"arn:aws:kms:*:{ACCOUNT}:*"))
    side = policy_difference(old, new, ALICE, NOW).only_in_old
    assert isinstance(side, Side)
    (item,) = side.items
    assert [one.subject for one in item.conditions] == ["resourceAccount"]
    owned = identity(allow("kms:Decrypt", "*", StringNotEqualsIfExists=ACCOUNT))
    side = policy_difference(owned, identity(ENFORCEMENT), ALICE, NOW).only_in_old
    assert isinstance(side, Side)
    said = [condition_text(one).en for item in side.items for one in item.conditions]
    assert f"unless the resource is of account {ACCOUNT}" in said


def test_lists_have_what_is_of_other_accounts() -> None:
    policies = identity(allow("sts:AssumeRole", ROLE), allow("kms:Decrypt", KEY))
    found = exempt_list(policies, ALICE, NOW)
    assert isinstance(found, tuple)
    assert {item.actions + item.resources for item in found} == {
        ("sts:AssumeRole", ROLE),
        ("kms:Decrypt", KEY),
    }
    assert not any(item.conditions for item in found)


def test_what_a_enforcement_takes_of_other_accounts_is_lost() -> None:
    enforcement = {
        **deny("kms:*", KEY),
        "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
    }
    assert isinstance(
        prove_none(nothing_lost(identity(ALLOW_ALL, enforcement), ALICE, NOW)), Refuted
    )


def test_always_promises_nothing_of_other_accounts() -> None:
    # of a KMS key, whose own policy must allow it, nothing is promised in the own account either
    own = identity(allow("sns:Publish", f"arn:aws:sns:*:{ACCOUNT}:*"))
    always = Invariant("it", InvariantKind.ALWAYS, ("sns:Publish",))
    complete = Assumptions(catalogue_complete=CatalogueComplete.YES)
    assert invariant_holds(always, own, ALICE, NOW, complete).verdict == Proved()


def test_the_command_says_whose_it_is(tmp_path: Path) -> None:
    policy = {
        "Version": "2012-10-17",
        "Statement": [allow("s3:GetObject", BUCKET, StringEquals=OTHER)],
    }
    path = tmp_path / "p.json"
    path.write_text(json.dumps(policy), encoding="utf-8")
    asked = (str(path), "--only", "enforcement", "--principal", ALICE.arn)
    for more in ((), ("-v",)):
        done = run(*asked, "--lang", "en", *more)
        assert done.returncode == 3
        assert f"(in another account, {OTHER}, whose own policies decide too)" in done.stdout
    assert "assumed to be allowed by their own policies" in done.stdout
    done = run(*asked, "--format", "json")
    request = json.loads(done.stdout)["questions"][0]["counterexample"]["request"]
    assert request["resourceAccount"] == OTHER


def test_a_difference_says_what_is_taken_of_owners() -> None:
    for lang, said in (("en", "are assumed to be allowed"), ("ja", "許可するものとします")):
        done = sekisho("policy", "diff", "-v", SAMPLE, SAMPLE, "--lang", lang)
        assert done.returncode == 0
        assert said in done.stdout
