"""A driver with an account of its own for each test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest

from tests.acceptance.server import Server, new_account
from tests.acceptance.stacks.driver import Driver


@pytest.fixture(scope="session")
def session() -> Any:
    return botocore.session.get_session()


@pytest.fixture
def driver(server: Server, session: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Driver]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", new_account())
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    driver = Driver(server.url, session)
    yield driver
    driver.site.close()
