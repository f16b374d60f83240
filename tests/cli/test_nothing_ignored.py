"""What a command would have to ignore, or cannot mean, is one clear error with a fix."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from administered import ACCOUNT
from gaps import gap_at
from rollout.staging import ADMIN, account
from sekisho.account import save_snapshot
from sekisho.cli.main import root
from sekisho.errors import FaultyInput, SekishoError, UsageError


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("account") / "snapshot.json"
    save_snapshot(account(), path)
    return str(path)


def refused(*words: str) -> SekishoError:
    done = CliRunner().invoke(root, list(words), standalone_mode=False)
    assert isinstance(done.exception, SekishoError), done.output
    assert done.stdout == ""
    return done.exception


MAKING = (
    ("plan", "--user", "machine"),
    ("onboard", "jiro"),
    ("reset", "hanako"),
    ("offboard", "hanako"),
    ("orphans",),
)


@pytest.mark.parametrize("words", MAKING, ids=lambda words: words[0])
def test_a_saved_account_goes_with_no_other_aws(words: tuple[str, ...], saved: str) -> None:
    at = ("--snapshot", saved, "--caller", ADMIN.arn)
    error = refused(*words, *at, "--profile", "work", "--endpoint-url", "http://127.0.0.1:1")
    assert isinstance(error, UsageError)
    assert "`--profile` or `--endpoint-url`" in error.message.en
    assert error.fix.en


@pytest.mark.parametrize("words", MAKING, ids=lambda words: words[0])
@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:iam::999999999999:user/admin",
        f"arn:aws-cn:iam::{ACCOUNT}:user/admin",
        "admin",
    ],
)
def test_who_applies_is_of_the_saved_account(words: tuple[str, ...], arn: str, saved: str) -> None:
    error = refused(*words, "--snapshot", saved, "--caller", arn)
    assert isinstance(error, UsageError)
    assert arn in error.message.en
    assert "get-caller-identity" in error.fix.en


@pytest.mark.parametrize(
    "words",
    [("reset", "nobody"), ("offboard", "nobody"), ("reset", "hanako", "--break-glass", "nobody")],
)
def test_an_unknown_name_is_to_be_written_exactly(words: tuple[str, ...], saved: str) -> None:
    error = refused(*words, "--snapshot", saved, "--caller", ADMIN.arn)
    assert isinstance(error, FaultyInput)
    assert "`nobody`" in error.message.en
    assert error.fix.en == "write its exact name"


def test_an_unknown_name_may_be_one_that_was_not_read(saved: str, tmp_path: Path) -> None:
    path = tmp_path / "gap.json"
    gap = gap_at("GetAccountAuthorizationDetails", "", "AccessDenied")
    save_snapshot(replace(account(), gaps=(gap,)), path)
    error = refused("reset", "nobody", "--snapshot", str(path), "--caller", ADMIN.arn)
    assert "collect the account again" in error.fix.en


@pytest.mark.parametrize(
    ("words", "place"),
    [
        (("plan", "--user", "Hanako.Sato"), "--user"),
        (("plan", "--all-users", "--break-glass", "hanaku"), "--break-glass"),
        (("onboard", "jiro", "--break-glass", "Hanaku"), "--break-glass"),
        (("reset", "HANAKO"), ""),
        (("prove", "user", "hanak"), ""),
    ],
    ids=lambda words: words[0] if isinstance(words, tuple) else "",
)
def test_a_name_that_is_nearly_right_is_offered(
    words: tuple[str, ...], place: str, saved: str
) -> None:
    caller = () if words[0] == "prove" else ("--caller", ADMIN.arn)
    error = refused(*words, "--snapshot", saved, *caller)
    assert isinstance(error, FaultyInput)
    (fault,) = error.faults
    assert (fault.path, fault.fix.en) == (place, "did you mean `hanako`?")
    assert words[0] != "prove" or error.source == saved


@pytest.mark.parametrize(
    ("words", "place"),
    [
        (("plan", "--members-of", "Nope"), "--members-of"),
        (("plan", "--user", "machine", "--name", "a b"), "--name"),
        (("onboard", "jiro", "--join", "Nope"), "--join"),
        (("onboard", "jiro", "--name", "a b"), "--name"),
    ],
    ids=lambda words: words[-2] if isinstance(words, tuple) else "",
)
def test_the_option_is_named_that_says_what_is_wrong(
    words: tuple[str, ...], place: str, saved: str
) -> None:
    error = refused(*words, "--snapshot", saved, "--caller", ADMIN.arn)
    assert isinstance(error, FaultyInput)
    assert (error.source, [fault.path for fault in error.faults]) == ("options", [place])


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("plan", "FILE"), '{"Version": "2012-10-17"}'),
        (("plan", "--user", "machine", "--exceptions", "FILE"), "nothing: 1"),
        (("onboard", "jiro", "--exceptions", "FILE"), "nothing: 1"),
        (("offboard", "hanako", "--exceptions", "FILE"), "nothing: 1"),
        (("orphans", "--since", "FILE"), "{}"),
    ],
    ids=lambda words: words[0] if isinstance(words, tuple) else "",
)
def test_other_files_are_looked_at_before_the_account(
    words: tuple[str, ...], text: str, tmp_path: Path
) -> None:
    path = tmp_path / "other.yaml"
    path.write_text(text, encoding="utf-8")
    given = (str(path) if word == "FILE" else word for word in words)
    error = refused(*given, "--snapshot", str(tmp_path / "none"), "--caller", ADMIN.arn)
    assert isinstance(error, FaultyInput)
    assert error.source == str(path)


@pytest.mark.parametrize("age", ["soon", "1", "0", "-5", "10000000000", "true"])
def test_a_bad_age_is_one_fault(age: str, saved: str, tmp_path: Path) -> None:
    goal = tmp_path / "goal.yaml"
    goal.write_text(f"policy: {{choices: {{mfa-age: {age}}}}}\nwho: [{{user: machine}}]\n", "utf-8")
    error = refused("plan", str(goal), "--snapshot", saved, "--caller", ADMIN.arn)
    assert isinstance(error, FaultyInput)
    (fault,) = error.faults
    assert (fault.path, fault.line) == ("policy.choices.mfa-age", 1)
    assert "seconds" not in fault.message.en


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("plan", "--user", "machine", "--force"), "`--force` is for `--out`"),
        (
            ("onboard", "jiro", "--no-password", "--keep-password"),
            "cannot be used with `--keep-password`",
        ),
        (("reset", "hanako", "--accept", "gap=a", "--accept", "gap=b"), "`gap` is given twice"),
        (("status", "goal.yaml", "--journal", "plan.journal"), "`--journal` is for a plan"),
        (
            (
                "prove",
                "policy",
                "-",
                "--assume",
                "arn_span=per-segment",
                "--assume",
                "arn_span=whole-string",
            ),
            "`arn_span` is given twice",
        ),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_what_contradicts_itself_or_says_nothing_is_refused(
    words: tuple[str, ...], message: str
) -> None:
    error = refused(*words)
    assert isinstance(error, UsageError)
    assert message in error.message.en
    assert error.fix.en


@pytest.mark.parametrize("command", ["rollback", "status", "apply"])
def test_a_journal_goes_with_no_other(command: str, tmp_path: Path) -> None:
    journal = tmp_path / "plan.journal"
    journal.write_text(json.dumps({"schema": "sekisho.journal/1", "text": "{}"}) + "\n", "utf-8")
    error = refused(command, str(journal), "--journal", str(tmp_path / "other"))
    assert isinstance(error, UsageError)
    assert "journal itself" in error.message.en
    assert error.fix.en


def test_an_age_alone_is_not_ignored(tmp_path: Path) -> None:
    policy = tmp_path / "policy.json"
    policy.write_text('{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}', "utf-8")
    error = refused("prove", "access", str(policy), "--mfa-age", "0")
    assert "`--mfa-age` needs" in error.message.en


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("--only", "nothing-lost", "--any-value"),
            ["`--any-value`: only the check `enforcement` uses"],
        ),
        (
            ("--only", "people", "--exempt", "iam:Get*", "--any-value"),
            ["`--exempt`, `--any-value`: only the check `enforcement` uses this"],
        ),
        (("--only", "enforcement", "--strict"), ["`--strict`: only the check `people` uses this"]),
        (
            ("--only", "own-things", "--after-enrolment", "POLICY"),
            ["`--after-enrolment`: only the check `people`"],
        ),
        (("--only", "enforcement", "--any-value", "--exempt", "*"), []),
    ],
)
def test_what_no_question_heeds_is_refused(
    words: tuple[str, ...], said: list[str], tmp_path: Path
) -> None:
    policy = tmp_path / "policy.json"
    nothing = {"Effect": "Deny", "Action": "*", "Resource": "*"}
    policy.write_text(json.dumps({"Version": "2012-10-17", "Statement": [nothing]}), "utf-8")
    asked = [str(policy) if word == "POLICY" else word for word in words]
    if not said:
        done = CliRunner().invoke(
            root, ["prove", "policy", str(policy), *asked], standalone_mode=False
        )
        assert not isinstance(done.exception, SekishoError), done.output
        return
    error = refused("prove", "policy", str(policy), *asked)
    assert isinstance(error, UsageError)
    for each in said:
        assert each in error.message.en
