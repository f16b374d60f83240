"""`sekisho prove`: what holds of policies, for every request and every sequence of steps."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

import sekisho
from sekisho.cli.certificates import save_of_account, save_of_files, saved_text
from sekisho.cli.exits import Exit, worst
from sekisho.cli.help import SpokenCommand
from sekisho.cli.options import (
    ASSUME,
    PrintOptions,
    ReportFormat,
    grouped,
    known_actions,
    lang_option,
    report_format_option,
    spelled_actions,
)
from sekisho.cli.policy_files import read_attached
from sekisho.cli.progress import counting
from sekisho.cli.prove.options import (
    PEOPLE_PART,
    AllAssumptions,
    ProveOptions,
    QuestionOptions,
    ScenarioOptions,
    SubjectOptions,
    assumptions_given,
    check_heeded,
    check_subject,
    inquiry_of,
    subject_of_files,
    with_resource,
)
from sekisho.cli.prove.output import (
    UNREAD,
    as_table,
    exits_of,
    findings_of,
)
from sekisho.cli.prove.public import check_alone, prove_public
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
from sekisho.cli.quiet import aside, quiet, quiet_option, show_next, verbose_option
from sekisho.cli.terminal import show, show_folded, terminal_width
from sekisho.documents.sarif import log_of_files
from sekisho.errors import UsageError
from sekisho.messages import Language, Message
from sekisho.policy import PolicyKind
from sekisho.prover import (
    Calls,
    CertifiedPolicies,
    Counterexample,
    Enforced,
    certificates_in,
    counterexample_text,
)
from sekisho.prover.questions import (
    Describe,
    PolicyReport,
    QuestionGroup,
    Subject,
    report_on_policies,
)
from sekisho.prover.scenarios import (
    SCENARIOS,
    ScenarioReport,
    Setting,
    proof_to_json,
    report_on_scenarios,
)
from sekisho.signin import LONGEST_CONSOLE_SESSION

if TYPE_CHECKING:
    from sekisho.account import Snapshot
    from sekisho.audit.proofs import UserProofs

_ASKING = Message("scenarios")


@dataclass(frozen=True, slots=True)
class _Said:
    """The file that a report is about, and how its counterexamples are said."""

    source: str
    describe: Describe


_LATER_IS_USUAL = Message(
    "`--later` is no option any more: enforced always means whatever identity-based policies are "
    "attached later"
)


class _ProveCommand(SpokenCommand):
    """`prove`; an option that it once had says what has become of it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments.

        Raises:
            UsageError: if `--later` is among them.
        """
        if "--later" in args:
            raise UsageError(_LATER_IS_USUAL, fix=Message("leave it out"))
        return super().parse_args(ctx, args)


@click.command("prove", cls=_ProveCommand)
@grouped(
    "subject",
    SubjectOptions,
    click.argument("files", metavar="POLICY|-...", nargs=-1),
    click.option("--boundary", metavar="FILE", multiple=True, help="A permissions boundary."),
    click.option("--session", metavar="FILE", multiple=True, help="A session policy."),
    click.option(
        "--scp",
        "scps",
        metavar="LEVEL=FILE",
        multiple=True,
        help="A service control policy, by the level that it is attached to, from the root down.",
    ),
    click.option(
        "--user-arn", metavar="ARN", help="The user; one that stands for any if not given."
    ),
    click.option(
        "--snapshot",
        metavar="FILE",
        multiple=True,
        help="An account instead of policies: a snapshot, an account file, or AWS's exports.",
    ),
    click.option("--user", metavar="NAME", help="With --snapshot: this user of the account."),
    click.option(
        "--all",
        "everybody",
        is_flag=True,
        help="With --snapshot: each user is asked about; so also if no --user is given.",
    ),
    click.option(
        "--role",
        metavar="NAME|ARN",
        help="A role instead of a user: its ARN, or with --snapshot its name.",
    ),
    click.option("--trust", metavar="FILE", help="With --role: the role's trust policy."),
    click.option(
        "--resource-policy",
        "resource",
        metavar="FILE",
        help="With --granted or --never, and --on: the resource's policy, which may grant, too.",
    ),
    click.option(
        "--resource-account",
        "owner",
        metavar="ID",
        help="Whose resource it is, where its ARN does not tell; the caller's own if not given.",
    ),
    click.option(
        "--public",
        is_flag=True,
        help="POLICY files are resource-based: do they allow anything to anybody of no account "
        "that they name? Exit 3 with a request if so, 0 if it is proved that not.",
    ),
)
@grouped(
    "questions",
    QuestionOptions,
    click.option(
        "--exempt",
        metavar="ACTION",
        callback=known_actions,
        multiple=True,
        help="What may work without MFA, like iam:GetUser; those of Force_MFA if not given.",
    ),
    click.option(
        "--any-value",
        is_flag=True,
        help="Fail also if it is not enforced for values of the MFA key that no known credential "
        "brings.",
    ),
    click.option(
        "--only",
        "parts",
        multiple=True,
        type=click.Choice([*(group.value for group in QuestionGroup), PEOPLE_PART]),
        help="Ask only this, and the questions that are given; may be repeated.",
    ),
    click.option(
        "--never",
        metavar="ACTION",
        callback=spelled_actions,
        multiple=True,
        help="Is never allowed, like `s3:*`.",
    ),
    click.option(
        "--always",
        metavar="ACTION",
        callback=spelled_actions,
        multiple=True,
        help="Is always allowed.",
    ),
    click.option(
        "--granted",
        metavar="ACTION",
        callback=spelled_actions,
        multiple=True,
        help="Is it granted, and by which statement? Exit 3 if it is, 0 if it is proved not to be.",
    ),
    click.option("--on", metavar="ARN", multiple=True, help="Only on these resources."),
    click.option("--unless-mfa", is_flag=True, help="With `--never`: but may be with MFA."),
    click.option("--with-mfa", is_flag=True, help="Only in sessions with MFA."),
    click.option(
        "--mfa-age",
        metavar="SECONDS",
        type=click.IntRange(0, int(LONGEST_CONSOLE_SESSION.total_seconds())),
        help="With `--with-mfa`: only if MFA is not older.",
    ),
    click.option(
        "--only-from",
        metavar="CIDR",
        multiple=True,
        help="Is never allowed from other addresses; without `--never`, nothing is.",
    ),
    click.option("--from", "within", metavar="CIDR", multiple=True, help="Only from there."),
    click.option(
        "--calls",
        type=click.Choice([calls.value for calls in Calls]),
        default=Calls.ALL.value,
        show_default=True,
        help="Whose calls are meant: the user's own, those of AWS services for the user, or all.",
    ),
    click.option(
        "--invariants",
        "file",
        metavar="FILE",
        help="Invariants of this file (YAML or JSON), a list of questions like `- never: s3:*`.",
    ),
    click.option(
        "--certificate",
        metavar="PATH",
        help="Save what shows that MFA is enforced, for the independent checker: a file; with "
        "--snapshot a new folder with the policies, too.",
    ),
)
@grouped(
    "scenarios",
    ScenarioOptions,
    click.option(
        "--after-enrolment",
        "enrolled",
        metavar="FILE",
        multiple=True,
        help="A policy that users get beside theirs once they have enrolled, by a group.",
    ),
    click.option(
        "--users-may-change-password",
        "users_may_change",
        is_flag=True,
        help="The account's password policy has AllowUsersToChangePassword.",
    ),
    click.option(
        "--strict",
        is_flag=True,
        help="Fail also for attackers whom no policy alone can stop, and for what is accepted.",
    ),
)
@click.option("--assume", "assumptions", callback=assumptions_given, **ASSUME)
@grouped("printed", PrintOptions, report_format_option, verbose_option, lang_option)
@quiet_option
def command(
    subject: SubjectOptions,
    questions: QuestionOptions,
    scenarios: ScenarioOptions,
    *,
    assumptions: AllAssumptions,
    printed: PrintOptions,
) -> Exit:
    """Prove what holds of policies, for every request and every sign-in, or show what does not.

    POLICY files are the identity-based policies of one user, its groups' among them. Asked is
    whether no request without MFA passes but the exempt actions, whether MFA enforcement takes
    nothing away from who has MFA, whether self-service reaches no other user, and whether
    everybody can sign in and enrol while no attacker can; or what --never, --always, --only-from
    and --invariants say. With --snapshot: whether each user of an account is enforced, or what
    these options say of each. With --role: whether nobody assumes the role without MFA, or its
    sessions reach nothing. With --public: whether resource-based policies are public. Exit 3
    with what shows the contrary, 4 if it could not be found out, 5 if MFA is not enforced though
    nothing is allowed without it as the policies are.
    """
    if subject.public:
        check_alone(click.get_current_context())
        return prove_public(subject.files, assumptions.engine, printed)
    options = ProveOptions(subject, questions, scenarios, assumptions)
    check_subject(options)
    check_heeded(options)
    match (options.of_all, bool(subject.snapshot)):
        case (True, _):
            return _prove_account(options, printed)
        case (False, True):
            return _prove_user(options, printed)
        case (False, False):
            said = _Said(next(iter((*subject.files, subject.trust or ""))), _said_of_anyone)
            return _prove_subject(subject_of_files(options), options, said, printed)


def _said_of_anyone(found: Counterexample, refused: bool) -> Message:
    return counterexample_text(found, refused=refused)


def _prove_subject(
    subject: Subject, options: ProveOptions, said: _Said, printed: PrintOptions
) -> Exit:
    lang = printed.lang
    report = report_on_policies(subject, inquiry_of(options))
    scenarios = _scenarios(subject, options, lang) if options.people else ()
    check = _saved(report, subject, options)
    _note_certificate(options, check, lang)
    match printed.output:
        case ReportFormat.TEXT:
            proof = SubjectProof(report, scenarios, subject, said.describe, said.source)
            _show(proof, lang, verbose=printed.verbose, check=check)
        case ReportFormat.JSON:
            _print(proof_to_json(report, scenarios, subject))
        case ReportFormat.SARIF:
            found = findings_of(report, said.source, lang, said.describe)
            if subject.scps_unread_reason:
                found.notices.append(UNREAD.filled(reason=subject.scps_unread_reason).into(lang))
            found.notices.extend(text.into(lang) for text in subject.assumed_attachments)
            _print(
                log_of_files(
                    sekisho.__version__, found, findings_of_scenarios(scenarios, said.source, lang)
                )
            )
    return worst([*exits_of(report), *map(exit_of_scenario, scenarios)])


def _note_certificate(options: ProveOptions, check: str, lang: Language) -> None:
    path = options.questions.certificate
    if path is not None:
        aside(saved_text(path, check).into(lang))


def _saved(report: PolicyReport, subject: Subject, options: ProveOptions) -> str:
    """Save the certificates of a report if that is wanted; return the command that checks them."""
    path = options.questions.certificate
    if path is None:
        return ""
    found = certificates_in(report.answers)
    if options.subject.snapshot:
        users = CertifiedPolicies((subject.user.name,), subject.policies, found)
        return save_of_account(path, [users] if found else [])
    given = options.subject
    scps = [text.partition("=")[2] for text in given.scps]
    files = (*given.files, *given.boundary, *given.session, *scps)
    return save_of_files(path, found, subject.policies, files)


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


def _prove_user(options: ProveOptions, printed: PrintOptions) -> Exit:
    from sekisho.audit.impact import counterexample_for_user  # noqa: PLC0415 - only an account needs it, and it is slow to import
    from sekisho.audit.proofs import subject_of_role, subject_of_user  # noqa: PLC0415 - as above

    source = options.subject.snapshot[0]
    if options.subject.role:
        role = subject_of_role(_snapshot(options.subject), options.subject.role, source)
        role = with_resource(role, options)
        return _prove_subject(role, options, _Said(source, _said_of_anyone), printed)
    may_change = options.scenarios.users_may_change
    name = options.subject.user or ""
    subject, credentials = subject_of_user(
        _snapshot(options.subject), name, source, users_may_change=may_change
    )
    subject = with_resource(subject, options)
    said = _Said(
        source, lambda found, refused: counterexample_for_user(found, credentials, refused=refused)
    )
    return _prove_subject(subject, options, said, printed)


def _prove_account(options: ProveOptions, printed: PrintOptions) -> Exit:
    from sekisho.audit.proofs import prove_users  # noqa: PLC0415 - only an account needs it, and it is slow to import
    from sekisho.cli.prove.users_output import (  # noqa: PLC0415 - as above
        exits_of_users,
        findings_of_users,
        show_users,
        users_as_json,
    )

    snapshot = _snapshot(options.subject)
    users = prove_users(snapshot, inquiry_of(options))
    source, lang = options.subject.snapshot[0], printed.lang
    check = _saved_of_users(snapshot, users, options)
    _note_certificate(options, check, lang)
    match printed.output:
        case ReportFormat.TEXT:
            show_users(users, source, lang, verbose=printed.verbose, check=check)
        case ReportFormat.JSON:
            _print(users_as_json(users))
        case ReportFormat.SARIF:
            _print(log_of_files(sekisho.__version__, findings_of_users(users, source, lang)))
    return worst(exits_of_users(users))


def _saved_of_users(snapshot: "Snapshot", users: "UserProofs", options: ProveOptions) -> str:
    """Save the certificates of an account's users; return the command that checks them."""
    from sekisho.audit.proofs import account_certificates  # noqa: PLC0415 - as above

    path = options.questions.certificate
    if path is None:
        return ""
    enforced = [
        name for name, each in users.enforcements.items() if each.enforced is Enforced.PROVED
    ]
    found = account_certificates(snapshot, enforced, inquiry_of(options).exempt)
    return save_of_account(path, found.certified)


def _snapshot(options: SubjectOptions) -> "Snapshot":
    from sekisho.account import open_account  # noqa: PLC0415 - not needed for files

    return open_account(*options.snapshot)


def _scenarios(
    subject: Subject, options: ProveOptions, lang: Language
) -> tuple[ScenarioReport, ...]:
    enrolled = read_attached(options.scenarios.enrolled, PolicyKind.IDENTITY)
    assumptions = options.assumptions
    base = Setting(enrolled=enrolled, engine=assumptions.engine, signin=assumptions.signin)
    reports = report_on_scenarios(subject, base, strict=options.scenarios.strict)
    return tuple(_watched(reports, lang))


def _watched(reports: Iterator[ScenarioReport], lang: Language) -> Iterator[ScenarioReport]:
    """Yield the reports, with a count of them on stderr if that is a terminal."""
    with counting(_ASKING.into(lang)) as count:
        for number, report in enumerate(reports):
            count(number, len(SCENARIOS))
            yield report


def _print(value: object) -> None:
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))
