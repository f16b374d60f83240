"""The administrator's guide: the tour's path by hand, for people who click.

The policy in it is the one that `sekisho policy new` writes, the summary is the one that the
console will show, and what it says of the policy is decided by the engine. Only the console's own
words are known from pages about it; those that no page quotes are marked.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sekisho import __version__, audit, catalogue, policy
from sekisho.audit import Meaning, Target, Works
from sekisho.errors import FaultyPolicy
from sekisho.language import Text
from sekisho.policy import Choices, Document
from sekisho.story.guide_attach import (
    ATTACH_GROUP,
    ATTACH_NEW_USER,
    ATTACH_USER,
    BEFORE,
    UNDO,
    create,
)
from sekisho.story.guide_html import to_html
from sekisho.story.guide_model import Guide, Note, Paragraph, Section, Steps, Table
from sekisho.story.guide_people import (
    TROUBLES,
    command_line,
    enrol,
    first_sign_in,
    people_see,
)
from sekisho.story.guide_render import to_markdown, to_text
from sekisho.story.guide_terms import TERMS

__all__ = ["Label", "admin", "to_html", "to_markdown", "to_text"]

_TITLE = Text("Make MFA mandatory, by hand", "MFA を必須にする: 手作業の手順")
_LEAD = Text(
    "For administrators who use the AWS console. The words set off from the text are the "
    "console's own; one that is marked † may differ on your screen.",
    "AWS コンソールで作業する管理者のための手順です。囲みや太字の言葉は、コンソールの表示そのまま"
    "です。† の付いた言葉は、実際の画面と違うことがあります。",
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
    meant = audit.meaning(document, partition=choices.partition)
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
        Text("Choice", "選択"),
        Text("What it opens", "可能になること"),
        Text("What it costs", "代償"),
    )
    return Section(
        "choices",
        Text("What this policy chooses", "このポリシーの選択"),
        (Table(Text("Each choice and its price", "それぞれの選択とその代償"), columns, rows),),
    )


def _same(text: str) -> Text:
    return Text(text, text)


def _fields(label: Label) -> Table:
    tags = ", ".join(f"{key} = {value}" for key, value in label.tags.items())
    rows = [
        (Text("{policy_name}", "{policy_name}"), _same(label.name)),
        (Text("{description}", "{description}"), _same(label.description)),
    ]
    if tags:
        rows.append((Text("{add_tags}", "{add_tags}"), _same(tags)))
    return Table(
        Text("What to enter", "入力する値"),
        (Text("Field", "欄"), Text("Value", "値")),
        tuple(rows),
    )


_CONSOLES_OWN = Text(
    "Multiple† and None† are the console's own words, in its Japanese pages too.",
    "Multiple† と None† は、日本語のコンソールにも英語のまま表示される言葉です。",
)


def _review(document: Document, meant: Meaning) -> Section:
    """Return what the console shows of the policy, and what the policy really means."""
    summary = policy.summarise(document, catalogue.load())
    rows = tuple((heading, *row.cells) for heading, listed in summary.sections for row in listed)
    return Section(
        "review",
        Text("The review page, and what it does not say", "確認画面と、そこに書かれないこと"),
        (
            Table(
                Text("The page should show", "画面に表示されるもの"),
                (Text("Section", "区分"), *policy.COLUMNS),
                rows,
            ),
            Paragraph(_CONSOLES_OWN),
            Paragraph(
                Text(
                    "The page does not show that most of what stands under {allow} is denied "
                    "without MFA. What the policy really means:",
                    "{allow} の欄にあるものの大半は、MFA なしでは拒否されますが、画面には表示"
                    "されません。このポリシーの実際の意味は次のとおりです。",
                )
            ),
            Steps(audit.sentences(meant)),
            *(Note(_warning(warning.text)) for warning in summary.warnings),
        ),
    )


def _warning(text: Text) -> Text:
    return Text(f"The console warns: {text.en}", f"コンソールの警告: {text.ja}")
