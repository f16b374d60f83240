"""A prover that is broken on purpose is caught: by the engine, or by a verdict that is known.

Reads the modules themselves, because it breaks them one by one.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from prover.questions import ACCOUNT, ALICE, ALLOW_ALL, ENFORCEMENT, NOW, attached, identity
from sekisho.engine import Policies
from sekisho.engine.matching import Wild
from sekisho.engine.matching.conditions import holds as _holds
from sekisho.errors import InternalError
from sekisho.policy import Effect, Element
from sekisho.prover import (
    Proved,
    Question,
    Refuted,
    Restriction,
    Unknown,
    VersionedCondition,
    enforcement_question,
    prove_none,
)
from sekisho.prover.reading import conditions, keys, resources, statements
from sekisho.prover.reading.credentials import EXAMPLE_ID
from sekisho.prover.reading.resources import RequestTarget
from sekisho.prover.reading.statements import ConditionReading
from sekisho.prover.search import actions, formula, requests, views
from sekisho.prover.search.views import Owner, Owners
from sekisho.prover.solver import names, texts
from sekisho.prover.solver.theories import Texts

NO_MFA = {"aws:MultiFactorAuthPresent": "false"}
ONLY_S3 = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}
ASSUME = {"Effect": "Allow", "Action": "sts:AssumeRole"}
THERE, HERE = (f"arn:aws:iam::{account}:role/ops" for account in ("999988887777", ACCOUNT))
OWNER = "aws:ResourceAccount"
PUBLIC = {key: value for key, value in ENFORCEMENT.items() if key != "Resource"}


def limited(condition: dict[str, Any]) -> Policies:
    return identity({**ONLY_S3, "Condition": condition})


def of(action: str, condition: dict[str, Any]) -> Policies:
    return identity({**ALLOW_ALL, "Action": action, "Condition": condition})


ELSEWHERE = {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}
TAGGED = {"StringEquals": {"aws:ResourceTag/a": "b"}}
CASES: dict[str, tuple[Policies, type]] = {
    "enforcement": (identity(ALLOW_ALL, ENFORCEMENT), Proved),
    "Bool": (identity(ALLOW_ALL, {**ENFORCEMENT, "Condition": {"Bool": NO_MFA}}), Refuted),
    "an Allow for MFA": (
        identity({**ALLOW_ALL, "Condition": {"BoolIfExists": {**NO_MFA}}}, ENFORCEMENT),
        Proved,
    ),
    "an Allow with a key that must be there": (
        identity({**ONLY_S3, "Condition": {"StringEquals": {"aws:PrincipalTag/a": "b"}}}),
        Refuted,
    ),
    "a key that Deny and Allow both need": (
        identity(
            {**ONLY_S3, "Condition": {"StringEquals": {"s3:prefix": "b"}}},
            {**ONLY_S3, "Effect": "Deny", "Condition": {"Null": {"s3:prefix": "false"}}},
        ),
        Proved,
    ),
    "a NotResource": (
        identity(ONLY_S3, {**PUBLIC, "NotResource": "arn:aws:s3:::b/*"}),
        Refuted,
    ),
    "a variable": (
        identity(
            {**ONLY_S3, "Resource": "arn:aws:s3:::${aws:username}/*"},
            {**ONLY_S3, "Effect": "Deny", "Resource": "arn:aws:s3:::alice/*"},
        ),
        Proved,
    ),
    "a variable that nothing settles": (
        identity(
            {**ONLY_S3, "Resource": "arn:aws:s3:::b/${aws:PrincipalTag/t}"},
            {
                "Effect": "Deny",
                "Action": "s3:*",
                "NotResource": "arn:aws:s3:::b/${aws:PrincipalTag/t}",
            },
        ),
        Refuted,
    ),
    "an object that a Deny takes in": (
        identity(
            {**ONLY_S3, "Resource": "arn:aws:s3:::a/*"},
            {**ONLY_S3, "Resource": "arn:aws:s3:::b/*"},
            {**ONLY_S3, "Effect": "Deny", "Resource": ["arn:aws:s3:::a*", "arn:aws:s3:::b*"]},
        ),
        Proved,
    ),
    "a boundary": (
        Policies(
            identity=(attached(ALLOW_ALL),),
            boundaries=(attached({**ALLOW_ALL, "Action": "iam:GetUser"}),),
        ),
        Proved,
    ),
    "a number between two": (
        of(
            "s3:ListBucket",
            {"NumericGreaterThan": {"s3:max-keys": "4"}, "NumericLessThan": {"s3:max-keys": "6"}},
        ),
        Refuted,
    ),
    "an address in one half of a range": (
        identity(
            {**ONLY_S3, "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}},
            {
                **ONLY_S3,
                "Effect": "Deny",
                "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/9"}},
            },
        ),
        Refuted,
    ),
    "the same letters in another case": (
        of(
            "s3:ListBucket",
            {
                "StringEqualsIgnoreCase": {"s3:prefix": "ab"},
                "StringNotEquals": {"s3:prefix": "ab"},
            },
        ),
        Refuted,
    ),
    "two values at once": (
        of(
            "sqs:TagQueue",
            {
                "ForAnyValue:StringEquals": {"aws:TagKeys": "a"},
                "ForAnyValue:StringLike": {"aws:TagKeys": "b"},
            },
        ),
        Refuted,
    ),
    "a key that must be absent": (limited({"Null": {"aws:PrincipalTag/a": "true"}}), Refuted),
    "an action that does not exist yet": (
        identity({**ALLOW_ALL, "Action": "s3:GetTomorrow"}),
        Unknown,
    ),
    "a form of ARN that the catalogue lacks": (
        identity({**ALLOW_ALL, "Action": "s3:GetObject", "Resource": "arn:aws:s3::aws:vault/*"}),
        Unknown,
    ),
    "an id that is somebody's": (
        limited(
            {"StringLike": {"aws:userid": "AIDA*"}, "StringNotLike": {"aws:userid": "*EXAMPLE"}}
        ),
        Refuted,
    ),
    "an id that is no user's": (limited({"StringNotLike": {"aws:userid": "AIDA*"}}), Proved),
    "an action without resource": (
        identity({"Effect": "Allow", "Action": "iam:ListUsers", "NotResource": "arn:aws:s3:::b"}),
        Refuted,
    ),
    "IAM in a region where it is not": (of("iam:CreateUser", ELSEWHERE), Proved),
    "a role that is passed elsewhere": (of("iam:PassRole", ELSEWHERE), Refuted),
    "a region of another partition": (
        of("ec2:StopInstances", {"StringLike": {"aws:RequestedRegion": "cn-*"}}),
        Proved,
    ),
    "tags of no resource": (of("iam:ListUsers", TAGGED), Unknown),
    "tags of no resource, of an action that is about some": (
        identity(
            {
                "Effect": "Allow",
                "Action": "cloudwatch:ListMetrics",
                "NotResource": "arn:*",
                "Condition": TAGGED,
            }
        ),
        Proved,
    ),
    "tags of what is created": (of("appsync:CreateApi", TAGGED), Refuted),
    "a role of another account": (identity({**ASSUME, "Resource": THERE}), Refuted),
    "another account by its key": (limited({"StringEquals": {OWNER: "999988887777"}}), Refuted),
    "accounts that no policy names": (
        identity(
            {**ASSUME, "Resource": "*"},
            {
                **ASSUME,
                "Effect": "Deny",
                "Resource": [each.replace("role/ops", "*") for each in (THERE, HERE)],
            },
        ),
        Refuted,
    ),
    "a perimeter of one account": (
        identity(
            {**ASSUME, "Resource": [THERE, "arn:aws:iam::4*:role/ops"]},
            {**ASSUME, "Effect": "Deny", "NotResource": HERE},
        ),
        Proved,
    ),
    "what IAM does in the caller's account alone": (
        identity({**ALLOW_ALL, "Action": "iam:*", "Resource": THERE}),
        Proved,
    ),
    "a resource that no simple instance is": (
        identity(
            ONLY_S3,
            {**ONLY_S3, "Effect": "Deny", "Resource": ["arn:aws:s3:::b/x*", "arn:aws:s3:::b/"]},
        ),
        Refuted,
    ),
}


def wrong() -> set[str]:
    """Return the cases whose verdict is not the known one."""
    found = set()
    for name, (policies, expected) in CASES.items():
        try:
            question = enforcement_question(policies, ALICE, NOW, ("iam:GetUser",))
            verdict: object = prove_none(question)
            # what only the catalogue's word proves, it does prove
            known = prove_none(question.in_catalogue) if expected is Unknown else Proved()
        except InternalError as error:
            verdict = known = error
        if type(verdict) is not expected or (expected is Unknown and known != Proved()):
            found.add(name)
    return found


def test_the_prover_as_it_is_gets_all_of_them_right() -> None:
    assert wrong() == set()


_of_resource = RequestTarget.of_resource


def _without_if_exists(self: ConditionReading, asked: VersionedCondition, values: Any) -> bool:
    operator = replace(asked.condition.operator, if_exists=False)
    return _read(
        self, VersionedCondition(replace(asked.condition, operator=operator), asked.version), values
    )


def _absent_as_false(self: ConditionReading, asked: VersionedCondition, values: Any) -> bool:
    key = asked.condition.key
    scope = self.scope("iam:GetUser", "*", values, asked.version)
    given = {key: "false"} if key not in scope.request.context else {}
    return _read(self, asked, {**values, **given})


def _null_never(self: ConditionReading, asked: VersionedCondition, values: Any) -> bool:
    condition = asked.condition
    if condition.operator.name.value == "Null":
        return False
    return _read(self, asked, values)


def _read(self: ConditionReading, asked: VersionedCondition, values: Any) -> bool:
    return _holds(asked.condition, self.scope("iam:GetUser", "*", values, asked.version))


def _ignoring_not(self: RequestTarget, element: Element, *rest: Any) -> Any:
    return _of_resource(self, replace(element, negated=False), *rest)


def _forgetting_the_sign(self: RequestTarget, *rest: Any) -> Any:
    return _resource(self, *rest)._replace(holds=True)


def _no_variables(self: RequestTarget, entry: str, version: Any, *, unresolved: bool) -> Any:
    return _arns(self, entry, None, unresolved=unresolved)


_arns = RequestTarget._arns
_resource = RequestTarget._resource
_of_action = RequestTarget.of_action
_those = formula._ways_to_apply
_rules_of = requests.rules_of
_sets = ConditionReading._sets
_forms_of = resources.forms_of


def _action_for_not_action(self: RequestTarget, element: Element) -> Any:
    return _of_action(self, replace(element, negated=False))


def _no_boundary(policies: Policies, *rest: Any) -> Any:
    return _rules_of(replace(policies, boundaries=None), *rest)


def _no_deny(*arguments: Any) -> Any:
    return [] if arguments[-1] is Effect.DENY else _those(*arguments)


def _one_at_a_time(self: ConditionReading, *rest: Any) -> Any:
    return (each for each in _sets(self, *rest) if len(each) == 1)


def _any_text(*given: Any, of_role: bool) -> tuple[list[str], bool]:
    del of_role  # whoever calls
    return conditions.values_for(*given)


def _never_a_star(*arguments: Any) -> Any:
    return _forms_of(*arguments)[0], None


_beyond = actions.RequestRanges.beyond


def _only_names(*arguments: Any) -> Any:
    return (each for each in _beyond(*arguments) if each.real is None)


def _only_forms(*arguments: Any) -> Any:
    return (each for each in _beyond(*arguments) if each.real is not None)


def _own_alone(question: Question, *_: Any) -> Owners:
    return Owners((Owner(question.user.account),))


def _named_alone(*arguments: Any) -> Owners:
    found = _owners_of(*arguments)
    return replace(found, all=tuple(one for one in found.all if not one.account.startswith("4")))


_owners_of = views.owners_of


BROKEN: dict[str, tuple[object, str, Callable[..., Any]]] = {
    "IfExists is dropped": (ConditionReading, "_holds", _without_if_exists),
    "an absent key is taken for false": (ConditionReading, "_holds", _absent_as_false),
    "Null never holds": (ConditionReading, "_holds", _null_never),
    "a key is never absent": (keys, "may_be_absent", lambda key: False),
    "NotResource is read as Resource": (RequestTarget, "of_resource", _ignoring_not),
    "the sign of a loose NotResource is forgotten": (
        RequestTarget,
        "_resource",
        _forgetting_the_sign,
    ),
    "NotAction is read as Action": (RequestTarget, "of_action", _action_for_not_action),
    "variables are forgotten": (RequestTarget, "_arns", _no_variables),
    "Deny is forgotten": (formula, "_ways_to_apply", _no_deny),
    "other accounts are forgotten": (views, "owners_of", _own_alone),
    "accounts that no policy names are forgotten": (views, "owners_of", _named_alone),
    "IAM works across accounts": (requests, "ABROAD", Restriction()),
    "boundaries are forgotten": (requests, "rules_of", _no_boundary),
    "numbers between constants are forgotten": (conditions, "_around", sorted),
    "the ends of ranges of addresses are forgotten": (
        conditions,
        "_addresses",
        lambda constants: [text.partition("/")[0] for text in constants],
    ),
    "an id is the example's": (statements, "ids_for", lambda *_, of_role: ([EXAMPLE_ID], True)),
    "an id is any text": (statements, "ids_for", _any_text),
    "letters have one case": (conditions, "_casings", lambda char: char),
    "values are looked at one at a time": (ConditionReading, "_sets", _one_at_a_time),
    "what the catalogue does not know is forgotten": (
        requests.RequestSearch,
        "_ranges_beyond_catalogue",
        lambda *_: iter(()),
    ),
    "the catalogue's forms are taken for all": (actions.RequestRanges, "beyond", _only_names),
    "the catalogue's names are taken for all": (actions.RequestRanges, "beyond", _only_forms),
    "the resource * is forgotten": (resources, "forms_of", _never_a_star),
    "IAM is anywhere": (keys, "is_where_iam_is", lambda _: False),
    "all of IAM is in one region": (keys, "is_where_iam_is", lambda one: one.service == "iam"),
    "a region is of any partition": (names, "regions", lambda _: ((Wild.ANY, Wild.STAR),)),
    "nothing has tags": (keys, "has_tags_of_nothing", lambda _: True),
    "only a resource has tags": (keys, "has_tags_of_nothing", lambda _: False),
    "a text that answered before is believed": (Texts, "_agrees", lambda *_: True),
    "only simple instances of patterns are tried": (texts, "_search", lambda *_, **__: iter(())),
}


@pytest.fixture
def _nothing_remembered() -> Iterator[None]:
    """Let nothing that was found before hide what is broken, and nothing broken be found after."""
    _forget()
    yield
    _forget()


def _forget() -> None:
    actions.classes.cache_clear()
    actions._equivalent_kinds.cache_clear()
    actions._NAMES_AND_KINDS.clear()


@pytest.mark.usefixtures("_nothing_remembered")
@pytest.mark.parametrize(("where", "name", "broken"), BROKEN.values(), ids=list(BROKEN))
def test_a_broken_prover_is_caught(
    where: object, name: str, broken: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(where, name, broken)
    assert wrong() != set()
