"""What AWS does not document of IAM's evaluation, and which of it an evaluation rests on.

A matcher asks for an assumption only when the answer matters to it. One that was never asked cannot
have changed the outcome; one that was asked may have, and `authorize` finds out by deciding again.

See docs/semantics.md#6-assumptions.
"""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


class UnresolvedNotResource(StrEnum):
    """What a `NotResource` entry does whose policy variable has no value."""

    FAIL_SAFE = "fail-safe"
    DOCUMENTED = "documented"


class ArnSpan(StrEnum):
    """Whether wildcards in the first five parts of an ARN may take in colons."""

    PER_SEGMENT = "per-segment"
    WHOLE_STRING = "whole-string"


class CatalogueComplete(StrEnum):
    """Whether AWS has no other actions, forms of ARNs and keys of actions than are documented."""

    NO = "no"
    YES = "yes"


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What AWS does not document of IAM's evaluation: each point with its default.

    `catalogue_complete` is about what requests there are: proofs ask for it, decisions never do.

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

    def malformed_value_matches(self) -> bool:
        """Tell whether an operator that is not negated holds over a value that it cannot read."""
        self.asked.add("malformed_value_matches")
        return self.assumptions.malformed_value_matches

    def malformed_arn_matches_negated(self) -> bool:
        """Tell whether a negated ARN operator holds over what is no ARN."""
        self.asked.add("malformed_arn_matches_negated")
        return self.assumptions.malformed_arn_matches_negated

    def malformed_arn_as_text(self) -> bool:
        """Tell whether an ARN operator compares as text where one of the two is no ARN."""
        self.asked.add("malformed_arn_as_text")
        return self.assumptions.malformed_arn_as_text

    def short_arn_completed(self) -> bool:
        """Tell whether a short ARN under an ARN operator is completed with `*`."""
        self.asked.add("short_arn_completed")
        return self.assumptions.short_arn_completed

    def empty_value_list_matches(self) -> bool:
        """Tell whether a condition without values holds."""
        self.asked.add("empty_value_list_matches")
        return self.assumptions.empty_value_list_matches

    def bool_variables(self) -> bool:
        """Tell whether variables are substituted in the values of `Bool`."""
        self.asked.add("bool_variables")
        return self.assumptions.bool_variables

    def bool_other_is_false(self) -> bool:
        """Tell whether `Bool` and `Null` read as false what is neither `true` nor `false`."""
        self.asked.add("bool_other_is_false")
        return self.assumptions.bool_other_is_false

    def empty_string_is_null(self) -> bool:
        """Tell whether to `Null` a key whose value is an empty string is missing."""
        self.asked.add("empty_string_is_null")
        return self.assumptions.empty_string_is_null

    def list_needs_set_operator(self) -> bool:
        """Tell whether an operator without set prefix never holds over several values."""
        self.asked.add("list_needs_set_operator")
        return self.assumptions.list_needs_set_operator

    def not_principal_needs_chain(self) -> bool:
        """Tell whether `NotPrincipal` in a Deny excepts only whom it lists wholly."""
        self.asked.add("not_principal_needs_chain")
        return self.assumptions.not_principal_needs_chain

    def catalogue_complete(self) -> bool:
        """Tell whether AWS has no other actions, forms of ARNs and keys than are documented."""
        self.asked.add("catalogue_complete")
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
