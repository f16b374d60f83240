"""`sekisho web`: an account in a browser, to read."""

import time

import click

from sekisho import __version__
from sekisho.account import open_account
from sekisho.audit.exceptions import Exceptions, load_exceptions
from sekisho.audit.report import audit_account
from sekisho.cli.aws import AwsOptions, aws_options, collected, connection
from sekisho.cli.exits import Exit
from sekisho.cli.help import SpokenCommand
from sekisho.cli.options import lang_option
from sekisho.cli.quiet import quiet_option
from sekisho.messages import Language, Message

_NAP_SECONDS = 3600
_OPEN = Message("Open the workbench in a browser on this computer: {url}")
_READS = Message("It only reads, and never changes an account. Ctrl-C ends it.")


@click.command(cls=SpokenCommand)
@click.option(
    "--snapshot",
    "snapshots",
    metavar="FILE",
    multiple=True,
    help="A snapshot, or AWS's export and credential report together; AWS itself if not given.",
)
@click.option("--exceptions", metavar="FILE", help="The exceptions file.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port; a free one if 0.")
@quiet_option
@aws_options
@lang_option
def command(
    snapshots: tuple[str, ...],
    exceptions: str | None,
    port: int,
    aws: AwsOptions,
    lang: Language,
) -> Exit:
    """Show an account in a browser: users, findings, and what to do, until Ctrl-C.

    The pages are on this computer alone, under localhost. They only read: where something is to be
    changed, they show the command.
    """
    # Flask is heavy, and in an extra: not before it is needed
    from sekisho.web import WebServer  # noqa: PLC0415 - as above
    from sekisho.web.workbench import Material, workbench_site  # noqa: PLC0415 - as above

    excepted = load_exceptions(exceptions) if exceptions else Exceptions()
    if snapshots:
        aws.refuse_beside("--snapshot")
        snapshot = open_account(*snapshots)
    else:
        snapshot = collected(connection(aws, lang), lang)
    report = audit_account(snapshot, excepted, version=__version__)
    source = " ".join(snapshots)
    with WebServer(workbench_site(Material(report, source), lang), port) as server:
        try:
            click.echo(_OPEN.filled(url=server.url).into(lang))
            click.echo(_READS.into(lang))
            while True:
                time.sleep(_NAP_SECONDS)
        except KeyboardInterrupt:
            click.echo()
    return Exit.CLEAN
