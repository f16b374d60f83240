"""Assigning an MFA device in two pages, taking one off, and resynchronising one.

An authenticator app: the first page creates the device, the second enables it with two codes. If
nobody goes on to the second, the device stays unassigned and its name is in use, as at AWS. A
passkey: the browser makes it on the second page. Hardware tokens have to be bought; there are none.

The devices that nobody has enabled have a page of the rehearsal's own, which deletes them. The AWS
console has none: there an administrator uses the AWS CLI, and the page shows the commands.

Source: IAM User Guide, "Assign a virtual MFA device in the AWS Management Console", "Assign a
passkey or security key", "Resynchronize virtual and hardware MFA devices", "Troubleshoot virtual
MFA devices"; IAM API Reference, ListVirtualMFADevices.
"""

import re
from collections.abc import Mapping
from dataclasses import field
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Self
from urllib.parse import urlencode

from flask import Blueprint, Response, abort, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from sekisho.errors import AwsRefused
from sekisho.lazy import dataclass
from sekisho.localaws import ConsoleClient
from sekisho.messages import Message
from sekisho.policy import names
from sekisho.signin import ErrorCode
from sekisho.web.browsers import FlashKind
from sekisho.web.console.credentials import home_of
from sekisho.web.console.policy_text import faults_text
from sekisho.web.console.rehearsal import PhoneCode
from sekisho.web.console.session import (
    ENDED,
    UnfinishedDevice,
    attempt,
    origin,
    person,
    rehearsal,
    session_ended,
    signed_in,
    state,
    try_reading,
)
from sekisho.web.site import aws_text, flash, language, see_other, sent_json, text

SCREEN = Blueprint("mfa", __name__)

_FIRST = "/iam/assign-mfa"
_APP = "/iam/assign-mfa/app"
_PASSKEY = "/iam/assign-mfa/passkey"
_KINDS = ("passkey", "app", "hardware")
_CODES = ("code1", "code2")
_CODE = re.compile(r"[0-9]{6}")
_UNASSIGNED = "/iam/unassigned-mfa"


@SCREEN.get(_FIRST)
@signed_in
def choose() -> ResponseReturnValue:
    """Ask for the device name and the kind of device."""
    return _first_page(request.args.get("user") or person().user)


def _begin_again() -> ResponseReturnValue:
    """Lead to the first page: the device that was created has gone with the session.

    The form carries whose device it was and what was typed, so that it is not another's now.
    """
    flash(FlashKind.INFO, text("mfa.begin_again"))
    about = {each: request.values[each] for each in ("user", "name") if each in request.values}
    return see_other(_FIRST, **about)


@SCREEN.post(_FIRST)
@signed_in
def choose_kind() -> ResponseReturnValue:
    """Go on to the page of the kind that was chosen; an app's device is created now."""
    user, name = request.form.get("user", ""), request.form.get("name", "").strip()
    if faults := names.device_name(name):
        fault = faults_text(faults) if name else text("mfa.name_missing")
        return _first_page(user, name_fault=fault)
    match request.form.get("kind", ""):
        case "app":
            return _create_device(user, name)
        case "passkey":
            return _begin_passkey(user, name)
        case "hardware":
            return _first_page(user, kind_fault=text("mfa.no_hardware"))
        case _:
            return _first_page(user, kind_fault=text("mfa.choose_kind"))


def _begin_passkey(user: str, name: str) -> ResponseReturnValue:
    """Lead on to the page where the browser makes it, unless the name or the quota is in the way.

    Whether the policies let it be made is told on that page, as at AWS.
    """
    try:
        _client().passkey_options(person().keys, name, origin(), user)
    except AwsRefused as refused:
        match refused.aws_code:
            case ErrorCode.ENTITY_ALREADY_EXISTS:
                return _first_page(user, name_fault=aws_text(refused.aws_message))
            case ErrorCode.LIMIT_EXCEEDED:
                return _first_page(user, refused=refused)
            case _:
                pass
    return see_other(_PASSKEY, user=user, name=name)


def _first_page(
    user: str,
    *,
    name_fault: Message | None = None,
    kind_fault: Message | None = None,
    refused: AwsRefused | None = None,
) -> ResponseReturnValue:
    faulty = bool(name_fault or kind_fault or refused)
    page = render_template(
        "assign_mfa.html",
        user=user,
        name=request.args.get("name", ""),
        kind=request.args.get("kind", "app"),
        home=home_of(user),
        kinds=_KINDS,
        name_fault=name_fault,
        kind_fault=kind_fault,
        refused=refused,
    )
    return page, HTTPStatus.UNPROCESSABLE_ENTITY if faulty else HTTPStatus.OK


def _create_device(user: str, name: str) -> ResponseReturnValue:
    """Create the virtual device, unless this browser has done so and comes back to it."""
    here = state()
    if here.device is not None and (here.device.user, here.device.name) == (user, name):
        return see_other(_APP)
    answer = attempt("iam", "CreateVirtualMFADevice", VirtualMFADeviceName=name)
    if isinstance(answer, AwsRefused):
        return _first_page(user, refused=answer)
    made = answer["VirtualMFADevice"]
    here.device = UnfinishedDevice(
        user,
        name,
        made["SerialNumber"],
        made["Base32StringSeed"].decode("ascii"),
        made["QRCodePNG"],
    )
    return see_other(_APP)


@SCREEN.get(_APP)
@signed_in
def set_up() -> ResponseReturnValue:
    """Show the QR code and the secret key, and ask for two codes."""
    device = state().device
    if device is None:
        return _begin_again()
    return _app_page(device, None)


@SCREEN.get("/iam/assign-mfa/qr.png")
@signed_in
def picture() -> ResponseReturnValue:
    """Return the QR code."""
    device = state().device
    if device is None:
        abort(HTTPStatus.NOT_FOUND)
    return Response(device.picture, content_type="image/png")


@SCREEN.post(_APP)
@signed_in
def enable() -> ResponseReturnValue:
    """Enable the device with two consecutive codes."""
    device = state().device
    if device is None:
        return _begin_again()
    codes = TwoCodes.from_form()
    if codes.faults:
        return _app_page(device, None, codes.faults), HTTPStatus.UNPROCESSABLE_ENTITY
    answer = attempt(
        "iam",
        "EnableMFADevice",
        UserName=device.user,
        SerialNumber=device.serial,
        **codes.parameters,
    )
    if isinstance(answer, AwsRefused):
        return _app_page(device, answer), HTTPStatus.UNPROCESSABLE_ENTITY
    rehearsal().phones.add(device.user, device.serial, device.seed)
    state().device = None
    return _confirm_assigned(device.user)


@dataclass(frozen=True, slots=True)
class TwoCodes:
    """The two codes of a form, in the order of its fields; they are secret."""

    codes: tuple[str, ...] = field(repr=False)

    @classmethod
    def from_form(cls) -> Self:
        """Return the codes that were sent, without the spaces that apps show in them."""
        return cls(tuple("".join(request.form.get(each, "").split()) for each in _CODES))

    @property
    def faults(self) -> Mapping[str, Message]:
        """The faults of the codes, by field: AWS would not even look at such a code."""
        found = zip(_CODES, self.codes, strict=True)
        return {each: text("mfa.six_digits") for each, code in found if not _CODE.fullmatch(code)}

    @property
    def parameters(self) -> Mapping[str, str]:
        """The parameters of a call."""
        first, second = self.codes
        return {"AuthenticationCode1": first, "AuthenticationCode2": second}


def _app_page(
    device: UnfinishedDevice,
    refused: AwsRefused | None,
    faults: Mapping[str, Message] = MappingProxyType({}),
) -> str:
    place = rehearsal()
    return render_template(
        "assign_app.html",
        device=device,
        home=home_of(device.user),
        codes=(place.phones.code_of(device.name, device.seed, place.now()),),
        refused=refused,
        faults=faults,
    )


def _confirm_assigned(user: str) -> ResponseReturnValue:
    own = user == person().user and not person().mfa
    flash(FlashKind.SUCCESS, text("mfa.assigned_own" if own else "mfa.assigned"))
    return see_other(home_of(user))


@SCREEN.get(_PASSKEY)
@signed_in
def passkey_page() -> ResponseReturnValue:
    """Have the browser make a passkey."""
    user = request.args.get("user") or person().user
    return render_template(
        "assign_passkey.html", user=user, name=request.args.get("name", ""), home=home_of(user)
    )


@SCREEN.post("/iam/assign-mfa/passkey/options")
@signed_in
def passkey_options() -> ResponseReturnValue:
    """Answer the script with what the browser needs to make a passkey."""
    asked = sent_json()
    me = person()
    try:
        options = _client().passkey_options(
            me.keys, str(asked.get("name", "")), origin(), str(asked.get("user", ""))
        )
    except AwsRefused as refused:
        return _no_passkey(refused, asked)
    state().passkey = options.ticket
    return jsonify(options.public_key)


@SCREEN.post(_PASSKEY)
@signed_in
def passkey_made() -> ResponseReturnValue:
    """Register the passkey that the browser has made."""
    sent = sent_json()
    ticket, state().passkey = state().passkey, ""
    try:
        _client().register_passkey(person().keys, ticket, sent.get("credential", {}))
    except AwsRefused as refused:
        return _no_passkey(refused, sent)
    user = str(sent.get("user", ""))
    _confirm_assigned(user)
    return jsonify(next=home_of(user))


def _no_passkey(refused: AwsRefused, sent: Mapping[str, Any]) -> ResponseReturnValue:
    """Answer the script with AWS's text, or have it sign in again and come back."""
    if refused.aws_code in ENDED:
        about = {each: str(sent.get(each, "")) for each in ("user", "name")}
        return session_ended(f"{_PASSKEY}?{urlencode(about)}")
    return jsonify(error=aws_text(refused.aws_message).into(language())), HTTPStatus.FORBIDDEN


@SCREEN.post("/iam/remove-mfa")
@signed_in
def remove() -> ResponseReturnValue:
    """Deactivate a device; an authenticator app's is deleted as well, as the console does."""
    user, serial = request.form.get("user", ""), request.form.get("serial", "")
    answer = attempt("iam", "DeactivateMFADevice", UserName=user, SerialNumber=serial)
    if not isinstance(answer, AwsRefused) and ":mfa/" in serial:
        answer = attempt("iam", "DeleteVirtualMFADevice", SerialNumber=serial)
    if isinstance(answer, AwsRefused):
        flash(FlashKind.ERROR, text("frame.not_done"), answer.aws_message)
    else:
        rehearsal().phones.drop(user, serial)
        flash(FlashKind.SUCCESS, text("mfa.removed"))
    return see_other(home_of(user))


@SCREEN.route("/iam/resync-mfa", methods=["GET", "POST"])
@signed_in
def resync() -> ResponseReturnValue:
    """Bring a device back into step with two codes."""
    user, serial = request.args.get("user", ""), request.args.get("serial", "")
    refused, codes = None, TwoCodes.from_form()
    faults = codes.faults if request.method == "POST" else {}
    if request.method == "POST" and not faults:
        refused = attempt(
            "iam", "ResyncMFADevice", UserName=user, SerialNumber=serial, **codes.parameters
        )
        if not isinstance(refused, AwsRefused):
            flash(FlashKind.SUCCESS, text("mfa.resynced"))
            return see_other(home_of(user))
    page = render_template(
        "resync_mfa.html",
        user=user,
        serial=serial,
        home=home_of(user),
        codes=_codes_of(user),
        refused=refused,
        faults=faults,
    )
    return page, HTTPStatus.UNPROCESSABLE_ENTITY if refused or faults else HTTPStatus.OK


def _codes_of(user: str) -> tuple[PhoneCode, ...] | AwsRefused:
    """Return the codes on a user's phone, if the signed-in user may list the user's devices."""
    place = rehearsal()
    answer = attempt("iam", "ListMFADevices", UserName=user)
    return answer if isinstance(answer, AwsRefused) else place.phones.codes(user, place.now())


def _client() -> ConsoleClient:
    place = rehearsal()
    return ConsoleClient(place.url, place.account.account)


@SCREEN.get(_UNASSIGNED)
@signed_in
def unassigned_page() -> ResponseReturnValue:
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


@SCREEN.post(f"{_UNASSIGNED}/delete")
@signed_in
def delete_unassigned() -> ResponseReturnValue:
    """Delete a device; AWS refuses if a user has it (DeleteConflict)."""
    here, serial = state(), request.form.get("serial", "")
    answer = attempt("iam", "DeleteVirtualMFADevice", SerialNumber=serial)
    if isinstance(answer, AwsRefused):
        flash(FlashKind.ERROR, text("frame.not_done"), answer.aws_message)
    else:
        if here.device is not None and here.device.serial == serial:
            here.device = None
        flash(FlashKind.SUCCESS, text("unassigned_devices.deleted", serial=serial))
    about = {each: request.form.get(each, "") for each in ("user", "name")}
    return see_other(_UNASSIGNED, **about)
