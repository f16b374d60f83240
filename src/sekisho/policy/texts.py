"""What each choice of the family opens and what it costs, in one plain sentence each."""

from dataclasses import dataclass, fields

from sekisho.messages import Message
from sekisho.policy.choices import Choices

__all__ = ["ChoiceText", "explain", "title_of"]


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
