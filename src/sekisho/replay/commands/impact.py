"""`sekisho impact`: which calls of CloudTrail's logs some policies would have denied, and whose."""

from collections.abc import Mapping
from datetime import UTC, datetime

import click

from sekisho.cli.aws import AwsOptions, aws_options
from sekisho.cli.exits import Exit, worst
from sekisho.cli.help import SpokenCommand
from sekisho.cli.next_action import CallsReplayed, RunContext, next_action
from sekisho.cli.options import ASSUME, lang_option, texts_of_assumptions
from sekisho.cli.output import DocumentFormat, OutputOptions, ReportForms, output_options
from sekisho.cli.quiet import quiet_option, verbose_option
from sekisho.engine import Assumptions
from sekisho.engine.exchange import ASSUMPTIONS, settings_from_text
from sekisho.errors import UsageError
from sekisho.messages import Language, Message
from sekisho.replay import JudgeSettings, columns_of
from sekisho.replay.commands.question import QuestionOptions, binding_of, question_options
from sekisho.replay.commands.sources import (
    REGIONS_OF_CALLS,
    ScopeOptions,
    SourceOptions,
    TimeOptions,
    TrailSource,
    scope_options,
    source_options,
    time_options,
)
from sekisho.replay.report import (
    ReplayReport,
    replay_document,
    replay_sheet,
    to_json,
    to_sarif,
)
from sekisho.signin import SigninAssumptions

_IS_ELSEWHERE = Message("`{option}` is not an option of `impact`")
_USAGE = Message("to save who uses which key: `sekisho logs usage LOGS --out FILE`")
_QUERY = Message("to print the query: `sekisho logs query athena --policy FILE`")
_PERMISSIONS = Message("to print what IAM must allow: `sekisho logs permissions s3://BUCKET`")
_VERIFY = Message("to check the digests: `sekisho logs verify LOGS`")
_SPARK = Message("to read on a Spark: `--spark MASTER`")
_ELSEWHERE: Mapping[str, Message] = {
    "--usage-out": _USAGE,
    "--sql": _QUERY,
    "--table": _QUERY,
    "--partition": _QUERY,
    "--print-policy": _PERMISSIONS,
    "--verify-digests": _VERIFY,
    "--digest-key": _VERIFY,
    "--engine": _SPARK,
    "--spark-master": _SPARK,
}
"""The replacements of options that `impact` had when it did everything with logs."""
_SIGN_IN = (
    *("role_session_mfa", "assume_role_sees_mfa", "aws_login_mfa"),
    *("aws_internal_sees_mfa", "get_session_token_heeds_deny"),
)
"""The assumptions of sign-in that the log of a call leaves open."""


def _settings(ctx: click.Context, param: click.Parameter, texts: tuple[str, ...]) -> JudgeSettings:
    defaults = SigninAssumptions()
    known = {**ASSUMPTIONS, **{name: getattr(defaults, name) for name in _SIGN_IN}}
    settings = settings_from_text(texts_of_assumptions(texts), known)
    of_signin = {name: settings.pop(name) for name in _SIGN_IN if name in settings}
    return JudgeSettings(Assumptions(**settings), SigninAssumptions(**of_signin))


class _ImpactCommand(SpokenCommand):
    """A command with advice on options that have moved to others."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments.

        Raises:
            UsageError: for an option that another command has.
        """
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            elsewhere = _ELSEWHERE.get(error.option_name)
            if elsewhere is None:
                raise
            wrong = _IS_ELSEWHERE.filled(option=error.option_name)
            raise UsageError(wrong, fix=elsewhere) from None


@click.command("impact", cls=_ImpactCommand)
@click.argument("logs", nargs=-1, metavar="LOGS...")
@question_options
@time_options
@scope_options(REGIONS_OF_CALLS)
@source_options
@aws_options
@output_options
@verbose_option
@click.option("--assume", "settings", callback=_settings, **ASSUME)
@quiet_option
@lang_option
def command(
    logs: tuple[str, ...],
    question: QuestionOptions,
    times: TimeOptions,
    scope: ScopeOptions,
    source: SourceOptions,
    aws: AwsOptions,
    output: OutputOptions,
    settings: JudgeSettings,
    lang: Language,
    *,
    verbose: bool,
) -> Exit:
    """Show which past calls policies, a plan or a goal would have denied, and whose.

    LOGS are files, folders or s3:// addresses of CloudTrail logs. Exit 0 if no call would have been
    denied, 3 if some would, 4 if something could not be decided or read.
    """
    output.check()
    source.check(logs, scope)
    window = times.window(datetime.now(UTC))
    asked = binding_of(question, window)
    trail = TrailSource(source, scope, window, aws, lang).read(logs, columns_of(asked.binding))
    report = asked.report(trail.groups, trail.skipped, settings)
    read = logs or (source.result or "LookupEvents",)
    forms = ReportForms(
        replay_document(report),
        lambda: replay_sheet(report),
        record=lambda: to_json(report),
        sarif=lambda lang: to_sarif(report, read[0], lang),
    )
    shown = output.output is DocumentFormat.HTML
    snapshots = tuple(filter(None, [question.snapshot]))
    context = RunContext(aws.typed, snapshots, asked.caller, goal=question.goal)
    after = next_action(_standing(report, question, context, shown=shown))
    output.hand_over(forms, lang, verbose=verbose, next_step=after or None)
    return _exit(report)


def _exit(report: ReplayReport) -> Exit:
    codes = [Exit.FINDINGS] if report.affects else []
    # a log without any call in question shows nothing, and is no pass
    if report.incomplete or not report.asked:
        codes.append(Exit.UNKNOWN)
    return worst(codes)


def _standing(
    report: ReplayReport, question: QuestionOptions, context: RunContext, *, shown: bool
) -> CallsReplayed:
    alone = question.policies if question.is_of_one_policy else ()
    return CallsReplayed(
        context,
        asked=bool(report.asked),
        denied=bool(report.affects),
        shown=shown,
        complete=not report.incomplete,
        plan=question.plan,
        policy=next(iter(alone), None),
    )
