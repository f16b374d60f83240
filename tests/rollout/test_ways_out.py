"""A refused plan names the ways out, and each of them is one."""

import json
import shlex
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from administered import ACCOUNT, REGION, iam_of
from rollout.at_the_terminal import GOAL, Terminal, environment
from rollout.staging import (
    ADMIN,
    ENFORCEMENT,
    account,
    company,
    device,
    enforcement,
    managed,
    user,
    with_user,
)
from sekisho.account import THE_ACCOUNT, AccessKey, Gap, Group, Password, save_snapshot
from sekisho.account.aws import Keys, connect
from sekisho.cli.exits import Exit
from sekisho.engine import AttachedPolicy, Level
from sekisho.errors import PlanRefused, UsageError
from sekisho.localaws import LocalAws
from sekisho.messages import verbatim
from sekisho.policy import from_json
from sekisho.rollout import Plan, WayOut
from sekisho.rollout.lifecycle import PlanningContext, reset
from sekisho.rollout.ways import Way
from sekisho.signin import ConsoleAuthorization

EVERYBODY = GOAL.replace("- user: hanako", "- all: true").replace("[glass]", "[glass, admin]")


@pytest.fixture(scope="module")
def local() -> Iterator[LocalAws]:
    with company() as running:
        iam_of(running).create_login_profile(UserName="hanako", Password="Fuji-2026-x-temporary")
        # a program at work
        made = iam_of(running).create_access_key(UserName="machine")["AccessKey"]
        keys = Keys(made["AccessKeyId"], made["SecretAccessKey"])
        connect(region=REGION, endpoint_url=running.url, credentials=keys).call("iam", "ListGroups")
        yield running


@pytest.fixture
def terminal(local: LocalAws, tmp_path: Path) -> Terminal:
    terminal = Terminal(tmp_path, environment(local, "admin"))
    terminal.write("goal.yaml", EVERYBODY)
    return terminal


def next_of(output: str) -> list[str]:
    """Return the words of the command that an output names last."""
    _, _, command = output.rpartition("Next: ")
    program, *words = shlex.split(command.replace("\\\n", " "))
    assert program == "sekisho"
    return words


def test_what_is_named_next_leads_to_a_plan_that_is_applied(terminal: Terminal) -> None:
    goal, out = terminal.path("goal.yaml"), terminal.path("plan.json")
    refused = terminal.run("plan", goal, "--mfa", "--out", out)
    assert refused.return_value == Exit.FINDINGS
    assert "Way out: `--except machine`" in refused.stdout
    assert refused.stdout.index("Way out:") < refused.stdout.index("--accept")
    with pytest.raises(PlanRefused, match="keys-in-use") as caught:
        raise_(terminal.run("apply", out, "--yes"))
    assert "--except machine" in caught.value.fix.en

    again = next_of(refused.stdout)
    assert again == ["plan", goal, "--mfa", "--out", out, "--except", "machine", "--force"]
    made = terminal.run(*again)
    assert made.return_value == Exit.CHANGES, made.output
    assert "  machine: Left out by `except`: MFA is not enforced." in made.stdout
    applied = terminal.run(*next_of(made.stdout), "--yes")
    assert applied.return_value == Exit.CLEAN, applied.output
    assert applied.stdout.startswith("The plan is applied.\n")
    assert f"To take it back: sekisho rollback {out}" in applied.stdout
    assert terminal.run(*next_of(applied.stdout)).return_value == Exit.CLEAN
    assert terminal.run("rollback", out, "--yes").return_value == Exit.CLEAN


def raise_(done: object) -> None:
    raise done.exception  # type: ignore[attr-defined]  # a result of click's runner


def test_a_goal_file_leaves_out_as_the_option_does(terminal: Terminal) -> None:
    terminal.write("goal.yaml", EVERYBODY + "except: [{name: mach*}]\n")
    done = terminal.run("plan", terminal.path("goal.yaml"), "--mfa", "--format", "json")
    assert done.return_value == Exit.CHANGES, done.output
    by_options = terminal.run(
        *("plan", "--all-users", "--group", "Enforced", "--break-glass", "glass", "--mfa"),
        *("--break-glass", "admin", "--except", "machine", "--format", "json"),
    )
    people = [
        {each["user"]: each["impact"] for each in json.loads(one.stdout)["people"]}
        for one in (done, by_options)
    ]
    assert people[0] == people[1]
    assert people[0]["machine"] == "left-out"
    status = terminal.run("status", terminal.path("goal.yaml"), "--format", "json")
    (wave,) = json.loads(status.stdout)["waves"]
    assert wave["exempt"] == ["machine"]


def test_who_is_not_there_cannot_be_left_out(terminal: Terminal) -> None:
    with pytest.raises(UsageError, match="no user `machin`") as caught:
        raise_(terminal.run("plan", terminal.path("goal.yaml"), "--except", "machin"))
    assert "machine" in caught.value.fix.en


@pytest.mark.parametrize("command", [("reset", "hanako"), ("offboard", "hanako")])
def test_a_session_that_is_the_reason_is_answered_with_mfa(
    local: LocalAws, terminal: Terminal, command: tuple[str, ...]
) -> None:
    needs = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Deny",
                "Action": "iam:*User*",
                "Resource": "*",
                "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
            },
            {
                "Effect": "Deny",
                "Action": ["iam:DeleteLoginProfile", "iam:UpdateLoginProfile"],
                "Resource": "*",
                "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
            },
        ],
    }
    iam = iam_of(local)
    iam.put_user_policy(UserName="admin", PolicyName="mfa", PolicyDocument=json.dumps(needs))
    refused = terminal.run(*command)
    assert refused.return_value == Exit.FINDINGS, refused.output
    assert next_of(refused.stdout) == [*command, "--mfa"]
    assert "--except" not in refused.stdout
    made = terminal.run(*command, "--mfa")
    assert made.return_value == Exit.CHANGES, made.output
    assert next_of(made.stdout) == [*command, "--mfa", "--out", "plan.json"]
    iam.delete_user_policy(UserName="admin", PolicyName="mfa")


def test_where_accepting_is_all_that_is_left_it_is_named_and_wants_a_reason(tmp_path: Path) -> None:
    shut = f"arn:aws:iam::{ACCOUNT}:policy/Shut"
    denied = {"Effect": "Deny", "Action": "*", "Resource": "*"}
    start = with_user(account(), user("o'neil", attached=(shut,), password=Password()))
    policy = managed(shut, {"Version": "2012-10-17", "Statement": [denied]})
    save_snapshot(replace(start, policies={**start.policies, shut: policy}), tmp_path / "a.json")
    at = ("--snapshot", str(tmp_path / "a.json"), "--caller", ADMIN.arn, "--mfa")
    terminal = Terminal(tmp_path, {"LANG": "C"})
    refused = terminal.run("reset", "o'neil", *at, "--out", terminal.path("plan"))
    assert refused.return_value == Exit.FINDINGS, refused.output
    again = next_of(refused.stdout)
    assert again[-3:] == ["--accept", "everyone-gets-in:o'neil=REASON", "--force"]
    with pytest.raises(UsageError, match="gives no reason"):
        raise_(terminal.run(*again))
    words = [each.replace("=REASON", "=she gets another user") for each in again]
    assert terminal.run(*words).return_value == Exit.CHANGES


def test_console_authorization_stops_a_plan_and_each_way_out_is_one(tmp_path: Path) -> None:
    """A temporary password is no reason to wait: the console stays shut once it is changed."""
    enabled = ConsoleAuthorization.ENABLED
    start = with_user(account(), user("kiyo", password=Password(reset_required=True)))
    save_snapshot(replace(start, console_authorization=enabled), tmp_path / "enabled.json")
    disabled = replace(start, console_authorization=ConsoleAuthorization.DISABLED)
    save_snapshot(disabled, tmp_path / "disabled.json")
    enrolled = with_user(start, user("kiyo", password=Password(), devices=(device("kiyo"),)))
    save_snapshot(replace(enrolled, console_authorization=enabled), tmp_path / "enrolled.json")
    goal = GOAL.replace("- user: hanako", "- user: kiyo")
    terminal = Terminal(tmp_path, {})
    terminal.write("goal.yaml", goal)
    terminal.write(
        "chosen.yaml",
        goal.replace("policy:\n", "policy:\n  choices: {console_sign_in_without_mfa: true}\n"),
    )

    def plan(snapshot: str, goal: str = "goal.yaml") -> tuple[int, str]:
        at = ("--snapshot", terminal.path(snapshot), "--caller", ADMIN.arn, "--mfa")
        done = terminal.run("plan", terminal.path(goal), *at)
        return done.return_value, done.output

    code, said = plan("enabled.json")
    assert code == Exit.FINDINGS
    assert "everyone-gets-in" in said
    assert "Way out: console authorization is enabled" in said
    assert "console_sign_in_without_mfa" in said
    assert "--when after-password-change" not in said
    for snapshot in ("disabled.json", "enrolled.json"):
        code, said = plan(snapshot)
        assert code == Exit.CHANGES, said
    code, said = plan("enabled.json", "chosen.yaml")
    assert code == Exit.CHANGES, said


def test_a_console_that_is_shut_to_a_key_holder_is_no_matter_of_a_new_password(
    tmp_path: Path,
) -> None:
    enabled = ConsoleAuthorization.ENABLED
    kiyo = user("kiyo", password=Password(), keys=(AccessKey("AKIAKIYO000001EXAMPLE", True),))
    start = replace(with_user(account(), kiyo), console_authorization=enabled)
    save_snapshot(start, tmp_path / "enabled.json")
    terminal = Terminal(tmp_path, {})
    terminal.write("goal.yaml", GOAL.replace("- user: hanako", "- user: kiyo"))
    at = ("--snapshot", terminal.path("enabled.json"), "--caller", ADMIN.arn, "--mfa")
    done = terminal.run("plan", terminal.path("goal.yaml"), *at)
    assert "console-refused" in done.output
    assert "dead-lock" not in done.output
    assert "password must be changed" not in done.output


def test_what_was_not_read_of_console_authorization_is_said_and_stops_nothing(
    tmp_path: Path,
) -> None:
    start = with_user(account(), user("kiyo", password=Password()))
    gap = Gap("GetConsoleAuthorizationConfiguration", THE_ACCOUNT, verbatim("no"), "AccessDenied")
    save_snapshot(replace(start, gaps=(gap,)), tmp_path / "unread.json")
    terminal = Terminal(tmp_path, {})
    terminal.write("goal.yaml", GOAL.replace("- user: hanako", "- user: kiyo"))
    at = ("--snapshot", terminal.path("unread.json"), "--caller", ADMIN.arn, "--mfa")
    done = terminal.run("plan", terminal.path("goal.yaml"), *at)
    assert done.return_value == Exit.CHANGES, done.output
    assert "unread: Whether console authorization is enabled could not be read" in done.stdout


ENROLS = {"Effect": "Allow", "Action": ["iam:*MFA*"], "Resource": "*"}
ASKS = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}
DENIES = {
    "Effect": "Deny",
    "NotAction": ["iam:ChangePassword", "iam:EnableMFADevice"],
    "Resource": "*",
    "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
}


def inline(statement: dict[str, Any]) -> AttachedPolicy:
    document = from_json({"Version": "2012-10-17", "Statement": [statement]})
    return AttachedPolicy(f"inline {statement['Effect']} of user eva", document)


def test_a_reset_of_whom_nothing_lets_enrol_names_the_policy_that_does(tmp_path: Path) -> None:
    asks = {**ASKS, "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}
    eva = user("eva", password=Password(), devices=(device("eva"),), inline=(inline(asks),))
    save_snapshot(with_user(account(), eva), tmp_path / "lost.json")
    terminal = Terminal(tmp_path, {})
    options = ("--mfa", "--snapshot", terminal.path("lost.json"), "--caller", ADMIN.arn)
    done = terminal.run("reset", "eva", *options)
    assert done.return_value == Exit.FINDINGS
    assert "Way out: no policy lets eva set up MFA anew" in done.stdout
    assert "`AllowManageOwnVirtualMFADevice`" in done.stdout
    after = next_of(done.stdout)
    assert after == ["plan", "--user", "eva", *options]
    made = terminal.run(*after)
    assert made.return_value == Exit.CHANGES, made.stdout
    # with it, the phone may be reset
    enforced = replace(eva, attached=(ENFORCEMENT,))
    start = with_user(account(), enforced)
    policies = {**start.policies, ENFORCEMENT: managed(ENFORCEMENT, enforcement())}
    save_snapshot(replace(start, policies=policies), tmp_path / "lost.json", replace=True)
    assert terminal.run("reset", "eva", *options).return_value == Exit.CHANGES


@pytest.mark.parametrize("held", ["inline", "attached", "group"])
def test_a_reset_that_a_deny_stops_names_its_policy(held: str, tmp_path: Path) -> None:
    denies = inline(DENIES)
    arn = f"arn:aws:iam::{ACCOUNT}:policy/Old"
    eva = user("eva", password=Password(), devices=(device("eva"),), inline=(inline(ENROLS),))
    start = account()
    start = replace(start, policies={**start.policies, arn: managed(arn, denies.document)})
    if held == "inline":
        eva = replace(eva, inline=(*eva.inline, denies))
    elif held == "attached":
        eva = replace(eva, attached=(arn,))
    else:
        eva = replace(eva, groups=("Old",))
        group = Group("Old", "/", f"arn:aws:iam::{ACCOUNT}:group/Old", attached=(arn,))
        start = replace(start, groups=(*start.groups, group))
    named = denies.name if held == "inline" else arn
    made = reset(PlanningContext(with_user(start, eva), ADMIN, (), {}), "eva")
    assert made.ways == (WayOut(Way.EXEMPT_ENROLMENT, "everyone-gets-in", ("eva",), (named,)),), (
        made.ways
    )
    assert Plan.from_json(made.to_json()).ways == made.ways
    # where a service control policy denies it, no policy of the account helps
    full = AttachedPolicy("FullAWSAccess", inline({**ENROLS, "Action": "*"}).document)
    walled = replace(with_user(start, eva), scps=(Level("r-1", (full, denies)),))
    assert reset(PlanningContext(walled, ADMIN, (), {}), "eva").ways == ()
