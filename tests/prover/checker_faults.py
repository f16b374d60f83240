"""Faults that a checker of certificates could have, each planted in place of what is right.

A fault stands in for one function of the checker; what it does to a value that the function
returned, or was given, is told by a few lines. `Planted` tells whether it was ever met.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest

from sekisho import check_proof

__all__ = ["FAULTS", "Fault", "planted"]

Replacement = Callable[..., Any]
"""Given the right function and its arguments, what the broken one returns."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault.

    Attributes:
        name: what the checker does wrong.
        where: the function that is broken, `check_proof.NAME` or `check_proof.CLASS.NAME`.
        broken: what is in its place.
        found_by: the false case of the battery that it certifies, or `forged: NAME`.
    """

    name: str
    where: str
    broken: Replacement
    found_by: str


@contextmanager
def planted(fault: Fault) -> Iterator[Callable[[], bool]]:
    """Plant a fault; yield what tells whether it has changed what its function returns."""
    *path, name = fault.where.split(".")
    home: Any = check_proof
    for each in path:
        home = getattr(home, each)
    right = getattr(home, name)
    changed = [False]

    def broken(*arguments: Any, **named: Any) -> Any:
        found = fault.broken(right, *arguments, **named)
        changed[0] = changed[0] or name in _IN_PLACE or found != _or_error(right, arguments, named)
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(home, name, broken)
        _forget()
        yield lambda: changed[0]
    _forget()


def _or_error(right: Replacement, arguments: Any, named: Any) -> Any:
    try:
        return right(*arguments, **named)
    except check_proof.RefusedError as error:
        return error


_IN_PLACE = {"add", "contradicts", "check", "check_tree"}
"""What has a state or a search behind it, and is not asked twice."""


def _forget() -> None:
    """Forget what was worked out with or without a fault."""
    for each in vars(check_proof).values():
        if hasattr(each, "cache_clear"):
            each.cache_clear()


# -- what is read of a policy's texts


def _operator(**changes: Any) -> Replacement:
    """Return a fault in what an operator's name says; a function is given what is right."""

    def broken(right: Replacement, name: str) -> Any:
        found = right(name)
        return found._replace(
            **{field: change(getattr(found, field)) for field, change in changes.items()}
        )

    return broken


def _of_conditions(change: Callable[[Any], Any]) -> Replacement:
    """Return a fault in what the operator of a condition says, not of an element."""

    def broken(right: Replacement, name: str) -> Any:
        found = right(name)
        return found if found.family in ("action", "resource", "present") else change(found)

    return broken


def _text(change: Callable[[str], str], *families: str) -> Replacement:
    """Return a fault in how the text of an entry is read."""

    def broken(right: Replacement, text: str, family: str, *others: Any, **named: Any) -> Any:
        changed = change(text) if not families or family in families else text
        return right(changed, family, *others, **named)

    return broken


_SWAPPED = {"ForAllValues": "ForAnyValue", "ForAnyValue": "ForAllValues", "": ""}
_WIDER = {"LessThan": "LessThanEquals", "GreaterThan": "GreaterThanEquals"}


def _one_more(right: Replacement, text: str, family: str) -> Any:
    found = right(text, family)
    return (found[0], found[1] + 1) if family == "address" and found else found


def _variables_always(
    right: Replacement, text: str, family: str, variables: bool, reading: str
) -> Any:
    return right(text, family, True, reading)


def _without_parts(right: Replacement, text: str, family: str, variables: bool, _: str) -> Any:
    return right(text, family, variables, check_proof.READINGS[0])


def _absent_is_false(right: Replacement, part: Any, present: bool) -> Any:
    found = right(part, present)
    operator = check_proof.operator_of(part.operator)
    return False if not present and operator.negated else found


# -- what a branch claims


def _first_value(right: Replacement, branch: Any, claims: Any) -> None:
    right(branch, [(part._replace(values=part.values[:1]), holds) for part, holds in claims])


def _leaves_of_resources(right: Replacement, branch: Any, attribute: str, facts: Any = ()) -> bool:
    return attribute == "resource" or right(branch, attribute, facts)


def _always_there(right: Replacement, branch: Any, key: str) -> bool:
    return True


# -- the case tree


def _last_branch_dropped(right: Replacement, *arguments: Any) -> Any:
    found = right(*arguments)
    return found[:-1] if len(found) > 1 else found


def _first_old_layer(right: Replacement, branch: Any, step: Any, opened: Any) -> Any:
    found = right(branch, step, opened)
    if list(step) != ["old"]:
        return found
    last = {one.name for one in branch.claim.old[1:]}
    return [each for each in found if not each[1] & last]


def _old_denies_forgotten(right: Replacement, branch: Any, step: Any, opened: Any) -> Any:
    found = right(branch, step, opened)
    return [each for each in found if each[1] != opened] if list(step) == ["old"] else found


def _allow_as_deny(right: Replacement, branch: Any, reference: str, opened: Any) -> Any:
    statement = branch.claim.statements.get(reference)
    return statement or right(branch, reference, opened)


def _hash_ignored(right: Replacement, claim: Any, certificate: Any) -> Any:
    bound = {one.name: one.hashes for one in (*claim.layers, *claim.old)}
    return right(claim, {**certificate, "policies": bound})


def _missing_tree(right: Replacement, claim: Any, certificate: Any) -> Any:
    trees = certificate["trees"]
    if "any" in trees or len(trees) == len(check_proof.READINGS):
        return right(claim, certificate)
    ((reading, steps),) = trees.items()
    return check_proof.check_tree(claim, steps, reading)


def _exempt_of_certificate(right: Replacement, claim: Any, certificate: Any) -> Any:
    exempt = (*claim.exempt, *certificate.get("exempt", ()))
    return right(replace(claim, exempt=exempt), certificate)


def _open_at_the_end(right: Replacement, *arguments: Any) -> Any:
    found = right(*arguments)
    left = isinstance(found, check_proof.Invalid) and "open" in found.reason
    return check_proof.Valid(()) if left else found


def _unclear_is_true(right: Replacement, part: Any, value: Any) -> Any:
    return right(part, value) is not False


# -- what is guaranteed


def _wider_fact(right: Replacement, claim: Any, name: str) -> Any:
    found = right(claim, name)
    return found._replace(parts=found.parts[:1])


def _whole(right: Replacement, family: str, claims: Any) -> Any:
    return [one for one in right(family, claims) if one == int(one)]


def _ipv4_alone(right: Replacement, family: str, claims: Any) -> Any:
    return [one for one in right(family, claims) if family != "address" or one < 1 << 32]


_OPERATOR, _PATTERN = "operator_of", "pattern_of"
FAULTS = (
    Fault("drop a branch", "branches", _last_branch_dropped, "deny/bool"),
    Fault(
        "widen a question mark to a star",
        _PATTERN,
        _text(lambda text: text.replace("?", "*"), "action", "resource", "like"),
        "resources/question-mark-is-one",
    ),
    Fault(
        "a star takes at least one character",
        _PATTERN,
        _text(lambda text: re.sub(r"(?<!\?)\*", "?*", text), "resource"),
        "resources/star-may-be-nothing",
    ),
    Fault(
        "read the letter v as a wildcard",
        _PATTERN,
        _text(lambda text: text.replace("v", "?"), "action", "resource", "like"),
        "resources/letters-are-letters",
    ),
    Fault(
        "ignore the case of resources",
        _PATTERN,
        _text(str.lower, "resource"),
        "resources/case",
    ),
    Fault("ignore the case of values", _PATTERN, _text(str.lower, "exact"), "tag/case-of-values"),
    Fault(
        "globs in StringEquals",
        _OPERATOR,
        _operator(family=lambda one: "like" if one == "exact" else one),
        "region/equals-does-not-glob",
    ),
    Fault(
        "flip an IfExists",
        _OPERATOR,
        _of_conditions(lambda one: one._replace(if_exists=not one.if_exists)),
        "deny/bool",
    ),
    Fault(
        "drop the negation of a condition",
        _OPERATOR,
        _of_conditions(lambda one: one._replace(negated=False)),
        "variable/own-name-not",
    ),
    Fault(
        "NotAction and NotResource as Action and Resource",
        _OPERATOR,
        lambda right, name: right(name.removeprefix("Not")),
        "new/exempts-one-more",
    ),
    Fault(
        "swap ForAnyValue and ForAllValues",
        _OPERATOR,
        _operator(quantifier=lambda one: _SWAPPED[one]),
        "deny/for-any-value",
    ),
    Fault(
        "less than is less or equal",
        _OPERATOR,
        _operator(compare=lambda one: _WIDER.get(one, one)),
        "date/one-second",
    ),
    Fault("a range of addresses is one longer", "value_of", _one_more, "address/one-host-missing"),
    Fault("no address is of version 6", "_points", _ipv4_alone, "address/version-4-and-null"),
    Fault("numbers are whole", "_points", _whole, "number/decimal-gap"),
    Fault(
        "variables in policies of 2008",
        _PATTERN,
        _variables_always,
        "variable/version-2008-literal-allowed",
    ),
    Fault(
        "the default of a variable is forgotten",
        _PATTERN,
        _text(lambda text: re.sub(", '[^']*'", "", text), "exact"),
        "variable/default-forgotten",
    ),
    Fault(
        "absent counts as false", "_by_presence", _absent_is_false, "allow/string-not-equals-false"
    ),
    Fault("every key is there", "Branch.present", _always_there, "variable/default-forgotten"),
    Fault(
        "only the first value is read", "Branch.add", _first_value, "region/many-values-one-missing"
    ),
    Fault("what is not clear is true", "truth", _unclear_is_true, "empty/if-exists-deny"),
    Fault(
        "a leaf about resources is not looked at",
        "Branch.contradicts",
        _leaves_of_resources,
        "resources/case",
    ),
    Fault(
        "forget a layer of the old policies", "branches", _first_old_layer, "new/boundary-dropped"
    ),
    Fault(
        "forget the Denies of the old policies",
        "branches",
        _old_denies_forgotten,
        "new/deny-dropped",
    ),
    Fault(
        "an Allow may stand for a Deny", "_not_applying", _allow_as_deny, "forged: allow for deny"
    ),
    Fault("a missing tree is accepted", "check", _missing_tree, "forged: a tree of two"),
    Fault(
        "wildcards span no parts in either reading",
        _PATTERN,
        _without_parts,
        "forged: one reading",
    ),
    Fault("ignore the hash", "check", _hash_ignored, "forged: other policies"),
    Fault(
        "take exempt actions from the certificate",
        "check",
        _exempt_of_certificate,
        "forged: exempt",
    ),
    Fault("a tree may end with branches open", "check_tree", _open_at_the_end, "forged: cut short"),
    Fault(
        "the sessions that a user makes are forgotten",
        "makes_sessions",
        lambda _right, _actions: False,
        "forged: sessions",
    ),
    Fault("a fact without its last conditions", "Claim.fact", _wider_fact, "user/called-via"),
)
