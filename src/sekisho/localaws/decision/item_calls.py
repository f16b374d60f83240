"""A call that holds several requests, as those requests: DynamoDB's transactions and PartiQL.

AWS asks for each item of a transaction, and for each statement, what it would ask for a call of its
own; a caller who may only put items may write a transaction that only puts items. So such a call is
taken apart before anybody is asked, and each part is authorised as a call, by itself: what holds of
one item cannot speak for another.

A statement is read only as far as it must be: the verb, the table and the index. One that is
written in any other way than DynamoDB's reference has it is refused by name, since moto's parser
might find another table in it; and moto is given no other table to look at.

Sources: Amazon DynamoDB Developer Guide, "Using IAM with DynamoDB transactions", "IAM security
policies with PartiQL for DynamoDB", and the pages on PartiQL's four statements.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from sekisho.localaws.decision.classify import ApiCall


class UnreadStatement(NotImplementedError):
    """A statement that is not read here; clients see `NotImplemented`."""


_OF_ITEM: Mapping[str, tuple[str, str]] = {
    "ConditionCheck": ("DeleteItem", "dynamodb:ConditionCheckItem"),
    "Delete": ("DeleteItem", "dynamodb:DeleteItem"),
    "Get": ("GetItem", "dynamodb:GetItem"),
    "Put": ("PutItem", "dynamodb:PutItem"),
    "Update": ("UpdateItem", "dynamodb:UpdateItem"),
}
"""For each kind of item, the operation that takes the same parameters, and the action."""

_TRANSACTIONS = frozenset({"TransactGetItems", "TransactWriteItems"})
_STATEMENTS: Mapping[str, str] = {
    "BatchExecuteStatement": "Statements",
    "ExecuteStatement": "",
    "ExecuteTransaction": "TransactStatements",
}
"""Where the statements are, of the operations that have any."""


def item_calls(call: ApiCall) -> tuple[ApiCall, ...]:
    """Return the calls that a call stands for: itself, or one for each item or statement.

    Raises:
        UnreadStatement: if a statement cannot be read; the message does not hold it.
    """
    if call.service != "dynamodb":
        return (call,)
    if call.operation in _TRANSACTIONS:
        return tuple(_of_items(call))
    if call.operation in _STATEMENTS:
        return tuple(_of_statement(call, text) for text in _texts(call))
    return (call,)


def _of_items(call: ApiCall) -> Iterator[ApiCall]:
    for item in call.params.get("TransactItems") or ():
        for kind, params in item.items():
            operation, action = _OF_ITEM[kind]
            yield replace(
                call,
                operation=operation,
                actions=(action,),
                params=params,
                within=call.operation,
            )


def _texts(call: ApiCall) -> tuple[str, ...]:
    where = _STATEMENTS[call.operation]
    holders = call.params.get(where) or () if where else (call.params,)
    return tuple(str(one.get("Statement", "")) for one in holders)


def _of_statement(call: ApiCall, text: str) -> ApiCall:
    statement = read_statement(text)
    if statement is None:
        raise UnreadStatement(
            f"dynamodb:{call.operation} with a statement that is not a plain SELECT, INSERT, "
            "UPDATE or DELETE of one table"
        )
    params = {"TableName": statement.table}
    if statement.index:
        params["IndexName"] = statement.index
    # of all operations, Query names a table and an index alone
    return replace(
        call,
        operation="Query",
        actions=(f"dynamodb:PartiQL{statement.verb.capitalize()}",),
        params=params,
        within=call.operation,
    )


@dataclass(frozen=True, slots=True)
class Partiql:
    """The table that a statement of PartiQL is about, and what it does there.

    Attributes:
        verb: `SELECT`, `INSERT`, `UPDATE` or `DELETE`.
        index: the index that is read, or "".
    """

    verb: str
    table: str
    index: str = ""

    @property
    def source(self) -> str:
        """The name by which moto's parser knows the table, or the index, that is read."""
        return f"{self.table}.{self.index}" if self.index else self.table

    def makes(self, before: object, after: object) -> bool:
        """Tell whether a change of an item is of this kind."""
        match self.verb:
            case "INSERT":
                return before is None
            case "UPDATE":
                return before is not None and after is not None
            case "DELETE":
                return after is None
            case _:
                return False


_TOKEN = re.compile(
    r"""\s*(?:(?P<string>'(?:[^'\\]|'')*')"""
    r"""|(?P<name>"[A-Za-z0-9_.-]+")"""
    r"""|(?P<word>[A-Za-z_][A-Za-z0-9_]*)"""
    r"""|(?P<mark><<|>>|[0-9]+(?:\.[0-9]+)?|[?*=<>!+,.:(){}\[\]]|-(?!-)))"""
)
_VERBS = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE"})
_BEFORE_TABLE = {"SELECT": "FROM", "INSERT": "INTO", "UPDATE": "UPDATE", "DELETE": "FROM"}
_AFTER_TABLE = {
    "SELECT": frozenset({"", "WHERE", "ORDER"}),
    "INSERT": frozenset({"VALUE"}),
    "UPDATE": frozenset({"SET", "REMOVE"}),
    "DELETE": frozenset({"WHERE"}),
}
_ONCE = _VERBS | {"FROM", "INTO"}
_ELSEWHERE = frozenset({"AS", "AT", "BY", "CROSS", "EXISTS", "JOIN", "UNION", "UNPIVOT"})
"""Words of PartiQL by which a statement could be about something else than its table."""


def read_statement(text: str) -> Partiql | None:
    """Return what a statement is about; None if it is written in any way that is not read here."""
    tokens = _tokens(text)
    if not tokens or tokens[0] not in _VERBS:
        return None
    verb = tokens[0]
    before = _BEFORE_TABLE[verb]
    wanted = [verb] if before == verb else [verb, before]
    # each of these words once and no other, so that there is one table
    words = [token for token in tokens if token in _ONCE]
    if words != wanted or _odd(tokens):
        return None
    after = tokens[tokens.index(before) + 1 :]
    if (verb in {"INSERT", "DELETE"} and tokens[1] != before) or not after:
        return None
    return _about(verb, after)


def _odd(tokens: list[str]) -> bool:
    """Tell whether words could lead elsewhere; a list is ordered, though, by a key."""
    words = [token for token in tokens if token in _ELSEWHERE]
    ordered = [(one, two) for one, two in pairwise(tokens) if two == "BY"]
    return words != ["BY"] * len(ordered) or any(one != "ORDER" for one, _ in ordered)


def _about(verb: str, after: list[str]) -> Partiql | None:
    table, index = _name(after[0]), ""
    rest = after[1:]
    if rest[:1] == ["."] and verb == "SELECT" and len(rest) > 1:
        index, rest = _name(rest[1]), rest[2:]
        if not index:
            return None
    following = rest[0] if rest else ""
    if not table or following not in _AFTER_TABLE[verb]:
        return None
    return Partiql(verb, table, index)


def _name(token: str) -> str:
    """Return a table's or an index's name, as it is quoted or, in small, as it stands."""
    if token.startswith('"'):
        return token[1:-1]
    return token[1:] if token.startswith("=") else ""


def _tokens(text: str) -> list[str]:
    """Return the parts of a statement, its keywords in capitals; nothing if any is not known.

    A name without quotes is marked with `=`, a text in quotes is `'`.
    """
    found: list[str] = []
    at, end = 0, len(text.rstrip())
    while at < end:
        matched = _TOKEN.match(text, at)
        if matched is None:
            return []
        at = matched.end()
        match matched.lastgroup:
            case "string":
                found.append("'")
            case "word":
                found.append(_word(matched["word"]))
            case _:
                found.append(matched[str(matched.lastgroup)])
    return found


_KEYWORDS = _ONCE | _ELSEWHERE | {"ORDER", "REMOVE", "SET", "VALUE", "WHERE"}


def _word(word: str) -> str:
    return word.upper() if word.upper() in _KEYWORDS else f"={word}"


_Change = tuple[Any, Any]
"""An item before and after; None where there is none."""


def read_by_moto(
    original: Callable[..., tuple[list[Any], Mapping[str, list[_Change]]]],
    text: str,
    items: Mapping[str, list[Any]],
    parameters: list[Any],
) -> tuple[list[Any], Mapping[str, list[_Change]]]:
    """Let moto carry out a statement on the one table that it is about.

    moto's parser finds tables and verbs in quoted texts as well.

    Raises:
        UnreadStatement: if moto would do anything else than what was asked about.
    """
    statement = read_statement(text)
    if statement is not None:
        own = {name: found for name, found in items.items() if name == statement.source}
        result, changes = original(text, own, parameters)
        made = [change for changed in changes.values() for change in changed]
        if changes.keys() <= {statement.table} and all(statement.makes(*one) for one in made):
            return result, changes
    raise UnreadStatement("a statement that moto reads in another way")
