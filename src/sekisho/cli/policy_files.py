"""Reading a policy's text from a file or standard input, for the commands about policies."""

import os
import re
import shlex
import stat
import sys
from collections.abc import Callable, Iterable
from itertools import chain, count
from pathlib import Path
from typing import TypeVar

import click

from sekisho import policy
from sekisho.cli.help import language_of
from sekisho.cli.options import pair
from sekisho.cli.quiet import print_note
from sekisho.engine import AttachedPolicy, Level
from sekisho.errors import (
    Code,
    Fault,
    FaultyInput,
    InternalError,
    SekishoError,
    SeveralErrors,
    UsageError,
    quoted,
    unreadable,
)
from sekisho.messages import Message, listed, verbatim

_BESIDE = Message(
    "`FullAWSAccess` is assumed to be attached in addition to the service control policies "
    "of {levels}, which only deny and would allow nothing alone."
)
_PASTE = Message("Paste the policy, then press Enter and Ctrl-D (on Windows Ctrl-Z and Enter).")
_MOST_BYTES = 4 * policy.MOST_CHARACTERS + 1
"""Reading more than the longest policy in the widest encoding would tell nothing new."""
_ACCOUNT = re.compile(
    r"""\ufeff?\s*\{\s*"(?:schema"\s*:\s*"sekisho\.(?:snapshot|account)/|
    (?:User|Group|Role)DetailList"|Policies")""",
    re.VERBOSE,
)
"""How a snapshot, an account file and AWS's export of an account begin."""
_PLAN = re.compile(r'\ufeff?\s*\{\s*"schema"\s*:\s*"sekisho\.plan/')

T = TypeVar("T")


def unused_name(name: str = "force-mfa.json") -> str:
    """Return a name for `--out`, of no file or folder yet: this one, or the same with a number."""
    stem, dot, ending = name.partition(".")
    numbered = (f"{stem}-{number}{dot}{ending}" for number in count(2))
    return next(each for each in chain([name], numbered) if not Path(each).exists())


def redirected_to() -> str:
    """Return the name of the file of this folder that stdout is redirected to; "" if it is none."""
    try:
        status = os.fstat(sys.stdout.fileno())
        if not stat.S_ISREG(status.st_mode):
            return ""
        files = (Path(each.path) for each in os.scandir() if each.is_file())
        return next((each.name for each in files if os.path.samestat(each.stat(), status)), "")
    except (OSError, ValueError):  # a stream of a program, or a file that was deleted meanwhile
        return ""


def read_policy(file: str) -> str:
    """Return the text of a file, or of standard input for `-`.

    Raises:
        FaultyInput: if it cannot be read, is not UTF-8, or is an account or a plan.
    """
    text = _text(file)
    if _PLAN.match(text):
        message = Message("it is a plan, not a policy")
        fix = Message("`sekisho apply`, `status` and `rollback` take it")
        raise FaultyInput(file, [Fault(Code.POLICY_NOT_A_POLICY, message, fix=fix)])
    if _ACCOUNT.match(text):
        message = Message("it is an account, not a policy")
        fix = Message("`sekisho prove account --snapshot` and `sekisho audit --snapshot` take it")
        raise FaultyInput(file, [Fault(Code.POLICY_NOT_A_POLICY, message, fix=fix)])
    return text


def _text(file: str) -> str:
    try:
        if file == "-":
            if sys.stdin.isatty():
                print_note(_PASTE.into(language_of(click.get_current_context())))
            data = sys.stdin.buffer.read(_MOST_BYTES)
        else:
            with Path(file).open("rb") as opened:
                data = opened.read(_MOST_BYTES)
        return data.decode("utf-8")
    except (OSError, ValueError) as error:
        if isinstance(error, OSError):
            raise unusable(file, error) from None
        position = error.start + 1 if isinstance(error, UnicodeDecodeError) else 0
        message = (
            Message("byte {position} is not UTF-8").filled(position=position)
            if position
            else Message("this is not a valid file name")
        )
        fix = Message("save the file as UTF-8") if position else None
        raise FaultyInput(file, [Fault(Code.FILE_UNREADABLE, message, fix=fix)]) from None


def read_attached(paths: Iterable[str], kind: policy.PolicyKind) -> tuple[AttachedPolicy, ...]:
    """Return the policies of files, named by them; see `read_kinds`."""
    (attached,) = read_kinds((paths, kind))
    return attached


def read_kinds(
    *wanted: tuple[Iterable[str], policy.PolicyKind],
) -> list[tuple[AttachedPolicy, ...]]:
    """Return the policies of files of each kind.

    Together they are one question: if one cannot be read, none is answered.

    Raises:
        FaultyInput: if one cannot be read.
        SeveralErrors: if several cannot.
    """
    errors: list[SekishoError] = []

    def read(paths: Iterable[str], kind: policy.PolicyKind) -> tuple[AttachedPolicy, ...]:
        attached, failed = each_alone(
            paths,
            lambda path: AttachedPolicy(
                path, policy.parse(read_policy(path), source=path, kind=kind)
            ),
        )
        errors.extend(failed)
        return tuple(attached)

    found = [read(paths, kind) for paths, kind in wanted]
    if errors:
        raise errors[0] if len(errors) == 1 else SeveralErrors(errors)
    return found


def each_alone(
    files: Iterable[str], examine: Callable[[str], T]
) -> tuple[list[T], list[SekishoError]]:
    """Return what is found in each of several files, and the errors of those that have one.

    Each is a question of its own: what is wrong with one costs that one only.
    """
    found, failed, several = list[T](), list[SekishoError](), [*files]
    for file in several:
        try:
            found.append(examine(file))
        except SekishoError as error:
            failed.append(error)
        except Exception as error:
            # of a bug the trace is worth more, where nothing else is lost by it
            if len(several) == 1:
                raise
            message = InternalError.of(error).message
            failed.append(FaultyInput(file, [Fault(Code.INTERNAL, message)]))
    return found, failed


def levels_of(texts: Iterable[str]) -> tuple[tuple[Level, ...], tuple[Message, ...]]:
    """Return the levels of `LEVEL=FILE`, in the order in which they are first named.

    AWS attaches `FullAWSAccess` to every level, and who has just the file of an SCP that denies has
    left it there: with a level that allows nothing, everything would seem to be denied. What is
    assumed so is the second part of the result.

    Raises:
        UsageError: if a text is not of that form.
        FaultyInput: if a file cannot be read.
    """
    levels: dict[str, tuple[AttachedPolicy, ...]] = {}
    for text in texts:
        name, path = pair("--scp", "LEVEL=FILE", text)
        attached = read_attached((path,), policy.PolicyKind.SCP)
        levels[name] = (*levels.get(name, ()), *attached)
    denying = [name for name, attached in levels.items() if not any(map(_allows, attached))]
    levels |= {name: (_full_access(), *levels[name]) for name in denying}
    named = listed(verbatim(quoted(name)) for name in denying)
    beside = (_BESIDE.filled(levels=named),) if denying else ()
    return tuple(Level(name, attached) for name, attached in levels.items()), beside


def _full_access() -> AttachedPolicy:
    text = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}'
    return AttachedPolicy("FullAWSAccess", policy.parse(text))


def _allows(attached: AttachedPolicy) -> bool:
    return any(each.effect is policy.Effect.ALLOW for each in attached.document.statements)


def refuse_stdin_twice(paths: Iterable[str]) -> None:
    """Refuse `-` for more than one of the files: the second would be empty.

    Raises:
        UsageError: if it stands there more often.
    """
    if list(paths).count("-") > 1:
        raise UsageError(
            Message("`-` is standard input and can be read once"),
            fix=Message("save the other policies to files"),
        )


def unusable(file: str, error: OSError) -> FaultyInput:
    """Return the error for a file that the system does not let us use."""
    return FaultyInput(file, [unreadable(Path(file), error)])


def as_written(path: str) -> str:
    """Return a file's name for a command that is printed; standard input is pasted again."""
    return shlex.quote(path or "-")
