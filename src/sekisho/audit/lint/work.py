"""Work that is counted, so that lint ends in time whatever it is given."""

__all__ = ["Work"]


class Work:
    """An amount of work, up to a bound; what lies beyond is a gap, never a pass.

    Args:
        most: the bound, in comparisons.
    """

    def __init__(self, most: int) -> None:
        self._left = most

    def add(self, amount: int) -> None:
        """Count so many comparisons."""
        self._left -= amount

    @property
    def exhausted(self) -> bool:
        """Whether more was counted than the bound."""
        return self._left < 0
