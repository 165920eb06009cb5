"""What a client of the relay may rely on, message by message."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from websockets.exceptions import ConnectionClosed, InvalidMessage

from tests.acceptance.server import Server

from .talk import Talk

ACCOUNT = "123456789012"


def publish(server: Server, account: str, *numbers: int, type: str = "CarSold", pad: int = 0) -> None:
    events = server.client("events", account)
    entries = [
        {"Source": "cars", "DetailType": type, "Detail": json.dumps({"n": n, "pad": "x" * pad})} for n in numbers
    ]
    for at in range(0, len(entries), 10):
        assert events.put_events(Entries=entries[at : at + 10])["FailedEntryCount"] == 0


def numbers(items: list[dict[str, Any]]) -> list[int]:
    return [item["event"]["detail"]["n"] for item in items]


def test_what_is_published_after_the_subscription_comes_with_its_position(server: Server, account: str) -> None:
    with Talk(server.url, {"account": account}) as talk:
        start = talk.subscribe()["position"]
        publish(server, account, 1, 2, 3)
        items = talk.events(3)
    assert numbers(items) == [1, 2, 3]
    assert [item["position"] for item in items] == [start + 1, start + 2, start + 3]


def test_only_what_matches_comes(server: Server, account: str) -> None:
    with Talk(server.url, {"account": account}) as talk:
        talk.subscribe("types", detail_types=["CarSold"])
        talk.subscribe("pattern", pattern={"detail": {"n": [{"numeric": [">", 2]}]}})
        publish(server, account, 1, type="CarLost")
        publish(server, account, 2)
        publish(server, account, 3, type="CarLost")
        heard = [talk.hear("events"), talk.hear("events")]
    found = {message["id"]: numbers(message["items"]) for message in heard}
    assert found == {"types": [2], "pattern": [3]}


def test_a_subscription_begins_in_the_past_by_position_or_by_time(server: Server, account: str) -> None:
    publish(server, account, 1, 2, 3)
    with Talk(server.url, {"account": account}) as talk:
        head = talk.subscribe("now")["position"]
        talk.subscribe("after", after=head - 2)
        assert numbers(talk.events(2)) == [2, 3]
        talk.subscribe("since", since=0)
        assert numbers(talk.events(3)) == [1, 2, 3]


def test_no_more_comes_than_there_is_credit_for(server: Server, account: str) -> None:
    with Talk(server.url, {"account": account}) as talk:
        talk.subscribe(credit=2)
        publish(server, account, *range(5))
        assert numbers(talk.events(2)) == [0, 1]
        with pytest.raises(TimeoutError):
            talk.socket.recv(0.5)
        talk.say(type="credit", id="s", count=100)
        assert numbers(talk.events(3)) == [2, 3, 4]


def test_who_is_too_slow_is_told_catches_up_and_misses_nothing(server: Server, account: str) -> None:
    with Talk(server.url, {"account": account}) as talk:
        talk.subscribe(credit=1)
        publish(server, account, *range(2500))
        assert numbers(talk.events(1)) == [0]
        talk.say(type="credit", id="s", count=10_000)
        items: list[dict[str, Any]] = []
        told = []
        while len(items) < 2499:
            message = talk.hear()
            told.append(message["type"])
            items += message.get("items", [])
    assert numbers(items) == list(range(1, 2500))
    assert "behind" in told


def test_who_would_rather_be_closed_than_catch_up_is_closed(server: Server, account: str) -> None:
    with Talk(server.url, {"account": account}) as talk:
        talk.subscribe(credit=1, slow="close")
        publish(server, account, *range(2500))
        with contextlib.suppress(ConnectionClosed):  # where publishing takes long, the server has lost patience already
            talk.say(type="credit", id="s", count=10_000)
        assert_closed(talk, 4408, "events behind")


def test_who_gives_no_credit_at_all_is_closed_likewise(server: Server, account: str) -> None:
    with Talk(server.url, {"account": account}) as talk:
        talk.subscribe(credit=1, slow="close")
        publish(server, account, *range(2500))
        assert_closed(talk, 4408, "events behind")


def test_unsubscribing_ends_a_subscription_and_no_other(server: Server, account: str) -> None:
    with Talk(server.url, {"account": account}) as talk:
        talk.subscribe("a")
        talk.subscribe("b")
        talk.say(type="unsubscribe", id="a")
        assert talk.hear("unsubscribed")["id"] == "a"
        publish(server, account, 1)
        assert talk.hear("events")["id"] == "b"


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({"type": "subscribe", "id": "s", "bus": "nowhere"}, "ResourceNotFoundException"),
        ({"type": "subscribe", "id": "s", "pattern": {"detail": {"n": 1}}}, "InvalidEventPatternException"),
        ({"type": "subscribe", "id": "s", "after": 1 << 40}, "bad-position"),
        ({"type": "subscribe", "id": "s", "pattern": {"detail-type": ["A"]}, "detail_types": ["B"]}, "bad-message"),
        ({"type": "credit", "id": "s", "count": 1}, "no-subscription"),
        ({"type": "hello", "version": 1}, "bad-message"),
    ],
)
def test_what_cannot_be_done_is_answered_and_the_connection_goes_on(
    server: Server, account: str, message: dict[str, Any], code: str
) -> None:
    with Talk(server.url, {"account": account}) as talk:
        talk.say(**message)
        error = talk.hear("error")
        assert (error["code"], bool(error["message"])) == (code, True)
        talk.subscribe("still here")


@pytest.mark.parametrize(
    ("text", "code", "reason"),
    [
        ("{", 4400, "no message"),
        ('{"type": "dance"}', 4400, "dance"),
        ('{"type": "subscribe", "id": ""}', 4400, "length"),
        ('{"type": "subscribe", "id": "s", "colour": "red"}', 4400, "colour"),
        ('{"type": "credit", "id": "s", "count": -1}', 4400, ">= 1"),
        (b"\x00\x01", 1003, "texts"),
        ('"' + "x" * (256 << 10) + '"', 1009, "characters"),
    ],
)
def test_what_is_no_message_closes_the_connection_with_the_reason(
    server: Server, account: str, text: str | bytes, code: int, reason: str
) -> None:
    with Talk(server.url, {"account": account}) as talk:
        talk.socket.send(text)
        assert_closed(talk, code, reason)


def test_a_connection_begins_with_a_hello_of_a_known_version(server: Server) -> None:
    with Talk(server.url) as talk:
        talk.say(type="subscribe", id="s")
        assert_closed(talk, 4400, "hello")
    with Talk(server.url) as talk:
        talk.say(type="hello", version=2)
        assert_closed(talk, 4400, "Version 2 is not spoken")


def test_pages_of_other_origins_may_not_connect(server: Server) -> None:
    with Talk(server.url, origin="https://evil.example") as talk:
        assert_closed(talk, 4403, "evil.example")
    with Talk(server.url, {}, origin=server.url):
        pass


def test_a_name_that_is_not_the_servers_is_refused(server: Server) -> None:
    with Talk(server.url, additional_headers={"Host": "rebound.example"}) as talk:
        assert_closed(talk, 4403, "rebound.example")


def test_frames_beyond_a_mebibyte_are_not_even_read(server: Server, account: str) -> None:
    # Whether the client still hears why depends on how much of the frame it has sent by then.
    with Talk(server.url, {"account": account}) as talk, pytest.raises(ConnectionClosed):
        talk.send_and_hear_out("x" * (2 << 20))
    with Talk(server.url, {"account": account}):
        pass


def test_other_sockets_are_refused(server: Server) -> None:
    from websockets.exceptions import InvalidStatus
    from websockets.sync.client import connect

    with (
        pytest.raises((InvalidStatus, InvalidMessage)),
        connect(server.url.replace("http", "ws", 1) + "/elsewhere"),
    ):
        pass


def assert_closed(talk: Talk, code: int, reason: str) -> None:
    with pytest.raises(ConnectionClosed) as closed:
        talk.hear_out()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == code
    assert reason in closed.value.rcvd.reason


def test_a_connection_resumes_where_it_was_after_the_server_was_killed(tmp_path: Path) -> None:
    server = Server(tmp_path)
    try:
        with Talk(server.url, {}) as talk:
            talk.subscribe()
            publish(server, ACCOUNT, 1, 2)
            position = talk.events(2)[-1]["position"]
            publish(server, ACCOUNT, 3)
            server.kill()
        server.start()
        publish(server, ACCOUNT, 4)
        with Talk(server.url, {}) as talk:
            talk.subscribe(after=position, log=talk.welcome["log"])
            publish(server, ACCOUNT, 5)
            assert numbers(talk.events(3)) == [3, 4, 5]
    finally:
        server.stop()


def test_after_a_reset_everything_is_new(tmp_path: Path) -> None:
    server = Server(tmp_path)
    try:
        with Talk(server.url, {}) as talk:
            publish(server, ACCOUNT, *range(50))
            position = talk.subscribe()["position"]
            log = talk.welcome["log"]
        urlopen(Request(f"{server.url}/_eventyard/reset", method="POST")).close()
        publish(server, ACCOUNT, 1)
        with Talk(server.url, {}) as talk:
            assert talk.welcome["log"] != log
            assert talk.subscribe(after=position, log=log)["anew"]
            assert numbers(talk.events(1)) == [1]
    finally:
        server.stop()


def test_a_server_that_stops_says_so(tmp_path: Path) -> None:
    server = Server(tmp_path)
    with Talk(server.url, {}) as talk:
        talk.subscribe()
        server.stop()
        assert_closed(talk, 1001, "stopping")
