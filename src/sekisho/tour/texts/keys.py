"""The words of chapter 4, second half (keys on the command line), and of chapter 5."""

from collections.abc import Mapping

from sekisho.messages import Message
from sekisho.tour.step import Words

__all__ = ["WORDS"]

WORDS: Mapping[str, Words] = {
    "4.8.1-key-denied": Words(
        Message("The long-term key is denied"),
        Message(
            "A request signed with a long-term key says nothing about MFA; BoolIfExists takes that "
            "for no MFA."
        ),
    ),
    "4.8.2-session-without-code": Words(
        Message("GetSessionToken without a code: the session cannot call IAM at all"),
        Message(
            "No policy can deny GetSessionToken. AWS itself shuts IAM to such a session, and the "
            "policy denies the rest."
        ),
    ),
    "4.8.3-session-with-code": Words(
        Message("GetSessionToken with a code: normal rights"),
        Message(
            "A wrong code is refused, a right one counts once. The session lasts up to 36 hours."
        ),
    ),
    "4.8.4-role": Words(
        Message("The role Ops can be assumed with MFA only"),
        Message(
            "Without MFA the policy denies the call now, before the role's own trust policy would."
        ),
    ),
    "4.9.1-key-stopped": Words(
        Message("The machine's key has stopped, as the plan warned"),
        Message("A machine cannot type a code. Give it a role, or leave it out of the plan."),
    ),
    "4.10.1-untouched": Words(
        Message("The break-glass user is not touched"),
        Message(
            "Somebody must be able to get in when everything else fails. Keep its password in a "
            "safe, and watch its use."
        ),
    ),
    "4.11.1-second-device": Words(
        Message("A thief with a stolen key cannot add a second device"),
        Message(
            "The policy would let it pass; AWS refuses by itself, since the user has a device "
            "(bulletin AWS-2023-001)."
        ),
    ),
    "5.1-who-is-enforced": Words(
        Message("Who is enforced, and who still has to enrol"),
        Message(
            "The account was read again, and each user's policies were proved or refuted: whether "
            "no request without MFA, of any service, passes outside the exempt list."
        ),
    ),
    "5.2-other-plans-back": Words(
        Message("The plans of the comparison are rolled back"),
        Message(
            "The latest first. A user whom nobody has used would go as well; one whose password "
            "was used stays, and keeps what the plan gave, MFA enforcement among it."
        ),
    ),
    "5.3-rolled-back": Words(
        Message("The main plans are rolled back"),
        Message(
            "From the journal and the before-images; nothing is reset, and nobody else's change "
            "is undone."
        ),
    ),
    "5.4-compared": Words(
        Message("What the plans touched is as it was before"),
        Message(
            "Policies and versions, attachments, group, memberships and tags, compared as "
            "canonical JSON."
        ),
    ),
    "5.5-what-stays": Words(
        Message("What people did meanwhile stays"),
        Message(
            "Passwords, devices and users in use belong to people, not to the plan; a new user who "
            "stays is not left without MFA enforcement."
        ),
    ),
    "5.6-open-again": Words(
        Message("The machine's key works again, without MFA"),
        Message("The proof that the rollback reached AWS: the door is as open as it was before."),
    ),
}
