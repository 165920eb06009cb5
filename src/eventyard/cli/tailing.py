"""Showing events as they are published; a lost connection is taken up again where it broke off."""

from __future__ import annotations

import http.client
import json
import time
from typing import Any
from urllib.parse import urlencode, urlsplit

import orjson
from rich.console import Console
from rich.text import Text

from eventyard.errors import InvalidRequest


def tail_events(endpoint: str, bus: str, pattern: str | None, since: float | None, as_json: bool) -> None:
    """Print events until interrupted. Raises InvalidRequest for a pattern or bus that the server refuses."""
    console = Console(highlight=False)
    errors = Console(stderr=True, style="yellow")
    start = None if since is None else int((time.time() - since) * 1000)
    position = 0
    while True:
        try:
            for item in _stream(endpoint, bus, pattern, start):
                if item["position"] <= position:
                    continue
                position = item["position"]
                if as_json:
                    console.out(orjson.dumps(item["event"]).decode())
                else:
                    console.print(_line(item["event"]))
        except KeyboardInterrupt:
            return
        except (OSError, http.client.HTTPException):
            errors.print(f"No server answers at {endpoint}; trying again (Ctrl-C ends).")
        # What was published while nobody listened is read from the log.
        start = int(time.time() * 1000) - 60_000 if position else start
        time.sleep(1)


def _stream(endpoint: str, bus: str, pattern: str | None, since: int | None) -> Any:
    parts = urlsplit(endpoint)
    query = {"bus": bus} | ({"pattern": pattern} if pattern else {}) | ({"since": str(since)} if since else {})
    connection = http.client.HTTPConnection(parts.hostname or "127.0.0.1", parts.port or 80)
    try:
        connection.request("GET", f"/_eventyard/tail?{urlencode(query)}")
        answer = connection.getresponse()
        if answer.status != 200:
            raise InvalidRequest(json.loads(answer.read())["message"])
        for line in answer:
            if line.strip():
                yield orjson.loads(line)
    finally:
        connection.close()


def _line(event: dict[str, Any]) -> Text:
    line = Text()
    line.append(event["time"][11:19], style="dim")
    line.append(f"  {event['detail-type']}", style="bold cyan")
    line.append(f"  {event['source']}  ", style="green")
    line.append(orjson.dumps(event["detail"]).decode())
    line.append(f"  {event['id']}", style="dim")
    return line
