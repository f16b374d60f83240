"""What is written: policy documents, and the Force_MFA family."""

from sekisho.policy import names
from sekisho.policy.choices import (
    DESCRIPTION,
    NAME,
    Choices,
    ChoiceText,
    Preset,
    choices_of,
    explain,
)
from sekisho.policy.document import (
    KINDS,
    OPERATORS,
    Comment,
    Condition,
    Document,
    Effect,
    Element,
    Operator,
    OperatorName,
    PolicyKind,
    Position,
    Principal,
    PrincipalKey,
    Quantifier,
    Statement,
    Version,
)
from sekisho.policy.family import SERVICE_EXEMPT, force_mfa
from sekisho.policy.reader import MOST_CHARACTERS
from sekisho.policy.size import Quota, over_quota, size
from sekisho.policy.summary import COLUMNS, SECTIONS, Levels, Row, Summary, summarise
from sekisho.policy.text import from_json, parse, render, to_json
from sekisho.policy.warnings import SummaryWarning, WarningKind

__all__ = [
    "COLUMNS",
    "DESCRIPTION",
    "KINDS",
    "MOST_CHARACTERS",
    "NAME",
    "OPERATORS",
    "SECTIONS",
    "SERVICE_EXEMPT",
    "ChoiceText",
    "Choices",
    "Comment",
    "Condition",
    "Document",
    "Effect",
    "Element",
    "Levels",
    "Operator",
    "OperatorName",
    "PolicyKind",
    "Position",
    "Preset",
    "Principal",
    "PrincipalKey",
    "Quantifier",
    "Quota",
    "Row",
    "Statement",
    "Summary",
    "SummaryWarning",
    "Version",
    "WarningKind",
    "choices_of",
    "explain",
    "force_mfa",
    "from_json",
    "names",
    "over_quota",
    "parse",
    "render",
    "size",
    "summarise",
    "to_json",
]
