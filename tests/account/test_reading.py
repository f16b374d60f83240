"""Organisations of every kind, and reports that take their time: answers as AWS gives them.

Reads `account.calls` and `account.collection` itself: no local AWS has an organisation.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from sekisho.account import THE_ACCOUNT, Gap
from sekisho.account.calls import ReadingRun
from sekisho.account.collection import (
    read_console_authorization,
    read_report,
    read_root,
    read_scps,
    read_signin_policy,
)
from sekisho.engine import Level
from sekisho.errors import AwsRefused
from sekisho.policy import to_json
from sekisho.signin import ConsoleAuthorization

ACCOUNT = "111122223333"
AT = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
DENIED = AwsRefused("", "AccessDeniedException", "You don't have permissions", 400)
NO_ORGANISATION = AwsRefused("", "AWSOrganizationsNotInUseException", "Not a member", 400)
UNREACHABLE = AwsRefused("", "EndpointConnectionError", "Could not connect", 0)
DENY = {"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}
HEADING = (
    "user,arn,user_creation_time,password_enabled,mfa_active,"
    "access_key_1_active,access_key_2_active,cert_1_active,cert_2_active\n"
)


class Scripted:
    """An `AwsApi` that answers by operation; a list is answered one by one, the last for good."""

    def __init__(self, **answers: Any) -> None:
        self._answers = answers

    def call(self, service: str, operation: str, /, **params: object) -> Mapping[str, Any]:
        answer = self._answers[operation]
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        if isinstance(answer, AwsRefused):
            raise AwsRefused(operation, answer.aws_code, answer.aws_message, answer.status)
        return answer(**params) if callable(answer) else answer

    def pages(self, service: str, operation: str, key: str, /, **params: object) -> Iterator[Any]:
        yield from self.call(service, operation, **params)[key]


PARENTS = {ACCOUNT: ("ou-1", "ORGANIZATIONAL_UNIT"), "ou-1": ("r-1", "ROOT")}


def member(**changed: Any) -> Scripted:
    """Return an organisation: its root, an OU with a Deny, the account in it."""
    policies = {"r-1": ["p-all"], "ou-1": ["p-all", "p-deny"], ACCOUNT: ["p-all"]}
    allow = {"Version": "2012-10-17", "Statement": [{**DENY["Statement"], "Effect": "Allow"}]}  # type: ignore[dict-item] # plain JSON
    texts = {"p-all": json.dumps(allow), "p-deny": json.dumps(DENY)}

    def parents(ChildId: str) -> Any:  # noqa: N803 - AWS's name
        above, kind = PARENTS[ChildId]
        return {"Parents": [{"Id": above, "Type": kind}]}

    answers = {
        "DescribeOrganization": {"Organization": {"MasterAccountId": "999999999999"}},
        "ListRoots": {
            "Roots": [{"PolicyTypes": [{"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}]}]
        },
        "ListParents": parents,
        "ListPoliciesForTarget": lambda TargetId, Filter: {  # noqa: N803 - AWS's names
            "Policies": [{"Id": each, "Arn": f"arn:{each}"} for each in policies[TargetId]]
        },
        "DescribePolicy": lambda PolicyId: {"Policy": {"Content": texts[PolicyId]}},  # noqa: N803 - AWS's name
    }
    return Scripted(**{**answers, **changed})


def scps(api: Scripted) -> tuple[tuple[Level, ...] | None, list[Gap]]:
    reading = ReadingRun(api)
    return read_scps(reading, ACCOUNT), reading.gaps


def test_levels_come_from_the_root_down() -> None:
    levels, gaps = scps(member())
    assert levels is not None
    assert gaps == []
    assert [(level.name, [policy.name for policy in level.policies]) for level in levels] == [
        ("r-1", ["arn:p-all"]),
        ("ou-1", ["arn:p-all", "arn:p-deny"]),
        (ACCOUNT, ["arn:p-all"]),
    ]


def test_without_an_organisation_there_are_none_and_no_gap() -> None:
    assert scps(member(DescribeOrganization=NO_ORGANISATION)) == (None, [])


def test_the_management_account_is_under_none() -> None:
    own = {"Organization": {"MasterAccountId": ACCOUNT}}
    assert scps(member(DescribeOrganization=own)) == ((), [])


def test_where_they_are_not_enabled_none_applies() -> None:
    assert scps(member(ListRoots={"Roots": [{"PolicyTypes": []}]})) == ((), [])


@pytest.mark.parametrize(
    "operation",
    ["DescribeOrganization", "ListRoots", "ListParents", "ListPoliciesForTarget", "DescribePolicy"],
)
@pytest.mark.parametrize("refused", [DENIED, UNREACHABLE], ids=["denied", "unreachable"])
def test_what_is_refused_is_a_gap(operation: str, refused: AwsRefused) -> None:
    found, gaps = scps(member(**{operation: refused}))
    assert found is None
    assert {gap.operation for gap in gaps} == {operation}


def test_an_account_that_hangs_in_the_air_is_a_gap() -> None:
    (gap,) = scps(member(ListParents={"Parents": []}))[1]
    assert gap.resource == THE_ACCOUNT
    assert gap.why.en == f"ListParents: `{ACCOUNT}` has no parent"
    endless = {"Parents": [{"Id": "ou-x", "Type": "ORGANIZATIONAL_UNIT"}]}
    (gap,) = scps(member(ListParents=endless))[1]
    assert gap.resource == THE_ACCOUNT
    assert gap.why.en == "ListParents: more than 7 levels above the account"


def test_a_document_that_is_none_is_a_gap() -> None:
    found, (gap, *_) = scps(member(DescribePolicy={"Policy": {"Content": "{"}}))
    assert found is None
    assert gap.operation == "DescribePolicy"


def report_api(*gets: Any, generate: Any = {"State": "STARTED"}) -> Scripted:  # noqa: B006 - not changed
    return Scripted(GenerateCredentialReport=generate, GetCredentialReport=list(gets))


def refused(code: str, status: int) -> AwsRefused:
    return AwsRefused("", code, "not yet", status)


READY = {"Content": HEADING.encode(), "GeneratedTime": AT}


@pytest.mark.parametrize(
    "waits",
    [
        [],
        [refused("ReportInProgress", 404)],
        [refused("ReportNotPresent", 410), refused("ReportExpired", 410)],
    ],
)
def test_a_report_is_waited_for(waits: list[AwsRefused]) -> None:
    slept: list[float] = []
    reading = ReadingRun(report_api(*waits, READY))
    report = read_report(reading, slept.append)
    assert report is not None
    assert report.generated_at == AT
    assert len(slept) == len(waits)
    assert reading.gaps == []


@pytest.mark.parametrize(
    ("api", "what", "reason"),
    [
        (report_api(READY, generate=DENIED), "GenerateCredentialReport", "AccessDeniedException"),
        (report_api(DENIED), "GetCredentialReport", "AccessDeniedException"),
        (
            report_api(refused("ReportInProgress", 404)),
            "GetCredentialReport",
            "no report within 1 min",
        ),
        (report_api({**READY, "Content": b"\xff"}), "GetCredentialReport", "is not as documented"),
        (report_api({**READY, "Content": b"a,b\n"}), "GetCredentialReport", "is not as documented"),
    ],
    ids=["not-made", "not-handed-out", "never-ready", "not-text", "other-columns"],
)
def test_a_report_that_does_not_come_is_a_gap(api: Scripted, what: str, reason: str) -> None:
    reading = ReadingRun(api)
    assert read_report(reading, lambda _: None) is None
    (gap,) = reading.gaps
    assert gap.operation == what
    assert gap.cause.en.startswith(reason)


@pytest.mark.parametrize(
    ("arns", "virtual"),
    [
        ([f"arn:aws:iam::{ACCOUNT}:root"], True),
        ([f"arn:aws:iam::{ACCOUNT}:user/root"], False),
        ([], False),
    ],
)
def test_the_kind_of_root_s_device(arns: list[str], virtual: bool) -> None:
    devices = [{"SerialNumber": "x", "User": {"Arn": arn}} for arn in arns]
    reading = ReadingRun(Scripted(ListVirtualMFADevices={"VirtualMFADevices": devices}))
    root = read_root(reading, {"AccountMFAEnabled": 1})
    assert (root.mfa, root.virtual_device, root.keys) == (True, virtual, None)
    assert bool(root.serials) is virtual


def test_nothing_is_said_of_root_where_nothing_could_be_read() -> None:
    root = read_root(ReadingRun(Scripted(ListVirtualMFADevices=DENIED)), {})
    assert (root.mfa, root.virtual_device, root.keys, root.password) == (None, None, None, None)


_CONSOLE = "GetConsoleAuthorizationConfiguration"


@pytest.mark.parametrize(
    ("answer", "found", "code"),
    [
        ({"consoleAuthorizationEnabled": True}, ConsoleAuthorization.ENABLED, None),
        ({"consoleAuthorizationEnabled": False}, ConsoleAuthorization.DISABLED, None),
        (refused("ResourceNotFoundException", 404), ConsoleAuthorization.DISABLED, None),
        ({"targetId": ACCOUNT}, None, ""),
        (DENIED, None, DENIED.aws_code),
        (UNREACHABLE, None, UNREACHABLE.aws_code),
    ],
)
def test_console_authorization_is_disabled_only_if_aws_says_so(
    answer: object, found: ConsoleAuthorization | None, code: str | None
) -> None:
    reading = ReadingRun(Scripted(**{_CONSOLE: answer}))
    assert read_console_authorization(reading) is found
    expected = [] if code is None else [(_CONSOLE, THE_ACCOUNT, code)]
    assert [(gap.operation, gap.resource, gap.code) for gap in reading.gaps] == expected


def test_the_resource_policy_of_the_sign_in_is_read_as_a_policy() -> None:
    condition = {"NotIpAddress": {"aws:SourceIp": ["192.0.2.0/24"]}}
    statement = {
        "effect": "Deny",
        "principal": {"AWS": ["*"]},
        "action": ["signin:Authenticate"],
        "resource": "*",
        "condition": condition,
    }
    policy = {"version": "2012-10-17", "statement": [statement]}
    reading = ReadingRun(Scripted(GetResourcePolicy={"signinResourceBasedPolicy": policy}))
    document = read_signin_policy(reading)
    assert document is not None
    written = to_json(document)
    assert written["Statement"][0]["Action"] == ["signin:Authenticate"]  # type: ignore[index] # plain JSON
    assert written["Statement"][0]["Condition"] == condition  # type: ignore[index] # plain JSON
    for answer, gaps in ((refused("ResourceNotFoundException", 404), 0), (DENIED, 1)):
        reading = ReadingRun(Scripted(GetResourcePolicy=answer))
        assert read_signin_policy(reading) is None
        assert len(reading.gaps) == gaps
