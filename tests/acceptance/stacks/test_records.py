"""The pages that keep the records of stacks: revisions, and who may see what."""

from __future__ import annotations

import http.client
import json
import urllib.parse
from collections.abc import Iterator
from typing import Any

import pytest

from tests.acceptance.server import Server, new_account

Answer = tuple[int, dict[str, Any], str | None]


class Pages:
    """Of an account of its own."""

    def __init__(self, url: str) -> None:
        self._connection = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc)
        self._query = f"?account={new_account()}&region=us-east-1"

    def ask(self, method: str, name: str = "", body: Any = None, revision: str | None = None) -> Answer:
        headers = {} if revision is None else {"If-Match": revision}
        page = f"/_eventyard/stacks{name}{self._query}"
        self._connection.request(method, page, None if body is None else json.dumps(body), headers)
        answer = self._connection.getresponse()
        return answer.status, json.loads(answer.read()), answer.getheader("ETag")

    def close(self) -> None:
        self._connection.close()


@pytest.fixture
def pages(server: Server) -> Iterator[Pages]:
    pages = Pages(server.url)
    yield pages
    pages.close()


def test_a_record_has_revisions(pages: Pages) -> None:
    assert pages.ask("GET", "/cars")[0] == 404
    assert pages.ask("PUT", "/cars", {"a": 1}, '"0"') == (200, {"revision": 1}, '"1"')
    assert pages.ask("PUT", "/cars", {"a": 2}, "1") == (200, {"revision": 2}, '"2"')
    assert pages.ask("GET", "/cars") == (200, {"revision": 2, "record": {"a": 2}}, '"2"')
    assert pages.ask("GET") == (200, {"stacks": [{"name": "cars", "revision": 2}]}, None)


def test_who_goes_on_from_another_revision_is_refused(pages: Pages) -> None:
    pages.ask("PUT", "/cars", {"a": 1}, '"0"')
    for method in ("PUT", "DELETE"):
        for revision in ('"0"', '"7"'):
            status, answer, _ = pages.ask(method, "/cars", {"a": 2}, revision)
            assert (status, "its revision is 1" in answer["message"]) == (409, True)
    assert pages.ask("GET", "/cars")[1]["record"] == {"a": 1}
    assert pages.ask("DELETE", "/cars", None, '"1"')[0] == 200
    assert pages.ask("DELETE", "/cars", None, '"1"')[0] == 404
    assert pages.ask("PUT", "/cars", {}, '"0"')[0] == 200, "a new one begins anew"


@pytest.mark.parametrize(
    ("name", "body", "revision"),
    [("/cars", {}, None), ("/cars", {}, "*"), ("/cars", [], '"0"'), ("/a%2Fb", {}, '"0"'), ("/", {}, '"0"')],
)
def test_what_is_wrong_is_refused(pages: Pages, name: str, body: Any, revision: str | None) -> None:
    assert pages.ask("PUT", name, body, revision)[0] == 400
    assert pages.ask("GET")[1] == {"stacks": []}


def test_accounts_have_their_own(server: Server, pages: Pages) -> None:
    pages.ask("PUT", "/cars", {}, '"0"')
    other = Pages(server.url)
    assert other.ask("GET")[1] == {"stacks": []}
    assert other.ask("GET", "/cars")[0] == 404
    other.close()


def test_records_outlive_a_restart(tmp_path: Any) -> None:
    server = Server(tmp_path)
    try:
        pages = Pages(server.url)
        pages.ask("PUT", "/cars", {"a": 1}, '"0"')
        pages.close()
        server.kill()
        server.start()
        again = Pages(server.url)
        again._query = pages._query
        assert again.ask("GET", "/cars")[1] == {"revision": 1, "record": {"a": 1}}
        again.close()
    finally:
        server.stop()
