"""What the people of a roll-out get: who hears what, in which words, and who has been told.

`people` says which notice is for whom, `notice` puts it together, `rendering` writes it by
templates or for mail merge; `work_list` is for the roll-out's administrator. Nothing changes an
account.
"""

from sekisho.notices.card import CardChoices, card_facts
from sekisho.notices.card import card as card_of
from sekisho.notices.dates import zone_named
from sekisho.notices.devices import DeviceName, DeviceNames, may_enrol
from sekisho.notices.notice import Notice, notice_of, notices_of
from sekisho.notices.people import (
    OWNER_TAGS,
    NoticeKind,
    PasswordChange,
    Person,
    owner_by_tags,
    people_of,
)
from sekisho.notices.planned import policies_of_plan
from sekisho.notices.rendering import (
    NAMES,
    NoticeContext,
    NoticeForm,
    Templates,
    context_of,
    made_folder,
    plain_in,
    to_merge_csv,
    write_our_templates,
)
from sekisho.notices.setting import NoticeSetting
from sekisho.notices.work_list import WorkList, headline

__all__ = [
    "NAMES",
    "OWNER_TAGS",
    "CardChoices",
    "DeviceName",
    "DeviceNames",
    "Notice",
    "NoticeContext",
    "NoticeForm",
    "NoticeKind",
    "NoticeSetting",
    "PasswordChange",
    "Person",
    "Templates",
    "WorkList",
    "card_facts",
    "card_of",
    "context_of",
    "headline",
    "made_folder",
    "may_enrol",
    "notice_of",
    "notices_of",
    "owner_by_tags",
    "people_of",
    "plain_in",
    "policies_of_plan",
    "to_merge_csv",
    "write_our_templates",
    "zone_named",
]
