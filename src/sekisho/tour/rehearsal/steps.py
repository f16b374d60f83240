"""The steps of the tour: requests, AWS's answers, and the reasons.

A `TourStep` is only ever made by a `StepRecorder` (recording.py), from calls that were made and
checks that were passed. What it is called and why it comes out so is in the table `tour` of the
messages. The answers that steps expect are in AWS's own words.

Source of the answers: IAM User Guide, "Troubleshoot access denied error messages"; docs/signin.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, IntEnum

from sekisho.messages import Message, table, verbatim

OK = "OK"
"""The answer of a call that AWS carried out; every other answer is AWS's error code."""


@dataclass(frozen=True, slots=True)
class Expected:
    """The answer that must come: `OK`, or AWS's error code and parts of its message."""

    answer: str = OK
    message_parts: tuple[str, ...] = ()


DONE = Expected()
"""AWS carries the call out."""

DENIED = Expected(
    "AccessDenied", ("is not authorized to perform:", "with an explicit deny in an identity-based")
)
"""The MFA enforcement's Deny applies."""

IMPLICITLY_DENIED = Expected("AccessDenied", ("because no identity-based policy allows the",))
"""No Deny applies, and nothing allows either."""

TRUST_DENIES = Expected("AccessDenied", ("is not authorized to perform: sts:AssumeRole",))
"""The caller may not assume the role, by its trust policy or their own policies."""

INVALID_TOKEN = Expected(
    "InvalidClientTokenId", ("The security token included in the request is invalid",)
)
"""What IAM says to a GetSessionToken session without MFA, and to a key that is off."""

NOT_CONSECUTIVE = Expected(
    "InvalidAuthenticationCode", ("Authentication code for device is not valid.",)
)
"""Two codes that are not consecutive."""

WRONG_CODE = Expected(
    "AccessDenied",
    ("MultiFactorAuthentication failed with invalid MFA one time pass code.",),
)
"""STS does not take the code."""

CODE_USED = WRONG_CODE
"""STS says of a code that was used the same as of a wrong one."""

EXISTS_ALREADY = Expected("EntityAlreadyExists", ("MFA device already exists",))
"""There is a device of that name."""

SECOND_DEVICE = Expected("AccessDenied", ("because the user has an MFA device",))
"""Who has a device may not add one by key without MFA (bulletin AWS-2023-001)."""

SIGNIN_FAILED = Expected("SigninFailed", ("Your authentication information is incorrect.",))
"""The sign-in page's one answer to everything that is wrong."""

CHANGE_REFUSED = Expected("AccessDenied", ("iam:ChangePassword", "account password policy"))
"""The console's text when the password may not be changed; the same as for a weak password."""


Cell = str | Message
"""A cell of a table: a name as it is, or a word in both languages."""

YES = Message("yes", "has")
NO = Message("no", "has")


class Chapter(IntEnum):
    """The five parts of the tour."""

    BEFORE = 1
    POLICY = 2
    ATTACH = 3
    PEOPLE = 4
    AFTER = 5

    @property
    def title(self) -> Message:
        """The title of the chapter."""
        title: Message = table("tour")["chapters"][self.name.lower()]
        return title


class StepCredential(Enum):
    """The credential that a request is signed with, or that is typed into the sign-in page."""

    PASSWORD = "password"  # noqa: S105 - a kind, not a secret
    LONG_TERM_KEY = "long-term-key"
    CONSOLE_WITHOUT_MFA = "console-session-without-mfa"
    CONSOLE_WITH_MFA = "console-session-with-mfa"
    TOKEN_WITHOUT_MFA = "token-session-without-mfa"  # noqa: S105 - a kind, not a secret
    TOKEN_WITH_MFA = "token-session-with-mfa"  # noqa: S105 - a kind, not a secret
    ROLE_SESSION = "role-session"

    @property
    def title(self) -> Message:
        """The title of the credential."""
        title: Message = table("tour")["credentials"][self.value]
        return title


@dataclass(frozen=True, slots=True)
class Exchange:
    """One call and its answer, as they went over the wire.

    Attributes:
        caller: the user's name.
        operation: `service:Operation`, as the API names it.
        target: what it was about; "" where the operation says it all.
        expected: `OK` or AWS's error code.
        answer: `OK` or AWS's error code.
        message: AWS's own message; "" if the call was carried out.
        because: the statements that decided, from the local AWS's decision log.
        count: how many times the same call was made with the same answer.
        background: a read that a room made for itself, such as collecting a snapshot.
    """

    caller: str
    credential: StepCredential
    operation: str
    target: str
    expected: str
    answer: str
    message: str = ""
    because: tuple[Cell, ...] = ()
    count: int = 1
    background: bool = False

    @property
    def carried_out(self) -> bool:
        """Whether AWS did what was asked."""
        return self.answer == OK


@dataclass(frozen=True, slots=True)
class Check:
    """Something that had to be so, and was."""

    what: Message
    expected: str
    got: str


@dataclass(frozen=True, slots=True)
class FactTable:
    """Facts in rows."""

    title: Message
    columns: tuple[Message, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class Narration:
    """The texts of a step: the person concerned, its title, the reason for its outcome.

    Attributes:
        section: "" in both languages where it concerns nobody in particular.
    """

    id: str
    section: Message
    title: Message
    why: Message


def narration_of(step_id: str, names: Mapping[str, str]) -> Narration:
    """Return what is said of a step; `names` fill the heading of its section."""
    texts = table("tour")
    written = texts["steps"][step_id]
    section: Message = _NOBODY
    if step_id.count(".") > 1:
        section = texts["sections"][step_id.rsplit(".", 1)[0]].filled(**names)
    return Narration(step_id, section, written["title"], written["why"])


_NOBODY = verbatim("")
"""The section of a step that concerns nobody in particular."""


@dataclass(frozen=True, slots=True)
class TourStep:
    """A step that was performed and came out as it must.

    Attributes:
        id: stable, like `3.2-apply`.
        section: whom it concerns; "" in both languages where it is nobody in particular.
        why: what the step shows.
        notes: what else a reader should know, such as a plan's warnings.
        clock_moved: how far the local AWS's clock was moved instead of waiting.
        assumed: the names of the assumptions whose setting mattered.
    """

    id: str
    chapter: Chapter
    section: Message
    title: Message
    why: Message
    exchanges: tuple[Exchange, ...] = ()
    checks: tuple[Check, ...] = ()
    tables: tuple[FactTable, ...] = ()
    notes: tuple[Message, ...] = ()
    clock_moved: timedelta = timedelta()
    assumed: tuple[str, ...] = ()
