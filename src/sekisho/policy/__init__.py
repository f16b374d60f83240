"""What is written: policy documents, and the Force_MFA family."""

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
from sekisho.policy.operators import OPERATORS
from sekisho.policy.text import from_json, parse, render, to_json

__all__ = [
    "OPERATORS",
    "Comment",
    "Condition",
    "Document",
    "Effect",
    "Element",
    "Operator",
    "OperatorName",
    "PolicyKind",
    "Position",
    "Principal",
    "PrincipalKey",
    "Quantifier",
    "Statement",
    "Version",
    "from_json",
    "parse",
    "render",
    "to_json",
]
