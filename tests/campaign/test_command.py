"""`sekisho campaign` at the local AWS, from day to day, with people who are real clients."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from administered import REGION, iam_of, session_keys, signed_in
from rollout.at_the_terminal import Terminal, environment
from rollout.staging import company
from sekisho.account import AwsApi, collect
from sekisho.errors import Code, FaultyInput, PlanRefused
from sekisho.localaws import LocalAws
from sekisho.rollout import LocalState
from sekisho.signin import totp

GOAL = """\
policy: {{preset: first-login}}
waves:
  - name: everybody
    enrolFrom: {enrol_from}
    enforce: {enforce}
    from: {starts}
    who: [{{all: true, with: [password]}}]
breakGlass: [glass]
"""


@pytest.fixture
def local() -> Iterator[LocalAws]:
    with company() as running:
        iam_of(running).create_login_profile(UserName="hanako", Password="Fuji-2026-x-temporary")
        yield running


@pytest.fixture
def terminal(local: LocalAws, tmp_path: Path) -> Terminal:
    return Terminal(tmp_path, environment(local, "admin"))


def goal(terminal: Terminal, enrol_from: int, starts: int, enforce: str = "on-date") -> str:
    """Write the goal with days counted from today, and return its path."""
    today = datetime.now(UTC).date()
    text = GOAL.format(
        enrol_from=today + timedelta(days=enrol_from),
        starts=today + timedelta(days=starts),
        enforce=enforce,
    )
    Path(terminal.path("goal.yaml")).write_text(text, "utf-8")
    return terminal.path("goal.yaml")


def attachments(api: AwsApi) -> dict[str, tuple[str, ...]]:
    found = collect(api, now=datetime.now(UTC))
    return {
        user.name: tuple(arn.rsplit("/", 1)[-1] for arn in user.attached) for user in found.users
    }


def client_of(local: LocalAws, user: str) -> Any:
    keys = session_keys(local, user, mfa=False)
    return boto3.client(
        "iam",
        endpoint_url=local.url,
        region_name=REGION,
        aws_access_key_id=keys.access_key_id,
        aws_secret_access_key=keys.secret_access_key,
        aws_session_token=keys.session_token,
    )


def test_days_of_a_campaign_with_real_clients(local: LocalAws, terminal: Terminal) -> None:
    administrator = signed_in(local, "admin", mfa=True)
    before = attachments(administrator)
    path = goal(terminal, enrol_from=1, starts=10)
    shown = terminal.run("campaign", path, "--mfa", "--format", "json")
    assert shown.return_value == 2
    assert {*json.loads(shown.stdout)["dueToday"]} == {"create", "tell"}

    path = goal(terminal, enrol_from=0, starts=10)
    shown = terminal.run("campaign", path, "--mfa", "--format", "json")
    assert shown.return_value == 2
    assert json.loads(shown.stdout)["dueToday"]["enrol"] == ["hanako"]
    assert attachments(administrator) == before
    assert terminal.run("campaign", path, "--mfa", "--apply", "--yes").return_value == 0
    assert "Force_MFA_enrol" in attachments(administrator)["hanako"]

    (listed,) = Path(f"{path}.campaign", "notices").iterdir()
    assert "Please set it up before then" in listed.read_text("utf-8")

    # a person enrols, and can do nothing else with what was opened
    iam = client_of(local, "hanako")
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName="any-name")["VirtualMFADevice"]
    seed, step = device["Base32StringSeed"].decode(), totp.step_of(local.clock.now())
    iam.enable_mfa_device(
        UserName="hanako",
        SerialNumber=device["SerialNumber"],
        AuthenticationCode1=totp.code_at(seed, step),
        AuthenticationCode2=totp.code_at(seed, step + 1),
    )

    path = goal(terminal, enrol_from=-10, starts=0)
    done = terminal.run("campaign", path, "--mfa", "--apply", "--yes")
    assert done.return_value == 0, done.output
    now = attachments(administrator)["hanako"]
    assert "Force_MFA" in now
    assert "Force_MFA_enrol" not in now
    with pytest.raises(ClientError, match="AccessDenied"):
        iam.list_users()
    assert terminal.run("campaign", path, "--mfa", "--apply", "--yes").return_value == 0
    folder = Path(f"{path}.campaign")
    days = [json.loads(each) for each in (folder / "progress.jsonl").read_text().splitlines()]
    assert [(each["count"], each["enrolled"], each["enforced"]) for each in days][-1:] == [
        (1, 1, 1)
    ]

    # without the journals it is not known what was done, and nobody is told that nothing was
    journals = [*folder.glob("plans/*.json.journal")]
    assert journals
    for each in journals:
        each.rename(f"{each}.lost")
    lost = terminal.run("rollback", str(folder), "--yes")
    assert lost.return_value == 3
    assert f"There is no journal `{max(journals)}`" in lost.output
    assert "Undone" not in lost.output
    assert terminal.run("rollback", str(folder), "--yes", "--by-account").return_value == 0
    assert attachments(administrator) == before


def test_the_folder_of_another_account_is_refused(local: LocalAws, terminal: Terminal) -> None:
    """A goal for everybody, with the profile of another account, would enforce MFA there."""
    path = goal(terminal, enrol_from=0, starts=10)
    assert terminal.run("campaign", path, "--mfa", "--apply", "--yes").return_value == 0
    record = Path(f"{path}.campaign", "users.json")
    theirs = record.read_text("utf-8").replace("AIDA", "AIDB")
    record.write_text(theirs, "utf-8")
    before = attachments(signed_in(local, "admin", mfa=True))
    path = goal(terminal, enrol_from=-10, starts=0)
    for words in ((), ("--apply", "--yes")):
        refused = terminal.run("campaign", path, "--mfa", *words)
        assert isinstance(refused.exception, FaultyInput)
        assert "users.json: none of its users is in account" in str(refused.exception)
    assert attachments(signed_in(local, "admin", mfa=True)) == before
    assert record.read_text("utf-8") == theirs
    apart = terminal.run("campaign", path, "--mfa", "--state", terminal.path("new"))
    assert apart.exception is None, apart.output


def test_a_campaigns_folder_is_taken_in_place_of_its_goal(
    local: LocalAws, terminal: Terminal
) -> None:
    path = goal(terminal, enrol_from=0, starts=10)
    assert terminal.run("campaign", path, "--mfa", "--apply", "--yes").return_value == 0
    for words in (("status",), ("campaign", "--mfa"), ("notify",), ("remind", "--preview")):
        name, *options = words
        by_goal = terminal.run(name, path, *options)
        by_folder = terminal.run(name, f"{path}.campaign", *options)
        assert by_folder.exception is None or isinstance(by_folder.exception, SystemExit)
        assert by_folder.return_value == by_goal.return_value
        if name != "remind":
            assert by_folder.stdout.replace(".campaign", "") == by_goal.stdout
    told = terminal.run("remind", f"{path}.campaign", "--preview")
    assert (
        told.output
        == terminal.run("remind", path, "--preview", "--state", f"{path}.campaign").output
    )


def test_two_runs_that_apply_do_not_meet(local: LocalAws, terminal: Terminal) -> None:
    """The second is refused before it reads the account: what it read would be stale."""
    path = goal(terminal, enrol_from=0, starts=10)
    with LocalState(Path(f"{path}.campaign")).locked():
        refused = terminal.run("campaign", path, "--mfa", "--apply", "--yes")
    assert isinstance(refused.exception, PlanRefused)
    assert refused.exception.code is Code.PLAN_BUSY
    assert "Force_MFA_enrol" not in str(attachments(signed_in(local, "admin", mfa=True)))


def test_a_rehearsal_plays_days_to_come_and_aws_itself_has_only_today(
    local: LocalAws, terminal: Terminal
) -> None:
    """The plan's age is judged by the real clock, the goal by the day that is rehearsed."""
    path = goal(terminal, enrol_from=1, starts=10)
    start = datetime.now(UTC).date()
    for days, policy in ((1, "Force_MFA_enrol"), (10, "Force_MFA")):
        day = str(start + timedelta(days=days))
        done = terminal.run("campaign", path, "--mfa", "--today", day, "--apply", "--yes")
        assert done.return_value == 0, done.output
        attached = attachments(signed_in(local, "admin", mfa=True))["hanako"]
        assert [name for name in attached if "MFA" in name] == [policy]
    del terminal.environment["AWS_ENDPOINT_URL"]
    refused = terminal.run("campaign", path, "--mfa", "--today", day, "--apply", "--yes")
    assert "AWS's days cannot be moved" in str(refused.exception)
