"""`sekisho policy lint`, as a user calls it."""

import json
import re
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from in_process import sekisho
from sekisho import policy
from sekisho.audit import FindingId
from sekisho.audit.meaning import CredentialState
from sekisho.policy import Preset, choices_of

LEAKING = """{
  "Version": "2012-10-17",
  "Statement": {"Sid": "enforcement", "Effect": "Deny", "Action": "*", "Resource": "*",
                "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"}}}
}"""
REFUSED = LEAKING.replace('"Deny"', '"deny"')


def run(*arguments: str, given: str = "") -> CompletedProcess[str]:
    return sekisho("policy", "lint", *arguments, given=given, COLUMNS="1000")


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    good = policy.render(policy.force_mfa(choices_of(Preset.RECOMMENDED)))
    texts = {"good": good, "leaking": LEAKING, "refused": REFUSED, "broken": "{"}
    paths = {}
    for name, text in texts.items():
        path = tmp_path / f"{name}.json"
        path.write_text(text, encoding="utf-8")
        paths[name] = str(path)
    return paths


def test_a_good_policy_exits_zero_and_shows_the_table(files: dict[str, str]) -> None:
    told = run(files["good"], "-v", "--lang", "en")
    assert told.returncode == 0, told.stderr
    assert "OK (notes: 2)." in told.stdout
    answers = r"((?:(?:yes|no|never|other)\*? *)+)$"
    rows = {
        found[1].strip(): found[2].split()
        for found in re.finditer(rf"(?m)^(.+?) {answers}", told.stdout)
    }
    assert rows["console without MFA"] == ["yes", "yes", *["no"] * 6]
    assert rows["access key"] == rows["console without MFA"]


def test_a_leaking_policy_exits_three_and_says_why(files: dict[str, str]) -> None:
    told = run(files["leaking"], "--lang", "en")
    assert told.returncode == 3
    assert "error [mfa.deny-misses-keys]" in told.stdout
    assert "(3:16, statement 1, enforcement)" in told.stdout


def test_the_verdict_is_first_and_the_next_command_last(files: dict[str, str]) -> None:
    good, leaking = files["good"], files["leaking"]
    said = run(leaking, "--lang", "en").stdout.splitlines()
    assert said[0].startswith(f"{leaking}: needs correction (errors: ")
    assert said[-1] == f"Next: sekisho policy lint -v {leaking}"
    said = run(good, leaking, "--lang", "en").stdout.splitlines()
    assert said[0] == "1 of 2 policies need correction (not examined completely: 0)."
    said = run(good, "--lang", "en").stdout.splitlines()
    assert said[0] == f"{good}: OK (notes: 2)."
    assert said[-1] == f"Next: sekisho prove policy {good}"
    said = run(files["refused"], "--lang", "en").stdout.splitlines()
    assert said[0].startswith(f"{files['refused']}: IAM refuses to save this policy")


def test_in_japanese(files: dict[str, str]) -> None:
    told = run(files["leaking"], "--lang", "ja")
    assert "エラー [mfa.deny-misses-keys] 長期アクセスキーが Deny をすり抜ける" in told.stdout


def test_every_file_is_looked_at_after_one_that_cannot_be_read(files: dict[str, str]) -> None:
    told = run(files["broken"], "no-such-file.json", files["leaking"])
    assert told.returncode == 1
    assert "mfa.deny-misses-keys" in told.stdout
    assert "policy.not-json" in told.stderr
    assert "file.unreadable: no-such-file.json" in told.stderr


def test_what_iam_refuses_is_a_finding(files: dict[str, str]) -> None:
    told = run(files["refused"])
    assert told.returncode == 3
    assert "save.legacy-parsing" in told.stdout


def test_exit_zero(files: dict[str, str]) -> None:
    assert run(files["leaking"], "--exit-zero").returncode == 0
    assert run(files["broken"], "--exit-zero").returncode == 1


def test_standard_input() -> None:
    told = run("-", "--format", "json", given=LEAKING)
    assert told.returncode == 3
    [report] = json.loads(told.stdout)["reports"]
    assert report["source"] == "-"


def test_the_partition_is_that_of_the_account() -> None:
    chinese = LEAKING.replace('"Resource": "*"', '"Resource": "arn:aws-cn:s3:::b/*"')
    assert "policy.wrong-partition" not in run("-", given=chinese).stdout
    assert "policy.wrong-partition" in run("-", "--partition", "aws", given=chinese).stdout
    assert run("-", "--partition", "mars", given=chinese).returncode == 64


def test_no_file_is_wrong_usage() -> None:
    assert run().returncode == 64
    assert run("x.json", "--kind", "somebody").returncode == 64


def test_what_could_not_be_examined_exits_four() -> None:
    many = [f"*:*{number}*" for number in range(250)]
    statement = {"Effect": "Allow", "Action": many, "Resource": "*"}
    text = json.dumps({"Version": "2012-10-17", "Statement": statement})
    assert run("-", "--kind", "user", given=text).returncode == 4


def test_json_has_what_the_table_shows(files: dict[str, str]) -> None:
    told = run(files["leaking"], "--format", "json")
    assert told.returncode == 3
    value: dict[str, Any] = json.loads(told.stdout)
    assert value["schema"] == "sekisho.policy-lint/1"
    [report] = value["reports"]
    assert report["as"] == "user"
    assert report["clean"] is False
    found = {finding["id"]: finding for finding in report["findings"]}
    leak = found[FindingId.DENY_MISSES_KEYS.value]
    assert (leak["severity"], leak["line"], leak["column"]) == ("error", 3, 16)
    assert leak["remediation"]["ja"]
    [everything] = [
        row for row in report["credentials"]["rows"] if row["task"] == "everything else"
    ]
    outcomes = {name: cell["outcome"] for name, cell in everything["outcomes"].items()}
    assert outcomes[CredentialState.KEY.value] == "other policies decide"
    assert outcomes[CredentialState.CONSOLE.value] == "explicitly denied"


TRUST = """{"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Action": "sts:AssumeRole",
   "Principal": {"AWS": ["arn:aws:iam::111122223333:user/staff/ci",
                         "arn:aws:iam::111122223333:user/other"],
                 "Service": "ec2.amazonaws.com"}}]}"""


def test_a_trust_policy_says_for_whom_it_was_asked() -> None:
    told = run("-", "--kind", "trust", "--format", "json", given=TRUST)
    [report] = json.loads(told.stdout)["reports"]
    table = report["credentials"]
    assert table["unasked"] == ["arn:aws:iam::111122223333:user/other"]
    user, service = table["rows"]
    assert user["principal"] == "arn:aws:iam::111122223333:user/staff/ci"
    key = user["outcomes"][CredentialState.KEY.value]
    assert (key["outcome"], key["askedAs"]) == ("allowed", user["principal"])
    nobody = service["outcomes"][CredentialState.KEY.value]
    assert (nobody["outcome"], nobody["askedAs"]) == ("nobody named has it", None)
    shown = run("-", "-v", "--kind", "trust", "--lang", "ja", given=TRUST).stdout
    assert "1 `arn:aws:iam::111122223333:user/staff/ci` としてロールを引き受ける" in shown
    assert "試していない相手" in shown


def test_a_terminal_is_not_commanded_by_a_file(tmp_path: Path) -> None:
    path = tmp_path / "sid.json"
    text = LEAKING.replace("aws:MultiFactorAuthPresent", "aws:MFA\\u001b[2J")
    path.write_text(text, encoding="utf-8")
    told = run(str(path))
    assert "\x1b" not in told.stdout + told.stderr


def test_names_that_no_file_can_have() -> None:
    told = run("a" * 5000)
    assert told.returncode == 1
    assert "file.unreadable" in told.stderr
