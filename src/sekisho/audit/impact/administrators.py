"""The users who may remove MFA enforcement: administrators, and those who may edit their own.

The prover decides whether a user is an administrator, and not a policy's name: in a session with
MFA a call is allowed that removes enforcement from others, or gives every right, or the right to
it, one step deep. docs/audit.md lists the calls that count.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property, partial
from itertools import chain

from sekisho.account import Group, ResourceKind, Role, Snapshot, User, policies_of, policies_of_role
from sekisho.audit.enforcement import (
    EVERYTHING,
    DocumentNumbers,
    EquivalenceKeys,
    named_of,
    question_as_policy,
    trusting_statement,
)
from sekisho.audit.impact.questions import (
    AllowedCalls,
    CallingSession,
    CallPattern,
    ContextKey,
    first_refuted,
    refuted_if_both,
)
from sekisho.audit.impact.removals import (
    BOUNDARY,
    POLICY,
    UnreadPolicies,
    edits_of,
    enforcing_of,
    own_boundary,
    probes_of,
    removals_of,
)
from sekisho.engine import AttachedPolicy, Policies
from sekisho.errors import FaultyAccount, FaultyPolicy
from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.prover import CallerCredential, CallingUser, Proved, Refuted, Unknown, Verdict
from sekisho.signin import Credential, CredentialKind, Holder, HolderKind
from sekisho.work import tracked

_LOOKING = Message("Looking for administrators")
_ASSUME = "sts:AssumeRole"
_JOIN = "iam:AddUserToGroup"
_PUT, _ATTACH = _GIVING = ("iam:PutRolePolicy", "iam:AttachRolePolicy")
ASKED = question_as_policy(
    [
        "arn:*:iam::*:user/${aws:username}",
        "arn:*:iam::*:user/*/${aws:username}",
        # any one name (`?*`), and not all (`*`): to a user's name these are others' names
        *(f"arn:*:iam::*:{kind}/?*" for kind in ("group", "role", "policy")),
    ],
    {"StringLike": {POLICY: "arn:?*", BOUNDARY: "arn:?*"}},
)
"""Resources other than the user's own: the user, and the user's groups, roles and policies."""
_NOBODY = "sekisho-nobody"
_DETAILS = "GetAccountAuthorizationDetails"


class EnforcementRemovalRights:
    """Asks which calls of users, groups and roles can remove MFA enforcement.

    Args:
        snapshot: the account.
        calls: asks the prover.
        equivalence: of the users, to what is `ASKED`.
        enforcements: the names of the policies that enforce MFA for each user, or why they
            are not known.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        calls: AllowedCalls,
        equivalence: EquivalenceKeys,
        enforcements: Mapping[str, tuple[str, ...] | Message],
    ) -> None:
        self._snapshot = snapshot
        self._calls = calls
        self._equivalence = equivalence
        self._home = f"arn:{snapshot.partition}:iam::{snapshot.account}"
        self._lost = snapshot.gap_of(_DETAILS)
        self._removals = removals_of(snapshot, enforcements)
        admin_policies, maybe = self._others_that_are_strong()
        self._removals = replace(
            self._removals,
            admin_policies=(*self._removals.admin_policies, *admin_policies),
            possible_admin_policies=(*self._removals.possible_admin_policies, *maybe),
        )
        self._roles: dict[str, Verdict] = {}
        self._doors: dict[tuple[str, str, bool, CallerCredential], bool] = {}
        # by the ARN of a user: the role, and the place of the statement that trusts the user
        self._named = _naming(snapshot)
        self._of_groups = tuple(_of_groups(snapshot))

    def equivalence_key(self, user: User, policies: Policies) -> tuple[object, ...]:
        """Return the key for the answers of `of`: users with equal keys have equal answers."""
        after = [policies]
        if self._calls.gives(policies, _JOIN):
            identity = (*policies.identity, *self._of_groups)
            after.append(replace(policies, identity=identity))
        return (self._named.get(user.arn, ()), *self._equivalence.of(user, *after))

    def of(
        self,
        user: User,
        policies: Policies,
        credential: CallerCredential = CallerCredential.MFA_SESSION,
    ) -> Verdict:
        """Return whether no call makes the user an administrator; Refuted has the call.

        Args:
            user: the caller.
            policies: the policies that apply to the user.
            credential: the credential that signs the first call.

        Raises:
            FaultyPolicy: if a document cannot be interpreted for certain.
        """
        caller = CallingSession(named_of(user), policies, credential)
        return first_refuted(self._ways(user, caller))

    def _ways(self, user: User, caller: CallingSession) -> Iterator[Verdict]:
        yield self._takes_away(caller)
        yield from self._by_own_policies(user, caller)
        # groups matter only to a user who can join one, and all roles to one who can change them
        if self._may(caller, "group", _JOIN):
            for group in self._snapshot.groups:
                yield self._by_group(user, caller, group)
        changes = self._may(caller, "role", *_GIVING)
        for role in self._snapshot.roles if changes else self._powerful:
            yield from self._by_role(user, caller, role)
        yield from self._by_unread(caller)

    def _may(self, caller: CallingSession, kind: str, *actions: str) -> bool:
        """Return whether some call may be allowed on any of the account's resources of a kind."""
        ask = CallPattern(actions, (f"{self._home}:{kind}/*",))
        return not isinstance(self._calls.is_allowed(caller, ask), Proved)

    def _by_unread(self, caller: CallingSession) -> Iterator[Verdict]:
        """Ask whether the user can join a group, or assume a role, that was not read.

        It may have any right, and a trust policy may name anybody, so only a Deny can prevent it.
        """
        not_denied = _unless_denied(caller)
        for gap in self._snapshot.gaps:
            if gap.resource.kind is ResourceKind.TRUST_POLICY:
                name = gap.resource.name
                on = (f"{self._home}:role/{name}", f"{self._home}:role/*/{name}")
                yield refuted_if_both(
                    self._calls.is_allowed(not_denied, CallPattern((_ASSUME,), on)),
                    partial(Unknown, gap.why),
                )
        if self._lost is not None and not self._snapshot.roles:
            ask = CallPattern((_ASSUME,), (f"{self._home}:role/*",))
            yield refuted_if_both(
                self._calls.is_allowed(not_denied, ask), partial(Unknown, self._lost.why)
            )
        if self._lost is not None and not self._snapshot.groups:
            ask = CallPattern((_JOIN,), (f"{self._home}:group/*",))
            yield refuted_if_both(
                self._calls.is_allowed(caller, ask), partial(Unknown, self._lost.why)
            )

    def _takes_away(self, caller: CallingSession) -> Verdict:
        """Ask whether the caller can remove enforcement from others, or get every right."""
        undetermined = (
            refuted_if_both(self._calls.is_allowed(caller, ask), partial(Unknown, why))
            for why, ask in self._removals.undetermined(caller.named)
        )
        sure = (
            self._calls.is_allowed(caller, ask)
            for ask in self._removals.certain_calls(caller.named)
        )
        return first_refuted(chain(sure, undetermined))

    def _others_that_are_strong(self) -> tuple[list[str], list[UnreadPolicies]]:
        """Return the policies whose holders may remove MFA enforcement, and the doubtful ones."""
        admin_policies, maybe, scps = [], [], self._snapshot.scps or ()
        anybody = CallingUser.of(f"{self._home}:user/{_NOBODY}")
        for arn, managed in self._snapshot.policies.items():
            only = Policies(identity=(AttachedPolicy(arn, managed.document),), scps=scps)
            match _verdict_or_unknown(partial(self._takes_away, CallingSession(anybody, only))):
                case Refuted():
                    admin_policies.append(arn)
                case Unknown(reason):
                    maybe.append(UnreadPolicies(reason, (arn,)))
                case Proved():
                    pass
        return admin_policies, maybe

    def _gives(self, caller: CallingSession, ask: CallPattern, key: str) -> Verdict:
        """Ask whether a call can be made with a policy, under a key, that gives every right."""

        def is_allowed(policies: tuple[str, ...], *, like: bool = False) -> Verdict:
            named = ContextKey(key, policies, like=like)
            return self._calls.is_allowed(caller, replace(ask, keys=(*ask.keys, named)))

        undetermined = (
            refuted_if_both(is_allowed(doubt.policies, like=True), partial(Unknown, doubt.why))
            for doubt in self._removals.possible_admin_policies
        )
        return first_refuted(chain((is_allowed(self._removals.admin_policies),), undetermined))

    def _by_own_policies(self, user: User, caller: CallingSession) -> Iterator[Verdict]:
        """Ask whether users can give themselves every right, or remove their boundary."""
        is_allowed, on, bounded = (
            partial(self._calls.is_allowed, caller),
            (user.arn,),
            own_boundary(user),
        )
        given = first_refuted(
            (
                is_allowed(CallPattern(("iam:PutUserPolicy",), on, keys=(bounded,))),
                self._gives(
                    caller, CallPattern(("iam:AttachUserPolicy",), on, keys=(bounded,)), POLICY
                ),
            )
        )
        yield refuted_if_both(
            given, partial(self._takes_away, _with_policies(caller, (EVERYTHING,)))
        )
        if user.boundary is not None:
            freed = first_refuted(
                (
                    is_allowed(
                        CallPattern(("iam:DeleteUserPermissionsBoundary",), on, keys=(bounded,))
                    ),
                    self._gives(
                        caller, CallPattern(("iam:PutUserPermissionsBoundary",), on), BOUNDARY
                    ),
                )
            )
            unbound = replace(caller, policies=replace(caller.policies, boundaries=None))
            yield refuted_if_both(freed, partial(self._takes_away, unbound))

    def _by_group(self, user: User, caller: CallingSession, group: Group) -> Verdict:
        """Ask whether the user can join a group that has the right."""

        def has() -> Verdict:
            joined = replace(user, groups=tuple(dict.fromkeys((*user.groups, group.name))))
            account = replace(self._snapshot, users=(joined,))
            policies = policies_of(account, user.name)
            return self._takes_away(replace(caller, policies=policies))

        return refuted_if_both(
            self._calls.is_allowed(caller, CallPattern((_JOIN,), (group.arn,))),
            partial(_verdict_or_unknown, has),
        )

    def _by_role(self, user: User, caller: CallingSession, role: Role) -> Iterator[Verdict]:
        """Ask whether the user can assume a role that has the right, or can be given it."""
        has = self._of_role(role)
        if not isinstance(has, Proved):
            yield refuted_if_both(self._enters(user, caller, role), lambda: has)
        on = (role.arn,)
        given = first_refuted(
            (
                self._calls.is_allowed(caller, CallPattern((_PUT,), on)),
                self._gives(caller, CallPattern((_ATTACH,), on), POLICY),
            )
        )
        entered = refuted_if_both(given, partial(self._enters, user, caller, role))
        yield refuted_if_both(
            entered, partial(_verdict_or_unknown, partial(self._role_may, role, (EVERYTHING,)))
        )

    @cached_property
    def _powerful(self) -> tuple[Role, ...]:
        """The roles that have the right themselves, as far as is known."""
        roles = self._snapshot.roles
        return tuple(each for each in roles if not isinstance(self._of_role(each), Proved))

    def _of_role(self, role: Role) -> Verdict:
        if role.name not in self._roles:
            self._roles[role.name] = _verdict_or_unknown(partial(self._role_may, role, ()))
        return self._roles[role.name]

    def _role_may(self, role: Role, more: Sequence[AttachedPolicy]) -> Verdict:
        """Ask about a role's session, which has no MFA (AWS STS, AssumeRole), as about a user."""
        policies = policies_of_role(self._snapshot, role.name)
        known = {"aws:PrincipalArn": role.arn, "aws:PrincipalType": HolderKind.ROLE.value}
        named = CallingUser.of(f"{self._home}:user/{_NOBODY}", known)
        return self._takes_away(
            _with_policies(CallingSession(named, policies, CallerCredential.SESSION), more)
        )

    def _enters(self, user: User, caller: CallingSession, role: Role) -> Verdict:
        """Ask whether the user can assume a role, possibly by changing its trust policy."""
        assume = CallPattern((_ASSUME,), (role.arn,))
        not_denied = partial(self._calls.is_allowed, _unless_denied(caller), assume)
        trusted = CallPattern(("iam:UpdateAssumeRolePolicy",), (role.arn,))
        ways = [refuted_if_both(self._calls.is_allowed(caller, trusted), not_denied)]
        if self._lets_in(user, role, caller.credential, by_name=True):
            ways.append(not_denied())
        elif self._lets_in(user, role, caller.credential, by_name=False):
            ways.append(self._calls.is_allowed(caller, assume))
        return first_refuted(ways)

    def _lets_in(self, user: User, role: Role, way: CallerCredential, *, by_name: bool) -> bool:
        """Return whether a role trusts a user by name, or because the user's policies allow it."""
        named = any(name == role.name for name, _ in self._named.get(user.arn, ()))
        key = (role.name, user.arn if named else "", by_name, way)
        if key not in self._doors:
            home, now = (self._snapshot.partition, self._snapshot.account), self._snapshot.taken_at
            of = (user.name, user.path, user.id) if named else (_NOBODY,)
            holder = Holder(HolderKind.USER, *home, *of)
            credential = _signing(holder, way, now)
            identity = () if by_name else (EVERYTHING,)
            self._doors[key] = trusting_statement(role, credential, now, identity) is not None
        return self._doors[key]


def _signing(holder: Holder, way: CallerCredential, now: datetime) -> Credential:
    if way is CallerCredential.KEY:
        return Credential(CredentialKind.LONG_TERM_KEY, holder)
    mfa_at = now if way.with_mfa else None
    return Credential(CredentialKind.CONSOLE_SESSION, holder, now, now, mfa_at)


def _with_policies(caller: CallingSession, more: Sequence[AttachedPolicy]) -> CallingSession:
    policies = caller.policies
    return replace(caller, policies=replace(policies, identity=(*policies.identity, *more)))


def _unless_denied(caller: CallingSession) -> CallingSession:
    """Return the caller as a trust policy that names them treats them: only their Denies count.

    Neither a policy of their own nor a boundary need allow it; an SCP has to (IAM user guide,
    "Policy evaluation logic").
    """
    own = caller.policies
    identity = (*own.identity, *(own.boundaries or ()), EVERYTHING)
    return replace(caller, policies=replace(own, identity=identity, boundaries=None))


def _verdict_or_unknown(ask: Callable[[], Verdict]) -> Verdict:
    """Return an answer; Unknown if a policy was not read or cannot be read."""
    try:
        return ask()
    except (FaultyAccount, FaultyPolicy) as error:
        return Unknown(error.faults[0].message)


def _of_groups(snapshot: Snapshot) -> Iterator[AttachedPolicy]:
    """Yield every policy of groups that was read."""
    for group in snapshot.groups:
        yield from group.inline
        for arn in group.attached:
            if arn in snapshot.policies:
                yield AttachedPolicy(arn, snapshot.policies[arn].document)


def _naming(snapshot: Snapshot) -> dict[str, tuple[tuple[str, int], ...]]:
    """Return the roles, and the statements' places, that have an ARN as a principal."""
    found: dict[str, dict[tuple[str, int], None]] = {}
    for role in snapshot.roles:
        for statement in role.trust.statements:
            for _, values in statement.principal.entries if statement.principal else ():
                for value in values:
                    found.setdefault(value, {})[role.name, statement.index] = None
    return {arn: tuple(places) for arn, places in found.items()}


@dataclass(frozen=True, slots=True)
class Power:
    """The rights of a user over MFA enforcement, in a session with MFA.

    Attributes:
        administers: whether the user can change what decides for others, or take every right.
        request: an allowed request that does so, or the first of several; "" if there is none.
        unknown: why it is not known whether the user is an administrator; None if it is.
        enforcing MFA: the policies that stop the user without MFA, by name.
        edits: an allowed request that takes away or changes one of them; "" if there is none.
        edits_unknown: why that is not known; None if it is.
    """

    administers: bool
    request: str = ""
    unknown: Message | None = None
    enforcing: tuple[str, ...] = ()
    edits: str = ""
    edits_unknown: Message | None = None


def powers_of(snapshot: Snapshot) -> Mapping[str, Power]:
    """Return the rights of each user over MFA enforcement, by user name."""
    asked = Administrators(snapshot)
    return {user.name: asked.power(user) for user in tracked(snapshot.users, _LOOKING)}


@dataclass(frozen=True, slots=True)
class _PoliciesOfUser:
    """A user's policies, the user's equivalence key, and the names of the enforcing policies."""

    policies: Policies
    user_key: tuple[object, ...]
    enforcing: tuple[str, ...]


class Administrators:
    """The rights to remove enforcement in one account; equivalent users are asked about once."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        numbers = DocumentNumbers()
        self._calls = AllowedCalls(snapshot.taken_at, numbers)
        self._equivalence = EquivalenceKeys(numbers, ASKED)
        self._enforcing: dict[object, tuple[str, ...]] = {}
        self._probes: dict[object, frozenset[str]] = {}
        self._verdicts: dict[object, tuple[Verdict, User]] = {}
        self._edits: dict[object, tuple[int | None, Unknown | None]] = {}

    @cached_property
    def _policies_of(self) -> Mapping[str, _PoliciesOfUser | Message]:
        users = tracked(self._snapshot.users, _LOOKING)
        return {user.name: self._read_policies(user) for user in users}

    @cached_property
    def _rights(self) -> EnforcementRemovalRights:
        enforcements = {
            name: each if isinstance(each, Message) else each.enforcing
            for name, each in self._policies_of.items()
        }
        return EnforcementRemovalRights(
            self._snapshot, self._calls, self._equivalence, enforcements
        )

    def of(
        self, user: User, credential: CallerCredential = CallerCredential.MFA_SESSION
    ) -> Verdict:
        """Return whether a user, with this credential, is no administrator.

        Refuted: with the (first) call that makes an administrator, by this or an equivalent user.
        """
        known = self._policies_of[user.name]
        if isinstance(known, Message):
            return Unknown(known)
        try:
            return self._administers(user, known, credential)[0]
        except (FaultyAccount, FaultyPolicy) as error:
            return Unknown(_first_fault(error))

    def power(self, user: User) -> Power:
        """Return the rights of one user."""
        known = self._policies_of[user.name]
        if isinstance(known, Message):
            return Power(administers=False, unknown=known, edits_unknown=known)
        try:
            verdict, of = self._administers(user, known)
            edits, doubt = self._on_own_enforcement(user, known)
        except (FaultyAccount, FaultyPolicy) as error:
            why = _first_fault(error)
            return Power(administers=False, unknown=why, edits_unknown=why)
        unsure = None if doubt is None else doubt.reason
        power = Power(False, enforcing=known.enforcing, edits=edits, edits_unknown=unsure)
        match verdict:
            case Proved():
                return power
            case Refuted(counterexample):
                on = counterexample.request.resource
                request = f"{counterexample.request.action} on {user.arn if on == of.arn else on}"
                return replace(power, administers=True, request=request)
            case Unknown(reason):
                return replace(power, unknown=reason)

    def _read_policies(self, user: User) -> _PoliciesOfUser | Message:
        """Return the known facts about a user's policies, or the reason why there are none."""
        try:
            policies = policies_of(self._snapshot, user.name)
            user_key = self._equivalence.of(user, policies)
            key = (user_key, _names(policies))
            if key not in self._enforcing:
                self._enforcing[key] = enforcing_of(
                    self._snapshot, user, policies, partial(self._allowed_probes, user, policies)
                )
        except (FaultyAccount, FaultyPolicy) as error:
            return _first_fault(error)
        return _PoliciesOfUser(policies, user_key, self._enforcing[key])

    def _allowed_probes(self, user: User, policies: Policies) -> frozenset[str]:
        """Return the usual requests that the service control policies allow with MFA.

        They are the same for many sets of other policies.
        """
        limits = replace(policies, identity=(EVERYTHING,), boundaries=None)
        user_key = self._equivalence.of_requests(user, limits) if limits.scps else ()
        if user_key not in self._probes:
            self._probes[user_key] = probes_of(self._snapshot, user, limits)
        return self._probes[user_key]

    def _administers(
        self,
        user: User,
        known: _PoliciesOfUser,
        credential: CallerCredential = CallerCredential.MFA_SESSION,
    ) -> tuple[Verdict, User]:
        """Return whether a user is an administrator, and the equivalent user asked about."""
        key = (self._rights.equivalence_key(user, known.policies), credential)
        if key not in self._verdicts:
            self._verdicts[key] = (self._rights.of(user, known.policies, credential), user)
        return self._verdicts[key]

    def _on_own_enforcement(self, user: User, known: _PoliciesOfUser) -> tuple[str, Unknown | None]:
        """Return a request that may change the user's own enforcement, or why it is unknown."""
        places = (user.groups, user.attached)
        key = (known.user_key, _names(known.policies), places)
        asks = list(edits_of(self._snapshot, user, known.enforcing)) if known.enforcing else []
        if key not in self._edits:
            caller = CallingSession(named_of(user), known.policies)
            verdicts = [self._calls.is_allowed(caller, ask) for ask in asks]
            place = next((n for n, each in enumerate(verdicts) if isinstance(each, Refuted)), None)
            doubt = next((each for each in verdicts if isinstance(each, Unknown)), None)
            self._edits[key] = (place, doubt)
        place, doubt = self._edits[key]
        if place is None:
            return "", doubt
        return f"{asks[place].actions[0]} on {asks[place].on[0]}", None


def _names(policies: Policies) -> tuple[str, ...]:
    return tuple(policy.name for policy in (*policies.identity, *(policies.boundaries or ())))


def _first_fault(error: FaultyAccount | FaultyPolicy) -> Message:
    return error.faults[0].message
