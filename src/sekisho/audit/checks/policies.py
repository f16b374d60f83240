"""What is wrong with the policies that are meant to gate."""

from collections.abc import Iterator

from sekisho.audit.assuming import MFA_KEYS
from sekisho.audit.checks import texts
from sekisho.audit.checks.ids import AccountFindingId as Id
from sekisho.audit.checks.make import finding, unknown
from sekisho.audit.checks.model import AccountFinding, Examined
from sekisho.audit.findings import Severity
from sekisho.audit.lint import lint
from sekisho.engine import AttachedPolicy, Policies
from sekisho.errors import FaultyPolicy
from sekisho.language import Text
from sekisho.policy import Document, Effect, render
from sekisho.prover import Proved, Refuted, Unknown, User, Verdict, gate_shut
from sekisho.prover.wording import witness_text

__all__ = ["policy_checks"]

_ANYBODY = "any-user"


def policy_checks(examined: Examined) -> Iterator[AccountFinding]:
    """Find decoys, gates that gate nobody, and gates that have rotted."""
    seen: dict[Document, Verdict] = {}
    for name, policy, decides in examined.identity():
        if not _looks_like_a_gate(policy.document):
            continue
        if policy.document not in seen:
            seen[policy.document] = _shuts(examined, policy)
        yield from _judged(name, seen[policy.document], decides=decides)
        if decides:
            yield from _rot(name, policy, examined.snapshot.partition)


def _looks_like_a_gate(document: Document) -> bool:
    """Tell whether a statement denies everything, but for a list, and asks about MFA."""
    return any(
        statement.effect is Effect.DENY
        and (statement.action.negated or "*" in statement.action.values)
        and any(condition.key.lower() in MFA_KEYS for condition in statement.conditions)
        for statement in document.statements
    )


def _shuts(examined: Examined, policy: AttachedPolicy) -> Verdict:
    """Tell whether the policy alone shuts the gate, whatever is attached beside it."""
    snapshot = examined.snapshot
    arn = f"arn:{snapshot.partition}:iam::{snapshot.account}:user/{_ANYBODY}"
    try:
        policies = Policies(identity=(policy,))
        return gate_shut(policies, User.of(arn), snapshot.taken_at, later=True).direct
    except FaultyPolicy as error:
        message = error.faults[0].message
        return Unknown(Text(message, message))


def _judged(name: str, verdict: Verdict, *, decides: bool) -> Iterator[AccountFinding]:
    match verdict:
        case Refuted(witness):
            fact = witness_text(witness)
            severity = None if decides else Severity.NOTE
            yield finding(Id.DECOY_POLICY, name, fact, severity=severity)
        case Unknown(reason):
            yield unknown(Id.DECOY_POLICY, name, reason)
        case Proved():
            if not decides:
                yield finding(Id.DETACHED_POLICY, name, texts.NOBODY_HAS)


def _rot(name: str, policy: AttachedPolicy, partition: str) -> Iterator[AccountFinding]:
    """Find what lint finds, as far as it is about MFA."""
    report = lint(render(policy.document), source=name, partition=partition)
    for each in report.findings:
        if each.id.startswith("mfa.") and each.severity is not Severity.NOTE:
            fact = Text(f"{each.id}: {each.fact.en}", f"{each.id}: {each.fact.ja}")
            yield finding(Id.POLICY_ROT, name, fact)
    for gap in report.gaps:
        yield unknown(Id.POLICY_ROT, name, gap)
