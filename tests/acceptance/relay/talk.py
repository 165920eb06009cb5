"""A connection that speaks the relay's protocol word for word, as a client in any language would."""

from __future__ import annotations

import json
from typing import Any

from websockets.sync.client import connect

PATH = "/_eventyard/relay"


class Talk:
    """``hello``: further members of the first message; None sends none."""

    def __init__(self, url: str, hello: dict[str, Any] | None = None, **options: Any) -> None:
        options.setdefault("compression", None)
        self._connecting = connect(url.replace("http", "ws", 1) + PATH, **options)
        self._hello = hello

    def __enter__(self) -> Talk:
        self.socket = self._connecting.__enter__()
        if self._hello is not None:
            self.say(type="hello", version=1, **self._hello)
            self.welcome = self.hear("welcome")
        return self

    def __exit__(self, *why: Any) -> None:
        self._connecting.__exit__(*why)

    def say(self, **message: Any) -> None:
        self.socket.send(json.dumps(message))

    def hear(self, *types: str, seconds: float = 10) -> dict[str, Any]:
        """The next message, which must be of one of ``types``."""
        message: dict[str, Any] = json.loads(self.socket.recv(seconds))
        assert not types or message["type"] in types, message
        return message

    def subscribe(self, id: str = "s", **members: Any) -> dict[str, Any]:
        self.say(type="subscribe", id=id, **members)
        return self.hear("subscribed")

    def events(self, count: int, seconds: float = 10) -> list[dict[str, Any]]:
        """The next ``count`` items, whatever else is said in between."""
        items: list[dict[str, Any]] = []
        while len(items) < count:
            message = self.hear(seconds=seconds)
            items += message.get("items", [])
        return items

    def hear_out(self, seconds: float = 10) -> None:
        """Listen until the connection is closed, which is raised."""
        while True:
            self.hear(seconds=seconds)

    def send_and_hear_out(self, text: str) -> None:
        self.socket.send(text)
        self.hear_out()
