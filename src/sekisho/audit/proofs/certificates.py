"""Certificates that the users of an account are enforced: one for all with the same policies."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sekisho.account import Snapshot, User, policies_of
from sekisho.audit.enforcement import named_of
from sekisho.engine import AttachedPolicy, Policies
from sekisho.errors import FaultyAccount
from sekisho.prover import (
    CertifiedPolicies,
    EnforcementCertifier,
)


@dataclass(frozen=True, slots=True)
class AccountCertificates:
    """The certificates of an account's users.

    Attributes:
        certified: those who are enforced, group by group.
        missing: the names of the users without a certificate.
    """

    certified: tuple[CertifiedPolicies, ...]
    missing: tuple[str, ...]


def account_certificates(
    snapshot: Snapshot, names: Iterable[str], exempt: Sequence[str]
) -> AccountCertificates:
    """Return the certificates that users of a snapshot are enforced.

    Args:
        snapshot: the account.
        names: the users who are asked about.
        exempt: patterns of what may work without MFA.
    """
    alike: dict[tuple[object, ...], tuple[Policies, list[User]]] = {}
    missing: list[str] = []
    wanted = {*names}
    for user in snapshot.users:
        if user.name not in wanted:
            continue
        try:
            policies = policies_of(snapshot, user.name)
        except FaultyAccount:
            missing.append(user.name)
            continue
        documents = tuple((layer, id(each.document)) for layer, each in _in_layers(policies))
        alike.setdefault(documents, (policies, []))[1].append(user)
    certified: list[CertifiedPolicies] = []
    for policies, users in alike.values():
        everybody = EnforcementCertifier(policies, None, exempt, later=True).needed()
        for each in (users,) if everybody else ([user] for user in users):
            one = EnforcementCertifier(policies, named_of(each[0]), exempt, later=True)
            found = everybody or one.needed()
            group = tuple(user.name for user in each)
            if found:
                certified.append(CertifiedPolicies(group, policies, found))
            else:
                missing += group
    return AccountCertificates(tuple(certified), tuple(sorted(missing)))


def _in_layers(policies: Policies) -> Iterator[tuple[str, AttachedPolicy]]:
    yield from (("identity", each) for each in policies.identity)
    yield from (("boundary", each) for each in policies.boundaries or ())
    for level in policies.scps:
        yield from ((level.name, each) for each in level.policies)
