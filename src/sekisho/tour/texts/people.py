"""The words of chapter 4, first half: people at the console."""

from collections.abc import Mapping

from sekisho.messages import Message
from sekisho.tour.step import Words

__all__ = ["WORDS"]

_CHANGE_WORKS = Words(
    Message("The forced password change works"),
    Message(
        "This policy lets users change their own password without MFA, so the first sign-in is "
        "not blocked."
    ),
)
_DEAD_LOCK = Words(
    Message("Dead-lock: the password must be changed, and may not be"),
    Message(
        "The change needs MFA, and a device can only be enrolled after the change. The page's text "
        "sounds as if the password were too weak; it is not."
    ),
)

WORDS: Mapping[str, Words] = {
    "4.1.1-sign-in": Words(
        Message("Signs in with user name and password only"),
        Message("The sign-in itself succeeds: the policy acts after it, on every call."),
    ),
    "4.1.2-denied": Words(
        Message("Everything but MFA set-up is denied"),
        Message(
            "The session has no MFA, so the policy's Deny applies, whatever other policies allow."
        ),
    ),
    "4.1.3-own-device-pages": Words(
        Message("What enrolling needs still works"),
        Message("These actions are on the policy's exempt list, and the policy allows them."),
    ),
    "4.1.4-create-device": Words(
        Message("Creates a virtual MFA device and scans its QR code"),
        Message(
            "The tour plays the phone: it reads the seed out of the picture and will compute the "
            "codes. AWS shows the seed only this once."
        ),
    ),
    "4.1.5-wrong-codes": Words(
        Message("A code typed twice is refused"),
        Message("AWS wants two consecutive codes: wait for the next one after the first."),
    ),
    "4.1.6-enable": Words(
        Message("Enables the device with two consecutive codes"),
        Message("The device now belongs to the user, and every later sign-in will ask for it."),
    ),
    "4.1.7-old-session": Words(
        Message("The old session stays without MFA"),
        Message("Whether a session has MFA is fixed when it begins: sign out and in again."),
    ),
    "4.1.8-sign-in-with-code": Words(
        Message("Signs out, signs in with a code: normal rights"),
        Message(
            "A code is accepted once, so the one from enrolling is refused and the next one works. "
            "With MFA the Deny does not apply."
        ),
    ),
    "4.2.1-temporary-password": Words(
        Message("Signs in with the temporary password"),
        Message("Before any page opens, the console asks for a new password."),
    ),
    "4.2.2-change-works": _CHANGE_WORKS,
    "4.2.2-dead-lock": _DEAD_LOCK,
    "4.2.3-rescue": Words(
        Message(
            "The way out: the administrator detaches, the user changes, the administrator attaches"
        ),
        Message(
            "While the policy is off, the user's own IAMUserChangePassword permission is enough."
        ),
    ),
    "4.2.4-enrol": Words(
        Message("Enrols a device in the first session"),
        Message("The session has no MFA, and the exempt list is just wide enough for this."),
    ),
    "4.2.5-sign-in-with-code": Words(
        Message("Signs in again with a code"),
        Message("Self-service that was denied before works now."),
    ),
    "4.3.1-plan": Words(
        Message("The other choice, on a second policy and a second new user"),
        Message(
            "So that both outcomes of the first sign-in can be seen. This plan is rolled back at "
            "the end as well."
        ),
    ),
    "4.3.2-change-works": _CHANGE_WORKS,
    "4.3.2-dead-lock": _DEAD_LOCK,
    "4.4.1-create-without-policy": Words(
        Message("The third way, which AWS prefers: create the user without the policy"),
        Message("The user can change a password, and nothing else."),
    ),
    "4.4.2-change-first": Words(
        Message("The user changes the temporary password first"),
        Message("No Deny stands in the way yet, so no exemption is needed."),
    ),
    "4.4.3-attach-after": Words(
        Message("Only then AWS's policy is attached"),
        Message(
            "The open session is enforced from the next call on, and the user can still enrol."
        ),
    ),
    "4.5.1-without-device": Words(
        Message("A member without a device is denied"),
        Message("The policy of the group works as if it were attached to the user."),
    ),
    "4.5.2-with-device": Words(
        Message("A member with a device notices nothing"),
        Message("Who has a device was asked for a code before, and is asked for it now."),
    ),
    "4.6.1-enrols": Words(
        Message("A user with an IAM path enrols as well"),
        Message("The policy names `user/*/${aws:username}` beside `user/${aws:username}`."),
    ),
    "4.6.1-locked-out": Words(
        Message("A user with an IAM path cannot enrol: locked out for good"),
        Message(
            "The policy names only `user/${aws:username}`, which does not match an ARN with a "
            "path. The preset `recommended` repairs this."
        ),
    ),
    "4.7.1-exists-already": Words(
        Message("The same device name is refused: it exists already"),
        Message("The leftover of the broken-off attempt holds the name, and its seed is lost."),
    ),
    "4.7.2-may-not-delete": Words(
        Message("The user may not delete the leftover"),
        Message("Rightly so: who could delete devices without MFA could remove somebody's MFA."),
    ),
    "4.7.3-another-name": Words(
        Message("Another device name works"),
        Message("Since 2022 a device may have any name, and the policy allows any."),
    ),
    "4.7.4-administrator-deletes": Words(
        Message("The administrator deletes the leftover"),
        Message("Only now could the first name be used again."),
    ),
}
