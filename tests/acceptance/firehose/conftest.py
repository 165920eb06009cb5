"""A client of the service for each test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.acceptance.validated import validated


@pytest.fixture
def firehose(connect: Callable[[str], Any]) -> Any:
    return validated(connect("firehose"))
