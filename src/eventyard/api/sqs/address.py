"""Queue URLs: how they are written, and which queue one means."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import urlsplit

from eventyard.errors import NotFound
from eventyard.names import queue_arn
from eventyard.queues import Queue
from eventyard.wire import Caller


def url_of(queue: Queue, caller: Caller) -> str:
    """The URL by which ``caller`` reaches ``queue``."""
    return f"{caller.endpoint}/{queue.account}/{queue.name}"


def arn_of_url(caller: Caller, url: str) -> str:
    """The ARN of the queue that ``url`` means, under whatever host it was written: the account and the name are the
    path; a bare name is a queue of the caller's own."""
    return _arn_of(caller.account, caller.region, url)


@lru_cache(maxsize=4096)
def _arn_of(account: str, region: str, url: str) -> str:
    parts = urlsplit(url).path.strip("/").split("/")
    if len(parts) >= 2:
        return queue_arn(parts[-2], region, parts[-1])
    if parts[0] and "://" not in url:
        return queue_arn(account, region, parts[0])
    raise NotFound("The specified queue does not exist.", "QueueDoesNotExist")
