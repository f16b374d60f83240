"""`sekisho prove` with questions of one's own, and `policy diff` of sets, as a user calls them."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sekisho.cli.main import main

CORPUS = Path(__file__).parents[1] / "corpus" / "policy"
SAMPLE = str(CORPUS / "aws-self-manage.json")
FIRST_LOGIN = str(CORPUS / "force-mfa-first-login.json")
ALL = '{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}'


@dataclass(frozen=True)
class Done:
    returncode: int
    stdout: str
    stderr: str


Run = Callable[..., Done]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return what runs the command line here: a process for each call takes too long."""

    def run_(*arguments: str) -> Done:
        monkeypatch.setenv("COLUMNS", "1000")
        monkeypatch.setattr(sys, "argv", ["sekisho", *arguments])
        with pytest.raises(SystemExit) as end:
            main()
        out, err = capsys.readouterr()
        return Done(int(end.value.code or 0), out, err)

    return run_


@pytest.fixture
def everything(tmp_path: Path) -> str:
    path = tmp_path / "all.json"
    path.write_text(ALL, encoding="utf-8")
    return str(path)


ASKED: dict[str, tuple[tuple[str, ...], int]] = {
    "proved": (("--never", "s3:*", "--unless-mfa"), 0),
    "refuted": (("--never", "s3:*"), 3),
    "unknown": (("--never", "sts:GetSessionToken"), 4),
    "only from": (("--only-from", "203.0.113.0/24"), 3),
    "always": (("--always", "s3:GetObject", "--with-mfa"), 0),
    "granted": (("--granted", "s3:*"), 3),
    "not granted": (("--granted", "iam:*", "--on", "arn:aws:s3:::b/*"), 4),
    "granted and never": (("--granted", "s3:*", "--never", "s3:*"), 64),
    "two questions": (("--never", "s3:*", "--always", "s3:*"), 64),
    "nothing asked": (("--unless-mfa",), 64),
    "no address": (("--only-from", "here"), 64),
    "an empty range of addresses": (
        ("--never", "s3:*", "--from", "203.0.113.0/24", "--only-from", "0.0.0.0/0"),
        4,
    ),
    "a netmask": (("--never", "s3:*", "--from", "10.0.0.0/255.0.0.0"), 64),
    "no such assumption": (("--assume", "moon=full"), 1),
    "no assumption at all": (("--assume", "moon"), 64),
    "no file": (("--invariants", "/nowhere/at-all.yaml"), 1),
    "no question": ((), 64),
}


@pytest.mark.parametrize(("options", "code"), ASKED.values(), ids=list(ASKED))
def test_the_exit_code_is_the_verdict(
    options: tuple[str, ...], code: int, everything: str, run: Run
) -> None:
    done = run("prove", "access", SAMPLE, everything, *options)
    assert done.returncode == code, done.stderr
    assert bool(done.stdout) is (code in (0, 3, 4))


def test_the_questions_of_options_and_of_a_file_are_asked(
    everything: str, tmp_path: Path, run: Run
) -> None:
    path = tmp_path / "invariants.yaml"
    path.write_text(FILE.replace("s3:*", "iam:*"), encoding="utf-8")
    for given, asked in (
        (("--never", "s3:*"), {"never"}),
        (("--always", "iam:*"), {"always"}),
        (("--only-from", "203.0.113.0/24"), {"never"}),
        (("--invariants", str(path)), {"s3", "office", "vain", "who"}),
    ):
        done = run("prove", "access", SAMPLE, everything, *given, "--format", "json")
        value = json.loads(done.stdout)
        assert {one["id"] for one in value["questions"]} == asked
        assert (value["people"], value["enforced"]) == ([], None)
        assert done.returncode != 0


FILE = """\
schema: sekisho.invariants/1
invariants:
  - {id: s3, text: No S3 without MFA., never: "s3:*", unlessMfa: true}
  - id: office
    onlyFrom: [203.0.113.0/24]
  - {id: vain, never: "sts:GetSessionToken"}
  - {id: who, granted: "s3:*", withMfa: true}
"""


def test_a_file_of_invariants_is_a_table_json_and_sarif(
    tmp_path: Path, everything: str, run: Run
) -> None:
    path = tmp_path / "invariants.yaml"
    path.write_text(FILE, encoding="utf-8")
    asked = ("prove", "access", SAMPLE, everything, "--invariants", str(path))
    table = run(*asked, "--lang", "ja")
    assert "No S3 without MFA." in table.stdout
    assert "成り立たない" in table.stdout
    assert "Statement[0]" in table.stdout
    value = json.loads(run(*asked, "--format", "json").stdout)
    verdicts = {one["id"]: one["verdict"] for one in value["questions"]}
    assert verdicts == {"s3": "Proved", "office": "Refuted", "vain": "Unknown", "who": "Refuted"}
    (log,) = json.loads(run(*asked, "--format", "sarif").stdout)["runs"]
    assert [one["ruleId"] for one in log["results"]] == ["office", "who"]
    assert len(log["invocations"][0]["toolExecutionNotifications"]) == 1


def test_every_fault_of_a_file_is_named_with_its_line(tmp_path: Path, run: Run) -> None:
    path = tmp_path / "invariants.yaml"
    wrong = FILE.replace("onlyFrom: [203.0.113.0/24]", "onlyFrom: [203.0.113.0/24, 299.1.1.1]")
    wrong = wrong.replace("unlessMfa", "unlesMfa").replace("vain", "s3")
    wrong = wrong.replace("withMfa: true", 'always: "s3:*"')
    path.write_text(wrong, encoding="utf-8")
    done = run("prove", "access", SAMPLE, "--invariants", str(path))
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert [f":{number}:" in line for number, line in zip((3, 5, 6, 7), lines, strict=True)]
    assert "`unlesMfa`" in done.stderr
    assert "`299.1.1.1`" in done.stderr
    assert "twice" in done.stderr
    assert "`always` and `granted`" in done.stderr


def questions(run: Run, *arguments: str) -> dict[str, Any]:
    value = json.loads(
        run("prove", "policy", *arguments, "--format", "json", "--only", "enforcement").stdout
    )
    answers = {one["id"]: one for one in value["questions"]}
    return answers | {"assumptionsSet": value["assumptionsSet"]}


def test_a_verdict_names_the_assumptions_that_it_rests_on(tmp_path: Path, run: Run) -> None:
    statements = [
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"},
        {"Effect": "Deny", "Action": "*:Get*", "Resource": "*"},
    ]
    path = tmp_path / "policy.json"
    path.write_text(json.dumps({"Version": "2012-10-17", "Statement": statements}), "utf-8")
    found = questions(run, str(path))
    assert found["nothing-allowed"]["verdict"] == "Proved"
    assert found["nothing-allowed"]["assumed"] == ["wildcard_service_prefix"]
    other = questions(run, str(path), "--assume", "wildcard_service_prefix=false")
    assert other["enforcement"]["verdict"] == "Refuted"
    assert other["assumptionsSet"] == ["wildcard_service_prefix=false"]


def test_a_value_that_no_credential_brings_is_told_apart_and_counts_if_asked_for(run: Run) -> None:
    found = questions(run, SAMPLE)
    assert found["enforcement"]["verdict"] == "Proved"
    other = found["enforcement-other-values"]
    assert (other["verdict"], other["hypothetical"], other["counts"]) == ("Refuted", True, False)
    assert other["counterexample"]["credential"] == "no known credential"
    assert run("prove", "policy", SAMPLE, "--only", "enforcement").returncode == 0
    assert run("prove", "policy", SAMPLE, "--only", "enforcement", "--any-value").returncode == 3


def test_beside_a_level_that_only_denies_stands_what_aws_attaches(tmp_path: Path, run: Run) -> None:
    def written(name: str, effect: str, action: str) -> str:
        path = tmp_path / f"{name}.json"
        statement = {"Effect": effect, "Action": action, "Resource": "*"}
        path.write_text(json.dumps({"Statement": statement}), encoding="utf-8")
        return str(path)

    denies = written("denies", "Deny", "ec2:RunInstances")
    allows = written("allows", "Allow", "s3:GetObject")
    asked = (
        "prove",
        "access",
        written("open", "Allow", "s3:*"),
        "--never",
        "s3:PutObject",
        "--scp",
    )
    shut = (*asked, f"root={allows}", "--scp", f"root={denies}")
    done = run(*shut)
    assert done.returncode == 0
    assert "FullAWSAccess" not in done.stdout
    for form in ("text", "json", "sarif"):
        done = run(*asked, f"root={denies}", "--lang", "en", "--format", form)
        assert done.returncode == 3
        assert "`FullAWSAccess` is assumed to be attached" in done.stdout
    done = run(*shut, "--scp", f"unit={denies}", "--lang", "en")
    assert done.returncode == 0
    assert "policies of `unit`, which only deny" in done.stdout


def test_sets_are_compared_not_files_alone(everything: str, run: Run) -> None:
    done = run("policy", "diff", SAMPLE, FIRST_LOGIN, "--with-both", everything)
    assert done.returncode == 3
    same = ("policy", "diff", SAMPLE, everything, "--with-old", everything, "--with-new", SAMPLE)
    assert run(*same).returncode == 0
    # within a boundary that is as narrow, the wider side is no wider
    assert run("policy", "diff", SAMPLE, everything, "--boundary", SAMPLE).returncode == 0


def test_an_item_says_its_conditions(tmp_path: Path, run: Run) -> None:
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}
    condition = {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}
    paths = []
    for name, more in (("old", {}), ("new", {"Condition": condition})):
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps({"Statement": {**statement, **more}}), encoding="utf-8")
        paths.append(str(path))
    (item,) = json.loads(run("policy", "diff", *paths, "--format", "json").stdout)["old"]
    assert set(item) == {
        "actions",
        "resources",
        "conditions",
        "mfa",
        "credentials",
        "counterexample",
    }
    assert item["conditions"] == [
        {
            "subject": "aws:SourceIp",
            "operator": "IpAddress",
            "values": ["10.0.0.0/8"],
            "holds": False,
        }
    ]
    assert item["mfa"] == ["absent", "false", "true"]
    table = run("policy", "diff", *paths, "--lang", "en").stdout
    assert "unless IpAddress aws:SourceIp [10.0.0.0/8]" in table
