"""What axe finds on a page that is open in a browser."""

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
