"""``eventyard dlq show``: one dead letter, with its cause and its payload."""

from __future__ import annotations

from typing import Annotated

import typer

from eventyard.cli.dlq.options import Limit, Queue
from eventyard.cli.options import LOCAL, Endpoint
from eventyard.cli.say import say, say_lines


def show(
    queue: Queue,
    message: Annotated[str, typer.Argument(help="Id of the message, or how it begins.")],
    limit: Limit = 10_000,
    endpoint: Endpoint = LOCAL,
) -> None:
    """Show one dead letter: why it could not be delivered, how often that was tried, and the payload."""
    import json

    from eventyard.cli.client import aws_client, told
    from eventyard.cli.dlq.letters import find, letters, queue_url
    from eventyard.cli.moments import local

    with told(endpoint):
        sqs = aws_client("sqs", endpoint)
        with letters(sqs, queue_url(sqs, queue), limit) as found:
            letter = find(found, message)
    for name, value in (
        ("message", letter.id),
        ("since", local(letter.sent)),
        ("rule", letter.rule),
        ("schedule", letter.schedule),
        ("due", letter.time),
        ("target", letter.target),
        ("queue", letter.origin),
        ("error", f"{letter.code}: {letter.message}" if letter.code else None),
        ("gave up", letter.condition),
        ("attempts", letter.attempts),
    ):
        if value:
            say(f"{name:<9} {value}")
    event = letter.event
    say_lines(letter.body if event is None else json.dumps(event, indent=2, ensure_ascii=False))
