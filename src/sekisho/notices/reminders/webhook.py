"""Sending a message to a webhook: over https, to one address, and never twice for one message.

Anybody who has the address of a webhook can post by it, so it is a secret: it is shown as its
host alone, and what the HTTP library would log or raise with it in is neither logged nor raised.

Tried again is only what was certainly not posted: no connection came about, or the answer was 429
or, with `Retry-After`, 503 (RFC 9110, RFC 6585: it was not processed; try later). How long to wait
the server says. Any other answer above 499, and a connection that breaks after the message was
sent, leaves it in doubt whether it was posted: that is told of, and not repeated. No redirect is
followed: it could lead anywhere.
"""

import ipaddress
import json
import logging
import os
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    InvalidHeader,
    LocationValueError,
    MaxRetryError,
    ProxyError,
    SSLError,
)

from sekisho.errors import UsageError, reason_of
from sekisho.lazy import dataclass
from sekisho.messages import Message, duration_text, verbatim
from sekisho.notices.reminders.ledger import Handed

ATTEMPTS = 4
"""How often what was certainly not posted is tried again."""
LONGEST_WAIT = 120
"""Seconds that a server may ask to wait; if it asks for more, the next run tries again."""

_TIMEOUT = urllib3.Timeout(connect=10, read=30)
_LOGGERS = ("urllib3.connectionpool", "urllib3.util.retry")
_MUST_WAIT = frozenset({429, 503})
_SLACK_WORD = 60
_ENV, _FILE = "env:", "file:"

_NO_URL = Message("the address for `--send` is not one that can be posted to")
_LIKE = Message(
    "it is an https address, or http on this computer, without user name; give it as "
    "`--send env:NAME` or `--send file:PATH`, so that it is in no list of processes"
)
_NO_VARIABLE = Message("`--send env:{name}`: there is no such environment variable, or it is empty")
_NO_FILE = Message("`--send file:{path}`: {reason}")
_POSTED = Message("posted to {host}")
_REFUSED = Message("{host} refused it: {status}{word}")
_REDIRECT = Message("{host} answered with a redirect ({status}), which is not followed")
_BUSY = Message("{host} takes no more messages now ({status})")
_LATER = Message("{host} asks to wait {time}: try again then")
_NO_CONNECTION = Message("no connection to {host}")
_NO_PROXY = Message("{host}: the proxy of the environment cannot be used")
_CERTIFICATE = Message("{host} has no certificate that this computer trusts")
_BROKEN = Message("the connection to {host} broke before it answered")
_DOUBTFUL = Message("{host} answered {status}: it may have posted it or not")


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where messages are posted.

    Attributes:
        host: what may be shown of the address.
    """

    host: str
    _url: str = field(repr=False)

    @classmethod
    def of(cls, text: str, environment: Mapping[str, str] = os.environ) -> "Webhook":
        """Return the webhook of `--send`: an address, `env:NAME` or `file:PATH`.

        Raises:
            UsageError: if it is none that may be posted to; the address is not in the message.
        """
        url = _given(text, environment)
        parts = _parts(url)
        host = (parts.hostname or "") if parts else ""
        if parts is None or not host or not _permitted(parts.scheme, host):
            raise UsageError(_NO_URL, fix=_LIKE)
        return cls(host, url)

    def post(self, message: Mapping[str, Any]) -> "Posted":
        """Post a message as JSON, and return what came of it."""
        body = json.dumps(message, ensure_ascii=False).encode("utf-8")
        try:
            pool = self._pool()
        except (LocationValueError, ValueError):
            return self._posted(Handed.FAILED, _NO_PROXY)
        with _unlogged(), pool:
            return self._sent(pool, body)

    def _pool(self) -> urllib3.PoolManager:
        """Return the opener, with the proxy of the environment, if it has one for the host.

        What stays on this computer goes through none.

        Raises:
            ValueError: if there can be no such proxy.
        """
        proxy = getproxies().get("https", "")
        if not proxy or self._url.startswith("http:") or proxy_bypass(self.host):
            return urllib3.PoolManager()
        parts = urlsplit(proxy)
        if parts.username is None:
            return urllib3.ProxyManager(proxy)
        login = unquote(f"{parts.username}:{parts.password or ''}")
        bare = parts._replace(netloc=parts.netloc.rpartition("@")[2])
        headers = urllib3.make_headers(proxy_basic_auth=login)
        return urllib3.ProxyManager(bare.geturl(), proxy_headers=headers)

    def _sent(self, pool: urllib3.PoolManager, body: bytes) -> "Posted":
        headers = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "sekisho"}
        try:
            response = pool.request(
                "POST",
                self._url,
                body=body,
                headers=headers,
                timeout=_TIMEOUT,
                retries=_Retry.of_a_post(),
                redirect=False,
                preload_content=False,
            )
        except _AsksToWait as error:
            return self._posted(
                Handed.FAILED, _LATER, time=duration_text(timedelta(seconds=error.seconds))
            )
        except MaxRetryError as error:
            return self._not_sent(error.reason)
        except HTTPError as error:
            return self._not_sent(error)
        try:
            return self._answered(response)
        finally:
            response.close()

    def _not_sent(self, why: Exception | None) -> "Posted":
        """Return the failure for an error: whether the message may have left this computer."""
        match why:
            case ConnectTimeoutError() | ProxyError() | LocationValueError():
                return self._posted(Handed.FAILED, _NO_CONNECTION)
            case SSLError() if isinstance(why.args[0], ssl.SSLCertVerificationError):
                return self._posted(Handed.FAILED, _CERTIFICATE)
            case _:
                return self._posted(Handed.IN_DOUBT, _BROKEN)

    def _answered(self, response: urllib3.BaseHTTPResponse) -> "Posted":
        status = response.status
        if 200 <= status < 300:  # noqa: PLR2004 - the classes of HTTP's answers
            return self._posted(Handed.DONE, _POSTED)
        if 300 <= status < 400:  # noqa: PLR2004 - as above
            return self._posted(Handed.FAILED, _REDIRECT, status=status)
        if status == 429 or (status == 503 and "Retry-After" in response.headers):  # noqa: PLR2004 - as above
            return self._posted(Handed.FAILED, _BUSY, status=status)
        if status >= 500:  # noqa: PLR2004 - as above
            return self._posted(Handed.IN_DOUBT, _DOUBTFUL, status=status)
        return self._posted(Handed.FAILED, _REFUSED, status=status, word=_word(response))

    def _posted(self, outcome: Handed, message: Message, **values: object) -> "Posted":
        return Posted(outcome, message.filled(host=self.host, **values))


@dataclass(frozen=True, slots=True)
class Posted:
    """The outcome of posting a message, and the same as a sentence without the address."""

    outcome: Handed
    message: Message


class _AsksToWait(Exception):
    """The server wants more time than a run has."""

    def __init__(self, seconds: int) -> None:
        super().__init__()
        self.seconds = seconds


class _Retry(urllib3.Retry):
    """Tries again what was certainly not posted."""

    RETRY_AFTER_STATUS_CODES = _MUST_WAIT

    @classmethod
    def of_a_post(cls) -> "_Retry":
        """Return the rules for a call that must not be carried out twice."""
        return cls(
            total=ATTEMPTS,
            connect=ATTEMPTS,
            status=ATTEMPTS,
            read=0,
            other=0,
            redirect=0,
            allowed_methods=("POST",),
            status_forcelist=(429,),
            backoff_factor=0.5,
            raise_on_status=False,
            raise_on_redirect=False,
            retry_after_max=2**31,
        )

    def get_retry_after(self, response: urllib3.BaseHTTPResponse) -> float | None:
        """Return the seconds that the server asks for; None if it asks for nothing readable."""
        try:
            return super().get_retry_after(response)
        except InvalidHeader:
            return None

    def sleep_for_retry(self, response: urllib3.BaseHTTPResponse) -> bool:
        """Wait as long as the server asks for.

        Raises:
            _AsksToWait: if that is too long.
        """
        seconds = self.get_retry_after(response) or 0
        if seconds > LONGEST_WAIT:
            raise _AsksToWait(int(seconds))
        return super().sleep_for_retry(response)


class _Nothing(logging.Filter):
    """Lets no record pass."""

    def filter(self, _: logging.LogRecord) -> bool:
        """Return that a record is not logged."""
        return False


@contextmanager
def _unlogged() -> Iterator[None]:
    """Keep the HTTP library from logging: the paths of addresses are in its lines."""
    nothing = _Nothing()
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    for each in loggers:
        each.addFilter(nothing)
    try:
        yield
    finally:
        for each in loggers:
            each.removeFilter(nothing)


def _given(text: str, environment: Mapping[str, str]) -> str:
    """Return the address itself.

    Raises:
        UsageError: if the variable or file that holds it cannot be read.
    """
    if text.startswith(_ENV):
        name = text.removeprefix(_ENV)
        if not (value := environment.get(name, "").strip()):
            raise UsageError(_NO_VARIABLE.filled(name=name))
        return value
    if text.startswith(_FILE):
        path = text.removeprefix(_FILE)
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeError) as error:
            raise UsageError(_NO_FILE.filled(path=path, reason=reason_of(error))) from None
    return text


def _parts(url: str) -> SplitResult | None:
    """Return the parts of an address; None if it is none, or says who calls, or has a blank."""
    if not (url.isascii() and url.isprintable()) or " " in url or "\\" in url:
        return None
    try:
        parts = urlsplit(url)
        usable = parts.port != 0 and parts.username is None and parts.password is None
    except ValueError:
        return None
    return parts if usable and not parts.fragment else None


def _permitted(scheme: str, host: str) -> bool:
    """Tell whether a message may go there: encrypted, or without leaving this computer."""
    if scheme == "https":
        return True
    if scheme != "http":
        return False
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _word(response: urllib3.BaseHTTPResponse) -> Message:
    """Return the error that Slack names in one word, like `channel_is_archived`; "" without one."""
    try:
        text = response.read(_SLACK_WORD, decode_content=False).decode("ascii").strip()
    except (HTTPError, UnicodeError):
        text = ""
    fit = text and text.replace("_", "").isalpha() and text.islower()
    return verbatim(f" ({text})" if fit else "")
