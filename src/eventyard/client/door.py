"""The way out: one PutEvents request, signed and sent. It knows nothing of batches, retries and order.

Where to, as whom and through which proxy is botocore's to say, from arguments, environment, profile or instance, as
for every AWS client. But only that: requests are built and answers parsed here, because botocore's own way takes twice
the processor time for ten entries.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from typing import Any

import botocore.session
import msgspec
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.config import Config
from botocore.endpoint import EndpointCreator
from botocore.exceptions import BotoCoreError, ConnectionError, HTTPClientError, SSLError

from eventyard.client.entry import Entry
from eventyard.errors import Broken, EventyardError, Forbidden, InvalidRequest

#: API reference, "PutEventsResultEntry" and "Common Errors", and what SDKs take for throttling.
_PASSING = frozenset(
    (
        "InternalFailure",
        "InternalException",
        "InternalServerError",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        "RequestTimeout",
        "RequestTimeoutException",
        "ThrottlingException",
        "Throttling",
        "ThrottledException",
        "RequestThrottled",
        "RequestThrottledException",
        "TooManyRequestsException",
        "RequestLimitExceeded",
        "BandwidthLimitExceeded",
        "SlowDown",
    )
)
#: Said of whoever asks, so that sending entry by entry would be refused again.
_OF_CALLER = frozenset(
    (
        "UnrecognizedClientException",
        "InvalidClientTokenId",
        "MissingAuthenticationToken",
        "SignatureDoesNotMatch",
        "InvalidSignatureException",
        "IncompleteSignature",
        "ExpiredToken",
        "ExpiredTokenException",
        "RequestExpired",
        "OptInRequired",
    )
)
_CONNECT, _READ = 5.0, 15.0


class Failure(msgspec.Struct, frozen=True):
    """Why an entry, or a request, was not taken. ``passing``: the same may succeed later, ``after`` seconds at the
    soonest. ``whole``: said of the request, not of one entry."""

    code: str
    message: str
    passing: bool
    after: float = 0
    whole: bool = False

    @property
    def of_one(self) -> bool:
        """Whether one entry can be the reason, so that others may be taken without it."""
        return not self.whole or self.code == "ValidationException" or self.code.startswith("AccessDenied")


class _Result(msgspec.Struct, rename="pascal"):
    event_id: str | None = None
    error_code: str | None = None
    error_message: str | None = None


class _Answer(msgspec.Struct, rename="pascal"):
    entries: list[_Result]


class _Error(msgspec.Struct):
    kind: str = msgspec.field(default="", name="__type")
    message: str = ""
    other: str = msgspec.field(default="", name="Message")


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Answer).decode


class Door:
    """PutEvents at one endpoint. ``threads``: requests at once.

    ``session``: of botocore; one with ``profile`` if None. ``config``: proxies, time limits and the like; its retries
    don't count, because entries are retried here. Raises InvalidRequest for an endpoint or region that can't be."""

    def __init__(
        self,
        threads: int,
        endpoint_url: str | None = None,
        region: str | None = None,
        profile: str | None = None,
        session: Any = None,
        config: Config | None = None,
    ) -> None:
        if session is not None and not isinstance(session, botocore.session.Session):
            raise InvalidRequest(
                f"session is one of botocore (botocore.session.Session), not {type(session).__name__}."
            )
        defaults = Config(connect_timeout=_CONNECT, read_timeout=_READ)
        self._session = session or botocore.session.Session(profile=profile)
        try:
            client = self._session.create_client(
                "events", region_name=region, endpoint_url=endpoint_url, config=defaults.merge(config or Config())
            )
        except (BotoCoreError, ValueError) as error:
            raise InvalidRequest(f"The client can't be made: {error}") from error
        meta = client.meta
        self.url: str = meta.endpoint_url
        self._region: str = meta.region_name
        self._http = (
            EndpointCreator(self._session.get_component("event_emitter"))
            .create_endpoint(
                meta.service_model,
                self._region,
                self.url,
                verify=self._session.get_config_variable("ca_bundle"),
                timeout=(meta.config.connect_timeout, meta.config.read_timeout),
                max_pool_connections=threads,
                proxies=meta.config.proxies,
                proxies_config=meta.config.proxies_config,
                client_cert=meta.config.client_cert,
                socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
            )
            .http_session
        )
        self._headers = {
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": "AWSEvents.PutEvents",
            "User-Agent": f"eventyard/{version('eventyard')} {meta.config.user_agent or ''}".strip(),
        }
        client.close()
        self._threads = ThreadPoolExecutor(threads, "eventyard-client")

    async def put(self, entries: Sequence[Entry]) -> list[str | Failure] | Failure:
        """The event's id or the failure of each entry; or one failure, if the request failed as a whole.

        Raises Forbidden if there are no credentials."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._exchange, entries)

    def close(self) -> None:
        """Requests under way end by themselves, within their time limits."""
        self._threads.shutdown(wait=False)
        self._http.close()

    def _exchange(self, entries: Sequence[Entry]) -> list[str | Failure] | Failure:
        request = AWSRequest("POST", self.url + "/", dict(self._headers), b'{"Entries":' + _encode(entries) + b"}")
        self._sign(request)
        try:
            answer = self._http.send(request.prepare())
            content = answer.content
        except (HTTPClientError, ConnectionError) as error:  # time limits, proxies, TLS; nobody there
            distrusted = isinstance(error, SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(error)
            return Failure(type(error).__name__, str(error), not distrusted, whole=True)
        except BotoCoreError as error:
            raise Broken(str(error), type(error).__name__) from error
        if answer.status_code != 200:
            return _refusal(answer)
        try:
            results = _decode(content).entries
        except msgspec.DecodeError as error:
            return Failure("BadAnswer", f"{self.url} does not answer as EventBridge does: {error}", True, whole=True)
        if len(results) != len(entries):
            return Failure(
                "BadAnswer", f"{self.url} answered for {len(results)} of {len(entries)} entries", True, whole=True
            )
        return [_outcome(result) for result in results]

    def _sign(self, request: AWSRequest) -> None:
        try:
            credentials = self._session.get_credentials()
            if credentials is None:
                raise Forbidden("There are no AWS credentials in the environment, a profile or this machine's role.")
            # Asked anew each time, because credentials of a role are renewed.
            SigV4Auth(credentials.get_frozen_credentials(), "events", self._region).add_auth(request)
        except BotoCoreError as error:
            raise Forbidden(f"The AWS credentials can't be had: {error}", type(error).__name__) from error


def error_of(failure: Failure) -> EventyardError:
    """What ``put`` raises for a failure that will not pass: InvalidRequest if it is the entry's, Forbidden if it is the
    caller's, and Broken if it is neither's but of the endpoint, the network or a setting."""
    if failure.code in _OF_CALLER or failure.code.startswith(("AccessDenied", "NotAuthorized")):
        return Forbidden(failure.message, failure.code)
    return (InvalidRequest if failure.of_one else Broken)(failure.message, failure.code)


def _outcome(result: _Result) -> str | Failure:
    if result.event_id is not None and result.error_code is None:
        return result.event_id
    code = result.error_code or "InternalFailure"
    return Failure(code, result.error_message or code, code in _PASSING)


def _refusal(answer: AWSResponse) -> Failure:
    try:
        error = msgspec.json.decode(answer.content, type=_Error)
    except msgspec.DecodeError:  # a proxy's page, for one
        error = _Error(message=answer.content[:200].decode(errors="replace"))
    kind = answer.headers.get("x-amzn-errortype") or error.kind
    code = kind.rpartition("#")[2].partition(":")[0] or f"HTTP{answer.status_code}"
    passing = answer.status_code >= 500 or answer.status_code == 429 or code in _PASSING
    after = answer.headers.get("retry-after", "")
    return Failure(
        code,
        error.message or error.other or code,
        passing,
        float(after) if after.isdecimal() else 0,
        whole=True,
    )
