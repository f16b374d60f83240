"""What every command that makes a plan shares: its options, the account, the plan in words.

Nothing is changed by any of them: `sekisho apply` does that.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import click

from sekisho.account import SigningApi, Snapshot, open_account
from sekisho.audit.exceptions import Exceptions, load_exceptions
from sekisho.cli.aws import (
    AwsOptions,
    Connection,
    aws_options,
    collected,
    connection,
    snapshot_option,
)
from sekisho.cli.exits import Exit
from sekisho.cli.group import words_of
from sekisho.cli.next_action import (
    NothingToPlan,
    PlanObstructed,
    PlanReady,
    RunContext,
    next_action,
)
from sekisho.cli.options import form_option, grouped, lang_option
from sekisho.cli.output import force_option
from sekisho.cli.quiet import print_note, quiet, quiet_option, show_next, verbose_option
from sekisho.cli.terminal import terminal_width
from sekisho.documents import check_writable, write_private
from sekisho.documents.report import TextLayout, report_text
from sekisho.errors import FaultyInput, UsageError
from sekisho.lazy import dataclass
from sekisho.messages import Language, Message
from sekisho.rollout import (
    Plan,
    PlanCaller,
    RemedyKind,
    SafetyVerdict,
    check_saved_account,
    plan_report,
    script_of,
)

_SAVED = Message("Saved to {path}. Nothing has been changed.")
_SAVED_REFUSED = Message(
    "Saved to {path}. Nothing has been changed, and `sekisho apply` refuses this plan."
)


class PlanFormat(StrEnum):
    """How a command prints the plan that it makes."""

    TEXT = "text"
    JSON = "json"
    AWS_CLI = "aws-cli"


@dataclass(frozen=True, slots=True)
class PlanningOptions:
    """What every command that makes a plan is told.

    Attributes:
        accept: `ID=REASON` or `ID:USER=REASON` of what may pass.
        mfa: the session that applies the plan was signed in with MFA.
        snapshots: a saved account in place of the real one: a file, or AWS's export and its
            credential report.
        caller: with it, the ARN of who will apply the plan.
        out: where the plan is saved; `force` replaces what is there.
        print_policy: print the least policy that `apply` needs, in place of the plan.
        output: how the plan is printed.
        verbose: with everything in it.
    """

    accept: tuple[str, ...]
    mfa: bool
    snapshots: tuple[str, ...]
    caller: str | None
    out: Path | None
    force: bool
    print_policy: bool
    output: PlanFormat
    verbose: bool

    def context(self, aws: AwsOptions, **more: Any) -> RunContext:
        """Return what the run is about, with its files, for the command that comes next."""
        return RunContext(aws.typed, self.snapshots, self.caller, self.mfa, **more)


_planning_group = grouped(
    "planning",
    PlanningOptions,
    click.option(
        "--accept",
        metavar="ID[:USER]=REASON",
        multiple=True,
        help="Accept a problem of the plan, as ID=REASON, or as ID:USER=REASON if it is about "
        "users. The plan keeps the reason.",
    ),
    click.option(
        "--mfa",
        is_flag=True,
        help="Declare that you will apply the plan from a session with MFA.",
    ),
    snapshot_option(),
    click.option(
        "--caller",
        metavar="ARN",
        help="With --snapshot: ARN that will apply the plan; the account's reader if not given.",
    ),
    click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="Save the plan."),
    force_option,
    click.option(
        "--print-policy", is_flag=True, help="Print the least policy for `apply` instead."
    ),
    form_option(PlanFormat, "Text for people, the plan itself, or a script for the AWS CLI."),
    verbose_option,
)


def planning_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a command that makes a plan: `planning`, `aws` and `lang`."""
    return _planning_group(quiet_option(aws_options(lang_option(function))))


@dataclass(frozen=True, slots=True)
class ExemptOptions:
    """Who is never touched, and who need not be enforced.

    Attributes:
        break_glass: names of break-glass users.
        exceptions: an exceptions file, which may name more of them.
    """

    break_glass: tuple[str, ...]
    exceptions: str | None

    @property
    def typed(self) -> tuple[str, ...]:
        """The options again, for the command that comes next."""
        return (
            *words_of("--break-glass", *self.break_glass),
            *words_of("--exceptions", self.exceptions),
        )

    def read(self) -> Exceptions:
        """Return the exceptions of the file; none without one.

        It is read before the account, which takes long; then see by `Exceptions.check` that it
        fits.

        Raises:
            FaultyInput: if the exceptions file has faults.
        """
        return exceptions_of(self.exceptions)

    def untouched(self, exceptions: Exceptions) -> tuple[str, ...]:
        """Return the break-glass users of the options and of the exceptions file."""
        return tuple(dict.fromkeys((*self.break_glass, *exceptions.break_glass)))


break_glass_option = click.option(
    "--break-glass",
    metavar="NAME",
    multiple=True,
    help="Emergency user: the plan never changes it.",
)
exempt_options = grouped(
    "exempt",
    ExemptOptions,
    break_glass_option,
    click.option(
        "--exceptions", metavar="FILE", help="The exceptions file, for its break-glass users."
    ),
)
"""Adds `--break-glass NAME` and `--exceptions FILE`: `ExemptOptions`."""


def exceptions_of(path: str | None) -> Exceptions:
    """Return the exceptions of a file; none without one.

    Raises:
        FaultyInput: if the exceptions file has faults.
    """
    return load_exceptions(path) if path else Exceptions()


@dataclass(frozen=True, slots=True)
class AccountToPlan:
    """The account that a plan is made for, and who will apply it.

    Attributes:
        mfa_possible: whether the caller's credentials may be a session with MFA.
    """

    snapshot: Snapshot
    caller: PlanCaller
    mfa_possible: bool = True

    def origin(self, refused: Iterable[str] = ()) -> "PlanOrigin":
        """Return the facts for the next command, which does not name `--mfa` if it is refused."""
        more = () if self.mfa_possible else ("--mfa",)
        return PlanOrigin(refused=frozenset((*refused, *more)))


def account_of(planning: PlanningOptions, aws: AwsOptions, lang: Language) -> AccountToPlan:
    """Return the account that the options name, and who will apply the plan.

    Raises:
        FaultyInput: if the snapshot is dated in the future.
        UsageError: if `--caller` is given without `--snapshot`, is of another account, or is
            neither given nor in the snapshot; if another AWS is named beside `--snapshot`; or if
            `--force` has nothing to replace.
        SekishoError: if the file of `--out` cannot be written.
    """
    if planning.force and planning.out is None:
        raise UsageError(
            Message("`--force` is for `--out`"), fix=Message("say where to save the plan")
        )
    if planning.caller is not None and not planning.snapshots:
        raise UsageError(_CALLER, fix=_CALLER_FIX)
    if planning.out is not None:
        check_writable(planning.out, replace=planning.force)
    if planning.snapshots:
        aws.refuse_beside("--snapshot")
        snapshot = open_account(*planning.snapshots)
        source = ", ".join(planning.snapshots)
        arn = planning.caller or snapshot.caller
        if arn is None:
            raise UsageError(_NO_CALLER.filled(source=source), fix=_NO_CALLER_FIX)
        saved_caller = PlanCaller(arn, mfa=planning.mfa)
        check_saved_account(snapshot, saved_caller, source, datetime.now(UTC))
        return AccountToPlan(snapshot, saved_caller)
    connected = connection(aws, lang)
    refusal = _no_session_with_mfa(connected)
    if planning.mfa and refusal is not None:
        raise refusal
    snapshot = collected(connected)
    if planning.mfa:
        is_user = connected.caller.split(":", 5)[-1].startswith("user/")
        print_note((_USER_SESSION if is_user else _OTHER_SESSION).into(lang))
    caller = PlanCaller(connected.caller, mfa=planning.mfa)
    return AccountToPlan(snapshot, caller, mfa_possible=refusal is None)


_CALLER = Message("`--caller` is for `--snapshot`: AWS itself names the caller")
_CALLER_FIX = Message("leave it out")
_NO_CALLER = Message("{source} does not say who read the account, and so who will apply the plan")
_NO_CALLER_FIX = Message("give `--caller ARN`, as `aws sts get-caller-identity` has it")
_USER_SESSION = Message(
    "Assuming that your session has MFA: IAM accepted it, and IAM rejects GetSessionToken "
    "sessions without MFA. (A session of `aws login` looks the same.)"
)
_OTHER_SESSION = Message(
    "Not verified: `--mfa` says that this session was signed in with MFA, and AWS has no way to "
    "check."
)


def _no_session_with_mfa(connected: Connection) -> UsageError | None:
    """Return the error if `--mfa` was given, but no request can have MFA; None otherwise."""
    if isinstance(connected.api, SigningApi) and connected.api.signs_with_long_term_key():
        return UsageError(
            Message("`--mfa`: these credentials are an access key and no session: without MFA"),
            fix=Message("sign in with MFA first, or leave `--mfa` out"),
        )
    if ":federated-user/" in connected.caller:
        return UsageError(
            Message("`--mfa`: a session of GetFederationToken is never with MFA"),
            fix=Message("leave `--mfa` out"),
        )
    return None


@dataclass(frozen=True, slots=True)
class PlanOrigin:
    """What a plan does not say of how it was made, for the command that comes next.

    Attributes:
        goal: the goal file; None: options said the goal.
        left_out: users who are left out of it by options.
        exempt: who is never touched, and who need not be enforced.
        refused: options that the command does not take as it was typed.
        enrols: whether the plan that enforces MFA for this user alone may be applied.
    """

    goal: str | None = None
    left_out: tuple[str, ...] = ()
    exempt: ExemptOptions = ExemptOptions((), None)
    refused: frozenset[str] = frozenset()
    enrols: Callable[[str], bool] = lambda _: False


def finish(
    new_plan: Plan,
    planning: PlanningOptions,
    aws: AwsOptions,
    lang: Language,
    origin: PlanOrigin,
) -> Exit:
    """Print a plan, save it if `--out` says where, and return the exit code.

    Args:
        new_plan: the plan.
        planning: how it is printed, and where it is saved.
        aws: goes with the command that is named as the next.
        lang: the language.
        origin: what the next command has to know besides.
    """
    context = planning.context(
        aws, goal=origin.goal, exceptions=origin.exempt.exceptions, left_out=origin.left_out
    )
    if context.goal and not context.left_out:
        # `status` of the plan leads back to its goal, and to nobody else
        new_plan = replace(new_plan, goal=context.goal, exceptions_file=context.exceptions)
    if planning.print_policy:
        click.echo(json.dumps(new_plan.needs, indent=2))
    else:
        match planning.output:
            case PlanFormat.JSON:
                click.echo(new_plan.to_json(), nl=False)
            case PlanFormat.AWS_CLI:
                click.echo(script_of(new_plan), nl=False)
            case PlanFormat.TEXT:
                report = plan_report(new_plan)
                verdict = replace(report, dated=False, before=())
                layout = TextLayout(terminal_width(), verbose=planning.verbose)
                shown = verdict if quiet() else report
                click.echo(report_text(shown, lang, layout, parts=not quiet()), nl=False)
    if planning.out is not None:
        write_private(planning.out, new_plan.to_json(), replace=planning.force)
        saved = _SAVED if new_plan.applicable else _SAVED_REFUSED
        print_note(saved.filled(path=planning.out).into(lang))
    reads = planning.output is PlanFormat.TEXT and not planning.print_policy
    if reads or planning.out is not None:
        after = next_action(_standing(new_plan, planning, context, origin))
        # on stderr if stdout has data for a program
        show_next(after, lang, err=not reads)
    return _exit_of(new_plan)


def _standing(
    made: Plan, planning: PlanningOptions, context: RunContext, origin: PlanOrigin
) -> PlanReady | NothingToPlan | PlanObstructed:
    if made.applicable:
        if not made.changes:
            return NothingToPlan(context)
        guarded = all(each.id != "no-break-glass" for each in made.warnings)
        return PlanReady(context, str(planning.out) if planning.out else None, guarded)
    kinds = [each.kind for each in made.remedies]
    enrol = [each.users[0] for each in made.remedies if each.kind is RemedyKind.ENROLMENT]
    takes = origin.refused.isdisjoint(each.split()[0] for each in made.remedy_options)
    return PlanObstructed(
        context,
        exempt=origin.exempt.typed,
        remedies=made.remedy_options if takes else (),
        replace=planning.out is not None and not planning.force,
        unread=RemedyKind.READ in kinds or RemedyKind.CREDENTIAL_REPORT in kinds,
        enrolment=next(filter(origin.enrols, enrol), ""),
        denied=RemedyKind.EXEMPT_ENROLMENT in kinds,
    )


def _exit_of(new_plan: Plan) -> Exit:
    """Return the exit code of a plan: unknown before refuted, as everywhere."""
    unaccepted = new_plan.open_problems
    undecided = [proof.id for proof in new_plan.proofs if proof.verdict is SafetyVerdict.UNKNOWN]
    if any(name in (*undecided, "gap", "caller-unknown") for name in unaccepted):
        return Exit.UNKNOWN
    if unaccepted or new_plan.locked_out:
        return Exit.FINDINGS
    return Exit.CHANGES if new_plan.changes else Exit.CLEAN


_INDEX = re.compile(r"\[\d+\]")


@contextmanager
def faults_by_option(options: Mapping[str, str], *sources: str) -> Iterator[None]:
    """Name the option instead of the path in a goal in the faults that come from within.

    Args:
        options: the option by the path of what it says; what is below that path is its, too.
        sources: what errors call the goal.

    Raises:
        FaultyInput: as it comes from within, about `options` in place of any of the sources.
    """
    try:
        yield
    except FaultyInput as error:
        if not options or error.source not in sources:
            raise
        faults = [replace(each, path=_option(each.path, options)) for each in error.faults]
        raise FaultyInput(Message("options", "source"), faults) from None


def _option(path: str, options: Mapping[str, str]) -> str:
    """Return the option that says what is at a path of a goal; the path if none does."""
    whole = _INDEX.sub("", path)
    above = (whole.rsplit(".", cut)[0] for cut in range(whole.count(".") + 1))
    return next((options[each] for each in above if each in options), path)


_PLACEHOLDER = "REASON"
"""The reason in help texts and messages; copied as it is, it is none."""


def read_acceptances(texts: tuple[str, ...]) -> dict[str, str]:
    """Return the reasons of `--accept`, by `ID` or `ID:USER` of the problem.

    Raises:
        UsageError: if a text is not `ID=REASON` or `ID:USER=REASON`, or one stands twice.
    """
    reasons: dict[str, str] = {}
    for text in texts:
        identity, _, reason = text.partition("=")
        if not identity or not reason.strip():
            form = Message("`--accept {text}` is not of the form `ID=REASON` or `ID:USER=REASON`")
            raise UsageError(form.filled(text=text))
        if reason.strip() == _PLACEHOLDER:
            raise UsageError(
                Message("`--accept {text}` gives no reason").filled(text=text),
                fix=Message("give the reason in a few words: the plan keeps it"),
            )
        if identity in reasons:
            twice = Message("`--accept {text}`: `{identity}` is given twice")
            fix = Message("give one reason")
            raise UsageError(twice.filled(text=text, identity=identity), fix=fix)
        reasons[identity] = reason.strip()
    return reasons
