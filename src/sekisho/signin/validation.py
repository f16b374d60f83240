"""The service models' constraints on parameters, and the error in which AWS reports them.

Source: the service models of IAM and STS; form of the message recorded from AWS (fact §4.3).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from sekisho.signin.refusal import ErrorCode, Refused, Rule

__all__ = ["Constraint", "Range", "validation_error"]


@dataclass(frozen=True, slots=True)
class Constraint:
    """What a text parameter must satisfy.

    Attributes:
        member: the parameter as AWS's messages write it, like `roleSessionName`.
        characters: the set that each character is in, as AWS's messages write it.
        least, most: the number of characters; `most` is None if there is no limit.
    """

    member: str
    characters: str
    least: int = 1
    most: int | None = None

    def violations(self, value: str) -> tuple[str, ...]:
        """Return AWS's sentence for each constraint that `value` breaks; it is not repeated."""
        found: list[str] = []
        if self.most is not None and len(value) > self.most:
            found.append(self._broken(f"have length less than or equal to {self.most}"))
        if len(value) < self.least:
            found.append(self._broken(f"have length greater than or equal to {self.least}"))
        if re.fullmatch(f"{self.characters}*", value, re.ASCII) is None:
            found.append(self._broken(f"satisfy regular expression pattern: {self.characters}*"))
        return tuple(found)

    def _broken(self, rule: str) -> str:
        return f"Value at '{self.member}' failed to satisfy constraint: Member must {rule}"


@dataclass(frozen=True, slots=True)
class Range:
    """What a number must satisfy: `least` and `most` included."""

    member: str
    least: int
    most: int

    def violations(self, value: int) -> tuple[str, ...]:
        """Return AWS's sentence if `value` lies outside."""
        if value < self.least:
            rule = f"greater than or equal to {self.least}"
        elif value > self.most:
            rule = f"less than or equal to {self.most}"
        else:
            return ()
        return (
            f"Value '{value}' at '{self.member}' failed to satisfy constraint: "
            f"Member must have value {rule}",
        )


def validation_error(violations: Iterable[str], rule: Rule) -> Refused | None:
    """Return AWS's one error for all `violations`, or None if there are none."""
    found = tuple(violations)
    if not found:
        return None
    count = f"{len(found)} validation error{'s' if len(found) > 1 else ''} detected: "
    return Refused(ErrorCode.VALIDATION_ERROR, count + "; ".join(found), 400, rule)
