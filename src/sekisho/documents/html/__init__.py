"""HTML pages that are whole in one file: style and script inside, nothing loaded from elsewhere.

A page says so itself: its content security policy names its own style and script by their hashes
and permits nothing else, so that a name in an account that got past the escaping could not run.
What a script adds (sorting, filtering, copying) a page can do without.
"""

import base64
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from sekisho.documents.html.bars import BarPart, PlacedPart, placed
from sekisho.messages import Language

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = ["BarPart", "PlacedPart", "html_page", "placed", "ticked"]

_HERE = Path(__file__).parent
_CODE = re.compile(r"`([^`]+)`")


def html_page(
    template: Path,
    script: str | None,
    language: Language,
    values: Mapping[str, object],
    style_sheet: Path | None = None,
) -> str:
    """Return a page; every text in it is escaped.

    Args:
        template: a Jinja template that extends `layout.html.jinja`.
        script: which of this package's scripts it has: `copy` or `table`; None: it runs none.
        language: the language of its text.
        values: what the template shows, `title` among it.
        style_sheet: its style, besides that of all pages; `page.css` beside it if not given.
    """
    from jinja2 import (  # noqa: PLC0415 - most commands write no page
        Environment,
        FileSystemLoader,
        StrictUndefined,
    )
    from markupsafe import Markup  # noqa: PLC0415 - as above

    sheets = (_HERE / "page.css", style_sheet or template.parent / "page.css")
    style = "".join(sheet.read_text(encoding="utf-8") for sheet in sheets)
    code = (_HERE / f"{script}.js").read_text(encoding="utf-8") if script else ""
    environment = Environment(
        loader=FileSystemLoader([template.parent, _HERE]),
        autoescape=True,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    environment.filters["ticked"] = ticked
    return environment.get_template(template.name).render(
        language=language.value,
        # files of this package, nothing that was read
        style=Markup(style),  # noqa: S704 - see above
        script=Markup(code),  # noqa: S704 - see above
        security=_security(style, code),
        **values,
    )


def ticked(text: str) -> "Markup":
    """Return an escaped text, with what stands in backticks as code."""
    from markupsafe import Markup, escape  # noqa: PLC0415 - as above

    escaped = escape(text)
    if "`" not in text:
        return escaped
    # what is put in is our own two tags, round text that is escaped
    return Markup(_CODE.sub(r"<code>\1</code>", str(escaped)))  # noqa: S704 - see above


def _security(style: str, script: str) -> str:
    """Return the content security policy of a page with this style and script alone."""
    run = _hash(script) if script else "'none'"
    return (
        f"default-src 'none'; style-src {_hash(style)}; script-src {run}; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    import hashlib  # noqa: PLC0415 - slow, for pages alone

    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
