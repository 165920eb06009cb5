"""The command: makes the faucet, shows what comes, removes the faucet."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Annotated

import typer

from eventyard.errors import InvalidRequest

if TYPE_CHECKING:
    from eventyard.cli.relay.faucet import Faucet
    from eventyard.server.tap import Tap

_EVERYTHING = '{"source":[{"prefix":""}]}'
_PUT_OFF, _PAUSE = 60.0, 2.0
#: Queues may bring an event twice: so many ids tell.
_MEMORY = 100_000


def relay(
    aws: Annotated[bool, typer.Option("--aws", help="Needed: it makes a rule and a queue in your account.")] = False,
    bus: Annotated[str, typer.Option(help="Name of the event bus in AWS.")] = "default",
    pattern: Annotated[str, typer.Option(help="Event pattern as JSON: only what matches is relayed.")] = _EVERYTHING,
    port: Annotated[int, typer.Option(help="Port to listen on, on loopback; 0 takes a free one.")] = 4011,
    profile: Annotated[str | None, typer.Option(help="Profile of AWS's configuration files.")] = None,
    region: Annotated[str | None, typer.Option(help="Region, if not the profile's.")] = None,
    endpoint: Annotated[
        str | None, typer.Option(help="URL of something that speaks AWS's APIs, instead of AWS.")
    ] = None,
) -> None:
    """Relay the events of a bus in AWS: tests wait for them as on an Eventyard server.

    Makes a rule and a queue with names that begin with `eventyard-relay-`, and removes them at the end; also those
    that an earlier run left behind. Needs the permissions to do so."""
    if not aws:
        raise InvalidRequest("A server of your own has its relay built in. For a bus in AWS, say --aws.")
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.session import Session

    from eventyard.cli.relay.faucet import Faucet

    session = Session(profile=profile)
    try:
        options = {"region_name": region, "endpoint_url": endpoint}
        faucet = Faucet(
            session.create_client("events", **options), session.create_client("sqs", **options), bus, pattern
        )
        for name in faucet.remove_stale():
            typer.echo(f"removed {name}, which an earlier run left behind", err=True)
        try:
            faucet.open()
            asyncio.run(_serve(faucet, bus, port))
        finally:
            faucet.close()
            typer.echo(f"removed {faucet.name}", err=True)
    except ClientError as error:
        raise InvalidRequest(f"AWS says: {error.response['Error']['Message']}") from error
    except BotoCoreError as error:
        raise InvalidRequest(f"{error}") from error


async def _serve(faucet: Faucet, bus: str, port: int) -> None:
    from eventyard.server.tap import serve_tap

    def ready(url: str) -> None:
        typer.echo(f"Relaying bus {bus} at {url} (rule and queue {faucet.name}). Ctrl-C ends it and removes them.")

    async def work(tap: Tap, stopping: asyncio.Event) -> None:
        await _pump(faucet, tap, stopping)

    await serve_tap(bus, "127.0.0.1", port, work, ready)


async def _pump(faucet: Faucet, tap: Tap, stopping: asyncio.Event) -> None:
    """Until told to stop, hand over what comes, each event once."""
    from botocore.exceptions import BotoCoreError, ClientError

    from eventyard.event import Event

    seen: OrderedDict[str, None] = OrderedDict()
    used = time.monotonic()
    while not stopping.is_set():
        try:
            bodies = [body.encode() for body in await asyncio.to_thread(faucet.receive)]
            if time.monotonic() - used > _PUT_OFF:
                used = time.monotonic()
                await asyncio.to_thread(faucet.put_off)
        except (BotoCoreError, ClientError) as error:
            typer.echo(f"{error}; trying again", err=True)
            await asyncio.sleep(_PAUSE)
            continue
        fresh = []
        for body in bodies:
            name = Event(body, 0).id
            if name not in seen:
                seen[name] = None
                fresh.append(body)
        while len(seen) > _MEMORY:
            seen.popitem(last=False)
        if fresh:
            await tap.append(fresh)
