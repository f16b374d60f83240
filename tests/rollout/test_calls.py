"""Each kind of change is made, taken back and read by calls that IAM has, with its parameters.

Reads `rollout.changes` itself, because the table of kinds is what must be whole, and no plan has a
change of each kind.
"""

import botocore.session
import pytest
from botocore.validate import ParamValidator

from administered import ACCOUNT
from rollout.staging import ADMIN, ENFORCEMENT, account, full_goal
from sekisho.rollout import (
    Change,
    CreateLoginProfile,
    CreatePolicyVersion,
    CredentialType,
    DeactivateCredential,
    DeactivateDevice,
    DeactivateUnusedKey,
    DeleteAccessKey,
    DeleteDevice,
    DeleteLoginProfile,
    DeleteUnusedPassword,
    DetachGroupPolicy,
    DetachUserPolicy,
    EndSignInSessions,
    RemoveUserFromGroup,
    ReplacePassword,
    TagPolicy,
    plan,
)
from sekisho.rollout.changes.kinds import KINDS
from sekisho.rollout.changes.model import IamCall

SESSION = botocore.session.get_session()
MODELS = {name: SESSION.get_service_model(name) for name in ("iam", "signin")}
PHONE = f"arn:aws:iam::{ACCOUNT}:mfa/phone"
OLD = {"default": "v1", "document": {}, "versions": ["v1"]}
NEW = {"default": "v2", "document": {"Id": "x"}, "versions": ["v1", "v2"]}
BESIDE = {
    "CreateLoginProfile": {"Password": "x"},
    "BatchRevokeSessions": {"sessionArns": ["arn:aws:signin:us-east-1:111122223333:session/1"]},
}
"""What is known only when a call is made."""
CHANGES: list[Change] = [
    *plan(full_goal(), account(), ADMIN).changes,
    CreatePolicyVersion(ENFORCEMENT, {"Id": "x"}, OLD),
    *(TagPolicy(ENFORCEMENT, "team", "new", old) for old in (None, "", "old")),
    DetachGroupPolicy("Enforced", ENFORCEMENT),
    RemoveUserFromGroup("Enforced", "hanako"),
    DetachUserPolicy("hanako", ENFORCEMENT),
    DeactivateDevice("hanako", PHONE, ""),
    DeleteDevice(PHONE, "hanako"),
    ReplacePassword("hanako", reset_required=True, replaced=False),
    DeleteLoginProfile("hanako", reset_required=True),
    EndSignInSessions("hanako", f"arn:aws:iam::{ACCOUNT}:user/dev/hanako"),
    DeleteUnusedPassword("hanako", reset_required=False, unused_since=""),
    DeactivateUnusedKey("hanako", CredentialType.ACCESS_KEY.value, "A" * 24, unused_since=""),
    DeleteAccessKey("hanako", "A" * 24),
    *(DeactivateCredential("hanako", each.value, "A" * 24) for each in CredentialType),
]


def test_no_kind_is_left_out() -> None:
    assert {type(change) for change in CHANGES} == {*KINDS.values()}


def calls_of(change: Change) -> list[IamCall]:
    made = NEW if isinstance(change, CreatePolicyVersion) else change.after
    again = [change.renewal()] if isinstance(change, CreateLoginProfile) else []
    return [change.call(), *change.undo(made), *again]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.address)
def test_iam_has_each_call(change: Change) -> None:
    for call in calls_of(change):
        shape = MODELS[call.service].operation_model(call.operation).input_shape
        params = {**call.params, **BESIDE.get(call.operation, {})}
        assert not ParamValidator().validate(params, shape).has_errors(), call
    assert all(name in MODELS[change.service].operation_names for name in change.read_operations())


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.address)
def test_what_can_be_taken_back_has_calls_for_it(change: Change) -> None:
    assert bool(calls_of(change)[1:]) is change.reversible


def test_a_tag_is_taken_back_to_what_it_was() -> None:
    found = [TagPolicy(ENFORCEMENT, "team", "new", old).undo("new")[0] for old in (None, "", "old")]
    assert [call.operation for call in found] == ["UntagPolicy", "TagPolicy", "TagPolicy"]
    assert [call.params.get("Tags") for call in found[1:]] == [
        [{"Key": "team", "Value": ""}],
        [{"Key": "team", "Value": "old"}],
    ]
