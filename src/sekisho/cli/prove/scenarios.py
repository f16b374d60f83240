"""The answers of `sekisho prove` about scenarios as text and SARIF, and as exit codes."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from sekisho.cli.exits import Exit
from sekisho.documents.sarif import FileFindings
from sekisho.messages import Language, Message, printable
from sekisho.prover.questions import RESTS
from sekisho.prover.scenarios import ASSUMED as SCENARIOS_ASSUME
from sekisho.prover.scenarios import (
    Actor,
    ScenarioOutcome,
    ScenarioReport,
    change_lines,
    evidence_lines,
    outcome_text,
    sections_of,
)

_TITLES = {
    Actor.PERSON: Message("People who must be able to sign in:"),
    Actor.ATTACKER: Message("Attacks:"),
    None: Message("Attacks that no policy can stop:"),
}
_ACCEPTED = Message("{outcome}, accepted")
_AS_OF = Message("All of this is as of {at}; policies may decide differently at other times.")
_MINUTE = "%Y-%m-%d %H:%M UTC"


def exit_of_scenario(report: ScenarioReport) -> Exit:
    """Return the exit code that a scenario calls for."""
    if not report.counts or report.answer.as_required:
        return Exit.CLEAN
    unknown = report.answer.outcome is ScenarioOutcome.UNKNOWN
    return Exit.UNKNOWN if unknown else Exit.FINDINGS


def scenarios_as_table(
    scenarios: tuple[ScenarioReport, ...],
    now: datetime,
    lang: Language,
    *,
    assumed: Iterable[Message] = (),
) -> str:
    """Return the scenarios as text: each with its outcome, its steps, and what would change it.

    `now` is when they take place, and `assumed` what is taken for granted about the account.
    """
    lines: list[str] = []
    for kind, those in sections_of(scenarios):
        if those:
            lines += ["", _TITLES[kind].into(lang)]
            lines += [line for one in those for line in _scenario(one, lang)]
    if scenarios:
        lines += ["", *(text.into(lang) for text in (*assumed, *SCENARIOS_ASSUME))]
        lines += [_AS_OF.filled(at=now.astimezone(UTC).strftime(_MINUTE)).into(lang)]
    return "\n".join(printable(line) for line in lines)


def _scenario(one: ScenarioReport, lang: Language) -> Iterator[str]:
    scenario = one.answer.scenario
    outcome = outcome_text(one.answer).into(lang)
    if one.accepted:
        outcome = _ACCEPTED.filled(outcome=outcome).into(lang)
    yield f"  {scenario.id}: {scenario.title.into(lang)}: {outcome}"
    yield from (f"    {line}" for line in evidence_lines(one.answer, lang))
    if one.assumed:
        yield f"    {RESTS.filled(names=', '.join(one.assumed)).into(lang)}"
    yield from (f"    {line}" for line in change_lines(one, lang))


def findings_of_scenarios(
    scenarios: tuple[ScenarioReport, ...], file: str, lang: Language
) -> FileFindings:
    """Return the scenarios for a SARIF log: a result for each that goes wrong."""
    findings = FileFindings(
        file, {one.answer.scenario.id: one.answer.scenario.title.into(lang) for one in scenarios}
    )
    for one in scenarios:
        sentence = printable("; ".join(line.strip() for line in _scenario(one, lang)))
        if one.answer.outcome is ScenarioOutcome.UNKNOWN:
            findings.notices.append(sentence)
        elif one.answer.goes_wrong:
            findings.add(one.answer.scenario.id, "error" if one.counts else "note", sentence)
    return findings
