"""A form behind HTTP: what is shown, checked and published, and what is refused before that.

It knows no server: whoever has one hands in requests and sends the answers."""

from __future__ import annotations

import hmac
import re
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from types import MappingProxyType
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec

from eventyard.errors import EventyardError, InvalidRequest
from eventyard.forms.form import Entered, Form
from eventyard.forms.page import Pages, Shown

#: Bytes and fields of one posted form.
LARGEST, MOST_FIELDS = 1_048_576, 20_000
_FIELD = re.compile(r"[vspnck](?:/[A-Za-z0-9_.~%=*-]*)*")
_REMEMBERED = 1_000

Publish = Callable[[Entered], str]
"""Publishes a message and gives its id. Raises EventyardError."""


class Request(msgspec.Struct, frozen=True):
    """``query``: what stands behind the question mark. ``headers``: by lower-case name."""

    method: str
    query: str = ""
    headers: Mapping[str, str] = {}
    body: bytes = b""


class Answer(msgspec.Struct, frozen=True):
    status: int
    headers: Mapping[str, str]
    body: bytes


class Desk:
    """``path``: where the form is; ``kept``: the part of its query that links and posts are to keep. ``publish`` and
    ``where``: how and, in a word or two, where messages are published; without, they are only shown. ``token``: a
    secret that a posted form must bring back; it is in the page. May be used from several threads."""

    def __init__(
        self,
        form: Form,
        path: str,
        publish: Publish | None = None,
        where: str = "",
        token: str = "",
        kept: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._form = form
        self._path = f"{path}?{urlencode(kept)}" if kept else path
        self._publish = publish
        self._where = where if publish else ""
        self._token = token or secrets.token_urlsafe(32)
        self._pages = Pages()
        self._sent: OrderedDict[str, str] = OrderedDict()
        self._publishing = threading.Lock()
        starts = [(example.name, str(at)) for at, example in enumerate(form.contract.examples)]
        self._starts = tuple(
            (name, f"{path}?{urlencode({**kept, 'example': at})}") for name, at in (*starts, ("nothing", "none"))
        )

    def answer(self, request: Request) -> Answer:
        """The answer to ``request``. What is wrong with the request itself is a page of plain text."""
        if request.method in ("GET", "HEAD"):
            return self._page(self._start(request.query), Shown(""))
        if request.method != "POST":
            return _refusal(405, "This is a form: GET or POST it.")
        refused = self._refused(request)
        return refused or self._posted(request)

    def _start(self, query: str) -> dict[str, str]:
        asked = dict(parse_qsl(query[:2_000])).get("example")
        examples = self._form.contract.examples
        if asked is not None and asked.isdecimal() and int(asked) < len(examples):
            return self._form.fill(examples[int(asked)].detail)
        return {} if asked == "none" else self._form.start()

    def _refused(self, request: Request) -> Answer | None:
        """Forms that another site posts, or that are no forms."""
        if len(request.body) > LARGEST:
            return _refusal(413, f"A form has {LARGEST:,} bytes at most.")
        if request.headers.get("content-type", "").partition(";")[0].strip() != "application/x-www-form-urlencoded":
            return _refusal(415, "A form is application/x-www-form-urlencoded.")
        # A browser says where a form comes from; other clients need not, but need the token just the same.
        origin = request.headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
            return _refusal(403, "The form was sent from another site.")
        if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return _refusal(403, "The form was sent from another site.")
        return None

    def _posted(self, request: Request) -> Answer:
        try:
            posted = dict(
                parse_qsl(
                    request.body.decode("utf-8"),
                    keep_blank_values=True,
                    max_num_fields=MOST_FIELDS,
                    strict_parsing=True,
                )
            )
        except (UnicodeDecodeError, ValueError):
            return _refusal(400, f"The form can't be read; it has {MOST_FIELDS:,} fields at most.")
        if not hmac.compare_digest(posted.get("token", "").encode(), self._token.encode()):
            return _refusal(403, "The form is from another run of this program. Load it again.")
        fields = {name: text for name, text in posted.items() if _FIELD.fullmatch(name)}
        action = posted.get("do", "check")
        if action in ("check", "publish"):
            return self._checked(fields, action, posted.get("once", ""))
        try:
            fields, focus = self._form.act(fields, action)
        except InvalidRequest as error:
            return _refusal(400, error.message)
        return self._page(fields, Shown("", focus=focus))

    def _checked(self, fields: dict[str, str], action: str, once: str) -> Answer:
        entered = self._form.read(fields)
        shown = Shown("", errors=entered.errors, json=entered.json, failed=not entered.valid)
        if not entered.valid:
            return self._page(fields, shown, 422)
        if action == "check" or self._publish is None:
            return self._page(fields, msgspec.structs.replace(shown, notice="The message keeps its contract."))
        try:
            notice = self._published(entered, once)
        except EventyardError as error:
            return self._page(fields, msgspec.structs.replace(shown, notice=error.message, failed=True), 502)
        return self._page(fields, msgspec.structs.replace(shown, notice=notice))

    def _published(self, entered: Entered, once: str) -> str:
        """Publish once for each page that was shown, however often its button is pressed or the answer loaded again."""
        assert self._publish is not None
        with self._publishing:
            if once in self._sent:
                return f"This was published already, as {self._sent[once]}."
            event = self._publish(entered)
            self._sent[once] = event
            if len(self._sent) > _REMEMBERED:
                self._sent.popitem(last=False)
        return f"Published as {event}."

    def _page(self, fields: Mapping[str, str], shown: Shown, status: int = 200) -> Answer:
        nonce = secrets.token_urlsafe(16)
        shown = msgspec.structs.replace(
            shown,
            nonce=nonce,
            starts=self._starts,
            publishes=self._where,
            hidden=(("token", self._token), ("once", secrets.token_urlsafe(16))),
            action=self._path,
        )
        text = self._pages.page(self._form, fields, shown)
        return Answer(status, headers("text/html", nonce), text.encode("utf-8", "replace"))


def headers(kind: str, nonce: str = "") -> dict[str, str]:
    """The headers of a page: it loads nothing, and nothing may be around it. ``nonce``: of its one style."""
    style = f"'nonce-{nonce}'" if nonce else "'none'"
    return {
        "content-type": f"{kind}; charset=utf-8",
        "content-security-policy": (
            f"default-src 'none'; style-src {style}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        ),
        "x-content-type-options": "nosniff",
        # Not no-referrer: the browser would say "null" for the form's origin then.
        "referrer-policy": "same-origin",
        "cache-control": "no-store",
    }


def _refusal(status: int, words: str) -> Answer:
    return Answer(status, headers("text/plain"), f"{words}\n".encode())
