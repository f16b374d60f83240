"""The verdicts on every question agree with a small world that is asked wholly of the engine.

Reads `questions.enforcement` itself, because it breaks it, and asks `search.counterexample` whose a
resource is.
"""

from collections.abc import Callable, Iterable
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prover.questions import ALICE, ALLOW_ALL, ENFORCEMENT, NOW, OWNERS_DIFFER, allowing, identity
from prover.worlds import POLICIES, documents_of, is_documented, keys_of, world
from sekisho.engine import ArnSpan, Assumptions, Policies, Request, UnresolvedNotResource
from sekisho.engine.matching import with_other_setting
from sekisho.policy import Effect, Statement
from sekisho.prover import (
    CallerCredential,
    Invariant,
    InvariantKind,
    Proved,
    Refuted,
    Unknown,
    Verdict,
    conclude,
    enforcement_question,
    invariant_holds,
    nothing_lost,
    own_things_only,
    unnamed_callers,
)
from sekisho.prover.questions import enforcement
from sekisho.prover.search.counterexample import foreign_owner

ALL = tuple(CallerCredential)[:6]
MFA = "aws:MultiFactorAuthPresent"
NAMES = ("iam:GetUser", "iam:ListUsers", "s3:GetObject", "kms:Decrypt")
FENCE = {"Effect": "Deny", "NotAction": list(NAMES), "Resource": "*"}
"""Few actions are let through, so that a proof over all actions is quick."""
ASSUMPTIONS = st.builds(
    Assumptions,
    unresolved_not_resource=st.sampled_from(UnresolvedNotResource),
    arn_span=st.sampled_from(ArnSpan),
    **{
        field.name: st.booleans()
        for field in fields(Assumptions)
        if isinstance(field.default, bool)
    },
)


def requests(policies: Policies, credentials: Iterable[CallerCredential]) -> list[Request]:
    """Return the small world; none if there are too many keys to look at it whole."""
    keys = keys_of(documents_of(policies)) | {"aws:sourceip"}
    return list(world(keys, credentials, NAMES)) if len(keys) <= 3 else []


def fits(verdict: Verdict, breaks: Iterable[Request]) -> None:
    """Check that what breaks a property is not proved, and that a counterexample breaks it."""
    match verdict:
        case Proved():
            assert not list(breaks)
        case Refuted():
            pass  # a counterexample has been decided again; the world has a few requests only
        case Unknown(reason):
            assert verdict.beyond is not None, f"nothing here is beyond the prover: {reason}"
            assert not any(map(is_documented, breaks))


@given(POLICIES, ASSUMPTIONS)
def test_under_every_assumption_no_request_that_a_proof_denies_passes(
    statements: list[dict[str, Any]], assumptions: Assumptions
) -> None:
    policies = identity(*statements, FENCE)
    question = enforcement_question(policies, ALICE, NOW, ())
    asked = type(question)(
        question.user,
        question.now,
        question.credentials,
        allowed=policies,
        restriction=question.restriction,
        assumptions=assumptions,
    )
    found = conclude([asked])
    allowed = allowing(policies, assumptions)
    if found.verdict == OWNERS_DIFFER:
        # read as one string, a star before the account takes in any account, and there are many
        assert assumptions.arn_span is ArnSpan.WHOLE_STRING
        return
    fits(
        found.verdict,
        filter(allowed, requests(policies, (CallerCredential.KEY, CallerCredential.SESSION))),
    )
    if isinstance(found.verdict, Refuted):
        assert allowed(found.verdict.counterexample.request)


@given(POLICIES)
def test_a_assumption_that_is_not_named_does_not_matter(statements: list[dict[str, Any]]) -> None:
    question = enforcement_question(identity(*statements, FENCE), ALICE, NOW, ())
    found = conclude([question])
    for name in ("arn_span", "wildcard_service_prefix", "unresolved_not_resource"):
        other = conclude(
            [
                type(question)(
                    question.user,
                    question.now,
                    question.credentials,
                    allowed=question.allowed,
                    restriction=question.restriction,
                    assumptions=with_other_setting(Assumptions(), name),
                )
            ]
        )
        same = type(other.verdict) is type(found.verdict)
        assert same is (name not in found.assumed)


@given(
    POLICIES,
    st.sampled_from(InvariantKind),
    st.sampled_from(NAMES),
    st.sampled_from(["", "unless", "with", "from", "both"]),
)
def test_an_invariant_holds_only_if_the_world_does_not_break_it(
    statements: list[dict[str, Any]], demand: InvariantKind, action: str, door: str
) -> None:
    policies = identity(*statements)
    never, allowed = demand is not InvariantKind.ALWAYS, allowing(policies)
    invariant = Invariant(
        "it",
        demand,
        (action,),
        unless_mfa=never and door in ("unless", "both"),
        with_mfa=door == "with",
        only_from=("10.0.0.0/8",) if never and door in ("from", "both") else (),
    )

    def breaks(request: Request) -> bool:
        with_mfa = request.context.get(MFA) == "true"
        inside = str(request.context.get("aws:SourceIp", "")).startswith("10.")
        doors = [with_mfa] if invariant.unless_mfa else []
        doors += [inside] if invariant.only_from else []
        in_range = request.action == action and (with_mfa or not invariant.with_mfa)
        # what another account decides, too, is never promised
        in_range &= never or not foreign_owner(request)
        broken = allowed(request) is never
        return in_range and broken and (not doors or not all(doors))

    verdict = invariant_holds(invariant, policies, ALICE, NOW, Assumptions()).verdict
    if action == "kms:Decrypt" and not never and isinstance(verdict, Unknown):
        # what the user's own policies give is all there; the key's own policy is not known
        assert "the resource's own policy must allow it, too" in verdict.reason.en
        verdict = Proved()
    fits(verdict, filter(breaks, requests(policies, ALL)))
    if isinstance(verdict, Refuted):
        assert breaks(verdict.counterexample.request)


@given(POLICIES)
def test_nothing_lost_only_if_the_enforcement_refuses_nothing_that_the_rest_allows(
    statements: list[dict[str, Any]],
) -> None:
    policies = identity(*statements, FENCE)
    rest = [one for one in statements if not is_of_enforcement(one)]
    without = identity(*rest, FENCE)
    question = nothing_lost(policies, ALICE, NOW)
    verdict = conclude([question]).verdict
    # an age is demanded of few, and then only the young are asked about
    young = [
        one
        for one in requests(policies, (CallerCredential.MFA_SESSION,))
        if one.context.get("aws:MultiFactorAuthAge") == "0"
    ]
    before, after = allowing(without), allowing(policies)
    fits(verdict, (one for one in young if before(one) and not after(one)))


def is_of_enforcement(statement: dict[str, Any]) -> bool:
    keys = {key for keys in statement.get("Condition", {}).values() for key in keys}
    return statement["Effect"] == "Deny" and bool(keys & {MFA, "aws:MultiFactorAuthAge"})


@given(POLICIES)
def test_own_things_only_if_no_self_service_statement_reaches_bob(
    statements: list[dict[str, Any]],
) -> None:
    policies = identity(*statements, FENCE)
    chosen = [one for one in statements if one["Effect"] == "Deny" or names_a_user(one)]
    reaches = allowing(identity(*chosen, FENCE)) if chosen else None
    verdict = conclude([own_things_only(policies, ALICE, NOW)]).verdict
    bob = (one for one in requests(policies, ALL[:3]) if one.resource.endswith("user/bob"))
    fits(verdict, filter(reaches, bob) if chosen else ())


def names_a_user(statement: dict[str, Any]) -> bool:
    return any(":user/" in entry for entry in statement.get("Resource", []))


def _never_of_enforcement(statement: Statement) -> bool:
    return False


def _always_own(statement: Statement) -> bool:
    return statement.effect is Effect.DENY


BROKEN: dict[str, tuple[str, Callable[[Statement], bool]]] = {
    "no statement is the MFA enforcement's": ("_is_of_enforcement", _never_of_enforcement),
    "no statement is self-service": ("_is_self_service", _always_own),
}


@pytest.mark.parametrize(("name", "broken"), BROKEN.values(), ids=list(BROKEN))
def test_questions_that_are_broken_on_purpose_are_caught(
    name: str, broken: Callable[[Statement], bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    inverted = {**ENFORCEMENT, "Condition": {"BoolIfExists": {MFA: "true"}}}
    policies = identity(
        ALLOW_ALL,
        inverted,
        {"Effect": "Allow", "Action": "iam:*", "Resource": "arn:aws:iam::*:user/${aws:username}*"},
    )

    def verdicts() -> list[type]:
        asked = (nothing_lost(policies, ALICE, NOW), own_things_only(policies, ALICE, NOW))
        return [type(conclude([question]).verdict) for question in asked]

    assert verdicts() == [Refuted, Refuted]
    monkeypatch.setattr(enforcement, name, broken)
    assert verdicts() != [Refuted, Refuted]


def test_who_stands_for_any_user_is_named_by_no_policy_and_lives_where_they_do() -> None:
    named = {"Effect": "Allow", "Action": "iam:*", "Resource": "arn:aws-cn:iam::*:user/some-user"}
    condition = {"StringLike": {"aws:username": "*some-user-2"}}
    users = (
        *unnamed_callers(identity(ALLOW_ALL)),
        *unnamed_callers(identity(named, {**named, "Condition": condition})),
    )
    assert [user.arn for user in users] == [
        "arn:aws:iam::111122223333:user/some-user",
        "arn:aws-cn:iam::111122223333:user/some-user-3",
    ]
