"""The first page: the rehearsal, its users and its clock. Nothing of it is AWS's.

The administrator's part can be done here at once, for somebody who rehearses the employee's part
alone: as the administrator would, signed in with password and code, by calls that the authorizer
decides.
"""

from datetime import timedelta
from http import HTTPStatus

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue

from sekisho import policy
from sekisho.account.aws import Boto3Api, connect
from sekisho.errors import AwsRefused, InternalError
from sekisho.localaws import ConsoleClient
from sekisho.policy import NAME, Preset
from sekisho.web.browsers import FlashKind
from sekisho.web.console.rail import RailPath
from sekisho.web.console.rehearsal import STEP_SECONDS, Rehearsal
from sekisho.web.console.session import rehearsal, state
from sekisho.web.site import flash, local_path, see_other, text

SCREEN = Blueprint("start", __name__)

_STEPS = {"30s": 30, "15m": 900, "1h": 3600, "12h": 43_200, "1d": 86_400}
"""How far the clock can be moved at once, in seconds."""


@SCREEN.get("/")
def page() -> ResponseReturnValue:
    """Show who can sign in, and how."""
    place = rehearsal()
    return render_template(
        "start.html",
        account=place.account.account,
        people=place.people(),
        now=place.now(),
        presets=[each.value for each in Preset],
        administrator=place.administrator,
        steps=tuple(_STEPS),
    )


@SCREEN.post("/clock")
def move_clock() -> ResponseReturnValue:
    """Move the clock of the local AWS forward; codes and sessions go by it."""
    by = request.form.get("by", "")
    if by not in _STEPS:
        abort(HTTPStatus.BAD_REQUEST)
    rehearsal().advance(timedelta(seconds=_STEPS[by]))
    flash(FlashKind.SUCCESS, text("start.clock_moved", by=text(f"start.steps.{by}")))
    return see_other(local_path(request.form.get("page", "/"), "/"))


@SCREEN.post("/prepare")
def prepare() -> ResponseReturnValue:
    """Attach the policy to a user, as the administrator would: for the employee's path alone."""
    place = rehearsal()
    user = request.form.get("user", "")
    try:
        preset = Preset(request.form.get("preset", Preset.RECOMMENDED.value))
        enforce(place, user, preset)
    except ValueError:
        abort(HTTPStatus.BAD_REQUEST)
    except AwsRefused as refused:
        flash(FlashKind.ERROR, text("frame.not_done"), refused.aws_message)
        return see_other("/")
    flash(FlashKind.SUCCESS, text("start.prepared", user=user, preset=preset.value))
    return see_other("/")


@SCREEN.post("/rail")
def choose_rail() -> ResponseReturnValue:
    """Open the help rail for one of the two paths, or close it."""
    chosen, here = request.form.get("path", ""), state()
    here.closed_rail = here.rail
    here.rail = RailPath(chosen) if chosen in set(RailPath) else None
    return see_other(local_path(request.form.get("page", "/"), "/"))


def enforce(place: Rehearsal, user: str, preset: Preset) -> None:
    """Attach a Force_MFA policy of `preset` to a user, and take off one of another preset.

    Raises:
        AwsRefused: if AWS refuses something of it.
        InternalError: if the rehearsal knows no administrator.
    """
    api = as_administrator(place)
    arns = {each: _arn(place, each) for each in Preset}
    for arn in (arns[each] for each in Preset if each is not preset):
        _unless("NoSuchEntity", api, "DetachUserPolicy", UserName=user, PolicyArn=arn)
    document = policy.render(policy.force_mfa(policy.choices_of(preset)))
    place.prepared.add(_name(preset))
    _unless(
        "EntityAlreadyExists",
        api,
        "CreatePolicy",
        PolicyName=_name(preset),
        PolicyDocument=document,
    )
    api.call("iam", "AttachUserPolicy", UserName=user, PolicyArn=arns[preset])


def _name(preset: Preset) -> str:
    return f"{NAME}_{preset.value}"


def _arn(place: Rehearsal, preset: Preset) -> str:
    return f"arn:{place.account.partition}:iam::{place.account.account}:policy/{_name(preset)}"


def _unless(code: str, api: Boto3Api, operation: str, /, **parameters: str) -> None:
    """Call, and take one error code for an answer as well."""
    try:
        api.call("iam", operation, **parameters)
    except AwsRefused as refused:
        if refused.aws_code != code:
            raise


def as_administrator(place: Rehearsal) -> Boto3Api:
    """Return an API with a session of the administrator, who signs in with MFA."""
    name = place.administrator
    passwords = {each.name: each.password for each in place.people()}
    if name not in passwords:
        raise InternalError("a rehearsal without an administrator was asked to prepare a user")
    client = ConsoleClient(place.url, place.account.account)
    page = client.sign_in(name, passwords[name])
    if page.keys is None:
        # a code works once: what was used at the console before is behind us
        wait = place.phones.codes(name, place.now())[0].wait
        place.advance(timedelta(seconds=max(STEP_SECONDS, wait)))
        page = client.mfa(page.ticket, place.phones.codes(name, place.now())[0].code)
    if page.keys is None:
        raise InternalError(f"the sign-in of `{name}` ends with no session")
    return connect(credentials=page.keys, region=place.region, endpoint_url=place.url)
