"""The Force_MFA family: choices and presets, their document, and their trade-offs.

Every choice that opens something is off in AWS's own sample and on only where a preset says so.
What each allows and costs is in the table `choices` of the messages. `choices_in` recognises a
Force_MFA by what it says, and tells the choices that it was written for.

Source: IAM User Guide, "AWS: Allows MFA-authenticated IAM users to manage their own credentials on
the Security credentials page".
"""

import json
from collections.abc import Iterable
from dataclasses import fields, replace
from enum import StrEnum

from sekisho.catalogue import DEFAULT_PARTITION, partitions
from sekisho.errors import Code, Fault, FaultyPolicy
from sekisho.lazy import dataclass
from sekisho.messages import Message, table
from sekisho.policy.document import Document, Effect, Element, Statement, Version
from sekisho.policy.text import parse

NAME = "Force_MFA"
"""The policy's name in AWS's tutorial."""

DESCRIPTION = (
    "Lets IAM users manage their own passwords, keys and MFA devices, and denies everything else "
    "unless they signed in with MFA."
)
"""The description for its creation; a description cannot be changed later."""

SHORTEST_MFA_AGE = 300
LONGEST_MFA_AGE = 129_600
"""Seconds; a session of STS lives for 36 hours at most, and one of the console usually for 12."""


class Preset(StrEnum):
    """The named sets of choices.

    `aws` is AWS's sample page unchanged, `first-login` the same with the fix that the page names
    for first sign-in, `recommended` the default of sekisho.
    """

    RECOMMENDED = "recommended"
    FIRST_LOGIN = "first-login"
    AWS = "aws"


class SelfService(StrEnum):
    """The credentials that users may manage themselves, with MFA only."""

    PASSWORDS = "passwords"
    ACCESS_KEYS = "access-keys"
    SIGNING_CERTIFICATES = "signing-certificates"
    SSH_KEYS = "ssh-keys"
    GIT_CREDENTIALS = "git-credentials"

    @property
    def choice(self) -> str:
        """The field of `Choices`."""
        return self.value.replace("-", "_")


@dataclass(frozen=True, slots=True)
class Choices:
    """The choices of a Force_MFA policy: its exemptions, and its strictness otherwise.

    Attributes:
        partition: the partition of the ARNs.
        allow_what_is_exempt: allow `iam:GetMFADevice`, which AWS's sample exempts in vain.
        user_paths: cover users with an IAM path beside those without.
        password_change_without_mfa: exempt the change of a (temporary) password.
        own_things_only: without MFA, deny the exempt actions on everybody else's user.
        enrolment_needs_session: deny enrolment to long-term access keys (unconfirmed in the field).
        console_sign_in_without_mfa: exempt what the console's sign-in needs where AWS Sign-In's
            console authorization is enabled; other clients of the sign-in still need MFA.
        deny_remote_login: deny `aws login --remote` also with MFA: people hand over its code.
        deny_agents: deny agents (OAuth clients such as the AWS MCP server's) also with MFA.
        via_aws_service: do not deny calls that an AWS service makes on the user's behalf.
        mfa_age: deny when MFA was passed longer ago than this many seconds; None: never.
        passwords, access_keys, signing_certificates, ssh_keys, git_credentials: one for each
            part of `SelfService`.
        quiet_console: exempt the reads that keep the security credentials page free of red boxes.
    """

    partition: str = DEFAULT_PARTITION
    allow_what_is_exempt: bool = False
    user_paths: bool = False
    password_change_without_mfa: bool = False
    own_things_only: bool = False
    enrolment_needs_session: bool = False
    console_sign_in_without_mfa: bool = False
    deny_remote_login: bool = False
    deny_agents: bool = False
    via_aws_service: bool = False
    mfa_age: int | None = None
    passwords: bool = True
    access_keys: bool = True
    signing_certificates: bool = True
    ssh_keys: bool = True
    git_credentials: bool = True
    quiet_console: bool = False


def choices_of(preset: Preset) -> Choices:
    """Return the choices of a preset."""
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


def check_choices(choices: Choices) -> None:
    """Refuse choices that contradict each other or are out of range.

    Raises:
        FaultyPolicy: with every fault, each with the choice as its path.
    """
    faults = []
    known = tuple(partition.id for partition in partitions())
    if choices.partition not in known:
        fix = Message("write one of {names}").filled(names=", ".join(f"`{name}`" for name in known))
        message = Message("there is no partition `{partition}`").filled(
            partition=choices.partition[:20]
        )
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
        message = Message("`mfa_age` is {age} seconds").filled(age=age)
        fix = Message("choose from {least} to {most} seconds").filled(
            least=SHORTEST_MFA_AGE, most=LONGEST_MFA_AGE
        )
        faults.append(Fault(Code.POLICY_BAD_CHOICE, message, "mfa_age", fix=fix))
    if faults:
        raise FaultyPolicy(Message("choices", "source"), faults)


@dataclass(frozen=True, slots=True)
class ChoiceText:
    """One choice, explained.

    Attributes:
        name: the field of `Choices`.
        title: the subject of the choice.
        chosen: the value as text: `on`, `off`, a partition, a number of seconds.
        allows: the effect if it is on.
        costs: the cost or risk of that.
    """

    name: str
    title: Message
    chosen: str
    allows: Message
    costs: Message


def title_of(name: str) -> Message:
    """Return the title of the choice with this field name."""
    title: Message = table("choices")[name]["title"]
    return title


def explain(choices: Choices) -> tuple[ChoiceText, ...]:
    """Return every choice with its benefits and costs, in the order of `Choices`."""
    explained = []
    for name in (field.name for field in fields(choices)):
        chosen = _chosen(getattr(choices, name))
        explained.append(ChoiceText(name=name, chosen=chosen, **table("choices")[name]))
    return tuple(explained)


def _chosen(value: object) -> str:
    if value is None or value is False:
        return "off"
    return "on" if value is True else str(value)


@dataclass(frozen=True, slots=True)
class Tradeoff:
    """A property that a Force_MFA gives up by a choice.

    Attributes:
        points: the ids of what `prove` asks, scenarios and others, that are not as required.
        text: the users who are locked out or get in, or the actions that work without MFA.
        options: the options of `policy new` that change it.
        costs: the trade-off of these, which `prove` then accepts; None: there is none.
    """

    points: tuple[str, ...]
    text: Message
    options: tuple[str, ...]
    costs: Message | None = None


_BY_SERVICES = Message("what AWS services do for a user works without MFA")
_KEY_THIEF = Message("a thief with the leaked key of a user without a device can enrol one")
_KEY_USER = Message("a user who has only an access key cannot enrol without an administrator")
_NEW_USER = Message("a new user with a temporary password is locked out")
_PATH_USER = Message("a new user with a path in the ARN is locked out")
_EXPIRED = Message("a user whose password has expired is locked out")
_OTHERS_DEVICE = Message("the leaked key of an administrator enables a device on another user")
_OWN_PASSWORDS = f"--manage {SelfService.PASSWORDS}"


def tradeoffs(choices: Choices) -> tuple[Tradeoff, ...]:
    """Return the trade-offs of these choices; those that `prove` accepts come last."""
    found = []
    if choices.via_aws_service:
        found.append(Tradeoff(("enforcement",), _BY_SERVICES, ("--no-via-aws-service",)))
    if not choices.password_change_without_mfa:
        needed = () if choices.passwords else (_OWN_PASSWORDS,)
        options = (*needed, "--password-change-without-mfa")
        points = ("new-user", "passkey-only", "user-with-a-path")
        found.append(Tradeoff(points, _NEW_USER, options))
    if not choices.user_paths:
        found.append(Tradeoff(("user-with-a-path",), _PATH_USER, ("--user-paths",)))
    if not choices.passwords:
        expired = ("password-expired", "password-hard-expired")
        found.append(Tradeoff(expired, _EXPIRED, (_OWN_PASSWORDS,)))
    if choices.enrolment_needs_session:
        option = "--no-enrolment-needs-session"
        return (*found, Tradeoff(("key-user",), _KEY_USER, (option,), _KEY_THIEF))
    if not choices.own_things_only:
        option = "--own-things-only"
        found.append(Tradeoff(("admin-key-enables-device",), _OTHERS_DEVICE, (option,)))
    option = "--enrolment-needs-session"
    return (*found, Tradeoff(("key-without-device",), _KEY_THIEF, (option,), _KEY_USER))


SERVICE_EXEMPT = "sts:GetSessionToken"
"""Works regardless of policies; AWS's sample lists it all the same, for the reader."""

_ACCESS_KEYS = (
    "iam:CreateAccessKey",
    "iam:DeleteAccessKey",
    "iam:ListAccessKeys",
    "iam:UpdateAccessKey",
    "iam:GetAccessKeyLastUsed",
)
_SIGNING_CERTIFICATES = (
    "iam:DeleteSigningCertificate",
    "iam:ListSigningCertificates",
    "iam:UpdateSigningCertificate",
    "iam:UploadSigningCertificate",
)
_SSH_KEYS = (
    "iam:DeleteSSHPublicKey",
    "iam:GetSSHPublicKey",
    "iam:ListSSHPublicKeys",
    "iam:UpdateSSHPublicKey",
    "iam:UploadSSHPublicKey",
)
_GIT_CREDENTIALS = (
    "iam:CreateServiceSpecificCredential",
    "iam:DeleteServiceSpecificCredential",
    "iam:ListServiceSpecificCredentials",
    "iam:ResetServiceSpecificCredential",
    "iam:UpdateServiceSpecificCredential",
)
_ENROLMENT = (
    "iam:CreateVirtualMFADevice",
    "iam:EnableMFADevice",
    "iam:GetUser",
    "iam:GetMFADevice",
    "iam:ListMFADevices",
    "iam:ListVirtualMFADevices",
    "iam:ResyncMFADevice",
)
_PASSWORD_CHANGE = ("iam:ChangePassword", "iam:GetAccountPasswordPolicy")
CONSOLE_ACTIONS = ("signin:AuthorizeOAuth2Access", "signin:CreateOAuth2Token")
"""The actions of the console's sign-in once the person is known, one after the other.

Where console authorization is enabled, a Deny of either keeps the session from being granted. No
policy has to allow them. Source: AWS Sign-In User Guide, "Controlling console access with
resource-based policies and resource control policies".
"""

_QUIET_OF_USER = (
    "iam:GetLoginProfile",
    "iam:ListAccessKeys",
    "iam:GetAccessKeyLastUsed",
    "iam:ListSigningCertificates",
    "iam:ListSSHPublicKeys",
    "iam:ListServiceSpecificCredentials",
)
_QUIET_OF_ACCOUNT = ("iam:GetAccountPasswordPolicy", "iam:GetAccountSummary")
_NOT_ON_A_USER = frozenset(
    {
        "iam:CreateVirtualMFADevice",
        "iam:ListVirtualMFADevices",
        "iam:GetAccountPasswordPolicy",
        "iam:GetAccountSummary",
        SERVICE_EXEMPT,
        *CONSOLE_ACTIONS,
    }
)

_Json = dict[str, object]


def force_mfa(choices: Choices) -> Document:
    """Return the Force_MFA policy for these choices; its positions are those of its `render`.

    Raises:
        FaultyPolicy: if the choices contradict each other or are out of range.
    """
    check_choices(choices)
    return parse(json.dumps(force_mfa_json(choices), indent=2), source=NAME)


def force_mfa_json(choices: Choices) -> dict[str, object]:
    """Return `to_json` of the Force_MFA for these choices, without making the document.

    That the choices go together is not checked.
    """
    statements = [*_allows(choices), *_denies(choices)]
    return {"Version": str(Version.V2012), "Statement": statements}


def _self(choices: Choices) -> str | list[str]:
    """Return the user's own ARN; with paths, two patterns (user names are unique in any path)."""
    users = f"arn:{choices.partition}:iam::*:user/"
    plain = f"{users}${{aws:username}}"
    return [plain, f"{users}*/${{aws:username}}"] if choices.user_paths else plain


def _devices(choices: Choices) -> str:
    return f"arn:{choices.partition}:iam::*:mfa/*"


def _exempt(choices: Choices) -> list[str]:
    actions = [*_ENROLMENT]
    if choices.password_change_without_mfa:
        actions += _PASSWORD_CHANGE
    if choices.quiet_console:
        actions += [*_QUIET_OF_USER, *_QUIET_OF_ACCOUNT]
    if choices.console_sign_in_without_mfa:
        actions += CONSOLE_ACTIONS
    return list(dict.fromkeys([*actions, SERVICE_EXEMPT]))


def _allow(sid: str, actions: Iterable[str], resource: str | list[str]) -> _Json:
    return {"Sid": sid, "Effect": "Allow", "Action": list(actions), "Resource": resource}


def _allows(choices: Choices) -> Iterable[_Json]:
    own = _self(choices)
    account = ["iam:GetAccountPasswordPolicy"] if choices.passwords else []
    if choices.quiet_console:
        account = [*_QUIET_OF_ACCOUNT]
    yield _allow("AllowViewAccountInfo", [*account, "iam:ListVirtualMFADevices"], "*")
    if choices.passwords:
        yield _allow("AllowManageOwnPasswords", ["iam:ChangePassword", "iam:GetUser"], own)
    for chosen, sid, actions in (
        (choices.access_keys, "AllowManageOwnAccessKeys", _ACCESS_KEYS),
        (choices.signing_certificates, "AllowManageOwnSigningCertificates", _SIGNING_CERTIFICATES),
        (choices.ssh_keys, "AllowManageOwnSSHPublicKeys", _SSH_KEYS),
        (choices.git_credentials, "AllowManageOwnGitCredentials", _GIT_CREDENTIALS),
        (choices.quiet_console, "AllowReadOwnCredentials", _QUIET_OF_USER),
    ):
        if chosen:
            yield _allow(sid, actions, own)
    create = ["iam:CreateVirtualMFADevice"]
    yield _allow("AllowManageOwnVirtualMFADevice", create, _devices(choices))
    yield _allow("AllowManageOwnUserMFA", _own_mfa(choices), own)


def _own_mfa(choices: Choices) -> Iterable[str]:
    yield "iam:DeactivateMFADevice"
    yield "iam:EnableMFADevice"
    if choices.allow_what_is_exempt:
        yield "iam:GetMFADevice"
    if not choices.passwords:
        yield "iam:GetUser"
    yield "iam:ListMFADevices"
    yield "iam:ResyncMFADevice"


def _no_mfa(choices: Choices) -> _Json:
    """Return the condition of MFA enforcement; keys without MFA lack the key, hence IfExists."""
    return {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false", **_direct(choices)}}


def _direct(choices: Choices) -> dict[str, str]:
    return {"aws:ViaAWSService": "false"} if choices.via_aws_service else {}


def _denies(choices: Choices) -> Iterable[_Json]:
    exempt = _exempt(choices)
    enforcement = {"Effect": "Deny", "NotAction": exempt, "Resource": "*"}
    yield {"Sid": "DenyAllExceptListedIfNoMFA", **enforcement, "Condition": _no_mfa(choices)}
    if choices.console_sign_in_without_mfa:
        condition = {"Condition": _no_mfa(choices)}
        yield {"Sid": "DenyOtherSignInIfNoMFA", **_other_sign_in(choices), **condition}
    if choices.own_things_only:
        own = _self(choices)
        yield {
            "Sid": "DenyOthersIfNoMFA",
            "Effect": "Deny",
            "Action": [action for action in exempt if action not in _NOT_ON_A_USER],
            # a device is bound to nobody before EnableMFADevice, which is asked about the user
            "NotResource": [*([own] if isinstance(own, str) else own), _devices(choices)],
            "Condition": _no_mfa(choices),
        }
    if choices.enrolment_needs_session:
        yield {
            "Sid": "DenyEnrolmentByLongTermKey",
            "Effect": "Deny",
            "Action": ["iam:CreateVirtualMFADevice", "iam:EnableMFADevice"],
            "Resource": "*",
            "Condition": {"Null": {"aws:TokenIssueTime": "true"}},
        }
    if choices.mfa_age is not None:
        age = {"NumericGreaterThanIfExists": {"aws:MultiFactorAuthAge": str(choices.mfa_age)}}
        direct = {"BoolIfExists": _direct(choices)} if choices.via_aws_service else {}
        condition = {"Condition": {**age, **direct}}
        yield {"Sid": "DenyAllExceptListedIfMFAIsOld", **enforcement, **condition}
        if choices.console_sign_in_without_mfa:
            yield {"Sid": "DenyOtherSignInIfMFAIsOld", **_other_sign_in(choices), **condition}
    yield from _denied_clients(choices)


def _denied_clients(choices: Choices) -> Iterable[_Json]:
    """Yield the Deny of sign-in clients that stay forbidden, with MFA or without."""
    start = f"arn:{choices.partition}:signin:*:*:"
    clients = [f"{start}oauth2/public-client/remote"] if choices.deny_remote_login else []
    clients += [f"{start}service-principal/*"] if choices.deny_agents else []
    if clients:
        sign_in = {"Action": [*CONSOLE_ACTIONS], "Resource": clients}
        yield {"Sid": "DenyOtherSignIn", "Effect": "Deny", **sign_in}


def _other_sign_in(choices: Choices) -> _Json:
    """Return the Deny of the sign-in of other clients than the console: `aws login`, and agents.

    The Deny names them, and does not just exclude the console: the resource of the console's own
    sign-in is not documented, and denying it would lock people out.
    """
    start = f"arn:{choices.partition}:signin:*:*:"
    clients = [f"{start}oauth2/public-client/*", f"{start}service-principal/*"]
    return {"Effect": "Deny", "Action": [*CONSOLE_ACTIONS], "Resource": clients}


def choices_in(document: Document) -> Choices | None:
    """Return the choices whose Force_MFA equals a document; None if there are none.

    Names, `Sid`s and the order of statements and values do not matter.
    """
    found = _likely_choices(document)
    try:
        written = force_mfa(found)
    except FaultyPolicy:
        return None
    return found if _content(written) == _content(document) else None


def _likely_choices(document: Document) -> Choices:
    """Return the only choices that can have made a document: each choice writes distinct parts.

    A guess is enough: a document with other or repeated parts is found by comparing both.
    """
    allowed: set[str] = set()
    exempt: set[str] = set()
    resources: list[str] = []
    for each in document.statements:
        if each.effect is Effect.ALLOW:
            allowed.update(each.action.values)
        elif each.action.negated:
            exempt.update(each.action.values)
        resources += each.resource.values if each.resource else ()
    conditions = [one for each in document.statements for one in each.conditions]
    values = {one.key: one.values for one in conditions}
    age = "".join(values.get("aws:MultiFactorAuthAge", ()))
    partition = next((text.split(":")[1] for text in resources if ":iam::" in text), "")
    # where signing in needs MFA, other clients are named too, but all of them
    denied = {
        text.partition(":oauth2/")[2] or text.rpartition(":")[2]
        for each in document.statements
        # a Deny without a condition applies with MFA, too
        if each.effect is Effect.DENY and each.resource and not each.conditions
        for text in each.resource.values
    }
    return Choices(
        partition=partition,
        allow_what_is_exempt="iam:GetMFADevice" in allowed,
        user_paths=any("/*/" in text for text in resources),
        password_change_without_mfa="iam:ChangePassword" in exempt,
        own_things_only=any(
            each.resource and each.resource.negated for each in document.statements
        ),
        enrolment_needs_session="aws:TokenIssueTime" in values,
        console_sign_in_without_mfa=CONSOLE_ACTIONS[0] in exempt,
        deny_remote_login="public-client/remote" in denied,
        deny_agents="service-principal/*" in denied,
        via_aws_service="aws:ViaAWSService" in values,
        mfa_age=int(age) if age.isdecimal() and len(age) <= len(str(LONGEST_MFA_AGE)) else None,
        passwords="iam:ChangePassword" in allowed,
        access_keys="iam:CreateAccessKey" in allowed,
        signing_certificates="iam:UploadSigningCertificate" in allowed,
        ssh_keys="iam:UploadSSHPublicKey" in allowed,
        git_credentials="iam:CreateServiceSpecificCredential" in allowed,
        quiet_console="iam:GetLoginProfile" in exempt,
    )


def _content(document: Document) -> object:
    """Return the content of a document without the names and the order of its statements."""
    return document.version, frozenset(map(_content_of, document.statements))


def _content_of(each: Statement) -> object:
    conditions = {(one.operator, one.key.lower(), frozenset(one.values)) for one in each.conditions}
    patterns = (_patterns(each.action, folded=True), _patterns(each.resource))
    return each.effect, *patterns, each.principal, frozenset(conditions), each.empty


def _patterns(element: Element | None, *, folded: bool = False) -> object:
    if element is None:
        return None
    values = (value.lower() if folded else value for value in element.values)
    return element.negated, frozenset(values)
