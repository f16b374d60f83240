"""What is written: policy documents, and the Force_MFA family."""

from sekisho.policy import names
from sekisho.policy.choices import DESCRIPTION, NAME, Choices, Preset, choices_of
from sekisho.policy.document import (
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
from sekisho.policy.operators import OPERATORS
from sekisho.policy.size import Quota, over_quota, size
from sekisho.policy.text import from_json, parse, render, to_json
from sekisho.policy.texts import ChoiceText, explain

__all__ = [
    "DESCRIPTION",
    "NAME",
    "OPERATORS",
    "SERVICE_EXEMPT",
    "ChoiceText",
    "Choices",
    "Comment",
    "Condition",
    "Document",
    "Effect",
    "Element",
    "Operator",
    "OperatorName",
    "PolicyKind",
    "Position",
    "Preset",
    "Principal",
    "PrincipalKey",
    "Quantifier",
    "Quota",
    "Statement",
    "Version",
    "choices_of",
    "explain",
    "force_mfa",
    "from_json",
    "names",
    "over_quota",
    "parse",
    "render",
    "size",
    "to_json",
]
