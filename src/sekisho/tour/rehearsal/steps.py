"""The steps of the tour: requests, AWS's answers, and the reasons.

A `TourStep` is only ever made by a `StepRecorder` (recording.py), from calls that were made and
checks that were passed. What it is called and why it comes out so is in the table `tour` of the
messages. The answers that steps expect are in AWS's own words.

Source of the answers: IAM User Guide, "Troubleshoot access denied error messages"; docs/signin.md.

The steps are also there as data: one JSON document, English keys, texts in the language asked for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from enum import Enum, IntEnum

from sekisho import __version__, catalogue
from sekisho.engine import Assumptions
from sekisho.errors import SekishoError
from sekisho.lazy import dataclass
from sekisho.messages import Language, Message, table, verbatim
from sekisho.policy import Preset
from sekisho.signin import SigninAssumptions

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

    @property
    def about(self) -> Message:
        """What the chapter shows, in a sentence without its end."""
        about: Message = table("tour")["about"][self.name.lower()]
        return about


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


SCHEMA = "sekisho.tour/1"
"""The name of the form; another number means another form."""


@dataclass(frozen=True, slots=True)
class Counts:
    """The totals of a tour.

    Attributes:
        calls: how many requests were answered as expected.
        refused: how many of them were expected to be refused, and were.
    """

    steps: int
    calls: int
    refused: int
    checks: int
    clock_moved: timedelta


def counts_of(steps: Sequence[TourStep]) -> Counts:
    """Return what the steps come to."""
    exchanges = [exchange for step in steps for exchange in step.exchanges]
    return Counts(
        steps=len(steps),
        calls=sum(exchange.count for exchange in exchanges),
        refused=sum(
            exchange.count
            for exchange in exchanges
            if not exchange.background and not exchange.carried_out
        ),
        checks=sum(len(step.checks) for step in steps),
        clock_moved=sum((step.clock_moved for step in steps), timedelta()),
    )


def to_json(
    steps: Sequence[TourStep], preset: Preset, language: Language, error: SekishoError | None = None
) -> dict[str, object]:
    """Return the tour as JSON; `error` is what ended it early."""
    counts = counts_of(steps)
    return {
        "schema": SCHEMA,
        "tool": f"sekisho {__version__}",
        "catalogue": catalogue.load().dated,
        "preset": preset.value,
        "language": language.value,
        "complete": error is None,
        "error": None if error is None else _error(error),
        "counts": {
            "steps": counts.steps,
            "calls": counts.calls,
            "refused": counts.refused,
            "checks": counts.checks,
        },
        "clockMovedSeconds": int(counts.clock_moved.total_seconds()),
        "assumptions": _assumptions(steps),
        "steps": [_step(step, language) for step in steps],
    }


def _error(error: SekishoError) -> dict[str, str]:
    return {"code": error.code.value, "at": error.at, "message": str(error)}


def _assumptions(steps: Sequence[TourStep]) -> dict[str, dict[str, object]]:
    """Return the engine's assumptions that some decision consulted, and those of sign-in."""
    mattered = {name for step in steps for name in step.assumed}
    engine = {name: value for name, value in asdict(Assumptions()).items() if name in mattered}
    return {"engine": engine, "signin": asdict(SigninAssumptions())}


def _cell(cell: Cell, language: Language) -> str:
    return cell if isinstance(cell, str) else cell.into(language)


def _step(step: TourStep, language: Language) -> dict[str, object]:
    return {
        "id": step.id,
        "chapter": step.chapter.value,
        "section": step.section.into(language),
        "title": step.title.into(language),
        "why": step.why.into(language),
        "exchanges": [_exchange(exchange, language) for exchange in step.exchanges],
        "checks": [
            {"what": check.what.into(language), "expected": check.expected, "got": check.got}
            for check in step.checks
        ],
        "tables": [_table(table, language) for table in step.tables],
        "notes": [note.into(language) for note in step.notes],
        "clockMovedSeconds": int(step.clock_moved.total_seconds()),
        "assumptions": list(step.assumed),
    }


def _exchange(exchange: Exchange, language: Language) -> dict[str, object]:
    return {
        "caller": exchange.caller,
        "credential": exchange.credential.value,
        "operation": exchange.operation,
        "target": exchange.target,
        "expected": exchange.expected,
        "answer": exchange.answer,
        "message": exchange.message,
        "because": [_cell(reason, language) for reason in exchange.because],
        "count": exchange.count,
        "background": exchange.background,
    }


def _table(table: FactTable, language: Language) -> dict[str, object]:
    return {
        "title": table.title.into(language),
        "columns": [column.into(language) for column in table.columns],
        "rows": [[_cell(cell, language) for cell in row] for row in table.rows],
    }
