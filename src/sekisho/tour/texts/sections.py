"""The headings of the tour: chapters, people, and what somebody holds."""

from collections.abc import Mapping

from sekisho.messages import Message, verbatim
from sekisho.tour.step import Chapter, Held

__all__ = ["CHAPTERS", "HELD", "NOBODY", "SECTIONS"]

CHAPTERS: Mapping[Chapter, Message] = {
    Chapter.BEFORE: Message("Before"),
    Chapter.POLICY: Message("The policy"),
    Chapter.ATTACH: Message("Attaching it"),
    Chapter.PEOPLE: Message("What the people see"),
    Chapter.AFTER: Message("After, and back again"),
}

HELD: Mapping[Held, Message] = {
    Held.PASSWORD: Message("password"),
    Held.LONG_TERM_KEY: Message("long-term access key"),
    Held.CONSOLE_WITHOUT_MFA: Message("console, no MFA"),
    Held.CONSOLE_WITH_MFA: Message("console, MFA"),
    Held.TOKEN_WITHOUT_MFA: Message("session token, no MFA", "kind"),
    Held.TOKEN_WITH_MFA: Message("session token, MFA"),
    Held.ROLE_SESSION: Message("role session"),
}

NOBODY = verbatim("")
"""The section of a step that is nobody's story."""

SECTIONS: Mapping[str, Message] = {
    "4.1": Message("{name}: has a password and no device"),
    "4.2": Message("{name}: new, with a temporary password"),
    "4.3": Message("{name}: new, under the preset `{preset}`"),
    "4.4": Message("{name}: new, policy only afterwards"),
    "4.5": Message("{name}: members of the group"),
    "4.6": Message("{name}: has an IAM path"),
    "4.7": Message("{name}: half-enrolled"),
    "4.8": Message("{name}: on the command line"),
    "4.9": Message("{name}: a machine"),
    "4.10": Message("{name}: for emergencies only"),
    "4.11": Message("A thief with the key of {name}"),
}
