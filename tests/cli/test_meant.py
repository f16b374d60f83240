"""What is misspelt is answered with what may be meant, in both languages."""

from pathlib import Path

import pytest
from click.testing import CliRunner

import sekisho
from sekisho.cli import Exit
from sekisho.cli.main import root
from sekisho.cli.wrong_use import what_is_wrong
from sekisho.errors import FaultyInput, FaultyRequest, SekishoError, UsageError
from sekisho.localaws import COMPANY_FILE
from sekisho.prover import read_invariants

POLICY = str(Path(__file__).parents[1] / "corpus" / "policy" / "force-mfa-first-login.json")
SAVED = ["--snapshot", str(COMPANY_FILE), "--caller", "arn:aws:iam::111122223333:user/yuki.tanaka"]


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (["prove", "user", "yuki.tanak", "--snapshot", str(COMPANY_FILE)], "yuki.tanaka"),
        (["prove", "policy", POLICY, "--exempt", "iam:GetUsr"], "iam:GetUser"),
        (["plan", *SAVED, "--user", "yuki.tanak"], "yuki.tanaka"),
        (["plan", *SAVED, "--members-of", "Develpers"], "Developers"),
        (["plan", *SAVED, "--all-users", "--break-glass", "break-glas"], "break-glass"),
        (["plan", *SAVED, "--all-users", "--accept", "evryone-gets-in=x"], "everyone-gets-in"),
        (["reset", "yuki.tanak", *SAVED], "yuki.tanaka"),
        (["offboard", "yuki.tanak", *SAVED], "yuki.tanaka"),
        (["local", "--as", "yuki.tanak"], "yuki.tanaka"),
    ],
    ids=lambda value: " ".join(value[:1]) if isinstance(value, list) else value,
)
def test_names_of_users_groups_actions_and_problems(arguments: list[str], meant: str) -> None:
    error = CliRunner().invoke(root, arguments).exception
    assert isinstance(error, SekishoError)
    # an error of a file has the fix of its first fault
    fixes = [fault.fix for fault in error.faults] if isinstance(error, FaultyInput) else [error.fix]
    assert [fix.en for fix in fixes if fix] == [f"did you mean `{meant}`?"]
    assert [fix.ja for fix in fixes if fix] == [f"`{meant}` ではありませんか?"]


def test_a_key_of_the_goal_file_with_its_line_and_column(tmp_path: Path) -> None:
    goal = tmp_path / "goal.yaml"
    goal.write_text("who: [{all: true}]\nbrakeGlass: [x]\n", encoding="utf-8")
    error = CliRunner().invoke(root, ["plan", str(goal), *SAVED]).exception
    assert isinstance(error, FaultyInput)
    (fault,) = error.faults
    assert (fault.line, fault.column) == (2, 1)
    assert fault.fix is not None
    assert fault.fix.en == "did you mean `breakGlass`?"


@pytest.mark.parametrize("option", ["--never", "--always", "--granted", "--exempt"])
def test_an_action_that_is_asked_about(option: str) -> None:
    """As with `sekisho decide`, where there is no such request: it is said what is meant, and 1."""
    command = "policy" if option == "--exempt" else "access"
    error = CliRunner().invoke(root, ["prove", command, POLICY, option, "iam:ListUser"]).exception
    assert isinstance(error, FaultyRequest)
    (fault,) = error.faults
    assert fault.path == option
    assert fault.fix is not None
    assert fault.fix.en == "did you mean `iam:ListUsers`?"
    assert not isinstance(error, UsageError)


def test_an_action_of_an_invariant(tmp_path: Path) -> None:
    path = tmp_path / "invariants.yaml"
    path.write_text(
        "schema: sekisho.invariants/1\ninvariants:\n- {id: a, never: [iam:ListUser]}\n", "utf-8"
    )
    with pytest.raises(FaultyInput, match="did you mean `iam:ListUsers`"):
        read_invariants(path)
    with pytest.raises(UsageError, match="did you mean `iam:ListUsers`"):
        sekisho.not_granted(sekisho.policies(POLICY), "iam:ListUser")


def test_an_action_that_may_be_new() -> None:
    done = CliRunner().invoke(
        root, ["prove", "access", POLICY, "--never", "iam:TeleportUser", "--lang", "en"]
    )
    assert "matches no action in the catalogue" in " ".join(done.output.split())


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [(["audti"], "audit"), (["policy", "lnt"], "lint"), (["plan", "--acept", "x"], "--accept")],
    ids=str,
)
def test_commands_and_options(arguments: list[str], meant: str) -> None:
    done = CliRunner().invoke(root, arguments, standalone_mode=False)
    said = what_is_wrong(done.exception)  # type: ignore[arg-type]  # click's error, or it fails
    assert said.fix is not None
    assert f"did you mean `{meant}`" in said.fix.en
    assert f"`{meant}`" in said.fix.ja
    assert done.exit_code != Exit.CLEAN
