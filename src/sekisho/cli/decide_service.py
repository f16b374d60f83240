"""What the service itself says about a request, which no policy is asked about."""

from collections.abc import Mapping

from sekisho.engine import Request
from sekisho.engine.principals import Caller, CallerKind, caller_of
from sekisho.messages import Message
from sekisho.signin import (
    AskPolicies,
    Credential,
    CredentialKind,
    Holder,
    HolderKind,
    PermittedWithoutPolicy,
    Refused,
    Rule,
    Ruling,
    SigninAssumptions,
    service_rule,
)

__all__ = ["beside_policies", "ruling_of", "ruling_to_json"]

_HOLDS: Mapping[CallerKind, tuple[CredentialKind, HolderKind]] = {
    CallerKind.ROOT: (CredentialKind.LONG_TERM_KEY, HolderKind.ROOT),
    CallerKind.USER: (CredentialKind.LONG_TERM_KEY, HolderKind.USER),
    CallerKind.ROLE: (CredentialKind.ROLE_SESSION, HolderKind.ROLE),
    CallerKind.ROLE_SESSION: (CredentialKind.ROLE_SESSION, HolderKind.ROLE),
    CallerKind.FEDERATED_USER: (CredentialKind.FEDERATED_SESSION, HolderKind.FEDERATED),
}
"""What a principal signs with; of users and root the credential that may do most."""

_BESIDE = Message("Whatever the policies say: {rule} Only the policies are decided here.")
_DOUBT = Message(
    "That a Deny has no effect is AWS's word, and nobody is known to have tested it (assumption "
    "`get_session_token_heeds_deny`)."
)


def ruling_of(request: Request) -> Ruling:
    """Return what the service says of a request that is sound, before any policy is asked.

    Of a user or the root user it is what is said to a long-term access key (facts §3.1, §3.5).
    """
    caller = caller_of(request, bounded=False)
    if caller.kind not in _HOLDS:
        return AskPolicies()
    return service_rule(_credential(caller), request.action, SigninAssumptions())


def _credential(caller: Caller) -> Credential:
    kind, holder = _HOLDS[caller.kind]
    return Credential(kind, Holder(holder, caller.partition, caller.account or ""))


def beside_policies(ruling: Ruling) -> tuple[Message, ...]:
    """Return the lines that say so where no policy decides; none where policies do."""
    match ruling:
        case PermittedWithoutPolicy(Rule.SESSION_NEEDS_NO_PERMISSION as rule):
            return _said(rule), Rule.LONG_TERM_KEY_ONLY.text, _DOUBT
        case PermittedWithoutPolicy(rule) | Refused(reason=rule):
            return (_said(rule),)
        case AskPolicies():
            return ()


def _said(rule: Rule) -> Message:
    return Message.both(_BESIDE.en.format(rule=rule.text.en), _BESIDE.ja.format(rule=rule.text.ja))


def ruling_to_json(ruling: Ruling) -> dict[str, object] | None:
    """Return whether the service permits or refuses, and by which rule; None where policies do."""
    match ruling:
        case PermittedWithoutPolicy(rule) | Refused(reason=rule):
            return {"permits": isinstance(ruling, PermittedWithoutPolicy), "rule": rule.value}
        case AskPolicies():
            return None
