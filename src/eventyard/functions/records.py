"""What is told of asynchronous invocations that have ended: their records, and to whom they go. Sends nothing.

Source: developer guide, "Capturing records of Lambda asynchronous invocations".
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Literal

import msgspec

from eventyard.functions.resources import LATEST, Function, Outcome

#: Invocations whose last attempt is remembered between the attempts; of an older one only its error's beginning is.
_REMEMBERED = 1000
_encode = msgspec.json.Encoder().encode
_raw = msgspec.json.Decoder(msgspec.Raw).decode


class Letter(msgspec.Struct, frozen=True):
    """``function``: whose (an ARN). ``result``: of a record; None for an event that is given up as it was, which has
    ``attributes``."""

    function: str
    body: bytes
    result: Literal["Success", "Failure"] | None = None
    attributes: Mapping[str, str] = {}


Tell = Callable[[str, Letter], Awaitable[None]]
"""Sends a letter to a queue, topic, function or bus with an ARN; durable when it returns. Raises EventyardError where
that is not there or does not take it, TryAgain for not yet."""


class Attempts:
    """How often an invocation was tried, and how the last try ended. It is in memory only, as "approximate" says."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[int, Outcome]] = OrderedDict()

    def made(self, id: str, outcome: Outcome) -> int:
        """Remember a try; answers how many there were."""
        count = self._kept.pop(id, (0, outcome))[0] + 1
        self._kept[id] = (count, outcome)
        if len(self._kept) > _REMEMBERED:
            self._kept.popitem(last=False)
        return count

    def of(self, id: str, message: str) -> tuple[int, Outcome]:
        """``message``: the error of the last try, for when it is not remembered."""
        return self._kept.get(id) or (0, Outcome(_json(message.encode()) or _encode(message), "Unhandled"))

    def forget(self, id: str) -> None:
        self._kept.pop(id, None)


def record_of(
    function: Function, id: str, payload: bytes, outcome: Outcome, condition: str, count: int, now: int
) -> bytes:
    """The record, as JSON; the payloads in it are as they were, byte for byte."""
    response: dict[str, object] = {"statusCode": 200, "executedVersion": LATEST}
    if outcome.error is not None:
        response["functionError"] = outcome.error
    return _encode(
        {
            "version": "1.0",
            "timestamp": iso_millis(now),
            "requestContext": {
                "requestId": id,
                "functionArn": f"{function.arn}:{LATEST}",
                "condition": condition,
                "approximateInvokeCount": count,
            },
            "requestPayload": msgspec.Raw(payload),
            "responseContext": response,
            "responsePayload": msgspec.Raw(
                _json(outcome.payload) or _encode(outcome.payload.decode("utf-8", "replace"))
            ),
        }
    )


def iso_millis(millis: int) -> str:
    moment = datetime.fromtimestamp(millis / 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{millis % 1000:03}Z"


def _json(text: bytes) -> bytes | None:
    """``text`` if it is one JSON value, else None."""
    try:
        return bytes(_raw(text))
    except (msgspec.DecodeError, RecursionError, ValueError):
        return None
