"""What the walk of a thief does not walk: every other request that the thief could make.

A walk tries one request of a kind. That a thief gets nowhere counts only if, with what the thief
comes to hold, no request passes but those whose ways were walked: the MFA enforcement's question,
asked of the
policies as they are attached.
"""

from dataclasses import dataclass, replace

from sekisho.messages import Message
from sekisho.prover.ask import never
from sekisho.prover.credentials import Held as Way
from sekisho.prover.enforcement import enforcement_question, expected_exempt
from sekisho.prover.scenarios.model import ACTIONS, Held, Hold
from sekisho.prover.scenarios.setting import Setting
from sekisho.prover.verdict import Proved, Refuted, Unknown, Verdict
from sekisho.prover.wording import HELD

__all__ = ["WAYS", "Standing", "left_open"]

WAYS = {
    Held.KEY: Way.KEY,
    Held.CONSOLE: Way.SESSION,
    Held.TOKEN: Way.SESSION,
    Held.CONSOLE_MFA: Way.MFA_SESSION,
    Held.TOKEN_MFA: Way.MFA_SESSION,
}
"""What the prover calls the credentials with which users' policies are asked."""
_LOOKING_UP = (
    *(action for action in expected_exempt() if action not in ACTIONS),
    *("iam:ListAccountAliases", "iam:ListUsers"),
)
"""What Force_MFA exempts beside the model's own, and what older samples of AWS do: it reads IAM's
lists, or sets a device's clock right."""


_UNDECIDED = Message("what the model does not walk could not be decided: {reason}")
_OPEN = Message(
    "MFA enforcement leaves open what the model does not walk: `{action}` on "
    "`{resource}`, with {held}"
)


@dataclass(frozen=True, slots=True)
class Standing:
    """What somebody comes to hold, and what was walked with it.

    Attributes:
        hold: the credential, and whose it is.
        member: whether that user is then in the group of those who have enrolled.
        walked: the actions that the walk has tried and found open, or had nothing to try on.
    """

    hold: Hold
    member: bool
    walked: frozenset[str]


def left_open(setting: Setting, standing: Standing) -> Message | None:
    """Return what may pass that was not walked, in words; None if it is proved that nothing does.

    A role's session is no part of it: the user's policies are not asked about one.

    Raises:
        FaultyPolicy: if a document cannot be read for certain.
    """
    if standing.hold.held not in WAYS:
        return None
    match _verdict(setting, standing):
        case Proved():
            return None
        case Unknown(reason):
            return _UNDECIDED.filled(reason=reason)
        case Refuted(counterexample):
            asked, held = counterexample.request, HELD[counterexample.held]
            return _OPEN.filled(action=asked.action, resource=asked.resource, held=held)


def _verdict(setting: Setting, standing: Standing) -> Verdict:
    held = standing.hold.held
    # the service itself lets a session token without MFA call nothing of IAM (fact §3.1)
    refused = ("iam:*",) if held is Held.TOKEN else ()
    question = enforcement_question(
        setting.policies(standing.hold.who, member=standing.member),
        setting.caller(standing.hold.who),
        setting.at,
        (*sorted(standing.walked), *_LOOKING_UP, *refused),
    )
    return never(replace(question, held=(WAYS[held],), assumptions=setting.engine))
