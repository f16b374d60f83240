"""The checker of certificates, as if it were wrong: each of its parts against something else.

Patterns against `re`, operators against the engine (the vectors: `test_check_proof.py`), trees
against claims that they do not show, certificates of which one thing is changed.
"""

import json
import random
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from functools import cache
from itertools import islice, product
from pathlib import Path
from typing import Any

import pytest

from prover.battery import ALICE, CASES, EXEMPT, Case
from prover.certified import claim
from sekisho import check_proof
from sekisho.check_proof import Branch, Claim, Invalid, Part, RefusedError, Valid
from sekisho.engine import AttachedPolicy, Context, DecisionEffect, Level, Policies, Request, decide
from sekisho.errors import SekishoError
from sekisho.policy import from_json
from sekisho.prover.certificates import Certificate, OpenLeaf, certify, no_new_access_claim

_TRUE = [case for case in CASES if case["expected"] == "true"]
_FALSE = [case for case in CASES if case["expected"] == "false"]

# -- patterns

_WHOLE, _BY_PARTS = "whole-string", "per-segment"
_TEXTS = ["".join(each) for size in range(6) for each in product("ab:", repeat=size)]
"""Every text of up to five of three letters: what the patterns can tell apart, nearly."""


@cache
def _expression(pattern: str) -> re.Pattern[str]:
    places = {"*": ".*", "?": "."}
    return re.compile("".join(places.get(each, re.escape(each)) for each in pattern), re.DOTALL)


@cache
def _texts_of(pattern: str) -> frozenset[str]:
    return frozenset(text for text in _TEXTS if _expression(pattern).fullmatch(text))


def _random_pattern(random_: random.Random) -> str:
    return "".join(random_.choice("aab:**?") for _ in range(random_.randint(0, 5)))


def _sets(patterns: Sequence[str]) -> frozenset[Any]:
    return frozenset(check_proof.pattern_of(each, "like", False, _BY_PARTS) for each in patterns)


def test_patterns_are_what_re_says() -> None:
    """Ten thousand: is there a text of one or two patterns, and of none of some others?"""
    random_ = random.Random("patterns")  # noqa: S311 - samples, no secrets
    empty = 0
    for _ in range(10_000):
        one, two = _random_pattern(random_), _random_pattern(random_)
        others = [_random_pattern(random_) for _ in range(random_.randint(0, 3))]
        wanted = [[one, two]] if random_.random() < 0.5 else [[one], [two]]
        clauses = {(True, _sets(each)) for each in wanted}
        if others:
            clauses.add((False, _sets(others)))
        found = check_proof.a_text(frozenset(clauses))[0]
        if found is None:
            empty += 1
            meeting = [frozenset[str]().union(*map(_texts_of, each)) for each in wanted]
            left = frozenset.intersection(*meeting).difference(*map(_texts_of, others))
            assert not left, (wanted, others, min(left, key=len))
        else:
            assert all(
                any(_expression(each).fullmatch(found) for each in some) for some in wanted
            ), (wanted, found)
            assert not any(_expression(each).fullmatch(found) for each in others), (others, found)
    assert 1000 < empty < 9000


def _arn_expression(entry: str, *, whole: bool) -> re.Pattern[str]:
    """Return what an ARN of an entry is: part by part, or as one text, too."""
    parts = entry.split(":", 5)
    parts += ["*"] * (6 - len(parts))
    places = {"*": "[^:]*", "?": "[^:]"}
    first = ["".join(places.get(each, re.escape(each)) for each in part) for part in parts[:5]]
    by_parts = ":".join([*first, _expression(parts[5]).pattern])
    either = f"(?:{by_parts})|(?:{_expression(entry).pattern})" if whole else by_parts
    return re.compile(either, re.DOTALL)


@pytest.mark.parametrize("reading", [_BY_PARTS, _WHOLE])
def test_entries_of_resources_are_what_re_says(reading: str) -> None:
    random_ = random.Random(reading)  # noqa: S311 - samples, no secrets
    matched = 0
    for _ in range(3000):
        entry = "arn:" + "".join(random_.choice("a:::*?") for _ in range(random_.randint(3, 8)))
        if random_.random() < 0.7:
            text = re.sub(r"\*", lambda _: random_.choice(["", "a", "a:", ":"]), entry)
            text = text.replace("?", random_.choice("a:"))
        else:
            text = "arn:" + "".join(random_.choice("a:::") for _ in range(random_.randint(3, 8)))
        pattern = check_proof.pattern_of(entry, "resource", False, reading)
        exact = check_proof.pattern_of(text, "exact", False, reading)
        found = check_proof.a_text(
            frozenset({(True, frozenset({one})) for one in (pattern, exact)})
        )[0]
        expected = _arn_expression(entry, whole=reading == _WHOLE).fullmatch(text) is not None
        assert (found is not None) is expected, (entry, text)
        matched += expected
    assert 300 < matched < 2700


def test_letters_are_letters() -> None:
    """No character but the two wildcards stands for another one."""
    for code in range(33, 127):
        letter = chr(code)
        pattern = check_proof.pattern_of(f"a{letter}", "like", False, _BY_PARTS)
        for other in (chr(each) for each in range(33, 127)):
            exact = check_proof.pattern_of(f"a{other}", "exact", False, _BY_PARTS)
            meet = check_proof.a_text(
                frozenset({(True, frozenset({pattern})), (True, frozenset({exact}))})
            )[0]
            assert (meet is not None) is (letter in ("*", "?") or letter == other), (letter, other)


# -- operators

_KEY = "aws:principaltag/k"
"""A key that AWS calls a text: no premise makes its values numbers or ARNs."""
_VALUES = {
    "String": ("x", "X", "", "x*", "xy", "é", "É", "ß", "a:b", "*", "?", "K", "k", "${*}"),
    "Numeric": (
        *("10", "10.0", "1e1", "010", "+10", "-1", ".5", "5.", "1_0", " 10", "٣", "0x10", "nan"),
        *("inf", "", "12345678901234567890", "0.1", "1/2", "10.5"),
    ),
    "Date": (
        *("2027", "2027-01", "2027-01-01", "2027-01-01T00:00Z", "2027-01-01T00:00:00Z", "-5", ""),
        *("2027-01-01T00:00:00.5Z", "2027-01-01T09:00:00+09:00", "1798761600", "1798761600.5"),
        *("20270101", "2027-01-01T00:00:00", "2027-1-1", "2027-W01", "2027-02-30", "0"),
    ),
    "Bool": ("true", "false", "TRUE", "False", "1", "yes"),
    "Ip": (
        *("203.0.113.9", "203.0.113.255", "203.0.114.0", "2001:db8::1", "::ffff:203.0.113.9", "::"),
        *("203.0.113", "203.0.113.009", "fe80::1%eth0", " 203.0.113.9", "255.255.255.255"),
    ),
    "Arn": (
        *("arn:aws:iam::1:user/a", "arn:aws:iam::1:user/a:b", "arn:aws:s3:::b:c", "arn:aws:s3"),
        *("a:b:c:d:e:f", "arn:aws:iam::1:USER/a", "ARN:aws:iam::1:user/a"),
    ),
}
_PATTERNS = {
    "Ip": (
        "203.0.113.0/24",
        "203.0.113.9/24",
        "203.0.113.9/33",
        "0.0.0.0/0",
        "::/0",
        "203.0.113.*",
    ),
    "Arn": ("arn:aws:iam::*:user/*", "arn:aws:iam:*:1:user/a", "arn:*", "*", "arn:aws:iam::?:*"),
}
_COMPARISONS = ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan")
_OPERATORS = {
    "String": ("Equals", "NotEquals", "EqualsIgnoreCase", "NotEqualsIgnoreCase", "Like", "NotLike"),
    "Numeric": (*_COMPARISONS, "GreaterThanEquals"),
    "Date": (*_COMPARISONS, "GreaterThanEquals"),
    "Bool": ("",),
    "Ip": ("IpAddress", "NotIpAddress"),
    "Arn": ("Equals", "Like", "NotEquals", "NotLike"),
}


def _conditions(random_: random.Random) -> Iterator[tuple[str, list[str], str | None]]:
    """Yield an operator, its values, and the value that a request has, or None."""
    while True:
        family = random_.choice([*_OPERATORS])
        base = random_.choice(_OPERATORS[family])
        name = base if family == "Ip" else f"{family}{base}"
        quantifier = random_.choice(("", "", "ForAllValues:", "ForAnyValue:"))
        values = [*_VALUES[family], *_PATTERNS.get(family, ())]
        written = random_.sample(values, random_.choice((1, 1, 2)))
        value = None if random_.random() < 0.1 else random_.choice(_VALUES[family])
        yield f"{quantifier}{name}{random_.choice(('', 'IfExists'))}", written, value


def _is_refused(operator: str, values: Sequence[str], value: str | None, *, holds: bool) -> bool:
    """Tell whether the checker says that a condition cannot hold, or cannot fail."""
    known = {} if value is None else {_KEY: value}
    branch = Branch(Claim("nothing-allowed", (), known=known), _BY_PARTS)
    if value is None:
        branch.add([(Part(_KEY, "Null", ("true",), True), True)])
    branch.add([(Part(_KEY, operator, tuple(values), True), holds)])
    try:
        return branch.contradicts(_KEY)
    except RefusedError:
        return False


def _engine_holds(operator: str, values: Sequence[str], value: str | None) -> bool:
    statement = {
        "Effect": "Allow",
        "Action": "*",
        "Resource": "*",
        "Condition": {operator: {_KEY: [*values]}},
    }
    policy = from_json({"Version": "2012-10-17", "Statement": statement})
    request = Request(ALICE, "a:B", "*", Context({} if value is None else {_KEY: value}))
    decision = decide(request, Policies(identity=(AttachedPolicy("p", policy),)))
    return decision.effect is DecisionEffect.ALLOWED


def test_operators_are_what_the_engine_says() -> None:
    """What the checker calls impossible is not so; and most of what is not so, it knows."""
    random_ = random.Random("operators")  # noqa: S311 - samples, no secrets
    known = asked = 0
    for operator, values, value in islice(_conditions(random_), 3000):
        try:
            holds = _engine_holds(operator, values, value)
        except SekishoError:
            continue
        assert not _is_refused(operator, values, value, holds=holds), (operator, values, value)
        asked += 1
        known += _is_refused(operator, values, value, holds=not holds)
    assert asked > 2000
    assert known > asked / 5


# -- trees


@cache
def _certificates() -> tuple[tuple[str, Certificate], ...]:
    found = [(case["id"], certify(claim(case))) for case in _TRUE]
    return tuple((name, one) for name, one in found if isinstance(one, Certificate))


def _rebound(of: Claim, trees: Any) -> Any:
    bound = {one.name: one.hashes for one in (*of.layers, *of.old)}
    return {"schema": check_proof.SCHEMA, "policies": bound, "trees": trees}


def test_no_tree_of_a_true_claim_shows_a_false_one() -> None:
    """Each false claim is offered the trees of twelve true ones, near to it in the battery."""
    certified = _certificates()
    order = {case["id"]: at for at, case in enumerate(CASES)}
    offered = 0
    for case in _FALSE:
        false = claim(case)
        near = sorted(certified, key=lambda one, at=order[case["id"]]: abs(order[one[0]] - at))
        for name, one in near[:12]:
            verdict = check_proof.check(false, _rebound(false, one.document["trees"]))
            assert isinstance(verdict, Invalid), (case["id"], name)
            offered += 1
    assert offered > 2000


def _mutated(document: Any, random_: random.Random) -> tuple[str, Any]:
    """Return a certificate of which one thing is changed."""
    changed = deepcopy({**document})
    reading = random_.choice([*changed["trees"]])
    steps = changed["trees"][reading]
    at = random_.randrange(len(steps))
    way = random_.choice(
        ("drop", "twice", "swap", "attribute", "reference", "hash", "reading", "add")
    )
    match way:
        case "drop":
            del steps[at]
        case "twice":
            steps.insert(at, [*steps[at]])
        case "swap":
            other = random_.randrange(len(steps))
            steps[at], steps[other] = steps[other], steps[at]
        case "attribute":
            steps[at] = ["leaf", random_.choice(("action", "resource", "aws:username", "a:b"))]
        case "reference":
            steps[at] = ["not", f"identity.{random_.randint(0, 2)}.{random_.randint(0, 4)}"]
        case "hash":
            layer = random_.choice([*changed["policies"]])
            changed["policies"][layer] = ["0" * 64 for _ in changed["policies"][layer]] or ["0"]
        case "reading":
            changed["trees"]["per-" + reading] = changed["trees"].pop(reading)
        case _:
            steps.insert(at, ["allowed", "identity"])
    return way, changed


def test_a_thousand_changed_certificates_are_refused() -> None:
    """What is accepted all the same shows the same claim in another way."""
    random_ = random.Random("mutations")  # noqa: S311 - samples, no secrets
    certified = [one for _, one in _certificates()]
    accepted = Counter[str]()
    changed = 0
    while changed < 1200:
        one = random_.choice(certified)
        way, other = _mutated(one.document, random_)
        if json.dumps(other) == json.dumps(one.document):
            continue
        changed += 1
        accepted[way] += isinstance(check_proof.check(one.claim, other), Valid)
    assert changed - accepted.total() >= 1000
    assert not (+accepted).keys() & {"drop", "hash", "reading"}, accepted


def test_levels_of_one_name() -> None:
    """An account may be named as its OU is: each of the two levels must allow."""

    def named(name: str, *actions: str) -> tuple[AttachedPolicy, ...]:
        allow = {"Effect": "Allow", "Action": [*actions], "Resource": "*"}
        return (AttachedPolicy(name, from_json({"Version": "2012-10-17", "Statement": [allow]})),)

    new = Policies(identity=named("identity", "s3:*"))
    less, all_of_it = named("one", "s3:Get*"), named("two", "s3:*")
    for names in (("Box", "Box", "Box"), ("Box (2)", "Box", "Box"), ("Box again", "Box", "Box")):
        for place in range(3):
            levels = [all_of_it, all_of_it, all_of_it]
            levels[place] = less
            scps = tuple(Level(name, each) for name, each in zip(names, levels, strict=True))
            asked = no_new_access_claim(Policies(identity=new.identity, scps=scps), new, None)
            assert isinstance(certify(asked), OpenLeaf), (names, place)


def _written(given: Any, path: Path) -> str:
    whole = {"Version": "2012-10-17", "Statement": given} if isinstance(given, list) else given
    path.write_text(json.dumps(whole), encoding="utf-8")
    return str(path)


def _options(layers: Mapping[str, Any], old: str, folder: Path) -> Iterator[str]:
    """Yield the options of all layers but that of the identity."""
    for kind in ("boundary", "session"):
        for at, one in enumerate(layers.get(kind, ())):
            yield from (f"--{old}{kind}", _written(one, folder / f"{old}{kind}{at}"))
    for at, level in enumerate(layers.get("scps", ())):
        names = [_written(one, folder / f"{old}scp{at}.{n}") for n, one in enumerate(level)]
        yield from (text for name in names for text in (f"--{old}scp", f"level {at}={name}"))


def _arguments(case: Case, folder: Path) -> list[str]:
    """Return what the command line is told of a case, its policies written as files."""
    old = case.get("old", {})
    found = ["--claim", case["claim"], *_options(case["policies"], "", folder)]
    found += _options(old, "old-", folder)
    found += [text for each in case.get("exempt", EXEMPT) for text in ("--exempt", each)]
    if "user" in case:
        found += ["--role" if ":role/" in case["user"] else "--user-arn", case["user"]]
    for at, one in enumerate(old.get("identity", ())):
        found += ["--old", _written(one, folder / f"old{at}")]
    identity = enumerate(case["policies"]["identity"])
    return [*found, "--", *(_written(one, folder / f"identity{at}") for at, one in identity)]


def _is_written(case: Case) -> bool:
    """Tell whether the command line can be told of every layer: not of a level without policies."""
    return all(all(each.get("scps", ())) for each in (case["policies"], case.get("old", {})))


def test_the_command_line_says_what_the_function_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    by_id = {case["id"]: case for case in CASES}
    layered = [(name, one) for name, one in _certificates() if len(one.claim.layers) > 1]
    for name, one in [*layered, *_certificates()[::12]]:
        case = by_id[name]
        if not _is_written(case):
            continue
        path = tmp_path / "certificate"
        path.write_text(json.dumps(one.document), encoding="utf-8")
        arguments = _arguments(case, tmp_path)
        assert check_proof.main([*arguments, str(path)]) == 0, (name, capsys.readouterr())
        out = capsys.readouterr().out
        assert out.startswith("valid"), name
        # one more Allow is another policy
        (tmp_path / "identity0").write_text(json.dumps(_ALLOW_MORE), encoding="utf-8")
        assert check_proof.main([*arguments, str(path)]) == 3, name
        assert "valid" in capsys.readouterr().out


_ALLOW_MORE = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Action": "x:*", "Resource": "*"},
}
