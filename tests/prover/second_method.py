"""A second method beside the prover: finite choices, atoms asked of `decide`, and a SAT solver.

It shares with the prover what a request can be (`prover.keys`, the catalogue, what a credential
brings), and nothing of how it is looked for. What it does not handle is `TooMuch`, no answer.
"""

import ipaddress
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import chain, combinations, compress, product

from pysat.solvers import Solver

from prover.questions import ACCOUNT, ALICE, NOW, with_owner
from prover.second_texts import (
    EVERYTHING,
    SOMETHING,
    Glob,
    TooMuch,
    arn_glob,
    exactly,
    like,
    template,
    texts,
)
from sekisho.catalogue import Action, load
from sekisho.engine import (
    AttachedPolicy,
    Context,
    ContextValue,
    DecisionEffect,
    Policies,
    Request,
    decide,
)
from sekisho.engine.matching.arns import account_of
from sekisho.policy import Condition, Document, Effect, Element, Quantifier, Statement, Version
from sekisho.prover import CallerCredential
from sekisho.prover.reading import keys
from sekisho.signin import (
    Credential,
    CredentialKind,
    Holder,
    HolderKind,
    SigninAssumptions,
    context_of,
)

__all__ = ["TooMuch", "answer"]

_PARTITION = "aws"
_SESSION = ("aws:multifactorauthage", "aws:multifactorauthpresent", "aws:tokenissuetime")
_NEVER_DIRECT = (
    *("aws:calledvia", "aws:calledviafirst", "aws:calledvialast"),
    "kms:viaservice",
)
_TIMES = ("aws:currenttime", "aws:epochtime")
_AGE = "aws:multifactorauthage"
_REGION = re.compile(r"[a-z][a-mo-z]-[a-z]*[acdg-np-uw-z]-[0-9]+")
"""What the regions of the partition are like."""
_HOME = "us-east-1"


@dataclass(frozen=True)
class _Rule:
    """A statement in its document's version."""

    statement: Statement
    version: Version | None

    @property
    def resource(self) -> Element:
        return self.statement.resource or Element(("*",))


def _context(credential: CallerCredential) -> Context:
    holder = Holder(HolderKind.USER, _PARTITION, ACCOUNT, ALICE.name, "/", "AIDAIOSFODNN7EXAMPLE")
    key = credential is CallerCredential.KEY
    credential = Credential(
        CredentialKind.LONG_TERM_KEY if key else CredentialKind.CONSOLE_SESSION,
        holder,
        issued_at=None if key else NOW,
        expires_at=None if key else NOW + timedelta(days=90),
        mfa_at=NOW if credential is CallerCredential.MFA_SESSION else None,
    )
    return Context(context_of(credential, NOW, SigninAssumptions()))


def _groups(policies: Policies) -> list[list[_Rule]]:
    kinds = (policies.identity, policies.boundaries, policies.session)
    if policies.scps:
        raise TooMuch("service control policies")
    return [
        [
            _Rule(statement, policy.document.version)
            for policy in attached
            for statement in policy.document.statements
        ]
        for attached in kinds
        if attached is not None
    ]


@cache
def _pattern(element: Element) -> re.Pattern[str]:
    each = (re.escape(entry).replace(r"\*", ".*").replace(r"\?", ".") for entry in element.values)
    return re.compile("|".join(each), re.DOTALL | re.IGNORECASE)


@cache
def _matched(element: Element, among: tuple[str, ...]) -> frozenset[str]:
    """Return the names of some actions that an element takes in."""
    matches, names = _pattern(element).fullmatch, map(str, _actions(among))
    return frozenset(name for name in names if (matches(name) is not None) is not element.negated)


class _Problem:
    """The choices that a request is made of, and clauses about statements; for one credential."""

    def __init__(
        self,
        rules: Sequence[_Rule],
        outside: Element,
        credential: CallerCredential,
        among: tuple[str, ...],
        owner: str,
    ) -> None:
        self.owner = owner
        self.among = among
        self.settled = _context(credential)
        self.absent = {key for key in _SESSION if key not in self.settled.folded}
        self.absent |= set(_NEVER_DIRECT)
        self.absent |= {keys.SIGN_IN} if credential is CallerCredential.KEY else set()
        self.conditions: dict[str, list[tuple[Condition, Version | None]]] = {}
        for rule in rules:
            for condition in rule.statement.conditions:
                asked = self.conditions.setdefault(condition.key.lower(), [])
                asked.append((condition, rule.version))
        self.values = {key: self._values(key) for key in self._free_keys(rules)}
        self.targets = list(self._targets(rules, outside))
        self.clauses: list[list[int]] = []
        self.count = 0
        self.choices: dict[str, list[tuple[int, object]]] = {}
        self._choose("", self.targets)
        for key, values in self.values.items():
            self._choose(key, values)
            self._tie(key)
        self._atoms: dict[object, int] = {}

    # what a request can be

    def _is_settled(self, key: str) -> bool:
        open_ = key == _AGE and key in self.conditions
        known = key in self.settled.folded or key in self.absent or keys.never_present(key)
        return known and not open_

    def _free_keys(self, rules: Sequence[_Rule]) -> list[str]:
        named = {key for rule in rules for text in rule.resource.values for key in _variables(text)}
        for asked in self.conditions.values():
            named |= {key for one, _ in asked for text in one.values for key in _variables(text)}
        found = sorted(key for key in named | set(self.conditions) if not self._is_settled(key))
        if any(key in _TIMES for key in found):
            raise TooMuch("times")
        if _AGE in found and _AGE not in self.settled.folded:
            found.remove(_AGE)
        return found

    def _values(self, key: str) -> list[ContextValue | None]:
        asked = self.conditions.get(key, [])
        if key in keys.OF_RESOURCE_ACCOUNT:
            return [self.owner, None]
        if key == keys.REGION:
            own = {text for text in self._texts_of(asked) if _REGION.fullmatch(text)}
            return sorted({_HOME, *own} - {""})
        if key == _AGE:
            numbers = {int(c) + d for one, _ in asked for c in one.values for d in (-1, 0, 1)}
            return [str(n) for n in {0, *numbers} if 0 <= n <= 7_776_000]
        single = sorted(set(self._texts_of(asked)))
        sets = any(one.operator.quantifier is not Quantifier.NONE for one, _ in asked)
        shape = keys.shape_of(key, with_set_operator=sets)
        found: list[ContextValue | None] = [None] if keys.may_be_absent(key) else []
        if shape is not keys.KeyShape.MANY:
            found += [*single, ""] if sets else single
        if shape is not keys.KeyShape.ONE:
            several = [*filter(None, single), *([""] if sets else [])]
            if len(several) > 8:
                raise TooMuch("many values of a multivalued key")
            found += chain.from_iterable(
                combinations(several, size) for size in range(1, len(several) + 1)
            )
        return list(dict.fromkeys(found))

    def _texts_of(self, asked: Sequence[tuple[Condition, Version | None]]) -> Iterator[str]:
        kinds = {_kind(one) for one, _ in asked} - {"Null"}
        if len(kinds) > 1:
            raise TooMuch("a key compared as two types")
        if not kinds:
            yield "x"
        elif kinds == {"String"}:
            globs = [g for one, version in asked for g in self._globs(one, version)]
            alike = list(dict.fromkeys(globs))
            yield from (*texts(SOMETHING, alike).values(), *texts(EVERYTHING, alike).values())
        else:
            yield from _plain_values(kinds.pop(), [text for one, _ in asked for text in one.values])

    def _globs(self, condition: Condition, version: Version | None) -> Iterator[Glob]:
        name = condition.operator.name.value
        for text in chain.from_iterable(self._filled(one, version) for one in condition.values):
            if name.startswith("Arn"):
                yield arn_glob(text)
            elif "IgnoreCase" in name:
                yield exactly(text.replace("\0", ""), any_case=True)
            elif "Like" in name:
                yield like(text)
            else:
                yield exactly(text.replace("\0", ""))

    def _filled(self, text: str, version: Version | None) -> Iterator[str]:
        """Yield a text with its variables filled in; what they bring in is literal."""
        if version is not Version.V2012 or "${" not in text:
            yield text
            return
        text = re.sub(r"\$\{([*?$])\}", lambda found: f"\0{found[1]}", text)
        names = list(dict.fromkeys(_variables(text)))
        for values in product(*(self._filling(name) for name in names)):
            bound = dict(zip(names, values, strict=True))
            yield _VARIABLE.sub(lambda found: _literal(bound[found[1].lower()]), text)  # noqa: B023 - used at once

    def _filling(self, name: str) -> list[str]:
        if self._is_settled(name):
            value = self.settled.folded.get(name)
            return [value] if isinstance(value, str) else []
        asked = [
            (one, version)
            for one, version in self.conditions.get(name, [])
            if not any(map(_variables_list, one.values))
        ]
        return [text for text in self._texts_of(asked) if text]

    def _targets(self, rules: Sequence[_Rule], outside: Element) -> Iterator[tuple[str, str]]:
        """Yield an action and a resource for each way in which all elements can take them in."""
        elements = list(dict.fromkeys([*(rule.statement.action for rule in rules), outside]))
        entries = {(e, rule.version) for rule in rules for e in rule.resource.values}
        filled = chain.from_iterable(self._filled(e, v) for e, v in sorted(entries, key=str))
        patterns = sorted(text for text in {*filled} if text != "*")
        seen: set[object] = set()
        allows = {rule.statement.action for rule in rules if rule.statement.effect is Effect.ALLOW}
        taking = [(element, _matched(element, self.among)) for element in elements]
        for action in _actions(self.among):
            if self.owner != ACCOUNT and action.service == "iam":
                continue
            taken = {element for element, names in taking if str(action) in names}
            signature = frozenset({*taken, *_ties(action)})
            if outside in taken or not taken & allows:
                continue
            for arn in _forms(action, self.owner):
                near = tuple(text for text in patterns if _may_be_of(text, arn))
                if not near and (signature, "") in seen:
                    continue
                for alike, resource in _resources(arn, near, self.owner).items():
                    if (signature, alike) not in seen:
                        seen.add((signature, alike))
                        yield str(action), resource

    # clauses

    def variable(self) -> int:
        self.count += 1
        return self.count

    def _choose(self, key: str, values: Iterable[object]) -> None:
        """One of some values is chosen, and no two."""
        numbered = [(self.variable(), value) for value in values]
        self.choices[key] = numbered
        self.clauses.append([number for number, _ in numbered])
        self.clauses += [[-a, -b] for (a, _), (b, _) in combinations(numbered, 2)]

    def _tie(self, key: str) -> None:
        """Forbid the values of a key that no request about some action and resource has."""
        for target, (name, resource) in self.choices[""]:  # type: ignore[misc]  # a pair
            action = load().action(name)
            assert action is not None
            at_home = key == keys.REGION and keys.is_where_iam_is(action)
            of_nothing = key.startswith(keys.RESOURCE_TAG) and resource == "*"
            untagged = of_nothing and not keys.has_tags_of_nothing(action)
            for number, value in self.choices[key]:
                if (at_home and value != _HOME) or (untagged and value is not None):
                    self.clauses.append([-target, -number])

    def applies(self, rule: _Rule) -> int:
        """Return a variable that is true where a statement applies."""
        bare = replace(rule.statement, conditions=())
        parts = [self._atom(bare, rule.version, "", rule.resource.values)]
        for condition in rule.statement.conditions:
            only = Statement(0, Effect.ALLOW, Element(("*",)), Element(("*",)))
            only = replace(only, conditions=(condition,))
            key = condition.key.lower()
            parts.append(self._atom(only, rule.version, key, condition.values))
        found = self.variable()
        self.clauses += [[-found, part] for part in parts]
        self.clauses.append([found, *(-part for part in parts)])
        return found

    def _atom(
        self, statement: Statement, version: Version | None, key: str, written: Sequence[str]
    ) -> int:
        """Return a variable that is true where one part of a statement holds."""
        about = (replace(statement, index=0, sid=None), version)
        if about in self._atoms:
            return self._atoms[about]
        found = self._atoms[about] = self.variable()
        linked = {name for text in written for name in _variables(text)} if version else set()
        axes = sorted(axis for axis in {key, *linked} if axis in self.choices)
        for chosen in product(*(self.choices[axis] for axis in axes)):
            values = {axis: value for axis, (_, value) in zip(axes, chosen, strict=True)}
            holds = _applies(self.request(values), statement, version)
            self.clauses.append([*(-number for number, _ in chosen), found if holds else -found])
        return found

    def request(self, values: dict[str, object]) -> Request:
        """Return the request of some choices."""
        action, resource = values.get("", ("iam:GetUser", "*"))  # type: ignore[misc]  # a pair
        given = {key: value for key, value in values.items() if key and value is not None}
        told = account_of(resource) is not None or self.owner == ACCOUNT
        context = self.settled.with_(given)  # type: ignore[arg-type]  # what was chosen is a value
        return Request(ALICE.arn, action, resource, context, None if told else self.owner)

    def solved(self) -> Request | None:
        """Return a request that fits all clauses, or None."""
        if not all(self.choices.values()):
            return None
        with Solver(name="cadical153", bootstrap_with=self.clauses) as solver:
            if not solver.solve():
                return None
            true = set(solver.get_model())
        chosen = {
            key: value
            for key, numbered in self.choices.items()
            for number, value in numbered
            if number in true
        }
        return self.request(chosen)


_VARIABLE = re.compile(r"\$\{([^\s{}$'*?,]+)(?:, '[^'}]*')?\}")


def _variables(text: str) -> Iterator[str]:
    if "${" in text:
        if "}, '" in text or ", '" in text:
            raise TooMuch("a variable with a default")
        yield from (found[1].lower() for found in _VARIABLE.finditer(text))


def _variables_list(text: str) -> list[str]:
    return list(_variables(text))


def _literal(text: str) -> str:
    return re.sub(r"([*?])", "\0\\1", text)


def _kind(condition: Condition) -> str:
    name = condition.operator.name.value
    known = ("Numeric", "Date", "Bool", "Binary", "IpAddress", "NotIpAddress", "Null")
    return next((kind.removeprefix("Not") for kind in known if name.startswith(kind)), "String")


def _plain_values(kind: str, constants: Sequence[str]) -> Iterator[str]:
    match kind:
        case "Bool":
            yield from ("true", "false")
        case "Numeric":
            yield from (str(int(text) + d) for text in constants for d in (-1, 0, 1))
        case "IpAddress":
            yield from _addresses(constants)
        case "Date":
            dates = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in constants)
            near = (at + timedelta(seconds=d) for at in dates for d in (-1, 0, 1))
            yield from (at.strftime("%Y-%m-%dT%H:%M:%SZ") for at in near)
        case _:
            raise TooMuch(kind)


def _addresses(constants: Sequence[str]) -> Iterator[str]:
    yield from ("203.0.113.9", "2001:db8::9")
    for text in constants:
        network = ipaddress.ip_network(text, strict=False)
        for number in (int(network[0]) - 1, int(network[0]), int(network[-1]) + 1):
            if 0 <= number < 2**network.max_prefixlen:
                yield str(type(network[0])(number))


def _ties(action: Action) -> tuple[object, ...]:
    """Return what tells actions apart beside the elements."""
    return ("home", keys.is_where_iam_is(action)), ("tags", keys.has_tags_of_nothing(action))


def _forms(action: Action, owner: str) -> Iterator[str]:
    """Yield what the resource of an action can look like; requests about none are the user's."""
    if owner == ACCOUNT and not any(kind.required for kind in action.resource_types):
        yield "*"
    yield from (kind.arn for kind in action.resource_types if kind.arn.count(":") >= 5)


@cache
def _resources(arn: str, patterns: Sequence[str], owner: str) -> dict[str, str]:
    """Return resources of one form, by the patterns that match them."""
    if arn == "*":
        return {"*": "*"}
    globs = [arn_glob(text) for text in patterns]
    managed = arn.split(":")[2] == "iam" and arn.split(":")[5].startswith("policy/")
    return {
        " ".join(compress(patterns, matched)): text
        for account in ((owner, "aws") if managed else (owner,))
        for matched, text in texts(template(arn, _PARTITION, account), globs).items()
    }


def _may_be_of(pattern: str, arn: str) -> bool:
    if arn == "*":
        return True
    asked, of_type = (*pattern.split(":")[2:3], "*")[0], arn.split(":")[2]
    return bool(set("*?") & set(asked)) or of_type.startswith("${") or asked.lower() == of_type


def _applies(request: Request, statement: Statement, version: Version | None) -> bool:
    """Ask the engine about one statement by itself; a Deny stands beside an Allow of everything."""
    allows = statement.effect is Effect.ALLOW
    everything = Statement(1, Effect.ALLOW, Element(("*",)), Element(("*",)))
    statements = (statement,) if allows else (statement, everything)
    document = Document(statements, version=version)
    policies = Policies(identity=(AttachedPolicy("one", document),))
    return _is_allowed(request, policies) is allows


def _is_allowed(request: Request, policies: Policies) -> bool:
    """Ask the engine; what is of another account is taken to be allowed by its owner."""
    owner = account_of(request.resource) or request.resource_account or ACCOUNT
    given = policies if owner == ACCOUNT else with_owner(policies)
    return decide(request, given).effect is DecisionEffect.ALLOWED


def _owners(rules: Sequence[_Rule]) -> list[str]:
    """Return the user's account, those like the patterns that the rules have, and another one."""
    values = [text for rule in rules for one in rule.statement.conditions for text in one.values]
    entries = [
        text.split(":")[4] for rule in rules for text in rule.resource.values if text.count(":") > 3
    ]
    accounts = [_like(text) for text in (*entries, *values) if re.fullmatch(r"[0-9*]+", text)]
    return list(dict.fromkeys([ACCOUNT, *filter(None, accounts), "444455556666"]))


def _like(pattern: str) -> str | None:
    """Return an account that a pattern takes in; None: none is."""
    if "*" not in pattern:
        return pattern if len(pattern) == len(ACCOUNT) else None
    text = pattern.replace("*", "0" * (len(ACCOUNT) + 1 - len(pattern)), 1).replace("*", "")
    return text.ljust(len(ACCOUNT), "0") if pattern.endswith("*") else text


def _allowed(problem: _Problem, policies: Policies) -> list[list[int]]:
    found: list[list[int]] = []
    for group in _groups(policies):
        found.append([problem.applies(r) for r in group if r.statement.effect is Effect.ALLOW])
        found += [[-problem.applies(r)] for r in group if r.statement.effect is Effect.DENY]
    return found


def _not_allowed(problem: _Problem, policies: Policies) -> list[list[int]]:
    ways: list[int] = []
    clauses: list[list[int]] = []
    for group in _groups(policies):
        ways += [problem.applies(r) for r in group if r.statement.effect is Effect.DENY]
        none = problem.variable()
        ways.append(none)
        allows = [r for r in group if r.statement.effect is Effect.ALLOW]
        clauses += [[-none, -problem.applies(r)] for r in allows]
    return [*clauses, ways]


@cache
def _actions(patterns: tuple[str, ...]) -> Sequence[Action]:
    return [action for pattern in patterns for action in load().expand(pattern)]


def answer(
    allowed: Policies,
    denied: Policies | None,
    outside: Sequence[str],
    credential: CallerCredential,
    among: Sequence[str] = ("*",),
) -> Request | None:
    """Return a request of a real action that the one allows and the other does not, or None.

    Args:
        allowed: what must allow it.
        denied: what must not; None: nothing is demanded.
        outside: patterns of actions that it must not be.
        held: what the caller signs with.
        among: the actions that are looked at.
    """
    sets = [allowed] if denied is None else [allowed, denied]
    rules = [rule for policies in sets for group in _groups(policies) for rule in group]
    for owner in _owners(rules):
        problem = _Problem(rules, Element(tuple(outside)), credential, tuple(among), owner)
        clauses = _allowed(problem, allowed)
        if denied is not None:
            clauses += _not_allowed(problem, denied)
        problem.clauses += clauses
        found = problem.solved()
        if found is not None:
            assert _is_allowed(found, allowed)
            assert denied is None or not _is_allowed(found, denied)
            return found
    return None
