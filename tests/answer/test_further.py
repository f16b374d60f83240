"""What else AWS asks about in a call: the corpus, laws, and the tables."""

import io
import json
from datetime import UTC, datetime
from importlib.resources import files
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.corpus import checked, load
from sekisho.answer import AnswerEffect, AnswerSettings, answer_request, answer_together, responder
from sekisho.catalogue import further_permissions, needed_kinds, spelling_correction
from sekisho.catalogue import load as catalogue
from sekisho.engine import AttachedPolicy, Context, Policies, Request, RequestPart
from sekisho.engine.exchange import answers
from sekisho.policy import from_json

NOW = datetime(2026, 11, 27, 9, tzinfo=UTC)
CORPUS = load("decisions/further.json", head=["documents"])
ALICE = "arn:aws:iam::111122223333:user/alice"


def _causes(found: list[dict[str, Any]]) -> list[str]:
    return [f"{one['kind']} {one['policy']} {one['sid']}" for one in found]


def _said(value: dict[str, Any]) -> dict[str, Any]:
    """Return of an answer what the corpus expects."""
    said: dict[str, Any] = {
        "decision": value["decision"],
        "because": _causes(value["because"]),
        "missing": [one["key"] for one in value.get("missing", ()) if one["couldChange"]],
    }
    if "notAsked" in value:
        said["notAsked"] = [[*one["kinds"], one["decision"]] for one in value["notAsked"]]
    if "alsoNeeds" in value:
        said["alsoNeeds"] = [
            [
                one["action"],
                *one["resources"],
                "needed" if one["needed"] else one["rule"],
                one["decision"],
            ]
            for one in value["alsoNeeds"]
        ]
    if "didYouMean" in value:
        said["didYouMean"] = value["didYouMean"]
    return said


@pytest.mark.parametrize("case", CORPUS["cases"], ids=lambda case: case["id"])
def test_case(case: dict[str, Any]) -> None:
    checked(case, ["id", "source", "request", "policies", "expect"], [])
    documents = CORPUS["documents"]
    question = {key: case[key] for key in ("id", "request")}
    question["policies"] = {
        kind: documents[names] if isinstance(names, str) else [documents[one] for one in names]
        for kind, names in case["policies"].items()
    }
    stream = io.BytesIO(json.dumps(question).encode())
    (line,) = answers(stream, respond=responder(lambda: NOW))
    assert _said(dict(line.value)) == case["expect"]


def test_every_document_is_used() -> None:
    used = json.dumps([case["policies"] for case in CORPUS["cases"]])
    assert [name for name in CORPUS["documents"] if f'"{name}"' not in used] == []


_EC2 = "arn:aws:ec2:eu-west-1:111122223333:"
INSTANCE = f"{_EC2}instance/i-1"
VOLUMES = [f"{_EC2}volume/{name}" for name in ("vol-1", "vol-2", "vol-prod")]
_RESOURCES = ["*", f"{_EC2}*", f"{_EC2}instance/*", f"{_EC2}volume/*", *VOLUMES, "arn:aws:ec2:*"]
_STATEMENTS = st.fixed_dictionaries(
    {
        "Effect": st.sampled_from(["Allow", "Allow", "Deny"]),
        "Action": st.sampled_from(["*", "ec2:*", "ec2:AttachVolume", "ec2:Describe*"]),
    },
    optional={
        "Condition": st.sampled_from(
            [
                {"StringEquals": {"aws:ResourceTag/env": "prod"}},
                {"StringNotEquals": {"ec2:VolumeType": "gp3"}},
                {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}},
                {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
            ]
        )
    },
).flatmap(
    lambda statement: st.builds(
        lambda key, some: {**statement, key: some},
        st.sampled_from(["Resource", "Resource", "NotResource"]),
        st.lists(st.sampled_from(_RESOURCES), min_size=1, max_size=2, unique=True),
    )
)
_POLICIES = st.lists(_STATEMENTS, min_size=1, max_size=4).map(
    lambda found: Policies(
        (AttachedPolicy("p", from_json({"Version": "2012-10-17", "Statement": found})),)
    )
)
_OF_VOLUMES = [
    {"aws:ResourceTag/env": env, "ec2:VolumeType": kind}
    for env, kind in product(("prod", "dev"), ("gp3", "io2"))
]
_DENIED = {AnswerEffect.IMPLICITLY_DENIED, AnswerEffect.EXPLICITLY_DENIED}


@settings(max_examples=40)
@given(_POLICIES, st.sampled_from([{}, {"aws:SourceIp": "203.0.113.9"}]))
def test_what_is_said_of_a_volume_that_nobody_named_holds_of_every_volume(
    attached: Policies, context: dict[str, str]
) -> None:
    alone = Request(ALICE, "ec2:AttachVolume", INSTANCE, Context(context))
    answer = answer_request(alone, attached, NOW)
    if answer.effect is AnswerEffect.UNKNOWN:
        assert answer.not_asked
        return
    for volume, keys in list(product(VOLUMES, _OF_VOLUMES))[::2]:
        of_volume = Request(ALICE, "ec2:AttachVolume", volume, Context({**context, **keys}))
        parts = [RequestPart(alone, attached), RequestPart(of_volume, attached)]
        both = answer_together(parts, NOW, AnswerSettings()).effect
        if answer.effect is AnswerEffect.ALLOWED:
            assert both is AnswerEffect.ALLOWED
        else:
            assert both in _DENIED


@pytest.mark.parametrize("service", ["dynamodb", "ec2", "ecs", "identitystore", "rds", "ssm"])
def test_nothing_is_allowed_for_one_of_several_resources(service: str) -> None:
    """Whoever may do it on one resource alone may not do it: the issue's count, for services."""
    several = [one for one in catalogue().actions(service) if len(needed_kinds(str(one))) > 1]
    assert several
    for action in several[::2]:
        arn = needed_kinds(str(action))[0][0].arn.replace("${Account}", "111122223333")
        arn = arn.replace("${Partition}", "aws").replace("${Region}", "eu-west-1")
        arn = "".join(
            part.partition("}")[2] if n else part for n, part in enumerate(arn.split("${"))
        )
        arn = (arn if not arn.endswith(("/", ":")) else f"{arn}x").replace("*", "x")
        allow = {"Effect": "Allow", "Action": str(action), "Resource": arn}
        document = from_json({"Version": "2012-10-17", "Statement": allow})
        attached = Policies((AttachedPolicy("p", document),))
        found = answer_request(Request(ALICE, str(action), arn), attached, NOW)
        assert found.effect is not AnswerEffect.ALLOWED, str(action)


def _table(name: str) -> dict[str, Any]:
    path = files("sekisho.catalogue") / "data" / name
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def test_the_rules_name_what_there_is() -> None:
    table = _table("also-needs.json")
    assert table["dated"]
    rules = table["rules"]
    assert len({rule["id"] for rule in rules}) == len(rules) >= 30
    for rule in rules:
        assert rule["source"]
        assert rule["if"]["en"]
        assert rule["if"]["ja"]
        assert not (rule.get("always") and rule.get("when")), rule["id"]
        for further, actions in rule["needs"].items():
            assert str(catalogue().action(further)) == further
            for one in actions:
                found = catalogue().expand(one)
                assert found, (rule["id"], one)
                assert "*" in one or str(found[0]) == one


def test_the_kinds_are_kinds_of_their_actions() -> None:
    table = _table("needed-resources.json")
    assert table["dated"]
    for entry in (*table["needed"], *table["alternatives"]):
        assert entry["source"]
        found = [each for one in entry["actions"] for each in catalogue().expand(one)]
        assert found
        if entry["groups"] != "all":
            kinds = {kind.name for each in found for kind in each.resource_types}
            assert {name for group in entry["groups"] for name in group} <= kinds


@pytest.mark.parametrize(
    ("action", "kinds"),
    [
        ("ec2:AttachVolume", [["instance"], ["volume"]]),
        ("ssm:SendCommand", [["document"], ["instance", "managed-instance"]]),
        ("athena:TagResource", [["capacity-reservation", "datacatalog", "session", "workgroup"]]),
        ("s3:GetObject", []),
        ("s3:Nothing", []),
    ],
)
def test_what_an_action_needs(action: str, kinds: list[list[str]]) -> None:
    found = [list(dict.fromkeys(one.name for one in group)) for group in needed_kinds(action)]
    assert found == kinds


def test_rules_of_an_action() -> None:
    assert [one.action for one in further_permissions("sts:AssumeRole")] == [
        "sts:TagSession",
        "sts:SetSourceIdentity",
        "sts:SetContext",
    ]
    assert further_permissions("lambda:createfunction")[0].always
    assert further_permissions("s3:Nothing") == ()


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("s3:GetObjct", "s3:GetObject"),
        ("s3:GetOObject", "s3:GetObject"),
        ("s3:GetObjetc", "s3:GetObject"),
        ("S3:getobject", None),
        ("s3:PutThing", None),
        ("s4:GetObject", "s3:GetObject"),
        ("iamm:CreateUser", "iam:CreateUser"),
        ("iamm:CreateUsr", None),
        ("nothing:GetObject", None),
        ("s3:", None),
        ("s3", None),
    ],
)
def test_what_is_meant(name: str, meant: str | None) -> None:
    assert spelling_correction(name) == meant
