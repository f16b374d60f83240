"""The words of Access Analyzer's checks (fact §7.4)."""

from collections.abc import Mapping

from sekisho.audit.findings import Severity
from sekisho.audit.lint.ids import FindingId
from sekisho.audit.lint.wording import Words
from sekisho.messages import Message

__all__ = ["ANALYZER"]

_ERROR, _WARNING, _NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE

_SILENT = Message("IAM accepts it silently, and it never matches anything.")
_NO_EFFECT = Message("It changes nothing.")
_DELETE = Message("Delete it.")
_SPELLING = Message("Mend the spelling.")

ANALYZER: Mapping[FindingId, Words] = {
    FindingId.MISSING_VERSION: Words(
        _WARNING,
        Message("Missing version"),
        Message("Without `Version` the document is read as 2008-10-17, which knows no variables."),
        Message('Add `"Version": "2012-10-17"`.'),
    ),
    FindingId.VARIABLE_IN_VERSION: Words(
        _ERROR,
        Message("Variable unsupported in version"),
        Message(
            "In a document that is not 2012-10-17, `${aws:username}` is literal text and matches "
            "nobody."
        ),
        Message('Add `"Version": "2012-10-17"`.'),
    ),
    FindingId.VARIABLE_IN_ELEMENT: Words(
        _ERROR,
        Message("Variable unsupported in element"),
        Message(
            "Variables work in the last part of a resource's ARN and in condition values only."
        ),
        Message("Write the text out there."),
    ),
    FindingId.VARIABLE_FOR_OPERATOR: Words(
        _ERROR,
        Message("Invalid variable for operator"),
        Message(
            "Variables work with string and ARN operators only; elsewhere they are literal text."
        ),
        Message("Use a value, or a string operator."),
    ),
    FindingId.INVALID_VARIABLE: Words(
        _ERROR,
        Message("Missing brace or quote, or a space, in a variable"),
        Message("It cannot be read as a variable, so no value can be put in its place."),
        Message("Write `${key}` or `${key, 'default'}`."),
    ),
    FindingId.INVALID_ACTION: Words(_ERROR, Message("Invalid action"), _SILENT, _SPELLING),
    FindingId.INVALID_SERVICE: Words(
        _ERROR, Message("Invalid service in action"), _SILENT, _SPELLING
    ),
    FindingId.INVALID_ARN_ACCOUNT: Words(
        _ERROR,
        Message("Invalid ARN account"),
        Message("An account id has twelve digits: the entry matches nothing."),
        Message("Write all twelve digits, or `*`."),
    ),
    FindingId.WILDCARD_IN_SERVICE: Words(
        _NOTE,
        Message("Wildcard in service name"),
        Message("It takes in every service with such a name, also future ones."),
        Message("Name the services, or write `*`."),
    ),
    FindingId.INVALID_GLOBAL_KEY: Words(
        _ERROR,
        Message("Invalid global condition key"),
        Message(
            "No request has this key: a plain operator never matches, a negated or IfExists one "
            "always does."
        ),
        _SPELLING,
    ),
    FindingId.MISSING_TAG_KEY: Words(
        _ERROR,
        Message("Missing tag key in condition"),
        Message("A tag condition key ends in `/` and the tag's name."),
        Message("Write it like `aws:PrincipalTag/team`."),
    ),
    FindingId.MULTIPLE_BOOLEAN: Words(
        _ERROR,
        Message("Invalid condition multiple Boolean"),
        Message("`true` and `false` together test nothing."),
        Message("Keep one of the two."),
    ),
    FindingId.TYPE_MISMATCH: Words(
        _WARNING,
        Message("Type mismatch"),
        Message("The operator cannot read the value, so it never matches."),
        Message(
            "Write a number, a date, `true` or `false`, or an address range, as the operator asks."
        ),
    ),
    FindingId.DATE_AS_EPOCH: Words(
        _WARNING,
        Message("Invalid date value"),
        Message("A date in epoch seconds is hard to read and easily wrong."),
        Message("Write it like `2026-01-31T00:00:00Z`."),
    ),
    FindingId.PRIVATE_IP: Words(
        _ERROR,
        Message("Private IP address"),
        Message("`aws:SourceIp` is a public address; a private one never matches."),
        Message("Use the public address, or `aws:VpcSourceIp`."),
    ),
    FindingId.WILDCARD_WITHOUT_LIKE: Words(
        _WARNING,
        Message("Wildcard without like operator"),
        Message("`*` and `?` are literal characters there."),
        Message("Use `StringLike`."),
    ),
    FindingId.FOR_ALL_VALUES: Words(
        _WARNING,
        Message("ForAllValues with single valued key"),
        Message(
            "`ForAllValues` also holds when the key is missing, so the Allow is wider than it "
            "looks."
        ),
        Message("Leave `ForAllValues:` out."),
    ),
    FindingId.ALLOW_NOT_PRINCIPAL: Words(
        _WARNING,
        Message("Allow with NotPrincipal"),
        Message("It allows everybody but those listed, the anonymous among them."),
        Message("Name who may, with `Principal`."),
    ),
    FindingId.PASS_ROLE_STAR: Words(
        _WARNING,
        Message("Pass role with star in resource"),
        Message("Every role can be passed to a service, also an administrator's."),
        Message("Name the roles."),
    ),
    FindingId.MISSING_QUALIFIER: Words(
        _ERROR,
        Message("Missing qualifier"),
        Message(
            "The key has several values; an operator without `ForAllValues` or `ForAnyValue` never "
            "matches them."
        ),
        Message("Write `ForAnyValue:` or `ForAllValues:` before the operator."),
    ),
    FindingId.MISSING_ARN_FIELD: Words(
        _ERROR,
        Message("Missing ARN field"),
        Message(
            "An ARN has six parts, joined by colons; it is not said what the missing ones are."
        ),
        Message("Write `arn:partition:service:region:account:resource`."),
    ),
    FindingId.ARN_SERVICE_CASE: Words(
        _ERROR,
        Message("Invalid ARN service case"),
        Message("The service in an ARN is in lower case."),
        Message("Write it in lower case."),
    ),
    FindingId.DEPRECATED_GLOBAL_KEY: Words(
        _WARNING,
        Message("Deprecated global condition key"),
        Message("AWS recommends `aws:PrincipalArn` or `aws:SourceArn` in its place."),
        Message("Write `aws:PrincipalArn` for who asks, `aws:SourceArn` for what asks."),
    ),
    FindingId.MISSING_PAIRED_KEYS: Words(
        _WARNING,
        Message("Missing paired condition keys"),
        Message(
            "Addresses inside a VPC are unique in that VPC only: anybody can use them in another."
        ),
        Message("Add a condition on `aws:SourceVpc` or `aws:SourceVpce`."),
    ),
    FindingId.PASS_ROLE_NOT_RESOURCE: Words(
        _WARNING,
        Message("Pass role with NotResource"),
        Message("Every role that is not listed can be passed to a service, also a future one."),
        Message("Name the roles, with `Resource`."),
    ),
    FindingId.NULL_WITH_QUALIFIER: Words(
        _NOTE,
        Message("Null with qualifier"),
        Message("With a set operator `Null` always, or never, holds."),
        Message("Write `Null` alone."),
    ),
    FindingId.EMPTY_ARRAY_CONDITION: Words(
        _NOTE,
        Message("Empty array condition"),
        Message("A condition without values matches no request."),
        Message("Add a value, or delete the condition."),
    ),
    FindingId.EMPTY_SID: Words(_NOTE, Message("Empty Sid value"), _NO_EFFECT, _DELETE),
    FindingId.REDUNDANT_ACTION: Words(_NOTE, Message("Redundant action"), _NO_EFFECT, _DELETE),
    FindingId.REDUNDANT_RESOURCE: Words(_NOTE, Message("Redundant resource"), _NO_EFFECT, _DELETE),
    FindingId.REDUNDANT_STATEMENT: Words(
        _NOTE, Message("Redundant statement"), _NO_EFFECT, _DELETE
    ),
    FindingId.TRUST_NOT_PRINCIPAL: Words(
        _ERROR,
        Message("Role trust policy syntax error notprincipal"),
        Message("A role trust policy cannot have `NotPrincipal`."),
        Message("Name who may, with `Principal`."),
    ),
    FindingId.TRUST_WILDCARD: Words(
        _ERROR,
        Message("Role trust policy unsupported wildcard in principal"),
        Message("A wildcard inside a principal's ARN matches nobody."),
        Message("Name the principal, or the account with a condition on `aws:PrincipalArn`."),
    ),
}
