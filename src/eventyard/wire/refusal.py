"""Errors on their way out: the one place where HTTP statuses, and each protocol's spelling of codes, are decided."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import msgspec
import orjson

from eventyard.errors import (
    Broken,
    Conflict,
    EventyardError,
    Forbidden,
    InvalidRequest,
    LimitExceeded,
    NotFound,
    TryAgain,
    Unsupported,
)
from eventyard.wire.query import xml_text
from eventyard.wire.sqs_names import ERRORS as SQS_ERRORS
from eventyard.wire.sqs_names import NAMESPACE as SQS_NAMESPACE

#: AWS's protocols answer 400 unless the model says otherwise; the code tells the cases apart.
_STATUS: dict[type[EventyardError], int] = {
    InvalidRequest: 400,
    NotFound: 400,
    Conflict: 400,
    Forbidden: 403,
    LimitExceeded: 400,
    Unsupported: 400,
    TryAgain: 400,
    Broken: 500,
}

#: The platform's own pages speak plain HTTP.
_PAGE_STATUS = _STATUS | {NotFound: 404, Conflict: 409, LimitExceeded: 429, Unsupported: 501, TryAgain: 503}

#: REST services say with the status what kind of error it is, also where the model is silent.
_REST_STATUS = _STATUS | {NotFound: 404, Conflict: 409, LimitExceeded: 402, TryAgain: 429}

#: The last two are AWS's common errors that SDKs try again by themselves.
_STATUS_BY_CODE = {
    "RequestEntityTooLargeException": 413,
    "UnsupportedMediaTypeException": 415,
    "InternalFailure": 500,
    "ServiceUnavailable": 503,
}

#: Requests that were not understood, or broke a rule of the model.
_INVALID = frozenset({"SerializationException", "ValidationException"})

#: Codes that the query protocol spells differently.
_QUERY_CODES = {
    "InvalidSignatureException": "SignatureDoesNotMatch",
    "UnrecognizedClientException": "InvalidClientTokenId",
    "MissingAuthenticationTokenException": "MissingAuthenticationToken",
    "IncompleteSignatureException": "IncompleteSignature",
    "AccessDeniedException": "AccessDenied",
    "UnknownOperationException": "InvalidAction",
    "ThrottlingException": "Throttling",
    "ValidationException": "ValidationError",
    "InternalException": "InternalFailure",
}

#: Codes of SQS that are no shapes of its model: what JSON calls them.
_SQS_CORAL = {
    "MissingParameter": "MissingRequiredParameterException",
    "InvalidParameterValue": "InvalidParameterValueException",
}
_SQS_SHAPES = {code: shape for shape, (code, _) in SQS_ERRORS.items()}


#: How a sentence on constraints of a model begins. CloudWatch Logs has a code of its own for these.
_VIOLATED = re.compile(r"\d+ validation errors? detected")


class Refusal(msgspec.Struct, frozen=True):
    """An error as it leaves: the status, the body, and the headers that repeat the code."""

    status: int
    content_type: bytes
    body: bytes
    headers: list[tuple[bytes, bytes]] = []


def refuse_json(
    error: EventyardError, service: str | None, statuses: Mapping[str, int], content_type: bytes
) -> Refusal:
    """In a JSON protocol. ``statuses`` are those the service's model gives to its error shapes."""
    code = kind = error.code
    headers = []
    status = _status(error, code, statuses)
    if service == "sqs":
        code = _SQS_SHAPES.get(code, code)
        query = SQS_ERRORS.get(code, (code, 0))[0]
        status = SQS_ERRORS.get(code, ("", status))[1]
        modelled = code in SQS_ERRORS or code in statuses
        code = _SQS_CORAL.get(code, code)
        kind = f"com.amazonaws.sqs#{code}" if modelled else f"com.amazon.coral.service#{code}"
        headers.append((b"x-amzn-query-error", f"{query};{_fault(status)}".encode("latin-1", "replace")))
    elif service == "logs" and _VIOLATED.match(error.message):
        code = kind = "InvalidParameterException"
    headers.append((b"x-amzn-errortype", code.encode("latin-1", "replace")))
    return Refusal(status, content_type, orjson.dumps({"__type": kind, "message": _clean(error.message)}), headers)


def refuse_query(
    error: EventyardError, service: str | None, statuses: Mapping[str, int], namespace: str, request_id: str
) -> Refusal:
    """In the query protocol, as XML."""
    code, message = error.code, error.message
    status = _status(error, code, statuses)
    if service == "sqs":
        shape = _SQS_SHAPES.get(code, code)
        code, status = SQS_ERRORS.get(shape, (code, status))
        if shape == "QueueDoesNotExist":
            message = message.rstrip(".") + " for this wsdl version."
    code = _QUERY_CODES.get(code, code)
    body = (
        f'<?xml version="1.0"?><ErrorResponse xmlns="{namespace or SQS_NAMESPACE}"><Error><Type>{_fault(status)}</Type>'
        f"<Code>{xml_text(code)}</Code><Message>{xml_text(message)}</Message><Detail/></Error>"
        f"<RequestId>{request_id}</RequestId></ErrorResponse>"
    )
    return Refusal(status, b"text/xml", body.encode("utf-8", "replace"))


def rest_code(error: EventyardError, statuses: Mapping[str, int]) -> str:
    """The code of ``error`` in a service whose model has error shapes with ``statuses``: older services have no
    ValidationException but call all that can't be taken a bad request."""
    if error.code in _INVALID and error.code not in statuses and "BadRequestException" in statuses:
        return "BadRequestException"
    return error.code


def refuse_rest(error: EventyardError, statuses: Mapping[str, int], members: Sequence[str]) -> Refusal:
    """In rest-json: the code in a header, and a body by the ``members`` of the error's shape in the model."""
    code = rest_code(error, statuses)
    status = statuses.get(code) or _STATUS_BY_CODE.get(code) or _by_type(_REST_STATUS, error)
    name = next((member for member in members if member.lower() == "message"), "message")
    body = {name: _clean(error.message)} | ({"Code": code} if "Code" in members else {})
    headers = [(b"x-amzn-errortype", code.encode("latin-1", "replace"))]
    return Refusal(status, b"application/json", orjson.dumps(body), headers)


def refuse_page(error: EventyardError) -> Refusal:
    """On one of the platform's own pages."""
    status = _STATUS_BY_CODE.get(error.code) or _by_type(_PAGE_STATUS, error)
    body = orjson.dumps({"code": error.code, "message": _clean(error.message)})
    return Refusal(status, b"application/json", body)


def _status(error: EventyardError, code: str, statuses: Mapping[str, int]) -> int:
    return statuses.get(code) or _STATUS_BY_CODE.get(code) or _by_type(_STATUS, error)


def _by_type(table: Mapping[type[EventyardError], int], error: EventyardError) -> int:
    return next((table[kind] for kind in type(error).__mro__ if kind in table), 500)


def _fault(status: int) -> str:
    return "Sender" if status < 500 else "Receiver"


def _clean(message: str) -> str:
    """A message may quote what the caller sent; lone surrogates have no UTF-8."""
    return message.encode("utf-8", "replace").decode()
