"""The truth table of one policy: what each credential may do.

Every cell is decided: first by the rules of the service (`signin`), then by the policy (`engine`).
Where an undocumented point mattered, the cell names its assumption.

Each row of the table of a trust policy asks as somebody whom the policy names. A trust policy is
full of conditions on what the caller brings along (`aud`, `sub`, `sts:ExternalId`), which no
example could meet: a cell that depends on a condition other than on MFA says so.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from enum import StrEnum

from sekisho.audit.meaning.credentials import (
    NAME,
    ActionOnResource,
    CredentialState,
    Home,
    credential_of,
    request_of,
    tasks_of,
)
from sekisho.audit.meaning.trusted import Trusted, TrustedKind, TrustWay, trusted_in
from sekisho.engine import AttachedPolicy, Context, Decider, DecisionEffect, Policies, Request
from sekisho.engine.compiled import CompiledDecider
from sekisho.messages import Message, verbatim
from sekisho.policy import Document, Effect, PolicyKind, from_json
from sekisho.signin import (
    AskPolicies,
    AwsLoginMfa,
    PermittedWithoutPolicy,
    Refused,
    RoleSessionMfa,
    Ruling,
    SigninAssumptions,
    service_rule,
)


class Outcome(StrEnum):
    """What comes of a task; of several calls that it needs, the worst counts."""

    NOBODY = "nobody named has it"
    REFUSED = "refused by the service"
    DENIED = "explicitly denied"
    NOT_ALLOWED = "not allowed"
    MIXED = "some of it"
    CONDITIONAL = "depends on conditions not varied"
    OTHERS = "other policies decide"
    ALLOWED = "allowed"
    UNGOVERNED = "permitted without policy"


@dataclass(frozen=True, slots=True)
class Cell:
    """The outcome, and the assumptions whose other setting would change it.

    Attributes:
        asked_as: the ARN, or the service's name, of who asked; "" if nobody could.
    """

    outcome: Outcome
    assumptions: tuple[str, ...] = ()
    asked_as: str = ""


@dataclass(frozen=True, slots=True)
class TruthRow:
    """One task, what it asks for, and what comes of it with each credential.

    Attributes:
        principal: whom of a trust policy the task is about, as the policy names them; else None.
    """

    task: Message
    actions: tuple[str, ...]
    cells: Mapping[CredentialState | TrustWay, Cell]
    principal: str | None = None


@dataclass(frozen=True, slots=True)
class TruthTable:
    """The table; `columns` are credentials.

    Attributes:
        untried: condition keys in the policy that the requests did not vary.
        unasked: principals of a trust policy that nobody asked as.
    """

    columns: tuple[CredentialState | TrustWay, ...]
    rows: tuple[TruthRow, ...]
    untried: tuple[str, ...]
    unasked: tuple[str, ...] = ()


_ALL = from_json(
    {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
)
_EVERYTHING = (AttachedPolicy("everything", _ALL),)


def policies_with(
    document: Document, kind: PolicyKind, state: CredentialState = CredentialState.KEY
) -> Policies:
    """Return the policies of somebody who has this document, of this kind, and nothing else.

    A boundary, session or trust policy gives nothing by itself: beside it everything is allowed. A
    federated user session is given a session policy that allows everything, since one without may
    do nothing at all (STS API Reference, GetFederationToken).
    """
    attached = (AttachedPolicy(document.source or "policy", document),)
    match kind:
        case PolicyKind.BOUNDARY:
            policies = Policies(identity=_EVERYTHING, boundaries=attached)
        case PolicyKind.SESSION:
            return Policies(identity=_EVERYTHING, session=attached)
        case PolicyKind.TRUST:
            return Policies(identity=_EVERYTHING, trust=attached[0])
        case _:
            policies = Policies(identity=attached)
    return (
        replace(policies, session=_EVERYTHING) if state is CredentialState.FEDERATED else policies
    )


CREDENTIALS: Mapping[CredentialState | TrustWay, Message] = {
    CredentialState.CONSOLE: Message("console without MFA"),
    CredentialState.CONSOLE_MFA: Message("console with MFA"),
    CredentialState.LOGIN: Message("aws login without MFA"),
    CredentialState.LOGIN_MFA: Message("aws login with MFA"),
    CredentialState.KEY: Message("access key"),
    CredentialState.TOKEN: Message("session token, no MFA"),
    CredentialState.TOKEN_MFA: Message("session token with MFA"),
    CredentialState.ROLE: Message("role session"),
    CredentialState.FEDERATED: Message("federated user"),
    CredentialState.SERVICE_FOR_KEY: Message("AWS service for a key"),
    CredentialState.SERVICE_FOR_MFA: Message("AWS service for MFA"),
    TrustWay.KEY_AND_CODE: Message("access key and MFA code"),
    TrustWay.SAML: Message("SAML provider"),
    TrustWay.WEB_IDENTITY: Message("OIDC provider"),
    TrustWay.SERVICE: Message("AWS service itself"),
}
"""The credentials, as a table's rows name them."""

OUTCOMES: Mapping[Outcome, Message] = {
    Outcome.NOBODY: verbatim("-"),
    Outcome.REFUSED: Message("never"),
    Outcome.DENIED: Message("no", "allowed"),
    Outcome.NOT_ALLOWED: Message("no", "allowed"),
    Outcome.MIXED: Message("partly"),
    Outcome.CONDITIONAL: Message("if"),
    Outcome.OTHERS: Message("other"),
    Outcome.ALLOWED: Message("yes", "allowed"),
    Outcome.UNGOVERNED: Message("always"),
}
"""What comes of a task, as short as a cell must be."""

LEGEND: Mapping[Outcome, Message] = {
    Outcome.NOBODY: Message("-: nobody of these has this credential, so it was not asked"),
    Outcome.REFUSED: Message("never: by the service itself, whatever policies say"),
    Outcome.NOT_ALLOWED: Message("no: nor can another policy allow what this one does not"),
    Outcome.MIXED: Message("partly: some actions and not others"),
    Outcome.CONDITIONAL: Message("if: depends on conditions that were not varied"),
    Outcome.OTHERS: Message("other: this policy leaves it to other policies"),
    Outcome.UNGOVERNED: Message("always: permitted without asking a policy"),
}
"""What those cells mean that do not say it themselves."""


_DEFAULTS = SigninAssumptions()
_LOGIN_TURNED = "aws_login_mfa", SigninAssumptions(aws_login_mfa=AwsLoginMfa.ABSENT)
_TURNED: Mapping[CredentialState | TrustWay, tuple[str, SigninAssumptions]] = {
    CredentialState.LOGIN: _LOGIN_TURNED,
    CredentialState.LOGIN_MFA: _LOGIN_TURNED,
    CredentialState.ROLE: (
        "role_session_mfa",
        SigninAssumptions(role_session_mfa=RoleSessionMfa.ABSENT),
    ),
}
_USERS = tuple(each for each in CredentialState if each is not CredentialState.ROLE)
_SESSIONS = (CredentialState.ROLE, CredentialState.FEDERATED)

_TRIED = frozenset(
    {
        "aws:multifactorauthpresent",
        "aws:multifactorauthage",
        "aws:tokenissuetime",
        "aws:viaawsservice",
        "aws:username",
    }
)


def truth_table(
    document: Document,
    home: Home,
    *,
    kind: PolicyKind = PolicyKind.IDENTITY,
    on_roles: bool = False,
    more: Iterable[ActionOnResource] = (),
) -> TruthTable:
    """Return what each credential may do under a document.

    Args:
        document: a document that the engine can read.
        home: where the people live who ask.
        kind: of what kind it is.
        on_roles: whether an identity-based policy is attached to a role and not to a user.
        more: further questions, each a row of its own; not of a trust policy.
    """
    distinct = _distinct(document)
    if kind is PolicyKind.TRUST:
        return trust_table(distinct, home)
    columns = _columns(kind, on_roles)
    reading = _Reading((distinct,), kind)
    tasks = list(tasks_of(home))
    tasks += [(verbatim(f"`{ask.action}`"), (ask,)) for ask in more]
    rows = tuple(
        TruthRow(
            title,
            tuple(ask.action for ask in asks),
            {each: _cell(reading, each, asks, home) for each in columns},
        )
        for title, asks in tasks
    )
    return TruthTable(columns, rows, _untried(document, _TRIED))


def _untried(document: Document, tried: Set[str]) -> tuple[str, ...]:
    """Return the condition keys of a document that requests do not vary, as it writes them."""
    keys = {c.key.lower(): c.key for s in document.statements for c in s.conditions}
    return tuple(keys[key] for key in sorted(keys) if key not in tried)


def _distinct(document: Document) -> Document:
    """Return the document with each statement once: what stands twice decides nothing more."""
    said = {
        (each.effect, each.principal, each.action, each.resource, each.conditions): each
        for each in reversed(document.statements)
    }
    return replace(document, statements=tuple(said.values()))


def _columns(kind: PolicyKind, on_roles: bool) -> tuple[CredentialState, ...]:
    match kind:
        case PolicyKind.SCP:
            return tuple(CredentialState)
        case PolicyKind.SESSION:
            return _SESSIONS
        case _:
            return (CredentialState.ROLE,) if on_roles else _USERS


@dataclass(frozen=True, slots=True)
class _Call:
    """A call to be decided.

    Attributes:
        ruling: what the service says of it before any policy is asked.
        state: the credential it is signed with, where policies depend on that.
        unsigned: whether no credential of IAM signs it: the caller has no policies of their own.
    """

    request: Request
    ruling: Ruling
    state: CredentialState = CredentialState.KEY
    unsigned: bool = False


@dataclass(frozen=True, slots=True)
class _Reading:
    """A document that is asked, as a policy of its kind; compiled, since it is asked a lot.

    Attributes:
        documents: the document; or as it allows least and most, where conditions are not varied.
    """

    documents: tuple[Document, ...]
    kind: PolicyKind
    decider: Decider = field(default_factory=CompiledDecider)

    def cell(
        self, calls: Sequence[_Call], otherwise: Iterable[tuple[str, Sequence[_Call]]]
    ) -> Cell:
        """Return what comes of a task that needs these calls, and the assumptions that mattered.

        `otherwise` has the calls under the other setting of an assumption, by its name.
        """
        found, assumed = self._outcome(calls)
        for name, others in otherwise:
            if self._outcome(others)[0] is not found:
                assumed |= {name}
        return Cell(found, tuple(sorted(assumed)))

    def _outcome(self, calls: Sequence[_Call]) -> tuple[Outcome, set[str]]:
        """Return the worst outcome of the calls; where each stands for itself, that they differ."""
        outcomes: list[Outcome] = []
        assumed: set[str] = set()
        for call in calls:
            match call.ruling:
                case Refused():
                    outcomes.append(Outcome.REFUSED)
                case PermittedWithoutPolicy():
                    outcomes.append(Outcome.UNGOVERNED)
                case AskPolicies():
                    outcome, names = self._decided(call)
                    outcomes.append(outcome)
                    assumed |= names
        together = all(call.request.action.startswith("iam:") for call in calls)
        if together or len(set(outcomes)) == 1:
            return min(outcomes, key=list(Outcome).index), assumed
        return Outcome.MIXED, assumed

    def _decided(self, call: _Call) -> tuple[Outcome, set[str]]:
        """Return the policies' outcome, if it is the same under each of the documents."""
        outcomes: set[Outcome] = set()
        assumed: set[str] = set()
        for document in self.documents:
            policies = policies_with(document, self.kind, call.state)
            if call.unsigned:
                policies = replace(policies, identity=())
            decision = self.decider.decide(call.request, policies)
            outcomes.add(_read(decision.effect, self.kind))
            assumed |= set(decision.assumed)
        return outcomes.pop() if len(outcomes) == 1 else Outcome.CONDITIONAL, assumed


def _cell(
    reading: _Reading, state: CredentialState, asks: Sequence[ActionOnResource], home: Home
) -> Cell:
    """Return what comes of a task of somebody who has the document."""

    def calls(of: CredentialState, assumptions: SigninAssumptions = _DEFAULTS) -> list[_Call]:
        credential = credential_of(of, home)
        requests = [request_of(of, ask, home, assumptions) for ask in asks]
        rulings = [service_rule(credential, ask.action, assumptions) for ask in asks]
        return [_Call(*each, of) for each in zip(requests, rulings, strict=True)]

    def otherwise() -> Iterator[tuple[str, list[_Call]]]:
        for name, turned in filter(None, [_TURNED.get(state)]):
            yield name, calls(state, turned)
        if state is CredentialState.SERVICE_FOR_MFA:
            yield "service_keeps_mfa", calls(CredentialState.SERVICE_FOR_KEY)

    return reading.cell(calls(state), otherwise())


def _read(effect: DecisionEffect, kind: PolicyKind) -> Outcome:
    """Say what the engine's answer means for the kind of policy.

    What a boundary, a session policy or a service control policy allows, it leaves to others; what
    one service control policy does not allow, another beside it may.
    """
    limits = kind in (PolicyKind.BOUNDARY, PolicyKind.SESSION, PolicyKind.SCP)
    match effect:
        case DecisionEffect.EXPLICITLY_DENIED:
            return Outcome.DENIED
        case DecisionEffect.ALLOWED:
            return Outcome.OTHERS if limits else Outcome.ALLOWED
        case DecisionEffect.IMPLICITLY_DENIED:
            identity = kind in (PolicyKind.IDENTITY, PolicyKind.SCP)
            return Outcome.OTHERS if identity else Outcome.NOT_ALLOWED


_MOST_ASKED = 9
"""How many principals are asked as: more columns would not fit a terminal."""

_TRIED_OF_TRUST = _TRIED - {"aws:username"}
_BASE: tuple[CredentialState | TrustWay, ...] = TrustedKind.ANYONE.credentials


def trust_table(document: Document, home: Home) -> TruthTable:
    """Return what each of those may do whom a trust policy names.

    Args:
        document: a trust policy that the engine can read.
        home: the account of the role.

    Raises:
        FaultyPolicy: if a part of it cannot be read for certain.
    """
    found, unasked = trusted_in(document, home, _MOST_ASKED)
    # whom nobody is named in, nobody may assume: that too is asked
    asked = found or [Trusted("*", TrustedKind.ANYONE, home)]
    named = {state for each in asked for state in each.kind.credentials}
    columns = (
        *_BASE,
        *(each for each in (CredentialState.FEDERATED, *TrustWay) if each in named - {*_BASE}),
    )
    role = f"arn:{home.partition}:iam::{home.account}:role/any"
    # what depends on no other condition is decided once
    reading = _Reading(tuple(dict.fromkeys(_bounds(document))), PolicyKind.TRUST)
    rows = tuple(
        TruthRow(
            _title(each),
            (each.kind.action,),
            {one: _trust_cell(reading, each, one, role) for one in columns},
            each.name if found else None,
        )
        for each in asked
    )
    return TruthTable(columns, rows, _untried(document, _TRIED_OF_TRUST), tuple(unasked))


def _title(trusted: Trusted) -> Message:
    name = trusted.name
    match trusted.kind:
        case TrustedKind.ANYONE:
            return Message(
                "assume the role as anybody, such as `user/{name}` or `role/any`"
            ).filled(name=NAME)
        case TrustedKind.ACCOUNT:
            return Message(
                "assume the role as somebody of `{name}`, such as `user/{name_}` or `role/any`"
            ).filled(name=name, name_=NAME)
        case TrustedKind.SAML | TrustedKind.WEB_IDENTITY:
            return Message("assume the role as somebody whom `{name}` vouches for").filled(
                name=name
            )
        case _:
            return Message("assume the role as `{name}`").filled(name=name)


def _bounds(document: Document) -> tuple[Document, Document]:
    """Return the document as it allows least and most, whatever holds of the other conditions."""
    least, most = [], []
    for each in document.statements:
        about_mfa = tuple(c for c in each.conditions if c.key.lower() in _TRIED_OF_TRUST)
        loose = replace(each, conditions=about_mfa)
        certain = about_mfa == each.conditions
        if certain or each.effect is Effect.DENY:
            least.append(loose)
        if certain or each.effect is Effect.ALLOW:
            most.append(loose)
    return replace(document, statements=tuple(least)), replace(document, statements=tuple(most))


def _trust_cell(
    reading: _Reading, trusted: Trusted, state: CredentialState | TrustWay, role: str
) -> Cell:
    """Return what comes of it if one of those whom a trust policy names assumes the role."""
    if state not in trusted.kind.credentials:
        return Cell(Outcome.NOBODY)
    request = trusted.request(state, role, _DEFAULTS)
    credential = trusted.credential(state)
    ruling: Ruling = (
        AskPolicies() if credential is None else service_rule(credential, request.action, _DEFAULTS)
    )
    call = _Call(request, ruling, unsigned=credential is None)
    others = _otherwise(trusted, state, role, request)
    cell = reading.cell([call], ((name, [replace(call, request=one)]) for name, one in others))
    return replace(cell, asked_as=request.principal)


def _otherwise(
    trusted: Trusted, state: CredentialState | TrustWay, role: str, request: Request
) -> Iterator[tuple[str, Request]]:
    """Yield what the call would show if a point were otherwise that AWS does not document."""
    for name, turned in filter(None, [_TURNED.get(state)]):
        yield name, trusted.request(state, role, turned)
    if state is TrustWay.SERVICE:
        context = Context({**request.context, "aws:MultiFactorAuthPresent": "false"})
        yield "service_shows_mfa", replace(request, context=context)
