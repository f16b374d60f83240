"""The words of the findings about users."""

from collections.abc import Mapping

from sekisho.audit.checks.ids import AccountFindingId as Id
from sekisho.audit.findings import Severity
from sekisho.audit.lint.wording import Words
from sekisho.messages import Message

__all__ = ["PEOPLE"]

_ENROL = Message("Let the user enrol; until then, deactivate the keys.")

_CREDENTIALS: Mapping[Id, Words] = {
    Id.ADMINISTRATOR_WITHOUT_DEVICE: Words(
        Severity.ERROR,
        Message("an administrator without a device"),
        Message(
            "The user may take MFA enforcement away from others, or get the "
            "right to; that is proved from "
            "the policies, whatever their names."
        ),
        Message("Let the administrator enrol first, with two devices."),
    ),
    Id.KEY_WITHOUT_DEVICE: Words(
        Severity.ERROR,
        Message("an active access key and no device"),
        Message("Whoever holds the key can be the first to enrol a device, and is then the user."),
        _ENROL,
    ),
    Id.CONSOLE_WITHOUT_DEVICE: Words(
        Severity.ERROR,
        Message("a console user without a device"),
        Message(
            "The password alone signs in; under MFA enforcement, as far as enrolling a device."
        ),
        Message("Let the user enrol."),
    ),
    Id.PASSKEY_ONLY: Words(
        Severity.WARNING,
        Message("passkeys only, and an active access key"),
        Message(
            "A passkey gives no code for GetSessionToken: under MFA enforcement "
            "the key is of no use."
        ),
        Message("Let the user add an authenticator app, or delete the key."),
    ),
    Id.ONE_DEVICE: Words(
        Severity.NOTE,
        Message("one device only"),
        Message("If it is lost, an administrator has to let the user in again."),
        Message("Up to eight devices are possible: add a second one."),
    ),
    Id.USER_WITHOUT_DEVICE: Words(
        Severity.NOTE,
        Message("a user without a device"),
        Message(
            "Where there is neither a password nor an active key, nor any other credential, nobody "
            "can be this user."
        ),
        Message("Delete the user if nobody needs it."),
    ),
    Id.MACHINE_WITH_PASSWORD: Words(
        Severity.WARNING,
        Message("a machine with a console password"),
        Message(
            "The exceptions file says that it is a machine, and a program signs in at no console: "
            "the password serves somebody else."
        ),
        Message("Delete the password."),
    ),
}

_ENFORCEMENT: Mapping[Id, Words] = {
    Id.NOT_ENFORCED: Words(
        Severity.ERROR,
        Message("a user who is not enforced"),
        Message("The request that is shown is allowed without MFA."),
        Message("Attach Force_MFA, directly or through a group."),
    ),
    Id.NOT_YET_ENFORCED: Words(
        Severity.NOTE,
        Message("nothing is allowed without MFA, nor denied"),
        Message(
            "The user has no permissions yet, or has them with MFA only. No Deny stands against "
            "the next policy, which opens what it allows without MFA."
        ),
        Message("Attach Force_MFA before anything else."),
    ),
    Id.OUTSIDE_GROUP: Words(
        Severity.WARNING,
        Message("outside the group that enforces MFA"),
        Message("Others are enforced through a group that this user is not in."),
        Message("Add the user to the group."),
    ),
    Id.MAY_EDIT_ENFORCEMENT: Words(
        Severity.WARNING,
        Message("may edit what enforces MFA for them"),
        Message("No administrator, and may still take MFA enforcement away from themselves."),
        Message("Take the right away, or make it an administrator's on purpose."),
    ),
    Id.SERVICES_PASS: Words(
        Severity.NOTE,
        Message("services pass on the user's behalf"),
        Message(
            "MFA enforcement leaves calls alone that AWS services make with the user's rights."
        ),
        Message(
            "Known and accepted where the policy was written so; else drop `aws:ViaAWSService`."
        ),
    ),
    Id.PATH_LOCKED_OUT: Words(
        Severity.ERROR,
        Message("locked out by the path"),
        Message("The policy is written for `user/NAME`, and this user has a path in the ARN."),
        Message("Add `user/*/${aws:username}` to the policy's resources."),
    ),
    Id.NAME_TAKEN: Words(
        Severity.ERROR,
        Message("cannot enrol: another device has the name"),
        Message(
            "The policies let the user create a device of one name only, and a device has it: "
            "CreateVirtualMFADevice answers EntityAlreadyExists."
        ),
        Message(
            "Allow `mfa/*` instead of `mfa/${aws:username}`; or delete the device, after whoever "
            "uses it has another."
        ),
    ),
    Id.DEAD_LOCK: Words(
        Severity.ERROR,
        Message("dead-locks at the first sign-in"),
        Message("The password must be changed, which needs MFA, which needs a sign-in."),
        Message("Allow `iam:ChangePassword` without MFA, or hand out a password that may stay."),
    ),
    Id.LOCKED_OUT: Words(
        Severity.ERROR,
        Message("cannot get in with MFA without help"),
        Message(
            "No sequence of steps leads this user to a session with MFA by what they hold, without "
            "help; the step at which the way ends is shown."
        ),
        Message(
            "Let an administrator enable a device for the user, or allow the step if it is at the "
            "console; give a machine a role instead."
        ),
    ),
}

_EXCEPTIONS: Mapping[Id, Words] = {
    Id.EXCEPTION_EXPIRED: Words(
        Severity.ERROR,
        Message("an exception has expired"),
        Message("Its last day is over: the user is judged like everybody."),
        Message("Enforce MFA for the user, or have the exception approved again."),
    ),
    Id.EXCEPTION_FORCED: Words(
        Severity.WARNING,
        Message("an exception for a user with a password"),
        Message("Who signs in with a password could enrol; a reason was given for not asking."),
        Message("Look at the reason again."),
    ),
    Id.EXCEPTION_NEEDLESS: Words(
        Severity.NOTE,
        Message("an exception that is not needed"),
        Message("The user is proved enforced."),
        Message("Delete the entry."),
    ),
}

PEOPLE: Mapping[Id, Words] = {**_CREDENTIALS, **_ENFORCEMENT, **_EXCEPTIONS}
"""Title, cause and fix of the findings about users."""
