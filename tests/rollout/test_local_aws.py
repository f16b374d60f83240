"""The same laws over the wire: the guard decides every call of a roll-out."""

from collections.abc import Iterator
from datetime import timedelta
from importlib.resources import files
from pathlib import Path

import pytest

from rollout.staging import policy_goal
from sekisho.account import collect, load_account
from sekisho.account.aws import Boto3Api, Keys, connect
from sekisho.endpoint import LocalAws, tokens
from sekisho.endpoint.backend import holder_of
from sekisho.rollout import (
    Caller,
    Goal,
    GroupGoal,
    Journal,
    NewUser,
    TemporaryPassword,
    execute,
    is_gated,
    plan,
    roll_back,
    touched,
)
from sekisho.signin import Credential, CredentialKind

COMPANY = Path(str(files("sekisho.story") / "data" / "company.json"))
GOAL = Goal(
    policy=policy_goal(),
    users=("hanako.sato", "yuki.tanaka"),
    group=GroupGoal("Gated", ("sora.ito", "new.person")),
    new_users=(NewUser("new.person", "/", {"team": "new"}, TemporaryPassword()),),
    break_glass=("break-glass",),
)


def password(user: str) -> str:
    return "Fuji-2026-temporary-x"


@pytest.fixture
def local() -> Iterator[LocalAws]:
    with LocalAws(load_account(COMPANY)) as running:
        yield running


def signed_in(local: LocalAws, name: str, *, mfa: bool) -> Boto3Api:
    """Return a client with a console session of the user, with or without MFA."""
    holder = holder_of(local.world, name)
    assert holder is not None
    now = local.clock.now()
    credential = Credential(
        CredentialKind.CONSOLE_SESSION,
        holder,
        now,
        now + timedelta(hours=12),
        now if mfa else None,
    )
    issued = tokens.mint(local.world, credential)
    keys = Keys(issued.access_key_id, issued.secret_access_key, issued.session_token)
    return connect(region="us-east-1", endpoint_url=local.url, credentials=keys)


def test_the_whole_way_and_back(local: LocalAws, tmp_path: Path) -> None:
    api = signed_in(local, "yuki.tanaka", mfa=True)
    snapshot = collect(api, now=local.clock.now())
    assert snapshot.gaps == ()
    caller = Caller(api.call("sts", "GetCallerIdentity")["Arn"], mfa=True)
    made = plan(GOAL, snapshot, caller)
    assert made.applicable, (made.reasons, made.proofs)
    before = touched(made, api)
    journal = tmp_path / "journal"

    report = execute(made, api, Journal(journal), passwords=password, now=local.clock.now())
    assert report.complete, report.stopped
    gated = collect(api, now=local.clock.now())
    assert [user.name for user in gated.users if is_gated(gated, user)] == [
        "hanako.sato",
        "new.person",
        "sora.ito",
        "yuki.tanaka",
    ]
    settled = plan(GOAL, gated, caller)
    assert settled.changes == ()

    undone = roll_back(made, Journal(journal), api, now=local.clock.now())
    assert undone.complete
    assert undone.left == ()
    assert touched(made, api) == before


def test_the_guard_refuses_a_session_without_mfa(local: LocalAws, tmp_path: Path) -> None:
    # the plan says so beforehand, and AWS says the same when it is asked nevertheless
    api = signed_in(local, "yuki.tanaka", mfa=True)
    snapshot = collect(api, now=local.clock.now())
    caller = Caller(api.call("sts", "GetCallerIdentity")["Arn"], mfa=True)
    made = plan(GOAL, snapshot, caller)
    assert not plan(GOAL, snapshot, Caller(caller.arn, mfa=False)).applicable
    journal = tmp_path / "journal"
    execute(made, api, Journal(journal), passwords=password, now=local.clock.now())

    without = signed_in(local, "yuki.tanaka", mfa=False)
    report = roll_back(made, Journal(journal), without, now=local.clock.now())
    assert report.stopped is not None
    assert report.stopped.aws_code == "AccessDenied"
    assert len(report.remaining) == len(made.changes)
    assert roll_back(made, Journal(journal), api, now=local.clock.now()).left == ()


def test_what_a_session_may_not_read_is_a_gap(local: LocalAws) -> None:
    # deploy-bot may deploy a web site, and knows nothing of IAM
    snapshot = collect(signed_in(local, "deploy-bot", mfa=False), now=local.clock.now())
    assert {gap.what for gap in snapshot.gaps} == {
        "GetAccountAuthorizationDetails",
        "ListVirtualMFADevices",
    }
    assert all(gap.reason.startswith("AccessDenied: ") for gap in snapshot.gaps)
    assert snapshot.users == ()
