"""``eventyard dlq list``: which dead-letter queues there are, and what is in one."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from eventyard.cli.dlq.options import Cause, Limit, Rule, Where
from eventyard.cli.options import LOCAL, Endpoint
from eventyard.cli.say import say


def list_letters(
    queue: Annotated[str | None, typer.Argument(help="Name, ARN or URL of a queue; all of them, if left out.")] = None,
    where: Where = None,
    cause: Cause = None,
    rule: Rule = None,
    limit: Limit = 1_000,
    json: Annotated[bool, typer.Option("--json", help="One line of JSON for each message.")] = False,
    endpoint: Endpoint = LOCAL,
) -> None:
    """List the dead-letter queues, or the messages of one with their causes.

    Looking counts as receiving: it shows in a message's receive count."""
    from eventyard.cli.client import aws_client, told
    from eventyard.cli.dlq.letters import chooser, letters, queue_url

    with told(endpoint):
        sqs = aws_client("sqs", endpoint)
        if queue is None:
            events, scheduler = aws_client("events", endpoint), aws_client("scheduler", endpoint)
            for arn, count in _queues(events, scheduler, sqs):
                typer.echo(f"{count:>8}  {arn}")
            return
        is_meant = chooser(where, cause, rule)
        with letters(sqs, queue_url(sqs, queue), limit) as found:
            for letter in filter(is_meant, found):
                say(_json(letter) if json else _line(letter))


def _line(letter: Any) -> str:
    from eventyard.cli.moments import local

    what = (letter.event or {}).get("detail-type") or (letter.schedule and f"due {letter.time}") or "?"
    rule = (letter.source or letter.origin or "?").rpartition("/")[2].rpartition(":")[2]
    why = " ".join(text for text in (letter.code, letter.condition) if text) or "received too often"
    return f"{letter.id}  {local(letter.sent)}  {what}  from {rule}  {why} after {letter.attempts or '?'}"


def _json(letter: Any) -> str:
    import msgspec

    return msgspec.json.encode({**msgspec.structs.asdict(letter), "receipt": None}).decode()


def _queues(events: Any, scheduler: Any, sqs: Any) -> list[tuple[str, str]]:
    """The ARNs of all queues that are somebody's dead-letter queue, with their numbers of messages."""
    import json

    arns, counts = set(), {}
    for page in sqs.get_paginator("list_queues").paginate():
        for url in page.get("QueueUrls", ()):
            names = ["QueueArn", "ApproximateNumberOfMessages", "RedrivePolicy"]
            found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
            counts[found["QueueArn"]] = found["ApproximateNumberOfMessages"]
            if "RedrivePolicy" in found:
                arns.add(json.loads(found["RedrivePolicy"])["deadLetterTargetArn"])
    for bus in _all(events.list_event_buses, "EventBuses"):
        for rule in _all(events.list_rules, "Rules", EventBusName=bus["Name"]):
            for target in _all(events.list_targets_by_rule, "Targets", EventBusName=bus["Name"], Rule=rule["Name"]):
                arns.add(target.get("DeadLetterConfig", {}).get("Arn"))
    for page in scheduler.get_paginator("list_schedules").paginate():
        for one in page["Schedules"]:
            schedule = scheduler.get_schedule(Name=one["Name"], GroupName=one["GroupName"])
            arns.add(schedule["Target"].get("DeadLetterConfig", {}).get("Arn"))
    return [(arn, counts.get(arn, "missing")) for arn in sorted(arn for arn in arns if arn)]


def _all(call: Any, member: str, **params: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while True:
        answer = call(**params)
        found += answer[member]
        if "NextToken" not in answer:
            return found
        params["NextToken"] = answer["NextToken"]
