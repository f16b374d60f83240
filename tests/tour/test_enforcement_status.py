"""Who is called enforced: only who is proved to be.

Reads `sekisho.tour.rehearsal.afterwards` itself, because the tour's company has no user of whom it
is not known.
"""

from datetime import UTC, datetime

import pytest

from sekisho.account import Snapshot, User
from sekisho.engine import AttachedPolicy
from sekisho.messages import Message
from sekisho.policy import from_json
from sekisho.prover import Refuted, Unknown
from sekisho.tour.rehearsal.afterwards import EnforcementStatus, statuses_of

ARN = "arn:aws:iam::111122223333:user/hanako"


def status(*documents: object) -> EnforcementStatus:
    inline = tuple(
        AttachedPolicy(f"p{number}", from_json(document, source="p"))
        for number, document in enumerate(documents)
    )
    user = User("hanako", "/", ARN, "AIDAEXAMPLE", inline=inline)
    now = datetime(2026, 11, 24, tzinfo=UTC)
    (found,) = statuses_of(Snapshot("111122223333", "aws", now, (user,), (), (), {}))
    return found


def deny(**element: object) -> dict[str, object]:
    statement = {"Effect": "Deny", "Resource": "*", **element}
    return {"Version": "2012-10-17", "Statement": statement}


NO_MFA = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}


def test_a_whole_enforcement_is_one() -> None:
    assert status(deny(Action="*", Condition=NO_MFA)).enforced


@pytest.mark.parametrize(
    "open_enforcement",
    [
        deny(Action="*", Condition={"Bool": {"aws:MultiFactorAuthPresent": "false"}}),
        deny(NotAction="dynamodb:*", Condition=NO_MFA),
        deny(Action="*", Condition={**NO_MFA, "IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}),
    ],
    ids=["slip", "one-service-open", "one-network-only"],
)
def test_an_enforcement_with_a_hole_is_none(open_enforcement: dict[str, object]) -> None:
    found = status(open_enforcement)
    assert isinstance(found.enforcement, Refuted)
    assert not found.enforced


def test_what_only_actions_pass_that_nobody_knows_is_not_known() -> None:
    found = status(deny(NotAction="nosuchservice:*", Condition=NO_MFA))
    assert isinstance(found.enforcement, Unknown)
    assert not found.enforced


def test_who_may_do_nothing_is_not_enforced() -> None:
    assert not status().enforced


def test_what_could_not_be_found_out_is_not_enforced() -> None:
    assert not EnforcementStatus(
        "hanako", Unknown(Message.both("a limit", "上限")), True, True, True
    ).enforced
