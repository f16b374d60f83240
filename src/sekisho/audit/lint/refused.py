"""What the parser refuses, as IAM would say it when the policy is saved.

Source: IAM API Reference, `CreatePolicy` (`MalformedPolicyDocument`); IAM's texts as public issue
threads quote them.
"""

import re
from collections.abc import Mapping, Sequence

from sekisho.audit.finding import Finding, FindingId, Place, found
from sekisho.errors import Code, Fault
from sekisho.messages import Message
from sekisho.policy import Position

UNREADABLE = frozenset(
    {Code.POLICY_NOT_JSON, Code.POLICY_NOT_A_POLICY, Code.POLICY_TOO_DEEP, Code.POLICY_TOO_LONG}
)
"""Faults of a text that is no policy document at all: nothing can be said about it."""

_SYNTAX = "Syntax errors in policy."
_OLD_VERSION = "Policy document must be version 2012-10-17 or greater."
_FINDINGS: Mapping[Code, tuple[FindingId, str]] = {
    Code.POLICY_BAD_EFFECT: (FindingId.SAVE_LEGACY_PARSING, "The policy failed legacy parsing"),
    Code.POLICY_BAD_VERSION: (FindingId.SAVE_VERSION, _OLD_VERSION),
    Code.POLICY_SID_REPEATED: (
        FindingId.SAVE_SID_UNIQUE,
        "Statement IDs (SID) in a single policy must be unique.",
    ),
    Code.POLICY_SID_CHARACTERS: (
        FindingId.SAVE_SID_CHARACTERS,
        "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular "
        "expression [0-9A-Za-z]*",
    ),
    Code.POLICY_NO_ACTION: (
        FindingId.SAVE_NO_ACTIONS,
        "Policy statement must contain actions.",
    ),
    Code.POLICY_NO_RESOURCE: (
        FindingId.SAVE_NO_RESOURCES,
        "Policy statement must contain resources.",
    ),
    Code.POLICY_ACTION_WITHOUT_SERVICE: (
        FindingId.SAVE_ACTION_VENDOR,
        "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
    ),
    Code.POLICY_ACTION_COLONS: (
        FindingId.SAVE_ACTION_COLONS,
        "Actions/Condition can contain only one colon.",
    ),
    Code.POLICY_RESOURCE_NOT_ARN: (
        FindingId.SAVE_RESOURCE_ARN,
        'Resource {resource} must be in ARN format or "*".',
    ),
    Code.POLICY_BAD_CHARACTER: (FindingId.SAVE_CHARACTERS, _SYNTAX),
    Code.POLICY_PRINCIPAL_WILDCARD: (FindingId.TRUST_WILDCARD, ""),
    Code.POLICY_PRINCIPAL_NOT_ALLOWED: (
        FindingId.SAVE_PRINCIPAL,
        "Policy document should not specify a principal.",
    ),
    Code.POLICY_RESOURCE_NOT_ALLOWED: (
        FindingId.SAVE_PROHIBITED_RESOURCE,
        "Has prohibited field Resource.",
    ),
}
"""Which finding a fault is, and what AWS answers; any other is an error of syntax to AWS."""

_NAMED = frozenset(
    {
        Code.POLICY_BAD_EFFECT,
        Code.POLICY_BAD_PRINCIPAL,
        Code.POLICY_BAD_VERSION,
        Code.POLICY_ELEMENT_CASE,
        Code.POLICY_RESOURCE_NOT_ARN,
        Code.POLICY_UNKNOWN_OPERATOR,
    }
)
"""Faults whose own fix says what to write at this very place."""

_INDEX = re.compile(r"Statement\[(\d+)\]")


def findings_of_faults(faults: Sequence[Fault], source: str) -> list[Finding]:
    """Return the faults of a policy that could not be read whole as findings."""
    return [_finding(fault, source) for fault in faults]


def _finding(fault: Fault, source: str) -> Finding:
    name, message = _FINDINGS.get(fault.code, (FindingId.SAVE_SYNTAX, _SYNTAX))
    index = _INDEX.match(fault.path)
    place = Place(
        source,
        int(index[1]) if index else None,
        path=fault.path,
        position=Position(fault.line, fault.column),
    )
    fact = fault.message
    if message:
        values = {key: str(value).strip("`") for key, value in fact.values or ()}
        fact = Message("{fact}; AWS: {message}").filled(
            fact=fact, message=message.format_map(values)
        )
    return found(name, place, fact, fault.fix if fault.code in _NAMED else None)
