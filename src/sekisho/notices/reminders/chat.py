"""Reminders as messages of a chat: the JSON that webhooks of Slack and of Teams take.

Names stand where the chat reads no markup: in rich text of Slack (Block Kit, "Rich text") and in
text runs of an adaptive card of Teams, which know no mention, link or tag. Words that a chat could
read as a mention of everybody are cut by a character of no width all the same. No key, device or
sign-in address is in a message, and no secret.

Source: Slack, "Formatting text for app surfaces" and "Rich text block"; Adaptive Cards, "TextRun";
Microsoft Teams, "Create incoming webhooks with Workflows".
"""

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, assert_never
from zoneinfo import ZoneInfo

from sekisho.lazy import dataclass
from sekisho.messages import Language, Message, joined_messages, printable, table, verbatim
from sekisho.notices.dates import beginning, day_in_words
from sekisho.notices.people import NoticeKind, Person
from sekisho.notices.reminders.schedule import Reminder, ReminderStep, ReminderTopic

PORTION = 25
"""People in one message: some 10 KB, of the 28 that Teams takes and the 50 blocks of Slack."""

_LONGEST = 120
_HEADING = 150
"""Characters of a heading of Slack."""
_EVERYBODY = re.compile(r"@(?=everyone|channel|here|all|team)", re.IGNORECASE)
_TO_DO = (
    NoticeKind.TEMPORARY_PASSWORD,
    NoticeKind.ENROL,
    NoticeKind.KEY_STOPS,
    NoticeKind.PASSKEY_ONLY,
    NoticeKind.MACHINE,
)
_INTRO = {
    ReminderTopic.WAVE: "intro",
    ReminderTopic.EXCEPTION: "owners",
    ReminderTopic.KEY: "users",
    ReminderTopic.DORMANT: "users",
}


class ChatForm(StrEnum):
    """Whose webhook it is for."""

    SLACK = "slack"
    TEAMS = "teams"


@dataclass(frozen=True, slots=True)
class ChatSetting:
    """What all messages of a run have in common.

    Attributes:
        contact: whom people ask; "" if nobody is named.
    """

    account: str
    zone: ZoneInfo
    language: Language
    contact: str = ""


def chat_message(
    reminders: Sequence[Reminder], form: ChatForm, setting: ChatSetting
) -> dict[str, Any]:
    """Return the message about several people of one wave and step, as JSON values."""
    texts = _ChatTexts.of(reminders, setting)
    match form:
        case ChatForm.SLACK:
            return _slack(texts)
        case ChatForm.TEAMS:
            return _teams(texts)
        case _:
            assert_never(form)


@dataclass(frozen=True, slots=True)
class _ChatTexts:
    """The texts of a message.

    Attributes:
        people: a name and what is to be done, each.
    """

    title: str
    before: tuple[str, ...]
    people: tuple[tuple[str, str], ...]
    after: tuple[str, ...]

    @classmethod
    def of(cls, reminders: Sequence[Reminder], setting: ChatSetting) -> "_ChatTexts":
        """Return the texts in the language of the run."""
        language, first = setting.language, reminders[0]
        texts = table("reminders")["text"]
        topic = first.step.topic
        before, after = [texts[_INTRO[topic]]], [texts["no_secrets"]]
        if first.person.wave and topic is ReminderTopic.WAVE:
            before.insert(0, texts["wave"].filled(wave=_inert(first.person.wave)))
        if setting.contact:
            after.insert(0, texts["contact"].filled(contact=_inert(setting.contact)))
        return cls(
            _title(first, setting).into(language),
            tuple(each.into(language) for each in before),
            tuple(
                (_inert(each.person.user), _todo(each.person).into(language)) for each in reminders
            ),
            tuple(each.into(language) for each in after),
        )


def _title(reminder: Reminder, setting: ChatSetting) -> Message:
    """Say what is mandatory when; that it is so by now, only where the account shows it."""
    texts, day = table("reminders")["title"], reminder.person.day
    values: dict[str, object] = {"account": setting.account}
    topic = reminder.step.topic
    match topic:
        case ReminderTopic.WAVE:
            text: Message = texts[_title_of_wave(reminder)]
            if day is not None:
                values["day"] = beginning(day, setting.zone, reminder.person.day_zone)
        case ReminderTopic.EXCEPTION:
            ended = reminder.step is ReminderStep.EXCEPTION_ENDED
            text = texts["exception-ended" if ended else "exception"]
            # its last day, as its file has it
            values["day"] = day_in_words(day) if day is not None else ""
        case ReminderTopic.KEY | ReminderTopic.DORMANT:
            text = texts[topic.value]
        case _:
            assert_never(topic)
    if reminder.days is not None and reminder.days >= 0:
        values["when"] = _when(reminder.days)
    return text.filled(**values)


def _title_of_wave(reminder: Reminder) -> str:
    """Return which title says when MFA is mandatory for a wave."""
    match reminder.step:
        case ReminderStep.AT_ONCE:
            return "at-once"
        case ReminderStep.DAY:
            return "day" if reminder.in_force else "today"
        case ReminderStep.AFTER:
            return "after" if reminder.in_force else "at-once"
        case _:
            # all others are before its day
            return "before"


def _when(days: int) -> Message:
    """Say how far off a day is that is not over."""
    words = table("reminders")["when"]
    near: Message | None = {0: words["today"], 1: words["tomorrow"]}.get(days)
    far: Message = words["days"]
    return near or far.filled(days=days)


def _todo(person: Person) -> Message:
    """Say what somebody has to do, in one line."""
    texts = table("reminders")["todo"]
    if person.kind.of_rule:
        return _by_rule(person)
    kinds = [each for each in _TO_DO if each in person.kinds]
    if NoticeKind.MACHINE in kinds:
        kinds = [NoticeKind.MACHINE]
    text_keys = [_text_of(each, person) for each in kinds]
    if person.lacks_passkey and not _passkey_alone(person):
        # beside what they have, or the app that they set up for their keys
        text_keys.append(_from_then_on("add-passkey", person))
    # in Japanese each of them is a sentence
    tasks = joined_messages((texts[each] for each in text_keys), en=", ", ja="。")
    return _with_owner(tasks, person) if NoticeKind.MACHINE in kinds else tasks


def _by_rule(person: Person) -> Message:
    """Say what a rule of a campaign comes to, in one line."""
    texts, name = table("reminders")["todo"], person.kind.value
    dated: Message | None = texts.get(f"{name}-day") if person.day is not None else None
    plain: Message = texts[name]
    day = day_in_words(person.day) if person.day is not None else verbatim("")
    text = plain if dated is None else dated.filled(day=day)
    return _with_owner(text, person) if person.kind.to_owner else text


def _with_owner(text: Message, person: Person) -> Message:
    if not person.owner:
        return text
    owner = table("reminders")["text"]["owner"].filled(owner=_inert(person.owner))
    return verbatim("{text}{owner}").filled(text=text, owner=owner)


def _text_of(kind: NoticeKind, person: Person) -> str:
    """Return which text says it: some may do it only before MFA is mandatory, some only then."""
    if kind is NoticeKind.TEMPORARY_PASSWORD and person.must_hurry:
        return "before"
    if kind is NoticeKind.ENROL:
        return _from_then_on("enrol-passkey" if _passkey_alone(person) else "enrol", person)
    return kind.value


def _passkey_alone(person: Person) -> bool:
    """Tell whether the device to set up is a passkey and no other: keys would need an app too."""
    return person.lacks_passkey and NoticeKind.ENROL in person.kinds and not person.keys


def _from_then_on(text: str, person: Person) -> str:
    """Return which text says it to whom no policy of today lets set up a device."""
    return text if person.may_enrol_now or person.enforced else f"{text}-later"


def _slack(texts: _ChatTexts) -> dict[str, Any]:
    people = [
        {"type": "rich_text_section", "elements": [_slack_text(user, bold=True), _slack_text(todo)]}
        for user, todo in ((user, f": {todo}") for user, todo in texts.people)
    ]
    title = {"type": "plain_text", "text": texts.title[:_HEADING], "emoji": False}
    return {
        # what notifications show: the title alone, which has no name in it
        "text": texts.title.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"),
        "blocks": [
            {"type": "header", "text": title},
            {
                "type": "rich_text",
                "elements": [
                    *map(_slack_line, texts.before),
                    {"type": "rich_text_list", "style": "bullet", "elements": people},
                    *map(_slack_line, texts.after),
                ],
            },
        ],
        "unfurl_links": False,
        "unfurl_media": False,
    }


def _slack_line(text: str) -> dict[str, Any]:
    return {"type": "rich_text_section", "elements": [_slack_text(f"{text}\n")]}


def _slack_text(text: str, *, bold: bool = False) -> dict[str, Any]:
    return {"type": "text", "text": text, **({"style": {"bold": True}} if bold else {})}


def _teams(texts: _ChatTexts) -> dict[str, Any]:
    title = _teams_line({"text": texts.title, "weight": "bolder", "size": "medium"})
    people = [
        _teams_line({"text": f"• {user}", "weight": "bolder"}, {"text": f": {todo}"})
        for user, todo in texts.people
    ]
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "body": [
            title,
            *(_teams_line({"text": each}) for each in texts.before),
            *people,
            *(_teams_line({"text": each}) for each in texts.after),
        ],
    }
    attachment = {
        "contentType": "application/vnd.microsoft.card.adaptive",
        "contentUrl": None,
        "content": card,
    }
    return {"type": "message", "attachments": [attachment]}


def _teams_line(*runs: Mapping[str, str]) -> dict[str, Any]:
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", **each} for each in runs]}


def _inert(text: str) -> str:
    """Return a name as plain text of one line, which mentions nobody, and is not too long."""
    line = printable(text)
    shown = line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"
    return _EVERYBODY.sub("@\u2060", shown)
