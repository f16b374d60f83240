"""An assumption is heeded where it is set, and named wherever another setting changes the verdict.

Each case is a set of policies whose answer rests on the assumption, so that a verdict that does not
name it, or does not heed it, is found. Reads `search.answers` and `questions.roles` themselves:
no policy makes a search run out of steps, or a proof rest on a chosen assumption, at will. What
`--assume` sets is read by its option alone.
"""

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import click
import pytest

from profiles import sampled
from prover.questions import ALICE, NOW, identity
from sekisho.cli.prove.options import OF_ROLES, OF_USERS, AllAssumptions, assume_option
from sekisho.engine import Assumptions, AttachedPolicy
from sekisho.engine.matching import with_other_setting
from sekisho.messages import verbatim
from sekisho.policy import PolicyKind, from_json
from sekisho.prover import (
    Conclusion,
    Enforced,
    Proved,
    Question,
    SessionReadings,
    TrustReport,
    Unknown,
    Verdict,
    conclude,
    enforcement_question,
    prove_none,
    prove_or_search,
)
from sekisho.prover.questions import (
    Inquiry,
    PolicyReport,
    QuestionGroup,
    Subject,
    report_on_policies,
)
from sekisho.prover.questions.roles import enforced_of_role
from sekisho.prover.search import answers
from sekisho.prover.search.answers import QuestionAnswer
from sekisho.prover.solver import reasons
from sekisho.prover.solver.limits import Budget

ROLE = "arn:aws:iam::111122223333:role/ops"
ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}
PRESENT, AGE, ISSUED = "aws:MultiFactorAuthPresent", "aws:MultiFactorAuthAge", "aws:TokenIssueTime"
OF_DEV = {
    "Effect": "Allow",
    "Action": "sts:AssumeRole",
    "Principal": {"AWS": ROLE.replace("ops", "dev")},
}


def deny(condition: dict[str, Any], **about: Any) -> dict[str, Any]:
    whole = {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition, **about}
    return {key: each for key, each in whole.items() if each is not None}


WITHOUT = {"BoolIfExists": {PRESENT: "false"}}
ENGINE: dict[str, list[dict[str, Any]]] = {
    "wildcard_service_prefix": [ALL, deny(WITHOUT, Action=None, NotAction="?3:*")],
    "any_value_if_exists_when_missing": [
        ALL,
        deny({"ForAnyValue:StringNotEqualsIfExists": {PRESENT: "true"}}),
    ],
    "malformed_value_matches_negated": [ALL, deny({"NumericNotEqualsIfExists": {PRESENT: "1"}})],
    "malformed_value_matches": [ALL, deny({"NumericGreaterThanIfExists": {PRESENT: "1"}})],
    "malformed_arn_matches_negated": [ALL, deny({"ArnNotLikeIfExists": {PRESENT: "true"}})],
    "malformed_arn_as_text": [ALL, deny({"ArnLikeIfExists": {PRESENT: "false"}})],
    "bool_other_is_false": [ALL, deny({"BoolIfExists": {PRESENT: "no"}})],
    "empty_value_list_matches": [{**ALL, "Condition": {"StringEquals": {"aws:username": []}}}],
}
SERVED = {"Bool": {"aws:ViaAWSService": "true"}}
# whether services show the MFA of such sessions is no part of the assumption
LOGIN = [ALL, deny({"Bool": {PRESENT: "false"}}), deny({"Null": {ISSUED: "true"}}), deny(SERVED)]
SHOWN = [ALL, deny({"Bool": {PRESENT: "false"}})]
SESSIONS: dict[str, tuple[str | None, list[dict[str, Any]], tuple[str, str]]] = {
    "aws_login_mfa": (None, LOGIN, ("as-console", "absent")),
    "role_session_mfa": (ROLE, SHOWN, ("false", "absent")),
}


def reported(
    statements: list[dict[str, Any]], inquiry: Inquiry, arn: str | None = None, trust: Any = None
) -> PolicyReport:
    subject = Subject.of_files(identity(*statements), arn, NOW, users_may_change=False)
    if trust is not None:
        document = from_json({"Version": "2012-10-17", "Statement": trust}, kind=PolicyKind.TRUST)
        subject = replace(subject, trust=AttachedPolicy("trust", document))
    return report_on_policies(subject, inquiry)


def named(report: PolicyReport) -> set[str]:
    found = (each for each in report.answers if each.id in ("enforcement", "nothing-allowed"))
    return {name for each in found for name in each.conclusion.assumed}


def set_by(text: str) -> SessionReadings:
    """Return what `--assume` sets."""
    found: list[SessionReadings] = []

    @click.command()
    @assume_option(*OF_USERS, *OF_ROLES)
    def command(assumptions: AllAssumptions) -> None:
        found.append(assumptions.sessions)

    command.main(["--assume", text], standalone_mode=False)
    return found[0]


ASKED = Inquiry(groups=frozenset({QuestionGroup.ENFORCEMENT}))


@pytest.mark.parametrize("name", ENGINE)
def test_an_answer_names_the_assumption_on_which_it_rests(name: str) -> None:
    other = replace(ASKED, assumptions=with_other_setting(Assumptions(), name))
    one, two = (reported(ENGINE[name], each) for each in (ASKED, other))
    assert one.enforced is not two.enforced
    assert name in named(one)
    assert name in named(two)


@pytest.mark.parametrize("name", ENGINE)
def test_no_answer_changes_with_an_assumption_that_it_does_not_name(name: str) -> None:
    statements, turn = ENGINE[name], [*ENGINE].index(name) % 4
    report = reported(statements, ASKED)
    for each in sampled(fields(Assumptions), every=4, first=turn):
        turned = with_other_setting(Assumptions(), each.name)
        other = reported(statements, replace(ASKED, assumptions=turned))
        assert other.enforced is report.enforced or each.name in named(report)


@pytest.mark.parametrize("name", SESSIONS)
def test_how_sessions_show_mfa_is_heeded_and_named(name: str) -> None:
    arn, statements, settings = SESSIONS[name]
    given = (set_by(f"{name}={each}") for each in settings)
    readings = (SessionReadings(), *given)
    reports = [reported(statements, replace(ASKED, sessions=each), arn) for each in readings]
    # without a setting both ways are asked about
    assert [each.enforced for each in reports] == [
        *(Enforced.REFUTED, Enforced.PROVED, Enforced.REFUTED)
    ]
    assert all(name in named(each) for each in reports)


@pytest.mark.parametrize(
    ("operator", "rests"), [("Bool", set()), ("BoolIfExists", {"role_session_mfa"})]
)
def test_who_assumes_a_role_rests_on_it_too(operator: str, rests: set[str]) -> None:
    trust = [{**OF_DEV, "Condition": {operator: {PRESENT: "true"}}}]
    report = reported([ALL], ASKED, ROLE, trust)
    assert named(report) == rests
    shown = replace(ASKED, sessions=set_by("role_session_mfa=false"))
    other = reported([ALL], shown, ROLE, trust)
    assert other.enforced is Enforced.PROVED


@pytest.mark.parametrize(
    ("operator", "name"),
    [
        ("ForAnyValue:StringNotEqualsIfExists", "any_value_if_exists_when_missing"),
        ("NumericNotEquals", "malformed_value_matches_negated"),
    ],
)
def test_an_assumption_of_the_trust_policy_is_named(operator: str, name: str) -> None:
    condition = {operator: {PRESENT: "1"}}
    trust = [OF_DEV, {**OF_DEV, "Effect": "Deny", "Condition": condition}]
    other = replace(ASKED, assumptions=with_other_setting(Assumptions(), name))
    one, two = (reported([ALL], each, ROLE, trust) for each in (ASKED, other))
    assert one.enforced is not two.enforced
    assert name in named(one)
    assert name in named(two)


OPEN_WITH_LISTS = [{**ALL, "Condition": {"StringEquals": {"aws:username": []}}}]
"""Allows everything where an empty list of values matches; else nothing."""


def out_of_steps(question: Question, budget: Budget | None = None) -> Verdict:
    """Answer as a search whose steps are spent on the first setting."""
    return prove_none(question, Budget(0))


@pytest.mark.parametrize("otherwise", [prove_none, out_of_steps])
def test_only_an_assumption_that_refutes_stands_for_a_certificate(
    monkeypatch: pytest.MonkeyPatch, otherwise: Callable[..., Verdict]
) -> None:
    monkeypatch.setattr(answers, "prove_none", otherwise)
    proof = conclude([enforcement_question(identity(*OPEN_WITH_LISTS), ALICE, NOW)])
    name, refutes = "empty_value_list_matches", otherwise is prove_none
    assert proof.verdict == Proved()
    # that it was not found out is said, too
    assert name in proof.assumed
    assert proof.refuting == ((name,) if refutes else ())

    def none(*, thorough: bool) -> None:
        """Find no certificate."""

    found = prove_or_search(none, lambda: proof)
    assert found == (proof if refutes else Conclusion(Unknown(reasons.NOT_CERTIFIED)))


@pytest.mark.parametrize(
    ("sessions", "trust", "expected"),
    [
        ((), ("arn_span",), ()),
        (("arn_span",), (), ()),
        (("arn_span", "action_globs"), ("arn_span",), ("arn_span",)),
        # set otherwise together, neither may be so
        (("arn_span",), ("action_globs",), ("arn_span", "action_globs")),
    ],
)
def test_of_two_proofs_what_both_rest_on_is_named(
    sessions: tuple[str, ...], trust: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    one = QuestionAnswer("enforcement", verbatim(""), "direct", Conclusion(Proved(), sessions))
    (found,) = enforced_of_role([one], TrustReport((), assumed=trust))
    assert found.conclusion == Conclusion(Proved(), expected)
