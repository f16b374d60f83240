"""What the policies in question would have done to logged calls."""

from replay.plainly import group_plainly, judge_plainly
from replay.test_record import logged
from sekisho.engine import AttachedPolicy
from sekisho.policy import Preset, choices_of, force_mfa
from sekisho.replay import (
    CallOutcome,
    Judge,
    PolicyAttachment,
    PolicyChanges,
    Target,
    TargetKind,
    binding_of_policies,
    columns_of,
)

FORCE_MFA = AttachedPolicy("Force_MFA", force_mfa(choices_of(Preset.AWS)))
FOR_USERS = binding_of_policies(
    PolicyChanges((PolicyAttachment(FORCE_MFA, Target(TargetKind.EVERY_USER)),))
)


def test_the_logs_here_under_force_mfa() -> None:
    columns = columns_of(FOR_USERS)
    assert not columns
    judge, counted = Judge(FOR_USERS, columns), dict.fromkeys(CallOutcome, 0)
    for group in group_plainly(logged(), columns).groups:
        found = judge.judge(group.event)
        assert judge_plainly(group.event, FOR_USERS, columns) == found
        counted[found.outcome] += group.tally.events
    assert counted == {
        CallOutcome.DENIED: 2242,
        CallOutcome.UNCHANGED: 445,
        CallOutcome.ALREADY_DENIED: 0,
        CallOutcome.UNKNOWN: 25,
        CallOutcome.FAILED: 352,
        CallOutcome.NOT_DENIABLE: 105,
        CallOutcome.NOT_BOUND: 43,
    }
