"""The length of a policy by AWS's counting, and the quotas for policies and attachments.

The numbers are AWS's defaults. Some can be raised, and AWS raises them (in May 2026 those of roles,
managed policies and trust policies), so an account's own summary counts where it was read.

Source: IAM User Guide, "IAM and AWS STS quotas"; IAM API Reference, the errors of each
operation, and GetAccountSummary.
"""

from collections.abc import Mapping
from enum import Enum

from sekisho.errors import Code, Fault, quoted
from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.policy.document import Document, render


def size(policy: Document | str) -> int:
    """Return the number of characters by AWS's counting, without white space outside strings.

    Whether white space inside strings counts is not documented; it is counted. Comments, which
    IAM refuses anyway, are counted like everything else.
    """
    text = policy if isinstance(policy, str) else render(policy)
    count = 0
    inside = escaped = False
    for character in text:
        count += inside or character not in " \t\r\n"
        if escaped:
            escaped = False
        elif inside and character == "\\":
            escaped = True
        elif character == '"':
            inside = not inside
    return count


@dataclass(frozen=True, slots=True)
class QuotaLimit:
    """A quota's default and messages.

    Attributes:
        number: the default; some can be raised by asking AWS.
        message: AWS's own error message, with places `{number}` and `{name}`.
        fix: the advice for an administrator.
        summary: the key of the account's own number in its summary; "" if it has none.
    """

    number: int
    message: str
    fix: Message
    summary: str = ""


_SHORTER = Message("make it shorter, or use a customer managed policy")
_DETACH = Message("detach one, put both into one policy, or attach through a group")


class Quota(Enum):
    """The IAM quotas that a roll-out of a policy can reach."""

    MANAGED_POLICY = QuotaLimit(
        6144,
        "Cannot exceed quota for PolicySize: {number}",
        Message("make it shorter, or split it in two"),
        "PolicySizeQuota",
    )
    USER_INLINE = QuotaLimit(
        2048,
        "Maximum policy size of {number} bytes exceeded for user {name}",
        _SHORTER,
        "UserPolicySizeQuota",
    )
    GROUP_INLINE = QuotaLimit(
        5120,
        "Maximum policy size of {number} bytes exceeded for group {name}",
        _SHORTER,
        "GroupPolicySizeQuota",
    )
    ROLE_INLINE = QuotaLimit(
        10_240,
        "Maximum policy size of {number} bytes exceeded for role {name}",
        _SHORTER,
        "RolePolicySizeQuota",
    )
    TRUST_POLICY = QuotaLimit(
        2048,
        "Cannot exceed quota for ACLSizePerRole: {number}",
        Message("make the trust policy shorter"),
        "AssumeRolePolicySizeQuota",
    )
    SESSION_POLICY = QuotaLimit(
        2048,
        "1 validation error detected: Value at 'policy' failed to satisfy constraint: "
        "Member must have length less than or equal to {number}",
        Message("make the session policy shorter"),
    )
    VERSIONS_PER_POLICY = QuotaLimit(
        5,
        "A managed policy can have up to {number} versions. Before you create a new version, "
        "you must delete an existing version.",
        Message("delete a version that is not the default"),
        "VersionsPerPolicyQuota",
    )
    POLICIES_PER_USER = QuotaLimit(
        10,
        "Cannot exceed quota for PoliciesPerUser: {number}",
        _DETACH,
        "AttachedPoliciesPerUserQuota",
    )
    POLICIES_PER_GROUP = QuotaLimit(
        10,
        "Cannot exceed quota for PoliciesPerGroup: {number}",
        _DETACH,
        "AttachedPoliciesPerGroupQuota",
    )
    POLICIES_PER_ROLE = QuotaLimit(
        10,
        "Cannot exceed quota for PoliciesPerRole: {number}",
        _DETACH,
        "AttachedPoliciesPerRoleQuota",
    )
    GROUPS_PER_USER = QuotaLimit(
        10,
        "Cannot exceed quota for GroupsPerUser: {number}",
        Message("attach to the user directly"),
        "GroupsPerUserQuota",
    )
    POLICIES = QuotaLimit(
        1500,
        "Cannot exceed quota for PoliciesPerAccount: {number}",
        Message("delete one, or ask for more"),
        "PoliciesQuota",
    )
    GROUPS = QuotaLimit(
        300,
        "Cannot exceed quota for GroupsPerAccount: {number}",
        Message("delete one, or ask for more"),
        "GroupsQuota",
    )
    USERS = QuotaLimit(
        5000,
        "Cannot exceed quota for UsersPerAccount: {number}",
        Message("delete one"),
        "UsersQuota",
    )

    @property
    def number(self) -> int:
        """The default number."""
        return self.value.number

    def number_in(self, summary: Mapping[str, int]) -> int:
        """Return the account's own number, by its summary; the default if it was not read."""
        return summary.get(self.value.summary, self.number)

    def message(self, name: str = "", number: int | None = None) -> str:
        """Return AWS's error message.

        Args:
            name: the user, group or role that it is about.
            number: the account's own number; the default if None.
        """
        return self.value.message.format(number=number or self.number, name=name)


_NAMES: Mapping[Quota, Message] = {
    Quota.MANAGED_POLICY: Message("managed policy"),
    Quota.USER_INLINE: Message("user inline"),
    Quota.GROUP_INLINE: Message("group inline"),
    Quota.ROLE_INLINE: Message("role inline"),
    Quota.TRUST_POLICY: Message("trust policy"),
    Quota.SESSION_POLICY: Message("session policy"),
    Quota.VERSIONS_PER_POLICY: Message("versions per policy"),
    Quota.POLICIES_PER_USER: Message("policies per user"),
    Quota.POLICIES_PER_GROUP: Message("policies per group"),
    Quota.POLICIES_PER_ROLE: Message("policies per role"),
    Quota.GROUPS_PER_USER: Message("groups per user"),
    Quota.POLICIES: Message("policies"),
    Quota.GROUPS: Message("groups"),
    Quota.USERS: Message("users"),
}
"""The subject of each quota."""


_OVER = Message("{used} is over the quota for {what}, which is {number}")
_OVER_OF = Message("{used} of {name} is over the quota for {what}, which is {number}")
_OVER_DEFAULT = Message("{used} is over the quota for {what}, which is {number} by default")
_OVER_DEFAULT_OF = Message(
    "{used} of {name} is over the quota for {what}, which is {number} by default"
)


def over_quota(
    used: int, quota: Quota, name: str = "", summary: Mapping[str, int] | None = None
) -> tuple[Fault, ...]:
    """Return a fault if `used` exceeds the quota.

    Args:
        used: characters by `size` (aggregate for inline policies), or how many there would be.
        quota: which quota.
        name: the user, group, role or policy that it is about.
        summary: the account's, whose own quotas count; without them AWS's defaults, which is said.
    """
    number = quota.number_in(summary or {})
    if used <= number:
        return ()
    own = quota.value.summary in (summary or {})
    with_name, alone = (_OVER_OF, _OVER) if own else (_OVER_DEFAULT_OF, _OVER_DEFAULT)
    message = with_name if name else alone
    message = message.filled(used=used, name=quoted(name), what=_NAMES[quota], number=number)
    return (Fault(Code.POLICY_OVER_QUOTA, message, fix=quota.value.fix),)
