"""The platform's own pages on functions: code that is not uploaded but lies in a folder, is a program, or is called.

What is brought here shows up in Lambda's API like any other function.
"""

from __future__ import annotations

import hashlib
import re
import shlex
import sys
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec

from eventyard.api.answers import JSON, may_see, routes
from eventyard.api.functions.checks import (
    check_runtime,
    check_timeout,
    dead_letter_of,
    destination_of,
    environment_of,
)
from eventyard.clock import Clock
from eventyard.errors import Conflict, Forbidden, InvalidRequest, NotFound
from eventyard.functions import Function, Functions, function_arn
from eventyard.names import Arn
from eventyard.wire import HttpRequest, HttpResponse, Route

_ROOT = "/_eventyard/functions"
_ACCOUNT, _REGION = "123456789012", "us-east-1"
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)

Memory = Annotated[int, msgspec.Meta(ge=128, le=10_240)]
Timeout = Annotated[int, msgspec.Meta(ge=1, le=900)]


class Wanted(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """What is asked for: one of ``path``, ``command`` and ``url`` says where the code is. ``memory``: MiB.
    ``timeout``, ``max_age``: seconds. ``concurrency``: invocations at once, None for the server's default."""

    path: str | None = None
    handler: str = ""
    python: str | None = None
    runtime: str | None = None
    command: str | list[str] = []
    url: str | None = None
    environment: dict[str, str] = {}
    memory: Memory = 128
    timeout: Timeout = 3
    concurrency: Annotated[int, msgspec.Meta(ge=0)] | None = None
    retries: Annotated[int, msgspec.Meta(ge=0, le=2)] = 2
    max_age: Annotated[int, msgspec.Meta(ge=60, le=21_600)] = 21_600
    dead_letter_queue: str | None = None
    on_success: str | None = None
    on_failure: str | None = None
    description: Annotated[str, msgspec.Meta(max_length=256)] = ""
    role: str = ""
    tags: dict[str, str] = {}


class FunctionPages:
    """``allowed``: whether users may bring code to this server at all."""

    def __init__(self, functions: Functions, clock: Clock, allowed: bool) -> None:
        self._functions = functions
        self._clock = clock
        self._allowed = allowed

    def routes(self) -> list[Route]:
        return routes(
            ("GET", _ROOT, self.list),
            ("GET", f"{_ROOT}/*", self.show),
            ("PUT", f"{_ROOT}/*", self.put),
            ("DELETE", f"{_ROOT}/*", self.delete),
        )

    async def list(self, request: HttpRequest) -> HttpResponse:
        """The functions of an account in a region, with those that came through Lambda's API. Query: account,
        region."""
        account, region = _home(request)
        found = self._functions.find(account, region)
        shown = [_shown(function) for function in found if may_see(request, function.arn)]
        return _answer({"functions": shown})

    async def show(self, request: HttpRequest) -> HttpResponse:
        """One function."""
        return _answer(_shown(self._functions.get(_arn(request))))

    async def put(self, request: HttpRequest) -> HttpResponse:
        """Make the function, or make it anew as it is asked for now; its warm processes are ended."""
        if not self._allowed:
            raise Forbidden(
                "This server runs nobody's code. Start it with --functions to let users bring theirs.",
                "AccessDeniedException",
            )
        arn = _arn(request)
        try:
            wanted = msgspec.json.decode(request.body, type=Wanted)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise InvalidRequest(f"The function is not as it should be: {error}.") from error
        made = self._function(arn, wanted)
        try:
            before = self._functions.get(arn)
        except NotFound:
            await self._functions.create(made)
            return _answer(_shown(made), 201)
        if before.origin == "zip":
            raise Conflict(
                f"Function {before.name} has its code from a zip file. Delete it first.", "ResourceConflictException"
            )
        after = await self._functions.change(
            arn, lambda function: msgspec.structs.replace(made, statements=function.statements)
        )
        return _answer(_shown(after))

    async def delete(self, request: HttpRequest) -> HttpResponse:
        """Forget the function, and what was to be invoked later."""
        arn = _arn(request)
        await self._functions.delete(arn)
        return _answer({"arn": arn})

    def _function(self, arn: str, wanted: Wanted) -> Function:
        """Raises InvalidRequest."""
        home = Arn.parse(arn)
        command = tuple(shlex.split(wanted.command) if isinstance(wanted.command, str) else wanted.command)
        runtime, handler = _origin(wanted, command)
        check_timeout(wanted.timeout)
        account, region, name = arn.split(":")[4], arn.split(":")[3], arn.rpartition(":")[2]
        where = msgspec.json.encode([wanted.path, wanted.python, runtime, command, wanted.url])
        return Function(
            arn=arn,
            account=account,
            region=region,
            name=name,
            runtime=runtime,
            role=wanted.role or f"arn:aws:iam::{account}:role/{name}",
            handler=handler,
            code=hashlib.sha256(where).hexdigest(),
            size=0,
            modified=self._clock.now(),
            revision=str(uuid.uuid4()),
            description=wanted.description,
            timeout=wanted.timeout,
            memory=wanted.memory,
            environment=environment_of(wanted.environment),
            dead_letter_arn=dead_letter_of(wanted.dead_letter_queue),
            tags=wanted.tags,
            reserved=wanted.concurrency,
            retries=wanted.retries,
            max_age=wanted.max_age,
            path=wanted.path,
            python=wanted.python,
            command=command,
            url=wanted.url,
            on_success=destination_of(wanted.on_success, home),
            on_failure=destination_of(wanted.on_failure, home),
        )


def _origin(wanted: Wanted, command: tuple[str, ...]) -> tuple[str, str]:
    """Runtime and handler. Raises InvalidRequest for code that can't be found where it is said to be."""
    place = None if wanted.path is None else Path(wanted.path)
    if place is not None and not place.is_absolute():
        raise InvalidRequest("path must be absolute: it is seen from the server, wherever it was started.")
    if place is not None and not place.exists():
        raise InvalidRequest(f"There is nothing at path {place} on the server's machine.")
    if wanted.url is not None:
        parts = urlsplit(wanted.url)
        if parts.scheme not in ("http", "https") or not parts.hostname or not wanted.url.isascii():
            raise InvalidRequest(f"url must be like http://127.0.0.1:9000, not {wanted.url}.")
        _only(wanted, "url", "path", "command", "python", "runtime", "handler")
        return "", ""
    if command:
        _only(wanted, "command", "python", "runtime", "handler")
        if place is None:
            raise InvalidRequest("A command needs a path, the folder that it runs in.")
        return "provided.al2023", shlex.join(command)
    if place is None:
        raise InvalidRequest("Say where the code is: path (a folder or a file), command or url.")
    runtime = wanted.runtime or f"python3.{sys.version_info.minor}"
    check_runtime(runtime)
    if runtime.startswith("provided"):
        return runtime, wanted.handler
    if not wanted.handler:
        raise InvalidRequest("handler must be given, such as handlers.on_success.")
    inside = place.is_file() and "." not in wanted.handler
    return runtime, f"{place.stem}.{wanted.handler}" if inside else wanted.handler


def _only(wanted: Wanted, kind: str, *others: str) -> None:
    for name in others:
        if getattr(wanted, name):
            raise InvalidRequest(f"A function with a {kind} has no {name}.")


def _home(request: HttpRequest) -> tuple[str, str]:
    caller = request.caller
    account, region = (_ACCOUNT, _REGION) if caller is None else (caller.account, caller.region)
    return request.query.get("account", account), request.query.get("region", region)


def _arn(request: HttpRequest) -> str:
    """Raises Forbidden for another account's function, InvalidRequest for what is no name."""
    name = request.path.removeprefix(f"{_ROOT}/")
    if not _NAME.fullmatch(name):
        raise InvalidRequest(f"{name[:100]} is no name of a function: letters, digits, - and _, 64 of them at most.")
    account, region = _home(request)
    if not re.fullmatch(r"\d{12}", account, re.ASCII) or not re.fullmatch(r"[a-z0-9-]{1,32}", region, re.ASCII):
        raise InvalidRequest("account must be twelve digits, and region a region.")
    arn = function_arn(account, region, name)
    if not may_see(request, arn):
        raise Forbidden(f"Account {account} is not yours.", "AccessDeniedException")
    return arn


def _shown(function: Function) -> Mapping[str, Any]:
    """A function as it was asked for, and what it is now."""
    asked = Wanted(
        path=function.path,
        handler="" if function.command else function.handler,
        python=function.python,
        runtime=None if function.command else function.runtime or None,
        command=list(function.command),
        url=function.url,
        environment=dict(function.environment),
        memory=function.memory,
        timeout=function.timeout,
        concurrency=function.reserved,
        retries=function.retries,
        max_age=function.max_age,
        dead_letter_queue=function.dead_letter_arn,
        on_success=function.on_success,
        on_failure=function.on_failure,
        description=function.description,
        role=function.role,
        tags=dict(function.tags),
    )
    found: dict[str, Any] = msgspec.to_builtins(asked)
    return {
        "name": function.name,
        "arn": function.arn,
        "origin": function.origin,
        "revision": function.revision,
        "modified": function.modified,
        "memory": function.memory,
        "timeout": function.timeout,
        "retries": function.retries,
        "max_age": function.max_age,
        **found,
    }


def _answer(value: object, status: int = 200) -> HttpResponse:
    return HttpResponse(status, JSON, msgspec.json.encode(value))
