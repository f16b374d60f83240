"""Which of a user's devices gives the code, where neither the profile nor an option says it."""

from sekisho.account import AwsApi
from sekisho.errors import AwsRefused, Code, SessionRefused
from sekisho.messages import Message, joined_messages, verbatim
from sekisho.session.terminal import Terminal
from sekisho.signin import DeviceKind, kind_of_serial

_NOT_LISTED = Message("the MFA devices of {user} cannot be listed ({code})")
_SAY_IT = Message("name the device by `--serial`, or as `mfa_serial` in the profile")
_NONE = Message("{user} has no MFA device")
_ENROL = Message("register an authenticator app in the console: Security credentials")
_PASSKEYS = Message("{user} has only passkeys or security keys, which give no code")
_LOGIN = Message("sign in by `aws login`, or register an authenticator app beside them")
_SEVERAL = Message("{user} has several devices that give codes: {serials}")
_WHICH = Message("The number of the device whose code you will type (1-{count}): ")
_LISTED = verbatim("{number}: {serial}")


def chosen_device(api: AwsApi, user: str, terminal: Terminal) -> str:
    """Return the serial number of the device that a user is asked for a code of.

    AWS lets users list their own devices without MFA, where they may manage them.

    Raises:
        SessionRefused: if there is none that gives codes, or several and nobody to ask.
    """
    try:
        listed = list(api.pages("iam", "ListMFADevices", "MFADevices"))
    except AwsRefused as error:
        if error.status == 0:
            raise
        message = _NOT_LISTED.filled(user=user, code=error.aws_code)
        raise _refused(message, _SAY_IT) from None
    serials = sorted(str(each["SerialNumber"]) for each in listed)
    codes = [each for each in serials if kind_of_serial(each) is not DeviceKind.FIDO]
    if not serials:
        raise _refused(_NONE.filled(user=user), _ENROL)
    if not codes:
        raise _refused(_PASSKEYS.filled(user=user), _LOGIN)
    return codes[0] if len(codes) == 1 else _one_of(codes, user, terminal)


def _one_of(serials: list[str], user: str, terminal: Terminal) -> str:
    several = _SEVERAL.filled(user=user, serials=", ".join(serials))
    try:
        terminal.check()
    except SessionRefused:
        raise _refused(several, _SAY_IT) from None
    numbered = enumerate(serials, 1)
    lines = [_LISTED.filled(number=number, serial=serial) for number, serial in numbered]
    question = joined_messages((*lines, _WHICH.filled(count=len(serials))), en="\n", ja="\n")
    typed = terminal.ask(question, hidden=False)
    if typed.isdecimal() and typed.isascii() and 1 <= int(typed) <= len(serials):
        return serials[int(typed) - 1]
    raise _refused(several, _SAY_IT)


def _refused(message: Message, fix: Message) -> SessionRefused:
    return SessionRefused(message, code=Code.SESSION_NO_DEVICE, fix=fix)
