"""The request of an open branch of a case tree, which may show why the branch is open."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from sekisho import check_proof
from sekisho.check_proof import Branch, Claim, Claims, Part, Pattern
from sekisho.prover.certificates import OpenLeaf


@dataclass(frozen=True, slots=True)
class CandidateRequest:
    """A request that an open branch suggests; nothing says that AWS could receive it.

    Attributes:
        action: in lower case.
        resource: an ARN, `*`, or another text.
        context: the keys that it has, those of the caller among them.
    """

    action: str
    resource: str
    context: dict[str, str | tuple[str, ...]]


def request_of(leaf: OpenLeaf) -> CandidateRequest | None:
    """Return a request that meets the claims of an open branch, as far as one is found."""
    claim, context = leaf.claim, dict[str, str | tuple[str, ...]](leaf.claim.known)
    for key in _keys(leaf):
        value = _value(_branch(claim, leaf), key)
        if value is not None:
            context[key] = value
            if isinstance(value, str):
                # the value chosen for one key restricts the keys that are compared with it
                claim = replace(claim, known={**claim.known, key: value})
    branch = _branch(claim, leaf)
    action, resource = _element(branch, "action"), _element(branch, "resource")
    if action is None or resource is None:
        return None
    return CandidateRequest(action, resource, context)


def _keys(leaf: OpenLeaf) -> list[str]:
    """Return the keys that the branch has claims about, those that must be present first."""
    branch = _branch(leaf.claim, leaf)
    keys = {part.attribute for part, _ in leaf.claims} - {"action", "resource", *leaf.claim.known}
    return sorted(keys, key=lambda key: (not branch.present(key), key))


def _branch(claim: Claim, leaf: OpenLeaf) -> Branch:
    branch = Branch(claim, leaf.reading)
    branch.add(leaf.claims[len(Branch(leaf.claim, leaf.reading).trail) :])
    return branch


_LIKELY = {
    "action": ("s3:getobject", "ec2:runinstances", "iam:createuser", "ssm:getparameter"),
    "resource": ("*", "arn:aws:s3:::example-bucket/example"),
}


def _element(branch: Branch, attribute: str) -> str | None:
    """Return an action or a resource that meets its claims."""
    claims = branch.by_attribute.get(attribute, [])
    clauses = branch.clauses(claims)
    for text in (*_LIKELY[attribute], *_filled(claims)):
        exactly = (True, frozenset([Pattern(f"= {text}", (tuple(text),))]))
        if check_proof.a_text(clauses | {exactly})[0] is not None:
            return text
    return check_proof.a_text(clauses)[0]


def _filled(claims: Claims) -> Iterator[str]:
    """Yield texts that match entries."""
    for part, _ in claims:
        for text in part.values:
            lower = text.lower() if part.attribute == "action" else text
            yield lower.replace("*", "").replace("?", "x")
            yield lower.replace("*", "example").replace("?", "x")


def _value(branch: Branch, key: str) -> str | tuple[str, ...] | None:
    """Return a value of a key that meets its claims; None if it may be absent, or none is found."""
    mark = len(branch.trail)
    branch.add([(Part(key, check_proof.PRESENT, ()), False)])
    absent = not branch.contradicts(key)
    branch.undo(mark)
    if absent:
        return None
    claims = branch.by_attribute.get(key, [])
    for text in _texts(branch, key):
        known = replace(branch.claim, known={**branch.claim.known, key: text})
        tried = Branch(known, branch.reading)
        tried.add(branch.trail[len(Branch(branch.claim, branch.reading).trail) :])
        if not tried.contradicts(key) and _meets(claims, text):
            return text
    return None


def _meets(claims: Claims, text: str) -> bool:
    """Return whether a condition on numbers, dates or addresses can read a value, and holds."""
    for part, holds in claims:
        family = check_proof.operator_of(part.operator).family
        if family in ("number", "date", "address"):
            value = check_proof.value_of(text, family)
            if value is None or check_proof.truth(part, value[0]) not in (None, holds):
                return False
    return True


def _texts(branch: Branch, key: str) -> Iterator[str]:
    claims = branch.by_attribute.get(key, [])
    yield from ("true", "false", "example", "Example", "")
    values = [*_filled(claims), *(text for part, _ in claims for text in part.values)]
    for text in values:
        yield text
        if (number := check_proof.value_of(text, "number")) is not None:
            yield from (str(int(number[0]) + 1), str(int(number[0]) - 1))
        yield text.partition("/")[0]
    yield from ("203.0.113.9", "198.51.100.1", "2001:db8::1", "2a00::1")
    yield from ("2026-11-30T00:00:00Z", "2031-01-01T00:00:00Z", "2001-01-01T00:00:00Z", "1")
    try:
        likely = check_proof.a_text(branch.clauses(claims))[0]
    except check_proof.RefusedError:
        return
    if likely is not None:
        yield likely
