"""SARIF 2.1.0 logs, as the commands that find faults write them."""

from dataclasses import dataclass, field
from urllib.parse import quote

from sekisho import __version__

__all__ = ["Findings", "log_of"]

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


@dataclass(frozen=True, slots=True)
class Findings:
    """What goes into a log about one file.

    Attributes:
        file: its name; `-` is standard input.
        rules: what each rule says, by its id.
        results: what was found.
        notices: what could not be found out.
    """

    file: str
    rules: dict[str, str] = field(default_factory=dict)
    results: list[dict[str, object]] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    def add(self, rule: str, level: str, message: str) -> None:
        """Add a result; `level` is `error`, `warning` or `note`."""
        uri = "stdin" if self.file == "-" else quote(self.file.replace("\\", "/"), safe="/:")
        place = {"physicalLocation": {"artifactLocation": {"uri": uri}}}
        message_text = {"text": message}
        self.results.append(
            {"ruleId": rule, "level": level, "message": message_text, "locations": [place]}
        )


def log_of(*found: Findings) -> dict[str, object]:
    """Return a log of one run with all findings."""
    rules = {name: text for each in found for name, text in each.rules.items()}
    driver = {
        "name": "sekisho",
        "version": __version__,
        "rules": [{"id": name, "shortDescription": {"text": text}} for name, text in rules.items()],
    }
    notices = [
        {"level": "warning", "message": {"text": text}} for each in found for text in each.notices
    ]
    run = {
        "tool": {"driver": driver},
        "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": notices}],
        "results": [result for each in found for result in each.results],
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
