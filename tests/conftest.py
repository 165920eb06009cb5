"""What tests of all kinds share: servers of other systems, started when the first test wants one."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from hypothesis import settings

from tests.servers import SERVERS, Server

# No test is timed: how long an example takes is the machine's affair.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def server_of() -> Iterator[Callable[[str], Server]]:
    """``server_of(kind)``: the server that targets of a kind talk to; skips the test where it can't be had."""
    running: dict[str, Server] = {}

    def found(kind: str) -> Server:
        if kind not in running:
            if reason := SERVERS[kind].missing():
                pytest.skip(reason)
            running[kind] = SERVERS[kind]()
        return running[kind]

    yield found
    for server in running.values():
        server.stop()
