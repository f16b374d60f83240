"""What is accepted: of two scenarios that no policy makes both right, the one that goes wrong.

A Force_MFA may choose either. Any other policy may, too, as long as nothing else works without MFA
than under the recommended one.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

from sekisho.engine import AttachedPolicy, Policies, Request
from sekisho.messages import Message
from sekisho.policy import NAME, Preset, choices_of, force_mfa_json, from_json
from sekisho.prover.questions.difference import callers_of_difference, new_access
from sekisho.prover.questions.enforcement import SERVICE_EXEMPT
from sekisho.prover.questions.report import Subject
from sekisho.prover.reading.policies import EVERYTHING
from sekisho.prover.scenarios.answers import ScenarioAnswer
from sekisho.prover.scenarios.definitions import Scenario, scenario_of
from sekisho.prover.scenarios.setting import Setting
from sekisho.prover.search.verdict import Proved, Refuted, Unknown


@dataclass(frozen=True, slots=True)
class TradeOff:
    """A person and an attacker who are the same to AWS, so that both get in or neither does.

    Attributes:
        choice: the choice of Force_MFA that tells which.
        why: why no policy tells them apart.
    """

    person: str
    attacker: str
    choice: str
    why: Message

    def other(self, scenario: str) -> str:
        """Return the scenario for which this one is given up."""
        return self.person if scenario == self.attacker else self.attacker


TRADE_OFFS = (
    TradeOff(
        "key-user",
        "key-without-device",
        "enrolment_needs_session",
        Message(
            "to AWS, a user who has only an access key and an attacker who has that key are the "
            "same, so that both can enrol a device or neither can"
        ),
    ),
)
"""Of each, a policy has one half, and either is accepted.

That a new user and whoever has the same temporary password are the same, too, is no such choice: an
account into which no new user gets is not in order.
"""

_SERVICE_EXEMPT = AttachedPolicy(
    "what no policy can deny",
    from_json({"Statement": {"Effect": "Deny", "Action": [*SERVICE_EXEMPT], "Resource": "*"}}),
)
_MORE_PASSES = Message(
    "not accepted in exchange for {other}: without MFA, `{action}` on {resource} works, and does "
    "not under the recommended Force_MFA"
)
_NOT_KNOWN = Message(
    "not accepted in exchange for {other}: whether more works without MFA than under the "
    "recommended Force_MFA is not known: {reason}"
)


def _more_passes(other: str, request: Request) -> Message:
    return _MORE_PASSES.filled(other=other, action=request.action, resource=request.resource)


@dataclass(frozen=True)
class Acceptance:
    """Decides what is accepted under somebody's policies.

    Attributes:
        around: what else there is of the account and the user.
        answer_of: how a scenario ends for the subject.
        of_family: whether MFA enforcement is a Force_MFA, for whichever choices.
    """

    subject: Subject
    around: Setting
    answer_of: Callable[[Scenario], ScenarioAnswer]
    of_family: bool

    def judge(self, found: ScenarioAnswer) -> tuple[TradeOff | None, Message | None]:
        """Return the trade-off that accepts a scenario that goes wrong, or why none does.

        Neither, if it is no half of a trade-off, or the other half goes wrong, too.
        """
        name = found.scenario.id
        for each in TRADE_OFFS:
            if name not in (each.person, each.attacker):
                continue
            if not self.answer_of(scenario_of(each.other(name))).as_required:
                continue
            if self.of_family:
                return each, None
            match self._more_than_recommended:
                case Proved():
                    return each, None
                case Refuted(counterexample):
                    return None, _more_passes(each.other(name), counterexample.request)
                case Unknown(reason):
                    return None, _NOT_KNOWN.filled(other=each.other(name), reason=reason)
        return None, None

    @cached_property
    def _more_than_recommended(self) -> Proved | Refuted | Unknown:
        """Whether no request passes that the recommended Force_MFA denies, whatever is attached."""
        subject, around = self.subject, self.around
        choices = replace(choices_of(Preset.RECOMMENDED), partition=around.partition)
        # in every partition, also where no Force_MFA is offered
        written = AttachedPolicy(NAME, from_json(force_mfa_json(choices)))
        recommended = Policies(identity=(written, EVERYTHING))
        # what no policy can deny is no more either way
        anything = (*subject.policies.identity, EVERYTHING, _SERVICE_EXEMPT)
        theirs = replace(subject.policies, identity=anything)
        whose = subject.callers
        if not subject.named:
            whose = callers_of_difference(recommended, theirs, around.engine)
        return new_access(recommended, theirs, whose, subject.now, around.engine)
