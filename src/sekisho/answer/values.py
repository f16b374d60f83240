"""Whether what was given for a context key is a value of the key's type.

AWS sends no other: a request with one is none that there can be, and what policies say of it
rests on assumptions.

Source: IAM User Guide, "AWS global condition context keys", Data type or Value type of each key
(`data/condition-keys.json`); Service Authorization Reference, "Condition keys" of each service.
"""

import ipaddress
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from sekisho.catalogue import global_key, load
from sekisho.engine import Context
from sekisho.engine.matching import arns, conditions


@dataclass(frozen=True, slots=True)
class MalformedKey:
    """A context key that was given a value that is not of its type.

    Attributes:
        key: the key, as it was given.
        type: of its values, like `Bool` or `IPAddress`.
    """

    key: str
    type: str


def malformed_keys(given: Context) -> Iterator[MalformedKey]:
    """Yield the keys that were given a value that AWS never sends."""
    for key, value in given.items():
        kind = _type_of(key)
        reads = _READS.get(kind.removeprefix(_LIST))
        values = (value,) if isinstance(value, str) else value
        if reads is not None and not all(map(reads, values)):
            yield MalformedKey(key, kind)


def _type_of(key: str) -> str:
    known = global_key(key)
    return known.type if known is not None else load().key_type(key) or "String"


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


_LIST = "ArrayOf"
_READS: Mapping[str, Callable[[str], bool]] = {
    "ARN": arns.is_arn,
    "Bool": lambda text: conditions.boolean(text) is not None,
    "Date": lambda text: conditions.date(text) is not None,
    "IPAddress": _is_address,
    "Numeric": lambda text: conditions.number(text) is not None,
}
"""What reads the values of a type that not every text is of."""
