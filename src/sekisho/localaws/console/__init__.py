"""The console's pages that no public API of AWS has, as a small JSON API, and its client."""

from sekisho.localaws.console.api import signin_app
from sekisho.localaws.console.client import (
    ConsoleClient,
    ConsoleRefused,
    PasskeyOptions,
    ShownPage,
)

__all__ = ["ConsoleClient", "ConsoleRefused", "PasskeyOptions", "ShownPage", "signin_app"]
