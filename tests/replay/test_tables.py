"""Judged as a table = judged group by group: the same report, row by row."""

import json
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from profiles import DEEP
from replay.drawn import ACCOUNT, FixedBinding, bounds, made
from replay.groups_of import log_files
from replay.plainly import Counted, events_by_outcome, report_of
from replay.test_judge import FOR_USERS, FORCE_MFA
from sekisho.engine import AttachedPolicy, Level
from sekisho.messages import verbatim
from sekisho.policy import from_json
from sekisho.replay import (
    Binding,
    Bound,
    CallOutcome,
    Judge,
    OutcomeReason,
    PolicyAttachment,
    PolicyChanges,
    Target,
    TargetKind,
    binding_of_policies,
    columns_of,
)
from sekisho.replay.reading import GroupCache, TrailGroups, local_logs, read_groups
from sekisho.replay.report import (
    JudgedGroup,
    MadeBy,
    ReplayQuestion,
    ReplayReport,
    figures_of,
    report_on,
    to_json,
)
from sekisho.replay.tables import outcomes_of

LOGS = Path(__file__).parents[1] / "data" / "cloudtrail"
QUESTION, MADE = ReplayQuestion(("policy.json",), verbatim("policy.json")), MadeBy("today", "1")


def policy(**statement: object) -> AttachedPolicy:
    """Return a policy of one Deny of everything with some elements."""
    denied = {"Effect": "Deny", "Action": "*", "Resource": "*", **statement}
    return AttachedPolicy("asked", from_json({"Version": "2012-10-17", "Statement": [denied]}))


def for_users(asked: AttachedPolicy) -> Binding:
    return binding_of_policies(
        PolicyChanges((PolicyAttachment(asked, Target(TargetKind.EVERY_USER)),))
    )


BINDINGS = {
    "force-mfa": FOR_USERS,
    "resources": for_users(policy(Resource="arn:aws:s3:::*", Action=["s3:*", "iam:Get*"])),
    "own user": for_users(
        policy(Action=["iam:Get*"], Resource="arn:aws:iam::*:user/${aws:username}")
    ),
    "addresses": for_users(policy(Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})),
    "names": for_users(policy(Condition={"StringLike": {"aws:PrincipalArn": "*/b*"}})),
    "tags": for_users(policy(Condition={"Null": {"aws:PrincipalTag/team": "true"}})),
    "organisation": binding_of_policies(
        PolicyChanges(scps=(Level("root", (policy(Condition={}), FORCE_MFA)),))
    ),
}


def group_by_group(groups: TrailGroups, judge: Judge) -> ReplayReport:
    """Return the report that the plain way comes to; its days are another's business."""
    judged = [JudgedGroup(each, judge.judge(each.event)) for each in groups.call_groups()]
    days = report_on(groups, judge, figures_of(groups.reading, {}), QUESTION, MADE).days
    counted = Counted(days, groups.caller_details())
    return report_of(QUESTION, figures_of(groups.reading, {}), judged, counted, MADE)


def as_a_table(groups: TrailGroups, judge: Judge) -> ReplayReport:
    return report_on(groups, judge, figures_of(groups.reading, {}), QUESTION, MADE)


@pytest.mark.parametrize("name", BINDINGS)
def test_the_logs_here_come_to_the_same_report(name: str) -> None:
    binding = BINDINGS[name]
    columns = columns_of(binding)
    groups = read_groups(local_logs([str(LOGS)]).files, columns)
    table = as_a_table(groups, Judge(binding, columns))
    events = events_by_outcome(groups, outcomes_of(groups, Judge(binding, columns)))
    assert table.counts == {**dict.fromkeys(CallOutcome, 0), **events}
    plain = group_by_group(groups, Judge(binding, columns))
    assert table.rows
    assert table == plain
    assert "".join(to_json(table)) == "".join(to_json(plain))


@settings(max_examples=15 if DEEP else 6)
@given(bounds(), st.integers(0, 2**32))
def test_any_policies_over_any_records_come_to_the_same_report(bound: Bound, seed: int) -> None:
    chance = Random(seed)  # noqa: S311 - nothing is secret here
    records = [made(chance).record for _ in range(30)]
    binding = FixedBinding(bound)
    columns = columns_of(binding)
    groups = read_groups(log_files([json.dumps({"Records": records}).encode()]), columns)
    plain = group_by_group(groups, Judge(binding, columns))
    assert as_a_table(groups, Judge(binding, columns)) == plain


def test_the_name_of_an_event_is_no_reason() -> None:
    # a service that nobody knows may call its operation as a reason is called here
    user = {"type": "IAMUser", "arn": f"arn:aws:iam::{ACCOUNT}:user/bob", "accountId": ACCOUNT}
    records = [
        {**record, "eventTime": "2026-08-20T10:00:00Z", "userIdentity": user}
        for record in (
            {"eventSource": "sts.amazonaws.com", "eventName": "AssumeRoleWithSAML"},
            {"eventSource": "fresh.amazonaws.com", "eventName": OutcomeReason.UNSIGNED.value},
        )
    ]
    groups = read_groups(log_files([json.dumps({"Records": records}).encode()]))
    plain = group_by_group(groups, Judge(FOR_USERS, ()))
    assert len({each.judgement.outcome for each in plain.rows}) == 2
    assert as_a_table(groups, Judge(FOR_USERS, ())) == plain


def test_groups_out_of_the_cache_come_to_the_same_report(tmp_path: Path) -> None:
    files = local_logs([str(LOGS)]).files
    cache = GroupCache(tmp_path)
    read, cached = cache.read(files), cache.read(files)
    assert cache.hits
    reports = [as_a_table(each, Judge(FOR_USERS, ())) for each in (read, cached)]
    assert reports[0] == reports[1]


def test_no_groups_come_to_an_empty_report() -> None:
    report = as_a_table(read_groups([]), Judge(FOR_USERS, ()))
    assert not report.rows
    assert not report.callers
    assert sum(report.counts.values()) == 0
