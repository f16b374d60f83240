"""`sekisho plan`, `apply`, `status` and `rollback` over the wire."""

import errno
import json
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import click
import pytest

from administered import ACCOUNT, iam_of, signed_in
from rollout.at_the_terminal import GOAL, Terminal, environment
from rollout.staging import ADMIN, ENFORCEMENT, NOW, account, company
from sekisho.account import AwsApi, collect, save_snapshot
from sekisho.account.aws import Boto3Api
from sekisho.cli import Exit
from sekisho.errors import AwsRefused, Code, FaultyInput, PlanRefused, SekishoError, UsageError
from sekisho.localaws import LocalAws
from sekisho.rollout import Event, Journal, JournalEntry, Plan


@pytest.fixture(scope="module")
def local() -> Iterator[LocalAws]:
    """One account; every test takes back what it does."""
    with company() as running:
        iam_of(running).create_login_profile(UserName="hanako", Password="Fuji-2026-x-temporary")
        administrator = signed_in(running, "admin", mfa=True)
        before = held(administrator)
        yield running
        assert held(administrator) == before


@pytest.fixture(scope="module")
def plan_file(local: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The file of a plan for `GOAL`, for tests that begin after it is made."""
    terminal = Terminal(tmp_path_factory.mktemp("planned"), environment(local, "admin"))
    terminal.write("goal.yaml", GOAL)
    return planned(terminal).to_json()


def held(api: AwsApi) -> object:
    """Return what an account has, without when its keys were used."""
    found = collect(api, now=NOW)
    users = [(user.name, user.groups, user.attached, user.inline) for user in found.users]
    return users, found.groups, found.policies


@pytest.fixture
def terminal(local: LocalAws, tmp_path: Path) -> Terminal:
    terminal = Terminal(tmp_path, environment(local, "admin"))
    terminal.write("goal.yaml", GOAL)
    return terminal


def planned(terminal: Terminal, *more: str) -> Plan:
    done = terminal.run(
        "plan", terminal.path("goal.yaml"), "--mfa", "--out", terminal.path("plan"), *more
    )
    assert done.exception is None, done.exception
    assert done.return_value == Exit.CHANGES, done.output
    return Plan.from_json(Path(terminal.path("plan")).read_text("utf-8"))


def planned_before(terminal: Terminal, plan_file: str) -> Plan:
    """Let the plan for `GOAL` be in the file that `planned` writes."""
    terminal.write("plan", plan_file)
    return Plan.from_json(plan_file)


def taken_back(terminal: Terminal) -> None:
    done = terminal.run("rollback", terminal.path("plan"), "--yes")
    assert done.return_value == Exit.CLEAN, done.output


def test_the_whole_way_and_back(terminal: Terminal) -> None:
    made = planned(terminal)
    if sys.platform != "win32":
        assert stat.S_IMODE(Path(terminal.path("plan")).stat().st_mode) == 0o600
    waits = terminal.run("status", terminal.path("plan"))
    assert waits.return_value == Exit.CHANGES

    done = terminal.run("apply", terminal.path("plan"), "--yes")
    assert done.return_value == Exit.CLEAN, done.output
    assert f"Done: {len(made.changes)}" in done.stdout
    again = terminal.run("plan", terminal.path("goal.yaml"), "--mfa")
    assert again.return_value == Exit.CLEAN, again.output
    assert "Nothing to change." in again.stdout

    stands = terminal.run("status", terminal.path("plan.journal"), "--format", "json")
    assert stands.return_value == Exit.CLEAN
    assert {each["status"] for each in json.loads(stands.stdout)["changes"]} == {"done"}
    # the journal alone is enough to go back
    Path(terminal.path("plan")).unlink()
    back = terminal.run("rollback", terminal.path("plan.journal"), "--yes")
    assert back.return_value == Exit.CLEAN, back.output
    assert back.stdout.startswith(f"Undone: {len(made.changes)}\n")
    again = terminal.run("rollback", terminal.path("plan.journal"), "--yes", "--lang", "ja")
    assert again.return_value == Exit.CLEAN, again.output
    assert again.stdout.startswith(f"以前に元に戻したもの: {len(made.changes)} 件\n")


def test_after_a_whole_roll_back_the_name_is_free_and_the_journal_is_not_lost(
    terminal: Terminal, plan_file: str
) -> None:
    first = planned_before(terminal, plan_file)
    plan, journal = terminal.path("plan"), Path(terminal.path("plan.journal"))
    assert terminal.run("apply", plan, "--yes").return_value == Exit.CLEAN
    again = ("plan", terminal.path("goal.yaml"), "--mfa", "--out", plan, "--force")
    assert terminal.run(*again).return_value == Exit.CLEAN
    with pytest.raises(PlanRefused, match="journal of another plan"):
        # what the first plan has made is there
        raise_(terminal.run("status", plan))
    Path(plan).write_text(first.to_json(), "utf-8")
    assert terminal.run("rollback", plan, "--yes").return_value == Exit.CLEAN
    kept = journal.read_bytes()

    assert terminal.run(*again).return_value == Exit.CHANGES
    waits = terminal.run("status", plan)
    assert waits.stdout.startswith("Nothing is applied: 4 changes are pending.\n")
    assert journal.read_bytes() == kept, "who only looks leaves it where it is"
    done = terminal.run("apply", plan, "--yes")
    assert done.return_value == Exit.CLEAN, done.output
    (archived,) = journal.parent.glob("plan.journal.2*")
    assert archived.read_bytes() == kept
    assert "An earlier plan's journal, all undone, is kept as: " in done.stderr
    assert str(archived) in done.stderr
    assert terminal.run("status", str(archived)).return_value == Exit.CLEAN, "it is one as before"
    taken_back(terminal)


@pytest.mark.parametrize(("lang", "word"), [("en", "Sets up MFA"), ("ja", "MFA を設定します")])
def test_each_person_is_told_in_words(terminal: Terminal, lang: str, word: str) -> None:
    done = terminal.run("plan", terminal.path("goal.yaml"), "--mfa", "--lang", lang)
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("  hanako:")]
    assert word in line
    assert "Nothing has been changed" in done.stderr or lang == "ja"


def test_options_say_what_a_goal_file_says(terminal: Terminal) -> None:
    words = ("--user", "hanako", "--group", "Enforced", "--break-glass", "glass", "--mfa")
    by_options = terminal.run("plan", *words, "--format", "json")
    assert by_options.return_value == Exit.CHANGES, by_options.exception
    text = GOAL.replace(
        "  description: MFA first.\n  tags: {team: security}\n", "  name: Force_MFA\n"
    )
    terminal.write("goal.yaml", text)
    by_file = terminal.run("plan", terminal.path("goal.yaml"), "--mfa", "--format", "json")
    changes = [json.loads(done.stdout)["changes"] for done in (by_options, by_file)]
    assert changes[0] == changes[1]
    with pytest.raises(UsageError, match="excludes the options"):
        raise_(terminal.run("plan", terminal.path("goal.yaml"), *words))
    with pytest.raises(UsageError, match="nothing is selected"):
        raise_(terminal.run("plan"))


def raise_(done: Any) -> None:
    assert done.exception is not None, done.output
    raise done.exception


def test_what_speaks_against_a_plan_stops_it_until_it_is_accepted(terminal: Terminal) -> None:
    terminal.write("open.json", json.dumps(OPEN))
    text = GOAL.replace("description: MFA first.", "file: open.json")
    terminal.write("goal.yaml", text)
    goal, out = terminal.path("goal.yaml"), terminal.path("plan")
    done = terminal.run("plan", goal, "--mfa", "--out", out)
    assert done.return_value == Exit.FINDINGS
    assert "FAILED  enforcement" in done.stdout
    assert "hanako's access key" in done.stdout
    with pytest.raises(PlanRefused, match="enforcement") as caught:
        raise_(terminal.run("apply", out, "--yes"))
    assert caught.value.code is Code.PLAN_UNSAFE
    words = (
        *("--accept", "enforcement:hanako=keys are closed next week, SEC-7"),
        *("--accept", "everyone-gets-in:hanako=an administrator enrols her"),
    )
    done = terminal.run("plan", goal, "--mfa", "--out", out, "--force", *words)
    assert done.return_value == Exit.CHANGES
    assert "accepted: keys are closed next week, SEC-7" in done.stdout
    assert terminal.run("apply", out, "--yes").return_value == Exit.CLEAN
    taken_back(terminal)
    with pytest.raises(UsageError, match="ID=REASON"):
        raise_(terminal.run("plan", goal, "--accept", "enforcement"))


OPEN = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Deny",
            "Action": "*",
            "Resource": "*",
            "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"}},
        },
        {
            "Effect": "Allow",
            "Action": "iam:*MFADevice",
            "Resource": "*",
        },
    ],
}


def test_a_goals_waves_are_shown(terminal: Terminal, plan_file: str) -> None:
    goal = terminal.path("goal.yaml")
    before = terminal.run("status", goal)
    assert before.return_value == Exit.CHANGES
    assert "MFA not enforced yet: hanako" in before.stdout
    planned_before(terminal, plan_file)
    assert terminal.run("apply", terminal.path("plan"), "--yes").return_value == Exit.CLEAN
    after = terminal.run("status", goal, "--format", "json")
    assert after.return_value == Exit.CLEAN
    (wave,) = json.loads(after.stdout)["waves"]
    assert (wave["enforced"], wave["enrolled"], wave["unknown"]) == (["hanako"], [], [])
    assert "MFA 必須と証明済み 1 人" in terminal.run("status", goal, "--lang", "ja").stdout
    taken_back(terminal)


def test_a_snapshot_of_a_day_to_come_is_refused(terminal: Terminal) -> None:
    later = datetime.now(UTC) + timedelta(minutes=10)
    save_snapshot(replace(account(), taken_at=later), terminal.path("snapshot"))
    goal = terminal.write("goal.yaml", GOAL)
    words = ("--snapshot", terminal.path("snapshot"), "--caller", ADMIN.arn)
    with pytest.raises(FaultyInput, match="takenAt: the account was read at"):
        raise_(terminal.run("plan", goal, *words))


def test_a_snapshot_of_another_form_is_refused(terminal: Terminal) -> None:
    terminal.write("snapshot", json.dumps({"schema": "sekisho.snapshot/2", "account": ACCOUNT}))
    words = ("--snapshot", terminal.path("snapshot"), "--caller", f"arn:aws:iam::{ACCOUNT}:root")
    with pytest.raises(FaultyInput, match=r"sekisho\.snapshot/1"):
        raise_(terminal.run("plan", terminal.path("goal.yaml"), *words))


def test_drift_is_named(
    terminal: Terminal, local: LocalAws, waited: list[float], plan_file: str
) -> None:
    planned_before(terminal, plan_file)
    terminal.run("apply", terminal.path("plan"), "--yes")
    iam = iam_of(local)
    iam.create_policy_version(
        PolicyArn=ENFORCEMENT, PolicyDocument=json.dumps(OPEN), SetAsDefault=True
    )
    done = terminal.run("status", terminal.path("plan"))
    assert done.return_value == Exit.FINDINGS
    assert f"  policy {ENFORCEMENT}" in done.stdout
    assert (
        "    expected: default version v1; versions v1; document with the statements "
        in done.stdout
    )
    assert "    found: default version v2; versions v1, v2; document with the " in done.stdout
    assert done.stdout.splitlines()[-1].endswith("--who")
    told = terminal.run("status", terminal.path("plan"), "--format", "json")
    (drifted,) = [each for each in json.loads(told.stdout)["changes"] if "found" in each]
    assert drifted["found"]["document"] == OPEN
    assert drifted["expected"]["default"] == "v1"
    back = terminal.run("rollback", terminal.path("plan"), "--yes")
    assert back.return_value == Exit.FINDINGS
    assert f"policy {ENFORCEMENT}: somebody has changed it since" in back.stdout
    # what is not as it was made may not be visible yet, and is looked at once more
    assert waited == [4.0]
    iam.set_default_policy_version(PolicyArn=ENFORCEMENT, VersionId="v1")
    iam.delete_policy_version(PolicyArn=ENFORCEMENT, VersionId="v2")
    taken_back(terminal)


def test_a_plan_edited_by_hand_or_of_another_account_is_refused(
    terminal: Terminal, plan_file: str
) -> None:
    made = planned_before(terminal, plan_file)
    text = made.to_json()
    terminal.write("edited", text.replace('"hanako"', '"machine"'))
    foreign = Plan.from_json(text)
    object.__setattr__(foreign, "account", "999999999999")
    terminal.write("foreign", foreign.to_json())
    terminal.write("nonsense", GOAL)
    chinese = Plan.from_json(text)
    object.__setattr__(chinese, "partition", "aws-cn")
    terminal.write("chinese", chinese.to_json())
    for name, message in (
        ("edited", "was edited"),
        ("foreign", "999999999999"),
        ("chinese", "`aws-cn`, but the credentials are"),
        ("nonsense", "not a plan"),
    ):
        for command in ("apply", "status"):
            words = [command, terminal.path(name)] + (["--yes"] if command == "apply" else [])
            with pytest.raises(PlanRefused, match=message) as caught:
                raise_(terminal.run(*words))
            assert caught.value.code is Code.PLAN_FAULTY
            assert caught.value.fix.en
            assert name in ("foreign", "chinese") or caught.value.at == terminal.path(name)
    with pytest.raises(FaultyInput, match="cannot be read"):
        raise_(terminal.run("apply", terminal.path("nowhere"), "--yes"))
    unapplied = terminal.run("rollback", terminal.path("plan"), "--yes")
    assert unapplied.return_value is Exit.CLEAN
    assert "Nothing to roll back: this plan has not been applied." in unapplied.stdout
    assert not Path(terminal.path("plan.journal")).exists()
    # a journal that is named must be there
    named = terminal.run("rollback", terminal.path("plan"), "--yes", "--journal", "nowhere")
    assert named.return_value is Exit.FINDINGS
    assert "There is no journal `nowhere`" in named.stdout
    Path(terminal.path("edited.journal")).touch()
    with pytest.raises(PlanRefused) as caught:
        raise_(terminal.run("rollback", terminal.path("edited"), "--yes"))
    assert "edited.journal" in caught.value.fix.en, "the journal holds the plan as it was applied"


def test_nobody_is_asked_where_there_is_no_terminal(terminal: Terminal, plan_file: str) -> None:
    planned_before(terminal, plan_file)
    with pytest.raises(UsageError, match="no terminal") as caught:
        raise_(terminal.run("apply", terminal.path("plan")))
    assert "--yes" in caught.value.fix.en


@pytest.mark.parametrize("place", ["/dev/null", "/dev", "nowhere/journal"])
def test_a_journal_has_a_file_in_a_folder_that_is_there(
    terminal: Terminal, place: str, plan_file: str
) -> None:
    planned_before(terminal, plan_file)
    words = (terminal.path("plan"), "--journal", str(terminal.folder / place))
    for command in ("status", "apply", "rollback"):
        with pytest.raises(UsageError, match="the journal cannot be"):
            raise_(terminal.run(command, *words))
    assert not (terminal.folder / "nowhere").exists()


def test_two_do_not_work_with_one_journal_at_once(terminal: Terminal, plan_file: str) -> None:
    planned_before(terminal, plan_file)
    with Journal(Path(terminal.path("plan.journal"))).locked():
        for command in ("apply", "rollback"):
            if command == "rollback":
                Path(terminal.path("plan.journal")).touch()
            with pytest.raises(PlanRefused, match="another run is using") as caught:
                raise_(terminal.run(command, terminal.path("plan"), "--yes"))
            assert caught.value.code is Code.PLAN_BUSY


def test_without_permission_it_leaves_out_whom_it_is_for_and_goes_on_later(
    terminal: Terminal, local: LocalAws, monkeypatch: pytest.MonkeyPatch, plan_file: str
) -> None:
    made = planned_before(terminal, plan_file)
    # the permission goes while the plan is applied: what went before is seen beforehand
    module = import_module("sekisho.rollout.applying.preconditions")
    monkeypatch.setattr(module, "changed_rights", lambda *_: ())
    iam = iam_of(local)
    deny = {
        **OPEN,
        "Statement": [{"Effect": "Deny", "Action": "iam:AddUserToGroup", "Resource": "*"}],
    }
    iam.put_user_policy(UserName="admin", PolicyName="no", PolicyDocument=json.dumps(deny))
    done = terminal.run("apply", terminal.path("plan"), "--yes")
    assert done.return_value == Exit.CHANGES
    assert f"Done: {len(made.changes) - 1}" in done.stdout
    assert "Not done: 1\n  membership Enforced hanako" in done.stdout
    assert "hanako: AWS refuses AddUserToGroup (AccessDenied): " in done.stdout
    iam.delete_user_policy(UserName="admin", PolicyName="no")
    assert terminal.run("apply", terminal.path("plan"), "--yes").return_value == Exit.CLEAN
    taken_back(terminal)


def test_a_journal_that_cannot_be_written_stops_a_roll_back_and_it_is_said_where(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, plan_file: str
) -> None:
    planned_before(terminal, plan_file)
    assert terminal.run("apply", terminal.path("plan"), "--yes").return_value == Exit.CLEAN
    record, written = Journal.record, []

    def full(self: Journal, entry: JournalEntry) -> None:
        written.append(entry.event)
        if written.count(Event.UNDONE) > 1:
            monkeypatch.setattr(Journal, "_append", no_space)
        record(self, entry)

    def no_space(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Journal, "record", full)
    done = terminal.run("rollback", terminal.path("plan"), "--yes")
    assert isinstance(done.exception, SekishoError)
    assert done.exception.code is Code.OUTPUT_UNWRITABLE
    whole, _, rest = done.stdout.partition("Not done: 3\n")
    assert whole == "Undone: 1\n  membership Enforced hanako\n"
    # gone already, which nobody could write down
    assert rest.startswith("  group-attachment Enforced")
    monkeypatch.undo()
    again = terminal.run("rollback", terminal.path("plan"), "--yes")
    assert again.return_value == Exit.CLEAN, again.output
    assert "Undone earlier: 1\n" in again.stdout


def test_who_interrupts_a_roll_back_is_told_how_far_it_came(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, plan_file: str
) -> None:
    def interrupted(self: Boto3Api, service: str, operation: str, **params: Any) -> Any:
        if operation == "DeleteGroup":
            raise KeyboardInterrupt
        return made(self, service, operation, **params)

    planned_before(terminal, plan_file)
    assert terminal.run("apply", terminal.path("plan"), "--yes").return_value == Exit.CLEAN
    made, told = Boto3Api.call, []
    with monkeypatch.context() as patch:
        patch.setattr(Boto3Api, "call", interrupted)
        patch.setattr("click.echo", lambda text="", **_: told.append(str(text)))
        with pytest.raises(click.Abort):
            terminal.run("rollback", terminal.path("plan"), "--yes")
    before, title, report = "\n".join(told).partition("Undone: 2\n")
    assert title, told
    assert "Not done" not in before
    assert report.startswith("  membership Enforced hanako\n")
    assert report.count("Not done: ") == 1
    taken_back(terminal)


def test_a_session_that_has_expired_says_what_to_do(
    terminal: Terminal, local: LocalAws, plan_file: str
) -> None:
    planned_before(terminal, plan_file)
    expired = {**terminal.environment, "AWS_SESSION_TOKEN": "x" * 40}
    with pytest.raises(AwsRefused):
        raise_(Terminal(terminal.folder, expired).run("apply", terminal.path("plan"), "--yes"))
    assert not Path(terminal.path("plan.journal")).exists()


def test_the_least_policy_is_enough_and_nothing_in_it_is_idle(
    terminal: Terminal, local: LocalAws
) -> None:
    done = terminal.run("plan", terminal.path("goal.yaml"), "--mfa", "--print-policy")
    least = json.loads(done.stdout)
    iam = iam_of(local)
    iam.create_user(UserName="operator")
    key = iam.create_access_key(UserName="operator")["AccessKey"]
    who = f"arn:aws:iam::{ACCOUNT}:user/operator"
    iam.put_user_policy(UserName="operator", PolicyName="p", PolicyDocument=json.dumps(least))
    snapshot = collect(signed_in(local, "admin", mfa=True), now=datetime.now(UTC))
    save_snapshot(snapshot, terminal.path("snapshot"))
    offline = ("--snapshot", terminal.path("snapshot"), "--caller", who)
    done = terminal.run(
        "plan", terminal.path("goal.yaml"), "--out", terminal.path("plan"), *offline
    )
    assert done.return_value == Exit.CHANGES, done.output
    keys = {
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
    }
    operator = Terminal(terminal.folder, {**terminal.environment, **keys, "AWS_SESSION_TOKEN": ""})
    assert operator.run("apply", terminal.path("plan"), "--yes").return_value == Exit.CLEAN
    taken_back(operator)
    iam.delete_access_key(UserName="operator", AccessKeyId=key["AccessKeyId"])
    iam.delete_user_policy(UserName="operator", PolicyName="p")
    iam.delete_user(UserName="operator")


def test_the_script_does_the_same(terminal: Terminal, local: LocalAws) -> None:
    made = planned(terminal)
    text = terminal.run("plan", terminal.path("goal.yaml"), "--mfa", "--format", "aws-cli").stdout
    script = terminal.write("script.sh", text)
    aws = Path(sys.executable).with_name("aws")
    path = {"PATH": f"{aws.parent}:/usr/bin:/bin", "HOME": str(terminal.folder)}
    ran = subprocess.run(  # noqa: S603 - the script that is tested
        ["/bin/sh", script],
        check=False,
        env={**terminal.environment, **path},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    done = terminal.run("status", terminal.path("plan"))
    assert done.return_value == Exit.CLEAN, done.output
    assert terminal.run("plan", terminal.path("goal.yaml"), "--mfa").return_value == Exit.CLEAN
    iam = iam_of(local)
    iam.remove_user_from_group(GroupName="Enforced", UserName="hanako")
    iam.detach_group_policy(GroupName="Enforced", PolicyArn=ENFORCEMENT)
    iam.delete_group(GroupName="Enforced")
    iam.delete_policy(PolicyArn=ENFORCEMENT)
    assert len(made.changes) == 4


def test_a_claim_of_mfa_is_verified_as_far_as_aws_lets_it(
    terminal: Terminal, local: LocalAws
) -> None:
    goal = terminal.write("goal.yaml", GOAL)
    done = terminal.run("plan", goal, "--mfa")
    assert "IAM rejects GetSessionToken sessions without MFA" in done.stderr
    key = iam_of(local).create_access_key(UserName="admin")["AccessKey"]
    keys = {
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
    }
    bare = Terminal(terminal.folder, {**terminal.environment, **keys, "AWS_SESSION_TOKEN": ""})
    with pytest.raises(UsageError, match="an access key and no session"):
        raise_(bare.run("plan", goal, "--mfa"))
    iam_of(local).delete_access_key(UserName="admin", AccessKeyId=key["AccessKeyId"])
