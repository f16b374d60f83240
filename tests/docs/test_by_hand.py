"""What is pasted by hand is what `sekisho policy new` writes; each screen has its picture."""

import re
from pathlib import Path

import pytest

from in_process import sekisho

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("page", ["how-to/by-hand.md", "ja/how-to/by-hand.md"])
def test_the_policy_to_paste_is_the_recommended_one(page: str) -> None:
    text = (DOCS / page).read_text("utf-8")
    [pasted] = re.findall(r"(?ms)^```json\n(.*?)^```$", text)
    assert pasted == sekisho("policy", "new").stdout
