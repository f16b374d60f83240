"""Days as people read them: with the weekday, and in a time zone that is named.

A wave begins with a day in the goal's time zone, UTC if it names none. Elsewhere that is a moment
of this day or of another, and is said so: a day in UTC begins in Tokyo at nine in the morning.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from sekisho.errors import UsageError, did_you_mean
from sekisho.messages import Message, table, verbatim

UTC_NAME = "UTC"


def zone_named(name: str) -> ZoneInfo:
    """Return a time zone by its name in the IANA database.

    Raises:
        UsageError: if there is no such zone.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UsageError(
            Message("`--timezone {name}`: there is no such time zone").filled(name=name),
            fix=did_you_mean(
                name, available_timezones(), Message("write one like `Asia/Tokyo`, or `UTC`")
            ),
        ) from None


def day_in_words(day: date) -> Message:
    """Return a day with its weekday, without a zone."""
    words = table("notices")["dates"]
    text: Message = words["day"]
    return text.filled(
        weekday=words["weekdays"][day.weekday()],
        day=day.day,
        month=words["months"][day.month - 1],
        year=day.year,
    )


def start_of(day: date, zone_name: str) -> datetime:
    """Return the moment at which a day begins in a time zone."""
    zone = UTC if zone_name == UTC_NAME else ZoneInfo(zone_name)
    return datetime.combine(day, time(), zone)


def beginning(day: date, zone: ZoneInfo, day_zone: str = UTC_NAME) -> Message:
    """Return when a day begins: the day itself in its own time zone, elsewhere the moment there.

    Args:
        day: the day.
        zone: in which it is said.
        day_zone: in which it is the day.
    """
    words = table("notices")["dates"]
    if zone.key == day_zone:
        return _filled(words["in_zone"], day_in_words(day), zone)
    moment = start_of(day, day_zone).astimezone(zone)
    return _filled(
        words["moment"], day_in_words(moment.date()), zone, time=moment.strftime("%H:%M")
    )


def ending(day: date, zone: ZoneInfo) -> Message:
    """Return until when a last day in UTC lasts, as "until ..."."""
    words = table("notices")["facts"]
    if zone.key == UTC_NAME:
        text: Message = words["until_day"]
        return text.filled(day=beginning(day, zone))
    moment: Message = words["until_moment"]
    return moment.filled(day=beginning(day + timedelta(days=1), zone))


def _filled(text: Message, day: Message, zone: ZoneInfo, **values: object) -> Message:
    shown = table("notices")["zones"].get(zone.key, verbatim(zone.key))
    return text.filled(day=day, zone=shown, **values)
