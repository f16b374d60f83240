"""The work list of a campaign: one row for each person, for its administrator."""

from collections.abc import Iterator, Mapping
from datetime import date
from operator import itemgetter

from sekisho.audit.exceptions import Exemption
from sekisho.campaign.report import Campaign
from sekisho.campaign.stages import CampaignPerson
from sekisho.documents.report import Sheet, SheetColumn, sheet_text
from sekisho.messages import Message, printable
from sekisho.notices import owner_by_tags

_COLUMNS = (
    Message("user", "csv"),
    Message("owner", "csv"),
    Message("wave", "csv"),
    Message("stage", "csv"),
    Message("devices", "csv"),
    Message("date", "csv"),
    Message("exception_expires", "csv"),
    Message("overdue", "csv"),
    Message("notified", "csv"),
    Message("notice", "csv"),
    Message("reason", "csv"),
)
_FOREIGN = ("user", "owner", "wave", "reason")
_ENDED = "exception-expired: the exception ended on {day}"


def campaign_to_csv(campaign: Campaign) -> str:
    """Return one line for each person of a campaign; what is in the cells is English and stable."""
    columns = [
        SheetColumn(each, itemgetter(each.english), foreign=each.english in _FOREIGN)
        for each in _COLUMNS
    ]
    return sheet_text(Sheet(columns, _rows(campaign)))


def _rows(campaign: Campaign) -> Iterator[Mapping[str, str]]:
    exceptions = {each.user: each for each in campaign.today.goal.exceptions}
    last = campaign.told.last if campaign.told is not None else {}
    for person in campaign.people:
        entry = exceptions.get(person.user)
        day, step = last.get(person.user, (None, ""))
        yield {
            "user": printable(person.user),
            "owner": printable(_owner(campaign, person, entry)),
            "wave": printable(person.wave),
            "stage": person.stage.value,
            "devices": "unknown" if person.enrolled is None else _yes(yes=person.enrolled),
            "date": _iso(person.enforced_from),
            "exception_expires": _iso(entry.expires if entry else None),
            "overdue": _yes(yes=person.overdue),
            "notified": _iso(day),
            "notice": step,
            "reason": printable("; ".join(_reasons(campaign, person, entry))),
        }


def _owner(campaign: Campaign, person: CampaignPerson, entry: Exemption | None) -> str:
    """Return the owner of a user: of the exception, ended or not, or by a tag."""
    user = campaign.snapshot.user_named[person.user]
    return entry.owner if entry is not None else owner_by_tags(user.tags)


def _reasons(campaign: Campaign, person: CampaignPerson, entry: Exemption | None) -> Iterator[str]:
    """Yield why somebody is not where they should be, or needs somebody's attention."""
    for problem in person.problems:
        yield f"{problem.id}: {problem.text.en}"
    if entry is not None and entry.expired(campaign.snapshot.taken_at):
        yield _ENDED.format(day=entry.expires)


def _iso(day: date | None) -> str:
    return day.isoformat() if day else ""


def _yes(*, yes: bool) -> str:
    return "yes" if yes else "no"
