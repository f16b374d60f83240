"""The console session of the present browser: its user, the calls made as that user, drafts."""

import json
from collections.abc import Callable, Mapping
from dataclasses import field
from functools import wraps
from hashlib import sha256
from http import HTTPStatus
from typing import Any, ParamSpec, Protocol, TypeVar
from urllib.parse import urlencode

from flask import current_app, g, jsonify, request
from flask.typing import ResponseReturnValue

from sekisho.account.aws import Boto3Api, Keys, connect
from sekisho.audit.explain import explain
from sekisho.errors import AwsRefused, InternalError
from sekisho.lazy import dataclass
from sekisho.signin import MfaMethod, NextStep
from sekisho.web.browsers import DraftMemory, Drafts, FlashKind
from sekisho.web.console.rail import Rail, RailPath, rail_at
from sekisho.web.console.rehearsal import Rehearsal
from sekisho.web.site import Site, browser, flash, page_to_come_back, see_other, text

ENDED = frozenset({"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId"})
"""What AWS answers to a session that has ended, or whose user is gone."""

_PASSWORDS = frozenset({"password", "old", "new", "again", "current"})
_CODES = frozenset({"code", "code1", "code2"})
_SECRETS = _PASSWORDS | _CODES | {"csrf", "once"}
"""Fields of forms that are never kept."""

_Given = ParamSpec("_Given")
_Read = TypeVar("_Read")


@dataclass(frozen=True, slots=True)
class SignedInUser:
    """A user with a console session.

    Attributes:
        mfa: whether the session was signed in with MFA.
        api: calls the local AWS with the session's own credentials.
        keys: the session's credentials; secret.
    """

    user: str
    account: str
    mfa: bool
    api: Boto3Api = field(repr=False)
    keys: Keys = field(repr=False)


@dataclass(frozen=True, slots=True)
class PendingSignin:
    """A sign-in between two of its pages.

    Attributes:
        step: what comes next.
        ticket: carries the sign-in on; a secret.
        methods: the ways to pass MFA, where that comes next.
    """

    user: str
    step: NextStep
    ticket: str = field(repr=False)
    methods: tuple[MfaMethod, ...] = ()


@dataclass(frozen=True, slots=True)
class ShownOnce:
    """A password or a secret key, which AWS shows once and never again.

    Attributes:
        path: the page that shows it; when another is opened, it is gone.
        values: what the page shows; secret.
    """

    path: str
    values: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class UnfinishedDevice:
    """A virtual MFA device that was created on the first page of the wizard, and not yet enabled.

    Attributes:
        user: whose it is to be.
        seed: what the QR code holds; a secret.
        picture: the QR code as a PNG; a secret.
    """

    user: str
    name: str
    serial: str
    seed: str = field(repr=False)
    picture: bytes = field(repr=False)


@dataclass(slots=True)
class ConsoleState:
    """The state that the console keeps of one browser.

    Attributes:
        person: who is signed in, or None.
        pending: a sign-in between two of its pages, or None.
        typed: what was typed into a page's form and is not done, by the page's path.
        answers: the pages that forms were answered with, by the token of their address.
        typed_by: who typed it; nobody else is shown it.
        rail: whose path the help rail shows; None: it is closed.
        closed_rail: whose path it showed before it was closed.
        shown_once: a secret that is shown once, while its page is open.
        device: the device that the wizard has created and not yet enabled, or None.
        new_password: what was typed as the password of a user who is being created; a secret.
        passkey: carries the registration of a passkey on; a secret.
    """

    typed: Drafts = field(repr=False)
    answers: Drafts = field(repr=False)
    person: SignedInUser | None = None
    pending: PendingSignin | None = None
    typed_by: str = ""
    rail: RailPath | None = None
    closed_rail: RailPath | None = None
    shown_once: ShownOnce | None = field(default=None, repr=False)
    device: UnfinishedDevice | None = field(default=None, repr=False)
    new_password: str = field(default="", repr=False)
    passkey: str = field(default="", repr=False)


class _View(Protocol[_Given]):
    __name__: str

    def __call__(self, *args: _Given.args, **kwargs: _Given.kwargs) -> ResponseReturnValue: ...


def state() -> ConsoleState:
    """Return the data that is kept for the present browser."""
    found: ConsoleState = browser().state
    return found


def rehearsal() -> Rehearsal:
    """Return the rehearsal that this console is part of."""
    found: Rehearsal = current_app.extensions["rehearsal"]
    return found


def person() -> SignedInUser:
    """Return the signed-in user.

    Raises:
        InternalError: if nobody is; `signed_in` comes first.
    """
    found = state().person
    if found is None:
        raise InternalError("a screen was shown to nobody")
    return found


def signed_in(view: _View[_Given]) -> _View[_Given]:
    """Have a screen shown to those who are signed in; others sign in first."""

    @wraps(view)
    def checked_view(*args: _Given.args, **kwargs: _Given.kwargs) -> ResponseReturnValue:
        if state().person is None:
            keep_typed()
            return _first_signed_in(page_to_come_back("/console"))
        drop_shown_once()
        return view(*args, **kwargs)

    return checked_view


def session_ended(page: str) -> ResponseReturnValue:
    """Sign out, say so, and have the person sign in again.

    Args:
        page: the address that the sign-in leads back to.
    """
    sign_out()
    flash(FlashKind.INFO, text("sign_in.ended"))
    return _first_signed_in(page)


def _first_signed_in(page: str) -> ResponseReturnValue:
    """Lead to the sign-in, and from there to a page; a script is told where to lead."""
    if request.is_json:
        return jsonify(next=f"/signin?{urlencode({'next': page})}"), HTTPStatus.UNAUTHORIZED
    return see_other("/signin", next=page)


def sign_in_as(user: str, keys: Keys, *, mfa: bool) -> None:
    """Let a person in; what another person typed in this browser is dropped."""
    here, place = state(), rehearsal()
    if here.typed_by != user:
        here.typed.clear()
    here.typed_by = user
    _forget_session(here)
    api = connect(credentials=keys, region=place.region, endpoint_url=place.url)
    # now, when nobody waits for the answers of many calls besides
    api.warm(("iam",))
    here.person = SignedInUser(user, place.account.account, mfa, api, keys)
    if mfa:
        place.with_mfa.add(user)
    _site().renew()


def sign_out() -> None:
    """End the console session in this browser."""
    _forget_session(state())
    _site().renew()


def _forget_session(here: ConsoleState) -> None:
    """Drop the signed-in user and every secret: the next user may be another one."""
    here.person = here.pending = here.shown_once = here.device = None
    here.passkey = here.new_password = ""
    here.answers.clear()


def keep_typed() -> None:
    """Keep what was typed into the form that was sent, for after the next sign-in.

    Of a field that was sent several times, as boxes are, each value has a line.
    """
    sent = request.form.lists()
    fields = {name: "\n".join(values) for name, values in sent if name not in _SECRETS}
    if request.method == "POST" and fields:
        state().typed[request.path] = fields


def secret_sent() -> bool:
    """Tell whether the form that was sent has a password in it, or is one for a code."""
    form = request.form
    return any(form.get(each) for each in _PASSWORDS) or not _CODES.isdisjoint(form)


def typed_for(name: str) -> dict[str, str]:
    """Return the unfinished input of the present page about a user or a group."""
    kept = state().typed.get(request.path, {})
    return dict(kept) if kept.get("name") == name else {}


def mark_of(draft: Mapping[str, str]) -> str:
    """Return the mark of a wizard's last page by which a changed draft is noticed.

    Two tabs of one browser share the draft: what the one shows may not be what is kept now.
    """
    return sha256(json.dumps(sorted(draft.items())).encode()).hexdigest()


def changed_elsewhere(draft: Mapping[str, str]) -> bool:
    """Tell whether the draft is another one than the page showed that was sent; then it says so."""
    if request.form.get("seen", "") == mark_of(draft):
        return False
    flash(FlashKind.WARNING, text("frame.changed_elsewhere"))
    return True


def attempt(service: str, operation: str, /, **parameters: object) -> Any:
    """Call AWS as the signed-in user.

    Returns:
        AWS's answer, or the `AwsRefused`, for a panel that shows it in a red box.

    Raises:
        AwsRefused: if the session has ended.
    """
    answer: Any = try_reading(lambda: call(service, operation, **parameters))
    return answer


def try_reading(reads: Callable[[], _Read]) -> _Read | AwsRefused:
    """Return the result of a function that reads from AWS, or the `AwsRefused`.

    Raises:
        AwsRefused: if the session has ended.
    """
    try:
        return reads()
    except AwsRefused as refused:
        if refused.aws_code in ENDED:
            raise
        return refused


def call(service: str, operation: str, /, **parameters: object) -> Mapping[str, Any]:
    """Call AWS as the person who is signed in.

    Raises:
        AwsRefused: if AWS refuses; unless it is caught, the page shows it.
    """
    return person().api.call(service, operation, **parameters)


def show_once(path: str, values: Mapping[str, str]) -> None:
    """Keep what a page is to show while it is open, and never again."""
    state().shown_once = ShownOnce(path, values)


def drop_shown_once() -> None:
    """Forget what another page has shown once: it is left now."""
    shown = state().shown_once
    if shown is not None and request.path != shown.path:
        state().shown_once = None


def shown_once_values() -> Mapping[str, str] | None:
    """Return the values that the present page shows once, or None if they have been shown."""
    shown = state().shown_once
    return shown.values if shown is not None and shown.path == request.path else None


def on_every_screen() -> dict[str, Any]:
    """Return the names that every template of the console can use."""
    here = state() if "browser" in g else _unknown_state()
    kept = here.typed.get(request.path, {})

    def typed(name: str, otherwise: str = "") -> str:
        return request.form.get(name, kept.get(name, otherwise))

    return {
        "person": here.person,
        "rail": _rail(here),
        "closed_rail": here.closed_rail,
        "typed": typed,
        "in_iam": request.path.startswith("/iam"),
        "region": rehearsal().region,
        "explained": lambda said: explain(said).answers,
        "is_refused": lambda answer: isinstance(answer, AwsRefused),
    }


def _unknown_state() -> ConsoleState:
    """Return the state of a browser that is not known: a page that was not let in."""
    nothing = DraftMemory().drafts()
    return ConsoleState(nothing, nothing)


def _site() -> Site:
    found: Site = current_app.extensions["site"]
    return found


def _rail(here: ConsoleState) -> Rail | None:
    """Return the content of the help rail, or None if it is closed."""
    if here.rail is None:
        return None
    who = here.person or (here.pending if request.path.startswith("/signin/") else None)
    mfa = here.person is not None and here.person.mfa
    user = "" if who is None else who.user
    return rail_at(here.rail, rehearsal(), request.path, user, mfa=mfa)


def origin() -> str:
    """Return the console's own origin, which a passkey signs."""
    return _site().origin
