"""Who leaves, or has lost the device, has no session of `aws login` left; and where that cannot be.

Real clients log in at the local AWS; hanako has a path, by which AWS's model does not name owners.

Reads `rollout.changes.observer.Observer` once, because no account here has eleven sessions.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from administered import iam_of, session_keys, signed_in
from cli_login import CliLogin
from rollout.staging import ADMIN, NOW, account, company, user, with_user
from sekisho.account import Password, collect, user_of
from sekisho.account.aws import Boto3Api
from sekisho.errors import AwsRefused
from sekisho.localaws import ConsoleClient, LocalAws
from sekisho.policy import from_json
from sekisho.rollout import (
    ApplyReport,
    ChangeStatus,
    EndSignInSessions,
    Journal,
    Plan,
    PlanFile,
    PlanningContext,
    execute,
    offboard,
    plan_status,
    reset,
    script_of,
)
from sekisho.rollout.changes.observer import Observer

SECRET = "Fuji-2026-temporary-x"


@pytest.fixture
def local() -> Iterator[LocalAws]:
    with company() as running:
        for name in ("hanako", "admin"):
            iam_of(running).create_login_profile(UserName=name, Password=SECRET)
        yield running


@pytest.fixture
def api(local: LocalAws) -> Boto3Api:
    return signed_in(local, "admin", mfa=True)


def logged_in(local: LocalAws, user: str) -> tuple[CliLogin, str]:
    """Return a client of `aws login`, and its refresh token."""
    cli, console = CliLogin(local.url), ConsoleClient(local.url, local.world.account)
    keys = session_keys(local, user, mfa=True)
    given = cli.exchange(cli.code_in(console.let_in(keys, cli.query())))
    assert given.status == 200, given.body
    return cli, given.body["refreshToken"]


def run(made: Plan, api: Any, journal: Path) -> ApplyReport:
    return execute(
        Plan.from_json(made.to_json()),
        api,
        Journal(journal),
        passwords=lambda _: f"{SECRET}2",
        now=lambda: NOW,
    )


@pytest.mark.parametrize("planned", [offboard, reset])
def test_every_session_of_the_user_is_ended_and_of_nobody_else(
    local: LocalAws, api: Boto3Api, tmp_path: Path, planned: Any
) -> None:
    theirs = [logged_in(local, "hanako") for _ in range(7)]
    other = logged_in(local, "admin")
    made = planned(PlanningContext(collect(api, now=NOW), ADMIN), "hanako")
    assert made.applicable, made.problem_ids
    assert isinstance(made.changes[-1], EndSignInSessions)
    assert run(made, api, tmp_path / "journal").complete
    # each of them a new password would have ended as well, which AWS does not say
    assert all(
        each.revoked is (each.console.holder.name == "hanako")
        for each in local.world.login_sessions.values()
    )
    assert all(cli.renew(token).status == 400 for cli, token in theirs)
    assert other[0].renew(other[1]).status == 200


def test_what_somebody_begins_later_is_no_drift(
    local: LocalAws, api: Boto3Api, tmp_path: Path
) -> None:
    made = reset(PlanningContext(collect(api, now=NOW), ADMIN), "hanako")
    assert run(made, api, tmp_path / "journal").complete
    logged_in(local, "hanako")
    status = plan_status(PlanFile(made, Journal(tmp_path / "journal")), api)
    assert status.addresses(ChangeStatus.DRIFTED) == ()
    # and is not ended by applying the plan once more
    assert run(made, api, tmp_path / "journal").complete
    assert not all(each.revoked for each in local.world.login_sessions.values())


class Without:
    """An `AwsApi` at which an operation is refused."""

    def __init__(self, api: Boto3Api, operation: str, error: AwsRefused) -> None:
        self.api, self.operation, self.error = api, operation, error

    def call(self, service: str, operation: str, /, **params: object) -> Mapping[str, Any]:
        if operation == self.operation:
            raise self.error
        return self.api.call(service, operation, **params)

    def pages(self, service: str, operation: str, key: str, /, **params: object) -> Iterator[Any]:
        if operation == self.operation:
            raise self.error
        return self.api.pages(service, operation, key, **params)


@pytest.mark.parametrize("operation", ["ListSessions", "BatchRevokeSessions"])
@pytest.mark.parametrize(
    "error", [("AccessDeniedException", 403), ("EndpointConnectionError", 0)], ids=lambda e: e[0]
)
def test_where_it_cannot_be_all_else_is_done_and_there_is_a_way_out(
    local: LocalAws, api: Boto3Api, tmp_path: Path, operation: str, error: tuple[str, int]
) -> None:
    logged_in(local, "hanako")
    made = offboard(PlanningContext(collect(api, now=NOW), ADMIN), "hanako")
    refused = AwsRefused(operation, error[0], "no", error[1])
    report = run(made, Without(api, operation, refused), tmp_path / "journal")
    assert report.stopped is not None
    assert report.stopped.fix is not None
    assert "`--keep-sessions`" in report.stopped.fix.en
    assert report.remaining == ("sign-in-sessions hanako",)
    assert user_of(collect(api, now=NOW), "hanako").password is None
    # whoever may goes on from there
    assert run(made, api, tmp_path / "journal").complete
    assert all(each.revoked for each in local.world.login_sessions.values())


def test_a_session_that_aws_does_not_end_is_no_success(
    local: LocalAws, api: Boto3Api, tmp_path: Path
) -> None:
    logged_in(local, "hanako")
    made = reset(PlanningContext(collect(api, now=NOW), ADMIN), "hanako")
    wrong = {"revokedSessions": [], "errors": [{"sessionArn": "x", "code": "E", "message": "m"}]}

    class Half(Without):
        def call(self, service: str, operation: str, /, **params: object) -> Mapping[str, Any]:
            same = operation == self.operation
            return wrong if same else self.api.call(service, operation, **params)

    half = Half(api, "BatchRevokeSessions", AwsRefused("", "", "", 0))
    report = run(made, half, tmp_path / "journal")
    assert report.stopped is not None
    assert (report.stopped.aws_code, report.stopped.message) == ("E", "x: m")
    assert run(made, api, tmp_path / "journal").complete


def test_who_may_not_end_sessions_is_told_before(api: Boto3Api) -> None:
    before = collect(api, now=NOW)
    allowed = {"Effect": "Allow", "Action": ["iam:*"], "Resource": "*"}
    document = from_json({"Version": "2012-10-17", "Statement": allowed})
    admin = user_of(before, "admin")
    (arn,) = admin.attached
    policies = {**before.policies, arn: replace(before.policies[arn], document=document)}
    narrow = replace(before, policies=policies)
    made = offboard(PlanningContext(narrow, ADMIN), "hanako")
    assert {*made.problem_ids} == {"caller-keeps-access"}
    (proof,) = (each for each in made.proofs if not each.holds)
    assert {*proof.failed} == {"signin:BatchRevokeSessions", "signin:ListSessions"}
    assert "--keep-sessions" in made.remedy_options
    kept = offboard(PlanningContext(narrow, ADMIN, keep_sessions=True), "hanako")
    assert kept.applicable, kept.problem_ids
    assert "sessions-kept" in [note.id for note in kept.warnings]


def test_in_another_partition_it_is_said_that_they_are_not_ended() -> None:
    text = json.dumps
    here = account()
    elsewhere = replace(
        here,
        partition="aws-cn",
        users=tuple(
            replace(each, arn=each.arn.replace("arn:aws:", "arn:aws-cn:")) for each in here.users
        ),
    )
    made = offboard(PlanningContext(elsewhere, ADMIN), "hanako")
    assert not any(isinstance(each, EndSignInSessions) for each in made.changes), text(made.needs)
    (note,) = (each for each in made.warnings if each.id == "sessions-kept")
    assert "not known to be there in this partition" in note.text.en


def test_who_has_no_password_has_no_such_session() -> None:
    made = offboard(PlanningContext(account(), ADMIN), "machine")
    assert not any(isinstance(each, EndSignInSessions) for each in made.changes)
    assert "sessions-kept" not in [note.id for note in made.warnings]


def test_the_plan_says_what_lives_on_and_what_it_needs() -> None:
    made = reset(PlanningContext(account(), ADMIN), "hanako")
    (note,) = (each for each in made.warnings if each.id == "sessions-live-on")
    for said in ("15 minutes", "an hour", "12 hours", "36", "role", "aws:SignInSessionArn"):
        assert said in note.text.en
    long = user("long", password=Password(session_seconds=90_000))
    made = reset(PlanningContext(with_user(account(), long), ADMIN), "long")
    (note,) = (each for each in made.warnings if each.id == "sessions-live-on")
    assert "a console session for up to 25 hours" in note.text.en
    allowed = json.dumps(made.needs)
    assert "signin:ListSessions" in allowed
    assert "signin:BatchRevokeSessions" in allowed


def test_the_script_ends_them_as_well() -> None:
    hanako = user_of(account(), "hanako")
    plain = replace(hanako, path="/", arn=hanako.arn.replace("/dev/", "/"))
    for snapshot, owner in (
        (account(), "arn:aws:iam::123456789012:*"),
        (with_user(account(), plain), plain.arn),
    ):
        made = offboard(PlanningContext(snapshot, ADMIN), "hanako")
        *_, listing, ending = script_of(made).splitlines()
        assert f"--principal-arn '{owner}'" in listing.replace(owner, f"'{owner}'").replace(
            "''", "'"
        )
        assert "xargs -r -n 5 aws signin batch-revoke-sessions" in ending


def test_sessions_of_an_owner_are_asked_for_five_at_a_time() -> None:
    class Listing:
        def pages(self, *_: str, **asked: object) -> Iterator[Mapping[str, str]]:
            assert asked == {"status": "ACTIVE", "principalArn": "arn:aws:iam::123456789012:*"}
            for number in range(11):
                owner = "user/dev/hanako" if number % 2 else "user/taro"
                arn = f"arn:aws:iam::123456789012:{owner}"
                yield {"sessionArn": str(number), "principalArn": arn}
            # AWS's model of an owner has no path
            arn = "arn:aws:iam::123456789012:user/hanako"
            yield {"sessionArn": "11", "principalArn": arn}

    change = EndSignInSessions("hanako", "arn:aws:iam::123456789012:user/dev/hanako")
    calls = [*change.calls(Observer(Listing()))]  # type: ignore[arg-type]  # all that is asked
    assert [call.params["sessionArns"] for call in calls] == [["1", "3", "5", "7", "9"], ["11"]]
