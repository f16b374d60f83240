"""A session of a user of an account file, at a local AWS that runs: `sekisho local --as`.

The file has the user's secrets, so the sign-in is the user's own: password and code at the console,
or, for who has no password, GetSessionToken with an access key and a code. Who has an access key
and no MFA device, as machines have, calls with the key.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from sekisho.account import AccountFile, UserCredentials
from sekisho.errors import AwsRefused, InternalError, UsageError, did_you_mean
from sekisho.messages import Message
from sekisho.signin import code_at, step_of

if TYPE_CHECKING:
    from sekisho.account.aws import Keys

_GIVE = Message("give it under `credentials` in the account file")
_STEP_SECONDS = 30


class SessionFormat(StrEnum):
    """The forms in which a session is printed."""

    TEXT = "text"
    JSON = "json"
    PROCESS = "process"


@dataclass(frozen=True, slots=True)
class RunningLocalAws:
    """A local AWS that runs.

    Attributes:
        now: what its clock shows.
    """

    url: str
    region: str
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


def credentials_of(account: AccountFile, user: str) -> UserCredentials:
    """Return what a user signs in with.

    Raises:
        UsageError: if there is no such user, or the file lacks what a session needs.
    """
    names = {each.name for each in account.users}
    if user not in names:
        message = Message("there is no user `{name}` in the account file").filled(name=user)
        raise UsageError(message, fix=did_you_mean(user, names))
    credentials = account.credentials.get(user, UserCredentials())
    if _serial(account, credentials) is None and (
        credentials.devices or _key(account, credentials) is None
    ):
        message = Message("`{name}` has no MFA device with a seed, so no MFA session is possible")
        raise UsageError(message.filled(name=user), fix=_GIVE)
    if _by_password(credentials) or _key(account, credentials) is not None:
        return credentials
    if credentials.password is not None:
        message = Message("`{name}` must change the password before there is an MFA session")
        fix = Message(
            "set `passwordResetRequired` to false in the account file, or add an access key"
        )
        raise UsageError(message.filled(name=user), fix=fix)
    message = Message("`{name}` has no password and no access key with a secret")
    raise UsageError(message.filled(name=user), fix=_GIVE)


def session_of(account: AccountFile, place: RunningLocalAws, user: str) -> "Keys":
    """Return a session of a user who signs in with MFA now, or the key of who has no device.

    A code works once: where the one of now has been used, the next is waited for.

    Raises:
        UsageError: as `credentials_of`.
        AwsRefused: if the local AWS refuses the sign-in.
    """
    credentials = credentials_of(account, user)
    if _serial(account, credentials) is None:
        return _keys_of(account, credentials)
    try:
        return _signed_in(account, place, user, credentials)
    except AwsRefused as refused:
        if refused.operation not in ("CheckMfa", "GetSessionToken") or not refused.status:
            raise
        time.sleep(_STEP_SECONDS - place.now().timestamp() % _STEP_SECONDS)
        return _signed_in(account, place, user, credentials)


def session_text(keys: "Keys", place: RunningLocalAws, form: SessionFormat, set_: str) -> str:
    """Return a session as shells, programs or `credential_process` of the AWS CLI read it.

    Args:
        keys: the session.
        place: where it is valid.
        form: who reads it.
        set_: what sets a variable of the environment: `export`, or `set` on Windows.
    """
    match form:
        case SessionFormat.TEXT:
            pairs = {
                "AWS_ENDPOINT_URL": place.url,
                "AWS_DEFAULT_REGION": place.region,
                "AWS_ACCESS_KEY_ID": keys.access_key_id,
                "AWS_SECRET_ACCESS_KEY": keys.secret_access_key,
                # empty: it takes away one that was pasted before
                "AWS_SESSION_TOKEN": keys.session_token or "",
            }
            return "\n".join(f"{set_} {name}={value}" for name, value in pairs.items())
        case SessionFormat.JSON:
            where = {"endpointUrl": place.url, "region": place.region}
            return json.dumps(where | _credential_fields(keys), indent=2)
        case SessionFormat.PROCESS:
            given = {
                name: value for name, value in _credential_fields(keys).items() if value is not None
            }
            return json.dumps({"Version": 1} | given, indent=2)


def _credential_fields(keys: "Keys") -> dict[str, str | None]:
    return {
        "AccessKeyId": keys.access_key_id,
        "SecretAccessKey": keys.secret_access_key,
        "SessionToken": keys.session_token,
    }


def _by_password(credentials: UserCredentials) -> bool:
    return credentials.password is not None and not credentials.reset_required


def _serial(account: AccountFile, credentials: UserCredentials) -> str | None:
    serials = (device.serial for device in credentials.devices)
    return next((serial for serial in serials if serial in account.seeds), None)


def _key(account: AccountFile, credentials: UserCredentials) -> tuple[str, str] | None:
    """Return the id and the secret of a key that works."""
    for key in credentials.keys:
        if key.active and key.id in account.secret_keys:
            return key.id, account.secret_keys[key.id]
    return None


def _signed_in(
    account: AccountFile, place: RunningLocalAws, user: str, credentials: UserCredentials
) -> "Keys":
    serial = _serial(account, credentials) or ""
    code = code_at(account.seeds[serial], step_of(place.now()))
    if not _by_password(credentials):
        return _by_key(account, place, credentials, (serial, code))
    # the local AWS is heavy: not before it is needed
    from sekisho.localaws import ConsoleClient  # noqa: PLC0415 - as above

    console = ConsoleClient(place.url, account.account)
    page = console.sign_in(user, credentials.password or "")
    keys = page.keys or console.mfa(page.ticket, code).keys
    if keys is None:
        raise InternalError(f"the sign-in of `{user}` ends with no session")
    return keys


def _by_key(
    account: AccountFile, place: RunningLocalAws, credentials: UserCredentials, mfa: tuple[str, str]
) -> "Keys":
    # boto3 is heavy: not before it is needed
    from sekisho.account.aws import Keys, connect  # noqa: PLC0415 - as above

    signer = _keys_of(account, credentials)
    api = connect(credentials=signer, region=place.region, endpoint_url=place.url)
    serial, code = mfa
    made = api.call("sts", "GetSessionToken", SerialNumber=serial, TokenCode=code)["Credentials"]
    return Keys(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])


def _keys_of(account: AccountFile, credentials: UserCredentials) -> "Keys":
    # boto3 is heavy: not before it is needed
    from sekisho.account.aws import Keys  # noqa: PLC0415 - as above

    identity, secret = _key(account, credentials) or ("", "")
    return Keys(identity, secret)
