"""The change for a caller: everything that decides about past calls.

A past call had passed the policies of its time. So only a change can deny it: a new Deny, a removed
Allow, or a limit that does not allow. Denies that a caller already had cannot have applied; if one
certainly applies, the log is older than the account as it was read, and the call is denied already.
If policies are only added, their Allows have no effect, and the caller's other policies do not
matter.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from sekisho.catalogue import equivalent_global_key
from sekisho.engine import Assumptions, AttachedPolicy, Level, Policies, keys_of
from sekisho.engine.matching import TrackedAssumptions, actions
from sekisho.policy import Condition, Document, Effect, Element, Statement, Version, from_json
from sekisho.replay.binding import Bound
from sekisho.signin import HolderKind

_ANYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}
ALLOWS_ALL = AttachedPolicy(
    "everything else", from_json({"Version": "2012-10-17", "Statement": _ANYTHING})
)
"""The policy that represents a caller's other policies if only given ones are asked."""

RESOURCE_ACCOUNT = "aws:resourceaccount"
_EVERYTHING = Element(("*",))
_NO_ACTION = {"Effect": "Allow", "NotAction": "*", "Resource": "*"}
_NOTHING = AttachedPolicy("nothing", from_json({"Version": "2012-10-17", "Statement": _NO_ACTION}))
"""The remainder of a boundary with only Denies."""

VersionedStatement = tuple[Statement, Version | None]


@dataclass(frozen=True, eq=False)
class Difference:
    """The change between two sets of policies; the same object for the same two.

    Attributes:
        before, after: the policies before and after, both without the Denies that were there.
        denies: the Denies alone that are new; None if none is.
        gone: the Allows of the caller's own policies that are no longer there; None if all are.
        limited: whether a boundary or an organisation may no longer allow what it did.
        denied: the Denies that were there before, and levels of the organisation that do not allow
            everything, beside an Allow of everything; None if there was none.
        denied_keys: the keys that they ask for, in lower case.
        statements: the statements on which the outcome can depend.
        keys: the condition keys that these ask for, in lower case, as the policies write them.
        resources: whether the outcome can depend on the resource.
        resources_of_iam: whether it can do so for actions of IAM alone.
        conditions: the conditions of these and of the Denies that were there.
        conditions_say_all: whether the values of keys matter to nothing but these conditions.
    """

    before: Policies
    after: Policies
    denies: Policies | None
    gone: Policies | None
    limited: bool
    denied: Policies | None
    denied_keys: frozenset[str]
    statements: tuple[VersionedStatement, ...]
    keys: Mapping[str, str]
    resources: bool
    resources_of_iam: bool
    conditions: tuple[tuple[Condition, Version | None], ...]
    conditions_say_all: bool
    _documents: tuple[Document, ...] = field(repr=False)
    _asking: frozenset[int] = field(repr=False)

    def statements_key(self, action: str, assumptions: Assumptions) -> tuple[int, ...] | None:
        """Return the ids of the statements that are about an action.

        None if that depends on an assumption.
        """
        tracked = TrackedAssumptions(assumptions)
        found = tuple(map(id, self._statements_about(action, tracked)))
        return None if tracked.names_used else found

    def names_resources(self, action: str, assumptions: Assumptions) -> bool:
        """Return whether the outcome for an action can depend on the resource.

        If a limit is new or an Allow is gone, the resource's owner matters as well.
        """
        if not self.resources or self.limited or self.gone is not None:
            return self.resources
        tracked = TrackedAssumptions(assumptions)
        about = map(id, self._statements_about(action, tracked))
        found = not self._asking.isdisjoint(about)
        return found or bool(tracked.names_used)

    def _statements_about(self, action: str, tracked: TrackedAssumptions) -> Iterator[Statement]:
        for document in self._documents:
            yield from actions.statements_about(document, action, tracked)


def difference(bound: Bound, kind: HolderKind = HolderKind.USER) -> Difference:
    """Return the change for a caller of a kind.

    The session policy of a federated user let the call pass, and root has the organisation's
    policies alone. Source: IAM User Guide, "Permissions for GetFederationToken"; "Policy evaluation
    logic".
    """
    before, after = bound.before, bound.after
    if before is None:
        before = Policies((ALLOWS_ALL,))
        after = replace(after, identity=(ALLOWS_ALL, *after.identity))
    if kind is HolderKind.ROOT:
        before, after = Policies(scps=before.scps), Policies(scps=after.scps)
    if kind is HolderKind.FEDERATED:
        before, after = (replace(one, session=(ALLOWS_ALL,)) for one in (before, after))
    denies, old = _denies_of(after, before), _denying_alone(before)
    gone, limited = _removed_allows(before, after), _limits(before, after)
    lost = limited or gone is not None
    statements = tuple(_statements(before, after) if lost else _statements(denies))
    before, after = _without(before, before), _without(after, before)
    every = (*statements, *_statements(old))
    # for an earlier Deny the resource does not matter: the call passed it
    asking = [one for one in statements if _asks_resource(one)]
    asked = (before, after, gone, denies, old) if lost else (denies, old)
    return Difference(
        before=before,
        after=after,
        denies=denies,
        gone=gone,
        limited=limited,
        denied=old,
        denied_keys=frozenset(_keys(_statements(old))),
        statements=statements,
        keys=_keys(statements),
        resources=any(map(_asks_resource, statements)),
        resources_of_iam=not lost
        and all(_names_services(one) for one, _ in every)
        and all(_is_of_iam(one) for one, _ in asking),
        conditions=tuple(
            dict.fromkeys((each, version) for one, version in every for each in one.conditions)
        ),
        conditions_say_all=_says_all(every),
        _documents=tuple(policy.document for each in asked for policy in _attached(each)),
        _asking=frozenset(id(one[0]) for one in asking),
    )


def _keys(statements: Iterable[VersionedStatement]) -> dict[str, str]:
    return {key.lower(): key for one, version in statements for key in keys_of(one, version)}


def _says_all(statements: Iterable[VersionedStatement]) -> bool:
    """Return whether no statement has a variable or a service's name of a global key."""
    for statement, version in statements:
        keys = [condition.key for condition in statement.conditions]
        if len(list(keys_of(statement, version))) > len(keys) or any(
            map(equivalent_global_key, keys)
        ):
            return False
    return True


def _asks_resource(asked: VersionedStatement) -> bool:
    """Return whether a statement names resources or tests their owner."""
    statement, version = asked
    if any(
        (equivalent_global_key(key) or key).lower() == RESOURCE_ACCOUNT
        for key in keys_of(statement, version)
    ):
        return True
    resource = statement.resource
    return resource is not None and (resource.negated or "*" not in resource.values)


def _names_services(statement: Statement) -> bool:
    """Return whether the services of a statement are known without assumptions."""
    return all(
        one in ("*", "*:*") or not set(one.partition(":")[0]) & set("*?")
        for one in statement.action.values
    )


def _is_of_iam(statement: Statement) -> bool:
    """Return whether a statement is only about IAM's actions, which only IAM's calls need."""
    action = statement.action
    return not action.negated and all(one.lower().startswith("iam:") for one in action.values)


def _attached(policies: Policies | None) -> Iterator[AttachedPolicy]:
    """Yield the policies of the kinds that apply to a caller."""
    if policies is not None:
        yield from policies.identity
        yield from policies.boundaries or ()
        for level in policies.scps:
            yield from level.policies


def _statements(*policies: Policies | None) -> Iterator[VersionedStatement]:
    for policy in (one for each in policies for one in _attached(each)):
        if policy is not ALLOWS_ALL:
            for statement in policy.document.statements:
                yield statement, policy.document.version


_NONE = Policies()


def _denies_of(after: Policies, before: Policies = _NONE) -> Policies | None:
    """Return the Denies that are in some policies and not in others; None if there are none."""
    scps = [policy for level in before.scps for policy in level.policies]
    levels = [Level(level.name, _denies(level.policies, scps)) for level in after.scps]
    new = Policies(
        identity=_denies(after.identity, before.identity),
        boundaries=_denies(after.boundaries or (), before.boundaries or ()) or None,
        scps=tuple(level for level in levels if level.policies),
    )
    return new if new.identity or new.boundaries or new.scps else None


def _denying_alone(policies: Policies) -> Policies | None:
    """Return the parts of policies that deny regardless of a resource's owner; None: none.

    A boundary that allows too little is left out: a resource's policy can name the user besides.
    """
    identity = (*_denies(policies.identity, ()), *_denies(policies.boundaries or (), ()))
    levels = [
        Level(level.name, (ALLOWS_ALL, *_denies(level.policies, ())))
        if any(map(allows_everything, level.policies))
        else level
        for level in policies.scps
    ]
    if not identity and all(level.policies == (ALLOWS_ALL,) for level in levels):
        return None
    return replace(policies, identity=(ALLOWS_ALL, *identity), boundaries=None, scps=tuple(levels))


def allows_everything(policy: AttachedPolicy) -> bool:
    """Return whether a policy has an Allow of everything, such as `FullAWSAccess`."""
    return any(
        one.effect is Effect.ALLOW
        and not one.conditions
        and one.action == _EVERYTHING
        and one.resource == _EVERYTHING
        for one in policy.document.statements
    )


def _denies(
    policies: Iterable[AttachedPolicy], before: Iterable[AttachedPolicy]
) -> tuple[AttachedPolicy, ...]:
    """Return the Denies, as policies, that the previous policies do not have."""
    return _chosen(policies, Effect.DENY, _meanings(before, Effect.DENY))


def _chosen(
    policies: Iterable[AttachedPolicy], effect: Effect, known: Collection[VersionedStatement]
) -> tuple[AttachedPolicy, ...]:
    """Return, as policies, the statements of an effect that are not among known ones."""
    found = []
    for policy in policies:
        statements = tuple(
            one
            for one in policy.document.statements
            if one.effect is effect and _without_name(one, policy.document) not in known
        )
        if statements:
            found.append(_with_statements(policy, statements))
    return tuple(found)


def _with_statements(policy: AttachedPolicy, statements: tuple[Statement, ...]) -> AttachedPolicy:
    return replace(policy, document=replace(policy.document, statements=statements))


def _without(policies: Policies, before: Policies) -> Policies:
    """Return policies without the Denies that were there before; a limit stays a limit."""
    old = _meanings(_attached(before), Effect.DENY)

    def remaining_statements(some: Iterable[AttachedPolicy]) -> Iterator[AttachedPolicy]:
        for policy in some:
            statements = tuple(
                one
                for one in policy.document.statements
                if one.effect is Effect.ALLOW or _without_name(one, policy.document) not in old
            )
            if len(statements) == len(policy.document.statements):
                yield policy
            elif statements:
                yield _with_statements(policy, statements)

    boundaries = policies.boundaries
    return replace(
        policies,
        identity=tuple(remaining_statements(policies.identity)),
        boundaries=boundaries
        and tuple(next(remaining_statements([one]), _NOTHING) for one in boundaries),
        scps=tuple(
            Level(level.name, tuple(remaining_statements(level.policies)))
            for level in policies.scps
        ),
    )


def _removed_allows(before: Policies, after: Policies) -> Policies | None:
    found = _chosen(before.identity, Effect.ALLOW, _meanings(after.identity, Effect.ALLOW))
    return Policies(found) if found else None


def _limits(before: Policies, after: Policies) -> bool:
    """Return whether a limit is new, or allows less."""
    limits = before.boundaries or ()
    for boundary in after.boundaries or ():
        if not any(_has_all((one,), (boundary,)) for one in limits):
            return True
    known = {level.name: level.policies for level in before.scps}
    return any(
        level.name not in known or not _has_all(known[level.name], level.policies)
        for level in after.scps
    )


def _has_all(before: Iterable[AttachedPolicy], after: Iterable[AttachedPolicy]) -> bool:
    """Return whether no Allow is missing."""
    known = _meanings(after, Effect.ALLOW)
    return all(one in known for one in _meanings(before, Effect.ALLOW))


def _meanings(policies: Iterable[AttachedPolicy], effect: Effect) -> list[VersionedStatement]:
    """Return the statements of an effect, reduced to their meaning."""
    return [
        _without_name(one, policy.document)
        for policy in policies
        for one in policy.document.statements
        if one.effect is effect
    ]


def _without_name(statement: Statement, document: Document) -> VersionedStatement:
    return replace(statement, index=0, sid=None), document.version
