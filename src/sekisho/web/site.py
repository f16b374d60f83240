"""Checks of every request to a site, and helpers for every page.

A site answers to its own host and port only, and takes changes only from its own pages: the
`Origin` must be this one, and the form must carry the secret of the browser's session. Pages run
no inline script, load nothing from elsewhere, may stand in no frame and are kept by no cache. They
work without a script.

Source: OWASP, "Cross-Site Request Forgery Prevention"; W3C, Content Security Policy Level 3; Fetch
Metadata Request Headers; RFC 6265bis for `SameSite`.
"""

import hmac
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from flask import Flask, Response, abort, current_app, g, redirect, render_template, request
from flask.typing import ResponseReturnValue
from jinja2 import ChoiceLoader, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from sekisho.documents.html import ticked
from sekisho.messages import Language, Message, table
from sekisho.web.browsers import Browser, Browsers, Flash, FlashKind

LONGEST_BODY = 1 << 20
"""Bytes of a form; a policy has 6,144 characters at most."""

_HERE = Path(__file__).parent
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # not `no-referrer`: a form's `Origin` would be `null`
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": (
        "camera=(), geolocation=(), microphone=(), "
        "publickey-credentials-create=(self), publickey-credentials-get=(self)"
    ),
}
_SAME_SITE_RELOAD = """<!DOCTYPE html>
<meta http-equiv="refresh" content="0">
<title>...</title>
"""
"""What a link on another site leads to first: from there a browser sends no `SameSite=Strict`
cookie, and a new one would sign the person out. From here it sends it."""

_SUBJECTS = ("arn", "kind", "name", "policy", "user")
"""Fields of forms and of addresses that name what a page is about; none is a secret."""

ANSWER = "answer"
"""The field of an address that shows what a form was answered with."""

_TEXTS = "web"
_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
_BOLD = re.compile(r"\*\*(.+?)\*\*")


class Site:
    """One of the sites.

    Attributes:
        app: its Flask application.
        browsers: who is looking.

    Args:
        name: `console` or `workbench`; the cookie is called so.
        state: makes what the site keeps of a new browser.
        language: what a new browser is spoken to in.
    """

    def __init__(
        self, name: str, state: Callable[[], object], language: Language = Language.EN
    ) -> None:
        self._name = name
        self._host = self._number = ""
        self.browsers: Browsers[object] = Browsers(state, language)
        self.app = Flask("sekisho.web", static_folder=str(_HERE / "static"))
        self.app.jinja_env.loader = ChoiceLoader(
            [
                FileSystemLoader(_HERE / name / "templates"),
                FileSystemLoader(_HERE / "templates"),
            ]
        )
        self.app.jinja_env.undefined = StrictUndefined
        self.app.jinja_env.trim_blocks = self.app.jinja_env.lstrip_blocks = True
        self.app.jinja_env.filters["ticked"] = lambda text: _unbroken(ticked(text))
        self.app.jinja_env.filters["unbroken"] = _unbroken
        self.app.jinja_env.filters["bold"] = _bold
        self.app.config["MAX_CONTENT_LENGTH"] = LONGEST_BODY
        self.app.config["MAX_FORM_MEMORY_SIZE"] = LONGEST_BODY
        self.app.before_request(self._admit)
        self.app.after_request(self._finish)
        self.app.teardown_request(_release)
        self.app.context_processor(_on_every_page)
        self.app.register_error_handler(HTTPException, _error_page)
        self.app.add_url_rule("/language", "language", _speak, methods=["POST"])

    def bind(self, host: str, number: str) -> None:
        """Say where it answers.

        Args:
            host: the host and port of its pages, like `localhost:8080`.
            number: the same place by its number, from where browsers are sent to `host`.
        """
        self._host, self._number = host, number

    @property
    def origin(self) -> str:
        """The `Origin` that a browser sends from its pages."""
        return f"http://{self._host}"

    def warm(self) -> None:
        """Compile the templates, so that a page's first visit is as fast as the next."""
        for name in self.app.jinja_env.list_templates():
            self.app.jinja_env.get_template(name)

    def renew(self) -> None:
        """Give the present browser new secrets; whenever somebody signs in or out."""
        self.browsers.renew(browser(), g.get("form_token", ""))

    @property
    def _cookie(self) -> str:
        # with the port: two sites on this computer must not overwrite each other's
        return f"sekisho-{self._name}-{self._host.rpartition(':')[2]}"

    def _admit(self) -> ResponseReturnValue | None:
        """Answer what must not go on; otherwise find the browser, and lock it."""
        host = request.headers.get("Host", "")
        reads = request.method in ("GET", "HEAD")
        if host == self._number and reads:
            return redirect(self.origin + request.full_path.rstrip("?"), HTTPStatus.FOUND)
        if host != self._host:
            # the address of another site that leads here (DNS rebinding)
            return _plain(HTTPStatus.MISDIRECTED_REQUEST, f"this site is {self.origin}/")
        if request.endpoint == "static":
            return None
        given = request.cookies.get(self._cookie, "")
        return self._admit_visit(given) if reads else self._admit_change(given)

    def _admit_visit(self, cookie: str) -> ResponseReturnValue | None:
        """Let in who only reads; a browser that is not known becomes one."""
        found = self.browsers.enter(cookie)
        if found is None and request.headers.get("Sec-Fetch-Mode", "navigate") != "navigate":
            # a picture in a page of another site: many of them would have us forget the others
            return _plain(HTTPStatus.FORBIDDEN, "this is no part of another page")
        if found is None and request.headers.get("Sec-Fetch-Site") == "cross-site":
            return Response(_SAME_SITE_RELOAD, content_type="text/html; charset=utf-8")
        _let_in(found or self.browsers.new())
        return None

    def _admit_change(self, cookie: str) -> ResponseReturnValue | None:
        """Admit a request for a change; a form that was sent before leads where it led."""
        csrf = request.headers.get("X-Csrf-Token") or request.form.get("csrf", "")
        g.form_token = request.form.get("once", "")
        found = self.browsers.enter(cookie)
        if found is not None:
            _let_in(found)
        if request.headers.get("Origin") != self.origin or request.headers.get(
            "Sec-Fetch-Site", "same-origin"
        ) not in ("same-origin", "none"):
            return refused_page(HTTPStatus.FORBIDDEN, "elsewhere")
        if found is None:
            found = self.browsers.enter_again(cookie, csrf, g.form_token)
            if found is None:
                return refused_page(HTTPStatus.FORBIDDEN, "stale")
            _let_in(found)
        elif not hmac.compare_digest(csrf.encode(), found.csrf.encode()):
            return refused_page(HTTPStatus.FORBIDDEN, "stale")
        before = found.outcomes.get(g.form_token)
        g.is_new_form = before is None
        return redirect(before, HTTPStatus.SEE_OTHER) if before is not None else None

    def _finish(self, response: Response) -> Response:
        response.headers.update(_HEADERS)
        if request.endpoint == "static":
            return response
        response.headers["Cache-Control"] = "no-store"
        if "browser" not in g:
            return response
        if g.get("form_token") and response.status_code == HTTPStatus.SEE_OTHER:
            g.browser.remember_outcome(g.form_token, response.headers["Location"])
        if request.cookies.get(self._cookie) != g.browser.cookie:
            response.set_cookie(self._cookie, g.browser.cookie, httponly=True, samesite="Strict")
        return response


def _let_in(found: Browser[Any]) -> None:
    """Answer to this browser, which is locked until the answer is made."""
    g.browser, g.locked = found, True


def browser() -> Browser[Any]:
    """Return the browser whose request is answered now."""
    found: Browser[Any] = g.browser
    return found


@contextmanager
def unlocked() -> Iterator[None]:
    """Let other requests of the same browser be answered while this one waits."""
    _release(None)
    try:
        yield
    finally:
        g.browser.lock.acquire()
        g.locked = True


def language() -> Language:
    """Return the language of the page that is made now."""
    return browser().language if "browser" in g else Language.EN


def flash(kind: FlashKind, message: Message, detail: str = "") -> None:
    """Have the next page show a message on top."""
    browser().flashes.append(Flash(kind, message, detail))


def text(key: str, /, **values: object) -> Message:
    """Return a text of the table `web` by its path, like `frame.rehearsal`.

    Args:
        key: names of the table's parts, with a dot between them.
        **values: what its places are filled with.
    """
    found: Any = table(_TEXTS)
    for part in key.split("."):
        found = found[part]
    message: Message = found
    return message.filled(**values) if values else message


def aws_text(said: str) -> Message:
    """Return a text of AWS, which is in English; on pages in other languages, marked as AWS's."""
    return text("frame.aws_says", said=said)


def term(key: str) -> Message:
    """Return a word of the AWS console."""
    message: Message = table("console")[key]["text"]
    return message


def sent_json() -> dict[str, Any]:
    """Return the JSON object that a script has sent; empty if it is none."""
    sent: Any = request.get_json(silent=True)
    return sent if isinstance(sent, dict) else {}


def see_other(endpoint_path: str, **query: str) -> ResponseReturnValue:
    """Lead to another page after a change, as a new GET."""
    asked = f"?{urlencode(query)}" if query else ""
    return redirect(endpoint_path + asked, HTTPStatus.SEE_OTHER)


def allow_resending() -> None:
    """Let the form that was sent do so again: it changes nothing, and may have other content then.

    Otherwise it would lead where it has led before.
    """
    g.form_token = ""


def local_path(given: str, otherwise: str) -> str:
    """Return `given` if it is a path of this site, and `otherwise` if it leads elsewhere."""
    parts = urlsplit(given)
    mine = given.startswith("/") and not given.startswith(("//", "/\\"))
    plain = all(" " <= each != "\x7f" for each in given)
    return given if mine and plain and not (parts.scheme or parts.netloc) else otherwise


def page_to_come_back(otherwise: str) -> str:
    """Return the address of the page that the person is on.

    An address that only takes forms is none; then it is the page that had the form. The answer to
    a form with a fault is the form's page again: about whom or what it is stands in the form.
    """
    if request.method == "GET":
        return request.full_path.rstrip("?")
    routes = current_app.create_url_adapter(request)
    if routes is not None and routes.test(method="GET"):
        subject = {each: request.form[each] for each in _SUBJECTS if each in request.form}
        return same_page(request.path, urlencode({**subject, **request.args.to_dict()}))
    came_from = urlsplit(request.referrer or "")
    return local_path(same_page(came_from.path, came_from.query), otherwise)


def same_page(path: str, query: str) -> str:
    """Return the address of a page as it is before a form of it was answered."""
    fields = query.split("&")
    left = "&".join(each for each in fields if each.partition("=")[0] != ANSWER)
    return f"{path}?{left}".rstrip("?")


def refused_page(status: HTTPStatus, reason: str) -> ResponseReturnValue:
    """Return a page that says why a request was not answered; `reason` is in `[web.refused]`."""
    page = render_template(
        "refused.html", title=text("refused.title"), message=text(f"refused.{reason}")
    )
    return Response(page, status, content_type="text/html; charset=utf-8")


def _bold(text: str) -> Markup:
    """Return an escaped text, with what stands in backticks as code, between `**` as bold."""
    # what is put in is our own two tags, round text that is escaped
    bold = Markup(_BOLD.sub(r"<strong>\1</strong>", str(ticked(text))))  # noqa: S704 - see above
    return _unbroken(bold)


def _unbroken(text: str) -> Markup:
    """Return an escaped text in which no option breaks: after `--`, a browser may end a line."""
    marked = _OPTION.sub(r'<span class="option">\g<0></span>', str(escape(text)))
    return Markup(marked)  # noqa: S704 - a tag of our own, round text that is escaped


def _plain(status: HTTPStatus, sentence: str) -> Response:
    return Response(sentence + "\n", status, content_type="text/plain; charset=utf-8")


def _release(_error: BaseException | None) -> None:
    if g.pop("locked", False):
        g.browser.lock.release()


def _speak() -> ResponseReturnValue:
    """Change the language, and show the page again."""
    chosen = request.form.get("language", "")
    if chosen not in list(Language):
        abort(HTTPStatus.BAD_REQUEST)
    browser().language = Language(chosen)
    return see_other(local_path(request.form.get("page", "/"), "/"))


def _error_page(error: HTTPException) -> ResponseReturnValue:
    """Return the page of an HTTP error in the site's own frame."""
    if isinstance(error, RequestRedirect):
        return error.get_response()
    status = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
    if "browser" not in g:
        return _plain(status, status.phrase)
    match status:
        case HTTPStatus.NOT_FOUND:
            return refused_page(status, "not_found")
        case HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            return refused_page(status, "too_long")
        case HTTPStatus.METHOD_NOT_ALLOWED:
            return refused_page(status, "method")
        case _:
            return refused_page(status, "other")


def _on_every_page() -> dict[str, Any]:
    """Return the names that every template can use."""
    spoken = language()

    def say(message: Message | str) -> str:
        return message.into(spoken) if isinstance(message, Message) else message

    return {
        "say": say,
        "t": lambda key, /, **values: text(key, **values).into(spoken),
        "term": lambda key: term(key).into(spoken),
        # between two sentences
        "gap": " " if spoken is Language.EN else "",
        "language": spoken.value,
        "languages": [each.value for each in Language],
        "flashes": browser().take_flashes if "browser" in g else tuple,
        "csrf": g.browser.csrf if "browser" in g else "",
        "form_token": lambda: secrets.token_urlsafe(16),
        "here": page_to_come_back("/"),
    }
