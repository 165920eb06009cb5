"""Where stacks are applied: a server, or AWS as this machine is configured for it, through botocore's clients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import botocore.session
from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from eventyard.cli.client import aws_client, real_client
from eventyard.cli.pages import ask
from eventyard.errors import Conflict, EventyardError, InvalidRequest, NotFound, TryAgain, Unsupported

_NOT_FOUND = ("NotFound", "NonExistent", "DoesNotExist")
_TAKEN = ("AlreadyExist", "Conflict", "NameExists")


class ClientSite:
    """Keeps :class:`eventyard.stacks.Site`'s promises. ``endpoint``: None is AWS. ``session``: botocore's."""

    def __init__(self, endpoint: str | None, session: Any = None) -> None:
        self._endpoint = endpoint
        self._session = session or botocore.session.get_session()
        self._clients: dict[str, Any] = {}
        self.account = str(self.call("sts", "GetCallerIdentity", {})["Account"])
        self.region = str(self._client("sts").meta.region_name)

    @property
    def real(self) -> bool:
        return self._endpoint is None

    def call(self, service: str, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        client = self._client(service)
        try:
            found: dict[str, Any] = getattr(client, xform_name(operation))(**parameters)
        except ClientError as error:
            raise _refusal(error) from error
        except ParamValidationError as error:
            raise InvalidRequest(_told(str(error))) from error
        except BotoCoreError as error:
            where = self._endpoint or "AWS"
            raise TryAgain(f"{where} doesn't answer: {error}. A server is started with `eventyard dev`.") from error
        found.pop("ResponseMetadata", None)
        return found

    def shape(self, service: str, operation: str) -> Any:
        return self._client(service).meta.service_model.operation_model(operation).input_shape

    def ask(
        self, method: str, page: str, query: Mapping[str, str] | None = None, body: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        if self._endpoint is None:
            raise Unsupported("AWS has nothing of this kind; apply it to an Eventyard server.")
        return ask(self._endpoint, method, page, query, body)

    def close(self) -> None:
        """Let go of all connections."""
        for client in self._clients.values():
            client.close()

    def _client(self, service: str) -> Any:
        if service not in self._clients:
            try:
                made = (
                    real_client(service)
                    if self._endpoint is None
                    else aws_client(service, self._endpoint, self._session)
                )
            except ValueError as error:
                raise InvalidRequest(f"{error}. An endpoint looks like http://127.0.0.1:4010.") from error
            self._clients[service] = made
        return self._clients[service]


def _refusal(error: ClientError) -> EventyardError:
    code, message = (str(error.response["Error"].get(name, "")) for name in ("Code", "Message"))
    if any(each in code for each in _NOT_FOUND):
        return NotFound(message, code)
    if any(each in code for each in _TAKEN):
        return Conflict(message, code)
    return InvalidRequest(message or code, code)


def _told(message: str) -> str:
    """botocore's sentence on one line."""
    return " ".join(message.removeprefix("Parameter validation failed:").split())
