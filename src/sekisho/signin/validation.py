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
        pattern: the regular expression of the service model, which AWS's messages repeat.
        least, most: the number of characters; `most` is None if there is no limit.
        secret: whether a message must not repeat the value.
    """

    member: str
    pattern: str
    least: int = 1
    most: int | None = None
    secret: bool = False

    def violations(self, value: str) -> tuple[str, ...]:
        """Return AWS's sentence for each constraint that `value` breaks."""
        broken: list[str] = []
        if self.most is not None and len(value) > self.most:
            broken.append(f"have length less than or equal to {self.most}")
        if len(value) < self.least:
            broken.append(f"have length greater than or equal to {self.least}")
        if re.fullmatch(self.pattern, value, re.ASCII) is None:
            broken.append(f"satisfy regular expression pattern: {self.pattern}")
        # AWS does not repeat a value that is too long
        shown = not self.secret and (self.most is None or len(value) <= self.most)
        subject = f"Value '{value}'" if shown else "Value"
        return tuple(
            f"{subject} at '{self.member}' failed to satisfy constraint: Member must {rule}"
            for rule in broken
        )


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
