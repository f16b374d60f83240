"""Profiles of the AWS CLI for a credential helper: the key, the device, and the role.

botocore reads the files, so that what holds for every SDK holds here: `AWS_CONFIG_FILE`,
`AWS_SHARED_CREDENTIALS_FILE`, and keys of the one file under a profile of the other. Nothing is
taken from `AWS_ACCESS_KEY_ID` and the like: they may hold the very session that is asked for.
"""

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any

from botocore.configprovider import ConfiguredEndpointProvider
from botocore.exceptions import BotoCoreError, NoCredentialsError, PartialCredentialsError
from botocore.session import Session

from sekisho.account.aws.client import Keys, refusal
from sekisho.lazy import dataclass

_REGION = "us-east-1"
_SESSIONS = ("sso_session", "sso_start_url", "login_session", "web_identity_token_file")
"""Settings by which a profile gets a session instead of a key."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile's settings, as written; "" for a missing one. It contains no secret.

    Attributes:
        exists: whether there is such a profile.
        has_key: whether an access key is written in it.
        gives_session: whether it signs in elsewhere, such as by IAM Identity Center.
        credential_process: the program that hands over its credentials; it may hold a secret.
        region: also from `AWS_DEFAULT_REGION`, else `us-east-1`.
        endpoint_url: where STS answers; also from `AWS_ENDPOINT_URL_STS` and `AWS_ENDPOINT_URL`.
    """

    name: str
    exists: bool = True
    has_key: bool = False
    gives_session: bool = False
    mfa_serial: str = ""
    role_arn: str = ""
    source_profile: str = ""
    role_session_name: str = ""
    external_id: str = field(default="", repr=False)
    duration_seconds: str = ""
    credential_process: str = field(default="", repr=False)
    region: str = _REGION
    endpoint_url: str = ""


def read_profile(name: str | None = None) -> Profile:
    """Return a profile of the AWS CLI's files.

    Args:
        name: None for what `AWS_PROFILE` names, else `default`.

    Raises:
        AwsRefused: if the files cannot be read.
    """
    try:
        core = _core(name)
        profiles: Mapping[str, Any] = core.full_config.get("profiles", {})
        chosen = str(core.get_config_variable("profile"))
        if chosen not in profiles:
            return Profile(chosen, exists=False)
        return _profile(core, chosen, profiles[chosen])
    except BotoCoreError as error:
        raise refusal("connect", error, {}) from None


def key_of(profile: Profile) -> Keys:
    """Return the credentials in a profile, or those of its `credential_process`.

    Raises:
        AwsRefused: if it has none, or they cannot be had.
    """
    try:
        core = _core(profile.name)
        if profile.has_key:
            return _written_key(core.get_scoped_config())
        credentials = core.get_credentials()
        if credentials is None:
            raise NoCredentialsError
        frozen = credentials.get_frozen_credentials()
    except BotoCoreError as error:
        raise refusal("connect", error, {}) from None
    return Keys(frozen.access_key, frozen.secret_key, frozen.token)


def _written_key(settings: Mapping[str, str]) -> Keys:
    """Return the key in a profile, which may have a role as well."""
    if "aws_secret_access_key" not in settings:
        raise PartialCredentialsError(provider="profile", cred_var="aws_secret_access_key")
    return Keys(
        settings["aws_access_key_id"],
        settings["aws_secret_access_key"],
        settings.get("aws_session_token"),
    )


def _core(name: str | None) -> Session:
    core = Session()
    # an explicitly named profile takes precedence over keys in the environment
    core.set_config_variable("profile", name or core.get_config_variable("profile") or "default")
    return core


def _profile(core: Session, name: str, settings: Mapping[str, Any]) -> Profile:
    def text(key: str) -> str:
        return str(settings.get(key, ""))

    return Profile(
        name,
        has_key="aws_access_key_id" in settings,
        gives_session=any(each in settings for each in _SESSIONS),
        mfa_serial=text("mfa_serial"),
        role_arn=text("role_arn"),
        source_profile=text("source_profile"),
        role_session_name=text("role_session_name"),
        external_id=text("external_id"),
        duration_seconds=text("duration_seconds"),
        credential_process=text("credential_process"),
        region=str(core.get_config_variable("region") or _REGION),
        endpoint_url=_endpoint(core),
    )


def _endpoint(core: Session) -> str:
    if core.get_config_variable("ignore_configured_endpoint_urls"):
        return ""
    configured: Callable[[], object] = ConfiguredEndpointProvider(
        full_config=core.full_config, scoped_config=core.get_scoped_config(), client_name="sts"
    ).provide
    return str(configured() or "")
