"""A transaction is asked about item by item, a statement of PartiQL by its verb and its table."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

import localaws_people as people
from localaws_people import caller, client
from sekisho.localaws import LocalAws
from sekisho.localaws.decision.item_calls import (
    Partiql,
    UnreadStatement,
    read_by_moto,
    read_statement,
)

_TABLE = f"arn:aws:dynamodb:us-east-1:{people.ACCOUNT}:table"


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws(people.account()) as running:
        for name in ("open", "shut"):
            client(running, "dynamodb").create_table(
                TableName=name,
                KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
                BillingMode="PAY_PER_REQUEST",
            )
        yield running


def _allowed(*actions: str, table: str = "open", **more: Any) -> dict[str, Any]:
    names = [f"dynamodb:{name}" for name in actions]
    return {"Effect": "Allow", "Action": names, "Resource": f"{_TABLE}/{table}", **more}


def _key(text: str) -> dict[str, Any]:
    return {"k": {"S": text}}


def _item(kind: str, table: str = "open", key: str = "mine") -> dict[str, Any]:
    inner: dict[str, Any] = {"TableName": table, "Key": _key(key)}
    if kind == "Put":
        inner = {"TableName": table, "Item": _key(key)}
    if kind == "Update":
        inner |= {
            "UpdateExpression": "SET a = :a",
            "ExpressionAttributeValues": {":a": {"S": "a"}},
        }
    if kind == "ConditionCheck":
        inner["ConditionExpression"] = "attribute_exists(k)"
    return {kind: inner}


KINDS = {
    "ConditionCheck": "ConditionCheckItem",
    "Delete": "DeleteItem",
    "Put": "PutItem",
    "Update": "UpdateItem",
}


@pytest.mark.parametrize("kind", KINDS)
def test_an_item_needs_the_permission_of_its_kind_alone(aws: LocalAws, kind: str) -> None:
    client(aws, "dynamodb").put_item(TableName="open", Item=_key("mine"))
    only = caller(aws, "dynamodb", _allowed(KINDS[kind]))
    only.transact_write_items(TransactItems=[_item(kind)])
    with pytest.raises(ClientError, match="AccessDenied"):
        only.transact_write_items(TransactItems=[_item(kind, "shut")])
    for other in KINDS.keys() - {kind}:
        with pytest.raises(ClientError, match=f"perform: dynamodb:{KINDS[other]}"):
            only.transact_write_items(TransactItems=[_item(other, key="another")])
        with pytest.raises(ClientError, match="AccessDenied"):
            only.transact_write_items(TransactItems=[_item(kind), _item(other, key="another")])


def test_a_read_transaction_is_asked_item_by_item(aws: LocalAws) -> None:
    only = caller(aws, "dynamodb", _allowed("GetItem"))
    get = {"Get": {"TableName": "open", "Key": _key("mine")}}
    only.transact_get_items(TransactItems=[get])
    with pytest.raises(ClientError, match="AccessDenied"):
        only.transact_get_items(
            TransactItems=[get, {"Get": {"TableName": "shut", "Key": _key("mine")}}]
        )


def test_one_item_does_not_speak_for_another(aws: LocalAws) -> None:
    condition = {"ForAnyValue:StringEquals": {"dynamodb:LeadingKeys": "mine"}}
    only = caller(aws, "dynamodb", _allowed("PutItem", Condition=condition))
    only.transact_write_items(TransactItems=[_item("Put")])
    with pytest.raises(ClientError, match="AccessDenied"):
        only.transact_write_items(TransactItems=[_item("Put"), _item("Put", key="theirs")])


def test_the_transaction_is_known_as_the_enclosing_operation(aws: LocalAws) -> None:
    condition = {"StringEquals": {"dynamodb:EnclosingOperation": "TransactWriteItems"}}
    only = caller(aws, "dynamodb", _allowed("PutItem", Condition=condition))
    only.transact_write_items(TransactItems=[_item("Put")])
    with pytest.raises(ClientError, match="AccessDenied"):
        only.put_item(TableName="open", Item=_key("mine"))


STATEMENTS = {
    'SELECT * FROM "open"': Partiql("SELECT", "open"),
    "select k, a.b[0] from open where k = ?": Partiql("SELECT", "open"),
    """SELECT * FROM "open"."by-a" WHERE a = 'it''s' ORDER BY a DESC""": Partiql(
        "SELECT", "open", "by-a"
    ),
    """INSERT INTO "open" VALUE {'k': 'a', 'n': -1.5, 's': <<'x'>>, 'l': [1, 2]}""": Partiql(
        "INSERT", "open"
    ),
    """UPDATE "open" SET a = 1 SET b = list_append(b, ?) REMOVE c WHERE k = 'a'""": Partiql(
        "UPDATE", "open"
    ),
    """\n DELETE FROM open_2 WHERE k = 'a' RETURNING ALL OLD * """: Partiql("DELETE", "open_2"),
    """SELECT * FROM "open" WHERE k = 'x FROM shut'""": Partiql("SELECT", "open"),
}


@pytest.mark.parametrize("text", STATEMENTS)
def test_a_statement_is_about_its_table(text: str) -> None:
    assert read_statement(text) == STATEMENTS[text]


UNREAD = [
    "",
    "   ",
    "DROP TABLE open",
    "SELECT 1",
    "SELECT * FROM",
    "SELECT * FROM ''",
    "SELECT * FROM 'open'",
    'SELECT * FROM "open", "shut"',
    'SELECT * FROM "open" AS o',
    'SELECT * FROM "open" o, "shut" s',
    'SELECT * FROM "open" JOIN "shut" ON 1 = 1',
    'SELECT * FROM "open" UNION SELECT * FROM "shut"',
    'SELECT * FROM "open" WHERE EXISTS (SELECT * FROM "shut")',
    'SELECT * FROM "open" WHERE k IN (SELECT k FROM "shut")',
    'SELECT (SELECT k FROM "shut") FROM "open"',
    'SELECT "FROM" FROM "open" FROM "shut"',
    'SELECT * FROM "open" -- WHERE',
    'SELECT * /* FROM "shut" */ FROM "open"',
    'SELECT * FROM "open"; DELETE FROM "shut"',
    'SELECT * FROM "open"."by-a"."more"',
    'SELECT * FROM "open".',
    'SELECT * FROM "op en"',
    'SELECT * FROM "open',
    'SELECT * FROM "open" WHERE k = \'x',
    "SELECT * FROM `open`",
    "SELECT * FROM ?",
    "SELECT * FROM open[0]",
    'SELECT * FROM << "open" >>',
    'SELECT * FROM "open" GROUP BY k',
    'SELECT * FROM "arn:aws:dynamodb:us-east-1:111122223333:table/open"',
    'EXISTS (SELECT * FROM "open" WHERE k = 1)',
    "INSERT INTO \"open\" {'k': 'a'}",
    "INSERT INTO \"open\" VALUES {'k': 'a'}",
    "INSERT \"open\" INTO \"shut\" VALUE {'k': 'a'}",
    'INSERT INTO "open" VALUE (SELECT * FROM "shut")',
    'UPDATE "open" WHERE k = 1',
    'UPDATE "open"."by-a" SET a = 1',
    'UPDATE "open", "shut" SET a = 1',
    'UPDATE "open" SET a = 1 FROM "shut"',
    'DELETE "open" FROM "shut" WHERE k = 1',
    'DELETE FROM "open"',
    'DELETE FROM "open", "shut" WHERE k = 1',
    'SELECT * FROM "open" WHERE k = \x00',
    'SELECT * FROM "open" WHERE k = \'a\\\' FROM "shut"\'',
]


@pytest.mark.parametrize("text", UNREAD)
def test_what_could_be_about_something_else_is_not_read(text: str) -> None:
    assert read_statement(text) is None


@given(st.lists(st.sampled_from([*STATEMENTS, *UNREAD, "FROM", '"shut"', "'", ",", "--"])))
def test_no_more_than_one_table_is_ever_named(parts: list[str]) -> None:
    text = " ".join(parts)
    statement = read_statement(text)
    if statement is not None:
        outside = "".join(part for index, part in enumerate(text.split("'")) if index % 2 == 0)
        assert outside.upper().count("FROM") <= 1
        assert '"shut"' not in outside or statement.table == "shut" or '"open"' not in outside


VERBS = {
    "Select": 'SELECT * FROM "open"',
    "Insert": "INSERT INTO \"open\" VALUE {'k': 'a'}",
    "Update": "UPDATE \"open\" SET a = 1 WHERE k = 'a'",
    "Delete": "DELETE FROM \"open\" WHERE k = 'a'",
}


def _calls(text: str) -> list[tuple[str, dict[str, Any]]]:
    return [
        ("execute_statement", {"Statement": text}),
        ("batch_execute_statement", {"Statements": [{"Statement": text}]}),
        ("execute_transaction", {"TransactStatements": [{"Statement": text}]}),
    ]


@pytest.mark.parametrize("verb", VERBS)
def test_a_statement_needs_the_permission_of_its_verb_alone(aws: LocalAws, verb: str) -> None:
    only = caller(aws, "dynamodb", _allowed(f"PartiQL{verb}"))
    for other, text in VERBS.items():
        for name, params in _calls(text):
            denied = pytest.raises(ClientError, match="AccessDenied")
            with denied if other != verb else pytest.raises(ClientError) as caught:
                getattr(only, name)(**params)
            last = aws.log.last()
            assert last is not None
            assert (last.action, last.resource) == (f"dynamodb:PartiQL{other}", f"{_TABLE}/open")
            assert last.allowed is (other == verb)
            if other == verb:
                # allowed, and then moto lacks its parser
                assert "NotImplemented" in str(caught.value)


def test_every_statement_of_several_is_asked(aws: LocalAws) -> None:
    only = caller(aws, "dynamodb", _allowed("PartiQLSelect"))
    texts = [{"Statement": VERBS["Select"]}, {"Statement": VERBS["Delete"]}]
    with pytest.raises(ClientError, match="PartiQLDelete"):
        only.batch_execute_statement(Statements=texts)
    with pytest.raises(ClientError, match="PartiQLDelete"):
        only.execute_transaction(TransactStatements=texts)


def test_an_index_is_asked_about_beside_its_table(aws: LocalAws) -> None:
    """As of a query: the Service Authorization Reference calls the table required."""
    table = _allowed("PartiQLSelect")
    index = _allowed("PartiQLSelect", table="open/index/*")
    for name, params in _calls('SELECT * FROM "open"."by-a"'):
        with pytest.raises(ClientError, match="NotImplemented"):
            getattr(caller(aws, "dynamodb", table, index), name)(**params)
        for only in (table, index):
            with pytest.raises(ClientError, match="AccessDenied"):
                getattr(caller(aws, "dynamodb", only), name)(**params)


def test_what_is_not_read_is_refused_by_name(aws: LocalAws) -> None:
    for name, params in _calls('SELECT * FROM "open", "shut"'):
        with pytest.raises(ClientError, match=r"NotImplemented.*with a statement") as caught:
            getattr(client(aws, "dynamodb"), name)(**params)
        assert "shut" not in str(caught.value)


def _moto(text: str, items: Any, _: Any) -> Any:
    """Answer as a parser would that finds tables and verbs in quoted texts as well."""
    changes = {}
    for name, found in items.items():
        if name in text:
            changes[name] = [(item, None) for item in found] if "DELETE" in text else []
    return [item for found in items.values() for item in found], changes


def test_moto_sees_no_other_table() -> None:
    items = {"open": [1], "shut": [2], "open.by-a": [3]}
    assert read_by_moto(_moto, """SELECT * FROM "open" WHERE k = 'shut'""", items, [])[0] == [1]
    assert read_by_moto(_moto, 'SELECT * FROM "open"."by-a"', items, [])[0] == [3]
    _, changes = read_by_moto(_moto, """DELETE FROM "open" WHERE k = 'shut'""", items, [])
    assert changes == {"open": [(1, None)]}
    for text in ("""SELECT * FROM "open" WHERE k = 'DELETE'""", 'SELECT * FROM "open", "shut"'):
        with pytest.raises(UnreadStatement):
            read_by_moto(_moto, text, items, [])
