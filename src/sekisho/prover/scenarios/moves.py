"""Which moves there are in a state, and what each changes if it is carried out.

Nothing here says whether a move is allowed: that is `judge`.
"""

from collections.abc import Iterator
from dataclasses import replace

from sekisho.prover.scenarios.model import (
    ROLE_HOLD,
    Act,
    Device,
    Hand,
    Held,
    Hold,
    Move,
    Page,
    Password,
    Person,
    State,
    Who,
)
from sekisho.signin import NextStep, SigninAssumptions, start

__all__ = ["after", "moves_in"]

_API = (Held.KEY, Held.CONSOLE, Held.CONSOLE_MFA, Held.TOKEN, Held.TOKEN_MFA)
_SESSIONS = (Held.CONSOLE, Held.CONSOLE_MFA)
_ON_ANYBODY = (Act.CREATE_KEY, Act.ATTACH_POLICY, Act.DETACH_POLICY)
_ON_THE_ACCOUNT = (Act.UPDATE_TRUST, Act.WORK, Act.SERVICE)


def moves_in(
    state: State, acts: frozenset[Act], helps: frozenset[Act], *, on_others: bool
) -> Iterator[Move]:
    """Yield every move there is in `state`.

    The actor tries `acts`, and with `on_others` on other users' things as well; an administrator
    does `helps` for the user.
    """
    for move in _all_moves(state):
        if move.by.who is Who.ADMINISTRATOR:
            if move.act in helps and move.on is Who.USER:
                yield move
        elif move.act in acts and (on_others or move.on is move.by.who):
            yield move


def _all_moves(state: State) -> Iterator[Move]:
    yield from _pages(state)
    for hold in sorted(state.holds):
        if hold == ROLE_HOLD:
            yield Move(Act.WORK, hold, Who.USER)
        elif hold.held in _API:
            yield from _own_calls(state, hold)
            for whom in (Who.USER, Who.COLLEAGUE):
                yield from _calls_on(state, hold, whom)


def _pages(state: State) -> Iterator[Move]:
    """Yield what can be done at the sign-in page."""
    for who in (Who.USER, Who.COLLEAGUE):
        if state.person(who).password is Password.KNOWN:
            yield Move(Act.SIGN_IN, Hold(who, Held.PASSWORD), who)
    page = state.page
    if page is None:
        return
    by = Hold(page.who, Held.PASSWORD)
    if page.code:
        # who has no device of the user's can only guess
        mine = [each for each in state.person(page.who).devices if each.hand is not Hand.ELSEWHERE]
        tried: list[Device | None] = [*sorted(mine)] or [None]
        yield from (Move(Act.GIVE_CODE, by, page.who, device) for device in tried)
    else:
        yield Move(Act.NEW_PASSWORD, by, page.who)


def _own_calls(state: State, hold: Hold) -> Iterator[Move]:
    """Yield the calls that are about nobody else's user."""
    who = Who.USER if hold.who is Who.ADMINISTRATOR else hold.who
    if not state.taken(who):
        yield Move(Act.CREATE_DEVICE, hold, who, Device(Hand.ACTOR, who))
    other = Device(Hand.ACTOR)
    if other not in state.unassigned:
        yield Move(Act.CREATE_DEVICE, hold, who, other)
    if hold.held in _SESSIONS:
        yield Move(Act.REGISTER_PASSKEY, hold, who, Device(Hand.ACTOR_PASSKEY))
    if state.person(who).password is Password.KNOWN:
        yield Move(Act.CHANGE_PASSWORD, hold, who)
    yield from _sts_calls(state, hold)
    yield from (Move(act, hold, who) for act in _ON_THE_ACCOUNT)


def _sts_calls(state: State, hold: Hold) -> Iterator[Move]:
    devices = [each for each in state.person(hold.who).devices if each.hand is Hand.ACTOR]
    for act in (Act.SESSION_TOKEN, Act.ASSUME_ROLE):
        yield Move(act, hold, hold.who)
        for device in sorted(devices):
            yield Move(act, hold, hold.who, device, code=True)


def _calls_on(state: State, hold: Hold, whom: Who) -> Iterator[Move]:
    person = state.person(whom)
    for device in sorted(state.unassigned):
        if device.hand is Hand.ACTOR:
            yield Move(Act.ENABLE_DEVICE, hold, whom, device)
        elif device.name == whom:
            yield Move(Act.DELETE_DEVICE, hold, whom, device)
    for device in sorted(person.devices):
        yield Move(Act.DEACTIVATE_DEVICE, hold, whom, device)
    if person.password is not Password.KNOWN:
        yield Move(Act.CREATE_LOGIN, hold, whom)
    if person.password is not Password.NONE:
        yield Move(Act.UPDATE_LOGIN, hold, whom)
    yield Move(Act.REMOVE_FROM_GROUP if person.member else Act.ADD_TO_GROUP, hold, whom)
    yield from (Move(act, hold, whom) for act in _ON_ANYBODY)


def after(state: State, move: Move, asked: frozenset[Act], assumptions: SigninAssumptions) -> State:
    """Return the state once `move` is carried out; `asked` are the deeds that are remembered."""
    changed = _after(state, move, assumptions)
    if move.act in asked:
        changed = replace(changed, deeds=changed.deeds | {move.deed})
    return changed


def _after(state: State, move: Move, assumptions: SigninAssumptions) -> State:
    match move.act:
        case Act.SIGN_IN | Act.GIVE_CODE | Act.NEW_PASSWORD:
            return _after_page(state, move, assumptions)
        case Act.CREATE_DEVICE | Act.ENABLE_DEVICE | Act.REGISTER_PASSKEY:
            return _after_enrolment(state, move)
        case Act.DEACTIVATE_DEVICE | Act.DELETE_DEVICE:
            return _after_removal(state, move)
        case Act.CREATE_LOGIN | Act.UPDATE_LOGIN:
            # an administrator gives a temporary password; a thief sets what suits a thief
            temporary = move.by.who is Who.ADMINISTRATOR
            person = replace(state.person(move.on), password=Password.KNOWN, hard_expired=False)
            return _with(state, move.on, replace(person, must_change=temporary))
        case Act.CHANGE_PASSWORD:
            return _changed(state, move.on)
        case Act.ADD_TO_GROUP | Act.REMOVE_FROM_GROUP:
            member = move.act is Act.ADD_TO_GROUP
            return _with(state, move.on, replace(state.person(move.on), member=member))
        case Act.CREATE_KEY | Act.SESSION_TOKEN | Act.ASSUME_ROLE:
            return _holding(state, _gained(move))
        case _:
            return state


def _gained(move: Move) -> Hold:
    """Return the credentials that a call answers with."""
    match move.act:
        case Act.CREATE_KEY:
            return Hold(move.on, Held.KEY)
        case Act.SESSION_TOKEN:
            return Hold(move.by.who, Held.TOKEN_MFA if move.code else Held.TOKEN)
        case _:
            return ROLE_HOLD


def _after_page(state: State, move: Move, assumptions: SigninAssumptions) -> State:
    person = state.person(move.on)
    mfa = move.act is Act.GIVE_CODE or (state.page is not None and state.page.mfa)
    if move.act is Act.SIGN_IN:
        mfa = False
    if move.act is Act.NEW_PASSWORD:
        state = _changed(state, move.on)
        person = state.person(move.on)
    step = start(True, person.count, person.must_change, assumptions, mfa_passed=mfa)
    if step is NextStep.DONE:
        held = Held.CONSOLE_MFA if mfa else Held.CONSOLE
        return replace(_holding(state, Hold(move.on, held)), page=None)
    return replace(state, page=Page(move.on, step is NextStep.NEEDS_MFA, mfa))


def _after_enrolment(state: State, move: Move) -> State:
    device = move.device
    if device is None:
        return state
    if move.act is Act.CREATE_DEVICE:
        return replace(state, unassigned=state.unassigned | {device})
    state = replace(state, unassigned=state.unassigned - {device})
    person = state.person(move.on)
    return _with(state, move.on, replace(person, devices=person.devices | {device}))


def _after_removal(state: State, move: Move) -> State:
    device = move.device
    if device is None:
        return state
    if move.act is Act.DELETE_DEVICE:
        return replace(state, unassigned=state.unassigned - {device})
    person = state.person(move.on)
    state = _with(state, move.on, replace(person, devices=person.devices - {device}))
    if device.hand is Hand.ACTOR_PASSKEY:
        return state
    # a virtual device that is taken off stays in the account, unassigned
    return replace(state, unassigned=state.unassigned | {device})


def _holding(state: State, hold: Hold) -> State:
    return replace(state, holds=state.holds | {hold})


def _changed(state: State, who: Who) -> State:
    """Return the state once a user has a new password of their own."""
    person = replace(state.person(who), must_change=False, hard_expired=False)
    return _with(state, who, person)


def _with(state: State, who: Who, person: Person) -> State:
    return replace(state, user=person) if who is Who.USER else replace(state, colleague=person)
