"""What axe finds on a page that is open in a browser, and what a reader of Japanese does."""

import re
from collections.abc import Sequence

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

_RUN = "options => axe.run({resultTypes: ['violations'], ...options})"


def axe_faults(page: Page, *rules: str) -> Sequence[str]:
    """Return the rules that the page breaks, and where; of these rules, if any is named."""
    # its colours come with its style sheet
    page.wait_for_load_state()
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    violations = page.evaluate(_RUN, {"runOnly": rules} if rules else {})["violations"]
    return [
        f"{page.url}: {violation['id']}: {node['target']} {node['html'][:120]}"
        for violation in violations
        for node in violation["nodes"]
    ]


SPACED = re.compile(r".{,20}[。、] [^\s|].{,20}")
"""A full-width stop has its space in it: a sentence of Japanese follows the one before at once."""
_TICKED = re.compile(r".{,20}`.{,20}")
"""What should be shown as code; a text to copy has such signs itself."""
_SHOWN = """() => {
    const folded = [...document.querySelectorAll("details:not([open])")];
    const copied = [...document.querySelectorAll("pre:not([hidden])")];
    const turn = () => {
        for (const each of folded) each.open = !each.open;
        for (const each of copied) each.hidden = !each.hidden;
    };
    turn();
    const shown = document.body.innerText;
    turn();
    return shown;
}"""


def typing_faults(page: Page) -> Sequence[str]:
    """Return where Japanese sentences are parted by a space, or code is not shown as such.

    Also in what is folded.
    """
    shown = page.evaluate(_SHOWN)
    found = [*SPACED.findall(shown), *_TICKED.findall(shown)]
    return [f"{page.url}: {each}" for each in found]
