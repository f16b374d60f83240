"""Names in a request: the implied user, and names that nobody has.

Source: IAM API Reference ("If you do not specify a user name, IAM determines the user name
implicitly based on the AWS access key ID signing the request").
"""

from collections.abc import Mapping
from functools import cache

from moto.core.responses import BaseResponse
from moto.core.utils import get_service_model
from moto.iam.responses import IamResponse

from sekisho.localaws.overlay.policies import managed
from sekisho.localaws.overlay.refusals import from_rule, no_such
from sekisho.localaws.overlay.request import caller_user, iam
from sekisho.localaws.refusal import Refusal
from sekisho.signin.devices import no_such_user

__all__ = ["check", "imply_user", "self_service"]

_POLICY_CHANGES = frozenset(
    {
        "CreatePolicyVersion",
        "DeletePolicy",
        "DeletePolicyVersion",
        "SetDefaultPolicyVersion",
        "TagPolicy",
        "UntagPolicy",
    }
)


@cache
def self_service() -> frozenset[str]:
    """Return the IAM operations whose `UserName` may be left out: the caller is meant then."""
    model = get_service_model("iam")
    found = set()
    for name in model.operation_names:
        shape = model.operation_model(name).input_shape
        if shape and "UserName" in shape.members and "UserName" not in shape.required_members:
            found.add(name)
    return frozenset(found)


def imply_user(response: IamResponse) -> None:
    """Fill in the caller's name where the request leaves the user out."""
    if response._get_action() in self_service() and not response.params.get("UserName"):
        response.params["UserName"] = caller_user()


def check(response: BaseResponse) -> None:
    """Refuse a request about a user, group, role or policy that is not there.

    Raises:
        Refusal: `NoSuchEntity`.
    """
    action, given = response._get_action(), response.params
    if not action.startswith("Create") or action in self_service():
        _check_users(given)
    if action not in {"CreateGroup", "CreateRole"}:
        _check_groups_and_roles(given)
    arn = given.get("PolicyArn")
    if action in _POLICY_CHANGES and isinstance(arn, str):
        managed(arn)
    elif arn and not action.startswith("Attach") and arn not in iam().managed_policies:
        raise Refusal("NoSuchEntity", f"Policy {arn} was not found.", 404)


def _check_users(given: Mapping[str, object]) -> None:
    name = given.get("UserName")
    if isinstance(name, str) and name not in iam().users:
        raise from_rule(no_such_user(name))


def _check_groups_and_roles(given: Mapping[str, object]) -> None:
    name = given.get("GroupName")
    if isinstance(name, str) and name not in iam().groups:
        raise no_such("group", name)
    name = given.get("RoleName")
    roles = {role.name for role in iam().roles.values()}
    if isinstance(name, str) and name not in roles:
        raise no_such("role", name)
