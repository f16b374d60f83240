"""A finding: one problem of a policy or an account, with its explanation."""

from collections.abc import Mapping
from dataclasses import field, replace
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING

from sekisho.lazy import dataclass
from sekisho.messages import Message, part_of_table, verbatim
from sekisho.policy import Document, Position, Statement

if TYPE_CHECKING:
    from sekisho.audit.exceptions import Exemption


class Severity(StrEnum):
    """The severity of a finding, the gravest first.

    An error means that AWS refuses the policy or that it fails its purpose; a warning, that it does
    harm or is surely a mistake; a note is worth knowing.
    """

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


SEVERITIES: Mapping[Severity, Message] = {
    Severity.ERROR: Message("error"),
    Severity.WARNING: Message("warning"),
    Severity.NOTE: Message("note"),
}


class Family(StrEnum):
    """The source of a finding: the first part of its id."""

    SAVE = "save"
    """IAM refuses to save the policy."""
    ANALYZER = "analyzer"
    """Reported by IAM Access Analyzer's policy validation, under its names."""
    POLICY = "policy"
    """A part of any policy that has no effect."""
    MFA = "mfa"
    """The effect of a policy on MFA, decided by the engine."""
    ACCOUNT = "account"
    """A problem of an account."""


class FindingId(StrEnum):
    """The stable id of each finding, `family.name`; those of accounts in order of risk.

    The texts are in `messages/findings.toml`, and docs/reference/findings.md explains each finding.
    """

    SAVE_SYNTAX = "save.syntax"
    SAVE_COMMENT = "save.comment"
    SAVE_CHARACTERS = "save.characters"
    SAVE_LEGACY_PARSING = "save.legacy-parsing"
    SAVE_VERSION = "save.version"
    SAVE_SID_UNIQUE = "save.sid-unique"
    SAVE_SID_CHARACTERS = "save.sid-characters"
    SAVE_NO_ACTIONS = "save.no-actions"
    SAVE_NO_RESOURCES = "save.no-resources"
    SAVE_ACTION_VENDOR = "save.action-vendor"
    SAVE_ACTION_COLONS = "save.action-colons"
    SAVE_VENDOR_INVALID = "save.vendor-invalid"
    SAVE_RESOURCE_ARN = "save.resource-arn"
    SAVE_PARTITION = "save.partition"
    SAVE_RESOURCE_VENDOR = "save.resource-vendor"
    SAVE_IAM_REGION = "save.iam-region"
    SAVE_IAM_PATH = "save.iam-path"
    SAVE_S3_REGION = "save.s3-region"
    SAVE_ARN_PARTS = "save.arn-parts"
    SAVE_DATE = "save.date"
    SAVE_PROHIBITED_RESOURCE = "save.prohibited-resource"
    SAVE_PRINCIPAL = "save.principal"
    SAVE_TRUST_ACTION = "save.trust-action"
    SAVE_TRUST_PRINCIPAL = "save.trust-principal"
    SAVE_SIZE = "save.size"
    SAVE_SCP_SIZE = "save.scp-size"

    MISSING_VERSION = "analyzer.missing-version"
    VARIABLE_IN_VERSION = "analyzer.variable-unsupported-in-version"
    VARIABLE_IN_ELEMENT = "analyzer.variable-unsupported-in-element"
    VARIABLE_FOR_OPERATOR = "analyzer.invalid-variable-for-operator"
    INVALID_VARIABLE = "analyzer.invalid-variable"
    INVALID_ACTION = "analyzer.invalid-action"
    INVALID_SERVICE = "analyzer.invalid-service"
    INVALID_ARN_ACCOUNT = "analyzer.invalid-arn-account"
    WILDCARD_IN_SERVICE = "analyzer.wildcard-in-service-name"
    INVALID_GLOBAL_KEY = "analyzer.invalid-global-condition-key"
    MISSING_TAG_KEY = "analyzer.missing-tag-key-in-condition"
    MULTIPLE_BOOLEAN = "analyzer.invalid-condition-multiple-boolean"
    TYPE_MISMATCH = "analyzer.type-mismatch"
    DATE_AS_EPOCH = "analyzer.invalid-date-value"
    PRIVATE_IP = "analyzer.private-ip-address"
    WILDCARD_WITHOUT_LIKE = "analyzer.wildcard-without-like-operator"
    FOR_ALL_VALUES = "analyzer.for-all-values-with-single-valued-key"
    ALLOW_NOT_PRINCIPAL = "analyzer.allow-with-not-principal"
    PASS_ROLE_STAR = "analyzer.pass-role-with-star-in-resource"  # noqa: S105 - a finding's name
    MISSING_QUALIFIER = "analyzer.missing-qualifier"
    MISSING_ARN_FIELD = "analyzer.missing-arn-field"
    ARN_SERVICE_CASE = "analyzer.invalid-arn-service-case"
    DEPRECATED_GLOBAL_KEY = "analyzer.deprecated-global-condition-key"
    MISSING_PAIRED_KEYS = "analyzer.missing-paired-condition-keys"
    PASS_ROLE_NOT_RESOURCE = "analyzer.pass-role-with-not-resource"  # noqa: S105 - a finding's name
    NULL_WITH_QUALIFIER = "analyzer.null-with-qualifier"
    EMPTY_ARRAY_CONDITION = "analyzer.empty-array-condition"
    EMPTY_OBJECT_CONDITION = "analyzer.empty-object-condition"
    EMPTY_SID = "analyzer.empty-sid-value"
    REDUNDANT_ACTION = "analyzer.redundant-action"
    REDUNDANT_RESOURCE = "analyzer.redundant-resource"
    REDUNDANT_STATEMENT = "analyzer.redundant-statement"
    TRUST_NOT_PRINCIPAL = "analyzer.role-trust-policy-notprincipal"
    TRUST_WILDCARD = "analyzer.role-trust-policy-unsupported-wildcard"

    WRONG_PARTITION = "policy.wrong-partition"
    NEVER_APPLIES = "policy.statement-never-applies"
    ALLOW_ALWAYS_DENIED = "policy.allow-always-denied"
    ACTION_WITHOUT_RESOURCE = "policy.action-without-resource"
    RESOURCE_WITHOUT_ACTION = "policy.resource-without-action"
    CONDITION_WITHOUT_ACTION = "policy.condition-without-action"
    NOT_GOVERNED = "policy.not-governed"
    VOID_EXCLUSION = "policy.void-exclusion"
    UNEXPECTED_ID = "policy.unexpected-id"
    PUBLIC = "policy.public"
    TRUST_ANYBODY = "policy.trust-anybody"
    TRUST_ANY_USER = "policy.trust-any-user"

    DENY_MISSES_KEYS = "mfa.deny-misses-keys"
    DENY_MISSES_CONSOLE = "mfa.deny-misses-console"
    DENY_INVERTED = "mfa.deny-inverted"
    AGE_WITHOUT_IF_EXISTS = "mfa.age-without-if-exists"
    ALLOW_ADMITS_KEYS = "mfa.allow-admits-keys"
    ALLOW_ADMITS_SESSIONS = "mfa.allow-admits-sessions"
    ALLOW_FOR_ALL_VALUES = "mfa.allow-for-all-values"
    ALLOW_INVERTED = "mfa.allow-inverted"
    ALLOW_WITHOUT_TOO = "mfa.allowed-without-condition-too"
    DECOY_KEY = "mfa.decoy-key"
    NO_ENFORCEMENT = "mfa.no-enforcement"
    NOT_EVERYTHING_ENFORCED = "mfa.not-everything-enforced"
    IAM_EXEMPT = "mfa.iam-exempt"
    EXEMPT_DEACTIVATE = "mfa.exempt-deactivate"
    EXEMPT_DELETE_DEVICE = "mfa.exempt-delete-device"
    EXEMPT_CREDENTIALS = "mfa.exempt-credentials"
    EXEMPT_ESCALATION = "mfa.exempt-escalation"
    EXEMPT_NEVER_ALLOWED = "mfa.exempt-never-allowed"
    DENY_ONLY = "mfa.deny-only"
    ENROLMENT_DENIED = "mfa.enrolment-denied"
    ENROLMENT_BY_KIND = "mfa.enrolment-by-kind"
    VIRTUAL_DEVICE_DENIED = "mfa.virtual-device-denied"
    VIRTUAL_DEVICE_NOT_ALLOWED = "mfa.virtual-device-not-allowed"
    ENROLMENT_NOT_ALLOWED = "mfa.enrolment-not-allowed"
    FIRST_SIGN_IN = "mfa.first-sign-in-dead-locks"
    PASSWORD_WITHOUT_MFA = "mfa.password-change-without-mfa"  # noqa: S105 - a finding's name
    DEVICE_NAME = "mfa.device-named-like-user"
    USER_PATH = "mfa.user-with-path"
    OTHERS_WITHOUT_MFA = "mfa.others-without-mfa"
    OTHERS_DEVICES = "mfa.others-devices-without-mfa"
    OTHERS_CREDENTIALS = "mfa.others-credentials-without-mfa"
    PERMISSIONS_WITHOUT_MFA = "mfa.permissions-without-mfa"
    ENROLMENT_BY_KEY = "mfa.enrolment-by-key"
    ON_ROLE = "mfa.on-role-session"
    SCP_HITS_ROLES = "mfa.scp-hits-roles"
    BOUNDARY_CAPS = "mfa.boundary-caps-everything"
    TRUST_WITHOUT_MFA = "mfa.trust-without-mfa"
    TRUSTED_NEVER_HAS = "mfa.trusted-never-has-mfa"
    RESOURCE_HITS_ROLES = "mfa.resource-hits-roles"
    RESOURCE_NOT_PRINCIPAL = "mfa.resource-not-principal"
    RESOURCE_LEVEL = "mfa.resource-level"
    RESOURCE_ANY_ACCOUNT = "mfa.resource-any-account"
    RESOURCE_ALLOW_ONLY = "mfa.resource-allow-only"

    ROOT_WITHOUT_MFA = "account.root-without-mfa"
    ROOT_KEY = "account.root-access-key"
    ADMINISTRATOR_WITHOUT_DEVICE = "account.administrator-without-device"
    KEY_WITHOUT_DEVICE = "account.key-without-device"
    NOT_ENFORCED = "account.not-enforced"
    DECOY_POLICY = "account.decoy-policy"
    CONSOLE_WITHOUT_DEVICE = "account.console-without-device"
    EXCEPTION_EXPIRED = "account.exception-expired"
    CONSOLE_AUTHORIZATION = "account.console-authorization"
    PATH_LOCKED_OUT = "account.path-locked-out"
    NAME_TAKEN = "account.device-name-taken"
    DEAD_LOCK = "account.first-sign-in-dead-locks"
    LOCKED_OUT = "account.locked-out"
    MAY_EDIT_ENFORCEMENT = "account.may-edit-own-enforcement"
    OUTSIDE_GROUP = "account.outside-the-group"
    DETACHED_POLICY = "account.enforcement-detached"
    POLICY_ROT = "account.policy-rot"
    ROLE_TRUST_WITHOUT_MFA = "account.trust-without-mfa"
    LONG_SESSION = "account.long-session"
    MACHINE_WITH_PASSWORD = "account.machine-with-password"  # noqa: S105 - a finding's name
    EXCEPTION_FORCED = "account.exception-forced"
    OTHER_KIND = "account.no-passkey"
    PASSKEY_ONLY = "account.passkey-only-with-key"
    UNASSIGNED_DEVICE = "account.unassigned-device"
    STALE_REPORT = "account.stale-credential-report"
    QUOTA_NEAR = "account.quota-near"
    NOT_YET_ENFORCED = "account.not-yet-enforced"
    ROOT_MFA_VIRTUAL = "account.root-mfa-virtual"
    USER_WITHOUT_DEVICE = "account.user-without-device"
    ONE_DEVICE = "account.one-device-only"
    SERVICES_PASS = "account.services-pass"  # noqa: S105 - a finding's name
    EXCEPTION_NEEDLESS = "account.exception-needless"
    NOT_READ = "account.not-read"

    @property
    def family(self) -> Family:
        """The family that it belongs to."""
        return Family(self.value.partition(".")[0])

    @property
    def text(self) -> "FindingText":
        """The explanation of all findings with this id."""
        return _text(self)


@dataclass(frozen=True, slots=True)
class Control:
    """A published control that a finding supports.

    Attributes:
        name: like `Security Hub IAM.5`.
        limits: the properties that passing it does not show.
    """

    name: str
    limits: Message

    @property
    def shown(self) -> Message:
        """The name, as it is shown to people."""
        name = self.name.removesuffix(_IN_PART)
        text = Message("{control} (in part)").filled(control=name)
        return verbatim(name) if name == self.name else text


_IN_PART = " (in part)"


@dataclass(frozen=True, slots=True)
class FindingText:
    """The explanation that all findings with one id share.

    Attributes:
        severity: the usual one.
        title: the problem, in a few words.
        cause: why that is so.
        fix: the advice.
        controls: the published controls that it supports.
    """

    severity: Severity
    title: Message
    cause: Message
    fix: Message
    controls: tuple[Control, ...] = ()


@cache
def _text(finding: FindingId) -> FindingText:
    """Return the entry of a finding."""
    entry = dict(part_of_table("findings", finding.value))
    controls = tuple(
        Control(control, part_of_table("findings", "limits")[limit])
        for limit, names in entry.pop("controls", {}).items()
        for control in names
    )
    return FindingText(**entry | {"severity": Severity(entry["severity"])}, controls=controls)


def limits_of_controls() -> Message:
    """Return the message on limits that all published controls have."""
    text: Message = part_of_table("findings", "limits")["of-all"]
    return text


@dataclass(frozen=True, slots=True)
class Place:
    """The place of a finding: in a document, or an object of an account.

    Attributes:
        subject: the name under which the document was given; a user's name; the ARN of a policy,
            role or device; or `account`.
        statement: the statement's index, counted from 0; None for the whole.
        sid: the statement's Sid, or None.
        path: where in the document, like `Statement[2].Condition.Bool`; "" for the whole.
        position: line and column; (0, 0) if it was not read from a text.
    """

    subject: str
    statement: int | None = None
    sid: str | None = None
    path: str = ""
    position: Position = field(default=Position())


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding.

    Attributes:
        fact: the raw fact behind it: AWS's own message, which is English in both languages, or a
            request and the engine's answer.
        known: False if it could not be decided whether it is so; `fact` then says why.
        exemption: the exception that makes it a mere note, or None.
        goal: the goal of which the user is a break-glass user, which does the same; "" if none.
        own_fix: the advice here, if it is more specific than the usual one.
    """

    id: FindingId
    severity: Severity
    place: Place
    fact: Message
    known: bool = True
    exemption: "Exemption | None" = None
    goal: str = ""
    own_fix: Message | None = None

    @property
    def subject(self) -> str:
        """The name of the object that the finding is about."""
        return self.place.subject

    @property
    def title(self) -> Message:
        """The title of the problem, in a few words."""
        return self.id.text.title

    @property
    def cause(self) -> Message:
        """The reason for the problem."""
        return self.id.text.cause

    @property
    def fix(self) -> Message:
        """The advice for this finding."""
        return self.own_fix or self.id.text.fix

    def under(self, exemption: "Exemption | None", goal: str = "") -> "Finding":
        """Return the finding for a user with an exception that holds, or without one.

        Args:
            exemption: the exception.
            goal: the goal of which the user is a break-glass user; "" if there is none.
        """
        if exemption is None and not goal:
            return self
        fix = self.own_fix
        if self.id in _ENFORCE:
            fix = _PROTECTED.filled(goal=goal) if goal else _EXEMPT
        return replace(self, severity=Severity.NOTE, exemption=exemption, goal=goal, own_fix=fix)

    @property
    def left_out_by(self) -> Message | None:
        """Return the text that a goal's break-glass user is concerned; None if no goal is."""
        return break_glass_of(self.goal) if self.goal else None


_ENFORCE = (FindingId.NOT_ENFORCED, FindingId.NOT_YET_ENFORCED, FindingId.SERVICES_PASS)
"""The findings whose advice is not for users that an exception or a goal leaves out."""
_PROTECTED = Message("Nothing to do: no plan for the goal {goal} changes its break-glass users.")
_EXEMPT = Message("Nothing to do until the exception ends.")


def break_glass_of(goal: str) -> Message:
    """Return the text for a break-glass user of a goal."""
    return Message("break-glass user of the goal {goal}").filled(goal=goal)


def found(
    name: FindingId,
    where: Place | str,
    fact: Message | str,
    fix: Message | None = None,
    *,
    severity: Severity | None = None,
) -> Finding:
    """Return a finding.

    Args:
        name: its id.
        where: its place; an object of an account by its name.
        fact: the evidence; a text that is the same in both languages may be a `str`.
        fix: the advice, instead of the usual one.
        severity: instead of the usual one.
    """
    return Finding(
        name,
        severity or name.text.severity,
        Place(where) if isinstance(where, str) else where,
        verbatim(fact) if isinstance(fact, str) else fact,
        own_fix=fix,
    )


def unknown(name: FindingId, where: str, why: Message | str) -> Finding:
    """Return an undecided finding, with the reason."""
    fact = verbatim(why) if isinstance(why, str) else why
    return Finding(name, name.text.severity, Place(where), fact, known=False)


def place_in(
    document: Document,
    statement: Statement | None,
    *,
    path: str = "",
    position: Position | None = None,
) -> Place:
    """Return a place in a statement, or in the whole document, with the path inside it."""
    if statement is None:
        return Place(document.source, path=path, position=position or Position())
    at = f"Statement[{statement.index}]" + (f".{path}" if path else "")
    where = position or statement.position
    return Place(document.source, statement.index, statement.sid, at, where)
