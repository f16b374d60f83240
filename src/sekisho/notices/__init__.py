"""What the people of a roll-out get: who hears what, in which words, and who has been told.

`people` says which notice is for whom. Nothing here changes an account.
"""

from sekisho.notices.people import (
    OWNER_TAGS,
    NoticeKind,
    PasswordChange,
    Person,
    people_of,
    policies_of_plan,
)

__all__ = [
    "OWNER_TAGS",
    "NoticeKind",
    "PasswordChange",
    "Person",
    "people_of",
    "policies_of_plan",
]
