"""pytest's plugin: a server for the tests, waiters on it, and what was published in a test that failed.

It is loaded by its entry point in every pytest run where Eventyard is installed, and does nothing until a test asks for
one of its fixtures; so everything heavy is imported in them.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from eventyard.client import EventClient, SyncEventClient
    from eventyard.waiter import BlockingWaiter, EventWaiter

_STOP, _LOOK = 20.0, 2.0
_MOST = 50


class RunningServer:
    """A server that tests use. ``url``: its address. ``environment``: what points AWS's tools and SDKs to it."""

    def __init__(self, url: str) -> None:
        self.url = url

    @property
    def environment(self) -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
        }

    def __repr__(self) -> str:
        return f"<Eventyard at {self.url}>"


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("eventyard", "Eventyard")
    group.addoption(
        "--eventyard-url", help="test against this server instead of starting one (or the variable EVENTYARD_URL)"
    )
    group.addoption(
        "--eventyard-scope",
        choices=("session", "module", "function"),
        default="session",
        help="how long a server lives: for the whole run (usual), a file, or a test",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "eventyard(bus='default', account=None, contracts=None): the bus, and the account if not that of the "
        "credentials, that waiters and clients of this test are for, and the contracts that clients hold events to.",
    )


def _scope(fixture_name: str, config: pytest.Config) -> Any:
    return config.getoption("--eventyard-scope")


@pytest.fixture(scope=_scope)
def eventyard_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    """A development server in a process of its own, on a free port, with its data in a temporary directory. Each
    worker of pytest-xdist has its own."""
    given = request.config.getoption("--eventyard-url") or os.environ.get("EVENTYARD_URL")
    if given:
        yield RunningServer(given)
        return
    yield from _serving(tmp_path_factory.mktemp("eventyard"))


@pytest.fixture
def event_waiter(request: pytest.FixtureRequest, eventyard_server: RunningServer) -> Iterator[EventWaiter]:
    """An :class:`~eventyard.waiter.EventWaiter` for asynchronous tests, whatever runs them."""
    from eventyard.waiter import EventWaiter

    with EventWaiter.connect(eventyard_server.url, **_meant(request)) as waiter:
        yield waiter.asynchronous()


@pytest.fixture
def blocking_event_waiter(request: pytest.FixtureRequest, eventyard_server: RunningServer) -> Iterator[BlockingWaiter]:
    """The same for tests that are not asynchronous."""
    from eventyard.waiter import EventWaiter

    with EventWaiter.connect(eventyard_server.url, **_meant(request)) as waiter:
        yield waiter


@pytest.fixture
def event_client(request: pytest.FixtureRequest, eventyard_server: RunningServer) -> EventClient:
    """An :class:`~eventyard.client.EventClient` on it, for asynchronous tests. The marker's ``contracts`` says where
    the contracts are; without them nothing is checked."""
    client: EventClient = _client(request, eventyard_server, "EventClient")
    return client


@pytest.fixture
def blocking_event_client(request: pytest.FixtureRequest, eventyard_server: RunningServer) -> Iterator[SyncEventClient]:
    """The same for tests that are not asynchronous."""
    with _client(request, eventyard_server, "SyncEventClient") as client:
        yield client


def _client(request: pytest.FixtureRequest, server: RunningServer, kind: str) -> Any:
    import eventyard

    marker = request.node.get_closest_marker("eventyard")
    contracts = marker.kwargs.get("contracts") if marker is not None else None
    meant = _meant(request)
    return getattr(eventyard, kind)(
        contracts,
        unknown="allow" if contracts is None else "refuse",
        source=None if contracts is not None else "test",
        bus=meant["bus"],
        endpoint_url=server.url,
        region="us-east-1",
        session=_session(meant["account"] or "test"),
    )


def _session(key: str) -> Any:
    from botocore.session import get_session

    session = get_session()
    session.set_credentials(key, "test")
    return session


@pytest.fixture
def eventyard_environment(eventyard_server: RunningServer, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """For the time of the test, boto3 and every process that the test starts use the server."""
    for name, value in eventyard_server.environment.items():
        monkeypatch.setenv(name, value)
    return eventyard_server.environment


_BEGAN = pytest.StashKey[int]()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> None:
    item.stash[_BEGAN] = time.time_ns() // 1_000_000


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """To the report of a test that failed, add what was published while it ran."""
    report: pytest.TestReport = yield  # type: ignore[assignment]  # pluggy sends it
    server = getattr(item, "funcargs", {}).get("eventyard_server")
    if call.when == "call" and report.failed and isinstance(server, RunningServer):
        report.sections.append(("Eventyard: published meanwhile", _published(item, server)))
    return report  # type: ignore[return-value]


def _published(item: pytest.Item, server: RunningServer) -> str:
    from eventyard.errors import EventyardError
    from eventyard.waiter import EventWaiter

    meant = _meant(item)
    try:
        with EventWaiter.connect(server.url, **meant) as waiter:
            events = waiter.past(item.stash[_BEGAN], _MOST + 1, _LOOK)
    except (EventyardError, OSError) as error:
        return f"{server.url} can't be asked: {error}"
    if not events:
        return f"Nothing, on bus {meant['bus']}."
    lines = [f"{event.time}  #{event.position} {str(event)[:300]}" for event in events[:_MOST]]
    if len(events) > _MOST:
        lines.append("and more.")
    return "\n".join(lines)


def _meant(where: pytest.FixtureRequest | pytest.Item) -> dict[str, Any]:
    """The bus and account that the test's marker names."""
    node = where if isinstance(where, pytest.Item) else where.node
    marker = node.get_closest_marker("eventyard")
    given = dict(marker.kwargs) if marker is not None else {}
    return {"bus": given.get("bus", "default"), "account": given.get("account")}


def _serving(data: Path) -> Iterator[RunningServer]:
    command = [sys.executable, "-m", "eventyard", "dev", "--port", "0", "--data", str(data)]
    log = data / "server.log"
    with (
        log.open("wb") as errors,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True) as process,
    ):
        try:
            assert process.stdout is not None
            url = next(
                (line.strip().rpartition("=")[2] for line in process.stdout if "AWS_ENDPOINT_URL=" in line), None
            )
            if url is None:
                pytest.fail(f"The server did not start:\n{log.read_text()[-2000:]}", pytrace=False)
            yield RunningServer(url)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(_STOP)
            except subprocess.TimeoutExpired:
                process.kill()
