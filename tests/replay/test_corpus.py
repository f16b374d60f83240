"""The corpus of calls: each trap of a log, and what becomes of it."""

from dataclasses import replace
from typing import Any

import pytest

from audit.small_accounts import snapshot_of
from cases import cases, document
from replay.plainly import group_plainly, judge_plainly
from rollout.staging import ACCOUNT
from sekisho.engine import AttachedPolicy, Level
from sekisho.policy import PolicyKind, from_json
from sekisho.replay import (
    Binding,
    Judge,
    Judgement,
    JudgeSettings,
    PolicyAttachment,
    PolicyChanges,
    Target,
    TargetKind,
    TrailEvent,
    binding_of_change,
    binding_of_policies,
    columns_of,
    with_later_callers,
)
from sekisho.signin import AwsLoginMfa, RoleSessionMfa, SigninAssumptions

CORPUS = document("replay/calls")
ACCOUNTS = document("replay/accounts")
EVERYBODY = (TargetKind.EVERY_USER, TargetKind.EVERY_ROLE)


def policy(name: str, kind: PolicyKind = PolicyKind.IDENTITY) -> AttachedPolicy:
    return AttachedPolicy(name, from_json(CORPUS["documents"][name], kind=kind))


def binding_of(written: dict[str, list[str]]) -> Binding:
    targets = {"users": TargetKind.EVERY_USER, "roles": TargetKind.EVERY_ROLE}
    attached = [
        PolicyAttachment(policy(name), Target(targets[who]))
        for who, names in written.items()
        if who in targets
        for name in names
    ]
    boundaries = [
        PolicyAttachment(policy(name), Target(kind))
        for name in written.get("boundaries", ())
        for kind in EVERYBODY
    ]
    scps = [policy(name, PolicyKind.SCP) for name in written.get("scps", ())]
    levels = (Level("root", tuple(scps)),) if scps else None
    return binding_of_policies(
        PolicyChanges(tuple(attached), boundaries=tuple(boundaries), scps=levels)
    )


def record_of(case: dict[str, Any]) -> dict[str, Any]:
    identity = {**CORPUS["identities"][case["identity"]], **case.get("identityMore", {})}
    return {**CORPUS["usual"], "userIdentity": identity, **case["record"]}


def settings_of(case: dict[str, Any]) -> JudgeSettings:
    chosen = dict(case.get("settings", {}))
    if "role_session_mfa" in chosen:
        chosen["role_session_mfa"] = RoleSessionMfa(chosen["role_session_mfa"])
    if "aws_login_mfa" in chosen:
        chosen["aws_login_mfa"] = AwsLoginMfa(chosen["aws_login_mfa"])
    return JudgeSettings(signin=replace(SigninAssumptions(), **chosen))


def written(found: Judgement, asked: dict[str, Any]) -> dict[str, Any]:
    """Return a judgement as the corpus has it, of what is optional only what it asks for."""
    said: dict[str, Any] = {"outcome": found.outcome.value}
    if found.reason is not None:
        said["reason"] = found.reason.value
    if found.keys:
        said["keys"] = list(found.keys)
    if found.causes:
        said["sids"] = [cause.sid for cause in found.causes]
    if found.assumed:
        said["assumed"] = list(found.assumed)
    if found.guessed_action:
        said["guessed"] = True
    if "actions" in asked:
        said["actions"] = list(found.actions)
    return said


@pytest.mark.parametrize(
    "case",
    cases(
        "replay/calls",
        ["identity", "record", "policies", "expect"],
        ["identityMore", "settings"],
    ),
)
def test_case(case: dict[str, Any]) -> None:
    binding, settings = binding_of(case["policies"]), settings_of(case)
    columns = columns_of(binding)
    (group,) = group_plainly([record_of(case)], columns).groups
    found = Judge(binding, columns, settings).judge(group.event)
    assert written(found, case["expect"]) == case["expect"]
    assert judge_plainly(group.event, binding, columns, settings) == found


def of_account(name: str, kind: PolicyKind = PolicyKind.IDENTITY) -> AttachedPolicy:
    statements = ACCOUNTS["documents"][name]
    written = {"Version": "2012-10-17", "Statement": statements}
    return AttachedPolicy(name, from_json(written, kind=kind))


def changes_of(written: dict[str, list[str]]) -> PolicyChanges:
    attached = []
    for whom, names in written.items():
        if whom != "detached":
            kind, _, who = whom.rpartition(" ") if not whom.startswith("every") else (whom, "", "")
            target = Target(TargetKind(kind), who)
            attached += [PolicyAttachment(of_account(name), target) for name in names]
    return PolicyChanges(tuple(attached), frozenset(written.get("detached", ())))


def call_of(case: dict[str, Any]) -> TrailEvent:
    """Return a call by a key of the case's user; `call` says what of it is not as usual."""
    usual = TrailEvent(
        source="s3.amazonaws.com",
        name="GetObject",
        type="AwsApiCall",
        recipient=ACCOUNT,
        identity="IAMUser",
        account=ACCOUNT,
        principal=f"arn:aws:iam::{ACCOUNT}:user/{case['user']}",
        key_id="AKIA1",
    )
    more = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in case.get("call", {}).items()
    }
    event = replace(usual, **more)
    if event.source != "iam.amazonaws.com":
        return event
    return replace(event, iam_resources=event.resources, iam_parameters=event.parameters)


@pytest.mark.parametrize(
    "case", cases("replay/accounts", ["user", "changes", "expect"], ["call", "scps", "seen"])
)
def test_case_of_an_account(case: dict[str, Any]) -> None:
    levels = tuple(
        Level(name, tuple(of_account(one, PolicyKind.SCP) for one in names))
        for name, names in case.get("scps", {}).items()
    )
    account = replace(snapshot_of(ACCOUNTS["account"]), scps=levels)
    asked = binding_of_change(account, changes_of(case["changes"]))
    binding, event = with_later_callers(asked, case.get("seen", ())), call_of(case)
    columns = columns_of(binding)
    found = Judge(binding, columns).judge(event)
    assert written(found, case["expect"]) == case["expect"]
    assert judge_plainly(event, binding, columns) == found
