"""A transaction is asked about item by item."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

import localaws_people as people
from localaws_people import caller, client
from sekisho.localaws import LocalAws

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


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("execute_statement", {"Statement": 'SELECT * FROM "open"'}),
        ("batch_execute_statement", {"Statements": [{"Statement": 'SELECT * FROM "open"'}]}),
        ("execute_transaction", {"TransactStatements": [{"Statement": 'DELETE FROM "open"'}]}),
    ],
)
def test_statements_of_partiql_are_not_served(
    aws: LocalAws, name: str, params: dict[str, Any]
) -> None:
    with pytest.raises(ClientError, match=r"NotImplemented.*does not serve dynamodb:"):
        getattr(client(aws, "dynamodb"), name)(**params)
