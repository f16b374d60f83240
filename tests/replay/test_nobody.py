"""Never a wrong "nobody": whoever called is in the answer, and what was not read is said."""

import gzip
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from click_commands import command_of
from hand_made_replays import UNCHANGED, event, judged, report, to_csv
from replay.drawn import ACCOUNT, ALICE, DEV, FixedBinding
from replay.groups_of import log_files
from replay.plainly import group_plainly
from replay.test_reading import EXPORT, LOST, log, message, record
from sekisho.cli import Exit
from sekisho.engine import AttachedPolicy, Level, Policies
from sekisho.policy import PolicyKind, from_json
from sekisho.replay import Bound, CallOutcome, Judge, OutcomeReason, columns_of
from sekisho.replay.reading import SkippedKind, read_groups
from sekisho.replay.report import FileFault, JudgedGroup, LogFigures, headline

command = command_of("impact")

DENY = {"Effect": "Deny", "Action": "*", "Resource": "*"}
POLICY = {"Version": "2012-10-17", "Statement": [DENY]}
_DENY = AttachedPolicy("deny", from_json(POLICY, kind=PolicyKind.SCP))
EVERYBODY = FixedBinding(Bound(None, Policies(scps=(Level("root", (_DENY,)),))))
COLUMNS = columns_of(EVERYBODY)
JUDGE = Judge(EVERYBODY, COLUMNS)
ELSEWHERE = "444455556666"

# AWS CloudTrail User Guide, "CloudTrail record contents", "Understanding CloudTrail events",
# "CloudTrail userIdentity element": every type and category that they name, and two that none has
TYPES = (
    *(None, "AwsApiCall", "AwsServiceEvent", "AwsConsoleAction", "AwsConsoleSignIn"),
    *("AwsVpceEvent", "AwsVpceEvents", "AwsCloudTrailInsight", "AwsAggregatedEvent", "AwsNewEvent"),
)
CATEGORIES = (None, "Management", "Data", "NetworkActivity", "Insight", "Aggregated", "New")
IDENTITIES = (
    *("IAMUser", "Root", "AssumedRole", "Role", "FederatedUser", "Directory", "AWSAccount"),
    *("AWSService", "IdentityCenterUser", "SAMLUser", "WebIdentityUser", "Unknown", None),
)
ARNS = (None, "", ALICE, DEV, f"arn:aws:iam::{ACCOUNT}:root", "arn:aws:appstream:eu-west-1:1:x/y")
CALLERS = (
    {"type": "IAMUser", "arn": ALICE, "accountId": ACCOUNT},
    {"type": "Root", "arn": f"arn:aws:iam::{ACCOUNT}:root", "accountId": ACCOUNT},
    {"type": "AssumedRole", "arn": DEV, "accountId": ACCOUNT},
)
CALLS = (
    *(("s3", "GetObject"), ("iam", "CreateUser"), ("kms", "ListKeys"), ("sts", "AssumeRole")),
    *(("sts", "GetCallerIdentity"), ("signin", "ConsoleLogin"), ("signin", "CreateOAuth2Token")),
    *(("newservice", "DoNew"), ("s3", "NewEvent")),
)


@st.composite
def records(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a record of any type, category and identity, most of which AWS never writes."""

    def one_of(values: Sequence[Any]) -> Any:
        return draw(st.sampled_from(values))

    source, name = one_of(CALLS)
    odd = {
        "type": one_of(IDENTITIES),
        "arn": one_of(ARNS),
        "accountId": one_of((None, ACCOUNT, ACCOUNT, ELSEWHERE, "anonymous")),
    }
    how = {
        "accessKeyId": one_of((None, "AKIA1", "ASIA1")),
        "invokedBy": one_of((None, None, "AWS Internal", "kms.amazonaws.com")),
    }
    identity = one_of((*CALLERS, *CALLERS, odd, None))
    return {
        "eventTime": "2026-08-20T10:00:00Z",
        "eventID": "e",
        "eventSource": f"{source}.amazonaws.com",
        "eventName": name,
        "eventType": one_of(TYPES),
        "eventCategory": one_of(CATEGORIES),
        "recipientAccountId": one_of((None, ACCOUNT, ACCOUNT, ELSEWHERE)),
        "sharedEventID": one_of((None, "s")),
        "errorCode": one_of((None, None, "NoSuchKey", "VpceAccessDenied")),
        "userIdentity": identity and {**identity, **how},
    }


_NOT_ASKED = (OutcomeReason.SIGN_IN, OutcomeReason.SERVICE_EXEMPT)
"""Why a caller's policies are not asked."""
_KINDS = {"IAMUser": ":user/", "AssumedRole": ":role/", "Root": ":root"}


def names_caller(written: Mapping[str, Any]) -> bool:
    """Tell whether a record names a user, a role or root with its ARN."""
    identity = written["userIdentity"] or {}
    kind = _KINDS.get(identity.get("type"))
    return kind is not None and kind in (identity["arn"] or "") and identity["accountId"] == ACCOUNT


@given(st.lists(records(), min_size=1, max_size=4))
def test_every_event_with_a_caller_has_one_outcome_that_the_verdict_shows(
    written: list[dict[str, Any]],
) -> None:
    plain = group_plainly(written, COLUMNS)
    groups = [JudgedGroup(each, JUDGE.judge(each.event)) for each in plain.groups]
    made = report(groups)
    assert sum(made.counts.values()) + plain.copies == len(written)
    for each in written:
        (group,) = group_plainly([each], COLUMNS).groups
        found = JUDGE.judge(group.event)
        if names_caller(each) and found.reason not in _NOT_ASKED:
            assert found.outcome in (CallOutcome.DENIED, CallOutcome.UNKNOWN, CallOutcome.FAILED)
            assert found.outcome is not CallOutcome.FAILED or each["errorCode"]
        if found.outcome not in (CallOutcome.DENIED, CallOutcome.UNKNOWN):
            continue
        # all that is denied: no verdict passes over it
        alone = report([JudgedGroup(group, found)])
        assert alone.affects or alone.incomplete
        said = headline(alone).en
        assert not said.startswith(("No call would", "Of what could be read, no", "No result"))
        if found.reason is OutcomeReason.OWNERS_RECORD:
            assert f"calls of {alone.callers[0].label}" in said


def impact(folder: Path, *more: str, policy: Mapping[str, Any] = POLICY) -> tuple[int, str]:
    """Return how the command ends on the logs of a folder, and what it says."""
    path = folder.parent / "policy.json"
    path.write_text(json.dumps(policy))
    found = CliRunner().invoke(
        command, [str(folder), "--policy", str(path), *more], standalone_mode=False
    )
    assert found.exception is None, found.exception
    return found.return_value, found.stdout


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    folder = tmp_path / "logs"
    folder.mkdir()
    return folder


USER = {"type": "IAMUser", "arn": ALICE, "accountId": ACCOUNT, "userName": "alice"}
NETWORK = {"eventType": "AwsVpceEvent", "eventCategory": "NetworkActivity"}
ROLE = {"type": "AssumedRole", "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/Dev/x"}
S3 = {"eventSource": "s3.amazonaws.com", "recipientAccountId": ACCOUNT}


def test_a_users_calls_through_an_endpoint_are_the_users(logs: Path) -> None:
    place = logs / f"AWSLogs/{ACCOUNT}/CloudTrail-NetworkActivity/eu-west-1/2026/08/20"
    place.mkdir(parents=True)
    seen = log(record(1, userIdentity=USER, **S3, **NETWORK))
    (place / "a.json.gz").write_bytes(gzip.compress(seen))
    code, said = impact(logs)
    assert code is Exit.FINDINGS
    assert said.startswith("Calls of 1 of 1 user would be denied: alice.")


def test_a_users_call_that_only_the_owner_has_is_named(logs: Path) -> None:
    elsewhere = {**S3, "recipientAccountId": ELSEWHERE}
    (logs / "a.json").write_bytes(log(record(1, userIdentity=USER, **elsewhere)))
    code, said = impact(logs)
    assert code is Exit.UNKNOWN
    assert "Some calls of alice are in another account's trail alone" in " ".join(said.split())


def test_an_unnamed_caller_of_an_account_whose_logs_are_there_is_named(logs: Path) -> None:
    unnamed = {"type": "AWSAccount", "principalId": "AIDAALICE", "accountId": ACCOUNT}
    theirs = record(1, userIdentity=unnamed, **{**S3, "recipientAccountId": ELSEWHERE})
    unbound = record(2, userIdentity={**ROLE, "accountId": ACCOUNT}, **S3)
    (logs / "a.json").write_bytes(log(theirs))
    # it may be anybody's: nothing here says that the policy is for that account
    code, said = impact(logs)
    assert code is Exit.UNKNOWN
    assert said.startswith("No result")
    (logs / "b.json").write_bytes(log(unbound))
    code, said = impact(logs)
    assert code is Exit.UNKNOWN
    assert f"Some calls of {ACCOUNT} are in another account's trail alone" in " ".join(said.split())


QUIET = {"Version": "2012-10-17", "Statement": [{**DENY, "Action": "iam:CreateUser"}]}
UNREAD: Mapping[str, tuple[bytes, str]] = {
    "more.zip": (b"PK\x03\x04", "packed in a way that is not read"),
    "more.json.zst": (b"\x28\xb5\x2f\xfd", "packed in a way that is not read"),
    "more.log": (b"not JSON", "is not a CloudTrail log"),
    "more.gz": (gzip.compress(b"x" * 90)[:-9], "the compressed file ends in the middle"),
    "more.json": (log(record(2, userIdentity=USER, **S3))[:-9], "ends in the middle"),
    "lost.json": (LOST, "is not JSON"),
}


def test_what_was_not_read_is_in_the_verdict_in_every_form(logs: Path) -> None:
    (logs / "a.json").write_bytes(log(record(1, userIdentity=USER, **S3)))
    for name, (content, _) in UNREAD.items():
        (logs / name).write_bytes(content)
    for form in ("text", "json", "html", "csv"):
        code, said = impact(logs, "--format", form, policy=QUIET)
        said = " ".join(said.split())
        assert code is Exit.UNKNOWN
        assert all(why in said for _, why in UNREAD.values())
        verdict = "not read" if form == "csv" else "Of what could be read, no call would be denied"
        assert verdict in said


def test_it_is_in_a_verdict_about_whoever_loses_calls(logs: Path) -> None:
    (logs / "a.json").write_bytes(log(record(1, userIdentity=USER, **S3)))
    (logs / "more.zip").write_bytes(UNREAD["more.zip"][0])
    code, said = impact(logs)
    assert code is Exit.UNKNOWN
    assert said.startswith("Calls of 1 of 1 user would be denied: alice. This covers only what")


@pytest.mark.parametrize("name", UNREAD)
def test_each_of_it_ends_with_4(name: str) -> None:
    (fault, *_) = read_groups(log_files([UNREAD[name][0]])).reading.faults
    faulty = LogFigures(events=1, faults=(FileFault(name, "", fault.what, fault.records),))
    assert report([judged(event(), UNCHANGED)], log=faulty).incomplete


def test_what_was_not_opened_is_in_the_verdict() -> None:
    skipped = {SkippedKind.NOT_OPENED: 2}
    made = report([judged(event(), UNCHANGED)], log=LogFigures(events=1, skipped=skipped))
    assert made.incomplete
    assert headline(made).en.startswith("Of what could be read")
    assert "not read" in to_csv(made)


def test_exports_of_cloudwatch_logs_are_read(logs: Path) -> None:
    (logs / "000000.gz").write_bytes(gzip.compress(EXPORT))
    (logs / "delivery-1").write_bytes(gzip.compress(message(1, 2)))
    code, said = impact(logs, "--format", "json")
    found = json.loads(said)
    assert (code, found["counts"]["denied"], found["log"]["faults"]) == (Exit.FINDINGS, 4, [])
