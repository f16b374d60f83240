"""The points of IAM's evaluation that AWS does not document, and which of them a decision rests on.

A matcher looks an assumption up only where its setting matters. One that was not looked up cannot
have changed the outcome; one that was may have, and `authorize` finds out by deciding again.

See docs/semantics.md#6-assumptions.
"""

from dataclasses import field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

from sekisho.lazy import dataclass

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


class UnresolvedNotResource(StrEnum):
    """How a `NotResource` entry is read whose policy variable has no value."""

    FAIL_SAFE = "fail-safe"
    DOCUMENTED = "documented"


class ArnSpan(StrEnum):
    """Whether wildcards in the first five parts of an ARN may match colons."""

    PER_SEGMENT = "per-segment"
    WHOLE_STRING = "whole-string"


class CatalogueComplete(StrEnum):
    """Whether AWS has no other actions, forms of ARNs and keys of actions than are documented."""

    NO = "no"
    YES = "yes"


@dataclass(frozen=True, slots=True)
class Assumptions:
    """The points of IAM's evaluation that AWS does not document, each with its default.

    `catalogue_complete` is about the requests that exist: only proofs use it, decisions never do.

    See docs/semantics.md#6-assumptions.
    """

    unresolved_not_resource: UnresolvedNotResource = UnresolvedNotResource.FAIL_SAFE
    arn_span: ArnSpan = ArnSpan.PER_SEGMENT
    wildcard_service_prefix: bool = True
    any_value_if_exists_when_missing: bool = True
    malformed_value_matches_negated: bool = False
    malformed_value_matches: bool = False
    malformed_arn_matches_negated: bool = True
    malformed_arn_as_text: bool = False
    short_arn_completed: bool = False
    empty_value_list_matches: bool = False
    empty_string_is_null: bool = False
    list_needs_set_operator: bool = True
    bool_variables: bool = False
    bool_other_is_false: bool = False
    not_principal_needs_chain: bool = True
    catalogue_complete: CatalogueComplete = CatalogueComplete.NO


DEFAULTS = Assumptions()
"""Every assumption at its default."""


@dataclass(slots=True)
class TrackedAssumptions:
    """The assumptions of one evaluation; `names_used` has the names of those looked up."""

    assumptions: Assumptions
    names_used: set[str] = field(default_factory=set)

    def unresolved_not_resource(self) -> UnresolvedNotResource:
        """Return how a `NotResource` entry is read if its variable has no value."""
        self.names_used.add("unresolved_not_resource")
        return self.assumptions.unresolved_not_resource

    def stars_span_colons(self) -> bool:
        """Return whether wildcards in the first five parts of an ARN may match colons."""
        self.names_used.add("arn_span")
        return self.assumptions.arn_span is ArnSpan.WHOLE_STRING

    def wildcard_service_prefix(self) -> bool:
        """Return whether a wildcard in an action's service prefix works."""
        self.names_used.add("wildcard_service_prefix")
        return self.assumptions.wildcard_service_prefix

    def any_value_if_exists_when_missing(self) -> bool:
        """Return whether `ForAnyValue:…IfExists` holds when the key is missing."""
        self.names_used.add("any_value_if_exists_when_missing")
        return self.assumptions.any_value_if_exists_when_missing

    def malformed_value_matches_negated(self) -> bool:
        """Return whether a negated operator holds over a value that is not of its type."""
        self.names_used.add("malformed_value_matches_negated")
        return self.assumptions.malformed_value_matches_negated

    def malformed_value_matches(self) -> bool:
        """Return whether an operator that is not negated holds over a value not of its type."""
        self.names_used.add("malformed_value_matches")
        return self.assumptions.malformed_value_matches

    def malformed_arn_matches_negated(self) -> bool:
        """Return whether a negated ARN operator holds over a text that is no ARN."""
        self.names_used.add("malformed_arn_matches_negated")
        return self.assumptions.malformed_arn_matches_negated

    def malformed_arn_as_text(self) -> bool:
        """Return whether an ARN operator compares as text if one of the two is no ARN."""
        self.names_used.add("malformed_arn_as_text")
        return self.assumptions.malformed_arn_as_text

    def short_arn_completed(self) -> bool:
        """Return whether a short ARN under an ARN operator is completed with `*`."""
        self.names_used.add("short_arn_completed")
        return self.assumptions.short_arn_completed

    def empty_value_list_matches(self) -> bool:
        """Return whether a condition without values holds."""
        self.names_used.add("empty_value_list_matches")
        return self.assumptions.empty_value_list_matches

    def bool_variables(self) -> bool:
        """Return whether variables are substituted in the values of `Bool`."""
        self.names_used.add("bool_variables")
        return self.assumptions.bool_variables

    def bool_other_is_false(self) -> bool:
        """Return whether `Bool` and `Null` treat every text but `true` as false."""
        self.names_used.add("bool_other_is_false")
        return self.assumptions.bool_other_is_false

    def empty_string_is_null(self) -> bool:
        """Return whether `Null` treats a key whose value is an empty string as missing."""
        self.names_used.add("empty_string_is_null")
        return self.assumptions.empty_string_is_null

    def list_needs_set_operator(self) -> bool:
        """Return whether an operator without set prefix never holds over several values."""
        self.names_used.add("list_needs_set_operator")
        return self.assumptions.list_needs_set_operator

    def not_principal_needs_chain(self) -> bool:
        """Return whether `NotPrincipal` with Deny excepts only callers listed at all levels."""
        self.names_used.add("not_principal_needs_chain")
        return self.assumptions.not_principal_needs_chain

    def catalogue_complete(self) -> bool:
        """Return whether AWS has no other actions, forms of ARNs and keys than are documented."""
        self.names_used.add("catalogue_complete")
        return self.assumptions.catalogue_complete is CatalogueComplete.YES


T = TypeVar("T", bound="DataclassInstance")


def with_other_setting(assumptions: T, name: str) -> T:
    """Return assumptions with the other setting of one of them."""
    changed: dict[str, Any] = {name: other_setting(getattr(assumptions, name))}
    return replace(assumptions, **changed)


def other_setting(setting: object) -> object:
    """Return the other setting of an assumption; every assumption has two."""
    match setting:
        case bool():
            return not setting
        case StrEnum():
            return next(other for other in type(setting) if other is not setting)
        case _:
            raise TypeError(f"not the setting of an assumption: {setting!r}")
