"""What the prover does not search beyond; what lies there is `Unknown`, never a hang or a pass."""

__all__ = ["MOST_ASSIGNMENTS", "MOST_NODES", "MOST_SETS", "MOST_STATES", "Limit"]

MOST_STATES = 20_000
"""States of patterns read side by side, in one question about a text."""

MOST_NODES = 20_000
"""Choices in one search."""

MOST_SETS = 1_024
"""Sets of values of one multivalued key."""

MOST_ASSIGNMENTS = 64
"""Combinations of values that are tried for policy variables whose value is not known."""


class Limit(Exception):
    """The answer lies beyond a limit, or needs a construct that is not handled.

    Never leaves this room: it becomes `Unknown` with this reason.
    """
