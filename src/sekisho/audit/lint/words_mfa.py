"""The words of what a policy means for MFA (facts §1, §2, §5, §12)."""

from collections.abc import Mapping

from sekisho.audit.findings import Severity
from sekisho.audit.lint.ids import FindingId
from sekisho.audit.lint.wording import Words
from sekisho.messages import Message

__all__ = ["MFA_CONDITIONS"]

_ERROR, _WARNING, _NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE

_IF_EXISTS = Message('In a Deny, write `"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}`.')
_BOOL = Message('In an Allow, write `"Bool": {"aws:MultiFactorAuthPresent": "true"}`.')

MFA_CONDITIONS: Mapping[FindingId, Words] = {
    FindingId.DENY_MISSES_KEYS: Words(
        _ERROR,
        Message("the Deny lets long-term access keys through"),
        Message(
            "A request signed with a long-term key has no MFA key at all, so `Bool` does not match "
            "it."
        ),
        _IF_EXISTS,
    ),
    FindingId.DENY_MISSES_CONSOLE: Words(
        _ERROR,
        Message("the Deny lets sessions without MFA through"),
        Message(
            "In a console or GetSessionToken session without MFA the key is there and false; "
            "`Null` only catches long-term keys."
        ),
        _IF_EXISTS,
    ),
    FindingId.DENY_INVERTED: Words(
        _ERROR,
        Message("the Deny hits those who have MFA"),
        Message("It applies with MFA, and not to somebody without."),
        _IF_EXISTS,
    ),
    FindingId.AGE_WITHOUT_IF_EXISTS: Words(
        _WARNING,
        Message("an MFA age that does not demand MFA"),
        Message(
            "Without MFA there is no `aws:MultiFactorAuthAge`, so the comparison does not match "
            "and nothing is denied."
        ),
        Message(
            "Write `NumericGreaterThanIfExists`, or add a Deny on "
            "`BoolIfExists aws:MultiFactorAuthPresent false`."
        ),
    ),
    FindingId.ALLOW_ADMITS_KEYS: Words(
        _ERROR,
        Message("the Allow admits long-term access keys"),
        Message(
            "With `IfExists` a request without the MFA key matches, and long-term keys have none."
        ),
        _BOOL,
    ),
    FindingId.ALLOW_ADMITS_SESSIONS: Words(
        _ERROR,
        Message("the Allow admits sessions without MFA"),
        Message(
            "That the key is there proves temporary credentials, not MFA: in a console session "
            "without MFA it is there and false."
        ),
        _BOOL,
    ),
    FindingId.ALLOW_FOR_ALL_VALUES: Words(
        _ERROR,
        Message("ForAllValues admits who has no MFA key"),
        Message("`ForAllValues` holds when the key is missing, as it is with long-term keys."),
        _BOOL,
    ),
    FindingId.ALLOW_INVERTED: Words(
        _WARNING,
        Message("an Allow for those without MFA only"),
        Message("It applies without MFA and not with MFA."),
        _BOOL,
    ),
    FindingId.ALLOW_WITHOUT_TOO: Words(
        _WARNING,
        Message("another statement allows the same without MFA"),
        Message("Allows add up: the one without the condition makes this condition idle."),
        Message("Put the condition on both, or use a Deny."),
    ),
    FindingId.DECOY_KEY: Words(
        _ERROR,
        Message("a key that looks like MFA and is not"),
        Message("AWS has no such key, so MFA makes no difference to this statement."),
        Message("Write `aws:MultiFactorAuthPresent`."),
    ),
    FindingId.ON_ROLE: Words(
        _ERROR,
        Message("an MFA condition on a role's sessions"),
        Message(
            "The session of a role never carries the MFA of whoever assumed it: the condition is "
            "always met or never, so that a Deny without MFA always applies and an Allow with MFA "
            "never."
        ),
        Message("Put the condition into the role's trust policy."),
    ),
    FindingId.SCP_HITS_ROLES: Words(
        _ERROR,
        Message("the SCP denies roles"),
        Message(
            "Sessions of roles, of services and of federated people carry no MFA, so they are all "
            "denied."
        ),
        Message(
            "Limit it to IAM users, with a condition that `aws:PrincipalArn` is like "
            "`arn:aws:iam::*:user/*`, and exempt what enrolment needs (`NotAction`): without that "
            "no user can ever get MFA."
        ),
    ),
    FindingId.BOUNDARY_CAPS: Words(
        _WARNING,
        Message("as a boundary it caps everything else"),
        Message(
            "What a permissions boundary does not allow is denied even with MFA, whatever other "
            "policies allow."
        ),
        Message("Allow `*` in it too, or attach it as an ordinary policy."),
    ),
    FindingId.TRUST_WITHOUT_MFA: Words(
        _NOTE,
        Message("the role can be assumed without MFA"),
        Message(
            "MFA for a role is checked here and nowhere else; this policy does not ask for it."
        ),
        Message('Add `"Bool": {"aws:MultiFactorAuthPresent": "true"}` to the Allow for people.'),
    ),
    FindingId.TRUSTED_NEVER_HAS: Words(
        _ERROR,
        Message("an MFA condition on who never has MFA"),
        Message(
            "A role's session (role chaining), a service, and whom an identity provider vouches "
            "for carry no MFA: `Bool` true in an Allow never applies, `BoolIfExists` true lets in "
            "whoever has no MFA key, and a Deny without MFA always applies."
        ),
        Message(
            "Drop the condition for them; ask for MFA in the trust policy of the role that people "
            "assume first, or at the identity provider."
        ),
    ),
}
