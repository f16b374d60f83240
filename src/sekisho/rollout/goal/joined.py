"""Since when people have had a login profile: a file that outlives the profile.

Newcomers have time to enrol, counted from their first login profile. One that is made anew does not
begin that time again.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from sekisho.account import Snapshot
from sekisho.errors import Code, Fault, FaultyInput
from sekisho.messages import Message

JOINED = "joined.json"
"""What the file is called in the folder of a campaign."""


def joined_of(path: Path, snapshot: Snapshot) -> Mapping[str, datetime]:
    """Return when the users of an account had their first login profile, by user id.

    Args:
        path: what is known of it; it need not be there.
        snapshot: the account, for those of whom the file does not know.

    Raises:
        FaultyInput: if the file is damaged.
    """
    known: dict[str, datetime] = {}
    if path.exists():
        try:
            read = json.loads(path.read_text("utf-8"))
            known = {str(user): datetime.fromisoformat(at) for user, at in read.items()}
        except (ValueError, TypeError, AttributeError):
            fault = Fault(Code.FILE_BAD_SHAPE, Message("is no record of login profiles"))
            raise FaultyInput(str(path), [fault]) from None
    for user in snapshot.users:
        if user.password is not None and user.password.created_at is not None:
            known.setdefault(user.id, user.password.created_at)
    return known
