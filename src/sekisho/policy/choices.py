"""The choices that make a Force_MFA policy, the presets, and what each choice allows and costs.

Every choice that opens something is off in AWS's own sample and on only where a preset says so.
"""

from dataclasses import dataclass, fields, replace
from enum import StrEnum

from sekisho.catalogue import DEFAULT_PARTITION, partitions
from sekisho.errors import Code, Fault, FaultyPolicy
from sekisho.messages import Message, table

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
        allows: what is possible when it is on.
        costs: what that costs, or what is at risk.
    """

    name: str
    title: Message
    chosen: str
    allows: Message
    costs: Message


def title_of(name: str) -> Message:
    """Return what the choice with this field name is about."""
    title: Message = table("choices")[name]["title"]
    return title


def explain(choices: Choices) -> tuple[ChoiceText, ...]:
    """Return every choice with what it allows and costs, in the order of `Choices`."""
    explained = []
    for name in (field.name for field in fields(choices)):
        chosen = _chosen(getattr(choices, name))
        explained.append(ChoiceText(name=name, chosen=chosen, **table("choices")[name]))
    return tuple(explained)


def _chosen(value: object) -> str:
    if value is None or value is False:
        return "off"
    return "on" if value is True else str(value)
