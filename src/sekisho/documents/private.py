"""Writing a file that only its owner may read, whole or not at all."""

import errno
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sekisho.errors import Code, SekishoError, reason_of
from sekisho.messages import Message


def write_private(path: str | Path, text: str | Iterable[str], *, replace: bool = False) -> None:
    """Write a UTF-8 text to a file with mode 0600; a reader sees the old file or the new one.

    Args:
        path: where; its folder must exist.
        text: all of it, or its pieces in order.
        replace: whether a file that is there already may be replaced.

    Raises:
        SekishoError: `output.unwritable`, if it is there already or cannot be written.
    """
    target = Path(path)
    with _beside(target) as fresh:
        _written(fresh, (text,) if isinstance(text, str) else text)
        _placed(fresh, target, replace=replace)


def check_writable(path: str | Path, *, replace: bool = False) -> None:
    """See that a file could be written there, before the work for what it is to hold.

    Raises:
        SekishoError: as `write_private` would.
    """
    target = Path(path)
    with _beside(target) as fresh:
        if target.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not replace and os.path.lexists(target):
            raise FileExistsError
        _written(fresh, ())


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """Hand out a name that nobody can foresee, in the same folder: only there a rename is atomic.

    Raises:
        SekishoError: for what the system says against writing there.
    """
    fresh = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        yield fresh
    except FileExistsError:
        raise SekishoError(
            Message("`{path}` is there already").filled(path=target),
            code=Code.OUTPUT_UNWRITABLE,
            fix=Message("give another name, or `--force` to replace it"),
        ) from None
    except OSError as error:
        message = Message("`{path}` cannot be written: {reason}")
        raise SekishoError(
            message.filled(path=target, reason=reason_of(error)), code=Code.OUTPUT_UNWRITABLE
        ) from None
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
