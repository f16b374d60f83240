"""The words of what MFA enforcement exempts, forgets and locks out (facts §1, §5)."""

from collections.abc import Mapping

from sekisho.audit.findings import Severity
from sekisho.audit.lint.ids import FindingId
from sekisho.audit.lint.wording import Words
from sekisho.messages import Message

__all__ = ["ENFORCEMENT"]

_ERROR, _WARNING, _NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE
_NOT_EXEMPT = Message("Take it out of the exempt list (`NotAction`).")

ENFORCEMENT: Mapping[FindingId, Words] = {
    FindingId.NO_ENFORCEMENT: Words(
        _NOTE,
        Message("the policy does not make MFA mandatory"),
        Message("Nothing in it is denied for want of MFA; other policies decide."),
        Message("If it should, write one with `sekisho policy new`."),
    ),
    FindingId.NOT_EVERYTHING_ENFORCED: Words(
        _NOTE,
        Message("only a part needs MFA"),
        Message(
            "The Deny covers some actions; what it does not cover works without MFA wherever "
            "another policy allows it."
        ),
        Message("If everything should need MFA, use a Deny with `NotAction`."),
    ),
    FindingId.IAM_EXEMPT: Words(
        _ERROR,
        Message("all of IAM works without MFA"),
        Message(
            "The Deny exempts IAM as a whole: with any IAM permission a stolen key can make users, "
            "keys and policies."
        ),
        Message("Exempt only what enrolment needs; `sekisho policy new` writes the list."),
    ),
    FindingId.EXEMPT_DEACTIVATE: Words(
        _ERROR,
        Message("MFA can be removed without MFA"),
        Message(
            "`iam:DeactivateMFADevice` is exempt from the Deny: a session without MFA can take the "
            "second factor away."
        ),
        _NOT_EXEMPT,
    ),
    FindingId.EXEMPT_DELETE_DEVICE: Words(
        _WARNING,
        Message("devices can be deleted without MFA"),
        Message(
            "`iam:DeleteVirtualMFADevice` is exempt; AWS warns against it: on `mfa/*` anybody can "
            "delete what others are just enrolling."
        ),
        Message("Take it out of the exempt list; let an administrator delete leftover devices."),
    ),
    FindingId.EXEMPT_CREDENTIALS: Words(
        _ERROR,
        Message("new credentials can be made without MFA"),
        Message("A stolen key can make itself a password, a second key or a certificate."),
        _NOT_EXEMPT,
    ),
    FindingId.EXEMPT_ESCALATION: Words(
        _ERROR,
        Message("permissions can be changed without MFA"),
        Message("Who may edit policies or memberships without MFA can take this very policy away."),
        _NOT_EXEMPT,
    ),
    FindingId.EXEMPT_NEVER_ALLOWED: Words(
        _WARNING,
        Message("exempt, and allowed nowhere"),
        Message(
            "`NotAction` in a Deny exempts; it never allows. No Allow of this policy grants it."
        ),
        Message("Allow it, or take it out of the exempt list."),
    ),
    FindingId.DENY_ONLY: Words(
        _NOTE,
        Message("the policy allows nothing"),
        Message("It only denies: enrolment needs another policy that allows it."),
        Message("See that every user has the Allows for enrolment too."),
    ),
    FindingId.ENROLMENT_DENIED: Words(
        _ERROR,
        Message("nobody can enrol a device"),
        Message(
            "Without MFA the Deny also hits the calls that set MFA up; no other policy can repair "
            "that."
        ),
        Message(
            "Exempt `iam:CreateVirtualMFADevice`, `iam:EnableMFADevice`, `iam:GetUser`, "
            "`iam:ListMFADevices`, `iam:ListVirtualMFADevices` and `iam:ResyncMFADevice`."
        ),
    ),
    FindingId.VIRTUAL_DEVICE_DENIED: Words(
        _WARNING,
        Message("no authenticator app can be enrolled"),
        Message(
            "`iam:CreateVirtualMFADevice` is denied without MFA: only security keys and passkeys "
            "can be the first device, and those do not work for the command line."
        ),
        Message("Exempt `iam:CreateVirtualMFADevice` if people use authenticator apps."),
    ),
    FindingId.ENROLMENT_NOT_ALLOWED: Words(
        _WARNING,
        Message("enrolment is not allowed here"),
        Message(
            "Without MFA this policy allows no device to be set up: a user who has no other policy "
            "can never get MFA, and under a boundary or a service control policy no policy of the "
            "user's can help."
        ),
        Message(
            "Allow `iam:CreateVirtualMFADevice` on `mfa/*` and `iam:EnableMFADevice` on the own "
            "user, without an MFA condition."
        ),
    ),
    FindingId.FIRST_SIGN_IN: Words(
        _WARNING,
        Message("the first sign-in dead-locks"),
        Message(
            "`iam:ChangePassword` is denied without MFA: who must change a temporary password can "
            "neither do so nor enrol. AWS's own sample is like this on purpose."
        ),
        Message(
            "Attach the policy after the first sign-in (AWS's advice), or exempt "
            "`iam:ChangePassword` and `iam:GetAccountPasswordPolicy`."
        ),
    ),
    FindingId.PASSWORD_WITHOUT_MFA: Words(
        _NOTE,
        Message("the password can be changed without MFA"),
        Message(
            "New users can finish their first sign-in; somebody who knows a password can also "
            "change it and lock the owner out."
        ),
        Message("A choice: see `sekisho policy new --explain`."),
    ),
    FindingId.DEVICE_NAME: Words(
        _WARNING,
        Message("a device must be named like the user"),
        Message(
            "Resources scoped to `mfa/${aws:username}` refuse every other name, and so every "
            "second device; the console asks for a free name since November 2022."
        ),
        Message(
            "Write `mfa/*`: binding a device to a user is governed by `iam:EnableMFADevice` on "
            "the user."
        ),
    ),
    FindingId.USER_PATH: Words(
        _WARNING,
        Message("users with a path are locked out"),
        Message(
            "`user/${aws:username}` does not match a user whose ARN has a path, such as "
            "`user/dev/alice`."
        ),
        Message("Write `user/*/${aws:username}` beside it."),
    ),
    FindingId.OTHERS_WITHOUT_MFA: Words(
        _NOTE,
        Message("other users' devices without MFA"),
        Message(
            "What is exempt is exempt on every user: an administrator's key without MFA can enrol "
            "a "
            "device for somebody else."
        ),
        Message(
            "Add a Deny on the exempt actions with `NotResource`: `--own-things-only` writes it."
        ),
    ),
    FindingId.ENROLMENT_BY_KEY: Words(
        _NOTE,
        Message("an access key can enrol the first device"),
        Message(
            "Whoever steals the key of a user without a device can enrol their own and then has "
            "MFA."
        ),
        Message("Have no keys on users without a device; `--enrolment-needs-session` shuts it."),
    ),
}
