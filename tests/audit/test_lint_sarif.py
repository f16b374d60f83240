"""What lint says in SARIF; that it is valid is tested with the schema, in `files`."""

from typing import Any

import pytest

from sekisho.audit import Family, FindingId
from sekisho.audit.lint import Attachment, lint, to_sarif
from sekisho.messages import Language

LEAKING = """{"Version": "2012-10-17", "Statement": [
  {"Effect": "Deny", "Action": "*", "Resource": "*",
   "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"}}}]}"""


def log(*, lang: Language = Language.EN, failed: tuple[str, ...] = ()) -> dict[str, Any]:
    reports = [
        lint(LEAKING, source="policies/MFA enforcement 1.json"),
        lint(LEAKING.replace('"Deny"', '"deny"'), Attachment.GROUP, source="-"),
    ]
    return to_sarif(reports, version="1.2.3", lang=lang, failed=failed)


def test_every_rule_is_told_once() -> None:
    rules = log()["runs"][0]["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [
        finding.value for finding in FindingId if finding.family is not Family.ACCOUNT
    ]
    for rule in rules:
        assert {"fullDescription", "help"} <= set(rule)
        assert rule["defaultConfiguration"]["level"] == FindingId(rule["id"]).text.severity.value


def test_results_point_at_a_rule_and_a_place() -> None:
    [run] = log()["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert run["results"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        [location] = result["locations"]
        uri = location["physicalLocation"]["artifactLocation"]["uri"]
        assert uri in ("policies/MFA%20enforcement%201.json", "stdin")


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
