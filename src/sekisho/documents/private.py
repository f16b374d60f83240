"""Writing a file that only its owner may read, whole or not at all."""

import errno
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sekisho.errors import Code, SekishoError, reason_of, unwritable
from sekisho.messages import Message

ANOTHER_NAME = Message("give another name")
_OR_FORCE = Message("give another name, or `--force` to replace it")


def write_private(
    path: str | Path,
    text: str | Iterable[str],
    *,
    replace: bool = False,
    fix: Message = _OR_FORCE,
) -> None:
    """Write a UTF-8 text to a file with mode 0600; a reader sees the old file or the new one.

    Args:
        path: where; its folder must exist.
        text: all of it, or its pieces in order.
        replace: whether a file that is there already may be replaced.
        fix: what to do if it is there already and may not be replaced.

    Raises:
        SekishoError: `output.unwritable`, if it is there already or cannot be written.
    """
    target = Path(path)
    with writing(target, fix), _beside(target) as fresh:
        _written(fresh, (text,) if isinstance(text, str) else text)
        _placed(fresh, target, replace=replace)


def check_writable(path: str | Path, *, replace: bool = False) -> None:
    """See that a file could be written there, before the work for what it is to hold.

    Raises:
        SekishoError: as `write_private` would.
    """
    target = Path(path)
    with writing(target), _beside(target) as fresh:
        if target.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not replace and os.path.lexists(target):
            raise FileExistsError
        _written(fresh, ())


@contextmanager
def writing(target: Path, fix: Message = _OR_FORCE) -> Iterator[None]:
    """Turn what the system says against writing a file into an error that is the same everywhere.

    Args:
        target: the file.
        fix: what to do if it is there already.

    Raises:
        SekishoError: `output.unwritable`.
    """
    try:
        yield
    except FileExistsError:
        message = Message("`{path}` already exists").filled(path=target)
        raise SekishoError(message, code=Code.OUTPUT_UNWRITABLE, fix=fix) from None
    except OSError as error:
        make = None
        if isinstance(error, FileNotFoundError):
            make = Message("make the folder `{folder}` first").filled(folder=target.parent)
        raise unwritable(target, reason_of(error), make) from None


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """Hand out a name that nobody can foresee in the same folder, where a rename is atomic."""
    import secrets  # noqa: PLC0415 - slow, for who writes

    fresh = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        yield fresh
    finally:
        with suppress(OSError):
            fresh.unlink()


def _written(fresh: Path, pieces: Iterable[str]) -> None:
    file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(file, "w", encoding="utf-8", newline="\n") as opened:
        opened.writelines(pieces)
        opened.flush()
        os.fsync(opened.fileno())


def _placed(fresh: Path, target: Path, *, replace: bool) -> None:
    if not replace:
        try:
            # unlike a rename, a link never replaces what is there
            os.link(fresh, target)
        except FileExistsError:
            raise
        except OSError:
            # a file system without links: the next best
            if target.exists():
                raise FileExistsError from None
        else:
            return
    fresh.replace(target)
