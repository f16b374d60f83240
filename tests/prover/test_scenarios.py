"""Who gets in and who does not: the corpus, and what the search must do and must refuse to say.

Reads `scenarios.evaluator` and `answers` themselves: what is asked once, and remembered, no outcome
shows.
"""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from ipaddress import ip_address, ip_network
from itertools import pairwise
from typing import Any

import pytest

from cases import CORPUS, cases
from scenario_policies import HARDENED, PUBLISHED, around_of, attached, policies_of, shown
from sekisho.engine import Assumptions, AttachedPolicy, Level, Policies
from sekisho.messages import Language
from sekisho.policy import (
    Choices,
    PolicyKind,
    Preset,
    choices_of,
    force_mfa,
    from_json,
    parse,
    to_json,
)
from sekisho.prover.scenarios import (
    ATTACKERS,
    PEOPLE,
    Access,
    Holding,
    Move,
    MoveKind,
    Reachable,
    ScenarioAnswer,
    ScenarioOutcome,
    ScenarioPrincipal,
    ScenarioState,
    Setting,
    Unexplored,
    Unreachable,
    actions_of,
    explore,
    fixing_choices,
    run_scenario,
    scenario_of,
    setting_of,
    step_text,
)
from sekisho.prover.scenarios.answers import outcome_of
from sekisho.prover.scenarios.evaluator import MoveEvaluator, MoveOutcome, _outcomes_in
from sekisho.prover.scenarios.model import SigninPage
from sekisho.prover.scenarios.search import leads_to_goal
from sekisho.signin import NextStep, SigninAssumptions, SigninOrder

SCENARIOS = (*PEOPLE, *ATTACKERS)
FIRST_LOGIN = choices_of(Preset.FIRST_LOGIN)
VERDICTS = cases(
    "scenarios/verdicts",
    ["wrong"],
    [
        *("preset", "turnedOn", "published", "boundary", "enrolled", "usersMayChange"),
        *("consoleAuthorization", "exempt", "turned", "sample"),
    ],
)


@cache
def _answers(name: str) -> list[ScenarioAnswer]:
    case = next(each.values[0] for each in VERDICTS if each.id == name)
    return [run_scenario(each, policies_of(case), around_of(case)) for each in SCENARIOS]


@pytest.mark.parametrize("case", VERDICTS)
def test_exactly_these_scenarios_come_out_wrong_and_so(case: dict[str, Any]) -> None:
    answers = _answers(case["id"])
    wrong = {each.scenario.id: shown(each) for each in answers if not each.as_required}
    assert wrong == case["wrong"]
    assert ScenarioOutcome.UNKNOWN not in {each.outcome for each in answers}


def test_the_outcome_alone_is_that_of_the_whole_answer() -> None:
    case = VERDICTS[0].values[0]
    assert isinstance(case, dict)
    found = [outcome_of(each, policies_of(case), around_of(case)) for each in SCENARIOS]
    answers = [each.outcome for each in _answers(case["id"])]
    assert found == answers
    assert ScenarioOutcome.LOCKED_OUT in answers


def test_a_path_that_is_known_from_elsewhere_changes_no_outcome() -> None:
    """Paths under one case's policies are tried under the next one's."""
    led = 0
    for before, case in pairwise(each.values[0] for each in VERDICTS[:4]):
        assert isinstance(before, dict)
        assert isinstance(case, dict)
        policies, around = policies_of(case), around_of(case)
        for known, answer in zip(_answers(before["id"]), _answers(case["id"]), strict=True):
            if isinstance(known.result, Reachable):
                path, scenario = known.result.path, answer.scenario
                found = outcome_of(scenario, policies, around, known=path)
                assert found is answer.outcome, scenario.id
                here = setting_of(scenario, policies, around)
                led += leads_to_goal(here, scenario.question, path)
                assert not leads_to_goal(here, scenario.question, path[:-1])
    assert led


@pytest.mark.parametrize("name", PUBLISHED)
def test_each_published_policy_is_open_to_an_attacker_or_fails_a_scenario(name: str) -> None:
    case = next(each.values[0] for each in VERDICTS if each.id == name)
    assert isinstance(case, dict)
    closable = {each.id for each in ATTACKERS if each.beyond is None}
    people = {each.id for each in PEOPLE}
    assert (closable | people) & set(case["wrong"])


def test_the_hardened_variant_stops_every_attacker_whom_a_policy_can_stop() -> None:
    for attacker in ATTACKERS:
        found = run_scenario(attacker, attached(HARDENED))
        assert found.as_required is (attacker.beyond is None), attacker.id


@pytest.mark.parametrize(
    ("name", "start", "found"),
    [
        ("new-user", Choices(), (("password_change_without_mfa",),)),
        ("user-with-a-path", Choices(), (("user_paths", "password_change_without_mfa"),)),
        ("key-without-device", choices_of(Preset.RECOMMENDED), (("enrolment_needs_session",),)),
        (
            "admin-key-enables-device",
            Choices(),
            (("own_things_only",), ("enrolment_needs_session",)),
        ),
        ("key-user", HARDENED, (("enrolment_needs_session",),)),
        ("half-enrolled", Choices(), ()),
        ("role-session", Choices(), ()),
        ("login-cache", Choices(), ()),
    ],
)
def test_which_choices_would_mend_it(
    name: str, start: Choices, found: tuple[tuple[str, ...], ...]
) -> None:
    assert fixing_choices(scenario_of(name), start) == found


def test_a_user_with_a_device_is_safe_from_a_leaked_key_only_by_the_service_s_own_rule() -> None:
    """Before April 2023 the key was enough (bulletin AWS-2023-001)."""
    attacker = scenario_of("key-with-device")
    now = setting_of(attacker, attached(Choices()))
    before = replace(now, signin=SigninAssumptions(device_holder_needs_mfa=False))
    assert isinstance(explore(now, attacker.question), Unreachable)
    assert isinstance(explore(before, attacker.question), Reachable)


def test_an_expired_password_dead_locks_if_it_must_be_changed_before_the_code() -> None:
    expired = scenario_of("password-expired")
    setting = setting_of(expired, attached(Choices()))
    other = replace(setting, signin=SigninAssumptions(order=SigninOrder.RESET_FIRST))
    assert isinstance(explore(setting, expired.question), Reachable)
    assert isinstance(explore(other, expired.question), Unreachable)


def test_a_stricter_policy_after_enrolment_holds_without_the_service_s_own_rule() -> None:
    """It stops whoever has enrolled, and nobody who has not."""
    strict = around_of({"enrolled": "after-enrolment"})
    before = SigninAssumptions(device_holder_needs_mfa=False)
    for around, stopped in (
        (Setting(signin=before), False),
        (replace(strict, signin=before), True),
    ):
        for name in ("key-with-device", "admin-key-enables-device"):
            answer = run_scenario(scenario_of(name), attached(FIRST_LOGIN), around)
            assert answer.as_required is stopped
        leaked = run_scenario(scenario_of("key-without-device"), attached(FIRST_LOGIN), around)
        assert leaked.goes_wrong


def test_who_has_lost_the_phone_must_leave_the_stricter_policy_to_enrol_again() -> None:
    lost = scenario_of("lost-phone")
    setting = setting_of(lost, attached(FIRST_LOGIN), around_of({"enrolled": "after-enrolment"}))
    alone = replace(lost.question, helps=lost.question.helps - {MoveKind.REMOVE_FROM_GROUP})
    assert isinstance(explore(setting, lost.question), Reachable)
    assert isinstance(explore(setting, alone), Unreachable)


@pytest.mark.parametrize(
    ("name", "without", "answered"),
    [
        ("password-hard-expired", MoveKind.UPDATE_LOGIN, "PasswordExpired"),
        ("ninth-device", MoveKind.DEACTIVATE_DEVICE, "LimitExceeded"),
    ],
)
def test_what_no_policy_can_let_through(name: str, without: MoveKind, answered: str) -> None:
    told = scenario_of(name)
    question = replace(
        told.question, acts=told.question.acts - {without}, helps=told.question.helps - {without}
    )
    found = explore(setting_of(told, attached(Choices())), question)
    assert isinstance(found, Unreachable)
    assert found.deadlock is None
    assert answered in {each.refused_step.outcome.answer for each in found.tried}


def test_statements_about_other_actions_do_not_matter() -> None:
    passing = {
        "Effect": "Allow",
        "Action": ["iam:PassRole", "ec2:*"],
        "Resource": "*",
        "Condition": {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}},
    }
    document = from_json({"Version": "2012-10-17", "Statement": passing})
    policies = attached(FIRST_LOGIN)
    more = replace(policies, identity=(*policies.identity, AttachedPolicy("more", document)))
    for each in SCENARIOS:
        assert run_scenario(each, more).outcome is run_scenario(each, policies).outcome


def test_a_service_control_policy_may_keep_everybody_out() -> None:
    statements = [
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {
            "Effect": "Deny",
            "Action": "iam:EnableMFADevice",
            "Resource": "*",
            "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
        },
    ]
    document = from_json({"Version": "2012-10-17", "Statement": statements}, kind=PolicyKind.SCP)
    level = Level("root", (AttachedPolicy("scp", document),))
    policies = replace(attached(FIRST_LOGIN), scps=(level,))
    for name in ("new-user", "key-user", "passkey-only"):
        found = run_scenario(scenario_of(name), policies)
        assert found.goes_wrong
        assert shown(found)[-1].startswith("!iam:EnableMFADevice")
    assert run_scenario(scenario_of("key-without-device"), policies).as_required


def test_a_denied_session_token_would_keep_key_users_out() -> None:
    user = scenario_of("key-user")
    deny = {"Effect": "Deny", "Action": "sts:GetSessionToken", "Resource": "*"}
    document = from_json({"Version": "2012-10-17", "Statement": deny})
    policies = attached(Choices())
    policies = replace(policies, identity=(*policies.identity, AttachedPolicy("deny", document)))
    setting = setting_of(user, policies)
    heeding = replace(setting, signin=SigninAssumptions(get_session_token_heeds_deny=True))
    assert isinstance(explore(setting, user.question), Reachable)
    assert isinstance(explore(heeding, user.question), Unreachable)


def test_a_code_at_an_open_page_gives_no_mfa_to_a_session_that_is_held() -> None:
    setting = setting_of(scenario_of("key-with-device"), attached(Choices()))
    session = Holding(ScenarioPrincipal.USER, Access.CONSOLE)
    state = ScenarioState(
        holds=frozenset({session}),
        page=SigninPage(ScenarioPrincipal.USER, NextStep.NEEDS_NEW_PASSWORD, mfa=True),
    )
    outcome = MoveEvaluator(setting).outcome(
        state, Move(MoveKind.WORK, session, ScenarioPrincipal.USER)
    )
    assert outcome.answer == "AccessDenied"


def _denied(asked: MoveEvaluator, act: MoveKind = MoveKind.WORK) -> MoveOutcome:
    session = Holding(ScenarioPrincipal.USER, Access.CONSOLE)
    return asked.outcome(
        ScenarioState(holds=frozenset({session})), Move(act, session, ScenarioPrincipal.USER)
    )


def test_policies_are_asked_once_in_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    setting = setting_of(scenario_of("key-with-device"), attached(Choices()))
    first, second = MoveEvaluator(setting), MoveEvaluator(replace(setting))
    outcome = _denied(first)
    monkeypatch.setattr("sekisho.prover.scenarios.evaluator.decide", None)
    assert _denied(second) is outcome
    with pytest.raises(TypeError):
        # a setting that differs is asked anew
        _denied(MoveEvaluator(replace(setting, engine=Assumptions(bool_other_is_false=True))))


def test_answers_are_shared_only_with_settings_that_would_give_the_same() -> None:
    """Each scenario under a turned assumption, with what others have asked and without."""
    policies = attached(choices_of(Preset.AWS))
    turned = [
        SigninAssumptions(device_holder_needs_mfa=False),
        SigninAssumptions(order=SigninOrder.RESET_FIRST),
        SigninAssumptions(get_session_token_heeds_deny=True),
    ]
    asked = [
        (scenario, Setting(signin=each))
        for scenario in (*PEOPLE, *ATTACKERS[:4])
        for each in (SigninAssumptions(), *turned)
    ]
    _outcomes_in.cache_clear()
    shared = [run_scenario(scenario, policies, around) for scenario, around in asked]
    for (scenario, around), found in zip(asked, shared, strict=True):
        _outcomes_in.cache_clear()
        assert run_scenario(scenario, policies, around) == found


@pytest.mark.parametrize("key", ["aws:CurrentTime", "AWS:currenttime"])
def test_an_outcome_is_remembered_with_its_time_where_a_policy_asks_for_it(key: str) -> None:
    condition = {"DateGreaterThan": {key: "2026-06-01T00:00:00Z"}}
    late = {"Effect": "Deny", "Action": "iam:*", "Resource": "*", "Condition": condition}
    document = from_json({"Version": "2012-10-17", "Statement": late})
    own = attached(choices_of(Preset.RECOMMENDED))
    policies = replace(own, identity=(*own.identity, AttachedPolicy("late", document)))
    asked = scenario_of("key-user")
    for day, expected in (
        (datetime(2026, 5, 1, tzinfo=UTC), ScenarioOutcome.GETS_IN),
        (datetime(2026, 7, 1, tzinfo=UTC), ScenarioOutcome.LOCKED_OUT),
    ):
        assert outcome_of(asked, policies, Setting(now=day)) is expected
        assert outcome_of(asked, own, Setting(now=day)) is ScenarioOutcome.GETS_IN


def test_a_judge_tells_of_its_own_questions_alone() -> None:
    setting = setting_of(scenario_of("key-with-device"), attached(Choices()))
    session = Holding(ScenarioPrincipal.USER, Access.CONSOLE)
    _denied(MoveEvaluator(setting), MoveKind.CREATE_KEY)
    judge = MoveEvaluator(setting)
    _denied(judge)
    assert judge.refused(session, frozenset(), member=False) == {MoveKind.WORK.value}


def test_causes_name_the_lines_of_the_policies_that_were_asked() -> None:
    written = to_json(force_mfa(Choices()))
    texts = json.dumps(written), json.dumps(written, indent=2)
    for text in texts:
        document = parse(text)
        policies = Policies(identity=(AttachedPolicy("p", document),))
        judge = MoveEvaluator(setting_of(scenario_of("key-with-device"), policies))
        (cause,) = _denied(judge).because
        assert cause.position == document.statements[cause.index].position


def test_more_states_than_the_limit_are_no_proof() -> None:
    attacker = scenario_of("key-with-device")
    found = run_scenario(attacker, attached(Choices()), most_states=3)
    assert found.outcome is ScenarioOutcome.UNKNOWN
    assert isinstance(found.result, Unexplored)


@pytest.mark.parametrize(
    ("statement", "key"),
    [
        ({"Condition": {"IpAddress": {"aws:VpcSourceIp": "10.0.0.0/8"}}}, "aws:VpcSourceIp"),
        ({"Condition": {"StringLike": {"aws:SourceIp": "10.*"}}}, "aws:SourceIp"),
        ({"Condition": {"StringEquals": {"aws:username": "${aws:SourceIp}"}}}, "aws:SourceIp"),
        ({"Resource": "arn:aws:iam::*:user/${aws:PrincipalTag/of}"}, "aws:PrincipalTag/of"),
        ({"Condition": {"StringLike": {"aws:username": "${aws:SourceVpc}*"}}}, "aws:SourceVpc"),
    ],
)
def test_what_the_model_does_not_know_makes_no_verdict(statement: dict[str, Any], key: str) -> None:
    for effect, asked in (("Allow", PEOPLE), ("Deny", SCENARIOS)):
        policies = _odd(effect, "iam:*", **statement)
        for each in asked:
            if not any(name.startswith("iam:") for name in actions_of(each.question.acts)):
                # nothing of what is asked there is tried
                continue
            found = run_scenario(each, policies)
            assert isinstance(found.result, Unexplored)
            assert f"`{key}`" in found.result.reason.en


OFFICE = "203.0.113.0/24"
FROM_THE_OFFICE = {"NotIpAddress": {"aws:SourceIp": OFFICE}}
FROM_OUTSIDE = {"IpAddress": {"aws:SourceIp": OFFICE}}
BY_ADDRESS = {"IpAddress": {"aws:SourceIp": ["0.0.0.0/0", "::/0"]}}


@pytest.mark.parametrize("condition", [FROM_THE_OFFICE, FROM_OUTSIDE], ids=["office", "outside"])
def test_where_a_deny_leaves_an_address_everybody_can_come_from_there(
    condition: dict[str, Any],
) -> None:
    policies = _odd("Deny", "*", Condition=condition)
    for each in SCENARIOS:
        usual = run_scenario(each, attached(HARDENED))
        found = run_scenario(each, policies)
        assert (each.id, found.outcome) == (each.id, usual.outcome)
    way = run_scenario(scenario_of("new-user"), policies).result
    assert isinstance(way, Reachable)
    inside = {
        ip_address(step.outcome.address) in ip_network(OFFICE)
        for step in way.path
        if step.outcome.address
    }
    assert inside == {condition is FROM_THE_OFFICE}


def test_where_every_address_is_denied_nobody_gets_in_but_by_an_endpoint() -> None:
    policies = _odd("Deny", "*", Condition=BY_ADDRESS)
    person = run_scenario(scenario_of("half-enrolled"), policies)
    assert person.outcome is ScenarioOutcome.LOCKED_OUT
    # the enforcing statement alone would let these through; through an endpoint it still does
    for name in ("password-without-device", "role-session"):
        found = run_scenario(scenario_of(name), policies).outcome
        assert found is run_scenario(scenario_of(name), attached(HARDENED)).outcome
    both = _odd("Deny", "*", Condition={"Bool": {"aws:PrincipalIsAWSService": "false"}})
    thief = run_scenario(scenario_of("password-without-device"), both)
    assert thief.outcome is ScenarioOutcome.KEPT_OUT


def test_the_layer_that_refuses_is_named() -> None:
    nothing = attached(HARDENED).identity[0]
    boundary = AttachedPolicy(
        "limits",
        from_json(
            {
                "Version": "2012-10-17",
                "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"},
            },
            kind=PolicyKind.BOUNDARY,
        ),
    )
    found = run_scenario(
        scenario_of("half-enrolled"), Policies(identity=(nothing,), boundaries=(boundary,))
    ).result
    assert isinstance(found, Unreachable)
    assert found.deadlock is not None
    refused = found.deadlock.refused_step.outcome
    assert (refused.because, refused.layer) == ((), PolicyKind.BOUNDARY)
    bare = run_scenario(scenario_of("half-enrolled"), Policies()).result
    assert isinstance(bare, Unreachable)
    assert bare.deadlock is not None
    assert bare.deadlock.refused_step.outcome.layer is PolicyKind.IDENTITY


def test_steps_read_like_sentences() -> None:
    found = run_scenario(scenario_of("new-user"), attached(HARDENED)).result
    assert isinstance(found, Reachable)
    assert step_text(found.path[0]).en == "sign in as the user with the password"


def _odd(effect: str, action: str, **more: Any) -> Policies:
    """Return MFA enforcement with a statement more."""
    whole = {"Effect": effect, "Action": action, "Resource": "*", **more}
    odd = AttachedPolicy("odd", from_json({"Version": "2012-10-17", "Statement": whole}))
    return Policies(identity=(*attached(HARDENED).identity, odd))


@pytest.mark.parametrize("action", ["s3:*", "sts:AssumeRole", "cloudformation:*"])
def test_what_the_model_does_not_know_matters_only_where_it_can_decide(action: str) -> None:
    """Nobody needs these to get in, and beside an attacker's stands one that allows all."""
    condition = {"Condition": {"IpAddress": {"aws:VpcSourceIp": "10.0.0.0/8"}}}
    for each in SCENARIOS:
        usual = run_scenario(each, attached(HARDENED)).outcome
        assert run_scenario(each, _odd("Allow", action, **condition)).outcome is usual
        denied = run_scenario(each, _odd("Deny", action, **condition)).outcome
        assert each not in PEOPLE or denied is usual
    work = run_scenario(scenario_of("key-without-device"), _odd("Deny", "s3:*", **condition))
    assert work.outcome is ScenarioOutcome.UNKNOWN
    # a boundary has to allow on its own, also where the same policy is attached
    odd = _odd("Allow", "*", **condition)
    work = run_scenario(
        scenario_of("key-without-device"), replace(odd, boundaries=odd.identity[-1:])
    )
    assert work.outcome is ScenarioOutcome.UNKNOWN


@pytest.mark.parametrize(
    ("tags", "outcome"),
    [
        (None, ScenarioOutcome.UNKNOWN),
        ({}, ScenarioOutcome.LOCKED_OUT),
        ({"onboarding": "done"}, ScenarioOutcome.LOCKED_OUT),
        ({"Onboarding": "yes"}, ScenarioOutcome.GETS_IN),
    ],
)
def test_a_tag_that_is_known_decides(tags: dict[str, str] | None, outcome: ScenarioOutcome) -> None:
    """Under AWS's sample a new user dead-locks, unless a tag leaves the user out of its Deny."""
    written: Any = to_json(force_mfa(Choices()))
    deny = next(each for each in written["Statement"] if each["Effect"] == "Deny")
    deny["Condition"]["StringNotEquals"] = {"aws:PrincipalTag/onboarding": "yes"}
    policies = Policies(identity=(AttachedPolicy("enforcement", from_json(written)),))
    assert (
        run_scenario(scenario_of("new-user"), policies, Setting(user_tags=tags)).outcome is outcome
    )
    # of nobody else are the tags known
    for each in ATTACKERS:
        found = run_scenario(each, policies, Setting(user_tags=tags)).result
        assert not isinstance(found, Unreachable), each.id


@pytest.mark.parametrize(
    ("element", "names", "attacker", "left"),
    [
        (
            "Action",
            ["s3:*", "iam:*", "sts:*", "cloudformation:*"],
            "key-without-device",
            None,
        ),
        ("NotAction", ["iam:PutUserPolicy"], "admin-key-policies", "`iam:PutUserPolicy`"),
        (
            "NotAction",
            ["iam:CreatePolicyVersion"],
            "admin-key-policies",
            "`iam:CreatePolicyVersion`",
        ),
        ("NotAction", ["sts:GetSessionToken"], "admin-key-policies", ""),
    ],
)
def test_an_attacker_is_kept_out_only_if_nothing_else_is_left_open(
    element: str, names: list[str], attacker: str, left: str | None
) -> None:
    mfa = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
    enforcement = {"Effect": "Deny", element: names, "Resource": "*", "Condition": mfa}
    document = from_json({"Version": "2012-10-17", "Statement": enforcement})
    found = run_scenario(
        scenario_of(attacker), Policies(identity=(AttachedPolicy("enforcement", document),))
    )
    if left == "":
        assert found.as_required
        return
    assert isinstance(found.result, Unexplored)
    assert (
        "the policies do not deny an action that the scenarios do not try" in found.result.reason.en
    )
    assert left is None or left in found.result.reason.en


def test_an_action_that_is_denied_for_one_policy_only_is_open() -> None:
    mfa = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
    arn = "arn:aws:iam::aws:policy/AdministratorAccess"
    attach = "iam:AttachUserPolicy"
    statements = [
        {"Effect": "Deny", "NotAction": attach, "Resource": "*", "Condition": mfa},
        {
            "Effect": "Deny",
            "Action": attach,
            "Resource": "*",
            "Condition": {**mfa, "ArnEquals": {"iam:PolicyARN": arn}},
        },
    ]
    document = from_json({"Version": "2012-10-17", "Statement": statements})
    policies = Policies(identity=(AttachedPolicy("enforcement", document),))
    found = run_scenario(scenario_of("admin-key-policies"), policies)
    assert isinstance(found.result, Unexplored)
    assert f"`{attach}`" in found.result.reason.en


@pytest.mark.parametrize(
    ("effect", "name", "known"),
    [
        ("Allow", "${aws:username}-*", False),
        ("Allow", "shared", False),
        ("Deny", "phone-*", False),
        ("Deny", "shared", True),
        ("Deny", "phone-2", True),
        ("Allow", "${aws:username}", True),
        ("Allow", "*", True),
    ],
)
def test_names_of_devices_that_a_policy_tells_apart(effect: str, name: str, known: bool) -> None:
    statement = {
        "Effect": effect,
        "Action": "iam:CreateVirtualMFADevice",
        "Resource": f"arn:aws:iam::*:mfa/{name}",
    }
    document = from_json({"Version": "2012-10-17", "Statement": statement})
    policies = attached(FIRST_LOGIN)
    more = replace(policies, identity=(*policies.identity, AttachedPolicy("more", document)))
    assert (
        run_scenario(scenario_of("new-user"), more).outcome is not ScenarioOutcome.UNKNOWN
    ) is known


def test_steps_are_told_in_both_languages() -> None:
    told = set()
    for case in VERDICTS:
        for result in (each.result for each in _answers(case.id)):
            steps = result.path if isinstance(result, Reachable) else ()
            if isinstance(result, Unreachable) and result.deadlock:
                steps = (*result.deadlock.path, result.deadlock.refused_step)
            told |= {step_text(step) for step in steps}
    for text in told:
        english, japanese = text.into(Language.EN), text.into(Language.JA)
        assert english.isascii()
        assert any(ord(char) > 0x3000 for char in japanese)
        assert "{" not in english + japanese


DOCS = CORPUS.parents[1] / "docs"
PAGE = (DOCS / "scenarios.md").read_text(encoding="utf-8")
JAPANESE_PAGE = (DOCS / "ja" / "scenarios.md").read_text(encoding="utf-8")
FAMILY = ("aws", "first-login", "recommended", "hardened")


def _told(path: list[str]) -> str:
    return " → ".join(f"`{act[1:]}` refused" if act[0] == "!" else f"`{act}`" for act in path)


def test_the_page_shows_each_scenario_under_our_family_as_it_is() -> None:
    refuted = {case.id: case.values[0]["wrong"] for case in VERDICTS}
    for each in SCENARIOS:
        good, bad = ("gets in", "**locked out**") if each in PEOPLE else ("kept out", "**gets in**")
        cells = [bad if each.id in refuted[preset] else good for preset in FAMILY]
        assert f"| `{each.id}` | {each.title.en} | {' | '.join(cells)} |" in PAGE
        words = {"gets in": "サインインできる", "**locked out**": "**締め出される**"}
        if each not in PEOPLE:
            words = {"kept out": "侵入できない", "**gets in**": "**侵入できる**"}
        translated = " | ".join(words[cell] for cell in cells)
        assert f"| `{each.id}` | {each.title.ja} | {translated} |" in JAPANESE_PAGE


def test_the_japanese_page_shows_the_same_paths() -> None:
    paths = [re.findall(r"(?m)^- `[\w-]+`: `\w+:.*$", page) for page in (PAGE, JAPANESE_PAGE)]
    assert paths[0]
    assert [path.replace(" refused", " 拒否") for path in paths[0]] == paths[1]


LEFT_OUT = {"role-session", "login-cache"}
"""Whom no policy of a user stops, the page says once."""


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_page_shows_the_path_through_each_published_policy(name: str) -> None:
    case = next(case.values[0] for case in VERDICTS if case.id == name)
    refuted = {each: path for each, path in case["wrong"].items() if each not in LEFT_OUT}
    section = PAGE.split(f"`{name}`. ")[1].split("\n#")[0]
    shown_there = [line for line in section.splitlines() if line.startswith("- ")]
    assert shown_there == [f"- `{each}`: {_told(path)}" for each, path in refuted.items()]
