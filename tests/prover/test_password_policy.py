"""What the account's password policy allows is asked about alike: of one user, of all, of files."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gaps import gap_at
from rollout.staging import ACCOUNT, ENFORCEMENT, EVERYTHING, FULL, NOW, enforcement, managed, user
from sekisho.account import Snapshot, save_snapshot
from sekisho.audit.enforcement import enforcements_of
from sekisho.cli import Exit
from sekisho.cli.main import root
from sekisho.prover import Enforced
from sekisho.signin import PasswordPolicy

BARE = Snapshot(ACCOUNT, "aws", NOW, users=(), groups=(), roles=(), policies={})
MAY = PasswordPolicy(users_may_change=True)
UNREAD = (gap_at("GetAccountPasswordPolicy", "", "AccessDenied"),)
ACCOUNTS: dict[str, dict[str, Any]] = {
    "may": {"password_policy": MAY},
    "may not": {"password_policy": PasswordPolicy()},
    "none": {},
    "unread": {"gaps": UNREAD},
}
OWN = ("--on", "arn:aws:iam::*:user/${aws:username}")
COMPLETE = ("--assume", "catalogue_complete=yes")
QUESTIONS: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {
    "never": (
        ("--never", "iam:ChangePassword", "--unless-mfa"),
        {"may": "Refuted", "may not": "Proved", "none": "Proved", "unread": "Unknown"},
    ),
    "always": (
        # of other resources than the catalogue knows it is not so
        ("--always", "iam:ChangePassword", *OWN, "--with-mfa", *COMPLETE),
        {"may": "Proved", "may not": "Refuted", "none": "Refuted", "unread": "Unknown"},
    ),
    "always, no resource": (
        ("--always", "iam:GetAccountPasswordPolicy", "--with-mfa"),
        {"may": "Proved", "may not": "Refuted", "none": "Refuted", "unread": "Unknown"},
    ),
    "never anything else": (
        ("--never", "s3:*", "--unless-mfa"),
        {"may": "Proved", "may not": "Proved", "none": "Proved", "unread": "Proved"},
    ),
}


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the terminal lines that hold every sentence."""
    monkeypatch.setenv("COLUMNS", "1000")


def staged(tmp_path: Path, **changed: Any) -> str:
    """Save an account of two users without policies, at two paths."""
    users = (user("alice"), user("bob", path="/sales/"))
    path = tmp_path / "account.json"
    save_snapshot(replace(BARE, **{"users": users, **changed}), path, replace=True)
    return str(path)


def run(*arguments: str) -> Any:
    return root.main(["prove", *arguments], standalone_mode=False)


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    run(*arguments, "--format", "json")
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("which", ACCOUNTS)
@pytest.mark.parametrize("question", QUESTIONS)
def test_what_is_asked_of_all_is_what_is_asked_of_one(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, which: str, question: str
) -> None:
    asked, expected = QUESTIONS[question]
    path = staged(tmp_path, **ACCOUNTS[which])
    of_all = told(capsys, "access", "--snapshot", path, *asked)["users"]
    assert {one["user"] for one in of_all} == {"alice", "bob"}
    for each in of_all:
        (own,) = told(capsys, "access", "--snapshot", path, "--principal", each["user"], *asked)[
            "questions"
        ]
        (found,) = each["invariants"]
        assert own["verdict"] == found["verdict"]
        # what is on `user/bob` is not on bob, who has a path
        elsewhere = "--on" in asked and each["user"] == "bob"
        assert found["verdict"] == ("Refuted" if elsewhere else expected[which])
        for one in (own, found):
            if one["counterexample"] is not None:
                assert one["counterexample"]["request"]["principal"] == each["arn"]


@pytest.mark.parametrize(
    ("which", "verdict"),
    [("may", "Refuted"), ("may not", "Proved"), ("none", "Proved"), ("unread", "Unknown")],
)
def test_the_enforcement_of_all_is_the_enforcement_of_one(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, which: str, verdict: str
) -> None:
    path = staged(tmp_path, **ACCOUNTS[which])
    asked = ("--snapshot", path, "--exempt", "iam:GetUser")
    for each in told(capsys, "account", *asked)["users"]:
        value = told(capsys, "user", each["user"], *asked, "--only", "enforcement")
        own = {one["id"]: one["verdict"] for one in value["questions"]}
        # what is allowed now is shown in the place of what could be
        now = own.get("nothing-allowed", "Refuted")
        assert (now, own["enforcement"]) == (verdict, "Refuted")
        assert value["enforced"] == each["enforced"]
        assert (each["now"]["verdict"], each["later"]["verdict"]) == (verdict, "Refuted")
        if verdict == "Unknown":
            assert "AllowUsersToChangePassword" in each["now"]["reason"]
            assert any("is unknown" in text for text in value["assumptions"])


def test_what_force_mfa_exempts_makes_nobody_less_enforced() -> None:
    policies = {ENFORCEMENT: managed(ENFORCEMENT, enforcement()), FULL: managed(FULL, EVERYTHING)}
    users = (user("alice", attached=(ENFORCEMENT, FULL)), user("bob"))
    for changed in ACCOUNTS.values():
        snapshot = replace(BARE, users=users, policies=policies, **changed)
        found = {name: each.enforced for name, each in enforcements_of(snapshot).items()}
        assert found == {"alice": Enforced.PROVED, "bob": Enforced.NOTHING_ALLOWED}


def test_what_is_taken_for_granted_of_policy_files_is_said(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "a.json"
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    path.write_text(json.dumps({"Version": "2012-10-17", "Statement": statement}), "utf-8")
    never = ("access", str(path), "--never", "iam:ChangePassword", "--unless-mfa")
    said = "does not have AllowUsersToChangePassword"
    assert any(said in text for text in told(capsys, *never)["assumptions"])
    assert run(*never, "--lang", "ja", "-v") is Exit.CLEAN
    assert "AllowUsersToChangePassword は無効とみなします" in capsys.readouterr().out
    with_it = (*never, "--users-may-change-password")
    assert run(*with_it) is Exit.FINDINGS
    capsys.readouterr()
    assert not any(said in text for text in told(capsys, *with_it)["assumptions"])


def test_nothing_is_lost_only_if_it_is_not_whatever_was_not_read(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """MFA enforcement that takes the change of one's password away from who has MFA."""
    condition = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    deny = {"Effect": "Deny", "Action": "iam:ChangePassword", "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [{**deny, "Condition": condition}]}
    about = {
        "users": (user("alice", attached=(ENFORCEMENT,)),),
        "policies": {ENFORCEMENT: managed(ENFORCEMENT, document)},
    }
    for which, verdict in (("may", "Refuted"), ("may not", "Proved"), ("unread", "Unknown")):
        path = staged(tmp_path, **about, **ACCOUNTS[which])
        asked = ("user", "alice", "--snapshot", path, "--only", "nothing-lost")
        (found,) = told(capsys, *asked)["questions"]
        assert found["verdict"] == verdict
