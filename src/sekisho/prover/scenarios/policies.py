"""Who of a story has which policies."""

from dataclasses import replace

from sekisho.engine import Policies
from sekisho.policy.document import Statement
from sekisho.prover.attached import EVERYTHING, those
from sekisho.prover.scenarios.questions import Kind, Story
from sekisho.prover.scenarios.setting import Setting

__all__ = ["setting_of", "without_enforcement"]

_MFA_KEYS = "aws:multifactorauth"
"""How the keys begin that tell of MFA."""


def setting_of(asked: Story, policies: Policies, around: Setting | None = None) -> Setting:
    """Return the account in which a story is told.

    `policies` are those in question, as attached to the user. A person has no others, so that
    nothing else is needed to get in; beside a thief's stands everything that may be attached later.
    A helping administrator may do everything within the service control policies, under the same
    enforcement: whatever of the policies asks for MFA. What else there is of the account and
        the user is
    told `around`.
    """
    base = around or Setting()
    anything = replace(policies, identity=(*policies.identity, EVERYTHING))
    enforcement = those(policies.identity, _asks_for_mfa)
    helper = replace(policies, identity=(*enforcement, EVERYTHING), boundaries=None, session=None)
    own = policies if asked.kind is Kind.GETS_IN else anything
    path = base.path if asked.path == "/" else asked.path
    return replace(base, user=own, colleague=own, administrator=helper, path=path)


def without_enforcement(policies: Policies) -> Policies:
    """Return a user's policies without those that ask for MFA."""
    others = (each for each in policies.identity if not those((each,), _asks_for_mfa))
    return replace(policies, identity=tuple(others))


def _asks_for_mfa(statement: Statement) -> bool:
    return any(condition.key.lower().startswith(_MFA_KEYS) for condition in statement.conditions)
