"""Functions whose code is not uploaded: in a folder, in another language, a program, or at a URL."""

from __future__ import annotations

import base64
import io
import json
import shutil
import sys
import threading
import urllib.request
import venv
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest

from tests.acceptance.functions.test_functions import ROLE, Yard
from tests.acceptance.refusal import refused
from tests.acceptance.server import Server
from tests.acceptance.waiting import until


class Pages:
    """The platform's own pages, as one account."""

    def __init__(self, url: str, account: str) -> None:
        self._url = url
        self._account = account

    def __call__(self, method: str, name: str, asked: dict[str, Any] | None = None) -> tuple[int, Any]:
        url = f"{self._url}/_eventyard/functions{name and '/' + name}?account={self._account}"
        body = None if asked is None else json.dumps(asked).encode()
        request = urllib.request.Request(url, body, {"content-type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, json.load(answer)
        except HTTPError as error:
            with error:
                return error.code, json.load(error)


@pytest.fixture
def pages(server: Server, account: str) -> Pages:
    return Pages(server.url, account)


@pytest.fixture
def yard(connect: Callable[[str], Any]) -> Yard:
    return Yard(connect)


def test_a_function_in_a_folder_is_run_and_loaded_anew_when_it_changes(
    yard: Yard, pages: Pages, tmp_path: Path
) -> None:
    code = tmp_path / "handlers.py"
    code.write_text("import helper\ndef on_success(event, context):\n    return [event, helper.word]\n")
    (tmp_path / "helper.py").write_text("word = 'one'\n")
    status, made = pages("PUT", "f", {"path": str(tmp_path), "handler": "handlers.on_success", "memory": 256})
    assert (status, made["origin"], made["memory"], made["timeout"]) == (201, "path", 256, 3)
    assert yard.call("f", 7)[1] == [7, "one"]
    (tmp_path / "helper.py").write_text("word = 'another'\n")
    assert until(lambda: yard.call("f", 7)[1] == [7, "another"])
    found = yard.functions.get_function(FunctionName="f")
    assert found["Configuration"]["Runtime"] == f"python3.{sys.version_info.minor}"
    assert found["Code"]["Location"] == tmp_path.as_uri()
    with refused("InvalidParameterValueException"):
        yard.functions.update_function_code(FunctionName="f", ZipFile=b"x")
    assert pages("PUT", "f", {"path": str(code), "handler": "on_success"})[0] == 200
    assert yard.call("f", 8)[1] == [8, "another"]
    assert [each["name"] for each in pages("GET", "")[1]["functions"]] == ["f"]
    assert pages("DELETE", "f")[0] == 200
    assert pages("GET", "f")[0] == 404


def test_a_function_runs_in_its_own_virtual_environment(yard: Yard, pages: Pages, tmp_path: Path) -> None:
    own = tmp_path / "own"
    venv.create(own, symlinks=True)
    site = next(own.glob("lib/python*/site-packages"))
    (site / "only_here.py").write_text("word = 'mine'\n")
    (tmp_path / "h.py").write_text("import sys, only_here\ndef f(e, c):\n    return [only_here.word, sys.prefix]\n")
    for python in (str(own), "own", "own/bin/python"):
        pages("PUT", "f", {"path": str(tmp_path), "handler": "h.f", "python": python})
        assert yard.call("f")[1] == ["mine", str(own)]
    pages("PUT", "f", {"path": str(tmp_path), "handler": "h.f"})
    assert yard.call("f")[1]["errorType"] == "ImportError"
    own.rename(tmp_path / ".venv")
    assert yard.call("f")[1][0] == "mine", "the environment in the folder is the function's without being named"


def test_a_program_gets_the_event_on_its_input_and_answers_on_its_output(
    yard: Yard, pages: Pages, tmp_path: Path
) -> None:
    script = tmp_path / "run.sh"
    script.write_text('#!/bin/sh\necho "$COLOUR $AWS_LAMBDA_REQUEST_ID" >&2\necho "{\\"got\\": $(cat)}"\n')
    script.chmod(0o755)
    asked = {"path": str(tmp_path), "command": ["./run.sh"], "environment": {"COLOUR": "blue"}}
    assert pages("PUT", "f", asked)[0] == 201
    answer, result = yard.call("f", {"vrm": "AB12 CDE"}, LogType="Tail")
    assert result == {"got": {"vrm": "AB12 CDE"}}
    assert base64.b64decode(answer["LogResult"]).decode().startswith("blue ")
    pages("PUT", "f", {"path": str(tmp_path), "command": "sh -c 'cat > /dev/null; echo no such car >&2; exit 3'"})
    answer, error = yard.call("f", {})
    assert answer["FunctionError"] == "Unhandled"
    assert error == {"errorMessage": "no such car", "errorType": "Runtime.ExitError"}
    pages("PUT", "f", {"path": str(tmp_path), "command": ["echo", "no", "json"]})
    assert yard.call("f", {})[1]["errorType"] == "Runtime.InvalidResponse"
    pages("PUT", "f", {"path": str(tmp_path), "command": ["sh", "-c", "sleep 60 & echo 7"], "timeout": 30})
    assert yard.call("f", {})[1] == 7, "what a program leaves running is not waited for"
    pages("PUT", "f", {"path": str(tmp_path), "command": ["sleep", "60"], "timeout": 1})
    assert yard.call("f", {})[1]["errorType"] == "Sandbox.Timedout"
    pages("PUT", "f", {"path": str(tmp_path), "command": ["./not-there"]})
    assert yard.call("f", {})[1]["errorType"] == "Runtime.InvalidEntrypoint"


BOOTSTRAP = """#!/usr/bin/python3 -I
import json, os, sys, urllib.request
api = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/"
calls = 0
while True:
    with urllib.request.urlopen(api + "invocation/next") as answer:
        event, id = json.load(answer), answer.headers["Lambda-Runtime-Aws-Request-Id"]
        arn = answer.headers["Lambda-Runtime-Invoked-Function-Arn"]
    calls += 1
    print("call", calls, flush=True)
    if event == "fail":
        kind, body = "error", {"errorMessage": "no such car", "errorType": "NoCar"}
    elif event == "leave":
        sys.exit(7)
    else:
        kind, body = "response", {"event": event, "calls": calls, "arn": arn, "task": os.environ["LAMBDA_TASK_ROOT"]}
    urllib.request.urlopen(api + f"invocation/{id}/{kind}", json.dumps(body).encode()).close()
"""


def zipped(name: str, text: str, mode: int = 0o755) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        member = zipfile.ZipInfo(name)
        member.external_attr = mode << 16
        archive.writestr(member, text)
    return file.getvalue()


def make(yard: Yard, runtime: str, handler: str, code: bytes) -> str:
    made = yard.functions.create_function(
        FunctionName="f", Runtime=runtime, Role=ROLE, Handler=handler, Timeout=10, Code={"ZipFile": code}
    )
    return str(made["FunctionArn"])


def test_a_custom_runtime_asks_for_its_invocations(yard: Yard) -> None:
    code = BOOTSTRAP.replace("/usr/bin/python3", sys.executable)
    arn = make(yard, "provided.al2023", "any", zipped("bootstrap", code))
    answer, result = yard.call("f", {"n": 1}, LogType="Tail")
    assert (result["event"], result["calls"], result["arn"]) == ({"n": 1}, 1, arn)
    assert base64.b64decode(answer["LogResult"]) == b"call 1\n"
    assert yard.call("f", 2)[1]["calls"] == 2
    assert yard.call("f", "fail")[1] == {"errorMessage": "no such car", "errorType": "NoCar"}
    assert "exit status 7" in yard.call("f", "leave")[1]["errorMessage"]
    assert yard.call("f", 3)[1]["calls"] == 1


NODE = """
let calls = 0;
exports.echo = async (event, context) => {
  console.log("called with", JSON.stringify(event));
  return { event, calls: ++calls, id: context.awsRequestId, left: context.getRemainingTimeInMillis() };
};
exports.back = (event, context, callback) => setTimeout(() => callback(null, "later"), 1);
exports.fail = async () => { throw new TypeError("no such car"); };
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no node here")
def test_a_node_function_runs(yard: Yard) -> None:
    make(yard, "nodejs20.x", "index.echo", zipped("index.js", NODE))
    answer, result = yard.call("f", {"n": 1}, LogType="Tail")
    assert (result["event"], result["calls"]) == ({"n": 1}, 1)
    assert 8000 < result["left"] <= 10_000
    assert base64.b64decode(answer["LogResult"]) == b'called with {"n":1}\n'
    for handler, expected in (("index.back", "later"), ("index.none", "Runtime.HandlerNotFound")):
        yard.functions.update_function_configuration(FunctionName="f", Handler=handler)
        result = yard.call("f")[1]
        assert (result if isinstance(result, str) else result["errorType"]) == expected
    yard.functions.update_function_configuration(FunctionName="f", Handler="index.fail")
    error = yard.call("f")[1]
    assert (error["errorType"], error["errorMessage"]) == ("TypeError", "no such car")


class Emulator(BaseHTTPRequestHandler):
    """Answers as Lambda's runtime interface emulator does."""

    def do_POST(self) -> None:
        event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer: Any = {"path": self.path, "event": event}
        if event == "fail":
            answer = {"errorMessage": "no such car", "errorType": "ValueError"}
        body = json.dumps("x" * (5 << 20) if event == "big" else answer).encode()
        self.send_response(500 if event == "broken" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def emulator() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Emulator)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_function_at_a_url_is_called_by_the_emulators_protocol(yard: Yard, pages: Pages, emulator: str) -> None:
    assert pages("PUT", "f", {"url": emulator})[0] == 201
    assert yard.call("f", 1)[1] == {"path": "/2015-03-31/functions/function/invocations", "event": 1}
    assert len(yard.call("f", "big")[1]) == 5 << 20
    answer, error = yard.call("f", "fail")
    assert (answer["FunctionError"], error["errorType"]) == ("Unhandled", "ValueError")
    assert yard.call("f", "broken")[1]["errorType"] == "Runtime.BadStatus"
    assert yard.functions.get_function(FunctionName="f")["Configuration"]["PackageType"] == "Image"
    pages("PUT", "f", {"url": "http://10.1.2.3:9000"})
    assert "not a public address" in yard.call("f", 1)[1]["errorMessage"]
    pages("PUT", "f", {"url": "http://127.0.0.1:9"})
    assert yard.call("f", 1)[1]["errorType"] == "Runtime.Unreachable"


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({}, "Say where the code is"),
        ({"path": "here", "handler": "h.f"}, "must be absolute"),
        ({"path": "/not/there", "handler": "h.f"}, "There is nothing at path /not/there"),
        ({"path": "/", "colour": "blue"}, "unknown field `colour`"),
        ({"path": "/", "handler": "h.f", "runtime": "ruby3.3"}, "this server runs python3.x"),
        ({"path": "/", "handler": "h.f", "memory": 1}, "`int` >= 128 - at `$.memory`"),
        ({"path": "/"}, "handler must be given"),
        ({"command": ["true"]}, "needs a path"),
        ({"url": "ftp://x"}, "url must be like"),
        ({"url": "http://x", "path": "/"}, "has no path"),
        ({"url": "http://x", "on_failure": "arn:aws:s3:::b"}, "is not supported by this server"),
    ],
)
def test_what_can_not_be_run_is_refused_by_name(pages: Pages, asked: dict[str, Any], said: str) -> None:
    status, answer = pages("PUT", "f", asked)
    assert status in (400, 501)
    assert said in json.dumps(answer)


@pytest.mark.parametrize("name", ["evil.example", "127.0.0.1.evil.example"])
def test_a_page_under_another_name_can_not_bring_code(server: Server, account: str, tmp_path: Path, name: str) -> None:
    body = json.dumps({"path": str(tmp_path), "command": ["true"]}).encode()
    url, headers = f"{server.url}/_eventyard/functions/f?account={account}", {"Host": f"{name}:4010"}
    with pytest.raises(HTTPError) as caught:
        urllib.request.urlopen(urllib.request.Request(url, body, headers, method="PUT"), timeout=20)
    with caught.value as error:
        assert error.code == 403
