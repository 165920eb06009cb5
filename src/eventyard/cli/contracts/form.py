"""``eventyard contracts form``: a form for one event in the browser, from which messages are published."""

from __future__ import annotations

import http.server
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from eventyard.cli.options import LOCAL, Contracts, ContractVersion, Endpoint, Event, Source
from eventyard.errors import InvalidRequest, NotFound

if TYPE_CHECKING:
    from eventyard.contract import Contract
    from eventyard.forms import Desk, Entered, Form


def form(
    event: Event,
    contracts: Contracts = Path(),
    source: Source = None,
    version: ContractVersion = None,
    bus: Annotated[str | None, typer.Option(help="Bus to publish to; the contract's, or else default.")] = None,
    endpoint: Endpoint = LOCAL,
    port: Annotated[int, typer.Option(help="Port of this machine to show it on; 0 takes a free one.")] = 0,
    browse: Annotated[bool, typer.Option("--browse/--no-browse", help="Open the browser.")] = True,
) -> None:
    """Show a form for an event in the browser, check what is entered, and publish it."""
    from eventyard.forms import Desk

    asked = _form(contracts, event, source, version)
    to = bus or asked.contract.bus or "default"
    desk = Desk(asked, "/", lambda entered: _publish(entered, asked.contract, to, endpoint), to)
    with _Server(("127.0.0.1", port), _handler(desk)) as server:
        url = f"http://127.0.0.1:{server.server_port}/"
        typer.echo(f"{asked.contract.name}: {url} (Ctrl+C ends it)")
        if browse:
            webbrowser.open(url)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            typer.echo()


def _form(folder: Path, event: str, source: str | None, version: int | None) -> Form:
    from eventyard.contract import read_repository
    from eventyard.forms import Form, ui_of

    repository = read_repository(folder)
    contract = repository.find(event, source, version)
    text = next((each.text for each in repository.documents if each.path == contract.path), None)
    if text is None:
        raise NotFound(f"The document {contract.path} is gone.")
    return Form(contract, repository.atoms, ui_of(text))


def _publish(entered: Entered, contract: Contract, bus: str, endpoint: str) -> str:
    from eventyard.cli.client import aws_client, told

    entry = {"Source": contract.source, "DetailType": contract.type, "Detail": entered.json, "EventBusName": bus}
    with told(endpoint):
        client = aws_client("events", endpoint)
        client.describe_event_bus(Name=bus)  # PutEvents takes events for an unknown bus without a word, as on AWS
        (result,) = client.put_events(Entries=[entry])["Entries"]
    if "ErrorCode" in result:
        raise InvalidRequest(f"{result['ErrorCode']}: {result['ErrorMessage']}")
    return str(result["EventId"])


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True


def _handler(desk: Desk) -> type[http.server.BaseHTTPRequestHandler]:
    from eventyard.forms.desk import LARGEST, Request

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30

        def do_GET(self) -> None:
            self._answer()

        def do_HEAD(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def _answer(self) -> None:
            path, _, query = self.path.partition("?")
            port = self.connection.getsockname()[1]
            # A name that somebody else's server has given to this address is none of ours.
            if self.headers.get("Host") not in (f"127.0.0.1:{port}", f"localhost:{port}"):
                self.send_error(421)
                return
            if path != "/":
                self.send_error(404)
                return
            length = self.headers.get("Content-Length", "0")
            if not length.isdecimal() or "Transfer-Encoding" in self.headers:
                self.send_error(400)
                return
            if int(length) > LARGEST:
                self.close_connection = True
                self.send_error(413)
                return
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = desk.answer(Request(self.command, query, headers, self.rfile.read(int(length))))
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(answer.body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer.body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: the browser shows what happens."""

    return Handler
