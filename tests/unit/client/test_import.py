"""Importing the package costs nothing, and importing the client no room of the server."""

from __future__ import annotations

import subprocess
import sys

import pytest

import eventyard

_HEAVY = ("apsw", "uvicorn", "opentelemetry", "prometheus_client", "pydantic", "psycopg", "typer")


def _modules_after(code: str) -> set[str]:
    script = f"{code}\nimport sys\nprint(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    return set(done.stdout.split())


def test_package_loads_nothing() -> None:
    loaded = _modules_after("import eventyard")
    assert not {name for name in loaded if name.startswith("eventyard.")}
    assert "botocore" not in loaded


def test_client_loads_no_server() -> None:
    loaded = _modules_after("import eventyard\neventyard.EventClient")
    rooms = {name.split(".")[1] for name in loaded if name.startswith("eventyard.")}
    assert rooms <= {"client", "contract", "clock", "errors", "text"}
    assert not loaded & set(_HEAVY)


def test_every_name_is_there_and_no_other() -> None:
    for name in eventyard.__all__:
        assert getattr(eventyard, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        eventyard.Nothing  # noqa: B018
