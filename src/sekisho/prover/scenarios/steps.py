"""Each step in words, in both languages."""

from collections.abc import Mapping

from sekisho.messages import Message
from sekisho.prover.scenarios.judge import OK
from sekisho.prover.scenarios.model import Access, Act, Hand, Move, Who
from sekisho.prover.scenarios.search import ScenarioStep

_WHO: Mapping[Who, Message] = {
    Who.USER: Message("the user"),
    Who.COLLEAGUE: Message("another user"),
    Who.ADMINISTRATOR: Message("the administrator"),
}

HELD: Mapping[Access, Message] = {
    Access.PASSWORD: Message("password"),
    Access.KEY: Message("access key"),
    Access.CONSOLE: Message("console session without MFA"),
    Access.CONSOLE_MFA: Message("console session with MFA"),
    Access.TOKEN: Message("session token without MFA"),
    Access.TOKEN_MFA: Message("session token with MFA", "kind"),
    Access.ROLE: Message("role session"),
}

_ACTS: Mapping[Act, Message] = {
    Act.SIGN_IN: Message("sign in as {on} with the password"),
    Act.GIVE_CODE: Message("give the MFA code"),
    Act.NEW_PASSWORD: Message("set a new password, as the sign-in page asks"),
    Act.CREATE_DEVICE: Message("create a virtual MFA device {device}"),
    Act.ENABLE_DEVICE: Message("enable the device for {on}"),
    Act.REGISTER_PASSKEY: Message("register a passkey for {on}"),
    Act.DEACTIVATE_DEVICE: Message("deactivate the device of {on}"),
    Act.DELETE_DEVICE: Message("delete the unassigned device that has the name of {on}"),
    Act.CHANGE_PASSWORD: Message("change the password"),
    Act.CREATE_LOGIN: Message("give {on} a password"),
    Act.UPDATE_LOGIN: Message("reset the password of {on}"),
    Act.CREATE_KEY: Message("make an access key of {on}"),
    Act.ATTACH_POLICY: Message("attach a policy to {on}"),
    Act.DETACH_POLICY: Message("detach a policy from {on}"),
    Act.ADD_TO_GROUP: Message("add {on} to a group"),
    Act.REMOVE_FROM_GROUP: Message("remove {on} from a group"),
    Act.UPDATE_TRUST: Message("change whom a role trusts"),
    Act.SESSION_TOKEN: Message("get a session token as {on} {code}"),
    Act.ASSUME_ROLE: Message("assume the role {code}"),
    Act.WORK: Message("do other work, such as listing buckets"),
    Act.SERVICE: Message("let a service act with the rights of {on}"),
}
_NAMED = Message("with the name of {name}")
_OTHER = Message("with another name")
_WITH_CODE = Message("with an MFA code")
_WITHOUT_CODE = Message("without a code")
_GUESS = Message("give an MFA code, without the device")
_PASSKEY = Message("sign in with the passkey")
_HOLDER = Message("{who}: {held}")
_ASKED = Message("{what}, with {held}")
_REFUSED = Message("{what}, with {held}: refused, {answer}")


def step_text(step: ScenarioStep) -> Message:
    """Return a step in words: what is tried, with what, and the answer where it is refused."""
    move = step.move
    what, device = _what(move), move.device
    named = device.name if device is not None and device.hand is Hand.ACTOR else ""
    name = _NAMED.filled(name=_WHO[named]) if isinstance(named, Who) else _OTHER
    code = _WITH_CODE if move.code else _WITHOUT_CODE
    filled = what.filled(on=_WHO[move.on], device=name, code=code)
    if step.outcome.answer == OK:
        return _ASKED.filled(what=filled, held=_holder(step))
    return _REFUSED.filled(what=filled, held=_holder(step), answer=step.outcome.answer)


def _what(move: Move) -> Message:
    if move.act is not Act.GIVE_CODE:
        return _ACTS[move.act]
    if move.device is None:
        return _GUESS
    return _PASSKEY if move.device.hand is Hand.ACTOR_PASSKEY else _ACTS[move.act]


def _holder(step: ScenarioStep) -> Message:
    """Return the credential, and whose it is where that is not the user's."""
    by = step.move.by
    if by.who is Who.USER:
        return HELD[by.held]
    return _HOLDER.filled(who=_WHO[by.who], held=HELD[by.held])
