"""Keys of which a request has only certain values together.

The services between caller and call: `aws:CalledViaFirst` and `aws:CalledViaLast` are the ends of
`aws:CalledVia`, and none of the three comes without the others. Where from: through a VPC endpoint
a request has no `aws:SourceIp`, and any other has no key of an endpoint.

Source: IAM User Guide, "AWS global condition context keys"; facts §2.5, §2.6.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from math import prod

from sekisho.engine.model import ContextValue
from sekisho.prover import reasons
from sekisho.prover.limits import MOST_SETS, Limit
from sekisho.prover.theories import Values

__all__ = [
    "ADDRESS",
    "CALLED_VIA",
    "ENDPOINT",
    "FIRST",
    "LAST",
    "SERVICES",
    "apart",
    "chains",
    "origins",
]

CALLED_VIA, FIRST, LAST = "aws:calledvia", "aws:calledviafirst", "aws:calledvialast"
SERVICES = frozenset({CALLED_VIA, FIRST, LAST})
"""The keys that name the services in between."""

ADDRESS = "aws:sourceip"
ENDPOINT = frozenset(
    {
        *("aws:sourcevpc", "aws:sourcevpcarn", "aws:sourcevpce", "aws:vpcsourceip"),
        *("aws:vpceaccount", "aws:vpceorgid", "aws:vpceorgpaths"),
    }
)
"""The keys of requests through a VPC endpoint."""


def chains(
    texts: Sequence[str], between: Iterable[tuple[str, ...]], asked: frozenset[str]
) -> Iterator[Values]:
    """Yield the services between caller and call: none, and every chain that differs.

    Args:
        texts: the names that conditions can tell apart.
        between: sets of names, one for each way in which the whole list can be told apart.
        asked: which of `SERVICES` are asked about.

    Raises:
        Limit: if there are too many.
    """
    named: tuple[tuple[str, ...], ...] = tuple((text,) for text in texts if text)
    firsts = named if FIRST in asked else ((),)
    lasts = named if LAST in asked else ((),)
    sets = [(), *between]
    _check(len(firsts) * len(lasts) * len(sets))
    found = (
        (*first, *(each for each in some if each not in (*first, *last)), *last)
        for first, last, some in product(firsts, lasts, sets)
    )
    yield {}
    for chain in dict.fromkeys(chain for chain in found if chain):
        ends = {"aws:CalledViaFirst": chain[0], "aws:CalledViaLast": chain[-1]}
        yield {"aws:CalledVia": chain, **ends}


def origins(ways: Mapping[str, Sequence[Values]], present: Iterable[str]) -> Iterator[Values]:
    """Yield where a request can be from: no endpoint, or one and no address.

    Args:
        ways: the values of each key, absence among them; those of a settled key name nothing.
        present: the keys (in lower case) that the request is known to have.

    Raises:
        Limit: if there are too many.
    """
    known = frozenset(present)
    behind = [values for key, values in ways.items() if key != ADDRESS]
    if len(behind) > 1:
        _check(prod(map(len, behind)))
    if not known & ENDPOINT:
        yield from ways[ADDRESS]
    if ADDRESS not in known:
        for together in product(*behind):
            yield {key: value for each in together for key, value in each.items()}


def apart(
    ways: Mapping[str, list[ContextValue | None]],
) -> Iterator[Mapping[str, list[ContextValue | None]]]:
    """Yield the values of each key so that no choice has both an address and an endpoint.

    Args:
        ways: by key in lower case; None: it is absent.
    """
    behind = ENDPOINT & ways.keys()
    if ADDRESS not in ways or not behind:
        yield ways
        return
    for gone in (behind, frozenset({ADDRESS})):
        yield {key: [None] if key in gone else values for key, values in ways.items()}


def _check(count: int) -> None:
    if count > MOST_SETS:
        raise Limit(reasons.TOO_MANY_SETS)
