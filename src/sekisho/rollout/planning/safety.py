"""The safety of a plan: what must hold before it may be applied.

Whether MFA is enforced and everybody gets in is proved; the rest is decided by the engine on the
account as it is and as it will be.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain, product

from sekisho.account import Snapshot, User, policies_of, policies_of_role, user_of
from sekisho.audit.enforcement import UserEnforcement
from sekisho.audit.impact import (
    UNLISTED,
    UNREAD,
    Administrators,
    SignInOutcomes,
    credentials_of,
    first_refuted,
    kind_of_credential,
    usable_credentials,
)
from sekisho.engine import DecisionEffect, Policies
from sekisho.engine.exchange import EFFECTS
from sekisho.errors import Code, Fault, FaultyAccount
from sekisho.lazy import dataclass
from sekisho.messages import Message, joined_messages, verbatim
from sekisho.prover import Enforced, Refuted, Unknown, counterexample_text
from sekisho.prover import Verdict as ProverVerdict
from sekisho.prover.scenarios import ScenarioOutcome
from sekisho.rollout.changes.unused import DeleteUnusedPassword
from sekisho.rollout.goal.model import Goal
from sekisho.rollout.planning.before_after import COMPARING, BeforeAfter, policies_or_none
from sekisho.rollout.planning.impact import (
    facts_of_users,
    key_may_stop,
    other_credentials_may_stop,
    signs_for_sessions_only,
    uses_keys,
)
from sekisho.rollout.planning.permissions import (
    apply_requests,
    read_requests,
    rollback_requests,
    sign_in_requests,
)
from sekisho.rollout.planning.plan import PlanCaller, PlanNote, Proof, SafetyVerdict
from sekisho.rollout.planning.problems import GAP
from sekisho.rollout.planning.requests import (
    SampleRequest,
    decide_request,
    names_resources,
)
from sekisho.rollout.planning.user_warnings import (
    NOT_CONFIRMED,
    UNKNOWN,
    UNREAD_POLICIES,
    WorksWithMfa,
)
from sekisho.signin import Credential, CredentialKind, Holder, HolderKind
from sekisho.work import tracked

ENFORCEMENT_PROVED = Message(
    "For every user who gets the policy, MFA is enforced: without MFA only the exempt actions "
    "work, even if other policies are attached later."
)
EVERYONE_GETS_IN = Message(
    "Every affected user can reach an MFA session with the credentials they have."
)
KEYS_IN_USE = Message(
    "Access keys of these users will stop working without MFA. They were used in the last 90 "
    "days, or their use is unknown."
)
KEYS_IN_USE_BY_LOGS = Message(
    "Access keys of these users will stop working without MFA. The logs have calls without MFA, "
    "or they were used in the last 90 days, or their use is unknown."
)
CREDENTIALS_IN_USE = Message(
    "SSH keys, signing certificates or service-specific credentials of these users will stop "
    "working, because they cannot use MFA. They are active, or that could not be read; when "
    "they were last used is unknown. {not_confirmed}"
).filled(not_confirmed=NOT_CONFIRMED)
CALLER = Message("You keep the permissions needed to finish and undo this plan.")
BREAK_GLASS = Message(
    "Break-glass users are unaffected: the same policies apply to them as before."
)
ADMINISTRATOR_REMAINS = Message(
    "At least one administrator of users remains, with the password, access key and MFA device "
    "they have now."
)
NO_BREAK_GLASS = Message("No break-glass user is named, so none is protected.")
NOBODY_ADMINISTERS = Message("No user could administer users before, so none is lost.")
WORKS_WITH_MFA = Message("Nobody is locked out who has MFA.")
CALLER_UNKNOWN = Message("It is unknown which policies apply to the caller.")
OTHER_ACCOUNT = Message("The caller does not belong to the account that was read.")
NOT_MEANT = Message(
    "These users are not part of the goal, but other policies will apply to them: they are in a "
    "group that gets the policy, or have the policy already."
)

_DENIAL = Message("{decision} on `{resource}`")
_NOT_DECIDED = Message("Unknown", "decision")

_DETAILS = "GetAccountAuthorizationDetails"

_VERDICTS: Mapping[ScenarioOutcome, SafetyVerdict] = {
    ScenarioOutcome.GETS_IN: SafetyVerdict.PROVED,
    ScenarioOutcome.LOCKED_OUT: SafetyVerdict.REFUTED,
    ScenarioOutcome.UNKNOWN: SafetyVerdict.UNKNOWN,
}
"""A user gets in or is locked out; only an attacker is kept out."""


def safety_proofs(accounts: BeforeAfter) -> tuple[Proof, ...]:
    """Return the safety properties with their outcomes."""
    return (
        _enforcement_proved(accounts),
        gets_in(accounts),
        *access_proofs(accounts),
        _works_with_mfa(accounts),
    )


def access_proofs(accounts: BeforeAfter) -> tuple[Proof, ...]:
    """Return that the caller, the break-glass users and an administrator keep what they have."""
    return (
        caller_keeps_access(accounts),
        _break_glass_untouched(accounts),
        _administrator_remains(accounts),
    )


def why_unjudgeable(accounts: BeforeAfter) -> tuple[PlanNote, ...]:
    """Return why the plan cannot be judged: unknown policies of its caller or of affected users."""
    if accounts.caller.home != (accounts.before.partition, accounts.before.account):
        return (PlanNote("other-account", OTHER_ACCOUNT, (accounts.caller.arn,)),)
    try:
        _caller_policies(accounts.before, accounts.caller)
    except FaultyAccount:
        return (PlanNote("caller-unknown", CALLER_UNKNOWN, (accounts.caller.arn,)),)
    if accounts.before.gaps:
        # each gap is a reason of its own where it matters
        return ()
    unread = (
        user.name for user in accounts.affected if not policies_or_none(accounts.after, user.name)
    )
    return tuple(
        PlanNote("gap", GAP.filled(what=f"policies of `{name}`"), (name,)) for name in unread
    )


def keys_in_use(accounts: BeforeAfter) -> tuple[PlanNote, ...]:
    """Return the users whose recently used credentials will stop; unread ones count as used."""
    stops, now = {*accounts.users_for_whom(key_may_stop)}, accounts.before.taken_at
    users = [
        user
        for user in accounts.affected
        if user.name in stops
        and (
            "ListAccessKeys" in accounts.unread.get(user.name, ())
            or accounts.credentials[user.name].keys_may_work(now)
            or uses_keys(accounts.usage, user)
        )
        and not signs_for_sessions_only(accounts, user)
    ]
    text, keys = KEYS_IN_USE, tuple(user.name for user in users)
    if accounts.usage is not None and users:
        facts = facts_of_users(accounts.usage, users)
        text = joined_messages([KEYS_IN_USE_BY_LOGS, facts], en=" ", ja="")
    in_use = (
        ("keys-in-use", text, keys),
        ("credentials-in-use", CREDENTIALS_IN_USE, other_credentials_may_stop(accounts)),
    )
    return tuple(PlanNote(identity, text, names) for identity, text, names in in_use if names)


def not_meant(accounts: BeforeAfter, goal: Goal) -> tuple[PlanNote, ...]:
    """Return the users who are affected although the goal is not about them."""
    meant = {user.name for user in accounts.targets} | {*accounts.break_glass}
    meant |= {user.name for user in goal.new_users}
    # who waits for their day, or is left out of a wave, may have been given the right to enrol
    in_waves = {name for wave in goal.waves for name in wave.users}
    meant |= {
        user.name
        for user in accounts.affected
        if accounts.only_enrols(user)
        or (user.name in in_waves and accounts.keeps_all_but_enrolment(user))
    }
    names = tuple(
        user.name
        for user in accounts.affected
        if user.name not in meant and policies_or_none(accounts.after, user.name) is not None
    )
    return (PlanNote("not-meant", NOT_MEANT, names),) if names else ()


def _enforcement_proved(accounts: BeforeAfter) -> Proof:
    """Show that no request without MFA passes, even if other policies are attached later.

    Asked for everybody whom the goal is about, also where nothing changes, for who gets the policy
    beside them, and for who was enforced and is affected.
    """
    targets = {user.name for user in accounts.targets}
    others = [
        user
        for user in accounts.affected
        if user.name not in targets
        and (
            accounts.gets_policy(user)
            or accounts.was_enforced(user)
            or policies_or_none(accounts.after, user.name) is None
        )
    ]
    judged = sorted((*accounts.targets, *others), key=lambda user: user.name)
    found = [(user.name, *_enforcement(accounts.enforcements[user.name])) for user in judged]
    return _worst_proof("enforcement", ENFORCEMENT_PROVED, found)


def _enforcement(enforcement: UserEnforcement) -> tuple[SafetyVerdict, Message]:
    match enforcement.enforced:
        case Enforced.PROVED:
            return SafetyVerdict.PROVED, verbatim("")
        case Enforced.UNKNOWN:
            reason = enforcement.gap or enforcement.reason or ""
            return SafetyVerdict.UNKNOWN, UNKNOWN.filled(reason=reason)
        case Enforced.REFUTED | Enforced.TODAY_UNKNOWN | Enforced.NOTHING_ALLOWED:
            found = enforcement.counterexample or enforcement.once_allowed
            shown = verbatim("") if found is None else counterexample_text(found)
            return SafetyVerdict.REFUTED, shown


def gets_in(accounts: BeforeAfter) -> Proof:
    """Show that everybody who is affected comes to a session with MFA by what they hold.

    Who is proved to have had no way in before is left out, and so is who only gets the enrolment
    policy: nothing is denied to them. So is a user who loses an unused password by the goal: the
    plan names them by itself.
    """
    left_out = {user.name for user in accounts.affected if accounts.only_enrols(user)}
    left_out |= {each.user for each in accounts.changes if isinstance(each, DeleteUnusedPassword)}
    verdicts = [
        (name, _VERDICTS[entry.verdict], entry.why)
        for name, entry in accounts.outcomes.items()
        if name not in left_out and not accounts.was_stuck(name)
    ]
    return _worst_proof("everyone-gets-in", EVERYONE_GETS_IN, verdicts)


def _worst_proof(
    identity: str, text: Message, outcomes: list[tuple[str, SafetyVerdict, Message]]
) -> Proof:
    open_ = [(name, why) for name, verdict, why in outcomes if verdict is not SafetyVerdict.PROVED]
    verdicts = {verdict for _, verdict, _ in outcomes}
    worst = next(
        (each for each in (SafetyVerdict.REFUTED, SafetyVerdict.UNKNOWN) if each in verdicts),
        SafetyVerdict.PROVED,
    )
    names, shown = tuple(name for name, _ in open_), tuple(why for _, why in open_)
    return Proof(identity, text, worst, names, shown)


def caller_keeps_access(accounts: BeforeAfter) -> Proof:
    """Decide every call of the plan and of its roll-back, as the account is and as it will be.

    Part of the plan is applied while only part of it is in force: the calls that apply have to be
    allowed at both ends.
    """
    reading = read_requests(accounts.needless, accounts.after) if accounts.changes else ()
    applying = (
        *apply_requests(accounts.changes, accounts.after),
        *reading,
        *sign_in_requests(accounts),
    )
    rolling_back = rollback_requests(accounts.changes, accounts.after)
    rounds = ((accounts.before, applying), (accounts.after, (*applying, *rolling_back)))
    denials = dict.fromkeys(
        denial for snapshot, asks in rounds for denial in _denials(snapshot, accounts.caller, asks)
    )
    verdicts = [
        (action, SafetyVerdict.REFUTED, _DENIAL.filled(decision=decision, resource=resource))
        for action, resource, decision in denials
    ]
    proof = _worst_proof("caller-keeps-access", CALLER, verdicts)
    known = _is_known(accounts.before, accounts.caller) and _is_known(
        accounts.after, accounts.caller
    )
    return proof if known else replace(proof, verdict=SafetyVerdict.UNKNOWN)


def _is_known(snapshot: Snapshot, caller: PlanCaller) -> bool:
    """Return whether it can be told what decides for the caller."""
    try:
        _caller_policies(snapshot, caller)
    except FaultyAccount:
        return False
    return True


def _denials(
    snapshot: Snapshot, caller: PlanCaller, asks: tuple[SampleRequest, ...]
) -> Iterator[tuple[str, str, Message]]:
    """Yield each action that the caller is not allowed, with its resource and the decision."""
    try:
        policies, credentials, user = _caller_policies(snapshot, caller)
    except FaultyAccount:
        yield from ((ask.action, ask.resource, _NOT_DECIDED) for ask in asks)
        return
    tags = user.tags if user else {}
    effects: dict[tuple[object, ...], DecisionEffect] = {}
    names = {action: names_resources(policies, action) for action in {ask.action for ask in asks}}
    for credential, ask in product(credentials, asks):
        # thousands of calls differ in the user alone: where no policy names one, they are equal
        account = ask.resource.split(":")[:_HEAD]
        on = (ask.resource,) if names[ask.action] else account
        key = (credential.kind, ask.action, *on, repr(ask.context))
        if key not in effects:
            effects[key] = decide_request(snapshot, credential, policies, tags, ask).effect
        if effects[key] is not DecisionEffect.ALLOWED:
            yield ask.action, ask.resource, EFFECTS[effects[key]]


_HEAD = 5
"""The parts of an ARN from its beginning to the account."""


def _caller_policies(
    snapshot: Snapshot, caller: PlanCaller
) -> tuple[Policies, tuple[Credential, ...], User | None]:
    """Return the policies that decide for the caller, the caller's credentials, and the user.

    None are returned for root: no identity-based policy applies to it.

    Raises:
        FaultyAccount: if the caller is unknown, or a policy of theirs is not in the snapshot.
    """
    kind, _, rest = caller.arn.split(":", 5)[-1].partition("/")
    here = caller.home == (snapshot.partition, snapshot.account)
    if not here or kind not in ("root", "assumed-role", "user"):
        message = Message("`{arn}` is not a user, role or root of this account").filled(
            arn=caller.arn
        )
        raise FaultyAccount(
            Message("caller", "source"), [Fault(Code.ACCOUNT_BAD_REFERENCE, message)]
        )
    if kind == "root":
        return Policies(), (), None
    if kind == "assumed-role":
        role, _, session = rest.partition("/")
        # the session's ARN has no path, and `aws:PrincipalArn` has
        path = next((known.path for known in snapshot.roles if known.name == role), "/")
        holder = Holder(HolderKind.ROLE, snapshot.partition, snapshot.account, role, path)
        credential = Credential(
            CredentialKind.ROLE_SESSION, holder, snapshot.taken_at, session_name=session
        )
        return policies_of_role(snapshot, role), (credential,), None
    name = rest.rsplit("/", 1)[-1]
    policies = policies_of(snapshot, name)
    user = user_of(snapshot, name)
    return policies, credentials_of(snapshot, user, mfa=caller.mfa), user


def _break_glass_untouched(accounts: BeforeAfter) -> Proof:
    """Compare the policies of each break-glass user, document by document."""
    identity = "break-glass-untouched"
    if not accounts.break_glass:
        return Proof(identity, NO_BREAK_GLASS, SafetyVerdict.NOBODY)
    affected = {user.name for user in accounts.affected}
    found = [(name, *_touched(accounts, name)) for name in accounts.break_glass if name in affected]
    return _worst_proof(identity, BREAK_GLASS, found)


def _touched(accounts: BeforeAfter, name: str) -> tuple[SafetyVerdict, Message]:
    """Return that the plan changes what decides for a user; unknown if that was not read."""
    both = (accounts.before, accounts.after)
    held_before, held_after = (_holders(each, name) for each in both)
    unread = any(policies_or_none(each, name) is None for each in both)
    if unread and held_before == held_after:
        return SafetyVerdict.UNKNOWN, UNREAD_POLICIES
    return SafetyVerdict.REFUTED, verbatim("")


def _holders(snapshot: Snapshot, name: str) -> tuple[object, ...]:
    """Return a user and their groups: by whom policies reach the user."""
    user = snapshot.user_named.get(name)
    groups = user.groups if user else ()
    return (user, *(snapshot.group_named.get(group) for group in groups))


def _administrator_remains(accounts: BeforeAfter) -> Proof:
    """Show that if an administrator can work now, there is one who can still work afterwards."""
    return administrator_remains(
        WorkingAccount(
            accounts.before,
            accounts.administrators_before,
            accounts.sign_ins_before,
            accounts.unread,
        ),
        WorkingAccount(accounts.after, accounts.administrators, accounts.sign_ins, accounts.unread),
    )


@dataclass(frozen=True, slots=True)
class WorkingAccount:
    """An account whose users work with what they hold; of `unread` it is not known what."""

    snapshot: Snapshot
    administrators: Administrators
    sign_ins: SignInOutcomes
    unread: Mapping[str, tuple[str, ...]]


def administrator_remains(before: WorkingAccount, after: WorkingAccount) -> Proof:
    """Show that if an administrator can work in one account, one can still work in the other."""
    identity, text = "administrator-remains", ADMINISTRATOR_REMAINS
    unsure: dict[str, Message] = {}
    for name, verdict, why in _administering(after):
        if verdict is SafetyVerdict.PROVED:
            return Proof(identity, text, SafetyVerdict.PROVED)
        unsure |= {name: why} if verdict is SafetyVerdict.UNKNOWN else {}
    was = [*_administering(before)]
    unsure |= {name: why for name, verdict, why in was if verdict is SafetyVerdict.UNKNOWN}
    if unsure:
        return _worst_proof(
            identity, text, [(n, SafetyVerdict.UNKNOWN, why) for n, why in unsure.items()]
        )
    failed = tuple(name for name, verdict, _ in was if verdict is SafetyVerdict.PROVED)
    if not failed:
        return Proof(identity, NOBODY_ADMINISTERS, SafetyVerdict.NOBODY)
    return Proof(identity, text, SafetyVerdict.REFUTED, failed)


def _administering(at: WorkingAccount) -> Iterator[tuple[str, SafetyVerdict, Message]]:
    """Yield for each user by name whether an administrator can work as that user now, and why not.

    Administrators are those that the audit names.
    """
    for user in tracked(at.snapshot.users, COMPARING):
        if policies_or_none(at.snapshot, user.name) is None:
            yield user.name, SafetyVerdict.UNKNOWN, UNREAD_POLICIES
        else:
            yield user.name, *_administers(at, user)
    if at.snapshot.gap_of(_DETAILS) is not None:
        yield _DETAILS, SafetyVerdict.UNKNOWN, UNLISTED


def _administers(at: WorkingAccount, user: User) -> tuple[SafetyVerdict, Message]:
    """Return whether a user can administer users now, and why that is not known.

    Proved if it is so with what the user certainly holds, refuted if not even with what they may.
    """
    unread = at.unread.get(user.name)
    certain: tuple[Credential, ...] = ()
    if unread:
        every = (credentials_of(at.snapshot, user, mfa=mfa) for mfa in (False, True))
        possible, why = tuple(chain.from_iterable(every)), UNREAD.filled(what=", ".join(unread))
    else:
        console = at.sign_ins.console(user)
        why = console.why
        certain = usable_credentials(at.snapshot, user, enters=console.gets_in)
        possible = usable_credentials(at.snapshot, user, enters=not console.locked_out)
    match _administers_by(at, user, certain), _administers_by(at, user, possible):
        case Refuted(), _:
            return SafetyVerdict.PROVED, verbatim("")
        case Unknown(reason), _:
            return SafetyVerdict.UNKNOWN, UNKNOWN.filled(reason=reason)
        case _, Refuted() | Unknown():
            return SafetyVerdict.UNKNOWN, why
        case _:
            return SafetyVerdict.REFUTED, verbatim("")


def _administers_by(
    at: WorkingAccount, user: User, credentials: Iterable[Credential]
) -> ProverVerdict:
    return first_refuted(
        at.administrators.of(user, kind_of_credential(each)) for each in credentials
    )


def _works_with_mfa(accounts: BeforeAfter) -> Proof:
    """Show that MFA lets everybody do something for whom it did before."""
    asked = WorksWithMfa(accounts)
    found = accounts.answers_by_policy(lambda _, user: asked.of(user)).items()
    return _worst_proof(
        "works-with-mfa", WORKS_WITH_MFA, [(name, *answer) for name, answer in found]
    )
