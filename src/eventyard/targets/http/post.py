"""An HTTP endpoint that notifications are posted to, each in a call of its own. When to try again, others decide.

Source: SNS developer guide, "Fanout Amazon SNS notifications to HTTPS endpoints": 5xx and 429 can be tried again, and
so can what had no answer; every other status is permanent.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

import msgspec

from eventyard.clock import Clock
from eventyard.errors import Forbidden
from eventyard.target import DELIVERED, Delivery, Outcome, Permanent, Retry
from eventyard.targets.http.answer import Answer
from eventyard.targets.http.challenge import answer_to, login_of
from eventyard.targets.http.client import Call, Client, Unreachable
from eventyard.targets.http.limits import Rate
from eventyard.targets.http.outcome import describe

#: Developer guide, "Prerequisites for subscribing an HTTP(S) endpoint": an answer is due within 15 seconds.
TIMEOUT = 15.0
_SLOTS = 16
#: Seconds to wait for the rate; short, because a server that stops waits for it.
_QUEUE = 2.0

Headers = Callable[[Delivery], Sequence[tuple[str, str]]]


class PostTarget:
    """The endpoint at ``url``, which may hold a name and a password for when it asks for them. ``headers``: those of a
    delivery's call. ``per_second``: the most calls a second, or None for no limit."""

    place = None

    def __init__(
        self,
        client: Client,
        clock: Clock,
        url: str,
        headers: Headers,
        per_second: int | None = None,
        *,
        seconds: float = TIMEOUT,
        nonce: Callable[[], str] = secrets.token_hex,
    ) -> None:
        self._client = client
        self._url = url
        self._login = login_of(url)
        self._headers = headers
        self._rate = None if per_second is None else Rate(clock, per_second)
        self._seconds = seconds
        self._nonce = nonce
        self.batch_size = _SLOTS if per_second is None else max(1, min(_SLOTS, per_second))

    async def deliver(self, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        return await asyncio.gather(*(self._one(item) for item in batch))

    async def _one(self, item: Delivery) -> Outcome:
        wait = None if self._rate is None else await self._rate.turn(_QUEUE)
        if wait is not None:
            return Retry("THROTTLED", "Not called: the delivery policy allows no more calls now.", wait, False)
        try:
            answer = await self._call(item)
        except TimeoutError:
            return Retry("TIMEOUT", f"no answer within {self._seconds:g} seconds")
        except Unreachable as error:
            return Retry("CONNECTION_FAILURE", str(error))
        except Forbidden as error:
            return Permanent("NO_PERMISSIONS", error.message)
        if 200 <= answer.status < 300:
            return DELIVERED
        hidden = [] if self._login is None or not self._login.password else [self._login.password]
        why = describe(answer, hidden)
        if answer.status == 429 or answer.status >= 500:
            return Retry("THROTTLING" if answer.status == 429 else "SERVER_ERROR", why)
        return Permanent("CLIENT_ERROR", why)

    async def _call(self, item: Delivery) -> Answer:
        """Both calls together, if the endpoint asks who is calling, have the time of one."""
        call = Call("POST", self._url, self._headers(item), item.payload)
        async with asyncio.timeout(self._seconds):
            answer = await self._client.send(call, self._seconds)
            challenge = answer.headers.get("www-authenticate")
            if answer.status != 401 or self._login is None or challenge is None:
                return answer
            parts = urlsplit(self._url)
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            proof = answer_to(challenge, self._login, call.method, path, self._nonce())
            if proof is None:
                return answer
            headers = [*call.headers, ("Authorization", proof)]
            return await self._client.send(msgspec.structs.replace(call, headers=headers), self._seconds)
