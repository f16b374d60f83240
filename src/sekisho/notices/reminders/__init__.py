"""Reminders: who must hear what today, who has heard it, and how it is sent.

`schedule` says what is due, `ledger` who has heard, `told` on which day; `chat` is what a message
looks like, `webhook` sends it.
"""

from typing import TYPE_CHECKING

from sekisho.lazy import lazily
from sekisho.notices.reminders.chat import PORTION, ChatForm, ChatSetting, chat_message
from sekisho.notices.reminders.ledger import (
    LEDGER_NAME,
    Delivery,
    Handed,
    Ledger,
    LedgerEntry,
    NoticeEvent,
    Standing,
    deliver,
    entry_of,
    key_of,
    open_ledger,
    read_ledger,
    sorted_out,
    under_present_names,
)
from sekisho.notices.reminders.owners import exception_reminders
from sekisho.notices.reminders.schedule import (
    Reminder,
    ReminderStep,
    ReminderTopic,
    portions,
    reminders_due,
)
from sekisho.notices.reminders.told import (
    Told,
    campaign_reminders,
    inactive_topic,
    must_hear_first,
    wave_topic,
)

if TYPE_CHECKING:
    from sekisho.notices.reminders.webhook import Webhook
else:
    __getattr__ = lazily(
        __name__,
        {
            "webhook": "Webhook",
        },
    )

__all__ = [
    "LEDGER_NAME",
    "PORTION",
    "ChatForm",
    "ChatSetting",
    "Delivery",
    "Handed",
    "Ledger",
    "LedgerEntry",
    "NoticeEvent",
    "Reminder",
    "ReminderStep",
    "ReminderTopic",
    "Standing",
    "Told",
    "Webhook",
    "campaign_reminders",
    "chat_message",
    "deliver",
    "entry_of",
    "exception_reminders",
    "inactive_topic",
    "key_of",
    "must_hear_first",
    "open_ledger",
    "portions",
    "read_ledger",
    "reminders_due",
    "sorted_out",
    "under_present_names",
    "wave_topic",
]
