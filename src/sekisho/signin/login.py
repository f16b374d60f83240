"""The session of `aws login`, and of an agent: an OAuth session that begins at a console session.

`aws login` (AWS CLI 2.32 and later) signs in with a browser and gets temporary credentials for
fifteen minutes, which it renews for up to twelve hours; an agent by way of the AWS MCP server does
the same. Two actions decide, both asked of the console session: `signin:AuthorizeOAuth2Access` and
`signin:CreateOAuth2Token`.

Source: AWS Sign-In User Guide, "Login for AWS local development using console credentials"; Service
Authorization Reference, "AWS Signin"; botocore's model of `signin`.
See docs/signin.md#sessions-of-aws-login.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

from sekisho.errors import InternalError
from sekisho.policy import CONSOLE_ACTIONS
from sekisho.signin.console import CONSOLE_SESSION
from sekisho.signin.model import Credential, CredentialKind

LOGIN_SESSION = CONSOLE_SESSION
"""How long the credentials of `aws login` can be renewed."""

LOGIN_ACCESS = timedelta(minutes=15)
"""How long one set of them is valid; what ended with the session lives on for that long."""

AGENT_ACCESS = timedelta(hours=1)
"""The same for an agent's access token, at most."""

AUTHORIZE, CREATE_TOKEN = CONSOLE_ACTIONS
"""The two actions that the policies must allow, here on a client's resource."""


class LoginClient(StrEnum):
    """The clients of `aws login`, by the last part of their ids."""

    SAME_DEVICE = "same-device"
    """The browser is on the computer of the CLI, which waits at a port of its own for the code."""
    CROSS_DEVICE = "cross-device"
    """`aws login --remote`: the browser is anywhere, and the person copies the code over."""

    @property
    def id(self) -> str:
        """The client id as it is sent."""
        return f"arn:aws:signin:::devtools/{self.value}"

    def resource(self, partition: str, region: str, account: str) -> str:
        """Return the resource that the two actions are asked about."""
        client = "localhost" if self is LoginClient.SAME_DEVICE else "remote"
        return f"arn:{partition}:signin:{region}:{account}:oauth2/public-client/{client}"


def sign_in_arn(credential: Credential, region: str, identifier: str) -> str:
    """Return the ARN of a sign-in session of the credential's account."""
    holder = credential.holder
    return f"arn:{holder.partition}:signin:{region}:{holder.account}:session/{identifier}"


def login_session(console: Credential, arn: str, now: datetime) -> Credential:
    """Return the credential that `aws login` gets now from a console session.

    Whether MFA was passed, and when, is that of the console session; what of it policies see is an
    assumption (`aws_login_mfa`).

    Args:
        console: the console session, that the login began from.
        arn: of the sign-in session, the same at each renewal.
        now: the time of the first answer or of the renewal.
    """
    if console.kind is not CredentialKind.CONSOLE_SESSION:
        raise InternalError("a session of `aws login` from something but a console session")
    return replace(
        console,
        kind=CredentialKind.LOGIN_SESSION,
        issued_at=now,
        expires_at=now + LOGIN_ACCESS,
        sign_in_arn=arn,
    )
