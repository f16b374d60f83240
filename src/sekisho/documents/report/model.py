"""What a report says: a verdict, facts, and parts such as tables, findings and pictures.

Rows are made into messages when a form shows them: a terminal shows twenty of twenty thousand.
"""

from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from pathlib import Path
from typing import Any

from sekisho.documents.html import PlacedPart
from sekisho.lazy import dataclass
from sekisho.messages import Message

Row = Any
"""What a row is made of; each part has rows of a type of its own, and what makes messages of it."""


class Extent(Enum):
    """Which texts have a part, or a line."""

    ALL = "all"
    VERBOSE = "those that say everything"
    BRIEF = "those that do not"


@dataclass(frozen=True, slots=True)
class TextLine:
    """A line of a text.

    Attributes:
        indent: how many spaces are before it.
        brief: what is said instead where a text is not to say everything.
        extent: which texts have it.
        whole: whether no word of it is broken, as suits what is copied.
    """

    text: Message
    indent: int = 2
    brief: Message | None = None
    extent: Extent = Extent.ALL
    whole: bool = False


@dataclass(frozen=True, slots=True)
class TextList:
    """A heading, and some lines for each row; nothing if there is no row.

    Attributes:
        details: more lines, for a text that says everything.
        most: how many rows a text shows that does not say everything; None: all.
        after: lines below, whatever is cut.
        extent: which texts have it.
    """

    title: Message
    rows: Sequence[Row]
    lines: Callable[[Row], Iterable[TextLine]]
    details: Callable[[Row], Iterable[TextLine]] | None = None
    most: int | None = None
    after: Sequence[TextLine] = ()
    extent: Extent = Extent.ALL


@dataclass(frozen=True, slots=True)
class Table:
    """A heading, and a table under it.

    Attributes:
        rows, cells: the rows, and what makes the cells of one.
        none: what is said if there are no rows; None: the table is left out.
        most, after, extent: as of a `TextList`.
        folded: whether cells go on below where the line is too short, as long as that cuts no
            word; else each row becomes a paragraph at once.
        blank: cells that are left out where a row becomes a paragraph.
        id: the anchor on a page.
        choices: the columns of whose texts one may be chosen on a page.
        row_id: what the ids of rows begin with on a page, where it can be filtered; "" if not.
    """

    title: Message
    columns: Sequence[Message]
    rows: Sequence[Row]
    cells: Callable[[Row], Iterable[Message]]
    none: Message | None = None
    most: int | None = None
    after: Sequence[TextLine] = ()
    extent: Extent = Extent.ALL
    folded: bool = False
    blank: tuple[str, ...] = ("",)
    id: str = ""
    choices: frozenset[int] = frozenset()
    row_id: str = ""


@dataclass(frozen=True, slots=True)
class SeenFact:
    """Where a finding is, and what was seen there.

    Attributes:
        note: what makes it a mere note; None if nothing does.
        anchor: the row of the page that is about the subject; "" if there is none.
    """

    subject: str
    fact: Message
    note: Message | None = None
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class FindingGroup:
    """Findings that say the same of several places.

    Attributes:
        id: the finding's id.
        anchor: its anchor on a page.
        severity: `error`, `warning` or `note`.
        label: the severity in words.
        where: what a text has in brackets after the title.
        fact: what it rests on, for a text that says everything.
        brief: whether a text that does not say everything has the title alone.
        controls: the published controls that check it; None if there are none.
        rows, seen: the places, and what makes a fact of one.
    """

    id: str
    severity: str
    label: Message
    title: Message
    where: Message
    cause: Message
    fix: Message
    fact: Message | None = None
    brief: bool = False
    controls: Message | None = None
    anchor: str = ""
    rows: Sequence[Row] = ()
    seen: Callable[[Row], SeenFact] | None = None


@dataclass(frozen=True, slots=True)
class Findings:
    """A heading, and findings, the gravest first.

    Attributes:
        none: what is said if there are none; None: the part is left out.
        most: how many places of each a text shows that does not say everything.
        after: what is said below.
        extent: which texts have it.
        overview: whether a page begins with a table of them all.
    """

    title: Message
    groups: Sequence[FindingGroup]
    none: Message | None = None
    most: int = 5
    after: Message | None = None
    extent: Extent = Extent.ALL
    id: str = ""
    overview: bool = False


@dataclass(frozen=True, slots=True)
class Remark:
    """A sentence between parts.

    Attributes:
        brief: as of a `TextLine`.
    """

    text: Message
    brief: Message | None = None


@dataclass(frozen=True, slots=True)
class SubsectionDetail:
    """A heading, the most frequent values with their numbers, and how many others there are."""

    title: Message
    values: Sequence[tuple[str, str]]
    others: Message | None


@dataclass(frozen=True, slots=True)
class Subsection:
    """A part of a page about one thing: sentences, a list, a table, and details to unfold."""

    title: Message
    severity: str
    paragraphs: Sequence[Message]
    advice: Sequence[Message]
    calls: Sequence[Sequence[str]]
    details: Sequence[SubsectionDetail]


@dataclass(frozen=True, slots=True)
class Subsections:
    """A heading, and subsections under it; left out if there are none.

    Attributes:
        more: how many there are besides; None if that is all.
        advice, calls, details: the titles of the parts of each.
        columns: the columns of the table of each.
    """

    title: Message
    subsections: Sequence[Subsection]
    more: Message | None
    advice: Message
    calls: Message
    details: Message
    columns: Sequence[Message]
    id: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A named bar with its figures."""

    name: str
    figures: Message
    parts: Sequence[PlacedPart]


@dataclass(frozen=True, slots=True)
class Bars:
    """A heading, and bars under it; left out if there are none."""

    title: Message
    bars: Sequence[Bar]
    id: str


@dataclass(frozen=True, slots=True)
class PageLook:
    """How a page looks.

    Attributes:
        style: the style sheet, besides the one that all pages have.
        script: as of `html_page`.
        dense: whether cells fit their texts, contents are counted, and each table is dated.
    """

    style: Path
    script: str | None
    dense: bool


@dataclass(frozen=True, slots=True)
class Calendars:
    """A heading, calendars under it, and the days in a table; left out if there are none.

    Attributes:
        text: how to read them.
        calendars: as `replay.report.calendars` places their days.
        day_text: says what a square stands for.
        days: the title of the table, its columns, and its rows.
    """

    title: Message
    text: Message
    calendars: Sequence[Any]
    day_text: Callable[[Any], Message]
    days_title: Message
    columns: Sequence[Message]
    days: Sequence[Sequence[str]]
    id: str


TextPart = TextList | Table | Findings | Remark | TextLine
PagePart = Findings | Table | Remark | Subsections | Bars | Calendars


@dataclass(frozen=True, slots=True)
class Report:
    """A report.

    Attributes:
        title: the title of its page.
        as_of: on what it rests, and of when that is.
        headline: the verdict.
        before, facts, after: the figures, and what must be known of them, as a page has it: before
            the figures and after them.
        text, page: return the parts of a text and of a page; neither is made for the other's sake.
        more: how a text says that a list goes on.
        dated: whether a text says on what it rests.
        brief: what a text that does not say everything has instead of the figures and of what it
            rests on; None: it has those.
        look: how the page looks; None: there is none.
        next_step: the command to type next, as a page has it; "": none.
        beforehand: what to decide or to do before it; None: nothing.
    """

    title: Message
    as_of: Message
    headline: Message
    facts: Sequence[Message]
    before: Sequence[Message]
    after: Sequence[Message]
    text: Callable[[], Iterable[TextPart]]
    more: Message
    dated: bool
    brief: Sequence[Message] | None = None
    page: Callable[[], Iterable[PagePart]] = tuple
    look: PageLook | None = None
    next_step: str = ""
    beforehand: Message | None = None
