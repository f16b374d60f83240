"""The one error tree.

* SekishoError
  * UsageError          the command line was used wrongly (exit 64)
  * FaultyInput         a file or text is not what it should be; lists every fault at once
    * FaultyPolicy      … a policy document
    * FaultyAccount     … an account file or a snapshot
    * FaultyRequest     … a request to decide
  * Unsupported         understood, and refused by name rather than guessed
  * AwsRefused          AWS (or the local AWS) answered a call with an error
  * MissingExtra        packages are not installed that a part of sekisho needs
  * PortInUse           the local AWS cannot listen where it was told to
  * PlanRefused         a plan must not be applied, or no longer fits the account
  * SessionRefused      `sekisho session` has no session to hand out
  * UnexpectedAnswer    a step of the tour did not come out as it must
  * SeveralErrors       more than one of these, told at once
  * InternalError       sekisho contradicts itself: a bug

Every error has a stable `code` from `Code`, a message in lower case with backticked input and no
line break, the place (`at`), and a `fix` where one is known. No message holds a secret.
"""

import errno
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path

from sekisho.lazy import dataclass
from sekisho.messages import Language, Message, joined_messages, printable, verbatim

_SHOWN = 60
_SHOWN_PARTS = 12
_COMPARED = 80


MORE_ON_ID = Message("More on an id: `sekisho explain {id}`.")
"""Said once where ids are printed, with one of them."""


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
    POLICY_NO_ACTION = "policy.no-action"
    POLICY_NO_RESOURCE = "policy.no-resource"
    POLICY_UNKNOWN_ELEMENT = "policy.unknown-element"
    POLICY_ELEMENT_CASE = "policy.element-case"
    POLICY_BAD_VALUE = "policy.bad-value"
    POLICY_BAD_CHARACTER = "policy.bad-character"
    POLICY_BAD_VERSION = "policy.bad-version"
    POLICY_BAD_EFFECT = "policy.bad-effect"
    POLICY_BAD_PRINCIPAL = "policy.bad-principal"
    POLICY_PRINCIPAL_WILDCARD = "policy.principal-wildcard"
    POLICY_SID_REPEATED = "policy.sid-repeated"
    POLICY_SID_CHARACTERS = "policy.sid-characters"
    POLICY_ACTION_WITHOUT_SERVICE = "policy.action-without-service"
    POLICY_ACTION_COLONS = "policy.action-colons"
    POLICY_RESOURCE_NOT_ARN = "policy.resource-not-arn"
    POLICY_ELEMENT_CONFLICT = "policy.element-conflict"
    POLICY_PRINCIPAL_NOT_ALLOWED = "policy.principal-not-allowed"
    POLICY_RESOURCE_NOT_ALLOWED = "policy.resource-not-allowed"
    POLICY_RCP = "policy.rcp"
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

    EXTRA_MISSING = "extra.missing"
    AWS_REFUSED = "aws.refused"
    PORT_IN_USE = "localaws.port-in-use"
    PLAN_INCOMPLETE = "plan.incomplete"
    PLAN_STALE = "plan.stale"
    PLAN_UNSAFE = "plan.unsafe"
    PLAN_FAULTY = "plan.faulty"
    PLAN_BUSY = "plan.busy"
    PLAN_DOUBTFUL = "plan.doubtful"
    TOUR_UNEXPECTED = "tour.unexpected"
    NOTICES_BUSY = "notices.busy"
    NOTICES_LEDGER = "notices.ledger"
    REPLAY_MEMORY = "replay.memory"
    REPLAY_SPARK = "replay.spark"
    SESSION_NO_KEY = "session.no-key"
    SESSION_RECURSION = "session.recursion"
    SESSION_NO_DEVICE = "session.no-device"
    SESSION_NO_TERMINAL = "session.no-terminal"
    SESSION_CODE_REFUSED = "session.code-refused"
    SESSION_BUSY = "session.busy"
    SESSION_NOT_KEPT = "session.not-kept"


class SekishoError(Exception):
    """The root: everything that sekisho raises on purpose.

    Attributes:
        code: what kind of error.
        message: what is wrong; lower case, input in backticks, no line break.
        at: the place: a path in a file, an address in a plan, a step; "" if there is none.
        fix: what to do about it; None if nothing is known.
    """

    code: Code = Code.INTERNAL

    def __init__(
        self,
        message: Message,
        *,
        code: Code | None = None,
        at: str = "",
        fix: Message | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.at = at
        self.fix = fix

    def __str__(self) -> str:
        return self.into(Language.EN)

    def into(self, language: Language) -> str:
        """Return what is wrong in a language, without the place and the fix."""
        return self.message.into(language)


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
        fix: what to do about it; None if nothing is known.
    """

    code: Code
    message: Message
    path: str = ""
    line: int = 0
    column: int = 0
    fix: Message | None = None

    def __str__(self) -> str:
        return self.into(Language.EN)

    def into(self, language: Language) -> str:
        """Return the place, what is wrong there and the fix, in a language."""
        return self.sentence.into(language)

    @property
    def sentence(self) -> Message:
        """The place, what is wrong there and the fix."""
        place = ":".join(str(each) for each in (self.line, self.column) if each)
        where = " ".join(part for part in (place, self.path) if part)
        said = self.message
        if self.fix is not None:
            said = verbatim("{message} ({fix})").filled(message=said, fix=self.fix)
        return verbatim("{where}: {said}").filled(where=where, said=said) if where else said


class FaultyInput(SekishoError):
    """A file or text is not what it should be; `faults` lists all that is wrong with it.

    Attributes:
        source: the file's name, or in English what else it is.
        subject: the same in both languages.
        file: the file's name; None if it is something else.
    """

    def __init__(self, source: str | Message, faults: Sequence[Fault]) -> None:
        self.subject = source if isinstance(source, Message) else verbatim(source)
        self.source = self.subject.en
        self.file = source if isinstance(source, str) else None
        if not faults:
            raise InternalError(f"an input error about `{self.source}` that names no fault")
        first, more = faults[0], len(faults) - 1
        said = first.sentence
        if more:
            said = _AND_MORE.filled(fault=said, more=more)
        message = verbatim("{source}: {fault}").filled(source=self.subject, fault=said)
        super().__init__(message, code=first.code, at=first.path, fix=first.fix)
        self.faults = tuple(faults)

    @property
    def reason(self) -> Message:
        """What is wrong, without the places: for a sentence that names the input itself."""
        return joined_messages((fault.message for fault in self.faults), en="; ", ja="。")


_AND_MORE = Message("{fault} (and {more} more)")


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
        aws_message: AWS's own message.
        status: the HTTP status.
    """

    code = Code.AWS_REFUSED

    def __init__(
        self,
        operation: str,
        aws_code: str,
        aws_message: str,
        status: int,
        fix: Message | None = None,
    ) -> None:
        super().__init__(verbatim(f"{operation}: {aws_code}: {aws_message}"), at=operation, fix=fix)
        self.operation = operation
        self.aws_code = aws_code
        self.aws_message = aws_message
        self.status = status


class MissingExtra(SekishoError):
    """Packages are not installed that a part of sekisho needs; `extra` brings them."""

    code = Code.EXTRA_MISSING

    def __init__(self, extra: str, missing: Iterable[str]) -> None:
        message = Message("the extra `{extra}` is not installed; missing: {names}").filled(
            extra=extra,
            names=joined_messages((verbatim(f"`{each}`") for each in missing), en=", ", ja="、"),
        )
        fix = Message("run `{command}`").filled(command=install_command(extra))
        super().__init__(message, fix=fix)
        self.extra = extra


def install_command(extra: str, environment: Path | None = None, installer: str = "") -> str:
    """Return what installs an extra, by what installed sekisho: pipx, uv, or pip.

    Args:
        extra: its name, like `local`.
        environment: the virtual environment that sekisho is in; None: the one that runs.
        installer: what put it there, as its metadata say; "": they are read.
    """
    prefix, package = environment or Path(sys.prefix), f"'sekisho[{extra}]'"
    if (prefix / "uv-receipt.toml").is_file():
        return f"uv tool install --force {package}"
    if (prefix / "pipx_metadata.json").is_file():
        return f"pipx install --force {package}"
    return f"{'uv ' if (installer or _installer()) == 'uv' else ''}pip install {package}"


def _installer() -> str:
    """Return what installed sekisho; "" if nothing says so."""
    from importlib import metadata  # noqa: PLC0415 - slow to load, for errors alone

    try:
        return (metadata.distribution("sekisho").read_text("INSTALLER") or "").strip()
    except metadata.PackageNotFoundError:
        return ""


def require_extra(extra: str, packages: Iterable[str]) -> None:
    """Look for the packages of an extra of `pyproject.toml`, without importing any.

    What goes wrong while one of them is imported is not a missing extra, and is left to be seen.

    Args:
        extra: its name, like `local`.
        packages: what it installs, by the names that are imported.

    Raises:
        MissingExtra: with every package that is not there.
    """
    if missing := [name for name in packages if find_spec(name) is None]:
        raise MissingExtra(extra, missing)


class PortInUse(SekishoError):
    """The local AWS cannot listen where it was told to."""

    code = Code.PORT_IN_USE


class PlanRefused(SekishoError):
    """A plan must not be applied, or no longer fits the account."""

    code = Code.PLAN_UNSAFE


class SessionRefused(SekishoError):
    """There is no session to hand out: no key, no device, nobody to ask, or a refused code."""

    code = Code.SESSION_NO_KEY


class UnexpectedAnswer(SekishoError):
    """A step of the tour did not come out as it must; `at` names the step."""

    code = Code.TOUR_UNEXPECTED


class SeveralErrors(SekishoError):
    """Several errors that were found in one go; `errors` lists them, each with its own code."""

    def __init__(self, errors: Sequence[SekishoError]) -> None:
        message = joined_messages((each.message for each in errors), en="; ", ja="。")
        super().__init__(message, code=errors[0].code)
        self.errors = tuple(errors)


class InternalError(SekishoError):
    """Two parts of sekisho contradict each other. This is a bug, not a verdict.

    What exactly contradicts is said in English, for those who fix it.
    """

    def __init__(self, what: str, *, at: str = "") -> None:
        super().__init__(verbatim(what), at=at)

    @classmethod
    def of(cls, error: Exception, *, at: str = "") -> "InternalError":
        """Return an exception that nobody foresaw as an error of this tree.

        Its class and place are told, and not its text, which may hold a secret.
        """
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        where = f" in {trace.tb_frame.f_code.co_name}, line {trace.tb_lineno}" if trace else ""
        return cls(f"{type(error).__name__}{where}", at=at)


def lines_of(error: SekishoError, language: Language) -> list[str]:
    """Return an error as the command line prints it: each fault on a line, after its code."""
    if isinstance(error, SeveralErrors):
        return [line for each in error.errors for line in lines_of(each, language)]
    if isinstance(error, FaultyInput):
        subject = error.subject.into(language)
        return [f"{fault.code}: {subject}: {fault.into(language)}" for fault in error.faults]
    said = error.into(language)
    place = f"{error.at}: " if error.at and error.at not in said else ""
    fix = f" ({error.fix.into(language)})" if error.fix else ""
    return [f"{error.code}: {place}{said}{fix}"]


def errors_to_json(error: SekishoError) -> list[dict[str, object]]:
    """Return an error as JSON values in English: one for each fault of an input, each of several.

    What is not known is null.
    """
    if isinstance(error, SeveralErrors):
        return [value for each in error.errors for value in errors_to_json(each)]
    file, faults = None, [Fault(error.code, error.message, error.at, fix=error.fix)]
    if isinstance(error, FaultyInput):
        file, faults = error.file, [*error.faults]
    return [
        {
            "code": each.code.value,
            "message": each.message.en,
            "file": file,
            "line": each.line or None,
            "column": each.column or None,
            "path": each.path or None,
            "fix": each.fix.en if each.fix else None,
        }
        for each in faults
    ]


def reason_of(error: OSError | UnicodeError) -> Message:
    """Return why a file could not be read or written; what the system says in its own words."""
    if isinstance(error, UnicodeError):
        return Message("it is not UTF-8 text")
    if error.errno in _REASONS:
        return _REASONS[error.errno]
    return verbatim(error.strerror.lower()) if error.strerror else Message("no reason given")


def unwritable(path: object, reason: Message, fix: Message | None = None) -> SekishoError:
    """Return the error of a file or a folder that cannot be written."""
    message = Message("`{path}` cannot be written: {reason}").filled(path=path, reason=reason)
    return SekishoError(message, code=Code.OUTPUT_UNWRITABLE, fix=fix)


_REASONS: Mapping[int | None, Message] = {
    errno.ENOENT: Message("no such file or directory"),
    errno.EACCES: Message("permission denied"),
    errno.EISDIR: Message("is a directory"),
}
"""What users meet every day; anything else is quoted."""


def unreadable(path: Path, error: OSError | UnicodeError) -> Fault:
    """Return the fault of a file that cannot be read, with the name that may have been meant."""
    message = Message("cannot be read: {reason}").filled(reason=reason_of(error))
    fix = None
    if isinstance(error, FileNotFoundError):
        fix = Message("there is no folder `{folder}`").filled(folder=path.parent)
        if path.parent.exists():
            fix = Message("check the name and the folder")
            # a folder that may not be listed has no other names; endings are alike by themselves
            with suppress(OSError):
                beside = {each.name for each in path.parent.iterdir()} - {path.name}
                fix = did_you_mean(path.name, beside, fix, likeness=0.8)
    elif isinstance(error, IsADirectoryError):
        fix = Message("give the name of a file")
    return Fault(Code.FILE_UNREADABLE, message, fix=fix)


def quoted(text: str) -> str:
    """Return `text` in backticks, on one line and not longer than a message can bear."""
    shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
    return "`" + printable(shown).replace("`", "\\u0060") + "`"


def did_you_mean(
    name: str, known: Iterable[str], otherwise: Message | None = None, *, likeness: float = 0.6
) -> Message:
    """Return the fix for a name that is not among those known: the one most like it, if any is.

    If none is, it is `otherwise`: by default, to write the exact name.
    """
    near = nearest(name, known, likeness=likeness)
    if near is None:
        return otherwise or Message("write its exact name")
    return Message("did you mean {near}?").filled(near=quoted(near))


def nearest(name: str, known: Iterable[str], *, likeness: float = 0.6) -> str | None:
    """Return the known name that is most similar to one, in any case; None if none is similar.

    Args:
        name: its first 80 characters are compared.
        known: the names, which are compared one by one.
        likeness: how similar it must be, from 0 to 1, as the standard library's `difflib` counts.
    """
    from difflib import get_close_matches  # noqa: PLC0415 - slow, for what is not known

    folded = {each.lower(): each for each in known}
    near = get_close_matches(name[:_COMPARED].lower(), folded, n=1, cutoff=likeness)
    return folded[near[0]] if near else None


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
