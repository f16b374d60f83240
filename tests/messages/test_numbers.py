"""A count and what is counted agree: "1 user", "2 users"."""

import ast
import re
from datetime import timedelta
from pathlib import Path

import pytest

import sekisho
from messages.test_terms import _messages
from sekisho.messages import Message, duration_text

COUNTED = re.compile(
    r"\{(?:count|users|all|days|calls|events|files|total|more|n)\} (?:more |other |of the )*"
    r"(?:(?:actions|addresses|calls|changes|credentials|days|devices|events|files|groups|items|keys|"
    r"levels|passwords|people|places|policies|reads|services|states|users)\b)"
)
UNITS = re.compile(r"\{(?:seconds|minutes|age)\} (?:seconds|minutes|h\b|min\b)")
SEVERAL = (
    "All {steps} steps passed",
    "of these {days} days",
    "`mfa_age` is {age} seconds",
    "is asked for in {seconds} seconds",
    "services, most in {services}",
    "in {days} days",
)
"""Never of one: one has its own sentence, or there are always several; or it is as typed."""


def test_what_is_counted_is_written_for_one_and_for_several() -> None:
    """Write `{count} {count:user|users}`, and times with `duration_text`."""
    wrong = [
        f"{place}: {text}"
        for place, language, text in _messages()
        if language == "en"
        and (COUNTED.search(text) or UNITS.search(text))
        and not any(each in text for each in SEVERAL)
    ]
    assert not wrong


def _is_text(node: ast.expr) -> bool:
    """Tell whether an expression is a message's text in one language."""
    match node:
        case ast.Attribute(attr="en" | "ja") | ast.Call(func=ast.Attribute(attr="into")):
            return True
        case ast.Call(func=ast.Name(id="getattr")):
            return True
    return False


def test_messages_are_filled_and_not_formatted() -> None:
    """`str.format` knows no places for counts; write `message.filled(...)`."""
    wrong = []
    for path in Path(sekisho.__file__).parent.rglob("*.py"):
        text = path.read_text("utf-8")
        for node in ast.walk(ast.parse(text)) if ".format(" in text else ():
            match node:
                case ast.Call(func=ast.Attribute(attr="format", value=value)) if _is_text(value):
                    wrong.append(f"{path.name}:{node.lineno}")
    assert not wrong


@pytest.mark.parametrize(
    ("count", "said"),
    [(0, "0 changes are"), (1, "1 change is"), ("1,000", "1,000 changes are")],
)
def test_a_message_is_by_its_count(count: object, said: str) -> None:
    text = Message("{count} {count:change is|changes are} pending").filled(count=count)
    assert text.en == f"{said} pending"


def test_a_duration_is_in_its_largest_units() -> None:
    times = (timedelta(seconds=1), timedelta(minutes=5), timedelta(days=1, minutes=1))
    assert [duration_text(each).en for each in times] == ["1 s", "5 min", "1 day 1 min"]
