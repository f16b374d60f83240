"""What the people and things of a story are called: as nobody is whom a policy names.

A story is about anybody. So whoever has no known name, and the other device, the group and the role
besides, get names that no policy has; else what a policy says of one would be taken for all.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count

from sekisho.engine import AttachedPolicy, Policies
from sekisho.policy.document import Statement
from sekisho.prover.scenarios.model import Who

__all__ = ["USUAL", "Names", "every_policy", "names_for"]


@dataclass(frozen=True, slots=True)
class Names:
    """What everybody, and everything that an action is tried on, is called.

    Attributes:
        device: every device that has nobody's own name.
        group: of those who have enrolled.
    """

    people: Mapping[Who, str]
    device: str
    group: str
    role: str


USUAL = Names(
    {Who.USER: "hanako", Who.COLLEAGUE: "taro", Who.ADMINISTRATOR: "yuki"},
    device="phone-2",
    group="Staff",
    role="Ops",
)
"""What they are called unless a policy has the name."""


def names_for(known: Mapping[Who, str], policies: Iterable[AttachedPolicy]) -> Names:
    """Return the known names and for all others the usual ones, with a number if they are taken."""
    texts = {*known.values()}
    for attached in policies:
        for statement in attached.document.statements:
            texts.update(_values(statement))
    taken = "\n".join(texts).lower()

    def free(usual: str) -> str:
        if usual.lower() not in taken:
            return usual
        return next(name for n in count(2) if (name := f"{usual}-{n}").lower() not in taken)

    return Names(
        {who: known[who] if who in known else free(usual) for who, usual in USUAL.people.items()},
        device=free(USUAL.device),
        group=free(USUAL.group),
        role=free(USUAL.role),
    )


def every_policy(policies: Policies) -> Iterator[AttachedPolicy]:
    """Yield all of somebody's policies, of every kind."""
    yield from policies.identity
    yield from policies.boundaries or ()
    yield from policies.session or ()
    yield from policies.vpc_endpoint or ()
    for level in (*policies.scps, *policies.rcps):
        yield from level.policies


def _values(statement: Statement) -> Iterator[str]:
    yield from statement.resource.values if statement.resource else ()
    for condition in statement.conditions:
        yield from condition.values
    for _, named in statement.principal.entries if statement.principal else ():
        yield from named
