"""A client of the service for each test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture
def firehose(connect: Callable[[str], Any]) -> Any:
    return connect("firehose")
