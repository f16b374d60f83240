"""What a text of a report has: lines that only some texts have, and words that stay whole."""

from dataclasses import replace

import pytest

from sekisho.documents.report import (
    Extent,
    Remark,
    Report,
    TextLayout,
    TextLine,
    TextList,
    report_page,
    report_text,
)
from sekisho.errors import InternalError
from sekisho.messages import Language, verbatim

ARN = f"arn:aws:iam::123456789012:policy/{'x' * 40}"
LINES = (
    TextLine(verbatim("both")),
    TextLine(verbatim("all of it"), extent=Extent.VERBOSE),
    TextLine(verbatim("some of it"), extent=Extent.BRIEF),
    TextLine(verbatim("a, b, c"), 4, brief=verbatim("a and 2 more")),
)
REPORT = Report(
    title=verbatim("title"),
    as_of=verbatim("as of today"),
    headline=verbatim("verdict"),
    facts=(),
    before=(),
    after=(),
    text=lambda: (
        TextList(verbatim("Lines"), [0], lambda _: LINES),
        Remark(verbatim("by each name"), brief=verbatim("by name")),
    ),
    more=verbatim("and {count} more"),
    dated=True,
)


@pytest.mark.parametrize(
    ("verbose", "lines"),
    [
        (True, ["  both", "  all of it", "    a, b, c", "", "by each name"]),
        (False, ["  both", "  some of it", "    a and 2 more", "", "by name"]),
    ],
)
def test_a_line_is_in_the_texts_that_are_to_have_it(verbose: bool, lines: list[str]) -> None:
    text = report_text(REPORT, Language.EN, TextLayout(verbose=verbose))
    assert text.splitlines() == ["verdict", "as of today", "", "Lines", *lines]
    head = report_text(REPORT, Language.EN, parts=False)
    assert head.splitlines() == ["verdict", "as of today"]


@pytest.mark.parametrize("whole", [True, False])
def test_what_is_copied_stays_whole(whole: bool) -> None:
    report = replace(REPORT, text=lambda: (TextLine(verbatim(ARN), whole=whole),))
    text = report_text(report, Language.EN, TextLayout(width=40))
    assert (ARN in text) is whole


def test_a_report_without_a_look_has_no_page() -> None:
    with pytest.raises(InternalError, match="page"):
        report_page(REPORT, Language.EN)
