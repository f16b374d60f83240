"""What moto lacks of IAM and STS, set on moto's own classes.

moto calls the method that bears the operation's name and writes its result by the service's model;
so an operation is put right, or added, by one function. Each module here is one subject and lists
its functions in `OPERATIONS`.
"""

from moto.core.common_types import TYPE_RESPONSE
from moto.core.responses import BaseResponse
from moto.core.serialize import never_return, url_encode
from moto.iam.responses import IamResponse
from moto.sts.responses import TokenResponse

from sekisho.endpoint.overlay import (
    account,
    details,
    device_lists,
    devices,
    keys,
    names,
    passwords,
    policies,
    shapes,
    sts,
    users,
)

__all__ = ["SUBJECTS", "install"]

SUBJECTS = {
    "iam": (account, details, device_lists, devices, keys, passwords, policies, users),
    "sts": (sts,),
}
"""The modules of the overlay, by the service whose operations they hold."""

_RESPONSES = {"iam": IamResponse, "sts": TokenResponse}


def install() -> None:
    """Put the overlay in place; to do it again changes nothing."""
    for service, subjects in SUBJECTS.items():
        for subject in subjects:
            for operation in subject.OPERATIONS:
                setattr(_RESPONSES[service], operation.__name__, operation)
    IamResponse.call_action = _call_iam  # type: ignore[assignment,method-assign]  # on purpose
    TokenResponse.call_action = _call_sts  # type: ignore[assignment,method-assign]  # on purpose
    IamResponse.RESPONSE_KEY_PATH_TO_TRANSFORMER.update(
        {
            "GetPolicyVersionResponse.PolicyVersion.Document": url_encode,
            "ListPolicyVersionsResponse.Versions.PolicyVersion.Document": never_return,
        }
    )


def _call_iam(self: IamResponse) -> TYPE_RESPONSE:
    shapes.check(self)
    names.imply_user(self)
    names.check(self)
    return BaseResponse.call_action(self)


def _call_sts(self: TokenResponse) -> TYPE_RESPONSE:
    shapes.check(self)
    return BaseResponse.call_action(self)
