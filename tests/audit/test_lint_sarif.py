"""SARIF 2.1.0: what the schema requires, checked key by key."""

from typing import Any

import pytest

from sekisho.audit import WORDS, Attachment, FindingId, lint, to_sarif
from sekisho.language import Language

LEAKING = """{"Version": "2012-10-17", "Statement": [
  {"Effect": "Deny", "Action": "*", "Resource": "*",
   "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"}}}]}"""
LEVELS = {"none", "note", "warning", "error"}


def log(*, lang: Language = Language.EN, failed: tuple[str, ...] = ()) -> dict[str, Any]:
    reports = [
        lint(LEAKING, source="policies/gate 1.json"),
        lint(LEAKING.replace('"Deny"', '"deny"'), Attachment.GROUP, source="-"),
    ]
    return to_sarif(reports, version="1.2.3", lang=lang, failed=failed)


def only(value: dict[str, Any], required: set[str], optional: set[str] = frozenset()) -> None:  # type: ignore[assignment] # an empty set by default
    assert required <= set(value) <= required | optional


def test_the_shape() -> None:
    value = log()
    only(value, {"$schema", "version", "runs"})
    assert value["version"] == "2.1.0"
    [run] = value["runs"]
    only(run, {"tool", "results", "columnKind", "invocations"})
    assert run["columnKind"] in ("utf16CodeUnits", "unicodeCodePoints")
    only(run["tool"], {"driver"})
    only(run["tool"]["driver"], {"name", "version", "rules"})
    [invocation] = run["invocations"]
    only(invocation, {"executionSuccessful", "toolExecutionNotifications"})
    for notice in invocation["toolExecutionNotifications"]:
        only(notice, {"level", "message"})
        assert notice["level"] in LEVELS


def test_every_rule_is_told_once() -> None:
    rules = log()["runs"][0]["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [finding.value for finding in FindingId]
    for rule in rules:
        keys = {"id", "shortDescription", "fullDescription", "help", "defaultConfiguration"}
        only(rule, keys)
        assert rule["defaultConfiguration"]["level"] == WORDS[FindingId(rule["id"])].severity.value


def test_results_point_at_a_rule_and_a_place() -> None:
    [run] = log()["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert run["results"]
    for result in run["results"]:
        only(result, {"ruleId", "ruleIndex", "level", "message", "locations"})
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in LEVELS
        only(result["message"], {"text"})
        [location] = result["locations"]
        only(location, {"physicalLocation"}, {"logicalLocations"})
        only(location["physicalLocation"], {"artifactLocation"}, {"region"})
        uri = location["physicalLocation"]["artifactLocation"]["uri"]
        assert uri in ("policies/gate%201.json", "stdin")
        region = location["physicalLocation"].get("region", {"startLine": 1, "startColumn": 1})
        only(region, {"startLine", "startColumn"})
        assert region["startLine"] >= 1
        assert region["startColumn"] >= 1


def test_a_leak_is_at_its_statement() -> None:
    results = log()["runs"][0]["results"]
    leak = next(each for each in results if each["ruleId"] == FindingId.DENY_MISSES_KEYS.value)
    [location] = leak["locations"]
    assert location["physicalLocation"]["region"] == {"startLine": 2, "startColumn": 3}


@pytest.mark.parametrize(("failed", "successful"), [((), True), (("x: not there",), False)])
def test_what_could_not_be_read_is_no_success(failed: tuple[str, ...], successful: bool) -> None:
    [invocation] = log(failed=failed)["runs"][0]["invocations"]
    assert invocation["executionSuccessful"] is successful
    notices = {notice["message"]["text"] for notice in invocation["toolExecutionNotifications"]}
    assert set(failed) <= notices
    # the second document was not examined whole
    assert any(text.startswith("-: ") for text in notices)


def test_the_language() -> None:
    [result, *_] = log(lang=Language.JA)["runs"][0]["results"]
    assert any("\u3040" <= char <= "\u30ff" for char in result["message"]["text"])
