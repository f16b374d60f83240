"""The browsers of a site, by their cookies. Everything is kept here; a cookie is a random number.

A cookie does not know ports: a second site on this computer is sent it too if it has the same host
name. So the cookie alone changes nothing: every form carries a secret of its session besides
(`csrf`), every change must come from a page of this very site (`site`), and the name has the port.
"""

import secrets
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from dataclasses import field
from enum import StrEnum
from threading import Lock, RLock
from typing import Generic, TypeVar

from sekisho.lazy import dataclass
from sekisho.messages import Language, Message

_MOST_BROWSERS = 1000
_MOST_RENEWED = 100
_MOST_OUTCOMES = 200
_LONGEST_TOKEN = 100
_BYTES = 32

MOST_OF_ONE = 8 << 20
"""Bytes of the drafts of one browser; a form of 1 MiB takes four times as many at worst."""
MOST_OF_ALL = 64 << 20
"""Bytes of the drafts of all browsers of a site."""

State = TypeVar("State")


class FlashKind(StrEnum):
    """The kinds of flash messages."""

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

    def remember_outcome(self, form: str, location: str) -> None:
        """Remember where a form has led; our own forms have short tokens."""
        if len(form) > _LONGEST_TOKEN:
            return
        self.outcomes[form] = location
        while len(self.outcomes) > _MOST_OUTCOMES:
            self.outcomes.popitem(last=False)

    def take_flashes(self) -> tuple[Flash, ...]:
        """Return the messages at the top of the page; each is shown once."""
        said, self.flashes = tuple(self.flashes), []
        return said


class DraftMemory:
    """The drafts of all browsers of a site, of which those that were saved first are dropped first.

    Args:
        of_one: how many bytes one browser may have.
        of_all: how many bytes all may have together.
    """

    def __init__(self, of_one: int = MOST_OF_ONE, of_all: int = MOST_OF_ALL) -> None:
        self._of_one = of_one
        self._of_all = of_all
        self._saved: OrderedDict[tuple[int, str], Mapping[str, str]] = OrderedDict()
        self._sizes: dict[int, int] = {}
        self._browsers = 0
        self._lock = Lock()

    @property
    def size(self) -> int:
        """The bytes that all drafts take."""
        return sum(self._sizes.values())

    def drafts(self) -> "Drafts":
        """Return the drafts of a new browser; there are none yet."""
        with self._lock:
            self._browsers += 1
            return Drafts(self, self._browsers)

    def save(self, browser: int, path: str, fields: Mapping[str, str]) -> None:
        """Keep a draft whole in place of the one before; one that has no room is not kept."""
        draft = dict(fields)
        size = _size(path, draft)
        with self._lock:
            self._drop((browser, path))
            if size > min(self._of_one, self._of_all):
                return
            self._saved[browser, path] = draft
            self._sizes[browser] = self._sizes.get(browser, 0) + size
            while self._sizes[browser] > self._of_one:
                self._drop(next(each for each in self._saved if each[0] == browser))
            while self.size > self._of_all:
                self._drop(next(iter(self._saved)))

    def find(self, browser: int, path: str) -> Mapping[str, str] | None:
        """Return a draft, or None."""
        with self._lock:
            return self._saved.get((browser, path))

    def paths(self, browser: int) -> list[str]:
        """Return the pages that a browser has drafts of, the oldest first."""
        with self._lock:
            return [path for owner, path in self._saved if owner == browser]

    def forget(self, browser: int, path: str) -> None:
        """Drop a draft."""
        with self._lock:
            self._drop((browser, path))

    def _drop(self, key: tuple[int, str]) -> None:
        draft = self._saved.pop(key, None)
        if draft is None:
            return
        browser, path = key
        self._sizes[browser] -= _size(path, draft)
        if not self._sizes[browser]:
            del self._sizes[browser]


def _size(path: str, draft: Mapping[str, str]) -> int:
    texts = [path, *draft, *draft.values()]
    return sys.getsizeof(draft) + sum(map(sys.getsizeof, texts))


class Drafts(MutableMapping[str, Mapping[str, str]]):
    """The drafts of one browser: fields that were typed and not sent off, by the page's path."""

    def __init__(self, memory: DraftMemory, browser: int) -> None:
        self._memory = memory
        self._browser = browser

    def __getitem__(self, path: str) -> Mapping[str, str]:
        found = self._memory.find(self._browser, path)
        if found is None:
            raise KeyError(path)
        return found

    def __setitem__(self, path: str, fields: Mapping[str, str]) -> None:
        self._memory.save(self._browser, path, fields)

    def __delitem__(self, path: str) -> None:
        # whether it is still there hangs on what other browsers have saved
        self._memory.forget(self._browser, path)

    def clear(self) -> None:
        """Drop all of them, even if other browsers use them meanwhile."""
        for path in self:
            del self[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self._memory.paths(self._browser))

    def __len__(self) -> int:
        return len(self._memory.paths(self._browser))


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
        """Give a browser new secrets; the old ones are good for nothing then.

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
