"""Markdown of documents as HTML that is safe: raw HTML stays text, and links lead nowhere that runs code."""

from __future__ import annotations

from collections.abc import Callable

from markdown_it import MarkdownIt
from markupsafe import Markup


class Prose:
    """Images are not loaded, since a catalogue shows nothing from elsewhere: they become links."""

    def __init__(self) -> None:
        self._markdown = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")

    def html(self, text: str, level: int, link: Callable[[str], str | None]) -> Markup:
        """``text`` as HTML whose headings are of ``level`` or below. ``link``: where a link to another document leads
        here; None leaves it as it is."""
        tokens = self._markdown.parse(text)
        for token in tokens:
            for inner in token.children or ():
                if inner.type == "link_open":
                    address = str(inner.attrGet("href"))
                    inner.attrSet("href", link(address) or address)
            if token.type in ("heading_open", "heading_close"):
                token.tag = f"h{min(6, max(level, int(token.tag[1:])))}"
        # Rendered from escaped text only: html is off, and links are judged by the library.
        return Markup(self._markdown.renderer.render(tokens, self._markdown.options, {}))
