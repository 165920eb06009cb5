"""The way of a request: bytes, operation, caller, parameters, handler, bytes. The ASGI application.

Written as raw ASGI because everything here is paid for by every request.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from functools import cached_property

import structlog

from eventyard.errors import Broken, EventyardError, InvalidRequest, NotFound, Unsupported
from eventyard.hosts import Hosts
from eventyard.wire import eventstream
from eventyard.wire.credential import scope_of
from eventyard.wire.guard import Guard
from eventyard.wire.http import (
    Gone,
    Headers,
    Receive,
    Scope,
    Send,
    headers_of,
    read_body,
    request_of,
    send_answer,
    send_stream,
    while_there,
)
from eventyard.wire.operation import Authenticator, Caller, Door, Route
from eventyard.wire.origin import origin_of
from eventyard.wire.query import parse_form
from eventyard.wire.refusal import Refusal, refuse_json, refuse_page, refuse_query, refuse_rest, rest_code
from eventyard.wire.rest import Request, parse_query, segments_of
from eventyard.wire.service import Operation, Service

log = structlog.get_logger("wire")

Socket = Callable[[Scope, Receive, Send], Awaitable[None]]

_JSON_TYPES = (b"application/x-amz-json-1.", b"application/json")
_FORM = b"application/x-www-form-urlencoded"
_XML = b"text/xml"
_random = random.Random()  # for ids in logs, not for secrets


class App:
    """An ASGI 3 application that answers AWS's SDKs through ``doors`` and browsers through ``routes``. ``proxied``: see
    ``origin_of``. ``hosts``: the names that it answers to. ``sockets``: WebSockets by path, in ASGI's own messages.
    ``mounts``: by the beginning of the path, what answers HTTP requests all by itself, before they could be anything
    else."""

    def __init__(
        self,
        doors: Sequence[Door],
        routes: Sequence[Route],
        authenticate: Authenticator,
        max_body: int = 16 << 20,
        proxied: bool = False,
        hosts: Hosts | None = None,
        sockets: Mapping[str, Socket] | None = None,
        mounts: Mapping[str, Socket] | None = None,
    ) -> None:
        self._doors = doors
        self._proxied = proxied
        self._guard = Guard(hosts or Hosts())
        self._authenticate = authenticate.authenticate
        self._max_body = max_body
        self._sockets = sockets or {}
        self._mounts = mounts or {}
        self._mounted = tuple(self._mounts)
        self._pages = {(route.method, route.path): route for route in routes if not route.path.endswith("/*")}
        prefixes = [route for route in routes if route.path.endswith("/*")]
        self._prefixes = sorted(prefixes, key=lambda route: -len(route.path))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = scope["type"]
        if kind == "http":
            if scope["path"].startswith(self._mounted):
                await self._mount(scope, receive, send)
            else:
                await self._http(scope, receive, send)
        elif kind == "lifespan":
            await self._lifespan(receive, send)
        elif scope["path"] in self._sockets:
            await self._sockets[scope["path"]](scope, receive, send)
        else:
            await receive()
            await send({"type": "websocket.close", "code": 1003})

    async def _mount(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            for beginning, mounted in self._mounts.items():
                if scope["path"].startswith(beginning):
                    await mounted(scope, receive, send)
                    return
        except Gone:
            log.debug("client left", path=scope["path"])

    def warm(self) -> None:
        """Load the services' models now instead of at the first request."""
        _ = self._targets

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while (await receive())["type"] == "lifespan.startup":
            self.warm()
            await send({"type": "lifespan.startup.complete"})
        await send({"type": "lifespan.shutdown.complete"})

    @cached_property
    def _services(self) -> list[Service]:
        return [Service(door) for door in self._doors]

    @cached_property
    def _targets(self) -> dict[bytes, Operation]:
        return {
            f"{service.target_prefix}.{name}".encode(): operation
            for service in self._services
            if service.target_prefix
            for name, operation in service.operations.items()
        }

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        target = headers.get(b"x-amz-target")
        try:
            if target is not None:
                await self._json(target, scope, headers, receive, send)
                return
            route = self._route(scope["method"], scope["path"])
            if route is not None:
                await self._page(route, scope, receive, send)
            elif (rest := self._rest_operation(scope, headers)) is not None:
                await self._rest(*rest, scope, headers, receive, send)
            elif headers.get(b"content-type", b"").startswith(_FORM) or b"Action=" in scope["query_string"]:
                await self._query(scope, headers, receive, send)
            else:
                await self._nowhere(scope, receive, send)
        except Gone:
            log.debug("client left", path=scope["path"])

    async def _json(
        self, target: bytes, scope: Scope, headers: dict[bytes, bytes], receive: Receive, send: Send
    ) -> None:
        request_id = _new_id()
        operation = self._targets.get(target)
        content_type = b"application/x-amz-json-1.1" if operation is None else operation.service.content_type
        status, more = 200, []
        body: bytes | AsyncIterator[bytes] = b""
        try:
            request = await read_body(receive, self._max_body)
            self._guard.check(scope, headers)
            _check_encoding(headers)
            account, region = self._caller(scope, request)
            if operation is None or scope["method"] != "POST":
                raise _unknown(headers)
            if not headers.get(b"content-type", _JSON_TYPES[0]).startswith(_JSON_TYPES):
                raise _bad_media("The Content-Type must be application/x-amz-json-1.0 or application/x-amz-json-1.1.")
            caller = self._caller_of(account, region, request_id, scope, headers)
            body = await _run_json(operation, caller, request, receive)
        except EventyardError as error:
            if isinstance(error, Broken):
                log.error(
                    "request failed", request_id=request_id, target=target.decode("latin-1"), reason=error.message
                )
            refusal = _refuse_json(error, operation, content_type)
            status, more, body = refusal.status, refusal.headers, refusal.body
        except Gone:
            raise
        except Exception:  # answered as an internal failure, and logged with its request id
            log.exception("request failed", request_id=request_id, target=target.decode("latin-1"))
            refusal = _refuse_json(_internal(), operation, content_type)
            status, more, body = refusal.status, refusal.headers, refusal.body
        if not isinstance(body, bytes):
            stream = [(b"x-amzn-requestid", request_id.encode()), (b"content-type", eventstream.CONTENT_TYPE)]
            await send_stream(receive, send, status, stream, body)
            return
        answer = [(b"x-amzn-requestid", request_id.encode()), (b"content-type", content_type), *more]
        await send_answer(scope, send, status, answer, body)

    def _caller(self, scope: Scope, body: bytes) -> tuple[str, str]:
        return self._authenticate(scope["method"], scope["raw_path"], scope["query_string"], scope["headers"], body)

    def _caller_of(
        self, account: str, region: str, request_id: str, scope: Scope, headers: dict[bytes, bytes]
    ) -> Caller:
        address, secure = origin_of(scope, headers, self._proxied)
        return Caller(account, region, request_id, _endpoint(scope, headers), address, secure)

    async def _query(self, scope: Scope, headers: dict[bytes, bytes], receive: Receive, send: Send) -> None:
        request_id = _new_id()
        service: Service | None = None
        status, content_type, body = 200, _XML, b""
        try:
            request = await read_body(receive, self._max_body)
            self._guard.check(scope, headers)
            _check_encoding(headers)
            form = parse_form(scope["query_string"])
            if headers.get(b"content-type", b"").startswith(_FORM):
                form |= parse_form(request)
            service = self._service_of(form, headers)
            operation = None if service is None else service.operations.get(form.get("Action", ""))
            signed = b"authorization" in headers or "X-Amz-Signature" in form
            nobody = operation is not None and operation.open and not signed
            account, region = ("", "") if nobody else self._caller(scope, request)
            if operation is None:
                raise _unknown_action(form)
            caller = self._caller_of(account, region, request_id, scope, headers)
            handler = operation.handler
            params = operation.read_query(form, caller, scope["path"])
            work = handler(caller, params)
            result = await (while_there(work, receive) if operation.waits else work)
            body = operation.write_query(result, request_id)
        except EventyardError as error:
            refusal = _refuse_query(error, service, request_id)
            status, content_type, body = refusal.status, refusal.content_type, refusal.body
        except Gone:
            raise
        except Exception:  # answered as an internal failure, and logged with its request id
            log.exception("request failed", request_id=request_id, path=scope["path"])
            refusal = _refuse_query(_internal(), service, request_id)
            status, content_type, body = refusal.status, refusal.content_type, refusal.body
        answer = [(b"x-amzn-requestid", request_id.encode()), (b"content-type", content_type)]
        await send_answer(scope, send, status, answer, body)

    def _rest_operation(
        self, scope: Scope, headers: dict[bytes, bytes]
    ) -> tuple[Service, Operation | None, dict[str, str]] | None:
        """The service and operation that a REST request means, and the labels of its path; None if it is none.

        The signature's scope names the service; without one it is whichever has such a path."""
        signed = scope_of(headers.get(b"authorization", b""))
        services = [service for service in self._services if service.speaks_rest]
        if signed is not None:
            services = [service for service in services if service.signing_name == signed.service]
        segments, query = segments_of(scope["raw_path"]), parse_query(scope["query_string"])
        for service in services:
            for method, template, operation in service.templates:
                if method == scope["method"] and (labels := template.match(segments, query)) is not None:
                    return service, operation, labels
        return (services[0], None, {}) if signed is not None and services else None

    async def _rest(
        self,
        service: Service,
        operation: Operation | None,
        labels: dict[str, str],
        scope: Scope,
        headers: dict[bytes, bytes],
        receive: Receive,
        send: Send,
    ) -> None:
        request_id = _new_id()
        try:
            body = await read_body(receive, self._max_body)
            self._guard.check(scope, headers)
            _check_encoding(headers)
            account, region = self._caller(scope, body)
            if operation is None:
                raise NotFound(
                    f"{service.name} has no operation {scope['method']} {scope['path'][:200]}.",
                    "UnknownOperationException",
                )
            caller = self._caller_of(account, region, request_id, scope, headers)
            handler = operation.handler
            params = operation.read_rest(Request(labels, parse_query(scope["query_string"]), headers, body))
            work = handler(caller, params)
            answer = operation.write_rest(await (while_there(work, receive) if operation.waits else work))
        except EventyardError as error:
            if isinstance(error, Broken):
                log.error("request failed", request_id=request_id, path=scope["path"], reason=error.message)
            members = service.error_members(rest_code(error, service.statuses))
            refusal = refuse_rest(error, service.statuses, members)
        except Gone:
            raise
        except Exception:  # answered as an internal failure, and logged with its request id
            log.exception("request failed", request_id=request_id, path=scope["path"])
            refusal = refuse_rest(_internal(), service.statuses, ())
        else:
            more = [(b"x-amzn-requestid", request_id.encode()), (b"content-type", answer.content_type)]
            await send_answer(scope, send, answer.status, [*more, *answer.headers], answer.body)
            return
        await _send_refusal(scope, send, refusal, request_id)

    def _service_of(self, form: dict[str, str], headers: dict[bytes, bytes]) -> Service | None:
        """By the signature's scope, else by the API's version, else whichever has the action.

        Raises Unsupported when the scope names a service that is not served here."""
        speaking = [service for service in self._services if service.speaks_query]
        scope = scope_of(headers.get(b"authorization", b""))
        if scope is not None:
            for service in speaking:
                if service.name == scope.service:
                    return service
            if not any(service.name == scope.service for service in self._services):
                raise Unsupported(f"Service {scope.service[:50]} is not implemented by this server.")
        version, action = form.get("Version"), form.get("Action", "")
        return next(
            (service for service in speaking if service.version == version and action in service.operations),
            next((service for service in speaking if action in service.operations), None),
        )

    def _route(self, method: str, path: str) -> Route | None:
        route = self._pages.get((method, path))
        if route is None:
            for prefix in self._prefixes:
                if prefix.method == method and path.startswith(prefix.path[:-1]):
                    return prefix
        return route

    async def _page(self, route: Route, scope: Scope, receive: Receive, send: Send) -> None:
        request_id = _new_id()
        try:
            body, caller = await read_body(receive, self._max_body), None
            self._guard.check(scope, dict(scope["headers"]), page=True)
            if route.signed:
                account, region = self._caller(scope, body)
                caller = self._caller_of(account, region, request_id, scope, dict(scope["headers"]))
            response = await route.handle(request_of(scope, body, caller))
            headers = [(b"x-amzn-requestid", request_id.encode()), *headers_of(response)]
        except EventyardError as error:
            refusal = refuse_page(error)
        except Gone:
            raise
        except Exception:  # answered as an internal failure, and logged with its request id
            log.exception("request failed", request_id=request_id, path=scope["path"])
            refusal = refuse_page(_internal())
        else:
            if isinstance(response.body, bytes):
                await send_answer(scope, send, response.status, headers, response.body)
            else:
                await send_stream(receive, send, response.status, headers, response.body)
            return
        await _send_refusal(scope, send, refusal, request_id)

    async def _nowhere(self, scope: Scope, receive: Receive, send: Send) -> None:
        path, method = scope["path"], scope["method"]
        request_id = _new_id()
        allowed = {name for name, known in self._pages if known == path}
        allowed |= {prefix.method for prefix in self._prefixes if path.startswith(prefix.path[:-1])}
        if allowed:
            answer: Headers = [
                (b"allow", ", ".join(sorted(allowed)).encode()),
                (b"x-amzn-requestid", request_id.encode()),
            ]
            await send_answer(scope, send, 405, answer, b"")
        elif method == "POST":
            error = _unknown(dict(scope["headers"]))
            await _send_refusal(scope, send, refuse_json(error, None, {}, b"application/x-amz-json-1.1"), request_id)
        else:
            body = b'{"code":"NotFound","message":"There is nothing at this address."}'
            await _send_refusal(scope, send, Refusal(404, b"application/json", body), request_id)


async def _run_json(
    operation: Operation, caller: Caller, request: bytes, receive: Receive
) -> bytes | AsyncIterator[bytes]:
    if operation.fast is not None:
        body = await operation.fast(caller, request)
        if isinstance(body, bytes):
            return body
        if body is not None:
            waited: bytes = await while_there(body, receive)
            return waited
    handler = operation.handler
    work = handler(caller, operation.read_json(request))
    if operation.streams:
        return operation.write_stream(await work)
    return operation.write_json(await (while_there(work, receive) if operation.waits else work))


async def _send_refusal(scope: Scope, send: Send, refusal: Refusal, request_id: str) -> None:
    headers = [(b"x-amzn-requestid", request_id.encode()), (b"content-type", refusal.content_type), *refusal.headers]
    await send_answer(scope, send, refusal.status, headers, refusal.body)


def _refuse_json(error: EventyardError, operation: Operation | None, content_type: bytes) -> Refusal:
    if operation is None:
        return refuse_json(error, None, {}, content_type)
    return refuse_json(error, operation.service.name, operation.service.statuses, content_type)


def _refuse_query(error: EventyardError, service: Service | None, request_id: str) -> Refusal:
    if service is None:
        return refuse_query(error, None, {}, "", request_id)
    return refuse_query(error, service.name, service.statuses, service.namespace, request_id)


def _internal() -> Broken:
    return Broken(
        "The server met an unexpected error; its log has the details under this request's id.", "InternalFailure"
    )


def _unknown(headers: dict[bytes, bytes]) -> EventyardError:
    """For a target that no door's model has: an unknown operation, or a service that is not served here."""
    target = headers.get(b"x-amz-target", b"").decode("latin-1")[:200]
    scope = scope_of(headers.get(b"authorization", b""))
    if not target:
        return InvalidRequest("The request names no operation (X-Amz-Target or Action).", "UnknownOperationException")
    name = f" (service {scope.service[:50]})" if scope is not None else ""
    return InvalidRequest(f"{target}{name} is no operation that this server knows.", "UnknownOperationException")


def _unknown_action(form: dict[str, str]) -> EventyardError:
    if not form.get("Action"):
        return InvalidRequest("The request must contain the parameter Action.", "MissingAction")
    return InvalidRequest(f"The action {form['Action'][:100]} is not valid for this web service.", "InvalidAction")


def _check_encoding(headers: dict[bytes, bytes]) -> None:
    encoding = headers.get(b"content-encoding")
    if encoding is not None and encoding.lower() not in (b"identity", b"utf-8", b""):
        raise _bad_media("Compressed request bodies are not supported by this server: send without Content-Encoding.")


def _bad_media(message: str) -> InvalidRequest:
    return InvalidRequest(message, "UnsupportedMediaTypeException")


def _endpoint(scope: Scope, headers: dict[bytes, bytes]) -> str:
    host = headers.get(b"host")
    if not host:
        server = scope.get("server") or ("localhost", 80)
        return f"{scope['scheme']}://{server[0]}:{server[1]}"
    return f"{scope['scheme']}://{host.decode('latin-1')}"


def _new_id() -> str:
    text = f"{_random.getrandbits(128):032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
