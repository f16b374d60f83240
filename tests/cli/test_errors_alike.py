"""One kind of fault has one code in every command, and names what was given and what to type."""

import errno
from pathlib import Path
from typing import NoReturn

import pytest
from click.testing import CliRunner

from in_process import sekisho
from sekisho.cli.main import root
from sekisho.cli.wrong_use import what_is_wrong
from sekisho.errors import Code, FaultyInput, SekishoError, install_command, unreadable
from sekisho.localaws import COMPANY_FILE
from sekisho.messages import Message

POLICY = str(Path(__file__).parents[1] / "corpus" / "policy" / "force-mfa-first-login.json")
CALLER = "arn:aws:iam::111122223333:user/yuki.tanaka"
SAVED = ("--snapshot", str(COMPANY_FILE), "--caller", CALLER)


def wrong(*arguments: str, **environment: str) -> BaseException:
    """Return what a command that must fail fails with."""
    done = CliRunner().invoke(root, arguments, standalone_mode=False, env=environment)
    assert done.exception is not None, done.output
    return done.exception


@pytest.mark.parametrize(
    "arguments",
    [
        ("policy", "new"),
        ("plan", "--all-users", *SAVED),
        ("audit", *SAVED[:2]),
        ("card", "yuki.tanaka", *SAVED[:2]),
        ("impact", "logs", "--policy", POLICY),
    ],
    ids=lambda words: words[0],
)
def test_a_file_that_exists_is_one_error_everywhere(
    arguments: tuple[str, ...], tmp_path: Path
) -> None:
    there = tmp_path / "there"
    there.write_text("mine", encoding="utf-8")
    error = wrong(*arguments, "--out", str(there))
    assert isinstance(error, SekishoError)
    assert error.code is Code.OUTPUT_UNWRITABLE
    assert error.message.en == f"`{there}` already exists"
    assert error.fix is not None
    assert "`--force`" in error.fix.en
    assert there.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize(
    "arguments",
    [
        ("prove", "policy"),
        ("policy", "diff", POLICY),
        ("apply", "--yes"),
        ("campaign", *SAVED),
        ("audit", "--snapshot"),
    ],
    ids=lambda words: words[0] if isinstance(words, tuple) else words,
)
@pytest.mark.parametrize(
    ("name", "fix"),
    [
        ("gaol.yaml", "did you mean `goal.yaml`?"),
        ("other.txt", "check the name and the folder"),
        ("plans/goal.yaml", "there is no folder `{folder}`"),
        ("folder.yaml", "give the name of a file"),
    ],
)
def test_what_is_no_file_is_one_error_that_says_what_to_check(
    arguments: tuple[str, ...], name: str, fix: str, tmp_path: Path
) -> None:
    (tmp_path / "goal.yaml").touch()
    (tmp_path / "folder.yaml").mkdir()
    error = wrong(*arguments, str(tmp_path / name))
    assert isinstance(error, FaultyInput)
    (fault,) = error.faults
    assert fault.code is Code.FILE_UNREADABLE
    assert fault.message.en.startswith("cannot be read: ")
    assert fault.fix is not None
    assert fault.fix.en == fix.format(folder=tmp_path / "plans")


def test_a_name_is_not_proposed_for_itself(tmp_path: Path) -> None:
    dangling = tmp_path / "dangling.json"
    dangling.symlink_to(tmp_path / "gone.json")
    fault = unreadable(dangling, FileNotFoundError(errno.ENOENT, ""))
    assert fault.fix == Message("check the name and the folder")


def test_a_folder_that_may_not_be_listed_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(folder: Path) -> NoReturn:
        raise PermissionError(errno.EACCES, "", str(folder))

    monkeypatch.setattr(Path, "iterdir", refused)
    fault = unreadable(tmp_path / "goal.yaml", FileNotFoundError(errno.ENOENT, ""))
    assert fault.fix == Message("check the name and the folder")


def test_a_folder_for_a_new_file_is_made_first(tmp_path: Path) -> None:
    error = wrong("policy", "new", "--out", str(tmp_path / "new" / "force-mfa.json"))
    assert isinstance(error, SekishoError)
    assert error.fix is not None
    assert error.fix.en == f"make the folder `{tmp_path / 'new'}` first"


@pytest.mark.parametrize(
    ("arguments", "said", "fix"),
    [
        (
            ("prove", "policy", "x", "--only", "enforcment"),
            "`--only enforcment` is none of",
            "`enforcement`?",
        ),
        (
            ("policy", "new", "--preset", "strongest"),
            "`--preset strongest` is none of `recommended`",
            "",
        ),
        (
            ("policy", "new", "--mfa-age", "-5"),
            "`--mfa-age -5` is not a whole number from 300 to 129600 (SECONDS)",
            "",
        ),
        (
            ("policy", "new", "--mfa-age", "soon"),
            "`--mfa-age soon` is not a whole number from 300",
            "",
        ),
        (
            ("orphans", "--older-than", "-1"),
            "`--older-than -1` is not a whole number of at least 0",
            "",
        ),
        (("collect", "too", "many"), "`too many` is more than the command takes", ""),
        (("collect", "--profile"), "the option `--profile` needs a value", ""),
        (("collect", "--force=yes"), "the option `--force` takes no value", ""),
        (("reset",), "`USER` is missing", ""),
        (("policy", "new", "--out", "."), "`--out .` is a folder", "the name of a file"),
    ],
    ids=lambda part: part[-1] if isinstance(part, tuple) else "",
)
def test_wrong_use_names_what_was_given(arguments: tuple[str, ...], said: str, fix: str) -> None:
    error = what_is_wrong(wrong(*arguments))  # type: ignore[arg-type]  # click's error, or it fails
    assert error.message.en.startswith(said)
    assert fix in (error.fix.en if error.fix else "")


@pytest.mark.parametrize(
    "command",
    [("plan",), ("campaign",), ("status",), ("notify",), ("remind", "--preview")],
    ids=lambda words: words[0],
)
def test_a_faulty_goal_is_told_before_aws_is_called(
    command: tuple[str, ...], tmp_path: Path
) -> None:
    """Nothing listens there: a request would fail with another error."""
    goal = tmp_path / "goal.yaml"
    text = "who: [{wth: [password]}]\ntimezone: Asia/Tokio\nwhen: never\nbreakGlass: [somebody]\n"
    goal.write_text(text, encoding="utf-8")
    keys = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "x" * 40}
    error = wrong(*command, str(goal), "--endpoint-url", "http://127.0.0.1:1", **keys)
    assert isinstance(error, FaultyInput), error
    assert {each.path for each in error.faults} == {"who[0]", "timezone", "when"}


def test_a_goal_of_options_is_told_before_aws_is_called(tmp_path: Path) -> None:
    error = wrong("plan", "--user", "ken", "--name", "a b", "--endpoint-url", "http://127.0.0.1:1")
    assert isinstance(error, FaultyInput), error
    assert "`a b`" in error.message.en


@pytest.mark.parametrize(
    ("marker", "installer", "command"),
    [
        ("uv-receipt.toml", "uv", "uv tool install --force 'sekisho[local]'"),
        ("pipx_metadata.json", "pip", "pipx install --force 'sekisho[local]'"),
        ("pyvenv.cfg", "uv", "uv pip install 'sekisho[local]'"),
        ("pyvenv.cfg", "pip", "pip install 'sekisho[local]'"),
    ],
)
def test_an_extra_is_installed_as_sekisho_was(
    marker: str, installer: str, command: str, tmp_path: Path
) -> None:
    (tmp_path / marker).touch()
    assert install_command("local", tmp_path, installer) == command


@pytest.mark.parametrize(
    ("command", "text", "said"),
    [
        (("apply",), '{"Version": "2012-10-17", "Statement": []}', "this is a policy, not a plan"),
        (("apply",), '{"schema": "sekisho.snapshot/1"}', "this is a snapshot, not a plan"),
        (("policy", "lint"), '{"schema": "sekisho.plan/1"}', "it is a plan, not a policy"),
        (("prove", "policy"), '{"schema": "sekisho.plan/1"}', "it is a plan, not a policy"),
        (("policy", "lint"), '{"schema": "sekisho.snapshot/1"}', "it is an account, not a policy"),
    ],
)
def test_a_file_of_another_kind_is_one_error_that_says_what_it_is(
    command: tuple[str, ...], text: str, said: str, tmp_path: Path
) -> None:
    file = tmp_path / "file.json"
    file.write_text(text, encoding="utf-8")
    done = sekisho(*command, str(file))
    assert (done.stdout + done.stderr).count(said) == 1
