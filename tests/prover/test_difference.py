"""What one policy allows and the other does not: exactly, and both ways.

Reads `questions.difference` and `certified` themselves: it takes lists and certificates away, as
limits would.
"""

import json
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any, NoReturn

import pytest
from hypothesis import given

from cases import cases
from in_process import sekisho
from prover.questions import ALICE, ALLOW_ALL, ENFORCEMENT, NOW, identity
from prover.test_questions import policies_of
from prover.worlds import POLICIES, documents_of, is_documented, keys_of, world
from sekisho.engine import (
    Assumptions,
    AttachedPolicy,
    CatalogueComplete,
    DecisionEffect,
    Policies,
)
from sekisho.engine.compiled import Compiler
from sekisho.policy import parse
from sekisho.prover import (
    SERVICE_EXEMPT,
    CallerCredential,
    Callers,
    PolicyDifference,
    Proved,
    Question,
    Refuted,
    Side,
    Unknown,
    Verdict,
    callers_of_difference,
    more_callers_text,
    new_access,
    nothing_lost,
    policy_difference,
    prove_none,
)
from sekisho.prover.questions import difference as asked
from sekisho.prover.questions.certified import CertificateFinder
from sekisho.prover.solver import reasons
from sekisho.prover.solver.limits import LimitReached

CORPUS = Path(__file__).parents[1] / "corpus" / "policy"
NOTHING = Side(None, ())
COMPLETE = Assumptions(catalogue_complete=CatalogueComplete.YES)


def _answer(found: Side | Unknown) -> str:
    if isinstance(found, Unknown):
        return "unknown"
    return "nothing" if found.counterexample is None else "differs"


@pytest.mark.parametrize(
    "case", cases("prover/differences", ["old", "new", "expected"], ["version"])
)
def test_the_corpus(case: dict[str, Any]) -> None:
    old, new = (
        policies_of({"identity": case[name], "version": case.get("version", "2012-10-17")})
        for name in ("old", "new")
    )
    found = policy_difference(old, new, ALICE, NOW)
    assert {
        "old": _answer(found.only_in_old),
        "new": _answer(found.only_in_new),
    } == case["expected"]


def sample(name: str) -> Policies:
    text = (CORPUS / f"{name}.json").read_text(encoding="utf-8")
    return Policies(identity=(AttachedPolicy(name, parse(text)),))


def side(found: Side | Unknown) -> Side:
    assert isinstance(found, Side), found
    return found


def listed(found: Side | Unknown) -> dict[str, tuple[CallerCredential, ...]]:
    return {action: item.credentials for item in side(found).items for action in item.actions}


def test_the_first_login_variant_differs_in_two_actions_without_mfa() -> None:
    found = policy_difference(
        sample("aws-self-manage"), sample("force-mfa-first-login"), ALICE, NOW
    )
    assert found.only_in_old == NOTHING
    assert listed(found.only_in_new) == {
        "iam:ChangePassword": (CallerCredential.SESSION, CallerCredential.KEY),
        "iam:GetAccountPasswordPolicy": (CallerCredential.SESSION, CallerCredential.KEY),
    }


def test_bool_for_bool_if_exists_opens_everything_to_keys() -> None:
    slip = {**ENFORCEMENT, "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"}}}
    found = policy_difference(
        identity(ALLOW_ALL, ENFORCEMENT), identity(ALLOW_ALL, slip), ALICE, NOW
    )
    assert found.only_in_old == NOTHING
    assert set(listed(found.only_in_new).values()) == {(CallerCredential.KEY,)}


def test_the_same_in_other_words_is_no_difference() -> None:
    condition = {"Bool": {"aws:MultiFactorAuthPresent": "false"}}
    absent = {"Null": {"aws:MultiFactorAuthPresent": "true"}}
    other = identity(
        ALLOW_ALL, {**ENFORCEMENT, "Condition": condition}, {**ENFORCEMENT, "Condition": absent}
    )
    assert policy_difference(
        identity(ALLOW_ALL, ENFORCEMENT), other, ALICE, NOW
    ) == PolicyDifference(NOTHING, NOTHING)


def test_what_no_policy_can_deny_is_no_difference_and_no_loss() -> None:
    less = {**ENFORCEMENT, "NotAction": ["iam:GetUser"]}
    found = policy_difference(
        identity(ALLOW_ALL, ENFORCEMENT), identity(ALLOW_ALL, less), ALICE, NOW
    )
    assert found == PolicyDifference(NOTHING, NOTHING)
    enforcement = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    decorative = {
        **ENFORCEMENT,
        "NotAction": None,
        "Action": list(SERVICE_EXEMPT),
        "Condition": enforcement,
    }
    policies = identity(ALLOW_ALL, {key: each for key, each in decorative.items() if each})
    assert prove_none(nothing_lost(policies, ALICE, NOW)) == Proved()


HOME = "arn:aws:s3:::home/${aws:PrincipalTag/t}/*"
READ = {"Effect": "Allow", "Action": "s3:GetObject"}


def test_what_a_loose_not_resource_allows_is_never_listed_wrongly() -> None:
    """Who lacks the tag is allowed nothing by either statement; `home/…` cannot say so."""
    old = identity({**READ, "Resource": HOME}, {**READ, "NotResource": HOME})
    found = policy_difference(old, identity({**READ, "Resource": "*"}), ALICE, NOW)
    assert found.only_in_old == NOTHING
    assert isinstance(found.only_in_new, Side)
    assert found.only_in_new.counterexample is not None
    assert found.only_in_new.items == ()
    assert found.only_in_new.unlisted is not None
    assert HOME in found.only_in_new.unlisted.en


def test_an_age_compared_as_another_type_is_unknown_with_its_reason() -> None:
    condition = {"IpAddress": {"aws:MultiFactorAuthAge": "10.0.0.0/8"}}
    new = identity(ALLOW_ALL, {**ALLOW_ALL, "Effect": "Deny", "Condition": condition})
    found = policy_difference(identity(ALLOW_ALL), new, ALICE, NOW)
    assert isinstance(found.only_in_old, Unknown)
    assert "`aws:multifactorauthage` is compared as the wrong type" in found.only_in_old.reason.en
    assert found.only_in_new == NOTHING


def test_a_name_that_the_catalogue_does_not_know_is_no_proof() -> None:
    new = {"Effect": "Allow", "Action": ["s3:GetObject", "s3:GetTomorrow"], "Resource": "*"}
    old = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    before, after = identity(old), identity(new)
    found = policy_difference(before, after, ALICE, NOW)
    assert found.only_in_old == NOTHING
    assert isinstance(found.only_in_new, Unknown)
    assert found.only_in_new.beyond is not None
    assert found.only_in_new.beyond.request.action == "s3:GetTomorrow"
    assert not found.only_in_new.beyond.exists
    assert "catalogue_complete" in found.only_in_new.reason.en
    whose = Callers((ALICE,))
    assert new_access(before, after, whose, NOW) == found.only_in_new
    assert new_access(before, after, whose, NOW, COMPLETE) == Proved()
    assert policy_difference(before, after, ALICE, NOW, COMPLETE) == PolicyDifference(
        NOTHING, NOTHING
    )


@given(POLICIES)
def test_nothing_differs_from_itself(statements: list[dict[str, Any]]) -> None:
    policies = identity(*statements)
    assert policy_difference(policies, policies, ALICE, NOW) == PolicyDifference(NOTHING, NOTHING)


@given(POLICIES, POLICIES)
def test_both_ways_and_as_a_small_world_has_it(
    first: list[dict[str, Any]], second: list[dict[str, Any]]
) -> None:
    """Everything is denied but one action, and every resource of it is in the world."""
    fence = {"Effect": "Deny", "NotAction": ["iam:ListUsers"], "Resource": "*"}
    old, new = identity(*first, fence), identity(*second, fence)
    # of the requests that the catalogue knows, with keys that it lists
    found = policy_difference(old, new, ALICE, NOW, COMPLETE)
    back = policy_difference(new, old, ALICE, NOW, COMPLETE)
    assert (found.only_in_old, found.only_in_new) == (back.only_in_new, back.only_in_old)
    keys = keys_of([*documents_of(old), *documents_of(new)])
    asked = [Compiler().compiled(each) for each in (old, new)]
    seen: set[tuple[bool, ...]] = set()
    # a service's call on the user's behalf may come from any Region, and lack the session's time
    known = [each for each in CallerCredential if each is not CallerCredential.HYPOTHETICAL]
    for request in filter(is_documented, world(keys, known, ["iam:ListUsers"])):
        seen.add(tuple(ask(request).effect is DecisionEffect.ALLOWED for ask in asked))
    assert (side(found.only_in_old).counterexample is not None) == ((True, False) in seen)
    assert (side(found.only_in_new).counterexample is not None) == ((False, True) in seen)


def run(*arguments: str) -> CompletedProcess[str]:
    return sekisho("policy", "diff", *arguments, COLUMNS="1000")


def test_the_command() -> None:
    old, new = (str(CORPUS / f"{n}.json") for n in ("aws-self-manage", "force-mfa-first-login"))
    value = json.loads(run(old, new, "--format", "json").stdout)
    assert (value["onlyInOld"], value["old"], value["unknown"]) == (None, [], [])
    assert value["onlyInNew"]["request"]["action"].startswith("iam:")
    assert {action for item in value["new"] for action in item["actions"]} == {
        "iam:ChangePassword",
        "iam:GetAccountPasswordPolicy",
    }
    done = run(old, new, "--lang", "ja")
    assert (done.returncode, "だけが許可するもの" in done.stdout) == (3, True)
    assert run(old, new, "--exit-zero").returncode == 0
    assert run(old, old).returncode == 0


def test_a_refutation_stands_where_the_list_is_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    def beyond(*_: object) -> NoReturn:
        raise LimitReached(reasons.TOO_MANY_CONDITIONS)

    monkeypatch.setattr(asked, "items_of", beyond)
    found = policy_difference(Policies(), identity(ALLOW_ALL), ALICE, NOW)
    assert found.only_in_old == NOTHING
    assert isinstance(found.only_in_new, Side)
    assert found.only_in_new.counterexample is not None
    assert found.only_in_new.items == ()
    assert found.only_in_new.unlisted == reasons.TOO_MANY_CONDITIONS


def test_new_access_is_one_side_of_the_difference() -> None:
    nobody, everybody = Policies(), identity(ALLOW_ALL)
    whose = callers_of_difference(nobody, everybody)
    assert new_access(everybody, nobody, whose, NOW) == Proved()
    assert new_access(everybody, everybody, whose, NOW) == Proved()
    found = new_access(nobody, everybody, whose, NOW)
    assert isinstance(found, Refuted)
    assert {name: decision.effect for name, decision in found.counterexample.decisions.items()} == {
        "allowed": DecisionEffect.ALLOWED,
        "denied": DecisionEffect.IMPLICITLY_DENIED,
    }


def no_certificate(*_: object) -> CertificateFinder:
    def find(*, thorough: bool) -> None:
        return None

    return find


def test_nobody_is_asked_about_after_the_first_who_gets_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    about: list[str] = []

    def noted(question: Question) -> Verdict:
        about.append(question.user.name)
        return prove_none(question)

    monkeypatch.setattr(asked, "prove_none", noted)
    three = {"StringEquals": {"aws:username": ["ann", "ben", "cat"]}}
    old, new = Policies(), identity({**ALLOW_ALL, "Condition": three})
    whose = callers_of_difference(old, new)
    names = [user.name for user in whose.users]
    assert len(names) >= 4
    assert isinstance(new_access(old, new, whose, NOW), Refuted)
    # who stands for all that no policy names gets nothing, and the first who is named does
    assert about == names[:2]
    about.clear()
    assert new_access(new, old, whose, NOW) == Proved()
    # a certificate is of them all
    assert about == []
    monkeypatch.setattr(asked, "no_new_access_finder", no_certificate)
    assert new_access(new, old, whose, NOW) == Unknown(reasons.NOT_CERTIFIED)
    assert about == names


def test_users_who_may_be_told_apart_leave_new_access_unknown_unless_both_are_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    both = identity({**ALLOW_ALL, "Condition": {"StringLike": {"aws:username": "adm-*"}}})
    less = identity({**ALLOW_ALL, "Condition": {"StringLike": {"aws:username": "adm-?*"}}})
    whose = callers_of_difference(both, less)
    # a certificate is of any user
    assert new_access(both, less, whose, NOW) == Proved()
    monkeypatch.setattr(asked, "no_new_access_finder", no_certificate)
    found = new_access(both, less, whose, NOW)
    assert isinstance(found, Unknown)
    assert found.reason == more_callers_text(whose.indistinct_keys)
    # what is the same needs no users
    same = new_access(both, both, callers_of_difference(both, both), NOW)
    assert same == Unknown(reasons.NOT_CERTIFIED)
