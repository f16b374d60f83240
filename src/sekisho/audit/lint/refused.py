"""What the parser refuses, as IAM would say it when the policy is saved.

Source: facts §7.3; the text about a Sid's characters as public issue threads quote it.
"""

import re
from collections.abc import Sequence

from sekisho.audit.finding import Finding, FindingId, Place, found
from sekisho.audit.lint.parser_words import both
from sekisho.errors import Code, Fault
from sekisho.messages import Message, verbatim
from sekisho.policy import Position

__all__ = ["UNREADABLE", "findings_of_faults"]

UNREADABLE = frozenset(
    {Code.POLICY_NOT_JSON, Code.POLICY_NOT_A_POLICY, Code.POLICY_TOO_DEEP, Code.POLICY_TOO_LONG}
)
"""Faults of a text that is no policy document at all: nothing can be said about it."""

_SYNTAX = "Syntax errors in policy."
_OLD_VERSION = "Policy document must be version 2012-10-17 or greater."
_BY_MESSAGE: Sequence[tuple[Code, str, FindingId, str]] = (
    (
        Code.POLICY_BAD_VALUE,
        "is no effect",
        FindingId.SAVE_LEGACY_PARSING,
        "The policy failed legacy parsing",
    ),
    (Code.POLICY_BAD_VERSION, "", FindingId.SAVE_VERSION, _OLD_VERSION),
    (
        Code.POLICY_BAD_SID,
        "stands twice",
        FindingId.SAVE_SID_UNIQUE,
        "Statement IDs (SID) in a single policy must be unique.",
    ),
    (
        Code.POLICY_BAD_SID,
        "",
        FindingId.SAVE_SID_CHARACTERS,
        "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular "
        "expression [0-9A-Za-z]*",
    ),
    (
        Code.POLICY_MISSING_ELEMENT,
        "has no `Action`",
        FindingId.SAVE_NO_ACTIONS,
        "Policy statement must contain actions.",
    ),
    (
        Code.POLICY_MISSING_ELEMENT,
        "has no `Resource`",
        FindingId.SAVE_NO_RESOURCES,
        "Policy statement must contain resources.",
    ),
    (
        Code.POLICY_BAD_VALUE,
        "names no service",
        FindingId.SAVE_ACTION_VENDOR,
        "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
    ),
    (
        Code.POLICY_BAD_VALUE,
        "more than one colon",
        FindingId.SAVE_ACTION_COLONS,
        "Actions/Condition can contain only one colon.",
    ),
    (
        Code.POLICY_BAD_VALUE,
        "is neither an ARN nor",
        FindingId.SAVE_RESOURCE_ARN,
        'Resource {what} must be in ARN format or "*".',
    ),
    (
        Code.POLICY_BAD_VALUE,
        "which IAM does not take in a policy",
        FindingId.SAVE_CHARACTERS,
        _SYNTAX,
    ),
    (Code.POLICY_BAD_VALUE, "has a wildcard in it", FindingId.TRUST_WILDCARD, ""),
    (
        Code.POLICY_ELEMENT_CONFLICT,
        "Principal` in a policy of the kind",
        FindingId.SAVE_PRINCIPAL,
        "Policy document should not specify a principal.",
    ),
    (
        Code.POLICY_ELEMENT_CONFLICT,
        "Resource` in a role trust",
        FindingId.SAVE_PROHIBITED_RESOURCE,
        "Has prohibited field Resource.",
    ),
)
_QUOTED = re.compile(r"`([^`]*)`")
_INDEX = re.compile(r"Statement\[(\d+)\]")


def findings_of_faults(faults: Sequence[Fault], source: str) -> list[Finding]:
    """Return the faults of a policy that could not be read whole as findings."""
    return [_finding(fault, source) for fault in faults]


def _finding(fault: Fault, source: str) -> Finding:
    name, message = _named(fault)
    index = _INDEX.match(fault.path)
    place = Place(
        source,
        int(index[1]) if index else None,
        path=fault.path,
        position=Position(fault.line, fault.column),
    )
    fact = both(fault.message)
    if message:
        fact = Message("{fact}; AWS: {message}").filled(fact=fact, message=message)
    # a fix of the parser's is about this very place, and reads the same in both languages
    fix = verbatim(fault.fix) if fault.fix.startswith("write `") else None
    return found(name, place, fact, fix)


def _named(fault: Fault) -> tuple[FindingId, str]:
    """Return which finding a fault is, and what AWS answers."""
    for code, part, name, message in _BY_MESSAGE:
        if fault.code is code and part in fault.message:
            what = _QUOTED.search(fault.message)
            return name, message.replace("{what}", what[1] if what else "")
    return FindingId.SAVE_SYNTAX, _SYNTAX
