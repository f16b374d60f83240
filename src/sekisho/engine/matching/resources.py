"""`Resource` and `NotResource`.

An entry is compared with the request's ARN part by part: partition, service, region and account
each on their own and without regard to case, then the resource, colons included, with regard to
case. A short entry is completed with `*`. A request without a resource asks about `*`, which only
an entry that matches the character `*` covers.

Whether an entry also covers an ARN that it matches as one string, so that its wildcards match
colons, is an assumption (`arn_span`): the page says of a `*` at the end of a part that it can.

Source: IAM User Guide, "IAM JSON policy elements: Resource", "… NotResource".
How they are read: docs/semantics.md#3-actions-and-resources.
"""

from typing import NamedTuple

from sekisho.engine.matching import arns, glob, variables
from sekisho.engine.matching.caller import Scope
from sekisho.engine.matching.glob import Pattern, Wild
from sekisho.engine.model.assumptions import UnresolvedNotResource
from sekisho.engine.model.caching import cached_by_text
from sekisho.policy import Effect, Element


def matches(element: Element, effect: Effect, scope: Scope) -> bool:
    """Return whether the element covers the request's resource.

    The statement's effect determines the safe result if a variable in `NotResource` has no value.
    """
    if "*" in element.values:
        return not element.negated
    asked, unresolved = _arn(scope.request.resource), False
    for entry in element.values:
        found = _entry_matches(entry, asked, scope)
        if found:
            return not element.negated
        unresolved = unresolved or found is None
    if not (unresolved and element.negated) or effect is Effect.DENY:
        return element.negated
    return scope.tracked.unresolved_not_resource() is UnresolvedNotResource.DOCUMENTED


class _Arn(NamedTuple):
    """An ARN, or a pattern of ARNs.

    Attributes:
        lead: everything before the last of the six parts; all, if it has fewer.
        head: the first five parts, in which case does not matter, in lower case.
        tail: the last of the six parts; None if it has fewer.
    """

    lead: str
    head: tuple[str, ...]
    tail: str | None


@cached_by_text
def _arn(text: str) -> _Arn:
    *head, last = arns.split(text)
    if len(head) < arns.PARTS - 1:
        return _Arn(text, tuple(text.lower().split(":")), None)
    lead = text.removesuffix(last)
    return _Arn(lead, tuple(lead.lower().split(":")[:-1]), last)


def _entry_matches(entry: str, asked: _Arn, scope: Scope) -> bool | None:
    """Match one entry; None if that depends on a variable without a value."""
    if asked.tail is None:
        return glob.like(entry, asked.lead)
    written = _arn(entry)
    if all(map(glob.like, written.head, asked.head)):
        found = written.tail is None or _tail_matches(written.tail, asked.tail, scope)
        if found is not False:
            return found
    if written.tail is not None and ":" not in asked.tail:
        # equal numbers of colons: no wildcard can match a colon
        return False
    if not ("*" in written.lead or "?" in written.lead):
        return False
    spanning = _spans(written, asked.lead, asked.tail, scope)
    return False if spanning is False or not scope.tracked.stars_span_colons() else spanning


def _tail_matches(written: str, resource: str, scope: Scope) -> bool | None:
    """Match the resource part; None if that depends on a variable without a value."""
    if variables.OPEN not in written:
        return glob.like(written, resource)
    pattern = _tail(written, scope)
    return None if pattern is None else glob.matches(pattern, resource)


def _tail(written: str, scope: Scope) -> Pattern | None:
    """Return the pattern of the resource part, the only one in which variables have a meaning."""
    return variables.substitute(written, scope.version, scope.request.context)


def _spans(written: _Arn, lead: str, resource: str, scope: Scope) -> bool | None:
    """Match the entry as one string; case matters in the last part of the request's ARN only."""
    pattern, tail = glob.wildcards(written.lead), None
    if written.tail is not None:
        tail = _tail(written.tail, scope)
        # the parts before a variable without a value must match for every value
        pattern = (*pattern, *((Wild.STAR,) if tail is None else tail))
    matched = glob.matches_in_two(pattern, lead, resource)
    return None if matched and tail is None and written.tail is not None else matched
