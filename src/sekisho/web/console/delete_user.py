"""Deleting a user as the console does: with all that is the user's, confirmed by typing the name.

IAM refuses to delete a user who has anything left (DeleteConflict), so the console takes off one
thing after the other first. It stops at what is refused, and says what is gone already.

Source: IAM User Guide, "Remove or deactivate an IAM user".
"""

from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from sekisho.errors import AwsRefused
from sekisho.messages import Message
from sekisho.web.console.changes import ConsoleCall, carry_out, console_call
from sekisho.web.console.identities import IdentityKind
from sekisho.web.console.session import attempt, person, rehearsal, signed_in, try_reading
from sekisho.web.site import see_other, text

SCREEN = Blueprint("delete_user", __name__)

_PATH = "/iam/user/delete"
_LIST = "/iam/users"


@dataclass(frozen=True, slots=True)
class _Belonging:
    """Something of a user that has to go first.

    Attributes:
        listing: the operation that lists it, and the key of its answer.
        name: the key of an entry's own name; "" if the entry is the name.
        operation: the operation that takes it off.
        parameter: what the name is called there.
    """

    listing: tuple[str, str]
    name: str
    operation: str
    parameter: str


_BELONGINGS = (
    _Belonging(
        ("ListAttachedUserPolicies", "AttachedPolicies"),
        "PolicyArn",
        "DetachUserPolicy",
        "PolicyArn",
    ),
    _Belonging(("ListUserPolicies", "PolicyNames"), "", "DeleteUserPolicy", "PolicyName"),
    _Belonging(("ListGroupsForUser", "Groups"), "GroupName", "RemoveUserFromGroup", "GroupName"),
    _Belonging(
        ("ListAccessKeys", "AccessKeyMetadata"), "AccessKeyId", "DeleteAccessKey", "AccessKeyId"
    ),
    _Belonging(
        ("ListSigningCertificates", "Certificates"),
        "CertificateId",
        "DeleteSigningCertificate",
        "CertificateId",
    ),
    _Belonging(
        ("ListSSHPublicKeys", "SSHPublicKeys"),
        "SSHPublicKeyId",
        "DeleteSSHPublicKey",
        "SSHPublicKeyId",
    ),
    _Belonging(
        ("ListServiceSpecificCredentials", "ServiceSpecificCredentials"),
        "ServiceSpecificCredentialId",
        "DeleteServiceSpecificCredential",
        "ServiceSpecificCredentialId",
    ),
    _Belonging(
        ("ListMFADevices", "MFADevices"), "SerialNumber", "DeactivateMFADevice", "SerialNumber"
    ),
)
"""What is taken off, in this order."""


@SCREEN.get(_PATH)
@signed_in
def page() -> ResponseReturnValue:
    """Show what is deleted with the user, and ask for the name."""
    name = request.args.get("name", "")
    return _page(name) if name else see_other(_LIST)


@SCREEN.post(_PATH)
@signed_in
def delete() -> ResponseReturnValue:
    """Take off what the user has, then delete the user."""
    name = request.form.get("name", "")
    if request.form.get("confirm", "").strip() != name:
        return _page(name, fault=text("deleting.type_name")), HTTPStatus.UNPROCESSABLE_ENTITY
    changes = try_reading(lambda: list(_changes(name)))
    if isinstance(changes, AwsRefused):
        return _page(name, refused=changes), HTTPStatus.UNPROCESSABLE_ENTITY
    outcome = carry_out(changes, stops=True)
    for each in outcome.done:
        if each.operation == "DeactivateMFADevice":
            rehearsal().phones.drop(name, str(each.parameters["SerialNumber"]))
    outcome.flash(text("deleting.user_deleted", user=name))
    return see_other(_LIST) if outcome.whole else see_other(_PATH, name=name)


def _changes(user: str) -> Iterator[ConsoleCall]:
    """Yield the calls that delete a user.

    Raises:
        AwsRefused: if something that the user has may not be listed.
    """
    whom = {"UserName": user}
    login = attempt("iam", "GetLoginProfile", UserName=user)
    if not isinstance(login, AwsRefused):
        yield console_call("delete_login", "DeleteLoginProfile", whom, user=user)
    elif login.aws_code != "NoSuchEntity":
        raise login
    for kind in _BELONGINGS:
        for name in _names(kind, user):
            yield console_call(
                kind.operation, kind.operation, {**whom, kind.parameter: name}, name=_short(name)
            )
            if kind.operation == "DeactivateMFADevice" and ":mfa/" in name:
                virtual = {"SerialNumber": name}
                yield console_call(
                    "delete_device", "DeleteVirtualMFADevice", virtual, name=_short(name)
                )
    yield console_call("delete_user", "DeleteUser", whom, user=user)


def _names(kind: _Belonging, user: str) -> Iterator[str]:
    operation, key = kind.listing
    for each in person().api.pages("iam", operation, key, UserName=user):
        yield each[kind.name] if kind.name else each


def _short(name: str) -> str:
    """Return what an ARN names, and any other name as it is."""
    return name.rpartition("/")[2] if name.startswith("arn:") else name


def _page(name: str, *, fault: Message | None = None, refused: AwsRefused | None = None) -> str:
    changes: Any = try_reading(lambda: list(_changes(name)))
    unread = changes if isinstance(changes, AwsRefused) else None
    last = [] if unread else changes[:-1]
    return render_template(
        "delete_owner.html",
        navigation=_LIST,
        kind=IdentityKind.USER.value,
        name=name,
        goes=[each.said for each in last],
        fault=fault,
        refusals=[each for each in (unread or refused,) if each],
    )
