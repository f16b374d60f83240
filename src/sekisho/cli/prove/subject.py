"""What the commands of `sekisho prove` about one user or role do: ask, save certificates, print."""

import click

import sekisho
from sekisho.cli.certificates import save_of_account, save_of_files, saved_text
from sekisho.cli.exits import Exit, worst
from sekisho.cli.options import PrintOptions, ReportFormat
from sekisho.cli.prove.output import UNREAD, as_table, exits_of, findings_of
from sekisho.cli.prove.scenarios import (
    exit_of_scenario,
    findings_of_scenarios,
    scenarios_as_table,
)
from sekisho.cli.prove.summary import (
    SubjectProof,
    needed_lines,
    next_of,
    summary_lines,
    verdict_lines,
)
from sekisho.cli.quiet import print_note, quiet, show_next
from sekisho.cli.terminal import show, show_folded, terminal_width
from sekisho.documents import indented_json
from sekisho.documents.sarif import log_of_files
from sekisho.lazy import dataclass
from sekisho.messages import Language, Message
from sekisho.prover import CertifiedPolicies, Counterexample, certificates_in, counterexample_text
from sekisho.prover.questions import Describe, Inquiry, PolicyReport, Subject, report_on_policies
from sekisho.prover.scenarios import (
    ScenarioReport,
    Setting,
    proof_to_json,
    report_on_scenarios,
)


def describe_request(found: Counterexample, refused: bool) -> Message:
    """Return a counterexample of any user or role as a sentence."""
    return counterexample_text(found, refused=refused)


@dataclass(frozen=True, slots=True)
class SubjectQuestion:
    """What is asked of the policies of one user or role.

    Attributes:
        subject: whose policies they are.
        inquiry: the questions about requests.
        source: the first file that the policies are from.
        snapshots: the files of the account; none: the policies are in files of their own.
        describe: returns a counterexample as a sentence.
        setting: where the scenarios take place; None: they are not asked.
        strict: whether scenarios that are accepted otherwise count.
        certificate: where the certificate is saved.
        files: the files of the policies; none: they are of an account.
    """

    subject: Subject
    inquiry: Inquiry
    source: str
    snapshots: tuple[str, ...] = ()
    describe: Describe = describe_request
    setting: Setting | None = None
    strict: bool = False
    certificate: str | None = None
    files: tuple[str, ...] = ()


def prove_subject(question: SubjectQuestion, printing: PrintOptions) -> Exit:
    """Print the answers about one user's or role's policies, and return the exit code.

    Raises:
        SekishoError: `output.unwritable`, if the certificate cannot be saved.
    """
    subject, lang = question.subject, printing.lang
    report = report_on_policies(subject, question.inquiry)
    scenarios: tuple[ScenarioReport, ...] = ()
    if (setting := question.setting) is not None:
        scenarios = tuple(report_on_scenarios(subject, setting, strict=question.strict))
    check = _save_certificates(report, question)
    if question.certificate is not None:
        print_note(saved_text(question.certificate, check).into(lang))
    match printing.output:
        case ReportFormat.TEXT:
            source, snapshots = question.source, question.snapshots
            proof = SubjectProof(report, scenarios, subject, question.describe, source, snapshots)
            _show(proof, lang, verbose=printing.verbose, check=check)
        case ReportFormat.JSON:
            click.echo(indented_json(proof_to_json(report, scenarios, subject)), nl=False)
        case ReportFormat.SARIF:
            findings = findings_of(report, question.source, lang, question.describe)
            if subject.scps_unread_reason:
                findings.notices.append(UNREAD.filled(reason=subject.scps_unread_reason).into(lang))
            findings.notices.extend(text.into(lang) for text in subject.assumed_attachments)
            of_people = findings_of_scenarios(scenarios, question.source, lang)
            log = log_of_files(sekisho.__version__, findings, of_people)
            click.echo(indented_json(log), nl=False)
    return worst([*exits_of(report), *map(exit_of_scenario, scenarios)])


def _save_certificates(report: PolicyReport, question: SubjectQuestion) -> str:
    """Save the certificates of a report if that is wanted; return the command that checks them."""
    path, subject = question.certificate, question.subject
    if path is None:
        return ""
    certificates = certificates_in(report.answers)
    if question.files:
        return save_of_files(path, certificates, subject.policies, question.files)
    certified = CertifiedPolicies((subject.user.name,), subject.policies, certificates)
    return save_of_account(path, [certified] if certificates else [])


def _show(proof: SubjectProof, lang: Language, *, verbose: bool, check: str) -> None:
    """Print the verdict, what needs the reader, if so asked all the rest, and what to do next."""
    width = terminal_width()
    if quiet():
        for line in verdict_lines(proof, lang, width):
            show(line)
        return
    for line in summary_lines(proof, lang, width):
        show(line)
    show_folded(needed_lines(proof, lang, verbose=verbose))
    if verbose:
        show_folded(_details(proof, lang))
    show_next(check or next_of(proof, verbose=verbose), lang)


def _details(proof: SubjectProof, lang: Language) -> list[str]:
    report, subject = proof.report, proof.subject
    parts = []
    if report.answers:
        parts.append(as_table(report, lang, proof.describe, named=subject.named))
    # what the answers rest on is said once
    assumed = () if report.answers else subject.assumed
    parts.append(scenarios_as_table(proof.scenarios, subject.now, lang, assumed=assumed))
    return ["", *"\n".join(parts).strip("\n").split("\n")]
