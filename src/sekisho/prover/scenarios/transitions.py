"""What each move leads to, once it is carried out."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache

from sekisho.prover.scenarios.model import (
    MOST_REMEMBERED,
    ROLE_HOLD,
    Access,
    Act,
    Hand,
    Holding,
    Move,
    ScenarioDevice,
    ScenarioPassword,
    ScenarioState,
    ScenarioUser,
    SigninPage,
    Who,
)
from sekisho.signin import NextStep, SigninAssumptions, start


@lru_cache(maxsize=MOST_REMEMBERED)
def after(
    state: ScenarioState, move: Move, asked: frozenset[Act], assumptions: SigninAssumptions
) -> ScenarioState:
    """Return the state once `move` is carried out; `asked` are the deeds that are remembered."""
    changed = _after(state, move, assumptions)
    if move.act in asked:
        changed = replace(changed, deeds=changed.deeds | {move.deed})
    return changed


def _after(state: ScenarioState, move: Move, assumptions: SigninAssumptions) -> ScenarioState:
    match move.act:
        case Act.SIGN_IN | Act.GIVE_CODE | Act.NEW_PASSWORD | Act.OPEN_CONSOLE:
            return _after_page(state, move, assumptions)
        case Act.CREATE_LOGIN | Act.UPDATE_LOGIN | Act.CHANGE_PASSWORD:
            return _after_password(state, move)
        case Act.ADD_TO_GROUP | Act.REMOVE_FROM_GROUP:
            member = move.act is Act.ADD_TO_GROUP
            return _with(state, move.on, replace(state.person(move.on), member=member))
        case _ if move.act in _GIVING_CREDENTIALS:
            return _holding(state, _gained(move))
        case _ if move.device is not None and move.act in _ABOUT_DEVICES:
            return _ABOUT_DEVICES[move.act](state, move, move.device)
        case _:
            return state


def _after_password(state: ScenarioState, move: Move) -> ScenarioState:
    if move.act is Act.CHANGE_PASSWORD:
        return _changed(state, move.on)
    # an administrator gives a temporary password; an attacker sets what suits an attacker
    temporary = move.by.who is Who.ADMINISTRATOR
    person = replace(state.person(move.on), password=ScenarioPassword.KNOWN, hard_expired=False)
    return _with(state, move.on, replace(person, must_change=temporary))


_GIVING_CREDENTIALS = frozenset(
    {
        *(Act.CREATE_KEY, Act.SESSION_TOKEN, Act.ASSUME_ROLE),
        *(Act.LOG_IN, Act.RENEW_LOGIN, Act.AGENT_TOKEN),
    }
)


def _gained(move: Move) -> Holding:
    """Return the credentials that a call answers with."""
    match move.act:
        case Act.CREATE_KEY:
            return Holding(move.on, Access.KEY)
        case Act.SESSION_TOKEN:
            return Holding(move.by.who, Access.TOKEN_MFA if move.code else Access.TOKEN)
        case Act.ASSUME_ROLE:
            return ROLE_HOLD
        case _:
            return Holding(move.by.who, _login_of(move.by.access))


def _login_of(access: Access) -> Access:
    """Return the session of `aws login` or of an agent that is begun with a credential."""
    match access:
        case Access.CONSOLE | Access.LOGIN:
            return Access.LOGIN
        case Access.KEY | Access.TOKEN | Access.AGENT:
            return Access.AGENT
        case _:
            return Access.LOGIN_MFA


def _after_page(state: ScenarioState, move: Move, assumptions: SigninAssumptions) -> ScenarioState:
    person = state.person(move.on)
    mfa = move.act is Act.GIVE_CODE or (state.page is not None and state.page.mfa)
    if move.act is Act.OPEN_CONSOLE:
        return _console_opened(state, move.on, mfa=mfa)
    if move.act is Act.SIGN_IN:
        mfa = False
    if move.act is Act.NEW_PASSWORD:
        state = _changed(state, move.on)
        person = state.person(move.on)
    step = start(True, person.count, person.must_change, assumptions, mfa_passed=mfa)
    if step is NextStep.DONE and not assumptions.console_asks_policies:
        return _console_opened(state, move.on, mfa=mfa)
    return replace(state, page=SigninPage(move.on, step, mfa))


def _console_opened(state: ScenarioState, who: Who, *, mfa: bool) -> ScenarioState:
    access = Access.CONSOLE_MFA if mfa else Access.CONSOLE
    return replace(_holding(state, Holding(who, access)), page=None)


def _created(state: ScenarioState, _: Move, device: ScenarioDevice) -> ScenarioState:
    return replace(state, unassigned=state.unassigned | {device})


def _deleted(state: ScenarioState, _: Move, device: ScenarioDevice) -> ScenarioState:
    return replace(state, unassigned=state.unassigned - {device})


def _enabled(state: ScenarioState, move: Move, device: ScenarioDevice) -> ScenarioState:
    state = replace(state, unassigned=state.unassigned - {device})
    person = state.person(move.on)
    return _with(state, move.on, replace(person, devices=person.devices | {device}))


def _deactivated(state: ScenarioState, move: Move, device: ScenarioDevice) -> ScenarioState:
    person = state.person(move.on)
    state = _with(state, move.on, replace(person, devices=person.devices - {device}))
    if device.hand is Hand.ACTOR_PASSKEY:
        return state
    # a virtual device that is taken off stays in the account, unassigned; the two codes that enable
    # it set it right
    return replace(state, unassigned=state.unassigned | {replace(device, in_step=True)})


def _in_step(state: ScenarioState, move: Move, device: ScenarioDevice) -> ScenarioState:
    person = state.person(move.on)
    devices = person.devices - {device} | {replace(device, in_step=True)}
    return _with(state, move.on, replace(person, devices=devices))


_ABOUT_DEVICES: Mapping[Act, Callable[[ScenarioState, Move, ScenarioDevice], ScenarioState]] = {
    Act.CREATE_DEVICE: _created,
    Act.ENABLE_DEVICE: _enabled,
    Act.REGISTER_PASSKEY: _enabled,
    Act.DEACTIVATE_DEVICE: _deactivated,
    Act.DELETE_DEVICE: _deleted,
    Act.RESYNC_AT_SIGN_IN: _in_step,
    Act.RESYNC_DEVICE: _in_step,
}


def _holding(state: ScenarioState, hold: Holding) -> ScenarioState:
    return replace(state, holds=state.holds | {hold})


def _changed(state: ScenarioState, who: Who) -> ScenarioState:
    """Return the state once a user has a new password of their own."""
    person = replace(state.person(who), must_change=False, hard_expired=False)
    return _with(state, who, person)


def _with(state: ScenarioState, who: Who, person: ScenarioUser) -> ScenarioState:
    return replace(state, user=person) if who is Who.USER else replace(state, colleague=person)
