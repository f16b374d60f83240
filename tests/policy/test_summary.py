"""The console's policy summary.

Reads `policy.summary` itself for the overlap of patterns, which the summary shows of a few only.
"""

from pathlib import Path

import pytest

from sekisho import catalogue, policy
from sekisho.catalogue import AccessLevel
from sekisho.policy import WarningKind

CORPUS = Path(__file__).parents[1] / "corpus" / "policy"


def _summary(*statements):
    return policy.summarise(policy.from_json({"Statement": list(statements)}), catalogue.load())


def _allow(action, resource="*", **more):
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def _cells(rows, language="en"):
    return [tuple(getattr(cell, language) for cell in row.cells) for row in rows]


def test_first_login_is_what_the_review_page_shows():
    # IAM User Guide, Create IAM policies (console): "Review and create"
    text = (CORPUS / "force-mfa-first-login.json").read_text(encoding="utf-8")
    summary = policy.summarise(policy.parse(text), catalogue.load())
    assert summary.uncategorised == ()
    assert _cells(summary.allowed) == [("IAM", "Limited: Read, List, Write", "Multiple", "None")]
    assert _cells(summary.allowed, "ja") == [
        ("IAM", "制限あり: 読み取り, リスト, 書き込み", "Multiple", "None")
    ]
    assert summary.allowed[0].levels.counts == (
        (AccessLevel.READ, 4),
        (AccessLevel.LIST, 6),
        (AccessLevel.WRITE, 18),
    )
    (denied,) = summary.denied
    assert denied.service.en == "Everything except what is listed under Allow"
    assert denied.service.ja == "許可に記載されているもの以外のすべて"
    assert [heading.ja for heading, _ in summary.sections] == ["明示的拒否", "許可"]
    assert summary.warnings == ()


def test_headings():
    assert [column.en for column in policy.COLUMNS] == [
        "Service",
        "Access level",
        "Resource",
        "Request condition",
    ]
    assert [column.ja for column in policy.COLUMNS] == [
        "サービス",
        "アクセスレベル",
        "リソース",
        "リクエストの条件",
    ]


def test_full_access_to_a_service():
    summary = _summary(_allow("sqs:*"))
    assert _cells(summary.allowed) == [("SQS", "Full access", "All resources", "None")]


def test_full_levels_beside_limited_ones():
    actions = catalogue.load().actions("iam")
    lists = [str(action) for action in actions if action.level is AccessLevel.LIST]
    (row,) = _summary(_allow([*lists, "iam:GetUser"])).allowed
    assert row.level.en == "Full: List Limited: Read"
    assert row.level.ja == "フル: リスト 制限あり: 読み取り"


def test_everything_is_one_row():
    summary = _summary(_allow("*"))
    assert _cells(summary.allowed) == [("All services", "Full access", "All resources", "None")]


def test_allow_with_notaction():
    (row,) = _summary({"Effect": "Allow", "NotAction": ["iam:*"], "Resource": "*"}).allowed
    assert row.service.en == "Everything except iam:*"


def test_resource_and_condition_of_one_statement_are_shown():
    arn = "arn:aws:iam::111122223333:user/alice"
    condition = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    (row,) = _summary(_allow("iam:GetUser", arn, Condition=condition)).allowed
    assert row.resource.en == arn
    assert row.condition.en == "aws:MultiFactorAuthPresent | Bool | true"


def test_a_condition_on_some_statements_only_is_multiple():
    condition = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    (row,) = _summary(_allow("iam:GetUser"), _allow("iam:ListUsers", Condition=condition)).allowed
    assert row.condition.en == "Multiple"


def test_services_that_aws_has_not_are_uncategorised():
    summary = _summary(_allow(["nosuch:Get", "sqs:ListQueues"]))
    assert [(row.prefix, row.level.en) for row in summary.uncategorised] == [("nosuch", "")]
    assert [row.prefix for row in summary.allowed] == ["sqs"]


def _warned(*statements):
    return [(each.kind, each.subjects) for each in _summary(*statements).warnings]


USER = "arn:aws:iam::*:user/${aws:username}"


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (_allow("iam:UpdateAccessKeys"), [(WarningKind.UNKNOWN_ACTION, ("iam:UpdateAccessKeys",))]),
        (_allow([]), [(WarningKind.NO_ACTIONS, ())]),
        (_allow("iam:GetUser", []), [(WarningKind.NO_RESOURCES, ())]),
        (
            # the action of a device on the user's ARN: a common slip
            _allow(["iam:CreateVirtualMFADevice", "iam:EnableMFADevice"], USER),
            [(WarningKind.ACTION_WITHOUT_RESOURCE, ("iam:CreateVirtualMFADevice",))],
        ),
        (
            _allow(["iam:ListUsers", "iam:GetUser"], USER),
            [(WarningKind.ACTION_WITHOUT_RESOURCE, ("iam:ListUsers",))],
        ),
        (
            _allow("iam:GetUser", [USER, "arn:aws:iam::*:mfa/*"]),
            [(WarningKind.RESOURCE_WITHOUT_ACTION, ("arn:aws:iam::*:mfa/*",))],
        ),
        # resources of other services are shown without a warning (IAM User Guide, Policy summary)
        (_allow("iam:GetUser", [USER, "arn:aws:sqs:::q"]), []),
        # a short ARN stands for everything of the service
        (_allow("iam:GetUser", "arn:aws:iam"), []),
        (
            _allow("iam:GetUser", Condition={"ArnEquals": {"iam:PolicyARN": "x"}}),
            [(WarningKind.CONDITION_WITHOUT_ACTION, ("iam:PolicyARN",))],
        ),
        (
            _allow(
                ["iam:AttachUserPolicy", "iam:GetUser"],
                Condition={"ArnEquals": {"iam:PolicyARN": "x"}},
            ),
            [(WarningKind.ACTION_WITHOUT_CONDITION, ("iam:GetUser",))],
        ),
        (_allow("iam:GetUser", Condition={"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}), []),
        ({"Effect": "Deny", "NotAction": "iam:GetUser", "Resource": USER}, []),
    ],
)
def test_warnings(statement, expected):
    assert _warned(statement) == expected


def test_warnings_are_worded_in_both_languages():
    for statement in (_allow([], []), _allow("iam:UpdateAccessKeys")):
        for warning in _summary(_allow("*"), statement).warnings:
            assert warning.text.en.startswith("statement 2")
            assert warning.text.ja.startswith("ステートメント 2")
            assert "{" not in warning.text.en + warning.text.ja


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("a*c", "ab?", True),
        ("a*c", "*b", False),
        ("*", "", True),
        ("", "", True),
        ("", "?", False),
        ("?", "*", True),
        ("user/*", "user/*/x", True),
        ("user/a", "mfa/*", False),
        ("a**b", "?b", True),
        ("*a*", "bbb", False),
        ("*" * 500 + "a", "*" * 500 + "b", False),
    ],
)
def test_patterns_that_meet(one, other, expected):
    assert policy.covers_template(one, other) is expected
    assert policy.covers_template(other, one) is expected
