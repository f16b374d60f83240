"""The answers that the steps expect, in AWS's own words.

Source: IAM User Guide, "Troubleshoot access denied error messages"; docs/signin.md.
"""

from dataclasses import dataclass

OK = "OK"
"""The answer of a call that AWS carried out; every other answer is AWS's error code."""


@dataclass(frozen=True, slots=True)
class Expected:
    """The answer that must come: `OK`, or AWS's error code and parts of its message."""

    answer: str = OK
    message_parts: tuple[str, ...] = ()


DONE = Expected()
"""AWS carries the call out."""

DENIED = Expected(
    "AccessDenied", ("is not authorized to perform:", "with an explicit deny in an identity-based")
)
"""The MFA enforcement's Deny applies."""

IMPLICITLY_DENIED = Expected("AccessDenied", ("because no identity-based policy allows the",))
"""No Deny applies, and nothing allows either."""

TRUST_DENIES = Expected("AccessDenied", ("is not authorized to perform: sts:AssumeRole",))
"""The caller may not assume the role, by its trust policy or their own policies."""

INVALID_TOKEN = Expected(
    "InvalidClientTokenId", ("The security token included in the request is invalid",)
)
"""What IAM says to a GetSessionToken session without MFA, and to a key that is off."""

NOT_CONSECUTIVE = Expected(
    "InvalidAuthenticationCode", ("Authentication code for device is not valid.",)
)
"""Two codes that are not consecutive."""

WRONG_CODE = Expected(
    "AccessDenied",
    ("MultiFactorAuthentication failed with invalid MFA one time pass code.",),
)
"""STS does not take the code."""

CODE_USED = WRONG_CODE
"""STS says of a code that was used the same as of a wrong one."""

EXISTS_ALREADY = Expected("EntityAlreadyExists", ("MFA device already exists",))
"""There is a device of that name."""

SECOND_DEVICE = Expected("AccessDenied", ("because the user has an MFA device",))
"""Who has a device may not add one by key without MFA (bulletin AWS-2023-001)."""

SIGNIN_FAILED = Expected("SigninFailed", ("Your authentication information is incorrect.",))
"""The sign-in page's one answer to everything that is wrong."""

CHANGE_REFUSED = Expected("AccessDenied", ("iam:ChangePassword", "account password policy"))
"""The console's text when the password may not be changed; the same as for a weak password."""
