"""Where `sekisho impact` gets the calls, by its options."""

import json
from pathlib import Path
from typing import Any

import pytest
import sqlglot
from click.testing import CliRunner

from click_commands import command_of
from sekisho.cli import Exit
from sekisho.errors import SekishoError, UsageError
from sekisho.replay.commands.logs import TrailSource

command = command_of("impact")

INPUTS = Path(__file__).parents[1] / "golden" / "inputs"
LOG = str(INPUTS / "logs" / "company.json")
POLICY = str(INPUTS / "policies" / "force-mfa.json")
ASKED = ["--policy", POLICY, "--lang", "en"]


def run(*args: str) -> Any:
    return CliRunner().invoke(command, [*args, *ASKED], standalone_mode=False)


def test_the_query_is_for_these_policies_and_times() -> None:
    result = run("--sql", "athena", "--table", "lake.trail", "--from", "2026-08-01")
    query = sqlglot.parse_one(result.output, read="athena")
    assert [f"{each.db}.{each.name}" for each in query.find_all(sqlglot.exp.Table)] == [
        "lake.trail"
    ]
    assert "\"timestamp\" >= '2026/08/01'" in result.output
    assert "timestamp" not in run("--sql", "trino", "--partition", "none", "--from", "9d").output


def test_a_second_question_is_answered_from_the_cache(tmp_path: Path) -> None:
    cache = str(tmp_path / "cache")
    first, again = (run(LOG, "--cache", cache, "--format", "json") for _ in range(2))
    plain = run(LOG, "--format", "json")
    assert json.loads(first.output) == json.loads(again.output) == json.loads(plain.output)
    assert len(list((tmp_path / "cache").iterdir())) == 2


def test_the_policy_for_logs_in_s3() -> None:
    result = run("s3://logs/x", "--print-policy")
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
    monkeypatch.setattr(TrailSource, "_aws_api", lambda _: history)
    found = json.loads(run("--lookup", *args, "--format", "json").stdout)
    plain = json.loads(run(LOG, "--format", "json").output)
    assert history.asked == (regions or ["eu-west-1", "us-east-1"])
    assert found["counts"] == {name: times * count for name, count in plain["counts"].items()}
    (note,) = (each["en"] for each in found["notices"] if "event history" in each["en"])
    assert "Data events, other regions and other accounts are not in it" in note


def test_the_policy_for_the_event_history() -> None:
    result = run("--lookup", "--print-policy")
    assert json.loads(result.output)["Statement"][0]["Action"] == "cloudtrail:LookupEvents"


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ([], "give logs"),
        ([LOG, "--sql", "spark"], "goes with no"),
        ([LOG, "--result", "r.csv"], "goes with no"),
        (["--result", "r.csv", "--cache", "c"], "goes with no"),
        ([LOG, "--account", "111122223333"], "is for logs in S3"),
        ([LOG, "--print-policy"], "is for logs in S3"),
        ([LOG, "--trail-region", "eu-west-1"], "and for `--lookup`"),
        (["--lookup", "--account", "111122223333"], "is for logs in S3"),
        (["--lookup", "--cache", "c"], "goes with no"),
        (["--lookup", "--sql", "athena"], "goes with no"),
        (["--lookup", "--result", "r.csv"], "goes with no"),
        (["--lookup", "--engine", "spark"], "goes with no"),
        (["--lookup", "--verify-digests"], "goes with no"),
        ([LOG, "--digest-key", "k"], "is for `--verify-digests`"),
        ([LOG, "--table", "t"], "is for `--sql`"),
        ([LOG, "--spark-master", "local"], "is for `--engine spark`"),
        ([LOG, "--engine", "spark", "--cache", "c"], "goes with no"),
        (["s3://b", "--engine", "spark"], "not S3"),
        ([LOG, "--verify-digests", "--cache", "c"], "goes with no"),
    ],
)
def test_options_that_do_not_go_together(args: list[str], said: str) -> None:
    result = run(*args)
    assert isinstance(result.exception, UsageError)
    assert said in result.exception.message.en


def test_logs_without_digests_cannot_be_proven(tmp_path: Path) -> None:
    result = run(str(Path(LOG).parent), "--verify-digests", "--digest-key", POLICY)
    assert isinstance(result.exception, SekishoError)
    assert "no digest files" in result.exception.message.en
