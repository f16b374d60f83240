"""`sekisho notify`: files, forms, who is chosen, and what goes together."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from audit.small_accounts import snapshot_of
from cases import document
from sekisho.account import save_snapshot
from sekisho.cli.main import root
from sekisho.errors import FaultyInput, PlanRefused, SekishoError, UsageError
from sekisho.notices import NoticeKind

EVERYTHING = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
ACCOUNT = {
    "users": {
        "aki": {"has": ["All"], "password": {}},
        "bunko": {"has": ["All"], "password": {}, "devices": ["virtual"]},
        "deploy": {"has": ["All"], "keys": [{"used": 5}]},
        "emi": {"has": ["All"], "password": {"must_change": True}},
        "glass": {"has": ["All"], "password": {}, "devices": ["virtual"]},
    },
    "policies": {"All": EVERYTHING},
}
GOAL = """\
breakGlass: [glass]
waves:
  - {name: pilot, who: [{user: aki}, {user: bunko}]}
  - {name: rest, from: 2027-01-11, who: [{all: true}]}
"""
Run = Callable[..., Result]


@pytest.fixture(scope="module")
def plan_text(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The plan that the goal makes, once: to make it takes longest."""
    folder = tmp_path_factory.mktemp("plan")
    save_snapshot(snapshot_of(ACCOUNT), folder / "account.json")
    (folder / "goal.yaml").write_text(GOAL, encoding="utf-8")
    words = ["plan", str(folder / "goal.yaml"), "--snapshot", str(folder / "account.json")]
    caller = ["--caller", "arn:aws:iam::123456789012:user/bunko", "--mfa"]
    saved = ["--out", str(folder / "plan.json")]
    made = CliRunner().invoke(root, [*words, *caller, *saved], standalone_mode=False)
    assert made.exception is None
    return (folder / "plan.json").read_text("utf-8")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plan_text: str) -> Run:
    """Return how `sekisho notify` is run in a folder with an account, a goal and its plan."""
    monkeypatch.chdir(tmp_path)
    save_snapshot(snapshot_of(ACCOUNT), tmp_path / "account.json")
    (tmp_path / "goal.yaml").write_text(GOAL, encoding="utf-8")
    (tmp_path / "plan.json").write_text(plan_text, encoding="utf-8")

    def notify(*words: str, path: str = "plan.json") -> Result:
        saved = ["--snapshot", "account.json"]
        runner = CliRunner(env={"COLUMNS": "200", "LANG": "C"})
        asked = ["notify", path, *saved, *words]
        return runner.invoke(root, asked, standalone_mode=False)

    return notify


def _kinds(done: Result) -> dict[str, list[str]]:
    return {each["user"]: each["kinds"] for each in json.loads(done.stdout)["people"]}


def test_the_verdict_comes_first_and_the_next_command_last(run: Run) -> None:
    done = run()
    lines = done.stdout.splitlines()
    assert lines[0].startswith("5 in all: a program (to its owner): 1")
    assert lines[1] == "Programs without a known owner: deploy"
    assert lines[-1].endswith("--out notices")
    assert done.return_value == 3
    assert done.stdout.count("Subject: ") == 4


def test_where_nobody_gets_a_notice_there_is_nothing_to_read(run: Run) -> None:
    users = {**ACCOUNT["users"], "idle": {"has": ["All"]}}
    account = snapshot_of({**ACCOUNT, "users": users})
    save_snapshot(account, Path("account.json"), replace=True)
    Path("goal.yaml").write_text("waves: [{who: [{user: idle}]}]\n", encoding="utf-8")
    verdict, empty, after = run(path="goal.yaml").stdout.splitlines()
    assert (verdict, empty) == ("1 in all: nothing to say: 1.", "")
    assert after.startswith("Next:")
    assert after.endswith("--work-list")


def test_people_and_waves_are_chosen_by_name(run: Run) -> None:
    assert [*_kinds(run("--format", "json", "--wave", "pilot"))] == ["aki", "bunko"]
    assert [*_kinds(run("--format", "json", "--wave", "1"))] == ["aki", "bunko"]
    assert [*_kinds(run("--format", "json", "--wave", "2"))] == ["deploy", "emi"]
    assert [*_kinds(run("--format", "json", "--user", "emi"))] == ["emi"]
    assert run("--user", "bunko").return_value == 0
    for words in (["--user", "akj"], ["--wave", "pilots"], ["--wave", "3"]):
        assert isinstance(run(*words).exception, UsageError)


def test_a_plan_says_the_same_as_its_goal(run: Run) -> None:
    of_plan, of_goal = (run("--format", "json", path=path) for path in ("plan.json", "goal.yaml"))
    assert json.loads(of_plan.stdout) == json.loads(of_goal.stdout)
    assert _kinds(of_plan)["emi"] == ["temporary-password", "enrol"]
    other = json.loads(Path("account.json").read_text("utf-8"))
    Path("account.json").write_text(json.dumps({**other, "account": "999999999999"}), "utf-8")
    assert isinstance(run(path="plan.json").exception, PlanRefused)
    assert isinstance(run("--exceptions", "x", path="plan.json").exception, UsageError)


def test_one_page_is_written_for_each_person_and_none_replaced(run: Run, tmp_path: Path) -> None:
    run("--format", "html", "--out", "pages")
    names = sorted(path.name for path in (tmp_path / "pages").iterdir())
    assert names == ["aki.html", "bunko.html", "deploy.html", "emi.html"]
    (tmp_path / "pages" / "aki.html").unlink()
    done = run("--format", "html", "--out", "pages")
    assert isinstance(done.exception, SekishoError)
    # one that is there already: nothing at all is written
    assert not (tmp_path / "pages" / "aki.html").exists()
    assert run("--format", "html", "--out", "pages", "--force").exception is None
    assert (tmp_path / "pages" / "aki.html").read_text("utf-8").startswith("<!DOCTYPE html>")


def test_days_are_said_in_the_time_zone_of_the_goal_unless_another_is_given(run: Run) -> None:
    Path("goal.yaml").write_text(f"timezone: Asia/Tokyo\n{GOAL}", encoding="utf-8")
    told = run("--user", "emi", path="goal.yaml").stdout
    assert "Monday, 11 January 2027 (Japan time)" in told
    assert "UTC" not in told
    assert (
        "Sunday, 10 January 2027, 15:00 (UTC)"
        in run("--user", "emi", "--timezone", "UTC", path="goal.yaml").stdout
    )
    assert "rest, from 2027-01-11 (Asia/Tokyo)" in run("--work-list", path="goal.yaml").stdout


def test_in_japanese_a_space_comes_beside_a_latin_name_only(run: Run) -> None:
    ours = run("--user", "emi", "--lang", "ja", "--format", "markdown").stdout
    assert "先に進まずに社内の AWS 管理者にお問い合わせください" in ours
    words = ("--user", "emi", "--lang", "ja", "--format", "markdown", "--contact", "Aoki")
    assert "先に進まずに Aoki にお問い合わせください" in run(*words).stdout


def test_pages_do_not_go_to_the_terminal_together(run: Run) -> None:
    assert isinstance(run("--format", "html").exception, UsageError)
    assert run("--format", "html", "--user", "aki").stdout.startswith("<!DOCTYPE html>")


def test_csv_is_for_mail_merge(run: Run) -> None:
    done = run("--format", "csv", "--bom", "--contact", "=help()")
    assert done.stdout.startswith("\ufeffuser,send_to,kind,")
    rows = list(csv.DictReader(io.StringIO(done.stdout.removeprefix("\ufeff"))))
    assert [row["user"] for row in rows] == ["aki", "bunko", "deploy", "emi"]
    assert {row["contact"] for row in rows} == {"'=help()"}
    assert rows[2]["date"] == "2027-01-11"
    japanese = run("--format", "csv", "--headings", "ja").stdout
    assert japanese.startswith("ユーザー")
    assert "in all" in done.stderr


def test_the_work_list_has_everybody(run: Run) -> None:
    done = run("--work-list", "--format", "csv")
    rows = {row["user"]: row for row in csv.DictReader(io.StringIO(done.stdout))}
    assert [*rows] == ["aki", "bunko", "deploy", "emi", "glass"]
    assert rows["glass"]["kinds"] == NoticeKind.NO_NOTICE.value
    assert rows["deploy"]["key_last_used"] == "2026-11-24"
    assert rows["bunko"]["enrolled_since"] == "2026-10-25"
    text = run("--work-list").stdout
    assert "rest, from 2027-01-11 (UTC)" in text
    page = run("--work-list", "--format", "html").stdout
    assert page.count("<table") == 3
    assert isinstance(run("--work-list", "--format", "markdown").exception, UsageError)


def test_templates_of_ones_own_are_used(run: Run, tmp_path: Path) -> None:
    runner = CliRunner()
    made = runner.invoke(root, ["notify", "--print-templates", "mine"], standalone_mode=False)
    assert "`--templates mine`" in made.stderr
    own = tmp_path / "mine" / "notice.txt.jinja"
    own.write_text("For {{ user }}: {{ adress }}", encoding="utf-8")
    fault = run("--templates", "mine").exception
    assert isinstance(fault, FaultyInput)
    assert [each.path for each in fault.faults] == ["notice.txt.jinja"]
    own.write_text("For {{ user }}: {{ address }}", encoding="utf-8")
    assert "For aki: https://123456789012.signin." in run("--templates", "mine").stdout


@pytest.mark.parametrize(
    "words",
    [
        ["--bom"],
        ["--headings", "ja", "--format", "json"],
        ["--force"],
        ["--work-list", "--templates", "x"],
        ["--timezone", "Mars/Olympus"],
        ["--print-templates", "x"],
        ["--profile", "x"],
    ],
)
def test_what_does_not_go_together_is_refused(run: Run, words: list[str]) -> None:
    assert isinstance(run(*words).exception, UsageError)


def test_without_a_plan_or_a_goal_there_is_nobody() -> None:
    done = CliRunner().invoke(root, ["notify"], standalone_mode=False)
    assert isinstance(done.exception, UsageError)


def test_what_is_not_known_is_an_exit_of_its_own(run: Run, tmp_path: Path) -> None:
    (case,) = [
        each
        for each in document("notices/people")["cases"]
        if each["id"].startswith("a device that could not be listed")
    ]
    save_snapshot(snapshot_of(case["account"]), tmp_path / "gaps.json")
    (tmp_path / "one.yaml").write_text("who: [{user: aki}]\n", encoding="utf-8")
    words = ["notify", "one.yaml", "--snapshot", "gaps.json"]
    done = CliRunner().invoke(root, words, standalone_mode=False)
    assert done.return_value == 4
    assert "Unknown what happens to: aki" in done.stdout
    assert "Subject" not in done.stdout
