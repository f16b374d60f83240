"""The words of what is idle in any policy."""

from collections.abc import Mapping

from sekisho.audit.findings import Severity
from sekisho.audit.lint.ids import FindingId
from sekisho.audit.lint.wording import Words
from sekisho.messages import Message

__all__ = ["IDLE"]

_WARNING, _NOTE = Severity.WARNING, Severity.NOTE

_DELETE = Message("Delete it.")
_SPELLING = Message("Mend the spelling.")

IDLE: Mapping[FindingId, Words] = {
    FindingId.WRONG_PARTITION: Words(
        _WARNING,
        Message("an ARN of another partition"),
        Message("Nothing in this account has such an ARN: the entry matches nothing."),
        Message("Write the partition of the account."),
    ),
    FindingId.NEVER_APPLIES: Words(
        _WARNING,
        Message("a statement that never applies"),
        Message("Its conditions exclude each other: no credential fulfils them all at once."),
        Message("Split it: operators and keys in one block are joined by AND."),
    ),
    FindingId.ALLOW_ALWAYS_DENIED: Words(
        _WARNING,
        Message("an Allow that a Deny always takes back"),
        Message("A Deny in the same document applies whenever the Allow does; a Deny wins."),
        Message("Delete one of the two."),
    ),
    FindingId.ACTION_WITHOUT_RESOURCE: Words(
        _WARNING,
        Message("an action without an applicable resource"),
        Message(
            "By AWS's reference this action is about another kind of resource than the statement "
            "names; the console warns of it too."
        ),
        Message('Add the right ARN; for actions without a resource type, `"*"`.'),
    ),
    FindingId.RESOURCE_WITHOUT_ACTION: Words(
        _NOTE,
        Message("a resource without an applicable action"),
        Message("No action of the statement is about it."),
        _DELETE,
    ),
    FindingId.CONDITION_WITHOUT_ACTION: Words(
        _WARNING,
        Message("a condition key that no action carries"),
        Message("The requests of these actions never have this key."),
        _SPELLING,
    ),
    FindingId.NOT_GOVERNED: Words(
        _NOTE,
        Message("an action that no policy governs"),
        Message(
            "The service permits it to every valid credential of its kind without asking a policy; "
            "neither Allow nor Deny has an effect."
        ),
        Message("Nothing; do not rely on it."),
    ),
}
