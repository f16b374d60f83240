"""`sekisho prove`: the people's part, and the users of an account."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import pytest

from cases import CORPUS
from gaps import gap_at
from rollout.staging import (
    ACCOUNT,
    ENFORCEMENT,
    EVERYTHING,
    FULL,
    account,
    enforcement,
    managed,
    user,
)
from scenario_policies import HARDENED
from sekisho.account import Snapshot, save_snapshot
from sekisho.cli import Exit
from sekisho.cli.main import root
from sekisho.errors import FaultyAccount, UsageError
from sekisho.policy import NAME, Choices, Preset, choices_of, force_mfa, to_json
from sekisho.prover.scenarios import ATTACKERS, PEOPLE
from sekisho.signin import PasswordPolicy

SAMPLE = str(CORPUS / "policy" / "aws-self-manage.json")
STRICT = str(CORPUS / "scenarios" / "after-enrolment.json")


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the terminal lines that hold every sentence."""
    monkeypatch.setenv("COLUMNS", "1000")


def run(*arguments: str) -> Any:
    return root.main(["prove", *arguments, "--lang", "en"], standalone_mode=False)


def people(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, dict[str, Any]]:
    run(*arguments, "--only", "people", "--format", "json")
    value = json.loads(capsys.readouterr().out)
    assert value["questions"] == []
    return {one["id"]: one for one in value["people"]}


def policy(tmp_path: Path, choices: Choices) -> str:
    path = tmp_path / f"{NAME}.json"
    path.write_text(json.dumps(to_json(force_mfa(choices))), encoding="utf-8")
    return str(path)


def test_each_scenario_has_its_verdict_and_its_steps(capsys: pytest.CaptureFixture[str]) -> None:
    found = people(capsys, "policy", SAMPLE)
    assert list(found) == [each.id for each in (*PEOPLE, *ATTACKERS)]
    new = found["new-user"]
    assert (new["outcome"], new["must"]) == ("locked out", "gets in")
    assert [step["act"] for step in new["steps"]] == ["console:SignIn", "console:NewPassword"]
    assert new["steps"][-1]["answer"] == "AccessDenied"
    assert new["steps"][-1]["because"][0]["sid"] == "DenyAllExceptListedIfNoMFA"
    assert new["fixedBy"] == [["password_change_without_mfa"]]
    assert found["lost-phone"]["outcome"] == "gets in"
    assert found["lost-phone"]["steps"][0]["by"]["who"] == "administrator"
    assert found["key-with-device"]["states"] == 24
    assert found["key-without-device"]["steps"][-1]["act"] == "sts:GetSessionToken"


def test_a_refuted_scenario_exits_3_and_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("policy", SAMPLE, "--only", "people") is Exit.FINDINGS
    told = capsys.readouterr().out
    assert "locked out: new-user: a new user with a temporary password\n    set a new pass" in told
    assert "every way ends here" not in told
    assert run("policy", SAMPLE, "--only", "people", "-v") is Exit.FINDINGS
    told = capsys.readouterr().out
    assert "every way ends here" in told
    assert "2. set a new password" in told
    assert f"because of statement DenyAllExceptListedIfNoMFA of {SAMPLE}" in told
    assert "options of `policy new`: --password-change-without-mfa" in told
    assert run("policy", SAMPLE) is Exit.FINDINGS
    assert "MFA is enforced" in capsys.readouterr().out


def test_whose_id_it_is_that_a_policy_asks_for_is_known_of_an_account_alone(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    written = json.dumps(to_json(enforcement()))
    exempting = '"BoolIfExists": {'
    assert exempting in written
    texts = {
        name: written.replace(
            exempting, f'"StringNotEquals": {{"aws:userid": "{id_}"}}, {exempting}'
        )
        for name, id_ in (("hers", "AIDAALICE"), ("other", "AIDABOB"))
    }
    path = tmp_path / "hers.json"
    path.write_text(texts["hers"], encoding="utf-8")
    found = people(capsys, "policy", str(path))["key-with-device"]
    assert (found["outcome"], "`aws:userid`" in found["reason"]) == ("unknown", True)
    outcomes = {}
    for name, text in texts.items():
        policies = {
            ENFORCEMENT: managed(ENFORCEMENT, json.loads(text)),
            FULL: managed(FULL, EVERYTHING),
        }
        asked = ("user", "alice", "--snapshot", staged(tmp_path, policies=policies))
        outcomes[name] = people(capsys, *asked)["key-with-device"]["outcome"]
    assert outcomes["other"] == "kept out"
    assert outcomes["hers"] != "kept out"


def test_japanese(capsys: pytest.CaptureFixture[str]) -> None:
    root.main(
        ["prove", "policy", SAMPLE, "--only", "people", "--lang", "ja", "-v"], standalone_mode=False
    )
    told = capsys.readouterr().out
    assert "攻撃:" in told
    assert "ここで止まります" in told


def test_whom_no_policy_can_stop_counts_only_if_strict(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    hardened = policy(tmp_path, HARDENED)
    found = people(capsys, "policy", hardened)
    apart = {name for name, one in found.items() if one["noPolicyCanStop"]}
    passwords = {"temporary-password", "password-without-device"}
    assert apart == {*passwords, "role-session", "login-cache"}
    wrong = {name for name, one in found.items() if one["outcome"] not in (one["must"], "unknown")}
    # the price of the hardened variant
    assert wrong == {*apart, "key-user"}
    assert not any(found[name]["counts"] for name in apart)
    assert all(one["counts"] for one in people(capsys, "policy", hardened, "--strict").values())
    run("policy", hardened, "--only", "people", "-v")
    section = capsys.readouterr().out.split("Attacks that no policy can stop:")[1]
    assert "Hand temporary passwords over safely" in section


def test_what_no_member_of_the_family_is_names_those_that_are_right(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "other.json"
    path.write_text(json.dumps(EVERYTHING), encoding="utf-8")
    found = people(capsys, "policy", str(path))
    assert found["key-without-device"]["fixedBy"] == []
    assert found["key-without-device"]["rightWith"] == ["hardened"]
    assert found["admin-key-policies"]["rightWith"] == [
        "aws",
        "first-login",
        "recommended",
        "hardened",
    ]


def test_a_stricter_policy_after_enrolment(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = policy(tmp_path, choices_of(Preset.FIRST_LOGIN))
    name = "admin-key-enables-device"
    assert people(capsys, "policy", path)[name]["outcome"] == "gets in"
    found = people(capsys, "policy", path, "--after-enrolment", STRICT)
    assert found[name]["outcome"] == "kept out"
    acts = [step["act"] for step in found["lost-phone"]["steps"]]
    assert "iam:RemoveUserFromGroup" in acts


def test_whom_a_policy_after_enrolment_names_is_not_any_user(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    deny = {"Effect": "Deny", "Action": "*", "Resource": "*"}
    of_bob = {**deny, "Condition": {"StringEquals": {"aws:username": "bob"}}}
    path = tmp_path / "not-bob.json"
    path.write_text(json.dumps({"Version": "2012-10-17", "Statement": of_bob}), encoding="utf-8")
    asked = (
        "policy",
        policy(tmp_path, choices_of(Preset.FIRST_LOGIN)),
        "--after-enrolment",
        str(path),
    )
    bob = ("--principal", f"arn:aws:iam::{ACCOUNT}:user/bob")
    assert people(capsys, *asked, *bob)["password-expired"]["outcome"] == "locked out"
    run(*asked, "--only", "enforcement", "--only", "people", "--format", "json")
    said = json.loads(capsys.readouterr().out)
    scenarios = {each["id"]: each for each in said["people"]}
    assert scenarios["password-expired"]["outcome"] == "unknown"
    # what is asked of the policies that users have now, that policy does not tell apart
    assert len(said["users"]) == 1


def test_the_user_may_be_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = policy(tmp_path, choices_of(Preset.FIRST_LOGIN))
    arn = f"arn:aws:iam::{ACCOUNT}:user/dev/taro"
    assert people(capsys, "policy", path)["new-user"]["outcome"] == "gets in"
    assert people(capsys, "policy", path, "--principal", arn)["new-user"]["outcome"] == "locked out"


def test_what_cannot_be_told_is_unknown_and_exits_4(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    deny = {"Effect": "Deny", "Action": "*", "Resource": "*"}
    condition = {"NotIpAddress": {"aws:VpcSourceIp": "10.0.0.0/24"}}
    path = tmp_path / "office.json"
    path.write_text(json.dumps({"Statement": {**deny, "Condition": condition}}), encoding="utf-8")
    assert run("policy", str(path), "--only", "people", "--format", "sarif") is Exit.UNKNOWN
    log = json.loads(capsys.readouterr().out)["runs"][0]
    assert log["results"] == []
    assert len(log["invocations"][0]["toolExecutionNotifications"]) == len((*PEOPLE, *ATTACKERS))
    assert all(
        one["outcome"] == "unknown"
        for one in people(capsys, "policy", SAMPLE, "--session", SAMPLE).values()
    )


def test_sarif_has_a_result_for_each_refuted_scenario(capsys: pytest.CaptureFixture[str]) -> None:
    run("policy", SAMPLE, "--format", "sarif")
    log = json.loads(capsys.readouterr().out)["runs"][0]
    levels = {one["ruleId"]: one["level"] for one in log["results"]}
    assert levels["new-user"] == "error"
    assert levels["role-session"] == "note"
    rules = [rule["id"] for rule in log["tool"]["driver"]["rules"]]
    assert {"enforcement", "new-user"} <= set(rules)
    assert len(rules) == len(set(rules))


OWN = f"arn:aws:iam::{ACCOUNT}:policy/own"


def staged(tmp_path: Path, **changed: Any) -> str:
    """Save an account: alice is enforced, bob is not, nobody knows of carol."""
    users = (
        user("alice", attached=(ENFORCEMENT, FULL)),
        user("bob", attached=(FULL,)),
        user("carol", attached=(OWN,)),
    )
    policies = {ENFORCEMENT: managed(ENFORCEMENT, enforcement()), FULL: managed(FULL, EVERYTHING)}
    base = Snapshot(
        **{name: getattr(account(), name) for name in ("account", "partition", "taken_at")},
        users=users,
        groups=(),
        roles=(),
        policies=policies,
        gaps=(gap_at("GetPolicyVersion", f"managedPolicy {OWN}", "AccessDenied"),),
    )
    path = tmp_path / "snapshot.json"
    save_snapshot(replace(base, **changed), path, replace=True)
    return str(path)


def test_every_user_of_an_account(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = staged(tmp_path)
    assert run("account", "--snapshot", path, "--format", "json") is Exit.UNKNOWN
    value = json.loads(capsys.readouterr().out)
    found = {one["user"]: one["now"]["verdict"] for one in value["users"]}
    assert found == {"bob": "Refuted", "carol": "Unknown", "alice": "Proved"}
    # whoever is not enforced comes first
    assert list(found) == ["bob", "carol", "alice"]
    bob = value["users"][0]["now"]["counterexample"]["request"]
    assert bob["principal"].endswith(":user/bob")
    assert OWN in value["users"][1]["gap"]
    run("account", "--snapshot", path, "-v")
    told = capsys.readouterr().out
    assert "MFA is enforced for 1 of 3 users" in told
    assert "bob's console session" in told
    assert all(text in told for text in value["assumptions"])
    assert "assumed to be allowed by their own policies" in told
    run("account", "--snapshot", path, "--format", "sarif")
    log = json.loads(capsys.readouterr().out)["runs"][0]
    assert [one["ruleId"] for one in log["results"]] == ["user-enforced"]
    assert len(log["invocations"][0]["toolExecutionNotifications"]) == 1


def test_invariants_of_every_user_of_an_account(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = staged(tmp_path)
    rules = tmp_path / "rules.yaml"
    rules.write_text(
        "schema: sekisho.invariants/1\n"
        "invariants:\n"
        "  - {id: buckets, never: 's3:*', unlessMfa: true}\n"
        "  - {id: passwords, always: 'iam:ChangePassword', withMfa: true}\n",
        encoding="utf-8",
    )
    asked = ("access", "--snapshot", path, "--invariants", str(rules))
    assert run(*asked, "--format", "json") is Exit.UNKNOWN
    value = json.loads(capsys.readouterr().out)
    found = {one["user"]: [each["verdict"] for each in one["invariants"]] for one in value["users"]}
    assert found == {
        "bob": ["Refuted", "Proved"],
        "carol": ["Unknown", "Unknown"],
        "alice": ["Proved", "Proved"],
    }
    assert list(found) == ["bob", "carol", "alice"]
    # with invariants nothing else is asked
    assert "enforced" not in value["users"][0]
    counterexample = value["users"][0]["invariants"][0]["counterexample"]["request"]
    assert counterexample["principal"].endswith(":user/bob")
    run(*asked)
    told = capsys.readouterr().out
    assert "never s3:* unless with MFA: holds for 1 of 3 users, fails for 1" in told
    assert "bob: buckets: does not hold" in told
    run(*asked, "--format", "sarif")
    log = json.loads(capsys.readouterr().out)["runs"][0]
    assert [one["ruleId"] for one in log["results"]] == ["buckets"]


def test_what_may_work_without_mfa_is_told_for_every_user(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = staged(tmp_path)
    for exempt, verdict in ((("--exempt", "*"), "Proved"), (("--exempt", "s3:*"), "Refuted")):
        run("account", "--snapshot", path, *exempt, "--format", "json")
        value = json.loads(capsys.readouterr().out)
        bob = next(one for one in value["users"] if one["user"] == "bob")
        assert bob["now"]["verdict"] == verdict


def test_one_user_of_an_account(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = staged(tmp_path)
    assert run("user", "alice", "--snapshot", path, "--only", "enforcement") is Exit.CLEAN
    assert run("user", "bob", "--snapshot", path, "--only", "enforcement") is Exit.FINDINGS
    capsys.readouterr()
    never = ("--never", "s3:*", "--unless-mfa")
    for asked, ids in (
        ((), {"enforcement", "nothing-lost", "own-things", "new-user", "key-with-device"}),
        (never, {"never"}),
        (("--only", "people"), {"new-user", "key-with-device"}),
    ):
        whose = ("access", "--principal", "user/carol") if asked == never else ("user", "carol")
        carol = (*whose, "--snapshot", path, *asked, "--format", "json")
        assert run(*carol) is Exit.UNKNOWN
        value = json.loads(capsys.readouterr().out)
        found = {one["id"]: one for one in (*value["questions"], *value["people"])}
        assert ids <= set(found)
        assert all(OWN in one["reason"] for one in found.values())
    assert run("access", "--snapshot", path, "--principal", "user/carol", *never) is Exit.UNKNOWN
    said = f"unknown: never s3:* unless with MFA (all calls)\n    the text of policy `{OWN}`"
    assert said in capsys.readouterr().out
    assert run("access", "--snapshot", path, "--principal", "alice", *never) is Exit.CLEAN
    with pytest.raises(FaultyAccount, match="nobody"):
        run("user", "nobody", "--snapshot", path)


def test_the_password_policy_of_the_account_matters(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Where the change is exempt and no policy allows it, it is for the account to say."""
    without = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
    exempt = {"Effect": "Deny", "NotAction": "iam:*", "Resource": "*", "Condition": without}
    page = ["iam:GetUser", "iam:*MFADevices"]
    enrol = {"Effect": "Allow", "Action": ["iam:*MFADevice", *page], "Resource": "*"}
    own = managed(OWN, {"Version": "2012-10-17", "Statement": [exempt, enrol]})
    alone = {"users": (user("alice", attached=(OWN,)),), "policies": {OWN: own}, "gaps": ()}
    may = PasswordPolicy(users_may_change=True)
    unread = (gap_at("GetAccountPasswordPolicy", "", "AccessDenied"),)
    for changed, outcome in (
        ({}, "locked out"),
        ({"password_policy": may}, "gets in"),
        ({"gaps": unread}, "unknown"),
    ):
        path = staged(tmp_path, **{**alone, **changed})
        found = people(capsys, "user", "alice", "--snapshot", path)
        assert found["new-user"]["outcome"] == outcome
        assert found["half-enrolled"]["outcome"] == "gets in"


def test_service_control_policies_that_were_not_read_are_said(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """They may deny what seems allowed: who seems to get in perhaps does not."""
    gap = (gap_at("DescribeOrganization", "", "AccessDenied"),)
    path = staged(tmp_path, gaps=gap, users=(user("alice", attached=(ENFORCEMENT,)),))
    assert run("user", "alice", "--snapshot", path, "--only", "enforcement") is Exit.CLEAN
    assert "service control policies are unknown (AccessDenied)" in capsys.readouterr().out
    found = people(capsys, "user", "alice", "--snapshot", path)
    assert found["new-user"]["outcome"] == "unknown"
    assert found["key-with-device"]["outcome"] == "kept out"
    run("account", "--snapshot", path, "--format", "json")
    assert json.loads(capsys.readouterr().out)["serviceControlPoliciesUnknown"] == "AccessDenied"


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--snapshot", SAMPLE),
        (SAMPLE,),
        ("access", "--snapshot", "FILE", SAMPLE, "--never", "s3:*"),
        ("access", "--snapshot", "FILE", "--boundary", SAMPLE, "--never", "s3:*"),
        ("access", "--snapshot", "FILE", "--on", "arn:aws:s3:::b/*"),
        ("role", "r", "--snapshot", "FILE", SAMPLE),
        ("role", "r"),
    ],
)
def test_what_does_not_go_together_is_wrong_usage(
    arguments: tuple[str, ...], tmp_path: Path
) -> None:
    path = staged(tmp_path)
    with pytest.raises((UsageError, click.UsageError)):
        run(*(path if each == "FILE" else each for each in arguments))
