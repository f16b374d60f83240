"""A local AWS that says no."""

from sekisho.endpoint.server import LocalAws

__all__ = ["LocalAws"]
