"""Topics as targets of rules and schedules: each delivery is published as a message."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from eventyard.target import Delivery
from eventyard.targets.admission import Admit
from eventyard.targets.letters import LetterTarget

Publish = Callable[[str, Sequence[tuple[str, str]]], Awaitable[None]]
"""Publishes (message id, message). Raises NotFound without the topic, InvalidRequest for what it does not take."""


class TopicTarget(LetterTarget[tuple[str, str]]):
    """The topic with ``arn``. A message has the id of the event, so that one that is published again can be told."""

    def __init__(self, publish: Publish, arn: str, admit: Admit | None = None) -> None:
        super().__init__(publish, arn, _message, arn, admit)


def _message(item: Delivery) -> tuple[str, str]:
    return item.event_id, item.payload.decode()
