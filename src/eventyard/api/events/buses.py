"""Event buses: create, describe, update, list and delete."""

from __future__ import annotations

from typing import Any

import msgspec

from eventyard.api.events.limits import Limits
from eventyard.api.events.managed import RuleBook
from eventyard.api.events.pages import page
from eventyard.api.events.place import arn_of, bus_of, given
from eventyard.api.events.tags import tags_of
from eventyard.bus.directory import Directory, bus_in_use, no_bus
from eventyard.bus.resources import Bus
from eventyard.clock import Clock
from eventyard.errors import InvalidRequest, Unsupported
from eventyard.names import Arn, bus_arn
from eventyard.partners import Partners
from eventyard.wire import Caller, Handler


class Buses:
    """The operations on event buses."""

    def __init__(
        self, directory: Directory, book: RuleBook, clock: Clock, limits: Limits, partners: Partners | None = None
    ) -> None:
        self._directory = directory
        self._book = book
        self._partners = partners
        self._clock = clock
        self._limits = limits

    def operations(self) -> dict[str, Handler]:
        return {
            "CreateEventBus": self.create,
            "DeleteEventBus": self.delete,
            "DescribeEventBus": self.describe,
            "ListEventBuses": self.list,
            "UpdateEventBus": self.update,
        }

    async def create(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        name, source = params["Name"], params.get("EventSourceName")
        if source is not None or name.startswith("aws.partner/"):
            self._check_source(caller, name, source)
        elif "/" in name:
            raise InvalidRequest("Event bus name must not contain '/'.")
        now = self._clock.now()
        bus = Bus(
            arn=bus_arn(caller.account, caller.region, name),
            name=name,
            created=now,
            modified=now,
            description=params.get("Description") or None,
            kms_key=params.get("KmsKeyIdentifier") or None,
            dead_letter_arn=dead_letter_arn(params),
            log_config=_log_config(params),
            event_source_name=source,
            tags=tags_of(params, self._limits.tags),
        )
        await self._directory.put_bus(bus, most=self._limits.buses)
        if self._partners is not None and source is not None:
            # Should the server stop before this, the source is pending, as if it had been deactivated.
            await self._partners.activate(caller.region, caller.account, source)
        return {"EventBusArn": bus.arn, **_settings(bus)}

    def _check_source(self, caller: Caller, name: str, source: str | None) -> None:
        """Raises InvalidRequest, NotFound or Conflict if the bus ``name`` can't be matched with ``source``."""
        if self._partners is None:
            raise Unsupported("Partner event sources are not supported here.")
        if source is None:
            raise InvalidRequest("Parameter(s) EventSourceName must be specified for a partner event bus.")
        if name != source:
            raise InvalidRequest(
                "Parameter Name is not valid. Reason: It must be the name of the partner event source exactly."
            )
        self._partners.check_free(caller.region, caller.account, source)

    async def delete(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        bus = bus_of(caller, params, "Name")
        if self._book.managed(bus):
            raise bus_in_use(bus)
        await self._directory.delete_bus(bus)
        if self._partners is not None:
            await self._partners.unmatch(bus)
        return {}

    async def describe(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        arn = bus_of(caller, params, "Name")
        bus = self._directory.bus(arn)
        if bus is None:
            raise no_bus(arn)
        return {
            **_settings(bus),
            **given(
                Name=bus.name,
                Arn=bus.arn,
                Policy=bus.policy,
                CreationTime=bus.created / 1000,
                LastModifiedTime=bus.modified / 1000,
            ),
        }

    async def list(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        prefix = params.get("NamePrefix") or ""
        buses = [bus for bus in self._directory.buses(caller.account, caller.region) if bus.name.startswith(prefix)]
        shown, token = page(buses, lambda bus: bus.name, params, f"buses {caller.account} {caller.region} {prefix}")
        summaries = [
            given(
                Name=bus.name,
                Arn=bus.arn,
                Description=bus.description,
                Policy=bus.policy,
                CreationTime=bus.created / 1000,
                LastModifiedTime=bus.modified / 1000,
            )
            for bus in shown
        ]
        return given(EventBuses=summaries, NextToken=token)

    async def update(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        """What is left out stays as it is; an empty text or structure takes the setting away."""
        changes: dict[str, Any] = {}
        if params.get("Description") is not None:
            changes["description"] = params["Description"] or None
        if params.get("KmsKeyIdentifier") is not None:
            changes["kms_key"] = params["KmsKeyIdentifier"] or None
        if params.get("DeadLetterConfig") is not None:
            changes["dead_letter_arn"] = dead_letter_arn(params)
        if params.get("LogConfig") is not None:
            changes["log_config"] = _log_config(params)
        bus = await self._directory.change_bus(
            arn_of(caller.account, caller.region, params.get("Name")),
            lambda bus: msgspec.structs.replace(bus, **changes),
        )
        return {"Arn": bus.arn, "Name": bus.name, **_settings(bus)}


def dead_letter_arn(params: dict[str, Any]) -> str | None:
    """The queue in ``DeadLetterConfig``. Raises InvalidRequest unless it is a standard SQS queue, as on AWS."""
    text: str | None = (params.get("DeadLetterConfig") or {}).get("Arn")
    if text is None:
        return None
    arn = Arn.parse(text)
    if arn is None or arn.service != "sqs" or not arn.account:
        raise InvalidRequest(
            f"Parameter {text} is not valid. Reason: DeadLetterConfig must be the ARN of an SQS queue."
        )
    if arn.resource.endswith(".fifo"):
        raise InvalidRequest(f"Parameter {text} is not valid. Reason: DeadLetterConfig must be a standard queue.")
    return text


def _log_config(params: dict[str, Any]) -> dict[str, str] | None:
    """The ``LogConfig``. Raises Unsupported for one that would have to be acted on."""
    config: dict[str, str] | None = params.get("LogConfig") or None
    if config is not None and config.get("Level", "OFF") != "OFF":
        raise Unsupported(
            "Logging (LogConfig with a Level other than OFF) is not supported by this server: what becomes of each "
            "event is told by `eventyard event`."
        )
    return config


def _settings(bus: Bus) -> dict[str, Any]:
    return given(
        Description=bus.description,
        KmsKeyIdentifier=bus.kms_key,
        DeadLetterConfig={"Arn": bus.dead_letter_arn} if bus.dead_letter_arn else None,
        LogConfig=bus.log_config,
    )
