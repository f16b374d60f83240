"""The compiled decider over the corpora and the bench's requests, and what it refuses.

Reads `engine.compiled.decider` and `templates` themselves: that they compile once, and what they
keep, no decision shows.
"""

from collections.abc import Iterator
from dataclasses import replace
from types import CodeType
from typing import Any

import pytest
from bench.engine.workload import distinct, questions, twelve

from engine import asking, test_corpus
from engine.asking import ACCOUNT, ALICE, context_of, policy
from engine.test_compiled_laws import outcome
from sekisho.engine import (
    Assumptions,
    AttachedPolicy,
    Decision,
    DecisionEffect,
    Level,
    Policies,
    Request,
    ResourcePolicyKind,
    decide,
)
from sekisho.engine.compiled import CompiledDecider, Compiler, decider
from sekisho.engine.compiled import templates as source
from sekisho.engine.exchange import lines as exchange
from sekisho.errors import FaultyPolicy
from sekisho.policy import (
    Condition,
    Document,
    Effect,
    Element,
    Operator,
    OperatorName,
    PolicyKind,
    Principal,
    PrincipalKey,
    Statement,
    from_json,
)

ALLOW = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def both(request: Request, policies: Policies, assumptions: Assumptions | None = None) -> Decision:
    """Decide with the engine and compiled, twice, and fail where they differ."""
    chosen = assumptions or Assumptions()
    expected = decide(request, policies, chosen)
    compiled = CompiledDecider(chosen)
    assert [compiled.decide(request, policies) for _ in range(3)] == [expected] * 3
    return expected


def _corpus() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every case of the tests of the corpora: the test's name, and what it is called with."""
    for name, function in vars(test_corpus).items():
        for mark in getattr(function, "pytestmark", ()) if name.startswith("test_") else ():
            arguments, cases = mark.args
            names = arguments.split(",") if isinstance(arguments, str) else arguments
            for case in cases:
                found = case.values if hasattr(case, "values") and hasattr(case, "marks") else case
                each = found if len(names) > 1 else [found]
                yield name, dict(zip(map(str.strip, names), each, strict=True))


def test_the_corpora_hold_of_the_compiled_decider(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Request] = []

    def counted(
        request: Request, policies: Policies, assumptions: Assumptions | None = None
    ) -> Decision:
        asked.append(request)
        return both(request, policies, assumptions)

    for module in (asking, test_corpus, exchange):
        monkeypatch.setattr(module, "decide", counted)
    for name, arguments in _corpus():
        getattr(test_corpus, name)(**arguments)
    assert len(asked) > 500


@pytest.mark.parametrize("workload", [twelve(), distinct(600)], ids=["twelve", "distinct"])
def test_the_requests_of_the_bench(workload: Any) -> None:
    sets, asked = questions(workload)
    compiler = Compiler()
    compiled = [compiler.compiled(one) for one in sets]
    for number, request in [*asked, *asked]:
        assert compiled[number](request) == decide(request, sets[number])


HOSTILE = [
    "k0) or True or (k1",
    '"); raise SystemExit("',
    "{resource}",
    "{home}{v}",
    "\\",
    "\n    return None\n",
    "'''",
    "\x00",
    "\ud800",
    "__import__('os').abort()",
]


def _hostile(text: str) -> Document:
    like, equals, boolean = (
        Operator(OperatorName.STRING_LIKE),
        Operator(OperatorName.STRING_EQUALS),
        Operator(OperatorName.BOOL, if_exists=True),
    )
    statement = Statement(
        0,
        Effect.ALLOW,
        Element(("iam:Get*", f"iam:{text}")),
        Element((f"arn:aws:iam::*:user/{text}", f"arn:aws:iam::*:{text}${{aws:username}}", "*")),
        sid=text,
        conditions=(
            Condition(equals, text, (text,)),
            Condition(equals, "several", (text, "b")),
            Condition(like, text, (f"{text}*",)),
            Condition(boolean, f"{text}?", ("true",)),
        ),
    )
    deny = replace(statement, effect=Effect.DENY, conditions=statement.conditions[:1])
    return Document((statement, replace(deny, resource=Element((f"{text}*",), negated=True))))


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_of_a_policy_becomes_source(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sources: list[str] = []

    compiled = source._compiled

    def spy(found: str) -> CodeType:
        sources.append(found)
        return compiled(found)

    monkeypatch.setattr(source, "_compiled", spy)
    given = Policies((AttachedPolicy(text, _hostile(text)),))
    context = context_of({text: text, "several": text, "aws:username": "alice"})
    for tail in (f"user/{text}", f"{text}alice", "user/bob"):
        for begin in (f"arn:aws:iam::{ACCOUNT}", "arn:aws:s3::"):
            both(Request(ALICE, "iam:GetUser", f"{begin}:{tail}", context), given)
    both(Request(ALICE, "iam:GetUser", "*", context), given)
    assert sources
    assert not any(text in found for found in sources)


def test_a_faulty_policy_is_refused_when_it_is_compiled() -> None:
    broken = Element(("arn:aws:s3:::b/${",))
    document = Document((Statement(0, Effect.ALLOW, Element(("*",)), broken),))
    with pytest.raises(FaultyPolicy) as caught:
        Compiler().compiled(Policies((AttachedPolicy("bad", document),)))
    assert caught.value.source == "bad"


def _resource_policy(principal: object, kind: PolicyKind) -> AttachedPolicy:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "*", "Resource": "*"}
    if kind is PolicyKind.TRUST:
        del statement["Resource"]
    value = {"Version": "2012-10-17", "Statement": statement}
    return AttachedPolicy("named", from_json(value, kind=kind))


OTHERS = [
    f"arn:aws:iam::{ACCOUNT}:user/bob",
    f"arn:aws:iam::{ACCOUNT}:root",
    f"arn:aws:sts::{ACCOUNT}:assumed-role/Dev/alice",
    f"arn:aws:sts::{ACCOUNT}:federated-user/alice",
    "arn:aws:iam::444455556666:role/Dev",
    "ec2.amazonaws.com",
]


@pytest.mark.parametrize(
    "given",
    [
        {"trust": _resource_policy({"AWS": [ALICE, "444455556666"]}, PolicyKind.TRUST)},
        {"resource": _resource_policy("*", PolicyKind.RESOURCE)},
        {"resource": _resource_policy({"AWS": [ALICE, ACCOUNT]}, PolicyKind.RESOURCE)},
        {
            "resource": _resource_policy({"AWS": [ALICE, ACCOUNT]}, PolicyKind.RESOURCE),
            "resource_kind": ResourcePolicyKind.KMS,
        },
        {"resource": _resource_policy({"Service": "ec2.amazonaws.com"}, PolicyKind.RESOURCE)},
        {"vpc_endpoint": (_resource_policy({"AWS": ALICE}, PolicyKind.VPC_ENDPOINT),)},
    ],
    ids=["trust", "anyone", "itself-or-account", "kms", "service", "endpoint"],
)
@pytest.mark.parametrize("identity", [(), (policy(ALLOW),)], ids=["", "allowed"])
def test_whoever_is_named_has_a_decision_of_their_own(
    given: dict[str, Any], identity: tuple[AttachedPolicy, ...]
) -> None:
    policies = Policies(identity, **given)
    compiled = Compiler().compiled(policies)
    resources = ["*", "arn:aws:s3:::b/k", f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/k"]
    resources += [f"arn:aws:iam::{ACCOUNT}:role/Dev", "arn:aws:sqs:eu-west-1:444455556666:q"]
    for who, resource in [(who, on) for who in (ALICE, *OTHERS) for on in resources] * 2:
        request = Request(who, "sts:AssumeRole", resource)
        assert outcome(lambda r=request: compiled(r)) == outcome(
            lambda r=request: decide(r, policies)
        )


FOREIGN = "444455556666"
WHOSE = [
    ("arn:aws:s3:::b/k", None),
    ("arn:aws:s3:::b/k", FOREIGN),
    ("arn:aws:s3:::b/k", ACCOUNT),
    ("arn:aws:s3:::b/k", "x"),
    ("arn:AWS:S3:::b/k", None),
    ("arn:aws:S3:::b/k", FOREIGN),
    (f"arn:aws:sqs:eu-west-1:{FOREIGN}:q", None),
    (f"arn:aws:sqs:eu-west-1:{FOREIGN}:q", FOREIGN),
    (f"arn:aws:sqs:eu-west-1:{FOREIGN}:q", ACCOUNT),
    (f"arn:aws:sqs:eu-west-1:{ACCOUNT}:q", FOREIGN),
    ("arn:aws:iam::aws:policy/ReadOnlyAccess", None),
    ("arn:aws:iam::aws:policy/ReadOnlyAccess", FOREIGN),
    ("arn:aws:iam::aws:policy/ReadOnlyAccess", ACCOUNT),
    ("*", FOREIGN),
]


@pytest.mark.parametrize("named", [False, True])
def test_whose_a_resource_is_matters(named: bool) -> None:
    deny = {"Effect": "Deny", "Action": "*", "Resource": "arn:aws:s3:::b/*"}
    resource = _resource_policy({"AWS": [ALICE, ACCOUNT]}, PolicyKind.RESOURCE) if named else None
    policies = Policies((policy([ALLOW, deny]),), resource=resource)
    compiled = Compiler().compiled(policies)
    for on, owner in [*WHOSE, *reversed(WHOSE)] * 2:
        request = Request(ALICE, "s3:GetObject", on, resource_account=owner)
        expected = outcome(lambda r=request: decide(r, policies))
        assert outcome(lambda r=request: compiled(r)) == expected, (on, owner)


def test_sets_that_differ_by_little_do_not_answer_for_each_other() -> None:
    named = _resource_policy({"AWS": ALICE}, PolicyKind.RESOURCE)
    but = _resource_policy("*", PolicyKind.RESOURCE).document.statements[0]
    nobody = Principal(((PrincipalKey.AWS, (ALICE, ACCOUNT)),), negated=True)
    asked = Condition(Operator(OperatorName.BOOL), "k", ("true",))
    deny = replace(but, effect=Effect.DENY, principal=nobody, conditions=(asked,))
    resource = AttachedPolicy("named", Document((*named.document.statements, deny)))
    allow, only_s3 = policy(ALLOW), policy({**ALLOW, "Action": "s3:*"})
    bounded = Policies((), (allow,), resource=resource)
    sets = [replace(bounded, boundaries=None), bounded]
    account = _resource_policy({"AWS": [ACCOUNT]}, PolicyKind.RESOURCE)
    for kind in (None, *ResourcePolicyKind):
        for identity in ((), (allow,), (only_s3,)):
            sets.append(Policies(identity, resource=account, resource_kind=kind))
            sets.append(Policies(identity, resource=named, resource_kind=kind))
    compiler = Compiler()
    compiled = [compiler.compiled(one) for one in sets]
    key = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/k"
    for name, on in (("s3:GetObject", "arn:aws:s3:::b/k"), ("kms:Decrypt", key)):
        for k in ("false", "true") * 2:
            request = Request(ALICE, name, on, context_of({"k": k}))
            for one, given in zip(compiled, sets, strict=True):
                assert one(request) == decide(request, given)


def test_the_engine_is_not_asked_twice() -> None:
    """What is compiled is decided without the engine, also across accounts and for the named."""
    asked: list[Request] = []

    def counted(request: Request, policies: Policies, assumptions: Assumptions) -> Decision:
        asked.append(request)
        return decide(request, policies, assumptions)

    trust = _resource_policy({"AWS": ["444455556666", ACCOUNT]}, PolicyKind.TRUST)
    for given in (Policies((policy(ALLOW),)), Policies((policy(ALLOW),), trust=trust)):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(decider, "decide", counted)
            compiled = Compiler().compiled(given)
        for owner in (ACCOUNT, "444455556666"):
            request = Request(ALICE, "sts:AssumeRole", f"arn:aws:iam::{owner}:role/Dev")
            for name in ("alice", "bob", "alice"):
                compiled(replace(request, principal=ALICE.replace("alice", name)))
            asked.clear()
            compiled(request)
            assert not asked


def test_levels_of_an_organisation_are_compiled() -> None:
    anyone = _resource_policy("*", PolicyKind.VPC_ENDPOINT)
    deny = policy({"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::b/*"})
    policies = Policies(
        (policy(ALLOW),),
        scps=(Level("root", (policy(ALLOW),)), Level("ou", (policy(ALLOW), deny))),
        vpc_endpoint=(anyone,),
    )
    compiled = Compiler().compiled(policies)
    for name, key in (("s3:GetObject", "b/k"), ("s3:GetObject", "c/k"), ("iam:GetUser", "b/k")):
        request = Request(ALICE, name, f"arn:aws:s3:::{key}")
        assert [compiled(request), compiled(request)] == [decide(request, policies)] * 2
    exempt = Request(ALICE, "s3:GetObject", "arn:aws:s3:::b/k", management_account=True)
    assert compiled(exempt) == decide(exempt, policies)


def test_a_thousand_stars_do_not_hang() -> None:
    stars = policy({**ALLOW, "Resource": "arn:aws:s3:::" + "*a" * 1_000 + "b"})
    compiled = Compiler().compiled(Policies((stars,)))
    request = Request(ALICE, "s3:GetObject", "arn:aws:s3:::" + "a" * 100_000)
    assert compiled(request) == compiled(request)


def test_tables_are_bounded() -> None:
    compiled = Compiler().compiled(Policies((policy(ALLOW),)))
    requests = [Request(ALICE, f"s3:Get{n}", "*") for n in range(5_000)]
    users = [Request(f"{ALICE}{n}", "s3:Get", "*") for n in range(17_000)]
    assert {compiled(request).effect for request in (*requests, *users)} == {DecisionEffect.ALLOWED}
