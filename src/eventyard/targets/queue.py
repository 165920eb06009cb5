"""Queues as targets of rules, and as dead-letter queues."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from eventyard.errors import Forbidden, InvalidRequest, NotFound
from eventyard.target import Delivery, QueueMessage
from eventyard.targets.admission import Admit
from eventyard.targets.letters import LetterTarget

Send = Callable[[str, Sequence[QueueMessage]], Awaitable[None]]
"""Durable when it returns. Raises NotFound without the queue, InvalidRequest for a message it does not take."""


class QueueTarget(LetterTarget[QueueMessage]):
    """The queue with ``arn``. ``parameters``: the rule's SqsParameters; those of a pipe also have a
    MessageDeduplicationId."""

    def __init__(self, send: Send, arn: str, parameters: Mapping[str, Any], admit: Admit | None = None) -> None:
        group: str | None = parameters.get("MessageGroupId")
        dedup: str | None = parameters.get("MessageDeduplicationId")

        def letter(item: Delivery) -> QueueMessage:
            return QueueMessage(item.payload.decode(), item.trace, group, dedup=dedup)

        super().__init__(send, arn, letter, arn if group is None else f"{arn}#{group}", admit)


class DeadLetters:
    """Sends what could not be delivered to queues."""

    def __init__(self, send: Send, admit: Admit) -> None:
        self._send = send
        self._admit = admit

    async def send(self, arn: str, payload: bytes, attributes: Mapping[str, str]) -> bool:
        """Send ``payload`` with string attributes, which name the rule or schedule that it is from; False where the
        queue is missing or refuses it."""
        try:
            if source := attributes.get("RULE_ARN") or attributes.get("SCHEDULE_ARN"):
                self._admit(arn, source)
            await self._send(arn, [QueueMessage(payload.decode(), None, None, attributes)])
        except (NotFound, InvalidRequest, Forbidden):
            return False
        return True
