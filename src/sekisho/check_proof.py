"""Checks a certificate of a proof about IAM policies; needs Python 3.11 and nothing else.

    python -I check_proof.py POLICY... CERTIFICATE [--claim enforced] [--exempt ACTION] ...

It shares nothing with the program that made the certificate. It reads the policies itself, asks
for every branch of the case tree, and decides itself whether each leaf contradicts itself. A
request is an action and a resource (plain texts) and context keys. A claim says that a part of a
statement holds of the request, or fails. A leaf names an attribute whose claims no value meets.
What is not understood, or not documented, may hold and may fail, in an Allow as in a Deny; only
that it is the same where it is written the same is used. See docs/reference/certificates.md.
"""

import argparse
import hashlib
import ipaddress
import json
import math
import operator
import re
import sys
from collections import defaultdict, namedtuple
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import cache, cached_property, lru_cache, partial
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

SCHEMA = "sekisho.certificate/1"
ENFORCED, NOTHING_ALLOWED, NO_NEW_ACCESS = "enforced", "nothing-allowed", "no-new-access"
READINGS = ("per-segment", "whole-string")  # of wildcards in the first five parts of a resource
MOST_TRIED = 250_000  # characters that one leaf may try; a leaf that needs more is refused
ELEMENTS = ("action", "resource")
_NAMES = {"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"}
PRESENT = "is there"  # an operator of trees alone


class UnreadableError(ValueError):
    """A policy, a certificate or an argument cannot be read."""


class RefusedError(ValueError):
    """A step of a certificate does not prove what it must."""


class Part(NamedTuple):
    """One part of a statement: its action, its resource, or one condition."""

    attribute: str  # `action`, `resource`, or a key in lower case
    operator: str  # as written; of actions and resources the name of the element
    values: tuple[str, ...]
    variables: bool = True  # whether the document has policy variables


class Statement(NamedTuple):
    """A statement: it applies where all its parts hold."""

    reference: str
    allows: bool
    parts: tuple[Part, ...]


Layer = namedtuple("Layer", "name hashes statements")
"""Documents that together must allow: those of an identity, a boundary, a level of SCPs."""
Claims = Sequence[tuple[Part, bool]]  # parts, each with whether it holds or fails
_Group = list[tuple[Part, bool]]


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs):
        raise UnreadableError("a name is written twice in one object")
    return dict(pairs)


def read_json(text: str) -> Any:
    """Return the value of a JSON text, with numbers as texts; a repeated name is an error."""
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_int=str, parse_float=str)
    except (json.JSONDecodeError, RecursionError) as error:
        raise UnreadableError(f"no JSON: {error}") from error


def _texts(value: Any) -> tuple[str, ...]:
    value = value if isinstance(value, list) else [value]
    texts = [str(one).lower() if isinstance(one, bool) else one for one in value]
    if not all(isinstance(one, str) for one in texts):
        raise UnreadableError(f"neither a text nor a list of texts: {value!r:.80}")
    return tuple(texts)


def _statement(value: Any, reference: str, variables: bool = True) -> Statement:
    if not isinstance(value, dict) or not set(value) <= _NAMES:
        raise UnreadableError(f"{reference}: no statement of an identity's policy")
    parts: list[Part] = []
    for element in ("Action", "Resource"):
        written = [name for name in (element, f"Not{element}") if name in value]
        if len(written) != 1 or value.get("Effect") not in ("Allow", "Deny"):
            raise UnreadableError(f"{reference}: no Effect, Action or Resource, or two of them")
        texts = _texts(value[written[0]])
        if written[0] != element or "*" not in texts:  # what always holds is no part
            parts.append(Part(element.lower(), written[0], texts, variables))
    block = value.get("Condition", {})
    for name, keys in block.items() if isinstance(block, dict) else [("", {"": ""})]:
        lower = {key.lower() for key in keys} if isinstance(keys, dict) else {""}
        if lower & {"", *ELEMENTS} or name in {*_NAMES, PRESENT} or len(lower) < len(keys):
            raise UnreadableError(f"{reference}: the Condition, at {name}")
        parts += [Part(key.lower(), name, _texts(each), variables) for key, each in keys.items()]
    return Statement(reference, value["Effect"] == "Allow", tuple(parts))


def layer_of(name: str, documents: Iterable[Any]) -> Layer:
    """Return a layer: `identity`, `boundary/N`, `session`, `scp/LEVEL`, or `old_…` of these."""
    hashes: list[str] = []
    statements: list[Statement] = []
    for at, document in enumerate(documents):
        known = isinstance(document, dict) and set(document) <= {"Version", "Id", "Statement"}
        version = document.get("Version", "2008-10-17") if known else None
        listed = document.get("Statement") if version in ("2008-10-17", "2012-10-17") else None
        listed = [listed] if isinstance(listed, dict) else listed
        if not isinstance(listed, list):
            raise UnreadableError(f"{name}.{at}: no policy document")
        new = version == "2012-10-17"
        read = [_statement(one, f"{name}.{at}.{n}", new) for n, one in enumerate(listed)]
        statements += read
        # a certificate is bound to the content of a document, as it is read here
        text = json.dumps([[one.allows, one.parts] for one in read])
        hashes.append(hashlib.sha256(text.encode()).hexdigest())
    return Layer(name, hashes, statements)


Operator = namedtuple("Operator", "quantifier family negated compare if_exists")
"""What an operator's name says; the family of values is `unknown` if it is not understood."""
_COMPARE = {"Equals": operator.eq, "LessThan": operator.lt, "LessThanEquals": operator.le}
_COMPARE |= {"GreaterThan": operator.gt, "GreaterThanEquals": operator.ge}
_FAMILIES = {"StringEquals": "exact", "StringEqualsIgnoreCase": "ignore", "StringLike": "like"}
_FAMILIES |= {"ArnEquals": "arn", "ArnLike": "arn", "Bool": "bool", "IpAddress": "address"}
_FAMILIES |= {f"Numeric{one}": "number" for one in _COMPARE}
_FAMILIES |= {"Null": "null", **{f"Date{one}": "date" for one in _COMPARE}}
_NEGATED = {"StringNotEquals", "StringNotEqualsIgnoreCase", "StringNotLike", "NotIpAddress"}
_NEGATED |= {"ArnNotEquals", "ArnNotLike", "NumericNotEquals", "DateNotEquals"}
_WRITTEN = re.compile(r"(?:(ForAllValues|ForAnyValue):)?(.*?)(IfExists)?\Z", re.DOTALL)
_NO_VALUES = ("null", "present", "unknown")


@cache
def operator_of(name: str) -> Operator:
    """Return the parts of an operator's name; for an element, such as `NotAction`, of its name."""
    if name in _NAMES or name == PRESENT:
        family = "present" if name == PRESENT else name.removeprefix("Not").lower()
        return Operator("", family, name.startswith("Not"), "", if_exists=False)
    quantifier, base, if_exists = next(_WRITTEN.finditer(name)).groups()
    plain = base.replace("Not", "") if base in _NEGATED else base
    family = _FAMILIES.get(plain, "unknown")
    if family in _NO_VALUES and (if_exists or quantifier):
        family = "unknown"
    compare = re.sub("Numeric|Date", "", plain)
    return Operator(quantifier or "", family, plain != base, compare, bool(if_exists))


def _by_presence(part: Part, present: bool) -> bool | None:
    """Return whether a condition holds, by the presence of its key; None if that is not known."""
    quantifier, family, negated, _, if_exists = operator_of(part.operator)
    if family == "present":
        return present
    if family == "null":
        found = {{"true": not present, "false": present}.get(text.lower()) for text in part.values}
        return True if True in found else False if found == {False} else None
    if family == "unknown" or (not part.values and (negated or not (quantifier or if_exists))):
        return None
    if present:
        return None if part.values else False  # an empty list
    if quantifier == "ForAnyValue":
        return None if if_exists else False
    return bool(quantifier == "ForAllValues" or if_exists or negated)


# Tokens are the characters that may stand at one place (one, or a letter in both its cases), or:
STAR, ANY, PART_STAR, PART_ANY = _WILD = ("**", "??", "*:", "?:")  # the last two without colons


class Variable(NamedTuple):
    """A policy variable in a pattern, its key in lower case."""

    key: str
    default: str | None = None


class Pattern(NamedTuple):
    """A set of texts: those that one of its shapes matches."""

    written: str
    shapes: tuple["Tokens", ...]
    free: bool = False  # it may match less; two free patterns that are equal are the same set


Tokens = tuple[str | Variable, ...]
_TOKEN = re.compile(r"\$\{(?:([*?$])|([^\s,'${}*?]+)(?:, ?'([^'$}]*)')?)\}|(.)", re.DOTALL)
_COLON = re.compile(r":(?![^{]*\})")


def _tokens(text: str, stars: Mapping[str, str], *, variables: bool) -> Tokens | None:
    """Return the tokens of a text; None if a variable in it cannot be read."""
    if not variables:
        return tuple(stars.get(one, one) for one in text)
    found: list[str | Variable] = []
    for escaped, key, default, plain in (match.groups() for match in _TOKEN.finditer(text)):
        found.append(Variable(key.lower(), default) if key else escaped or stars.get(plain, plain))
    return None if ("$", "{") in pairwise(found) else tuple(found)


def _arn_tokens(text: str, *, variables: bool, resource: bool) -> Tokens | None:
    """Return tokens that match an ARN part by part; None if AWS does not document its matches."""
    parts = _COLON.split(text, maxsplit=5) if variables else text.split(":", 5)
    if resource:
        # AWS documents neither case nor variables in the first parts
        if any("${" in one or one != one.lower() for one in parts[:5]):
            return None
        parts += ["*"] * (6 - len(parts))
    read = [_tokens(one, {"*": PART_STAR, "?": PART_ANY}, variables=variables) for one in parts[:5]]
    read += [_tokens(one, {"*": STAR, "?": ANY}, variables=variables) for one in parts[5:]]
    # AWS documents the case of ARNs in conditions, but no wildcard in the word itself
    undocumented = parts[0] != "arn" if resource else not parts[0].isalpha()
    if len(parts) < 6 or undocumented or None in read:
        return None
    return tuple(token for part in read for token in (":", *(part or ())))[1:]


@lru_cache(maxsize=100_000)
def pattern_of(text: str, family: str, variables: bool, reading: str) -> Pattern:
    """Return the set of texts that an entry matches; `family` as of its operator."""
    written = f"{family} {text} {variables}"
    wild = {"*": STAR, "?": ANY} if family in ("action", "resource", "like") else {}
    tokens = _tokens(text, wild, variables=variables and family != "action")
    free, shapes = False, [tokens]
    if family == "action":
        lower = text.lower()
        shapes = [_tokens("*" if lower == "*:*" else lower, wild, variables=False)]
        # AWS does not say what a wildcard in the service's place means
        free = lower not in ("*", "*:*") and bool({*"*?"} & {*lower.partition(":")[0]})
    elif family == "ignore" and tokens is not None:
        plain = text.isascii() and not any(isinstance(one, Variable) for one in tokens)
        cases = (f"{one}".lower() + f"{one}".upper() for one in tokens)
        shapes = [tuple(one[:1] if one[0] == one[1] else one for one in cases) if plain else None]
    elif family == "arn" or (family == "resource" and text != "*"):
        shapes = [_arn_tokens(text, variables=variables, resource=family == "resource")]
        shapes += [tokens] if reading == READINGS[1] and family == "resource" else []
    if None in shapes:
        return Pattern(written, ((STAR,),), free=True)
    return Pattern(written, tuple(shape for shape in shapes if shape is not None), free)


# Is there a text?
Clause = tuple[bool, frozenset[Pattern]]  # that a text is in one of these, or in none


class Machine:
    """Patterns run side by side over a text; a state is the set of places reached, as bits."""

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        """Lay out the places: before each token but stars, which let one stay, and at the end."""
        self.places: dict[str, int] = dict.fromkeys(_WILD, 0)
        self.own, self.ends = defaultdict[Pattern, int](int), defaultdict[Pattern, int](int)
        self.start = at = 0
        for pattern, shape in ((one, shape) for one in patterns for shape in one.shapes):
            first = at
            for token in shape:
                one = token if isinstance(token, str) else STAR  # what is not known is any text
                for each in (one,) if one in _WILD else one:
                    self.places[each] = self.places.get(each, 0) | 1 << at
                at += one not in (STAR, PART_STAR)
            self.start |= 1 << first
            self.own[pattern] |= (2 << at) - (1 << first)
            self.ends[pattern] |= 1 << at
            at += 1
        self.other = next(chr(one) for one in range(0xE000, 0xF900) if chr(one) not in self.places)

    def after(self, state: int) -> Iterator[tuple[str, int]]:
        """Yield one representative of each class of characters, with the state that follows."""
        near = {one for one, at in self.places.items() if at & state and len(one) == 1}
        for character in sorted(near | {":", self.other}):
            step, stay = self.places.get(character, 0) | self.places[ANY], self.places[STAR]
            if character != ":":
                step, stay = step | self.places[PART_ANY], stay | self.places[PART_STAR]
            yield character, (state & step) << 1 | state & stay


@lru_cache(maxsize=50_000)
def a_text(clauses: frozenset[Clause]) -> tuple[str | None, int]:
    """Return a text for which all clauses hold, None if there is none, and how many were tried."""
    forbidden = frozenset[Pattern]().union(*(each for holds, each in clauses if not holds))
    # a free pattern may be assumed not to match, but then it matches nowhere
    wanted = [patterns - forbidden for holds, patterns in clauses if holds]
    machine = Machine(forbidden.union(*wanted))
    alive = [sum(machine.own[one] for one in each) for each in wanted]
    ends = [sum(machine.ends[one] for one in each) for each in wanted]
    out = sum(machine.ends[one] for one in forbidden if not one.free)
    seen, queue, tried = {machine.start: ""}, [machine.start], 0
    for state in queue:
        if state & out & machine.places[STAR] or not all(state & one for one in alive):
            continue  # no further character can help
        if all(state & one for one in ends) and not state & out:
            return seen[state], tried
        for character, after in machine.after(state):
            tried += 1
            if after not in seen:
                seen[after] = seen[state] + character
                queue.append(after)
        if tried > MOST_TRIED:
            break
    return None, tried


_DATE = re.compile(r"(?a)\d{4}(-\d\d){0,2}|[\d-]{10}T\d\d(:\d\d){1,2}(\.\d{1,6})?(Z|[+-]\d\d:\d\d)")
_NUMBER = re.compile(r"(?a)[+-]?(\d{1,40}(\.\d{0,40})?|\.\d{1,40})([eE][+-]?\d{1,2})?")
_IPV6 = 1 << 32  # where the addresses of IPv6 begin: after those of IPv4


def value_of(text: str, family: str) -> tuple[Any, ...] | None:
    """Return the number or moment in a text; of a range its first address and the one after it."""
    try:
        if family == "address" and re.fullmatch(r"(?a)[^/%]+(/\d{1,3})?", text):
            network = ipaddress.ip_network(text, strict=False)
            first = int(network.network_address) + (network.version == 6) * _IPV6
            return first, first + network.num_addresses
        if family == "date" and _DATE.fullmatch(text):
            full = text if "T" in text else f"{text}{'-01-01'[len(text) - 4 :]}T00:00:00Z"
            since = datetime.fromisoformat(full) - datetime(1970, 1, 1, tzinfo=UTC)
            return (Fraction(since // timedelta(microseconds=1), 1_000_000),)
    except ValueError:
        return None
    if family == "bool":
        return (text.lower(),) if text.lower() in ("true", "false") else None
    written = {"number": _NUMBER, "date": re.compile(r"(?a)\d{1,15}")}.get(family)
    return (Fraction(text),) if written and written.fullmatch(text) else None


def truth(part: Part, value: Any) -> bool | None:
    """Return whether a condition holds of `true`, a number, moment or address; None: not known."""
    _, family, negated, compare, _ = operator_of(part.operator)
    compared = _COMPARE.get(compare, operator.eq)
    read = [value_of(text, family) for text in part.values]
    if family == "address":
        found = [one and one[0] <= value < one[1] for one in read]
    else:
        found = [one and compared(value, one[0]) for one in read]
    held = True if True in found else None if None in found or not found else False
    return held if held is None else held != negated


@cache
def is_no_name(text: str) -> bool:
    """Return whether an entry is one resource with a name that AWS does not accept."""
    return not {*"*?$"} & {*text} and any(re.fullmatch(one, text) for one in FACTS["names"]["none"])


def _points(family: str, claims: Claims) -> list[Any]:
    """Return values that represent all others: the conditions cannot distinguish more."""
    read = [value_of(text, family) for part, _ in claims for text in part.values]
    ends = sorted({0, _IPV6}.union(*(one for one in read if one)))
    points = [*ends, *(Fraction(one + two) / 2 for one, two in pairwise(ends))]
    points += [ends[0] - 1, ends[-1] + 1]
    if family == "number" and all(
        part.attribute in FACTS["integers"]["keys"] for part, _ in claims
    ):
        points = [n for one in points for n in range(math.floor(one) - 1, math.ceil(one) + 2)]
    return [one for one in points if family != "address" or 0 <= one < _IPV6 + (1 << 128)]


# What is claimed
_RAW = Path(__file__).with_name("check_proof_facts.json").read_bytes()
FACTS: Mapping[str, Any] = json.loads(_RAW)  # what AWS guarantees about requests and their keys


@cache
def listed_type(key: str) -> str:
    """Return the type of a key in AWS's lists; "" if it is in none, `several` if it is a list."""
    found = (kind for start, kind in FACTS["starts"].items() if key.startswith(start))
    return str(FACTS["keys"].get(key) or next(found, ""))


_WITHOUT_MFA = {
    "claim.mfa": {"Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}},
    "claim.console": FACTS["console"],  # the console's own sign-in, which no credential signs
}
_DENY = {"Effect": "Deny", "Action": "*", "Resource": "*"}
_HOURS = {"CurrentTime": 0, "EpochTime": 0, "TokenIssueTime": 36}  # which no session outlives
_FEDERATION = "sts:GetFederationToken"
_NO_POLICY_DENIES = ("sts:GetSessionToken", "sts:GetCallerIdentity")


def makes_sessions(actions: Iterable[str]) -> bool:
    """Return whether one of some patterns of actions may match sts:GetFederationToken."""
    of_call, *given = (
        frozenset([pattern_of(one, "action", False, "")]) for one in (_FEDERATION, *actions)
    )
    return any(a_text(frozenset([(True, of_call), (True, one)]))[0] is not None for one in given)


@dataclass(frozen=True)
class Claim:
    """The claim that no request is allowed, except those that it leaves out."""

    kind: str
    layers: tuple[Layer, ...]
    old: tuple[Layer, ...] = ()  # before the change
    exempt: tuple[str, ...] = ()  # patterns of actions
    calls: str = "all"  # or `direct`, or `via-service`
    role: bool = False  # whether sessions of a role call, and no user
    known: Mapping[str, str] = field(default_factory=dict)  # keys of every request, in lower case
    all_tags: bool = False  # whether the caller has no tags but those that are known
    since: str = ""  # the earliest time of a request
    federated: bool = False  # whether sessions of GetFederationToken call, and no user
    alone: bool = False  # whether the sessions that the user's key makes are not asked about

    @cached_property
    def own(self) -> dict[str, Statement]:
        """The Deny statements that the claim itself consists of."""
        without_mfa = self.kind != NO_NEW_ACCESS
        exempt = [*self.exempt, *(_NO_POLICY_DENIES * without_mfa)]
        denied: dict[str, Any] = {**(_WITHOUT_MFA if without_mfa else {})}
        denied |= {"claim.exempt": {"Action": exempt}} if exempt else {}
        other = {"direct": "true", "via-service": "false"}.get(self.calls)
        calls = {"Condition": {"Bool": {"aws:ViaAWSService": other}}}
        denied |= {"claim.calls": calls} if other else {}
        for key, hours in _HOURS.items() if self.since else ():
            text = (datetime.fromisoformat(self.since) - timedelta(hours=hours)).isoformat()
            denied[f"claim.{key}"] = {"Condition": {"DateLessThan": {f"aws:{key}": text}}}
        whole = {name: one if "Effect" in one else {**_DENY, **one} for name, one in denied.items()}
        return {name: _statement(one, name) for name, one in whole.items()}

    @cached_property
    def by_caller(self) -> tuple["Claim", ...]:
        """The claim, and the same of the sessions that a user's key can make without MFA."""
        # where the call is not exempt, it is not allowed either, and there is no such session
        none = self.kind != NO_NEW_ACCESS and not makes_sessions(self.exempt)
        if none or self.role or self.federated or self.alone:
            return (self,)
        known = {key: one for key, one in self.known.items() if key == "aws:principalaccount"}
        return (self, replace(self, federated=True, known=known, all_tags=False))

    @cached_property
    def statements(self) -> Mapping[str, Statement]:
        """The statements of the policies and of the claim, by reference."""
        layers = (*self.layers, *self.old)
        return self.own | {one.reference: one for layer in layers for one in layer.statements}

    def _in_scope(self, written: Mapping[str, Any]) -> bool:
        caller = "role" if self.role else "federated" if self.federated else "user"
        return {*written.get("scope", ())} <= {caller, self.calls}

    def fact(self, name: str) -> Statement:
        """Return a fact about the requests of the claim; one about a tag is named `id@tag`."""
        base, at, tag = name.partition("@")
        written = FACTS["facts"].get(base, {"scope": ["nothing"], "statement": {}})
        text = json.dumps(written["statement"])
        clear = bool(at) == ("{tag}" in text) and re.fullmatch(r"[\w .:/=+-]*", tag)
        if not clear or not self._in_scope(written):
            raise RefusedError(f"there is no fact {name} about these requests")
        return _statement({**_DENY, **json.loads(text.replace("{tag}", tag))}, f"fact.{name}")

    @cached_property
    def always(self) -> Mapping[str, str]:
        """The facts that a key is always present, by key."""
        found = [(one, name) for name, one in FACTS["facts"].items() if "always" in one]
        return {one["always"]: name for one, name in found if self._in_scope(one)}


# Does a branch contradict itself?
def _held(statement: Statement) -> _Group:
    return [(part, True) for part in statement.parts]


def _all(claims: Claims, found: Callable[[Part], bool | None]) -> bool:
    """Return whether `found` agrees with each claim about its part, or does not know (None)."""
    return all(found(part) in (None, holds) for part, holds in claims)


@lru_cache(maxsize=100_000)
def _lone(part: Part, holds: bool) -> str | Variable | None:
    """Return the text or variable that a claim says its key equals; None if it says none."""
    quantifier, family, negated, _, if_exists = operator_of(part.operator)
    excused = quantifier or (if_exists and holds) or holds == negated
    if family not in ("exact", "like") or len(part.values) != 1 or excused:
        return None
    tokens = pattern_of(part.values[0], family, part.variables, "").shapes[0]
    if len(tokens) == 1 and isinstance(tokens[0], Variable):
        return tokens[0]
    texts = [one for one in tokens if isinstance(one, str) and len(one) == 1]
    return "".join(texts) if len(texts) == len(tokens) else None


_AN_ARN = (True, frozenset([pattern_of("arn:*:*:*:*:*", "arn", False, "")]))
_KINDS = {"bool": "Bool", "number": "Numeric", "date": "Date", "address": "IP", "arn": "ARN"}


class Branch:
    """The claims of one branch of a case tree; its contradictions rest on the `premises`."""

    def __init__(self, claim: Claim, reading: str) -> None:
        """Begin with the claims that follow from the claim to prove."""
        self.claim, self.reading, self.premises, self.tried = claim, reading, set[str](), 0
        self.trail, self.by_attribute = _Group(), defaultdict[str, _Group](_Group)
        self.add([(one.parts[0], False) for one in claim.own.values() if len(one.parts) == 1])
        for key, text in claim.known.items():
            self.add([(Part(key, "StringEquals", (text,), False), True)])

    def add(self, claims: Claims) -> None:
        """Add claims; a claim that two keys are equal is also kept under `=`."""
        for one in claims:
            self.trail.append(one)
            for name in (one[0].attribute, *("=" * isinstance(_lone(*one), Variable))):
                self.by_attribute[name].append(one)

    def undo(self, mark: int) -> None:
        """Remove all claims except the first `mark` ones."""
        while len(self.trail) > mark:
            one = self.trail.pop()
            for name in (one[0].attribute, *("=" * isinstance(_lone(*one), Variable))):
                self.by_attribute[name].pop()

    def present(self, key: str) -> bool:
        """Return whether a key is certainly present."""
        found = not _all(self.by_attribute[key], partial(_by_presence, present=False))
        if not found and key in self.claim.always:
            self.premises.add(f"fact.{self.claim.always[key]}")
        return found or key in self.claim.always

    def absent(self, key: str) -> bool:
        """Return whether a key is certainly absent."""
        tag = key.startswith("aws:principaltag/") and key not in self.claim.known
        split = (Part(key, PRESENT, ()), False) in self.by_attribute[key]
        return split or (tag and self.claim.all_tags)

    def _single(self, key: str) -> bool:
        """Return whether a key has one value: it is the caller's, or AWS lists it as single."""
        single = key in self.claim.known or listed_type(key) not in ("", "several")
        self.premises |= {f"listed {key}"} if single and not key.startswith("aws:") else set()
        return single

    def same(self, key: str) -> list[str]:
        """Return the keys that have the same value as this one, itself first."""
        pairs = []
        for part, holds in self.by_attribute["="]:
            other = _lone(part, holds)
            if isinstance(other, Variable) and (other.default is None or self.present(other.key)):
                both = [(part.attribute, other.key), (other.key, part.attribute)]
                pairs += both * self._single(part.attribute)
        found = [key]
        for one in found:
            found += dict.fromkeys(to for at, to in pairs if at == one and to not in found)
        return found

    def _put(self, token: str | Variable) -> Tokens | None:
        """Return the tokens to put for a token; None if a pattern with it can match nothing."""
        if isinstance(token, str):
            return (token,)
        keys = self.same(token.key)
        texts = ((one, _lone(*claim)) for one in keys for claim in self.by_attribute[one])
        for one, text in texts:
            if isinstance(text, str) and self._single(one):
                return tuple(text)
        if self.absent(token.key):
            return None if token.default is None else tuple(token.default)
        settled = token.default is None or self.present(token.key)
        # keys that are equal have one name
        return (Variable(min(keys), None if settled else token.default),)

    def _resolved(self, pattern: Pattern, attribute: str) -> Pattern:
        """Return a pattern for `attribute` with values in place of the variables that are known."""
        if all(isinstance(token, str) for shape in pattern.shapes for token in shape):
            return pattern
        put = [[self._put(token) for token in shape] for shape in pattern.shapes]
        shapes = tuple(
            tuple(t for each in one for t in each or ()) for one in put if None not in one
        )
        every = [token for shape in shapes for token in shape if token != STAR]
        left = [token for token in every if isinstance(token, Variable)]
        free = pattern.free or bool(left)
        if len(shapes) == len(left) == len(every) == 1 and left[0].key in self.same(attribute):
            free = left[0].default is not None or not self.present(left[0].key)  # its own value
        return Pattern(f"{pattern.written.partition(' ')[0]} {shapes}", shapes, free)

    def _clause(self, part: Part, holds: bool) -> Clause | None:
        _, family, negated, _, _ = operator_of(part.operator)
        named_by = family == "resource" and holds != negated
        named = [one for one in part.values if not (named_by and is_no_name(one))]
        self.premises |= {"names"} if len(named) < len(part.values) else set()
        read = [pattern_of(text, family, part.variables, self.reading) for text in named]
        tokens = {token for one in read for shape in one.shapes for token in shape}
        keys = [one.key for one in tokens if isinstance(one, Variable) and one.default is None]
        # AWS does not say what an entry of NotResource does whose variable has no value
        if not part.values or (part.operator == "NotResource" and not all(map(self.present, keys))):
            return None
        return holds != negated, frozenset(self._resolved(one, part.attribute) for one in read)

    def clauses(self, claims: Claims) -> frozenset[Clause]:
        """Return the clauses on one text that follow from claims."""
        return frozenset(one for claim in claims if (one := self._clause(*claim)) is not None)

    def contradicts(self, attribute: str, facts: Sequence[str] = ()) -> bool:
        """Return whether no value of an attribute meets its claims and these one-part facts."""
        mark = len(self.trail)
        used = [self.claim.fact(name) for name in facts]
        if attribute == "=" or any(len(one.parts) != 1 for one in used):
            raise RefusedError("no attribute, or no fact of one part: that is a step of its own")
        self.premises |= {one.reference for one in used}
        self.add([(one.parts[0], False) for one in used])
        try:
            keys = [attribute] if attribute in ELEMENTS else self.same(attribute)
            claims = [one for key in keys for one in self.by_attribute[key]]
            holding = {part for part, holds in claims if holds}
            if any(part in holding for part, holds in claims if not holds):
                return True  # one and the same part
            if attribute in ELEMENTS:
                return not self._meets("", claims)
            return not self._has_value(keys, claims)
        finally:
            self.undo(mark)

    def _has_value(self, keys: list[str], claims: Claims) -> bool:
        """Return whether equal keys can be present or absent such that all claims hold."""
        if len(keys) == 1:
            if self.absent(keys[0]) or _all(claims, partial(_by_presence, present=False)):
                return _all(claims, partial(_by_presence, present=False))
            if not self._single(keys[0]):
                return self._has_values(keys, claims)
        return not all(self._single(key) for key in keys) or self._has_one(keys, claims)

    def _has_values(self, keys: list[str], claims: Claims) -> bool:
        """Return whether a list of values meets all claims but those of operators for one value."""
        of_all, of_any = _Group(), _Group()
        for part, holds in claims:
            quantifier, family, *_ = operator_of(part.operator)
            if quantifier or family in _NO_VALUES:
                every = family in _NO_VALUES or (quantifier == "ForAllValues") == holds
                (of_all if every else of_any).append((part, holds))
        tried = [[*of_all, one] for one in of_any] or [of_all]
        return all(self._has_one(keys, each) for each in tried)

    def _has_one(self, keys: list[str], claims: Claims) -> bool:
        """Return whether one value meets all claims."""
        kinds = [listed_type(key) for key in keys if listed_type(key) not in ("", "several")]
        if kinds and kinds[0] != "String":
            return self._meets(kinds[0], claims)
        empty = (Part(keys[0], "StringEquals", ("",)), True)
        for_all = [one for one in claims if one[0].operator.startswith("ForAllValues:")]
        met = for_all if all(holds for _, holds in for_all) else []  # by an empty text
        lenient = [empty, *(one for one in claims if one not in met)]
        if self._meets("String", claims) or self._meets("String", lenient):
            return True
        # AWS does not say whether an empty text is absent to Null
        nulls = [one for one in lenient if one[0].operator == "Null"]
        if nulls and _all(nulls, partial(_by_presence, present=False)):
            lenient = [one for one in lenient if one not in nulls]
            self.premises |= {f"empty {key}" for key in keys if self._meets("String", lenient)}
        return False

    def _meets(self, kind: str, claims: Claims) -> bool:
        """Return whether one value of the given type, or one text, meets all claims."""
        if not _all(claims, partial(_by_presence, present=True)):
            return False
        groups: dict[str, _Group] = {"text": [], "bool": []}
        for part, holds in claims:
            family = operator_of(part.operator).family
            if family not in _NO_VALUES and _KINDS.get(family, kind) == kind:
                group = family if family in _KINDS and family != "arn" else "text"
                groups.setdefault(group, []).append((part, holds))
        texts, bools = self.clauses(groups.pop("text")), groups.pop("bool")
        of_type: list[set[Clause]] = [{_AN_ARN} if kind == "ARN" else set()]
        if kind == "Bool":
            values = (one for one in ("true", "false") if _all(bools, partial(truth, value=one)))
            of_type = [{(True, frozenset([pattern_of(one, "exact", False, "")]))} for one in values]
        for family, each in groups.items():
            of_numbers = family == "number" and each[0][0].attribute in FACTS["integers"]["keys"]
            self.premises |= {"integers"} if of_numbers else set()
            if not any(_all(each, partial(truth, value=at)) for at in _points(family, each)):
                return False
        return any(self._has_text(texts | one) for one in of_type)

    def _has_text(self, clauses: frozenset[Clause]) -> bool:
        text, tried = a_text(clauses)
        self.tried += tried
        if tried > MOST_TRIED:
            raise RefusedError("a leaf takes too long")
        return text is not None


# The case tree
Opened = frozenset[str]  # layers of the old policies of which no Allow statement applies
Valid = namedtuple("Valid", "premises")  # the proof holds, on these premises
Invalid = namedtuple("Invalid", "reason path", defaults=((),))  # and the branches down to the fault


def branches(branch: Branch, step: Sequence[str], opened: Opened) -> list[tuple[_Group, Opened]]:
    """Return the claims and open layers of each branch of a step; all branches must be closed."""
    claim = branch.claim
    layers = {one.name: one.statements for one in claim.layers}
    match [*step]:
        case ["allowed", name] if name in layers and (name, claim.kind) != ("identity", ENFORCED):
            branch.premises.add(f"layer {name}")
            return [(_held(one), opened) for one in layers[name] if one.allows]
        case ["not", reference]:
            held = _held(_not_applying(branch, reference, opened))
            # each part is the first that fails
            return [([*held[:at], (part, False)], opened) for at, (part, _) in enumerate(held)]
        case ["split", key] if key not in ELEMENTS:
            return [([(Part(key, PRESENT, ()), there)], opened) for there in (True, False)]
        case ["old"] if claim.kind == NO_NEW_ACCESS:
            denies = [one for layer in claim.old for one in layer.statements if not one.allows]
            none = [(_Group(), opened | {layer.name}) for layer in claim.old]
            return [*((_held(one), opened) for one in denies), *none]
    raise RefusedError("there is no such step here")


def _not_applying(branch: Branch, reference: str, opened: Opened) -> Statement:
    """Return a statement that does not apply to a request in this branch."""
    if reference.startswith("fact."):
        branch.premises.add(reference)
        return branch.claim.fact(reference.removeprefix("fact."))
    statement = branch.claim.statements.get(reference)
    layer = next((one.name for one in branch.claim.old if statement in one.statements), "")
    if statement is None or statement.allows != bool(layer) or (layer and layer not in opened):
        raise RefusedError(f"{reference} is not there, or may apply here")
    return statement


def check(claim: Claim, certificate: Any) -> Valid | Invalid:
    """Return whether a certificate, as `read_json` returns it, shows a claim."""
    trees = certificate.get("trees") if isinstance(certificate, dict) else None
    if not isinstance(trees, dict) or certificate.get("schema") != SCHEMA:
        return Invalid(f"this is no {SCHEMA}")
    bound = {one.name: one.hashes for one in (*claim.layers, *claim.old)}
    if certificate.get("policies") != bound or len(bound) < len(claim.layers + claim.old):
        return Invalid("the certificate is about other policies (their hashes differ)")
    asked = [(each, one) for each in claim.by_caller for one in READINGS]
    found = [check_tree(each, tree_of(trees, each, one), one) for each, one in asked]
    premises = {premise for one in found if isinstance(one, Valid) for premise in one.premises}
    wrong = [one for one in found if isinstance(one, Invalid)]
    return wrong[0] if wrong else Valid(tuple(sorted(premises)))


def tree_of(trees: Mapping[str, Any], claim: Claim, reading: str) -> Any:
    """Return the tree of a caller and a reading: its own, or one that is of several."""
    of_all = trees.get(reading, trees.get("any"))
    return trees.get(f"federated {reading}", of_all) if claim.federated else of_all


def check_tree(claim: Claim, steps: Any, reading: str) -> Valid | Invalid:
    """Return whether the steps of a tree close all branches, under a reading."""
    branch = Branch(claim, reading)
    todo: list[Any] = [(len(branch.trail), ((), frozenset()), ())]
    for number, step in enumerate(steps if isinstance(steps, list) else ()):
        texts = [*map(str, step)] if isinstance(step, list) else []
        if not todo or not texts:
            return Invalid(f"step {number} is none, or closes no branch")
        mark, (claims, opened), path = todo.pop()
        branch.undo(mark)
        branch.add(claims)
        mark = len(branch.trail)
        try:
            if texts[0] != "leaf":
                below = [*enumerate(branches(branch, texts, opened))]
                todo += [(mark, one, (*path, f"{texts} [{at}]")) for at, one in reversed(below)]
            elif not branch.contradicts(texts[1], texts[2:]):
                return Invalid(f"step {number}, {texts}: nothing here contradicts itself", path)
        except (RefusedError, IndexError) as error:
            return Invalid(f"step {number}, {texts}: {error}", path)
    return Invalid("a branch is left open", todo[-1][2]) if todo else Valid(tuple(branch.premises))


def known_of(arn: str, kind: str = "user|role") -> dict[str, str]:
    """Return the context keys that follow from a user's or role's ARN."""
    written = re.fullmatch(rf"arn:[a-z-]+:iam::(\d{{12}}):({kind})/(?:.*/)?([^/]+)", arn)
    if not written:
        raise UnreadableError(f"{arn}: no ARN of a {kind.replace('|', ' or ')}")
    known = {"aws:principalarn": arn, "aws:principalaccount": written[1]}
    user = {"aws:principaltype": "User", "aws:username": written[3]}
    return known | (user if written[2] == "user" else {"aws:principaltype": "AssumedRole"})


def premise_of(premise: str) -> Mapping[str, str]:
    """Return the text of a premise, its page, and the assumption that it rests on, if any."""
    name = re.split("[ @]", premise.removeprefix("fact."))[0]
    fact = FACTS["facts"].get(name) or FACTS["premises"].get(name) or FACTS[name]
    return {name: fact[name] for name in ("says", "page", "assumed") if name in fact}


def _layers(identity: Iterable[str], options: Mapping[str, Any], old: str) -> tuple[Layer, ...]:
    files = {"identity": [*identity]}
    files |= {f"boundary/{at}": [name] for at, name in enumerate(options[f"{old}boundary"])}
    files |= {"session": options[f"{old}session"]} if options[f"{old}session"] else {}
    for level, _, name in (text.partition("=") for text in options[f"{old}scp"]):
        files.setdefault(f"scp/{level}", []).append(name)
    return tuple(
        layer_of(f"{old}{name}", [read_json(Path(one).read_text(encoding="utf-8")) for one in each])
        for name, each in files.items()
    )


def claim_of_arguments(arguments: Sequence[str]) -> tuple[Claim, str]:
    """Return the claim of a command line, and the name of the certificate."""
    parser = argparse.ArgumentParser(prog="check_proof.py", description=__doc__.partition("\n")[0])
    parser.add_argument("files", nargs="+", help="identity policies, then the certificate")
    kinds, layers = (ENFORCED, NOTHING_ALLOWED, NO_NEW_ACCESS), ("boundary", "session", "scp")
    parser.add_argument("--claim", choices=kinds, default=ENFORCED)
    for name in ("exempt", "known", *layers, "old", *(f"old-{one}" for one in layers)):
        parser.add_argument(f"--{name}", action="append", default=[])
    parser.add_argument("--calls", choices=("direct", "via-service", "all"), default="all")
    parser.add_argument("--all-tags", action="store_true")
    parser.add_argument("--since", default="")
    caller = parser.add_mutually_exclusive_group()
    caller.add_argument("--user-arn")
    caller.add_argument("--role")
    options = vars(parser.parse_args(arguments))
    if options["claim"] != NO_NEW_ACCESS and any(options[one] for one in options if "old" in one):
        raise UnreadableError(f"--old and its like are for --claim {NO_NEW_ACCESS} alone")
    for text in (*options["known"], *options["scp"], *options["old_scp"]):
        if text.find("=") < 1:
            raise UnreadableError(f"{text} is neither KEY=VALUE nor LEVEL=FILE")
    arn, kind = options["role"] or options["user_arn"], "role" if options["role"] else "user"
    of_arn = known_of(arn, kind) if arn else {}
    given = (one.partition("=") for one in options["known"])
    known = _unique([*of_arn.items(), *((key.lower(), value) for key, _, value in given)])
    if kind == "role" and "aws:username" in known:
        raise UnreadableError("a role has no aws:username")
    old = _layers(options["old"], options, "old_") if options["claim"] == NO_NEW_ACCESS else ()
    rest = (
        tuple(options["exempt"]),
        options["calls"],
        kind == "role",
        known,
        options["all_tags"],
        options["since"],
    )
    *policies, name = options["files"]
    return Claim(options["claim"], _layers(policies, options, ""), old, *rest), name


def main(arguments: Sequence[str]) -> int:
    """Check a certificate; return the exit code."""
    try:
        claim, name = claim_of_arguments(arguments)
        verdict = check(claim, read_json(Path(name).read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        sys.exit(str(error))
    if isinstance(verdict, Invalid):
        print(f"not valid: {verdict.reason}", *verdict.path, sep="\n  ")
        return 3
    print(f"valid: {claim.kind}, on facts {hashlib.sha256(_RAW).hexdigest()}")
    for one in verdict.premises:
        print(f"  {one}:", *premise_of(one).values())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
