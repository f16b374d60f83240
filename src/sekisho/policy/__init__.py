"""What is written: policy documents, and the Force_MFA family."""

from typing import TYPE_CHECKING

from sekisho.lazy import lazily
from sekisho.policy import names
from sekisho.policy.document import (
    KINDS,
    OPERATORS,
    Comment,
    Condition,
    Document,
    Effect,
    Element,
    EmptyBlock,
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
from sekisho.policy.family import (
    CONSOLE_ACTIONS,
    DESCRIPTION,
    LONGEST_MFA_AGE,
    NAME,
    SERVICE_EXEMPT,
    SHORTEST_MFA_AGE,
    Choices,
    ChoiceText,
    GivenUp,
    Preset,
    choices_of,
    explain,
    force_mfa,
    force_mfa_json,
    given_up,
    title_of,
)
from sekisho.policy.reader import MOST_CHARACTERS
from sekisho.policy.recognition import choices_in
from sekisho.policy.size import Quota, over_quota, size
from sekisho.policy.text import from_json, parse, render, to_json
from sekisho.policy.warnings import (
    SummaryWarning,
    WarningKind,
    applies_to_resource,
    covers_template,
    has_condition_key,
    service_of,
)

if TYPE_CHECKING:
    from sekisho.policy.summary import (
        COLUMNS,
        LEVELS,
        SECTIONS,
        Levels,
        Summary,
        SummaryRow,
        summarise,
    )
else:
    __getattr__ = lazily(
        __name__,
        {
            "summary": (
                "COLUMNS",
                "LEVELS",
                "SECTIONS",
                "Levels",
                "Summary",
                "SummaryRow",
                "summarise",
            ),
        },
    )

__all__ = [
    "COLUMNS",
    "CONSOLE_ACTIONS",
    "DESCRIPTION",
    "KINDS",
    "LEVELS",
    "LONGEST_MFA_AGE",
    "MOST_CHARACTERS",
    "NAME",
    "OPERATORS",
    "SECTIONS",
    "SERVICE_EXEMPT",
    "SHORTEST_MFA_AGE",
    "ChoiceText",
    "Choices",
    "Comment",
    "Condition",
    "Document",
    "Effect",
    "Element",
    "EmptyBlock",
    "GivenUp",
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
    "Statement",
    "Summary",
    "SummaryRow",
    "SummaryWarning",
    "Version",
    "WarningKind",
    "applies_to_resource",
    "choices_in",
    "choices_of",
    "covers_template",
    "explain",
    "force_mfa",
    "force_mfa_json",
    "from_json",
    "given_up",
    "has_condition_key",
    "names",
    "over_quota",
    "parse",
    "render",
    "service_of",
    "size",
    "summarise",
    "title_of",
    "to_json",
]
