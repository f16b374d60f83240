"""The choices that make a Force_MFA policy, the presets, and what each choice opens and costs.

Every choice that opens something is off in AWS's own sample and on only where a preset says so.
"""

from dataclasses import dataclass, fields, replace
from enum import StrEnum

from sekisho.catalogue import DEFAULT_PARTITION, partitions
from sekisho.errors import Code, Fault, FaultyPolicy
from sekisho.messages import Message

NAME = "Force_MFA"
"""The name that AWS's tutorial gives the policy."""

DESCRIPTION = (
    "Lets IAM users manage their own passwords, keys and MFA devices, and denies everything else "
    "unless they signed in with MFA."
)
"""The description to create it with; a description cannot be changed later."""

SHORTEST_MFA_AGE = 300
LONGEST_MFA_AGE = 129_600
"""Seconds; no session that AWS issues with MFA lives longer than 36 hours."""


class Preset(StrEnum):
    """The named sets of choices.

    `aws` is AWS's sample page as it stands, `first-login` the same with the fix that the page
    names for first sign-in, `recommended` what sekisho writes if nothing is said.
    """

    RECOMMENDED = "recommended"
    FIRST_LOGIN = "first-login"
    AWS = "aws"


@dataclass(frozen=True, slots=True)
class Choices:
    """What a Force_MFA policy lets through and how strictly it holds the rest.

    Attributes:
        partition: the partition of the ARNs.
        allow_what_is_exempt: allow `iam:GetMFADevice`, which AWS's sample exempts in vain.
        user_paths: cover users with an IAM path beside those without.
        password_change_without_mfa: exempt the change of a (temporary) password.
        own_things_only: without MFA, deny the exempt actions on everybody else's user.
        enrolment_needs_session: deny enrolment to long-term access keys (unconfirmed in the field).
        via_aws_service: do not deny calls that an AWS service makes on the user's behalf.
        mfa_age: deny when MFA was passed longer ago than this many seconds; None: never.
        passwords, access_keys, signing_certificates, ssh_keys, git_credentials: the parts of
            self-service, all of them with MFA only.
        quiet_console: exempt the reads that keep the security credentials page free of red boxes.
    """

    partition: str = DEFAULT_PARTITION
    allow_what_is_exempt: bool = False
    user_paths: bool = False
    password_change_without_mfa: bool = False
    own_things_only: bool = False
    enrolment_needs_session: bool = False
    via_aws_service: bool = False
    mfa_age: int | None = None
    passwords: bool = True
    access_keys: bool = True
    signing_certificates: bool = True
    ssh_keys: bool = True
    git_credentials: bool = True
    quiet_console: bool = False


def choices_of(preset: Preset) -> Choices:
    """Return the choices that a preset stands for."""
    aws = Choices()
    match preset:
        case Preset.AWS:
            return aws
        case Preset.FIRST_LOGIN:
            return replace(aws, password_change_without_mfa=True)
        case Preset.RECOMMENDED:
            return replace(
                aws,
                allow_what_is_exempt=True,
                user_paths=True,
                password_change_without_mfa=True,
                own_things_only=True,
            )


def check(choices: Choices) -> None:
    """Refuse choices that contradict each other or are out of range.

    Raises:
        FaultyPolicy: with every fault, each with the choice as its path.
    """
    faults = []
    known = tuple(partition.id for partition in partitions())
    if choices.partition not in known:
        fix = Message("write one of {names}").filled(names=", ".join(f"`{name}`" for name in known))
        message = Message("no partition `{partition}`").filled(partition=choices.partition[:20])
        faults.append(Fault(Code.POLICY_BAD_CHOICE, message, "partition", fix=fix))
    if choices.password_change_without_mfa and not choices.passwords:
        message = Message(
            "a password change without MFA, where passwords are not for users to change"
        )
        fix = Message("turn `passwords` on, or `password_change_without_mfa` off")
        faults.append(
            Fault(Code.POLICY_BAD_CHOICE, message, "password_change_without_mfa", fix=fix)
        )
    age = choices.mfa_age
    if age is not None and not SHORTEST_MFA_AGE <= age <= LONGEST_MFA_AGE:
        message = Message("an MFA age of {age} seconds").filled(age=age)
        fix = Message("choose {least} to {most}").filled(
            least=SHORTEST_MFA_AGE, most=LONGEST_MFA_AGE
        )
        faults.append(Fault(Code.POLICY_BAD_CHOICE, message, "mfa_age", fix=fix))
    if faults:
        raise FaultyPolicy("choices", faults)


@dataclass(frozen=True, slots=True)
class ChoiceText:
    """One choice, explained.

    Attributes:
        name: the field of `Choices`.
        title: what the choice is about.
        chosen: the value as text: `on`, `off`, a partition, a number of seconds.
        opens: what is possible when it is on.
        costs: what that costs, or what is at risk.
    """

    name: str
    title: Message
    chosen: str
    opens: Message
    costs: Message


_TEXTS: dict[str, tuple[Message, Message, Message]] = {
    "partition": (
        Message("partition of the ARNs"),
        Message("The policy names users and devices of this partition."),
        Message("In an account of another partition nobody could enrol a device."),
    ),
    "allow_what_is_exempt": (
        Message("allow what is exempt (GetMFADevice)"),
        Message(
            "Users can read the details of their own MFA devices, which AWS's sample exempts from "
            "the Deny but never allows."
        ),
        Message("Nothing beyond a user's own devices is shown."),
    ),
    "user_paths": (
        Message("users with an IAM path"),
        Message(
            "Users with a path, such as `/dev/`, can enrol too; without this they are locked out "
            "for good."
        ),
        Message(
            "A few hundred characters of policy; user names are unique in an account, so nobody "
            "gains another's rights."
        ),
    ),
    "password_change_without_mfa": (
        Message("password change without MFA"),
        Message(
            "A new user can replace a temporary password at the first sign-in, before a device is "
            "enrolled."
        ),
        Message(
            "Somebody who knows a password can change it without a second factor and lock the "
            "owner out; AWS advises against it and prefers attaching the policy after the first "
            "sign-in."
        ),
    ),
    "own_things_only": (
        Message("own user only while without MFA"),
        Message(
            "Nothing: it shuts a door. An administrator's session or key without MFA can no longer "
            "enrol, resync or read devices of other users."
        ),
        Message("Automation that enrols devices for other people must have passed MFA."),
    ),
    "enrolment_needs_session": (
        Message("enrolment in the console only"),
        Message(
            "Nothing: it shuts a door. Somebody who stole only an access key cannot enrol a first "
            "device with it."
        ),
        Message(
            "Users who have only an access key cannot enrol by themselves; not confirmed on a live "
            "account, so try it on a test user first."
        ),
    ),
    "via_aws_service": (
        Message("calls that AWS services make for the user"),
        Message(
            "Services such as CloudFormation or Athena keep working for a user when they call on "
            "without the user's MFA."
        ),
        Message(
            "What a service does on the user's behalf is no longer held by this policy; the call "
            "that starts it still is."
        ),
    ),
    "mfa_age": (
        Message("longest time since MFA, in seconds"),
        Message(
            "Nothing: it shuts a door. A session whose MFA is older than this is treated as one "
            "without MFA."
        ),
        Message("People must sign in again during long work, and long jobs stop in the middle."),
    ),
    "passwords": (
        Message("own password"),
        Message("Users can change their own password."),
        Message(
            "Little: the old password is asked for. Without it an administrator must set passwords."
        ),
    ),
    "access_keys": (
        Message("own access keys"),
        Message("With MFA, users can make and rotate their own access keys."),
        Message(
            "A key outlives the session that made it; without MFA it is denied all but enrolment."
        ),
    ),
    "signing_certificates": (
        Message("own signing certificates"),
        Message("With MFA, users can upload X.509 certificates for old SOAP clients."),
        Message(
            "Certificates outlive the session, and only two of them show in the credential report."
        ),
    ),
    "ssh_keys": (
        Message("own SSH keys for CodeCommit"),
        Message("With MFA, users can upload SSH public keys."),
        Message("Git over SSH carries no MFA, so this policy denies it with error 403."),
    ),
    "git_credentials": (
        Message("own Git and service-specific credentials"),
        Message("With MFA, users can make credentials for Git over HTTPS and the like."),
        Message(
            "They carry no MFA, so using them is denied; they do not show in the credential report."
        ),
    ),
    "quiet_console": (
        Message("security credentials page without red boxes"),
        Message(
            "The security credentials page shows a user's own keys and certificates before MFA."
        ),
        Message(
            "A thief with the password or a key can list the user's credentials and count the "
            "account's users, groups and policies."
        ),
    ),
}


def title_of(name: str) -> Message:
    """Return what the choice with this field name is about."""
    return _TEXTS[name][0]


def explain(choices: Choices) -> tuple[ChoiceText, ...]:
    """Return every choice with what it opens and costs, in the order of `Choices`."""
    explained = []
    for name in (field.name for field in fields(choices)):
        title, opens, costs = _TEXTS[name]
        explained.append(ChoiceText(name, title, _chosen(getattr(choices, name)), opens, costs))
    return tuple(explained)


def _chosen(value: object) -> str:
    if value is None or value is False:
        return "off"
    return "on" if value is True else str(value)
