"""Setting the operations of IAM and STS on moto's own classes.

moto calls the method that bears the operation's name and writes its result by the service's model;
so an operation is put right, or added, by one function. Each module here is one subject and lists
its functions in `OPERATIONS`.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from moto.core.common_types import TYPE_RESPONSE
from moto.core.responses import BaseResponse
from moto.core.serialize import url_encode
from moto.iam.responses import IamResponse
from moto.sts.responses import TokenResponse

from sekisho.localaws.overlay import (
    account,
    attachments,
    credentials,
    devices,
    policies,
    roles,
    service_credentials,
    sts,
    tags,
    users,
)
from sekisho.localaws.overlay.checks import check_names, check_parameters, imply_user
from sekisho.localaws.state.world import WORLD

SUBJECTS = {
    "iam": (
        account,
        attachments,
        credentials,
        devices,
        policies,
        roles,
        service_credentials,
        tags,
        users,
    ),
    "sts": (sts,),
}
"""The modules of the overlay, by the service of their operations."""

_MARK = "_sekisho_overlaid"
_RESPONSES = {"iam": IamResponse, "sts": TokenResponse}


def install_overlay() -> None:
    """Install the overlay; repeated calls have no effect."""
    if hasattr(IamResponse, _MARK):
        return
    setattr(IamResponse, _MARK, True)
    for service, subjects in SUBJECTS.items():
        for subject in subjects:
            for operation in subject.OPERATIONS:
                _set_method(_RESPONSES[service], operation.__name__, operation)
    _set_method(IamResponse, "call_action", _call_iam)
    IamResponse.RESPONSE_KEY_PATH_TO_TRANSFORMER.update(
        {
            "GetPolicyVersionResponse.PolicyVersion.Document": url_encode,
            "ListRolesResponse.Roles.Role.AssumeRolePolicyDocument": url_encode,
            "UpdateRoleDescriptionResponse.Role.AssumeRolePolicyDocument": url_encode,
        }
    )


def _set_method(owner: type[BaseResponse], name: str, ours: Callable[..., Any]) -> None:
    """Set a method that calls moto's own when no world is being served."""
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
