"""An endpoint that takes requests as AWS would: it verifies the signature, and holds parameters against the service's
model, as botocore has it. What it answers, the test says."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import botocore.session
from botocore.validate import ParamValidator

from eventyard.clock import SystemClock
from eventyard.errors import EventyardError
from eventyard.wire import SigV4Authenticator

KEY, SECRET = "AKIAELSEWHERE", "a-secret-for-elsewhere"
ACCOUNT = "999988887777"

#: By what requests name their targets; botocore's name of the service.
_SERVICES = {"AWSStepFunctions": "stepfunctions", "Logs_20140328": "logs", "AmazonSQS": "sqs"}


class Aws:
    """``asked``: operation and parameters of each request that was as it should be. ``wrong``: what was not."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.wrong: list[str] = []
        self.answers: deque[tuple[int, Mapping[str, Any], Mapping[str, str]]] = deque()
        self._proof = SigV4Authenticator({KEY: (SECRET, ACCOUNT)}, SystemClock())
        self._session = botocore.session.Session()
        aws = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                status, answer, more = aws.answer(self.path, list(self.headers.items()), body)
                data = json.dumps(answer).encode()
                self.send_response(status)
                for name, value in {"content-type": "application/x-amz-json-1.0", **more}.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *args: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def then(self, status: int, answer: Mapping[str, Any], **headers: str) -> None:
        """What the next request that was not spoken of yet is answered."""
        self.answers.append((status, answer, headers))

    def answer(
        self, path: str, headers: list[tuple[str, str]], body: bytes
    ) -> tuple[int, Mapping[str, Any], Mapping[str, str]]:
        signed = [(name.lower().encode(), value.encode()) for name, value in headers]
        raw_path, _, query = path.encode().partition(b"?")
        try:
            self._proof.authenticate("POST", raw_path, query, signed, body)
        except EventyardError as error:
            self.wrong.append(error.message)
            return 403, {"__type": error.code, "message": error.message}, {}
        target = next(value for name, value in headers if name.lower() == "x-amz-target")
        prefix, _, operation = target.partition(".")
        shape = self._session.get_service_model(_SERVICES[prefix]).operation_model(operation).input_shape
        params = json.loads(body)
        report = ParamValidator().validate(params, shape)
        if report.has_errors():
            self.wrong.append(report.generate_report())
            return 400, {"__type": "ValidationException", "message": report.generate_report()}, {}
        self.asked.append((operation, params))
        return self.answers.popleft() if self.answers else (200, {}, {})

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
