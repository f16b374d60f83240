"""Verdicts, and the counterexample of a refutation."""

from collections.abc import Mapping
from dataclasses import field
from typing import NoReturn

from sekisho.engine import Decision, Request
from sekisho.lazy import dataclass
from sekisho.messages import Message
from sekisho.prover.certificates import Certificate
from sekisho.prover.reading.credentials import CallerCredential


@dataclass(frozen=True, slots=True)
class Counterexample:
    """A request that shows a property to be false; the engine has decided it again.

    Attributes:
        request: the whole request.
        credential: the credential with which the caller signs.
        decisions: the engine's decisions on it, by the name of the set of policies.
        exists: whether it is a request that AWS is known to have: the catalogue knows the action
            and has the resource's form.
        named_keys: the keys of its context that policies name and the credential does not settle.
        undocumented: the keys of its context that AWS does not document of such requests:
            `aws:RequestedRegion` where the service is in another Region alone. Where there are any,
            there may be no such request, and it refutes nothing.
    """

    request: Request
    credential: CallerCredential
    decisions: Mapping[str, Decision]
    exists: bool
    named_keys: tuple[str, ...] = ()
    undocumented: tuple[str, ...] = ()

    @property
    def documented(self) -> bool:
        """Whether AWS documents such requests of the action."""
        return not self.undocumented

    def __repr__(self) -> str:
        asked = f"{self.request.action} on {self.request.resource}"
        return f"<Counterexample {asked} by {self.request.principal}, {self.credential}>"

    def __str__(self) -> str:
        """Return the request and its decisions, a line for each fact."""
        asked = self.request
        lines = [
            f"action: {asked.action}",
            f"resource: {asked.resource}",
            f"principal: {asked.principal}",
            f"signed with: {self.credential}",
            *(f"context: {key} = {value}" for key, value in sorted(asked.context.items())),
        ]
        for name, decision in self.decisions.items():
            causes = [
                f"{each.sid or f'statement {each.index}'} of {each.policy}"
                for each in decision.because
            ]
            by = f" by {', '.join(causes)}" if causes else ""
            lines.append(f"{name}: {decision.effect}{by}")
        return "\n".join(lines)


class _Untested:
    """A verdict is matched, never tested for truth: `Unknown` is no pass."""

    __slots__ = ()

    def __bool__(self) -> NoReturn:
        raise TypeError(
            "a verdict is never tested for truth: write `isinstance(verdict, Proved)`, or "
            "`sekisho.assert_proved(verdict)` in a test"
        )


@dataclass(frozen=True, slots=True)
class Proved(_Untested):
    """The property holds for every request.

    Attributes:
        certificate: the certificate that the checker has accepted; None: it is not kept, or the
            search found no request that shows the contrary.
    """

    certificate: Certificate | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Refuted(_Untested):
    """The property is false, as the counterexample shows."""

    counterexample: Counterexample


@dataclass(frozen=True, slots=True)
class Unknown(_Untested):
    """It could not be determined; `reason` names the limit or the construct.

    Attributes:
        reason: why.
        beyond: where only what the catalogue does not know refutes, such a request.
    """

    reason: Message
    beyond: Counterexample | None = None

    def __repr__(self) -> str:
        return f"Unknown({self.reason.en!r})"


Verdict = Proved | Refuted | Unknown
