"""What the services refuse by themselves: the rules that no policy expresses, and AWS's errors.

Source: IAM User Guide, "Compare AWS STS credentials", "Permissions for GetSessionToken",
"Multi-factor authentication"; security bulletin AWS-2023-001; facts §3, §4, §5.1, §8.1.
"""

from dataclasses import dataclass
from enum import StrEnum

from sekisho.language import Text

__all__ = ["RULES", "ErrorCode", "Refused", "Rule", "RuleNote"]


class ErrorCode(StrEnum):
    """AWS's own error codes, as far as these rules answer with them."""

    ACCESS_DENIED = "AccessDenied"
    DELETE_CONFLICT = "DeleteConflict"
    ENTITY_ALREADY_EXISTS = "EntityAlreadyExists"
    INVALID_AUTHENTICATION_CODE = "InvalidAuthenticationCode"
    INVALID_CLIENT_TOKEN_ID = "InvalidClientTokenId"  # noqa: S105 - an error code
    INVALID_USER_TYPE = "InvalidUserType"
    LIMIT_EXCEEDED = "LimitExceeded"
    NO_SUCH_ENTITY = "NoSuchEntity"
    PASSWORD_POLICY_VIOLATION = "PasswordPolicyViolation"  # noqa: S105 - an error code
    VALIDATION_ERROR = "ValidationError"


class Rule(StrEnum):
    """The rules of the services that no policy grants or takes away; the ids are stable."""

    IDENTITY_NEEDS_NO_PERMISSION = "sts.get-caller-identity-needs-no-permission"
    SESSION_NEEDS_NO_PERMISSION = "sts.get-session-token-needs-no-permission"
    LONG_TERM_KEY_ONLY = "sts.long-term-key-only"
    TOKEN_SESSION_STS = "sts.session-token-may-call-few"  # noqa: S105 - a rule's id
    TOKEN_SESSION_IAM = "iam.session-token-needs-mfa"  # noqa: S105 - a rule's id
    FEDERATED_STS = "sts.federated-may-call-few"
    FEDERATED_IAM = "iam.not-for-federated"
    ROOT_ASSUMES_NO_ROLE = "sts.root-assumes-no-role"
    MFA_OF_CALLER = "sts.mfa-device-of-caller"
    LIMITS = "sts.limits"
    CODE_ONCE = "mfa.code-once"
    TWO_CODES = "mfa.two-consecutive-codes"
    DEVICE_LIMIT = "mfa.at-most-eight"
    DEVICE_BOUND_ONCE = "mfa.bound-to-one-user"
    DEVICE_NAME = "mfa.name"
    DEVICE_HOLDER = "mfa.holder-needs-mfa"
    DEVICE_IN_USE = "mfa.deactivate-before-delete"
    UNKNOWN_ENTITY = "iam.unknown-entity"
    PASSWORD_POLICY = "password.policy"  # noqa: S105 - a rule's id
    OWN_PASSWORD = "password.own-only"  # noqa: S105 - a rule's id
    FORCED_CHANGE = "console.forced-change"
    HARD_EXPIRY = "console.hard-expiry"
    DEVICE_IS_ASKED = "console.device-is-asked"
    SESSION_KEEPS_MFA = "session.mfa-is-fixed-at-sign-in"

    @property
    def text(self) -> Text:
        """What the rule says."""
        return _NOTES[self].text

    @property
    def source(self) -> str:
        """Where it is written."""
        return _NOTES[self].source


@dataclass(frozen=True, slots=True)
class RuleNote:
    """A rule in words.

    Attributes:
        source: the page of AWS, or who observed it.
        documented: False if AWS does not state it and others have observed it.
    """

    rule: Rule
    text: Text
    source: str
    documented: bool = True


@dataclass(frozen=True, slots=True)
class Refused:
    """A service refuses by a rule of its own.

    Attributes:
        code: AWS's error code.
        message: AWS's message, verbatim where it is known.
        status: the HTTP status.
        reason: the rule.
    """

    code: ErrorCode
    message: str
    status: int
    reason: Rule


RULES: tuple[RuleNote, ...] = (
    RuleNote(
        Rule.IDENTITY_NEEDS_NO_PERMISSION,
        Text(
            "GetCallerIdentity needs no permission, and no Deny has an effect on it.",
            "GetCallerIdentity に権限は不要で、Deny も効きません。",
        ),
        "AWS STS API Reference, GetCallerIdentity",
    ),
    RuleNote(
        Rule.SESSION_NEEDS_NO_PERMISSION,
        Text(
            "GetSessionToken needs no permission, and no Deny has an effect on it.",
            "GetSessionToken に権限は不要で、Deny も効きません。",
        ),
        "IAM User Guide, Permissions for GetSessionToken",
    ),
    RuleNote(
        Rule.LONG_TERM_KEY_ONLY,
        Text(
            "Only a long-term access key can call GetSessionToken and GetFederationToken.",
            "GetSessionToken と GetFederationToken は長期のアクセスキーでしか呼び出せません。",
        ),
        "AWS STS API Reference, GetSessionToken, GetFederationToken",
    ),
    RuleNote(
        Rule.TOKEN_SESSION_STS,
        Text(
            "A GetSessionToken session can call few STS operations: AssumeRole and "
            "GetCallerIdentity among them.",
            "GetSessionToken のセッションが呼び出せる STS の操作は、AssumeRole や "
            "GetCallerIdentity などに限られます。",
        ),
        "AWS STS API Reference, GetSessionToken",
    ),
    RuleNote(
        Rule.TOKEN_SESSION_IAM,
        Text(
            "A GetSessionToken session without MFA cannot call IAM at all.",
            "MFA なしの GetSessionToken のセッションでは、IAM を一切呼び出せません。",
        ),
        "AWS STS API Reference, GetSessionToken",
    ),
    RuleNote(
        Rule.FEDERATED_STS,
        Text(
            "A federated user session can call GetCallerIdentity and little else of STS.",
            "フェデレーションユーザーのセッションが呼び出せる STS の操作は、ほぼ "
            "GetCallerIdentity だけです。",
        ),
        "AWS STS API Reference, GetFederationToken",
    ),
    RuleNote(
        Rule.FEDERATED_IAM,
        Text(
            "A federated user session cannot call IAM through the API.",
            "フェデレーションユーザーのセッションでは、API から IAM を呼び出せません。",
        ),
        "AWS STS API Reference, GetFederationToken",
    ),
    RuleNote(
        Rule.ROOT_ASSUMES_NO_ROLE,
        Text("The root user cannot assume a role.", "ルートユーザーはロールを引き受けられません。"),
        "AWS STS API Reference, AssumeRole",
    ),
    RuleNote(
        Rule.MFA_OF_CALLER,
        Text(
            "The MFA device of an STS call is one of the caller's own, and its code is right.",
            "STS の呼び出しに使う MFA デバイスは呼び出し元自身のもので、コードが正しくなければ"
            "なりません。",
        ),
        "IAM User Guide, Secure API access with MFA; texts observed (fact §3.2)",
    ),
    RuleNote(
        Rule.LIMITS,
        Text(
            "Durations and names in STS calls keep to the documented limits.",
            "STS の呼び出しの有効期間と名前には、文書に定められた制限があります。",
        ),
        "AWS STS API Reference",
    ),
    RuleNote(
        Rule.CODE_ONCE,
        Text(
            "An MFA code is accepted once, and only for a short time.",
            "MFA コードは短時間だけ有効で、一度しか使えません。",
        ),
        "observed (fact §3.2)",
        documented=False,
    ),
    RuleNote(
        Rule.TWO_CODES,
        Text(
            "Enabling or resynchronising a device takes two consecutive codes, the older first.",
            "デバイスの有効化と再同期には、連続する 2 つのコードを古い順に入力します。",
        ),
        "IAM API Reference, EnableMFADevice, ResyncMFADevice",
    ),
    RuleNote(
        Rule.DEVICE_LIMIT,
        Text(
            "A user can have up to eight MFA devices.",
            "1 人のユーザーが持てる MFA デバイスは 8 台までです。",
        ),
        "IAM User Guide, IAM and AWS STS quotas",
    ),
    RuleNote(
        Rule.DEVICE_BOUND_ONCE,
        Text(
            "An MFA device belongs to one user at most, and its name is used once.",
            "1 台の MFA デバイスは 1 人のユーザーだけのもので、同じ名前は二度使えません。",
        ),
        "IAM API Reference, EnableMFADevice, CreateVirtualMFADevice",
    ),
    RuleNote(
        Rule.DEVICE_NAME,
        Text(
            "Device names and paths keep to IAM's characters and lengths.",
            "デバイス名とパスに使える文字と長さには、IAM の制限があります。",
        ),
        "IAM API Reference, CreateVirtualMFADevice",
    ),
    RuleNote(
        Rule.DEVICE_HOLDER,
        Text(
            "Who has an MFA device and calls with an access key needs an MFA session to enable or "
            "disable their own devices.",
            "MFA デバイスを持つユーザーがアクセスキーで自分のデバイスを有効化・無効化するには、"
            "MFA 済みのセッションが必要です。",
        ),
        "security bulletin AWS-2023-001",
    ),
    RuleNote(
        Rule.DEVICE_IN_USE,
        Text(
            "A virtual device can only be deleted after it was deactivated.",
            "仮想 MFA デバイスは、無効化してからでないと削除できません。",
        ),
        "IAM API Reference, DeleteVirtualMFADevice",
    ),
    RuleNote(
        Rule.UNKNOWN_ENTITY,
        Text(
            "What a call names must exist.",
            "呼び出しで指定するものは、存在していなければなりません。",
        ),
        "IAM API Reference, Common Errors",
    ),
    RuleNote(
        Rule.PASSWORD_POLICY,
        Text(
            "A new password meets the account's password policy, or the default one.",
            "新しいパスワードは、アカウントのパスワードポリシー（なければ既定のもの）を"
            "満たさなければなりません。",
        ),
        "IAM User Guide, Set an account password policy for IAM users",
    ),
    RuleNote(
        Rule.OWN_PASSWORD,
        Text(
            "ChangePassword changes the caller's own password and needs the old one.",
            "ChangePassword で変えられるのは自分のパスワードだけで、古いパスワードが必要です。",
        ),
        "IAM API Reference, ChangePassword",
    ),
    RuleNote(
        Rule.FORCED_CHANGE,
        Text(
            "A password that must be changed is changed at sign-in, before any page of the console "
            "opens, by the user's own iam:ChangePassword.",
            "変更が必要なパスワードは、コンソールが開く前に、サインインの途中で本人の "
            "iam:ChangePassword によって変更されます。",
        ),
        "IAM User Guide, Manage passwords for IAM users (fact §8.1)",
    ),
    RuleNote(
        Rule.HARD_EXPIRY,
        Text(
            "Where the password policy says so, an expired password is not changed at sign-in: an "
            "administrator sets another one.",
            "パスワードポリシーでそう決めている場合、期限切れのパスワードはサインイン時に変更できず、"
            "管理者が再設定します。",
        ),
        "IAM User Guide, Set an account password policy for IAM users (fact §8.1)",
    ),
    RuleNote(
        Rule.DEVICE_IS_ASKED,
        Text(
            "A user who has an MFA device is always asked for it at console sign-in.",
            "MFA デバイスを持つユーザーは、コンソールへのサインインで必ず MFA を求められます。",
        ),
        "IAM User Guide, MFA enabled sign-in",
    ),
    RuleNote(
        Rule.SESSION_KEEPS_MFA,
        Text(
            "Whether a session has MFA is fixed when it begins: a device enabled later does not "
            "change it.",
            "セッションに MFA があるかどうかは開始時に決まり、後からデバイスを有効にしても"
            "変わりません。",
        ),
        "IAM User Guide, tutorial: permit users to manage their credentials and MFA settings",
    ),
)
"""Every rule in words, each once, in a stable order: what the prover takes as given."""

_NOTES = {note.rule: note for note in RULES}
