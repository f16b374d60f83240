"""What survives a run of a campaign: its plans with their journals, and how far it was each day.

Everything is in one folder, of this computer or in S3, which one run at a time works in. The
account itself is the truth: a folder that is lost costs the way back and the curve, and nothing
else.
"""

import json
from datetime import date
from pathlib import Path

from sekisho.account import Snapshot
from sekisho.documents import write_private
from sekisho.errors import Code, Fault, FaultyInput
from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.notices.reminders import LEDGER_NAME
from sekisho.rollout import KNOWN_USERS, KnownUsers, OpenFolder, Plan, known_users

_PLANS, _PROGRESS, _NOTICES = "plans", "progress.jsonl", "notices"


@dataclass(frozen=True, slots=True)
class DayProgress:
    """How far a campaign was on a day, by the account as it was read before that day's changes.

    Attributes:
        count: for how many people MFA is to be enforced.
    """

    day: date
    count: int
    enrolled: int
    enforced: int


@dataclass(frozen=True, slots=True)
class StateFolder:
    """The files of a campaign's state.

    Attributes:
        opened: the folder that they are in, read or locked by this run.
    """

    opened: OpenFolder

    @property
    def path(self) -> Path:
        """The folder."""
        return self.opened.path

    def save(self, plan: Plan, day: date) -> Path:
        """Write a plan into a new file, named by the day and the number of the plan, and return it.

        Raises:
            SekishoError: if it cannot be written.
        """
        return self._saved(_PLANS, day, ".json", plan.to_json())

    def save_notices(self, text: str, day: date) -> Path:
        """Write what people are to hear into a new file, named by the day, and return it.

        Raises:
            SekishoError: if it cannot be written.
        """
        return self._saved(_NOTICES, day, ".csv", text)

    def _saved(self, folder: str, day: date, ending: str, text: str) -> Path:
        """Write a text into a new file, named by the day and its number, and return it."""
        place = self.path / folder
        place.mkdir(mode=0o700, exist_ok=True)
        taken = {path.name for path in place.glob(f"{day}-*{ending}")}
        number = 1
        while (name := f"{day}-{number:02}{ending}") in taken:
            number += 1
        write_private(place / name, text)
        return place / name

    @property
    def ledger(self) -> Path:
        """The record of who has been told."""
        return self.path / LEDGER_NAME

    def users(self, snapshot: Snapshot) -> KnownUsers:
        """Return the known users of an account.

        Raises:
            FaultyInput: if the file is damaged.
        """
        return known_users(self.path / KNOWN_USERS, snapshot)

    def record_users(self, snapshot: Snapshot) -> None:
        """Note what the users of an account are called, and since when they have signed in.

        Raises:
            SekishoError: if it cannot be written.
        """
        write_private(self.path / KNOWN_USERS, self.users(snapshot).to_json(), replace=True)

    def record(self, progress: DayProgress) -> None:
        """Note how far the campaign is; of a day the last run counts.

        Raises:
            SekishoError: if it cannot be written.
        """
        days = {each.day: each for each in self.progress()} | {progress.day: progress}
        lines = (json.dumps(_line(days[day])) + "\n" for day in sorted(days))
        write_private(self.path / _PROGRESS, "".join(lines), replace=True)

    def progress(self) -> tuple[DayProgress, ...]:
        """Return how far the campaign was on the days on which it ran, in order.

        Raises:
            FaultyInput: if the file is damaged, with its line.
        """
        path = self.path / _PROGRESS
        if not path.exists():
            return ()
        found, faults = [], []
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
            try:
                found.append(_progress(json.loads(line)))
            except (ValueError, TypeError, KeyError):
                fault = Fault(
                    Code.FILE_BAD_SHAPE, Message("is not a day of a campaign"), line=number
                )
                faults.append(fault)
        if faults:
            raise FaultyInput(str(path), faults)
        return tuple(found)


def _line(progress: DayProgress) -> dict[str, object]:
    return {
        "day": progress.day.isoformat(),
        "count": progress.count,
        "enrolled": progress.enrolled,
        "enforced": progress.enforced,
    }


def _progress(value: dict[str, object]) -> DayProgress:
    numbers = [value[name] for name in ("count", "enrolled", "enforced")]
    count, enrolled, enforced = (number for number in numbers if type(number) is int)
    return DayProgress(date.fromisoformat(str(value["day"])), count, enrolled, enforced)
