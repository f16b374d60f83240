"""`AwsApi` over boto3: the only place outside the local AWS that talks to AWS.

Every failure is an `AwsRefused`, and no failure shows a secret.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from boto3.session import Session
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.loaders import create_loader
from botocore.session import get_session

from sekisho.account.api import AwsApi
from sekisho.errors import AwsRefused

__all__ = ["AwsApi", "Boto3Api", "Keys", "connect"]

_THIS_MACHINE = frozenset({"127.0.0.1", "::1", "localhost"})
_SECRET_PARAMETERS = frozenset(
    {
        "AuthenticationCode1",
        "AuthenticationCode2",
        "NewPassword",
        "OldPassword",
        "Password",
        "TokenCode",
    }
)
_CURES = {
    "NoRegionError": "give a region with `--region` or `AWS_REGION`",
    "NoCredentialsError": "give a profile with `--profile`, or sign in first",
    "ProfileNotFound": "`aws configure list-profiles` names the profiles there are",
    "EndpointConnectionError": "check the network and the endpoint's URL, then run it again",
    "ConnectTimeoutError": "check the network and the endpoint's URL, then run it again",
    "ReadTimeoutError": "run it again: what was done is found again",
    "ConnectionClosedError": "run it again: what was done is found again",
}


@dataclass(frozen=True, slots=True)
class Keys:
    """Credentials given by hand in place of the AWS chain; secret but for the id."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


class Boto3Api:
    """`AwsApi` over unmodified boto3 clients with botocore's standard retries."""

    def __init__(self, session: Session, *, endpoint_url: str | None = None) -> None:
        self._session = session
        self._endpoint_url = endpoint_url
        self._clients: dict[str, Any] = {}

    def call(self, service: str, operation: str, /, **params: object) -> Mapping[str, Any]:
        """Call one operation and return its output; see `AwsApi.call`."""
        try:
            method = getattr(self._client(service), xform_name(operation))
            output: Mapping[str, Any] = method(**params)
        except (ClientError, BotoCoreError) as error:
            raise _refusal(operation, error, params) from None
        return output

    def pages(
        self, service: str, operation: str, key: str, /, **params: object
    ) -> Iterator[Mapping[str, Any]]:
        """Yield the items under `key` of every page; see `AwsApi.pages`."""
        try:
            paginator = self._client(service).get_paginator(xform_name(operation))
            for page in paginator.paginate(**params):
                yield from page.get(key, ())
        except (ClientError, BotoCoreError) as error:
            raise _refusal(operation, error, params) from None

    def _client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = self._session.client(
                service,
                endpoint_url=self._endpoint_url,
                config=Config(retries={"mode": "standard"}, proxies=self._proxies()),
            )
        return self._clients[service]

    def _proxies(self) -> dict[str, str] | None:
        """Return that no proxy is to be used for this machine itself, else the environment's."""
        host = urlsplit(self._endpoint_url or "").hostname
        return {} if host in _THIS_MACHINE else None


def connect(
    *,
    profile: str | None = None,
    region: str | None = None,
    endpoint_url: str | None = None,
    credentials: Keys | None = None,
) -> Boto3Api:
    """Return an API over the AWS chain of credentials, or over `credentials` if given.

    Raises:
        AwsRefused: if the profile does not exist.
    """
    core = _core(own_keys=credentials is not None)
    try:
        session = Session(
            botocore_session=core,
            profile_name=profile,
            region_name=region,
            aws_access_key_id=credentials.access_key_id if credentials else None,
            aws_secret_access_key=credentials.secret_access_key if credentials else None,
            aws_session_token=credentials.session_token if credentials else None,
        )
        # raises if there is no such profile
        core.get_scoped_config()
    except BotoCoreError as error:
        raise _refusal("connect", error, {}) from None
    return Boto3Api(session, endpoint_url=endpoint_url)


@cache
def _loader() -> Any:
    return create_loader()


def _core(*, own_keys: bool) -> Any:
    """Return a new botocore session; all of them read each service's model only once.

    With credentials given by hand no profile of the environment counts, existing or not.
    """
    core = get_session({"profile": (None, None, None, None)} if own_keys else None)
    core.register_component("data_loader", _loader())
    return core


def _refusal(
    operation: str, error: ClientError | BotoCoreError, params: Mapping[str, object]
) -> AwsRefused:
    """Return the refusal for a client's error, without the secrets among `params`."""
    if isinstance(error, ClientError):
        answer = error.response.get("Error", {})
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        code, message = answer.get("Code", "Unknown"), answer.get("Message", "")
    else:
        code, message, status = type(error).__name__, str(error), 0
    for name in _SECRET_PARAMETERS & params.keys():
        secret = str(params[name])
        message = message.replace(secret, "***") if secret else message
    refused = AwsRefused(operation, code, " ".join(message.split()), status)
    refused.cure = _CURES.get(code, "")
    return refused
