"""The truth table's words, in both languages."""

from collections.abc import Mapping

from sekisho.audit.held import Held
from sekisho.audit.trusted import Way
from sekisho.audit.truth_model import Outcome
from sekisho.messages import Message, verbatim

__all__ = ["HELD", "LEGEND", "OUTCOMES"]

HELD: Mapping[Held | Way, Message] = {
    Held.CONSOLE: Message("console without MFA"),
    Held.CONSOLE_MFA: Message("console with MFA"),
    Held.KEY: Message("access key"),
    Held.TOKEN: Message("session token, no MFA"),
    Held.TOKEN_MFA: Message("session token with MFA"),
    Held.ROLE: Message("role session"),
    Held.FEDERATED: Message("federated user"),
    Held.SERVICE_FOR_KEY: Message("AWS service for a key"),
    Held.SERVICE_FOR_MFA: Message("AWS service for MFA"),
    Way.KEY_AND_CODE: Message("access key and MFA code"),
    Way.SAML: Message("SAML provider"),
    Way.WEB_IDENTITY: Message("OIDC provider"),
    Way.SERVICE: Message("AWS service itself"),
}
"""The credentials, as a table's rows name them."""

OUTCOMES: Mapping[Outcome, Message] = {
    Outcome.NOBODY: verbatim("-"),
    Outcome.REFUSED: Message("never"),
    Outcome.DENIED: Message("no", "allowed"),
    Outcome.NOT_ALLOWED: Message("no", "allowed"),
    Outcome.MIXED: Message("partly"),
    Outcome.CONDITIONAL: Message("if"),
    Outcome.OTHERS: Message("other"),
    Outcome.ALLOWED: Message("yes", "allowed"),
    Outcome.UNGOVERNED: Message("always"),
}
"""What comes of a task, as short as a cell must be."""

LEGEND: Mapping[Outcome, Message] = {
    Outcome.NOBODY: Message("-: nobody of these has this credential, so it was not asked"),
    Outcome.REFUSED: Message("never: by the service itself, whatever policies say"),
    Outcome.NOT_ALLOWED: Message("no: nor can another policy allow what this one does not"),
    Outcome.MIXED: Message("partly: some actions and not others"),
    Outcome.CONDITIONAL: Message("if: depends on conditions that were not varied"),
    Outcome.OTHERS: Message("other: this policy leaves it to other policies"),
    Outcome.UNGOVERNED: Message("always: permitted without asking a policy"),
}
"""What those cells mean that do not say it themselves."""
