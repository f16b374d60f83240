"""Where `sekisho impact` gets the calls, and what `sekisho logs` says of logs alone.

Reads `sekisho.replay.commands.sources` itself, because a CloudTrail that is made here stands in for
the connection to AWS.
"""

import json
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import click
import pytest
import sqlglot
from click.testing import CliRunner

from click_commands import command_of
from sekisho.account import load_usage
from sekisho.cli import Exit
from sekisho.errors import SekishoError, UsageError
from sekisho.replay.commands.sources import LogFinder

impact = command_of("impact")
logs = command_of("logs")

INPUTS = Path(__file__).parents[1] / "golden" / "inputs"
LOG = str(INPUTS / "logs" / "company.json")
POLICY = str(INPUTS / "policies" / "force-mfa.json")
DIGESTS = INPUTS / "digests"
QUESTION = ["--policy", POLICY, "--lang", "en"]


def run(*args: str) -> Any:
    return CliRunner().invoke(impact, [*args, *QUESTION], standalone_mode=False)


def of_logs(*args: str) -> Any:
    return CliRunner().invoke(logs, [*args, "--lang", "en"], standalone_mode=False)


def test_the_query_is_for_these_policies_and_times() -> None:
    question = ("--policy", POLICY)
    result = of_logs(
        *("query", "athena", *question, "--table", "lake.trail", "--from", "2026-08-01")
    )
    query = sqlglot.parse_one(result.output, read="athena")
    assert [f"{each.db}.{each.name}" for each in query.find_all(sqlglot.exp.Table)] == [
        "lake.trail"
    ]
    assert "\"timestamp\" >= '2026/08/01'" in result.output
    bare = of_logs("query", "trino", *question, "--partition", "none", "--from", "9d")
    assert "timestamp" not in bare.output


def test_without_policies_the_query_is_for_usage() -> None:
    alone, asked = (of_logs("query", "trino", *more).output for more in ((), ("--policy", POLICY)))
    assert '"address"' not in alone.lower()
    assert len(alone) < len(asked)


def test_a_second_question_is_answered_from_the_cache(tmp_path: Path) -> None:
    cache = str(tmp_path / "cache")
    first, again = (run(LOG, "--cache", cache, "--format", "json") for _ in range(2))
    plain = run(LOG, "--format", "json")
    assert json.loads(first.output) == json.loads(again.output) == json.loads(plain.output)
    assert len(list((tmp_path / "cache").iterdir())) == 2


def test_the_policy_for_logs_in_s3() -> None:
    result = of_logs("permissions", "s3://logs/x")
    assert result.return_value is Exit.CLEAN
    assert json.loads(result.output)["Statement"][1]["Resource"] == "arn:aws:s3:::logs/x/*"


class History:
    """A CloudTrail that has the log of the example company in each region that is asked."""

    region = "ap-northeast-1"

    def __init__(self) -> None:
        self.asked: list[str] = []

    def call_in(self, region: str, *_: str, **params: object) -> dict[str, Any]:
        self.asked.append(region)
        records = json.loads(Path(LOG).read_text(encoding="utf-8"))["Records"]
        return {"Events": [{"CloudTrailEvent": json.dumps(each)} for each in records]}


@pytest.mark.parametrize(
    ("args", "regions", "times"),
    [
        ([], ["ap-northeast-1"], 1),
        (["--trail-region", "eu-west-1", "--trail-region", "us-east-1"], None, 2),
        ([LOG], ["ap-northeast-1"], 2),
        ([LOG, "--dedup"], ["ap-northeast-1"], 1),
    ],
)
def test_the_event_history_is_one_more_source(
    args: list[str], regions: list[str] | None, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = History()
    monkeypatch.setattr(LogFinder, "aws_api", lambda _: history)
    found = json.loads(run("--lookup", *args, "--format", "json").stdout)
    plain = json.loads(run(LOG, "--format", "json").output)
    assert history.asked == (regions or ["eu-west-1", "us-east-1"])
    assert found["counts"] == {name: times * count for name, count in plain["counts"].items()}
    (note,) = (each["en"] for each in found["notices"] if "event history" in each["en"])
    assert "Data events, other regions and other accounts are not in it" in note


def test_the_policy_for_the_event_history() -> None:
    result = of_logs("permissions", "--lookup")
    assert json.loads(result.output)["Statement"][0]["Action"] == "cloudtrail:LookupEvents"


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ([], "give logs"),
        ([LOG, "--result", "r.csv"], "cannot be used with"),
        (["--result", "r.csv", "--cache", "c"], "cannot be used with"),
        (["--result", "r.csv", "--spark", "local"], "cannot be used with"),
        ([LOG, "--account", "111122223333"], "is for logs in S3"),
        ([LOG, "--trail-region", "eu-west-1"], "is for logs in S3"),
        (["--lookup", "--account", "111122223333"], "is for logs in S3"),
        (["--lookup", "--cache", "c"], "cannot be used with"),
        (["--lookup", "--result", "r.csv"], "cannot be used with"),
        (["--lookup", "--spark", "local"], "cannot be used with"),
        ([LOG, "--spark", "local", "--cache", "c"], "cannot be used with"),
        (["s3://b", "--spark", "local"], "not S3"),
    ],
)
@pytest.mark.parametrize("command", [run, partial(of_logs, "usage")], ids=["impact", "usage"])
def test_options_that_do_not_go_together(
    command: Callable[..., Any], args: list[str], message: str
) -> None:
    result = command(*args)
    assert isinstance(result.exception, UsageError)
    assert message in result.exception.message.en


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["usage", LOG, "--force"], "is for `--out`"),
        (["verify", LOG, "--trail-region", "eu-west-1"], "is for logs in S3"),
        (["permissions"], "give addresses"),
        (["permissions", LOG], "is not an address of logs in S3"),
    ],
)
def test_options_of_commands_about_logs(args: list[str], message: str) -> None:
    result = of_logs(*args)
    assert isinstance(result.exception, SekishoError)
    assert message in result.exception.message.en


@pytest.mark.parametrize(
    ("args", "now"),
    [
        (["--usage-out", "usage.json"], "sekisho logs usage"),
        (["--sql", "athena"], "sekisho logs query"),
        (["--table=t"], "sekisho logs query"),
        (["--partition", "none"], "sekisho logs query"),
        (["--print-policy"], "sekisho logs permissions"),
        (["--verify-digests"], "sekisho logs verify"),
        (["--digest-key", "k"], "sekisho logs verify"),
        (["--engine", "spark"], "--spark MASTER"),
        (["--spark-master", "local"], "--spark MASTER"),
    ],
)
def test_an_option_that_is_elsewhere_is_one_error_that_says_where(
    args: list[str], now: str
) -> None:
    error = run(LOG, *args).exception
    assert isinstance(error, UsageError)
    assert f"`{args[0].partition('=')[0]}` is not an option" in error.message.en
    assert now in error.fix.en
    assert isinstance(run(LOG, "--sqll").exception, click.NoSuchOption)


def test_what_logs_say_of_users_is_saved(tmp_path: Path) -> None:
    path = tmp_path / "usage.json"
    assert of_logs("usage", LOG, "--out", str(path)).return_value is Exit.CLEAN
    usage = load_usage(path)
    (bot,) = (user for user in usage.users if user.name == "deploy-bot")
    assert usage.files == 1
    assert bot.without_mfa > 0
    again = of_logs("usage", LOG, "--out", str(path)).exception
    assert isinstance(again, SekishoError)
    assert "usage.json" in again.message.en
    assert of_logs("usage", LOG, "--out", str(path), "--force").exception is None
    assert of_logs("usage", LOG).stdout == path.read_text(encoding="utf-8")


def test_usage_of_no_event_is_no_pass() -> None:
    assert of_logs("usage", LOG, "--to", "2020-01-01").return_value is Exit.UNKNOWN


def test_logs_without_digests_cannot_be_proven() -> None:
    result = of_logs("verify", str(Path(LOG).parent), "--digest-key", POLICY)
    assert isinstance(result.exception, SekishoError)
    assert "no digest files" in result.exception.message.en


def _unreadable(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.parent / "nowhere")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda logs: None, Exit.FINDINGS),
        (lambda logs: logs[1].unlink(), Exit.FINDINGS),
        (lambda logs: _unreadable(logs[1]), Exit.UNKNOWN),
    ],
    ids=["changed", "removed", "not read"],
)
def test_verified_logs_end_with_what_is_wrong(
    change: Callable[[list[Path]], None], code: Exit, tmp_path: Path
) -> None:
    shutil.copytree(DIGESTS, tmp_path / "trail")
    files = sorted((tmp_path / "trail").rglob("*_CloudTrail_*"))
    change(files)
    key = str(DIGESTS / "key.pem")
    result = of_logs("verify", str(tmp_path / "trail"), "--digest-key", key, "--format", "json")
    assert result.return_value is code
    report = json.loads(result.stdout)
    assert (report["digests"], report["unsigned"], report["logs"]) == (3, 1, 1)


def test_logs_of_which_none_is_proven_are_no_pass(tmp_path: Path) -> None:
    """The digest of a copy is signed by the one after it: of one alone nothing is proven."""
    shutil.copytree(DIGESTS, tmp_path / "trail")
    for path in sorted((tmp_path / "trail").rglob("*_CloudTrail*_*"))[1:]:
        if "T08" not in path.name and "T07" not in path.name:
            path.unlink()
    key = str(DIGESTS / "key.pem")
    result = of_logs("verify", str(tmp_path / "trail"), "--digest-key", key)
    assert result.return_value is Exit.UNKNOWN
    assert "No log could be verified" in result.output
