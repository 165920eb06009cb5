"""One development server for all that don't bring their own, and an account of its own for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.acceptance.server import Server, new_account


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("server"))
    yield server
    server.stop()


@pytest.fixture
def account() -> str:
    return new_account()


@pytest.fixture
def connect(server: Server, account: str) -> Callable[[str], Any]:
    return lambda service: server.client(service, account)
