"""Listens to the endpoint's decision log, so that a step can say why AWS answered as it did."""

from collections.abc import Iterator

from sekisho.engine import Cause, DecisionEffect
from sekisho.localaws import LocalAws
from sekisho.localaws.log import Entry
from sekisho.messages import Message
from sekisho.tour.step import Cell

__all__ = ["Ear"]

_NOTHING_ALLOWS = Message("no statement allows it")


class Ear:
    """Remembers what it has heard already."""

    def __init__(self, local: LocalAws) -> None:
        self._local = local
        self._last: Entry | None = None
        self._assumed: set[str] = set()

    def heard(self, *, refused: bool = False) -> tuple[Cell, ...]:
        """Return the reasons of the decisions since the last call, each once.

        Of a refused call only what refused it: a service may refuse what the policies allow.
        """
        entries = self._local.log.entries()
        fresh: list[Entry] = []
        for entry in reversed(entries):
            if entry is self._last:
                break
            fresh.append(entry)
        self._last = entries[-1] if entries else None
        for entry in fresh:
            self._assumed.update(entry.decision.assumed if entry.decision is not None else ())
        told = [entry for entry in reversed(fresh) if not (refused and entry.allowed)]
        return tuple(dict.fromkeys(reason for entry in told for reason in _why(entry)))

    def assumed(self) -> tuple[str, ...]:
        """Return the names of the assumptions that mattered since this was last asked."""
        names, self._assumed = tuple(sorted(self._assumed)), set()
        return names


def _why(entry: Entry) -> Iterator[Cell]:
    if entry.rule is not None:
        yield entry.rule.text
    if entry.decision is None:
        return
    if entry.decision.effect is DecisionEffect.IMPLICITLY_DENIED:
        yield _NOTHING_ALLOWS
    for cause in entry.decision.because:
        yield _shown(cause)


def _shown(cause: Cause) -> str:
    name = cause.policy.rsplit("/", 1)[-1]
    return f"{name} [{cause.sid or cause.index}]"
