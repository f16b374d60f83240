"""The same laws over the wire: the authorizer decides every call of a roll-out."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from importlib.resources import files
from pathlib import Path

import pytest

from administered import signed_in
from rollout.staging import policy_goal
from sekisho.account import READS, CallUnit, collect, load_account
from sekisho.account.aws import Boto3Api
from sekisho.audit.enforcement import enforcements_of
from sekisho.errors import AwsRefused
from sekisho.localaws import LocalAws
from sekisho.prover import Enforced
from sekisho.rollout import (
    Goal,
    GroupGoal,
    Journal,
    NewUser,
    Plan,
    PlanCaller,
    TemporaryPassword,
    execute,
    facts_at_addresses,
    plan,
    roll_back,
)

COMPANY = Path(str(files("sekisho.localaws") / "data" / "company.json"))
GOAL = Goal(
    policy=policy_goal(),
    users=("hanako.sato", "yuki.tanaka"),
    group=GroupGoal("Enforced", ("sora.ito", "new.person")),
    new_users=(NewUser("new.person", "/", {"team": "new"}, TemporaryPassword()),),
    break_glass=("break-glass",),
)


def password(user: str) -> str:
    return "Fuji-2026-temporary-x"


@pytest.fixture(scope="module", autouse=True)
def _answered_here() -> None:
    """Leave the socket where it is: these tests are about the wire."""


@pytest.fixture
def local() -> Iterator[LocalAws]:
    with LocalAws(load_account(COMPANY)) as running:
        yield running


def test_the_whole_way_and_back(local: LocalAws, tmp_path: Path) -> None:
    api = signed_in(local, "yuki.tanaka", mfa=True)
    snapshot = collect(api, now=local.clock.now())
    assert snapshot.gaps == ()
    caller = PlanCaller(api.call("sts", "GetCallerIdentity")["Arn"], mfa=True)
    made = plan(GOAL, snapshot, caller)
    assert made.applicable, (made.reasons, made.proofs)
    before = facts_at_addresses(made, api)
    journal = tmp_path / "journal"

    report = execute(made, api, Journal(journal), passwords=password, now=local.clock.now)
    assert report.complete, report.stopped
    enforced = collect(api, now=local.clock.now())
    enforcements = enforcements_of(enforced)
    assert [
        name
        for name, enforcement in enforcements.items()
        if enforcement.enforced is Enforced.PROVED
    ] == [
        "hanako.sato",
        "new.person",
        "sora.ito",
        "yuki.tanaka",
    ]
    settled = plan(GOAL, enforced, caller)
    assert settled.changes == ()

    undone = roll_back(made, Journal(journal), api, now=local.clock.now)
    assert undone.complete
    assert undone.left == ()
    assert facts_at_addresses(made, api) == before


def test_the_guard_refuses_a_session_without_mfa(local: LocalAws, tmp_path: Path) -> None:
    # the plan says so beforehand, and AWS says the same when it is asked nevertheless
    api = signed_in(local, "yuki.tanaka", mfa=True)
    snapshot = collect(api, now=local.clock.now())
    caller = PlanCaller(api.call("sts", "GetCallerIdentity")["Arn"], mfa=True)
    made = plan(GOAL, snapshot, caller)
    assert not plan(GOAL, snapshot, PlanCaller(caller.arn, mfa=False)).applicable
    journal = tmp_path / "journal"
    execute(made, api, Journal(journal), passwords=password, now=local.clock.now)

    without = signed_in(local, "yuki.tanaka", mfa=False)
    report = roll_back(made, Journal(journal), without, now=local.clock.now)
    assert report.stopped is not None
    assert report.stopped.aws_code == "AccessDenied"
    assert len(report.remaining) == len(made.changes)
    assert roll_back(made, Journal(journal), api, now=local.clock.now).left == ()


def carried_out(made: Plan, api: Boto3Api, journal: Path, now: datetime) -> bool:
    """Return whether a plan could be applied and rolled back, or was denied on the way."""
    try:
        there = execute(made, api, Journal(journal), passwords=password, now=lambda: now)
        back = roll_back(made, Journal(journal), api, now=lambda: now)
    except AwsRefused as refused:
        if refused.aws_code != "AccessDenied":
            raise
        return False
    return there.complete and back.complete


@pytest.mark.parametrize(
    ("who", "users", "safe"),
    [
        (("yuki.tanaka", True), ("yuki.tanaka",), True),
        (("yuki.tanaka", False), ("yuki.tanaka",), False),
        (("yuki.tanaka", False), ("hanako.sato",), True),
        (("break-glass", False), ("yuki.tanaka",), True),
        (("hanako.sato", True), ("ken.suzuki",), False),
    ],
)
def test_the_plans_word_about_its_caller_is_what_the_guard_does(
    local: LocalAws, tmp_path: Path, who: tuple[str, bool], users: tuple[str, ...], safe: bool
) -> None:
    name, mfa = who
    now = local.clock.now()
    everything = collect(signed_in(local, "yuki.tanaka", mfa=True), now=now)
    api = signed_in(local, name, mfa=mfa)
    caller = PlanCaller(api.call("sts", "GetCallerIdentity")["Arn"], mfa=mfa)
    made = plan(Goal(policy_goal(), users=users), everything, caller)
    (proof,) = [proof for proof in made.proofs if proof.id == "caller-keeps-access"]
    assert proof.holds is safe
    # done nevertheless, the plan comes to a stop exactly where it is not safe
    assert carried_out(replace(made, proofs=()), api, tmp_path / "journal", now) is safe


def test_what_a_session_may_not_read_is_a_gap(local: LocalAws) -> None:
    # deploy-bot may deploy a web site, and knows nothing of IAM
    snapshot = collect(signed_in(local, "deploy-bot", mfa=False), now=local.clock.now())
    of_account = {
        read.operation for read in READS if read.per is CallUnit.ACCOUNT and not read.free
    }
    # what is only asked for when another answer calls for it
    assert {gap.operation for gap in snapshot.gaps} == of_account - {
        "GetCredentialReport",
        "ListRoots",
    }
    assert all(gap.code.startswith("AccessDenied") for gap in snapshot.gaps)
    assert snapshot.users == ()
