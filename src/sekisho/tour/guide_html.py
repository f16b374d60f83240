"""A guide as one self-contained HTML page: no script, no other file, ready to print."""

import re
from html import escape

from sekisho.messages import Language, Message
from sekisho.tour.guide_model import (
    Block,
    Code,
    Guide,
    Note,
    Paragraph,
    Section,
    Steps,
    Table,
    say,
)

__all__ = ["to_html"]

_STYLE = """
:root { color-scheme: light dark; }
body { font-family: system-ui, "Hiragino Sans", "Noto Sans CJK JP", "Yu Gothic", sans-serif;
  line-height: 1.7; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2.2rem; }
.term { border: 1px solid #8887; border-radius: 3px; padding: 0 .3em; }
.note { border-left: 4px solid #c80; padding: .2em .8em; }
pre { overflow-x: auto; border: 1px solid #8887; border-radius: 3px; padding: .8em;
  line-height: 1.4; }
table { border-collapse: collapse; } caption { text-align: start; }
th, td { border: 1px solid #8887; padding: .3em .6em; text-align: start; vertical-align: top; }
footer { margin-top: 3rem; font-size: .85rem; }
@media print {
  body { margin: 0; max-width: none; } h2, table, .note { break-inside: avoid; }
  pre { white-space: pre-wrap; }
}
"""

_TICKED = re.compile(r"`([^`]+)`")


def to_html(guide: Guide, language: Language) -> str:
    """Return a guide as an HTML document whose `lang` is the language of its text."""
    speak = _Speaker(guide, language)
    title = escape(guide.title.into(language))
    contents = "".join(
        f'<li><a href="#{escape(section.id)}">{speak(section.title)}</a></li>'
        for section in guide.sections
    )
    body = "\n".join(_section(section, speak) for section in guide.sections)
    return (
        f'<!DOCTYPE html>\n<html lang="{language.value}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
        f"<h1>{title}</h1>\n<p>{speak(guide.lead)}</p>\n<nav><ol>{contents}</ol></nav>\n"
        f"{body}\n</main>\n<footer>{escape(guide.made_with)}</footer>\n</body>\n</html>\n"
    )


class _Speaker:
    """Turns a text into HTML: everything is escaped, terms and code are set off."""

    def __init__(self, guide: Guide, language: Language) -> None:
        self._guide = guide
        self._language = language

    def __call__(self, text: Message) -> str:
        return say(text, self._guide, self._language, term=_term, plain=_plain)


def _term(word: str) -> str:
    return f'<b class="term">{escape(word)}</b>'


def _plain(text: str) -> str:
    return _TICKED.sub(r"<code>\1</code>", escape(text))


def _section(section: Section, speak: _Speaker) -> str:
    blocks = "\n".join(_block(block, speak) for block in section.blocks)
    heading = f"<h2>{speak(section.title)}</h2>"
    return f'<section id="{escape(section.id)}">\n{heading}\n{blocks}\n</section>'


def _block(block: Block, speak: _Speaker) -> str:
    match block:
        case Paragraph(text):
            return f"<p>{speak(text)}</p>"
        case Note(text):
            return f'<p class="note">{speak(text)}</p>'
        case Steps(items):
            return "<ol>" + "".join(f"<li>{speak(item)}</li>" for item in items) + "</ol>"
        case Code(text, _, label):
            return f"<p>{speak(label)}</p>\n<pre><code>{escape(text)}</code></pre>"
        case Table(label, header, rows):
            head = _row(header, "th", speak)
            body = "".join(_row(row, "td", speak) for row in rows)
            return (
                f"<table><caption>{speak(label)}</caption>"
                f"<thead>{head}</thead><tbody>{body}</tbody></table>"
            )


def _row(cells: tuple[Message, ...], tag: str, speak: _Speaker) -> str:
    return "<tr>" + "".join(f"<{tag}>{speak(cell)}</{tag}>" for cell in cells) + "</tr>"
