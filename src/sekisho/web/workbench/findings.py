"""The findings of an account: those of one kind together, by severity and by person."""

from collections import Counter
from urllib.parse import urlencode

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from sekisho.audit import SEVERITIES, Finding, limits_of_controls
from sekisho.audit.report import finding_title
from sekisho.lazy import dataclass
from sekisho.web.site import text
from sekisho.web.workbench.material import MOST_NAMES, json_response, material, wants_json

VIEW = Blueprint("findings", __name__)

_UNKNOWN = "unknown"
"""What is shown of them in place of a severity: those that could not be decided."""
_FIRST = 10
"""So many places of a finding are shown at once."""


@dataclass(frozen=True, slots=True)
class FindingsQuery:
    """What is asked of the list, as it is in the address; "" is everything.

    Attributes:
        severity: a `Severity`, or `unknown`.
        person: a user's name, or else a part of names.
    """

    severity: str = ""
    person: str = ""

    @property
    def people(self) -> frozenset[str] | None:
        """The users that are meant; None: everybody, and what is nobody's."""
        if not self.person:
            return None
        names = material().person_of
        if self.person in names:
            return frozenset({self.person})
        return frozenset(each for each in names if self.person.casefold() in each.casefold())

    def address(self, severity: str) -> str:
        """Return the address of the same list with another severity."""
        chosen = {"severity": severity, "person": self.person}
        return "/findings?" + urlencode({name: each for name, each in chosen.items() if each})


def _severity(finding: Finding) -> str:
    return finding.severity.value if finding.known else _UNKNOWN


@VIEW.get("/findings")
def findings() -> ResponseReturnValue:
    """Show the findings, the gravest first, those of one kind together."""
    chosen = FindingsQuery(request.args.get("severity", ""), request.args.get("person", "").strip())
    people = chosen.people

    def fits(each: Finding) -> bool:
        return people is None or each.subject in people

    if wants_json():
        found = zip(material().report.findings, material().as_json["findings"], strict=True)
        kept = [
            value
            for each, value in found
            if fits(each) and chosen.severity in ("", _severity(each))
        ]
        return json_response({"findings": kept})
    groups = [
        those
        for alike in material().findings_by_id
        if (those := [each for each in alike if fits(each)])
    ]
    shown = [alike for alike in groups if chosen.severity in ("", _severity(alike[0]))]
    # those that could not be decided come after all others
    shown.sort(key=lambda alike: not alike[0].known)
    counts = Counter(_severity(each) for alike in groups for each in alike)
    words = {each.value: word for each, word in SEVERITIES.items()}
    words[_UNKNOWN] = text("workbench.findings.unknown")
    return render_template(
        "findings.html",
        view="/findings",
        chosen=chosen,
        choices=[(each, word, counts[each]) for each, word in words.items()],
        groups=[(_severity(alike[0]), alike) for alike in shown],
        count=sum(map(len, shown)),
        words=words,
        titles=finding_title,
        names=material().person_of,
        first=_FIRST,
        most=MOST_NAMES,
        limits=limits_of_controls(),
    )
