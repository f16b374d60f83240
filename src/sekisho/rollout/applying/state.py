"""Where plans and their journals are kept from run to run: a folder, for one run at a time.

A folder of this computer, here; in S3, `s3_state`. Its content is the same, and code that works
with it sees a folder in either case.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from filelock import FileLock, Timeout

from sekisho.errors import Code, PlanRefused, reason_of, unwritable
from sekisho.messages import Message
from sekisho.rollout.applying.journal import Event, Journal, JournalEntry

LOCK = "lock"
_AHEAD = (Event.BEGUN, Event.UNDO_BEGUN)


class OpenFolder:
    """A folder that a run works with, and no other run at the same time.

    Attributes:
        path: the folder.
        address: what people call it, and type.
    """

    def __init__(self, path: Path, address: str) -> None:
        self.path, self.address = path, address

    def shown(self, path: Path) -> str:
        """Return the displayed name of a file of the folder."""
        return str(path)

    def keep(self, *paths: Path) -> None:
        """Make what was written into files, or anywhere in the folder, survive a kill.

        Raises:
            SekishoError: if it cannot be kept; nothing may be done then that relies on it.
        """

    def keep_added(self, path: Path) -> None:
        """Make the lines survive a kill that were added to a file since.

        Raises:
            SekishoError: as `keep` does.
        """

    @contextmanager
    def following(self, journal: Journal) -> Iterator[None]:
        """Keep each line of a journal of the folder that says what is done next, before it is."""

        def keep(entry: JournalEntry) -> None:
            if entry.event in _AHEAD:
                self.keep_added(journal.path)

        with journal.watched(keep):
            yield


class StatePlace(Protocol):
    """Where a folder of plans and journals is kept."""

    @property
    def address(self) -> str:
        """What people call it, and type."""
        ...

    def read(self) -> AbstractContextManager[Path]:
        """Hand out the folder to read in; it need not be there."""
        ...

    def locked(self) -> AbstractContextManager[OpenFolder]:
        """Hand out the folder to work in, and keep every other run out.

        Raises:
            PlanRefused: if another run works with it.
            SekishoError: if it cannot be made, read or written.
        """
        ...


class LocalState:
    """A folder of this computer; it is made when it is first locked."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def address(self) -> str:
        """Its path."""
        return str(self.path)

    @contextmanager
    def read(self) -> Iterator[Path]:
        """Hand out the folder."""
        yield self.path

    @contextmanager
    def locked(self) -> Iterator[OpenFolder]:
        """Hand out the folder, and keep every other run out.

        Raises:
            PlanRefused: if another run works in it.
            SekishoError: if it cannot be made.
        """
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = FileLock(self.path / LOCK, mode=0o600)
            lock.acquire(blocking=False)
        except Timeout:
            raise PlanRefused(
                Message("another run is using `{path}`").filled(path=self.path),
                code=Code.PLAN_BUSY,
                fix=Message("wait until it has ended"),
            ) from None
        except OSError as error:
            raise unwritable(self.path, reason_of(error)) from None
        try:
            yield OpenFolder(self.path, self.address)
        finally:
            lock.release()
