"""Statements without effect: those that never apply, and actions on wrong resources."""

from collections.abc import Iterator
from itertools import islice

from sekisho.audit.finding import Finding, FindingId, found, place_in
from sekisho.audit.lint.conditions import looks_like_mfa
from sekisho.audit.lint.engine_queries import Asker, Work, relaxed
from sekisho.audit.lint.spelling import cross_service_keys
from sekisho.audit.meaning import CredentialState
from sekisho.audit.meaning.credentials import ActionOnResource, credential_of
from sekisho.catalogue import Action, Catalogue, partitions
from sekisho.engine import Assumptions
from sekisho.engine.matching import TrackedAssumptions, action_matches
from sekisho.errors import quoted
from sekisho.messages import Message
from sekisho.policy import (
    Document,
    Effect,
    Statement,
    covers_template,
    has_condition_key,
    service_of,
)
from sekisho.signin import PermittedWithoutPolicy, SigninAssumptions, service_rule

_ARN_PARTS = 6
_SHOWN = 5
_LONG = 60
"""The characters of an ARN that take as long to compare as all other work on it."""


def never_applies(
    document: Document, statement: Statement, asks: tuple[ActionOnResource, ...], asker: Asker
) -> Iterator[Finding]:
    """Yield the finding that a statement applies with no credential.

    Args:
        document: where it stands.
        statement: one whose actions AWS has.
        asks: requests that it is about, its conditions apart.
        asker: asks the engine.
    """
    # the catalogue decides whether a resource fits, but is not always right: `misfits`
    if not asks:
        return
    loose = relaxed(statement)
    if loose.conditions and not asker.ever_applies(loose, asks[0]):
        fact = Message("`{action}`: its conditions hold with no credential").filled(
            action=asks[0].action
        )
        yield found(FindingId.NEVER_APPLIES, place_in(document, statement), fact)


def misfits(document: Document, catalogue: Catalogue, work: Work) -> Iterator[Finding]:
    """Yield the actions, resources and condition keys of a statement that do not fit together.

    Only actions without wildcards are checked: among those that a wildcard matches, some are always
    about other resources. The search ends early when `work` is exhausted.
    """
    for statement in document.statements:
        named = [value for value in statement.action.values if not set("*?") & set(value)]
        actions = [each for each in map(catalogue.action, named) if each is not None]
        if statement.action.negated or not actions:
            continue
        unmet = [*_unmet_resources(statement, actions, work)]
        if len(actions) == len(statement.action.values):
            unmet += _unmet_keys(statement, actions, catalogue, work)
        for name, idle in unmet:
            shown = ", ".join(quoted(each) for each in idle[:_SHOWN])
            fact = shown + (" …" if len(idle) > _SHOWN else "")
            yield found(name, place_in(document, statement), fact)


def _unmet_resources(
    statement: Statement, actions: list[Action], work: Work
) -> Iterator[tuple[FindingId, list[str]]]:
    """Yield the misfits; resources only if every action of the statement is known."""
    resource = statement.resource
    if resource is None or resource.negated or not resource.values:
        return
    kinds = tuple({kind.arn: None for action in actions for kind in action.resource_types})
    for value in resource.values:
        work.add(len(kinds) * (1 + len(value) // _LONG))
    if work.exhausted:
        return
    met = {
        value: {arn for arn in kinds if covers_template(value, arn)} for value in resource.values
    }
    somehow = set().union(*met.values())
    stray = [
        str(action)
        for action in actions
        if "*" not in met and somehow.isdisjoint(kind.arn for kind in action.resource_types)
    ]
    if stray:
        yield FindingId.ACTION_WITHOUT_RESOURCE, stray
    services = {action.service for action in actions}
    idle = [arn for arn in resource.values if not met[arn] and service_of(arn) in services]
    if idle and len(actions) == len(statement.action.values):
        yield FindingId.RESOURCE_WITHOUT_ACTION, idle


def _unmet_keys(
    statement: Statement, actions: list[Action], catalogue: Catalogue, work: Work
) -> Iterator[tuple[FindingId, list[str]]]:
    own = [each for each in statement.conditions if _of_a_service(each.key, catalogue)]
    work.add(len(own) * len(actions))
    if work.exhausted:
        return
    keys = [
        each.key for each in own if not any(has_condition_key(action, each) for action in actions)
    ]
    if keys:
        yield FindingId.CONDITION_WITHOUT_ACTION, keys


def _of_a_service(key: str, catalogue: Catalogue) -> bool:
    """Return whether a key can only be a service's own, and is not meant as an MFA key."""
    if is_decoy(key, catalogue) or key.lower() in cross_service_keys():
        return False
    prefix = key.partition(":")[0].lower()
    # `kms:EncryptionContext:…` and the like end in a name of the user's own
    own_name = key.count(":") > 1
    return prefix != "aws" and not own_name and catalogue.service_name(prefix) is not None


def is_decoy(key: str, catalogue: Catalogue) -> bool:
    """Return whether a key was meant as AWS's MFA key but does not exist.

    An identity provider may well have keys of its own (`sso.example.com:mfa`), and a tag any name.
    """
    prefix, colon, _ = key.partition(":")
    ours = not colon or prefix.lower() == "aws" or catalogue.service_name(prefix) is not None
    real = key.lower() in ("aws:multifactorauthpresent", "aws:multifactorauthage")
    return ours and not real and "/" not in key and looks_like_mfa(key)


def decoys(document: Document, catalogue: Catalogue) -> Iterator[Finding]:
    """Yield condition keys that look like MFA keys but are none."""
    for statement in document.statements:
        for condition in statement.conditions:
            if is_decoy(condition.key, catalogue):
                yield found(
                    FindingId.DECOY_KEY,
                    place_in(
                        document,
                        statement,
                        path=f"Condition.{condition.operator}.{quoted(condition.key)[1:-1]}",
                        position=condition.position,
                    ),
                    Message("{quoted} under `{operator}`").filled(
                        quoted=quoted(condition.key), operator=condition.operator
                    ),
                )


def wrong_partitions(document: Document, partition: str) -> Iterator[Finding]:
    """Yield ARNs of an existing partition other than the account's."""
    known = {each.id for each in partitions()}
    for statement in document.statements:
        resource = statement.resource
        for value in resource.values if resource else ():
            parts = value.split(":", _ARN_PARTS - 1)
            other = parts[1] if len(parts) > 1 else partition
            if other in known and other != partition:
                yield found(
                    FindingId.WRONG_PARTITION,
                    place_in(
                        document,
                        statement,
                        path="NotResource" if resource and resource.negated else "Resource",
                        position=resource.position if resource else None,
                    ),
                    Message("{quoted}, in an account of `{partition}`").filled(
                        quoted=quoted(value), partition=partition
                    ),
                )


def ungoverned(document: Document, asker: Asker) -> Iterator[Finding]:
    """Yield actions that no policy governs and that a statement names, unless it exempts them."""
    for statement in document.statements:
        if statement.action.negated:
            continue
        names = [each for each in statement.action.values if _permitted(each, asker)]
        if names:
            shown = ", ".join(quoted(name) for name in names)
            yield found(FindingId.NOT_GOVERNED, place_in(document, statement, path="Action"), shown)


def _permitted(action: str, asker: Asker) -> bool:
    key = credential_of(CredentialState.KEY, asker.home)
    return isinstance(service_rule(key, action, SigninAssumptions()), PermittedWithoutPolicy)


_MOST_EXCLUDED, _MOST_ACTIONS = 40, 400
_VOID = Message("{actions}: allowed, at least in part, by statement {number}")


def void_exclusions(document: Document, catalogue: Catalogue) -> Iterator[Finding]:
    """Yield exclusions of one Allow with `NotAction` that another such Allow allows.

    The other must apply to everything that the one applies to: to the same resources or to all,
    without further conditions.
    """
    leaving_out = [
        each
        for each in document.statements
        if each.effect is Effect.ALLOW and each.action.negated and each.action.values
    ]
    for one in leaving_out:
        for other in leaving_out:
            if one is other or not _is_as_wide(other, one):
                continue
            void = [
                value
                for value in one.action.values[:_MOST_EXCLUDED]
                if _allows_some(other, value, catalogue)
            ]
            if void:
                shown = ", ".join(quoted(each) for each in void[:_SHOWN])
                fact = _VOID.filled(actions=shown, number=other.index + 1)
                yield found(
                    FindingId.VOID_EXCLUSION, place_in(document, one, path="NotAction"), fact
                )
                break


def _is_as_wide(other: Statement, one: Statement) -> bool:
    """Return whether a statement applies, apart from its actions, wherever another one does."""
    same_who = other.principal in (None, one.principal)
    everything = other.resource is not None and not other.resource.negated
    everything = everything and other.resource is not None and "*" in other.resource.values
    wide = everything or other.resource == one.resource
    return same_who and wide and set(other.conditions) <= set(one.conditions)


def _allows_some(statement: Statement, pattern: str, catalogue: Catalogue) -> bool:
    """Return whether an Allow with `NotAction` allows some action that a pattern matches."""
    tracked = TrackedAssumptions(Assumptions())
    actions = map(str, islice(catalogue.matching(pattern), _MOST_ACTIONS))
    return any(action_matches(statement.action, each, tracked) for each in actions)
