"""The administrator's part, done at once for somebody who rehearses the employee's part alone.

It is done as the administrator would: signed in with password and code, by calls that the
authorizer decides.
"""

from datetime import timedelta

from sekisho import policy
from sekisho.account.aws import Boto3Api, connect
from sekisho.errors import AwsRefused, InternalError
from sekisho.localaws import ConsoleClient
from sekisho.policy import NAME, Preset
from sekisho.web.console.rehearsal import STEP_SECONDS, Rehearsal


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
        place.advance(timedelta(seconds=STEP_SECONDS))
        page = client.mfa(page.ticket, place.phones.codes(name, place.now())[0].code)
    if page.keys is None:
        raise InternalError(f"the sign-in of `{name}` ends with no session")
    return connect(credentials=page.keys, region=place.region, endpoint_url=place.url)
