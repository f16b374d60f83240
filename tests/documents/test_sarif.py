"""What code scanners are handed is what the schema of SARIF 2.1.0 asks for."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from audit.small_accounts import snapshot_of
from sekisho.account import save_snapshot
from sekisho.cli.main import root
from sekisho.documents.sarif import location, notice, result, rule, sarif_log

SCHEMA = Path(__file__).parents[1] / "data" / "sarif-schema-2.1.0.json"
VALIDATOR = Draft7Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
LEAKING = """{"Version": "2012-10-17", "Statement": [
  {"Effect": "Deny", "Action": "*", "Resource": "*",
   "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"}}},
  {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}"""
READ = [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}]
ACCOUNT = {
    "users": {
        "enforced": {"has": ["Force_MFA"], "password": {}, "devices": ["virtual", "second"]},
        "open": {"has": ["Read"], "password": {}},
        "machine": {"has": ["Read"], "keys": [{"used": 1}]},
        "lost": {"has": ["Force_MFA", "Lost"], "password": {}},
    },
    "policies": {"Force_MFA": "Force_MFA", "Read": READ},
    "gaps": [["GetPolicy", "managedPolicy arn:aws:iam::123456789012:policy/Lost", "AccessDenied"]],
}
EXCEPTIONS = """\
schema: sekisho.exceptions/1
exceptions:
 - {user: machine, kind: machine, why: nightly, owner: ops, approvedBy: ciso,
    expires: 2027-01-31, ticket: OPS-1}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a policy that leaks, a broken one, and an account with one exception."""
    made = tmp_path_factory.mktemp("sarif")
    (made / "日本 %.json").write_text(LEAKING, encoding="utf-8")
    (made / "broken.json").write_text("{", encoding="utf-8")
    (made / "exceptions.yaml").write_text(EXCEPTIONS, encoding="utf-8")
    save_snapshot(snapshot_of(ACCOUNT), made / "account.json")
    return made


def faults(log: object) -> list[str]:
    return [f"{fault.json_path}: {fault.message}" for fault in VALIDATOR.iter_errors(log)]


@pytest.mark.parametrize("lang", ["en", "ja"])
@pytest.mark.parametrize(
    "words",
    [
        ("policy", "lint", "日本 %.json", "broken.json", "nowhere.json", "-"),
        ("prove", "policy", "日本 %.json", "--only", "enforcement"),
        ("prove", "account", "--snapshot", "account.json"),
        ("audit", "--snapshot", "account.json", "--exceptions", "exceptions.yaml"),
    ],
    ids=["lint", "prove-policy", "prove-account", "audit"],
)
def test_every_log_is_valid(
    words: tuple[str, ...], lang: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    asked = [*words, "--format", "sarif", "--lang", lang]
    done = CliRunner().invoke(root, asked, input=LEAKING, standalone_mode=False)
    assert done.exception is None
    log = json.loads(done.stdout)
    assert faults(log) == []
    (run,) = log["runs"]
    assert run["results"]
    rules = [each["id"] for each in run["tool"]["driver"]["rules"]]
    assert len(rules) == len(set(rules))
    for found in run["results"]:
        assert found["ruleId"] in rules
        assert rules[found.get("ruleIndex", rules.index(found["ruleId"]))] == found["ruleId"]
    files = {unquote(each) for each in uris(run)}
    assert files <= {*words, "stdin"}


def uris(run: dict[str, Any]) -> Iterator[str]:
    for found in run["results"]:
        for place in found["locations"]:
            yield place["physicalLocation"]["artifactLocation"]["uri"]


def log() -> dict[str, Any]:
    place = location("a.json", "Statement[0]", line=3, column=1)
    made: dict[str, Any] = sarif_log(
        "1.2.3",
        [rule("some.rule", "a title", help={"text": "a fix"})],
        [result("some.rule", "error", "a message", place, about="x", ruleIndex=0)],
        [notice("warning", "not read")],
        columnKind="unicodeCodePoints",
    )
    return made


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("version",), "2.0.0"),
        (("runs", 0, "tool"), {}),
        (("runs", 0, "columnKind"), "bytes"),
        (("runs", 0, "tool", "driver", "rules", 0), {"shortDescription": {"text": "no id"}}),
        (("runs", 0, "results", 0, "level"), "bad"),
        (("runs", 0, "results", 0, "message"), "a text"),
        (("runs", 0, "results", 0, "place"), {}),
        (("runs", 0, "results", 0, "locations", 0, "physicalLocation", "region"), {"startLine": 0}),
        (("runs", 0, "invocations", 0), {"toolExecutionNotifications": []}),
    ],
    ids=str,
)
def test_the_schema_refuses_what_is_wrong(path: tuple[Any, ...], value: object) -> None:
    made = log()
    assert faults(made) == []
    inner: Any = made
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    assert faults(made)


def test_a_run_with_an_error_was_no_success() -> None:
    for level, successful in (("note", True), ("warning", True), ("error", False)):
        made: Any = sarif_log("1", [], [], [notice("note", "x"), notice(level, "y")])
        assert made["runs"][0]["invocations"][0]["executionSuccessful"] is successful
        assert faults(made) == []


# what the system's names are decoded to: bytes that are not UTF-8 become surrogates
NAMES = st.binary(min_size=1).map(lambda name: name.decode("utf-8", "surrogateescape"))


@given(NAMES, st.text(), st.integers(0, 5))
def test_every_file_has_an_address_of_its_own(file: str, name: str, line: int) -> None:
    place: Any = location(file, name, line=line, column=line)
    made = sarif_log("1", [], [result("some.rule", "note", "x", place, about="x")], [])
    assert faults(made) == []
    uri = place["physicalLocation"]["artifactLocation"]["uri"]
    assert uri.isascii()
    assert uri.isprintable()
    assert " " not in uri
    if file != "-":
        assert unquote(uri, errors="surrogateescape") == file.replace("\\", "/")


def test_a_result_is_known_again_by_what_it_is_about() -> None:
    def known_by(*about: str, line: int = 1, message: str = "x") -> list[str]:
        place = location("a.json", line=line)
        results = [result("some.rule", "note", message, place, about=each) for each in about]
        (run,) = json.loads(json.dumps(sarif_log("1", [], results, [])))["runs"]
        return [each["partialFingerprints"]["sekisho/v1"] for each in run["results"]]

    first = known_by("hanako", "taro")
    assert len(set(first)) == 2
    assert known_by("hanako", "taro", line=9, message="said otherwise") == first
    assert known_by("taro") == first[1:]
    # two that are about the same are two results
    assert len(set(known_by("hanako", "hanako"))) == 2
