"""Whom policies bind: an account before and after some changes, and policies alone."""

import json
from dataclasses import replace
from importlib.resources import files
from itertools import chain
from typing import Any

import pytest

from audit.small_accounts import snapshot_of
from engine.asking import policy
from gaps import gap_at
from rollout.staging import ACCOUNT
from sekisho.account import Snapshot
from sekisho.engine import AttachedPolicy, Level
from sekisho.errors import InternalError
from sekisho.replay import (
    Binding,
    CallOutcome,
    Column,
    Judge,
    OutcomeReason,
    PolicyAttachment,
    PolicyChanges,
    Target,
    TargetKind,
    TrailEvent,
    binding_of_change,
    binding_of_policies,
    binding_of_states,
    columns_of,
)

ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}
READ = {"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}
TRUST = {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}
LIST = {"Effect": "Allow", "Action": "s3:List*", "Resource": "*"}
NO_MFA = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
MFA = {"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": NO_MFA}
OFFICE = {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}
ABROAD = {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": OFFICE}
BUCKET = {"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::other/*"}
FORCE_MFA = policy([MFA], name="Force_MFA")
DENIED, UNCHANGED = (CallOutcome.DENIED, None), (CallOutcome.UNCHANGED, None)
NOT_ATTACHED = (CallOutcome.NOT_BOUND, OutcomeReason.NOT_ATTACHED)

ACCOUNT_OF_ALL = snapshot_of(
    {
        "users": {
            "ann": {"groups": ["staff"], "has": ["Read"]},
            "ben": {"has": ["Read"], "inline": {"Listing": [LIST]}},
            "cat": {"has": ["Mfa"]},
            "dan": {"has": ["Read", "Abroad"]},
            "eve": {"has": ["arn:aws:iam::aws:policy/ReadOnlyAccess"]},
        },
        "groups": {"staff": {"has": ["All"]}},
        "roles": {"Deploy": {"trust": [TRUST], "has": ["Read"]}},
        "policies": {"All": [ALL], "Read": [READ], "Mfa": [ALL, MFA], "Abroad": [ABROAD, BUCKET]},
    }
)


def call(user: str, name: str = "GetObject", **more: Any) -> TrailEvent:
    """Return a call by a user's key, or by a role."""
    role = user == "Deploy"
    event = TrailEvent(
        source="s3.amazonaws.com",
        name=name,
        type="AwsApiCall",
        recipient=ACCOUNT,
        identity="AssumedRole" if role else "IAMUser",
        account=ACCOUNT,
        principal=f"arn:aws:iam::{ACCOUNT}:{'role' if role else 'user'}/{user}",
        key_id="AKIA1",
    )
    return replace(event, **more)


def outcome(binding: Binding, event: TrailEvent) -> tuple[CallOutcome, OutcomeReason | None]:
    found = Judge(binding, columns_of(binding)).judge(event)
    return found.outcome, found.reason


def attaching(kind: TargetKind, name: str = "", what: AttachedPolicy = FORCE_MFA) -> PolicyChanges:
    return PolicyChanges((PolicyAttachment(what, Target(kind, name)),))


@pytest.mark.parametrize(
    ("kind", "name", "bound"),
    [
        (TargetKind.EVERY_USER, "", {"ann", "ben", "dan", "eve"}),
        (TargetKind.USER, "ben", {"ben"}),
        (TargetKind.USER, f"arn:aws:iam::{ACCOUNT}:user/ben", {"ben"}),
        (TargetKind.GROUP, "staff", {"ann"}),
        (TargetKind.EVERY_ROLE, "", {"Deploy"}),
        (TargetKind.ROLE, "Deploy", {"Deploy"}),
        (TargetKind.ROLE, "Other", set()),
    ],
)
def test_who_is_bound(kind: TargetKind, name: str, bound: set[str]) -> None:
    binding = binding_of_change(ACCOUNT_OF_ALL, attaching(kind, name))
    for who in ("ann", "ben", "dan", "eve", "Deploy"):
        assert outcome(binding, call(who)) == (DENIED if who in bound else NOT_ATTACHED), who


def test_a_deny_that_was_there_asks_for_no_column() -> None:
    """Dan's own Deny depends on the address and a resource; it did not deny the call."""
    binding = binding_of_change(ACCOUNT_OF_ALL, attaching(TargetKind.EVERY_USER))
    assert columns_of(binding) == frozenset()
    assert outcome(binding, call("dan")) == DENIED


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (call("ann"), NOT_ATTACHED),
        (call("ben"), DENIED),
        (call("ben", "ListObjects"), UNCHANGED),
        (call("ben", "PutObject"), UNCHANGED),
        (call("Deploy"), DENIED),
    ],
)
def test_a_statement_less(
    event: TrailEvent, expected: tuple[CallOutcome, OutcomeReason | None]
) -> None:
    """What was not allowed, and was made all the same, something else allowed."""
    less = {"Read": policy([LIST]).document}
    binding = binding_of_change(ACCOUNT_OF_ALL, PolicyChanges(replaced=less))
    if event.principal == call("ann").principal:
        # her group allows her all; her own policy changed all the same
        expected = UNCHANGED
    assert outcome(binding, event) == expected


def test_a_policy_less() -> None:
    binding = binding_of_change(ACCOUNT_OF_ALL, PolicyChanges(detached=frozenset({"All"})))
    assert outcome(binding, call("ann")) == UNCHANGED
    assert outcome(binding, call("ann", "PutObject")) == DENIED
    assert outcome(binding, call("ben")) == NOT_ATTACHED


def test_an_inline_policy_by_its_name() -> None:
    inline = ACCOUNT_OF_ALL.user_named["ben"].inline[0].name
    binding = binding_of_change(ACCOUNT_OF_ALL, PolicyChanges(detached=frozenset({inline})))
    assert outcome(binding, call("ben", "ListObjects")) == DENIED
    assert outcome(binding, call("ben")) == UNCHANGED


def test_a_boundary() -> None:
    limit = PolicyAttachment(policy([READ], name="Limit"), Target(TargetKind.GROUP, "staff"))
    assert outcome(
        binding_of_change(ACCOUNT_OF_ALL, PolicyChanges(boundaries=(limit,))), call("ann")
    ) == (NOT_ATTACHED)
    limit = replace(limit, target=Target(TargetKind.USER, "ann"))
    binding = binding_of_change(ACCOUNT_OF_ALL, PolicyChanges(boundaries=(limit,)))
    assert outcome(binding, call("ann")) == UNCHANGED
    assert outcome(binding, call("ann", "PutObject")) == DENIED


def test_a_new_limit_on_what_passed_by_a_policy_that_nobody_read() -> None:
    """`ben` may not put objects by the account: a bucket's own policy, say, let the call pass."""
    limit = PolicyAttachment(policy([READ], name="Limit"), Target(TargetKind.USER, "ben"))
    levels = (Level("root", (policy([READ], name="scp"),)),)
    for changes in (PolicyChanges(boundaries=(limit,)), PolicyChanges(scps=levels)):
        found = outcome(binding_of_change(ACCOUNT_OF_ALL, changes), call("ben", "PutObject"))
        assert found == (CallOutcome.UNKNOWN, OutcomeReason.POLICIES)
    wide = (Level("root", (policy([ALL], name="scp"),)),)
    binding = binding_of_change(ACCOUNT_OF_ALL, PolicyChanges(scps=wide))
    assert outcome(binding, call("ben", "PutObject"))[0] is not CallOutcome.DENIED


def test_an_organisations_policies() -> None:
    users = {"ArnLike": {"aws:PrincipalArn": "arn:*:iam::*:user/*"}}
    deny = {**MFA, "Condition": {**NO_MFA, **users}}
    levels = (Level("root", (policy([ALL], name="FullAWSAccess"), policy([deny], name="scp"))),)
    binding = binding_of_change(ACCOUNT_OF_ALL, PolicyChanges(scps=levels))
    assert outcome(binding, call("ann")) == DENIED
    assert outcome(binding, call("Deploy")) == UNCHANGED
    root = call("ann", identity="Root", principal=f"arn:aws:iam::{ACCOUNT}:root")
    assert outcome(binding, root) == UNCHANGED


def test_a_policy_that_was_not_read() -> None:
    """A new Deny denies whatever is in it; what has gone may be in it as well."""
    binding = binding_of_change(ACCOUNT_OF_ALL, attaching(TargetKind.EVERY_USER))
    assert outcome(binding, call("eve")) == DENIED
    mfa = call("eve", mfa="true", key_id="ASIA")
    assert outcome(binding, mfa) == UNCHANGED
    limit = PolicyAttachment(policy([LIST], name="Limit"), Target(TargetKind.USER, "eve"))
    limited = binding_of_change(ACCOUNT_OF_ALL, PolicyChanges(boundaries=(limit,)))
    assert outcome(limited, call("eve")) == (CallOutcome.UNKNOWN, OutcomeReason.POLICIES)


def test_who_is_not_there() -> None:
    binding = binding_of_change(ACCOUNT_OF_ALL, attaching(TargetKind.EVERY_USER))
    assert outcome(binding, call("gone")) == (CallOutcome.NOT_BOUND, OutcomeReason.NOT_IN_ACCOUNT)
    other = call("ann", account="444455556666", recipient="444455556666")
    foreign = replace(other, principal="arn:aws:iam::444455556666:user/ann")
    assert outcome(binding, foreign) == (CallOutcome.NOT_BOUND, OutcomeReason.OTHER_ACCOUNT)


def test_who_may_be_there_and_was_not_read() -> None:
    unread = replace(ACCOUNT_OF_ALL, gaps=(gap_at("GetAccountAuthorizationDetails"),))
    binding = binding_of_change(unread, attaching(TargetKind.EVERY_USER))
    assert outcome(binding, call("gone")) == (CallOutcome.UNKNOWN, OutcomeReason.POLICIES)


def test_a_users_tags_are_known() -> None:
    exempt = {"StringNotEquals": {"aws:PrincipalTag/MFA-Exempt": "yes"}}
    deny = policy([{**MFA, "Condition": {**NO_MFA, **exempt}}])
    tagged = replace(
        ACCOUNT_OF_ALL,
        users=tuple(
            replace(user, tags={"mfa-exempt": "yes"}) if user.name == "ann" else user
            for user in ACCOUNT_OF_ALL.users
        ),
    )
    binding = binding_of_change(tagged, attaching(TargetKind.EVERY_USER, what=deny))
    assert outcome(binding, call("ann")) == UNCHANGED
    assert outcome(binding, call("ben")) == DENIED


def test_whom_the_changes_delete() -> None:
    def without(snapshot: Snapshot, name: str) -> Snapshot:
        return replace(snapshot, users=tuple(one for one in snapshot.users if one.name != name))

    binding = binding_of_states(ACCOUNT_OF_ALL, without(ACCOUNT_OF_ALL, "ann"))
    assert outcome(binding, call("ann")) == DENIED
    assert outcome(binding, call("ben")) == NOT_ATTACHED


def test_who_is_in_a_group_only_an_account_says() -> None:
    with pytest.raises(InternalError):
        binding_of_policies(attaching(TargetKind.GROUP, "staff"))


def test_the_columns_that_policies_tell_apart() -> None:
    def columns(*statements: dict[str, Any]) -> frozenset[Column]:
        return columns_of(
            binding_of_policies(
                attaching(TargetKind.EVERY_USER, what=policy(list(statements), name="p"))
            )
        )

    assert columns({**READ, "Resource": "arn:aws:s3:::b/${aws:userid}"}) == frozenset()
    assert columns(BUCKET) == {Column.RESOURCES, Column.PARAMETERS}
    own = {**MFA, "Action": ["iam:GetUser"], "NotResource": "arn:aws:iam::*:user/${aws:username}"}
    own.pop("NotAction", None)
    own.pop("Resource", None)
    assert columns(own) == {Column.IAM_RESOURCES, Column.IAM_PARAMETERS}
    assert columns(own, BUCKET) == {Column.RESOURCES, Column.PARAMETERS}
    for actions in ({"Action": ["iam:Get*", "*:Get*"]}, {"NotAction": ["iam:GetUser"]}):
        wider = {key: value for key, value in own.items() if key != "Action"} | actions
        assert columns(wider) == {Column.RESOURCES, Column.PARAMETERS}
    assert columns(ABROAD) == {Column.ADDRESS, Column.ENDPOINT}
    region = {"StringEquals": {"ec2:Region": "eu-west-1"}}
    assert columns({**MFA, "Condition": region}) == {Column.REGION}
    age = {"NumericGreaterThan": {"aws:MultiFactorAuthAge": "3600"}}
    assert columns({**MFA, "Condition": age}) == {Column.TIME, Column.ISSUED}


def test_no_call_of_another_service_asks_for_an_action_of_iam() -> None:
    # the columns of calls of IAM would not have what a statement about IAM asks for
    events = json.loads((files("sekisho.replay") / "data" / "event-names.json").read_text())
    table = json.loads((files("sekisho.catalogue") / "data" / "operations.json").read_text())
    tables = [block.get(kind, {}) for block in events["blocks"] for kind in ("names", "either")]
    asked = {
        (service, action.partition(":")[0].lower())
        for names in (table["operations"], *tables)
        for service, actions in names.items()
        for action in chain.from_iterable(actions.values())
    }
    sources = [block.get("sources", {}) for block in events["blocks"]]
    asked |= {(label, each) for one in sources for label, found in one.items() for each in found}
    asked |= set(table["prefixes"].items())
    assert len(asked) > 20
    assert {service for service, prefix in asked if prefix == "iam"} <= {"iam"}
