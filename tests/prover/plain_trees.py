"""Case trees found the plain way: every step in one order, a leaf wherever there is one.

It leaves to the checker what a branch is and what contradicts itself, and has no shortcut that
could hide a fault of the checker.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from sekisho import check_proof
from sekisho.check_proof import Branch, Claim, RefusedError, Statement

__all__ = ["plain_certificate"]

Steps = list[list[str]]


def plain_certificate(claim: Claim) -> dict[str, Any] | None:
    """Return a certificate with a tree for each reading; None if one of them stays open."""
    trees = {
        reading: _Search(claim, reading).closed(0, frozenset()) for reading in check_proof.READINGS
    }
    if None in trees.values():
        return None
    bound = {one.name: one.hashes for one in (*claim.layers, *claim.old)}
    return {"schema": check_proof.SCHEMA, "policies": bound, "trees": trees}


class _Search:
    """One tree in the making."""

    def __init__(self, claim: Claim, reading: str) -> None:
        self.claim, self.branch = claim, Branch(claim, reading)
        statements = claim.statements.values()
        mentioned = {part.attribute for one in statements for part in one.parts} | {*claim.known}
        facts = [one for one in _facts(claim) if {each.attribute for each in one.parts} & mentioned]
        several = [["not", one.reference] for one in facts if len(one.parts) > 1]
        self.steps = [*_steps(claim), *several]
        self.attributes = sorted({"action", "resource"}.union(mentioned, *map(_keys, facts)))
        self.alone = {
            key: [one.reference.removeprefix("fact.") for one in facts if _keys(one) == [key]]
            for key in self.attributes
        }

    def closed(self, at: int, opened: frozenset[str]) -> Steps | None:
        """Return steps that close the branch; of the given ones those from `at` on are left."""
        for attribute in self.attributes:
            for used in ([], self.alone[attribute]):
                if self.branch.contradicts(attribute, used):
                    return [["leaf", attribute, *used]]
        while at < len(self.steps) and not self._may_stand(self.steps[at], opened):
            at += 1
        if at == len(self.steps):
            return None
        mark = len(self.branch.trail)
        found = [self.steps[at]]
        for claims, below in check_proof.branches(self.branch, self.steps[at], opened):
            self.branch.add(claims)
            rest = self.closed(at + 1, below)
            self.branch.undo(mark)
            if rest is None:
                return None
            found += rest
        return found

    def _may_stand(self, step: Sequence[str], opened: frozenset[str]) -> bool:
        """Tell whether a step can be taken; an old Allow only where its layer is open."""
        of = [one.name for one in self.claim.old if step[-1].startswith(f"{one.name}.")]
        return not of or of[0] in opened


def _steps(claim: Claim) -> Iterator[list[str]]:
    if claim.old:
        yield ["old"]
    for layer in claim.layers:
        if (layer.name, claim.kind) != ("identity", check_proof.ENFORCED):
            yield ["allowed", layer.name]
    for layer in (*claim.layers, *claim.old):
        old = layer in claim.old
        yield from (["not", one.reference] for one in layer.statements if one.allows == old)


def _keys(fact: Statement) -> list[str]:
    return [part.attribute for part in fact.parts]


def _facts(claim: Claim) -> Iterator[Statement]:
    """Yield the facts about the requests of a claim, but those about a tag."""
    for name in check_proof.FACTS["facts"]:
        try:
            yield claim.fact(name)
        except RefusedError:
            continue
