"""The rehearsal console beside a local AWS: `sekisho local --console`, `sekisho tour --browser`."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from sekisho.cli.exits import Exit
from sekisho.cli.progress import serve
from sekisho.localaws import example_company
from sekisho.messages import Language, Message

if TYPE_CHECKING:
    from sekisho.account import AccountFile
    from sekisho.localaws import LocalAws

_OPEN = Message("""\
Open the rehearsal console in a browser on this computer: {url}
Its first page lists the users with their passwords; the phone on the sign-in page shows MFA codes.
Ctrl-C ends it.""")
_ENDED = Message("The rehearsal has ended; all its state is gone.")


@contextmanager
def console(
    account: "AccountFile", local: "LocalAws", language: Language, port: int = 0
) -> Iterator[Message]:
    """Run the console over a local AWS that runs, and yield where to open it.

    Raises:
        PortInUse: if the port is in use.
    """
    # Flask is heavy: not before it is needed
    from sekisho.web import WebServer  # noqa: PLC0415 - as above
    from sekisho.web.console import Rehearsal, console_site  # noqa: PLC0415 - as above

    rehearsal = Rehearsal.at(local, account)
    site = console_site(rehearsal, language)
    site.warm()
    with WebServer(site, port, "--console-port") as server:
        # where `aws login` leads a browser
        local.world.console_site = server.url
        yield _OPEN.filled(url=server.url)


def tour_in_browser(language: Language) -> Exit:
    """Run the console over the example company until Ctrl-C."""
    # moto is heavy: not before it is needed
    from sekisho.localaws import LocalAws  # noqa: PLC0415 - as above

    company = example_company()
    with LocalAws(company) as local, console(company, local, language) as opening:
        try:
            click.echo(opening.into(language))
            serve()
        except KeyboardInterrupt:
            click.echo(_ENDED.into(language), err=True)
    return Exit.CLEAN
