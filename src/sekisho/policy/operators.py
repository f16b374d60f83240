"""The spelling of condition operators: a closed table of every name that IAM takes.

Source: IAM User Guide, "IAM JSON policy elements: Condition operators".
"""

from collections.abc import Mapping
from difflib import get_close_matches

from sekisho.policy.document import Operator, OperatorName, Quantifier

__all__ = ["OPERATORS", "nearest_operator"]

OPERATORS: Mapping[str, Operator] = {
    str(operator): operator
    for operator in (
        Operator(name, quantifier, if_exists)
        for name in OperatorName
        for quantifier in Quantifier
        for if_exists in (False, True)
    )
    # IAM refuses Null with IfExists: the test for absence cannot be waived by absence
    if not (operator.name is OperatorName.NULL and operator.if_exists)
}
"""Every operator by AWS's own spelling."""

_BY_LOWER_CASE = {spelling.lower(): spelling for spelling in OPERATORS}


def nearest_operator(text: str) -> str:
    """Return the operator that somebody who wrote `text` most likely meant, or ""."""
    lower = text.lower()
    if lower in _BY_LOWER_CASE:
        return _BY_LOWER_CASE[lower]
    near = get_close_matches(lower[:80], _BY_LOWER_CASE, n=1)
    return _BY_LOWER_CASE[near[0]] if near else ""
