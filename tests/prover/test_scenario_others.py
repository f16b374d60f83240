"""No other user is left out: one of every class that policies tell apart meets the attacker.

Reads `scenarios.answers` and `evaluator` themselves: the classes of users, and that they are found
all, no outcome shows.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scenario_policies import policies_of
from sekisho.engine import AttachedPolicy, Policies
from sekisho.policy import from_json
from sekisho.prover.scenarios import (
    ATTACKERS,
    Access,
    Holding,
    MoveKind,
    ScenarioPrincipal,
    Setting,
    Unexplored,
    Unreachable,
    answers,
    explorations,
    explore,
    run_scenario,
    scenario_of,
    setting_of,
)
from sekisho.prover.scenarios.answers import (
    MOST_CLASSES,
    settings_with_other_colleagues,
    starts_with_colleague,
)
from sekisho.prover.scenarios.evaluator import DistinctSetting, MoveEvaluator
from sekisho.prover.scenarios.model import ON_USERS
from sekisho.prover.scenarios.search import MOST_STATES

Statement = dict[str, Any]

OWN = "user/${aws:username}"
MFA = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
ONLY_KEYS = {"Null": {"aws:TokenIssueTime": "false"}}
ONLY_SESSIONS = {"Null": {"aws:TokenIssueTime": "true"}}


def open_on(actions: list[str], tails: list[str], more: Statement | None = None) -> Policies:
    """Return MFA enforcement that leaves actions of IAM open on some resources."""
    names = [f"iam:{name}" for name in actions]
    return policies(
        {"Effect": "Deny", "NotAction": names, "Resource": "*", "Condition": MFA},
        {"Effect": "Deny", "Action": names, "NotResource": _arns(tails), "Condition": MFA},
        *([more] if more else []),
    )


def _arns(tails: list[str]) -> list[str]:
    return [f"arn:aws:iam::*:{tail}" for tail in tails]


def policies(*statements: Statement) -> Policies:
    document = from_json({"Version": "2012-10-17", "Statement": list(statements)})
    return Policies(identity=(AttachedPolicy("enforcement", document),))


@pytest.mark.parametrize(
    ("opened", "tails", "attacker", "other"),
    [
        (["CreateLoginProfile"], [OWN, "user/admin*"], "admin-key-creates-login", "user/admin"),
        (["UpdateLoginProfile"], [OWN, "user/ops/*"], "admin-key-resets-login", "user/ops/"),
        (["DeactivateMFADevice"], ["user/??"], "admin-key-removes-devices", "user/xx"),
        (["AttachUserPolicy"], ["user/root-*"], "admin-key-policies", "user/root-"),
    ],
)
def test_what_is_open_on_some_users_only_is_found(
    opened: list[str], tails: list[str], attacker: str, other: str
) -> None:
    found = run_scenario(scenario_of(attacker), open_on(opened, tails))
    assert found.goes_wrong
    assert found.other.split(":")[-1].startswith(other)


@pytest.mark.parametrize("name", ["taro", "TARO", "shiro", "phone-2", "taro-2"])
def test_a_policy_that_names_one_device_closes_nobody_elses(name: str) -> None:
    """Whatever the people of the scenarios are called."""
    opened = "iam:DeleteVirtualMFADevice"
    enforcement = {"Effect": "Deny", "NotAction": opened, "Resource": "*", "Condition": MFA}
    one = {"Effect": "Deny", "Action": opened, "Resource": _arns([f"mfa/{name}"])}
    assert run_scenario(
        scenario_of("admin-key-removes-devices"), policies(enforcement, one)
    ).goes_wrong


@pytest.mark.parametrize(
    ("action", "named", "told"),
    [
        ("iam:AddUserToGroup", "group/Staff", "admin-key-groups"),
        ("iam:UpdateAssumeRolePolicy", "role/Ops", "admin-key-trust"),
        ("sts:AssumeRole", "role/Ops", "role-without-mfa"),
    ],
)
def test_a_policy_that_names_one_group_or_role_closes_no_other(
    action: str, named: str, told: str
) -> None:
    enforcement = {"Effect": "Deny", "NotAction": action, "Resource": "*", "Condition": MFA}
    one = {"Effect": "Deny", "Action": action, "Resource": _arns([named])}
    assert run_scenario(scenario_of(told), policies(enforcement, one)).goes_wrong


def test_an_administrator_whom_a_policy_exempts_by_name_is_not_the_one_who_helps() -> None:
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    shut = {"Effect": "Deny", "Action": "iam:EnableMFADevice", "Resource": "*"}
    but_yuki = {
        "BoolIfExists": {"aws:MultiFactorAuthPresent": "true"},
        "ArnNotLike": {"aws:PrincipalArn": _arns(["user/yuki"])},
    }
    enforcement = policies(everything, {**shut, "Condition": MFA}, {**shut, "Condition": but_yuki})
    helped, known = (
        scenario_of("key-user-helped"),
        Setting(names={ScenarioPrincipal.ADMINISTRATOR: "yuki"}),
    )
    assert run_scenario(helped, enforcement, known).as_required
    assert run_scenario(helped, enforcement).goes_wrong


def test_a_colleague_in_another_state_is_a_way_in() -> None:
    """The scenario's colleague has no password yet; somebody else has one that can be reset."""
    attacker = scenario_of("key-with-device")
    opened = open_on(
        ["UpdateLoginProfile", "CreateVirtualMFADevice", "EnableMFADevice"], ["user/*", "mfa/*"]
    )
    assert isinstance(explore(setting_of(attacker, opened), attacker.question), Unreachable)
    assert run_scenario(attacker, opened).goes_wrong


def test_more_classes_of_users_than_the_limit_are_no_proof() -> None:
    closed = [_closed_but("CreateLoginProfile", f"user/*{each}*", MFA) for each in "abcde"]
    enforcement = {
        "Effect": "Deny",
        "NotAction": "iam:CreateLoginProfile",
        "Resource": "*",
        "Condition": MFA,
    }
    found = run_scenario(scenario_of("key-with-device"), policies(enforcement, *closed))
    assert isinstance(found.result, Unexplored)
    assert f"{MOST_CLASSES}" in found.result.reason.en


def test_the_limit_of_states_leaves_room_above_the_widest_known_answer() -> None:
    name = "cdk-helper-denynomfapolicy-anonymous-code-search-hit"
    widest = policies_of({"published": name})
    found = run_scenario(scenario_of("service"), widest, most_states=MOST_STATES // 2)
    assert found.goes_wrong


def test_a_enforcement_that_leaves_much_open_is_given_up_in_time() -> None:
    names = ["CreateVirtualMFADevice", "DeactivateMFADevice", "DeleteVirtualMFADevice"]
    names += ["CreateLoginProfile", "CreateAccessKey", "AddUserToGroup", "RemoveUserFromGroup"]
    opened = open_on([*names, "UpdateLoginProfile", "ChangePassword"], ["*"])
    found = run_scenario(scenario_of("admin-key-trust"), opened)
    assert isinstance(found.result, Unexplored)
    assert "more than 2500 states" in found.result.reason.en


def test_all_searches_of_a_scenario_share_one_limit_of_states() -> None:
    attacker, opened = scenario_of("key-with-device"), open_on(["CreateLoginProfile"], ["user/*"])
    walks = [*explorations(attacker, setting_of(attacker, opened))]
    counts = [each.result.states for each in walks if isinstance(each.result, Unreachable)]
    assert len(counts) > 1
    found = run_scenario(attacker, opened, most_states=2 * max(counts)).result
    assert isinstance(found, Unexplored)
    assert f"more than {2 * max(counts)} states" in found.reason.en
    # a search with passkeys and one without
    assert isinstance(
        run_scenario(attacker, opened, most_states=2 * sum(counts)).result, Unreachable
    )


def _by_hand_to_hand() -> Policies:
    """enforcement that no one colleague opens.

    One lends the session, and the other takes the device.
    """
    opened = ["CreateVirtualMFADevice", "CreateAccessKey", "CreateLoginProfile", "EnableMFADevice"]
    deny = {"Effect": "Deny", "Resource": "*"}
    return policies(
        {**deny, "NotAction": [f"iam:{name}" for name in opened], "Condition": MFA},
        _closed_but("CreateAccessKey", "user/y*", MFA),
        _closed_but("CreateLoginProfile", "user/x*", MFA),
        _closed_but("EnableMFADevice", "user/y*", MFA),
        {**deny, "Action": "iam:EnableMFADevice", "Condition": {**MFA, **ONLY_SESSIONS}},
    )


def _closed_but(action: str, tail: str, condition: Statement) -> Statement:
    return {
        "Effect": "Deny",
        "Action": f"iam:{action}",
        "NotResource": _arns([tail]),
        "Condition": condition,
    }


def _apart_by_name() -> Policies:
    """MFA enforcement where who calls matters."""
    named = {**MFA, "StringLike": {"aws:username": "x*"}}
    return policies(
        {"Effect": "Deny", "NotAction": "iam:CreateAccessKey", "Resource": "*", "Condition": MFA},
        {"Effect": "Deny", "Action": "iam:CreateAccessKey", "Resource": "*", "Condition": named},
    )


@pytest.mark.parametrize("enforcement", [_by_hand_to_hand, _apart_by_name])
def test_what_leads_from_one_colleague_to_another_is_no_proof(
    enforcement: Callable[[], Policies],
) -> None:
    found = run_scenario(scenario_of("key-with-device"), enforcement())
    assert isinstance(found.result, Unexplored)


TAILS = (OWN, "user/*/${aws:username}", "user/a*", "user/ab", "user/*b", "user/x/*", "user/?", "*")
ACTIONS = ("CreateLoginProfile", "UpdateLoginProfile", "EnableMFADevice", "DeactivateMFADevice")
PEOPLE = ("/a", "/ab", "/b", "/bb", "/aab", "/zz", "/x/a", "/x/zz", "/y/ab", "/x/y/b")
ENFORCEMENTS = st.builds(
    open_on,
    st.lists(st.sampled_from(ACTIONS), min_size=1, unique=True),
    st.lists(st.sampled_from(TAILS), min_size=1, max_size=3, unique=True).map(
        lambda tails: [*tails, "mfa/*"]
    ),
    st.none()
    | st.builds(
        lambda action, tail: {
            "Effect": "Deny",
            "Action": f"iam:{action}",
            "Resource": _arns([tail]),
            "Condition": MFA,
        },
        st.sampled_from(ACTIONS),
        st.sampled_from(TAILS[2:]),
    ),
)
CLOSABLE = tuple(attacker for attacker in ATTACKERS if attacker.beyond is None)


def _with(setting: Setting, person: str) -> Setting:
    path, slash, name = person.rpartition("/")
    names = {**setting.names, ScenarioPrincipal.COLLEAGUE: name}
    return replace(setting, names=names, colleague_path=f"{path}{slash}")


def _let_in(enforcement: Policies, name: str) -> Iterator[str]:
    """Yield the users with whom an attacker gets in who is said to stay out."""
    attacker = scenario_of(name)
    if not run_scenario(attacker, enforcement).as_required:
        return
    setting = setting_of(attacker, enforcement)
    for person in PEOPLE:
        for start in (
            attacker.question.start,
            *starts_with_colleague(attacker.question.start, again=False),
        ):
            found = explore(_with(setting, person), replace(attacker.question, start=start))
            if not isinstance(found, Unreachable):
                yield person


@given(ENFORCEMENTS, st.sampled_from([attacker.id for attacker in CLOSABLE]))
@settings(max_examples=1_000 if settings.get_current_profile_name() == "deep" else 15)
def test_who_stays_out_does_so_whoever_the_colleague_is(enforcement: Policies, name: str) -> None:
    assert [*_let_in(enforcement, name)] == []


@given(ENFORCEMENTS)
def test_every_user_is_like_one_who_meets_the_attacker(enforcement: Policies) -> None:
    """What policies say of a user they say of a representative."""
    setting = setting_of(scenario_of("key-with-device"), enforcement)
    known = {
        _open(each)
        for each in (setting, *settings_with_other_colleagues(DistinctSetting.of(setting)))
    }
    assert {_open(_with(setting, each)) for each in PEOPLE} <= known


def _open(setting: Setting) -> frozenset[MoveKind]:
    """Return what can be done to the colleague with the user's access key."""
    key = Holding(ScenarioPrincipal.USER, Access.KEY)
    return MoveEvaluator(setting).open_to(ScenarioPrincipal.COLLEAGUE, key, ON_USERS, member=False)


BROKEN: dict[str, tuple[str, Callable[..., Any], Callable[[], Policies], str]] = {
    "one colleague is taken for all": (
        "settings_with_other_colleagues",
        lambda _: [],
        lambda: open_on(["CreateLoginProfile"], [OWN, "user/admin*"]),
        "admin-key-creates-login",
    ),
    "a colleague has one state": (
        "starts_with_colleague",
        lambda begin, **_: iter([begin]),
        lambda: open_on(
            ["UpdateLoginProfile", "CreateVirtualMFADevice", "EnableMFADevice"],
            ["user/*", "mfa/*"],
        ),
        "key-with-device",
    ),
    "nobody is met twice": (
        "_may_lead_further",
        lambda _: None,
        _apart_by_name,
        "key-with-device",
    ),
    "what is not walked is taken for closed": (
        "left_open",
        lambda *_: None,
        lambda: open_on(["PutUserPolicy"], ["user/*"]),
        "admin-key-policies",
    ),
}


@pytest.mark.parametrize(
    ("name", "broken", "enforcement", "attacker"), BROKEN.values(), ids=list(BROKEN)
)
def test_a_scenario_that_is_broken_is_caught(
    name: str,
    broken: Callable[..., Any],
    enforcement: Callable[[], Policies],
    attacker: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert not run_scenario(scenario_of(attacker), enforcement()).as_required
    monkeypatch.setattr(answers, name, broken)
    assert run_scenario(scenario_of(attacker), enforcement()).as_required
