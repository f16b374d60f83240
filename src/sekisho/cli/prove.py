"""`sekisho prove`: what holds of policies, for every request."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import click

from sekisho import __version__, prover
from sekisho.catalogue import DEFAULT_PARTITION
from sekisho.cli.exits import Exit, worst
from sekisho.cli.options import (
    ReportFormat,
    lang_option,
    report_format_option,
    switch_option,
)
from sekisho.cli.policy_files import read_policy
from sekisho.cli.prove_answers import Asking, Report, report
from sekisho.cli.prove_options import invariants_of, parts_of, question_options
from sekisho.cli.prove_output import as_json, as_sarif, as_table
from sekisho.engine import AttachedPolicy, Level, Policies
from sekisho.errors import UsageError
from sekisho.language import Language
from sekisho.policy import PolicyKind, parse
from sekisho.prover import Proved, Refuted, Unknown, User, Verdict

__all__ = ["ANYONE", "command"]

ANYONE = f"arn:{DEFAULT_PARTITION}:iam::111122223333:user/some-user"
"""Stands for any user: a name that no policy is about."""


@click.command("prove", short_help="Prove that the gate is shut, or show a request that passes.")
@click.argument("files", metavar="POLICY|-...", nargs=-1, required=True)
@click.option("--boundary", metavar="FILE", multiple=True, help="A permissions boundary.")
@click.option("--session", metavar="FILE", multiple=True, help="A session policy.")
@click.option(
    "--scp",
    "scps",
    metavar="LEVEL=FILE",
    multiple=True,
    help="A service control policy, by the level that it is attached to, from the root down.",
)
@click.option("--user-arn", metavar="ARN", help="The user; one that stands for any if not given.")
@click.option(
    "--exempt",
    metavar="ACTION",
    multiple=True,
    help="What may work without MFA, like iam:GetUser; Force_MFA's own list if not given.",
)
@click.option(
    "--later",
    is_flag=True,
    help="Fail also if the gate is not shut whatever identity-based policies are attached later.",
)
@click.option(
    "--any-value",
    is_flag=True,
    help="Fail also if it is not shut for values of the MFA key that no known credential brings.",
)
@question_options
@switch_option
@report_format_option
@lang_option
def command(output: ReportFormat, lang: Language, **given: Any) -> Exit:
    """Prove what holds of policies for every request, or show a request for which it does not.

    POLICY files are the identity-based policies of one user, its groups' among them. Asked is
    whether no request without MFA is allowed outside the exempt list, whether the gate takes
    nothing away from who has MFA, and whether self-service reaches no other user; or what
    --never, --always, --only-from and --invariants say. Exit 3 with a request that shows the
    contrary, 4 if it could not be found out.
    """
    asking = Asking(
        policies=_policies(given),
        user=User.of(given["user_arn"] or ANYONE),
        now=datetime.now(UTC),
        exempt=tuple(given["exempt"]) or prover.expected_exempt(),
        parts=parts_of(given),
        invariants=invariants_of(given),
        switches=given["switches"],
        later=given["later"],
        any_value=given["any_value"],
    )
    answered = report(asking)
    match output:
        case ReportFormat.TABLE:
            click.echo(as_table(answered, lang, named=given["user_arn"] is not None))
        case ReportFormat.JSON:
            click.echo(json.dumps(as_json(answered), indent=2, ensure_ascii=False))
        case ReportFormat.SARIF:
            log = as_sarif(answered, given["files"][0], __version__, lang)
            click.echo(json.dumps(log, indent=2, ensure_ascii=False))
    return worst(_exit_of(verdict) for verdict in _counted(answered))


def _counted(answered: Report) -> Iterator[Verdict]:
    return (line.answer.verdict for line in answered.lines if line.counts)


def _exit_of(verdict: Verdict) -> Exit:
    match verdict:
        case Proved():
            return Exit.CLEAN
        case Refuted():
            return Exit.FINDINGS
        case Unknown():
            return Exit.UNKNOWN


def _policies(given: dict[str, Any]) -> Policies:
    return Policies(
        identity=_read(given["files"], PolicyKind.IDENTITY),
        boundaries=_read(given["boundary"], PolicyKind.BOUNDARY) or None,
        session=_read(given["session"], PolicyKind.SESSION) or None,
        scps=_levels(given["scps"]),
    )


def _read(paths: tuple[str, ...], kind: PolicyKind) -> tuple[AttachedPolicy, ...]:
    return tuple(
        AttachedPolicy(path, parse(read_policy(path), source=path, kind=kind)) for path in paths
    )


def _levels(texts: tuple[str, ...]) -> tuple[Level, ...]:
    """Return the levels in the order in which they are first named."""
    levels: dict[str, tuple[AttachedPolicy, ...]] = {}
    for text in texts:
        name, equals, path = text.partition("=")
        if not name or not equals:
            raise UsageError(f"`--scp {text}` is not of the form `LEVEL=FILE`")
        levels[name] = (*levels.get(name, ()), *_read((path,), PolicyKind.SCP))
    return tuple(Level(name, attached) for name, attached in levels.items())
