"""The truth table of one policy: the actions that each credential may do.

Every cell is decided: first by the rules of the service (`signin`), then by the policy (`engine`).
If an undocumented point matters, the cell names its assumption.

Facts that a credential does not determine are unknown: the address, the time, the tags, the
`sts:ExternalId` or `aud` of a trust policy's caller. A cell is an outcome if it is the same for all
their values, and otherwise names the keys that it depends on.

Each row of the table of a trust policy is for one principal that the policy names.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from enum import StrEnum
from itertools import product

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
from sekisho.audit.meaning.unknown import (
    EXAMPLE,
    USERNAME,
    WhoAsks,
    keys_asked,
    possible_effects,
)
from sekisho.engine import AttachedPolicy, Context, Decider, DecisionEffect, Policies, Request
from sekisho.engine.compiled import CompiledDecider
from sekisho.lazy import dataclass
from sekisho.messages import Message, verbatim
from sekisho.policy import Document, PolicyKind, from_json
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


class TaskOutcome(StrEnum):
    """The outcome of a task; of several calls that it needs, the worst counts."""

    NOBODY = "nobody named has it"
    REFUSED = "refused by the service"
    DENIED = "explicitly denied"
    NOT_ALLOWED = "not allowed"
    MIXED = "some of it"
    CONDITIONAL = "depends on keys that are not known"
    OTHERS = "other policies decide"
    ALLOWED = "allowed"
    UNGOVERNED = "permitted without policy"


@dataclass(frozen=True, slots=True)
class Cell:
    """The outcome, and the assumptions whose other setting would change it.

    Attributes:
        depends_on: the context keys that it depends on, of an outcome that is conditional.
        asked_as: the ARN, or the service's name, of who asked; "" if nobody could.
    """

    outcome: TaskOutcome
    assumptions: tuple[str, ...] = ()
    asked_as: str = ""
    depends_on: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TruthRow:
    """One task, its requests, and the outcome with each credential.

    Attributes:
        principal: the principal of a trust policy that the task is for; else None.
    """

    task: Message
    actions: tuple[str, ...]
    cells: Mapping[CredentialState | TrustWay, Cell]
    principal: str | None = None


@dataclass(frozen=True, slots=True)
class TruthTable:
    """The table; `columns` are credentials.

    Attributes:
        untried: condition keys in the policy of which the requests tried one value alone.
        unasked: principals of a trust policy that nobody asked as.
    """

    columns: tuple[CredentialState | TrustWay, ...]
    rows: tuple[TruthRow, ...]
    untried: tuple[str, ...]
    unasked: tuple[str, ...] = ()

    @property
    def dependencies(self) -> tuple[tuple[str, ...], ...]:
        """The sets of keys that cells depend on, each once, in the order of the cells."""
        cells = (row.cells[state] for state in self.columns for row in self.rows)
        return tuple(dict.fromkeys(cell.depends_on for cell in cells if cell.depends_on))


_ALL = from_json(
    {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
)
_EVERYTHING = (AttachedPolicy("everything", _ALL),)


def policies_with(
    document: Document, kind: PolicyKind, state: CredentialState = CredentialState.KEY
) -> Policies:
    """Return the policies of a user who has this document, of this kind, and no other.

    A boundary, session or trust policy grants nothing by itself: everything is allowed besides. A
    federated user session gets a session policy that allows everything, since one without may do
    nothing at all (STS API Reference, GetFederationToken).
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

OUTCOMES: Mapping[TaskOutcome, Message] = {
    TaskOutcome.NOBODY: verbatim("-"),
    TaskOutcome.REFUSED: Message("never"),
    TaskOutcome.DENIED: Message("no", "allowed"),
    TaskOutcome.NOT_ALLOWED: Message("no", "allowed"),
    TaskOutcome.MIXED: Message("partly"),
    TaskOutcome.CONDITIONAL: Message("if"),
    TaskOutcome.OTHERS: Message("other"),
    TaskOutcome.ALLOWED: Message("yes", "allowed"),
    TaskOutcome.UNGOVERNED: Message("always"),
}
"""The short texts of the outcomes of a task."""

LEGEND: Mapping[TaskOutcome, Message] = {
    TaskOutcome.NOBODY: Message("-: none of these has this credential, so it was not checked"),
    TaskOutcome.REFUSED: Message("never: the service itself refuses it, regardless of policies"),
    TaskOutcome.NOT_ALLOWED: Message("no: and no other policy can allow it"),
    TaskOutcome.MIXED: Message("partly: some actions and not others"),
    TaskOutcome.OTHERS: Message("other: other policies decide"),
    TaskOutcome.UNGOVERNED: Message("always: allowed without evaluating a policy"),
}
"""The explanations of cells; `notes` explains those that depend on keys."""


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


def truth_table(
    document: Document,
    home: Home,
    *,
    kind: PolicyKind = PolicyKind.IDENTITY,
    on_roles: bool = False,
    more: Iterable[ActionOnResource] = (),
) -> TruthTable:
    """Return the actions that each credential may do under a document.

    Args:
        document: a document that the engine can read.
        home: where the people live who ask.
        kind: the kind of the document.
        on_roles: whether an identity-based policy is attached to a role and not to a user.
        more: further questions, each a row of its own; not of a trust policy.
    """
    distinct = _distinct(document)
    if kind is PolicyKind.TRUST:
        return trust_table(distinct, home)
    columns = _columns(kind, on_roles)
    reading = _Reading(distinct, kind, keys_asked(distinct))
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
    of_names = (c.key for s in document.statements for c in s.conditions)
    untried = next(((key,) for key in of_names if key.lower() == USERNAME), ())
    return TruthTable(columns, rows, untried)


def _distinct(document: Document) -> Document:
    """Return the document without repeated statements, which do not affect decisions."""
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
        ruling: the ruling of the service before any policy is evaluated.
        state: the credential it is signed with, where policies depend on that.
        unsigned: whether no credential of IAM signs it: the caller has no policies of their own.
        who: the known facts about the caller.
    """

    request: Request
    ruling: Ruling
    state: CredentialState = CredentialState.KEY
    unsigned: bool = False
    who: WhoAsks = EXAMPLE


@dataclass(frozen=True, slots=True)
class _Reading:
    """A document with its kind, compiled, since it is asked often."""

    document: Document
    kind: PolicyKind
    keys: Mapping[str, str]
    decider: Decider = field(default_factory=CompiledDecider)

    def cell(
        self, calls: Sequence[_Call], otherwise: Iterable[tuple[str, Sequence[_Call]]]
    ) -> Cell:
        """Return the outcome of a task that needs these calls, and the assumptions that matter.

        `otherwise` has the calls under the other setting of an assumption, by its name.
        """
        found, depends_on, assumed = self._outcomes(calls)
        for name, others in otherwise:
            if self._outcomes(others)[0] != found:
                assumed |= {name}
        assumptions = tuple(sorted(assumed))
        if len(found) == 1:
            return Cell(found.pop(), assumptions)
        return Cell(TaskOutcome.CONDITIONAL, assumptions, depends_on=tuple(sorted(depends_on)))

    def _outcomes(self, calls: Sequence[_Call]) -> tuple[set[TaskOutcome], set[str], set[str]]:
        """Return the possible outcomes of calls, the keys they depend on, and the assumptions."""
        outcomes: list[frozenset[TaskOutcome]] = []
        depends_on: set[str] = set()
        assumed: set[str] = set()
        for call in calls:
            match call.ruling:
                case Refused():
                    outcomes.append(frozenset({TaskOutcome.REFUSED}))
                case PermittedWithoutPolicy():
                    outcomes.append(frozenset({TaskOutcome.UNGOVERNED}))
                case AskPolicies():
                    possible, keys, names = self._decided(call)
                    outcomes.append(possible)
                    depends_on |= keys
                    assumed.update(names)
        together = all(call.request.action.startswith("iam:") for call in calls)
        return {_of_all(each, together) for each in product(*outcomes)}, depends_on, assumed

    def _decided(
        self, call: _Call
    ) -> tuple[frozenset[TaskOutcome], frozenset[str], tuple[str, ...]]:
        """Return the possible outcomes by policies, the keys they depend on, the assumptions."""
        policies = policies_with(self.document, self.kind, call.state)
        if call.unsigned:
            policies = replace(policies, identity=())
        decision = self.decider.decide(call.request, policies)
        found = possible_effects(call.request, policies, self.keys, lambda *_: decision, call.who)
        outcomes = frozenset(_outcome_for_kind(effect, self.kind) for effect in found.effects)
        return outcomes, found.matters if len(outcomes) > 1 else frozenset(), decision.assumed


def _of_all(outcomes: Sequence[TaskOutcome], together: bool) -> TaskOutcome:
    """Return the worst outcome of calls; if they are independent and differ, `MIXED`."""
    if together or len(set(outcomes)) == 1:
        return min(outcomes, key=list(TaskOutcome).index)
    return TaskOutcome.MIXED


def _cell(
    reading: _Reading, state: CredentialState, asks: Sequence[ActionOnResource], home: Home
) -> Cell:
    """Return the outcome of a task for a user with the document."""

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


def _outcome_for_kind(effect: DecisionEffect, kind: PolicyKind) -> TaskOutcome:
    """Return the outcome for the engine's decision, by the kind of policy.

    An action that a boundary, a session policy or a service control policy allows depends on other
    policies; one that a service control policy does not allow, another one besides may.
    """
    limits = kind in (PolicyKind.BOUNDARY, PolicyKind.SESSION, PolicyKind.SCP)
    match effect:
        case DecisionEffect.EXPLICITLY_DENIED:
            return TaskOutcome.DENIED
        case DecisionEffect.ALLOWED:
            return TaskOutcome.OTHERS if limits else TaskOutcome.ALLOWED
        case DecisionEffect.IMPLICITLY_DENIED:
            identity = kind in (PolicyKind.IDENTITY, PolicyKind.SCP)
            return TaskOutcome.OTHERS if identity else TaskOutcome.NOT_ALLOWED


_MOST_ASKED = 9
"""The most principals of a table: more columns would not fit a terminal."""

_BASE: tuple[CredentialState | TrustWay, ...] = TrustedKind.ANYONE.credentials


def trust_table(document: Document, home: Home) -> TruthTable:
    """Return the table of the principals that a trust policy names.

    Args:
        document: a trust policy that the engine can read.
        home: the account of the role.

    Raises:
        FaultyPolicy: if a part of it cannot be interpreted for certain.
    """
    found, unasked = trusted_in(document, home, _MOST_ASKED)
    # if no principal is named, nobody may assume the role: that is shown as well
    asked = found or [Trusted("*", TrustedKind.ANYONE, home)]
    named = {state for each in asked for state in each.kind.credentials}
    columns = (
        *_BASE,
        *(each for each in (CredentialState.FEDERATED, *TrustWay) if each in named - {*_BASE}),
    )
    role = f"arn:{home.partition}:iam::{home.account}:role/any"
    reading = _Reading(document, PolicyKind.TRUST, keys_asked(document))
    rows = tuple(
        TruthRow(
            _title(each),
            (each.kind.action,),
            {one: _trust_cell(reading, each, one, role) for one in columns},
            each.name if found else None,
        )
        for each in asked
    )
    return TruthTable(columns, rows, (), tuple(unasked))


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


def _facts_of(trusted: Trusted) -> WhoAsks:
    """Return the facts about a named principal; of a role's session, the role is not known."""
    itself = trusted.holder is not None and not trusted.session_name
    account = "*" if trusted.kind is TrustedKind.ANYONE else trusted.home.account
    return WhoAsks(account, itself, named=itself)


def _trust_cell(
    reading: _Reading, trusted: Trusted, state: CredentialState | TrustWay, role: str
) -> Cell:
    """Return the outcome if one of the named principals assumes the role."""
    if state not in trusted.kind.credentials:
        return Cell(TaskOutcome.NOBODY)
    request = trusted.request(state, role, _DEFAULTS)
    credential = trusted.credential(state)
    ruling: Ruling = (
        AskPolicies() if credential is None else service_rule(credential, request.action, _DEFAULTS)
    )
    call = _Call(request, ruling, unsigned=credential is None, who=_facts_of(trusted))
    others = _otherwise(trusted, state, role, request)
    cell = reading.cell([call], ((name, [replace(call, request=one)]) for name, one in others))
    return replace(cell, asked_as=request.principal)


def _otherwise(
    trusted: Trusted, state: CredentialState | TrustWay, role: str, request: Request
) -> Iterator[tuple[str, Request]]:
    """Yield the call with the other setting of each undocumented point."""
    for name, turned in filter(None, [_TURNED.get(state)]):
        yield name, trusted.request(state, role, turned)
    if state is TrustWay.SERVICE:
        context = Context({**request.context, "aws:MultiFactorAuthPresent": "false"})
        yield "service_shows_mfa", replace(request, context=context)
