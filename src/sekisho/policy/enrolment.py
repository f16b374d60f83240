"""The enrolment policy: what a person needs to set up their own MFA device, and nothing more.

It is attached before MFA is enforced, so that people can enrol while everything else still works
for them. It is a document of its own: the Allow statements of Force_MFA also open access keys,
certificates and the deactivation of devices. It denies nothing.

Source: IAM User Guide, "AWS: Allows MFA-authenticated IAM users to manage their own MFA device";
Service Authorization Reference, "Actions, resources, and condition keys for AWS IAM". Since
2022-11 people name their virtual devices freely, so any name is allowed.
"""

import json

from sekisho.policy.document import Document, Version
from sekisho.policy.text import parse

ENROLMENT_SUFFIX = "_enrol"
"""The suffix of the enrolment policy's name, after that of the enforcing policy."""

OWN_PASSWORD_SUFFIX = "_password"  # noqa: S105 - a policy's name
"""The suffix of the name of the policy for temporary passwords, after the enrolment policy's."""

ENROLMENT_DESCRIPTION = "Lets users set up their own MFA device before MFA is enforced."
OWN_PASSWORD_DESCRIPTION = "Lets users change their own password before MFA is enforced."  # noqa: S105 - no secret

_OWN = (
    "iam:GetUser",
    "iam:ListMFADevices",
    "iam:GetMFADevice",
    "iam:EnableMFADevice",
    "iam:ResyncMFADevice",
)


def enrolment_policy(partition: str = "aws") -> Document:
    """Return the enrolment policy for the accounts of a partition.

    A passkey needs `iam:EnableMFADevice` only. The ARN of a user in a path has its own pattern;
    user names are unique in any path.
    """
    users = f"arn:{partition}:iam::*:user/"
    statements = [
        {
            "Sid": "AllowListVirtualMFADevices",
            "Effect": "Allow",
            "Action": "iam:ListVirtualMFADevices",
            "Resource": "*",
        },
        {
            "Sid": "AllowCreateVirtualMFADevice",
            "Effect": "Allow",
            "Action": "iam:CreateVirtualMFADevice",
            "Resource": f"arn:{partition}:iam::*:mfa/*",
        },
        {
            "Sid": "AllowEnrolOwnMFADevice",
            "Effect": "Allow",
            "Action": [*_OWN],
            "Resource": [f"{users}${{aws:username}}", f"{users}*/${{aws:username}}"],
        },
    ]
    document = {"Version": str(Version.V2012), "Statement": statements}
    return parse(json.dumps(document, indent=2), source="enrolment policy")


def own_password_policy(partition: str = "aws") -> Document:
    """Return the policy that lets users change their own password, for users of any path.

    The AWS managed policy `IAMUserChangePassword` applies only to users whose path is `/`.
    """
    users = f"arn:{partition}:iam::*:user/"
    own = {
        "Effect": "Allow",
        "Action": "iam:ChangePassword",
        "Resource": [f"{users}${{aws:username}}", f"{users}*/${{aws:username}}"],
    }
    rules = {"Effect": "Allow", "Action": "iam:GetAccountPasswordPolicy", "Resource": "*"}
    document = {"Version": str(Version.V2012), "Statement": [own, rules]}
    return parse(json.dumps(document, indent=2), source="policy for temporary passwords")
