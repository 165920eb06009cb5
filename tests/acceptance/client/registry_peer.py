"""A small HTTP server that answers the three operations of the Schemas API that the client's registry asks, and can be
gone."""

from __future__ import annotations

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import unquote, urlsplit

_ONE = re.compile(r"/v1/registries/name/([^/]+)/schemas/name/([^/]+)(/versions)?")


class RegistryPeer:
    """``schemas``: by name, the contents of the versions, the first first. ``asked``: the paths of all requests.
    ``down``: whether it answers everybody with 503."""

    def __init__(self, kind: str = "JSONSchemaDraft4") -> None:
        self.schemas: dict[str, list[str]] = {}
        self.kind = kind
        self.asked: list[str] = []
        self.down = False
        peer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                status, answer = peer.answer(self.path)
                body = json.dumps(answer).encode()
                self.send_response(status)
                if status >= 400:
                    self.send_header("x-amzn-errortype", str(answer["Code"]))
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, target: str) -> tuple[int, dict[str, Any]]:
        parts = urlsplit(target)
        path = unquote(parts.path)
        self.asked.append(path)
        if self.down:
            return 503, {"Code": "ServiceUnavailableException", "Message": "Down."}
        if path == "/v1/registries/name/cars/schemas":
            return 200, {"Schemas": [{"SchemaName": n, "VersionCount": len(v)} for n, v in self.schemas.items()]}
        found = _ONE.fullmatch(path)
        if found is None or found[1] != "cars" or found[2] not in self.schemas:
            return 404, {"Code": "NotFoundException", "Message": "Not there."}
        versions = self.schemas[found[2]]
        if found[3]:
            return 200, {"SchemaVersions": [{"SchemaVersion": str(n + 1)} for n in range(len(versions))]}
        wanted = re.search(r"schemaVersion=(\d+)", parts.query)
        number = int(wanted[1]) if wanted else len(versions)
        content = versions[number - 1]
        return 200, {"SchemaName": found[2], "SchemaVersion": str(number), "Type": self.kind, "Content": content}
