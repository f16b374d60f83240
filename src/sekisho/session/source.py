"""The key, the device and the role of a session, from the profile and the options.

A profile whose `credential_process` is `sekisho session` has no key: the key is under another name,
the *source profile*. Who names the former would start the helper from within itself; that is found
by the settings, and, where a script is in between, by a variable of the environment.
"""

import os
import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import PurePath
from typing import TYPE_CHECKING

from sekisho.errors import Code, SessionRefused, UsageError
from sekisho.lazy import dataclass
from sekisho.messages import Message, duration_text, verbatim
from sekisho.signin import HolderKind, Refused, role_duration, token_duration

if TYPE_CHECKING:
    from sekisho.account.aws import Keys, Profile

WITHIN = "SEKISHO_SESSION_WITHIN"
"""Set for programs that are started to get the key: none of them may be this helper again."""

_MARGIN = timedelta(minutes=15)
"""The remaining time at which botocore renews a session: a shorter one would be useless."""
_USUAL = timedelta(hours=12)
_USUAL_OF_ROLE = timedelta(hours=1)
_NAMED = re.compile(r"--profile[= ]([^\s'\"]+)")
_RECURSION = Message(
    "the profile `{name}` gets its credentials from `sekisho session` itself, and has no key"
)
_THE_SOURCE = Message("name the profile that has the access key: `--profile {source}`")
_A_SOURCE = Message(
    "put the access key into a profile of its own, and name that: "
    "`credential_process = sekisho session --profile SOURCE`"
)
_BESIDE = Message(
    "the profile `{name}` has both an access key and `credential_process`: tools would sign with "
    "the key, without MFA, and never start the helper"
)
_NO_PROFILE = Message("there is no profile `{name}`")
_NO_KEY = Message("the profile `{name}` has no access key")
_GIVES_SESSION = Message(
    "the profile `{name}` signs in without an access key: its sessions are as they are, and AWS "
    "makes no session with MFA of a session"
)
_CHAIN = Message("the profile `{name}`, the source of `{role}`, assumes a role itself")


@dataclass(frozen=True, slots=True)
class SessionRequest:
    """The options of the command line; None and "" leave the choice to the profile.

    Attributes:
        margin: a session with less left is not handed out.
    """

    profile: str | None = None
    serial: str = ""
    role_arn: str = ""
    duration: timedelta | None = None
    margin: timedelta | None = None
    region: str = ""
    endpoint_url: str = ""


@dataclass(frozen=True, slots=True)
class RoleAsked:
    """A role to assume.

    Attributes:
        session_name: how CloudTrail names its sessions; "" for the user's name.
    """

    arn: str
    session_name: str = ""
    external_id: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """The source of a session.

    Attributes:
        profile: the name of the profile with the key.
        serial: of the device; "" if it has to be looked for.
        seconds: how long the session is to last; None for AWS's default.
        margin: a session with less left is not handed out.
        settings: the profile that says how AWS is reached: its endpoints, certificates and so on.
        endpoint: the URL at which STS is then called; "" for the real AWS.
        endpoint_url: the one that goes before the profile's, if any.
    """

    profile: str
    keys: "Keys"
    serial: str
    role: RoleAsked | None
    seconds: int | None
    margin: timedelta
    settings: str
    region: str
    endpoint: str
    endpoint_url: str = ""


def source_of(request: SessionRequest) -> Source:
    """Return the source of a session.

    Raises:
        SessionRefused: if there is no key to be had, or only from this helper itself.
        UsageError: if the session may not last so long, or not longer than the margin.
        AwsRefused: if the files or the key cannot be read.
    """
    from sekisho.account.aws import read_profile  # noqa: PLC0415 - `session status` needs no boto3

    profile = read_profile(request.profile)
    _check_exists(profile)
    keyed, role = profile, RoleAsked(request.role_arn) if request.role_arn else None
    if profile.role_arn and profile.source_profile:
        keyed = _source_of(profile)
        role = role or RoleAsked(profile.role_arn, profile.role_session_name, profile.external_id)
    seconds = _seconds(request, profile if role else None)
    return Source(
        keyed.name,
        key_in(keyed),
        request.serial or profile.mfa_serial or keyed.mfa_serial,
        role,
        seconds,
        _margin(request.margin, seconds, role),
        profile.name,
        request.region or profile.region,
        request.endpoint_url or profile.endpoint_url,
        request.endpoint_url,
    )


def key_in(profile: "Profile") -> "Keys":
    """Return the long-term key of a profile.

    Raises:
        SessionRefused: if it has none, or only a session.
        AwsRefused: if its `credential_process` fails.
    """
    from sekisho.account.aws import key_of  # noqa: PLC0415 - `session status` needs no boto3

    process = profile.credential_process
    ours = starts_this(process)
    if ours and profile.has_key:
        message = _BESIDE.filled(name=profile.name)
        raise SessionRefused(message, code=Code.SESSION_RECURSION, fix=_A_SOURCE)
    if ours or WITHIN in os.environ:
        raise _recursion(profile)
    if not profile.has_key and not process:
        message = _GIVES_SESSION if profile.gives_session else _NO_KEY
        raise SessionRefused(message.filled(name=profile.name), fix=_A_SOURCE)
    with _within():
        keys = key_of(profile)
    if keys.session_token:
        raise SessionRefused(_GIVES_SESSION.filled(name=profile.name), fix=_A_SOURCE)
    return keys


def starts_this(process: str) -> bool:
    """Return whether a `credential_process` starts this helper, under any path."""
    try:
        # a path of Windows keeps its backslashes
        words = shlex.split(process, posix=os.name != "nt")
    except ValueError:
        return False
    names = [PurePath(word.strip('"').replace("\\", "/")).stem for word in words]
    return "sekisho" in names and "session" in names[names.index("sekisho") :]


def check_duration(seconds: int, *, of_role: bool) -> None:
    """Check that AWS has sessions of this length.

    Raises:
        UsageError: with AWS's own text if it has not.
    """
    longest = 43_200
    found = role_duration(seconds, longest) if of_role else token_duration(HolderKind.USER, seconds)
    if isinstance(found, Refused):
        raise UsageError(
            Message("a session cannot be that long: {reason}").filled(
                reason=verbatim(found.message)
            ),
            fix=Message("`--duration` is from 15 minutes to 36 hours, of a role to 12 hours"),
        )


def _seconds(asked: SessionRequest, of_role: "Profile | None") -> int | None:
    if asked.duration is not None:
        seconds = int(asked.duration.total_seconds())
    elif of_role is not None and of_role.duration_seconds.isdecimal():
        seconds = int(of_role.duration_seconds)
    else:
        return None
    check_duration(seconds, of_role=of_role is not None)
    return seconds


def _margin(margin: timedelta | None, seconds: int | None, role: RoleAsked | None) -> timedelta:
    usual = _USUAL_OF_ROLE if role else _USUAL
    lasts = usual if seconds is None else timedelta(seconds=seconds)
    if margin is None:
        return min(_MARGIN, lasts / 3)
    if margin >= lasts:
        raise UsageError(
            Message("with this `--margin` no session would ever be handed out"),
            fix=Message("make it shorter than the session, which lasts {time}").filled(
                time=duration_text(lasts)
            ),
        )
    return margin


def _source_of(profile: "Profile") -> "Profile":
    """Return the source profile of a profile with a role; it may be the profile itself."""
    from sekisho.account.aws import read_profile  # noqa: PLC0415 - `session status` needs no boto3

    keyed = read_profile(profile.source_profile)
    _check_exists(keyed)
    if keyed.role_arn and keyed.name != profile.name:
        message = _CHAIN.filled(name=keyed.name, role=profile.name)
        raise SessionRefused(message, fix=Message("name a profile with an access key"))
    return keyed


def _check_exists(profile: "Profile") -> None:
    if not profile.exists:
        fix = Message("`aws configure list-profiles` lists the profiles")
        raise SessionRefused(_NO_PROFILE.filled(name=profile.name), fix=fix)


def _recursion(profile: "Profile") -> SessionRefused:
    source = _NAMED.search(profile.credential_process)
    known = source is not None and source[1] != profile.name
    fix = _THE_SOURCE.filled(source=source[1]) if known and source else _A_SOURCE
    message = _RECURSION.filled(name=profile.name)
    return SessionRefused(message, code=Code.SESSION_RECURSION, fix=fix)


@contextmanager
def _within() -> Iterator[None]:
    os.environ[WITHIN] = "1"
    try:
        yield
    finally:
        del os.environ[WITHIN]
