"""Which name a person types for a new device, and whether they may set one up before the policy.

Reads `sekisho.notices.devices` itself, because of all that is decided only the name is shown.
"""

from typing import Any

import pytest

from audit.small_accounts import HOME, snapshot_of
from sekisho.notices import DeviceName, DeviceNames
from sekisho.notices.devices import may_enrol
from sekisho.policy import Document, Preset, choices_of, force_mfa, from_json

ALL = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]


def enforcing(create: list[str]) -> Document:
    """Return a policy of before 2022: who has no MFA creates devices of these names alone."""
    statements = [
        {"Effect": "Allow", "Action": "iam:CreateVirtualMFADevice", "Resource": create},
        {
            "Effect": "Deny",
            "NotAction": ["iam:CreateVirtualMFADevice", "iam:EnableMFADevice"],
            "Resource": "*",
            "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
        },
        {
            "Effect": "Deny",
            "Action": "iam:CreateVirtualMFADevice",
            "NotResource": create,
            "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
        },
    ]
    return from_json({"Version": "2012-10-17", "Statement": statements})


OWN = enforcing(["arn:aws:iam::*:mfa/${aws:username}"])
OWN_AND_MORE = enforcing(["arn:aws:iam::*:mfa/${aws:username}*"])


def named(
    account: dict[str, Any], stages: tuple[Document, ...], *, enrolled: bool = False
) -> DeviceName:
    snapshot = snapshot_of({"policies": {"All": ALL}, **account})
    return DeviceNames(snapshot, stages).of("aki", enrolled=enrolled)


AKI: dict[str, Any] = {"users": {"aki": {"has": ["All"], "password": {}}}}


@pytest.mark.parametrize("preset", Preset)
def test_our_policies_accept_any_name(preset: Preset) -> None:
    assert named(AKI, (force_mfa(choices_of(preset)),)) == DeviceName("aki")
    assert named(AKI, ()) == DeviceName("aki")


def test_an_old_policy_accepts_the_users_own_name_alone() -> None:
    assert named(AKI, (OWN,)) == DeviceName("aki", exact=True)
    taken = {**AKI, "unassigned": ["aki"]}
    assert named(taken, (OWN_AND_MORE,)) == DeviceName("aki-2", exact=True)


def test_a_new_user_has_no_policy_but_the_plans() -> None:
    assert named({"users": {}}, (OWN,)) == DeviceName("aki", exact=True)


def test_who_is_enrolled_is_under_the_second_stage() -> None:
    stages = (OWN, force_mfa(choices_of(Preset.RECOMMENDED)))
    assert named(AKI, stages).exact
    assert not named(AKI, stages, enrolled=True).exact


def test_a_name_that_a_device_has_is_not_proposed() -> None:
    others = {"bunko": {"devices": [f"{HOME}:mfa/AKI-2".removeprefix(f"{HOME}:")]}}
    account = {"users": {**AKI["users"], **others}, "unassigned": ["aki"]}
    assert named(account, ()) == DeviceName("aki-3")
    every = ["aki", *(f"aki-{number}" for number in range(2, 9))]
    assert named({**AKI, "unassigned": every}, ()) == DeviceName("aki-new")


@pytest.mark.parametrize(
    ("statements", "may"),
    [
        (ALL, True),
        ([{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}], False),
        ([{"Effect": "Allow", "Action": "iam:CreateVirtualMFADevice", "Resource": "*"}], False),
        ([{"Effect": "Allow", "Action": "iam:EnableMFADevice", "Resource": "*"}], False),
        (
            [
                *ALL,
                {
                    "Effect": "Deny",
                    "Action": "iam:*",
                    "Resource": "*",
                    "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"}},
                },
            ],
            False,
        ),
        (
            [
                {
                    "Effect": "Allow",
                    "Action": ["iam:CreateVirtualMFADevice", "iam:EnableMFADevice"],
                    "Resource": [f"{HOME}:mfa/${{aws:username}}", f"{HOME}:user/${{aws:username}}"],
                }
            ],
            True,
        ),
    ],
)
def test_who_may_set_up_mfa_before_it_is_enforced(statements: list[Any], *, may: bool) -> None:
    snapshot = snapshot_of({"users": {"aki": {"inline": {"own": statements}, "password": {}}}})
    assert may_enrol(snapshot, snapshot.user_named["aki"]) is may


def test_what_was_not_read_lets_nobody() -> None:
    snapshot = snapshot_of({"users": {"aki": {"has": ["Gone"], "password": {}}}})
    assert not may_enrol(snapshot, snapshot.user_named["aki"])
