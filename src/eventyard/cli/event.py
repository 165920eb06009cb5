"""``eventyard event``: one event's whole story."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from eventyard.cli.options import LOCAL, Endpoint
from eventyard.cli.say import say


def event(
    event_id: Annotated[str, typer.Argument(metavar="ID", help="Id of the event.")],
    json: Annotated[bool, typer.Option("--json", help="The whole story as JSON.")] = False,
    endpoint: Endpoint = LOCAL,
) -> None:
    """Tell one event's story: received, matched rules, attempts with their errors, final fate.

    A production server keeps only what went wrong; one started with `eventyard dev` keeps everything. It is kept as
    long as events are (`--retention-days`, `--retention-fates`)."""
    import orjson

    from eventyard.cli.pages import get

    with get(endpoint, "/_eventyard/story", {"event": event_id}) as answer:
        text = answer.read()
    if json:
        typer.echo(text.decode())
        return
    for line in _told(orjson.loads(text)):
        say(line)


def _told(story: dict[str, Any]) -> Iterator[str]:
    from eventyard.cli.moments import local
    from eventyard.names import rule_arn

    received = story["received"]
    yield f"event {story['id']}"
    if not received:
        yield "no bus has it any more: it is older than what is kept"
    for one in received:
        event = one["event"]
        yield f"received   {local(one['ingested'])}  {one['log']} at position {one['position']}"
        yield f"           {event['detail-type']} from {event['source']}"
    for archive in story["archived"]:
        yield f"archived   {archive}"
    known = {delivery["rule"] for delivery in story["deliveries"]}
    matching = [(bus, rule) for bus, rules in story["matching"].items() for rule in rules]
    if received and not matching and not known:
        yield "matched    no rule"
    for delivery in story["deliveries"]:
        yield from _delivery(delivery)
    for bus, rule in matching:
        if rule_arn(bus, rule) not in known:
            yield f"matched    rule {rule} of {bus}"
            idle = rule in story.get("idle", ())
            yield f"           {'it has no target' if idle else 'nothing went wrong that is known of'}"


def _delivery(delivery: dict[str, Any]) -> Iterator[str]:
    from eventyard.cli.moments import local

    again = delivery["again"]
    why = "" if not again else ", as part of a replay" if ":replay/" in again else ", asked for once more"
    yield f"matched    {delivery['rule']}, target {delivery['target']}{why}"
    told = ""
    if delivery["attempts"] > 1 or delivery["outcome"] == "retrying":
        for each in delivery["tries"]:
            told = f"{each['error_code']}: {each['error_message']}" if each["error_code"] else "taken"
            yield f"attempt    {local(each['at'])}  {each['number']}. {told}"
    attempts = f"{delivery['attempts']} attempt{'' if delivery['attempts'] == 1 else 's'}"
    yield f"{delivery['outcome']:<10} {local(delivery['at'])}  after {attempts}"
    error = f"{delivery['error_code']}: {delivery['error_message']}"
    if delivery["error_code"] and error != told:
        yield f"           {error}"
    if delivery["due"]:
        yield f"           first tried {local(delivery['first_attempt'])}, next at {local(delivery['due'])}"
