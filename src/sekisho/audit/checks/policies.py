"""What is wrong with the policies that are meant to gate, and with roles that ask for no MFA."""

from collections.abc import Iterator
from dataclasses import replace

from sekisho.account import Role
from sekisho.audit.checks import texts
from sekisho.audit.checks.ids import AccountFindingId as Id
from sekisho.audit.checks.make import finding, unknown
from sekisho.audit.checks.model import AccountFinding, Examined
from sekisho.audit.findings import Severity
from sekisho.audit.lint import lint
from sekisho.engine import AttachedPolicy, Context, DecisionEffect, Policies, Request, decide
from sekisho.errors import FaultyPolicy
from sekisho.language import Text
from sekisho.policy import Document, Effect, PrincipalKey, Statement, from_json, render
from sekisho.prover import Proved, Refuted, Unknown, User, Verdict, gate_shut
from sekisho.prover.wording import witness_text
from sekisho.signin import (
    Credential,
    CredentialKind,
    Holder,
    HolderKind,
    SigninSwitches,
    context_of,
)

__all__ = ["policy_checks", "role_checks"]

_MFA = frozenset({"aws:multifactorauthpresent", "aws:multifactorauthage"})
_ANYBODY = "any-user"
_EVERYTHING = from_json(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
    }
)


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
        and any(condition.key.lower() in _MFA for condition in statement.conditions)
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


def role_checks(examined: Examined) -> Iterator[AccountFinding]:
    """Find roles that users of the account can assume without MFA."""
    severity = None if examined.someone_is_open else Severity.NOTE
    for role in examined.snapshot.roles:
        for user in _named_in(role, examined.snapshot.account):
            statement = _assumable(examined, role, user)
            if statement is not None:
                fact = _assumed(user, statement)
                yield finding(Id.TRUST_WITHOUT_MFA, role.arn, fact, severity=severity)
                break


def _assumed(user: str, statement: Statement) -> Text:
    said = texts.ASSUMABLE.filled(who=user, index=statement.index)
    keys = sorted({each.key for each in statement.conditions if each.key.lower() not in _MFA})
    if not keys:
        return said
    left = texts.TAKEN_TO_HOLD.filled(keys=", ".join(keys))
    return Text(said.en + left.en, said.ja + left.ja)


def _named_in(role: Role, account: str) -> Iterator[str]:
    """Yield who of the account's users a trust policy may be about: anybody, and those named."""
    entries = {
        value
        for statement in role.trust.statements
        if statement.principal is not None
        for key, values in statement.principal.entries
        if key in (PrincipalKey.AWS, PrincipalKey.ANYONE)
        for value in values
    }
    own = {each for each in entries if each == "*" or account in each}
    if own:
        yield _ANYBODY
    yield from sorted(each.rpartition("/")[2] for each in own if ":user/" in each)


def _assumable(examined: Examined, role: Role, user: str) -> Statement | None:
    """Return the statement by which a user's access key may assume the role; None if it may not.

    A condition that is not about MFA is taken to hold in an Allow, and not to in a Deny.
    """
    snapshot = examined.snapshot
    kept = tuple(each for each in map(_relaxed, role.trust.statements) if each is not None)
    trust = AttachedPolicy("trust policy", replace(role.trust, statements=kept))
    path = next((each.path for each in snapshot.users if each.name == user), "/")
    holder = Holder(HolderKind.USER, snapshot.partition, snapshot.account, user, path, "AIDA")
    credential = Credential(CredentialKind.LONG_TERM_KEY, holder)
    context = Context(context_of(credential, snapshot.taken_at, SigninSwitches()))
    request = Request(holder.arn, "sts:AssumeRole", role.arn, context, snapshot.account)
    everything = AttachedPolicy("everything", _EVERYTHING)
    decision = decide(request, Policies(identity=(everything,), trust=trust))
    if decision.effect is not DecisionEffect.ALLOWED:
        return None
    places = {cause.index for cause in decision.because if cause.policy == trust.name}
    return next((each for each in role.trust.statements if each.index in places), None)


def _relaxed(statement: Statement) -> Statement | None:
    about_mfa = tuple(each for each in statement.conditions if each.key.lower() in _MFA)
    if statement.effect is Effect.DENY and len(about_mfa) < len(statement.conditions):
        return None
    return replace(statement, conditions=about_mfa)
