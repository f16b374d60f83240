"""sekisho makes MFA mandatory for the IAM users of an AWS account, and proves that it is.

This is the public API; docs/reference/python-api.md shows how to use it, and what is stable. A name
is loaded when it is used first, so that `import sekisho` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sekisho.account import Snapshot
    from sekisho.answer import Answer, AnswerEffect
    from sekisho.api import (
        assert_enforced,
        assert_proved,
        audit_account,
        collect,
        decide,
        decide_many,
        diff,
        diff_grants,
        force_mfa,
        lint,
        load_snapshot,
        no_new_access,
        no_new_grants,
        no_public_access,
        not_granted,
        nothing_allowed,
        parse_policy,
        plan,
        policies,
        prove,
        ways_into,
    )
    from sekisho.engine import Decision, DecisionEffect, Policies, Request
    from sekisho.errors import SekishoError
    from sekisho.messages import Language, Message
    from sekisho.policy import Document
    from sekisho.prover import Counterexample, Proved, Refuted, TrustReport, Unknown, Verdict
    from sekisho.rollout import Plan

__version__ = "0.1.0"
"""As in `pyproject.toml`: to read what was installed takes longer than to load click."""

__all__ = [
    "Answer",
    "AnswerEffect",
    "Counterexample",
    "Decision",
    "DecisionEffect",
    "Document",
    "Language",
    "Message",
    "Plan",
    "Policies",
    "Proved",
    "Refuted",
    "Request",
    "SekishoError",
    "Snapshot",
    "TrustReport",
    "Unknown",
    "Verdict",
    "__version__",
    "assert_enforced",
    "assert_proved",
    "audit_account",
    "collect",
    "decide",
    "decide_many",
    "diff",
    "diff_grants",
    "force_mfa",
    "lint",
    "load_snapshot",
    "no_new_access",
    "no_new_grants",
    "no_public_access",
    "not_granted",
    "nothing_allowed",
    "parse_policy",
    "plan",
    "policies",
    "prove",
    "ways_into",
]

_HOME = {
    **dict.fromkeys(("Answer", "AnswerEffect"), "answer"),
    **dict.fromkeys(("Decision", "DecisionEffect", "Policies", "Request"), "engine"),
    **dict.fromkeys(("Counterexample", "Proved", "Refuted", "Unknown", "Verdict"), "prover"),
    **dict.fromkeys(("Language", "Message"), "messages"),
    "Document": "policy",
    "Plan": "rollout",
    "SekishoError": "errors",
    "Snapshot": "account",
    "TrustReport": "prover",
}
"""Which package a name comes from, where that is not `sekisho.api`."""


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module `sekisho` has no attribute `{name}`")
    value = getattr(import_module(f"sekisho.{_HOME.get(name, 'api')}"), name)
    # next time it is found without this function
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
