"""An account that is elsewhere: credentials, and perhaps an endpoint, by which everything in it is reached."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import msgspec
from botocore.credentials import Credentials

from eventyard.errors import InvalidRequest
from eventyard.names import Arn
from eventyard.plugin import Surroundings, TargetKind
from eventyard.target import Delivery, Outcome, Permanent, Retry
from eventyard.targets.aws.calling import Caller
from eventyard.targets.aws.services import SERVICES, Service, outcome_of, supports
from eventyard.targets.http.client import Client
from eventyard.targets.session import Away, Refused, in_parts

_ACCOUNT = re.compile(r"[0-9]{12}", re.ASCII)
#: Calls to an account at a time.
_CALLS = 16


class AwsSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``account``: whose ARNs lead here. ``endpoint``: what answers for all services, if that is not AWS itself."""

    account: str
    access_key_id: str
    secret_access_key: str
    session_token: str | None = None
    endpoint: str | None = None

    def __post_init__(self) -> None:
        if not _ACCOUNT.fullmatch(self.account):
            raise ValueError("an account has twelve digits")
        if self.endpoint is not None:
            parts = urlsplit(self.endpoint)
            if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
                raise ValueError("an endpoint looks like https://localhost:4566")


class AwsAccount:
    """A :class:`~eventyard.plugin.Remote`."""

    def __init__(self, settings: AwsSettings, around: Surroundings, client: Client) -> None:
        keys = Credentials(settings.access_key_id, settings.secret_access_key, settings.session_token)
        self._seconds = around.seconds
        self._caller = Caller(client, keys, settings.endpoint, around.seconds * 0.9)
        self._slots = asyncio.Semaphore(_CALLS)

    async def deliver(self, arn: str, parameters: Mapping[str, Any], batch: Sequence[Delivery]) -> Sequence[Outcome]:
        parsed = Arn.parse(arn)
        if parsed is None or not supports(arn):
            return [Permanent("NO_RESOURCE", f"{arn} names nothing that this server delivers to.")] * len(batch)
        service = SERVICES[parsed.service]
        parts = in_parts(batch, lambda item: len(item.payload), service.most, service.size)
        if parsed.resource.endswith(".fifo"):  # one after the other, or they would overtake each other
            parts_of_one = [await self._part(service, parsed, parameters, part) for part in parts]
            return [outcome for part in parts_of_one for outcome in part]
        tasks = [asyncio.ensure_future(self._part(service, parsed, parameters, part)) for part in parts]
        try:
            if tasks:
                await asyncio.wait(tasks, timeout=self._seconds)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        late = Retry("TIMEOUT", f"no answer within {self._seconds:g} seconds")
        return [
            outcome
            for task, part in zip(tasks, parts, strict=True)
            for outcome in ([late] * len(part) if task.cancelled() else task.result())
        ]

    async def _part(
        self, service: Service, arn: Arn, parameters: Mapping[str, Any], part: Sequence[Delivery]
    ) -> Sequence[Outcome]:
        """All of ``part`` in one call. If that is refused, one by one, so that one bad event fails alone."""
        try:
            async with self._slots:
                return await service.send(self._caller, arn, parameters, part)
        except Refused as error:
            if len(part) == 1 or error.code in ("NO_RESOURCE", "NO_PERMISSIONS"):
                return [outcome_of(error)] * len(part)
        except Away as error:
            return [outcome_of(error)] * len(part)
        except InvalidRequest as error:
            return [Permanent("SDK_CLIENT_ERROR", error.message)] * len(part)
        return [(await self._part(service, arn, parameters, [item]))[0] for item in part]

    async def close(self) -> None:
        """Nothing is held but the client, which others use, too."""


def aws_kind(client: Client) -> TargetKind:
    """The kind, whose calls are made by ``client``."""

    def made(settings: AwsSettings, around: Surroundings) -> AwsAccount:
        return AwsAccount(settings, around, client)

    secrets = frozenset({"secret_access_key", "session_token"})
    return TargetKind("AWS account", AwsSettings, made, secrets, remote=supports)
