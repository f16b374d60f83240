"""`AwsApi` over boto3: the only place outside the local AWS that talks to AWS.

Every failure is an `AwsRefused`, and no failure shows a secret.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import copy
from dataclasses import field
from datetime import datetime
from functools import cache, partial
from getpass import getpass
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

import botocore.session
from boto3.session import Session
from botocore import xform_name
from botocore.config import Config
from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError
from botocore.hooks import HierarchicalEmitter
from botocore.loaders import create_loader
from botocore.parsers import ResponseParserError
from botocore.utils import parse_timestamp

from sekisho.account.calls import THROTTLED
from sekisho.errors import AwsRefused, InternalError, install_command
from sekisho.lazy import dataclass
from sekisho.messages import Message

_REGION = "us-east-1"
_IAM_REGIONS = {
    "aws": "us-east-1",
    "aws-cn": "cn-north-1",
    "aws-us-gov": "us-gov-west-1",
    "aws-iso": "us-iso-east-1",
    "aws-iso-b": "us-isob-east-1",
}
"""The Regions of IAM, and of CloudTrail's global events, by partition (botocore's data).

AWS Sign-In accepts changes only there, and can be read in any Region.
"""
_SIGN_IN = "signin"
_BLOCKED_SECONDS, _BLOCKED_ATTEMPTS = 5, 3
_ATTEMPTS = 8
_BODY_ATTEMPTS = 3
_READING = ("Describe", "Generate", "Get", "List", "Lookup")
"""The prefixes of operations that may be repeated if an answer was lost."""
_CONNECTIONS = 16
_SESSION_NAME = "sekisho"
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
_Failure = ClientError | BotoCoreError | ResponseParserError
_FAILURES = (ClientError, BotoCoreError, ResponseParserError)
"""The exceptions of a failed call; botocore's parser has a tree of errors of its own."""
_SIGN_IN_AGAIN = Message(
    "sign in again (`aws sso login`, `aws login`, or new keys), then run it again"
)
_CLOCK = Message("if the keys are right, this computer's clock is wrong: set it, then run it again")
_NETWORK = Message(
    "check the network, the region (`--region`, `AWS_DEFAULT_REGION` or the profile) and the "
    "endpoint's URL, then run it again"
)
_AGAIN = Message("run it again: it continues where it stopped")
_SETTINGS = Message(
    "correct it in the environment (`AWS_ENDPOINT_URL` and the like) or in the profile; an "
    "endpoint's URL begins with `https://` or `http://`"
)
_UNSIGNED = ("InvalidSignatureException", "SignatureDoesNotMatch")
"""AWS's codes for a wrong clock and for a region that does not exist; only the text differs."""
_NEEDS_LOGIN = "MissingDependencyException"
_FIXES = {
    "InvalidRegionError": Message(
        "a region is named like `us-east-1`: correct it in `--region`, "
        "`AWS_DEFAULT_REGION` or the profile"
    ),
    "NoRegionError": Message("give a region with `--region`, `AWS_DEFAULT_REGION` or the profile"),
    "NoCredentialsError": Message(
        "give a profile with `--profile`, or sign in first (`aws login`); to rehearse without an "
        "account, run `sekisho local` in another terminal"
    ),
    "PartialCredentialsError": Message("give both the key's id and its secret"),
    "ProfileNotFound": Message("`aws configure list-profiles` lists the profiles"),
    "EndpointConnectionError": _NETWORK,
    "ConnectTimeoutError": _NETWORK,
    "ProxyConnectionError": _NETWORK,
    "SSLError": _NETWORK,
    "ReadTimeoutError": _AGAIN,
    "ConnectionClosedError": _AGAIN,
    "CredentialRetrievalError": _SIGN_IN_AGAIN,
    "ExpiredToken": _SIGN_IN_AGAIN,
    "ExpiredTokenException": _SIGN_IN_AGAIN,
    "LoginRefreshRequired": _SIGN_IN_AGAIN,
    # a profile of `aws login`, which botocore reads with a package of compiled code only
    _NEEDS_LOGIN: Message(
        "for profiles of `aws login`: `{install}`; without it, have the AWS CLI hand over its "
        "session with `credential_process = aws configure export-credentials --profile NAME "
        "--format process`"
    ),
    "LoginInsufficientPermissions": Message(
        "`aws login` needs `signin:AuthorizeOAuth2Access` and `signin:CreateOAuth2Token`, allowed "
        "and with MFA: ask your administrator, then run `aws login`"
    ),
    "LoginTokenLoadError": _SIGN_IN_AGAIN,
    "RefreshWithMFAUnsupportedError": _SIGN_IN_AGAIN,
    "SSOTokenLoadError": _SIGN_IN_AGAIN,
    "TokenRetrievalError": _SIGN_IN_AGAIN,
    "UnauthorizedSSOTokenError": _SIGN_IN_AGAIN,
    "InvalidClientTokenId": Message(
        "the key is unknown or not active; or it is of a GetSessionToken session without MFA, "
        "which may not call IAM"
    ),
    "PasswordPolicyViolation": Message(
        "make the plan again: it takes the length from the account's password policy, where that "
        "can be read"
    ),
    "RequestExpired": _CLOCK,
    "RequestTimeTooSkewed": _CLOCK,
    "SignatureDoesNotMatch": _CLOCK,
}


@dataclass(frozen=True, slots=True)
class Keys:
    """Credentials given explicitly in place of the AWS chain; secret except for the id."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class AssumedRole:
    """A role to assume for the calls.

    Attributes:
        arn: the role's ARN.
        mfa_serial: the device whose code AssumeRole asks for, or None.
        ask_code: asks a person for that code; gets the question and returns the code.
    """

    arn: str
    mfa_serial: str | None = None
    ask_code: Callable[[str], str] = getpass


class Boto3Api:
    """`AwsApi` over unmodified boto3 clients.

    Reading calls have botocore's adaptive retries. A changing call is repeated only if AWS
    throttled it: sent twice, `CreatePolicyVersion` makes two versions. Several threads may use it
    at once.
    """

    def __init__(self, session: Session, *, endpoint_url: str | None = None) -> None:
        self._session = session
        self._endpoint_url = endpoint_url
        self._clients: dict[tuple[str, int, str | None], Any] = {}
        self._making = Lock()

    def call(self, service: str, operation: str, /, **params: object) -> Mapping[str, Any]:
        """Call one operation and return its output; see `AwsApi.call`."""
        # a code works once: a repeated call would be refused although the first was answered
        reads = operation.startswith(_READING) and "TokenCode" not in params
        try:
            client = self._client(service, _ATTEMPTS if reads else 1)
            method = partial(getattr(client, xform_name(operation)), **params)
            output: Mapping[str, Any] = method() if reads else _sent_once(method)
        except _FAILURES as error:
            raise refusal(operation, error, params) from None
        return output

    def pages(self, service: str, operation: str, key: str, /, **params: object) -> Iterator[Any]:
        """Yield the items under `key` of every page; see `AwsApi.pages`."""
        try:
            client, name = self._client(service, _ATTEMPTS), xform_name(operation)
            if client.can_paginate(name):
                pages = client.get_paginator(name).paginate(**params)
            else:
                pages = _marked(getattr(client, name), params)
            for page in pages:
                yield from page.get(key, ())
        except _FAILURES as error:
            raise refusal(operation, error, params) from None

    @property
    def region(self) -> str | None:
        """The configured region, used if no other is requested."""
        region: str | None = self._session.region_name
        return region

    def call_in(
        self, region: str, service: str, operation: str, /, **params: object
    ) -> Mapping[str, Any]:
        """Call a reading operation in a region, and return its output; see `AwsApi.call`."""
        try:
            client = self._client(service, _ATTEMPTS, region)
            output: Mapping[str, Any] = getattr(client, xform_name(operation))(**params)
        except _FAILURES as error:
            raise refusal(operation, error, params) from None
        return output

    def content(self, bucket: str, key: str) -> bytes:
        """Return the content of an object in S3; see `stored`."""
        return self.stored(bucket, key)[0]

    def stored(self, bucket: str, key: str) -> tuple[bytes, Mapping[str, str]]:
        """Return the content of an object in S3, and its user-defined metadata.

        Raises:
            AwsRefused: as `call` does.
        """
        content, about = self.object(bucket, key)
        return content, about.get("Metadata", {})

    def object(self, bucket: str, key: str) -> tuple[bytes, Mapping[str, Any]]:
        """Return the content of an object in S3, and the rest of the answer to GetObject.

        botocore tries a call again until it is answered, and not while the answer is read.

        Raises:
            AwsRefused: as `call` does.
        """
        for left in reversed(range(_BODY_ATTEMPTS)):
            output = self.call("s3", "GetObject", Bucket=bucket, Key=key)
            try:
                content: bytes = output["Body"].read()
            except BotoCoreError as error:
                if not left:
                    raise refusal("GetObject", error, {}) from None
            else:
                return content, output
        raise InternalError("an object has to be read at least once")

    def trail_keys(self, region: str, start: datetime, end: datetime) -> Mapping[str, bytes]:
        """Return CloudTrail's public keys of a region by their fingerprints, as DER.

        Raises:
            AwsRefused: as `call` does.
        """
        try:
            client = self._client("cloudtrail", _ATTEMPTS, region)
            pages = client.get_paginator("list_public_keys").paginate(StartTime=start, EndTime=end)
            return {
                key["Fingerprint"]: key["Value"] for page in pages for key in page["PublicKeyList"]
            }
        except _FAILURES as error:
            raise refusal("ListPublicKeys", error, {}) from None

    def warm(self, services: Iterable[str]) -> None:
        """Read the models of services, so that the first call is as fast as the next.

        The models are kept for every API of this process.
        """
        for service in services:
            self._client(service, _ATTEMPTS)

    def signs_with_long_term_key(self) -> bool:
        """Return whether calls are signed with a long-term key; see `SigningApi`."""
        try:
            credentials = self._session.get_credentials()
            if credentials is None:
                raise NoCredentialsError
            return not credentials.get_frozen_credentials().token
        except _FAILURES as error:
            raise refusal("connect", error, {}) from None

    def _client(self, service: str, attempts: int, region: str | None = None) -> Any:
        # clients may be shared by threads, and must not be made by two at once
        key = service, attempts, region
        with self._making:
            if key not in self._clients:
                self._clients[key] = self._made(service, attempts, region)
            return self._clients[key]

    def _made(self, service: str, attempts: int, region: str | None) -> Any:
        try:
            made = self._session.client(
                service,
                region_name=region or self._region_of(service),
                endpoint_url=self._endpoint_url,
                config=_config(self._endpoint_url, attempts, may_be_blocked=service == _SIGN_IN),
            )
            if service == _SIGN_IN and not _is_of_aws(made.meta.endpoint_url):
                moved = partial(_moved, made.meta.endpoint_url)
                made.meta.events.register("before-sign.signin", moved)
        except _FAILURES:
            raise
        except ValueError as error:
            # so botocore refuses an endpoint without a scheme, or a number that is none
            text = " ".join(str(error).split())
            raise AwsRefused("connect", "InvalidSetting", text, 0, _SETTINGS) from None
        return made

    def _region_of(self, service: str) -> str | None:
        """Return the region in which a service is called; None: the configured one."""
        if service not in ("cloudtrail", _SIGN_IN):
            return None
        partition = self._session.get_partition_for_region(self._session.region_name)
        return _IAM_REGIONS.get(partition)


def _sent_once(method: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return the answer of a call that is repeated only if AWS says that it did nothing.

    Botocore's adaptive mode paces the tries.
    """
    for left in reversed(range(_ATTEMPTS)):
        try:
            return method()
        except ClientError as error:
            if not left or error.response.get("Error", {}).get("Code") not in THROTTLED:
                raise
    raise InternalError("a call has to be tried at least once")


def _marked(method: Callable[..., Any], params: Mapping[str, object]) -> Iterator[Any]:
    """Yield the pages of an IAM listing for which botocore has no paginator."""
    page = method(**params)
    yield page
    while page.get("IsTruncated"):
        page = method(**params, Marker=page["Marker"])
        yield page


def connect(
    *,
    profile: str | None = None,
    region: str | None = None,
    endpoint_url: str | None = None,
    credentials: Keys | None = None,
    role: AssumedRole | None = None,
) -> Boto3Api:
    """Return an API over the AWS chain of credentials, or over `credentials` if given.

    Args:
        profile: a profile of the AWS CLI.
        region: where STS is called; IAM has no region. By default as configured, else `us-east-1`.
        endpoint_url: where another AWS answers, such as the local one.
        credentials: keys in place of the chain.
        role: a role to assume first.

    Raises:
        AwsRefused: if the profile does not exist, or nothing is there to assume the role with.
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
        if core.get_config_variable("region") is None:
            core.set_config_variable("region", _REGION)
        if role is not None:
            # botocore offers no public way to give a session credentials that renew themselves
            core._credentials = _assumed(core, role, endpoint_url)
    except BotoCoreError as error:
        raise refusal("connect", error, {}) from None
    return Boto3Api(session, endpoint_url=endpoint_url)


def _assumed(core: Any, role: AssumedRole, endpoint_url: str | None) -> Any:
    """Return credentials that assume the role when they are first needed, and again later.

    Raises:
        NoCredentialsError: if there are none to assume it with.
    """
    own = core.get_credentials()
    if own is None:
        raise NoCredentialsError
    parameters = {"RoleSessionName": _SESSION_NAME}
    if role.mfa_serial is not None:
        parameters["SerialNumber"] = role.mfa_serial
    fetcher = AssumeRoleCredentialFetcher(
        partial(
            core.create_client, endpoint_url=endpoint_url, config=_config(endpoint_url, _ATTEMPTS)
        ),
        own,
        role.arn,
        extra_args=parameters,
        mfa_prompter=role.ask_code,
    )
    return DeferredRefreshableCredentials(fetcher.fetch_credentials, "assume-role")


def _is_of_aws(endpoint_url: str) -> bool:
    """Return whether an endpoint of AWS Sign-In is botocore's own, rather than a configured one."""
    return (urlsplit(endpoint_url).hostname or "").startswith(("signin.", "signin-fips."))


def _moved(endpoint_url: str, request: Any, **_: object) -> None:
    """Send a request to the configured endpoint, before it is signed.

    For the administration of AWS Sign-In botocore's rules have one address in each Region, whatever
    endpoint is configured.
    """
    path = urlsplit(request.url).path
    request.url = f"{endpoint_url.rstrip('/')}{path}"


def _config(endpoint_url: str | None, attempts: int, *, may_be_blocked: bool = False) -> Config:
    """Return the configuration of retries and proxies: none for this machine itself.

    Some networks only permit the addresses on a list: the timeout for an address that is often
    missing from it is short.
    """
    host = urlsplit(endpoint_url or "").hostname
    waiting = {"connect_timeout": _BLOCKED_SECONDS} if may_be_blocked else {}
    return Config(
        **waiting,
        retries={
            "mode": "adaptive",
            "total_max_attempts": min(attempts, _BLOCKED_ATTEMPTS) if may_be_blocked else attempts,
        },
        max_pool_connections=_CONNECTIONS,
        proxies={} if host in _THIS_MACHINE else None,
    )


@cache
def _loader() -> Any:
    return create_loader()


@cache
def _handlers() -> HierarchicalEmitter:
    """Return botocore's own event handlers, which are the same for every session.

    Registering some 130 of them takes five times as long as copying the emitter that has them.
    """
    registered = HierarchicalEmitter()
    botocore.session.Session(event_hooks=registered)
    return registered


def _core(*, own_keys: bool) -> Any:
    """Return a new botocore session; all of them read each service's model only once.

    With credentials given by hand no profile of the environment counts, existing or not.
    """
    own = {"profile": (None, None, None, None)} if own_keys else None
    core = botocore.session.Session(own, copy(_handlers()), include_builtin_handlers=False)
    core.register_component("data_loader", _loader())
    core.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=_moment)
    return core


def _moment(value: object) -> datetime:
    """Return a time in an answer.

    Botocore's own parser tries every form of a date, and takes half the time of a long listing.
    """
    if isinstance(value, str) and value.endswith("Z"):
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            pass
    found: datetime = parse_timestamp(value)
    return found


def refusal(operation: str, error: _Failure, params: Mapping[str, object]) -> AwsRefused:
    """Return the refusal for a client's error, without the secrets in `params`."""
    if isinstance(error, ClientError):
        answer = error.response.get("Error", {})
        about = error.response.get("ResponseMetadata", {})
        status = about.get("HTTPStatusCode", 0)
        code, message = answer.get("Code", "Unknown"), answer.get("Message", "")
        # a role is assumed in the middle of another call
        operation = error.operation_name
    else:
        code, message, status = type(error).__name__, str(error), 0
    for name in _SECRET_PARAMETERS & params.keys():
        secret = str(params[name])
        message = message.replace(secret, "***") if secret else message
    text = " ".join(message.split())
    elsewhere = code in _UNSIGNED and "a valid region" in text
    fix = _FIXES.get("InvalidRegionError" if elsewhere else code)
    if fix is not None and code == _NEEDS_LOGIN:
        fix = fix.filled(install=install_command("login"))
    return AwsRefused(operation, code, text, status, fix)
