"""A service as this room sees it: botocore's model, and per operation the readers, checks and writers made from it.

Models are loaded at the first request and each operation is prepared at its first call, so that a start costs nothing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from functools import cached_property, lru_cache
from typing import Any

import orjson

from eventyard.errors import Unsupported
from eventyard.wire import json, query, rest, sqs_names, validation
from eventyard.wire.eventstream import EventWriter
from eventyard.wire.operation import Caller, Door, Handler


@lru_cache(maxsize=64)
def load_model(service: str, protocol: str = "") -> Any:
    """botocore's ServiceModel; with protocol "query" that of SQS before it moved to JSON."""
    from botocore.loaders import Loader
    from botocore.model import ServiceModel

    raw = Loader().load_service_model(service, "service-2")
    if protocol == "query" and service == "sqs":
        raw = sqs_names.restored(raw)
    return ServiceModel(raw, service)


class Service:
    """One door and the model of its service."""

    def __init__(self, door: Door) -> None:
        self.door = door
        self.name = door.service
        model = load_model(self.name)
        self.target_prefix: str = model.metadata.get("targetPrefix", "")
        self.content_type: bytes = b"application/x-amz-json-" + model.metadata.get("jsonVersion", "1.1").encode()
        self.version: str = model.metadata["apiVersion"]
        self.signing_name: str = model.metadata.get("signingName", model.metadata.get("endpointPrefix", self.name))
        self.speaks_rest: bool = model.metadata.get("protocol") == "rest-json"
        self.speaks_query: bool = self.name == "sqs" or model.metadata.get("protocol") == "query"
        query_model = load_model(self.name, "query") if self.speaks_query else model
        self.namespace: str = query_model.metadata.get("xmlNamespace", "")
        #: HTTP status by error shape, and by error code, where the model gives one.
        self.statuses: dict[str, int] = {}
        for shape in model.error_shapes:
            error = shape.metadata.get("error", {})
            status = int(error.get("httpStatusCode", 500 if shape.metadata.get("fault") else 400))
            self.statuses[shape.name] = self.statuses[error.get("code", shape.name)] = status
        self.operations = {name: Operation(self, name) for name in model.operation_names}
        self._model = model

    @cached_property
    def templates(self) -> list[tuple[str, rest.Template, Operation]]:
        """For REST: methods and URI templates, in the order in which they are to be tried."""
        found = []
        for name, operation in self.operations.items():
            http = self._model.operation_model(name).http
            found.append((http.get("method", "POST"), rest.Template.of(http["requestUri"]), operation))
        return sorted(found, key=lambda row: row[1].rank)

    def error_members(self, code: str) -> list[str]:
        """The members of the error shape ``code``; empty if the model has none of that name."""
        shape = next((shape for shape in self._model.error_shapes if shape.name == code), None)
        return [] if shape is None else list(shape.members)


class Operation:
    """One operation of a service: from bytes to parameters, and from a result to bytes."""

    def __init__(self, service: Service, name: str) -> None:
        self.service = service
        self.name = name
        self.waits = name in service.door.waits
        self.open = name in service.door.open
        self.fast = service.door.fast.get(name)
        self._handler = service.door.operations.get(name)

    @property
    def handler(self) -> Handler:
        """Raises Unsupported when AWS has the operation and this server does not."""
        if self._handler is None:
            raise Unsupported(
                f"Operation {self.name} of service {self.service.name} is not implemented by this server."
            )
        return self._handler

    @cached_property
    def _model(self) -> Any:
        return load_model(self.service.name).operation_model(self.name)

    @cached_property
    def _query_model(self) -> Any:
        return load_model(self.service.name, "query").operation_model(self.name)

    @cached_property
    def _read_json(self) -> json.Reader:
        shape = self._model.input_shape
        return json.make_reader(shape) if shape is not None else lambda value: {}

    @cached_property
    def validate(self) -> Callable[[dict[str, Any]], None]:
        """Raises InvalidRequest for parameters that the model does not allow."""
        if self.service.name == "sqs":
            # Beyond presence SQS checks in its own words, per operation.
            return validation.make_presence(self._query_model.input_shape)
        shape = self._model.input_shape
        return validation.make_validator(shape) if shape is not None else lambda params: None

    @cached_property
    def _write_json(self) -> json.Writer:
        shape = self._model.output_shape
        return json.make_writer(shape) if shape is not None else lambda value: {}

    @cached_property
    def streams(self) -> bool:
        """Whether the answer is a stream of events."""
        return bool(self._model.has_event_stream_output)

    @cached_property
    def _write_stream(self) -> EventWriter:
        return EventWriter(self._model.output_shape)

    def write_stream(self, result: dict[str, Any]) -> AsyncIterator[bytes]:
        """The frames of an answer that is a stream of events."""
        return self._write_stream.write(result)

    @cached_property
    def _read_query(self) -> query.Reader:
        shape = self._query_model.input_shape
        return query.make_reader(shape) if shape is not None else lambda tree: {}

    @cached_property
    def _write_query(self) -> query.Writer | None:
        shape = self._query_model.output_shape
        return query.make_writer(shape) if shape is not None else None

    @cached_property
    def _takes_queue_url(self) -> bool:
        shape = self._query_model.input_shape
        return shape is not None and "QueueUrl" in shape.members

    def read_json(self, body: bytes) -> dict[str, Any]:
        params = json.read_params(self._read_json, body)
        self.validate(params)
        return params

    def write_json(self, result: dict[str, Any] | None) -> bytes:
        value = self._write_json(result or {})
        if not value and self._model.output_shape is None:
            return b""
        return orjson.dumps(value)

    @cached_property
    def _read_rest(self) -> Callable[[rest.Request], dict[str, Any]]:
        return rest.make_request_reader(self._model.input_shape)

    @cached_property
    def _write_rest(self) -> Callable[[dict[str, Any]], rest.Answer]:
        return rest.make_answer_writer(self._model.output_shape, int(self._model.http.get("responseCode", 200)))

    def read_rest(self, request: rest.Request) -> dict[str, Any]:
        params = self._read_rest(request)
        self.validate(params)
        return params

    def write_rest(self, result: dict[str, Any] | None) -> rest.Answer:
        return self._write_rest(result or {})

    def read_query(self, form: dict[str, str], caller: Caller, path: str) -> dict[str, Any]:
        """``path`` is what was posted to: a queue's URL names the queue even when the form does not."""
        params: dict[str, Any] = self._read_query(query.grow(form))
        if self._takes_queue_url and "QueueUrl" not in params and path.strip("/"):
            params["QueueUrl"] = caller.endpoint + path
        self.validate(params)
        return params

    def write_query(self, result: dict[str, Any] | None, request_id: str) -> bytes:
        out: list[str] = []
        if self._write_query is not None:
            wrapper = self._query_model.output_shape.serialization.get("resultWrapper", f"{self.name}Result")
            self._write_query(wrapper, result or {}, out)
        return query.envelope(self.name, self.service.namespace, "".join(out), request_id)
