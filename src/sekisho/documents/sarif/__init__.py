"""SARIF 2.1.0, the form in which code scanners take findings: the envelope that all logs share.

A level is `error`, `warning` or `note`. Source: OASIS, "Static Analysis Results Interchange Format
(SARIF) Version 2.1.0".
"""

from collections.abc import Iterable
from urllib.parse import quote

__all__ = ["Json", "location", "notice", "result", "rule", "sarif_log"]

Json = dict[str, object]
"""An object of a log."""

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif_log(
    version: str,
    rules: Iterable[Json],
    results: Iterable[Json],
    notices: Iterable[Json],
    **run: object,
) -> Json:
    """Return a log of one run; one with a notice of an error was no success.

    Args:
        version: the version of sekisho.
        rules: what can be found.
        results: what was found.
        notices: what could not be found out, and what else must be known of the run.
        run: other members of the run.
    """
    said = list(notices)
    successful = all(each["level"] != "error" for each in said)
    driver = {"name": "sekisho", "version": version, "rules": list(rules)}
    invocation = {"executionSuccessful": successful, "toolExecutionNotifications": said}
    whole = {"tool": {"driver": driver}, "invocations": [invocation], "results": list(results)}
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [{**whole, **run}]}


def rule(identity: str, title: str, **more: object) -> Json:
    """Return a rule with its title and other members."""
    return {"id": identity, "shortDescription": {"text": title}, **more}


def result(rule_id: str, level: str, message: str, place: Json, **more: object) -> Json:
    """Return a result with other members."""
    found = {"ruleId": rule_id, "level": level, "message": {"text": message}, "locations": [place]}
    return {**found, **more}


def notice(level: str, message: str) -> Json:
    """Return a notification of the run."""
    return {"level": level, "message": {"text": message}}


def location(file: str, name: str = "", *, line: int = 0, column: int = 0) -> Json:
    """Return a place: a file (`-` is standard input) and, where known, more of it.

    Args:
        file: its path; other characters than ASCII are escaped.
        name: what is meant in it, such as `Statement[0]` or a user.
        line: counted from 1; 0 if it is not known.
        column: likewise.
    """
    # a name that is not UTF-8 comes from the system with its bytes escaped
    path = quote(file.replace("\\", "/"), safe="/:", errors="surrogateescape")
    physical: Json = {"artifactLocation": {"uri": "stdin" if file == "-" else path}}
    if line:
        physical["region"] = {"startLine": line, "startColumn": column}
    place: Json = {"physicalLocation": physical}
    if name:
        place["logicalLocations"] = [{"fullyQualifiedName": name}]
    return place
