"""The accounts in which walks are performed: each scenario has people of its own.

Every secret here is made up and opens nothing.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sekisho.account import AccountFile, load_account
from sekisho.account.aws import Keys
from sekisho.policy import to_json
from sekisho.prover.scenarios import (
    Access,
    Actor,
    Holding,
    MoveKind,
    Scenario,
    ScenarioDevice,
    ScenarioPassword,
    ScenarioPrincipal,
    ScenarioStep,
    ScenarioUser,
    Setting,
)
from sekisho.prover.scenarios.search import SearchProblem
from sekisho.prover.scenarios.setting import ACCOUNT

PASSWORDS = {
    ScenarioPrincipal.USER: "Kadomatsu-7-lantern",
    ScenarioPrincipal.COLLEAGUE: "Shimenawa-9-rope",
}
ADMIN_PASSWORD = "Torii-5-vermilion"
SEED = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
_ALL = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"},
}
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
_LIMIT = f"arn:aws:iam::{ACCOUNT}:policy/limit"
_DATE = "2024-04-01T00:00:00Z"
PASSWORD_AGE = 90  # days
SETUP = "setup"
"""The user who prepares what a scenario begins with."""
_ACTORS = (ScenarioPrincipal.USER, ScenarioPrincipal.COLLEAGUE)


@dataclass(frozen=True)
class Cell:
    """A scenario with people of its own in an account that several scenarios share."""

    scenario: Scenario
    setting: Setting

    @classmethod
    def of(
        cls, scenario: Scenario, setting: Setting, number: int, steps: Iterable[ScenarioStep] = ()
    ) -> "Cell":
        """Return a scenario whose people have a number, as the steps have them."""
        names = {
            who: f"{setting.called.people[who]}-{number}"
            for who in (ScenarioPrincipal.USER, ScenarioPrincipal.COLLEAGUE)
        }
        settled = replace(scenario, question=_settled(scenario.question, steps))
        return cls(settled, replace(setting, names=names))


def _settled(question: SearchProblem, steps: Iterable[ScenarioStep]) -> SearchProblem:
    """Return a question in which who is given a password has none: that can be either way."""
    given = {
        s.move.target
        for s in steps
        if s.move.kind is MoveKind.CREATE_LOGIN and s.outcome.carried_out
    }

    def settled(who: ScenarioPrincipal) -> ScenarioUser:
        person = question.start.person(who)
        none = person.password is ScenarioPassword.UNKNOWN and who in given
        return replace(person, password=ScenarioPassword.NONE) if none else person

    user, colleague = settled(ScenarioPrincipal.USER), settled(ScenarioPrincipal.COLLEAGUE)
    return replace(question, start=replace(question.start, user=user, colleague=colleague))


def account_of(cells: Sequence[Cell]) -> AccountFile:
    """Return the account in which scenarios under the same policies begin."""
    return load_account(json.dumps(_account(cells)))


def _account(cells: Sequence[Cell]) -> dict[str, Any]:
    setting, called = cells[0].setting, cells[0].setting.called
    role = {
        **_entry("Role", called.role, "AROA", f"role/{called.role}"),
        "AssumeRolePolicyDocument": to_json(setting.role_trust.document),
        "RolePolicyList": [{"PolicyName": "all", "PolicyDocument": _ALL}],
    }
    group = {
        **_entry("Group", called.group, "AGPA", f"group/{called.group}"),
        "GroupPolicyList": _inline([to_json(each.document) for each in setting.enrolled]),
    }
    people = [each for cell in cells for each in _people(cell)]
    return {
        "schema": "sekisho.account/1",
        "account": ACCOUNT,
        "partition": "aws",
        "authorizationDetails": {
            "UserDetailList": [*people, _user("yuki", "/", [_ALL]), _user(SETUP, "/", [_ALL])],
            "GroupDetailList": [group],
            "RoleDetailList": [role],
            "Policies": _limits(setting),
        },
        "passwordPolicy": {
            "AllowUsersToChangePassword": setting.users_may_change,
            "MaxPasswordAge": PASSWORD_AGE,
            "HardExpiry": True,
        },
        "credentials": {
            "users": {
                **{
                    cell.setting.called.people[who]: _held(who, cell)
                    for cell in cells
                    for who in _ACTORS
                },
                "yuki": {
                    "password": ADMIN_PASSWORD,
                    "devices": [{"name": "yuki", "seed": SEED}],
                },
                SETUP: {"accessKeys": [_key(SETUP)]},
            },
            "unassignedDevices": [
                {"name": device_name(device, ScenarioPrincipal.USER, cell), "seed": SEED}
                for cell in cells
                for device in sorted(cell.scenario.question.start.unassigned)
            ],
        },
    }


def _people(cell: Cell) -> Iterable[dict[str, Any]]:
    attached = [{"PolicyName": "AdministratorAccess", "PolicyArn": ADMINISTRATOR}]
    # what the password policy allows is the account's to say
    setting = replace(cell.setting, users_may_change=False)
    for who in _ACTORS:
        more: dict[str, Any] = {}
        if cell.scenario.actor is Actor.ATTACKER:
            more["AttachedManagedPolicies"] = attached
        if cell.scenario.question.start.person(who).member:
            more["GroupList"] = [setting.called.group]
        policies = setting.policies(who)
        if policies.boundaries:
            more["PermissionsBoundary"] = {
                "PermissionsBoundaryType": "Policy",
                "PermissionsBoundaryArn": _LIMIT,
            }
        documents = [to_json(each.document) for each in policies.identity]
        yield _user(setting.called.people[who], setting.holder(who).path, documents, **more)


def _limits(setting: Setting) -> list[dict[str, Any]]:
    limits = setting.policies(ScenarioPrincipal.USER).boundaries or ()
    return [
        {
            **_entry("Policy", "limit", "ANPA", "policy/limit"),
            "DefaultVersionId": "v1",
            "PolicyVersionList": [
                {"VersionId": "v1", "IsDefaultVersion": True, "Document": to_json(each.document)}
            ],
        }
        for each in limits
    ]


def _entry(kind: str, name: str, prefix: str, resource: str) -> dict[str, Any]:
    return {
        f"{kind}Name": name,
        f"{kind}Id": f"{prefix}{_plain(name):X<17}",
        "Path": "/",
        "Arn": f"arn:aws:iam::{ACCOUNT}:{resource}",
        "CreateDate": _DATE,
    }


def _user(name: str, path: str, documents: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    entry = _entry("User", name, "AIDA", f"user{path}{name}")
    return {**entry, "Path": path, "UserPolicyList": _inline(documents), **more}


def _inline(documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {"PolicyName": f"own-{place}", "PolicyDocument": document}
        for place, document in enumerate(documents)
    ]


def _plain(name: str) -> str:
    return name.upper().replace("-", "")


def keys_of(name: str) -> Keys:
    """Return the access key that the user of this name begins with."""
    return Keys(f"AKIAEXAMPLE{_plain(name):X<9}", f"example-secret-of-{name}-0123456789abcdef")


def _key(name: str) -> dict[str, str]:
    keys = keys_of(name)
    return {"id": keys.access_key_id, "secret": keys.secret_access_key}


def _held(who: ScenarioPrincipal, cell: Cell) -> dict[str, Any]:
    start, name = cell.scenario.question.start, cell.setting.called.people[who]
    person = start.person(who)
    held: dict[str, Any] = {}
    if person.password is not ScenarioPassword.NONE:
        held |= {"password": PASSWORDS[who], "passwordResetRequired": person.must_change}
    names = [device_name(device, who, cell) for device in sorted(person.devices)]
    names += [f"spare-{number}-of-{name}" for number in range(person.further)]
    held["devices"] = [{"name": each, "seed": SEED} for each in names]
    if Holding(who, Access.KEY) in start.holds:
        held["accessKeys"] = [_key(name)]
    return held


def device_name(device: ScenarioDevice, who: ScenarioPrincipal, cell: Cell) -> str:
    """Return what a device is called that one of a scenario's people begins with."""
    names = cell.setting.called.people
    return (
        names[device.name]
        if isinstance(device.name, ScenarioPrincipal)
        else f"other-of-{names[who]}"
    )
