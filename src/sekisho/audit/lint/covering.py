"""Allows that a Deny always overrides, by their patterns.

That one statement includes all requests of another follows from their texts, not from examples: if
it does not, nothing is reported.
"""

from collections.abc import Iterator, Sequence

from sekisho.audit.finding import Finding, FindingId, found, place_in
from sekisho.audit.lint.engine_queries import Work
from sekisho.engine.matching import arns, glob
from sekisho.errors import quoted
from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.policy import Document, Effect, Element, Principal, PrincipalKey, Statement

_SHOWN = 5
_ARN = 3
"""The comparisons of actions that take as long as one of ARNs."""

_OPEN = "${"


def always_denied(document: Document, work: Work) -> Iterator[Finding]:
    """Yield the Allows that Denies without conditions always override.

    The search ends early when `work` is exhausted.
    """
    denies = [_Deny.of(each) for each in document.statements if _always_applies(each)]
    if not denies:
        return
    for statement in document.statements:
        work.add(1 + len(denies) // _SHOWN)
        if work.exhausted:
            return
        if statement.effect is Effect.ALLOW:
            yield from _overridden_by_deny(document, statement, denies, work)


def _always_applies(statement: Statement) -> bool:
    return statement.effect is Effect.DENY and not statement.conditions


def _overridden_by_deny(
    document: Document, allow: Statement, denies: Sequence["_Deny"], work: Work
) -> Iterator[Finding]:
    actions = ("*",) if allow.action.negated else allow.action.values
    resources = _resources(allow.resource)
    # for each action, the resources on which some Deny overrides it
    open_ones = {action: set(resources) for action in actions}
    by: list[int] = []
    for deny in denies:
        if not deny.naming.covers(allow.principal):
            continue
        denied = {each for each in resources if deny.takes_resource(each, work)}
        for action in actions:
            if denied & open_ones[action] and deny.takes_action(action, work):
                open_ones[action] -= denied
                by.append(deny.statement.index)
    if actions and resources and not work.exhausted and not any(open_ones.values()):
        indexes = ", ".join(str(each + 1) for each in tuple(dict.fromkeys(by))[:_SHOWN])
        shown = ", ".join(quoted(each) for each in actions[:_SHOWN])
        shown += " …" if len(actions) > _SHOWN else ""
        fact = Message("{shown}: denied by statement {indexes}").filled(
            shown=shown, indexes=indexes
        )
        yield found(FindingId.ALLOW_ALWAYS_DENIED, place_in(document, allow), fact)


def _resources(resource: Element | None) -> tuple[str, ...]:
    """Return the entries of a statement's resource; a trust policy is about its own role only."""
    return ("*",) if resource is None or resource.negated else resource.values


@dataclass(frozen=True, slots=True)
class _Deny:
    """A Deny that always applies, with its entries sorted.

    Attributes:
        literal: the actions, in lower case, that are named whole.
        named: service and name of those whose service is named whole.
        everything: whether every action is named.
        on_all: whether it is about every resource.
        naming: the principals that it names.
    """

    statement: Statement
    literal: frozenset[str]
    named: tuple[tuple[str, str], ...]
    everything: bool
    on_all: bool
    naming: "NamedPrincipals"

    @classmethod
    def of(cls, statement: Statement) -> "_Deny":
        """Read a Deny."""
        values = [value.lower() for value in statement.action.values]
        split = [(service, name) for service, _, name in (each.partition(":") for each in values)]
        resource = statement.resource
        return cls(
            statement,
            frozenset(values),
            tuple((service, name) for service, name in split if not _is_wild(service)),
            bool({"*", "*:*"} & set(values)),
            resource is None or (not resource.negated and "*" in resource.values),
            NamedPrincipals(statement.principal),
        )

    def takes_action(self, action: str, work: Work) -> bool:
        """Return whether the Deny covers every action that a pattern matches."""
        wanted = action.lower()
        service, _, name = wanted.partition(":")
        names = [each for of, each in self.named if of == service]
        work.add(len(names))
        if self.statement.action.negated:
            return self._leaves(service, name, names)
        if self.everything or wanted in self.literal:
            return True
        return not work.exhausted and any(_includes(each, name) for each in names)

    def _leaves(self, service: str, name: str, listed: Sequence[str]) -> bool:
        """Return whether no entry of a `NotAction` can match an action that a pattern matches."""
        if _is_wild(service) or len(self.named) < len(self.statement.action.values):
            return False
        return not listed if _is_wild(name) else not any(glob.like(each, name) for each in listed)

    def takes_resource(self, resource: str, work: Work) -> bool:
        """Return whether the Deny covers every resource that a pattern matches."""
        own = self.statement.resource
        if self.on_all or own is None:
            return True
        if own.negated:
            return False
        work.add(_ARN * len(own.values))
        return not work.exhausted and any(_covers(each, resource) for each in own.values)


def _is_wild(text: str) -> bool:
    return "*" in text or "?" in text


def _includes(wide: str, narrow: str) -> bool:
    """Return whether every text that `narrow` matches also matches `wide`.

    The wildcards of `narrow` are read like any characters: a `*` of `wide` matches them, whatever
    they match. A `?` of `wide` matches one character, but no `*`, which can match several.
    """
    if wide == narrow:
        return True
    return not ("?" in wide and "*" in narrow) and glob.like(wide, narrow)


def _covers(wide: str, narrow: str) -> bool:
    """Return the same for two entries of `Resource`: ARNs, compared part by part."""
    if wide == narrow:
        return True
    parts, others = arns.split(wide), arns.split(narrow)
    if not len(parts) == len(others) == arns.PARTS or _OPEN in wide + narrow:
        return False
    pairs = [*zip(map(str.lower, parts[:-1]), map(str.lower, others[:-1]), strict=True)]
    return all(_includes(*pair) for pair in (*pairs, (parts[-1], others[-1])))


class NamedPrincipals:
    """The principals that a statement names; None is the identity the policy is attached to.

    Args:
        principal: as the statement has it.
    """

    def __init__(self, principal: Principal | None) -> None:
        self._principal = principal
        named = principal.entries if principal and not principal.negated else ()
        self._pairs = {(key, value) for key, values in named for value in values}
        self._anyone = not _ANYONE.isdisjoint(self._pairs)
        roots = (value for _, value in self._pairs if value.endswith(":root"))
        self._accounts = {arns.account_of(value) for value in roots}

    def covers(self, other: Principal | None) -> bool:
        """Return whether all principals that another statement names are named here."""
        if other is None or self._principal is None:
            return other is self._principal
        if other.negated or self._anyone:
            return self._anyone
        return all(self.takes(key, value) for key, values in other.entries for value in values)

    def takes(self, key: PrincipalKey, value: str) -> bool:
        """Return whether all principals that one entry of a `Principal` names are named here.

        An entry that names an account names everybody in it. `NotPrincipal` is never passed here.
        """
        if self._anyone or (key, value) in self._pairs:
            return True
        if key is not PrincipalKey.AWS:
            return False
        if arns.is_account(value):
            return value in self._accounts
        account = arns.account_of(value)
        root = f"arn:{arns.split(value)[1]}:iam::{account}:root" if account else ""
        return not {(key, account), (key, root)}.isdisjoint(self._pairs)


_ANYONE = {(PrincipalKey.ANYONE, "*"), (PrincipalKey.AWS, "*")}
