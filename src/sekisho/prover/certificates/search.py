"""Finds a case tree that closes: the certificate of a proof.

The checker's own `Branch` keeps the claims of a branch, so that the search only finds
contradictions that the checker accepts. Statements with at most one part left that can fail are
used first (unit propagation), then the layers that have to allow, then the statements with the
fewest such parts. A node is removed again if one of its branches closes without its own claims.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from functools import cached_property, lru_cache
from itertools import product
from typing import Any

from sekisho import check_proof
from sekisho.check_proof import Branch, Claim, Opened, Part, Statement
from sekisho.lazy import dataclass


@lru_cache(maxsize=50_000)
def fronts_of(part: Part) -> tuple[str, ...]:
    """Return the literal prefixes of the entries of an `Action` or `Resource`; else nothing."""
    if part.operator not in ("Action", "Resource"):
        return ()
    texts = [text.lower() if part.attribute == "action" else text for text in part.values]
    return tuple(re.split(r"[*?$]", text, maxsplit=1)[0] for text in texts)


def may_share_start(one: str, other: str) -> bool:
    """Return whether some text can begin with both prefixes."""
    return one.startswith(other) or other.startswith(one)


_MOST_TRIED = 50


def is_open(claims: check_proof.Claims) -> bool:
    """Return whether some entry, with its wildcards filled, is an action that meets all claims."""
    wanted = [part for part, holds in claims if holds == (part.operator == "Action")]
    if not wanted or any(_entries(part) is None for part, _ in claims):
        return False
    texts = min(wanted, key=lambda part: len(part.values)).values[:_MOST_TRIED]
    for text in (text.lower().replace("*", "").replace("?", "x") for text in texts):
        found = ((_entries(part), holds == (part.operator == "Action")) for part, holds in claims)
        if all(entries and bool(entries.fullmatch(text)) == wanted for entries, wanted in found):
            return True
    return False


@lru_cache(maxsize=50_000)
def _entries(part: Part) -> re.Pattern[str] | None:
    """Return the actions of a part as a regular expression; None if the checker is not certain."""
    if any(check_proof.pattern_of(text, "action", False, "").free for text in part.values):
        return None
    texts = ("*" if text == "*:*" else text for text in part.values)
    shapes = (re.escape(text.lower()).replace(r"\*", ".*").replace(r"\?", ".") for text in texts)
    return re.compile("|".join(shapes), re.DOTALL)


@lru_cache(maxsize=50_000)
def variables_of(part: Part) -> frozenset[str]:
    """Return the keys of the policy variables in a part."""
    return frozenset(one.key for one in _variables(part) if one.key)


def variables_with_default(part: Part) -> frozenset[str]:
    """Return the keys of the policy variables in a part that have a default."""
    return frozenset(one.key for one in _variables(part) if one.default is not None)


def _variables(part: Part) -> Iterator[check_proof.Variable]:
    if not part.variables or part.attribute == "action":
        return
    resource = part.attribute == "resource"
    family = "resource" if resource else check_proof.operator_of(part.operator).family
    for text in part.values:
        if "${" in text:
            pattern = check_proof.pattern_of(text, family, True, "")
            for shape in pattern.shapes:
                yield from (one for one in shape if isinstance(one, check_proof.Variable))


Steps = list[list[str]]

DEFAULT_LIMIT = 4_000_000
"""Steps before a search gives up; one takes about a microsecond."""
_A_LOOK = 5
"""The steps to examine an attribute, regardless of its claims."""
_A_VALUE = 30
"""The steps to examine whether a value meets a claim about texts."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate that the checker accepts.

    Attributes:
        claim: the claim that it proves.
        document: the certificate, as JSON has it.
        premises: the premises that the checker reports.
        work: how many steps it took to find.
    """

    claim: Claim
    document: Mapping[str, Any]
    premises: tuple[str, ...]
    work: int

    @property
    def assumed(self) -> tuple[str, ...]:
        """The assumptions that the premises rest on: points that AWS does not document."""
        found = (check_proof.premise_of(each).get("assumed") for each in self.premises)
        return tuple(dict.fromkeys(name for name in found if name))


@dataclass(frozen=True, slots=True)
class OpenLeaf:
    """A branch in which nothing contradicts itself.

    Attributes:
        claim: the claim that could not be proved.
        reading: of resources, under which the branch is open.
        claims: parts of statements, each with whether it holds or fails.
        work: how many steps it took to find.
    """

    claim: Claim
    reading: str
    claims: tuple[tuple[Part, bool], ...]
    work: int


@dataclass(frozen=True, slots=True)
class WorkLimitReached:
    """The search has reached its limit of work."""

    work: int


def certify(claim: Claim, limit: int | None = None) -> Certificate | OpenLeaf | WorkLimitReached:
    """Return a certificate of a claim, or an open branch if none was found.

    Args:
        claim: the claim to be proved.
        limit: how many steps it may take; None: `DEFAULT_LIMIT`.
    """
    limit = DEFAULT_LIMIT if limit is None else limit
    trees: dict[str, Steps] = {}
    work = 0
    if claim.known and _contradicts_facts(frozenset(claim.known.items()), claim.role, claim.calls):
        # a claim about an impossible caller is true, and worthless
        return OpenLeaf(claim, check_proof.READINGS[0], (), work)
    for asked, reading in product(claim.by_caller, check_proof.READINGS):
        known = check_proof.tree_of(trees, asked, reading)
        if isinstance(check_proof.check_tree(asked, known, reading), check_proof.Valid):
            continue
        search = _Search(asked, reading, limit - work)
        try:
            result = search.closed(frozenset(), search.everything, search.statements_of_all)
        except _GivenUpError:
            return WorkLimitReached(limit)
        finally:
            work += search.work
        if not isinstance(result, _Closed):
            return OpenLeaf(asked, reading, tuple(result), work)
        name = f"federated {reading}" if asked.federated else reading
        trees[name if trees else "any"] = result.steps
    document = {
        "schema": check_proof.SCHEMA,
        "policies": {one.name: one.hashes for one in (*claim.layers, *claim.old)},
        "trees": trees,
    }
    verdict = check_proof.check(claim, document)
    if isinstance(verdict, check_proof.Invalid):
        raise AssertionError(f"the checker refuses what was found: {verdict}")  # noqa: TRY004 - a fault of ours
    return Certificate(claim, document, verdict.premises, work)


@lru_cache(maxsize=10_000)
def _contradicts_facts(known: frozenset[tuple[str, str]], role: bool, calls: str) -> bool:
    """Return whether the known keys of the caller contradict AWS's guarantees about requests."""
    kind = check_proof.NOTHING_ALLOWED
    alone = Claim(kind, (), calls=calls, role=role, known=dict(sorted(known)))
    search = _Search(alone, check_proof.READINGS[0], DEFAULT_LIMIT)
    attributes = search.everything | {*alone.known}
    return isinstance(search.closed(frozenset(), attributes, search.statements_of_all), _Closed)


class _GivenUpError(Exception):
    """The limit of work is reached."""


@dataclass(frozen=True, slots=True)
class _Closed:
    """Steps that close a branch, and the attributes whose claims their leaves rest on."""

    steps: Steps
    used: frozenset[str]


_Open = list[tuple[Part, bool]]
Leaves = tuple[list[str] | None, ...]
"""For each part of a statement, the step that closes the branch if it fails; None: it may fail."""
Left = dict[str, Leaves]
"""The statements that may still apply."""


@dataclass
class _Search:
    claim: Claim
    reading: str
    limit: int
    work: int = 0
    branch: Branch = field(init=False)

    def __post_init__(self) -> None:
        self.branch = Branch(self.claim, self.reading)
        self._leaves: dict[object, list[str] | None] = {}

    # -- what there is

    @cached_property
    def everything(self) -> frozenset[str]:
        """All attributes that statements name."""
        return frozenset(part.attribute for one in self.clauses.values() for part in one.parts)

    @cached_property
    def own_statements(self) -> Mapping[str, Statement]:
        """The statements of the policies that a step can name; those of old policies excluded."""
        denials = {
            one.reference: one
            for layer in self.claim.layers
            for one in layer.statements
            if not one.allows
        }
        # one-part statements of the claim are claimed in every branch already
        return denials | {name: one for name, one in self.claim.own.items() if len(one.parts) != 1}

    @cached_property
    def old_allows(self) -> Mapping[str, tuple[Statement, ...]]:
        """The Allow statements of each old layer."""
        return {
            layer.name: tuple(one for one in layer.statements if one.allows)
            for layer in self.claim.old
        }

    @cached_property
    def facts(self) -> Mapping[str, Statement]:
        """The facts about attributes that the policies name."""
        return {
            statement.reference: statement
            for name in self._fact_names()
            if (statement := self._fact(name)) is not None
        }

    def _fact(self, name: str) -> Statement | None:
        try:
            return self.claim.fact(name)
        except check_proof.RefusedError:
            return None

    @cached_property
    def mentioned(self) -> frozenset[str]:
        """The context keys that the policies name, in conditions and in variables."""
        statements = self.claim.statements.values()
        named = {part.attribute for one in statements for part in one.parts}
        named |= {key for one in statements for part in one.parts for key in variables_of(part)}
        return frozenset(named | {*self.claim.known})

    def _fact_names(self) -> Iterator[str]:
        tags = {key.partition("/")[2] for key in self.mentioned if "resourcetag/" in key}
        parts = (part for one in self.claim.statements.values() for part in one.parts)
        # a fact without keys is about names that are a path
        paths = any("/" in {text[-1:] for text in part.values} for part in parts)
        for name, written in check_proof.FACTS["facts"].items():
            keys = {
                key.lower()
                for block in written["statement"].get("Condition", {}).values()
                for key in block
            }
            if any("{tag}" in key for key in keys):
                for tag in sorted(tags):
                    if {key.replace("{tag}", tag) for key in keys} <= self.mentioned:
                        yield f"{name}@{tag}"
            elif keys & self.mentioned or (not keys and paths):
                yield name

    @cached_property
    def clauses(self) -> Mapping[str, Statement]:
        """All statements of several parts that a step can name, by reference."""
        facts = {name: one for name, one in self.facts.items() if len(one.parts) > 1}
        allows = {one.reference: one for each in self.old_allows.values() for one in each}
        return {**self.own_statements, **facts, **allows}

    @cached_property
    def unit_facts(self) -> Mapping[str, tuple[str, ...]]:
        """The facts of one part, by attribute."""
        result: dict[str, tuple[str, ...]] = {}
        for name, one in self.facts.items():
            if len(one.parts) == 1:
                attribute = one.parts[0].attribute
                result[attribute] = (*result.get(attribute, ()), name.removeprefix("fact."))
        return result

    @cached_property
    def missing(self) -> frozenset[str]:
        """The keys that the caller's requests never have."""
        units = [one.parts[0] for one in self.facts.values() if len(one.parts) == 1]
        return frozenset(one.attribute for one in units if one[1:3] == ("Null", ("false",)))

    @cached_property
    def statements_of_all(self) -> Left:
        """The statements that may apply at first: all but the Allows of the old policies."""
        allows = {one.reference for each in self.old_allows.values() for one in each}
        return self._unread(name for name in self.clauses if name not in allows)

    @cached_property
    def depends(self) -> Mapping[str, frozenset[str]]:
        """The attributes that the claims about an attribute may affect."""
        near: dict[str, set[str]] = defaultdict(set)
        for one in (*self.claim.statements.values(), *self.facts.values()):
            for part in one.parts:
                for key in variables_of(part):
                    near[key].add(part.attribute)
                    near[part.attribute].add(key)
        result: dict[str, frozenset[str]] = {}
        for key in near:
            if key not in result:
                together = _reached(key, near)
                result.update(dict.fromkeys(together, together))
        return result

    def touched(self, attributes: Iterable[str]) -> frozenset[str]:
        """Return the attributes whose claims may contradict themselves after a change."""
        found = frozenset(attributes)
        return found.union(*(self.depends.get(one, ()) for one in found))

    def _spend(self, steps: int) -> None:
        self.work += steps
        if self.work > self.limit:
            raise _GivenUpError

    # -- leaves

    def leaf(self, attribute: str) -> list[str] | None:
        """Return the step that closes the branch at an attribute; None if there is none."""
        near = sorted({attribute, *self.depends.get(attribute, ())})
        self._spend(sum(_A_LOOK + len(self.branch.by_attribute.get(one, ())) for one in near))
        key = (attribute, *(frozenset(self.branch.by_attribute.get(one, ())) for one in near))
        if key not in self._leaves:
            self._leaves[key] = self._leaf(attribute, near)
        return self._leaves[key]

    def _leaf(self, attribute: str, near: Sequence[str]) -> list[str] | None:
        facts = [name for one in near for name in self.unit_facts.get(one, ())]
        if attribute == "action" and is_open(self.branch.by_attribute[attribute]):
            return None
        if not self._contradicts(attribute, facts):
            return None
        if not facts or self._contradicts(attribute, ()):
            return ["leaf", attribute]
        for name in facts:
            others_of_facts = [one for one in facts if one != name]
            facts = others_of_facts if self._contradicts(attribute, others_of_facts) else facts
        return ["leaf", attribute, *facts]

    def _contradicts(self, attribute: str, facts: Sequence[str]) -> bool:
        claimed = self.branch.by_attribute.get(attribute, ())
        values = sum(1 + len(part.values) for part, _ in claimed)
        # numbers, moments and addresses are each compared with each other
        ordered = (
            part for part, _ in claimed if check_proof.operator_of(part.operator).family in _ORDERED
        )
        compared = [len(part.values) for part in ordered]
        self._spend(_A_VALUE * values + 2 * sum(compared) * len(compared))
        mark, tried = len(self.branch.trail), self.branch.tried
        self.branch.add([(self.facts[f"fact.{name}"].parts[0], False) for name in facts])
        try:
            return self.branch.contradicts(attribute)
        except check_proof.RefusedError:
            return False
        finally:
            self.branch.undo(mark)
            self._spend(self.branch.tried - tried)

    def _would_close(self, part: Part, holds: bool) -> list[str] | None:
        """Return the step that closes the branch if a part holds, or fails."""
        claims = self.branch.by_attribute[part.attribute]
        self._spend(_A_LOOK + len(claims))
        if (part, holds) in claims:
            return None
        if (part, not holds) in claims or (holds and self._is_apart(part)):
            return ["leaf", part.attribute]
        mark = len(self.branch.trail)
        self.branch.add([(part, holds)])
        try:
            near = sorted(self.touched([part.attribute]))
            named = (one for one in near if self.branch.by_attribute.get(one))
            return next((step for one in named if (step := self.leaf(one))), None)
        finally:
            self.branch.undo(mark)

    def _is_apart(self, part: Part) -> bool:
        """Return whether a part's prefixes exclude those of another claim on its attribute."""
        own = fronts_of(part)
        claimed = self.branch.by_attribute[part.attribute] if own else ()
        for other, holds in claimed:
            fronts = fronts_of(other) if holds else ()
            if fronts and not any(may_share_start(one, two) for one in own for two in fronts):
                return True
        return False

    # -- the tree

    def closed(
        self, opened: Opened, dirty: Iterable[str], statements_left: Left
    ) -> "_Closed | _Open":
        """Return the steps that close the branch, or the claims of an open branch.

        Args:
            opened: the old layers of which nothing applies.
            dirty: the attributes of which something was added.
            statements_left: the remaining parts of the statements that are not used yet.
        """
        for attribute in sorted(self.touched(dirty)):
            if self.branch.by_attribute.get(attribute) and (step := self.leaf(attribute)):
                return _Closed([step], self._touched_by(step))
        if (name := self._applying(statements_left)) is not None:
            leaves = tuple(["leaf", part.attribute] for part in self.clauses[name].parts)
            return self._step_around(name, leaves, None)
        statements_left = self._narrowed(statements_left, self.touched(dirty))
        units = {
            name: leaves for name, leaves in statements_left.items() if leaves.count(None) <= 1
        }
        if not units:
            return self._choice(opened, statements_left)
        done = next((name for name, leaves in units.items() if None not in leaves), None)
        if done is not None:
            return self._step_around(done, statements_left[done], None)
        return self._propagated(units, opened, {**statements_left})

    def _applying(self, statements_left: Left) -> str | None:
        """Return a statement that applies: all its parts are claimed to hold."""
        self._spend(len(self.branch.trail) + len(statements_left))
        holding = {part for part, holds in self.branch.trail if holds}
        return next(
            (name for name in statements_left if holding.issuperset(self.clauses[name].parts)), None
        )

    def _propagated(self, units: Left, opened: Opened, statements_left: Left) -> "_Closed | _Open":
        """Use all statements at once of which only one part can fail."""
        mark, dirty = len(self.branch.trail), set[str]()
        for name, leaves in units.items():
            del statements_left[name]
            parts = self.clauses[name].parts
            at = leaves.index(None)
            claims = [*((part, True) for part in parts[:at]), (parts[at], False)]
            self.branch.add(claims)
            dirty |= {part.attribute for part, _ in claims}
        try:
            result = self.closed(opened, dirty, statements_left)
        finally:
            self.branch.undo(mark)
        for name in reversed(units):
            if not isinstance(result, _Closed):
                return result
            at = units[name].index(None)
            claimed = {part.attribute for part in self.clauses[name].parts[: at + 1]}
            # a branch that closes without the claims needs no step for them
            if not result.used.isdisjoint(claimed):
                result = self._step_around(name, units[name], result)
        return result

    def _step_around(self, name: str, leaves: "Leaves", inner: "_Closed | None") -> "_Closed":
        """Return the step that a statement does not apply, then the steps of its open branch."""
        steps, used = [["not", name]], frozenset[str]()
        for leaf in leaves:
            closed = inner if leaf is None else _Closed([leaf], self._touched_by(leaf))
            assert closed is not None  # noqa: S101 - all parts have a leaf, but for one
            steps += closed.steps
            used |= closed.used
        return _Closed(steps, used)

    def _touched_by(self, step: list[str]) -> frozenset[str]:
        return self.touched([step[1]])

    def _narrowed(self, statements_left: Left, dirty: frozenset[str]) -> Left:
        """Return the remaining statements without those that certainly do not apply."""
        result: Left = {}
        for name, leaves in statements_left.items():
            parts = self.clauses[name].parts
            changed = [at for at, part in enumerate(parts) if part.attribute in dirty]
            if any(self._would_close(parts[at], True) for at in changed):
                continue
            fresh = [*leaves]
            for at in changed:
                fresh[at] = leaves[at] or self._would_close(parts[at], False)
            result[name] = tuple(fresh)
        return result

    def _choice(self, opened: Opened, statements_left: Left) -> "_Closed | _Open":
        """Close the branch by a layer, a split or a statement with several open branches."""
        for step in self._choices(opened, statements_left):
            return self._node(step, opened, statements_left)
        return list(self.branch.trail)

    def _choices(self, opened: Opened, statements_left: Left) -> Iterator[list[str]]:
        if self.claim.old and not opened and "old" not in self._steps:
            yield ["old"]
        layers = sorted(
            (sum(one.allows for one in layer.statements), layer.name)
            for layer in self.claim.layers
            if f"allowed {layer.name}" not in self._steps
            and not (layer.name == "identity" and self.claim.kind == check_proof.ENFORCED)
        )
        for _, name in layers:
            yield ["allowed", name]
        for key in self._splits(statements_left):
            yield ["split", key]
        for _, name in sorted(
            (leaves.count(None), name) for name, leaves in statements_left.items()
        ):
            yield ["not", name]

    _steps: frozenset[str] = frozenset()

    def _splits(self, statements_left: Left) -> Iterator[str]:
        """Yield keys that policy variables use and that may have no value."""
        parts = [part for part, _ in self.branch.trail]
        parts += [part for name in statements_left for part in self.clauses[name].parts]
        keys = {key for part in parts for key in variables_with_default(part)}
        keys |= self.missing & {key for part in parts for key in variables_of(part)}
        for key in sorted(keys):
            if not (self.branch.present(key) or self.branch.absent(key)):
                yield key

    def _node(self, step: list[str], opened: Opened, statements_left: Left) -> "_Closed | _Open":
        """Close all branches of a step."""
        statements_left = {
            name: leaves for name, leaves in statements_left.items() if step != ["not", name]
        }
        steps_before = self._steps
        self._steps = steps_before | {" ".join(step)}
        try:
            return self._branches(step, opened, statements_left)
        finally:
            self._steps = steps_before

    def _branches(
        self, step: list[str], opened: Opened, statements_left: Left
    ) -> "_Closed | _Open":
        try:
            below = check_proof.branches(self.branch, step, opened)
        except check_proof.RefusedError:
            return self._choice(opened, statements_left)
        steps, used = [step], frozenset[str]()
        for claims, now_open in below:
            mark = len(self.branch.trail)
            self.branch.add(claims)
            fresh = self._unread(self._statements_of_layers(now_open - opened))
            dirty = {part.attribute for part, _ in claims}
            try:
                result = self.closed(
                    now_open, self.everything if fresh else dirty, {**statements_left, **fresh}
                )
            finally:
                self.branch.undo(mark)
            if not isinstance(result, _Closed):
                return result
            if result.used.isdisjoint(dirty) and now_open == opened:
                # a branch that closes without its claims closes without the step
                return result
            steps += result.steps
            used |= result.used
        return _Closed(steps, used)

    def _unread(self, names: Iterable[str]) -> Left:
        return {name: (None,) * len(self.clauses[name].parts) for name in names}

    def _statements_of_layers(self, layers: Iterable[str]) -> Iterator[str]:
        for name in layers:
            yield from (one.reference for one in self.old_allows[name])


_ORDERED = ("address", "date", "number")
"""Families of operators that compare values."""


def _reached(key: str, near: Mapping[str, Iterable[str]]) -> frozenset[str]:
    reached, todo = {key}, [key]
    for one in todo:
        fresh = [other for other in near.get(one, ()) if other not in reached]
        reached |= {*fresh}
        todo += fresh
    return frozenset(reached)
