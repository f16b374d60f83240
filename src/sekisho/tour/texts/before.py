"""The words of chapters 1 to 3: before, the policy, attaching it."""

from collections.abc import Mapping

from sekisho.messages import Message
from sekisho.tour.step import Words

__all__ = ["WORDS"]

WORDS: Mapping[str, Words] = {
    "1.1-administrator-signs-in": Words(
        Message("The administrator signs in with password and MFA code"),
        Message(
            "Who has an MFA device is always asked for its code. All changes below are made with "
            "this session, so the policy could never lock it out."
        ),
    ),
    "1.2-users": Words(
        Message("Who is there: passwords, devices, keys"),
        Message(
            "Everything is read from AWS. What could not be read would be listed as a gap, never "
            "taken for none."
        ),
    ),
    "1.3-keys-without-mfa": Words(
        Message("Each access key is tried without MFA"),
        Message(
            "A long-term key alone is enough today: whoever finds it can use it. Only an inactive "
            "key is refused, and the role Ops, whose trust policy demands MFA."
        ),
    ),
    "1.4-half-enrolled": Words(
        Message("A device that was made and never enabled"),
        Message("Somebody broke off while enrolling. The leftover will stand in their way below."),
    ),
    "2.1-names-refused": Words(
        Message("AWS refuses a bad name, a description that is too long, a reserved tag"),
        Message("Names, descriptions and tags have rules; sekisho knows them before AWS is asked."),
    ),
    "2.2-review-page": Words(
        Message("What the console's page “Review and create” will show"),
        Message(
            "Computed from the catalogue by the console's rules. The page does not show that most "
            "of what stands under Allow is denied without MFA."
        ),
    ),
    "2.3-what-it-means": Words(
        Message("What the policy really means"),
        Message(
            "Each action was decided as a real request: with a long-term key, in a console session "
            "without MFA, and with MFA."
        ),
    ),
    "2.4-plan": Words(
        Message("The plan for creating the policy"),
        Message(
            "A plan says everything that will be done, and is checked, before anything is done."
        ),
    ),
    "2.5-create": Words(
        Message("The plan creates the customer managed policy"),
        Message("With name, description and tags. Name and description cannot be edited later."),
    ),
    "2.6-find": Words(
        Message("The policy is in the list of policies"),
        Message(
            "AWS gives back the document that was sent. Nobody is affected yet: the policy is "
            "attached to nothing."
        ),
    ),
    "3.1-plan": Words(
        Message("The plan: what will change, and who should be warned"),
        Message(
            "Nothing is changed yet. The plan has been checked against the account as it is now."
        ),
    ),
    "3.2-apply": Words(
        Message("The plan is applied"),
        Message(
            "Each call is written to a journal before and after it is made, so that it can be "
            "resumed or undone."
        ),
    ),
    "3.3-existing-user": Words(
        Message("Attached directly to an existing user"),
        Message("The policy stands beside what the user already had."),
    ),
    "3.4-new-user": Words(
        Message("Attached directly while creating a new user"),
        Message(
            "The temporary password must be changed at the first sign-in. Like the console, the "
            "plan also attaches IAMUserChangePassword."
        ),
    ),
    "3.5-group": Words(
        Message("Attached to a user group, then users are added to it"),
        Message("Every member has the policy now; a user outside the group has not."),
    ),
}
