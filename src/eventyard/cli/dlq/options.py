"""Options that the commands on dead letters share."""

from __future__ import annotations

from typing import Annotated

import typer

Queue = Annotated[str, typer.Argument(help="Name, ARN or URL of the dead-letter queue.")]
Where = Annotated[str | None, typer.Option(help="Event pattern as JSON; only events that match.")]
Cause = Annotated[str | None, typer.Option(help="Only with this in the error's code, message or condition.")]
Rule = Annotated[str | None, typer.Option(help="Only from this rule or schedule, by name or ARN.")]
Limit = Annotated[int, typer.Option(help="Look at so many messages.", min=1, max=100_000)]
