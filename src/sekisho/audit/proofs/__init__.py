"""The proofs about an account's users, one or all of them, and their certificates.

Equal questions are asked once: a certificate is one for all users with the same policies.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from sekisho.account import (
    Credentials,
    Role,
    Snapshot,
    User,
    credentials_by_user,
    credentials_of,
    policies_of,
    policies_of_role,
    user_of,
)
from sekisho.account import users_may_change as may_change_in
from sekisho.audit.enforcement import (
    UserEnforcement,
    enforcements_of,
    invariants_of,
    named_of,
    scps_unread_reason,
)
from sekisho.engine import AttachedPolicy, Policies
from sekisho.errors import Code, Fault, FaultyAccount, did_you_mean
from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.policy import Effect, PrincipalKey
from sekisho.prover import (
    CallingUser,
    CertifiedPolicies,
    Conclusion,
    Enforced,
    EnforcementCertifier,
    Invariant,
    Proved,
    Refuted,
    Unknown,
    Verdict,
)
from sekisho.prover.questions import Inquiry, QuestionGroup, Subject

__all__ = [
    "UserProofs",
    "account_certificates",
    "prove_users",
    "subject_of_role",
    "subject_of_user",
]

_ORDER = (
    *(Enforced.REFUTED, Enforced.TODAY_UNKNOWN, Enforced.NOTHING_ALLOWED),
    *(Enforced.UNKNOWN, Enforced.PROVED),
)
_WORST: Mapping[type[Verdict], Enforced] = {
    Refuted: Enforced.REFUTED,
    Unknown: Enforced.UNKNOWN,
    Proved: Enforced.PROVED,
}
"""The rank of a verdict on an invariant in that order."""


@dataclass(frozen=True, slots=True)
class UserProofs:
    """The answers about an account's users; failures come first.

    Attributes:
        taken_at: when the account was read.
        credentials: the credentials of each user, by name.
        arns: by user name.
        enforcements: whether each is enforced, by name; empty if that was not asked.
        invariants: the invariants that were checked as well.
        conclusions: whether each invariant holds, of each user by name.
        unread: why the service control policies are not known; None if they are.
        roles: the names of the roles that name principals of the account, or anybody, as those who
            may assume them: none of these is asked about.
    """

    account: str
    taken_at: datetime
    credentials: Mapping[str, Credentials]
    arns: Mapping[str, str]
    enforcements: Mapping[str, UserEnforcement]
    invariants: tuple[Invariant, ...]
    conclusions: Mapping[str, tuple[Conclusion, ...]]
    unread: Message | None
    roles: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The users' names, in order."""
        return tuple(self.conclusions)


def prove_users(snapshot: Snapshot, inquiry: Inquiry) -> UserProofs:
    """Return the answers about all users of a snapshot: enforcement, and invariants.

    The other questions of an inquiry are about one user only.
    """
    enforcements = (
        enforcements_of(snapshot, inquiry.exempt, inquiry.assumptions)
        if QuestionGroup.ENFORCEMENT in inquiry.groups
        else {}
    )
    conclusions = invariants_of(snapshot, inquiry.invariants, inquiry.assumptions)

    def worst_first(name: str) -> tuple[int, str]:
        found = [_WORST[type(each.verdict)] for each in conclusions[name]]
        if name in enforcements:
            found.append(enforcements[name].enforced)
        return min(map(_ORDER.index, found), default=len(_ORDER)), name

    ordered = sorted(conclusions, key=worst_first)
    return UserProofs(
        account=snapshot.account,
        taken_at=snapshot.taken_at,
        credentials=credentials_by_user(snapshot),
        arns={user.name: user.arn for user in snapshot.users},
        enforcements={name: enforcements[name] for name in ordered if name in enforcements},
        invariants=inquiry.invariants,
        conclusions={name: conclusions[name] for name in ordered},
        unread=scps_unread_reason(snapshot),
        roles=tuple(role.name for role in snapshot.roles if _lets_in(role, snapshot.account)),
    )


def _lets_in(role: Role, account: str) -> bool:
    """Return whether a role's trust policy names principals of the account, or everybody."""
    for statement in role.trust.statements:
        principal = statement.principal
        if statement.effect is not Effect.ALLOW or principal is None:
            continue
        named = [value for key, values in principal.entries if key in _PEOPLE for value in values]
        if principal.negated or any(value == "*" or account in value for value in named):
            return True
    return False


_PEOPLE = (PrincipalKey.AWS, PrincipalKey.ANYONE)


def subject_of_user(
    snapshot: Snapshot, name: str, source: str, *, users_may_change: bool
) -> tuple[Subject, Credentials]:
    """Return one user as the prover's subject, and the user's credentials.

    Args:
        snapshot: the account.
        name: the user's.
        source: the file that the account is from, for errors.
        users_may_change: whether `AllowUsersToChangePassword` is on whatever was read.

    Raises:
        FaultyAccount: if the account has no such user.
    """
    user = user_of(snapshot, name, source)
    policies, missing = Policies(), None
    try:
        policies = policies_of(snapshot, user.name)
    except FaultyAccount as error:
        # missing policies of a user make every answer unknown, and never a pass
        missing = error.reason
    subject = Subject(
        policies=policies,
        user=named_of(user),
        named=True,
        now=snapshot.taken_at,
        users_may_change=users_may_change or may_change_in(snapshot),
        of_account=True,
        scps_unread_reason=scps_unread_reason(snapshot),
        unanswerable_reason=missing,
        console_authorization=snapshot.console_authorization,
    )
    return subject, credentials_of(snapshot, user)


def subject_of_role(snapshot: Snapshot, name: str, source: str) -> Subject:
    """Return a role as the prover's subject, with its trust policy.

    Args:
        snapshot: the account.
        name: the role's, or its ARN.
        source: the file that the account is from, for errors.

    Raises:
        FaultyAccount: if the account has no such role.
    """
    role = next((each for each in snapshot.roles if name in (each.name, each.arn)), None)
    if role is None:
        message = Message("there is no role `{name}` in it").filled(name=name)
        fix = did_you_mean(name, [each.name for each in snapshot.roles])
        raise FaultyAccount(source, [Fault(Code.ACCOUNT_BAD_REFERENCE, message, fix=fix)])
    policies, missing = Policies(), None
    try:
        policies = policies_of_role(snapshot, role.name)
    except FaultyAccount as error:
        # as for a user: missing policies make every answer unknown
        missing = error.reason
    return Subject(
        policies=policies,
        user=CallingUser.of_role(role.arn),
        named=True,
        now=snapshot.taken_at,
        users_may_change=False,
        of_account=True,
        scps_unread_reason=scps_unread_reason(snapshot),
        unanswerable_reason=missing,
        trust=AttachedPolicy(f"trust policy of role {role.name}", role.trust),
    )


@dataclass(frozen=True, slots=True)
class AccountCertificates:
    """The certificates of an account's users.

    Attributes:
        certified: the enforced users, group by group.
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
    by_documents: dict[tuple[object, ...], tuple[Policies, list[User]]] = {}
    missing: list[str] = []
    wanted, now = {*names}, snapshot.taken_at
    for user in snapshot.users:
        if user.name not in wanted:
            continue
        try:
            policies = policies_of(snapshot, user.name)
        except FaultyAccount:
            missing.append(user.name)
            continue
        documents = tuple((layer, id(each.document)) for layer, each in _in_layers(policies))
        by_documents.setdefault(documents, (policies, []))[1].append(user)
    certified: list[CertifiedPolicies] = []
    for policies, users in by_documents.values():
        everybody = EnforcementCertifier(policies, None, exempt, now, later=True).needed()
        for each in (users,) if everybody else ([user] for user in users):
            one = EnforcementCertifier(policies, named_of(each[0]), exempt, now, later=True)
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
