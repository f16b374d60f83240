"""The known credentials of a user; for an unknown one there is a reason, never "none".

If a call was refused, the credential report answers: it shows whether there is a password and any
device, and which keys are active, but neither the kinds of devices nor later changes.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sekisho.account.model import (
    THE_ACCOUNT,
    AccessKey,
    CredentialRow,
    Device,
    Gap,
    Snapshot,
    User,
    user_ref,
)
from sekisho.account.policies import users_may_change
from sekisho.lazy import dataclass
from sekisho.signin import DeviceKind

IN_USE_WITHIN = timedelta(days=90)
"""The time before the snapshot within which a used key counts as in use."""

_PASSWORD = "GetLoginProfile"  # noqa: S105 - an operation's name
_DEVICES = "ListMFADevices"
_KEYS = "ListAccessKeys"
_USED = "GetAccessKeyLastUsed"
_CERTIFICATES = "ListSigningCertificates"
_SIGN_IN = (_PASSWORD, _KEYS, _DEVICES)
"""The operations that read the credentials for signing in."""
_OTHERS = ("ListServiceSpecificCredentials", "ListSSHPublicKeys", _CERTIFICATES)


@dataclass(frozen=True, slots=True)
class Credentials:
    """The credentials of a user, as far as they are known.

    Attributes:
        password: whether there is a console password; None if that is not known.
        must_change: whether it must be changed at the next sign-in, being temporary or expired;
            None if that is not known.
        expired: whether it has expired, which only a credential report says; None if it may have.
        password_used: when it was last used; None if never, or if that is not known.
        sign_ins_known: whether `password_used` is known, which only a credential report says.
        enrolled: whether there is a device; None if that is not known.
        devices: the known ones; a credential report has neither their names nor their kinds.
        active_keys: how many access keys are active; None if that is not known.
        keys: the known ones, active or not.
        key_used: when a key was last used; None if never, or if it is not known.
        use_known: whether `key_used` is known of every active key.
        others: active credentials for single services, SSH keys and signing certificates, those
            that are known.
        others_unread: why there may be more of them, each once; empty if there are not.
        unread: why something else is not known, each once.
        by_report: whether something here comes from the credential report alone.
    """

    password: bool | None
    must_change: bool | None
    expired: bool | None
    password_used: datetime | None
    sign_ins_known: bool
    enrolled: bool | None
    devices: tuple[Device, ...]
    active_keys: int | None
    keys: tuple[AccessKey, ...]
    key_used: datetime | None
    use_known: bool
    others: int
    others_unread: tuple[Gap, ...] = ()
    unread: tuple[Gap, ...] = ()
    by_report: bool = False

    @property
    def devices_known(self) -> bool:
        """Whether all devices are known."""
        return self.enrolled is not None and self.enrolled == bool(self.devices)

    @property
    def phishing_resistant(self) -> bool | None:
        """Whether there is a passkey or security key; None if that is not known."""
        if any(device.kind is DeviceKind.FIDO for device in self.devices):
            return True
        return False if self.devices_known else None

    @property
    def only_phishing_resistant(self) -> bool:
        """Whether all devices, as far as they are known, are passkeys or security keys."""
        kinds = {device.kind for device in self.devices}
        return kinds == {DeviceKind.FIDO}

    @property
    def others_count(self) -> int | None:
        """The number of `others`; None if it is not known."""
        return None if self.others_unread else self.others

    @property
    def of_machine(self) -> bool:
        """Whether no person signs in: a key or another credential, no password and no device."""
        holds = bool(self.active_keys or self.others)
        return holds and self.password is False and self.enrolled is False

    def key_in_use(self, now: datetime) -> bool:
        """Whether an active access key is known to be in use."""
        used = self.key_used
        return bool(self.active_keys) and used is not None and now - used <= IN_USE_WITHIN

    def keys_may_work(self, now: datetime) -> bool:
        """Whether an active access key is in use, or may be."""
        return self.key_in_use(now) or bool(self.active_keys and not self.use_known)

    def keys_work(self, now: datetime) -> bool | None:
        """Whether a credential that signs requests without MFA is in use, or may be.

        When a credential for one service was last used is not known. None if it is not known
        whether there is one.
        """
        if self.others or self.keys_may_work(now):
            return True
        return None if self.others_unread else False


def credentials_by_user(snapshot: Snapshot) -> Mapping[str, Credentials]:
    """Return the known credentials of each user, by user name."""
    return {user.name: credentials_of(snapshot, user) for user in snapshot.users}


def credentials_of(snapshot: Snapshot, user: User) -> Credentials:
    """Return the known credentials of one user."""
    row = snapshot.report.rows.get(user.name) if snapshot.report else None
    about = user_ref(user.name)
    why = {name: snapshot.gap_of(name, about) for name in (_PASSWORD, _DEVICES, _KEYS, _USED)}
    password = snapshot.has_password(user)
    enrolled = bool(user.devices) if user.devices or not why[_DEVICES] else None
    if row is not None and enrolled is None:
        enrolled = row.mfa_active
    keys = _reported_keys(row) if why[_KEYS] else _listed_keys(user, use_known=not why[_USED])
    answers = {_PASSWORD: password, _DEVICES: enrolled, _KEYS: keys.active}
    missing = [why[name] for name, answer in answers.items() if answer is None]
    if keys.active and not keys.use_known:
        missing.append(why[_USED])
    expired = bool(password) and _expired(snapshot, user, row)
    must_change = _must_change(user, password, expired, known=not why[_PASSWORD])
    if password and must_change is None:
        missing.append(why[_PASSWORD])
    if expired is None:
        missing.append(_no_report(snapshot))
    if enrolled and not user.devices:
        missing.append(why[_DEVICES])
    signed_in = _last_sign_in(user, row)
    others, others_unread = _count_others(snapshot, user, row)
    return Credentials(
        password=password,
        must_change=must_change,
        expired=expired,
        password_used=signed_in,
        sign_ins_known=row is not None or signed_in is not None,
        enrolled=enrolled,
        devices=user.devices,
        active_keys=keys.active,
        keys=user.keys,
        key_used=keys.used,
        use_known=keys.use_known,
        others=others,
        others_unread=others_unread,
        unread=tuple(dict.fromkeys(filter(None, missing))),
        by_report=row is not None and any(why[name] for name in answers),
    )


@dataclass(frozen=True, slots=True)
class _Keys:
    active: int | None
    used: datetime | None
    use_known: bool


def _listed_keys(user: User, *, use_known: bool) -> _Keys:
    active = [key for key in user.keys if key.active]
    uses = [key.last_used for key in active if key.last_used is not None]
    return _Keys(len(active), max(uses, default=None), use_known)


def _reported_keys(row: CredentialRow | None) -> _Keys:
    """Return the keys of a credential report, at most two, with a note if there are more."""
    if row is None or row.additional or None in row.keys_active:
        return _Keys(None, None, use_known=False)
    pairs = zip(row.keys_active, row.keys_last_used, strict=True)
    uses = [used for active, used in pairs if active and used is not None]
    return _Keys(row.keys_active.count(True), max(uses, default=None), use_known=True)


def _must_change(
    user: User, password: bool | None, expired: bool | None, *, known: bool
) -> bool | None:
    """Return whether the password is temporary or has expired."""
    if password is False:
        return False
    if expired or (known and user.password is not None and user.password.reset_required):
        return True
    return False if known and user.password is not None and expired is False else None


def _expired(snapshot: Snapshot, user: User, row: CredentialRow | None) -> bool | None:
    """Return whether a password has expired; without a report, whether it can have expired.

    None is older than since when there is one, and a day is the least that an account can set.
    """
    rules, since = snapshot.password_policy, user.password.created_at if user.password else None
    lasts = timedelta(days=max(1, rules.max_age if rules else 1))
    if since is not None and snapshot.taken_at - since < lasts:
        return False
    if row is not None:
        due = row.password_next_rotation
        return due is not None and due <= snapshot.taken_at
    may = users_may_change(snapshot) is None if rules is None else rules.max_age > 0
    # a user created after the report has a new password
    return None if may and snapshot.report is None else False


def _no_report(snapshot: Snapshot) -> Gap | None:
    """Return the gap of the credential report; None if no call failed."""
    return snapshot.gap_of("GenerateCredentialReport") or snapshot.gap_of("GetCredentialReport")


def _last_sign_in(user: User, row: CredentialRow | None) -> datetime | None:
    used = user.password.last_used if user.password is not None else None
    return used or (row.password_last_used if row is not None else None)


def _count_others(
    snapshot: Snapshot, user: User, row: CredentialRow | None
) -> tuple[int, tuple[Gap, ...]]:
    """Return the number of other credentials, and the gaps for which there may be more.

    Where certificates were not read, the report answers.
    """
    why = {name: snapshot.gap_of(name, user_ref(user.name)) for name in _OTHERS}
    counts = [
        *(each.active for each in user.service_credentials),
        *(each.active for each in user.ssh_keys),
        *(each.active for each in user.certificates),
    ]
    if why[_CERTIFICATES] and row is not None:
        counts += [active is True for active in row.certificates_active]
        if None not in row.certificates_active and not row.additional:
            why[_CERTIFICATES] = None
    return sum(counts), tuple(filter(None, why.values()))


def users_not_read(snapshot: Snapshot, operation: str) -> frozenset[str]:
    """Return the users for whom an operation could not be read; all, if it was the account's."""
    resources = {gap.resource for gap in snapshot.gaps if gap.operation == operation}
    if THE_ACCOUNT in resources:
        return frozenset(user.name for user in snapshot.users)
    return frozenset(each.name for each in resources)


def unread_credentials(snapshot: Snapshot) -> Mapping[str, tuple[str, ...]]:
    """Return the users whose password, access keys or devices were not read, and the operations."""
    unread: dict[str, list[str]] = {}
    for operation in _SIGN_IN:
        for name in users_not_read(snapshot, operation):
            unread.setdefault(name, []).append(operation)
    return {name: tuple(operations) for name, operations in unread.items()}


def other_credentials(user: User) -> tuple[str, ...]:
    """Return the service of each active credential other than password and access keys.

    "" is that of a signing certificate, which is for none of its own.
    """
    return (
        *(each.service for each in user.service_credentials if each.active),
        *("codecommit.amazonaws.com" for each in user.ssh_keys if each.active),
        *("" for each in user.certificates if each.active),
    )
