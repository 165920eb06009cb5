"""Requests made of destinations, connections, rule targets and events."""

from __future__ import annotations

import json
from typing import Any

import pytest

from eventyard.destination import Destination, Extra
from eventyard.errors import InvalidRequest
from eventyard.targets.http.client import Call
from eventyard.targets.http.parameters import Parameters

EVENT = {
    "id": "1",
    "detail": {"car": "a b/../c", "up": "..", "km": 7, "none": None, "tags": ["x"], "evil": "a\r\nB: c"},
}


def call(
    url: str = "https://example.com/cars", method: str = "POST", extra: Extra | None = None, **parameters: Any
) -> Call:
    destination = Destination("arn", url, method, 1, None)
    event = json.dumps(EVENT).encode()
    return Parameters.compile(parameters).call(destination, extra or Extra(), b'{"a": 1.50}', event)


def test_a_plain_request_says_who_sends_what() -> None:
    assert dict(call().headers) == {
        "User-Agent": "Amazon/EventBridge/ApiDestinations",
        "Content-Type": "application/json; charset=utf-8",
    }
    assert call().body == b'{"a": 1.50}'


def test_path_parameters_fill_the_wildcards_and_stay_in_their_segments() -> None:
    made = call("https://example.com/cars/*/km/*?a=1", PathParameterValues=["$.detail.car", "$.detail.km"])
    assert made.url == "https://example.com/cars/a%20b%2F..%2Fc/km/7?a=1"


@pytest.mark.parametrize("value", ["$.detail.up", ".", "$.detail.missing", "$.detail.none"])
def test_a_path_parameter_can_not_leave_its_segment_nor_be_empty(value: str) -> None:
    with pytest.raises(InvalidRequest, match="path parameter"):
        call("https://example.com/*/x", PathParameterValues=[value])


@pytest.mark.parametrize("values", [[], ["a", "b"]])
def test_there_must_be_as_many_path_parameters_as_wildcards(values: list[str]) -> None:
    with pytest.raises(InvalidRequest, match="1 path wildcards"):
        call("https://example.com/*", PathParameterValues=values)


def test_headers_and_queries_take_values_from_the_event_and_leave_out_what_is_missing() -> None:
    made = call(
        HeaderParameters={"X-Car": "$.detail.car", "X-Tags": "$.detail.tags", "X-No": "$.detail.no", "X-Fix": "a"},
        QueryStringParameters={"km": "$.detail.km", "no": "$.detail.no", "q": "a&b=c"},
    )
    headers = dict(made.headers)
    assert (headers["X-Car"], headers["X-Tags"], headers["X-Fix"]) == ("a b/../c", '["x"]', "a")
    assert "X-No" not in headers
    assert made.url == "https://example.com/cars?km=7&q=a%26b%3Dc"


def test_the_connection_wins_over_the_target_and_the_endpoint() -> None:
    made = call(
        "https://example.com/cars?key=0&keep=1",
        extra=Extra(headers=(("X-A", "connection"),), query=(("key", "2"),), body=(("b", "secret"),)),
        HeaderParameters={"x-a": "target", "Content-Type": "text/plain"},
        QueryStringParameters={"key": "1"},
    )
    headers = {name.lower(): value for name, value in made.headers}
    assert (headers["x-a"], headers["content-type"]) == ("connection", "text/plain")
    assert made.url == "https://example.com/cars?keep=1&key=2"
    assert made.body == b'{"a":1.50,"b":"secret"}', "the number keeps its form"


def test_a_value_with_a_line_break_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="control characters"):
        call(HeaderParameters={"X-A": "$.detail.evil"})


@pytest.mark.parametrize("name", ["Host", "content-length", "Transfer-Encoding", "Connection", "User-Agent", "Range"])
def test_headers_that_decide_where_a_request_ends_are_refused(name: str) -> None:
    with pytest.raises(InvalidRequest, match="not allowed"):
        Parameters.compile({"HeaderParameters": {name: "x"}})


def test_a_bad_path_is_refused_when_it_is_put() -> None:
    with pytest.raises(InvalidRequest, match="JSONPath"):
        Parameters.compile({"QueryStringParameters": {"a": "$..vin"}})


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_methods_whose_body_means_nothing_send_none(method: str) -> None:
    assert call(method=method).body is None
