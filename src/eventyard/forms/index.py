"""The page that lists the forms there are, by registry."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence

import msgspec

from eventyard.forms.desk import Answer, headers
from eventyard.forms.page import environment, style


class Entry(msgspec.Struct, frozen=True):
    """A form: of the event ``type`` of ``source``, at ``link``."""

    type: str
    source: str
    link: str


def index(shelves: Mapping[str, Sequence[Entry]], where: str) -> Answer:
    """``shelves``: the forms by the name of their registry. ``where``: whose they are."""
    nonce = secrets.token_urlsafe(16)
    text = (
        environment()
        .get_template("index.html")
        .render(nonce=nonce, style=style(), shelves=list(shelves.items()), where=where)
    )
    return Answer(200, headers("text/html", nonce), text.encode("utf-8", "replace"))
