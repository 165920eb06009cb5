"""Contracts as AsyncAPI 3.0 documents: what a service publishes and what it receives, for other people's tools.

A payload is the whole event as subscribers get it, in JSON Schema draft 7, which every tool reads. (AsyncAPI 3.0.0,
"Multi Format Schema Object". https://www.asyncapi.com/docs/reference/specification/v3.0.0)
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from eventyard.contract import Contract, Repository
from eventyard.contract.dialects import to_draft4
from eventyard.contract.references import needed, schemas
from eventyard.errors import NotFound
from eventyard.text import did_you_mean, printable

_FORMAT = "application/schema+json;version=draft-07"
_MARKED = "x-eventyard"


def document(repository: Repository, service: str | None = None, title: str = "Events") -> dict[str, Any]:
    """The document of one ``service``, or of all events: then an operation is named after the service, too. Versions
    of an event are messages of one channel. Raises NotFound for a service that is nobody's name."""
    known = services(repository.contracts)
    if service is not None and service not in known:
        hint = did_you_mean(service, known)
        raise NotFound(f"No event is published or received by {printable(service)}.{hint}")
    made = _Making(repository)
    for contract in repository.contracts:
        if service in (None, contract.publisher):
            made.operation("send", contract.publisher, contract, service is None)
        for subscriber in contract.subscribers:
            if service in (None, subscriber):
                made.operation("receive", subscriber, contract, service is None)
    info = {"title": title if service is None else service, "version": "1.0.0"}
    if service is not None:
        info["description"] = f"What {service} publishes and receives."
    return {
        "asyncapi": "3.0.0",
        "info": info,
        "defaultContentType": "application/json",
        "channels": made.channels,
        "operations": made.operations,
        "components": {"messages": made.messages, "schemas": made.schemas},
    }


def services(contracts: Iterable[Contract]) -> list[str]:
    """Everybody who publishes or subscribes, by name."""
    return sorted({name for each in contracts for name in (each.publisher, *each.subscribers)})


class _Making:
    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._names: dict[str, str] = {}
        self.channels: dict[str, Any] = {}
        self.operations: dict[str, Any] = {}
        self.messages: dict[str, Any] = {}
        self.schemas: dict[str, Any] = {}

    def operation(self, action: str, service: str, contract: Contract, shared: bool) -> None:
        channel, message = self._channel(contract), self._message_name(contract)
        name = f"{action}-{channel}" if not shared else f"{self._key(service)}-{action}-{channel}"
        found = self.operations.setdefault(
            name,
            {
                "action": action,
                "channel": {"$ref": f"#/channels/{channel}"},
                "title": f"{service} {'publishes' if action == 'send' else 'receives'} {contract.type}",
                "messages": [],
            },
        )
        found["messages"].append({"$ref": f"#/channels/{channel}/messages/{message}"})

    def _channel(self, contract: Contract) -> str:
        key, message = self._key(contract.name), self._message_name(contract)
        found = self.channels.setdefault(
            key,
            {
                "address": contract.type,
                "title": contract.title or contract.type,
                "messages": {},
                _MARKED: {"bus": contract.bus or "default", "source": contract.source, "detail-type": contract.type},
            },
        )
        found["messages"][message] = {"$ref": f"#/components/messages/{message}"}
        if message not in self.messages:
            self.messages[message] = self._message(contract, message)
        return key

    def _message_name(self, contract: Contract) -> str:
        return f"{self._key(contract.name)}-v{contract.version}"

    def _message(self, contract: Contract, key: str) -> dict[str, Any]:
        message: dict[str, Any] = {
            "name": contract.type,
            "title": contract.title or contract.type,
            "contentType": "application/json",
            "payload": {"schemaFormat": _FORMAT, "schema": self._event(contract, key)},
        }
        if contract.description:
            message["description"] = contract.description
        if contract.correlation:
            steps = "/".join(_step(step) for step in contract.correlation[0].split("."))
            message["correlationId"] = {"location": f"$message.payload#/detail/{steps}"}
        if contract.examples:
            message["examples"] = [
                {"name": one.name, "payload": _envelope(contract, one.detail)} for one in contract.examples
            ]
        told: dict[str, Any] = {
            "version": contract.version,
            "deprecated": contract.deprecated,
            "sunset": contract.sunset,
        }
        told |= {"owner": contract.owner, "pii": list(contract.pii), "correlation": list(contract.correlation)}
        message[_MARKED] = {name: value for name, value in told.items() if value}
        return message

    def _event(self, contract: Contract, key: str) -> dict[str, Any]:
        """The schema of the whole event. What its detail refers to goes to the components: there references to them
        are found, whatever document the payload is put into."""
        text = {"type": "string"}
        return {
            "type": "object",
            "required": ["version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail"],
            "properties": {
                "version": text,
                "id": text,
                "detail-type": {"const": contract.type},
                "source": {"const": contract.source},
                "account": text,
                "time": {"type": "string", "format": "date-time"},
                "region": text,
                "resources": {"type": "array", "items": text},
                "detail": self._detail(contract, key),
            },
        }

    def _detail(self, contract: Contract, key: str) -> Any:
        converted = to_draft4(contract.schema, needed(contract.schema, self._repository.atoms)).schema
        found = raised(converted)
        parts = found.pop("definitions", {})
        root = f"{key}-detail"
        targets = {f"#/definitions/{_step(name)}": self._key(f"{key}-{name}") for name in parts}
        moved = {**targets, "#": root}
        for each in (found, *parts.values()):
            for _, node in schemas(each, ()):
                if node.get("$ref") in moved:
                    node["$ref"] = f"#/components/schemas/{moved[node['$ref']]}"
        self.schemas |= {targets[f"#/definitions/{_step(name)}"]: part for name, part in parts.items()}
        self.schemas[root] = found
        return {"$ref": f"#/components/schemas/{root}"}

    def _key(self, name: str) -> str:
        """A key as AsyncAPI wants them, another for each name: ``[a-zA-Z0-9._-]+``."""
        known = self._names.get(name)
        if known is None:
            wanted = known = re.sub(r"[^A-Za-z0-9._-]+", "-", name) or "event"
            number = 1
            while known in self._names.values():
                number += 1
                known = f"{wanted}-{number}"
            self._names[name] = known
        return known


def raised(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A schema of Draft 4 in draft 7: bounds have been numbers of their own since draft 6, and ``id`` is ``$id``."""
    made: dict[str, Any] = _copy(schema)
    for _, node in schemas(made, ()):
        node.pop("$schema", None)
        node.pop("id", None)
        for limit, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
            if node.get(exclusive) is True and limit in node:
                node[exclusive] = node.pop(limit)
            elif isinstance(node.get(exclusive), bool):
                del node[exclusive]
    return made


def _copy(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _copy(inner) for key, inner in value.items()}
    return [_copy(inner) for inner in value] if isinstance(value, list) else value


def _envelope(contract: Contract, detail: Any) -> dict[str, Any]:
    """An event as it could be, with the example's ``detail``."""
    return {
        "version": "0",
        "id": "0194f3c5-0000-7000-8000-000000000000",
        "detail-type": contract.type,
        "source": contract.source,
        "account": "123456789012",
        "time": "2026-01-01T12:00:00Z",
        "region": "us-east-1",
        "resources": [],
        "detail": detail,
    }


def _step(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
