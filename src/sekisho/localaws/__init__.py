"""A local AWS emulator that enforces IAM policies; `LocalAws` runs it while a `with` block runs.

It needs the packages of the extra `local`.
"""

from sekisho.errors import require_extra

require_extra(
    "local",
    ("cryptography", "fido2", "flask", "flask_cors", "moto", "segno", "waitress", "werkzeug"),
)

from sekisho.localaws.console import (  # noqa: E402 - needs what was looked for
    ConsoleClient,
    ConsoleRefused,
    PasskeyOptions,
    ShownPage,
)
from sekisho.localaws.server import LocalAws  # noqa: E402 - as above
from sekisho.localaws.world import Clock, DecisionLog, LoggedDecision  # noqa: E402 - as above

__all__ = [
    "Clock",
    "ConsoleClient",
    "ConsoleRefused",
    "DecisionLog",
    "LocalAws",
    "LoggedDecision",
    "PasskeyOptions",
    "ShownPage",
]
