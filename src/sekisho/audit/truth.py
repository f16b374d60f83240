"""The truth table of one policy: what each credential may do.

Every cell is decided: first by the rules of the service (`signin`), then by the policy (`engine`).
Where an undocumented point mattered, the cell names its assumption.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from sekisho.audit.held import Ask, Held, Home, credential_of, request_of
from sekisho.audit.probes import COLLEAGUE, NAME
from sekisho.audit.truth_model import Cell, Outcome, TruthRow, TruthTable, policies_with
from sekisho.audit.truth_trust import trust_table
from sekisho.engine import Decider, DecisionEffect
from sekisho.engine.compiled import CompiledDecider
from sekisho.messages import Message, verbatim
from sekisho.policy import Document, PolicyKind
from sekisho.signin import (
    AskPolicies,
    PermittedWithoutPolicy,
    Refused,
    RoleSessionMfa,
    SigninAssumptions,
    service_rule,
)

__all__ = ["truth_table"]

_DEFAULTS = SigninAssumptions()
_MFA_ABSENT = SigninAssumptions(role_session_mfa=RoleSessionMfa.ABSENT)
_USERS = tuple(each for each in Held if each is not Held.ROLE)
_SESSIONS = (Held.ROLE, Held.FEDERATED)

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
    more: Iterable[Ask] = (),
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
    held = _columns(kind, on_roles)
    asked = _Asked(distinct, kind, home)
    tasks = list(_tasks(home))
    tasks += [(verbatim(f"`{ask.action}`"), (ask,)) for ask in more]
    rows = tuple(
        TruthRow(
            title,
            tuple(ask.action for ask in asks),
            {each: asked.cell(each, asks) for each in held},
        )
        for title, asks in tasks
    )
    keys = {c.key.lower(): c.key for s in document.statements for c in s.conditions}
    untried = tuple(keys[key] for key in sorted(keys) if key not in _TRIED)
    return TruthTable(held, rows, untried)


def _distinct(document: Document) -> Document:
    """Return the document with each statement once: what stands twice decides nothing more."""
    said = {
        (each.effect, each.principal, each.action, each.resource, each.conditions): each
        for each in reversed(document.statements)
    }
    return replace(document, statements=tuple(said.values()))


def _columns(kind: PolicyKind, on_roles: bool) -> tuple[Held, ...]:
    match kind:
        case PolicyKind.SCP:
            return tuple(Held)
        case PolicyKind.SESSION:
            return _SESSIONS
        case _:
            return (Held.ROLE,) if on_roles else _USERS


_Task = tuple[Message, tuple[Ask, ...]]


def _tasks(home: Home) -> Iterable[_Task]:
    iam = f"arn:{home.partition}:iam::{home.account}"
    own, device = f"{iam}:user/{NAME}", f"{iam}:mfa/{NAME}"
    yield (
        Message("set up MFA for oneself"),
        (Ask("iam:CreateVirtualMFADevice", device), Ask("iam:EnableMFADevice", own)),
    )
    for title, action in (
        (Message("change one's own password"), "iam:ChangePassword"),
        (Message("remove one's own MFA"), "iam:DeactivateMFADevice"),
        (Message("make an access key for oneself"), "iam:CreateAccessKey"),
    ):
        yield title, (Ask(action, own),)
    yield (
        Message("enable MFA for another user"),
        (Ask("iam:EnableMFADevice", f"{iam}:user/{COLLEAGUE}"),),
    )
    yield (
        Message("assume a role"),
        (Ask("sts:AssumeRole", f"{iam}:role/any"),),
    )
    yield (
        Message("create IAM users"),
        (Ask("iam:CreateUser", f"{iam}:user/any"),),
    )
    yield Message("everything else"), _everything(home)


def _everything(home: Home) -> tuple[Ask, ...]:
    where = f"arn:{home.partition}"
    return (
        Ask("s3:ListAllMyBuckets", "*"),
        Ask("s3:GetObject", f"{where}:s3:::any/any"),
        Ask("ec2:RunInstances", f"{where}:ec2:any:{home.account}:instance/any"),
        Ask("lambda:InvokeFunction", f"{where}:lambda:any:{home.account}:function:any"),
    )


@dataclass(frozen=True, slots=True)
class _Asked:
    """A document that is asked, as a policy of its kind; compiled, since it is asked a lot."""

    document: Document
    kind: PolicyKind
    home: Home
    decider: Decider = field(default_factory=CompiledDecider)

    def cell(self, held: Held, asks: Sequence[Ask]) -> Cell:
        """Return what comes of a task, and the assumptions that mattered."""
        found, assumed = self.outcome(held, asks, _DEFAULTS)
        if held is Held.ROLE and self.outcome(held, asks, _MFA_ABSENT)[0] is not found:
            assumed |= {"role_session_mfa"}
        if held is Held.SERVICE_FOR_MFA:
            without, _ = self.outcome(Held.SERVICE_FOR_KEY, asks, _DEFAULTS)
            if without is not found:
                assumed |= {"service_keeps_mfa"}
        return Cell(found, tuple(sorted(assumed)))

    def outcome(
        self, held: Held, asks: Sequence[Ask], assumptions: SigninAssumptions
    ) -> tuple[Outcome, set[str]]:
        """Return the worst outcome of the calls; where each stands for itself, that they differ."""
        outcomes: list[Outcome] = []
        assumed: set[str] = set()
        for ask in asks:
            match service_rule(credential_of(held, self.home), ask.action, assumptions):
                case Refused():
                    outcomes.append(Outcome.REFUSED)
                case PermittedWithoutPolicy():
                    outcomes.append(Outcome.UNGOVERNED)
                case AskPolicies():
                    request = request_of(held, ask, self.home, assumptions)
                    policies = policies_with(self.document, self.kind, held)
                    decision = self.decider.decide(request, policies)
                    assumed |= set(decision.assumed)
                    outcomes.append(_read(decision.effect, self.kind))
        together = all(ask.action.startswith("iam:") for ask in asks)
        if together or len(set(outcomes)) == 1:
            return min(outcomes, key=list(Outcome).index), assumed
        return Outcome.MIXED, assumed


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
