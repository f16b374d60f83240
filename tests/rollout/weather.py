"""Bad weather between us and AWS: throttling, 5xx, lost answers, refusals, stale reads, a kill."""

from collections.abc import Iterator, Mapping
from enum import Enum, auto
from typing import Any

from rollout.staging import READING, Killed
from sekisho.account import AwsApi
from sekisho.errors import AwsRefused

__all__ = ["Fault", "Weather"]


class Fault(Enum):
    """What happens to one call."""

    THROTTLED = auto()
    DENIED = auto()
    BROKEN = auto()
    """A 5xx, and nothing was done."""
    BROKEN_BUT_DONE = auto()
    LOST = auto()
    """No answer, and nothing was done."""
    LOST_BUT_DONE = auto()
    KILLED = auto()
    KILLED_BUT_DONE = auto()


_REFUSED = {
    Fault.THROTTLED: ("Throttling", 400),
    Fault.DENIED: ("AccessDenied", 403),
    Fault.BROKEN: ("ServiceFailure", 500),
    Fault.BROKEN_BUT_DONE: ("ServiceFailure", 500),
    Fault.LOST: ("ReadTimeoutError", 0),
    Fault.LOST_BUT_DONE: ("ReadTimeoutError", 0),
}
_DONE = {Fault.BROKEN_BUT_DONE, Fault.LOST_BUT_DONE, Fault.KILLED_BUT_DONE}

Asked = tuple[str, tuple[tuple[str, str], ...]]


class Weather:
    """An `AwsApi` whose n-th changing call meets the n-th of `faults`; None is fine weather.

    The next `lag` reads after a change give what the same question gave before, if it was asked:
    IAM is eventually consistent.
    """

    def __init__(self, api: AwsApi, faults: list[Fault | None], lag: int = 0) -> None:
        self._api = api
        self._faults = iter(faults)
        self._lag = lag
        self._stale = 0
        self._known: dict[Asked, Mapping[str, Any] | list[Mapping[str, Any]] | AwsRefused] = {}

    def call(self, service: str, operation: str, /, **params: object) -> Mapping[str, Any]:
        if operation.startswith(READING):
            answer = self._read(
                operation, params, lambda: self._api.call(service, operation, **params)
            )
            assert isinstance(answer, Mapping)
            return answer
        fault = next(self._faults, None)
        answer = {}
        if fault is None or fault in _DONE:
            answer = self._api.call(service, operation, **params)
            self._stale = self._lag
        if fault in (Fault.KILLED, Fault.KILLED_BUT_DONE):
            raise Killed
        if fault is not None:
            code, status = _REFUSED[fault]
            raise AwsRefused(operation, code, "bad weather", status)
        return answer

    def clear(self) -> None:
        """Let time pass: what was done is visible."""
        self._stale = 0

    def pages(
        self, service: str, operation: str, key: str, /, **params: object
    ) -> Iterator[Mapping[str, Any]]:
        items = self._read(
            f"{key} of {operation}",
            params,
            lambda: list(self._api.pages(service, operation, key, **params)),
        )
        assert isinstance(items, list)
        return iter(items)

    def _read(self, operation: str, params: Mapping[str, object], ask: Any) -> Any:
        asked = (operation, tuple(sorted((name, str(value)) for name, value in params.items())))
        if self._stale > 0 and asked in self._known:
            self._stale -= 1
            known = self._known[asked]
            if isinstance(known, AwsRefused):
                raise known
            return known
        try:
            answer = ask()
        except AwsRefused as error:
            self._known[asked] = error
            raise
        self._known[asked] = answer
        return answer
