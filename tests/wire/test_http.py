"""Plain pages, streams, and clients that leave."""

from __future__ import annotations

import json
import socket

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


def test_long_poll_ends_when_the_client_leaves(house: House) -> None:
    house.cancelled.clear()
    body = b'{"QueueUrl":"u","WaitTimeSeconds":20}'
    with socket.create_connection(("127.0.0.1", house.port)) as connection:
        connection.sendall(
            b"POST / HTTP/1.1\r\nHost: a\r\nX-Amz-Target: AmazonSQS.ReceiveMessage\r\n"
            b"Content-Type: application/x-amz-json-1.0\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        )
        while not house.asked:
            assert not house.cancelled.wait(0.01)
    assert house.cancelled.wait(5)
