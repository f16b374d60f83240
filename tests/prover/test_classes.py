"""Of the catalogue only what can be answered with is looked at, and nothing is lost by that.

Reads `search` itself: what was not looked at no verdict shows.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from prover.questions import ALICE, ALLOW_ALL, NOW, identity
from sekisho.catalogue import Action, Catalogue, load
from sekisho.engine import Policies
from sekisho.policy import Condition, Element, Operator, OperatorName, Version
from sekisho.prover import (
    ActionGroup,
    Refuted,
    Unknown,
    VersionedCondition,
    enforcement_question,
    exempt_list,
    prove_enforcement,
)
from sekisho.prover.search import actions, listing
from sekisho.prover.search.actions import ActionClass
from sekisho.prover.search.requests import RequestSearch
from sekisho.prover.search.ties import Ties

FEW_STEPS = 20_000
"""Some hundredths of a second; the whole catalogue, class by class, takes fifty times as many."""


def on(*resources: str, **more: Any) -> dict[str, Any]:
    return {**ALLOW_ALL, "Resource": list(resources), **more}


def denied(action: str, *resources: str) -> dict[str, Any]:
    statement = {**ALLOW_ALL, "Effect": "Deny", "Action": action}
    return {**statement, "Resource": list(resources)} if resources else statement


BUCKET, QUEUE = "arn:aws:s3:::b/*", "arn:aws:sqs:us-east-1:111122223333:q"
NARROW: dict[str, tuple[Policies, type]] = {
    "a bucket": (identity(on(BUCKET)), Refuted),
    "a queue": (identity(on(QUEUE)), Refuted),
    "a queue of another account": (identity(on(QUEUE.replace("1111", "9999"))), Refuted),
    "a bucket in any partition": (identity(on("arn:*:s3:::b/*")), Refuted),
    "a bucket that S3 is denied": (identity(on(BUCKET), denied("s3:*")), Unknown),
    "a service in capitals": (identity(on("arn:aws:S3:::b/*")), Refuted),
    "two services": (identity(on(BUCKET, QUEUE), denied("s3:*")), Refuted),
    "a short ARN": (identity(on("arn:aws:sqs")), Refuted),
    "actions of other services": (
        identity(on(BUCKET, Action=["ec2:StopInstances", "iam:CreateUser"])),
        Unknown,
    ),
    "all but some actions": (
        identity({"Effect": "Allow", "NotAction": "s3:*", "Resource": BUCKET}),
        Unknown,
    ),
}


@pytest.mark.parametrize(("policies", "expected"), NARROW.values(), ids=list(NARROW))
def test_it_takes_few_steps_to_find_what_can_be_done_to_few_resources(
    policies: Policies, expected: type
) -> None:
    asking = RequestSearch(enforcement_question(policies, ALICE, NOW))
    assert isinstance(asking.verdict(), expected)
    assert asking._budget.spent < FEW_STEPS


LEFT = {
    **{name: policies for name, (policies, _) in NARROW.items()},
    "all but a bucket": identity(
        {"Effect": "Allow", "Action": "sqs:*", "NotResource": BUCKET}, denied("s3:*")
    ),
    "a wildcard in the service": identity(on("arn:aws:s*:::b/*", Action=["s3:Get*", "sqs:*"])),
    "a variable": identity(on("arn:aws:s3:::${aws:username}/*", Action="s3:*")),
}


@pytest.mark.parametrize("policies", LEFT.values(), ids=list(LEFT))
def test_what_is_left_out_answers_nothing(
    policies: Policies, monkeypatch: pytest.MonkeyPatch
) -> None:
    fence = {"Effect": "Deny", "NotAction": ["s3:*", "sqs:*", "ssm:*"], "Resource": "*"}
    fenced = Policies(identity=(*policies.identity, *identity(fence).identity))
    narrow = exempt_list(fenced, ALICE, NOW), type(prove_enforcement(fenced, ALICE, NOW).direct)
    monkeypatch.setattr("sekisho.prover.search.actions.services_of", lambda _: None)
    assert narrow == (
        exempt_list(fenced, ALICE, NOW),
        type(prove_enforcement(fenced, ALICE, NOW).direct),
    )
    assert isinstance(narrow[0], tuple)


@pytest.mark.parametrize(
    ("entries", "services"),
    [
        ([BUCKET], {"s3"}),
        ([BUCKET, QUEUE], {"s3", "sqs"}),
        (["arn:aws:SQS"], {"sqs"}),
        (["arn:aws:s3:*"], {"s3"}),
        (["*"], None),
        ([BUCKET, "*"], None),
        (["arn:aws"], None),
        (["arn:*:s3:::b"], None),
        (["arn:aws:s3*"], None),
        (["arn:aws:s?:::b"], None),
        (["arn:aws:${aws:PrincipalTag/s}:::b"], None),
    ],
)
def test_which_services_a_resource_names(entries: list[str], services: set[str] | None) -> None:
    assert actions.services_of(Element(tuple(entries))) == services
    assert actions.services_of(Element(tuple(entries), negated=True)) is None


@pytest.mark.parametrize("negated", [False, True])
@pytest.mark.parametrize("services", [{"iam"}, {"s3", "sqs"}, {"nothing"}])
@pytest.mark.parametrize(
    "entries",
    [
        ["sqs:SendMessage", "s3:GetObject", "iam:GetUser"],
        ["s3*:*", "iam:*", "sts:GetSessionToken"],
        ["*:*Tag*", "s3:NoSuch"],
        ["*"],
    ],
)
def test_the_actions_on_resources_come_in_the_order_of_the_catalogue(
    entries: list[str], services: set[str], negated: bool
) -> None:
    def about(arn: str) -> bool:
        service = arn.split(":")[2].lower()
        return service in services or not {*service}.isdisjoint("*?$")

    catalogue = load()
    element = Element(tuple(entries), negated=negated)
    expected = [
        action
        for action in catalogue.expand("*")
        if any(about(kind.arn) for kind in action.resource_types)
        and actions.includes_action(action, element)
    ]
    source = actions.ActionSource(element, frozenset(services))
    assert [*source.actions(catalogue)] == expected


def test_few_named_actions_need_few_services_of_the_catalogue() -> None:
    catalogue = Catalogue()
    element = Element(("s3:GetObject", "sqs:*"))
    assert [*actions.ActionSource(element, frozenset({"s3"})).actions(catalogue)]
    assert set(catalogue._services) == {"s3", "sqs"}


def test_questions_of_the_same_elements_share_the_classes() -> None:
    statement = {"Effect": "Deny", "Action": "s3:ListAllMyBuckets", "Resource": "*"}
    for place in range(3):
        before = actions.classes.cache_info()
        prove_enforcement(identity(on(f"arn:aws:s3:::home-{place}/*"), statement), ALICE, NOW)
        after = actions.classes.cache_info()
        assert after.misses == before.misses + (place == 0)
        assert after.hits == before.hits + (place > 0)


TIED = {
    "nothing": [],
    "where IAM is": ["aws:RequestedRegion"],
    "tags of nothing": ["aws:ResourceTag/t"],
    "a service's own key": ["s3:ResourceTag/t", "ec2:ResourceTag/t"],
    "tags and their list": ["aws:TagKeys", "aws:RequestTag/t"],
}


@pytest.mark.parametrize("named", TIED.values(), ids=list(TIED))
def test_a_class_is_what_is_alike_in_resources_and_ties_and_no_more(named: list[str]) -> None:
    asked = [
        VersionedCondition(Condition(Operator(OperatorName.NULL), key, ("true",)), Version.V2012)
        for key in named
    ]
    ties = Ties.between("aws", [], asked)
    catalogue, told_apart = load(), Element(("iam:Get*", "s3:*Object", "ec2:*Tags"))
    source = actions.ActionSource(Element(("iam:*", "s3:*", "ec2:*", "sts:*")))
    found = actions.classes(catalogue, (told_apart,), (source,), ties)
    seen: dict[object, tuple[Action, ...]] = {}
    for number, alike in enumerate(found):
        for one in alike:
            said = {
                (
                    actions.includes_action(each, told_apart),
                    each.resource_types,
                    ties.restriction_of(each, direct=True),
                )
                for each in one.actions
            }
            assert len(said) == 1
            assert seen.setdefault((number, *said), one.actions) is one.actions
    every = [str(each) for group in seen.values() for each in group]
    assert sorted(every) == sorted(map(str, source.actions(catalogue)))
    assert len(found) == 2


FEW_SERVICES = ["iam:*", "s3:*", "ec2:Describe*", "ec2:*Tags", "sts:*", "backup:*"]
SHAPES: dict[str, list[dict[str, Any]]] = {
    "every ARN": [denied("*", "arn:*")],
    "every ARN of the partition": [denied("*", "arn:aws:*:*:*:*")],
    "all but ARNs": [{"Effect": "Deny", "Action": "*", "NotResource": "arn:*"}],
    "every ARN of another partition": [denied("*", "arn:aws-cn:*")],
    "every ARN of a Region": [denied("*", "arn:aws:*:us-east-1:*")],
    "one service": [denied("*", "arn:aws:s3:::b*")],
    "all but one service": [{"Effect": "Deny", "Action": "*", "NotResource": "arn:aws:s3:::*"}],
    "two services and every ARN": [
        denied("*", "arn:aws:s3:::b", "arn:aws:iam::111122223333:user/x"),
        denied("s3:*", "arn:*"),
    ],
    "a variable": [denied("*", "arn:aws:s3:::${aws:PrincipalTag/t}/*")],
    "a service with wildcards": [denied("*", "arn:aws:s?:*")],
    "recovery points of any service": [denied("*", "arn:aws:ec2:us-east-1::snapshot/*")],
}


@pytest.mark.parametrize("statements", SHAPES.values(), ids=list(SHAPES))
def test_what_is_listed_once_is_so_of_each(
    statements: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Classes that are listed together are listed as they are one by one."""
    policies = identity({**ALLOW_ALL, "Action": FEW_SERVICES}, *statements)
    together = exempt_list(policies, ALICE, NOW)
    monkeypatch.setattr(actions.RequestRanges, "equivalence_key", lambda *_: None)
    one_by_one = exempt_list(policies, ALICE, NOW)
    assert isinstance(together, tuple)
    assert isinstance(one_by_one, tuple)
    assert _said(together) == _said(one_by_one)


def _said(groups: Sequence[ActionGroup]) -> dict[str, set[object]]:
    """Return what is said of each action."""
    found: dict[str, set[object]] = {}
    for each in groups:
        for action in each.actions:
            said = (each.resources, each.conditions, each.credentials)
            found.setdefault(action, set()).add(said)
    return found


@pytest.mark.parametrize(
    "statement",
    [denied("*", "arn:*"), {**denied("*", "arn:aws:kms:*:*:key/k"), "Action": "kms:*"}],
    ids=["every ARN", "one service"],
)
def test_of_all_actions_few_are_listed_one_by_one(
    statement: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Deny that takes in every ARN, or none of most actions', tells only few of them apart."""
    answered: list[ActionClass] = []
    answers_of = listing.ItemSearch._answers_of

    def counted(self: Any, alike: ActionClass, views: Any) -> Any:
        answered.append(alike)
        return answers_of(self, alike, views)

    monkeypatch.setattr(listing.ItemSearch, "_answers_of", counted)
    exempt = exempt_list(identity(ALLOW_ALL, statement), ALICE, NOW)
    assert isinstance(exempt, tuple)
    assert sum(len(each.actions) for each in exempt) > 5_000
    assert len(answered) < 50


def test_an_action_that_is_gone_is_not_taken_for_another() -> None:
    """What is remembered goes by identity, which the interpreter gives away again."""
    catalogue = load()
    for real in catalogue.actions("s3"):
        # nothing else refers to it, so that the next one may get its place
        copied = replace(real)
        assert actions._name_and_kind(copied)[0] == str(real).lower()
        del copied
