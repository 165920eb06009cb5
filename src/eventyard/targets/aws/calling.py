"""One request to AWS, and its answer. It knows no operation, and tries nothing twice."""

from __future__ import annotations

import asyncio
from typing import Any

import botocore.session
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest, HeadersDict, create_request_object, prepare_request_dict
from botocore.credentials import Credentials
from botocore.exceptions import ParamValidationError
from botocore.parsers import ResponseParserError, create_parser
from botocore.serialize import create_serializer

from eventyard.errors import Forbidden
from eventyard.targets.aws.meaning import meaning
from eventyard.targets.http.client import Call, Client, Unreachable
from eventyard.targets.http.outcome import retry_after
from eventyard.targets.session import Away, Refused


class Caller:
    """Calls operations with ``credentials``. ``endpoint``: None for AWS's own in each region."""

    def __init__(self, client: Client, credentials: Credentials, endpoint: str | None, seconds: float) -> None:
        self._client = client
        self._credentials = credentials
        self._endpoint = endpoint
        self._seconds = seconds
        self._session = botocore.session.Session()
        self._loading: dict[str, asyncio.Task[Any]] = {}

    def url(self, model: Any, region: str) -> str:
        """Where the service is. Raises Refused for a region that has none of it."""
        if self._endpoint is not None:
            return self._endpoint.rstrip("/")
        found = self._session.get_component("endpoint_resolver").construct_endpoint(model.endpoint_prefix, region)
        if not found:
            raise Refused(f"{model.service_name} has no endpoint in {region}.", "NO_RESOURCE")
        return f"https://{found['hostname']}"

    async def model(self, service: str) -> Any:
        """botocore's model of a service; it takes a while to be read, so not on the event loop."""
        if service not in self._loading:
            loading = asyncio.to_thread(self._session.get_service_model, service)
            self._loading[service] = asyncio.get_running_loop().create_task(loading)
        return await asyncio.shield(self._loading[service])

    async def call(self, service: str, operation: str, region: str, params: dict[str, Any]) -> dict[str, Any]:
        """What the operation answers. Raises Refused where asking again can't help, and Away where it may."""
        model = await self.model(service)
        shape = model.operation_model(operation)
        try:
            request = create_serializer(model.resolved_protocol, True).serialize_to_request(params, shape)
        except ParamValidationError as error:
            raise Refused(f"{service} can't be given that: {error}") from error
        prepare_request_dict(request, self.url(model, region))
        asked = create_request_object(request)
        asked.context["payload_signing_enabled"] = True
        SigV4Auth(self._credentials, model.signing_name, region).add_auth(asked)
        answer = await self._send(asked)
        try:
            read = create_parser(model.resolved_protocol).parse(
                {"status_code": answer.status, "headers": HeadersDict(answer.headers), "body": answer.body},
                shape.output_shape,
            )
        except ResponseParserError as error:
            if answer.status < 300:
                raise Away(f"{service} answers what can't be read", "SERVER_ERROR", lost=False) from error
            read = {"Error": {"Code": "", "Message": ""}}
        if answer.status < 300:
            return dict(read)
        why = read.get("Error") or {}
        after = retry_after(answer.headers.get("retry-after"), 0)
        raise meaning(answer.status, str(why.get("Code") or ""), str(why.get("Message") or ""), after)

    async def _send(self, asked: AWSRequest) -> Any:
        ready = asked.prepare()
        body = ready.body.encode() if isinstance(ready.body, str) else bytes(ready.body or b"")
        headers = [
            (_text(name), _text(value)) for name, value in ready.headers.items() if name.lower() != "content-length"
        ]
        try:
            return await self._client.send(Call(ready.method, ready.url, headers, body), self._seconds)
        except TimeoutError as error:
            raise Away(f"no answer within {self._seconds:g} seconds", "TIMEOUT") from error
        except Unreachable as error:
            raise Away(str(error)) from error
        except Forbidden as error:
            raise Refused(error.message, "NO_PERMISSIONS") from error


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
