"""An attacker who is said to stay out does so in whichever state the user is of whom they stole."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from scenario_account import Cell, account_of
from scenario_performer import Performer
from sekisho.engine import AttachedPolicy, Policies
from sekisho.localaws import LocalAws
from sekisho.policy import from_json
from sekisho.prover.scenarios import (
    ATTACKERS,
    DeviceHolder,
    MoveKind,
    Reachable,
    Scenario,
    ScenarioDevice,
    ScenarioPassword,
    ScenarioPrincipal,
    ScenarioState,
    run_scenario,
    scenario_of,
    setting_of,
)
from socketless import socketless

Statement = dict[str, Any]

MFA = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
NO_KEYS = {"Null": {"aws:TokenIssueTime": "true"}}
ACTIONS = (
    *("CreateVirtualMFADevice", "EnableMFADevice", "DeactivateMFADevice", "DeleteVirtualMFADevice"),
    *("CreateLoginProfile", "UpdateLoginProfile", "CreateAccessKey", "ChangePassword"),
)
_CREATE = "CreateVirtualMFADevice"
_FAR = ScenarioDevice(DeviceHolder.ELSEWHERE)
_FAR_OWN = ScenarioDevice(DeviceHolder.ELSEWHERE, ScenarioPrincipal.USER)


def _deny(condition: Statement, **elements: Any) -> Statement:
    return {"Effect": "Deny", "Resource": "*", **elements, "Condition": condition}


def _only_on(actions: list[str], tails: list[str]) -> Statement:
    found = _deny(MFA, Action=actions, NotResource=[f"arn:aws:iam::*:{tail}" for tail in tails])
    return {key: value for key, value in found.items() if key != "Resource"}


def enforcement(exempt: list[str], own: list[str], *, no_keys: bool, own_name: bool) -> Policies:
    """Return enforcement that exempts actions, some on oneself only.

    And narrows enrolment or not.
    """
    names, enrol = [f"iam:{name}" for name in exempt], [f"iam:{_CREATE}", "iam:EnableMFADevice"]
    own_names = [f"iam:{name}" for name in own if name in exempt]
    statements = [_deny(MFA, NotAction=names)]
    statements += [_only_on(own_names, ["user/${aws:username}", "mfa/*"])] if own_names else []
    statements += [_deny(NO_KEYS, Action=enrol)] if no_keys else []
    statements += [_only_on([f"iam:{_CREATE}"], ["mfa/${aws:username}"])] if own_name else []
    document = from_json({"Version": "2012-10-17", "Statement": statements})
    return Policies(identity=(AttachedPolicy("enforcement", document),))


def states_of(attacker: Scenario) -> Iterator[ScenarioState]:
    """Yield every beginning that a scenario's title allows of the user whose things are held."""
    begin = attacker.question.start
    known = begin.user.password is ScenarioPassword.KNOWN
    passwords = (
        [ScenarioPassword.KNOWN] if known else [ScenarioPassword.NONE, ScenarioPassword.UNKNOWN]
    )
    devices = [{_FAR}, {_FAR_OWN}] if begin.user.devices else [set[ScenarioDevice]()]
    for password, own, orphans in product(passwords, devices, (set[ScenarioDevice](), {_FAR_OWN})):
        if not (own & orphans):
            user = replace(begin.user, password=password, devices=frozenset(own))
            yield replace(begin, user=user, unassigned=begin.unassigned | orphans)


def _beginning(attacker: Scenario, start: ScenarioState) -> Scenario:
    return replace(attacker, question=replace(attacker.question, start=start))


_CHOSEN = st.lists(st.sampled_from(ACTIONS), min_size=1, max_size=5, unique=True)
ENFORCEMENTS = st.builds(
    enforcement, _CHOSEN, _CHOSEN, no_keys=st.booleans(), own_name=st.booleans()
)
CLOSABLE = tuple(attacker for attacker in ATTACKERS if attacker.beyond is None)


@given(ENFORCEMENTS, st.sampled_from(CLOSABLE))
@settings(max_examples=1_000 if settings.get_current_profile_name() == "deep" else 20)
def test_who_stays_out_does_so_in_every_state_of_the_user(
    policies: Policies, attacker: Scenario
) -> None:
    if run_scenario(attacker, policies).as_required:
        for start in states_of(attacker):
            assert not run_scenario(_beginning(attacker, start), policies).goes_wrong


SELF_SERVICE = enforcement(
    [_CREATE, "EnableMFADevice", "CreateLoginProfile", "ChangePassword"],
    ["EnableMFADevice", "CreateLoginProfile", "ChangePassword"],
    no_keys=True,
    own_name=False,
)
"""A key enrols nothing, but gives its user a password; and a console session enrols."""


def test_a_key_user_without_a_password_is_given_one_and_it_is_performed() -> None:
    attacker = scenario_of("key-without-device")
    result = run_scenario(attacker, SELF_SERVICE).result
    assert isinstance(result, Reachable)
    acts = [step.move.kind for step in result.path]
    assert acts[:2] == [MoveKind.CREATE_LOGIN, MoveKind.SIGN_IN]
    cell = Cell.of(attacker, setting_of(attacker, SELF_SERVICE), 1, result.path)
    with socketless(), LocalAws(account_of([cell])) as local:
        performer = Performer(local, cell)
        assert {performer.perform(step) for step in result.path} == {"OK"}


def test_a_device_under_another_name_leaves_the_user_s_own_name_free() -> None:
    """Then the key creates a device, and enables it on somebody else."""
    policies = enforcement([_CREATE, "EnableMFADevice"], [], no_keys=False, own_name=True)
    found = run_scenario(scenario_of("admin-key-enables-device"), policies)
    assert found.goes_wrong
