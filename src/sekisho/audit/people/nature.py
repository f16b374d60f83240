"""Is a user a person or a machine? The exceptions file decides; without it, evidence.

A name is no evidence, nor is a tag: both say what somebody once meant. A password and a device are
a person's; a key that is in use where there is neither is a machine's; everything else is unsure.
"""

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum

from sekisho.audit.exceptions import ExceptionKind, Exemption
from sekisho.audit.people.facts import Facts
from sekisho.language import Text

__all__ = ["Nature", "nature_of"]


class Nature(StrEnum):
    """What a user is."""

    PERSON = "person"
    MACHINE = "machine"
    UNSURE = "unsure"


_BY_FILE = Text("the exceptions file says so", "例外ファイルの記載")
_HAS_PASSWORD = Text("has a console password", "コンソールパスワードあり")
_NO_PASSWORD = Text("has no console password", "コンソールパスワードなし")
_HAS_DEVICE = Text("has an MFA device", "MFA デバイスあり")
_NO_DEVICE = Text("has no MFA device", "MFA デバイスなし")
_KEY_IN_USE = Text("has an access key in use", "使用中のアクセスキーあり")
_KEY_IDLE = Text(
    "has an active access key, unused for 90 days", "有効だが 90 日間未使用のアクセスキーあり"
)
_KEY = Text(
    "has an active access key; its use is not known", "有効なアクセスキーあり (使用状況不明)"
)
_NO_KEY = Text("has no active access key", "有効なアクセスキーなし")
_NEVER_IN = Text("has not signed in at the console", "コンソールへのサインイン記録なし")
_OTHERS = Text("has credentials for single services", "サービス固有の認証情報などあり")
_NOT_KNOWN = Text("not known: {what}", "不明: {what}")


def nature_of(
    facts: Facts, exemption: Exemption | None, now: datetime
) -> tuple[Nature, tuple[Text, ...]]:
    """Return what a user is, and why."""
    if exemption is not None and exemption.kind is not ExceptionKind.OTHER:
        machine = exemption.kind is ExceptionKind.MACHINE
        return (Nature.MACHINE if machine else Nature.PERSON, (_BY_FILE,))
    return _judged(facts, now), tuple(_evidence(facts, now))


def _judged(facts: Facts, now: datetime) -> Nature:
    in_use = facts.key_in_use(now)
    if facts.enrolled:
        return Nature.PERSON
    if facts.password:
        # a password that nobody uses beside a key that somebody does may be a leftover
        leftover = in_use and facts.password_used is None
        return Nature.UNSURE if leftover else Nature.PERSON
    if facts.password is False and facts.enrolled is False and in_use:
        return Nature.MACHINE
    return Nature.UNSURE


def _evidence(facts: Facts, now: datetime) -> Iterator[Text]:
    if facts.password is not None:
        yield _HAS_PASSWORD if facts.password else _NO_PASSWORD
    if facts.password and facts.password_used is None:
        yield _NEVER_IN if facts.sign_ins_known else _NOT_KNOWN.filled(what="GetCredentialReport")
    if facts.enrolled is not None:
        yield _HAS_DEVICE if facts.enrolled else _NO_DEVICE
    if facts.active_keys is not None:
        yield _of_keys(facts, now)
    if facts.others:
        yield _OTHERS
    yield from (_NOT_KNOWN.filled(what=why.partition(":")[0]) for why in facts.unread)


def _of_keys(facts: Facts, now: datetime) -> Text:
    if not facts.active_keys:
        return _NO_KEY
    if facts.key_in_use(now):
        return _KEY_IN_USE
    return _KEY_IDLE if facts.use_known else _KEY
