"""Who is signed in at the console in the present browser, and the calls that this person makes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, ParamSpec, Protocol

from flask import current_app, g, request
from flask.typing import ResponseReturnValue

from sekisho.account.aws import Boto3Api, Keys, connect
from sekisho.errors import AwsRefused, InternalError
from sekisho.web.console.rehearsal import Rehearsal
from sekisho.web.site import Site, browser, see_other

ENDED = frozenset({"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId"})
"""What AWS answers to a session that has ended, or whose user is gone."""

_SECRETS = frozenset({"csrf", "once", "password", "old", "new", "again", "code", "code1", "code2"})
"""Fields of forms that are never kept."""

_Given = ParamSpec("_Given")


@dataclass(frozen=True, slots=True)
class Person:
    """A person with a console session.

    Attributes:
        mfa: whether the session was signed in with MFA.
        api: calls the local AWS with the session's own credentials.
        keys: these; secret.
    """

    user: str
    account: str
    mfa: bool
    api: Boto3Api = field(repr=False)
    keys: Keys = field(repr=False)


@dataclass(frozen=True, slots=True)
class PendingSignin:
    """A sign-in that has not ended; `ticket` carries it on, and is secret."""

    user: str
    ticket: str = field(repr=False)


@dataclass(slots=True)
class ConsoleState:
    """What the console keeps of one browser.

    Attributes:
        person: who is signed in, or None.
        pending: a sign-in between two of its pages, or None.
        typed: what was typed into a page's form and is not done, by the page's path.
        typed_by: who typed it; nobody else is shown it.
        rail: which path the help rail shows, or "" where it is closed.
    """

    person: Person | None = None
    pending: PendingSignin | None = None
    typed: dict[str, dict[str, str]] = field(default_factory=dict, repr=False)
    typed_by: str = ""
    rail: str = ""


class _View(Protocol[_Given]):
    __name__: str

    def __call__(self, *args: _Given.args, **kwargs: _Given.kwargs) -> ResponseReturnValue: ...


def state() -> ConsoleState:
    """Return what is kept of the present browser."""
    found: ConsoleState = browser().state
    return found


def rehearsal() -> Rehearsal:
    """Return the rehearsal that this console is part of."""
    found: Rehearsal = current_app.extensions["rehearsal"]
    return found


def person() -> Person:
    """Return who is signed in.

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
    def shown(*args: _Given.args, **kwargs: _Given.kwargs) -> ResponseReturnValue:
        if state().person is None:
            keep_typed()
            return see_other("/signin", next=request.full_path.rstrip("?"))
        return view(*args, **kwargs)

    return shown


def sign_in_as(user: str, keys: Keys, *, mfa: bool) -> None:
    """Let a person in; what another person typed in this browser is dropped."""
    here, place = state(), rehearsal()
    if here.typed_by != user:
        here.typed = {}
    here.typed_by, here.pending = user, None
    api = connect(credentials=keys, region=place.region, endpoint_url=place.url)
    here.person = Person(user, place.account.account, mfa, api, keys)
    _site().renew()


def sign_out() -> None:
    """End the console session in this browser."""
    here = state()
    here.person = here.pending = None
    _site().renew()


def keep_typed() -> None:
    """Keep what was typed into the form that was sent, for after the next sign-in."""
    fields = {name: value for name, value in request.form.items() if name not in _SECRETS}
    if request.method == "POST" and fields:
        state().typed[request.path] = fields


def attempt(service: str, operation: str, /, **parameters: object) -> Any:
    """Call AWS as the person who is signed in.

    Returns:
        AWS's answer, or the `AwsRefused`, for a panel that shows it in a red box.

    Raises:
        AwsRefused: if the session has ended.
    """
    try:
        return call(service, operation, **parameters)
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


def on_every_screen() -> dict[str, Any]:
    """Return what every template of the console can use."""
    here = state() if "browser" in g else ConsoleState()
    kept = here.typed.get(request.path, {})

    def typed(name: str, otherwise: str = "") -> str:
        return request.form.get(name, kept.get(name, otherwise))

    return {"person": here.person, "rail": here.rail, "typed": typed}


def _site() -> Site:
    found: Site = current_app.extensions["site"]
    return found
