"""Who changed what has drifted, and when: as IAM and CloudTrail tell, or why it is not known.

Reads `rollout.history.History` itself, because at the face a plan has to drift at the local AWS,
which has no CloudTrail; and the lines of `cli.rollout.status` without a command.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from administered import ACCOUNT, iam_of
from rollout.at_the_terminal import Terminal, environment
from rollout.staging import ADMIN, ENFORCEMENT, MACHINE, NOW, account, company, full_goal
from sekisho.account.aws import Keys, connect
from sekisho.cli import Exit
from sekisho.cli.rollout.status import plan_status_lines
from sekisho.errors import AwsRefused, UsageError
from sekisho.localaws import LocalAws
from sekisho.messages import Language, Message
from sekisho.rollout import (
    CALLS,
    AttachGroupPolicy,
    Author,
    Change,
    ChangeStatus,
    CreatePolicyVersion,
    CredentialType,
    DeactivateCredential,
    DeleteDevice,
    DetachGroupPolicy,
    FactStatus,
    Plan,
    PlanStatus,
    TagPolicy,
    plan,
    status_to_json,
)
from sekisho.rollout.history import History

EVENTS = json.loads(
    (Path(__file__).parents[1] / "corpus/rollout/cloudtrail.json").read_text("utf-8")
)
KEN = f"arn:aws:iam::{ACCOUNT}:user/ken"


def changes() -> dict[str, Change]:
    made = plan(full_goal(), account(), ADMIN).changes
    key = DeactivateCredential("machine", CredentialType.ACCESS_KEY.value, "AKIAMACHINE")
    device = DeleteDevice(f"arn:aws:iam::{ACCOUNT}:mfa/attic", "")
    every = (*made, key, device, TagPolicy(ENFORCEMENT, "team", "security", None))
    return {change.address: change for change in every}


CHANGES = changes()


@dataclass
class Trail:
    """An `AwsApi` that answers `LookupEvents` as CloudTrail documents it."""

    records: list[Mapping[str, Any]]
    more: bool | str = False
    refused: AwsRefused | None = None
    asked: list[Mapping[str, Any]] = field(default_factory=list)

    def call(self, service: str, operation: str, /, **params: Any) -> Mapping[str, Any]:
        assert (service, operation) == ("cloudtrail", "LookupEvents")
        self.asked.append(params)
        if self.refused is not None:
            raise self.refused
        (attribute,) = params["LookupAttributes"]
        assert attribute["AttributeKey"] == "EventName"
        found = [each for each in self.records if each["eventName"] == attribute["AttributeValue"]]
        events = [
            {
                "EventName": each["eventName"],
                "EventTime": datetime.fromisoformat(each["eventTime"]),
                "Username": (each["userIdentity"] or {}).get("userName", ""),
                "CloudTrailEvent": json.dumps(each),
            }
            for each in found
        ]
        more = self.more in (True, attribute["AttributeValue"])
        return {"Events": events, **({"NextToken": "more"} if more else {})}

    def pages(self, service: str, operation: str, key: str, /, **params: object) -> Iterator[Any]:
        raise AssertionError(f"{operation} has a bound only when it is called by page")


def last(address: str, *records: Mapping[str, Any], **about: Any) -> Author | Message:
    trail = Trail(list(records), **about)
    found = History(trail, NOW).last_author(CHANGES[address])
    assert all(each["StartTime"] == NOW for each in trail.asked)
    return found


@pytest.mark.parametrize("case", EVENTS["cases"], ids=lambda case: str(case["id"]))
def test_the_author_of_each_kind_of_change(case: Mapping[str, Any]) -> None:
    assert set(case) == {"id", "source", "address", "event", "about"}
    record = {**EVENTS["record"], **case["event"]}
    assert last(case["address"], record) == (
        Author(KEN, record["eventName"], datetime(2026, 11, 24, 10, 0, tzinfo=UTC))
        if case["about"]
        else last(case["address"])
    )


VERSION = CreatePolicyVersion(ENFORCEMENT, {}, {})
ADDED: list[tuple[Change, str]] = [
    (AttachGroupPolicy("Enforced", ENFORCEMENT), "user mei"),
    (DetachGroupPolicy("Enforced", ENFORCEMENT), "user mei"),
    *((VERSION, each) for each in ("user mei", "group Enforced", "role app")),
]
BOUNDARY = {"permissionsBoundary": ENFORCEMENT}


@pytest.mark.parametrize(
    ("change", "newcomer", "event", "asked"),
    [
        (*ADDED[0], "AddUserToGroup", {"groupName": "Enforced", "userName": "mei"}),
        (*ADDED[1], "AddUserToGroup", {"groupName": "Enforced", "userName": "mei"}),
        # by a group that has the policy
        (*ADDED[2], "AddUserToGroup", {"groupName": "Enforced", "userName": "mei"}),
        (*ADDED[2], "AttachUserPolicy", {"userName": "mei", "policyArn": ENFORCEMENT}),
        (*ADDED[2], "PutUserPermissionsBoundary", {"userName": "mei", **BOUNDARY}),
        (*ADDED[2], "CreateUser", {"userName": "mei", **BOUNDARY}),
        (*ADDED[3], "AttachGroupPolicy", {"groupName": "Enforced", "policyArn": ENFORCEMENT}),
        (*ADDED[4], "AttachRolePolicy", {"roleName": "app", "policyArn": ENFORCEMENT}),
        (*ADDED[4], "PutRolePermissionsBoundary", {"roleName": "app", **BOUNDARY}),
        (*ADDED[4], "CreateRole", {"roleName": "app", **BOUNDARY}),
    ],
)
def test_who_added_somebody(
    change: Change, newcomer: str, event: str, asked: dict[str, str]
) -> None:
    record = {**EVENTS["record"], "eventName": event, "requestParameters": asked}
    at = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
    found = History(Trail([record]), NOW).newcomer_author(
        change, newcomer, ("group Enforced", "user ken")
    )
    assert found == Author(KEN, event, at)
    for key in asked:
        other = {**record, "requestParameters": {**asked, key: "another"}}
        history = History(Trail([other]), NOW)
        assert isinstance(history.newcomer_author(change, newcomer, ("group Enforced",)), Message)


def test_who_added_whom_is_told_in_both_forms() -> None:
    at = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
    by = (Author(KEN, "AddUserToGroup", at), Message.both("none", "なし"))
    came = ("user mei", "user rin")
    standing = PlanStatus(
        (FactStatus("a", ChangeStatus.DRIFTED, newcomers=came, newcomer_authors=by),), (), ()
    )
    made = plan(MACHINE, account(), ADMIN)
    english = "\n".join(plan_status_lines(made, standing, Language.EN))
    assert f"user mei added by: {KEN}, AddUserToGroup, 2026-11-24" in english
    assert "user rin added by: unknown: none" in english
    assert "--who" not in english
    assert "user rin を追加した人: 不明 (なし)" in "\n".join(
        plan_status_lines(made, standing, Language.JA)
    )
    (told,) = status_to_json(made, standing)["changes"]  # type: ignore[misc] # JSON
    assert told["added"] == [
        {"last": {"who": KEN, "event": "AddUserToGroup", "at": at.isoformat()}},
        {"last": None, "notKnown": "none"},
    ]
    unasked = replace(standing, facts=(FactStatus("a", ChangeStatus.DRIFTED, newcomers=came),))
    assert f"at most {CALLS} CloudTrail calls" in "\n".join(
        plan_status_lines(made, unasked, Language.EN)
    )


ATTACHMENT = f"user-attachment machine {ENFORCEMENT}"
DETACHED = {
    **EVENTS["record"],
    "eventName": "DetachUserPolicy",
    "requestParameters": {"userName": "machine", "policyArn": ENFORCEMENT},
}


def test_the_last_that_succeeded_counts() -> None:
    later = {**DETACHED, "eventTime": "2026-11-24T11:00:00Z", "eventName": "AttachUserPolicy"}
    failed = {**DETACHED, "eventTime": "2026-11-24T12:00:00Z", "errorCode": "AccessDenied"}
    author = last(ATTACHMENT, DETACHED, failed, later)
    assert isinstance(author, Author)
    assert (author.event, author.at.hour) == ("AttachUserPolicy", 11)


@pytest.mark.parametrize(
    ("identity", "who"),
    [
        (
            {"type": "AssumedRole", "arn": "arn:aws:sts::1:assumed-role/R/s"},
            "arn:aws:sts::1:assumed-role/R/s",
        ),
        ({"type": "AWSService", "invokedBy": "sso.amazonaws.com"}, "sso.amazonaws.com"),
        ({"type": "Root", "userName": "root"}, "root"),
        ({"type": "Unknown"}, "Unknown"),
    ],
)
def test_whoever_it_was_has_a_name(identity: Mapping[str, str], who: str) -> None:
    author = last(ATTACHMENT, {**DETACHED, "userIdentity": identity})
    assert isinstance(author, Author)
    assert author.who == who


def test_what_is_not_known_has_its_reason() -> None:
    none = last(ATTACHMENT)
    more = last(ATTACHMENT, more=True)
    refused = last(ATTACHMENT, refused=AwsRefused("LookupEvents", "AccessDenied", "no", 403))
    assert isinstance(none, Message)
    assert isinstance(more, Message)
    assert isinstance(refused, Message)
    assert "90 days" in none.en
    assert "last 50" in more.en
    assert refused.ja == "AccessDenied: no"
    strange = {**DETACHED, "requestParameters": None}
    assert last(ATTACHMENT, strange, {**DETACHED, "userIdentity": None}) == none


def test_what_a_page_leaves_out_may_be_the_last() -> None:
    """The page of one event reaches back to eleven: what it leaves out may be later than ten."""
    elsewhere = {"userName": "other", "policyArn": ENFORCEMENT}
    attached = {**DETACHED, "eventName": "AttachUserPolicy", "requestParameters": elsewhere}
    later = {**attached, "eventTime": "2026-11-24T11:00:00Z"}
    earlier = {**attached, "eventTime": "2026-11-24T09:00:00Z"}
    found = last(ATTACHMENT, DETACHED, later)
    assert isinstance(found, Author)
    assert last(ATTACHMENT, DETACHED, later, more="AttachUserPolicy") == last(ATTACHMENT, more=True)
    assert last(ATTACHMENT, DETACHED, more="AttachUserPolicy") == last(ATTACHMENT, more=True)
    assert last(ATTACHMENT, DETACHED, later, earlier, more="AttachUserPolicy") == found
    assert last(ATTACHMENT, DETACHED, later, more="DetachUserPolicy") == found


def test_the_calls_are_bounded_and_a_refusal_is_the_last() -> None:
    trail = Trail([])
    history = History(trail, NOW)
    for change in [*CHANGES.values()] * 2:
        history.last_author(change)
    for change, newcomer in ADDED:
        history.newcomer_author(change, newcomer, ("group Enforced",))
    names = [each["LookupAttributes"][0]["AttributeValue"] for each in trail.asked]
    assert len(names) == len(set(names)) <= CALLS
    refused = Trail([], refused=AwsRefused("LookupEvents", "AccessDenied", "no", 403))
    history = History(refused, NOW)
    assert all(isinstance(history.last_author(change), Message) for change in CHANGES.values())
    assert all(isinstance(history.newcomer_author(*each, ()), Message) for each in ADDED)
    assert len(refused.asked) == 1


@pytest.mark.parametrize(
    ("region", "where"),
    [
        ("ap-northeast-1", "us-east-1"),
        ("cn-northwest-1", "cn-north-1"),
        ("us-gov-east-1", "us-gov-west-1"),
    ],
)
def test_the_events_of_iam_are_where_iam_is(region: str, where: str) -> None:
    api = connect(region=region, credentials=Keys("AKIAEXAMPLE", "example-secret"))
    assert api._client("cloudtrail", 1).meta.region_name == where
    assert api._client("sts", 1).meta.region_name == region


def test_both_forms_tell_it_in_both_languages() -> None:
    at = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
    reason = Message.both("AccessDenied: no", "AccessDenied: no")
    facts = (
        FactStatus("a", ChangeStatus.DRIFTED, at, Author(KEN, "DetachUserPolicy", at)),
        FactStatus("b", ChangeStatus.DRIFTED, None, reason),
        FactStatus("c", ChangeStatus.DONE),
    )
    made = plan(MACHINE, account(), ADMIN)
    standing = PlanStatus(facts, (), ())
    english = "\n".join(plan_status_lines(made, standing, Language.EN))
    assert f"last changed by: {KEN}, DetachUserPolicy, 2026-11-24" in english
    assert "unknown: AccessDenied: no" in english
    assert "--who" not in english
    assert "不明 (AccessDenied: no)" in "\n".join(plan_status_lines(made, standing, Language.JA))
    one, other, done = status_to_json(made, standing)["changes"]  # type: ignore[misc] # JSON
    assert one["last"] == {"who": KEN, "event": "DetachUserPolicy", "at": at.isoformat()}
    assert (one["dated"], other["notKnown"]) == (at.isoformat(), "AccessDenied: no")
    assert done == {"address": "c", "status": "done"}
    unasked = replace(standing, facts=(FactStatus("a", ChangeStatus.DRIFTED),))
    assert f"at most {CALLS} CloudTrail calls" in "\n".join(
        plan_status_lines(made, unasked, Language.EN)
    )


@pytest.fixture(scope="module")
def local() -> Iterator[LocalAws]:
    with company() as running:
        yield running


def test_status_says_that_it_is_not_known(local: LocalAws, tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, environment(local, "admin"))
    path = terminal.path("plan")
    words = ("--user", "machine", "--members-of", "Developers", "--mfa", "--out", path)
    assert terminal.run("plan", *words).return_value == Exit.CHANGES
    assert terminal.run("apply", path, "--yes").return_value == Exit.CLEAN
    made = Plan.from_json(Path(path).read_text("utf-8"))
    iam = iam_of(local)
    iam.detach_user_policy(UserName="machine", PolicyArn=ENFORCEMENT)
    iam.create_policy_version(
        PolicyArn=ENFORCEMENT, PolicyDocument=json.dumps(OPEN), SetAsDefault=True
    )
    told = terminal.run("status", path)
    assert told.return_value == Exit.FINDINGS
    assert told.stdout.count("dated by IAM") == 1
    assert "--who" in told.stdout
    deny = {"Version": "2012-10-17", "Statement": [{**OPEN["Statement"][0], "Effect": "Deny"}]}
    iam.put_user_policy(UserName="admin", PolicyName="no", PolicyDocument=json.dumps(deny))
    asked = terminal.run("status", path, "--who", "--format", "json")
    assert asked.return_value == Exit.FINDINGS
    found = [each for each in json.loads(asked.stdout)["changes"] if each["status"] == "drifted"]
    assert {each["address"] for each in found} == {f"policy {ENFORCEMENT}", ATTACHMENT}
    assert all(each["last"] is None for each in found)
    assert all(each["notKnown"].startswith("AccessDenied") for each in found)
    assert len(made.changes) == 3
    with pytest.raises(UsageError, match="for a plan"):
        raise_(terminal.run("status", terminal.write("goal.yaml", "who: []\n"), "--who").exception)


OPEN = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "cloudtrail:*", "Resource": "*"}],
}


def raise_(error: BaseException | None) -> None:
    assert error is not None
    raise error
