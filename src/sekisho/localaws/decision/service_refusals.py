"""What a service itself refuses, whatever policies allow: one table, beside what else AWS asks.

`data/service-refusals.json` has a row for each rule, with its source and an example that a test
sends. A rule is held in one of four ways:

- by a state of a resource, which the row names: a load balancer whose deletion is protected;
- by the state of a key, of KMS's own operations and of those of services that use the key;
- by a function of `s3_rules`, or by moto, as the example shows;
- by nobody: then the parameter that would set it is refused by its name.

The last is a law about parameters, and no list of cases: a parameter whose name has one of the
table's words restricts or grants access, or delays or forbids a deletion. It is held by a row, or
harmless for a reason, or it must not be set.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from sekisho.localaws.decision import moto_state
from sekisho.localaws.decision.classify import ApiCall
from sekisho.localaws.decision.parameters import leaves, only_reads, plain_name
from sekisho.localaws.decision.resources import RequiredPermission
from sekisho.localaws.decision.s3_rules import S3_RULES
from sekisho.localaws.state.world import World
from sekisho.localaws.wire.errors import Refusal

_Path = tuple[str, ...]


@cache
def refusals() -> Mapping[str, Any]:
    """Return the table."""
    text = (files("sekisho.localaws") / "data" / "service-refusals.json").read_text("utf-8")
    table: Mapping[str, Any] = json.loads(text)
    return table


def refuse_by_service(
    world: World, call: ApiCall, needed: Sequence[tuple[ApiCall, RequiredPermission]]
) -> None:
    """Refuse a call that its service does not take, though the caller may make it.

    Args:
        world: the state of the local AWS.
        call: the call.
        needed: the permissions that it needs, each with the part of the call that needs it.

    Raises:
        Refusal: the service's.
        NotImplementedError: for a parameter that would have no effect here.
    """
    if call.service == "s3":
        for rule in S3_RULES.values():
            rule(world, call)
    _check_keys(world, call, needed)
    _check_states(world, call)
    for path in unheld(call):
        raise NotImplementedError(
            f"{call.service}:{call.operation} would set {'.'.join(path)}, which has no effect here"
        )


def _check_keys(
    world: World, call: ApiCall, needed: Sequence[tuple[ApiCall, RequiredPermission]]
) -> None:
    """Refuse a call that uses a key which is disabled, or is about to be deleted."""
    table = refusals()["keys"]
    for _, one in needed:
        found = _KEY.fullmatch(one.resource or "")
        if found is None or not one.action.startswith("kms:"):
            continue
        region, name = found.groups()
        key = moto_state.lookup(world, "kms", region, "keys", name)
        rule = table["states"].get(key.key_state) if key is not None else None
        if rule is None or one.action.partition(":")[2] not in rule["actions"]:
            continue
        codes = table["codes"].get(call.service, {})
        code = codes.get(rule["code"], rule["code"])
        raise Refusal(code, f"{one.resource} {rule['says']}.", 400)


_KEY = re.compile(r"arn:[^:]*:kms:([^:]*):[0-9]{12}:key/([^*?]+)")


def _check_states(world: World, call: ApiCall) -> None:
    """Refuse a call that the state of its resource forbids."""
    for row in refusals()["rows"]:
        state = row.get("state")
        if state is None or row["service"] != call.service:
            continue
        name = str(call.params.get(state["named"]))
        if call.operation not in state["of"]:
            continue
        kept = moto_state.lookup(world, call.service, call.region, state["kind"], name)
        kept = kept or moto_state.lookup(
            world, call.service, call.region, state["kind"], name.rpartition("/")[2]
        )
        if kept is not None and str(_at(kept, state["at"])) in state["is"]:
            code, text, status = state["refusal"]
            raise Refusal(code, text, status)


def _at(value: Any, path: Sequence[str]) -> object:
    """Return what is at a path of attributes and keys; None if it is not there."""
    for step in path:
        value = value.get(step) if isinstance(value, Mapping) else getattr(value, step, None)
    return value


def unheld(call: ApiCall) -> Iterator[_Path]:
    """Yield the parameters of a call that would be accepted without effect."""
    if call.service in _HELD_WHOLE or only_reads(call.actions):
        return
    off = refusals()["restraints"]["off"]
    for path, value in leaves(call.params):
        if str(value).lower() not in off and not is_held(call.service, call.operation, path):
            yield path
    yield from _unheld_pairs(call, call.params, off)


_HELD_WHOLE = frozenset({"iam", "sts", "signin"})
"""Services whose operations are ours (`overlay`), or are evaluated."""


def _unheld_pairs(call: ApiCall, value: object, off: Sequence[str]) -> Iterator[_Path]:
    """Yield the names of attributes that a call gives as pairs of a name and a value."""
    if isinstance(value, list):
        for inner in value:
            yield from _unheld_pairs(call, inner, off)
    elif isinstance(value, Mapping):
        name = next((value[one] for one in _NAMING if isinstance(value.get(one), str)), None)
        given = next((value[one] for one in _GIVING if one in value), None)
        if name is not None and given is not None and str(given).lower() not in off:
            path = (name,)
            if not is_held(call.service, call.operation, path):
                yield path
        for inner in value.values():
            yield from _unheld_pairs(call, inner, off)


_NAMING = ("AttributeName", "Key", "Attribute")
_GIVING = ("AttributeValue", "Value")


@lru_cache(maxsize=16384)
def is_held(service: str, operation: str, path: _Path) -> bool:
    """Return whether a parameter restricts nothing, or is held to what it restricts."""
    table = refusals()["restraints"]
    if not any(_restrains(step) for step in path):
        return True
    name = ".".join(path)
    return any(
        (name == known or name.startswith(f"{known}."))
        and operation in entry.get("of", (operation,))
        for entry in (*table["held"], *table["harmless"])
        if entry["service"] == service
        for known in entry["parameters"]
    )


@lru_cache(maxsize=16384)
def _restrains(name: str) -> bool:
    return re.search(refusals()["restraints"]["words"], plain_name(name)) is not None
