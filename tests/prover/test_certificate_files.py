"""`--certificate`: the checker, a program of its own, accepts what is saved, as printed."""

import json
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from in_process import sekisho
from sekisho.cli import Exit
from sekisho.policy import Preset, choices_of, force_mfa, render

EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}
NO_MFA = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
DENY = {"Effect": "Deny", "NotAction": "iam:GetUser", "Resource": "*", "Condition": NO_MFA}
DIRECT = {**DENY, "Condition": {**NO_MFA, "Bool": {"aws:ViaAWSService": "false"}}}
SERVICE = {**DENY, "Condition": {**NO_MFA, "Bool": {"aws:ViaAWSService": "true"}}}
OWN = {**DENY, "Resource": "arn:aws:iam::111122223333:user/${aws:username}"}
ALICE = "arn:aws:iam::111122223333:user/alice"


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [*statements]})


def given(folder: Path, **texts: str) -> None:
    for name, text in texts.items():
        (folder / f"{name}.json").write_text(text, encoding="utf-8")


def run(*arguments: str) -> tuple[int, str, str]:
    done = sekisho(*arguments, "--lang", "en", COLUMNS="90")
    return done.returncode, done.stdout, done.stderr


def checked(output: str) -> str:
    """Run the command that an output ends with; return what it prints."""
    command = output.partition("\nNext: ")[2]
    done = subprocess.run(  # noqa: S602 - the printed command is for a shell
        command, shell=True, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


CASES: dict[str, tuple[dict[str, str], list[str]]] = {
    "the preset": (
        {"own": render(force_mfa(choices_of(Preset.RECOMMENDED))), "all": policy(EVERYTHING)},
        ["policy", "own.json", "all.json"],
    ),
    "exempt actions that were given": (
        {"own": policy(EVERYTHING, DENY)},
        ["policy", "own.json", "--exempt", "iam:GetUser"],
    ),
    "a boundary": (
        {"own": policy(EVERYTHING), "limit": policy(EVERYTHING, DENY)},
        ["policy", "own.json", "--boundary", "limit.json"],
    ),
    "a session policy": (
        {"own": policy(EVERYTHING), "limit": policy(EVERYTHING, DENY)},
        ["policy", "own.json", "--session", "limit.json"],
    ),
    "a level that is taken to have FullAWSAccess": (
        {"own": policy(EVERYTHING), "scp": policy(DENY)},
        ["policy", "own.json", "--scp", "Root=scp.json"],
    ),
    "a text with comments": (
        {"own": "// ours\n" + policy(EVERYTHING, DENY)},
        ["policy", "own.json"],
    ),
    "one user": (
        {
            "own": policy(
                EVERYTHING,
                {**DENY, "Condition": {**NO_MFA, "ArnLike": {"aws:PrincipalArn": ALICE}}},
            )
        },
        ["policy", "own.json", "--principal", ALICE],
    ),
    "a role": (
        {"own": policy(EVERYTHING, DENY)},
        ["role", "arn:aws:iam::111122223333:role/ops", "own.json"],
    ),
    "direct calls and those of services apart": (
        {"own": policy(EVERYTHING, DIRECT, SERVICE)},
        ["policy", "own.json"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_checker_accepts_what_is_saved(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts, arguments = CASES[name]
    given(tmp_path, **texts)
    monkeypatch.chdir(tmp_path)
    code, out, err = run(
        "prove", *arguments, "--only", "enforcement", "--certificate", "proof.json"
    )
    assert code == Exit.CLEAN, out + err
    assert "The certificate is saved to proof.json." in err
    assert checked(out).startswith("valid: enforced")
    assert (tmp_path / "proof.json").stat().st_mode & 0o777 == 0o600


def test_a_changed_policy_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given(tmp_path, own=policy(EVERYTHING, DENY))
    monkeypatch.chdir(tmp_path)
    _, out, _ = run(
        "prove", "policy", "own.json", "--only", "enforcement", "--certificate", "proof.json"
    )
    given(tmp_path, own=policy(EVERYTHING, {**DENY, "NotAction": ["iam:GetUser", "s3:*"]}))
    command = shlex.split(out.partition("\nNext: ")[2].replace("\\\n", ""))
    done = subprocess.run(  # noqa: S603 - the printed command
        [sys.executable, *command[1:]], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == Exit.FINDINGS
    assert "not valid" in done.stdout


def test_what_is_not_enforced_has_no_certificate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given(tmp_path, own=policy(EVERYTHING))
    monkeypatch.chdir(tmp_path)
    code, out, err = run(
        "prove", "policy", "own.json", "--only", "enforcement", "--certificate", "proof.json"
    )
    assert code == Exit.FINDINGS
    assert "No certificate is saved" in err
    assert "check_proof" not in out
    assert not (tmp_path / "proof.json").exists()


def test_a_file_that_is_there_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given(tmp_path, own=policy(EVERYTHING, DENY), proof="mine")
    monkeypatch.chdir(tmp_path)
    code, _, err = run(
        "prove", "policy", "own.json", "--only", "enforcement", "--certificate", "proof.json"
    )
    assert code == Exit.ERROR
    assert "proof.json" in err
    assert (tmp_path / "proof.json").read_text(encoding="utf-8") == "mine"


def test_no_new_access_has_a_certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    some = {**EVERYTHING, "Action": "s3:*"}
    given(tmp_path, old=policy(some), new=policy({**some, "Action": "s3:Get*"}, DENY))
    monkeypatch.chdir(tmp_path)
    ask = ("policy", "diff", "--no-new-access")
    code, out, _ = run(*ask, "old.json", "new.json", "--certificate", "proof.json")
    assert code == Exit.CLEAN
    assert checked(out).startswith("valid: no-new-access")
    code, out, err = run(*ask, "new.json", "old.json", "--certificate", "other.json")
    assert code == Exit.FINDINGS
    assert "No certificate is saved" in err
    code, _, err = run("policy", "diff", "old.json", "new.json", "--certificate", "more.json")
    assert code == Exit.USAGE


def details(**groups: list[dict[str, Any]]) -> str:
    """Return an account as `aws iam get-account-authorization-details` prints it."""
    when = "2026-01-01T00:00:00Z"

    def home(kind: str, name: str) -> dict[str, Any]:
        arn = f"arn:aws:iam::111122223333:{kind}/{name}"
        return {"Path": "/", "Arn": arn, "CreateDate": when, "AttachedManagedPolicies": []}

    names = [f"{group}-{number}" for group in groups for number in (1, 2)]
    users = [
        {
            **home("user", name),
            "UserName": name,
            "UserId": "AIDA" + name.replace("-", "").upper().ljust(17, "X"),
            "GroupList": [name.partition("-")[0]],
        }
        for name in names
    ]
    listed = [
        {
            **home("group", name),
            "GroupName": name,
            "GroupId": "AGPA" + name.upper().ljust(17, "X"),
            "GroupPolicyList": [
                {"PolicyName": "own", "PolicyDocument": json.loads(policy(*statements))}
            ],
        }
        for name, statements in groups.items()
    ]
    return json.dumps(
        {"UserDetailList": users, "GroupDetailList": listed, "RoleDetailList": [], "Policies": []}
    )


def test_an_account_is_handed_over_as_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    only_own = {
        **DENY,
        "Condition": {**NO_MFA, "ArnLike": {"aws:PrincipalArn": f"{ALICE[:-5]}named-?"}},
    }
    text = details(staff=[EVERYTHING, DENY], named=[EVERYTHING, only_own], loose=[EVERYTHING])
    (tmp_path / "account.json").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    ask = ("prove", "account", "--snapshot", "account.json", "--certificate")
    code, out, _ = run(*ask, "proofs")
    assert code == Exit.FINDINGS
    # one certificate for all whom the same policies bind, whoever they are; one for each by name
    assert checked(out).count("valid: enforced") == 3
    script = (tmp_path / "proofs" / "check.sh").read_text(encoding="utf-8")
    assert "# staff-1 staff-2\n" in script
    assert "loose" not in script
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "proofs").iterdir()} == {0o600}
    code, _, err = run(*ask, "proofs")
    assert code == Exit.ERROR
    assert "proofs" in err
    code, out, _ = run("prove", "user", "named-1", *ask[2:], "one", "--only", "enforcement")
    assert code == Exit.CLEAN
    assert checked(out).startswith("valid: enforced")
