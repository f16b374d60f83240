"""What moto lacks of IAM and STS, set on moto's own classes.

moto calls the method that bears the operation's name and writes its result by the service's model;
so an operation is put right, or added, by one function. Each module here is one subject and lists
its functions in `OPERATIONS`.
"""

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

from botocore import xform_name
from moto.core.common_types import TYPE_RESPONSE
from moto.core.responses import ActionResult, BaseResponse
from moto.core.serialize import url_encode
from moto.core.utils import get_service_model
from moto.iam.responses import IamResponse
from moto.sts.responses import TokenResponse

from sekisho.localaws.overlay import (
    account,
    attachments,
    authorization_details,
    certificates,
    credentials,
    devices,
    instance_profiles,
    policies,
    providers,
    roles,
    service_credentials,
    sts,
    tags,
    users,
)
from sekisho.localaws.overlay.checks import check_names, check_parameters, check_sts, imply_user
from sekisho.localaws.world import WORLD

__all__ = ["SUBJECTS", "check_sts", "install"]

SUBJECTS = {
    "iam": (
        account,
        attachments,
        authorization_details,
        certificates,
        credentials,
        devices,
        instance_profiles,
        policies,
        providers,
        roles,
        service_credentials,
        tags,
        users,
    ),
    "sts": (sts,),
}
"""The modules of the overlay, by the service whose operations they hold."""

_MARK = "_sekisho_overlaid"
_RESPONSES = {"iam": IamResponse, "sts": TokenResponse}


def install() -> None:
    """Put the overlay in place; to do it again changes nothing."""
    if hasattr(IamResponse, _MARK):
        return
    setattr(IamResponse, _MARK, True)
    for service, subjects in SUBJECTS.items():
        for subject in subjects:
            for operation in subject.OPERATIONS:
                _put(_RESPONSES[service], operation.__name__, operation)
    for name in _lists():
        _put(IamResponse, name, _whole(getattr(IamResponse, name)))
    _put(IamResponse, "call_action", _call_iam)
    IamResponse.RESPONSE_KEY_PATH_TO_TRANSFORMER.update(
        {
            "GetPolicyVersionResponse.PolicyVersion.Document": url_encode,
            "ListRolesResponse.Roles.Role.AssumeRolePolicyDocument": url_encode,
            "UpdateRoleDescriptionResponse.Role.AssumeRolePolicyDocument": url_encode,
        }
    )


def _lists() -> Iterator[str]:
    """Yield moto's methods for the operations whose answers come in pages, but for ours."""
    ours = {each.__name__ for subject in SUBJECTS["iam"] for each in subject.OPERATIONS}
    model = get_service_model("iam")
    for operation in model.operation_names:
        output, name = model.operation_model(operation).output_shape, xform_name(operation)
        members = getattr(output, "members", {})
        if "IsTruncated" in members and name not in ours and hasattr(IamResponse, name):
            yield name


def _whole(theirs: Callable[[IamResponse], ActionResult]) -> Callable[[IamResponse], ActionResult]:
    """Return moto's method for a list, which leaves out that the list is whole."""

    def whole(self: IamResponse) -> ActionResult:
        answer = theirs(self)
        if isinstance(answer.result, dict):
            answer.result.setdefault("IsTruncated", False)
        return answer

    return whole


def _put(owner: type[BaseResponse], name: str, ours: Callable[..., Any]) -> None:
    """Set a method that is moto's own again wherever no world is being served."""
    theirs = getattr(owner, name, None)

    @wraps(ours)
    def method(self: BaseResponse) -> Any:
        if WORLD.get(None) is not None:
            return ours(self)
        if theirs is None:
            raise NotImplementedError(f"The {name} action has not been implemented")
        return theirs(self)

    setattr(owner, name, method)


def _call_iam(self: IamResponse) -> TYPE_RESPONSE:
    check_parameters("iam", self._get_action(), self.params)
    imply_user(self)
    check_names(self)
    return BaseResponse.call_action(self)
