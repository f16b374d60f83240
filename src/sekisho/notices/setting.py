"""What all notices of an account share: where people sign in, whom they ask, which zone."""

import re
from collections.abc import Callable
from datetime import UTC, date
from zoneinfo import ZoneInfo

from sekisho.account import Snapshot
from sekisho.catalogue import partitions
from sekisho.lazy import dataclass
from sekisho.messages import printable
from sekisho.signin import PasswordPolicy

_ACCOUNT = re.compile(r"\d{12}")
_ALIAS = re.compile(r"[a-z0-9](?:-?[a-z0-9]){2,62}")
"""The form of an alias (IAM API Reference, CreateAccountAlias); another is no part of an address.
"""


@dataclass(frozen=True, slots=True)
class NoticeSetting:
    """What all notices of an account share.

    Attributes:
        today: the day of the notice, in UTC.
        zone: the time zone that days are said in.
        contact: whom to ask; "" for the people who look after AWS.
        password_policy: the account's own; None: the default one.
        rules_read: whether that could be read.
        plain: makes a value of the account harmless for the form of the notice.
    """

    account: str
    alias: str
    partition: str
    today: date
    zone: ZoneInfo
    contact: str = ""
    password_policy: PasswordPolicy | None = None
    rules_read: bool = True
    plain: Callable[[str], str] = printable

    @classmethod
    def of(
        cls,
        snapshot: Snapshot,
        zone: ZoneInfo,
        contact: str = "",
        plain: Callable[[str], str] = printable,
    ) -> "NoticeSetting":
        """Return the setting of an account on the day on which it was read."""
        return cls(
            account=snapshot.account,
            alias=snapshot.alias or "",
            partition=snapshot.partition,
            today=snapshot.taken_at.astimezone(UTC).date(),
            zone=zone,
            contact=contact,
            password_policy=snapshot.password_policy,
            rules_read=snapshot.gap_of("GetAccountPasswordPolicy") is None,
            plain=plain,
        )

    @property
    def address(self) -> str:
        """Where people sign in; "" where that is not known."""
        sign_in_pages = {each.id: each.sign_in for each in partitions()}
        if _ALIAS.fullmatch(self.alias) and not _ACCOUNT.fullmatch(self.alias):
            account_name = self.alias
        else:
            account_name = self.account if _ACCOUNT.fullmatch(self.account) else ""
        pattern = sign_in_pages.get(self.partition, "")
        return pattern.format(account=account_name) if pattern and account_name else ""
