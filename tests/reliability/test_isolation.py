"""Whoever is well gets everything while others are dead, hang or flap. Times are for ``bench/isolation.py``."""

from __future__ import annotations

import asyncio
from pathlib import Path

from .client import Client
from .neighbours import Endpoints, arrived, bad_neighbours, neighbourhood, publish
from .process import ServerProcess

LOCAL = ("--allow-network", "127.0.0.1/32")


async def test_healthy_targets_get_everything_while_their_neighbours_are_bad(tmp_path: Path) -> None:
    server, endpoints = ServerProcess(tmp_path / "data"), Endpoints()
    server.command += LOCAL
    client = Client(server.port)
    try:
        async with endpoints.open():
            await server.start()
            await neighbourhood(client, endpoints, 20)
            await bad_neighbours(client, endpoints)
            count = await publish(server.port, 20, 200, 4)
            assert await arrived(endpoints, count, 30), f"{len(endpoints.seen.journeys)} of {count} came"
            assert endpoints.seen.calls["flap"] > 0
            assert 0 < endpoints.seen.most["hang"] <= 16, "it holds its own slots, no more"
            assert (await server.stop())[0] == 0
    finally:
        client.close()
        server.kill()


async def test_a_backlog_for_a_dead_target_is_delivered_without_a_herd(tmp_path: Path) -> None:
    server, endpoints = ServerProcess(tmp_path / "data"), Endpoints()
    server.command += LOCAL
    client = Client(server.port)
    try:
        await server.start()
        await neighbourhood(client, endpoints, 1)
        count = await publish(server.port, 1, 2000, 1)
        await asyncio.sleep(1)
        async with endpoints.open():
            assert await arrived(endpoints, count, 60), f"{len(endpoints.seen.journeys)} of {count} came"
        assert endpoints.seen.most["healthy"] <= 16, "no more calls at a time than it has slots"
    finally:
        client.close()
        server.kill()
