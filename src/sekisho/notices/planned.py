"""What a plan comes to that its people are told by: its policies and stages, and what it resets."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from sekisho.account import Device, Snapshot, User
from sekisho.policy import Document, from_json
from sekisho.rollout import (
    CreatePolicy,
    CreatePolicyVersion,
    DeactivateDevice,
    Plan,
    ReplacePassword,
    enrolment_arns,
)


def policies_of_plan(plan: Plan) -> tuple[Document, ...]:
    """Return the policies that a plan enforces MFA by; of two, the second is for the enrolled.

    Of which there are which already makes no difference.
    """
    before = enrolment_arns(plan.enrolment, plan.partition) if plan.enrolment else ()
    policies = {
        each.arn: each.document
        for each in (*plan.changes, *plan.needless)
        if isinstance(each, CreatePolicy | CreatePolicyVersion) and each.arn not in before
    }
    arns = sorted(policies, key=lambda arn: arn == plan.stricter)
    return tuple(from_json(policies[arn], source=arn) for arn in arns)


def is_in_second_stage(plan: Plan, devices: tuple[Device, ...]) -> bool:
    """Return whether somebody with these devices gets the stricter policy, if there is one."""
    return bool(devices) and not lacks_passkey(plan, devices)


def lacks_passkey(plan: Plan, devices: tuple[Device, ...]) -> bool:
    """Return whether a plan asks for a passkey or security key, and none of these is one."""
    if plan.require is None:
        return False
    return not plan.require.met_by(each.serial for each in devices)


def reset_by(plan: Plan, snapshot: Snapshot) -> Snapshot:
    """Return the account as it is once a plan has reset people's MFA, if it has not yet."""
    changes = plan.changes
    deactivated = {
        each.serial: each.enabled for each in changes if isinstance(each, DeactivateDevice)
    }
    passwords = {each.user: each for each in changes if isinstance(each, ReplacePassword)}
    if not deactivated and not passwords:
        return snapshot

    def reset(user: User) -> User:
        devices = tuple(each for each in user.devices if not _is_gone(each, deactivated))
        change, password = passwords.get(user.name), user.password
        if change is None or password is None or devices == user.devices:
            return replace(user, devices=devices)
        return replace(
            user, devices=devices, password=replace(password, reset_required=change.reset_required)
        )

    return replace(snapshot, users=tuple(reset(user) for user in snapshot.users))


def _is_gone(device: Device, gone: Mapping[str, str]) -> bool:
    """Return whether this device is deactivated, and not another that has its name since."""
    enabled = gone.get(device.serial)
    if enabled is None:
        return False
    return not enabled or device.enabled_at == datetime.fromisoformat(enabled)
