"""What is wrong with policies that are meant to enforce MFA, and roles assumable without it."""

from collections.abc import Iterator
from datetime import timedelta

from sekisho.account import Role, Snapshot
from sekisho.audit.enforcement import MFA_KEYS, trusting_statement
from sekisho.audit.finding import Finding, Severity, found, unknown
from sekisho.audit.finding import FindingId as Id
from sekisho.audit.findings.model import Examined, long_session
from sekisho.audit.lint import Attachment, LintReport, lint
from sekisho.audit.lint.no_effect import is_decoy
from sekisho.catalogue import load
from sekisho.engine import AttachedPolicy, Policies
from sekisho.errors import FaultyPolicy
from sekisho.messages import Message, verbatim
from sekisho.policy import Document, Effect, PrincipalKey, Statement, render
from sekisho.prover import (
    CallingUser,
    Proved,
    Refuted,
    Unknown,
    Verdict,
    counterexample_text,
    prove_enforcement,
)
from sekisho.signin import Credential, CredentialKind, Holder, HolderKind

_NOBODY_HAS = Message(
    "the policy enforces MFA, and no user has it: directly, by a group, or as a boundary"
)

_ANYBODY = "any-user"


def policy_checks(examined: Examined) -> Iterator[Finding]:
    """Find policies that only look like MFA enforcement, are attached to nobody, or are faulty."""
    verdicts = _Verdicts(examined.snapshot)
    for policy, uses in examined.policies():
        if not _looks_like_enforcement(policy.document):
            continue
        for use in uses or (Attachment.USER,):
            # what enforces MFA for somebody together with another policy is no decoy,
            # as far as that goes
            alone = bool(uses) and policy.name not in examined.enforcing
            severity = None if alone else Severity.NOTE
            yield from _judged(
                policy.name, verdicts.enforces(policy, use), severity, decides=bool(uses)
            )
        for use in uses:
            yield from _rot(policy.name, verdicts.linted(policy, use))


def _looks_like_enforcement(document: Document) -> bool:
    """Tell whether a statement denies everything, but for a list, and means to ask about MFA."""
    return any(
        statement.effect is Effect.DENY
        and (statement.action.negated or "*" in statement.action.values)
        and any(_means_mfa(condition.key) for condition in statement.conditions)
        for statement in document.statements
    )


def _means_mfa(key: str) -> bool:
    return key.lower() in MFA_KEYS or is_decoy(key, load())


class _Verdicts:
    """What each document is, found out once for each way in which it is attached."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._verdicts: dict[tuple[Document, Attachment], Verdict] = {}
        self._reports: dict[tuple[Document, Attachment], LintReport] = {}

    def enforces(self, policy: AttachedPolicy, use: Attachment) -> Verdict:
        """Tell whether the policy alone enforces MFA, whatever is attached beside it.

        What services may do for users is a finding about these.
        """
        key = (policy.document, use)
        if key not in self._verdicts:
            self._verdicts[key] = self._prove(policy, use)
        return self._verdicts[key]

    def _prove(self, policy: AttachedPolicy, use: Attachment) -> Verdict:
        snapshot = self._snapshot
        user = CallingUser.of(f"arn:{snapshot.partition}:iam::{snapshot.account}:user/{_ANYBODY}")
        bounds = use is Attachment.BOUNDARY
        policies = Policies(boundaries=(policy,)) if bounds else Policies(identity=(policy,))
        try:
            return prove_enforcement(policies, user, snapshot.taken_at, later=True).direct
        except FaultyPolicy as error:
            return Unknown(error.faults[0].message)

    def linted(self, policy: AttachedPolicy, use: Attachment) -> LintReport:
        """Return what lint says of the policy."""
        key = (policy.document, use)
        if key not in self._reports:
            text, partition = render(policy.document), self._snapshot.partition
            self._reports[key] = lint(
                text, use, source=policy.name, partition=partition, table=False
            )
        return self._reports[key]


def _judged(
    name: str, verdict: Verdict, severity: Severity | None, *, decides: bool
) -> Iterator[Finding]:
    match verdict:
        case Refuted(counterexample):
            fact = counterexample_text(counterexample)
            yield found(Id.DECOY_POLICY, name, fact, severity=severity)
        case Unknown(reason):
            yield unknown(Id.DECOY_POLICY, name, reason)
        case Proved():
            if not decides:
                yield found(Id.DETACHED_POLICY, name, _NOBODY_HAS)


def _rot(name: str, report: LintReport) -> Iterator[Finding]:
    """Find what lint finds, as far as it is about MFA."""
    for each in report.findings:
        if each.id.startswith("mfa.") and each.severity is not Severity.NOTE:
            fact = Message("{id}: {fact}").filled(id=each.id, fact=each.fact)
            yield found(Id.POLICY_ROT, name, fact)
    for gap in report.gaps:
        yield unknown(Id.POLICY_ROT, name, gap)


_ASSUMABLE = Message("sts:AssumeRole by {who}: allowed by statement {index} of the trust policy")
_BY_KEY = Message("the access key of {who}")
_BY_SESSION = Message("a session of {who} without MFA")
_ASSUMED = Message("; conditions taken to hold: {keys}")

_SESSION = timedelta(hours=12)


def role_checks(examined: Examined) -> Iterator[Finding]:
    """Find roles that users of the account can assume without MFA, and those with long sign-ins."""
    severity = None if examined.someone_is_not_enforced else Severity.NOTE
    for role in examined.snapshot.roles:
        fact = next(_assumed(examined.snapshot, role), None)
        if fact is not None:
            yield found(Id.ROLE_TRUST_WITHOUT_MFA, role.arn, fact, severity=severity)
        yield from long_session(role.arn, role.session_seconds)


def _assumed(snapshot: Snapshot, role: Role) -> Iterator[Message]:
    """Yield who can assume a role with what; of credentials without MFA some lack the key."""
    for user in _named_in(role, snapshot.account):
        path = next((each.path for each in snapshot.users if each.name == user), "/")
        home = (snapshot.partition, snapshot.account)
        holder = Holder(HolderKind.USER, *home, user, path, "AIDA")
        now = snapshot.taken_at
        session = Credential(CredentialKind.CONSOLE_SESSION, holder, now, now + _SESSION)
        for said, credential in (
            (_BY_KEY, Credential(CredentialKind.LONG_TERM_KEY, holder)),
            (_BY_SESSION, session),
        ):
            statement = trusting_statement(role, credential, now)
            if statement is not None:
                yield _fact(said.filled(who=user), statement)


def _fact(who: Message, statement: Statement) -> Message:
    index = statement.index
    keys = sorted({each.key for each in statement.conditions if each.key.lower() not in MFA_KEYS})
    left = _ASSUMED.filled(keys=", ".join(keys)) if keys else verbatim("")
    return Message.both(
        _ASSUMABLE.en.format(who=who.en, index=index) + left.en,
        _ASSUMABLE.ja.format(who=who.ja, index=index) + left.ja,
    )


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
