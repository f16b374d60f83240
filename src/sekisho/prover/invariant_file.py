"""A file of invariants: YAML or JSON, for a build to check."""

import re
from pathlib import Path

from sekisho.documents import Shape, read_yaml
from sekisho.errors import FaultyInput, quoted
from sekisho.prover.invariants import Calls, Demand, Invariant, faults_in

__all__ = ["SCHEMA", "read_invariants"]

SCHEMA = "sekisho.invariants/1"
"""What `schema` of such a file says."""

_NAMES = {
    "unless_mfa": "unlessMfa",
    "with_mfa": "withMfa",
    "mfa_age": "mfaAge",
    "only_from": "onlyFrom",
    "within": "from",
}
_OPTIONAL = ("text", "never", "always", "on", "calls", *_NAMES.values())
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_OLDEST = 129_600


def read_invariants(path: str | Path) -> tuple[Invariant, ...]:
    """Return the invariants of a file, in order.

    Raises:
        FaultyInput: with every fault at its line: unknown keys, patterns that IAM would refuse,
            demands that contradict each other.
    """
    shape = read_yaml(path)
    top = shape.members(["schema", "invariants"])
    if (schema := top["schema"].text()) and schema != SCHEMA:
        top["schema"].fault(f"must be `{SCHEMA}`")
    found: dict[str, Invariant] = {}
    for each in top["invariants"].items():
        invariant = _invariant(each)
        if invariant.id in found:
            each.fault(f"the id {quoted(invariant.id)} is there twice")
        found[invariant.id] = invariant
    if not found and not shape.faults:
        top["invariants"].fault("has no invariant: it would prove nothing")
    if shape.faults:
        raise FaultyInput(str(path), shape.faults)
    return tuple(found.values())


def _invariant(shape: Shape) -> Invariant:
    given = shape.members(["id"], _OPTIONAL)
    name = given["id"].text()
    if name and not _ID.fullmatch(name):
        given["id"].fault("must be letters, digits, `.`, `_` and `-`, at most 64")
    demand = Demand.ALWAYS if not given["always"].absent else Demand.NEVER
    if demand is Demand.ALWAYS and not given["never"].absent:
        shape.fault("asks for `never` and `always` at once")
    actions = _texts(given[demand.value])
    if not actions and given["never"].absent and not given["onlyFrom"].absent:
        actions = ("*",)
    age = given["mfaAge"]
    invariant = Invariant(
        id=name,
        demand=demand,
        actions=actions,
        text=given["text"].text(),
        on=_texts(given["on"]),
        unless_mfa=given["unlessMfa"].flag(),
        with_mfa=given["withMfa"].flag(),
        mfa_age=None if age.absent else age.number(0, _OLDEST),
        only_from=_texts(given["onlyFrom"]),
        within=_texts(given["from"]),
        calls=_calls(given["calls"]),
    )
    for attribute, message in faults_in(invariant):
        key = demand.value if attribute == "actions" else _NAMES.get(attribute, attribute)
        (shape if given[key].absent else given[key]).fault(message)
    return invariant


def _calls(shape: Shape) -> Calls:
    text = shape.text()
    if text and text not in list(Calls):
        shape.fault(f"must be one of {', '.join(f'`{each}`' for each in Calls)}")
        return Calls.ALL
    return Calls(text) if text else Calls.ALL


def _texts(shape: Shape) -> tuple[str, ...]:
    """Return one text or a list of them."""
    if isinstance(shape.raw, str):
        return (shape.text(),)
    return tuple(each.text() for each in shape.items())
