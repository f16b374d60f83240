"""The findings about an account, with stable ids, the gravest first."""

from sekisho.audit.findings.checks import DEVICE_KINDS, EXCEPTION_KINDS
from sekisho.audit.findings.run import Guess, check_account, guesses

__all__ = ["DEVICE_KINDS", "EXCEPTION_KINDS", "Guess", "check_account", "guesses"]
