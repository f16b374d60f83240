"""A local AWS emulator that enforces IAM policies; `LocalAws` runs it while a `with` block runs.

All but the example company and `sekisho local --help` needs the packages of the extra `local`.
"""

from functools import partial
from typing import TYPE_CHECKING

from sekisho.errors import require_extra
from sekisho.lazy import lazily
from sekisho.localaws.company import (
    ADMINISTRATOR,
    BUCKET,
    COMPANY_FILE,
    MACHINE,
    example_company,
)

if TYPE_CHECKING:
    from sekisho.localaws.console.client import ConsoleClient, ConsoleRefused, ShownPage
    from sekisho.localaws.server import LocalAws
    from sekisho.localaws.state.world import Clock, DecisionLog, LoggedDecision
    from sekisho.localaws.wire.http_server import LOOPBACK, HttpServer, listen
else:
    __getattr__ = lazily(
        __name__,
        {
            "console.client": "ConsoleClient ConsoleRefused ShownPage",
            "server": "LocalAws",
            "state.world": "Clock DecisionLog LoggedDecision",
            "wire.http_server": "LOOPBACK HttpServer listen",
        },
        partial(
            require_extra,
            "local",
            (
                "cryptography",
                "fido2",
                "flask",
                "flask_cors",
                "moto",
                "segno",
                "waitress",
                "werkzeug",
            ),
        ),
    )

__all__ = [
    "ADMINISTRATOR",
    "BUCKET",
    "COMPANY_FILE",
    "LOOPBACK",
    "MACHINE",
    "Clock",
    "ConsoleClient",
    "ConsoleRefused",
    "DecisionLog",
    "HttpServer",
    "LocalAws",
    "LoggedDecision",
    "ShownPage",
    "example_company",
    "listen",
]
