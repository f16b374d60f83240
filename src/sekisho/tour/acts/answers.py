"""The answers that the acts wait for, in AWS's own words (facts §3, §4, §6.7)."""

from sekisho.tour.scene import Want

__all__ = [
    "CHANGE_REFUSED",
    "CODE_USED",
    "DENIED",
    "EXISTS_ALREADY",
    "IMPLICITLY_DENIED",
    "INVALID_TOKEN",
    "NOT_CONSECUTIVE",
    "SECOND_DEVICE",
    "SIGNIN_FAILED",
    "TRUST_DENIES",
    "WRONG_CODE",
]

DENIED = Want(
    "AccessDenied", ("is not authorized to perform:", "with an explicit deny in an identity-based")
)
"""The MFA enforcement's Deny applies."""

IMPLICITLY_DENIED = Want("AccessDenied", ("because no identity-based policy allows the",))
"""No Deny applies, and nothing allows either."""

TRUST_DENIES = Want("AccessDenied", ("is not authorized to perform: sts:AssumeRole",))
"""The caller may not assume the role, by its trust policy or their own policies."""

INVALID_TOKEN = Want(
    "InvalidClientTokenId", ("The security token included in the request is invalid",)
)
"""What IAM says to a GetSessionToken session without MFA, and to a key that is off."""

NOT_CONSECUTIVE = Want(
    "InvalidAuthenticationCode", ("Authentication code for device is not valid.",)
)
"""Two codes that are not consecutive."""

WRONG_CODE = Want(
    "AccessDenied",
    ("MultiFactorAuthentication failed with invalid MFA one time pass code.",),
)
"""STS does not take the code."""

CODE_USED = WRONG_CODE
"""STS says of a code that was used the same as of a wrong one."""

EXISTS_ALREADY = Want("EntityAlreadyExists", ("MFA device already exists",))
"""There is a device of that name."""

SECOND_DEVICE = Want("AccessDenied", ("because the user has an MFA device",))
"""Who has a device may not add one by key without MFA (bulletin AWS-2023-001)."""

SIGNIN_FAILED = Want("SigninFailed", ("Your authentication information is incorrect.",))
"""The sign-in page's one answer to everything that is wrong."""

CHANGE_REFUSED = Want("AccessDenied", ("iam:ChangePassword", "account password policy"))
"""The console's text when the password may not be changed; the same as for a weak password."""
