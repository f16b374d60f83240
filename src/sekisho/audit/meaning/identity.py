"""The full meaning of one identity-based policy, beyond the console's summary of it.

The console's review page lists the contents of a policy's Allow statements, but neither the effect
of its Deny nor the exemptions of the Deny. Here `engine` decides every action that the policy names
as a real request, in each credential state, and some actions that it does not name. Nothing is
concluded from how the policy is written. Facts that a credential does not determine, like the
address of a request, are unknown (`unknown`).
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from itertools import product

from sekisho import catalogue
from sekisho.audit.meaning.credentials import (
    ACCOUNT,
    ActionOnResource,
    CredentialState,
    Home,
    ObjectOwner,
    credential_of,
    probes_of,
    request_of,
)
from sekisho.audit.meaning.unknown import USERNAME, keys_asked, possible_effects
from sekisho.catalogue import Action, Catalogue, global_key
from sekisho.engine import AttachedPolicy, DecisionEffect, Policies, Possibilities, decide
from sekisho.errors import Code, Unsupported
from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.policy import Document
from sekisho.signin import PermittedWithoutPolicy, SigninAssumptions, service_rule

UNNAMED = (
    "s3:GetObject",
    "s3:ListAllMyBuckets",
    "ec2:RunInstances",
    "lambda:InvokeFunction",
    "iam:CreateUser",
    "iam:DeleteVirtualMFADevice",
    "sts:AssumeRole",
)
"""Actions that represent all others, if the policy does not name them."""

STATES = (CredentialState.KEY, CredentialState.CONSOLE, CredentialState.CONSOLE_MFA)
"""The three states of `aws:MultiFactorAuthPresent`: absent, false, true."""


class Works(StrEnum):
    """The condition under which this policy alone allows an action."""

    NO_POLICY_APPLIES = "no policy applies"
    WITHOUT_MFA = "works without MFA"
    CONSOLE_WITHOUT_MFA = "works without MFA in the console only"
    KEY_WITHOUT_MFA = "works without MFA by access key only"
    ONLY_WITH_MFA = "works only with MFA"
    DEPENDS = "depends on keys that are not known"
    NOT_BY_THIS_POLICY = "not allowed by this policy"
    NEVER = "denied even with MFA"


class DeniedWithoutMfa(StrEnum):
    """Whether this policy's Deny applies without MFA, regardless of other policies."""

    ENFORCED = "enforced"
    NOT_FOR_KEYS = "not for long-term access keys"
    NOT_FOR_CONSOLE = "not for console sessions"
    DEPENDS = "depends on keys that are not known"
    NOT_ENFORCED = "not enforced"


@dataclass(frozen=True, slots=True)
class Line:
    """The meaning of the policy for one action on one object.

    Attributes:
        action: the action, `service:Name`.
        target: the owner of the object.
        effects: the possible decisions of the engine in each credential state.
        service_exempt: whether the service permits the action without asking any policy.
    """

    action: str
    target: ObjectOwner
    effects: Mapping[CredentialState, Possibilities]
    service_exempt: bool = False

    @property
    def works(self) -> Works:
        """The condition under which this policy alone allows the action."""
        if self.service_exempt:
            return Works.NO_POLICY_APPLIES
        found = {_works(*each) for each in product(*(self.effects[one].effects for one in STATES))}
        return found.pop() if len(found) == 1 else Works.DEPENDS

    @property
    def enforcement(self) -> DeniedWithoutMfa:
        """Whether the policy's Deny applies without MFA."""
        if self.service_exempt:
            return DeniedWithoutMfa.NOT_ENFORCED
        without_mfa = (self.effects[one].effects for one in _WITHOUT_MFA)
        found = {_enforcement(*each) for each in product(*without_mfa)}
        return found.pop() if len(found) == 1 else DeniedWithoutMfa.DEPENDS


_WITHOUT_MFA = (CredentialState.KEY, CredentialState.CONSOLE)


def _works(key: DecisionEffect, console: DecisionEffect, mfa: DecisionEffect) -> Works:
    if {key, console, mfa} == {DecisionEffect.EXPLICITLY_DENIED}:
        return Works.NEVER
    match tuple(each is DecisionEffect.ALLOWED for each in (key, console, mfa)):
        case (True, True, _):
            return Works.WITHOUT_MFA
        case (False, True, _):
            return Works.CONSOLE_WITHOUT_MFA
        case (True, False, _):
            return Works.KEY_WITHOUT_MFA
        case (_, _, True):
            return Works.ONLY_WITH_MFA
        case _:
            return Works.NOT_BY_THIS_POLICY


def _enforcement(key: DecisionEffect, console: DecisionEffect) -> DeniedWithoutMfa:
    match tuple(each is DecisionEffect.EXPLICITLY_DENIED for each in (key, console)):
        case (True, True):
            return DeniedWithoutMfa.ENFORCED
        case (True, False):
            return DeniedWithoutMfa.NOT_FOR_CONSOLE
        case (False, True):
            return DeniedWithoutMfa.NOT_FOR_KEYS
        case _:
            return DeniedWithoutMfa.NOT_ENFORCED


@dataclass(frozen=True, slots=True)
class Meaning:
    """The meaning of a policy.

    Attributes:
        lines: for each action that the policy names or exempts, on each kind of target.
        everything_else: for actions that the policy does not name.
        untried: condition keys in the policy of which the requests tried one value alone.
        unknown: action patterns that match no action of the catalogue.
        dated: the catalogue's name and date.
    """

    lines: tuple[Line, ...]
    everything_else: tuple[Line, ...]
    untried: tuple[str, ...]
    unknown: tuple[str, ...]
    dated: str

    def line(self, action: str, target: ObjectOwner) -> Line | None:
        """Return the line of `action` on `target`, or None if there is none."""
        for line in (*self.lines, *self.everything_else):
            if line.action.lower() == action.lower() and line.target is target:
                return line
        return None

    @property
    def enforces(self) -> bool:
        """Whether every action that the policy does not name is explicitly denied without MFA."""
        return all(line.enforcement is DeniedWithoutMfa.ENFORCED for line in self.everything_else)


def meaning(document: Document, *, partition: str | None = None) -> Meaning:
    """Return the full meaning of an identity-based policy.

    Args:
        document: the policy, taken as the only one that its user has.
        partition: where the user lives; by default the partition of the document's own ARNs.

    Raises:
        Unsupported: if the document has a `Principal`: it is no identity-based policy.
    """
    if any(statement.resource is None or statement.principal for statement in document.statements):
        raise Unsupported(
            Message(
                "only an identity-based policy has a meaning of its own; this one has a `Principal`"
            ),
            code=Code.UNSUPPORTED_POLICY_TYPE,
            fix=Message("decide single requests with `sekisho decide`"),
        )
    known = catalogue.load()
    home = Home(partition or _partition_of(document), ACCOUNT)
    named, unknown = _actions_named(document, known)
    names = {str(action).lower() for action in named}
    others = (known.action(name) for name in UNNAMED if name.lower() not in names)
    return Meaning(
        lines=tuple(_lines(document, named, home)),
        everything_else=tuple(_lines(document, [a for a in others if a is not None], home)),
        untried=_untried(document),
        unknown=unknown,
        dated=known.dated,
    )


def _actions_named(document: Document, known: Catalogue) -> tuple[list[Action], tuple[str, ...]]:
    """Return the actions that the document names or exempts, and the patterns without a match."""
    named: dict[str, Action] = {}
    unknown: dict[str, None] = {}
    for statement in document.statements:
        for pattern in statement.action.values:
            if set(pattern) <= set("*:"):
                continue  # it names nothing: it is about everything else
            found = known.expand(pattern)
            if not found:
                unknown[pattern] = None
            named.update({str(action): action for action in found})
    return [named[name] for name in sorted(named)], tuple(unknown)


def _lines(document: Document, actions: list[Action], home: Home) -> Iterator[Line]:
    policies = Policies(identity=(AttachedPolicy(document.source or "policy", document),))
    keys = keys_asked(document)
    for action in actions:
        for probe in probes_of(action, home):
            effects = {
                state: possible_effects(request_of(state, probe.ask, home), policies, keys, decide)
                for state in STATES
            }
            yield Line(probe.ask.action, probe.target, effects, _service_exempt(probe.ask, home))


def _service_exempt(ask: ActionOnResource, home: Home) -> bool:
    key = credential_of(CredentialState.KEY, home, ask.path)
    ruling = service_rule(key, ask.action, SigninAssumptions())
    return isinstance(ruling, PermittedWithoutPolicy)


def _partition_of(document: Document) -> str:
    """Return the partition of the first ARN in the document that has one."""
    for statement in document.statements:
        for value in statement.resource.values if statement.resource else ():
            parts = value.split(":")
            if parts[0] == "arn" and len(parts) > 1 and not set("*?$") & set(parts[1]):
                return parts[1]
    return catalogue.DEFAULT_PARTITION


_ONE_VALUE = frozenset({"aws:multifactorauthage", "aws:viaawsservice", USERNAME})


def _untried(document: Document) -> tuple[str, ...]:
    keys = {
        condition.key.lower(): condition.key
        for statement in document.statements
        for condition in statement.conditions
    }
    return tuple(keys[key] for key in sorted(keys) if key in _ONE_VALUE or _of_services(key))


def _of_services(key: str) -> bool:
    """Return whether only calls by a service on a user's behalf have a key."""
    known = global_key(key)
    return known is not None and known.presence == "via-service"
