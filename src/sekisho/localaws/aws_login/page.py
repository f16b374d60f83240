"""The pages that a person's browser shows during `aws login`: sign in, allow it, copy the code.

AWS's page is part of its console. Where the rehearsal console runs, the browser is led to its page.
This one does the same steps with no script, so that a passkey cannot be used at it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import parse_qsl
from wsgiref.types import WSGIApplication

from markupsafe import Markup, escape
from werkzeug.wrappers import Request, Response

from sekisho.localaws.aws_login.authorizing import (
    BadLoginRequest,
    LoginRequest,
    authorize_login,
    pasted,
)
from sekisho.localaws.console.refused import PageRefused
from sekisho.localaws.console.signing_in import give_code, new_password, sign_in
from sekisho.localaws.loopback import LOOPBACK
from sekisho.localaws.sealing import open_token
from sekisho.localaws.wire import Refusal
from sekisho.localaws.world import VerifiedCaller, World
from sekisho.messages import Language, Message, verbatim
from sekisho.signin import LoginClient, NextStep

_TITLE = Message("Sign in for the AWS CLI (local AWS)")
_ALLOWS = Message(
    "A program on this computer asks for temporary credentials in your name. Go on only if you "
    "have just started `aws login` yourself."
)
_ALLOWS_REMOTE = Message(
    "A program on another computer asks for temporary credentials in your name. Go on only if you "
    "have just started `aws login --remote` yourself, and give the code to nobody else."
)
_COPY = Message("Copy this code to the AWS CLI that asks for it. Give it to nobody else.")
_NOT_ALLOWED = Message("Your policies do not let the AWS CLI in.")
_CANNOT = Message("This address was not made by `aws login`: {reason}")
_CONTINUE = Message("Sign in and allow")
_LABELS: Mapping[str, Message] = {
    "account": Message("Account ID or alias"),
    "user": Message("IAM user name"),
    "password": Message("Password"),
    "code": Message("MFA code"),
    "oldPassword": Message("Current password"),
    "newPassword": Message("New password"),
}
_SECRET = frozenset({"password", "oldPassword", "newPassword"})
_FIELDS: Mapping[NextStep, tuple[str, ...]] = {
    NextStep.REFUSED: ("account", "user", "password"),
    NextStep.NEEDS_MFA: ("code",),
    NextStep.NEEDS_NEW_PASSWORD: ("oldPassword", "newPassword"),
}
"""What each page asks for; the first one is that of who is not known yet."""

# a form that is sent here is answered by a redirect to where the CLI waits
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'self' http://127.0.0.1:* http://localhost:*"
)
_STYLE = (
    "body{font:16px/1.5 sans-serif;max-width:28rem;margin:3rem auto;padding:0 1rem}"
    "label{display:block;margin:.75rem 0}input{display:block;width:100%;font:inherit}"
    "code{overflow-wrap:anywhere}[role=alert]{border-left:4px solid #b00;padding-left:.75rem}"
)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is asked of a person, and in which language.

    Attributes:
        query: the request as it came, for the next page.
    """

    language: Language
    request: LoginRequest
    query: str = field(repr=False)


def sign_in_page(world: World, authorizer: WSGIApplication, request: Request) -> Response:
    """Answer `/v1/authorize`: ask for what is missing, and lead back with a code in the end."""
    language = _language(request)
    query = request.query_string.decode("latin-1")
    if request.method == "POST":
        query = request.form.get("request", "")
    try:
        asked = _Asked(language, LoginRequest.of(dict(parse_qsl(query))), query)
    except BadLoginRequest as bad:
        return _page(language, _CANNOT.filled(reason=str(bad)), status=HTTPStatus.BAD_REQUEST)
    step = _step(request)
    if step is None and world.console_site:
        return _redirect(language, f"{world.console_site}aws-login?{query}")
    if step is None:
        return _form(asked, NextStep.REFUSED)
    try:
        answer = _sent(world, authorizer, request, step)
    except PageRefused as refused:
        again = step if refused.ticket else NextStep.REFUSED
        return _form(asked, again, ticket=refused.ticket, said=verbatim(refused.message))
    following = NextStep(str(answer["next"]))
    if following is not NextStep.DONE:
        return _form(asked, following, ticket=str(answer.get("ticket", "")))
    return _led_back(world, asked, answer["credentials"])


def _step(request: Request) -> NextStep | None:
    """Return the step whose form was sent; None if none was."""
    sent = request.form.get("step", "") if request.method == "POST" else ""
    return next((each for each in _FIELDS if each.value == sent), None)


def _sent(
    world: World, authorizer: WSGIApplication, request: Request, step: NextStep
) -> Mapping[str, object]:
    """Return the answer to a form of the sign-in."""
    fields = {name: request.form.get(name, "") for name in _FIELDS.get(step, ())}
    fields["ticket"] = request.form.get("ticket", "")
    match step:
        case NextStep.NEEDS_MFA:
            return give_code(world, {**fields, "code": "".join(fields["code"].split())})
        case NextStep.NEEDS_NEW_PASSWORD:
            return new_password(world, authorizer, fields)
        case _:
            return sign_in(world, {name: fields.get(name, "") for name in _FIELDS[step]})


def _led_back(world: World, asked: _Asked, keys: object) -> Response:
    given: Mapping[str, str] = keys if isinstance(keys, dict) else {}
    key_id, token = given["AccessKeyId"], given["SessionToken"]
    with world.lock:
        caller = VerifiedCaller(open_token(world, key_id, token).credential, key_id, (), LOOPBACK)
        try:
            code = authorize_login(world, caller, asked.request)
        except Refusal as refusal:
            why = verbatim(refusal.message)
            return _page(asked.language, _NOT_ALLOWED, why, status=HTTPStatus.FORBIDDEN)
    return _redirect(asked.language, asked.request.led_to(code))


def _redirect(language: Language, address: str) -> Response:
    response = _page(language, status=HTTPStatus.SEE_OTHER)
    response.headers["Location"] = address
    return response


def confirmation(request: Request) -> Response:
    """Answer the page at the end of `aws login --remote`: the code, as the CLI takes it."""
    names = ("state", "code")
    found = {name: request.args.get(name, "") for name in names}
    copied = Markup("<p><code>{}</code></p>").format(pasted(found["state"], found["code"]))
    return _page(_language(request), _COPY, more=copied)


def _language(request: Request) -> Language:
    best = request.accept_languages.best_match([each.value for each in Language])
    return Language(best) if best else Language.EN


def _form(
    asked: _Asked, step: NextStep, *, ticket: str = "", said: Message | None = None
) -> Response:
    language = asked.language
    hidden = {"request": asked.query, "step": step.value, "ticket": ticket}
    rows = [
        Markup('<input type="hidden" name="{}" value="{}">').format(name, value)
        for name, value in hidden.items()
    ]
    for name in _FIELDS[step]:
        kind = "password" if name in _SECRET else "text"
        label = _LABELS[name].into(language)
        rows.append(
            Markup(
                '<label>{}<input type="{}" name="{}" required autocomplete="off"></label>'
            ).format(label, kind, name)
        )
    form = Markup('<form method="post" action="/v1/authorize">{}<button>{}</button></form>').format(
        Markup("").join(rows), _CONTINUE.into(language)
    )
    same = asked.request.client is LoginClient.SAME_DEVICE
    lines = [_ALLOWS if same else _ALLOWS_REMOTE]
    if said is not None:
        form = Markup('<p role="alert">{}</p>').format(said.into(language)) + form
    status = HTTPStatus.OK if said is None else HTTPStatus.UNAUTHORIZED
    return _page(language, *lines, more=form, status=status)


def _page(
    language: Language,
    *lines: Message,
    more: Markup | str = "",
    status: HTTPStatus = HTTPStatus.OK,
) -> Response:
    title = _TITLE.into(language)
    said = Markup("").join(Markup("<p>{}</p>").format(each.into(language)) for each in lines)
    text = Markup(
        '<!DOCTYPE html><html lang="{}"><head><meta charset="utf-8"><title>{}</title>'
        "<style>{}</style></head><body><main><h1>{}</h1>{}{}</main></body></html>"
    ).format(language.value, title, Markup(_STYLE), title, said, escape(more))  # noqa: S704 - our own style
    response = Response(text, status, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = _POLICY
    return response
