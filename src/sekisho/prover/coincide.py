"""Callers whom a policy variable makes special, by what it can coincide with.

`home/${aws:username}/*` and `home/ceo/*` meet for no user but `ceo`. Where a name is a part of its
own in every pattern that meets another, exchanging two names in all requests changes no answer,
unless a pattern has one of them: so those names, and one that none has, stand for all. What lies
wholly inside another pattern, or outside of it, meets it alike whatever the name.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, product

from sekisho.engine import Policies, arns, glob, operators, variables
from sekisho.policy.document import Condition, Document, OperatorName, Version
from sekisho.prover.attached import every
from sekisho.prover.limits import Effort, Limit
from sekisho.prover.texts import Patterns, Token, find

__all__ = ["ACCOUNT", "ARN", "MOST", "NAME", "OWNERS", "Kind", "coinciding"]

MOST = 16
"""Users that stand for any, beyond which a difference is not asked."""

_MOST_STEPS = 2_000_000
_STEPS_A_PAIR = 200


@dataclass(frozen=True, slots=True)
class Kind:
    """A variable whose value the caller's ARN tells.

    Attributes:
        key: the key that it names.
        any_value: a pattern of all its values.
        part: one character of its values; all others end it.
        value: what its values are like.
    """

    key: str
    any_value: tuple[Token, ...]
    part: str
    value: str


_STAR = glob.Wild.STAR
NAME = Kind("aws:username", (_STAR,), r"[\w+=,.@-]", r"[\w+=,.@-]{1,64}")
ACCOUNT = Kind("aws:PrincipalAccount", (glob.Wild.ANY,) * 12, "[0-9]", "[0-9]{12}")
_ANY_ARN: tuple[Token, ...] = ("arn:", _STAR, ":iam::", _STAR, ":user/", _STAR)
_USER = r"arn:[\w-]+:iam::[0-9]{12}:user/(?:[!-~]+/)?[\w+=,.@-]{1,64}"
ARN = Kind("aws:PrincipalArn", _ANY_ARN, r"[\s\S]", _USER)
_KINDS = (NAME, ACCOUNT, ARN)
OWNERS = tuple(replace(ACCOUNT, key=key) for key in ("aws:ResourceAccount", "s3:ResourceAccount"))
"""The variables that tell the account of a resource, which is none of the caller's."""
_SETTLED = frozenset(kind.key.lower() for kind in _KINDS)


_Parts = tuple[str | glob.Wild | variables.Variable, ...]


@dataclass(frozen=True, slots=True)
class _Form:
    """A pattern of a policy, and what it is compared with.

    Attributes:
        where: the condition key in lower case; "" for `Resource` and `NotResource`.
        head: the first five parts of a resource's ARN, in lower case.
        parts: the rest.
        folds: whether case does not matter.
        of_arns: whether its wildcards may match less than they seem to.
    """

    where: str
    head: tuple[str, ...]
    parts: _Parts
    folds: bool = False
    of_arns: bool = False

    @property
    def keys(self) -> frozenset[str]:
        """The keys (in lower case) of its variables."""
        found = (part for part in self.parts if isinstance(part, variables.Variable))
        return frozenset(part.key.lower() for part in found)

    def tokens(self, kind: Kind, value: tuple[Token, ...], *, fold: bool) -> tuple[Token, ...]:
        """Return it as a pattern; a variable of another kind takes in everything."""
        tokens: list[Token] = []
        for part in self.parts:
            if isinstance(part, variables.Variable):
                tokens += value if part.key.lower() == kind.key.lower() else (_STAR,)
            else:
                tokens.append(part)
        return tuple(one.lower() if fold and isinstance(one, str) else one for one in tokens)


def coinciding(
    *sets: Policies, kinds: Sequence[Kind] = _KINDS
) -> tuple[dict[Kind, list[str]], set[str]]:
    """Return the values that variables can coincide with, and the keys whose values may be more.

    Args:
        sets: the policies that a question is about, whichever of them stands where.
        kinds: the variables; those of a caller if not given.
    """
    documents = dict.fromkeys(each.document for policies in sets for each in every(policies))
    forms = list(dict.fromkeys(form for document in documents for form in _forms(document)))
    found: dict[Kind, list[str]] = {}
    untold: set[str] = set()
    for kind in kinds:
        values: dict[str, None] = {}
        try:
            whole = _add_values(kind, forms, values)
        except Limit:
            whole = False
        found[kind] = list(values)
        untold |= set() if whole else {kind.key}
    return found, untold


def _add_values(kind: Kind, forms: list[_Form], values: dict[str, None]) -> bool:
    """Add the values of a variable, and return whether they are all, or more than are asked.

    Raises:
        Limit: if there is too much to look at.
    """
    effort = Effort(_MOST_STEPS)
    named = [form for form in forms if kind.key.lower() in form.keys]
    linked = {form.where for form in named} - {""}
    # whose resource it is is asked of one caller, whose own values nothing can carry on
    linked -= _SETTLED if kind in OWNERS else set()
    # a key that is compared with the variable may carry its value to where another one names it
    whole = not any(form.keys & linked for form in forms)
    for one, other in product(named, forms):
        if len(values) > MOST:
            break
        effort.spend(_STEPS_A_PAIR)
        if one.where == other.where and not _indifferent(kind, one, other, effort):
            these, all_of_them = _shared(kind, one, other, effort)
            values |= dict.fromkeys(these)
            whole &= all_of_them
    return whole


def _indifferent(kind: Kind, one: _Form, other: _Form, effort: Effort) -> bool:
    """Tell whether `one`, which has the variable, meets `other` alike whatever the value."""
    if _alike(kind, one, other):
        return True
    if _meeting(kind, one, other, kind.any_value, effort) is None:
        return True
    if other.keys or other.folds or other.of_arns or one.folds:
        return False
    within = Patterns([one.tokens(kind, kind.any_value, fold=False)])
    around = Patterns([other.tokens(kind, (), fold=False)])
    return find([within], [around], effort) is None


def _alike(kind: Kind, one: _Form, other: _Form) -> bool:
    """Tell whether both begin with the same text and the variable, which nothing else has."""
    if (one.folds, one.of_arns) != (other.folds, other.of_arns):
        return False
    ends = [_end(kind, each) for each in (one, other)]
    return one.parts == other.parts or (ends[0] == ends[1] != ())


def _end(kind: Kind, form: _Form) -> tuple[object, ...]:
    """Return all up to the first variable, if nothing before it and no variable after it is."""
    place = next((i for i, part in enumerate(form.parts) if not isinstance(part, str)), -1)
    part = form.parts[place] if form.parts else ""
    once = sum(isinstance(each, variables.Variable) for each in form.parts) == 1
    mine = isinstance(part, variables.Variable) and part.key.lower() == kind.key.lower()
    return form.parts[: place + 1] if mine and once else ()


def _meeting(
    kind: Kind, one: _Form, other: _Form, value: tuple[Token, ...], effort: Effort
) -> str | None:
    """Return a text (in lower case) that both may match, in whatever case; None: there is none."""
    for a, b in zip(one.head, other.head, strict=False):
        if a != b and not set(a + b) & set("*?"):
            return None
    both = [Patterns([each.tokens(kind, value, fold=True)]) for each in (one, other)]
    return find(both, [], effort)


def _shared(kind: Kind, one: _Form, other: _Form, effort: Effort) -> tuple[list[str], bool]:
    """Return the values for which two patterns may meet as they do for no other; whether all."""
    texts = [_joined(each) for each in (one, other)]
    runs = dict.fromkeys(
        run for text in texts for run in re.findall(f"{kind.part}+", text, re.ASCII)
    )
    values = [
        run
        for run in runs
        if re.fullmatch(kind.value, run, re.ASCII)
        and _meeting(kind, one, other, (run.lower(),), effort) is not None
    ]
    whole = not any(each.folds or each.keys - _SETTLED for each in (one, other))
    whole = whole and all(_of_whole_parts(kind, text) for text in texts)
    return values if whole else [*values, *_example(kind, one, other, effort)], whole


_GAP = "\0"
"""A star or a variable, in a text of all parts; no policy has it."""
_ONE = "\1"
"""A `?` likewise, which tells long values from short ones."""


def _joined(form: _Form) -> str:
    return "".join(
        part if isinstance(part, str) else _ONE if part is glob.Wild.ANY else _GAP
        for part in form.parts
    )


def _of_whole_parts(kind: Kind, text: str) -> bool:
    """Tell whether no star or variable stands beside what could be of a value."""
    beside = f"(?:{kind.part}|{_GAP})"
    return _ONE not in text and not any(
        _GAP in (a, b) and re.fullmatch(beside, a, re.ASCII) and re.fullmatch(beside, b, re.ASCII)
        for a, b in pairwise(text)
    )


def _example(kind: Kind, one: _Form, other: _Form, effort: Effort) -> Iterator[str]:
    """Yield a value for which two patterns meet, if it is easily found."""
    before = _end(kind, one)
    text = _meeting(kind, one, other, kind.any_value, effort)
    if before and text:
        start = sum(len(part) for part in before if isinstance(part, str))
        run = re.match(f"{kind.part}+", text[start:], re.ASCII)
        yield from [run[0]] if run and re.fullmatch(kind.value, run[0], re.ASCII) else []


_FOLDING = (
    OperatorName.STRING_EQUALS_IGNORE_CASE,
    OperatorName.STRING_NOT_EQUALS_IGNORE_CASE,
)


def _forms(document: Document) -> Iterator[_Form]:
    for statement in document.statements:
        for entry in statement.resource.values if statement.resource else ():
            head = arns.split(entry)
            tail = head[-1] if len(head) == arns.PARTS else "*"
            if (parts := _parts(tail, document.version)) is not None:
                yield _Form("", tuple(part.lower() for part in head[:-1]), parts)
        for condition in statement.conditions:
            yield from _compared(condition, document.version)


def _compared(condition: Condition, version: Version | None) -> Iterator[_Form]:
    name = condition.operator.name
    if name not in operators.SUBSTITUTING:
        return
    of_arns = name.value.startswith("Arn")
    for value in condition.values:
        parts = _parts(value, version)
        if parts is not None:
            if not of_arns and "Like" not in name.value:
                parts = tuple(part.value if isinstance(part, glob.Wild) else part for part in parts)
            yield _Form(condition.key.lower(), (), parts, name in _FOLDING, of_arns)


def _parts(text: str, version: Version | None) -> _Parts | None:
    """Return the parts of a text; None if it has what is never matched."""
    parts = variables.read(text) if version is Version.V2012 else glob.wildcards(text)
    known = tuple(part for part in parts if not isinstance(part, variables.Malformed))
    return known if len(known) == len(parts) else None
