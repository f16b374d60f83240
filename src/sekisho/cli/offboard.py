"""`sekisho offboard`: somebody leaves."""

from sekisho.cli.one_user import one_user_command
from sekisho.rollout.lifecycle import offboard

__all__ = ["command"]

command = one_user_command(
    offboard,
    "Plan that somebody leaves: no right, no credential is left.",
    """Plan that a USER leaves; nothing is changed.

    Everything is denied first, running sessions included. Then the password is deleted, keys and
    other credentials are made inactive, devices deactivated, groups left. The user stays.
    """,
)
