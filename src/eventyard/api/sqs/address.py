"""Queue URLs: how they are written, and which queue one means."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from eventyard.errors import NotFound
from eventyard.names import queue_arn
from eventyard.queues import Queue
from eventyard.wire import Caller


def url_of(queue: Queue, caller: Caller) -> str:
    """The URL by which ``caller`` reaches ``queue``."""
    return f"{caller.endpoint}/{queue.account}/{queue.name}"


def arn_of(caller: Caller, params: dict[str, Any]) -> str:
    """The ARN of the queue that ``QueueUrl`` means, under whatever host it was written."""
    return arn_of_url(caller, params["QueueUrl"])


def arn_of_url(caller: Caller, url: str) -> str:
    """The account and the name are the path; a bare name is a queue of the caller's own."""
    parts = urlsplit(url).path.strip("/").split("/")
    if len(parts) >= 2:
        return queue_arn(parts[-2], caller.region, parts[-1])
    if parts[0] and "://" not in url:
        return queue_arn(caller.account, caller.region, parts[0])
    raise NotFound("The specified queue does not exist.", "QueueDoesNotExist")
