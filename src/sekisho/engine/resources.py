"""`Resource` and `NotResource`.

An entry is compared with the request's ARN part by part: partition, service, region and account
each on their own and without regard to case, then the resource, colons included, with regard to
case. A short entry is completed with `*`. A request without a resource asks about `*`, which only
an entry that matches the character `*` takes in.

Source: IAM User Guide, "IAM JSON policy elements: Resource", "… NotResource"; facts §6.4, §6.5.
"""

from sekisho.engine import arns, glob, variables
from sekisho.engine.glob import Pattern, Wild
from sekisho.engine.model import UnresolvedNotResource
from sekisho.engine.remembered import remembered
from sekisho.engine.scope import Scope
from sekisho.policy.document import Effect, Element

__all__ = ["matches"]

_HEAD = arns.PARTS - 1


def matches(element: Element, effect: Effect, scope: Scope) -> bool:
    """Tell whether the element takes in the request's resource.

    The statement's effect says which side is the safe one when a variable in `NotResource` has no
    value.
    """
    resource = arns.split(scope.request.resource)
    results = [_entry_matches(entry, resource, scope) for entry in element.values]
    if not element.negated:
        return True in results
    if True in results:
        return False
    if None not in results or effect is Effect.DENY:
        return True
    return scope.doubts.unresolved_not_resource() is UnresolvedNotResource.DOCUMENTED


def _entry_matches(entry: str, resource: tuple[str, ...], scope: Scope) -> bool | None:
    """Match one entry; None if that depends on a variable without a value."""
    if entry == "*":
        return True
    if len(resource) < arns.PARTS:
        return glob.like(entry, scope.request.resource)
    written = arns.split(entry)
    asked = [part.lower() for part in resource[:_HEAD]]
    head = _head(entry)
    if all(map(glob.like, head, asked)):
        return _tail_matches(written, resource[_HEAD], scope)
    if not any("*" in part for part in head):
        return False
    spanning = _spans(written, ":".join((*asked, resource[_HEAD])), scope)
    return False if spanning is False or not scope.doubts.stars_span_colons() else spanning


@remembered
def _head(entry: str) -> tuple[str, ...]:
    """Return the first five parts, in which case does not matter; fewer if there are fewer."""
    return tuple(part.lower() for part in arns.split(entry)[:_HEAD])


def _tail_matches(written: tuple[str, ...], resource: str, scope: Scope) -> bool | None:
    """Match the resource part; None if that depends on a variable without a value."""
    if len(written) < arns.PARTS:
        return True
    if variables.OPEN not in written[_HEAD]:
        return glob.like(written[_HEAD], resource)
    pattern = _tail(written, scope)
    return None if pattern is None else glob.matches(pattern, resource)


def _tail(written: tuple[str, ...], scope: Scope) -> Pattern | None:
    """Return the pattern of the resource part, the only one in which variables have a meaning."""
    return variables.substitute(written[_HEAD], scope.version, scope.request.context)


def _spans(written: tuple[str, ...], resource: str, scope: Scope) -> bool | None:
    """Match the entry as one string, its colons like any other character."""
    pattern = glob.wildcards(":".join(written[:_HEAD]).lower())
    if len(written) == arns.PARTS:
        tail = _tail(written, scope)
        if tail is None:
            # whatever the variable might stand for, what stands before it must match
            return None if glob.matches((*pattern, ":", Wild.STAR), resource) else False
        pattern = (*pattern, ":", *tail)
    return glob.matches(pattern, resource)
