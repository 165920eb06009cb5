"""Runs one handler, invocation after invocation, in a process of its own. A program, not a module of the server.

It is started with the interpreter and in the directory of the function, and needs nothing but the standard library.
Requests come as lines of JSON on standard input; what is answered goes to the file descriptor that the first argument
names, as lines of a letter with the invocation's id, a space and JSON: I (ready), F (it can't be loaded), R (a result),
E (an error that the handler raised), D (one after which it must not be asked again). Standard output is the handler's.
"""

from __future__ import annotations

import importlib
import io
import json
import os
import resource
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any

_MEBI = 1 << 20
#: The interpreter's own memory, which doesn't count as the function's.
_OWN = 64
#: PR_SET_CHILD_SUBREAPER of prctl(2).
_SUBREAPER = 36


class Context:
    """What Lambda's handlers know of their invocation (developer guide, "AWS Lambda context object in Python")."""

    def __init__(self, request: dict[str, Any]) -> None:
        self.aws_request_id = request["id"]
        self.invoked_function_arn = request["arn"]
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.identity = None
        self.client_context = request.get("client_context")
        self._deadline = request["deadline"] / 1000

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self._deadline - time.time()) * 1000))


def main() -> None:
    answers = os.fdopen(int(sys.argv[1]), "wb", buffering=0)
    os.set_inheritable(answers.fileno(), False)
    requests = os.fdopen(os.dup(0), "rb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)  # a handler that reads standard input must not get the next request

    def send(kind: str, text: str) -> None:
        data = f"{kind} {text}\n".encode()
        while data:
            data = data[answers.write(data) or 0 :]

    _adopt()
    limit = (int(os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]) + _OWN) * _MEBI
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True, write_through=False)
    sys.path[0] = os.getcwd()
    try:
        handler = _load(os.environ["_HANDLER"])
    except BaseException as error:  # noqa: BLE001 - whatever a module does when imported, the server is told
        _flush()
        send("F", json.dumps(_described(error)))
        sys.exit(1)
    _flush()
    send("I", "null")
    for line in requests:
        request = json.loads(line)
        os.environ["_X_AMZN_TRACE_ID"] = request.get("trace") or ""
        try:
            kind, answer = "R", json.dumps(handler(request["event"], Context(request)))
        except BaseException as error:  # noqa: BLE001 - also sys.exit() is an error of this invocation only
            kind, answer = "E", json.dumps(_described(error))
        if kind == "E" and "MemoryError" in answer:
            kind = "D"  # what is left of memory is too little for the next
        _flush()
        try:
            send(kind + request["id"], answer)
        except OSError:  # the handler has closed what it was to be answered by
            os._exit(1)


def _adopt() -> None:
    """What the handler starts stays below this process, whatever becomes of its parents (on Linux), so that the server
    finds it."""
    try:
        import ctypes

        ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)
    except (ImportError, OSError, AttributeError):
        return


def _flush() -> None:
    """What the handler printed must be out before its answer is; it may have closed or replaced its streams."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            continue


def _load(name: str) -> Callable[[Any, Context], Any]:
    module, _, function = name.rpartition(".")
    if not module:
        raise ImportError(f"Bad handler '{name}': not enough values to unpack (expected 2, got 1)")
    try:
        loaded = importlib.import_module(module.replace("/", "."))
    except ImportError as error:
        raise ImportError(f"Unable to import module '{module}': {error}") from error
    try:
        found: Callable[[Any, Context], Any] = getattr(loaded, function)
    except AttributeError:
        raise AttributeError(f"Handler '{function}' missing on module '{module}'") from None
    return found


def _described(error: BaseException) -> dict[str, Any]:
    """As Lambda answers an error that a Python handler raised."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame for frame in frames if frame.filename != __file__]
    return {
        "errorMessage": str(error),
        "errorType": type(error).__name__,
        "stackTrace": traceback.format_list(lines),
    }


if __name__ == "__main__":
    main()
