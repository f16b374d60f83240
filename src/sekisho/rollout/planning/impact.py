"""The impact of a plan on each person, in one sentence."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial

from sekisho.account import KeyUse, Snapshot, Usage, User, other_credentials
from sekisho.audit.impact import ImpactKind, credentials_of
from sekisho.engine import DecisionEffect
from sekisho.messages import Message, joined_messages, table, verbatim
from sekisho.prover import Enforced
from sekisho.rollout.goal.model import DeferralReason, EnforceWhen, Goal, Wave
from sekisho.rollout.planning.before_after import BeforeAfter, holds_if_known, policies_or_none
from sekisho.rollout.planning.plan import PlannedImpact
from sekisho.rollout.planning.requests import (
    SERVICES,
    SampleRequest,
    decide_request,
    sample_requests,
)
from sekisho.signin import Credential

_KEYS = Message("Access keys stop working without MFA.")
_OTHERS = Message("SSH keys, signing certificates or service-specific credentials stop working.")
_ANY_OTHERS = Message(
    "Whether SSH keys, signing certificates or service-specific credentials stop working could "
    "not be read."
)


def planned_impacts(accounts: BeforeAfter, goal: Goal) -> tuple[PlannedImpact, ...]:
    """Return the impact on every user who is affected or whom the goal names, by name."""
    waves = {user: wave for wave in goal.waves for user in wave.users}
    impacts = {user: _person(user, ImpactKind.BREAK_GLASS) for user in accounts.break_glass}
    impacts |= {person.user: person for person in _waiting(goal)}
    impacts |= {user: _person(user, ImpactKind.UNCHANGED) for user in waves if user not in impacts}
    stopping = _stopping(accounts)
    impacts |= {
        user.name: _impact_on_affected(accounts, user, stopping[user.name])
        for user in accounts.affected
        if not accounts.only_enrols(user)
        and not (user.name in waves and accounts.keeps_all_but_enrolment(user))
    }
    nowhere = Wave("", ())

    def placed(name: str, person: PlannedImpact) -> PlannedImpact:
        wave = waves.get(name, nowhere)
        deferral = goal.deferred.get(name)
        late = deferral is not None and (
            deferral.password or deferral.reason is DeferralReason.PASSWORD
        )
        return replace(
            person,
            wave=wave.name,
            starts=goal.day_of_user(name, wave),
            after_password=late,
            enrol_from=wave.enrol_from,
            on_enrolment=wave.enforce is EnforceWhen.ON_ENROLMENT,
        )

    return tuple(placed(name, person) for name, person in sorted(impacts.items()))


def _text(impact: ImpactKind) -> Message:
    text: Message = table("impacts")[impact]["plan"]
    return text


def _waiting(goal: Goal) -> Iterator[PlannedImpact]:
    for user, deferral in goal.deferred.items():
        yield _person(user, ImpactKind(deferral.reason.value), until=deferral.until)


def _person(user: str, impact: ImpactKind, **values: object) -> PlannedImpact:
    return PlannedImpact(user, impact, _text(impact).filled(**values))


def _stopping(accounts: BeforeAfter) -> Mapping[str, tuple[Message, ...]]:
    """Return by name what is said of what stops for each of the affected."""
    keys, others = accounts.users_for_whom(key_stops), other_credentials_stop(accounts)
    any_others = {*other_credentials_may_stop(accounts)} - {*others}
    said = ((_KEYS, {*keys}), (_OTHERS, {*others}), (_ANY_OTHERS, any_others))
    facts = {
        user.name: tuple(text for text, names in said if user.name in names)
        for user in accounts.affected
    }
    if accounts.usage is not None:
        stops = (user for user in accounts.affected if user.name in keys)
        facts |= {
            user.name: (*facts[user.name], *facts_of_user(accounts.usage, user)) for user in stops
        }
    return facts


def _impact_on_affected(
    accounts: BeforeAfter, user: User, stopping: tuple[Message, ...]
) -> PlannedImpact:
    impact = _kind(accounts, user)
    outcome = accounts.outcomes.get(user.name)
    why = outcome.why if outcome is not None else verbatim("")
    text = joined_messages([_text(impact).filled(why=why), *stopping], en=" ", ja="")
    return PlannedImpact(user.name, impact, text)


def _kind(accounts: BeforeAfter, user: User) -> ImpactKind:
    entry = accounts.outcomes.get(user.name)
    if entry is None:
        credentials = accounts.credentials.get(user.name)
        nothing = credentials is None or credentials.others_count == 0
        return ImpactKind.HOLDS_NOTHING if nothing else ImpactKind.SIGNS_IN_NOWHERE
    if not entry.gets_in:
        return ImpactKind.LOCKED_OUT if entry.locked_out else ImpactKind.UNKNOWN
    if not accounts.gets_policy(user):
        return ImpactKind.OTHER_POLICIES
    enforced = accounts.enforcements[user.name].enforced
    if enforced is not Enforced.PROVED:
        return (
            ImpactKind.ENFORCEMENT_UNKNOWN
            if enforced is Enforced.UNKNOWN
            else ImpactKind.NOT_ENFORCED
        )
    if entry.console_refused:
        return ImpactKind.KEY_ONLY
    if user.devices:
        return ImpactKind.READY
    return ImpactKind.NEW_PASSWORD if must_change(accounts, user) else ImpactKind.MUST_ENROL


def must_change(accounts: BeforeAfter, user: User) -> bool:
    """Return whether it is known that the password must be changed at the next sign-in."""
    if user.password is None:
        return False
    credentials = accounts.credentials.get(user.name)
    expired = credentials is not None and credentials.must_change is True
    return user.password.reset_required or expired


def is_newly_denied(
    accounts: BeforeAfter,
    user: User,
    credentials: Iterable[Credential],
    asks: Iterable[SampleRequest],
) -> bool:
    """Return whether a request stops with one of the credentials, and the user was not enforced."""
    sent = tuple(asks)
    return not accounts.was_enforced(user) and any(
        _stops(accounts, user, credential, ask) for credential in credentials for ask in sent
    )


def _stops(accounts: BeforeAfter, user: User, credential: Credential, ask: SampleRequest) -> bool:
    """Return whether a request comes to be denied that was allowed, or that nothing denied.

    Probes stand for what else the user is allowed, so that a new Deny counts for both.
    """
    was, will = (_effect(each, user, credential, ask) for each in (accounts.before, accounts.after))
    if will is DecisionEffect.EXPLICITLY_DENIED:
        return was is not DecisionEffect.EXPLICITLY_DENIED
    return was is DecisionEffect.ALLOWED and will is not DecisionEffect.ALLOWED


def _effect(
    snapshot: Snapshot, user: User, credential: Credential, ask: SampleRequest
) -> DecisionEffect | None:
    policies = policies_or_none(snapshot, user.name)
    return (
        None
        if policies is None
        else decide_request(snapshot, credential, policies, user.tags, ask).effect
    )


def key_stops(accounts: BeforeAfter, user: User) -> bool:
    """Return whether the user has an active key that comes to be shut out, as far as is known."""
    return any(known.active for known in user.keys) and key_may_stop(accounts, user)


def key_may_stop(accounts: BeforeAfter, user: User) -> bool:
    """Return whether an active key of the user comes to be shut out, or one that was not read."""
    unread = "ListAccessKeys" in accounts.unread.get(user.name, ())
    if not unread and not any(known.active for known in user.keys):
        return False
    return holds_if_known(
        lambda _, known: _is_key_denied(accounts, known, sample_requests(known)),
        accounts.after,
        user,
    )


def signs_for_sessions_only(accounts: BeforeAfter, user: User) -> bool:
    """Return whether the caller's own keys were last used for STS: to get the session that asks.

    Others' keys that are used so may be those of a script that assumes a role.
    """
    if user.arn != accounts.caller.arn or not accounts.caller.mfa:
        return False
    used = [key for key in user.keys if key.active and key.last_used is not None]
    if accounts.usage is not None:
        logged = accounts.usage.user_use(user.arn)
        uses = [use for key in used if (use := logged.key(key.id)) is not None]
        if any(use.without_mfa and {*use.services} - {"sts"} for use in uses):
            return False
    return bool(used) and all(key.last_service == "sts" for key in used)


def _is_key_denied(accounts: BeforeAfter, user: User, asks: Iterable[SampleRequest]) -> bool:
    return is_newly_denied(
        accounts, user, credentials_of(accounts.after, user, mfa=False)[:1], asks
    )


def other_credentials_stop(accounts: BeforeAfter) -> tuple[str, ...]:
    """Return the users whose SSH key, certificate or credential for one service stops working."""
    services_of = {user.name: _services_used(accounts, user) for user in accounts.affected}
    asked_about = frozenset[str]().union(*services_of.values())
    if not asked_about:
        return ()
    denied = accounts.answers_by_policy(partial(_denied_services, services=asked_about))
    return tuple(name for name, services in services_of.items() if services & denied[name])


def other_credentials_may_stop(accounts: BeforeAfter) -> tuple[str, ...]:
    """Return the users with whom such a credential would stop, where these could not be read.

    Who is known to have some that stop is among them.
    """
    known = {*other_credentials_stop(accounts)}
    unread = {
        user.name
        for user in accounts.affected
        if (credentials := accounts.credentials.get(user.name)) is not None
        and credentials.others_unread
    }
    every = frozenset({"", *SERVICES})
    denied = accounts.answers_by_policy(partial(_denied_services, services=every)) if unread else {}
    return tuple(
        user.name
        for user in accounts.affected
        if user.name in known or (user.name in unread and denied[user.name])
    )


def _services_used(accounts: BeforeAfter, user: User) -> frozenset[str]:
    """Return the services that a user's active ones are for; "" for any.

    A certificate may be known by the credential report alone.
    """
    credentials, listed = accounts.credentials.get(user.name), other_credentials(user)
    more = credentials is not None and credentials.others > len(listed)
    return frozenset(
        each if each in SERVICES else "" for each in (*listed, *([""] if more else []))
    )


def _denied_services(
    accounts: BeforeAfter, user: User, *, services: frozenset[str]
) -> frozenset[str]:
    """Return for which of the services a user's requests without MFA come to be shut out."""
    return frozenset(each for each in services if _is_key_denied(accounts, user, _asks(user, each)))


def _asks(user: User, service: str) -> tuple[SampleRequest, ...]:
    if service not in SERVICES:
        return sample_requests(user)
    action, resource = SERVICES[service]
    _, partition, _, _, account, _ = user.arn.split(":", 5)
    return (SampleRequest(action, resource.format(partition=partition, account=account), {}),)


_USED = Message(
    "Access key {key} made {calls} {calls:call|calls} without MFA from {addresses}, the "
    "last at {last} ({services}): they stop."
)
_USED_BY = Message(
    "{user}: key {key} made {calls} {calls:call|calls} without MFA from {addresses}, the "
    "last at {last} ({services})."
)
_WITH_MFA = Message("Access key {key} made {calls} {calls:call|calls}, each with an MFA code.")
_NO_CALL = Message("Access key {key} made no call in the logs.")
_ONE_ADDRESS = Message("one address")
_ADDRESSES = Message("{count} {count:address|addresses}")
_MORE = Message("The keys of {count} more {count:user|users} made calls without MFA.")
_NONE = Message("No call in the logs with the keys of: {users}.")
_MOST = 5
"""So many users, and services of a key, are named; the plan's list of people has all users."""


def uses_keys(usage: Usage | None, user: User) -> bool:
    """Return whether logs have calls without MFA by an active access key of a user."""
    return usage is not None and any(each.without_mfa for each in _uses(usage, user))


def facts_of_user(usage: Usage, user: User) -> tuple[Message, ...]:
    """Return a sentence about each active access key of a user, in the order of their ids."""
    facts = []
    for key in sorted(key.id for key in user.keys if key.active):
        use = usage.user_use(user.arn).key(key)
        if use is None:
            facts.append(_NO_CALL.filled(key=key))
        elif use.without_mfa:
            facts.append(_key_text(_USED, use))
        else:
            facts.append(_WITH_MFA.filled(key=key, calls=f"{use.calls:,}"))
    return tuple(facts)


def facts_of_users(usage: Usage, users: Iterable[User]) -> Message:
    """Return a sentence about the logged use of several users' keys, the busiest first."""
    return joined_messages(_facts_of_users(usage, users), en=" ", ja="")


def _facts_of_users(usage: Usage, users: Iterable[User]) -> Iterator[Message]:
    uses = {user.name: _uses(usage, user) for user in users}
    calling = {
        name: max(theirs, key=lambda use: use.without_mfa)
        for name, theirs in uses.items()
        if any(use.without_mfa for use in theirs)
    }
    ordered = sorted(calling.items(), key=lambda each: (-each[1].without_mfa, each[0]))
    for name, use in ordered[:_MOST]:
        yield _key_text(_USED_BY, use, user=name)
    if len(ordered) > _MOST:
        yield _MORE.filled(count=len(ordered) - _MOST)
    silent = [name for name in uses if name not in calling]
    if silent:
        more = " …" if len(silent) > _MOST else ""
        yield _NONE.filled(users=", ".join(silent[:_MOST]) + more)


def _uses(usage: Usage, user: User) -> tuple[KeyUse, ...]:
    of_keys = (usage.user_use(user.arn).key(key.id) for key in user.keys if key.active)
    return tuple(use for use in of_keys if use is not None)


def _key_text(text: Message, use: KeyUse, **more: object) -> Message:
    services = sorted(use.services, key=lambda name: (-use.services[name], name))
    shown = ", ".join(services[:_MOST]) + (", …" if len(services) > _MOST else "")
    one = use.addresses_count == 1
    return text.filled(
        key=use.key_id,
        calls=f"{use.without_mfa:,}",
        addresses=_ONE_ADDRESS if one else _ADDRESSES.filled(count=f"{use.addresses_count:,}"),
        last=f"{use.last:%Y-%m-%d %H:%M} UTC",
        services=verbatim(shown),
        **more,
    )
