"""`sekisho audit`: who is enforced, who is not enrolled, what is wrong with an account."""

import json
from enum import StrEnum
from typing import Any

import click

from sekisho import __version__
from sekisho.account import Snapshot, open_account
from sekisho.audit import Exceptions, load_exceptions
from sekisho.audit.report import (
    AccountReport,
    audit_account,
    to_csv,
    to_html,
    to_json,
    to_sarif,
    to_text,
)
from sekisho.cli.aws import AwsOptions, aws_options, collected, connection
from sekisho.cli.exits import Exit, worst
from sekisho.cli.options import lang_option
from sekisho.cli.policy_files import read_policy
from sekisho.documents.private import check_writable, write_private
from sekisho.errors import UsageError
from sekisho.messages import Language, Message
from sekisho.policy import Document, parse

__all__ = ["AuditFormat", "command"]

_WRITTEN = Message("written to {path}")


class AuditFormat(StrEnum):
    """How an audit is handed over."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    HTML = "html"
    SARIF = "sarif"


@click.command("audit", short_help="Say who is enforced, who is not enrolled, and what is wrong.")
@click.option(
    "--snapshot",
    "snapshots",
    metavar="FILE",
    multiple=True,
    help="A snapshot, or AWS's export and credential report together; AWS itself if not given.",
)
@click.option("--exceptions", metavar="FILE", help="The exceptions file.")
@click.option(
    "--policy",
    metavar="POLICY",
    help="What will be attached to who is not enforced; as `policy new` writes it if not given.",
)
@click.option(
    "--format",
    "output",
    type=click.Choice([each.value for each in AuditFormat]),
    default=AuditFormat.TABLE.value,
    show_default=True,
    callback=lambda ctx, param, value: AuditFormat(value),
    help="Text or HTML for people, CSV for spreadsheets, JSON, or SARIF 2.1.0 for code scanners.",
)
@click.option("--bom", is_flag=True, help="Begin CSV with a byte order mark, for Excel.")
@click.option("--out", metavar="FILE", help="Write to a file that only you may read.")
@click.option("--force", is_flag=True, help="Replace the file of --out if it is there.")
@click.option("--exit-zero", is_flag=True, help="Exit 0 also with findings or unknowns.")
@aws_options
@lang_option
def command(output: AuditFormat, aws: AwsOptions, lang: Language, **given: Any) -> Exit:
    """Say who is enforced, who is not enrolled, and what is wrong with an account.

    Reads only, and changes nothing. Exit 3 with errors or warnings, 4 if something could not be
    told, also beside findings; notes alone exit 0.
    """
    if given["bom"] and output is not AuditFormat.CSV:
        raise UsageError("`--bom` is for `--format csv`")
    if given["force"] and not given["out"]:
        raise UsageError("`--force` is for `--out`")
    if given["out"]:
        check_writable(given["out"], replace=given["force"])
    exceptions, enforcement = _exceptions(given["exceptions"]), _enforcement(given["policy"])
    report = audit_account(
        _snapshot(given["snapshots"], aws, lang),
        exceptions,
        enforcement=enforcement,
        version=__version__,
    )
    text = _told(report, output, given, lang)
    if given["out"]:
        write_private(given["out"], text, replace=given["force"])
        click.echo(_WRITTEN.filled(path=given["out"]).into(lang), err=True)
    else:
        click.echo(text, nl=False)
    return Exit.CLEAN if given["exit_zero"] else _exit(report)


def _exit(report: AccountReport) -> Exit:
    codes = [Exit.FINDINGS] if report.wrong else []
    return worst([*codes, Exit.UNKNOWN] if report.unknown else codes)


def _exceptions(path: str | None) -> Exceptions:
    return load_exceptions(path) if path else Exceptions()


def _enforcement(path: str | None) -> Document | None:
    return parse(read_policy(path), source=path) if path else None


def _snapshot(paths: tuple[str, ...], aws: AwsOptions, lang: Language) -> Snapshot:
    if not paths:
        return collected(connection(aws, lang), lang)
    aws.refuse_beside("--snapshot")
    return open_account(*paths)


def _told(report: AccountReport, output: AuditFormat, given: dict[str, Any], lang: Language) -> str:
    match output:
        case AuditFormat.TABLE:
            return to_text(report, lang)
        case AuditFormat.JSON:
            return _json(to_json(report))
        case AuditFormat.CSV:
            return to_csv(report, bom=given["bom"])
        case AuditFormat.HTML:
            return to_html(report, lang)
        case AuditFormat.SARIF:
            source = given["snapshots"][0] if given["snapshots"] else report.snapshot.account
            return _json(to_sarif(report, source, lang))


def _json(value: dict[str, object]) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
