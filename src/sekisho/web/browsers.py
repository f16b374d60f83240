"""What a browser's cookie stands for. Everything is kept here; the cookie is a random number.

A cookie does not know ports: a second site on this computer is sent it too if it has the same host
name. So the cookie alone changes nothing: every form carries a secret of its session besides
(`csrf`), every change must come from a page of this very site (`site`), and the name has the port.
"""

import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from threading import Lock, RLock
from typing import Generic, TypeVar

from sekisho.messages import Language, Message

_MOST_BROWSERS = 1000
_MOST_RENEWED = 100
_MOST_OUTCOMES = 200
_BYTES = 32

State = TypeVar("State")


class FlashKind(StrEnum):
    """How a flash message is meant."""

    SUCCESS = "success"
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Flash:
    """One message on top of the next page; `detail` is AWS's own text, shown as it is."""

    kind: FlashKind
    message: Message
    detail: str = ""


@dataclass(slots=True)
class Browser(Generic[State]):
    """One browser, from its first page to its last; one request of it is answered at a time.

    Attributes:
        cookie: what the browser sends; a secret.
        csrf: what every form of its pages carries; a secret.
        state: what the site itself keeps of it.
        flashes: what the next page says on top.
        outcomes: where a form that was sent has led, so that sending it twice does nothing twice.
    """

    cookie: str = field(repr=False)
    csrf: str = field(repr=False)
    language: Language
    state: State = field(repr=False)
    flashes: list[Flash] = field(default_factory=list)
    outcomes: OrderedDict[str, str] = field(default_factory=OrderedDict, repr=False)
    lock: RLock = field(default_factory=RLock, repr=False)

    def led_to(self, form: str, location: str) -> None:
        """Remember where a form has led."""
        self.outcomes[form] = location
        while len(self.outcomes) > _MOST_OUTCOMES:
            self.outcomes.popitem(last=False)

    def take_flashes(self) -> tuple[Flash, ...]:
        """Return what the page says on top; it is said once."""
        said, self.flashes = tuple(self.flashes), []
        return said


class Browsers(Generic[State]):
    """The browsers that a site knows; the ones that were away longest are forgotten.

    Args:
        state: makes the state of a new browser.
        language: what a new browser is spoken to in.
    """

    def __init__(self, state: Callable[[], State], language: Language) -> None:
        self._state = state
        self._language = language
        self._known: OrderedDict[str, Browser[State]] = OrderedDict()
        self._renewed: OrderedDict[tuple[str, str, str], Browser[State]] = OrderedDict()
        self._lock = Lock()

    def enter(self, cookie: str) -> Browser[State] | None:
        """Return the browser with this cookie, locked, or None.

        Who waits for the lock while somebody signs in has the old cookie, and is not let in.
        """
        with self._lock:
            known = self._known.get(cookie)
            if known is None:
                return None
            self._known.move_to_end(cookie)
        known.lock.acquire()
        if known.cookie == cookie:
            return known
        known.lock.release()
        return None

    def new(self) -> Browser[State]:
        """Return a new browser, locked."""
        made = Browser(
            secrets.token_urlsafe(_BYTES),
            secrets.token_urlsafe(_BYTES),
            self._language,
            self._state(),
        )
        made.lock.acquire()
        with self._lock:
            self._known[made.cookie] = made
            while len(self._known) > _MOST_BROWSERS:
                self._known.popitem(last=False)
        return made

    def renew(self, browser: Browser[State], form: str) -> None:
        """Give a browser new secrets: whoever knew the old ones is out.

        To be called whenever somebody signs in or out.

        Args:
            browser: which.
            form: the token of the form that was sent; "" if it was none. The same form may come
                once more, from a second click before the first was answered.
        """
        with self._lock:
            self._known.pop(browser.cookie, None)
            if form:
                self._renewed[browser.cookie, browser.csrf, form] = browser
                while len(self._renewed) > _MOST_RENEWED:
                    self._renewed.popitem(last=False)
            browser.cookie = secrets.token_urlsafe(_BYTES)
            browser.csrf = secrets.token_urlsafe(_BYTES)
            self._known[browser.cookie] = browser

    def enter_again(self, cookie: str, csrf: str, form: str) -> Browser[State] | None:
        """Return the browser that this very form has given new secrets, locked, or None.

        The form's token is in no page but that one: who knows the old cookie alone does not have
        it.
        """
        with self._lock:
            known = self._renewed.get((cookie, csrf, form))
        if known is not None:
            known.lock.acquire()
        return known
