"""A local AWS emulator that enforces IAM policies; `LocalAws` runs it while a `with` block runs.

It needs the packages of the extra `local`.
"""

from typing import TYPE_CHECKING

from sekisho.errors import require_extra
from sekisho.lazy import lazily

require_extra(
    "local",
    ("cryptography", "fido2", "flask", "flask_cors", "moto", "segno", "waitress", "werkzeug"),
)

from sekisho.localaws.loopback import LOOPBACK, listen  # noqa: E402 - needs what was looked for
from sekisho.localaws.serving import HttpServer  # noqa: E402 - as above

if TYPE_CHECKING:
    from sekisho.localaws.console import (
        ConsoleClient,
        ConsoleRefused,
        PasskeyOptions,
        ShownPage,
    )
    from sekisho.localaws.server import LocalAws
    from sekisho.localaws.world import Clock, DecisionLog, LoggedDecision
else:
    __getattr__ = lazily(
        __name__,
        {
            "console": ("ConsoleClient", "ConsoleRefused", "PasskeyOptions", "ShownPage"),
            "server": ("LocalAws",),
            "world": ("Clock", "DecisionLog", "LoggedDecision"),
        },
    )

__all__ = [
    "LOOPBACK",
    "Clock",
    "ConsoleClient",
    "ConsoleRefused",
    "DecisionLog",
    "HttpServer",
    "LocalAws",
    "LoggedDecision",
    "PasskeyOptions",
    "ShownPage",
    "listen",
]
