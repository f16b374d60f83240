"""What `sekisho prove` finds, as a SARIF log: a result for what is refuted."""

from dataclasses import dataclass, field

from sekisho import __version__
from sekisho.documents.sarif import Json, location, notice, result, rule, sarif_log

__all__ = ["Findings", "log_of"]


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
    results: list[Json] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    def add(self, name: str, level: str, message: str) -> None:
        """Add a result; `level` is `error`, `warning` or `note`."""
        self.results.append(result(name, level, message, location(self.file)))


def log_of(*found: Findings) -> Json:
    """Return a log of one run with all findings."""
    rules = {name: text for each in found for name, text in each.rules.items()}
    return sarif_log(
        __version__,
        (rule(name, text) for name, text in rules.items()),
        (one for each in found for one in each.results),
        (notice("warning", text) for each in found for text in each.notices),
    )
