"""Reads an HTML page as a browser would have to, and holds it to what every page of ours keeps."""

import base64
import hashlib
import re
from html.parser import HTMLParser

_VOID = frozenset({"meta", "input"})
_LOADING = frozenset({"img", "link", "iframe", "object", "embed", "video", "audio", "base", "form"})


class Page(HTMLParser):
    """A page: its ids, links, tags, tables and the text of each element that has an id.

    Raises AssertionError where a tag is not closed in order, an id is there twice, a head has no
    scope, a table no caption, a link within the page no place, or something would be loaded or run
    that the page's content security policy does not name.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []
        self.lang = ""
        self.security = ""
        self.inline: dict[str, str] = {"style": "", "script": ""}
        self.code = ""
        self.text = ""
        self._before = ""
        assert text.startswith("<!DOCTYPE html>")
        self.feed(text)
        self.close()
        self._check()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        assert len(given) == len(attrs)
        assert not any(name.startswith("on") or name in ("style", "src") for name in given), attrs
        assert tag == "caption" or self._before != "table"
        assert tag != "th" or given.get("scope") in ("row", "col")
        self._before = tag
        self.tags.append(tag)
        self.lang = given.get("lang") or self.lang
        if given.get("http-equiv") == "Content-Security-Policy":
            self.security = given["content"] or ""
        self.ids += [name for name in [given.get("id")] if name]
        self.links += [name for name in [given.get("href")] if name]
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        within = self.open[-1] if self.open else ""
        if within in self.inline:
            self.inline[within] += data
        else:
            self.text += data
        if self.open[-2:] == ["pre", "code"] or self.open[-3:] == ["pre", "code", "mark"]:
            self.code += data

    @property
    def outside(self) -> list[str]:
        """The links that lead away from the page."""
        return [link for link in self.links if not link.startswith("#")]

    def _check(self) -> None:
        assert not self.open
        assert len(set(self.ids)) == len(self.ids)
        assert {each[1:] for each in self.links if each.startswith("#")} <= set(self.ids)
        assert not _LOADING & set(self.tags)
        assert (self.tags.count("script"), self.tags.count("style")) == (1, 1)
        assert "default-src 'none'" in self.security
        for name, text in self.inline.items():
            digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
            assert f"{name}-src 'sha256-{digest}'" in self.security
            assert not re.search(r"https?://|@import|url\(|fetch\(|XMLHttp", text)
