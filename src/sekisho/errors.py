"""The one error tree.

* SekishoError
  * UsageError          the command line was used wrongly (exit 64)
  * FaultyInput         a file or text is not what it should be; lists every fault at once
    * FaultyPolicy      … a policy document
    * FaultyAccount     … an account file or a snapshot
    * FaultyRequest     … a request to decide
  * Unsupported         understood, and refused by name rather than guessed
  * AwsRefused          AWS (or the local AWS) answered a call with an error
  * PortInUse           the local AWS cannot listen where it was told to
  * PlanRefused         a plan must not be applied, or no longer fits the account
  * UnexpectedAnswer    a step of the story did not come out as it must
  * SeveralErrors       more than one of these, told at once
  * InternalError       sekisho contradicts itself: a bug

Every error has a stable `code` from `Code`, a message in lower case with backticked input and no
line break, the place (`at`), and a `fix` where one is known. No message holds a secret.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum

from sekisho.messages import printable

__all__ = [
    "AwsRefused",
    "Code",
    "Fault",
    "FaultyAccount",
    "FaultyInput",
    "FaultyPolicy",
    "FaultyRequest",
    "InternalError",
    "PlanRefused",
    "PortInUse",
    "SekishoError",
    "SeveralErrors",
    "UnexpectedAnswer",
    "Unsupported",
    "UsageError",
    "joined",
    "meant",
    "quoted",
]

_SHOWN = 60
_SHOWN_PARTS = 12


class Code(StrEnum):
    """The stable name of each fault; docs/reference/errors.md explains every one."""

    INTERNAL = "internal"
    USAGE = "usage"
    FILE_UNREADABLE = "file.unreadable"
    FILE_NOT_YAML = "file.not-yaml"
    FILE_BAD_SHAPE = "file.bad-shape"
    OUTPUT_UNWRITABLE = "output.unwritable"

    POLICY_NOT_JSON = "policy.not-json"
    POLICY_NOT_A_POLICY = "policy.not-a-policy"
    POLICY_DUPLICATE_KEY = "policy.duplicate-key"
    POLICY_TOO_DEEP = "policy.too-deep"
    POLICY_TOO_LONG = "policy.too-long"
    POLICY_MISSING_ELEMENT = "policy.missing-element"
    POLICY_UNKNOWN_ELEMENT = "policy.unknown-element"
    POLICY_BAD_VALUE = "policy.bad-value"
    POLICY_BAD_VERSION = "policy.bad-version"
    POLICY_BAD_SID = "policy.bad-sid"
    POLICY_ELEMENT_CONFLICT = "policy.element-conflict"
    POLICY_UNKNOWN_OPERATOR = "policy.unknown-operator"
    POLICY_OVER_QUOTA = "policy.over-quota"
    POLICY_BAD_CHOICE = "policy.bad-choice"
    NAME_REFUSED = "name.refused"

    REQUEST_NOT_JSON = "request.not-json"
    REQUEST_BAD_SHAPE = "request.bad-shape"
    REQUEST_BAD_VALUE = "request.bad-value"
    UNSUPPORTED_POLICY_TYPE = "unsupported.policy-type"
    UNSUPPORTED_OPTION = "unsupported.option"

    ACCOUNT_NOT_JSON = "account.not-json"
    ACCOUNT_BAD_SHAPE = "account.bad-shape"
    ACCOUNT_BAD_REFERENCE = "account.bad-reference"

    EXCEPTION_PASSWORD = "exceptions.password"  # noqa: S105 - a fault's name

    AWS_REFUSED = "aws.refused"
    PORT_IN_USE = "localaws.port-in-use"
    PLAN_INCOMPLETE = "plan.incomplete"
    PLAN_STALE = "plan.stale"
    PLAN_UNSAFE = "plan.unsafe"
    PLAN_FAULTY = "plan.faulty"
    PLAN_BUSY = "plan.busy"
    PLAN_DOUBTFUL = "plan.doubtful"
    TOUR_UNEXPECTED = "tour.unexpected"


class SekishoError(Exception):
    """The root: everything that sekisho raises on purpose."""

    code: Code = Code.INTERNAL

    def __init__(
        self, message: str, *, code: Code | None = None, at: str = "", fix: str = ""
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.at = at
        self.fix = fix


class UsageError(SekishoError):
    """The command line was used wrongly."""

    code = Code.USAGE


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with an input.

    Attributes:
        code: what kind of fault.
        message: what is wrong; lower case, input in backticks, no line break.
        path: where in the structure, like `Statement[2].Condition.Bool`; "" for the whole.
        line: line in the text, counted from 1; 0 if unknown.
        column: column in the text, counted from 1; 0 if unknown.
        fix: what to do about it; "" if nothing is known.
    """

    code: Code
    message: str
    path: str = ""
    line: int = 0
    column: int = 0
    fix: str = ""

    def __str__(self) -> str:
        place = ":".join(str(each) for each in (self.line, self.column) if each)
        where = " ".join(part for part in (place, self.path) if part)
        text = f"{where}: {self.message}" if where else self.message
        return f"{text} ({self.fix})" if self.fix else text


class FaultyInput(SekishoError):
    """A file or text is not what it should be; `faults` lists all that is wrong with it."""

    def __init__(self, source: str, faults: Sequence[Fault]) -> None:
        if not faults:
            raise InternalError(f"an input error about `{source}` that names no fault")
        first = faults[0]
        count = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        super().__init__(f"{source}: {first}{count}", code=first.code, at=first.path)
        self.fix = first.fix
        self.source = source
        self.faults = tuple(faults)


class FaultyPolicy(FaultyInput):
    """A text is not a policy document that IAM would take."""


class FaultyAccount(FaultyInput):
    """A file is not an account that can be loaded."""


class FaultyRequest(FaultyInput):
    """A request cannot be decided because it is not well-formed."""


class Unsupported(SekishoError):
    """Something that is understood and refused by name, because a guess would be worse."""

    code = Code.UNSUPPORTED_OPTION


class AwsRefused(SekishoError):
    """AWS answered a call with an error.

    Attributes:
        operation: the API operation, like `CreatePolicy`.
        aws_code: AWS's own error code, like `AccessDenied`.
        status: the HTTP status.
    """

    code = Code.AWS_REFUSED

    def __init__(self, operation: str, aws_code: str, message: str, status: int) -> None:
        super().__init__(message, at=operation)
        self.operation = operation
        self.aws_code = aws_code
        self.status = status

    def __str__(self) -> str:
        return f"{self.operation}: {self.aws_code}: {self.message}"


class PortInUse(SekishoError):
    """The local AWS cannot listen where it was told to."""

    code = Code.PORT_IN_USE


class PlanRefused(SekishoError):
    """A plan must not be applied, or no longer fits the account."""

    code = Code.PLAN_UNSAFE


class UnexpectedAnswer(SekishoError):
    """A step of the story did not come out as it must; `at` names the step."""

    code = Code.TOUR_UNEXPECTED


class SeveralErrors(SekishoError):
    """Several errors that were found in one go; `errors` lists them, each with its own code."""

    def __init__(self, errors: Sequence[SekishoError]) -> None:
        super().__init__("; ".join(map(str, errors)), code=errors[0].code)
        self.errors = tuple(errors)


class InternalError(SekishoError):
    """Two parts of sekisho contradict each other: a bug, never a verdict."""


def quoted(text: str) -> str:
    """Return `text` in backticks, on one line and not longer than a message can bear."""
    shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
    return "`" + printable(shown).replace("`", "\\u0060") + "`"


def meant(name: str, known: Iterable[str], otherwise: str = "write its exact name") -> str:
    """Return the fix for a name that is not among those known: the one most like it, if any is."""
    folded = {each.lower(): each for each in known}
    near = next(iter(get_close_matches(name.lower(), folded, n=1)), None)
    return f"did you mean {quoted(folded[near])}?" if near is not None else otherwise


def joined(path: Iterable[str | int]) -> str:
    """Return a path as faults print it: `Statement[2].Condition.Bool`."""
    text = ""
    parts = tuple(path)
    for part in parts[:_SHOWN_PARTS]:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            name = quoted(part)[1:-1]
            text += f".{name}" if text else name
    return text if len(parts) <= _SHOWN_PARTS else f"{text}…"
