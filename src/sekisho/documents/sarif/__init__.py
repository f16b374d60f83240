"""SARIF 2.1.0, the form in which code scanners take findings: the envelope that all logs share.

A level is `error`, `warning` or `note`. Source: OASIS, "Static Analysis Results Interchange Format
(SARIF) Version 2.1.0".
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from typing import cast
from urllib.parse import quote

from sekisho.lazy import dataclass

__all__ = [
    "FileFindings",
    "Json",
    "location",
    "log_of_files",
    "notice",
    "result",
    "rule",
    "sarif_log",
]

Json = dict[str, object]
"""An object of a log."""

_FINGERPRINT = "sekisho/v1"
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
    notes = list(notices)
    successful = all(each["level"] != "error" for each in notes)
    driver = {"name": "sekisho", "version": version, "rules": list(rules)}
    invocation = {"executionSuccessful": successful, "toolExecutionNotifications": notes}
    whole = {
        "tool": {"driver": driver},
        "invocations": [invocation],
        "results": [*_numbered(results)],
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [{**whole, **run}]}


def rule(identity: str, title: str, **more: object) -> Json:
    """Return a rule with its title and other members."""
    return {"id": identity, "shortDescription": {"text": title}, **more}


def result(
    rule_id: str, level: str, message: str, place: Json, *, about: str, **more: object
) -> Json:
    """Return a result with other members.

    Args:
        rule_id: the rule.
        level: `error`, `warning` or `note`.
        message: what was found.
        place: where, as `location` returns it.
        about: what it is about, in words that stay the same in the next run: by these and the rule
            a scanner knows the result again, whatever its line and its message.
        more: other members.
    """
    import hashlib  # noqa: PLC0415 - slow, for this form alone

    known_by = hashlib.sha256(f"{rule_id} {about}".encode()).hexdigest()[:32]
    found = {"ruleId": rule_id, "level": level, "message": {"text": message}, "locations": [place]}
    return {**found, "partialFingerprints": {_FINGERPRINT: known_by}, **more}


def _numbered(results: Iterable[Json]) -> Iterator[Json]:
    """Yield results with the number of each among those that are about the same."""
    alike: Counter[str] = Counter()
    for each in results:
        (known_by,) = cast(Mapping[str, str], each["partialFingerprints"]).values()
        alike[known_by] += 1
        yield {**each, "partialFingerprints": {_FINGERPRINT: f"{known_by}:{alike[known_by]}"}}


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


@dataclass(frozen=True, slots=True)
class FileFindings:
    """What was found in one file, where a finding has no other place.

    Attributes:
        file: its name; `-` is standard input.
        rules: what each rule says, by its id.
        results: what was found.
        notices: what could not be found out.
    """

    file: str
    rules: dict[str, str] = field(default_factory=dict)
    results: list[Json] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    def add(self, name: str, level: str, message: str) -> None:
        """Add a result; `level` is `error`, `warning` or `note`."""
        place = location(self.file)
        self.results.append(result(name, level, message, place, about=self.file))


def log_of_files(version: str, *found: FileFindings) -> Json:
    """Return a log of one run with what was found in some files."""
    rules = {name: text for each in found for name, text in each.rules.items()}
    return sarif_log(
        version,
        (rule(name, text) for name, text in rules.items()),
        (one for each in found for one in each.results),
        (notice("warning", text) for each in found for text in each.notices),
    )
