"""What `apply`, `status` and `rollback` tell of a plan is what is so.

Reads `cli.rollout.apply.TemporaryPasswords` itself, because a command shows no password without a
terminal.
"""

import json
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import pytest

from administered import iam_of
from checkpoint import Checkpoint
from rollout.at_the_terminal import GOAL, Terminal, environment
from rollout.staging import ENFORCEMENT
from sekisho.account.aws import Boto3Api
from sekisho.cli import Exit
from sekisho.cli.rollout.apply import TemporaryPasswords
from sekisho.errors import Code, PlanRefused, SekishoError, UsageError
from sekisho.localaws import LocalAws
from sekisho.messages import Language
from sekisho.rollout import CreateLoginProfile, Journal, Plan

HANAKO = "membership Enforced hanako"


@pytest.fixture(scope="module")
def plan_file(fresh: Checkpoint, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The file of a plan for `GOAL`."""
    folder = tmp_path_factory.mktemp("planned")
    made = Terminal(folder, environment(fresh.restore(), "admin"))
    words = ("--mfa", "--out", made.path("plan"))
    assert made.run("plan", made.write("goal.yaml", GOAL), *words).return_value == Exit.CHANGES
    return Path(made.path("plan")).read_text("utf-8")


@pytest.fixture
def terminal(local: LocalAws, plan_file: str, tmp_path: Path) -> Terminal:
    """A terminal at which the plan of `GOAL` lies ready."""
    ready = Terminal(tmp_path, environment(local, "admin"))
    ready.write("plan", plan_file)
    return ready


def run(terminal: Terminal, command: str, *words: str) -> tuple[str, int | SekishoError]:
    """Return what a command says, and its exit code or error."""
    asked = ("--yes",) if command != "status" else ()
    done = terminal.run(command, terminal.path("plan"), *asked, *words)
    if isinstance(done.exception, SekishoError):
        return done.stdout, done.exception
    return done.stdout, done.return_value


def test_apply_looks_before_it_says_that_all_is_done(
    terminal: Terminal, local: LocalAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sekisho.rollout.applying.retry.WAITS", (0.0,) * 5)
    assert run(terminal, "apply")[1] == run(terminal, "apply")[1] == Exit.CLEAN
    iam_of(local).remove_user_from_group(GroupName="Enforced", UserName="hanako")
    told, error = run(terminal, "apply")
    assert isinstance(error, PlanRefused)
    assert (error.code, error.at) == (Code.PLAN_STALE, HANAKO)
    assert told.startswith("Done: 4\n"), "what is done, and what not, is told all the same"
    assert run(terminal, "status")[1] == Exit.FINDINGS
    # taken out by somebody else: that is not what the roll-back did
    told, code = run(terminal, "rollback")
    assert code == Exit.CLEAN
    found = "Already as before (undone by somebody else, or not yet shown by AWS): 1"
    assert told.startswith("Undone: 3\n")
    assert f"{found}\n  {HANAKO}\n" in told
    assert told.count(HANAKO) == 1
    told, _ = run(terminal, "rollback")
    assert told.startswith("Undone earlier: 3\n"), "and nothing is taken back now"


@pytest.mark.parametrize(("answer", "lang", "word"), [("n\n", "en", "Nothing"), ("", "ja", "何も")])
def test_who_says_no_is_told_that_nothing_has_been_changed(
    terminal: Terminal,
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
    lang: str,
    word: str,
) -> None:
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda _: True)
    done = terminal.run("apply", terminal.path("plan"), "--lang", lang, stdin=answer)
    assert done.return_value == Exit.CHANGES
    assert done.stderr.splitlines()[-1].startswith(word)
    assert run(terminal, "status")[1] == Exit.CHANGES
    # before it asks, a roll-back says what it can bring back
    assert run(terminal, "apply")[1] == Exit.CLEAN
    back = terminal.run("rollback", terminal.path("plan"), stdin="n\n")
    assert back.return_value == Exit.CHANGES
    assert f"except what others have changed or use: 4\n  {HANAKO}\n" in back.stderr
    assert back.stderr.splitlines()[-1] == "Nothing has been changed."
    assert run(terminal, "status")[1] == run(terminal, "rollback")[1] == Exit.CLEAN


def test_who_interrupts_is_told_how_far_it_came(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:

    def interrupted(self: Boto3Api, service: str, operation: str, **params: Any) -> Any:
        if operation == "AddUserToGroup":
            raise KeyboardInterrupt
        return made(self, service, operation, **params)

    made = Boto3Api.call
    told: list[str] = []
    with monkeypatch.context() as patch:
        patch.setattr(Boto3Api, "call", interrupted)
        patch.setattr("click.echo", lambda text="", **_: told.append(str(text)))
        with pytest.raises(click.Abort):
            terminal.run("apply", terminal.path("plan"), "--yes")
    report = "\n".join(told)
    first = "Applied in part: 3 of 4 changes are made."
    assert f"{first}\nNot done: 1\n  {HANAKO}\nDone: 3\n" in report
    assert run(terminal, "apply")[1] == Exit.CLEAN, "and goes on from there"
    assert run(terminal, "rollback")[1] == Exit.CLEAN


def test_what_somebody_else_had_done_and_undone_is_done_after_all(
    terminal: Terminal, local: LocalAws
) -> None:
    iam = iam_of(local)
    iam.create_group(GroupName="Enforced")
    iam.add_user_to_group(GroupName="Enforced", UserName="hanako")
    told, code = run(terminal, "apply")
    assert code == Exit.CLEAN
    assert f"by somebody else: 2\n  group Enforced\n  {HANAKO}\n" in told
    iam.remove_user_from_group(GroupName="Enforced", UserName="hanako")
    told, code = run(terminal, "apply")
    assert code == Exit.CLEAN
    assert "by somebody else: 1\n  group Enforced\n" in told
    assert run(terminal, "status")[1] == Exit.CLEAN
    assert run(terminal, "rollback")[1] == Exit.FINDINGS
    iam.delete_group(GroupName="Enforced")


def test_each_line_of_the_journal_has_its_own_time(terminal: Terminal) -> None:
    for command in ("apply", "rollback"):
        assert run(terminal, command)[1] == Exit.CLEAN
        lines = Path(terminal.path("plan.journal")).read_text("utf-8").splitlines()[1:]
        times = [datetime.fromisoformat(json.loads(line)["at"]) for line in lines]
        assert times == sorted(times)
        assert len({*times}) == len(times)


def test_a_date_is_of_what_has_drifted(terminal: Terminal, local: LocalAws) -> None:
    assert run(terminal, "apply")[1] == Exit.CLEAN
    iam = iam_of(local)
    iam.tag_policy(PolicyArn=ENFORCEMENT, Tags=[{"Key": "team", "Value": "sales"}])
    told, code = run(terminal, "status", "--format", "json")
    (fact,) = [each for each in json.loads(told)["changes"] if each["status"] == "drifted"]
    assert (code, fact["address"], fact["dated"]) == (Exit.FINDINGS, f"policy {ENFORCEMENT}", None)
    iam.tag_policy(PolicyArn=ENFORCEMENT, Tags=[{"Key": "team", "Value": "security"}])
    assert run(terminal, "rollback")[1] == Exit.CLEAN


def test_a_policy_that_somebody_deleted_has_drifted_and_has_no_date(
    terminal: Terminal, local: LocalAws, waited: list[float]
) -> None:
    assert run(terminal, "apply")[1] == Exit.CLEAN
    iam = iam_of(local)
    users = iam.list_entities_for_policy(PolicyArn=ENFORCEMENT)
    for group in users["PolicyGroups"]:
        iam.detach_group_policy(GroupName=group["GroupName"], PolicyArn=ENFORCEMENT)
    for user in users["PolicyUsers"]:
        iam.detach_user_policy(UserName=user["UserName"], PolicyArn=ENFORCEMENT)
    iam.delete_policy(PolicyArn=ENFORCEMENT)
    told, code = run(terminal, "status", "--format", "json")
    facts = {each["address"]: each for each in json.loads(told)["changes"]}
    gone = facts[f"policy {ENFORCEMENT}"]
    assert (code, gone["status"], gone["dated"]) == (Exit.FINDINGS, "drifted", None)
    assert run(terminal, "rollback")[1] == Exit.CLEAN
    assert waited == [4.0]


def test_a_password_that_another_run_has_written_is_not_deleted(
    terminal: Terminal, tmp_path: Path
) -> None:
    made = Plan.from_json((tmp_path / "plan").read_text(encoding="utf-8"))
    file = tmp_path / "passwords"
    for user in ("taro", "jiro"):
        mine = TemporaryPasswords(
            replace(made, changes=(CreateLoginProfile("taro", True),)), file, Language.EN
        )
        none = TemporaryPasswords(made, file, Language.EN)
        others = TemporaryPasswords(
            replace(made, changes=(CreateLoginProfile(user, True),)), file, Language.EN
        )
        password = others.password(user)
        for each in (others, mine, none):
            each.close()
        assert f"{user}\t{password}\n" in file.read_text(encoding="utf-8")
    file.unlink()
    TemporaryPasswords(
        replace(made, changes=(CreateLoginProfile("taro", True),)), file, Language.EN
    ).close()
    assert not file.exists(), "what holds none goes again"


@pytest.mark.skipif(sys.platform == "win32", reason="no modes there")
@pytest.mark.parametrize("mode", [0o666, 0o640, 0o602, 0o600])
def test_a_password_file_that_others_may_read_is_refused(
    terminal: Terminal, tmp_path: Path, mode: int
) -> None:
    made = Plan.from_json((tmp_path / "plan").read_text(encoding="utf-8"))
    makes = replace(made, changes=(CreateLoginProfile("taro", True),))
    file = tmp_path / "passwords"
    first = TemporaryPasswords(makes, file, Language.EN)
    first.password("taro")
    before = file.read_bytes()
    file.chmod(mode)
    if mode == 0o600:
        again = TemporaryPasswords(makes, file, Language.EN).password("taro")
        assert file.read_bytes() == before + f"taro\t{again}\n".encode()
        return
    with pytest.raises(UsageError, match="others may read it") as caught:
        TemporaryPasswords(makes, file, Language.EN)
    assert caught.value.fix.en
    with pytest.raises(UsageError):
        first.password("jiro")
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    "held", ["ssh-ed25519 AAAA me\n", "x", "# sekisho: temporary passwords; but\n" * 9]
)
def test_what_holds_something_else_gets_no_password(
    terminal: Terminal, tmp_path: Path, held: str
) -> None:
    made = Plan.from_json((tmp_path / "plan").read_text(encoding="utf-8"))
    makes = replace(made, changes=(CreateLoginProfile("taro", True),))
    file = tmp_path / "authorized_keys"
    file.write_text(held, encoding="utf-8")
    file.chmod(0o600)
    with pytest.raises(UsageError, match="other content") as caught:
        TemporaryPasswords(makes, file, Language.EN)
    assert caught.value.fix.en
    # nor what comes to stand there while a plan is applied
    told = TemporaryPasswords(makes, tmp_path / "passwords", Language.EN)
    file.replace(tmp_path / "passwords")
    with pytest.raises(UsageError, match="other content"):
        told.password("taro")
    assert (tmp_path / "passwords").read_text(encoding="utf-8") == held


def test_a_password_file_has_one_first_line_and_a_line_for_each(
    terminal: Terminal, tmp_path: Path
) -> None:
    made = Plan.from_json((tmp_path / "plan").read_text(encoding="utf-8"))
    makes = replace(made, changes=(CreateLoginProfile("taro", True),))
    file = tmp_path / "passwords"
    for users in (("taro", "jiro"), ("hanako",)):
        told = TemporaryPasswords(makes, file, Language.EN)
        for user in users:
            told.password(user)
        # as a run leaves it that dies in the middle of a line
        file.write_bytes(file.read_bytes()[:-1])
    head, *lines = file.read_text(encoding="utf-8").splitlines()
    assert head.startswith("# sekisho")
    assert [line.partition("\t")[0] for line in lines] == ["taro", "jiro", "hanako"]


@pytest.mark.skipif(sys.platform == "win32", reason="no links there")
def test_a_password_file_is_no_link(terminal: Terminal, tmp_path: Path) -> None:
    made = Plan.from_json((tmp_path / "plan").read_text(encoding="utf-8"))
    makes = replace(made, changes=(CreateLoginProfile("taro", True),))
    TemporaryPasswords(makes, tmp_path / "elsewhere", Language.EN)
    for name in ("elsewhere", "nowhere"):
        (tmp_path / "link").symlink_to(tmp_path / name)
        with pytest.raises(SekishoError, match="it is a link"):
            TemporaryPasswords(makes, tmp_path / "link", Language.EN)
        (tmp_path / "link").unlink()
    assert not (tmp_path / "nowhere").exists()


def test_of_an_empty_journal_a_roll_back_says_so(terminal: Terminal) -> None:
    made = Plan.from_json(Path(terminal.path("plan")).read_text("utf-8"))
    Journal(Path(terminal.path("plan.journal"))).open(made.digest, made.to_json())
    told, code = run(terminal, "rollback")
    assert code == Exit.CLEAN
    assert told.startswith("Nothing to roll back")
    assert "Next:" not in told
