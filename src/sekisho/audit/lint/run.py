"""Lint: one document of one kind, examined by all families of checks."""

from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache

from sekisho import catalogue
from sekisho.audit.finding import Finding, FindingId, found, place_in
from sekisho.audit.lint.analyzer import analyzer_checks
from sekisho.audit.lint.covering import always_denied
from sekisho.audit.lint.enforcement import MfaDenies, own_checks
from sekisho.audit.lint.engine_queries import (
    Asker,
    MfaState,
    Work,
    as_identity,
    check,
    relaxed,
    relaxed_but_who,
)
from sekisho.audit.lint.model import Attachment, LintReport
from sekisho.audit.lint.no_effect import (
    decoys,
    misfits,
    never_applies,
    ungoverned,
    void_exclusions,
    wrong_partitions,
)
from sekisho.audit.lint.refused_by_iam import (
    RESOURCE_QUOTAS,
    UNREADABLE,
    findings_of_faults,
    save_checks,
)
from sekisho.audit.lint.resource_policies import Trust, public_access, resource_checks
from sekisho.audit.lint.spelling import Speller
from sekisho.audit.lint.statements import (
    Dependent,
    applying,
    asked,
    questions,
    stand_ins,
    statement_checks,
    takeover_checks,
)
from sekisho.audit.meaning import CREDENTIALS, CredentialState, TruthTable
from sekisho.audit.meaning.credentials import ActionOnResource, Home, home_of
from sekisho.audit.meaning.truth import truth_table
from sekisho.catalogue import Catalogue
from sekisho.errors import FaultyPolicy
from sekisho.messages import Message
from sekisho.policy import Document, Effect, Statement, parse, size

_LONGEST = 10_240
"""The largest quota of characters of an identity's policy; longer ones cannot be saved."""
_LONGEST_ON_RESOURCE = max(RESOURCE_QUOTAS.values())

_MOST_FINDINGS = 200

_MOST_COMPARED = 1_400
"""The most comparisons of a resource with a kind of resource of an action."""

_MOST_COVERED = 1_500
"""The most comparisons of an action or a resource with one that is always denied."""

_NOT_READ = Message(
    "The policy could not be read completely, so its meaning was not examined: correct the "
    "errors first"
)
_NOT_DECIDED = Message(
    "The engine cannot decide this policy, so its meaning was not examined: {why}"
)
_TOO_LONG = Message("The policy is longer than AWS accepts, so its meaning was not examined")
_TOO_MUCH = Message("Too many statements depend on MFA; not all were examined")
_TOO_WIDE = Message(
    "Too many actions with wildcards, or too many combinations with resources; not all were "
    "looked up"
)
_TOO_MANY = Message("Only the first {most} findings are shown")


_MOST_REMEMBERED = 64
"""The most cached reports: an account examined again has the same policies."""


@lru_cache(maxsize=_MOST_REMEMBERED)
def lint(
    text: str,
    attachment: Attachment = Attachment.USER,
    *,
    source: str = "policy",
    partition: str | None = None,
    table: bool = True,
) -> LintReport:
    """Return the lint report on a policy document, with the table of credentials.

    Args:
        text: JSON; comments are read over and reported.
        attachment: the attachment of the policy.
        source: a name for messages, such as the name of the file.
        partition: where the account lives; by default where most of the document's ARNs do.
        table: whether to ask what each credential may do, which takes half of the time.

    Raises:
        FaultyPolicy: if the text is no policy document at all. What IAM would refuse in a document
            are findings.
    """
    known = catalogue.load()
    try:
        document = parse(text, source=source, kind=attachment.kind)
    except FaultyPolicy as error:
        if any(fault.code in UNREADABLE for fault in error.faults):
            raise
        found = findings_of_faults(error.faults, source, _reads_as(text, attachment))
        return LintReport(
            source, attachment, tuple(found), None, (_NOT_READ,), known.dated, size(text)
        )
    run = _Run(document, attachment, home_of(document, partition), known)
    return run.report(text, table=table)


def _reads_as(text: str, attachment: Attachment) -> Attachment | None:
    """Return another kind of document as which the text has no fault; None if there is none."""
    for other in (Attachment.USER, Attachment.TRUST, Attachment.RESOURCE):
        if other.kind is attachment.kind:
            continue
        with suppress(FaultyPolicy):
            document = parse(text, kind=other.kind)
            if other is not Attachment.TRUST or _assumes_roles(document):
                return other
    return None


def _assumes_roles(document: Document) -> bool:
    actions = (value for each in document.statements for value in each.action.values)
    return all(value.lower().startswith("sts:") for value in actions)


class _Run:
    """One document in examination."""

    def __init__(
        self, document: Document, attachment: Attachment, home: Home, known: Catalogue
    ) -> None:
        self.document = document
        self.attachment = attachment
        self.known = known
        self.gaps: list[Message] = []
        # the statements in the form of an identity-based policy, for the engine
        self.asked = as_identity(document, attachment.kind)
        self.asker = Asker(home, self.asked)
        self.speller = Speller(known)
        self.compared = Work(_MOST_COMPARED)
        self.covered = Work(_MOST_COVERED)

    def report(self, text: str, *, table: bool) -> LintReport:
        """Return the findings, by place."""
        found = [*self.form(text)]
        asked = None
        on_resource = self.attachment is Attachment.RESOURCE
        longest = _LONGEST_ON_RESOURCE if on_resource else _LONGEST
        if size(text) > longest and self.attachment is not Attachment.AWS_MANAGED:
            self.gaps.append(_TOO_LONG)
        else:
            try:
                found += self.meaning()
                asked = self.table() if table and self.attachment is not _UNTABLED else None
            except FaultyPolicy as error:
                self.gaps.append(_NOT_DECIDED.filled(why=error.faults[0].message))
        if any(each.exhausted for each in (self.speller, self.compared, self.covered)):
            self.gaps.append(_TOO_WIDE)
        if self.asker.exhausted:
            self.gaps.append(_TOO_MUCH)
        if len(found) > _MOST_FINDINGS:
            self.gaps.append(_TOO_MANY.filled(most=_MOST_FINDINGS))
        return LintReport(
            self.document.source,
            self.attachment,
            _ordered(found)[:_MOST_FINDINGS],
            asked,
            tuple(self.gaps),
            self.known.dated,
            size(text),
        )

    def form(self, text: str) -> Iterator[Finding]:
        """Yield the findings on the text, without asking for its effect."""
        if self.attachment is not Attachment.AWS_MANAGED:
            yield from save_checks(self.document, self.attachment, text)
        yield from analyzer_checks(self.document, self.attachment, self.speller)
        yield from misfits(self.document, self.known, self.compared)
        yield from decoys(self.document, self.known)
        yield from void_exclusions(self.document, self.known)
        yield from wrong_partitions(self.document, self.asker.home.partition)
        yield from ungoverned(self.document, self.asker)

    def table(self) -> TruthTable:
        """Return the table of what each credential may do."""
        return truth_table(
            self.document,
            self.asker.home,
            kind=self.attachment.kind,
            on_roles=self.attachment is Attachment.ROLE,
        )

    def meaning(self) -> Iterator[Finding]:
        """Yield the findings on the document's effect, by asking the engine."""
        check(self.asked)
        yield from always_denied(self.document, self.covered)
        dependents = []
        known: dict[int, tuple[tuple[ActionOnResource, ...], tuple[ActionOnResource, ...]]] = {}
        for statement in self.asked.statements:
            if self.asker.exhausted:
                return
            number = self.asker.number(statement)
            if number not in known:
                asks = tuple(questions(statement, self.asker, self.known))
                depends = self.asker.depends_on_mfa
                known[number] = asks, tuple(ask for ask in asks if depends(statement, ask))
            asks, about = known[number]
            yield from never_applies(self.asked, statement, asks, self.asker)
            if about:
                dependents.append(Dependent(statement, about))
        yield from self._of_attachment(dependents)

    def _of_attachment(self, dependents: list[Dependent]) -> Iterator[Finding]:
        match self.attachment:
            case Attachment.ROLE | Attachment.SESSION:
                yield from self._on_sessions(dependents)
            case Attachment.SCP:
                yield from self._conditions(dependents)
                of_people = [each for each in dependents if not self._of_roles_only(each)]
                yield from self._enforcement(of_people)
                yield from self._on_roles(dependents)
            case Attachment.RESOURCE:
                yield from self._conditions(dependents)
                of_mfa = [*resource_checks(self.document, dependents, self.asker)]
                yield from of_mfa
                yield from self._public(of_mfa)
            case Attachment.TRUST:
                yield from Trust(self.document, self.asked, self.asker).findings(dependents)
            case Attachment.BOUNDARY:
                yield from self._on_users(dependents)
                yield from self._boundary(dependents)
            case Attachment.USER | Attachment.GROUP | Attachment.AWS_MANAGED:
                yield from self._on_users(dependents)
            case Attachment.INLINE | Attachment.GROUP_INLINE:
                yield from self._on_users(dependents)

    def _public(self, of_mfa: list[Finding]) -> Iterator[Finding]:
        """Yield the finding on public access, unless there is one on access with MFA."""
        any_account = {
            each.place.statement for each in of_mfa if each.id is FindingId.RESOURCE_ANY_ACCOUNT
        }
        shown = public_access(self.document, any_account)
        if isinstance(shown, Finding):
            yield shown
        elif shown is not None:
            self.gaps.append(shown)

    def _conditions(self, dependents: list[Dependent]) -> Iterator[Finding]:
        for dependent in dependents:
            yield from statement_checks(self.asked, dependent, self.asker)

    def _on_users(self, dependents: list[Dependent]) -> Iterator[Finding]:
        yield from self._conditions(dependents)
        of_enforcement = [*self._enforcement(dependents)]
        yield from of_enforcement
        if not _EXEMPTING & {each.id for each in of_enforcement}:
            yield from takeover_checks(self.document, self.asker)
        yield from own_checks(self.document, self.asker, self.known)

    def _enforcement(self, dependents: list[Dependent]) -> Iterator[Finding]:
        enforcement = MfaDenies(self.document, dependents, self.asker, self.known, self.attachment)
        yield from enforcement.findings()

    def _on_sessions(self, dependents: list[Dependent]) -> Iterator[Finding]:
        """Yield the findings on MFA conditions that a session without MFA always or never meets."""
        for each in dependents:
            yield self._session_finding(FindingId.ON_ROLE, each, relaxed(each.statement))

    def _on_roles(self, dependents: list[Dependent]) -> Iterator[Finding]:
        """Yield the findings on Denies of a service control policy that affect roles' sessions."""
        for each in dependents:
            # the calling role represents the role that is named
            named = self._of_roles_only(each)
            statement = relaxed(each.statement) if named else relaxed_but_who(each.statement)
            hits = self.asker.applies(statement, each.asks[0], CredentialState.ROLE)
            if each.statement.effect is Effect.DENY and hits:
                yield self._session_finding(FindingId.SCP_HITS_ROLES, each, statement)

    def _of_roles_only(self, each: Dependent) -> bool:
        """Return whether a statement's conditions on the caller exclude IAM users."""
        statement, ask = relaxed_but_who(each.statement), each.asks[0]
        if any(self.asker.applies(statement, ask, state) for state in MfaState):
            return False
        named = [
            value
            for condition in statement.conditions
            if condition.key.lower() == "aws:principalarn"
            for value in condition.values
        ]
        by_name = bool(named) and all(":role/" in value for value in named)
        return by_name or self.asker.applies(statement, ask, CredentialState.ROLE)

    def _session_finding(self, name: FindingId, each: Dependent, statement: Statement) -> Finding:
        ask = each.asks[0]
        false = self.asker.applies(statement, ask, CredentialState.ROLE)
        absent = self.asker.applies_showing(statement, ask, CredentialState.ROLE, None, None)
        says = applying(false, absent, "role_session_mfa")
        fact = Message("`{action}` on `{resource}`, {credential}: {effect}").filled(
            action=ask.action,
            resource=ask.resource,
            credential=Message.both(
                CredentialState.ROLE.value, CREDENTIALS[CredentialState.ROLE].ja
            ),
            effect=says,
        )
        return found(name, place_in(self.document, each.statement, path="Condition"), fact)

    def _boundary(self, dependents: list[Dependent]) -> Iterator[Finding]:
        asks = stand_ins(self.asker.home, self.known)
        if dependents and not any(
            self.asker.allowed(self.document.statements, ask, CredentialState.CONSOLE_MFA)
            for ask in asks
        ):
            effect = self.asker.effect(
                self.document.statements, asks[0], CredentialState.CONSOLE_MFA
            )
            fact = asked(asks[0], CredentialState.CONSOLE_MFA, effect)
            yield found(FindingId.BOUNDARY_CAPS, place_in(self.document, None), fact)


_UNTABLED = Attachment.RESOURCE
"""The table is about actions of IAM, which no resource-based policy covers."""

_EXEMPTING = frozenset(
    {FindingId.IAM_EXEMPT, FindingId.EXEMPT_CREDENTIALS, FindingId.EXEMPT_ESCALATION}
)
"""The findings on exempt actions that `takeover_checks` has on allowed actions."""


def _ordered(findings: list[Finding]) -> tuple[Finding, ...]:
    """Return the findings by place, without repetitions and consequences of IAM's refusal."""
    refused = {each.place.statement for each in findings if each.id.startswith("save.")} - {None}
    lasting = [
        each
        for each in dict.fromkeys(findings)
        if not (each.place.statement in refused and each.id.startswith("policy."))
    ]
    return tuple(
        sorted(
            lasting,
            key=lambda each: (
                each.place.position,
                -1 if each.place.statement is None else each.place.statement,
                each.id,
            ),
        )
    )
