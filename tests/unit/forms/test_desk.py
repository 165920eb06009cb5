"""A form behind HTTP: what is refused, what is escaped, and that nothing is published twice."""

from __future__ import annotations

import contextlib
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode

import pytest

from eventyard.contract import Contract, Example
from eventyard.errors import TryAgain
from eventyard.forms import Answer, Desk, Entered, Form, Request
from tests.unit.forms.contracts import ALL, EVERYTHING, MESSAGE, form

HOST = {"host": "127.0.0.1:4999", "content-type": "application/x-www-form-urlencoded"}
TOKEN = "the token of this desk"
#: What would run, or leave its place, if it came through.
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg/onload=alert(1)>",
    "</textarea><script>alert(1)</script>",
    "</style><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "javascript:alert(1)",
    "[x](javascript:alert(1))",
    "{{ 7 * 7 }}{% raw %}",
    "<!--",
    "]]>",
    "&lt;b&gt;",
    "\x00\x1b[2J",
    "\u202e\u2028",
    '" autofocus onfocus=alert(1) x="',
)


class _Published:
    def __init__(self) -> None:
        self.messages: list[Any] = []

    def __call__(self, entered: Entered) -> str:
        self.messages.append(entered.message)
        return f"event-{len(self.messages)}"


def _desk(publish: Any = None, one: Form | None = None) -> Desk:
    return Desk(one or form(ALL, EVERYTHING), "/form", publish, "cars", TOKEN)


def _post(desk: Desk, fields: dict[str, str], **headers: str) -> Answer:
    body = urlencode({"token": TOKEN, "do": "check"} | fields).encode()
    return desk.answer(Request("POST", headers=HOST | headers, body=body))


def test_a_form_is_shown_with_the_first_example_or_the_one_asked_for() -> None:
    desk = _desk()
    assert b"GB33BUKB" in desk.answer(Request("GET")).body
    assert b"GB33BUKB" in desk.answer(Request("GET", "example=0")).body
    assert b"GB33BUKB" not in desk.answer(Request("GET", "example=none")).body
    assert b"GB33BUKB" in desk.answer(Request("GET", "example=77")).body


def test_a_valid_message_is_published_once_however_often_the_button_is_pressed() -> None:
    published = _Published()
    desk = _desk(published)
    fields = form(ALL, EVERYTHING).fill(MESSAGE) | {"do": "publish", "once": "1"}
    assert b"Published as event-1." in _post(desk, fields).body
    assert b"published already, as event-1." in _post(desk, fields).body
    assert b"Published as event-2." in _post(desk, fields | {"once": "2"}).body
    assert published.messages == [MESSAGE, MESSAGE]


def test_a_double_click_publishes_once() -> None:
    published = _Published()
    meeting = threading.Barrier(2, timeout=10)

    def slowly(entered: Entered) -> str:
        with contextlib.suppress(threading.BrokenBarrierError):
            meeting.wait(0.3)  # broken, if only one comes
        return published(entered)

    desk = _desk(slowly)
    fields = form(ALL, EVERYTHING).fill(MESSAGE) | {"do": "publish", "once": "1"}
    with ThreadPoolExecutor(2) as clicks:
        answers = [each.body for each in clicks.map(lambda _: _post(desk, fields), range(2))]
    assert len(published.messages) == 1
    assert sorted(b"already" in body for body in answers) == [False, True]


def test_an_invalid_message_is_not_published_and_says_what_is_wrong() -> None:
    published = _Published()
    answer = _post(_desk(published), {"do": "publish", "v/name": "A"})
    assert (answer.status, published.messages) == (422, [])
    text = answer.body.decode()
    assert re.search(
        r'<input id="(f\d+)" name="v/name"[^>]*aria-describedby="[^"]*\1-error" aria-invalid="true" autofocus', text
    )
    assert "things to mend" in text
    assert text.count("autofocus") == 1


def test_a_server_that_fails_is_told_and_the_entries_stay() -> None:
    def fail(entered: Entered) -> str:
        raise TryAgain("No server at <here>.")

    answer = _post(_desk(fail), form(ALL, EVERYTHING).fill(MESSAGE) | {"do": "publish"})
    assert answer.status == 502
    assert b"No server at &lt;here&gt;." in answer.body
    assert b"GB33BUKB" in answer.body


def test_without_a_place_to_publish_to_there_is_no_button_and_no_way() -> None:
    desk = _desk(None)
    assert b"Publish" not in desk.answer(Request("GET")).body
    answer = _post(desk, form(ALL, EVERYTHING).fill(MESSAGE) | {"do": "publish"})
    assert b"keeps its contract" in answer.body


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (Request("DELETE"), 405),
        (Request("POST", headers=HOST, body=b"do=check"), 403),
        (Request("POST", headers=HOST, body=b"token=wrong"), 403),
        (Request("POST", headers=HOST | {"origin": "https://evil.example"}, body=b"token=" + TOKEN.encode()), 403),
        (Request("POST", headers=HOST | {"origin": "null"}, body=b""), 403),
        (Request("POST", headers=HOST | {"sec-fetch-site": "cross-site"}, body=b""), 403),
        (Request("POST", headers=HOST | {"content-type": "text/plain"}, body=b""), 415),
        (Request("POST", headers=HOST, body=b"a" * 1_048_577), 413),
        (Request("POST", headers=HOST, body=b"a=1&" * 20_001 + b"b=1"), 400),
        (Request("POST", headers=HOST, body=b"\xff"), 400),
    ],
)
def test_requests_that_are_no_form_of_ours_are_refused(request_: Request, status: int) -> None:
    published = _Published()
    answer = _desk(published).answer(request_)
    assert (answer.status, published.messages) == (status, [])
    assert answer.headers["content-type"].startswith("text/plain")


def test_the_form_of_this_very_site_is_taken() -> None:
    assert _post(_desk(), {}, origin="http://127.0.0.1:4999", **{"sec-fetch-site": "same-origin"}).status == 422


@pytest.mark.parametrize("action", ["fly:/tags", "up:/tags/x", "remove:", "up:/tags/999999999999"])
def test_an_action_that_is_none_is_refused(action: str) -> None:
    assert _post(_desk(), {"do": action}).status == 400


def test_answers_forbid_scripts_frames_and_caches() -> None:
    headers = _desk().answer(Request("GET")).headers
    policy = headers["content-security-policy"]
    nonce = re.search("'nonce-([^']+)'", policy)
    assert nonce is not None
    assert policy.startswith("default-src 'none'; style-src 'nonce-")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["cache-control"] == "no-store"
    other = _desk().answer(Request("GET")).headers["content-security-policy"]
    assert nonce.group(1) not in other


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.links: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)
        self.links.update(str(value) for name, value in attrs if name in ("href", "src", "action"))


@pytest.mark.parametrize("words", HOSTILE)
def test_nothing_of_a_contract_or_a_message_becomes_markup(words: str) -> None:
    schema = {
        "title": words,
        "type": "object",
        "required": [words],
        "properties": {
            words: {"title": words, "description": words, "type": "string", "examples": [words], "pattern": "x"},
            f"{words}2": {"enum": [words, "b"], "description": words},
            f"{words}3": {"oneOf": [{"title": words, "type": "object", "properties": {words: {"const": words}}}]},
            f"{words}4": {"type": "array", "items": {"type": "string", "title": words}},
            f"{words}5": {"type": "object", "additionalProperties": {"type": "string"}},
        },
    }
    contract = Contract(
        type=words,
        publisher=words,
        source=words,
        schema=schema,
        subscribers=(words,),
        title=words,
        description=words,
        examples=[Example(words, {words: words, f"{words}4": [words], f"{words}5": {words: words}})],
    )
    one = Form(contract, {})
    desk = _desk(None, one)
    for answer in (desk.answer(Request("GET")), _post(desk, one.start() | {"v/unknown": words})):
        tags = _Tags()
        tags.feed(answer.body.decode())
        assert not tags.tags & {"script", "img", "svg", "iframe", "b", "object", "embed", "link", "base"}
        assert not [name for name in tags.attributes if name.startswith("on")]
        assert not [link for link in tags.links if "script" in link.lower() and not link.startswith(("#", "/form"))]
        assert b"49" not in re.sub(rb"4999|f49", b"", answer.body.split(b"</style>")[1]) or words != HOSTILE[8]
    entered = one.read(one.start())
    assert entered.message == contract.examples[0].detail
