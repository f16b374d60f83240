"""Virtual MFA devices that nobody has enabled, and deleting them: the rehearsal's own page.

A broken-off enrolment leaves one, and its name is in use from then on. The AWS console has no page
of them: there the AWS CLI is what an administrator uses, and the page says the commands.

Source: IAM User Guide, "Troubleshoot virtual MFA devices", and the API Reference,
ListVirtualMFADevices.
"""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from sekisho.errors import AwsRefused
from sekisho.web.browsers import FlashKind
from sekisho.web.console.credentials import home_of
from sekisho.web.console.session import attempt, person, rehearsal, signed_in, state, try_reading
from sekisho.web.site import flash, see_other, text

SCREEN = Blueprint("unassigned_devices", __name__)

_PATH = "/iam/unassigned-mfa"


@SCREEN.get(_PATH)
@signed_in
def page() -> ResponseReturnValue:
    """List the devices; a user who may not list them may still delete the one in the address."""
    user, name = request.args.get("user") or person().user, request.args.get("name", "")
    listed = try_reading(_serials)
    refused = listed if isinstance(listed, AwsRefused) else None
    serials = [] if isinstance(listed, AwsRefused) else listed
    if refused is not None and name:
        account = rehearsal().account
        serials = [f"arn:{account.partition}:iam::{account.account}:mfa/{name}"]
    return render_template(
        "unassigned_devices.html",
        user=user,
        name=name,
        home=home_of(user),
        refused=refused,
        serials=serials,
    )


def _serials() -> list[str]:
    pages = person().api.pages
    found = pages(
        "iam", "ListVirtualMFADevices", "VirtualMFADevices", AssignmentStatus="Unassigned"
    )
    return [each["SerialNumber"] for each in found]


@SCREEN.post(f"{_PATH}/delete")
@signed_in
def delete() -> ResponseReturnValue:
    """Delete a device; AWS refuses if a user has it (DeleteConflict)."""
    here, serial = state(), request.form.get("serial", "")
    answer = attempt("iam", "DeleteVirtualMFADevice", SerialNumber=serial)
    if isinstance(answer, AwsRefused):
        flash(FlashKind.ERROR, text("frame.not_done"), answer.aws_message)
    else:
        if here.device is not None and here.device.serial == serial:
            here.device = None
        flash(FlashKind.SUCCESS, text("unassigned.deleted", serial=serial))
    about = {each: request.form.get(each, "") for each in ("user", "name")}
    return see_other(_PATH, **about)
