"""The same answers in a terminal."""

from sekisho.cli.exits import Exit

__all__ = ["Exit"]
