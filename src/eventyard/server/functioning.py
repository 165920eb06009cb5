"""The functions of a house: what runs them, and where what is told of them goes. It only joins rooms."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from eventyard.bus import BusFeeds, Engine, Publisher
from eventyard.clock import Clock
from eventyard.errors import InvalidRequest, TryAgain
from eventyard.event import new_ids
from eventyard.functions import MOST_SYNC, Code, Functions, Pool, Starter, Write
from eventyard.functions.records import Letter
from eventyard.names import Arn
from eventyard.queues import Queues
from eventyard.store import Store
from eventyard.target import Delivered, Delivery, QueueMessage, Retry, Target
from eventyard.targets.http import Client, Guard
from eventyard.targets.http.client import Call, Unreachable
from eventyard.topics import Topics
from eventyard.topics.message import Attribute, Message

#: Invocations of one function at once, unless it reserves another number; and seconds that they have when stopping.
_INVOCATIONS, _GRACE = 10, 4.0
_RESULT = "Lambda Function Invocation Result - "


class Functioning:
    """``folder``: where code is kept. ``put``: the target that makes events of a bus. ``write``: takes what functions
    log."""

    def __init__(
        self,
        store: Store,
        folder: Path,
        dev: bool,
        clock: Clock,
        engine: Engine,
        publisher: Publisher,
        queues: Queues,
        topics: Topics,
        put: Callable[[str, Mapping[str, Mapping[str, object]]], Target],
        guard: Guard,
        write: Write | None = None,
    ) -> None:
        self._queues = queues
        self._topics = topics
        self._put = put
        self._clock = clock
        self._client = Client(guard, clock, plain=False, most=MOST_SYNC + 1)
        code = Code(folder)
        starter = Starter(code, clock, self._call, dev)
        pool = Pool(starter.start, clock, _INVOCATIONS, write)
        self.functions = Functions(store.catalog, code, pool, BusFeeds(engine), publisher.append, self.tell, clock)

    async def close(self) -> None:
        await self.functions.close(_GRACE)
        self._client.close()

    async def tell(self, arn: str, letter: Letter) -> None:
        """Keeps :data:`eventyard.functions.records.Tell`."""
        where, text = Arn.parse(arn), letter.body.decode("utf-8", "replace")
        if where is not None and where.service == "sqs":
            await self._queues.deliver(arn, [QueueMessage(text, attributes=letter.attributes)])
        elif where is not None and where.service == "sns":
            attributes = {name: Attribute("String", value) for name, value in letter.attributes.items()}
            message = Message(text, attributes=attributes)
            self._topics.check(arn, message)
            await self._topics.publish(arn, [message])
        elif where is not None and where.service == "lambda":
            await self.functions.deliver(arn, [(None, letter.body)])
        elif where is not None and ":event-bus/" in arn:
            await self._event(arn, letter)
        else:
            raise InvalidRequest(f"Nothing can be told to {arn}.")

    async def _event(self, arn: str, letter: Letter) -> None:
        """Developer guide: the source is ``lambda``, the record the detail, the resources are both ARNs."""
        event = {
            "Source": "lambda",
            "DetailType": f"{_RESULT}{letter.result}",
            "Resources": [f"{letter.function}:$LATEST", arn],
        }
        target = self._put(arn, {"EventBridgeParameters": event})
        delivery = Delivery(new_ids(1, self._clock.now())[0], letter.body)
        (outcome,) = await target.deliver([delivery])
        if isinstance(outcome, Retry):
            raise TryAgain(outcome.message, outcome.code)
        if not isinstance(outcome, Delivered):
            raise InvalidRequest(outcome.message, outcome.code)

    async def _call(
        self, url: str, headers: Mapping[str, str], body: bytes, seconds: float
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Keeps :data:`eventyard.functions.remote.Call`."""
        try:
            answer = await self._client.send(Call("POST", url, list(headers.items()), body), seconds)
        except Unreachable as error:
            raise TryAgain(str(error)) from error
        return answer.status, answer.headers, answer.body
