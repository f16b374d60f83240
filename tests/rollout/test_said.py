"""What a plan and its status say: long lists are cut, lines fit, drift says what it is.

Reads the lines of `cli.rollout.status` without a command: the states are made by hand.
"""

from dataclasses import replace

import pytest

from administered import ACCOUNT
from rollout.staging import ADMIN, ENFORCEMENT, MACHINE, account, device, policy_goal, user
from sekisho.account import Password
from sekisho.cli.rollout.status import plan_status_lines, wave_status_lines
from sekisho.documents.report import TextLayout, report_text
from sekisho.messages import Language, cell_width
from sekisho.rollout import (
    ChangeStatus,
    Drift,
    FactStatus,
    Goal,
    Plan,
    PlanCaller,
    PlanStatus,
    Remedy,
    RemedyKind,
    WaveStatus,
    expected_and_found,
    plan,
    plan_report,
)

MANY = tuple(f"user{number:02}" for number in range(30))


def plan_of_many() -> Plan:
    people = tuple(
        user(name, password=Password(), devices=(device(name),), groups=("Developers",))
        for name in MANY
    )
    start = replace(account(), users=(*account().users, *people))
    return plan(Goal(policy_goal(), users=MANY), start, ADMIN)


def test_many_people_are_counted_by_what_happens_to_them() -> None:
    made = plan_of_many()
    said = report_text(plan_report(made), Language.EN, TextLayout(verbose=False))
    assert "  30: Has an MFA device: signs in with it as today." in said
    assert "and 10 more (`-v` lists all)" in said
    assert "and 11 more (`-v` lists all)" in said, "of the changes, too"
    assert "user29" not in said
    everything = report_text(plan_report(made), Language.EN)
    assert "  user29: Has an MFA device" in everything
    assert "more (`-v`" not in everything


@pytest.mark.parametrize("lang", list(Language))
def test_a_refused_plan_has_each_cause_once_and_the_rest_with_v(lang: Language) -> None:
    """Fails if a cause or what helps comes again for each person, call or check."""
    stranger = PlanCaller(f"arn:aws:iam::{ACCOUNT}:user/nobody")
    made = plan(replace(MACHINE, users=("hanako", "machine")), account(), stranger)
    assert made.open_problems
    lines = report_text(plan_report(made), lang, TextLayout(verbose=False)).splitlines()
    said = [line for line in lines if line.strip()]
    assert len({*said}) == len(said)
    reasons = {why.into(lang) for proof in made.proofs for why in proof.shown}
    assert sum(any(why in line for why in reasons) for line in said) <= len(made.open_problems)
    everything = report_text(plan_report(made), lang).splitlines()
    whole = {f"  {type(each).__name__} {each.address.partition(' ')[2]}" for each in made.changes}
    assert not whole & {*lines}
    assert whole <= {*everything}


@pytest.mark.parametrize("columns", [60, 100, 200])
@pytest.mark.parametrize("lang", list(Language))
def test_lines_fit_the_terminal(columns: int, lang: Language) -> None:
    made = plan_of_many()
    # a change and its ARN are copied: they stay whole
    whole = {f"  {type(each).__name__} {each.address.partition(' ')[2]}" for each in made.changes}
    text = report_text(plan_report(made), lang, TextLayout(columns, verbose=False))
    lines = [each for each in text.splitlines() if each not in whole]
    assert max(map(cell_width, lines)) <= columns
    assert max(map(cell_width, lines)) > columns / 2


def test_a_machine_that_is_locked_out_can_be_left_out() -> None:
    made = plan(replace(MACHINE, users=("hanako", "machine")), account(), ADMIN)
    assert not made.remedies
    refused = plan(MACHINE, account(), PlanCaller(f"arn:aws:iam::{ACCOUNT}:user/machine"))
    assert refused.remedies == (Remedy(RemedyKind.MFA, "caller-keeps-access"),)
    assert Plan.from_json(refused.to_json()) == refused


@pytest.mark.parametrize(
    ("address", "expected", "found", "said"),
    [
        ("membership G u", True, False, ("in the group", "not in the group")),
        (f"user-attachment u {ENFORCEMENT}", True, False, ("attached", "not attached")),
        ("credential u access-key A", False, True, ("inactive", "active")),
        ("group G", {"path": "/"}, None, ("it is there", "nothing")),
        (f"policy-tag {ENFORCEMENT} team", "security", "dev", ("security", "dev")),
        (f"policy-tag {ENFORCEMENT} team", "a", "{a}\x1b[31m", ("a", "{a}\\u001b[31m")),
        (
            "login-profile u",
            {"reset_required": True},
            {"reset_required": True},
            ("the password that the plan has set", "another password, set later"),
        ),
        (
            f"policy {ENFORCEMENT}",
            {"default": "v1", "document": {"Statement": [{"Sid": "A"}, {"Sid": "B"}]}},
            {"default": "v2", "document": {"Statement": [{"Sid": "A"}, {"Effect": "Allow"}]}},
            (
                "default version v1; document with the statements B",
                "default version v2; document with the statements #2",
            ),
        ),
        (
            f"policy {ENFORCEMENT}",
            {"tags": {"team": "a"}, "path": "/"},
            {"tags": {}, "path": "/"},
            ("tags team=a", "tags none"),
        ),
    ],
)
def test_drift_says_what_was_expected_and_what_was_found(
    address: str, expected: object, found: object, said: tuple[str, str]
) -> None:
    difference = Drift(expected, found)
    assert tuple(each.en for each in expected_and_found(address, difference)) == said
    standing = PlanStatus((FactStatus(address, ChangeStatus.DRIFTED, drift=difference),), (), ())
    lines = [*plan_status_lines(plan(MACHINE, account(), ADMIN), standing, Language.EN)]
    assert lines[0] == "Drift: somebody has changed 1 of 1 item since."
    assert f"    expected: {said[0]}" in lines
    assert f"    found: {said[1]}" in lines


@pytest.mark.parametrize(
    ("statuses", "verdict"),
    [
        (("done", "done"), "No drift: the account matches the plan."),
        (("done", "waits"), "Applied in part: 1 of 2 changes are made."),
        (("waits", "waits"), "Nothing is applied: 2 changes are pending."),
        (("in-doubt", "waits"), "For 1 password it is unclear who set it."),
        (("drifted", "in-doubt"), "Drift: somebody has changed 1 of 2 items since."),
    ],
)
def test_a_status_begins_with_how_it_stands(statuses: tuple[str, str], verdict: str) -> None:
    facts = tuple(FactStatus(each + " x", ChangeStatus(each)) for each in statuses)
    made = plan(MACHINE, account(), ADMIN)
    first, *rest = plan_status_lines(made, PlanStatus(facts, (), ()), Language.EN)
    assert first.startswith(verdict)
    assert ("  done x" in rest) is False
    verbose = plan_status_lines(made, PlanStatus(facts, (), ()), Language.EN, verbose=True)
    assert ("  done x" in [*verbose]) is ("done" in statuses)


def test_a_goals_status_says_who_is_in_which_stage() -> None:
    wave = WaveStatus("pilot", None, True, MANY, ("user00",), MANY[1:3], (), MANY[1:5], ())
    lines = [*wave_status_lines((wave,), (), Language.EN, staged=True)]
    assert lines[0].startswith("MFA is enforced for 4 of 29 users whose day has come")
    assert "  second stage, with an MFA device: user01, user02" in lines
    assert "  MFA enforced: user01, user02, user03, user04" in lines
    assert "  left out, or an exception: user00" in lines
    assert any(line.endswith("and 5 more (`-v` lists all)") for line in lines)
