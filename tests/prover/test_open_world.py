"""The catalogue chooses counterexamples and is no limit of the world.

Resources are texts: what a policy allows by its own words is never "proved" not to be allowed.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from moto.iam.aws_managed_policies import aws_managed_policies_data

from cases import cases
from profiles import DEEP, sampled
from prover.questions import (
    ACCOUNT,
    ALICE,
    ALLOW_ALL,
    ENFORCEMENT,
    NOW,
    WITHOUT_MFA,
    context_of,
    identity,
)
from sekisho.catalogue import load
from sekisho.engine import (
    Assumptions,
    AttachedPolicy,
    CatalogueComplete,
    DecisionEffect,
    Policies,
    Request,
    decide,
)
from sekisho.engine.compiled import Compiler
from sekisho.policy import Preset, choices_of, force_mfa, from_json
from sekisho.prover import (
    SERVICE_EXEMPT,
    CallerCredential,
    Callers,
    Invariant,
    InvariantKind,
    Proved,
    Question,
    Refuted,
    Unknown,
    Verdict,
    enforcement_question,
    expected_exempt,
    invariant_holds,
    new_access,
    prove_enforcement,
    prove_none,
)

MANAGED: Mapping[str, Any] = json.loads(aws_managed_policies_data)
EXPLAINED = json.loads(
    (Path(__file__).parents[1] / "corpus/prover/managed-entries.json").read_text("utf-8")
)
ENFORCING = AttachedPolicy("Force_MFA", force_mfa(choices_of(Preset.AWS)))
COMPLETE = Assumptions(catalogue_complete=CatalogueComplete.YES)
NO_MFA = [*map(context_of, WITHOUT_MFA)]
EXEMPT = {each.lower() for each in (*expected_exempt(), *SERVICE_EXEMPT)}
STEP = 1 if DEEP else 48


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def allowed(policy: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the Allow statements of a policy that list actions and resources."""
    for each in _list(policy["Document"]["Statement"]):
        if each["Effect"] == "Allow" and "Action" in each and "Resource" in each:
            yield each


ENTRIES = sorted(
    {
        (entry, tuple(_list(each["Action"])))
        for policy in MANAGED.values()
        for each in allowed(policy)
        for entry in _list(each["Resource"])
        if entry != "*"
    }
)
"""What AWS's own policies allow: an entry of `Resource`, and the actions beside it."""


def allowing(actions: list[str], resource: str) -> Policies:
    return identity({"Effect": "Allow", "Action": actions, "Resource": resource})


def known_request(actions: list[str], entry: str) -> Verdict:
    """Ask whether the catalogue knows a request that an entry takes in."""
    only = (CallerCredential.MFA_SESSION,)
    question = Question(ALICE, NOW, only, allowed=allowing(actions, entry))
    return prove_none(question.in_catalogue)


def test_every_entry_of_awss_policies_is_live_or_explained() -> None:
    explained = {entry for each in EXPLAINED["entries"] for entry in each["entries"]}
    tried = {*sampled(ENTRIES, every=16), *(each for each in ENTRIES if each[0] in explained)}
    dead = {
        entry
        for entry, actions in tried
        if not isinstance(known_request([*actions], entry), Refuted)
    }
    assert dead - explained == set(), "for supplement.json, or to be explained"
    assert explained - dead == set(), "take these out of managed-entries.json"


def test_every_name_of_awss_policies_is_an_action_or_explained() -> None:
    names = {
        name
        for policy in MANAGED.values()
        for each in allowed(policy)
        for name in _list(each["Action"])
        if not load().expand(name)
    }
    assert names == {name for each in EXPLAINED["names"] for name in each["names"]}


UNMATCHED = "variable"
"""Why an entry is dead in every world: a variable of it has no value for a user."""


@pytest.mark.parametrize(
    "entry",
    [e for each in EXPLAINED["entries"] if each["why"] != UNMATCHED for e in each["entries"]][::8],
)
def test_what_is_explained_is_not_proved(entry: str) -> None:
    actions = next([*actions] for one, actions in ENTRIES if one == entry)
    verdict = prove_none(enforcement_question(allowing(actions, entry), ALICE, NOW, ()))
    if isinstance(verdict, Unknown):
        assert verdict.beyond is not None
        assert "catalogue_complete" in verdict.reason.en
    else:
        # some other statement of AWS's has these words with other actions
        assert isinstance(verdict, Refuted)


def filled(text: str) -> str:
    """Return a text that an entry matches, its wildcards and variables filled."""
    for written, value in (("${aws:PrincipalAccount}", ACCOUNT), ("${aws:username}", "alice")):
        text = text.replace(written, value)
    parts = text.split(":", 5)
    if len(parts) == 6:
        usual = ("arn", "aws", parts[2], "us-east-1", ACCOUNT)
        parts[:5] = [use if part == "*" else part for use, part in zip(usual, parts, strict=False)]
    return ":".join(parts).replace("*", "x").replace("?", "x")


def requests_of(statement: Mapping[str, Any]) -> Iterator[Request]:
    """Yield requests made of a statement's own words, without MFA."""
    for action in _list(statement["Action"]):
        known = load().expand(action)
        name = str(known[0]) if known else action.replace("*", "x")
        for entry in _list(statement["Resource"]):
            resource = entry if entry == "*" else filled(entry)
            for context in NO_MFA:
                yield Request(ALICE.arn, name, resource, context)


def shortened(statement: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a statement's words once each: every action, and every resource."""
    actions, entries = _list(statement["Action"]), _list(statement["Resource"])
    yield {"Action": actions, "Resource": entries[0]}
    yield {"Action": actions[0], "Resource": entries}


def passing(policies: Policies, statements: Iterable[Mapping[str, Any]]) -> list[Request]:
    """Return the requests of some statements' own words that pass, but for the exempt actions."""
    ask = Compiler().compiled(policies)
    return [
        request
        for statement in statements
        for request in requests_of(statement)
        if request.action.lower() not in EXEMPT and ask(request).effect is DecisionEffect.ALLOWED
    ]


def test_nothing_that_awss_policies_say_passes_beside_force_mfa() -> None:
    """All of them are proved beside Force_MFA in `test_scale`: here their own words are decided.

    Many policies say the same: each request is decided once, beside a policy that allows all.
    """
    statements = [one for policy in MANAGED.values() for one in allowed(policy)]
    words = {
        (action, entry)
        for one in statements
        for each in shortened(one)
        for action in _list(each["Action"])
        for entry in _list(each["Resource"])
    }
    assert len(words) > 10_000
    beside = replace(identity(ALLOW_ALL), identity=(*identity(ALLOW_ALL).identity, ENFORCING))
    said = [{"Action": action, "Resource": entry} for action, entry in sorted(words)]
    assert passing(beside, said) == []


@pytest.mark.parametrize("name", [*MANAGED][::STEP])
def test_what_is_proved_of_awss_policies_alone_no_entry_of_theirs_refutes(name: str) -> None:
    policies = Policies(identity=(AttachedPolicy(name, from_json(MANAGED[name]["Document"])),))
    verdict = prove_enforcement(policies, ALICE, NOW).direct
    if isinstance(verdict, Proved):
        assert passing(policies, allowed(MANAGED[name])) == []
    else:
        assert isinstance(verdict, Refuted) or verdict.beyond is not None


CASES = cases("prover/open-world", ["action", "resource", "expected"])
KINDS = {"Refuted": Refuted, "Unknown": Unknown}


def _is(verdict: Verdict, expected: str) -> None:
    assert type(verdict) is KINDS[expected], verdict
    if isinstance(verdict, Refuted):
        assert verdict.counterexample.exists
    else:
        assert isinstance(verdict, Unknown)
        assert verdict.beyond is not None


def entry_alone(case: Mapping[str, Any]) -> tuple[Policies, Verdict]:
    policies = allowing([case["action"]], case["resource"])
    return policies, prove_none(enforcement_question(policies, ALICE, NOW, ()))


@pytest.mark.parametrize("case", CASES)
def test_an_entry_is_never_proved_against_its_own_words(case: dict[str, Any]) -> None:
    policies, verdict = entry_alone(case)
    _is(verdict, case["expected"])
    asked = Request(ALICE.arn, case["action"], filled(case["resource"]), NO_MFA[0])
    assert decide(asked, policies).effect is DecisionEffect.ALLOWED
    # what enforces it in every world does so here
    beside = replace(policies, identity=(*policies.identity, ENFORCING))
    assert prove_enforcement(beside, ALICE, NOW).direct == Proved()


@pytest.mark.parametrize(
    "case", [each for each in CASES if each.values[0]["expected"] == "Unknown"]
)
def test_a_premise_that_is_set_proves_it(case: dict[str, Any]) -> None:
    policies, _ = entry_alone(case)
    question = enforcement_question(policies, ALICE, NOW, ())
    assert prove_none(replace(question, assumptions=COMPLETE)) == Proved()


@pytest.mark.parametrize("case", CASES)
def test_no_new_access_says_the_same(case: dict[str, Any]) -> None:
    new, _ = entry_alone(case)
    old = identity({"Effect": "Allow", "Action": "ec2:DescribeInstances", "Resource": "*"})
    _is(new_access(old, new, Callers((ALICE,)), NOW), case["expected"])
    # what takes it in already leaves nothing that is new
    assert new_access(identity(ALLOW_ALL), new, Callers((ALICE,)), NOW) == Proved()


@pytest.mark.parametrize("kind", [InvariantKind.NEVER, InvariantKind.NOT_GRANTED])
@pytest.mark.parametrize("case", CASES)
def test_an_arn_that_is_asked_about_and_the_same_in_resource_agree(
    case: dict[str, Any], kind: InvariantKind
) -> None:
    invariant = Invariant("it", kind, (case["action"],), on=(case["resource"],))
    for policies in (entry_alone(case)[0], identity({**ALLOW_ALL, "Action": case["action"]})):
        found = invariant_holds(invariant, policies, ALICE, NOW, Assumptions()).verdict
        _is(found, case["expected"])
    beside = identity({**ALLOW_ALL, "Action": case["action"]}, ENFORCEMENT)
    unless = replace(invariant, unless_mfa=True)
    if kind is InvariantKind.NEVER:
        found = invariant_holds(unless, beside, ALICE, NOW, Assumptions()).verdict
        # a range in which the catalogue knows no request proves nothing
        assert isinstance(found, Proved if case["expected"] == "Refuted" else Unknown)
