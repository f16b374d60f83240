"""`sekisho reset`: a lost phone."""

from sekisho.cli.one_user import one_user_command
from sekisho.rollout.lifecycle import reset

__all__ = ["command"]

command = one_user_command(
    reset,
    "Plan a lost phone: the devices go, a temporary password comes.",
    """Plan for a USER whose MFA device is lost; nothing is changed.

    Their devices are deactivated, virtual ones deleted, and a temporary password is set if they
    have one. It must be changed at the next sign-in, unless their policies would refuse that.
    """,
)
