"""The administrator's guide: the tour's path by hand, for people who click.

The policy in it is the one that `sekisho policy new` writes, the summary is the one that the
console will show, and what it says of the policy is decided by the engine. Only the console's own
words are known from pages about it; those that no page quotes are marked.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sekisho import __version__, catalogue, policy
from sekisho.audit.meaning import Meaning, Target, Works, meaning, sentences
from sekisho.errors import FaultyPolicy
from sekisho.messages import Message, verbatim
from sekisho.policy import Choices, Document
from sekisho.tour.guide_attach import (
    ATTACH_GROUP,
    ATTACH_NEW_USER,
    ATTACH_USER,
    BEFORE,
    UNDO,
    create,
)
from sekisho.tour.guide_html import to_html
from sekisho.tour.guide_model import Guide, Note, Paragraph, Section, Steps, Table
from sekisho.tour.guide_people import (
    TROUBLES,
    command_line,
    enrol,
    first_sign_in,
    people_see,
)
from sekisho.tour.guide_render import to_markdown, to_text
from sekisho.tour.guide_terms import TERMS

__all__ = ["Label", "admin", "to_html", "to_markdown", "to_text"]

_TITLE = Message("Make MFA mandatory, by hand")
_LEAD = Message(
    "For administrators who use the AWS console. The words set off from the text are the "
    "console's own; one that is marked † may differ on your screen."
)


@dataclass(frozen=True, slots=True)
class Label:
    """How the policy is to be named, described and tagged in the account.

    Raises:
        FaultyPolicy: if AWS would refuse any of it; with every fault.
    """

    name: str = policy.NAME
    description: str = policy.DESCRIPTION
    tags: Mapping[str, str] = field(default_factory=lambda: {"Purpose": "MFA"})

    def __post_init__(self) -> None:
        faults = (
            *policy.names.policy_name(self.name),
            *policy.names.description(self.description),
            *policy.names.tags(self.tags.items()),
        )
        if faults:
            raise FaultyPolicy("label", faults)


def admin(choices: Choices, label: Label | None = None) -> Guide:
    """Return the guide for an administrator, in both languages.

    Raises:
        FaultyPolicy: if the choices contradict each other.
    """
    document = policy.force_mfa(choices)
    meant = meaning(document, partition=choices.partition)
    works = _works_without_mfa(meant, "iam:ChangePassword", Target.OWN)
    with_path = _works_without_mfa(meant, "iam:EnableMFADevice", Target.OWN_WITH_PATH)
    return Guide(
        title=_TITLE,
        lead=_LEAD,
        sections=(
            BEFORE,
            _choices(choices),
            create(policy.render(document), _fields(label or Label())),
            _review(document, meant),
            ATTACH_USER,
            ATTACH_NEW_USER,
            ATTACH_GROUP,
            first_sign_in(works=works),
            people_see(works=works),
            enrol(path_locked_out=not with_path),
            command_line(choices.partition),
            TROUBLES,
            UNDO,
        ),
        terms=TERMS,
        made_with=f"sekisho {__version__}, {meant.dated}",
    )


def _works_without_mfa(meant: Meaning, action: str, target: Target) -> bool:
    """Tell whether an action works in a console session without MFA, as the engine says."""
    line = meant.line(action, target)
    return line is not None and line.works in (Works.WITHOUT_MFA, Works.CONSOLE_WITHOUT_MFA)


def _choices(choices: Choices) -> Section:
    """Return what the policy lets through by choice, and what that costs."""
    rows = tuple(
        (choice.title, choice.opens, choice.costs)
        for choice in policy.explain(choices)
        if choice.chosen != "off"
    )
    columns = (
        Message("Choice"),
        Message("What it opens"),
        Message("What it costs"),
    )
    return Section(
        "choices",
        Message("What this policy chooses"),
        (Table(Message("Each choice and its price"), columns, rows),),
    )


def _same(text: str) -> Message:
    return verbatim(text)


def _fields(label: Label) -> Table:
    tags = ", ".join(f"{key} = {value}" for key, value in label.tags.items())
    rows = [
        (verbatim("{policy_name}"), _same(label.name)),
        (verbatim("{description}"), _same(label.description)),
    ]
    if tags:
        rows.append((verbatim("{add_tags}"), _same(tags)))
    return Table(
        Message("What to enter"),
        (Message("Field"), Message("Value")),
        tuple(rows),
    )


_CONSOLES_OWN = Message(
    "Multiple† and None† are the console's own words, in its Japanese pages too."
)


def _review(document: Document, meant: Meaning) -> Section:
    """Return what the console shows of the policy, and what the policy really means."""
    summary = policy.summarise(document, catalogue.load())
    rows = tuple((heading, *row.cells) for heading, listed in summary.sections for row in listed)
    return Section(
        "review",
        Message("The review page, and what it does not say"),
        (
            Table(
                Message("The page should show"),
                (Message("Section"), *policy.COLUMNS),
                rows,
            ),
            Paragraph(_CONSOLES_OWN),
            Paragraph(
                Message(
                    "The page does not show that most of what stands under {allow} is denied "
                    "without MFA. What the policy really means:"
                )
            ),
            Steps(sentences(meant)),
            *(Note(_warning(warning.text)) for warning in summary.warnings),
        ),
    )


def _warning(text: Message) -> Message:
    return Message("The console warns: {text}").filled(text=text)
