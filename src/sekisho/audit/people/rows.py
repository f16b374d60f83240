"""One row for each user."""

from dataclasses import dataclass

from sekisho.account import Credentials, Snapshot, User, credentials_by_user
from sekisho.audit.enforcement import UserEnforcement, enforcements_of
from sekisho.audit.exceptions import Exceptions, Exemption
from sekisho.audit.people.administer import Power, powers_of
from sekisho.audit.people.nature import Nature, nature_of
from sekisho.audit.people.outlook import Fate, outlooks_of
from sekisho.messages import Message
from sekisho.policy import Document

__all__ = ["Row", "rows_of"]


@dataclass(frozen=True, slots=True)
class Row:
    """Everything about one user.

    Attributes:
        nature, because: person or machine, and why.
        credentials: what the user holds.
        enforcement: whether the user is enforced.
        fate: what happens under MFA enforcement.
        power: what the user may do to MFA enforcement.
        exemption: the user's exception, expired or not.
        exempt: whether there is one that has not expired.
    """

    user: User
    nature: Nature
    because: tuple[Message, ...]
    credentials: Credentials
    enforcement: UserEnforcement
    fate: Fate
    power: Power
    exemption: Exemption | None = None
    exempt: bool = False


def rows_of(
    snapshot: Snapshot, exceptions: Exceptions, enforcement: Document | None = None
) -> tuple[Row, ...]:
    """Return one row for each user, in name order.

    Args:
        snapshot: the account.
        exceptions: who is not to be enforced.
        enforcement: as in `outlooks_of`.
    """
    credentials, enforcements = credentials_by_user(snapshot), enforcements_of(snapshot)
    fates = outlooks_of(snapshot, credentials, enforcements, exceptions, enforcement)
    powers = powers_of(snapshot)

    def row(user: User) -> Row:
        name, now = user.name, snapshot.taken_at
        found = exceptions.of(name)
        holds = found is not None and not found.expired(now)
        nature, because = nature_of(credentials[name], found if holds else None, now)
        return Row(
            *(
                user,
                nature,
                because,
                credentials[name],
                enforcements[name],
                fates[name],
                powers[name],
            ),
            exemption=found,
            exempt=holds,
        )

    return tuple(row(user) for user in snapshot.users)
