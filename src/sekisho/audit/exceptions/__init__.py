"""Who need not be enforced: the exceptions, and the file that names them."""

from sekisho.audit.exceptions.model import (
    ExceptionKind,
    Exceptions,
    Exemption,
    exemption_to_json,
    load_exceptions,
)

__all__ = [
    "ExceptionKind",
    "Exceptions",
    "Exemption",
    "exemption_to_json",
    "load_exceptions",
]
