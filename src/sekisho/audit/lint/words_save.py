"""The words of what IAM refuses when a policy is saved (facts §7.2, §7.3)."""

from collections.abc import Mapping

from sekisho.audit.findings import Severity
from sekisho.audit.lint.ids import FindingId
from sekisho.audit.lint.wording import Words
from sekisho.messages import Message

__all__ = ["SAVE"]

_GRAMMAR = Message(
    "The grammar of the policy language does not take it; IAM refuses the whole document."
)
_FORM = Message("IAM checks the form of actions and ARNs when it saves a policy.")


def _error(title: Message, cause: Message, fix: Message) -> Words:
    return Words(Severity.ERROR, title, cause, fix)


SAVE: Mapping[FindingId, Words] = {
    FindingId.SAVE_SYNTAX: _error(
        Message("IAM refuses the syntax"),
        _GRAMMAR,
        Message("Mend the place that is named."),
    ),
    FindingId.SAVE_COMMENT: _error(
        Message("a comment"),
        Message("JSON has no comments; how-tos print them, IAM refuses them."),
        Message("Delete the comment."),
    ),
    FindingId.SAVE_CHARACTERS: _error(
        Message("characters that IAM does not take"),
        Message("A document may hold tab, line break and U+0020 to U+00FF only."),
        Message("Leave the character out, or write it as a `\\u` escape."),
    ),
    FindingId.SAVE_LEGACY_PARSING: _error(
        Message("an effect that is none"),
        Message("`Effect` is `Allow` or `Deny`; upper and lower case count."),
        Message("Write `Allow` or `Deny`."),
    ),
    FindingId.SAVE_VERSION: _error(
        Message("a managed policy needs the current version"),
        Message("A managed policy must have `Version` 2012-10-17, the version of the language."),
        Message('Write `"Version": "2012-10-17"`; it is no date of yours.'),
    ),
    FindingId.SAVE_SID_UNIQUE: _error(
        Message("two statements with one Sid"),
        Message("A Sid stands once in a document."),
        Message("Give each statement its own Sid."),
    ),
    FindingId.SAVE_SID_CHARACTERS: _error(
        Message("a Sid with other characters"),
        Message("A Sid of an IAM policy has letters and digits only."),
        Message("Use A-Z, a-z and 0-9 only."),
    ),
    FindingId.SAVE_NO_ACTIONS: _error(
        Message("a statement without actions"),
        _GRAMMAR,
        Message("Name at least one action."),
    ),
    FindingId.SAVE_NO_RESOURCES: _error(
        Message("a statement without resources"),
        _GRAMMAR,
        Message("Name at least one resource, or `*`."),
    ),
    FindingId.SAVE_ACTION_VENDOR: _error(
        Message("an action without a service"),
        _FORM,
        Message("Write it as `service:Name`."),
    ),
    FindingId.SAVE_ACTION_COLONS: _error(
        Message("an action with two colons"),
        _FORM,
        Message("Write it as `service:Name`."),
    ),
    FindingId.SAVE_VENDOR_INVALID: _error(
        Message("a service prefix that is none"),
        _FORM,
        Message("Write the prefix out, without wildcards, like `iam`."),
    ),
    FindingId.SAVE_RESOURCE_ARN: _error(
        Message("a resource that is no ARN"),
        _FORM,
        Message('Write an ARN, or `"*"` for every resource.'),
    ),
    FindingId.SAVE_PARTITION: _error(
        Message("a partition that does not exist"),
        _FORM,
        Message("Write `aws`, `aws-cn` or `aws-us-gov`, whichever the account is in."),
    ),
    FindingId.SAVE_RESOURCE_VENDOR: _error(
        Message("an ARN whose service is left open"),
        _FORM,
        Message("Write the service part out: `arn:aws:iam:…`."),
    ),
    FindingId.SAVE_IAM_REGION: _error(
        Message("an IAM ARN with a region"),
        Message("IAM is global: its ARNs have no region."),
        Message("Leave the region empty: `arn:aws:iam::…`."),
    ),
    FindingId.SAVE_IAM_PATH: _error(
        Message("an IAM ARN of no known kind"),
        _FORM,
        Message("Begin the last part with `user/`, `role/`, `mfa/` and so on."),
    ),
    FindingId.SAVE_PROHIBITED_RESOURCE: _error(
        Message("a resource in a role trust policy"),
        Message("The resource of a trust policy is the role itself."),
        Message("Delete `Resource`."),
    ),
    FindingId.SAVE_PRINCIPAL: _error(
        Message("a principal where none may stand"),
        Message("The principal of such a policy is whoever it is attached to."),
        Message("Delete `Principal`."),
    ),
    FindingId.SAVE_TRUST_ACTION: _error(
        Message("an action that assumes no role"),
        Message(
            "A trust policy is about the calls that assume its role; nobody gets in by another."
        ),
        Message(
            "Write `sts:AssumeRole`, `sts:AssumeRoleWithSAML` or `sts:AssumeRoleWithWebIdentity`; "
            "what the role may do stands in its permission policies."
        ),
    ),
    FindingId.SAVE_TRUST_PRINCIPAL: _error(
        Message("a principal that can assume no role"),
        Message(
            "Users, roles and their sessions, accounts, services and identity providers assume "
            "roles; a group or a policy is no principal."
        ),
        Message(
            "Name the users or the account; give the group a policy that allows `sts:AssumeRole`."
        ),
    ),
    FindingId.SAVE_SCP_SIZE: Words(
        Severity.WARNING,
        Message("longer than an SCP always could be"),
        Message(
            "An SCP may have 5,120 characters by AWS's quota page as it was, and 10,240 since May "
            "2026 as users report; saved by API or CLI, white space counts."
        ),
        Message("Delete the white space, or split the policy in two."),
    ),
    FindingId.SAVE_SIZE: _error(
        Message("over the quota"),
        Message("AWS counts every character but white space; inline policies of a user together."),
        Message(
            "Use a customer managed policy (6,144 characters), attached to a group, or split it."
        ),
    ),
}
