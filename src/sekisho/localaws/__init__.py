"""A local AWS that says no."""

from sekisho.localaws.server import LocalAws

__all__ = ["LocalAws"]
