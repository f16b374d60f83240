"""Warnings of a plan: keys that stop, users who must or cannot enrol, rights gained and lost.

Who enrols is walked, and what is lost even with MFA is proved; the rest is decided by the engine on
the account as it is and as it will be, on sampled requests.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from functools import partial

from sekisho.account import Snapshot, User, other_credentials, policies_of, users_not_read
from sekisho.audit.enforcement import named_of
from sekisho.audit.impact import SignInOutcomes, credentials_of
from sekisho.engine import DecisionEffect, Policies, Request
from sekisho.errors import FaultyPolicy
from sekisho.messages import Message, joined_messages, verbatim
from sekisho.policy import Effect
from sekisho.prover import (
    ALLOW_EVERYTHING,
    Proved,
    Question,
    Refuted,
    Unknown,
    allowed_with_mfa,
    expected_exempt,
    lost_with_mfa,
    prove_unlimited_first,
)
from sekisho.prover import Verdict as Found
from sekisho.prover.scenarios import ScenarioOutcome
from sekisho.rollout.goal.model import DeferralReason, Goal
from sekisho.rollout.planning.before_after import COMPARING, BeforeAfter, policies_or_none
from sekisho.rollout.planning.impact import (
    is_newly_denied,
    key_stops,
    must_change,
    other_credentials_stop,
    signs_for_sessions_only,
)
from sekisho.rollout.planning.plan import LOCKED_OUT, STUCK, PlanNote, SafetyVerdict
from sekisho.rollout.planning.requests import (
    SampleRequest,
    decide_request,
    is_allowed,
    may_allow_more,
    sample_requests,
)
from sekisho.signin import Credential
from sekisho.work import tracked

UNREAD_POLICIES = Message("unknown: policies that decide for them were not read")
UNKNOWN = Message("unknown: {reason}")
NOT_CONFIRMED = Message(
    "CodeCommit was observed to refuse them; for other services, such as Bedrock and Keyspaces, "
    "AWS does not document it."
)
KEYS_STOP = Message(
    "Access keys of these users work without MFA now and will stop: "
    "programs that use them need another way in."
)
CREDENTIALS_STOP = Message(
    "SSH keys, signing certificates or service-specific credentials of these users work without "
    "MFA now and will stop, because they cannot use MFA. {not_confirmed}"
).filled(not_confirmed=NOT_CONFIRMED)
DEAD_LOCK = Message(
    "These users must change their password at the next sign-in but will not be allowed to, so "
    "they cannot sign in to the console."
)
CONSOLE_REFUSED = Message(
    "These users cannot sign in to the console with their password. They can only use an access "
    "key, also to set up MFA."
)
CANNOT_ENROL = Message("These users have no MFA device and will not be allowed to set one up.")
MUST_ENROL = Message("These users have no MFA device yet and can do little until they set one up.")
VIA_SERVICE = Message("AWS services that act for these users may do so without MFA.")
STILL_STUCK = Message(
    "These users have no way to sign in with MFA now, and this plan gives them none."
)
LOCKED_OUT_NOW = Message(
    "MFA is already enforced for these users, and they are locked out with the credentials they "
    "have now: {why}."
)
GAINS = Message("These users get permissions that they do not have now (sampled).")
LOSES = Message(
    "These users will lose permissions that they have now, even with MFA, such as {what}."
)
MAY_LOSE = Message("These users may lose permissions that they have now, even with MFA ({what}).")


OWN_KEY_FOR_STS = Message(
    "Your own access key was last used for STS, presumably to get this session. AWS keeps only "
    "the last use: anything else that signs with the key will stop."
)


def user_warnings(accounts: BeforeAfter) -> tuple[PlanNote, ...]:
    """Return the warnings of a plan, each with the users whom it is about."""
    denied = {*accounts.users_for_whom(_where_readable(_newly_denied))}
    readable = [user for user in accounts.affected if policies_or_none(accounts.after, user.name)]
    stops = {*other_credentials_stop(accounts)}
    named = [
        ("keys-stop", KEYS_STOP, accounts.users_for_whom(_where_readable(key_stops))),
        (
            "own-key-for-sts",
            OWN_KEY_FOR_STS,
            _names(readable, partial(signs_for_sessions_only, accounts)),
        ),
        ("credentials-stop", CREDENTIALS_STOP, _names(readable, lambda user: user.name in stops)),
        # scenarios are run for each: they depend on more than the policies that make people alike
        ("dead-lock", DEAD_LOCK, _names(readable, partial(_dead_locks, accounts))),
        (
            "console-refused",
            CONSOLE_REFUSED,
            _names(readable, partial(_gets_in_by_key_only, accounts)),
        ),
        (
            "cannot-enrol",
            CANNOT_ENROL,
            _names(
                readable, lambda user: _cannot_enrol(accounts, user, newly_shut=user.name in denied)
            ),
        ),
        (
            "must-enrol",
            MUST_ENROL,
            _names(readable, lambda user: user.name in denied and _must_enrol(accounts, user)),
        ),
    ]
    # of whom the policy is theirs, and not only one that says the same
    served = tuple(user.name for user in accounts.affected if _open_to_services(accounts, user))
    stuck = tuple(
        name
        for name, entry in accounts.outcomes.items()
        if not entry.gets_in and accounts.was_stuck(name)
    )
    gaining = {*accounts.users_for_whom(_where_readable(_gains))}
    affected = tracked(accounts.affected, COMPARING)
    gains = tuple(u.name for u in affected if u.name in gaining or _rises(accounts, u))
    named += [("via-service", VIA_SERVICE, served), ("gains", GAINS, gains)]
    named.append((STUCK, STILL_STUCK, stuck))
    notes = (PlanNote(identity, text, names) for identity, text, names in named if names)
    return (*notes, *lost_permissions(accounts))


def _where_readable(
    holds_for: Callable[[BeforeAfter, User], bool],
) -> Callable[[BeforeAfter, User], bool]:
    """Return the question of whom something can be told; the plan is refused for the others."""
    return lambda accounts, user: (
        policies_or_none(accounts.after, user.name) is not None and holds_for(accounts, user)
    )


def _names(users: Collection[User], holds_for: Callable[[User], bool]) -> tuple[str, ...]:
    return tuple(user.name for user in tracked(users, COMPARING) if holds_for(user))


def _dead_locks(accounts: BeforeAfter, user: User) -> bool:
    """Return whether the page that asks for a new password is where a sign-in ends."""
    entry = accounts.outcomes.get(user.name)
    return entry is not None and entry.console_refused and must_change(accounts, user)


def _gets_in_by_key_only(accounts: BeforeAfter, user: User) -> bool:
    """Return whether a key is the way in: the password opens no console, changed or not."""
    entry = accounts.outcomes.get(user.name)
    if entry is None or not (entry.gets_in and entry.console_refused):
        return False
    return not must_change(accounts, user)


def _ways(snapshot: Snapshot, user: User) -> tuple[Credential, ...]:
    """Return the credentials without MFA by which a user may enrol; who has none may get any."""
    key, console = credentials_of(snapshot, user, mfa=False)
    ways = [key] if any(known.active for known in user.keys) else []
    ways += [console] if user.password is not None else []
    return tuple(ways) if ways or other_credentials(user) else (key, console)


def _newly_denied(accounts: BeforeAfter, user: User) -> bool:
    return is_newly_denied(accounts, user, _ways(accounts.after, user), sample_requests(user))


def _cannot_enrol(accounts: BeforeAfter, user: User, *, newly_shut: bool) -> bool:
    """Return whether a user without a device has to enrol and may not, or might until now."""
    if not _lacks_device(accounts, user):
        return False
    if accounts.sign_ins.enrols(user) is not ScenarioOutcome.LOCKED_OUT:
        return False
    return newly_shut or (
        accounts.exists_before(user)
        and accounts.sign_ins_before.enrols(user) is ScenarioOutcome.GETS_IN
    )


def _must_enrol(accounts: BeforeAfter, user: User) -> bool:
    """Return whether a user who comes to be shut out has no device, and is not known to be stuck.

    Nobody sets up MFA who does not come so far.
    """
    entry = accounts.outcomes.get(user.name)
    stuck = entry is not None and entry.locked_out
    if stuck or not _lacks_device(accounts, user):
        return False
    return accounts.sign_ins.enrols(user) is not ScenarioOutcome.LOCKED_OUT


def _lacks_device(accounts: BeforeAfter, user: User) -> bool:
    """Return whether it is known that the user has no device."""
    return not user.devices and "ListMFADevices" not in accounts.unread.get(user.name, ())


def _open_to_services(accounts: BeforeAfter, user: User) -> bool:
    enforcement = accounts.enforcements.get(user.name)
    if enforcement is None or enforcement.via_service is None or not accounts.gets_policy(user):
        return False
    return not isinstance(enforcement.via_service, Proved)


def _gains(accounts: BeforeAfter, user: User) -> bool:
    """Return whether somebody who is there already may do what nothing allowed them before."""
    before = policies_or_none(accounts.before, user.name)
    if before is None:
        return False
    after = policies_of(accounts.after, user.name)
    asks = [each for each in sample_requests(user) if may_allow_more(before, after, each.action)]
    return any(
        is_allowed(accounts.after, user, credential, ask)
        and not is_allowed(accounts.before, user, credential, ask)
        for mfa in (False, True)
        for credential in credentials_of(accounts.after, user, mfa=mfa)
        for ask in asks
    )


def _rises(accounts: BeforeAfter, user: User) -> bool:
    """Return whether somebody who is there already may come to be an administrator."""
    if not accounts.exists_before(user) or isinstance(accounts.administrators.of(user), Proved):
        return False
    return isinstance(accounts.administrators_before.of(user), Proved)


_NO_WORDS = verbatim("")
_OWN_CALLS = ("iam:", "sts:")


def lost_permissions(accounts: BeforeAfter) -> Iterator[PlanNote]:
    """Yield the users who lose a permission even with MFA, with one example, or who may."""
    found = accounts.answers_by_policy(_lost_with_mfa)
    for kind, identity, text in ((Refuted, "loses", LOSES), (Unknown, "may-lose", MAY_LOSE)):
        whom = {name: each for name, each in found.items() if isinstance(each, kind)}
        if whom:
            yield PlanNote(
                identity, text.filled(what=_reason_text(next(iter(whom.values())))), tuple(whom)
            )


def _reason_text(found: Found) -> Message:
    match found:
        case Refuted(counterexample):
            asked = f"`{counterexample.request.action}` on `{counterexample.request.resource}`"
            return Message.both(
                asked, f"`{counterexample.request.action}` (`{counterexample.request.resource}`)"
            )
        case Unknown(reason):
            return reason
        case _:
            return _NO_WORDS


def _lost_with_mfa(accounts: BeforeAfter, user: User) -> Found:
    before, after = _policies(accounts, user)
    if before is None or after is None:
        return Unknown(UNREAD_POLICIES)
    now = accounts.before.taken_at
    return _prove_or_unknown(lambda: lost_with_mfa(before, after, named_of(user), now))


class WorksWithMfa:
    """Asks whether MFA still lets users do something for whom it did.

    What one of them may do is tried for the next: the engine decides in no time what takes the
    prover a search.
    """

    def __init__(self, accounts: BeforeAfter) -> None:
        self._accounts = accounts
        self._besides = (*expected_exempt(), *_own_actions(accounts))
        self._tried = dict.fromkeys((*each, "") for each in _USUAL)

    def of(self, user: User) -> tuple[SafetyVerdict, Message]:
        """Return the answer for one user.

        Asked of what is attached to the user, and of whatever may be attached later.
        """
        before, after = _policies(self._accounts, user)
        if before is None or after is None:
            return SafetyVerdict.UNKNOWN, UNREAD_POLICIES
        for later in (False, True):
            if (will := self._allowed(user, after, later=later)) is True:
                continue
            match self._allowed(user, before, later=later), will:
                case (False, _):
                    continue
                case (Message() as reason, _) | (_, Message() as reason):
                    return SafetyVerdict.UNKNOWN, UNKNOWN.filled(reason=reason)
                case _:
                    return SafetyVerdict.REFUTED, _NO_WORDS
        return SafetyVerdict.PROVED, _NO_WORDS

    def _allowed(self, user: User, policies: Policies, *, later: bool) -> bool | Message:
        """Return whether a session with MFA is allowed anything, or why that is not known."""
        accounts = self._accounts
        whole = (
            replace(policies, identity=(*policies.identity, ALLOW_EVERYTHING))
            if later
            else policies
        )
        (session,) = credentials_of(accounts.after, user, mfa=True)
        for action, resource, region in self._tried:
            ask = SampleRequest(action, resource, {_REGION: region} if region else {})
            decision = decide_request(accounts.after, session, whole, user.tags, ask)
            if decision.effect is DecisionEffect.ALLOWED:
                return True
        now, named = accounts.before.taken_at, named_of(user)
        verdict = _prove_or_unknown(
            lambda: allowed_with_mfa(policies, named, now, self._besides, later=later)
        )
        match verdict:
            case Refuted(counterexample):
                self._try(counterexample.request)
                return True
            case Unknown(reason):
                return reason
            case _:
                return False

    def _try(self, request: Request) -> None:
        """Try for the next users what is allowed, and the usual calls in the same region."""
        region = request.context.get(_REGION)
        place = region if isinstance(region, str) else ""
        for action, resource in ((request.action, request.resource), *_USUAL):
            if len(self._tried) < _MOST_TRIED:
                self._tried[(action, resource, place)] = None


_REGION = "aws:RequestedRegion"
_USUAL = (("ec2:DescribeInstances", "*"), ("s3:ListAllMyBuckets", "*"))
"""No MFA enforcement exempts these."""
_MOST_TRIED = 24


def _policies(accounts: BeforeAfter, user: User) -> tuple[Policies | None, Policies | None]:
    """Return the user's policies before and after, None if not known; who is new had none."""
    known = accounts.exists_before(user)
    before = policies_or_none(accounts.before, user.name) if known else Policies()
    return before, policies_or_none(accounts.after, user.name)


def _prove_or_unknown(question: Callable[[], Question]) -> Found:
    try:
        return prove_unlimited_first(question())
    except FaultyPolicy as error:
        return Unknown(error.reason)


def _own_actions(accounts: BeforeAfter) -> Iterator[str]:
    """Yield the actions of IAM and STS that the goal's policies allow, for managing devices."""
    for policy in filter(None, map(accounts.after.policies.get, accounts.policies)):
        for statement in policy.document.statements:
            if statement.effect is Effect.ALLOW and not statement.action.negated:
                names = statement.action.values
                yield from (each for each in names if each.lower().startswith(_OWN_CALLS))


def locked_out_now(accounts: BeforeAfter) -> tuple[PlanNote, ...]:
    """Return the users who are enforced already, cannot get in, and are not changed by the plan."""
    affected = {user.name for user in accounts.affected}
    others = [
        user
        for user in accounts.targets
        if user.name not in affected and accounts.enforcements[user.name].enforced_directly
    ]
    return locked_out_notes(accounts.sign_ins, others)


def locked_out_notes(sign_ins: SignInOutcomes, enforced: Collection[User]) -> tuple[PlanNote, ...]:
    """Return that users who are enforced already cannot get in, and why; nothing if all can."""
    outcomes = sign_ins.outcomes(enforced)
    locked_out = {name: each.why for name, each in outcomes.items() if each.locked_out}
    if not locked_out:
        return ()
    reasons = joined_messages(dict.fromkeys(locked_out.values()), en="; ", ja="、")
    return (PlanNote(LOCKED_OUT, LOCKED_OUT_NOW.filled(why=reasons), tuple(locked_out)),)


OTHER_KIND = Message(
    "The goal requires a passkey or security key, and these users have only another kind of "
    "device. They are not locked out: no policy can require a kind, because "
    "`aws:MultiFactorAuthPresent` is true with any. `sekisho status` lists who still lacks one."
)
NO_DEVICE = Message(
    "The goal requires a passkey or security key, and these users have no device yet: tell them "
    "to choose that kind. Those with access keys need an authenticator app as well."
)
NOT_READ = Message(
    "The goal requires a passkey or security key; whether these users have one could not be read."
)
_LEFT_OUT = (DeferralReason.EXEMPT, DeferralReason.LEFT_OUT)


def without_required(accounts: BeforeAfter, goal: Goal) -> Iterator[PlanNote]:
    """Yield the users of a goal without the kind of device that it requires, or who may lack it."""
    if goal.require is None:
        return
    snapshot = accounts.before
    left_out = {name for name, each in goal.deferred.items() if each.reason in _LEFT_OUT}
    left_out |= {*goal.break_glass}
    named = dict.fromkeys([*goal.enforced, *(n for wave in goal.waves for n in wave.users)])
    named |= dict.fromkeys(user.name for user in accounts.targets)
    judged = [name for name in sorted(named) if name not in left_out]
    known = snapshot.user_named
    enrolled = {user.name for user in snapshot.users if user.devices}
    unread = users_not_read(snapshot, "ListMFADevices")
    lacking = [
        name for name in judged if name not in known or not goal.require.met_for(known[name])
    ]
    users = {
        OTHER_KIND: [name for name in lacking if name in enrolled],
        NO_DEVICE: [name for name in lacking if name not in enrolled | unread],
        NOT_READ: [name for name in lacking if name in unread - enrolled],
    }
    for text, names in users.items():
        if names:
            yield PlanNote("passkey-required", text, tuple(names))


NOT_COVERED = Message(
    "These users have a console password (or that could not be read) and are not covered by any "
    "wave or exception."
)
UNMATCHED = Message(
    "These selectors of the goal match nobody today. Correct them if they should match."
)
EMPTY_WAVES = Message(
    "These waves are empty today: they select nobody, or only users who are in an earlier wave, "
    "excepted, or break-glass."
)
RENAMED = Message(
    "These users were renamed, and the goal or the exceptions file has the old name. The plan "
    "still covers them; write the new name."
)
GONE = Message(
    "These users are in the goal or the exceptions file, but no longer in the account. Delete "
    "them from the file."
)


def goal_warnings(goal: Goal, snapshot: Snapshot) -> Iterator[PlanNote]:
    """Yield who is in no wave, what selects nobody, and who has another name or has left."""
    named = {*goal.break_glass, *goal.deferred, *(n for wave in goal.waves for n in wave.users)}
    unread = users_not_read(snapshot, "GetLoginProfile")
    signing_in = (u.name for u in snapshot.users if u.password or u.name in unread)
    left = tuple(name for name in signing_in if goal.waves and name not in named)
    renamed = tuple(f"{old} → {new}" for old, new in goal.former.items() if new is not None)
    for identity, text, names in (
        ("not-covered", NOT_COVERED, left),
        ("selector-unmatched", UNMATCHED, goal.unmatched),
        ("wave-empty", EMPTY_WAVES, tuple(w.name for w in goal.waves if w.name and not w.users)),
        ("user-renamed", RENAMED, renamed),
        ("user-gone", GONE, tuple(old for old, new in goal.former.items() if new is None)),
    ):
        if names:
            yield PlanNote(identity, text, names)
