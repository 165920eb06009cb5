"""``eventyard dlq redrive``: dead letters once more to where they could not be delivered."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from eventyard.cli.dlq.options import Cause, Limit, Queue, Rule, Where
from eventyard.cli.options import LOCAL, Endpoint
from eventyard.cli.say import say
from eventyard.errors import EventyardError, InvalidRequest, NotFound


def redrive(
    queue: Queue,
    message: Annotated[str | None, typer.Argument(help="Id of one message, or how it begins.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All messages.")] = False,
    where: Where = None,
    cause: Cause = None,
    rule: Rule = None,
    edit: Annotated[bool, typer.Option("--edit", help="Change the one message in $EDITOR first.")] = False,
    body: Annotated[str | None, typer.Option(help="Send this instead of the one message's text; or @FILE, -.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be sent where.")] = False,
    limit: Limit = 10_000,
    endpoint: Endpoint = LOCAL,
) -> None:
    """Send dead letters once more, and delete those that are taken.

    An event goes only to the target that did not get it. If its rule or target is gone, it is published to the bus
    again, to whoever matches it there. What a schedule had for its target goes to the target that it has now. What a
    queue gave up goes back to that queue. Ends with status 2 if some could
    not be sent; those stay."""
    from eventyard.cli.client import aws_client, told
    from eventyard.cli.dlq.letters import chooser, find, letters, queue_url

    if not (message or everything or where or cause or rule):
        raise InvalidRequest("Say which messages: an id, --where, --cause, --rule, or --all.")
    if (edit or body is not None) and not message:
        raise InvalidRequest("Only one message can be changed: give its id.")
    is_meant = chooser(where, cause, rule)
    failed = 0
    with told(endpoint):
        sqs = aws_client("sqs", endpoint)
        url = queue_url(sqs, queue)
        road = _Road(endpoint, sqs, aws_client("events", endpoint), dry_run)
        with letters(sqs, url, limit) as found:
            chosen = [find(found, message)] if message else [letter for letter in found if is_meant(letter)]
            for letter in chosen:
                text = _text(letter.body, edit, body)
                try:
                    where_to = road.send(letter, text)
                except EventyardError as error:
                    failed += 1
                    say(f"{letter.id}  stays: {error.message}", fg="yellow", err=True)
                    continue
                say(f"{letter.id}  {'would go' if dry_run else 'sent'} to {where_to}")
                if not dry_run:
                    sqs.delete_message(QueueUrl=url, ReceiptHandle=letter.receipt)
    if not chosen:
        typer.echo("No message.")
    if failed:
        raise typer.Exit(2)


class _Road:
    """Where a letter goes."""

    def __init__(self, endpoint: str, sqs: Any, events: Any, dry_run: bool) -> None:
        self._endpoint = endpoint
        self._sqs = sqs
        self._events = events
        self._dry_run = dry_run

    def send(self, letter: Any, text: str) -> str:
        """Send ``text`` for ``letter``, and say where to. Raises what keeps it from being sent."""
        if letter.schedule is not None:
            return self._to_schedule(letter, text)
        if letter.rule is None and letter.origin is not None:
            return self._to_queue(letter.origin, text)
        if letter.rule is None or ":rule/" not in letter.rule:
            raise InvalidRequest("neither a rule, a schedule nor a queue gave it up, so there is no way back.")
        try:
            return self._to_target(letter, text)
        except NotFound as gone:
            return self._to_bus(letter, text, gone.message)

    def _to_target(self, letter: Any, text: str) -> str:
        from eventyard.cli.pages import post

        bus, name = _place(letter.rule)
        asked = {
            "bus": bus,
            "rule": name,
            "target": letter.target,
            "events": [text],
            "force": True,
            "dry_run": self._dry_run,
        }
        post(self._endpoint, "/_eventyard/redeliver", asked)
        return f"{letter.target} of rule {name}"

    def _to_schedule(self, letter: Any, text: str) -> str:
        from eventyard.cli.pages import post

        asked = {"schedule": letter.schedule, "text": text, "time": letter.time or "", "dry_run": self._dry_run}
        post(self._endpoint, "/_eventyard/refire", asked)
        return f"the target of {letter.schedule.rpartition(':')[2]}"

    def _to_bus(self, letter: Any, text: str, reason: str) -> str:
        import json

        bus, _ = _place(letter.rule)
        try:
            event = json.loads(text)
            entry = {
                "Source": event["source"],
                "DetailType": event["detail-type"],
                "Detail": json.dumps(event["detail"], ensure_ascii=False),
                "Resources": event.get("resources", []),
                "Time": event["time"],
                "EventBusName": bus,
            }
        except (ValueError, KeyError, TypeError) as error:
            raise InvalidRequest("it is no event that could be published again.") from error
        self._events.describe_event_bus(Name=bus)  # PutEvents takes events for a bus that is gone without a word
        if not self._dry_run:
            (result,) = self._events.put_events(Entries=[entry])["Entries"]
            if "ErrorCode" in result:
                raise InvalidRequest(f"{result['ErrorCode']}: {result['ErrorMessage']}")
        return f"{bus}, for all its rules: {reason}"

    def _to_queue(self, arn: str, text: str) -> str:
        name = arn.rpartition(":")[2]
        if name.endswith(".fifo"):
            raise InvalidRequest("it is a FIFO queue's: use StartMessageMoveTask, which keeps its group.")
        url = self._sqs.get_queue_url(QueueName=name)["QueueUrl"]
        if not self._dry_run:
            self._sqs.send_message(QueueUrl=url, MessageBody=text)
        return arn


def _place(rule: str) -> tuple[str, str]:
    """The bus's ARN and the name in a rule's ARN, ``...:rule/[BUS/]NAME``."""
    head, _, rest = rule.partition(":rule/")
    bus, _, name = rest.rpartition("/")
    return f"{head}:event-bus/{bus or 'default'}", name


def _text(body: str, edit: bool, given: str | None) -> str:
    from eventyard.cli.text import read_text

    if given is not None:
        return read_text(given, "message")
    if not edit:
        return body
    return _edited(body)


def _edited(text: str) -> str:
    """What somebody makes of ``text`` in an editor."""
    import os
    import shlex
    import subprocess
    import tempfile
    from pathlib import Path

    editor = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi")
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "message.json"
        file.write_text(text, encoding="utf-8")
        try:
            subprocess.run([*editor, str(file)], check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise InvalidRequest(f"The editor {editor[0]} failed: {error}. Choose another with $EDITOR.") from error
        changed = file.read_text(encoding="utf-8").rstrip("\n")
    if changed == text:
        raise InvalidRequest("Nothing was changed, so nothing was sent.")
    return changed
