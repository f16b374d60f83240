"""The other half of the guide: the first-sign-in trap, what people will see, what to do if."""

from sekisho.messages import Message
from sekisho.tour.guide_model import Block, Code, Note, Paragraph, Section, Steps, Table

__all__ = ["TROUBLES", "command_line", "enrol", "first_sign_in", "people_see"]

_WORKS_HERE = Message(
    "With this policy the first sign-in works: changing one's own password needs no MFA."
)
_DEADLOCKS_HERE = Message(
    "With this policy the first sign-in with a temporary password dead-locks: the password must be "
    "changed before anything else, and changing it needs MFA, which cannot be enrolled before. "
    "Take one of the three ways below."
)
_WAYS = (
    Message(
        "Use a policy that exempts iam:ChangePassword and iam:GetAccountPasswordPolicy (the "
        "presets `recommended` and `first-login`). It costs that somebody who knows a password "
        "could change it without a second factor and lock the owner out; they gain no other "
        "right by it."
    ),
    Message(
        "Attach the policy only after the person has changed the password (the way AWS prefers): "
        "create the user without any other permission, let them sign in and change it, then "
        "attach."
    ),
    Message(
        "Set a password that need not be changed: clear {must_change}. Then the administrator "
        "knows it, so ask the person to change it once MFA is on."
    ),
)


def first_sign_in(*, works: bool) -> Section:
    """Return the trap of the temporary password; `works` says whether this policy avoids it."""
    return Section(
        "first-sign-in",
        Message("The first sign-in: the trap and three ways"),
        (
            Note(_WORKS_HERE if works else _DEADLOCKS_HERE),
            Steps(_WAYS),
            Paragraph(
                Message(
                    "The page says the same sentence whether permission is missing or the new "
                    "password is too weak: `Either user is not authorized to perform "
                    "iam:ChangePassword or entered password does not comply with account password "
                    "policy set by administrator`. Check the password's length and characters "
                    "first."
                )
            ),
        ),
    )


_SUCCEEDS = Message("Signing in with name and password succeeds: the policy acts only after it.")
_NEW_PASSWORD = Message(
    "With a temporary password, a page asks for a new one before anything else."
)
_NEW_PASSWORD_REFUSED = Message(
    "With a temporary password, the page that asks for a new one refuses every new "
    "password: see the section before."
)
_RED = Message(
    "Almost every page shows red boxes such as `... with an explicit deny in an "
    "identity-based policy`. That is expected: it is the policy at work."
)
_SET_UP = Message("Setting up MFA works. The next section is for the person: print it or send it.")


def people_see(*, works: bool) -> Section:
    """Return what a user without a device sees after the policy is attached."""
    asked = _NEW_PASSWORD if works else _NEW_PASSWORD_REFUSED
    return Section(
        "people-see",
        Message("What people will see"),
        (Steps((_SUCCEEDS, asked, _RED, _SET_UP)),),
    )


_SIX = Steps(
    (
        Message(
            "Choose your name at the top right, then {security_credentials}. Red boxes "
            "on this page are expected."
        ),
        Message(
            "Choose {assign_mfa}. Enter a {device_name} that nobody has used yet, such as "
            "your user name and `phone`."
        ),
        Message(
            "Choose {authenticator_app} and {next}. ({passkey} works too, but not for the AWS CLI.)"
        ),
        Message(
            "Choose {show_qr} and scan it with the app on your phone. Without a camera, "
            "choose {show_secret} and type it in."
        ),
        Message(
            "Type the six digits into {code_1}. Wait until the app shows the next "
            "six digits, and type those into {code_2}. Choose {add_mfa}."
        ),
        Message(
            "Choose {sign_out}, then sign in again with the code. Only the new session "
            "has MFA: the old one stays without."
        ),
    )
)

_TO_THE_END = Note(
    Message("Do not cancel half-way. If you have to, use another device name next time.")
)

_PATH = Note(
    Message(
        "Users whose ARN has a path (such as `user/staff/hanako`) cannot enrol under "
        "this policy: it names `user/${aws:username}` only. Do not attach it to "
        "them; the preset `recommended` repairs this."
    )
)


def enrol(*, path_locked_out: bool) -> Section:
    """Return the six steps of enrolment, for the person to follow."""
    blocks: tuple[Block, ...] = (_SIX, _TO_THE_END)
    return Section(
        "enrol",
        Message("Enrol an MFA device in six steps"),
        (*blocks, _PATH) if path_locked_out else blocks,
    )


def command_line(partition: str) -> Section:
    """Return what changes for those who use the AWS CLI."""
    commands = (
        "aws sts get-session-token \\\n"
        f"  --serial-number arn:{partition}:iam::ACCOUNT-ID:mfa/DEVICE-NAME \\\n"
        "  --token-code 123456"
    )
    return Section(
        "command-line",
        Message("What changes on the command line"),
        (
            Steps(
                (
                    Message(
                        "A long-term access key alone is denied everything but the exempt list."
                    ),
                    Message(
                        "Ask for a session with a code, and use the three values it returns "
                        "(`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`). "
                        "Newer AWS CLIs do both at once: `aws configure mfa-login`."
                    ),
                    Message(
                        "A session taken without a code cannot call IAM at all; the error is "
                        "`InvalidClientTokenId: The security token included in the request is "
                        "invalid`."
                    ),
                )
            ),
            Code(commands, "shell", Message("A session with a code")),
        ),
    )


_TROUBLES = (
    (
        Message("`Entity already exists` / `EntityAlreadyExists`"),
        Message(
            "An enrolment was broken off and left its device behind. Use another device name, "
            "or let an administrator delete the leftover. Do not allow users to delete devices "
            "without MFA."
        ),
    ),
    (
        Message("The code is not accepted"),
        Message(
            "The two codes must follow each other, and each works once. Check that the phone "
            "sets its clock by itself."
        ),
    ),
    (
        Message("`... with an explicit deny in an identity-based policy` although MFA is set up"),
        Message("This session was opened without MFA. Sign out and in with the code."),
    ),
    (
        Message("The phone is lost"),
        Message(
            "Check who is asking, then deactivate the device and delete it; the person enrols "
            "anew. A user may have up to 8 devices: a second one avoids this."
        ),
    ),
)
TROUBLES = Section(
    "troubles",
    Message("If something goes wrong"),
    (
        Table(
            Message("Messages and fixes"),
            (Message("What people say"), Message("Cause and fix")),
            _TROUBLES,
        ),
    ),
)
"""The messages that people will bring, with cause and fix."""
