"""The page around a form, as HTML that needs no script and loads nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined
from markdown_it import MarkdownIt

from eventyard.forms.control import Control
from eventyard.forms.form import Box, Form


class Shown(msgspec.Struct, frozen=True):
    """What a page shows besides the fields. ``errors``: by way. ``json``: the message; None while it was not asked for.
    ``notice``: what became of the last button, bad news if ``failed``. ``focus``: the way to go to; None for the first
    error. ``starts``: (name, URL) of what a form can start from. ``publishes``: where to; nothing is published if it is
    empty. ``hidden``: fields that come back as they are. ``action``: the URL to post to. ``nonce``: of the
    Content-Security-Policy's ``style-src``."""

    nonce: str
    errors: Mapping[str, list[str]] = {}
    json: str | None = None
    notice: str = ""
    failed: bool = False
    focus: str | None = None
    starts: Sequence[tuple[str, str]] = ()
    publishes: str = ""
    hidden: Sequence[tuple[str, str]] = ()
    action: str = ""


def environment() -> Environment:
    """Where the pages of forms are."""
    return Environment(loader=PackageLoader("eventyard.forms"), autoescape=True, undefined=StrictUndefined)


def style() -> str:
    return (files("eventyard.forms") / "templates" / "form.css").read_text("utf-8")


class _Error(msgspec.Struct, frozen=True):
    id: str
    label: str
    words: str


class Pages:
    """Draws forms. It may be kept and used from several threads."""

    def __init__(self) -> None:
        self._template = environment().get_template("page.html")
        self._style = style()
        # No HTML of a document's own gets through, and no links but those to the web and to mail.
        self._markdown = MarkdownIt("js-default")

    def page(self, form: Form, fields: Mapping[str, str], shown: Shown) -> str:
        focus = shown.focus
        if focus is None and shown.errors:
            focus = next(iter(shown.errors))
        box, root = form.boxes(fields, shown.errors, focus)
        return self._template.render(
            contract=form.contract,
            prose=self._markdown.render(form.contract.description),
            style=self._style,
            form=box,
            summary=[*_errors([root, *_controls(box)], shown.errors)],
            **{name: getattr(shown, name) for name in ("action", "failed", "hidden", "json", "nonce", "notice")},
            publishes=shown.publishes,
            starts=shown.starts,
        )


def _errors(controls: Sequence[Control], errors: Mapping[str, list[str]]) -> Iterator[_Error]:
    """The errors in the order of the fields, each with where to go to; those of the whole event go to the top."""
    shown = {control.way: control for control in controls}
    for way, words in errors.items():
        at = shown.get(way)
        found = ("event", way or "The event") if at is None or not way else (at.id, at.label)
        yield _Error(*found, "; ".join(words))


def _controls(each: Box | Control) -> Iterator[Control]:
    if isinstance(each, Control):
        yield each
    for part in each.parts:
        yield from _controls(part)
