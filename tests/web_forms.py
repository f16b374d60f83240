"""The rehearsal console without a browser: pages are read, and their forms are sent, as HTML says.

Flask's client answers in this process; no script runs. A page is a list of its elements.
"""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

from flask.testing import FlaskClient

import web_people as people
from sekisho.localaws import ADMINISTRATOR
from sekisho.messages import Language
from sekisho.web.console import console_site

BASE = "http://localhost:1"
VOID = frozenset({"area", "br", "col", "hr", "img", "input", "link", "meta"})


@dataclass
class Element:
    """An element of a page, with the text in it."""

    tag: str
    given: dict[str, str]
    parent: "Element | None"
    pieces: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return " ".join("".join(self.pieces).split())

    def within(self, tag: str) -> "Element | None":
        """Return the nearest element of this tag round it, or None."""
        above = self.parent
        while above is not None and above.tag != tag:
            above = above.parent
        return above


class Page(HTMLParser):
    """A page that was answered."""

    def __init__(self, path: str, status: int, source: str) -> None:
        super().__init__()
        self.path, self.status, self.source = path, status, source
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        made = Element(tag, given, self._open[-1] if self._open else None)
        self.elements.append(made)
        if tag not in VOID:
            self._open.append(made)

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop().tag != tag:
            pass

    def handle_data(self, data: str) -> None:
        for each in self._open:
            each.pieces.append(data)

    def all(self, tag: str = "", **given: str) -> list[Element]:
        """Return the elements of a tag with these attributes."""
        return [
            each
            for each in self.elements
            if tag in ("", each.tag)
            and all(each.given.get(name.strip("_")) == value for name, value in given.items())
        ]

    def fields(self, form: Element) -> list[tuple[str, str]]:
        """Return what a form sends without a button."""
        found = []
        for each in self.elements:
            if each.within("form") is not form or "name" not in each.given:
                continue
            if each.tag == "textarea":
                found.append((each.given["name"], "".join(each.pieces).removeprefix("\n")))
            if each.tag != "input":
                continue
            if each.given.get("type") in ("checkbox", "radio") and "checked" not in each.given:
                continue
            found.append((each.given["name"], each.given.get("value", "")))
        return found


class Reader:
    """Somebody who reads pages and sends forms."""

    def __init__(self, console: people.RunningConsole, language: Language = Language.EN) -> None:
        site = console_site(console.rehearsal, language)
        site.bind("localhost:1", "127.0.0.1:1")
        self.console = console
        self.client: FlaskClient = site.app.test_client()
        self.page = Page("/", 0, "")

    def get(self, path: str) -> Page:
        return self._follow(self.client.get(path, base_url=BASE), path)

    def send(self, form: Element, **filled: Any) -> Page:
        """Send a form of the page with other values for some fields; None leaves one out."""
        fields = [each for each in self.page.fields(form) if each[0] not in filled]
        for name, value in filled.items():
            values = value if isinstance(value, list) else [value]
            fields += [(name, each) for each in values if each is not None]
        many: dict[str, list[str]] = {}
        for name, value in fields:
            many.setdefault(name, []).append(value)
        path = form.given.get("action") or self.page.path
        answer = self.client.post(path, data=many, base_url=BASE, headers={"Origin": BASE})
        return self._follow(answer, path)

    def fill(self, action: str, **filled: Any) -> Page:
        """Send the page's last form with this address."""
        return self.send(self.page.all("form", action=action)[-1], **filled)

    def sign_in(self, user: str = ADMINISTRATOR, password: str = "") -> Page:
        """Sign in, with a code that has not been used if one is asked for."""
        self.get("/signin")
        place = self.console.rehearsal
        self.fill("/signin", user=user, password=password or self.console.password(user))
        if self.page.path.startswith("/signin/mfa"):
            for _ in range(2):
                code, *_ = place.phones.codes(user, place.now())
                if not code.code:
                    self.console.aws.clock.advance(people.TWO_STEPS)
            self.fill("/signin/mfa", code=code.code)
        return self.page

    def sign_out(self) -> Page:
        return self.fill("/signout")

    def _follow(self, answer: Any, path: str) -> Page:
        while answer.status_code in (302, 303):
            path = urljoin(path, answer.headers["Location"])
            parts = urlsplit(path)
            path = parts.path + (f"?{parts.query}" if parts.query else "")
            answer = self.client.get(path, base_url=BASE)
        self.page = Page(path, answer.status_code, answer.get_data(as_text=True))
        return self.page
