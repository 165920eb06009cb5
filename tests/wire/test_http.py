"""Plain pages, streams, and clients that leave."""

from __future__ import annotations

import json
import socket

import pytest

from .conftest import House


def test_route_is_found_by_path_and_prefix(house: House) -> None:
    status, headers, body = house.send(b"", method="GET", path="/pages/x%20y?a=1&a=2")
    assert (status, headers["content-type"], body) == (200, "text/plain", b"/pages/x y 2")


def test_page_errors_are_plain_http(house: House) -> None:
    status, _, body = house.send(b"", method="GET", path="/pages/gone")
    assert (status, json.loads(body)["message"]) == (404, "No such thing.")
    status, headers, _ = house.send(b"{}", method="PUT", path="/stream")
    assert (status, headers["allow"]) == (405, "GET")


def test_stream_is_closed_when_the_client_leaves(house: House) -> None:
    house.closed.clear()
    with socket.create_connection(("127.0.0.1", house.port)) as connection:
        connection.sendall(b"GET /stream HTTP/1.1\r\nHost: a\r\n\r\n")
        received = b""
        while b"data: 1" not in received:
            received += connection.recv(4096)
        assert not house.closed.is_set()
    assert house.closed.wait(5)


@pytest.mark.parametrize("queue", [b"u", b"quick"])
def test_long_poll_ends_when_the_client_leaves(house: House, queue: bytes) -> None:
    house.cancelled.clear()
    body = b'{"QueueUrl":"%s","WaitTimeSeconds":20}' % queue
    with socket.create_connection(("127.0.0.1", house.port)) as connection:
        connection.sendall(
            b"POST / HTTP/1.1\r\nHost: a\r\nX-Amz-Target: AmazonSQS.ReceiveMessage\r\n"
            b"Content-Type: application/x-amz-json-1.0\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        )
        while not house.asked:
            assert not house.cancelled.wait(0.01)
    assert house.cancelled.wait(5)


def test_answers_follow_each_other_on_a_connection_until_one_closes_it(house: House) -> None:
    request = b"GET /pages/%d HTTP/1.1\r\nHost: a\r\n%s\r\n"
    with socket.create_connection(("127.0.0.1", house.port)) as connection:
        # The second is sent before the first is answered.
        connection.sendall(request % (1, b"") + request % (2, b"Connection: close\r\n"))
        received = b"".join(iter(lambda: connection.recv(4096), b""))
    first, second = received.split(b"HTTP/1.1 200 OK\r\n")[1:]
    assert first.endswith(b"\r\n\r\n/pages/1 None")
    assert b"connection: close\r\n" not in first
    assert second.endswith(b"connection: close\r\n\r\n/pages/2 None")
    assert b"content-length: 13\r\n" in second


def test_head_has_no_body(house: House) -> None:
    status, headers, body = house.send(b"", method="HEAD", path="/pages/x")
    assert (status, headers["allow"], body) == (405, "GET", b"")
