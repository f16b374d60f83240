"""The guides: how to do in the AWS console, by hand, what the rehearsal shows."""

from sekisho.tour.guide.admin import Label, admin

__all__ = ["Label", "admin"]
