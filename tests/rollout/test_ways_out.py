"""A refused plan names the ways out, and each of them is one."""

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import replace
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest

from administered import ACCOUNT, FULL, GLASS, REGION, iam_of
from rollout.at_the_terminal import GOAL, Terminal, environment
from rollout.staging import (
    ADMIN,
    ENFORCEMENT,
    NOW,
    account,
    company,
    device,
    enforcement,
    managed,
    user,
    with_user,
)
from sekisho.account import (
    THE_ACCOUNT,
    AccessKey,
    CredentialReport,
    Gap,
    Group,
    Password,
    Snapshot,
    save_snapshot,
)
from sekisho.account.aws import Keys, connect
from sekisho.audit.exceptions import ExceptionKind, load_exceptions
from sekisho.cli import Exit
from sekisho.engine import AttachedPolicy, Level
from sekisho.errors import PlanRefused, UsageError
from sekisho.localaws import LocalAws
from sekisho.messages import verbatim
from sekisho.policy import Preset, from_json, to_json
from sekisho.rollout import Plan, PlanningContext, Remedy, RemedyKind, reset
from sekisho.signin import ConsoleAuthorization, PasswordPolicy

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
    assert "Fix: `--except machine`" in refused.stdout
    assert refused.stdout.index("Fix:") < refused.stdout.index("--accept")
    lines = refused.stdout.splitlines()
    first = next(place for place, line in enumerate(lines) if "schema: sekisho.exceptions" in line)
    printed = takewhile(lambda line: line.startswith(" " * 6), lines[first:])
    filled = (f"{line} x" if line.endswith(":") else line for line in printed)
    terminal.write("exceptions.yaml", "\n".join(filled).replace("exceptions: x", "exceptions:"))
    (machine,) = load_exceptions(terminal.path("exceptions.yaml")).entries
    assert (machine.user, machine.kind) == ("machine", ExceptionKind.MACHINE)
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
    assert f"To undo it: sekisho rollback {out}" in applied.stdout
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


def test_where_accepting_is_all_that_is_left_it_is_no_next_command_and_wants_a_reason(
    tmp_path: Path,
) -> None:
    shut = f"arn:aws:iam::{ACCOUNT}:policy/Shut"
    denied = {"Effect": "Deny", "Action": "*", "Resource": "*"}
    start = with_user(account(), user("o'neil", attached=(shut,), password=Password()))
    policy = managed(shut, {"Version": "2012-10-17", "Statement": [denied]})
    save_snapshot(replace(start, policies={**start.policies, shut: policy}), tmp_path / "a.json")
    at = ("--snapshot", str(tmp_path / "a.json"), "--caller", ADMIN.arn, "--mfa")
    terminal = Terminal(tmp_path, {"LANG": "C"})
    refused = terminal.run("reset", "o'neil", *at, "--out", terminal.path("plan"))
    assert refused.return_value == Exit.FINDINGS, refused.output
    assert "Next: " not in refused.output
    (typed,) = re.findall(r"\(`(--accept .*=REASON)`\): everyone-gets-in:o'neil\.", refused.stdout)
    assert shlex.split(typed) == ["--accept", "everyone-gets-in:o'neil=REASON"]
    again = ("reset", "o'neil", *at, *shlex.split(typed))
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
    assert "Fix: console authorization is enabled" in said
    assert "--console-sign-in-without-mfa" in said
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
    assert "Fix: no policy lets eva set up MFA anew" in done.stdout
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
    assert made.remedies == (
        Remedy(RemedyKind.EXEMPT_ENROLMENT, "everyone-gets-in", ("eva",), (named,)),
    ), made.remedies
    assert Plan.from_json(made.to_json()).remedies == made.remedies
    # where a service control policy denies it, no policy of the account helps
    full = AttachedPolicy("FullAWSAccess", inline({**ENROLS, "Action": "*"}).document)
    walled = replace(with_user(start, eva), scps=(Level("r-1", (full, denies)),))
    assert reset(PlanningContext(walled, ADMIN, (), {}), "eva").remedies == ()


NEVER_CHANGED = Password(reset_required=True)


def saved(tmp_path: Path, start: Snapshot) -> tuple[str, ...]:
    save_snapshot(start, tmp_path / "account.json", replace=True)
    return ("--snapshot", str(tmp_path / "account.json"), "--caller", ADMIN.arn, "--mfa")


def ways_of(output: str) -> list[str]:
    """Return the ways out in the order in which they are named, each by its first word."""
    return [line.split("`")[1] for line in output.split("Fix: ")[1:]]


def test_a_temporary_password_that_the_policy_locks_out_is_answered_by_the_preset(
    tmp_path: Path,
) -> None:
    start = with_user(account(), user("hanako", password=Password()))
    at = saved(tmp_path, with_user(start, user("kiyo", password=NEVER_CHANGED)))
    terminal = Terminal(tmp_path, {})
    whom = ("--user", "hanako", "--user", "kiyo")
    refused = terminal.run("plan", *whom, "--preset", "recommended", "--preset", "aws", *at)
    assert refused.return_value == Exit.FINDINGS
    assert ways_of(refused.stdout) == [
        "--preset first-login",
        "--when after-password-change",
    ]
    assert refused.stdout.index("Fix: ") < refused.stdout.index("--accept")
    again = next_of(refused.stdout)
    assert again == ["plan", *whom, *at, "--preset", "first-login"]
    assert terminal.run(*again).return_value == Exit.CHANGES
    # a goal file says it itself, and no option does beside it
    terminal.write("goal.yaml", "policy: {preset: aws}\nwho: [{user: kiyo}]\n")
    by_file = terminal.run("plan", terminal.path("goal.yaml"), *at)
    assert "`preset: first-login` in a goal file" in by_file.stdout
    assert "Next: " not in by_file.output
    # nor where the policy is one's own
    terminal.write("own.json", json.dumps(to_json(enforcement(Preset.AWS))))
    own = terminal.run("plan", "--user", "kiyo", "--policy", terminal.path("own.json"), *at)
    assert "Next: " not in own.output


def test_a_user_whom_only_the_recommended_policy_lets_in(tmp_path: Path) -> None:
    at = saved(tmp_path, with_user(account(), user("kiyo", path="/dev/", password=Password())))
    refused = Terminal(tmp_path, {}).run("plan", "--user", "kiyo", "--preset", "aws", *at)
    assert ways_of(refused.stdout) == ["--preset recommended"]
    assert next_of(refused.stdout)[-2:] == ["--preset", "recommended"]


def test_a_newcomer_keeps_the_password_under_a_policy_that_is_there(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, {})
    words = ("onboard", "taro", "--preset", "aws")
    at = saved(tmp_path, account())
    refused = terminal.run(*words, *at)
    assert ways_of(refused.stdout) == ["--preset first-login", "--keep-password"]
    assert next_of(refused.stdout) == ["onboard", "taro", *at, "--preset", "first-login"]
    there = managed(ENFORCEMENT, enforcement(Preset.AWS))
    start = replace(account(), policies={**account().policies, ENFORCEMENT: there})
    at = saved(tmp_path, start)
    refused = terminal.run(*words, *at)
    assert ways_of(refused.stdout) == ["--keep-password"]
    assert next_of(refused.stdout) == [*words, *at, "--keep-password"]
    assert terminal.run(*next_of(refused.stdout)).return_value == Exit.CHANGES


def test_nobody_with_a_password_is_left_out(tmp_path: Path) -> None:
    """Whoever signs in with keys and a password is a person; so is whoever has a device."""
    key = (AccessKey("AKIAKIYO", active=True, last_used=NOW),)
    start = with_user(account(), user("machine", attached=(FULL,), keys=key))
    start = with_user(start, user("kiyo", password=Password(), keys=key))
    start = with_user(start, user("taro", keys=key, devices=(device("taro"),)))
    at = saved(tmp_path, start)
    words = ("plan", "--all-users", "--break-glass", "glass", "--break-glass", "admin", *at)
    refused = Terminal(tmp_path, {}).run(*words)
    assert ways_of(refused.stdout) == ["--except machine"]
    # something is left that nobody but a person can decide
    assert "Next: " not in refused.output
    assert "keys-in-use:kiyo" in refused.stdout


def test_a_plan_for_machines_alone_is_not_left_without_them(tmp_path: Path) -> None:
    key = (AccessKey("AKIAMACHINE", active=True, last_used=NOW),)
    start = with_user(account(), user("machine", attached=(FULL,), keys=key))
    refused = Terminal(tmp_path, {}).run("plan", "--user", "machine", *saved(tmp_path, start))
    assert refused.return_value == Exit.FINDINGS
    assert "Fix: do not enforce MFA for machine: a program cannot enter a code\n" in refused.stdout
    assert "- user: machine\n          kind: machine\n" in refused.stdout
    assert "Next: " not in refused.output


def test_an_administrator_who_is_named_is_no_break_glass_user_as_well(tmp_path: Path) -> None:
    """Nobody is both; of everybody one may be left as they are."""
    start = replace(account(), users=(user("boss", attached=(FULL,), password=Password()),))
    start = replace(start, scps=(Level("r-1", (denying_without_devices(),)),))
    at = (
        "--snapshot",
        str(tmp_path / "a.json"),
        "--caller",
        ADMIN.arn.replace("user/admin", "root"),
    )
    save_snapshot(start, tmp_path / "a.json")
    terminal = Terminal(tmp_path, {})
    named = terminal.run("plan", "--user", "boss", *at)
    assert "administrator-remains" in named.stdout
    assert "--break-glass" not in named.stdout


def denying_without_devices() -> AttachedPolicy:
    """Return a service control policy under which nobody sets up MFA."""
    statements = [
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": ["iam:*MFA*"], "Resource": "*"},
    ]
    document = from_json({"Version": "2012-10-17", "Statement": statements})
    return AttachedPolicy("NoDevices", document)


def test_what_the_credential_report_would_say_is_asked_for_first(tmp_path: Path) -> None:
    """Whether a password has expired only the report says; under some policies that matters."""
    start = with_user(account(), user("kiyo", password=Password()))
    start = replace(start, password_policy=PasswordPolicy(max_age=90))
    at = saved(tmp_path, start)
    terminal = Terminal(tmp_path, {})
    unread = terminal.run("plan", "--user", "kiyo", "--preset", "aws", *at)
    assert unread.return_value == Exit.UNKNOWN, unread.output
    assert "Fix: only the credential report, which was not read" in unread.stdout
    assert unread.stdout.index("credential report") < unread.stdout.index("--accept")
    assert next_of(unread.stdout) == ["collect", "--print-policy"]
    read = CredentialReport(start.taken_at, {})
    at = saved(tmp_path, replace(start, report=read))
    made = terminal.run("plan", "--user", "kiyo", "--preset", "aws", *at)
    assert made.return_value == Exit.CHANGES, made.output


EXPORT = {
    "UserDetailList": [
        {
            "Path": "/",
            "UserName": "kiyo",
            "UserId": "AIDAKIYO",
            "Arn": f"arn:aws:iam::{ACCOUNT}:user/kiyo",
            "CreateDate": "2026-01-01T00:00:00+00:00",
        }
    ],
    "GroupDetailList": [],
    "RoleDetailList": [],
    "Policies": [],
}


def test_an_export_without_its_credential_report_asks_for_that_first(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, {})
    export = terminal.write("export.json", json.dumps(EXPORT))
    caller = ("--caller", f"arn:aws:iam::{ACCOUNT}:root")
    words = ("plan", "--user", "kiyo", "--snapshot", export)
    alone = terminal.run(*words, *caller)
    assert alone.return_value == Exit.UNKNOWN
    assert "Fix: an export does not say who has a password" in alone.stdout
    assert alone.stdout.index("Fix: ") < alone.stdout.index("--accept")
    report = terminal.write("report.csv", REPORT)
    both = terminal.run(*words, "--snapshot", report, *caller)
    assert "an export does not say who" not in both.stdout
    assert next_of(both.stdout) == ["collect", "--print-policy"]


REPORT = (
    "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,"
    "password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,"
    "access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,"
    "access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,"
    "access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,"
    "cert_1_last_rotated,cert_2_active,cert_2_last_rotated\n"
    f"kiyo,arn:aws:iam::{ACCOUNT}:user/kiyo,2026-01-01T00:00:00+00:00,true,no_information,"
    "2026-01-01T00:00:00+00:00,N/A,false,false,N/A,N/A,N/A,N/A,false,N/A,N/A,N/A,N/A,false,N/A,"
    "false,N/A\n"
)


def test_a_key_that_is_no_session_is_not_told_to_give_mfa(local: LocalAws, tmp_path: Path) -> None:
    """With it `--mfa` is refused; that the caller must sign in with MFA is said all the same."""
    iam = iam_of(local)
    needs = {
        "Effect": "Deny",
        "Action": "iam:CreatePolicy",
        "Resource": "*",
        "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
    }
    text = json.dumps({"Version": "2012-10-17", "Statement": [needs]})
    iam.put_user_policy(UserName="glass", PolicyName="mfa", PolicyDocument=text)
    env = environment(local, "admin") | {
        "AWS_ACCESS_KEY_ID": GLASS.access_key_id,
        "AWS_SECRET_ACCESS_KEY": GLASS.secret_access_key,
        "AWS_SESSION_TOKEN": "",
    }
    refused = Terminal(tmp_path, env).run("plan", "--user", "hanako")
    assert "Fix: sign in with MFA and give `--mfa`" in refused.stdout, refused.output
    assert "Next: " not in refused.output
    iam.delete_user_policy(UserName="glass", PolicyName="mfa")


def test_from_the_audit_to_the_roll_back_every_next_command_can_be_given(
    local: LocalAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it is printed, at a terminal where somebody agrees."""
    monkeypatch.chdir(tmp_path)
    terminal = Terminal(tmp_path, environment(local, "admin"))
    terminal.write("plan.json", "{}")
    seen: list[str] = []

    def walk(*words: str) -> list[str]:
        """Run commands until none is printed; return the names of those that were run."""
        names = []
        while words and words not in seen:
            seen.append(words)  # type: ignore[arg-type]  # they are only compared
            agreed = ("--yes",) if words[0] in ("apply", "rollback") else ()
            done = terminal.run(*words, *agreed)
            assert done.exception is None, (words, done.exception)
            names.append(words[0])
            _, found, command = done.output.rpartition("Next: ")
            words = tuple(shlex.split(command.replace("\\\n", " "))[1:]) if found else ()
        return names

    # the first plan is one that is not refused; the name that is taken is not proposed
    assert walk("audit") == ["audit", "plan", "apply", "status"]
    assert walk("rollback", "plan-2.json") == ["rollback"]
    goal = ("--user", "hanako", "--group", "Enforced", "--break-glass", "glass")
    walked = walk("plan", *goal, "--mfa", "--out", "mine.json")
    assert walked == ["plan", "apply", "status"]
    assert walk("rollback", "mine.json") == ["rollback"]
    # a plan that is refused is applied by nobody
    refused = ("plan", "--user", "machine", "--mfa", "--out", "refused.json")
    assert walk(*refused) == ["plan"]
    assert "apply" not in walk("status", "refused.json")
