"""The words of every finding about an account, in one table."""

from collections.abc import Mapping

from sekisho.audit.checks.ids import AccountFindingId as Id
from sekisho.audit.checks.words_people import PEOPLE
from sekisho.audit.findings import Severity
from sekisho.audit.lint.wording import Words
from sekisho.messages import Message

__all__ = ["WORDS"]

_ESTATE: Mapping[Id, Words] = {
    Id.ROOT_WITHOUT_MFA: Words(
        Severity.ERROR,
        Message("root has no MFA"),
        Message("Nothing in IAM limits root: its password alone opens the account."),
        Message("Sign in as root and assign an MFA device, better two."),
    ),
    Id.ROOT_KEY: Words(
        Severity.ERROR,
        Message("root has an access key"),
        Message("It works without MFA, and no policy can deny it anything."),
        Message("Delete it."),
    ),
    Id.ROOT_MFA_VIRTUAL: Words(
        Severity.NOTE,
        Message("root's MFA device is a virtual one"),
        Message("Security Hub IAM.6 and CIS ask for a hardware device or a passkey."),
        Message("Assign root a security key, and keep it in a safe."),
    ),
    Id.DECOY_POLICY: Words(
        Severity.ERROR,
        Message("a policy that looks like MFA enforcement and is none"),
        Message(
            "It denies everything without MFA by its looks; the request that is shown passes it."
        ),
        Message("See `sekisho policy lint`, or replace it by what `sekisho policy new` writes."),
    ),
    Id.DETACHED_POLICY: Words(
        Severity.WARNING,
        Message("MFA enforcement that nobody has"),
        Message(
            "The policy would enforces MFA; no user and no group with members has it, and it is "
            "nobody's permissions boundary."
        ),
        Message("Attach it, or delete it."),
    ),
    Id.POLICY_ROT: Words(
        Severity.WARNING,
        Message("MFA enforcement with a known fault"),
        Message("Lint finds in it what old samples are known for, such as device names or `Bool`."),
        Message("See the finding of lint that is named, and make a new version of the policy."),
    ),
    Id.TRUST_WITHOUT_MFA: Words(
        Severity.WARNING,
        Message("a role that users can assume without MFA"),
        Message(
            "A session of a role carries no MFA, and no policy of the user is asked in it. Only "
            "MFA enforcement on each user stands before it."
        ),
        Message(
            'Ask for MFA in the trust policy: `"Bool": {"aws:MultiFactorAuthPresent": "true"}`.'
        ),
    ),
    Id.ORPHAN_DEVICE: Words(
        Severity.WARNING,
        Message("a virtual device that nobody has"),
        Message(
            "Somebody began to enrol and did not end. Who tries again under the same name is "
            "told that the device exists."
        ),
        Message("Delete it, unless somebody is enrolling right now."),
    ),
    Id.STALE_REPORT: Words(
        Severity.WARNING,
        Message("the credential report is old"),
        Message("What only the report tells is older than a day."),
        Message("Generate a new one; AWS makes one every four hours at most."),
    ),
    Id.QUOTA_NEAR: Words(
        Severity.NOTE,
        Message("near a quota"),
        Message(
            "A roll-out needs room for a policy, a group or a version; at the quota there is none."
        ),
        Message("Detach what is not needed, or enforce MFA through a group."),
    ),
    Id.NOT_READ: Words(
        Severity.WARNING,
        Message("could not be read"),
        Message("What is not read is unknown, and never taken for none."),
        Message("Collect with the policy that `sekisho collect --print-policy` prints."),
    ),
}

WORDS: Mapping[Id, Words] = {**PEOPLE, **_ESTATE}
"""Every finding's words; a test sees that none is missing."""
