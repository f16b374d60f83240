"""What the elements of a statement are matched against, and which assumptions that rests on.

A matcher asks for an assumption only when the answer matters to it. One that was never asked cannot
have changed the outcome; one that was asked may have, and `authorize` finds out by deciding again.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from sekisho.engine.matching.principals import Caller
from sekisho.engine.model import ArnSpan, Assumptions, Request, UnresolvedNotResource
from sekisho.policy import Version


@dataclass(slots=True)
class TrackedAssumptions:
    """The assumptions of one evaluation; `asked` collects the names of those that were asked."""

    assumptions: Assumptions
    asked: set[str] = field(default_factory=set)

    def unresolved_not_resource(self) -> UnresolvedNotResource:
        """Return what a `NotResource` entry does whose variable has no value."""
        self.asked.add("unresolved_not_resource")
        return self.assumptions.unresolved_not_resource

    def stars_span_colons(self) -> bool:
        """Tell whether wildcards in the first five parts of an ARN may take in colons."""
        self.asked.add("arn_span")
        return self.assumptions.arn_span is ArnSpan.WHOLE_STRING

    def wildcard_service_prefix(self) -> bool:
        """Tell whether a wildcard in an action's service prefix works."""
        self.asked.add("wildcard_service_prefix")
        return self.assumptions.wildcard_service_prefix

    def any_value_if_exists_when_missing(self) -> bool:
        """Tell whether `ForAnyValue:…IfExists` holds when the key is missing."""
        self.asked.add("any_value_if_exists_when_missing")
        return self.assumptions.any_value_if_exists_when_missing

    def malformed_value_matches_negated(self) -> bool:
        """Tell whether a negated operator holds over a value that it cannot read."""
        self.asked.add("malformed_value_matches_negated")
        return self.assumptions.malformed_value_matches_negated

    def empty_value_list_matches(self) -> bool:
        """Tell whether a condition without values holds."""
        self.asked.add("empty_value_list_matches")
        return self.assumptions.empty_value_list_matches

    def bool_variables(self) -> bool:
        """Tell whether variables are substituted in the values of `Bool`."""
        self.asked.add("bool_variables")
        return self.assumptions.bool_variables


def other_setting(setting: object) -> object:
    """Return the other setting of an assumption; every assumption has two."""
    match setting:
        case bool():
            return not setting
        case StrEnum():
            return next(other for other in type(setting) if other is not setting)
        case _:
            raise TypeError(f"not the setting of an assumption: {setting!r}")


class Scope(NamedTuple):
    """A request, who makes it, the version of the document in hand, and the doubtful points.

    A tuple, like all that is made anew for every request: it takes a third of the time.
    """

    request: Request
    caller: Caller
    version: Version | None
    tracked: TrackedAssumptions
